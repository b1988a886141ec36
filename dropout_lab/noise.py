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
    raise NotImplementedError("`gaussian_dropout_forward` is still blank. Lesson 10, exercise 10.1: dropout_lab/noise.py")


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
    raise NotImplementedError("`gaussian_dropout_backward` is still blank. Lesson 10, exercise 10.2: dropout_lab/noise.py")


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
    raise NotImplementedError("`dropconnect_forward` is still blank. Lesson 10, exercise 10.3: dropout_lab/noise.py")


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
    raise NotImplementedError("`dropconnect_backward` is still blank. Lesson 10, exercise 10.4: dropout_lab/noise.py")


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
    raise NotImplementedError("`spatial_dropout_forward` is still blank. Lesson 10, exercise 10.5: dropout_lab/noise.py")


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
    raise NotImplementedError("`spatial_dropout_backward` is still blank. Lesson 10, exercise 10.6: dropout_lab/noise.py")


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
    raise NotImplementedError("`mc_predict` is still blank. Lesson 10, exercise 10.7: dropout_lab/noise.py")
