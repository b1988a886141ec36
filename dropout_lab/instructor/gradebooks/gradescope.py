"""Gradescope: the results.json of one submission."""

import json
import math

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.reports import SYMBOL
from dropout_lab.instructor.escaping import html, one_line
from dropout_lab.instructor.feedback.cards import card_of, remarks, summary

UNFINISHED = (
    "Grading started and has not finished. If this stays, the time of the autograder ran out: please tell your teacher."
)


def results_json(result):
    """The file's text for a finished submission."""
    return _text(summary(result), remarks(result), [_test(row) for row in result.rows], result.points, result.seconds)


def running_json(rows):
    """The file's text while grading: the tests so far, and no more points than they have."""
    return broken_json(UNFINISHED, rows)


def broken_json(reason, rows):
    """The file's text when grading ended early: the reason, and what was graded until then."""
    return _text(reason, (), [_test(row) for row in rows], sum(row.points for row in rows), 0)


def _text(opening, more, tests, score, seconds):
    lines = [f"<p>{html(line)}</p>" for line in (opening, *more)]
    document = {
        "score": round(float(score), 2),
        "execution_time": math.ceil(seconds),
        "output": "".join(lines),
        "output_format": "html",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _test(row):
    """One exercise. Gradescope knows passed and failed; blank and error are said in words."""
    card = card_of(row)
    lines = "".join(f"<p>{html(line)}</p>" for line in (card.title, *card.lines, card.step, *card.foot) if line)
    return {
        "name": one_line(f"{SYMBOL[row.status]} {EXERCISES[row.exercise].name}"),
        "name_format": "text",
        "number": row.number,
        "score": round(row.points, 2),
        "max_score": round(row.max_points, 2),
        "status": "passed" if row.status == "passed" else "failed",
        "output": lines,
        "output_format": "html",
        "tags": [f"lesson {row.lesson}"],
    }
