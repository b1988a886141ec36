"""The `dropout-lab` command. Each subcommand imports what it needs, so that none waits for another's libraries."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
                  context_settings={"help_option_names": ["-h", "--help"]})  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent


def main():
    """Entry point of the console script."""
    app()


def fail(sentence):
    """End with status 2 and one sentence on standard error."""
    typer.echo(f"dropout-lab: {sentence}", err=True)
    raise typer.Exit(2)


def teachers(command):
    """A subcommand for teachers: a student's copy of the course comes without their tools, and so without these."""
    return app.command()(command) if (ROOT / "dropout_lab" / "instructor").is_dir() else command


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, or say where.")] = True,
    port: Annotated[int | None, typer.Option(help="JupyterLab's port. Default: the first free one from 8888.")] = None,
):
    """From backpropagation by hand to inverted dropout, every gradient checked.

    Without a command: open the course in JupyterLab, on its first lesson.
    """
    if context.invoked_subcommand:
        return
    from dropout_lab.launch import LaunchError, launch

    try:
        raise typer.Exit(launch(port, browser, typer.echo))
    except LaunchError as error:
        fail(str(error))


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Exercises, such as affine_forward. None: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects, for programs.")] = False,
    seed: Annotated[int, typer.Option(help="For the inputs of the checks.")] = 0,
):
    """Check your functions.

    The current folder decides which: in solutions/ the completed ones, elsewhere yours. The exit status is 0 only if
    every exercise that was named passed.
    """
    from dropout_lab.checks.exercises import UnknownExercise
    from dropout_lab.checks.reports import as_table
    from dropout_lab.checks.runner import run_checks

    try:
        records = list(run_checks(names or (), seed))
    except UnknownExercise as unknown:
        fail(str(unknown))
    if as_json:
        plain = [{key: value for key, value in record.items() if key != "report"} for record in records]
        typer.echo(json.dumps(plain, indent=1, ensure_ascii=False))
    else:
        typer.echo("\n\n".join(r["report"] for r in records) if names else as_table(records))
    raise typer.Exit(0 if all(r["status"] == "passed" for r in records) else 1)


@app.command()
def hint(
    name: Annotated[str, typer.Argument(help="An exercise, such as affine_forward.")],
    step: Annotated[int, typer.Option(min=1, max=3, help="Which of the three hints.")] = 1,
):
    """Show a hint for an exercise: three of them, each a step nearer."""
    from dropout_lab.checks.exercises import UnknownExercise
    from dropout_lab.checks.hints import hint_text

    try:
        typer.echo(hint_text(name, step))
    except UnknownExercise as unknown:
        fail(str(unknown))
    if step < 3:
        typer.echo(f"The next one: dropout-lab hint {name} --step {step + 1}")


@teachers
def build(
    only: Annotated[list[str] | None, typer.Argument(help="Lessons or modules, such as 05, layers. None: all.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what is out of date.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files edited since the last build.")] = False,
):
    """Derive stubs, lessons and executed solutions from their one source in solutions/."""
    try:
        from dropout_lab.instructor.build import BuildError
        from dropout_lab.instructor.build import build as run
    except ModuleNotFoundError as missing:
        fail(f'{missing}. Building needs the test extra: python -m pip install -e ".[test]"')
    try:
        stale = run(ROOT, only or (), force, check, progress=typer.echo)
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
    from dropout_lab.instructor.command import GradingError, grade_folder

    try:
        complete = grade_folder(submissions, out, seed, lessons, weights, late, late_percent, jobs, dask, isolation,
                                require_isolation, typer.echo)  # fmt: skip
    except GradingError as error:
        fail(str(error))
    _export(out, gradescope, canvas, canvas_column, moodle, github)
    raise typer.Exit(0 if complete else 1)


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def paper(context: typer.Context):
    """Train the paper's networks on MNIST, for hours; stop and go on at any time. Options: paper --help."""
    command = [sys.executable, "-m", "dropout_lab.lab.paper", *context.args]  # a child: this folder first on its path
    try:
        raise typer.Exit(subprocess.call(command))
    except KeyboardInterrupt:  # the child had it too, and said what it kept
        raise typer.Exit(130) from None


