"""The game of lesson 07: ten wrong layers of the bank and right ones, one at a time, and what can be measured on them.

A suspect follows from its seed alone, and so does every reading. Twelve seeds in a row bring each wrong layer once and
two right ones.
"""

from functools import cache
from itertools import combinations

import numpy as np

from dropout_lab.lab.hunt.court import gradient_error, right_layers, wrong_layers

P = 0.3
RIGHT = "nothing, it is right"
CASES = ("C01", "C02", "C03", "C05", "C20", "C21", "C30", "C31", "C40", "C42")
_X = np.random.default_rng(90).uniform(0.5, 1.5, (60, 100))


@cache
def cases():
    """The wrong layers of the case book, kind by kind."""
    return tuple(layer for layer in wrong_layers() if layer.id in CASES)


def names():
    """What a suspect may be accused of, in words; the first is no accusation."""
    return [RIGHT, *(f"{layer.id}, {layer.title}" for layer in cases())]


def suspect(seed):
    """(layer, its name among `names`): the same for the same seed."""
    every = [*zip(cases(), names()[1:], strict=True), *((layer, RIGHT) for layer in right_layers()[:2])]
    deal, place = divmod(seed, len(every))
    return every[np.random.default_rng(deal).permutation(len(every))[place]]


def reading(test, layer):
    """What a test measures on a layer: (numbers, the same in words)."""
    with np.errstate(all="ignore"):
        return _READINGS[test](layer)


@cache
def fewest(seed, tests, given=()):
    """The smallest number of the tests after which no other case of the book reads like this suspect, or None.

    The readings of the `given` tests are known already.
    """
    sizes = range(len(tests) + 1)
    return next((n for n in sizes if any(sure(seed, (*given, *some)) for some in combinations(tests, n))), None)


@cache
def sure(seed, tests):
    """Whether no other case of the book reads like this suspect in all of these tests."""
    layer, name = suspect(seed)
    others = [other for other, its_name in zip([right_layers()[0], *cases()], names(), strict=True) if its_name != name]
    return not any(all(_alike(test, layer, other) for test in tests) for other in others)


def points(seed, asked, named, tests, given=()):
    """What a verdict is worth: 0 if it is wrong or a guess, else 1 and one for each test that was not needed."""
    if named != suspect(seed)[1] or not sure(seed, (*given, *asked)):
        return 0
    return 1 + len(tests) - len(asked)


def _alike(test, a, b):
    return np.allclose(reading(test, a)[0], reading(test, b)[0], atol=0.05)


def _forward(layer, seed=91, train=True):
    return layer.forward(_X.copy(), P, np.random.default_rng(seed), train)[0]


def _factor(out):
    """What the entries that are not 0 were multiplied by."""
    return float(np.median((out / _X)[out != 0])) if out.any() else 0.0


def _gradient(layer):
    error = float(gradient_error(layer, P))
    return (error,), f"relative error {error:.0e}" if error < 1e-3 else f"relative error {error:.2f}"


def _zeros(layer):
    share = float((_forward(layer) == 0).mean())
    return (share,), f"{share:.0%} of the outputs are 0 (p is {P:.0%})"


def _kept(layer):
    factor = _factor(_forward(layer))
    return (factor,), f"kept outputs: {factor:.2f} times the input (1/(1-p) is {1 / (1 - P):.2f})"


def _rows(layer):
    zero = _forward(layer) == 0
    share = float((zero[1:] != zero[:-1]).any(axis=1).mean())
    return (share,), f"{share:.0%} of neighbouring rows differ"


def _calls(layer):
    rng = np.random.default_rng(92)
    first, second = (layer.forward(_X.copy(), P, rng)[0] == 0 for _ in range(2))
    share = float((first != second).mean())
    return (share,), f"a second call changes {share:.0%} of the places"


def _test_time(layer):
    out = _forward(layer, 93, train=False)
    factor, share = _factor(out), float((out == 0).mean())
    return (factor, share), f"at test time {factor:.2f} times the input, {share:.0%} are 0"


_READINGS = {
    "gradient_agrees": _gradient,
    "zero_share": _zeros,
    "kept_scale": _kept,
    "rows_differ": _rows,
    "fresh_mask": _calls,
    "test_is_identity": _test_time,
}
TESTS = tuple(_READINGS)
