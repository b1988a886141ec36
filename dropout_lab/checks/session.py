"""`check` and `hint`, as a student calls them in a notebook or at a prompt."""

import contextlib
import importlib.util
import io
import sys
from pathlib import Path

from dropout_lab.checks.exercises import MODULES, find
from dropout_lab.checks.functions import load
from dropout_lab.checks.hints import hint_text
from dropout_lab.checks.reports import CheckFailed, Report, as_text
from dropout_lab.checks.verdicts import judge

_broken = {}  # module -> why it does not load
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
    broken = reload_changed()
    with contextlib.redirect_stdout(io.StringIO()):
        verdict = judge(name, load(broken), seed)
    if verdict.status == "blank":
        raise NotImplementedError(verdict.headline)
    if verdict.status != "passed":
        raise CheckFailed(verdict)
    _show(Report(verdict))


def hint(name):
    """Show the next of an exercise's three hints; after the third it starts again."""
    _revealed[name] = _revealed.get(name, 0) % 3 + 1
    print(hint_text(name, _revealed[name]))


def reload_changed():
    """Load again those of the six modules that were saved since, and what imports them.

    Returns
    -------
    broken : {module name: exception}
        Modules that do not load as they are now on disk. The last good version stays in place.
    """
    changed = [name for name in MODULES if _stamps.get(name) != _stamp(name)]
    if changed:
        for name in MODULES[MODULES.index(changed[0]) :]:
            _stamps[name] = _stamp(name)
            _reload(name)
    return _broken


def _reload(name):
    module = sys.modules.get(f"dropout_lab.{name}")
    _broken.pop(name, None)
    if module is None:
        return
    Path(module.__cached__).unlink(missing_ok=True)  # bytecode knows whole seconds only; edits come faster
    try:
        importlib.reload(module)
    except Exception as error:  # noqa: BLE001 - a student's module raises anything
        _broken[name] = error


def _stamp(name):
    spec = importlib.util.find_spec(f"dropout_lab.{name}")
    if spec is None or spec.origin is None:
        return None
    info = Path(spec.origin).stat()
    return info.st_mtime_ns, info.st_size


def _show(report):
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
        sys.modules["IPython"].display.display(report)
    else:
        print(as_text(report.verdict))


_stamps = {name: _stamp(name) for name in MODULES}  # what is loaded from now on is what is on disk now
