"""What an instructor asks for beside the table of exercises: a part of the lessons, other points, days late."""

import csv
import io
import math
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from dropout_lab.checks.exercises import EXERCISES, find
from dropout_lab.instructor import selection


class Unclear(ValueError):
    """A demand that cannot be met; its text says why."""


@dataclass(frozen=True)
class DaysLate:
    """Days late by student, and the percentage of the points that one day costs."""

    days: dict = field(default_factory=dict)
    percent: float = 0.0

    def check(self, students):
        """Raise Unclear if there is a name that is no student's; it says the nearest."""
        for name in self.days:
            if name not in students:
                near = get_close_matches(name, students, n=1, cutoff=0.0)
                nearest = f" The nearest name is {near[0]!r}." if near else ""
                raise Unclear(f"{name!r} is late and is none of the {len(students)} submissions.{nearest}")

    def apply(self, result):
        """The result with its total as it is for the days late; what was taken off before is given back first."""
        days = self.days.get(result["student"], 0)
        lost = min(100.0, days * self.percent)
        points = sum(row["points"] for row in result["exercises"]) * (1 - lost / 100)
        notes = [note for note in result["notes"] if not note.endswith(_TAKEN)]
        if lost:
            notes.append(f"{days:g} {'day' if days == 1 else 'days'} late: {lost:g}% of the points{_TAKEN}")
        rounded = round(points, 2)
        return {**result, "notes": notes, "points": int(rounded) if rounded == int(rounded) else rounded}


_TAKEN = " taken off"


def lessons(text):
    """The exercises of "1-6", "5,6" or "06", in the order of the table; all of them for an empty text."""
    if not text:
        return tuple(EXERCISES)
    try:
        chosen = selection.exercises(selection.lessons(text))
    except selection.NoSuchLessons as problem:
        raise Unclear(f"--lessons takes numbers and ranges: {problem}") from None
    if not chosen:
        raise Unclear(f"lessons {text} have no exercises")
    return chosen


def weights(path, chosen=tuple(EXERCISES)):
    """{exercise: points} of a TOML file with a table [points], for exercises that are chosen."""
    points = _toml(path).get("points")
    if not isinstance(points, dict):
        raise Unclear(f"{path} has no table [points]")
    for name, worth in points.items():
        try:
            find(name)
        except KeyError as error:
            raise Unclear(f"{path}: {error}") from None
        _number(path, name, worth)
        if name not in chosen:
            raise Unclear(f"{path} gives points for {name}, which is in no lesson that --lessons asks for")
    return points


def late(path, percent):
    """Days late: a TOML file with a table [days], or a CSV with the columns student and days."""
    path = Path(path)
    if path.suffix.lower() == ".toml":
        days = _toml(path).get("days")
        if not isinstance(days, dict):
            raise Unclear(f"{path} has no table [days]")
    else:
        rows = list(csv.reader(io.StringIO(_text(path).lstrip("\ufeff"))))
        if not rows or [cell.strip().lower() for cell in rows[0][:2]] != ["student", "days"]:
            raise Unclear(f"{path} does not begin with the columns student,days")
        days = {row[0].strip(): _float(path, row) for row in rows[1:] if any(cell.strip() for cell in row)}
    days = {name: _number(path, name, value) for name, value in days.items()}
    return DaysLate(days, _number("--late-percent", "a day", percent))


def _float(path, row):
    try:
        return float(row[1])
    except (IndexError, ValueError):
        raise Unclear(f"{path}: {','.join(row)} has no number of days") from None


def _number(path, name, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise Unclear(f"{path}: {name} is {value!r}; it should be a number from 0 up")
    return value


def _toml(path):
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise Unclear(f"{path}: {error}") from None


def _text(path):
    try:
        return Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unclear(f"{path} cannot be read: {error}") from None
