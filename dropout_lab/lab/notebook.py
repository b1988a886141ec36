"""What every lesson's set-up cell does."""

from html import escape
from importlib.util import find_spec
from pathlib import Path

from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure

from dropout_lab.checks import lesson
from dropout_lab.checks.functions import stub_message
from dropout_lab.checks.reloading import refresh
from dropout_lab.lab import plots
from dropout_lab.lab.progress import watched


def start(number=None):
    """Say which lesson this is; a saved edit counts in the next cell, a blank speaks in a line, figures have words."""
    lesson.enter(number)
    shell = get_ipython()
    shell.events.register("pre_run_cell", _renew)
    shell.set_custom_exc((NotImplementedError,), _show_blank)
    shell.run_line_magic("matplotlib", "inline")  # now, because it forgets how figures were to be shown before
    shell.display_formatter.formatters["image/png"].for_type(Figure, _as_png)
    shell.display_formatter.formatters["text/html"].for_type(Figure, _as_html)
    plots.use_style()
    home = Path(find_spec("dropout_lab.layers").origin).parent
    if "site-packages" in home.parts:
        print(
            f"The exercises are read from {home}, a copy that you will not edit."
            " Install again from the course's folder with: python -m pip install -e ."
        )


def _renew(info=None):
    """Before a cell: what is on disk counts, and what cannot count is said."""
    for remark in refresh():
        print(f"✗ {remark}")


def _show_blank(shell, kind, error, trace, tb_offset=None):
    """A stub's message alone, without the way that led to it."""
    lines = [f"○ {stub_message(error.with_traceback(trace))}"]
    shell._showtraceback(kind, error, lines)
    return lines


def _as_png(figure):
    """The picture, with its text beside it, where converters to paper and pages look for it."""
    return print_figure(figure, metadata={"Software": None}), {"alt": plots.in_words(figure)}


def _as_html(figure):
    """The picture with its text for a reader in front of JupyterLab, which gives images of its own none.

    A notebook that runs by itself does without: nbval would compare the pixels, and GitHub would not show them.
    """
    if not watched():
        return None
    data = print_figure(figure, base64=True)
    return f'<img class="dl-figure" alt="{escape(plots.in_words(figure))}" src="data:image/png;base64,{data}">'
