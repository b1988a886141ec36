"""Moodle: a CSV for its grade import, or its offline grading worksheet filled.

One user that Moodle does not know aborts a whole import, so the instructor gives a list that Moodle wrote (an export of
grades or of participants), and only its people are in the file. Grades are percentages, at most 100, with a point.
"""

import csv
import io
from dataclasses import dataclass
from html import escape

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.escaping import cell, one_line
from dropout_lab.instructor.feedback.cards import SAID, summary
from dropout_lab.instructor.feedback.causes import mistake_of
from dropout_lab.instructor.gradebooks.identity import match
from dropout_lab.instructor.gradebooks.sheets import Sheet, SheetError, amount
from dropout_lab.instructor.grading.results import two_decimals

IDENTIFIERS = ("ID number", "idnumber", "Username", "Email address", "Email", "ID", "User ID")  # what Moodle can map


@dataclass(frozen=True)
class Import:
    """The bytes of the file, how many are in it, and who is not: [(result, why)]."""

    content: bytes
    filled: int
    left: list


def fill(content, results):
    """The file for Moodle that goes with a list from Moodle.

    Raises
    ------
    SheetError
        If the list has no column that Moodle could find a user by.
    """
    sheet = Sheet(content)
    if sheet.column("Identifier") is not None and sheet.column("Grade") is not None:
        return _worksheet(sheet, results)
    return _import(sheet, results)


def _import(sheet, results):
    """A new file with three columns: identifier, Grade, Feedback."""
    columns = [c for name in IDENTIFIERS if (c := sheet.column(name)) is not None]
    if not columns:
        raise SheetError(f"it has none of the columns {', '.join(IDENTIFIERS)}. {sheet.columns()}")
    known = columns[0]
    found = match(results, _people(sheet, columns))
    rows, left = [], list(found.left)
    for row, result in sorted(found.pairs.items()):
        identifier = sheet.text(row, known)
        if not identifier or identifier != cell(identifier):
            left.append((result, f"its {sheet.header[known]} is empty, or begins like a formula"))
        else:
            rows.append([identifier, two_decimals(result.percent), words(result)])
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerows([[sheet.header[known], "Grade", "Feedback"], *rows])
    return Import(out.getvalue().encode("utf-8"), len(rows), left)


def _worksheet(sheet, results):
    """Moodle's own worksheet with Grade and Feedback comments filled; every other byte stays."""
    columns = [c for name in ("Identifier", *IDENTIFIERS) if (c := sheet.column(name)) is not None]
    grade, comments, most = sheet.column("Grade"), sheet.column("Feedback comments"), sheet.column("Maximum Grade")
    found = match(results, _people(sheet, columns))
    filled, left = 0, list(found.left)
    for row, result in sorted(found.pairs.items()):
        if max(grade, comments or 0) >= len(sheet.rows[row]):
            left.append((result, "the row ends before the column"))
            continue
        largest = amount(sheet.text(row, most), "Maximum Grade")
        if not largest:
            left.append((result, "its row has no Maximum Grade"))
            continue
        sheet.fill(row, grade, sheet.number(two_decimals(result.percent / 100 * largest)))
        if comments is not None:
            sheet.fill(row, comments, words(result))
        filled += 1
    return Import(sheet.edited(), filled, left)


def _people(sheet, columns):
    """{row: identifiers}, the full name last."""
    first, last, full = sheet.column("First name"), sheet.column("Last name", "Surname"), sheet.column("Full name")
    return {
        i: [
            *(sheet.text(i, c) for c in columns),
            sheet.text(i, full) or f"{sheet.text(i, first)} {sheet.text(i, last)}",
        ]
        for i in range(1, len(sheet.rows))
    }


def words(result):
    """The comment: points, then what is not there yet. Only words of ours, and HTML, which Moodle reads."""
    not_yet = [(row, mistake_of(row)) for row in result.rows if row.status != "passed"]
    lines = [
        f"{EXERCISES[row.exercise].number} {row.exercise}: {known.title if known else SAID[row.status]}."
        for row, known in not_yet
    ]
    return escape(one_line(" ".join([summary(result), *lines]), 4000), quote=False)
