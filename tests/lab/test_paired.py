"""Comparing in pairs: Student's t and the interval of a mean difference."""

import math

import numpy as np
import pytest

from dropout_lab.lab.experiments.paired import paired_difference, student_t


@pytest.mark.parametrize(
    ("degrees", "level", "table"),
    [(1, 0.95, 12.706), (4, 0.99, 4.604), (7, 0.95, 2.365), (15, 0.95, 2.131), (30, 0.9, 1.697), (1000, 0.95, 1.962)],
)
def test_critical_values_are_those_of_the_tables(degrees, level, table):
    assert round(student_t(degrees, level), 3) == table


def test_a_paired_difference_by_hand():
    d = paired_difference([5, 6, 9], [4, 4, 6])  # differences 1, 2, 3: mean 2, sd 1, t(2) = 4.303
    assert (d.mean, d.wins, d.n) == (2, 3, 3)
    assert round(d.low, 3) == round(2 - 4.3027 / math.sqrt(3), 3)
    assert round(d.low + d.high, 9) == 4


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng, n = np.random.default_rng(0), 4000
    held = [d.low < 0 < d.high for d in (paired_difference(*rng.normal(size=(2, 5))) for _ in range(n))]
    assert abs(np.mean(held) - 0.95) < 6.5 * math.sqrt(0.95 * 0.05 / n)  # false alarm < 1e-10


def test_a_single_pair_or_unequal_lists_are_refused():
    for a, b in (([1], [2]), ([1, 2], [1, 2, 3])):
        with pytest.raises(ValueError, match="at least 2 pairs"):
            paired_difference(a, b)
