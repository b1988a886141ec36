"""A network of affine layers with ReLU, and dropout, between them.

Parameters live in one dictionary: {"W1": (D, H), "b1": (H,), "W2": ..., "b2": ...}, numbered from the input.
"""

import itertools

import numpy as np

from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    softmax_cross_entropy,
)


def rates(p):
    """(input rate, hidden rate): p is one rate for the hidden layers, or the pair."""
    return tuple(p) if isinstance(p, (tuple, list)) else (0.0, p)


def softmax(scores):
    """The class probabilities that scores (N, C) stand for; each row sums to 1."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def init_params(sizes, rng):
    """W ~ N(0, 2 / fan-in), b = 0: signals keep their size through ReLU layers.

    Parameters
    ----------
    sizes : list of int
        [D, H, ..., C]: the width of every layer, the input first.
    rng : numpy.random.Generator

    Returns
    -------
    params : {"W1": array (D, H), "b1": array (H,), ...}, float64

    References
    ----------
    He et al. 2015, section 2.2.
    """
    raise NotImplementedError("`init_params` is still blank. Lesson 03, exercise 3.4: dropout_lab/network.py")


def mlp_forward(params, x, p, rng, train=True):
    """Affine, ReLU, dropout for each hidden layer; a last affine layer gives the scores.

    Parameters
    ----------
    params : {"W1": array (D, H), "b1": array (H,), ...}
    x : array (N, D)
    p : float, or (input rate, hidden rate)
        Probability to DROP. `rates(p)` gives the pair. The scores are never dropped.
    rng : numpy.random.Generator
    train : bool

    Returns
    -------
    scores : array (N, C), same dtype as x and params
    cache : whatever `mlp_backward` will need
    """
    raise NotImplementedError("`mlp_forward` is still blank. Lesson 03, exercise 3.5: dropout_lab/network.py")


def mlp_backward(dscores, cache):
    """The layers of `mlp_forward` in reverse, each with its own backward pass.

    Parameters
    ----------
    dscores : array (N, C)
        Gradient of the loss with respect to the scores.
    cache : whatever `mlp_forward` returned as its second value

    Returns
    -------
    grads : {"W1": array, "b1": array, ...}, the shapes and dtype of params
    """
    raise NotImplementedError("`mlp_backward` is still blank. Lesson 03, exercise 3.6: dropout_lab/network.py")


def loss_and_grads(params, x, y, p, rng, train=True):
    """The softmax cross-entropy of `mlp_forward`'s scores, and its gradient for every parameter.

    Parameters
    ----------
    params, x, p, rng, train : as for `mlp_forward`
    y : integer array (N,)

    Returns
    -------
    loss : scalar
    grads : {"W1": array, "b1": array, ...}, the shapes and dtype of params
    """
    raise NotImplementedError("`loss_and_grads` is still blank. Lesson 03, exercise 3.7: dropout_lab/network.py")
