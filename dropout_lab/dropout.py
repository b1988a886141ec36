"""Dropout, twice: as the question proposes it and the paper has it (`zeroing_*`), and inverted (`dropout_*`).

p is always the probability to DROP an entry. Every entry of every sample has its own coin.
"""

import numpy as np


def check_rate(p):
    """Raise unless p is a probability."""
    if isinstance(p, str) or not np.isscalar(p):
        raise TypeError(f"p must be a number from 0 to 1, the probability to drop, not {p!r}")
    if not 0 <= p <= 1:
        raise ValueError(f"p must be from 0 to 1, the probability to drop, not {p}")


def check_generator(rng):
    """Raise unless rng is a NumPy random generator."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator in training, such as default_rng(0), not {rng!r}"
        )


def zeroing_forward(x, p, rng, train=True):
    """Training: out = x * m, with m 0 with probability p and else 1. Test: out = (1 - p) x.

    Parameters
    ----------
    x : array of any shape
    p : float in [0, 1]
        Probability to DROP an entry.
    rng : numpy.random.Generator
        Where the coins come from. Not used at test time.
    train : bool
        False at test time: nothing is dropped, everything is scaled.

    Returns
    -------
    out : array, same shape as x; float32 and float64 keep their dtype, whole numbers become floats
    cache : whatever `zeroing_backward` will need

    Raises
    ------
    ValueError, TypeError
        If p is not a probability, or rng is no generator in training.

    References
    ----------
    Srivastava et al. 2014, section 4. There p is the probability to KEEP.
    """
    check_rate(p)
    if train:
        check_generator(rng)
    raise NotImplementedError("`zeroing_forward` is still blank. Lesson 05, exercise 5.1: dropout_lab/dropout.py")


def zeroing_backward(dout, cache):
    """dL/dx = dout * m, where m is whatever `zeroing_forward` multiplied by.

    Parameters
    ----------
    dout : array, same shape as x
        Gradient of the loss with respect to the output.
    cache : whatever `zeroing_forward` returned as its second value

    Returns
    -------
    dx : array, same shape and dtype as dout

    References
    ----------
    Srivastava et al. 2014, section 5.1.
    """
    raise NotImplementedError("`zeroing_backward` is still blank. Lesson 05, exercise 5.2: dropout_lab/dropout.py")


def dropout_forward(x, p, rng, train=True):
    """Training: out = x * m, with m 0 with probability p, and else the one factor for which E[m] = 1. Test: out = x.

    Nothing has to change at test time then. Lesson 06 finds the factor. p = 0 changes nothing; p = 1 gives zeros.

    Parameters
    ----------
    x : array of any shape
    p : float in [0, 1]
        Probability to DROP an entry.
    rng : numpy.random.Generator
        Where the coins come from. Not used at test time.
    train : bool
        False at test time: the layer is the identity.

    Returns
    -------
    out : array, same shape as x; float32 and float64 keep their dtype, whole numbers become floats
    cache : whatever `dropout_backward` will need

    Raises
    ------
    ValueError, TypeError
        If p is not a probability, or rng is no generator in training.

    References
    ----------
    Srivastava et al. 2014, section 10, for the scaling in training; `torch.nn.Dropout` does the same.
    """
    check_rate(p)
    if train:
        check_generator(rng)
    raise NotImplementedError("`dropout_forward` is still blank. Lesson 06, exercise 6.1: dropout_lab/dropout.py")


def dropout_backward(dout, cache):
    """dL/dx = dout * m, where m is the scaled mask that `dropout_forward` applied.

    Parameters
    ----------
    dout : array, same shape as x
        Gradient of the loss with respect to the output.
    cache : whatever `dropout_forward` returned as its second value

    Returns
    -------
    dx : array, same shape and dtype as dout
    """
    raise NotImplementedError("`dropout_backward` is still blank. Lesson 06, exercise 6.2: dropout_lab/dropout.py")
