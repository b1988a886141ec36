"""Is this gradient right? Ask the function itself: nudge an input, see how far the output moves."""

import numpy as np


def _require_float64(name, array):
    """A step of 1e-5 disappears in the rounding of anything coarser than float64."""
    kind = getattr(array, "dtype", type(array).__name__)
    if kind != np.float64:
        raise TypeError(
            f"a gradient check needs float64, but {name} is {kind}: convert it with .astype(np.float64)"
        )


def numerical_gradient(f, x, h=1e-5):
    """dL/dx_i = (f(x + h e_i) - f(x - h e_i)) / (2 h), one entry at a time.

    Parameters
    ----------
    f : function of an array like x, returns a number
    x : float64 array of any shape
        Left as it was.
    h : float
        The step, in units of x.

    Returns
    -------
    grad : array, same shape as x

    Raises
    ------
    TypeError
        If x is not a float64 array.
    """
    _require_float64("x", x)
    ### BEGIN SOLUTION
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        grad[i] = (f(x + step) - f(x - step)) / (2 * h)
    return grad
    ### END SOLUTION


def relative_error(a, b):
    """|a - b| / (|a| + |b|) with L2 norms over the whole arrays; 0 when both are 0.

    A gradient that is right gives about 1e-10 in float64, one that lacks a factor 1/2 gives 1/3.
    Not-a-number anywhere in a or b gives nan, which is below no threshold.

    Parameters
    ----------
    a, b : arrays of the same shape

    Returns
    -------
    error : float, from 0 to 1

    Raises
    ------
    ValueError
        If the shapes differ. Broadcasting would hide exactly the mistakes that a check is for.
    """
    if np.shape(a) != np.shape(b):
        raise ValueError(
            f"relative_error compares arrays of one shape, not {np.shape(a)} and {np.shape(b)}"
        )
    ### BEGIN SOLUTION
    size = np.linalg.norm(a) + np.linalg.norm(b)
    return float(np.linalg.norm(a - b) / size) if size != 0 else 0.0
    ### END SOLUTION


def gradient_check(f, params, grads, h=1e-5):
    """The relative error of each gradient against its numerical one, array by array.

    Parameters
    ----------
    f : function of a dictionary like params, returns the loss
        Must give the same loss for the same params each time it is called.
    params : {name: float64 array}
    grads : {name: array}, the gradients to judge
    h : float

    Returns
    -------
    errors : {name: float}, one for each entry of params
        Below 1e-7: right. Above 1e-4: wrong. Between: look closer.

    Raises
    ------
    TypeError
        If an array of params is not float64.
    KeyError
        If grads lacks a name of params.
    """
    for name, array in params.items():
        _require_float64(f"params[{name!r}]", array)
        if name not in grads:
            raise KeyError(
                f"grads has no {name!r}; it has {', '.join(map(repr, grads)) or 'nothing'}"
            )
    ### BEGIN SOLUTION
    errors = {}
    for name, array in params.items():
        numeric = numerical_gradient(
            lambda nudged, name=name: f({**params, name: nudged}), array, h
        )
        errors[name] = relative_error(grads[name], numeric)
    return errors
    ### END SOLUTION
