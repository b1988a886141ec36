"""Probes: what is looked at in each function. One file for each of the six modules.

A probe is a generator. It is given the functions (guarded, by name) and a random generator for its inputs, and
yields one `Aspect` after the other, the gravest first. It calls functions and looks at what comes back; how they
are written is none of its business.
"""

import importlib

import numpy as np

from dropout_lab.checks.functions import Broke

PROBES = {}


def probe(name):
    """Register a generator function as the probe of an exercise."""

    def register(generator):
        PROBES[name] = generator
        return generator

    return register


def derivative(f, x):
    """df/dx by the complex step, entry by entry: exact to rounding, and independent of any chain rule.

    f takes a complex array like x and returns a number, by operations that have a complex form.
    """
    grad = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        nudged = x.astype(complex)
        nudged[i] += 1e-200j
        grad[i] = f(nudged).imag / 1e-200
    return grad


def unpack(result, *names):
    """The results of a function that returns several; `Broke` in words if they are not that many."""
    if isinstance(result, tuple) and len(result) == len(names):
        return result
    got = f"{len(result)} values" if isinstance(result, tuple) else "None" if result is None else f"one {type(result).__name__}"
    raise Broke("", "TypeError", f"it returned {got}; it should return {', '.join(names)}")


def float32(*arrays):
    """The arrays in float32."""
    return tuple(a.astype(np.float32) for a in arrays)


def load_all():
    """Import every probe."""
    for name in ("layers", "gradcheck", "network", "training", "dropout", "noise"):
        importlib.import_module(f"{__name__}.{name}")
    return PROBES
