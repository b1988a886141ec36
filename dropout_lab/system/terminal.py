"""How a command speaks to a terminal."""

import typer


def fail(sentence):
    """End with status 2 and one sentence on standard error."""
    typer.echo(f"dropout-lab: {sentence}", err=True)
    raise typer.Exit(2)
