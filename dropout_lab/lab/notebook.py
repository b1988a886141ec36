"""What every lesson's set-up cell does."""

import traceback
from html import escape
from importlib.util import find_spec
from pathlib import Path

from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from IPython.display import display
from matplotlib.figure import Figure

from dropout_lab.checks import lesson
from dropout_lab.checks.cards import NOTEBOOK, blank
from dropout_lab.checks.functions import stub_message
from dropout_lab.checks.reloading import refresh
from dropout_lab.checks.reports import CheckFailed, Report, as_text
from dropout_lab.lab import plots
from dropout_lab.lab.progress import watched


def start(number=None):
    """Say which lesson this is; a saved edit counts in the next cell, a blank speaks in a line, figures have words."""
    lesson.enter(number)
    shell = get_ipython()
    shell.events.register("pre_run_cell", _renew)
    shell.set_custom_exc((CheckFailed, NotImplementedError), _show_card)
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


def _show_card(shell, kind, error, trace, tb_offset=None):
    """The card of a check that was not passed, or of a stub that was called, without the way that led to it.

    The cell has failed all the same: what runs a notebook stops here, and is told the card as text.
    """
    if not isinstance(error, CheckFailed) and not _is_ours(trace):
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
        shell._showtraceback(kind, error, lines)
        return lines
    card = error.card if isinstance(error, CheckFailed) else blank(stub_message(error.with_traceback(trace)), NOTEBOOK)
    display(Report(card))
    shell._last_traceback = as_text(card).splitlines()
    return shell._last_traceback


def _is_ours(trace):
    """Whether an exception was raised by the course, a student's module or a cell, and not by a library."""
    *_, (frame, _) = traceback.walk_tb(trace)
    return "site-packages" not in frame.f_code.co_filename or "dropout_lab" in frame.f_globals.get("__name__", "")


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
