"""Nothing that a function returns, raises or does to its arguments crashes the judge or passes for right."""

import json
from functools import cache

import numpy as np
import pytest

from dropout_lab.checks import mistakes, verdicts
from dropout_lab.checks.cards import NOTEBOOK, card_of
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Broke, Functions, guard
from dropout_lab.checks.reports import as_html, as_text
from dropout_lab.checks.verdicts import judge
from dropout_lab.checks.words import bare_array, same

BANK, RIGHT = mistakes.load_all()
EARLY = [
    name
    for name, e in EXERCISES.items()
    if e.module in ("layers", "gradcheck", "training")
    or name in ("init_params", "mlp_forward", "mlp_backward", "loss_and_grads")
]


class Liar(np.ndarray):
    """An array that answers every question with yes, and every difference with 0."""

    def __eq__(self, other):
        return True

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return np.zeros(()) if ufunc is not np.isfinite else np.array(True)

    def __array_function__(self, function, types, args, kwargs):
        return True

    def __getattribute__(self, name):
        return (
            (5, 3) if name == "shape" else np.dtype(float) if name == "dtype" else object.__getattribute__(self, name)
        )


class Yes:
    """Equal to everything, and impossible to convert, to measure or to print."""

    def __eq__(self, other):
        return True

    __hash__ = None

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")

    def __len__(self):
        raise RuntimeError("no length")

    def __repr__(self):
        raise RuntimeError("no repr")

    def __getattr__(self, name):
        raise RuntimeError("no attribute")


class Short(tuple):
    """A tuple that lies about its length."""

    def __len__(self):
        return 2

    def __iter__(self):
        raise RuntimeError("no end")


OBJECTS = np.empty((5, 3), object)
OBJECTS[0, 0] = Yes()
THINGS = {
    "None": None,
    "nan": np.nan,
    "infinity": np.inf,
    "True": True,
    "a complex number": 1j,
    "a string": "right",
    "a huge integer": 10**400,
    "an empty list": [],
    "nested lists": [[1.0, 2.0], [3.0]],
    "a dictionary": {1: 2},
    "a 0-d array": np.array(1.0),
    "an empty array": np.zeros((0, 3)),
    "complex": np.ones((5, 3), complex),
    "objects": OBJECTS,
    "strings": np.full((5, 3), "1.0"),
    "nan everywhere": np.full((5, 3), np.nan),
    "times": np.zeros((5, 3), "datetime64[s]"),
    "records": np.zeros(5, dtype=[("a", float)]),
    "masked": np.ma.masked_all((5, 3)),
    "a liar": np.ones((5, 3)).view(Liar),
    "yes": Yes(),
    "a short tuple": Short((1, 2, 3)),
    "an iterator": iter([]),
    "a class": Yes,
    "a function": print,
    "a very large array": np.broadcast_to(1.0, (10**6, 10**6)),
    "an error": Broke("f", "ValueError", "fake"),
}
WRAPS = {
    "alone": lambda t: t,
    "as one of two": lambda t: (t, t),
    "as one of three": lambda t: (t, t, t),
    "in a list": lambda t: [t, None],
    "in a dictionary": lambda t: dict.fromkeys(["W1", "b1", "W2", "b2", "W3", "b3", "W4", "b4"], t),
    "in two dictionaries": lambda t: ({"W1": t, "b1": t, "W2": t},) * 2,
    "beside a dictionary": lambda t: (1.0, {"W1": t, "b1": t, "W2": t, "b2": t}),
}


@pytest.mark.parametrize("name", EARLY)
def test_whatever_comes_back_is_judged_and_is_not_right(name, monkeypatch):
    """What it stands on is right, and is judged once."""
    right = Functions({k: guard(k, f) for k, f in RIGHT.items()})
    fails = cache(lambda below, seed, judged=verdicts._fails: judged(below, right, seed))
    monkeypatch.setattr(verdicts, "_fails", lambda below, functions, seed: fails(below, seed))
    own = EXERCISES[name].function
    for wrap in WRAPS.values():
        for thing in map(wrap, THINGS.values()):
            functions = Functions(
                {k: guard(k, f) for k, f in {**RIGHT, own: lambda *a, thing=thing, **k: thing}.items()}
            )
            verdict = judge(name, functions)
            assert verdict.status in ("failed", "error")
            json.dumps(verdict.record())
            assert len(as_text(card_of(verdict, NOTEBOOK))) < 2500
            assert as_html(card_of(verdict, NOTEBOOK))


@pytest.mark.parametrize(
    "error", [ValueError("no"), SystemExit(3), RecursionError(), MemoryError(), AssertionError("{}"), KeyError(Yes)]
)
@pytest.mark.parametrize("name", EARLY)
def test_whatever_is_raised_is_said(name, error):
    def raising(*args, **kwargs):
        raise error

    functions = Functions({k: guard(k, f) for k, f in {**RIGHT, EXERCISES[name].function: raising}.items()})
    verdict = judge(name, functions)
    assert verdict.status == "error"
    assert type(error).__name__ in as_text(card_of(verdict, NOTEBOOK))


@pytest.mark.parametrize("name", EARLY)
def test_whatever_is_done_to_the_arguments_the_judge_keeps_its_own(name):
    def vandal(*args, **kwargs):
        for a in args:
            for array in a.values() if isinstance(a, dict) else (a,):
                if isinstance(array, np.ndarray) and array.flags.writeable:
                    array[...] = 0
            if isinstance(a, dict | list):
                a.clear()
        return RIGHT[name](*args, **kwargs)

    own = EXERCISES[name].function
    first = judge(name, Functions({k: guard(k, f) for k, f in {**RIGHT, own: vandal}.items()}), seed=7)
    assert first.status in ("failed", "error")
    after = judge(name, Functions({k: guard(k, f) for k, f in RIGHT.items()}), seed=7)
    assert after.status == "passed"


def test_an_array_that_claims_to_be_equal_is_read_as_its_numbers():
    liar = np.ones((5, 3)).view(Liar)
    assert type(bare_array(liar)) is np.ndarray
    assert not same(liar, np.zeros((5, 3)))
    assert same(np.zeros((5, 3)).view(Liar), np.zeros((5, 3)))


def test_a_very_large_array_is_known_by_its_shape():
    assert not same(np.broadcast_to(1.0, (10**6, 10**6)), np.ones((10**6, 1)))


def test_nothing_is_right_by_broadcasting_or_by_nan():
    assert not same(np.zeros((3, 1)), np.zeros(3))
    assert not same(np.array([np.nan]), np.array([np.nan]))
    assert not same(np.zeros(3), 0.0)
    assert same(0.1 + 0.2, np.float64(0.3))
