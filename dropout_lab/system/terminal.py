"""How a command speaks to a terminal: in its encoding, in one format of help. `screen` knows its width and colours."""

import codecs
import sys
import unicodedata

import typer
from typer.core import TyperGroup

STUDENTS, TEACHERS = "For students", "For teachers"
_NEAREST = str.maketrans(
    dict(zip("✓✗○●·×−–—▸‘’“”²", "+xo*-x--->''\"\"2", strict=True))
    | {"…": "...", "→": "->", "≥": ">=", "≤": "<=", "±": "+-", "√": "sqrt ", "σ": "sigma", "π": "pi", "μ": "mu"}
)


def prepare():
    """Let standard output and error print whatever they are given, in any encoding."""
    codecs.register_error("nearest", _nearest)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="nearest")


def _nearest(error):
    """In place of what an encoding lacks: ASCII that means the same, else the letter without its accent, else `?`."""
    lacking = error.object[error.start : error.end].translate(_NEAREST)
    letters = unicodedata.normalize("NFKD", lacking)
    return "".join(c if c.isascii() else "" if unicodedata.combining(c) else "?" for c in letters), error.end


def fail(sentence):
    """End with status 2 and one sentence on standard error."""
    typer.echo(f"dropout-lab: {sentence}", err=True)
    raise typer.Exit(2)


class Commands(TyperGroup):
    """Commands whose help stands under headings, uncut."""

    def format_commands(self, ctx, formatter):
        """Write each heading and its commands; what a command does is the first paragraph of its help."""
        headings = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            first = (command.help or "").split("\n\n")[0]
            headings.setdefault(command.rich_help_panel or STUDENTS, []).append((name, " ".join(first.split())))
        for heading, rows in headings.items():
            with formatter.section(heading):
                formatter.write_dl(rows)
