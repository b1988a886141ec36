"""What is blank, on every surface: a stub as it was handed out. A `raise` that was left in written code is not."""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

from dropout_lab.checks.exercises import EXERCISES

OWN = re.compile(r"`(\w+)` is still blank")  # what a stub says


@dataclass(frozen=True)
class Stub:
    """A function whose stub's `raise` was reached: its name, and whether that is all there is of it."""

    name: str
    blank: bool


def around(source, line, message):
    """The stub around a line of a text that raised NotImplementedError; None if it was a student's own exception.

    Parameters
    ----------
    source : str
    line : int
    message : str
        Of the exception.
    """
    own = OWN.search(message)
    functions = [f for f in _functions(source) if f.lineno <= line <= f.end_lineno]
    if not functions:
        return Stub(own[1], True) if own else None
    name, alone = functions[-1].name, not _is_written(functions[-1].body)
    if own:
        moved = name != own[1] and any(f.name == own[1] for f in _functions(source))
        return Stub(own[1], alone and not moved)
    return Stub(name, True) if alone and any(e.function == name for e in EXERCISES.values()) else None


def sentence(name, message, line):
    """That a function is blank, and where it stands; `message` is that of its stub, if it still has one."""
    if not OWN.search(message):
        exercise = next(e for e in EXERCISES.values() if e.function == name)
        message = f"`{name}` is still blank. {exercise.place}"
    return f"{message}, line {line}."


@lru_cache(maxsize=16)
def _functions(source):
    """The functions of a text, each after those that it stands in; none where Python cannot read it."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return tuple(sorted(found, key=lambda node: (node.lineno, -node.end_lineno)))


def _is_written(body):
    """Whether a body holds more than a stub has: a docstring, checks of arguments and what they look at, a raise."""
    looked_at = {node.id for guard in filter(_is_guard, body) for node in ast.walk(guard) if isinstance(node, ast.Name)}
    return not all(
        isinstance(s, ast.Raise) or _is_text(s) or _is_guard(s) or not looked_at.isdisjoint(_bound(s)) for s in body
    )


def _bound(statement):
    """The names that an assignment binds."""
    targets = statement.targets if isinstance(statement, ast.Assign) else ()
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _is_text(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_guard(statement):
    """A check of arguments: what only raises, or calls a function that checks."""
    if isinstance(statement, (ast.If, ast.For)):
        return all(isinstance(s, ast.Raise) or _is_guard(s) for s in (*statement.body, *statement.orelse))
    called = getattr(getattr(statement, "value", None), "func", None)
    return (
        isinstance(statement, ast.Expr)
        and isinstance(called, ast.Name)
        and called.id.startswith(("check_", "_require"))
    )
