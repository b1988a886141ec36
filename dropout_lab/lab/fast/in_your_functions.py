"""The step of `lab/fast.py` made of your functions, with the same masks: a switch between the two changes no result."""

import numpy as np

from dropout_lab import network, training
from dropout_lab.lab.fast.in_numpy import LANES, cut_and_scale, lanes, words


class LaneCoins(np.random.Generator):
    """A generator whose `random` deals the lanes above, as fractions of 65536.

    `rng.random(x.shape) >= p` then draws, for p a multiple of 2**-16, the very mask that `Dropout` and `MLP` draw.
    """

    def __init__(self, seed):
        super().__init__(np.random.PCG64DXSM(seed))

    def random(self, size=None, dtype=np.float64, out=None):
        entries = int(np.prod(size if size is not None else 1))
        coins = lanes(self.bit_generator.random_raw(words(entries)), entries) / LANES
        return dtype(coins[0]) if size is None else coins.astype(dtype).reshape(size)


class YourMLP:
    """`MLP` made of the functions in dropout_lab/: same arguments, same masks, same results to rounding, more time.

    The masks are the same if `dropout_forward` keeps where `rng.random(x.shape) >= p`. Drawn in another way they are
    other masks of the same kind.
    """

    def __init__(self, params, p, seed):
        self.params = {name: np.array(value, np.float32) for name, value in params.items()}
        self.velocity = {}
        self.p = tuple(cut_and_scale(rate)[0] / LANES for rate in network.rates(p))
        self.rng = LaneCoins(seed)
        self.bits = self.rng.bit_generator

    def step(self, x, y, lr, momentum, limit=None):
        """Gradient descent on x (N, D) and labels y (N,), then max-norm on the hidden layers. Returns the loss."""
        loss, grads = network.loss_and_grads(self.params, x, y, self.p, self.rng)
        self.params, self.velocity = training.sgd_momentum(self.params, grads, self.velocity, lr, momentum)
        for i in range(1, len(self.params) // 2 if limit else 0):
            self.params[f"W{i}"] = training.max_norm(self.params[f"W{i}"], limit)
        return float(loss)

    def scores(self, x):
        """The scores (N, C) at test time."""
        return network.mlp_forward(self.params, x, self.p, None, train=False)[0]
