"""`check` and `hint`, as a student calls them in a notebook or at a prompt."""

import contextlib
import io
import sys

from dropout_lab.checks.exercises import find
from dropout_lab.checks.functions import load
from dropout_lab.checks.hints import hint_text
from dropout_lab.checks.reloading import refresh
from dropout_lab.checks.reports import CheckFailed, Report
from dropout_lab.checks.verdicts import judge

_revealed = {}  # exercise -> how many hints were shown


def check(name, seed=0):
    """Check one exercise as it is now on disk, and show the report.

    Parameters
    ----------
    name : str
        Such as "affine_forward". `dropout-lab check` in a terminal lists all.
    seed : int
        For the inputs of the check.

    Raises
    ------
    CheckFailed
        If the function is not right; a notebook shows the report alone.
    NotImplementedError
        If it is still a stub.
    """
    find(name)
    remarks = refresh()
    with contextlib.redirect_stdout(io.StringIO()):
        verdict = judge(name, load(), seed)
    if verdict.status == "blank":
        raise NotImplementedError(verdict.headline)
    if verdict.status != "passed":
        raise CheckFailed(verdict, remarks)
    _show(Report(verdict, remarks))


def hint(name):
    """Show the next of an exercise's three hints; after the third it starts again."""
    _revealed[name] = _revealed.get(name, 0) % 3 + 1
    print(hint_text(name, _revealed[name]))


def _show(report):
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
        sys.modules["IPython"].display.display(report)
    else:
        print(report)
