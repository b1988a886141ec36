"""The `dropout-lab` command. Each subcommand imports what it needs, so that none waits for another's libraries."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from dropout_lab.system import places, screen, terminal
from dropout_lab.system.terminal import fail

STOPPED = 130  # the exit status of what was stopped by hand, as shells have it

app = typer.Typer(
    cls=terminal.Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main():
    """Entry point of the console script."""
    terminal.prepare()
    app(prog_name="dropout-lab")


def _say_version(wanted):
    if wanted:
        typer.echo(f"dropout-lab {places.version()}, {places.PACKAGE}")
        raise typer.Exit


def _functions_folder():
    """The folder whose functions count here; the end if there is none, a sentence if it is not this package's."""
    folder = places.functions_folder()
    if folder is None:
        fail(f"there is no course at or above {Path.cwd()}. Change to yours, or make one: dropout-lab init FOLDER")
    if told := places.disagreement(folder):
        typer.echo(f"dropout-lab: {told}", err=True)
    return folder


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser, or say where.")] = True,
    port: Annotated[int | None, typer.Option(help="JupyterLab's port. Default: the first free one from 8888.")] = None,
    anywhere: Annotated[bool, typer.Option("--anywhere", help="Let other machines connect, with the token.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="The version, and where it is.")
    ] = False,
):
    """From backpropagation by hand to inverted dropout, every gradient checked.

    Without a command: open the course in JupyterLab, on the lesson where you stopped.
    """
    if context.invoked_subcommand:
        return
    from dropout_lab.system.launch import LaunchError, launch

    try:
        raise typer.Exit(launch(port, browser, typer.echo, anywhere))
    except LaunchError as error:
        fail(str(error))


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Exercises or lessons: affine_forward, 05.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects, for programs.")] = False,
    seed: Annotated[int | None, typer.Option(help="For the inputs of the checks. Default: drawn anew.")] = None,
):
    """Check your functions: all, those of some lessons, or single ones, which says more.

    They are those of the course folder at or above the current one. The exit status is 0 only if all that was asked
    for passed.
    """
    from dropout_lab.checks import runner
    from dropout_lab.checks.exercises import UnknownExercise

    folder, records, stopped = _functions_folder(), [], False
    try:
        for record in runner.run_checks(names or (), seed, folder=folder):
            records.append(record)
    except UnknownExercise as unknown:
        fail(str(unknown))
    except KeyboardInterrupt:
        stopped = True
    if as_json:
        plain = [{key: value for key, value in record.items() if key != "card"} for record in records]
        typer.echo(json.dumps(plain, indent=1, ensure_ascii=False))
    else:
        typer.echo(runner.shown(records, bool(names), screen.columns(), screen.style(), stopped))
    if stopped:
        raise typer.Exit(STOPPED)
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
        typer.echo(hint_text(name, step, screen.columns()))
    except UnknownExercise as unknown:
        fail(str(unknown))
    if step < 3:
        typer.echo(f"The next one: dropout-lab hint {name} --step {step + 1}")


@app.command()
def audit(
    target: Annotated[str, typer.Argument(help="layer.py, layer.py:Name, package.module:Name, or a notebook.")],
    p: Annotated[str | None, typer.Option("--p", help="What the layer's number is meant to be: keep or drop.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print an object, for programs.")] = False,
):
    """Is my dropout right? Drive a layer of anybody's as it is, and say what it does.

    The exit status is 0 if it is right, 1 if it is wrong, and 2 if there is no verdict.
    """
    from dropout_lab.audit import audit as audited
    from dropout_lab.audit.cards import as_text

    if p not in (None, "keep", "drop"):
        fail(f"--p is keep or drop, not {p}.")
    found = audited(target, p)
    typer.echo(
        json.dumps(found.as_json(), indent=1, ensure_ascii=False) if as_json else as_text(found, screen.columns())
    )
    raise typer.Exit(found.status)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="A new folder, or a course to bring up to date.")]):
    """Make a course folder, or bring one up to date: what you worked on is kept, with the new text beside it."""
    from dropout_lab.system.course import CourseError
    from dropout_lab.system.course import init as make

    try:
        made = make(folder)
    except CourseError as error:
        fail(str(error))
    for name in [*made.new, *made.replaced] if made.same or made.kept else ():
        typer.echo(f"  {'new' if name in made.new else 'replaced'}  {name}")
    for name, beside in made.kept.items():
        typer.echo(f"  kept  {name}" + (f"; what is new stands in {beside}" if beside else ""))
    written = len(made.new) + len(made.replaced)
    typer.echo(
        f"{folder}: {written} files written, {len(made.kept)} of yours kept, {len(made.same)} as they were."
        f" Next: cd {_quoted(folder)} and dropout-lab"
    )


