"""Teachers' and maintainers' commands of `dropout-lab`. A student's copy of the course comes without this folder."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from dropout_lab.system.places import CHECKOUT, ROOT
from dropout_lab.system.terminal import TEACHERS, fail

app = typer.Typer()


def teachers(command):
    """Offer a command under the teachers' heading."""
    return app.command(rich_help_panel=TEACHERS)(command)


def in_a_checkout(command):
    """Offer it where the repository is: it reads solutions/."""
    return teachers(command) if CHECKOUT else command


@in_a_checkout
def build(
    only: Annotated[list[str] | None, typer.Argument(help="Lessons or modules, such as 05, layers. None: all.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what is out of date.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files edited since the last build.")] = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="Derive stubs and lessons only; run no notebook.")] = False,
):
    """Derive stubs, lessons and executed solutions from their one source in solutions/."""
    try:
        from dropout_lab.instructor.publishing.build import BuildError
        from dropout_lab.instructor.publishing.build import build as run
    except ModuleNotFoundError as missing:
        fail(f'{missing}. Building needs the test extra: python -m pip install -e ".[test]"')
    try:
        stale = run(ROOT, only or (), force, check, progress=typer.echo, run=not no_run)
    except (BuildError, RuntimeError) as error:
        fail(str(error))
    if check and stale:
        typer.echo("Out of date: " + ", ".join(map(str, stale)) + ". Run: dropout-lab build")
        raise typer.Exit(1)


Gradescope = Annotated[bool, typer.Option("--gradescope", help="A results.json for Gradescope for each submission.")]
Canvas = Annotated[Path | None, typer.Option(help="A gradebook exported from Canvas; a copy gets one column filled.")]
CanvasColumn = Annotated[str | None, typer.Option(help="The assignment's title or number, where it is not clear.")]
Moodle = Annotated[Path | None, typer.Option(help="Grades, participants or a worksheet exported from Moodle.")]
Github = Annotated[bool, typer.Option("--github", help="Append a summary to the step of a GitHub workflow.")]


@teachers
def grade(
    submissions: Annotated[Path, typer.Argument(help="A folder with one folder or zip file for each student.")],
    out: Annotated[Path, typer.Option(help="Folder for the results. A second run goes on where the first stopped.")],
    seed: Annotated[int | None, typer.Option(min=0, help="For the inputs. Default: fresh; see OUT/run.json.")] = None,
    lessons: Annotated[str, typer.Option(help="Lessons to grade, such as 1-6 or 5,6. Default: all.")] = "",
    weights: Annotated[Path | None, typer.Option(help="TOML file with a table [points]: exercise = points.")] = None,
    late: Annotated[Path | None, typer.Option(help="Days late: CSV with student,days, or TOML with [days].")] = None,
    late_percent: Annotated[float, typer.Option(min=0, max=100, help="What a day late takes off the points.")] = 10.0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one for each core.")] = None,
    dask: Annotated[str | None, typer.Option(help="Address of a Dask scheduler that does the work instead.")] = None,
    isolation: Annotated[str, typer.Option(help="auto, bwrap (bubblewrap) or plain.")] = "auto",
    require_isolation: Annotated[bool, typer.Option("--require-isolation", help="Refuse less than bwrap.")] = False,
    gradescope: Gradescope = False,
    canvas: Canvas = None,
    canvas_column: CanvasColumn = None,
    moodle: Moodle = None,
    github: Github = False,
):
    """Grade a folder of submissions.

    The functions are judged as `check` judges them, on fresh inputs, in a process that cannot see the judge. Every
    submission gets a result, whatever is in it: OUT/results/STUDENT.json. Then what `report` writes is written.
    """
    if sys.platform == "win32":
        fail("grading limits students' code by means that Windows does not have; use WSL, or Gradescope's autograder")
    from dropout_lab.instructor.grading.folder import GradingError, grade_folder

    try:
        complete = grade_folder(
            submissions,
            out,
            seed=seed,
            lessons=lessons,
            weights=weights,
            late=late,
            late_percent=late_percent,
            jobs=jobs,
            dask=dask,
            isolation=isolation,
            required=require_isolation,
            say=typer.echo,
        )
    except GradingError as error:
        fail(str(error))
    _export(out, gradescope=gradescope, canvas=canvas, canvas_column=canvas_column, moodle=moodle, github=github)
    raise typer.Exit(0 if complete else 1)


@in_a_checkout
def release(
    out: Annotated[Path, typer.Option(help="The zip to write.")],
    lessons: Annotated[str | None, typer.Option(help="A part, such as 1-6 or 3,5. Lesson 00 is always in it.")] = None,
):
    """Write the students' zip: no solutions, outputs, tests or teachers' tools, and the same bytes every time.

    It is checked before it is written: for lines of the solutions, and for links that lead nowhere.
    """
    try:
        from dropout_lab.instructor.publishing.release import ReleaseError
        from dropout_lab.instructor.publishing.release import release as run
        from dropout_lab.instructor.selection import NoSuchLessons
        from dropout_lab.instructor.selection import lessons as chosen
    except ModuleNotFoundError as missing:
        fail(f'{missing}. Releasing needs the test extra: python -m pip install -e ".[test]"')
    try:
        done = run(ROOT, out, chosen(lessons) if lessons else None)
    except (ReleaseError, NoSuchLessons) as error:
        fail(str(error))
    typer.echo(f"{out}: {done.files} files, {done.size} bytes, lessons {', '.join(done.lessons)}")


