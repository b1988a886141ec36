"""What a function prints while it is judged: kept, up to a length that no report exceeds."""

import io
from itertools import groupby

KEPT = 4000  # characters


class Printed(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it, and counts the rest.

    A check calls a function many times: a line that comes again and again is told once.
    """

    def __init__(self):
        self._parts, self._length = [], 0

    def write(self, text):
        if self._length < KEPT:
            self._parts.append(text[: KEPT - self._length])
        self._length += len(text)
        return len(text)

    def writable(self):
        return True

    def __str__(self):
        lines = [(line, len(list(same))) for line, same in groupby("".join(self._parts).split("\n"))]
        text = "\n".join(f"{line} ({n} times)" if n > 1 and line else "\n" * (n - 1) + line for line, n in lines)
        more = f"\n... and {self._length - KEPT:,} more characters" if self._length > KEPT else ""
        return text + more