@app.command()
def reset(name: Annotated[str, typer.Argument(help="An exercise, such as affine_forward, or a module: layers.")]):
    """Make an exercise blank again; the file as it stood is kept beside it."""
    from dropout_lab.checks.exercises import EXERCISES
    from dropout_lab.system.course import CourseError
    from dropout_lab.system.course import reset as run

    try:
        file, kept = run(_functions_folder(), name, {e.name: (e.module, e.function) for e in EXERCISES.values()})
    except CourseError as error:
        fail(str(error))
    typer.echo(f"{file}: `{name}` is blank again. Your text is in {kept}.")


@app.command()
def handin(
    out: Annotated[Path | None, typer.Option(help="The zip. Default: handin.zip in the course folder.")] = None,
):
    """Check, say the points, and write one zip to hand in: modules, predictions, and the notebooks you worked in."""
    from dropout_lab.checks import runner
    from dropout_lab.checks.exercises import EXERCISES
    from dropout_lab.system.handing_in import NAME, hand_in, lessons_in

    folder = _functions_folder()
    here = lessons_in(folder)
    names = [e.name for e in EXERCISES.values() if e.lesson in here or not here]
    records = list(runner.run_checks(names, folder=folder)) if names else []
    if records:
        typer.echo(runner.shown(records, False, screen.columns(), screen.style()))
    out = out or folder / NAME
    try:
        what = hand_in(folder, out)
    except OSError as error:
        fail(f"{error.filename or out} cannot be written: {error.strerror}.")
    with_them = ["your predictions"] if what.predictions else []
    with_them += [f"the notebooks {', '.join(what.lessons)}"] if what.lessons else []
    typer.echo(f"{out}: {', '.join(f'{m}.py' for m in what.modules)}{''.join(f', {w}' for w in with_them)}.")
    typer.echo("Hand in this one file as it is, where your teacher collects the work. Nothing was sent anywhere.")


@app.command()
def watch():
    """Check on every save, with the next hint one key away."""
    from dropout_lab.checks.watching import watch as run

    folder = _functions_folder()
    try:
        run(folder)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


@app.command()
def paper(
    config: Annotated[list[str] | None, typer.Option(help="plain, dropout or max-norm; may be repeated.")] = None,
    seeds: Annotated[str, typer.Option(help="Separated by commas.")] = "0,1,2",
    epochs: Annotated[int | None, typer.Option(min=1, help="Instead of the setting's own number.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and results.")] = Path("mnist-runs"),
    processes: Annotated[int | None, typer.Option(min=1, help="Runs side by side. Default: one for each core.")] = None,
    yours: Annotated[bool, typer.Option("--yours", help="On your functions: the same results, slower.")] = False,
    validate: Annotated[bool, typer.Option("--validate", help="Hold out 10,000 training images instead.")] = False,
):
    """Train the paper's networks on MNIST, for hours on two cores; stop, and the same command goes on."""
    folder = _functions_folder()
    options = [f"--config={name}" for name in config or ()]
    options += [f"--{name}={value}" for name, value in (("epochs", epochs), ("processes", processes)) if value]
    options += [flag for flag, on in (("--yours", yours), ("--validate", validate)) if on]
    command = [sys.executable, "-m", "dropout_lab.lab.mnist.paper", f"--seeds={seeds}", f"--out={out}", *options]
    try:
        raise typer.Exit(subprocess.call(command, env=places.child_environment(folder)))
    except KeyboardInterrupt:  # the child had it too, and said what it kept
        raise typer.Exit(STOPPED) from None


def _quoted(folder):
    return f'"{folder}"' if " " in str(folder) else folder


if find_spec("dropout_lab.instructor"):
    from dropout_lab.instructor.commands import app as teachers

    app.add_typer(teachers)
