"""Every small change of a completed answer is rejected, or is listed with the reason why it is no mistake."""

import pytest

import trials
from dropout_lab.checks.verdicts import witness
from mutants import mutants


@pytest.fixture(scope="module")
def tried():
    """{form: [(change, fate)]} of the completed answers."""
    return trials.try_all(list(trials.answers()))


def test_a_change_of_an_answer_is_rejected_or_listed_with_a_reason(tried):
    unexplained = [mutant for mutant in trials.survivors(tried) if mutant not in trials.listed()]
    assert not unexplained


def test_nothing_is_listed_that_is_rejected_or_is_no_change_any_more(tried):
    assert not set(trials.listed()) - set(trials.survivors(tried))


def test_there_are_thousands_of_changes_and_dozens_of_each_function(tried):
    assert sum(map(len, tried.values())) > 3500
    assert min(map(len, tried.values())) > 10


def test_a_judge_that_overlooks_some_aspects_lets_changes_pass(monkeypatch):
    form = next(form for form in trials.answers() if form.own == "affine_backward")
    seen = ("dx", "dw", "`dx` in float32", "`dw` in float32")

    def blind(name, functions, seed):
        yield from (aspect for aspect in witness(name, functions, seed) if aspect.name in seen)

    source = form.path.read_text()
    changes = [m for m in mutants(source, form.own) if "dout.sum" in m.change]
    monkeypatch.setattr(trials, "witness", blind)
    assert any(trials.fate(form, source, mutant) == "survived" for mutant in changes)


def test_a_change_is_made_once_and_known_by_its_line():
    source = "def f(x, y):\n    '''Text.'''\n    return x - y\n"
    changes = [m.change for m in mutants(source, "f")]
    assert len(changes) == len(set(changes))
    assert "return x - y  ->  return x + y" in changes
    assert "return x - y  ->  return y - x" in changes
    assert "return x - y  ->  return x" in changes
    assert "return x - y  ->  (left out)" in changes
    assert changes == [m.change for m in mutants("\n\n" + source, "f")]
