"""GitHub: a summary of a workflow's step, appended to what other steps wrote."""

from pathlib import Path

from dropout_lab.instructor.escaping import markdown
from dropout_lab.instructor.feedback.cards import as_markdown
from dropout_lab.instructor.grading.results import two_decimals

LARGEST = 1_000_000  # bytes; GitHub takes 1 MiB per step


def summary(results):
    """One submission in full; of several, a table."""
    if len(results) == 1:
        return as_markdown(results[0], heading="##")
    rows = [f"| {_name(r)} | {two_decimals(r.points)} | {two_decimals(r.max_points)} |" for r in results]
    return "\n".join(["## Grades", "", "| student | points | of |", "| --- | ---: | ---: |", *rows]) + "\n"


def append(path, results):
    """Add the summary to a file, after a blank line and cut at a line where GitHub would refuse it.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    before = path.stat().st_size if path.exists() else 0
    text = ("\n" if before else "") + summary(results)
    room = LARGEST - before - 200
    if len(text.encode()) > room:
        text = (
            text.encode()[: max(0, room)].decode("utf-8", "ignore").rpartition("\n")[0]
            + "\n\nThe rest is in the results.\n"
        )
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _name(result):
    """A student's name for a table, where a bar inside code would end the cell."""
    return markdown(result.student.replace("`", "'"), 80) or "(no name)"
