"""Tables that we write ourselves: every text quoted and no formula in it, numbers with two decimals and a point."""

import csv
import io

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.escaping import cell
from dropout_lab.instructor.grading.results import two_decimals


def csv_bytes(head, rows, excel=True):
    """A CSV file. Excel takes UTF-8 for what it is only with a mark at the beginning.

    Texts are quoted, so that a semicolon in one is no separator where a spreadsheet expects semicolons.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow([cell(name) for name in head])
    writer.writerows([[two_decimals(v) if isinstance(v, float) else cell(v) for v in row] for row in rows])
    return out.getvalue().encode("utf-8-sig" if excel else "utf-8")


def grades(results):
    """grades.csv: one row per submission, one column per exercise; empty where an exercise was not part of it."""
    graded = [name for name in EXERCISES if any(r.row(name) for r in results)]
    head = ["student", "submission", "points", "max_points", "percent", *graded]
    rows = [
        [
            r.student,
            r.submission,
            r.points,
            r.max_points,
            r.percent,
            *(row.points if (row := r.row(name)) else "" for name in graded),
        ]
        for r in results
    ]
    return csv_bytes(head, rows)


def unmatched(left):
    """Who was left out of an export, and why."""
    return csv_bytes(
        ["student", "submission", "points", "why"], [[r.student, r.submission, r.points, why] for r, why in left]
    )
