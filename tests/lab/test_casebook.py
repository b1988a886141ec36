"""The game of lesson 07 is fair: every suspect can be told from the others, and is read alike each time."""

import pytest

from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.hunt.court import OURS, convicts

FREE, *PAID = casebook.TESTS
SEEDS = range(24)


def test_twelve_suspects_in_a_row_are_all_cases_once_and_two_right_layers():
    for first in (0, 12):
        names = [casebook.suspect(seed)[1] for seed in range(first, first + 12)]
        assert sorted(names) == sorted([*casebook.names(), casebook.RIGHT])
    assert [casebook.suspect(seed)[1] for seed in SEEDS[:12]] != [casebook.suspect(seed)[1] for seed in SEEDS[12:]]


def test_the_names_are_those_of_the_bank():
    assert {name[:3] for name in casebook.names()[1:]} == set(casebook.CASES)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_tests_tell_every_suspect_from_the_others(seed):
    """A right layer takes all of them: what is left out could be the one that convicts."""
    fewest, right = casebook.fewest(seed, tuple(PAID), (FREE,)), casebook.suspect(seed)[1] == casebook.RIGHT
    assert fewest == len(PAID) if right else fewest <= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_some_test_convicts_each_wrong_suspect_and_none_a_right_one(seed):
    layer, name = casebook.suspect(seed)
    rules = [rule for rule in OURS if rule.__name__ in casebook.TESTS]
    assert any(convicts(rule, [layer]) for rule in rules) == (name != casebook.RIGHT)


def test_a_reading_is_the_same_at_each_call():
    """Even for the layer that keeps its mask."""
    for seed in SEEDS:
        layer, _ = casebook.suspect(seed)
        first = [casebook.reading(test, layer) for test in casebook.TESTS]
        assert [casebook.reading(test, layer) for test in reversed(casebook.TESTS)] == first[::-1]