@in_a_checkout
def gradescope(
    out: Annotated[Path, typer.Option(help="The zip to write, for Gradescope's page Configure Autograder.")],
    lessons: Annotated[str, typer.Option(help="Lessons to grade, such as 1-6 or 5,6. Default: all.")] = "",
    weights: Annotated[Path | None, typer.Option(help="TOML file with a table [points]: exercise = points.")] = None,
):
    """Write the autograder for Gradescope: the same judges, for each submission as it is handed in."""
    try:
        from dropout_lab.instructor.autograder.pack import autograder
        from dropout_lab.instructor.grading import terms
        from dropout_lab.system.files import write_atomically
    except ModuleNotFoundError as missing:
        fail(f'{missing}. The autograder needs the test extra: python -m pip install -e ".[test]"')
    try:
        packed = autograder(
            ROOT, terms.lessons(lessons), terms.weights(weights, terms.lessons(lessons)) if weights else {}
        )
    except (terms.Unclear, OSError) as error:
        fail(str(error))
    write_atomically(out, packed)
    typer.echo(f"{out}: {len(packed)} bytes")


@in_a_checkout
def nbgrader(
    lesson: Annotated[str, typer.Argument(help="The number of a lesson, such as 01.")],
    out: Annotated[Path, typer.Option(help="The folder of an nbgrader course; source/ and its settings go there.")],
):
    """Write a lesson as an assignment for nbgrader: the checks are its tests, the modules come as stubs."""
    try:
        from dropout_lab.instructor.publishing.nbgrader import course
    except ModuleNotFoundError as missing:
        fail(f'{missing}. This needs the test extra: python -m pip install -e ".[test]"')
    if (out / "nbgrader_config.py").exists():
        fail(f"{out / 'nbgrader_config.py'} is there already, and would be overwritten; give another folder")
    try:
        name = course(ROOT, out, lesson)
    except ValueError as error:
        fail(str(error))
    typer.echo(f"{out / 'source' / name}. Next, in {out}: nbgrader generate_assignment {name} --create")


@teachers
def report(
    results: Annotated[Path, typer.Argument(help="The folder that `grade` wrote.")],
    gradescope: Gradescope = False,
    canvas: Canvas = None,
    canvas_column: CanvasColumn = None,
    moodle: Moodle = None,
    github: Github = False,
):
    """Write feedback, grades.csv, the class page, and files for other systems, from results that are there."""
    _export(results, gradescope=gradescope, canvas=canvas, canvas_column=canvas_column, moodle=moodle, github=github)


@in_a_checkout
def site(
    out: Annotated[Path, typer.Option(help="The folder to write: a new one, or a site, which is replaced.")],
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print lessons and cheat sheet to OUT/pdf.")] = False,
    pyodide: Annotated[Path | None, typer.Option(help="An archive of Pyodide, served from the site itself.")] = None,
):
    """Write the course as static pages: lessons with outputs, gallery of mistakes, cheat sheet.

    Answers are in them, folded. The pages need no server and ask no other host for anything. Nothing is run: what is
    shown is what `build` stored. On a web server each lesson also opens in JupyterLite, a copy without answers, for
    which Python comes from Pyodide's CDN, or with --pyodide from the site.
    """
    try:
        from dropout_lab.instructor.publishing.site import SiteError
        from dropout_lab.instructor.publishing.site import site as run
    except ModuleNotFoundError as missing:
        fail(f'{missing}. The site needs its extra: python -m pip install -e ".[site]"')
    try:
        done = run(ROOT, out, typer.echo, pyodide)
    except SiteError as error:
        fail(str(error))
    if stale := [name for name, current in done.lessons.items() if not current]:
        typer.echo(f"As last run, not as their sources are now: {', '.join(stale)}. Next: dropout-lab build")
    if pdf:
        _print(out, ["cheat_sheet", *done.lessons])
    typer.echo(f"{out / 'index.html'}: {done.files} files, {done.size / 1e6:.1f} MB, {done.seconds:.0f} s")


def _print(out, names):
    try:
        from dropout_lab.instructor.publishing.site.paper import NoBrowser, print_pages
    except ModuleNotFoundError as missing:
        fail(f'{missing}. Printing needs the browser extra: python -m pip install -e ".[browser]"')
    try:
        print_pages(out, names, typer.echo)
    except NoBrowser as error:
        fail(str(error))


def _export(results, **options):
    from dropout_lab.instructor.gradebooks.exports import ExportError, Options, export

    try:
        for line in export(results, Options(**options)):
            typer.echo(line)
    except ExportError as error:
        fail(str(error))
