"""Mistakes in layers.py: group A, backpropagation."""

import numpy as np

from dropout_lab.checks.mistakes import mistake


def _affine(x, w, b):
    return np.einsum("nd,dh->nh", x, w) + b, (x, w)


def _gradients(dout, cache):
    x, w = cache
    return np.einsum("nh,dh->nd", dout, w), np.einsum("nd,nh->dh", x, dout), np.einsum("nh->h", dout)


@mistake("A01", of="affine_backward", title="the gradient of b is not summed over the batch",
         seen=("https://datascience.stackexchange.com/questions/20139",))
def unsummed_bias(dout, cache):
    """b is one vector that serves every sample, so every sample has a say in its gradient."""
    dx, dw, _ = _gradients(dout, cache)
    return dx, dw, dout


@mistake("A03", of="affine_backward", title="the gradient of b is averaged over the batch instead of summed",
         seen=("https://github.com/kvfrans/notes/issues/5",))
def mean_bias(dout, cache):
    """If the loss is a mean, the 1/N is already in dout. Dividing again does it twice."""
    dx, dw, db = _gradients(dout, cache)
    return dx, dw, db / len(dout)


RIGHT = {
    "affine_forward": _affine,
    "affine_backward": _gradients,
}
