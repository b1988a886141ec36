"""Two random directions convict what a check of every entry convicts: all wrong backward passes of the bank.

The checks of larger networks measure slopes along directions (probes/dropout_network.py), a few evaluations of the loss
instead of two for each parameter. Here the same function judges small layers, where every entry can be nudged too.
"""

import itertools

import numpy as np
import pytest

from dropout_lab.checks import mistakes
from dropout_lab.checks.probes.dropout_network import _error
from dropout_lab.gradcheck import numerical_gradient, relative_error

BANK, RIGHT = mistakes.load_all()
LIMIT = 1e-7


def _signs(shape):
    """Entries far from 0, where no kink is near."""
    rng = np.random.default_rng(3)
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def _layer(kind, **arrays):
    """The weighted sum of a layer's outputs, and its slopes as backward claims them."""

    def run(f, **changed):
        values = {name: np.array(value) for name, value in {**arrays, **changed}.items()}
        options = () if kind in ("affine", "relu") else (0.4, np.random.default_rng(5))
        out, cache = f[f"{kind}_forward"](*values.values(), *options)
        weights = np.random.default_rng(4).uniform(0.5, 1.5, np.shape(out))
        return float((weights * out).sum()), lambda: _named(values, f[f"{kind}_backward"](weights.copy(), cache))

    return arrays, run


def _named(values, slopes):
    return dict(zip(values, slopes if isinstance(slopes, tuple) else (slopes,), strict=True))


def _network(of):
    """A network whose hidden units keep away from 0, its loss (or a weighted sum of its scores) and its gradients."""
    sizes, rng = (4, 5, 6, 3), np.random.default_rng(6)
    params = {f"W{i}": rng.uniform(-0.3, 0.3, pair) for i, pair in enumerate(itertools.pairwise(sizes), 1)}
    params |= {f"b{i}": 2.5 * _signs(size) for i, size in enumerate(sizes[1:], 1)}
    x, y, dscores = _signs((7, 4)), rng.integers(0, 3, 7), _signs((7, 3))

    def run(f, **changed):
        values = {name: np.array(value) for name, value in {**params, **changed}.items()}
        if of == "loss_and_grads":
            loss, grads = f[of](values, x, y, 0.4, np.random.default_rng(5))
            return loss, lambda: grads
        scores, cache = f["mlp_forward"](values, x, 0.4, np.random.default_rng(5))
        return float((dscores * scores).sum()), lambda: f["mlp_backward"](dscores.copy(), cache)

    return params, run


def _scores(_=None):
    y = np.array([0, 2, 1, 1])

    def run(f, scores):
        loss, slope = f["softmax_cross_entropy"](np.array(scores), y)
        return loss, lambda: {"scores": slope}

    scores = _signs((4, 3))
    return {"scores": scores}, lambda f, **changed: run(f, **{"scores": scores, **changed})


PLAIN, WEIGHTS = {"x": _signs((6, 8))}, {"x": _signs((6, 4)), "w": _signs((4, 5)), "b": _signs(5)}
CASES = {
    "affine_backward": _layer("affine", **WEIGHTS),
    "relu_backward": _layer("relu", **PLAIN),
    "softmax_cross_entropy": _scores(),
    "mlp_backward": _network("mlp_backward"),
    "loss_and_grads": _network("loss_and_grads"),
    "zeroing_backward": _layer("zeroing", **PLAIN),
    "dropout_backward": _layer("dropout", **PLAIN),
    "gaussian_dropout_backward": _layer("gaussian_dropout", **PLAIN),
    "dropconnect_backward": _layer("dropconnect", **WEIGHTS),
    "spatial_dropout_backward": _layer("spatial_dropout", x=_signs((4, 3, 2, 2))),
}


def _by_every_entry(run, arrays, grads):
    return max(
        relative_error(grads[name], numerical_gradient(lambda v, name=name: run(**{name: v})[0], array.copy()))
        for name, array in arrays.items()
    )


def _by_directions(run, arrays, grads, rng):
    """The larger of two, as in the probe, for the array that does worst."""
    return max(_error(run, name, array, grads[name], rng) for name, array in arrays.items() for _ in range(2))


def _judged(of, functions, seeds=5):
    """(error by every entry, least error by directions over seeds), or None where there is nothing to compare."""
    arrays, run = CASES[of]

    def ran(**changed):
        return run(functions, **changed)

    try:
        grads = {name: np.asarray(g, float) for name, g in ran()[1]().items()}
        comparable = np.ndim(ran()[0]) == 0 and ran()[0] == ran()[0]
    except Exception:  # noqa: BLE001 - a wrong function may raise: that convicts it without any slope
        return None
    if not comparable or any(np.shape(grads.get(name)) != array.shape for name, array in arrays.items()):
        return None
    return (
        _by_every_entry(ran, arrays, grads),
        min(_by_directions(ran, arrays, grads, np.random.default_rng(seed)) for seed in range(seeds)),
    )


@pytest.mark.parametrize("of", CASES)
def test_directions_convict_what_every_entry_convicts(of):
    every, directions = _judged(of, RIGHT)
    assert every < LIMIT
    assert directions < LIMIT
    convicted = 0
    for mistake in BANK[of]:
        with np.errstate(all="ignore"):
            errors = _judged(of, {**RIGHT, of: mistake.function, **mistake.beside})
        if errors and not errors[0] < LIMIT:
            convicted += 1
            assert not errors[1] < LIMIT, (mistake.id, errors)
    assert convicted >= 3, f"{of}: only {convicted}, so this shows nothing"


def test_most_of_the_wrong_backward_passes_can_be_compared():
    """The rest raise, or have no loss that could be nudged; the checks convict those otherwise (test_checks_bank)."""
    judged = [_judged(of, {**RIGHT, of: m.function, **m.beside}) is not None for of in CASES for m in BANK[of]]
    assert sum(judged) >= 0.7 * len(judged)
