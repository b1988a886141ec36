"""Readers of the export formats, written from the rules of the programs that import them, not from our writers."""

import csv
import io
import json
import math
import re


class Refused(Exception):
    """The import would be refused, or would do something other than change one grade."""


def canvas(content):
    """{student ID: {column title: score}} as lib/gradebook_importer.rb of canvas-lms reads it.

    The first cell says Student (or LastName), ID is among the first, the last student column is Section; semicolons
    separate if the header has more of them; a decimal comma is a point; blank and "-" change nothing, EX excuses.
    """
    text = content.decode("utf-8-sig")
    header = text.splitlines()[0]
    rows = list(csv.reader(io.StringIO(text), delimiter=";" if header.count(";") > header.count(",") else ","))
    head = rows[0]
    if not re.search("Student|LastName", head[0]) or "ID" not in head[:4] or "Section" not in head:
        raise Refused("not a gradebook")
    first = head.index("Section") + 1
    students = {}
    for row in rows[1:]:
        if row[0].strip() == "Points Possible" or not row[head.index("ID")].strip():
            continue
        scores = {title: _canvas_score(value) for title, value in zip(head[first:], row[first:], strict=True)}
        students[row[head.index("ID")]] = {title: score for title, score in scores.items() if score is not None}
    return students


def _canvas_score(value):
    value = value.strip()
    if value in {"", "-"} or not re.fullmatch(r"-?[\d.,]+|EX", value):
        return None
    return value if value == "EX" else round(float(value.replace(",", ".")), 2)


def moodle(content, users):
    """{identifier: (grade, feedback)} as grade/import/csv/classes/load_data.php reads it; one bad row refuses all."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))
    head, grades = rows[0], {}
    for row in rows[1:]:
        identifier, grade, feedback = (row[head.index(name)] for name in (head[0], "Grade", "Feedback"))
        if identifier not in users:
            raise Refused(f"unknown user {identifier!r}")
        if not re.fullmatch(r"\d+(\.\d+)?", grade) or float(grade) > 100:
            raise Refused(f"grade {grade!r}")
        grades[identifier] = (float(grade), feedback)
    return grades


def gradescope(text):
    """(score, tests) as the specification of results.json has it."""
    data = json.loads(text, parse_constant=lambda c: _refuse(c))
    known = {
        "score",
        "execution_time",
        "output",
        "output_format",
        "test_output_format",
        "test_name_format",
        "visibility",
        "stdout_visibility",
        "extra_data",
        "tests",
        "leaderboard",
    }
    if set(data) - known or data.get("visibility") not in {"visible", "hidden", "after_due_date", "after_published"}:
        raise Refused("unknown keys")
    for test in data["tests"]:
        if set(test) - {
            "score",
            "max_score",
            "status",
            "name",
            "name_format",
            "number",
            "output",
            "output_format",
            "tags",
            "visibility",
            "extra_data",
        }:
            raise Refused("unknown keys of a test")
        if test["status"] not in {"passed", "failed"} or not 0 <= test["score"] <= test["max_score"]:
            raise Refused("status or score")
        if test["output_format"] not in {"text", "html", "simple_format", "md", "ansi"}:
            raise Refused("format")
    if (
        not isinstance(data["score"], (int, float))
        or not math.isfinite(data["score"])
        or not isinstance(data["execution_time"], int)
    ):
        raise Refused("score")
    return data["score"], data["tests"]


def _refuse(constant):
    raise Refused(constant)
