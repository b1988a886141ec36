"""Judges of lesson 12: a step with a limit on the first layer, and how many weights a network has."""

import itertools

import numpy as np

from dropout_lab.lab.experiments.fitting import student_step
from dropout_lab.lab.practice.judging import Judge, Practice
from dropout_lab.network import init_params
from dropout_lab.training import max_norm

LIMIT = 2.0  # of lesson 12


def _step(*arguments, names=("W1",), by=max_norm):
    params, velocity, loss = student_step(*arguments)
    return {**params, **{name: by(params[name], LIMIT) for name in names}}, velocity, loss


def _cases(rng):
    cases = []
    for sizes in ([6, 9, 3], [5, 4, 2]):
        params = {name: 2 * array for name, array in init_params(sizes, rng).items()}
        x, y = rng.normal(size=(7, sizes[0])), rng.integers(0, sizes[-1], 7)
        cases.append((params, {}, x, y, 0.0, 0.5, 0.9, np.random.default_rng(1)))
    return cases


def _rows(w, limit):
    return max_norm(w.T, limit).T


def _count(sizes):
    return sum(a * b for a, b in itertools.pairwise(sizes))


try_out = Judge(
    limited_step=Practice(
        _step,
        _cases,
        {
            "nothing is limited yet: `W1` is as the step left it.": student_step,
            "every weight matrix is limited. The scores at the top need their freedom: limit `W1` alone.": (
                lambda *arguments: _step(*arguments, names=("W1", "W2"))
            ),
            "the limit is on the last layer; it belongs on the hidden one.": (
                lambda *arguments: _step(*arguments, names=("W2",))
            ),
            "rows are limited. What enters a unit is a column.": lambda *arguments: _step(*arguments, by=_rows),
            "the limit comes before the step; what the step takes beyond it stays.": (
                lambda params, *rest: student_step({**params, "W1": max_norm(params["W1"], LIMIT)}, *rest)
            ),
        },
    ),
    number_of_weights=Practice(
        _count,
        lambda rng: [(tuple(int(n) for n in rng.integers(2, 50, k)),) for k in (2, 3, 4, 5)],
        {
            "the biases are counted too.": lambda sizes: _count(sizes) + sum(sizes[1:]),
            "these are units, not the weights between them.": sum,
            "only the first layer is counted.": lambda sizes: sizes[0] * sizes[1],
            "all sizes are multiplied; each pair of neighbours has a matrix of its own, and they add up.": (
                lambda sizes: int(np.prod(sizes))
            ),
        },
    ),
)
