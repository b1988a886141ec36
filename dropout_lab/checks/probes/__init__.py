"""Probes: what is looked at in each function. One file for each of the six modules.

A probe is a generator. It is given the functions (guarded, by name) and a random generator for its inputs, and
yields one `Aspect` after the other, the gravest first. It calls functions and looks at what comes back; how they
are written is none of its business.
"""

import importlib
import inspect
from functools import lru_cache, wraps
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.functions import Broke
from dropout_lab.checks.words import kind, listed

PROBES = {}


class Unfit(Broke):
    """A function that ran and gave back something that cannot be looked at: its text says what."""

    def __init__(self, message):
        super().__init__("", "Unfit", message)

    def say(self, judged=None):
        return self.message if self.message.endswith("?") else f"{self.message}."


def probe(name):
    """Register a generator function as the probe of an exercise."""

    def register(generator):
        PROBES[name] = generator
        return generator

    return register


def derivative(f, x):
    """df/dx by the complex step, for x of any shape: exact to rounding, and independent of any chain rule.

    f takes a complex array like x and returns a number, by operations that have a complex form.
    """
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        nudged = x.astype(complex)
        nudged[i] += 1e-200j
        grad[i] = f(nudged).imag / 1e-200
    return grad


def slopes(f, x):
    """df/dx by the complex step, all entries of x, of any shape, in one call: f takes a stack of arrays like x
    and returns as many numbers.
    """
    nudged = x + 1e-200j * np.eye(x.size).reshape(-1, *x.shape)
    return f(nudged).imag.reshape(x.shape) / 1e-200


def unpack(result, *names):
    """The results of a function that returns several; `Unfit` in words if they are not that many."""
    if isinstance(result, (tuple, list)):
        parts = list((tuple if isinstance(result, tuple) else list).__iter__(result))
        if len(parts) == len(names):
            return parts
        got = f"{len(parts)} values"
    else:
        got = kind(result)
    hint = _how_it_came(result)
    raise Unfit(f"it returned {got}; it should return {', '.join(names)}{hint and '. ' + hint}")


def _how_it_came(result):
    """A question on how a function came to return what is no result at all, or nothing."""
    if result is None:
        return "Is its last line a `return`?"
    if inspect.isgenerator(result):
        return "Is there a `yield` where `return` is meant?"
    if inspect.iscoroutine(result):
        result.close()  # Python would complain that nobody waited for it
        return "Is there `async def` where `def` is meant?"
    return ""


def entries(result, what, names):
    """{name: array} of a returned dictionary, for the names that it should have; `Unfit` in words if it has not."""
    if not isinstance(result, dict):
        raise Unfit(f"{what} is {kind(result)}; it should be a dictionary with {listed(names)}")
    found = {key: dict.__getitem__(result, key) for key in dict.__iter__(result) if type(key) is str}
    if missing := [name for name in names if name not in found]:
        raise Unfit(f"{what} has no {listed(missing)}; it has {listed(found) if found else 'nothing'}")
    return {name: found[name] for name in names}


def outcome(call):
    """What a call gives, or the `Broke` that it raised: for an aspect whose failure must not end the probe."""
    try:
        return call()
    except Broke as broke:
        return broke


def case(build):
    """Keep what a function of a seed gives (inputs, and what is right for them), so that it is worked out once.

    The arrays are made read-only: a probe passes copies, and nothing that a student's function does can reach them.
    """

    @lru_cache(maxsize=16)
    def built(seed):
        made = build(np.random.default_rng(seed))
        _protect(made)
        return made

    return wraps(build)(lambda rng: built(int(rng.integers(2**32))))


def _protect(thing):
    """Make every array in it read-only."""
    if isinstance(thing, np.ndarray):
        thing.flags.writeable = False
    elif isinstance(thing, (SimpleNamespace, dict, list, tuple)):
        inside = vars(thing) if isinstance(thing, SimpleNamespace) else thing
        for part in inside.values() if isinstance(inside, dict) else inside:
            _protect(part)


def copies(*things):
    """Fresh copies of arrays and of dictionaries of arrays, to be passed on."""
    made = [{k: v.copy() for k, v in t.items()} if isinstance(t, dict) else t.copy() for t in things]
    return made if len(made) > 1 else made[0]


def float32(*arrays):
    """The arrays in float32."""
    return tuple(a.astype(np.float32) for a in arrays)


def load_all():
    """Import every probe."""
    for name in ("layers", "gradcheck", "network", "training", "dropout", "noise"):
        importlib.import_module(f"{__name__}.{name}")
    return PROBES
