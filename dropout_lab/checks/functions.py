"""The functions under judgement, wrapped so that whatever they do comes back as something to report."""

import dis
import importlib
import linecache
import traceback
import warnings
from pathlib import Path

import numpy as np

from dropout_lab.checks import stubs
from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.words import brief
from dropout_lab.system.deadline import TimeUp

MODULE_OF = {exercise.function: exercise.module for exercise in EXERCISES.values()}


class Blank(Exception):
    """A function that is still a stub. Its text is the stub's own message, with the line."""


class Broke(Exception):
    """A function that raised, could not be loaded, or gave no answer.

    `kind` and `message` are those of the exception, `where` and `code` the student's own line.
    """

    def __init__(self, function, kind, message, where="", code=""):
        super().__init__(f"{kind}: {message}")
        self.function, self.kind, self.message, self.where, self.code = function, kind, message, where, code

    def say(self, judged=None):
        """What happened, where, and the line that did it. `judged` is the function that a report is on."""
        line = f": `{self.code}`" if self.code else ""
        place = f" In {self.where}{line}." if self.where else ""
        words = f": {brief(self.message).rstrip('.')}" if self.message else ""
        who = "it" if judged in (None, self.function) else f"`{self.function}`"
        return f"{who} raised {self.kind}{words}.{place}"


class LeftRaise(Broke):
    """A function that is written, and in which the `raise` of its stub was reached; `message` is its name."""

    def say(self, judged=None):
        """Where it stands."""
        who = "it" if self.message == judged else f"`{self.message}`"
        return f"{who} is no longer blank, but the `raise` of its stub still stands in it: {self.where}."


class Functions(dict):
    """Functions by name; `f.relu_forward(x)` calls one."""

    __getattr__ = dict.__getitem__


def guard(name, function):
    """The function, with its exceptions turned into `Blank` and `Broke` and its warnings kept quiet."""

    def guarded(*args, **kwargs):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return function(*args, **kwargs)
        except (Blank, Broke):
            raise
        except NotImplementedError as error:
            raise not_implemented(name, error) from None
        except BaseException as error:
            if not _is_own(error):
                raise
            raise Broke(name, type(error).__name__, _text(error), *student_line(error, MODULE_OF.get(name))) from None

    return guarded


def _is_own(error):
    """Whether code raised this by itself; what stops it from outside, an interrupt or a time limit, goes on."""
    if isinstance(error, KeyboardInterrupt):
        last = _last(error)
        return last.tb_frame.f_code.co_code[last.tb_lasti] == dis.opmap["RAISE_VARARGS"]
    return not isinstance(error, TimeUp)


def _last(error):
    """Where the traceback of an error ends."""
    last = error.__traceback__
    while last.tb_next:
        last = last.tb_next
    return last


def _text(error):
    """An exception in its own words, if it has any: `__str__` may be a student's too."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a student's method raises anything
        return "an exception without words"


def not_implemented(name, error):
    """What a NotImplementedError says of a function that was called here: `Blank`, `LeftRaise`, or `Broke`."""
    frame, line = _last(error).tb_frame, _last(error).tb_lineno
    source = "".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals))
    path = Path(frame.f_code.co_filename)
    where = f"{_short(path)}, line {line}" if _is_students(path) else f"line {line} of the cell"
    told = of_stub(name, source, line, _text(error), where)
    return told or Broke(name, type(error).__name__, _text(error), *student_line(error, MODULE_OF.get(name)))


def of_stub(name, source, line, message, where):
    """The `Blank` or `LeftRaise` of a NotImplementedError on a line of a text; None if no stub raised it."""
    stub = stubs.around(source, line, message)
    if stub is None:
        return None
    if not stub.blank:
        return LeftRaise(name, "NotImplementedError", stub.name, where)
    return Blank(stubs.sentence(stub.name, message, line))


def student_line(error, module=None):
    """("dropout_lab/layers.py, line 41", "dx = ...") of the last line of student code that ran, else blanks.

    Of the code in `module`, if some of it ran: a network that hands a layer the wrong thing is told its own line, not
    the layer's.
    """
    if isinstance(error, SyntaxError) and error.filename:
        return f"{_short(error.filename)}, line {error.lineno}", (error.text or "").strip()
    frames = traceback.extract_tb(error.__traceback__)
    ours = Path(__file__).parent
    theirs = [frame for frame in frames if _is_students(Path(frame.filename))]
    own = [frame for frame in theirs if Path(frame.filename).stem == module]
    if theirs:
        frame = (own or theirs)[-1]
        return f"{_short(frame.filename)}, line {frame.lineno}", (frame.line or "").strip()
    for frame in reversed(frames):  # a function that was written in a notebook cell
        if ours not in Path(frame.filename).parents and "site-packages" not in frame.filename:
            return f"line {frame.lineno} of the cell", (frame.line or "").strip()
    return "", ""


def _is_students(path):
    return path.parent.name == "dropout_lab" and path.stem not in ("cli", "__main__")


def _short(path):
    return f"dropout_lab/{Path(path).name}"


def load(broken=None):
    """Every function of the exercises from the modules that the import path gives, each guarded.

    A module that does not import, or lacks a function, costs only its own exercises: calling one of them
    raises `Broke` with the reason. `broken` names modules that are known not to load, with the exception.
    """
    importlib.invalidate_caches()
    functions = Functions()
    for module_name in MODULES:
        names = {e.function for e in EXERCISES.values() if e.module == module_name}
        try:
            if broken and module_name in broken:
                raise broken[module_name]
            module = importlib.import_module(f"dropout_lab.{module_name}")
        except Exception as error:  # noqa: BLE001 - a student's module raises anything
            where, code = student_line(error)
            reason = Broke(module_name, type(error).__name__, str(error), where, code)
            functions.update({name: _raiser(name, reason) for name in names})
            continue
        for name in names:
            function = getattr(module, name, None)
            missing = Broke(name, "NameError", f"dropout_lab/{module_name}.py has no function `{name}`")
            functions[name] = guard(name, function) if callable(function) else _raiser(name, missing)
    return functions


def _raiser(name, reason):
    def unavailable(*args, **kwargs):
        raise Broke(name, reason.kind, reason.message, reason.where, reason.code)

    return unavailable


def result_or_broke(call):
    """(result, None), or (None, the Broke that the call raised): for edges where raising is one of the answers."""
    try:
        return call(), None
    except Broke as broke:
        return None, broke
