"""The gradient check of a network of 9,610 parameters, 64-128-10, float64, batch 32, masks fixed."""

import numpy as np
import rounds
from rounds import Candidate

from dropout_lab.gradcheck import gradient_check
from dropout_lab.network import init_params, loss_and_grads

SIZES, BATCH, P = (64, 128, 10), 32, 0.5
REFERENCE = "every parameter, central difference"
STEP = 1e-200  # of the complex step: nothing is subtracted, so nothing is lost


def run(count):
    rng = np.random.default_rng(0)
    params, x, y = init_params(SIZES, rng), rng.random((BATCH, SIZES[0])), rng.integers(0, SIZES[-1], BATCH)

    def frozen():
        return np.random.default_rng(1)  # the same masks at every call

    def loss(params):
        return loss_and_grads(params, x, y, P, frozen())[0]

    def complex_loss(params):
        return _loss(params, x, y, _masks(params))

    _, grads = loss_and_grads(params, x, y, P, frozen())
    directions = np.random.default_rng(2)

    def every():
        return gradient_check(loss, params, grads)

    def along():
        return directional(complex_loss, params, grads, directions)

    ways = [
        Candidate(REFERENCE, every),
        Candidate("one direction per array, complex step", along),
        Candidate("loss and gradients once", lambda: loss_and_grads(params, x, y, P, frozen())),
    ]
    table = rounds.rows(rounds.interleave(ways, max(3, count // 4)), REFERENCE, table="gradient check")
    for row, way in zip(table, (every, along), strict=True):
        row["error"] = max(way().values())
    return table


def directional(loss, params, grads, rng):
    """The relative error of each array's gradient along one Gaussian direction."""
    errors = {}
    for name, array in params.items():
        v = rng.standard_normal(array.shape)
        slope = loss({**params, name: array + 1j * STEP * v}).imag / STEP
        errors[name] = abs(slope - (grads[name] * v).sum()) / np.linalg.norm(grads[name])
    return errors


def _masks(params):
    """The masks that the completed `mlp_forward` draws from the frozen generator: a hidden layer at rate P."""
    return (np.random.default_rng(1).random((BATCH, SIZES[1])) >= P) / (1 - P)


def _loss(params, x, y, mask):
    """The network's loss in a form that complex numbers pass through."""
    z = x @ params["W1"] + params["b1"]
    scores = (z * (z.real > 0) * mask) @ params["W2"] + params["b2"]
    shifted = scores - scores.real.max(axis=1, keepdims=True)
    return (np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y]).mean()
