"""How a command speaks to a terminal: in its encoding, its width, its colours."""

import codecs
import os
import shutil
import sys
import unicodedata

import typer
from typer.core import TyperGroup

STUDENTS, TEACHERS = "For students", "For teachers"
LOOKS = {"passed": "32", "failed": "31", "error": "31", "blank": "2", "strong": "1", "code": "36"}
NARROWEST, WIDEST = 60, 100
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


def width():
    """Columns to write in: those of the terminal, within bounds in which a sentence can be read."""
    return min(max(shutil.get_terminal_size((88, 24)).columns, NARROWEST), WIDEST)


def coloured(stream=None):
    """Whether a stream is a terminal that shows colours, and nobody asked it not to."""
    stream = stream or sys.stdout
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return False
    return sys.platform != "win32" or _windows_reads_colours()


def painted(text, look):
    """The text in one of LOOKS, on a terminal that shows colours; elsewhere as it is."""
    return f"\x1b[{LOOKS[look]}m{text}\x1b[0m" if coloured() else text


def clear():
    """An empty screen, where there is one."""
    if coloured():
        typer.echo("\x1b[2J\x1b[H", nl=False)


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


def _windows_reads_colours():
    """Ask the console of Windows 10 and later to understand escape sequences."""
    import ctypes

    handle = ctypes.windll.kernel32.GetStdHandle(-11)  # STD_OUTPUT_HANDLE
    mode = ctypes.c_ulong()
    if not ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(mode)):
        return False
    return bool(ctypes.windll.kernel32.SetConsoleMode(handle, mode.value | 4))  # ENABLE_VIRTUAL_TERMINAL_PROCESSING
