"""Rules that students write first: what each does wrong, by the sentence that helps. `trial` knows them by acts."""

import numpy as np

from dropout_lab.gradcheck import numerical_gradient, relative_error

_PROBE = np.random.default_rng(60).uniform(0.5, 1.5, (60, 100))


def _forward(layer, p, rng, train=True):
    return layer.forward(_PROBE.copy(), p, rng, train)


def _gradient(layer, p, generators, reverse=False):
    """gradient_agrees with the generators that `generators()` gives, one for each call of forward."""
    x = _PROBE[:3, :4]
    dout = np.random.default_rng(61).uniform(0.5, 1.5, x.shape)

    def loss(v):
        return float((dout * layer.forward(v.copy(), p, generators())[0]).sum())

    error = relative_error(
        layer.backward(dout.copy(), layer.forward(x.copy(), p, generators())[1]), numerical_gradient(loss, x)
    )
    return error > 1e-7 if reverse else error < 1e-7


def _loose(layer, p):
    rng = np.random.default_rng(62)
    return _gradient(layer, p, lambda: rng)


def _reversed(layer, p):
    return _gradient(layer, p, lambda: np.random.default_rng(62), reverse=True)


def _zeros(layer, p):
    return _forward(layer, p, np.random.default_rng(65))[0] == 0


def _share(bound):
    return lambda layer, p: abs(_zeros(layer, p).mean() - p) < bound(p)


def _on(layer, p):
    out = _forward(layer, p, np.random.default_rng(66))[0]
    return out, out != 0


def _calls(layer, p):
    rng = np.random.default_rng(67)
    first, second = (_forward(layer, p, rng)[0] == 0 for _ in range(2))
    return first, second, _forward(layer, p, np.random.default_rng(67))[0] == 0


WRONG_RULES = {
    "gradient_agrees": {
        "There is not one mask for all: does the loss give the same number twice, and the cache come from that seed?": (
            _loose
        ),
        "It answers True where the two disagree.": _reversed,
    },
    "zero_share": {
        "It asks for a share far nearer to p than coins can be trusted to come: how far off is a mean of n coins?": (
            _share(lambda p: 6 * p * (1 - p) / _PROBE.size)
        ),
        "It compares the share that is kept with p.": (
            lambda layer, p: abs((~_zeros(layer, p)).mean() - p) < 6 * np.sqrt(p * (1 - p) / _PROBE.size)
        ),
        "The bound does not know how many entries there are: one coin's deviation is divided by the root of n.": _share(
            lambda p: 6 * np.sqrt(p * (1 - p))
        ),
    },
    "kept_scale": {
        "It asks the dropped entries too: they are 0, no multiple of their input.": (
            lambda layer, p: bool(np.allclose(_on(layer, p)[0], _PROBE / (1 - p), rtol=1e-9))
        ),
        "It asks for the input itself, without the factor.": (
            lambda layer, p: bool(np.allclose(_on(layer, p)[0][_on(layer, p)[1]], _PROBE[_on(layer, p)[1]]))
        ),
        "It asks for a division by p.": (
            lambda layer, p: bool(np.allclose(_on(layer, p)[0][_on(layer, p)[1]], _PROBE[_on(layer, p)[1]] / p))
        ),
    },
    "rows_differ": {
        "It asks two rows to differ in every entry; one is enough to make them different rows.": (
            lambda layer, p: bool((_zeros(layer, p)[1:] != _zeros(layer, p)[:-1]).all())
        ),
        "It is content if some pair of rows differs; it should ask every pair.": (
            lambda layer, p: bool((_zeros(layer, p)[1:] != _zeros(layer, p)[:-1]).any())
        ),
    },
    "fresh_mask": {
        "It looks only at the second call: from the same seed, the first mask has to come again.": (
            lambda layer, p: not np.array_equal(*_calls(layer, p)[:2])
        ),
        "It looks only at the seed: the next call of the same generator has to bring another mask.": (
            lambda layer, p: np.array_equal(_calls(layer, p)[0], _calls(layer, p)[2])
        ),
        "It asks the second mask to differ in every entry.": (
            lambda layer, p: bool((_calls(layer, p)[0] != _calls(layer, p)[1]).all())
        ),
        "It asks the second call for the same mask.": lambda layer, p: np.array_equal(*_calls(layer, p)[:2]),
    },
}