@teachers
def release(
    out: Annotated[Path, typer.Option(help="The zip to write.")],
    lessons: Annotated[str | None, typer.Option(help="A part, such as 1-6 or 3,5. Lesson 00 is always in it.")] = None,
):
    """Write the students' zip: no solutions, outputs, tests or teachers' tools, and the same bytes every time.

    It is checked before it is written: for lines of the solutions, and for links that lead nowhere.
    """
    try:
        from dropout_lab.instructor.release import ReleaseError
        from dropout_lab.instructor.release import release as run
        from dropout_lab.instructor.selection import NoSuchLessons
        from dropout_lab.instructor.selection import lessons as chosen
    except ModuleNotFoundError as missing:
        fail(f'{missing}. Releasing needs the test extra: python -m pip install -e ".[test]"')
    try:
        done = run(ROOT, out, chosen(lessons) if lessons else None)
    except (ReleaseError, NoSuchLessons) as error:
        fail(str(error))
    typer.echo(f"{out}: {done.files} files, {done.size} bytes, lessons {', '.join(done.lessons)}")


@teachers
def gradescope(
    out: Annotated[Path, typer.Option(help="The zip to write, for Gradescope's page Configure Autograder.")],
    lessons: Annotated[str, typer.Option(help="Lessons to grade, such as 1-6 or 5,6. Default: all.")] = "",
    weights: Annotated[Path | None, typer.Option(help="TOML file with a table [points]: exercise = points.")] = None,
):
    """Write the autograder for Gradescope: the same judges, for each submission as it is handed in."""
    try:
        from dropout_lab.files import write_atomically
        from dropout_lab.instructor import demands
        from dropout_lab.instructor.autograder_zip import autograder
    except ModuleNotFoundError as missing:
        fail(f'{missing}. The autograder needs the test extra: python -m pip install -e ".[test]"')
    try:
        packed = autograder(ROOT, demands.lessons(lessons), demands.weights(weights) if weights else {})
    except (demands.Unclear, OSError) as error:
        fail(str(error))
    write_atomically(out, packed)
    typer.echo(f"{out}: {len(packed)} bytes")


@teachers
def nbgrader(
    lesson: Annotated[str, typer.Argument(help="The number of a lesson, such as 01.")],
    out: Annotated[Path, typer.Option(help="The folder of an nbgrader course; source/ and its settings go there.")],
):
    """Write a lesson as an assignment for nbgrader: the checks are its tests, the modules come as stubs."""
    try:
        from dropout_lab.instructor.nbgrader import course
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
    _export(results, gradescope, canvas, canvas_column, moodle, github)


@teachers
def site(
    out: Annotated[Path, typer.Option(help="The folder to write: a new one, or a site, which is replaced.")],
    pdf: Annotated[bool, typer.Option("--pdf", help="Also print lessons and cheat sheet to OUT/pdf.")] = False,
):
    """Write the course as static pages: lessons with outputs, gallery of mistakes, cheat sheet.

    Answers are in them, folded. The pages need no server and ask no other host for anything. Nothing is run: what is
    shown is what `build` stored. On a web server each lesson also opens in JupyterLite, a copy without answers, for
    which Python comes from Pyodide's CDN.
    """
    try:
        from dropout_lab.instructor.site import SiteError
        from dropout_lab.instructor.site import site as run
    except ModuleNotFoundError as missing:
        fail(f'{missing}. The site needs its extra: python -m pip install -e ".[site]"')
    try:
        done = run(ROOT, out, typer.echo)
    except SiteError as error:
        fail(str(error))
    if stale := [name for name, current in done.lessons.items() if not current]:
        typer.echo(f"As last run, not as their sources are now: {', '.join(stale)}. Next: dropout-lab build")
    if pdf:
        _print(out, ["cheat_sheet", *done.lessons])
    typer.echo(f"{out / 'index.html'}: {done.files} files, {done.size / 1e6:.1f} MB, {done.seconds:.0f} s")


def _print(out, names):
    try:
        from dropout_lab.instructor.site.paper import NoBrowser, print_pages
    except ModuleNotFoundError as missing:
        fail(f'{missing}. Printing needs the browser extra: python -m pip install -e ".[browser]"')
    try:
        print_pages(out, names, typer.echo)
    except NoBrowser as error:
        fail(str(error))


def _export(results, *options):
    from dropout_lab.instructor.exports import ExportError, Options, export

    try:
        for line in export(results, Options(*options)):
            typer.echo(line)
    except ExportError as error:
        fail(str(error))
