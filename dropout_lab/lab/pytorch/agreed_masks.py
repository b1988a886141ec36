"""A random generator whose coins have been agreed on beforehand, so that two implementations can be given one mask."""

import numpy as np


class AgreedCoins(np.random.Generator):
    """A generator whose `random` and `uniform` lead a dropout layer to the masks that it was given.

    Parameters
    ----------
    masks : list of boolean arrays, True where an entry is kept; handed out by shape, in this order
    forward : the layer that will ask, such as `dropout_forward`
        One question finds out whether it drops on small numbers (`random() < p`) or on large ones.
    """

    def __init__(self, masks, forward):
        super().__init__(np.random.PCG64(0))
        self._waiting = [np.asarray(mask, bool) for mask in masks]
        self._probing = 0.001
        out, _ = forward(np.ones(1), 0.5, self, True)
        self._dropping = 0.001 if np.all(out == 0) else 0.999
        self._probing = None

    def random(self, size=None, dtype=np.float64, out=None):
        if self._probing is not None:
            return np.full(size, self._probing, dtype)
        shape = tuple(np.atleast_1d(size))
        for i, mask in enumerate(self._waiting):
            if mask.shape == shape:
                return np.where(self._waiting.pop(i), 1 - self._dropping, self._dropping).astype(dtype)
        raise ValueError(f"no mask of shape {shape} was agreed on (left: {[m.shape for m in self._waiting]})")

    def uniform(self, low=0.0, high=1.0, size=None):
        return low + (high - low) * self.random(size)


def same_mask(forward, x, p, mask):
    """(out, cache) of a layer in training that is led to a mask of x's shape; ValueError if it cannot be led."""
    out, cache = forward(x, p, AgreedCoins([mask], forward), True)
    if not np.array_equal(np.asarray(out) != 0, mask & (x != 0)):
        raise ValueError(
            "your layer takes its coins from something else than rng.random or rng.uniform, and could not"
            " be led to PyTorch's mask"
        )
    return out, cache
