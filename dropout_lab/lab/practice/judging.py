"""How a function of a notebook cell is judged: on fresh inputs, beside the right one and beside known mistakes.

try_out = Judge(crossed=Practice(right, cases, {"title of a mistake": wrong, ...}))
try_out(crossed)         prints ✓, ✗ with what was seen, or ○ while it is blank
"""

import copy
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from dropout_lab.lab.show import rounded, say


@dataclass(frozen=True)
class Practice:
    """What is known of one function of a notebook.

    `right` computes it, `cases(rng)` lists the arguments that it is tried on, `wrong` holds known mistakes by the
    sentence that a student who made one needs.
    """

    right: Callable
    cases: Callable
    wrong: dict = field(default_factory=dict)
    close: float = 1e-6  # relative


class Judge:
    """`judge(function)` prints what is so of a function, known by its name."""

    def __init__(self, **practices):
        self.practices = practices

    def __call__(self, function, seed=None):
        name = function.__name__
        if name not in self.practices:
            say(f"○ no judge knows `{name}`; it knows {', '.join(self.practices)}")
            return
        practice, seed = self.practices[name], secrets.randbits(32) if seed is None else seed
        cases = practice.cases(np.random.default_rng(seed))
        seen = [_outcome(function, case) for case in cases]
        if all(result is None for result in seen):
            say(f"○ `{name}` returns nothing yet: it is yours to write.")
            return
        wanted = [_outcome(practice.right, case) for case in cases]
        off = [i for i in range(len(cases)) if not _alike(seen[i], wanted[i], practice.close)]
        if not off:
            say(f"✓ `{name}` · {len(cases)} of {len(cases)}")
            return
        say(f"✗ `{name}` · {_known(practice, cases, seen) or _difference(cases[off[0]], seen[off[0]], wanted[off[0]])}")


@dataclass(frozen=True)
class _Raised:
    what: str


@dataclass(frozen=True)
class _Changed:
    """An argument that is not what it was."""

    number: int


def _outcome(function, case):
    """What a function gives, or that it raised, or that it changed an argument. It is handed copies."""
    given = copy.deepcopy(case)
    try:
        with np.errstate(all="ignore"):
            result = function(*given)
    except Exception as error:  # noqa: BLE001 - a student's function raises anything
        return _Raised(f"{type(error).__name__}: {error}")
    for number, (before, after) in enumerate(zip(case, given, strict=True), start=1):
        if _arrays(before) != _arrays(after):
            return _Changed(number)
    return result


def _arrays(argument):
    """What an argument holds of arrays, as bytes: a generator may move on, they may not."""
    if isinstance(argument, dict):
        return {name: _arrays(value) for name, value in argument.items()}
    return argument.tobytes() if isinstance(argument, np.ndarray) else None


def _alike(got, want, close):
    if isinstance(want, dict):
        same_keys = isinstance(got, dict) and got.keys() == want.keys()
        return same_keys and all(_alike(got[key], want[key], close) for key in want)
    if isinstance(want, tuple):
        return (
            isinstance(got, (tuple, list)) and len(got) == len(want) and all(map(_alike, got, want, [close] * len(got)))
        )
    if isinstance(got, (_Raised, _Changed)) or isinstance(want, (_Raised, _Changed)):
        return type(got) is type(want)
    try:
        got, want = np.asarray(got, float), np.asarray(want, float)
    except (TypeError, ValueError):
        return False
    return got.shape == want.shape and np.allclose(got, want, rtol=close, atol=close * 1e-3, equal_nan=True)


def _known(practice, cases, seen):
    """The sentence of the mistake that gives the same in every case, or None."""
    for sentence, wrong in practice.wrong.items():
        if all(_alike(result, _outcome(wrong, case), 1e-9) for result, case in zip(seen, cases, strict=True)):
            return sentence
    return None


def _difference(case, got, want):
    if isinstance(got, _Raised):
        return f"it raised {got.what}."
    if isinstance(got, _Changed):
        return f"it changed its argument {got.number} in place; whoever called still needs that."
    small = [a for a in case if np.size(a) <= 8 and isinstance(a, (int, float, np.ndarray, np.generic))]
    given = f" for {', '.join(map(_words, small))}" if len(small) == len(case) else ""
    return f"it gave {_words(got)} where {_words(want)} is right{given}."


def _words(value):
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(_words, value)) + ")"
    if isinstance(value, np.ndarray) and value.size > 8:
        return f"an array {value.shape} that begins with {rounded(value.ravel()[:3])}"
    return rounded(value) if isinstance(value, (int, float, bool, np.ndarray, np.generic)) else repr(value)[:60]
