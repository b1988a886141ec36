"""What every lesson's set-up cell does."""

from html import escape
from pathlib import Path

from IPython import get_ipython
from IPython.core.pylabtools import print_figure
from IPython.display import display
from matplotlib.figure import Figure

from dropout_lab.checks import lesson
from dropout_lab.checks.cards import NOTEBOOK, of_raise
from dropout_lab.checks.exercises import MODULES
from dropout_lab.checks.functions import Broke, LeftRaise, not_implemented
from dropout_lab.checks.reloading import refresh
from dropout_lab.checks.reports import CheckFailed, Report, as_text
from dropout_lab.lab import plots
from dropout_lab.lab.progress import has_a_reader, watched
from dropout_lab.system import course, places


def start(number=None):
    """Say which lesson this is; a saved edit counts in the next cell, a blank speaks in a line, figures have words."""
    _find_functions()
    lesson.enter(number)
    shell = get_ipython()
    shell.events.register("pre_run_cell", _renew)
    shell.set_custom_exc((CheckFailed, NotImplementedError), _show_card)
    shell.run_line_magic("matplotlib", "inline")  # now, because it forgets how figures were to be shown before
    shell.display_formatter.formatters["image/png"].for_type(Figure, _as_png)
    shell.display_formatter.formatters["text/html"].for_type(Figure, _as_html)
    plots.use_style()


def _find_functions():
    """Import a student's functions from the folder that is worked in; where there is none, begin one here."""
    folder = places.functions_folder()
    if folder is None:
        folder = Path.cwd()
        try:
            course.init(folder)
        except course.CourseError as error:
            print(f"✗ There is no course at or above this notebook, and none could be made here: {error}")
            return
        print(f"There was no course at or above {folder}. Its functions, blank, are now in {folder / 'dropout_lab'}.")
    if told := places.disagreement(folder):
        print(told)
    places.work_in(folder, MODULES)


def _renew(info=None):
    """Before a cell: what is on disk counts, and what cannot count is said."""
    for remark in refresh():
        print(f"✗ {remark}")


def _show_card(shell, kind, error, trace, tb_offset=None):
    """The card of a check that was not passed, or of a stub that was called, without the way that led to it.

    The cell has failed all the same: what runs a notebook stops here. Where nobody reads, it is told in an error
    message, the only thing that nbval looks for; JupyterLab would show that in a box of its own beside the card.
    """
    told = error if isinstance(error, CheckFailed) else not_implemented("", error.with_traceback(trace))
    if isinstance(told, Broke) and not isinstance(told, LeftRaise):
        lines = shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset)
        shell._showtraceback(kind, error, lines)
        return lines
    card = told.card if isinstance(told, CheckFailed) else of_raise(told, NOTEBOOK)
    lines = as_text(card).splitlines()
    if has_a_reader():
        display(Report(card))
        shell._last_traceback = lines
    else:
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
