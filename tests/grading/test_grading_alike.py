"""Across the boundary all is judged as in a lesson: each known mistake in the same words, each right way right."""

import re
import time

import pytest

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions
from dropout_lab.checks.mistakes import load_all
from dropout_lab.checks.verdicts import judge, observe
from dropout_lab.instructor.grading.boundary.proxies import Boundary
from dropout_lab.instructor.grading.boundary.sandbox import Limits, Sandbox
from dropout_lab.instructor.grading.submissions import Submission
from variants import dropout, gradcheck, layers, network, noise, training

SEED = 3
MISTAKES = [m for same in load_all()[0].values() for m in same]

# A module that finds the real package over there, and holds every mistake's functions under names of their own.
BANK = """
import sys
mine = sys.modules[__name__]
finders, sys.meta_path[:] = list(sys.meta_path), [f for f in sys.meta_path if type(f).__name__ != "Package"]
saved = {n: sys.modules.pop(n) for n in list(sys.modules) if n.partition(".")[0] == "dropout_lab"}
sys.path[:0] = [ROOT + '/solutions', ROOT]
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.mistakes import load_all
bank, right = load_all()
for same in bank.values():
    for m in same:
        for name, function in {**right, EXERCISES[m.of].function: m.function, **m.beside}.items():
            globals()[f"{m.of}_{m.id}_{name}"] = function
sys.path.insert(0, HELPERS)
from variants import dropout, gradcheck, layers, network, noise, training
globals().update({f"right_{name}": function for name, function in right.items()})
for module in (gradcheck, layers, network, noise, training):
    for i, variant in enumerate(module.VARIANTS):
        for name, function in variant.items():
            globals()[f"{module.__name__.rpartition('.')[2]}_{i}_{name}"] = function
for i, way in enumerate(dropout.RIGHT):
    for name, function in dropout.functions(way).items():
        globals()[f"dropout_{i}_{name}"] = function
sys.modules.update(saved)
sys.meta_path[:] = finders
"""


@pytest.fixture(scope="module")
def other(root):
    """The other side, with the bank and the right variants."""
    limits = Limits(landlock=False, submission=3600.0, exercise=60.0)  # all of the bank is one submission
    code = f"ROOT, HELPERS = {str(root)!r}, {str(root / 'tests' / 'helpers')!r}\n{BANK}".encode()
    submission = Submission("bank", "bank", {"layers": code})
    one = Boundary(submission, limits, time.monotonic() + limits.submission, lambda: Sandbox("plain", limits))
    one.begin(60.0)
    assert "layers" not in one.unusable, one.unusable["layers"].sentence
    yield one
    one.close()


WAYS = [
    (module.__name__.rpartition(".")[2], i, variant)
    for module in (gradcheck, layers, network, noise, training)
    for i, variant in enumerate(module.VARIANTS)
] + [("dropout", i, dropout.functions(way)) for i, way in enumerate(dropout.RIGHT)]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: f"{way[0]}-{way[1]}-{next(iter(way[2]))}")
def test_a_right_way_is_right_across_the_boundary_too(other, way):
    module, i, variant = way
    names = {name: f"right_{name}" for name in load_all()[1]} | {name: f"{module}_{i}_{name}" for name in variant}
    there = Functions({name: other._proxy(over_there, "layers") for name, over_there in names.items()})
    for exercise in (e.name for e in EXERCISES.values() if e.name in variant):
        other.begin(60.0)
        got = judge(exercise, there, SEED)
        assert got.status == "passed", (exercise, got.headline, got.details)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.of}-{m.id}")
def test_a_mistake_is_seen_across_the_boundary_as_it_is_here(other, mistake):
    here, there = _two_sides(other, mistake)
    got, want = _seen(mistake.of, there), _seen(mistake.of, here)
    assert [name for name, _, _ in got] == [name for name, _, _ in want]
    assert not all(ok for _, ok, _ in got)
    if got[0][0] != "runs":  # an error names the line, which is not the student's here
        assert got == want


@pytest.mark.parametrize("mistake", MISTAKES[::12], ids=lambda m: f"{m.of}-{m.id}")
def test_a_mistake_has_the_verdict_across_the_boundary_that_it_has_here(other, mistake):
    """A verdict follows from what was seen, so that some will do."""
    here, there = _two_sides(other, mistake)
    got, want = judge(mistake.of, there, SEED), judge(mistake.of, here, SEED)
    assert (got.status, got.mistake, got.others) == (want.status, want.mistake, want.others)
    assert got.status in ("failed", "error")


def _two_sides(other, mistake):
    here = mistake.functions(load_all()[1])
    other.begin(30.0)
    return here, Functions({name: other._proxy(f"{mistake.of}_{mistake.id}_{name}", "layers") for name in here})


def _seen(name, functions):
    """The aspects, in words without numbers: a mistake may draw coins that nobody seeded."""
    return [(a.name, a.ok, re.sub(r"\d+(?:\.\d+)?", "#", a.say)) for a in observe(name, functions, SEED)]
