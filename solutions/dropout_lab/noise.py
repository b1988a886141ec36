"""Relatives of dropout: other noise, other things to drop, and what noise at test time can tell.

p is always the probability to DROP. In training the noise multiplies, with mean 1; at test time each layer is exact.
"""

import numpy as np

from dropout_lab.dropout import check_generator, check_rate
from dropout_lab.network import mlp_forward, softmax


def gaussian_dropout_forward(x, p, rng, train=True):
    """out = x * m, with m ~ N(1, p / (1 - p)): dropout's mean and variance, without its zeros.

    Parameters
    ----------
    x : array of any shape
    p : float in [0, 1)
    rng : numpy.random.Generator
    train : bool

    Returns
    -------
    out : array, same shape and dtype as x
    cache : whatever `gaussian_dropout_backward` will need

    Raises
    ------
    ValueError
        If p is not in [0, 1): at p = 1 the variance would be infinite.

    References
    ----------
    Srivastava et al. 2014, section 10.
    """
    check_rate(p)
    if p == 1:
        raise ValueError(
            "p must be below 1 for Gaussian noise: its variance p / (1 - p) is infinite at p = 1"
        )
    if train:
        check_generator(rng)
    ### BEGIN SOLUTION
    if not train:
        return x, None
    noise = rng.normal(1, np.sqrt(p / (1 - p)), x.shape).astype(x.dtype)
    return x * noise, noise
    ### END SOLUTION


def gaussian_dropout_backward(dout, cache):
    """dL/dx = dout * m, with the m of the forward pass.

    Parameters
    ----------
    dout : array, same shape as x
    cache : whatever `gaussian_dropout_forward` returned as its second value

    Returns
    -------
    dx : array, same shape and dtype as dout
    """
    ### BEGIN SOLUTION
    noise = cache
    return dout if noise is None else dout * noise
    ### END SOLUTION


def dropconnect_forward(x, w, b, p, rng, train=True):
    """out = x (w * m) + b, with one mask m for the weights: 0 with probability p, else 1 / (1 - p).

    Parameters
    ----------
    x : array (N, D)
    w : array (D, H)
    b : array (H,)
        Never dropped.
    p : float in [0, 1]
    rng : numpy.random.Generator
    train : bool

    Returns
    -------
    out : array (N, H)
    cache : whatever `dropconnect_backward` will need

    References
    ----------
    Wan et al. 2013, section 3. There every sample has a mask of its own; here a batch shares one.
    """
    check_rate(p)
    if train:
        check_generator(rng)
    ### BEGIN SOLUTION
    if not train:
        return x @ w + b, (x, w, None)
    scale = w.dtype.type(1 / (1 - p) if p < 1 else 0)
    mask = (rng.random(w.shape) >= p) * scale
    return x @ (w * mask) + b, (x, w * mask, mask)
    ### END SOLUTION


def dropconnect_backward(dout, cache):
    """dL/dx through the thinned weights; dL/dw = (x' dout) * m; dL/db as in an affine layer.

    Parameters
    ----------
    dout : array (N, H)
    cache : whatever `dropconnect_forward` returned as its second value

    Returns
    -------
    dx : array (N, D)
    dw : array (D, H)
    db : array (H,)
    """
    ### BEGIN SOLUTION
    x, thinned, mask = cache
    dw = x.T @ dout
    return dout @ thinned.T, dw if mask is None else dw * mask, dout.sum(axis=0)
    ### END SOLUTION


def spatial_dropout_forward(x, p, rng, train=True):
    """Inverted dropout of whole maps: one coin for each sample and channel.

    Parameters
    ----------
    x : array (N, C, height, width)
        C channels here.
    p : float in [0, 1]
    rng : numpy.random.Generator
    train : bool

    Returns
    -------
    out : array, same shape and dtype as x
    cache : whatever `spatial_dropout_backward` will need

    References
    ----------
    Tompson et al. 2015, section 3.2.
    """
    check_rate(p)
    if train:
        check_generator(rng)
    ### BEGIN SOLUTION
    if not train:
        return x, None
    scale = x.dtype.type(1 / (1 - p) if p < 1 else 0)
    maps = (rng.random((*x.shape[:2], 1, 1)) >= p) * scale
    return x * maps, maps
    ### END SOLUTION


def spatial_dropout_backward(dout, cache):
    """dL/dx = dout * m, with the coins of the forward pass.

    Parameters
    ----------
    dout : array (N, C, height, width)
    cache : whatever `spatial_dropout_forward` returned as its second value

    Returns
    -------
    dx : array, same shape and dtype as dout
    """
    ### BEGIN SOLUTION
    maps = cache
    return dout if maps is None else dout * maps
    ### END SOLUTION


def mc_predict(params, x, p, rng, passes):
    """Mean and standard deviation of the class probabilities over passes with dropout left on.

    Parameters
    ----------
    params : {"W1": ..., "b1": ..., ...}
    x : array (N, D)
    p : float, or (input rate, hidden rate)
    rng : numpy.random.Generator
    passes : int, at least 1

    Returns
    -------
    mean, std : arrays (N, C)

    References
    ----------
    Gal and Ghahramani 2016, section 4.
    """
    ### BEGIN SOLUTION
    samples = np.stack([softmax(mlp_forward(params, x, p, rng)[0]) for _ in range(passes)])
    return samples.mean(axis=0), samples.std(axis=0)
    ### END SOLUTION
