"""Across the boundary every known mistake is seen as it is in a lesson: same status, same mistake, same words."""

import pytest

from dropout_lab.checks.functions import Functions
from dropout_lab.checks.mistakes import load_all
from dropout_lab.checks.verdicts import judge
from dropout_lab.instructor.grading.boundary.proxies import Boundary
from dropout_lab.instructor.grading.boundary.sandbox import Limits

SEED = 3
MISTAKES = [m for same in load_all()[0].values() for m in same]

# A module that finds the real package over there, and holds every mistake's functions under names of their own.
BANK = """
import sys
mine = sys.modules[__name__]
finders, sys.meta_path[:] = list(sys.meta_path), [f for f in sys.meta_path if type(f).__name__ != "Submission"]
saved = {n: sys.modules.pop(n) for n in list(sys.modules) if n.partition(".")[0] == "dropout_lab"}
sys.path.insert(0, ROOT)
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.mistakes import load_all
bank, right = load_all()
for same in bank.values():
    for m in same:
        for name, function in {**right, EXERCISES[m.of].function: m.function, **m.beside}.items():
            globals()[f"{m.of}_{m.id}_{name}"] = function
sys.modules.update(saved)
sys.meta_path[:] = finders
"""


@pytest.fixture(scope="module")
def other(root):
    """The other side, with the bank."""
    one = Boundary(
        {"layers": f"ROOT = {str(root)!r}\n{BANK}".encode()}, "plain", Limits(landlock=False, submission=600.0)
    )
    one.begin(60.0)
    assert "layers" not in one.unusable, one.unusable["layers"].sentence
    yield one
    one.close()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda m: f"{m.of}-{m.id}")
def test_a_mistake_is_judged_across_the_boundary_as_it_is_here(other, mistake):
    here = mistake.functions(load_all()[1])
    there = Functions({name: other._proxy(f"{mistake.of}_{mistake.id}_{name}", "layers") for name in here})
    other.begin(30.0)
    got, want = judge(mistake.of, there, SEED), judge(mistake.of, here, SEED)
    assert (got.status, got.mistake, got.others) == (want.status, want.mistake, want.others)
    assert got.status in ("failed", "error", "blank")
    if got.status == "failed":  # an error names the line, which is not the student's here
        assert (got.headline, got.details) == (want.headline, want.details)
