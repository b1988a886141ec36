"""The `dropout-lab` command."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False,
                  context_settings={"help_option_names": ["-h", "--help"]},
                  help="A course from backpropagation by hand to inverted dropout. Without a command: open it in JupyterLab.")  # fmt: skip


def main():
    """Entry point of the console script."""
    app()


def fail(sentence):
    """End with status 2 and one sentence on standard error."""
    typer.echo(f"dropout-lab: {sentence}", err=True)
    raise typer.Exit(2)


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Exercises, such as affine_forward. None: all.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a list of objects for programs.")] = False,
    seed: Annotated[int, typer.Option(help="For the inputs of the checks.")] = 0,
):
    """Check your functions; the current folder decides which (in solutions/, the completed ones)."""
    from dropout_lab.checks.exercises import UnknownExercise
    from dropout_lab.checks.runner import run_checks

    try:
        records = list(run_checks(names or (), seed))
    except UnknownExercise as unknown:
        fail(str(unknown))
    if as_json:
        typer.echo(json.dumps([{k: v for k, v in r.items() if k != "report"} for r in records], indent=1, ensure_ascii=False))
    else:
        for record in records:
            typer.echo(record["report"])
    raise typer.Exit(0 if all(r["status"] == "passed" for r in records) else 1)


@app.command()
def build(
    only: Annotated[list[str] | None, typer.Argument(help="Lessons or modules, such as 05 or layers. None: all.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what is out of date.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that were edited since the last build.")] = False,
):
    """Derive stubs, lessons and executed solutions from their one source in solutions/."""
    from dropout_lab.instructor.build import BuildError
    from dropout_lab.instructor.build import build as run

    root = Path(__file__).parent.parent
    try:
        stale = run(root, only or (), force, check, progress=typer.echo)
    except (BuildError, RuntimeError) as error:
        fail(str(error))
    if check and stale:
        typer.echo("out of date: " + ", ".join(map(str, stale)))
        raise typer.Exit(1)
