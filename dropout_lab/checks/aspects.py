"""What a probe sees: one aspect of a function's behaviour at a time, with what the specification says of it."""

from dataclasses import dataclass

import numpy as np

from dropout_lab.checks.functions import Broke
from dropout_lab.checks.words import bare_array, describe, kind, named, readable, same

RIGHT = "as it should be"  # what is seen where nothing has to be told apart


@dataclass(frozen=True)
class Aspect:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        Such as "kept scale".
    seen : bool, number, string, tuple or array
        What was observed. Two functions that show the same in an aspect are alike in it.
    ok : bool
        Whether the specification is met.
    say : str
        The observation against the expectation, in a sentence or two, for when it is not.
    near : number or None, or one for each number seen
        Sightings this close are alike; for statistics, which never repeat exactly. None is for exact values: alike are
        those that differ by rounding, for the size of what was seen.
    contract : bool
        A duty beside the values: not to change an input, to keep a dtype.
    repeats : str or tuple of str
        Names of other aspects. Where one of them is not met, this one says nothing new and keeps silent.
    """

    name: str
    seen: object
    ok: bool
    say: str
    near: object = None
    contract: bool = False
    repeats: str | tuple[str, ...] = ()

    def echoes(self, names):
        """Whether this is only to be expected, given that the aspects of these names are not met."""
        return any(name in names for name in ((self.repeats,) if isinstance(self.repeats, str) else self.repeats))

    def alike(self, other):
        """Whether the other function was seen to do the same here."""
        mine, theirs = self.seen, other.seen
        if isinstance(mine, str) or isinstance(theirs, str) or mine is None or theirs is None:
            return type(mine) is type(theirs) and mine == theirs
        mine, theirs = np.asarray(mine), np.asarray(theirs)
        if mine.shape != theirs.shape or mine.dtype.kind not in "biufc" or theirs.dtype.kind not in "biufc":
            return False
        known = [np.abs(a[np.isfinite(a)]).max(initial=0.0) for a in (mine, theirs)]
        near = np.asarray(max(1e-12, 1e-6 * max(known)) if self.near is None else self.near)
        with np.errstate(all="ignore"):
            return bool((np.isclose(mine, theirs, rtol=1e-6, atol=near, equal_nan=True)).all())


def value(name, got, want, tolerance=1e-9, meaning=None, repeats=()):
    """An aspect that is met when got equals want: same shape, finite, entries within tolerance of want's size.

    got may be the `Broke` of a call that raised (`outcome`); what it says is said then.
    """
    if same(got, want, tolerance):
        return Aspect(name, RIGHT, True, "", repeats=repeats)
    say = f"{named(name)}: {got.say()}" if isinstance(got, Broke) else describe(name, got, want, tolerance)
    return Aspect(name, sighting(got), False, say + (f" {meaning}" if meaning else ""), repeats=repeats)


def sighting(got):
    """What an aspect keeps of a result: a copy of an array of numbers, else words for it."""
    if isinstance(got, Broke):
        return f"{got.kind}: {got.message}"
    array = bare_array(got)
    if readable(array):
        return array.astype(float)
    return kind(got) if array is None else f"{array.dtype} of shape {array.shape}"


def untouched(name, before, now):
    """An aspect that is met when the caller's array is still what it was."""
    same_shape = isinstance(now, np.ndarray) and now.shape == before.shape
    changed = not (same_shape and ((now == before).all() or np.array_equal(before, now, equal_nan=True)))
    say = (
        f"it changed `{name}` in place. Whoever called still needs it:"
        " work on a copy, or write `a = a * m`, not `a *= m`."
    )
    return Aspect(f"{name} untouched", changed, not changed, say, contract=True)


def keeps_dtype(name, got, dtype):
    """An aspect that is met when an array comes back in the dtype that went in."""
    array, dtype = bare_array(got), np.dtype(dtype)
    if array is not None and array.dtype == dtype:
        return Aspect(f"{name} dtype", RIGHT, True, "", contract=True)
    if isinstance(got, Broke):
        seen, say = sighting(got), f"with {dtype} arrays {got.say()}"
    else:
        seen = kind(got) if array is None else str(array.dtype)
        say = (
            f"{dtype} went in and `{name}` came out as {seen}."
            " Training runs in float32; a layer keeps what it is given."
        )
        if seen == "float64":
            say += (
                " One float64 in a product is enough, in NumPy 2 also a single number that NumPy computed,"
                " such as `np.sqrt(2)`; a plain Python number does not change a dtype."
            )
    return Aspect(f"{name} dtype", seen, False, say, contract=True)
