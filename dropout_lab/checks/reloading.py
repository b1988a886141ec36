"""A saved edit counts: before a cell or a check runs, what changed on disk is loaded again."""

import importlib
import sys

from dropout_lab.checks import rebinding
from dropout_lab.checks.functions import student_line
from dropout_lab.checks.loading import Loader, in_force, remember_lines

_troubles = {}  # full name of a module -> why it does not load as it is now on disk


def refresh():
    """Load again the students' modules that changed on disk, and those that import from them.

    Returns
    -------
    remarks : list of str
        A sentence or two for each module that does not load as it is now on disk, as long as that is so: the version
        before it stays in force. And one for each function that has just gone from its file while the notebook has it.
    """
    importlib.invalidate_caches()
    modules, renewed = _loaded(), {}
    for name in [name for name in _troubles if name not in modules]:
        del _troubles[name]
    for module in _in_order(modules):
        if _is_stale(module, renewed) and _load(module):
            renewed[module.__name__] = module
    remarks = [f"{why} Until this is mended and saved, the version before it counts." for why in _troubles.values()]
    return remarks + [_lost(name, module) for module in renewed.values() for name in rebinding.lost(module)]


def _is_stale(module, renewed):
    """Whether a module's text is not the one that it last ran or tried to, or one that it imports from is new."""
    try:
        text = module.__loader__.get_data(module.__file__)
    except OSError as error:
        reason = "is gone" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        _troubles[module.__name__] = f"{_file(module)} {reason}."
        module.__loader__.source = None  # what stands there next is new, whatever it says
        return False
    return text != module.__loader__.source or not in_force[module.__name__].needs.isdisjoint(renewed)


def _load(module):
    """Whether a module loads as it is now on disk."""
    name = module.__name__
    _troubles.pop(name, None)
    try:
        importlib.reload(module)
    except (Exception, KeyboardInterrupt, SystemExit) as error:  # noqa: BLE001 - a student's module raises anything
        _troubles[name] = _does_not_load(module, error)
        remember_lines(module.__file__, in_force[name].source)
        return False
    return True


def _does_not_load(module, error):
    where, code = student_line(error)
    if isinstance(error, SyntaxError):
        return f"{where or _file(module)}: {error.msg}."
    said = str(error).replace(f" ({getattr(error, 'path', '')})", "")  # of a failed import, where it looked
    line = f" `{code}`" if code else ""
    return f"{where or _file(module)}: it raised {type(error).__name__}: {said}.{line}".replace("..", ".")


def _lost(name, module):
    return f"`{name}` is no longer in {_file(module)}. Where this notebook uses it, the version before it counts."


def _file(module):
    return f"{module.__name__.replace('.', '/')}.py"


def _loaded():
    """{full name: module} of the students' modules in use."""
    return {n: m for n, m in list(sys.modules.items()) if isinstance(getattr(m, "__loader__", None), Loader)}


def _in_order(modules):
    """The modules, each after those that it imports from; a circle is entered at its first name."""
    ordered, entered = [], set()

    def visit(name):
        if name in modules and name not in entered:
            entered.add(name)
            for other in sorted(in_force[name].needs):
                visit(other)
            ordered.append(modules[name])

    for name in sorted(modules):
        visit(name)
    return ordered
