"""The bug hunt deals fairly, gives nothing away, and counts right."""

import numpy as np
import pytest

from dropout_lab.checks.functions import Functions, guard
from dropout_lab.checks.verdicts import judge
from dropout_lab.lab.hunt.suspects import _RIGHT, KINDS, draw, score
from variants.dropout import quick


def verdicts(layer):
    functions = {"dropout_forward": layer.forward, "dropout_backward": layer.backward}
    guarded = Functions({name: guard(name, f) for name, f in functions.items()})
    return [judge(name, guarded) for name in functions]


def test_the_checks_solve_a_hunt():
    for seed in range(4):
        layers = draw(seed)
        convicted = [layer.letter for layer in layers if any(v.status != "passed" for v in verdicts(layer))]
        result = score(layers, convicted)
        assert len(result.hits) == 8
        assert len(result.acquitted) == 2
        assert not result.missed
        assert not result.wronged


@pytest.mark.parametrize("title", _RIGHT)
def test_a_right_layer_passes(title):
    """Rejected wrongly with probability below 2e-7 in all: 400 checks of 4e-10 each."""
    forward, backward = _RIGHT[title]
    functions = Functions(dropout_forward=quick("forward", forward), dropout_backward=quick("backward", backward))
    for seed in range(50):
        for name in functions:
            assert judge(name, functions, seed).status == "passed", (name, seed)


def test_every_wrong_layer_that_can_be_drawn_is_wrong():
    for layer in draw(0, wrong=sum(map(len, KINDS.values())), right=0):
        assert any(v.status != "passed" for v in verdicts(layer)), layer._case


def test_a_hunt_mixes_all_kinds_and_the_same_seed_deals_the_same():
    for seed in range(50):
        layers, again = draw(seed), draw(seed)
        ids = [layer._case.id for layer in layers]
        assert ids == [layer._case.id for layer in again]
        assert "".join(layer.letter for layer in layers) == "ABCDEFGHIJ"
        assert ids.count(None) == 2
        assert len(set(ids)) == 9
        assert all(any(id in kind for id in ids) for kind in KINDS.values())
    assert len({tuple(layer._case.id for layer in draw(seed)) for seed in range(50)}) == 50


def test_a_layer_gives_nothing_away():
    shown = {
        (
            repr(la).replace(la.letter, "?"),
            la.forward.__name__,
            la.forward.__qualname__,
            la.forward.__doc__,
            la.backward.__name__,
            la.backward.__qualname__,
            la.backward.__doc__,
        )
        for seed in range(10)
        for la in draw(seed)
    }
    assert shown == {("Layer ?", "forward", "forward", None, "backward", "backward", None)}


def test_no_layer_warns():
    x = np.ones((4, 5))
    for layer in draw(1, wrong=sum(map(len, KINDS.values())), right=4):
        for p in (0.0, 0.3, 1.0):
            for train in (True, False):
                _, cache = layer.forward(x.copy(), p, np.random.default_rng(0), train)
                layer.backward(x.copy(), cache)


def test_a_score_counts_all_four_cases_and_reveals_every_layer():
    layers = draw(5)
    guilty = [la.letter for la in layers if la._case.id]
    innocent = [la.letter for la in layers if not la._case.id]
    result = score(layers, [*guilty[:5], innocent[0]])
    assert result.hits == tuple(guilty[:5])
    assert result.missed == tuple(guilty[5:])
    assert result.wronged == (innocent[0],)
    assert result.acquitted == (innocent[1],)
    assert score(layers, layers[:1]).cases == result.cases


def test_an_unknown_letter_and_too_large_a_hunt_are_refused():
    with pytest.raises(ValueError, match="no layer Z"):
        score(draw(0), ["Z"])
    with pytest.raises(ValueError, match=r"5 right|and 5"):
        draw(0, right=5)
