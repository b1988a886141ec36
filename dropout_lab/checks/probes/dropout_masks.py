"""What the probes of dropout share: one call looked at by dividing, out / x, and the words for what was seen."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.probes import unpack

P = 0.3
LARGE = {0.3: (61, 99), 0.2: (13, 11, 21), 0.8: (6, 4, 3, 42)}  # p times the size is never whole: an exact count shows
CALLS, LENGTH = 12, 201  # small calls in a row, at p = 0.3 and at p = 0.8
EXACT = 1e-9  # float64; what was rounded to float32 on the way is 1e-8 to 1e-7 off
CLOSE = 1e-5


@dataclass(frozen=True)
class Look:
    """What one call in training did to x: ratio is out / x, entry by entry."""

    p: float
    x: np.ndarray
    ratio: np.ndarray

    @cached_property
    def dropped(self):
        return self.ratio == 0

    @cached_property
    def share(self):
        return np.count_nonzero(self.dropped) / self.dropped.size

    def kept(self, otherwise):
        """The smallest and the largest factor of the kept entries; `otherwise` if none was kept."""
        return span(self.ratio[~self.dropped], otherwise)

    def coins(self):
        """How many coins the pattern can have come from: fewer than entries where whole rows or columns are alike."""
        z = self.dropped
        for table in (z.reshape(len(z), -1), z.reshape(-1, z.shape[-1])):
            if (table == table[:1]).all():
                return table.shape[1]
            if (table == table[:, :1]).all():
                return table.shape[0]
        return z.size


def away_from_zero(rng, shape):
    """0.5 to 1.5 in size, of either sign."""
    return rng.uniform(0.5, 1.5, shape) * (2.0 * rng.integers(0, 2, shape) - 1.0)


def coins(rng):
    """A generator for the function under judgement."""
    return np.random.default_rng(int(rng.integers(2**63)))


def span(values, otherwise):
    return (float(values.min()), float(values.max())) if values.size else (otherwise, otherwise)


def alike(got, want, tolerance=CLOSE):
    """Whether all of got are want, relative to want. Never true of nan."""
    return bool((np.abs(np.subtract(got, want)) <= tolerance * np.abs(want)).all())


def times(x):
    """A factor as the reports print it."""
    return f"{x:.2f}" if np.isfinite(x) else "nan"


def between(low, high):
    return f"{times(low)}" if times(low) == times(high) else f"{times(low)} to {times(high)}"


def percent(x):
    return f"{100 * x:.0f}%"


class Unreadable(Exception):
    """Something came back that cannot be looked at; `aspect` says what."""

    def __init__(self, say, seen):
        super().__init__(say)
        self.aspect = Aspect("shape", seen, False, say)


def readable(name, got, shape):
    """The array that came back, in float64; `Unreadable` if it is no real array of the shape that went in."""
    if not isinstance(got, (np.ndarray, np.generic, float, int)):
        kind = "nothing (None)" if got is None else f"a {type(got).__name__}"
        raise Unreadable(f"`{name}` is {kind}; it should be an array of shape {shape}.", f"{name}: {kind}")
    got = np.asarray(got)
    if got.shape != shape:
        raise Unreadable(
            f"`{name}` has shape {got.shape}; it should have {shape}, that of what went in.", f"{name} shape"
        )
    if got.dtype.kind not in "biuf":
        raise Unreadable(f"`{name}` holds {got.dtype} values; it should hold real numbers.", f"{name}: {got.dtype}")
    return got.astype(np.float64)


def thinned(call, x, p, generator, **mode):
    """out / x, and the cache."""
    out, cache = unpack(call(x, p, generator, **mode), "out", "cache")
    return readable("out", out, np.shape(x)), cache


def look(call, x, p, generator):
    """A `Look` at one call in training. x is copied before."""
    out, _ = thinned(call, x.copy(), p, generator)
    return Look(p, x, out / x)


def whole(aspects, *args):
    """The aspects, up to the first result that cannot be read."""
    try:
        yield from aspects(*args)
    except Unreadable as unreadable:
        yield unreadable.aspect


def dtype_kept(name, got, dtype, what, ones=None):
    """dtype in, dtype out; ones are quotients that are 1, as far as the digits of float64 go, if none was lost."""
    dtype = np.dtype(dtype)
    seen = str(getattr(got, "dtype", type(got).__name__))
    close, exact = (ones is None or alike(ones, 1, t) for t in (CLOSE, EXACT))
    if seen == "float64" == str(dtype) and close and not exact:
        seen = "float64 with the digits of float32"
    why = (
        "A gradient check needs all digits."
        if dtype == np.float64
        else ("Training runs in float32; a layer keeps what it is given.")
    )
    return Aspect(
        name, seen, seen == str(dtype), f"{what} came out as {seen} where {dtype} went in. {why}", contract=True
    )
