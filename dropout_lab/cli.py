"""The `dropout-lab` command. Each subcommand imports what it needs, so that none waits for another's libraries."""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Annotated

import typer

from dropout_lab.system.terminal import fail

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
if find_spec("dropout_lab.instructor"):
    from dropout_lab.instructor.commands import app as teachers

    app.add_typer(teachers)


def main():
    """Entry point of the console script."""
    app()


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
    from dropout_lab.system.launch import LaunchError, launch

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


@app.command(add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def paper(context: typer.Context):
    """Train the paper's networks on MNIST, for hours; stop and go on at any time. Options: paper --help."""
    command = [
        sys.executable,
        "-m",
        "dropout_lab.lab.mnist.paper",
        *context.args,
    ]  # a child: this folder first on its path
    try:
        raise typer.Exit(subprocess.call(command))
    except KeyboardInterrupt:  # the child had it too, and said what it kept
        raise typer.Exit(130) from None
