"""Everything that is made of the results of a class: feedback, tables, the class page, and files for other systems."""

import os
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.instructor.escaping import one_line
from dropout_lab.instructor.feedback import cards, class_page
from dropout_lab.instructor.gradebooks import canvas, github, gradescope, moodle, tables
from dropout_lab.instructor.gradebooks.sheets import SheetError
from dropout_lab.instructor.grading.results import by_name, each
from dropout_lab.system.files import write_atomically


class ExportError(Exception):
    """A sentence on what could not be exported."""


@dataclass(frozen=True)
class Options:
    """What to write beside feedback, grades.csv and the class page.

    `canvas` and `moodle` are files that those systems exported, `canvas_column` the title or number of an assignment.
    """

    gradescope: bool = False
    canvas: Path | None = None
    canvas_column: str | None = None
    moodle: Path | None = None
    github: bool = False


def export(folder, options=Options()):
    """Write everything for a folder of results, each file whole or not at all.

    Returns
    -------
    said : list of str
        What was written and who was left out, a sentence each.

    Raises
    ------
    ExportError
        If there are no results, or a file of another system cannot be used. What needs no such file is written before.
    """
    folder, results, problems = Path(folder), [], []
    for result in each(folder, problems):
        _for_one(folder, result, options)
        results.append(result.brief())
    if not results:
        raise ExportError(" ".join([f"{folder} holds no results of `dropout-lab grade`.", *problems]))
    results.sort(key=by_name)
    write_atomically(folder / "grades.csv", tables.grades(results))
    write_atomically(folder / "class.html", class_page.as_html(results, problems, folder))
    said = [f"left out: {problem}" for problem in problems]
    said.append(f"{len(results)} submissions: feedback/, grades.csv, class.html")
    said += ["Gradescope: gradescope/"] if options.gradescope else []
    failed = []
    for wanted, writer in ((options.canvas, _canvas), (options.moodle, _moodle), (options.github, _github)):
        try:
            said += writer(folder, results, options) if wanted else []
        except ExportError as error:
            failed.append(str(error))
    if failed:
        raise ExportError(" ".join(failed))
    return said


def _for_one(folder, result, options):
    """The files of one submission. They alone need all of its result."""
    write_atomically(folder / "feedback" / f"{result.stem}.html", cards.as_html(result))
    write_atomically(folder / "feedback" / f"{result.stem}.md", cards.as_markdown(result))
    if options.gradescope:
        write_atomically(folder / "gradescope" / f"{result.stem}.json", gradescope.results_json(result))


def _canvas(folder, results, options):
    filled = _with(options.canvas, lambda content: canvas.fill(content, results, options.canvas_column))
    scale = "" if filled.possible is None else f", as parts of {filled.possible:g} points"
    write_atomically(folder / "canvas.csv", filled.content)
    return [
        f"Canvas: {filled.filled} cells of {one_line(filled.column)!r} filled{scale}: canvas.csv",
        *_left(folder, "canvas", filled.left),
    ]


def _moodle(folder, results, options):
    made = _with(options.moodle, lambda content: moodle.fill(content, results))
    write_atomically(folder / "moodle.csv", made.content)
    return [f"Moodle: {made.filled} rows, grades in percent: moodle.csv", *_left(folder, "moodle", made.left)]


def _github(folder, results, options):
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        raise ExportError("GITHUB_STEP_SUMMARY is not set: --github works inside a GitHub workflow.")
    try:
        github.append(path, results if len(results) > 1 else list(each(folder, [])))  # one is said in full
    except OSError as error:
        raise ExportError(f"the step summary cannot be written: {error}.") from None
    return ["GitHub: step summary appended"]


def _left(folder, system, left):
    """Write who was left out, also when it is nobody, so that no older list stays."""
    write_atomically(folder / f"{system}-unmatched.csv", tables.unmatched(left))
    return [f"  {one_line(r.student)}: {why} ({system}-unmatched.csv)" for r, why in left]


def _with(path, use):
    try:
        return use(Path(path).read_bytes())
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror}.") from None
    except SheetError as error:
        raise ExportError(f"{path} was not used: {error}.") from None
