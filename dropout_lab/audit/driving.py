"""Choosing among readings by trying them; the chosen one as the pair of functions that the probes of `checks` call."""

import itertools
import random

import numpy as np

from dropout_lab.audit.calling import result_or_error
from dropout_lab.audit.sources import Undriven
from dropout_lab.checks.functions import Broke, Functions, guard

MOST = 600  # readings that are tried
WEAK = ("none", "method", "global")  # modes that a name alone does not prove


class Trial:
    """What a reading did with a small array: did it drop, did the rate matter, was test time quiet?"""

    def __init__(self, reading, seed=7):
        rng = np.random.default_rng(seed)
        self.reading, self.error, self.score = reading, None, -1
        x = rng.uniform(0.5, 1.5, (24, 18)) * (2.0 * rng.integers(0, 2, (24, 18)) - 1.0)
        with np.errstate(all="ignore"):
            _, self.error = result_or_error(self._run, x)
        if isinstance(self.error, Undriven):
            raise self.error

    def _run(self, x):
        made = [self._ratio(x, number, True) for number in (0.3, 0.8)]
        self.zeros = [float((m == 0).mean()) for m in made]
        self.noisy = all(np.unique(np.round(m[np.isfinite(m)], 9)).size > 1 for m in made) or any(
            0 < z < 1 for z in self.zeros
        )
        at_test, broke = result_or_error(lambda: [self._ratio(x, number, False) for number in (0.3, 0.3)])
        if broke and not self._is_sure_of_its_mode():
            raise broke
        quiet = not broke and np.array_equal(*at_test, equal_nan=True) and not 0 < (at_test[0] == 0).mean() < 1
        self.switches = self.noisy and quiet
        responds = (
            not np.array_equal(np.unique(made[0].round(6)), np.unique(made[1].round(6)))
            or abs(np.diff(self.zeros)[0]) > 0.2
        )
        self.score = 8 * self.noisy + 4 * responds + 2 * self.switches * self.reading.has_mode + self._backward(x)

    def _ratio(self, x, number, train):
        out, self.token = self.reading.forward(x.copy(), number, train, seed=11 + train)
        if out is None:
            raise TypeError("no array of the shape of x came back, and none was left in an attribute")
        return np.asarray(out, float) / x

    def _is_sure_of_its_mode(self):
        """Whether a test time that raises is the layer's own: a flag has no other values that could be meant."""
        kind, _, values = self.reading.mode
        return kind in ("argument", "attribute") and type(values[1]) is bool

    def _backward(self, x):
        if not self.reading.has_backward:
            return 0
        _, token = self.reading.forward(x.copy(), 0.3, True, seed=13)
        return int(self.reading.backward(x.copy(), token) is not None)


def choose(readings, arrays):
    """(the reading that fits best, the first of equals, or None if none drives; all trials).

    A flag that is named as the mode is the mode, even if it turns out to switch nothing; that there is none is believed
    only if no such name drives. Where one reading raises and the others drop nothing, none is believed.
    """
    trials = []
    for reading in itertools.islice(readings, MOST):
        for kind in arrays:
            reading.arrays = kind
            trial = Trial(reading)
            trials.append(trial)
            if trial.error is None:
                break
        if trial.error is None and trial.score >= 15:
            break
    driven = [t for t in trials if t.error is None]
    named = [t for t in driven if t.reading.mode[0] not in WEAK]
    best = max([t for t in named or driven if t.noisy] or named or driven, key=lambda t: t.score, default=None)
    if best is None or (not best.noisy and len(driven) < len(trials)):
        return None, trials
    return best.reading, trials


def mixes(reading):
    """Whether an entry of the output hangs on other entries of the input, as in a layer with weights of its own."""
    x = np.random.default_rng(8).uniform(0.5, 1.5, (24, 18))
    other = x.copy()
    other[:, :9] *= 3
    made, error = result_or_error(
        lambda: [np.asarray(reading.forward(v.copy(), 0.5, True, 5)[0]) for v in (x, x, other)]
    )
    if error or any(out.shape != x.shape for out in made):
        return False
    first, again, changed = (out[:, 9:] for out in made)
    return np.array_equal(first, again, equal_nan=True) and not np.allclose(first, changed, equal_nan=True)


def two_axes_only(reading):
    """Whether it takes tables and nothing else."""
    for shape in ((5,), (3, 4, 5), (2, 3, 2, 3)):
        made, error = result_or_error(reading.forward, np.ones(shape), 0.5, True, 3)
        if error or made[0] is None or made[0].shape != shape:
            return True
    return False


def functions(reading, meaning, tables=False, names=("dropout_forward", "dropout_backward")):
    """`Functions` of the two names: forward(x, p, rng, train) -> out, cache, with p the probability to drop; backward.

    Parameters
    ----------
    reading : Reading
    meaning : "drop" or "keep", what its number is
    tables : whether arrays have to be brought into two axes for it
    """
    at_test = itertools.count(1)

    def shaped(a):
        if not tables or a.ndim == 2:
            return a
        return a.reshape(1, -1) if a.ndim < 2 else a.reshape(-1, a.shape[-1])

    def forward(x, p, rng, train=True):
        number = float(1 - p if meaning == "keep" else p)
        before = rng.bit_generator.state if train else None
        seed = int(rng.integers(2**32)) if train else next(at_test)
        given = shaped(x)
        made, error = result_or_error(reading.forward, given, number, train, seed)
        if error and not train and p in (0, 1):  # a constructor that refuses 0 and 1 says nothing of test time
            made, error = result_or_error(reading.forward, given, min(max(number, 1e-12), 1 - 1e-12), train, seed)
        if isinstance(error, NotImplementedError):  # a framework's, of a dtype: no stub
            raise TypeError(str(error)) from None
        if error:
            raise error
        out, token = made
        if train and out is not None and np.array_equal(out, given) and not _drew(seed):
            rng.bit_generator.state = before
        if given.base is None and given is not x and not np.array_equal(given.reshape(x.shape), x):
            x[...] = given.reshape(x.shape)
        if out is None:
            raise Broke(names[0], "TypeError", "no array of the shape of x came back")
        out = np.array(out)
        return (out.reshape(x.shape) if out.size == x.size else out), (token, given.shape)

    def backward(dout, cache):
        token, shape = cache
        given = dout if dout.shape == shape else dout.reshape(shape)
        dx = reading.backward(given, token)
        if dx is None:
            raise Broke(names[1], "TypeError", "the backward pass returned nothing, and left nothing in an attribute")
        return np.array(dx).reshape(dout.shape) if np.size(dx) == dout.size else np.array(dx)

    return Functions({names[0]: guard(names[0], forward), names[1]: guard(names[1], backward)})


def _drew(seed):
    """Whether anybody drew from a global generator since it was seeded."""
    now = np.random.get_state()
    fresh = np.random.RandomState(seed % 2**32).get_state()
    return (
        now[2] != fresh[2]
        or not np.array_equal(now[1], fresh[1])
        or random.getstate() != random.Random(seed).getstate()
    )
