"""A lesson as an assignment of nbgrader, for teachers who grade with it.

Our sources mark solutions with nbgrader's own words. What it needs beside them is metadata: a check is a test with the
points of its exercise, a cell with a solution region is the student's, everything else is locked. Three of its habits
matter for a course whose work is in a package: it copies .py files without taking solutions out, so the stubs go in; it
puts the teacher's files over the student's when it grades, so ours are excepted; and it runs the student's code with
the teacher's rights. `dropout-lab grade` has none of the three.
"""

import json
import re
from pathlib import Path

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.instructor.publishing.derive import read_source, stub
from dropout_lab.system.files import write_atomically

_CHECK = re.compile(r'^check\("(\w+)"\)$', re.MULTILINE)
_REGION = "### BEGIN SOLUTION"
_CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "dropout-lab"
c.ExecutePreprocessor.timeout = 120
c.Autograde.exclude_overwriting = {except_!r}  # the student's work, which would otherwise be overwritten
"""


def course(root, folder, number):
    """Write source/NAME/ and nbgrader_config.py into a folder; returns the assignment's name.

    Then in that folder: `nbgrader generate_assignment NAME --create`, and so on as nbgrader's manual has it.

    Raises
    ------
    ValueError
        If there is no such lesson.
    """
    root, folder = Path(root), Path(folder)
    sources = sorted((root / "solutions").glob(f"{number}_*.py"))
    if not sources:
        raise ValueError(f"there is no lesson {number!r}")
    name, package = sources[0].stem, root / "solutions" / "dropout_lab"
    assignment = folder / "source" / name
    text = json.dumps(notebook(sources[0]), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomically(assignment / f"{name}.ipynb", text)
    write_atomically(assignment / "dropout_lab" / "__init__.py", (package / "__init__.py").read_text("utf-8"))
    for module in MODULES:
        blank = stub((package / f"{module}.py").read_text("utf-8"), module)
        write_atomically(assignment / "dropout_lab" / f"{module}.py", blank)
    except_ = {name: [f"dropout_lab/{module}.py" for module in MODULES]}
    write_atomically(folder / "nbgrader_config.py", _CONFIG.format(except_=except_))
    return name


def notebook(source):
    """The source with its solution regions and nbgrader's metadata, version 3 of its schema."""
    made = read_source(source)
    made.cells = [cell for cell in made.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in made.cells:
        cell.metadata["nbgrader"] = _metadata(cell)
    return made


def _metadata(cell):
    record = {
        "schema_version": 3,
        "cell_type": cell.cell_type,
        "grade_id": f"cell-{cell.id}",
        "grade": False,
        "solution": False,
        "locked": True,
        "task": False,
    }
    if _REGION in cell.source:  # words are graded by a person; the course gives them no points
        words = cell.cell_type == "markdown"
        return record | {"solution": True, "locked": False} | ({"grade": True, "points": 0} if words else {})
    if cell.cell_type == "code" and (check := _CHECK.search(cell.source)):
        exercise = EXERCISES[check[1]]
        return record | {"grade": True, "grade_id": f"check-{exercise.name}", "points": exercise.points}
    return record if "setup" in cell.metadata.get("tags", []) or cell.cell_type == "markdown" else _free(record)


def _free(record):
    """A code cell that the student may play with: neither graded nor restored."""
    return record | {"locked": False}
