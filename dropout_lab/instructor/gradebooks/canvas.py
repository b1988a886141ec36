"""Canvas: fill one column of the gradebook that the instructor exported. Nothing else of the file changes.

Canvas itself finds students by ID, then SIS User ID, SIS Login ID, then name, and an assignment by the number at the
end of its title; a title without one would become a new assignment. Blank means no change, EX excused.
"""

import re
from dataclasses import dataclass

from dropout_lab.instructor.gradebooks.identity import match
from dropout_lab.instructor.gradebooks.sheets import Sheet, SheetError, amount
from dropout_lab.instructor.grading.results import two_decimals

_NUMBERED = re.compile(r"^(.*) \((\d+)\)$")


@dataclass(frozen=True)
class Filled:
    """The new bytes, the column, how many cells were filled, and who was not: [(result, why)]."""

    content: bytes
    column: str
    filled: int
    left: list
    possible: float | None


def fill(content, results, column=None):
    """Fill a column with points, scaled to the column's Points Possible where that is given.

    Parameters
    ----------
    content : bytes of the export
    results : list of Result
    column : str, optional
        The assignment's title, or its number. Not needed if there is one assignment, or one with "dropout" in its
        title.

    Raises
    ------
    SheetError
        If the file is no such export or the column is not clear; the message lists the columns.
    """
    sheet = Sheet(content, "ID")
    if not re.search("Student|LastName", sheet.header[0]):
        raise SheetError(
            f"it does not look like a gradebook from Canvas: the first column is not Student. {sheet.columns()}"
        )
    target = _column(sheet, column)
    keys = [sheet.column(name) for name in ("ID", "SIS User ID", "SIS Login ID")]
    people = {
        i: [sheet.text(i, k) for k in keys] + [_name(sheet, i)]
        for i in range(1, len(sheet.rows))
        if sheet.text(i, keys[0])
    }
    found = match(results, people)
    possible, left, filled = _possible(sheet, target), list(found.left), 0
    for row, result in sorted(found.pairs.items()):
        if target >= len(sheet.rows[row]):
            left.append((result, "the row ends before the column"))
        elif sheet.text(row, target).upper() == "EX":
            left.append((result, "excused in Canvas (EX)"))
        else:
            points = result.percent / 100 * possible if possible else result.points
            sheet.fill(row, target, sheet.number(two_decimals(points)))
            filled += 1
    return Filled(sheet.edited(), sheet.header[target], filled, left, possible)


def _column(sheet, wanted):
    """The position of the assignment's column."""
    assignments = {i: m for i, h in enumerate(sheet.header) if (m := _NUMBERED.match(h))}
    if wanted:
        exact = [i for i, m in assignments.items() if wanted.strip() in (sheet.header[i], m[1], m[2])]
    else:
        named = [i for i in assignments if "dropout" in sheet.header[i].casefold()]
        exact = list(assignments) if len(assignments) == 1 else named
    if len(exact) != 1:
        problem = f"no assignment {wanted!r}" if wanted and not exact else "no column that is clearly the one to fill"
        raise SheetError(f"it has {problem}. Name one by its title or number. {sheet.columns()}")
    if any("read only" in sheet.text(i, exact[0]).casefold() for i in range(1, min(4, len(sheet.rows)))):
        raise SheetError(f"its column {sheet.header[exact[0]]!r} is read only in Canvas. {sheet.columns()}")
    return exact[0]


def _possible(sheet, target):
    for i in range(1, min(4, len(sheet.rows))):
        if sheet.text(i, 0).casefold() == "points possible":
            return amount(sheet.text(i, target), "Points Possible")
    return None


def _name(sheet, row):
    first, last = sheet.column("FirstName"), sheet.column("LastName")
    if first is not None and last is not None:
        return f"{sheet.text(row, last)}, {sheet.text(row, first)}"
    return sheet.text(row, 0)
