"""The layers of a network, each backward pass beside its forward pass.

A forward pass returns its output and a cache: whatever its backward pass will need.
A backward pass takes `dout`, the gradient of the loss with respect to that output, and the cache.
Both leave what they are given as it was. float32 arrays give float32 results and float64 give float64: training
runs in the one, gradient checks in the other.
Shapes: N samples, D inputs, H hidden units (outputs of the layer), C classes.
"""

import numpy as np


def affine_forward(x, w, b):
    """out = x w + b, for every sample of a batch.

    Parameters
    ----------
    x : array (N, D)
        Whole numbers, such as pixels, give floats (or a TypeError).
    w : array (D, H)
    b : array (H,)

    Returns
    -------
    out : array (N, H), same dtype as x and w
    cache : whatever `affine_backward` will need

    Raises
    ------
    ValueError
        If the shapes of x, w and b do not fit together.
    """
    if x.ndim != 2 or w.ndim != 2 or x.shape[1] != w.shape[0] or b.shape != w.shape[1:]:
        raise ValueError(
            f"x (N, D), w (D, H) and b (H,) do not fit: x {x.shape}, w {w.shape}, b {b.shape}"
        )
    raise NotImplementedError("`affine_forward` is still blank. Lesson 01, exercise 1.1: dropout_lab/layers.py")


def affine_backward(dout, cache):
    """dL/dx, dL/dw and dL/db of out = x w + b, by the chain rule.

    Parameters
    ----------
    dout : array (N, H)
        Gradient of the loss with respect to the output.
    cache : whatever `affine_forward` returned as its second value

    Returns
    -------
    dx : array (N, D), same dtype as dout
    dw : array (D, H), same dtype as dout
    db : array (H,), same dtype as dout
    """
    raise NotImplementedError("`affine_backward` is still blank. Lesson 01, exercise 1.2: dropout_lab/layers.py")


def relu_forward(x):
    """out = max(x, 0), entry by entry.

    Parameters
    ----------
    x : array (N, H)

    Returns
    -------
    out : array, same shape and dtype as x
    cache : whatever `relu_backward` will need
    """
    raise NotImplementedError("`relu_forward` is still blank. Lesson 03, exercise 3.1: dropout_lab/layers.py")


def relu_backward(dout, cache):
    """dL/dx = dout * 1[x > 0]. At x = 0 the slope is taken as 0.

    Parameters
    ----------
    dout : array (N, H)
        Gradient of the loss with respect to the output.
    cache : whatever `relu_forward` returned as its second value

    Returns
    -------
    dx : array, same shape and dtype as dout
    """
    raise NotImplementedError("`relu_backward` is still blank. Lesson 03, exercise 3.2: dropout_lab/layers.py")


def softmax_cross_entropy(scores, y):
    """L = -(1/N) sum_i log softmax(scores_i)[y_i], and its gradient.

    Parameters
    ----------
    scores : array (N, C)
        Scores (logits), of any size: 1000 and -1000 are fine.
    y : integer array (N,)
        The right class of each sample, 0 ... C-1.

    Returns
    -------
    loss : scalar
    dscores : array (N, C), same dtype as scores
        Gradient of the loss with respect to the scores.

    Raises
    ------
    ValueError
        If a label is not one of the C classes, or there is not one label per sample.
    """
    n, classes = scores.shape
    if np.shape(y) != (n,):
        raise ValueError(f"one label per sample: scores has {n} rows, y has shape {np.shape(y)}")
    if n and not 0 <= np.min(y) <= np.max(y) < classes:
        raise ValueError(
            f"labels must be 0 ... {classes - 1}, but y runs from {np.min(y)} to {np.max(y)}"
        )
    raise NotImplementedError("`softmax_cross_entropy` is still blank. Lesson 03, exercise 3.3: dropout_lab/layers.py")
