"""What an exercise stands on: the exercises under it, and which of them are at fault where it fails."""

import numpy as np

from dropout_lab.checks.exercises import EXERCISES, find

DROPOUT = ("dropout_forward", "dropout_backward")  # what a network uses from lesson 06 on


def ground(name, drops=True):
    """The exercises under one, directly or through others, in the order of the course.

    Parameters
    ----------
    name : str
    drops : bool
        Whether the network uses dropout.
    """
    found, left = set(), [name]
    while left:
        under = find(left.pop())
        needs = (*under.needs, *(DROPOUT if drops and under.name == "mlp_forward" else ()))
        left += set(needs) - found
        found.update(needs)
    return [n for n in EXERCISES if n in found]


def lowest(names, drops=True):
    """Of exercises that fail those that stand on no other of them: the others may fail for their sake."""
    return [name for name in names if not set(ground(name, drops)) & set(names)]


def drops(functions):
    """Whether the network uses dropout, as it does from lesson 06 on: its scores hang on the rate. None: it fails."""
    params = {"W1": np.ones((2, 50)), "b1": np.ones(50), "W2": np.ones((50, 1)), "b2": np.ones(1)}
    try:
        first, second = (
            functions.mlp_forward(params, np.ones((3, 2)), p, np.random.default_rng(1))[0] for p in (0.9, 0)
        )
        return not np.array_equal(first, second)
    except Exception:  # noqa: BLE001 - a student's function raises anything
        return None
