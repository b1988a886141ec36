"""What a function prints while it is judged: kept, up to a length that no report exceeds."""

import io

KEPT = 4000  # characters


class Printed(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it, and counts the rest."""

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
        more = f"\n... and {self._length - KEPT:,} more characters" if self._length > KEPT else ""
        return "".join(self._parts) + more
