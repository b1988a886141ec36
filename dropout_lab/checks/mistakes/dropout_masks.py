"""What the mistakes of dropout share: the right layer, and how a mistake becomes a function like the student's.

A cache is (keep, scale): which entries were kept, and what they were multiplied by; (True, 1.0) means nothing was done.
"""

from functools import wraps

import numpy as np

from dropout_lab.checks.mistakes import mistake

IDLE = (True, 1.0)


def kept(x, p, rng):
    """One coin for each entry: True where it is kept."""
    return rng.uniform(size=x.shape) < 1 - p


def inverse(p):
    """1 / (1 - p), and 0 where nothing is kept."""
    return 0.0 if p == 1 else 1 / (1 - p)


def thinned(x, keep, scale):
    """What a layer returns that keeps some entries, times scale; the dtype of floats stays."""
    return np.where(keep, x * scale, x * 0), (keep, scale)


def guarded(function, test=None):
    """The function with the guards of the stub; at test time, if test is given, test(x, p) instead of it."""

    @wraps(function)
    def forward(x, p, rng, train=True):
        if isinstance(p, str) or not 0 <= p <= 1:
            raise ValueError(f"p must be from 0 to 1, not {p!r}")
        if train and rng is None:
            raise TypeError("rng must be a generator")
        if test is None:
            return function(x, p, rng, train)
        return function(x, p, rng) if train else test(x, p)

    return forward


def _same(x, p):
    return x, IDLE


def _scaled(x, p):
    return thinned(x, True, 1 - p)


def in_training(id, title, seen=(), of="dropout_forward"):
    """Register function(x, p, rng) as what a layer does in training; its test time is right."""

    def register(function):
        test = _same if of == "dropout_forward" else _scaled
        mistake(id, of=of, title=title, seen=seen)(guarded(function, test))
        return function

    return register


def in_both(id, title, seen=(), of="dropout_forward"):
    """Register function(x, p, rng, train), which has its own test time."""

    def register(function):
        mistake(id, of=of, title=title, seen=seen)(guarded(function))
        return function

    return register


def coins_of(inverted, zeroing, title, seen=()):
    """Register a wrong way to draw the coins, function(x, p, rng) -> keep, for both kinds of dropout."""

    def register(draw):
        @wraps(draw)
        def scaled(x, p, rng):
            return thinned(x, draw(x, p, rng), inverse(p))

        @wraps(draw)
        def unscaled(x, p, rng):
            return thinned(x, draw(x, p, rng), 1.0)

        in_training(inverted, title, seen)(scaled)
        in_training(zeroing, title, seen, of="zeroing_forward")(unscaled)
        return draw

    return register


@guarded
def dropout_forward(x, p, rng, train=True):
    return thinned(x, kept(x, p, rng), inverse(p)) if train else (x, IDLE)


@guarded
def zeroing_forward(x, p, rng, train=True):
    return thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, 1 - p)


def backward(dout, cache):
    keep, scale = cache
    return np.where(keep, dout * scale, dout * 0)


RIGHT = {
    "dropout_forward": dropout_forward,
    "dropout_backward": backward,
    "zeroing_forward": zeroing_forward,
    "zeroing_backward": backward,
}
