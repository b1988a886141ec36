"""A report says nothing that is not so: over the bank, over pairs of its mistakes, over changes of the answers."""

import re
from itertools import pairwise

import numpy as np
import pytest

import trials
from dropout_lab.checks import mistakes
from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.verdicts import diagnose, judge, observe
from dropout_lab.checks.words import describe
from mutants import functions_of, mutants

BANK, RIGHT = mistakes.load_all()
TWO_NUMBERS = re.compile(r"is (\S+) where (\S+) is right")
LONGEST = 700  # characters in all, headline and details


def faults(verdict):
    """What is wrong with a report, in words; empty if nothing is."""
    text = " ".join((verdict.headline, *verdict.details))
    found = [f"{a} is said to be wrong and right" for a, b in TWO_NUMBERS.findall(text) if a.strip(".,;:") == b]
    if re.search(r"array\(|\[\[|\bdtype\(|<[\w. ]+ object at |Ellipsis", text):
        found.append(f"the raw form of an array or object: {text}")
    if len(text) > LONGEST:
        found.append(f"{len(text)} characters")
    return found


def unfit(name, functions, seed):
    """Named causes, one of whose own numbers does not fit what was seen."""
    failing = [a for a in observe(name, functions, seed) if not a.ok]
    seen, named = {a.name: a for a in failing}, diagnose(name, failing, seed)
    told = {n for n, a in seen.items() if isinstance(a.seen, str)}
    bad = []
    for mistake, names in named:
        own = {a.name: a for a in observe(name, mistake.functions(RIGHT), seed) if a.name in names}
        off = [n for n in names if not seen[n].alike(own[n]) and not own[n].echoes(told)]
        if off and not set(seen) - names:
            bad.append((mistake.id, off))
    return bad


def joined(first, second):
    """A function with two faults: what the second does to what comes out of the first, as far as both are functions
    of the same arguments that return the same things; entry by entry, the first fault that shows.
    """

    def both(*args, **kwargs):
        a, b = first(*args, **kwargs), second(*args, **kwargs)
        if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b) > 1:
            return (a[0], *b[1:])
        return a

    return both


@pytest.mark.parametrize("name", EXERCISES)
def test_the_report_on_a_known_mistake_is_so(name):
    """Every third of them; `test_bank` judges all."""
    for entry in BANK[name][::3]:
        assert not faults(judge(name, entry.functions(RIGHT), seed=1)), entry.id


@pytest.mark.parametrize(
    "name", [n for n, e in EXERCISES.items() if e.module in ("layers", "network") and len(BANK[n]) > 1]
)
def test_of_two_mistakes_at_once_no_cause_is_named_whose_numbers_do_not_fit(name):
    own = EXERCISES[name].function
    for one, other in pairwise([m for m in BANK[name] if not m.beside]):
        two = Functions({**one.functions(RIGHT), own: guard(own, joined(one.function, other.function))})
        assert not unfit(name, two, seed=1), (one.id, other.id)
        assert not faults(judge(name, two, seed=1)), (one.id, other.id)


@pytest.mark.parametrize("form", list(trials.answers()), ids=lambda form: form.own)
def test_the_report_on_a_change_of_an_answer_is_so(form):
    """One change in forty, or eighty; `test_mutants` tries all of them."""
    source = form.path.read_text(encoding="utf-8")
    completed = load()
    for mutant in list(mutants(source, form.own))[
        :: 40 if form.module in ("layers", "network", "gradcheck", "training") else 80
    ]:
        namespace = functions_of(source, mutant)
        functions = Functions({**completed, **{k: guard(k, namespace[own]) for k, own in form.functions}})
        for exercise in trials.exercises_for(form.name)[:1]:
            assert not faults(judge(exercise.name, functions, seed=2)), mutant.change
            assert not unfit(exercise.name, functions, seed=2), mutant.change


def test_a_cause_whose_numbers_do_not_fit_is_seen():
    """The planted fault: sightings that are always alike."""
    entry, other = BANK["affine_backward"][0], RIGHT["affine_backward"]

    def wrong(dout, cache):
        dx, dw, db = other(dout, cache)
        return dx, dw, 0.37 * db

    functions = Functions({**entry.functions(RIGHT), "affine_backward": guard("affine_backward", wrong)})
    assert not unfit("affine_backward", functions, seed=1)
    with pytest.MonkeyPatch.context() as patch:
        alike = Aspect.alike
        patch.setattr(Aspect, "alike", lambda self, other: True)
        failing = [a for a in observe("affine_backward", functions, 1) if not a.ok]
        named = diagnose("affine_backward", failing, 1)
        patch.setattr(Aspect, "alike", alike)
        assert named
    mistake, names = named[0]
    seen = {a.name: a for a in failing}
    own = {a.name: a for a in observe("affine_backward", mistake.functions(RIGHT), 1) if a.name in names}
    assert any(not seen[n].alike(own[n]) for n in names)


def test_two_numbers_that_print_alike_are_told_with_digits_until_they_differ():
    got, want = np.array([5.13042, 2.0, 1.0]), np.array([5.13011, 2.5e-4 + 2.0, 1.0])
    (is_, right), *_ = TWO_NUMBERS.findall(describe("db", got, want))
    assert (is_, right) == ("5.1304", "5.1301")
    assert not same_words(got, want)


def same_words(got, want):
    return [a for a, b in TWO_NUMBERS.findall(describe("db", got, want)) if a == b]


def test_a_value_that_is_far_too_small_is_not_alike_to_zeros():
    tiny, nothing = (Aspect("grad", np.full(3, size), False, "") for size in (1e-10, 0.0))
    assert not tiny.alike(nothing)
    assert tiny.alike(Aspect("grad", np.full(3, 1e-10 * (1 + 1e-8)), False, ""))
