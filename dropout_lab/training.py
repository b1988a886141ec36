"""What happens to the parameters once the gradients are known."""

import numpy as np


def sgd_momentum(params, grads, velocity, lr, momentum):
    """v <- momentum * v - lr * g, then w <- w + v, for every parameter.

    Parameters
    ----------
    params : {name: array}
    grads : {name: array}
    velocity : {name: array}
        What the previous call returned; {} before the first step.
    lr : float
        Learning rate.
    momentum : float in [0, 1)

    Returns
    -------
    params, velocity : new dictionaries of new arrays, same dtype as params
        The ones passed in, and their arrays, stay as they were.

    References
    ----------
    Sutskever et al. 2013, equations 1 and 2.
    """
    raise NotImplementedError("`sgd_momentum` is still blank. Lesson 04, exercise 4.1: dropout_lab/training.py")


def max_norm(w, limit):
    """Shrink each column of w that is longer than limit to that length.

    Column j holds the weights that enter unit j.

    Parameters
    ----------
    w : array (D, H)
    limit : float, positive

    Returns
    -------
    w : array (D, H), new, same dtype as w; columns that are short enough are unchanged

    References
    ----------
    Srivastava et al. 2014, section 5.1.
    """
    raise NotImplementedError("`max_norm` is still blank. Lesson 12, exercise 12.1: dropout_lab/training.py")
