"""Duties of every function beside its values: to change nothing, to remember nothing, to give back plain arrays."""

from dataclasses import replace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect, keeps_dtype, sighting, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import outcome
from dropout_lab.checks.words import bare_array, listed, readable, same

FLOAT32 = 1e-5  # of the size of what is right: seven digits, less what a few sums use up


def kept(got):
    """A result as it is now: a later call may write into the array that an earlier one returned."""
    array = bare_array(got)
    return array.copy() if type(got) is np.ndarray and readable(array) else got


def all_of(name, got, want, tolerance=1e-9, repeats=(), meaning=None):
    """One aspect for a dictionary of arrays: what is seen is all of them, what is said is of the first that is wrong.

    got may be the `Broke` of a call that raised.
    """
    if isinstance(got, Broke):
        return value(name, got, np.zeros(1), repeats=repeats)
    arrays = {k: bare_array(got[k]) for k in want}
    fits = all(readable(arrays[k]) and arrays[k].shape == want[k].shape for k in want)
    parts = {k: value(k, got[k], want[k], tolerance) for k in want}
    wrong = [k for k, part in parts.items() if not part.ok]
    if not wrong:
        return Aspect(name, RIGHT, True, "", repeats=repeats)
    if fits:
        seen = np.concatenate([(part.seen if not part.ok else want[k]).ravel() for k, part in parts.items()])
    else:
        seen = "; ".join(part.seen if isinstance(part.seen, str) else str(part.seen.shape) for part in parts.values())
    which = "" if len(wrong) == len(want) else f"{listed(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong. "
    say = f"{name}: {which}{parts[wrong[0]].say}{f' {meaning}' if meaning else ''}"
    return Aspect(name, seen, False, say, repeats=repeats)


def dictionary_untouched(what, before, now):
    """An aspect that is met when a dictionary that was passed in has the entries, and the arrays, that it had."""
    changed = [k for k in {**before, **now} if k not in now or k not in before or not np.array_equal(before[k], now[k])]
    said = ", ".join(repr(k)[:20] for k in changed[:4])
    say = f"it changed `{what}` ({said}) in place. Return new dictionaries of new arrays."
    return Aspect(f"{what} untouched", bool(changed), not changed, say, contract=True)


def ordinary(name, got):
    """An aspect that is met when what came back is an array of NumPy's own class: others multiply by other rules."""
    seen = type(got).__name__
    ok = type(got) is np.ndarray or not isinstance(got, np.ndarray)
    say = f"`{name}` is of class {seen}, which multiplies and slices by rules of its own. Return a plain array."
    return Aspect(f"{name} is a plain array", RIGHT if ok else seen, ok, say, contract=True)


def in_float32(name, got, want, repeats=(), tolerance=FLOAT32):
    """Two aspects of what came back for float32 arrays: the values as far as float32 holds them, and the dtype."""
    values = value(f"`{name}` in float32", got, want, tolerance, repeats=repeats)
    yield values
    dtype = keeps_dtype(name, got, np.float32)
    yield dtype if values.ok else replace(dtype, repeats=values.name)


def whole_numbers(name, got, want, meaning=None, repeats=()):
    """An aspect of what came back for whole numbers: floats are right, and so is a TypeError."""
    if isinstance(got, Broke) and got.kind in ("TypeError", "UFuncTypeError"):
        return Aspect(name, RIGHT, True, "", repeats=repeats)
    return value(name, got, want, meaning=meaning, repeats=repeats)


def repeatable(first, again, repeats=()):
    """An aspect that is met when a second call with the same cache gave what the first gave.

    first and again are dictionaries of arrays, or a `Broke`; what is seen is how far the numbers moved.
    """
    name = "the same answer twice"
    if isinstance(again, Broke):
        say = f"a second call with the same cache: {again.say()}"
        return Aspect(name, sighting(again), False, say, repeats=repeats)
    pairs = [(bare_array(first[k]), bare_array(again[k])) for k in first]
    known = all(readable(a) and readable(b) and a.shape == b.shape for a, b in pairs)
    moved = np.concatenate([np.subtract(b, a, dtype=float).ravel() for a, b in pairs]) if known else np.zeros(1)
    moved = np.where(np.isfinite(moved), moved, 0)
    say = "a second call with the same gradient and the same cache gives something else than the first."
    return Aspect(name, moved, bool(np.abs(moved).max(initial=0) < 1e-9), say, repeats=repeats)


def own_cache(forwards, backward, wants, repeats=()):
    """An aspect that is met when a backward pass answers for the cache that it is given, whatever ran since.

    Parameters
    ----------
    forwards : three functions without arguments, each returns a cache
    backward : function of (1, the second cache), returns a dictionary of arrays
    wants : what is right after each of the three
    """
    caches = [forward() for forward in forwards]
    got = outcome(lambda: backward(1, caches[1]))
    whose = [not isinstance(got, Broke) and all(same(got[k], want[k]) for k in want) for want in wants]
    name, start = "the cache it is given", "after three forward passes, the backward pass of the second"
    if whose[1]:
        return Aspect(name, RIGHT, True, "", repeats=repeats)
    if True in whose:
        which = "first" if whose[0] else "last"
        say = (
            f"{start} gives the gradient of the {which}. What forward found has to travel in the cache that it"
            " returns: a name outside of the functions holds one call only."
        )
        return Aspect(name, "another call's", False, say, repeats=repeats)
    said = got.say() if isinstance(got, Broke) else "gives the gradient of none of them."
    seen = sighting(got) if isinstance(got, Broke) else "no call's"
    return Aspect(
        name, seen, False, f"{start}: {said}" if isinstance(got, Broke) else f"{start} {said}", repeats=repeats
    )


def stays(name, returned, noted, repeats=()):
    """An aspect that is met when the arrays of an earlier answer are still what they were, after later calls."""
    moved = any(
        type(array) is np.ndarray and readable(array) and not np.array_equal(array, noted[k], equal_nan=True)
        for k, array in returned.items()
    )
    say = f"a later call wrote into the {name} of an earlier one. Every call returns arrays of its own."
    return Aspect(f"{name} of an earlier call", moved, not moved, say, contract=True, repeats=repeats)
