"""A part of the course: `1-6`, `3,5`, `0-2,10`."""

import re

from dropout_lab.checks.exercises import EXERCISES

LAST = 12


class NoSuchLessons(ValueError):
    """A sentence on what is not a choice of lessons."""


def lessons(text):
    """The lessons' numbers as ("01", "02", ...), sorted.

    Raises
    ------
    NoSuchLessons
        If the text is not numbers and ranges from 0 to 12.
    """
    chosen = set()
    for part in text.split(","):
        found = re.fullmatch(r"\s*(\d{1,2})\s*(?:-\s*(\d{1,2})\s*)?", part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if not first <= last <= LAST:
            raise NoSuchLessons(
                f"{text!r} is no choice of lessons. Give numbers and ranges from 0 to {LAST}, such as 1-6 or 3,5"
            )
        chosen.update(range(first, last + 1))
    return tuple(f"{number:02}" for number in sorted(chosen))


def exercises(chosen):
    """The names of the exercises of some lessons, in the order of the course."""
    return tuple(e.name for e in EXERCISES.values() if e.lesson in chosen)


def in_words(chosen):
    """("00", "01", "02", "05") as "00 to 02 and 05"."""
    runs = []
    for number in map(int, chosen):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    parts = [f"{a:02}" if a == b else f"{a:02} {'to' if b > a + 1 else 'and'} {b:02}" for a, b in runs]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
