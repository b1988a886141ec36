"""Probes of dropout.py. What is right comes from dividing: out / x forward, dx / dout backward.

No bits are compared with a reference. x is bounded away from 0 and not constant, so that out / x is the mask itself.
Every bound on chance comes from `chance`: a right function fails a check with probability below 4e-10, whatever its
sampler. The nearest wrong families are caught with probability above 1 - 1e-9: a normal number in place of a uniform
drops 42% where p = 0.8 asks for 80% (bound: 6 points; 38 points are 36 standard deviations); integer levels that are
off by one of ten drop 40% where p = 0.3 asks for 30% (bound: 4.4 points; 5.6 points are 8.9 standard deviations).
A rate that is off by less than 4 points at p = 0.3, and by less at p = 0.2 and 0.8, passes.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import nan, sqrt

import numpy as np

from dropout_lab.checks.aspects import Aspect, untouched
from dropout_lab.checks.chance import ALARM, bernstein, coin_bound, narrowest
from dropout_lab.checks.functions import attempt
from dropout_lab.checks.probes import probe, unpack

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
        return _range(self.ratio[~self.dropped], otherwise)

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


def _range(values, otherwise):
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


def _thin(call, x, p, generator, **mode):
    """out / x, and the cache."""
    out, cache = unpack(call(x, p, generator, **mode), "out", "cache")
    return readable("out", out, np.shape(x)), cache


def look(call, x, p, generator):
    """A `Look` at one call in training. x is copied before."""
    out, _ = _thin(call, x.copy(), p, generator)
    return Look(p, x, out / x)


# --- forward ---------------------------------------------------------------------------------------------------------


@probe("dropout_forward")
def dropout_forward(f, rng):
    yield from _whole(_forward, f.dropout_forward, rng, lambda p: 1 / (1 - p), lambda p: 1.0)


@probe("zeroing_forward")
def zeroing_forward(f, rng):
    yield from _whole(_forward, f.zeroing_forward, rng, lambda p: 1.0, lambda p: 1 - p)


def _whole(aspects, *args):
    """The aspects, up to the first result that cannot be read."""
    try:
        yield from aspects(*args)
    except Unreadable as unreadable:
        yield unreadable.aspect


def _forward(call, rng, kept, test):
    """A layer that multiplies by 0 or kept(p) in training, and by test(p) at test time."""
    rng = coins(rng)  # or x would hold the very numbers that a student's default_rng(0) draws
    x, g = away_from_zero(rng, LARGE[P]), coins(rng)
    given = x.copy()
    out, _ = _thin(call, given, P, g)
    looks = [Look(P, x, out / x)]
    others, broke = attempt(lambda: [look(call, away_from_zero(rng, s), p, g) for p, s in LARGE.items() if p != P])
    looks += others or []
    at_test = list(_test_time(call, rng, g, test))
    yield from at_test
    if broke:
        yield Aspect(
            "shapes",
            "raises",
            False,
            f"for arrays of three or four axes {broke.say()} Every entry has its own coin, whatever the shape.",
        )
    series = _series(call, rng, g)
    shares = [a.share for a in looks + series[P] + series[0.8]]
    if all(s in (0, 1) for s in shares) and min(shares) == 0 and max(shares) == 1:
        rate = Aspect(
            "one coin for all",
            True,
            False,
            "a call drops either every entry or none. Each entry has a coin of its own.",
        )
    else:
        rate = _zero_fraction(looks)
    scale = _kept_scale(looks, kept)
    yield from (rate, scale)
    if 0 < looks[0].share < 1:
        yield from _structure(looks)
    if 0 < min(shares) and max(shares) < 1:
        yield from _calls(call, rng, looks[0], series)
    yield untouched("x", x, given)
    if rate.ok and scale.ok:  # else the edges say the same again, in more confusing words
        yield from _edges(call, rng, g)
        modes = [("in training", {}, kept(P)), ("at test time", {"train": False}, test(P))]
        yield from _integers(call, rng, g, modes if at_test[0].ok else modes[:1])
    yield from _dtypes(call, rng, g, kept, test)
    yield from _refusals(call, rng, g)


def _test_time(call, rng, g, test):
    """At test time every entry is multiplied by test(p), always the same."""
    rates = (P, 0.8)
    x = away_from_zero(rng, (9, 7))
    given = x.copy()
    ratios = [_thin(call, given, p, g, train=False)[0] / x for p in rates]
    again = _thin(call, x.copy(), P, g, train=False)[0] / x
    expected = " and ".join(dict.fromkeys(times(test(p)) for p in rates))
    if any((r == 0).any() for r in ratios) and not all((r == 0).all() for r in ratios):
        yield Aspect(
            "test time", "drops", False, "with train=False it still drops entries. At test time every unit takes part."
        )
    elif not np.array_equal(ratios[0], again, equal_nan=True):
        yield Aspect(
            "test time",
            "random",
            False,
            "with train=False two calls on the same x differ. At test time nothing is random.",
        )
    else:
        seen = sum((_range(r, nan) for r in ratios), ())
        ok = all(alike(r, test(p)) for p, r in zip(rates, ratios))
        at = " and ".join(between(*_range(r, nan)) for r in ratios)
        say = f"with train=False, out is {at} times x at p = {P} and 0.8; it should be {expected} times x."
        yield Aspect("test time", seen, ok, say, near=1e-5)
    yield Aspect(
        "x untouched at test time",
        not np.array_equal(x, given),
        np.array_equal(x, given),
        "with train=False it changed `x` in place. Whoever called still needs it.",
        contract=True,
    )


def _series(call, rng, g):
    """Calls in a row on the same x, with one generator that goes on."""
    x = away_from_zero(rng, (LENGTH,))
    return {p: [look(call, x, p, g) for _ in range(CALLS)] for p in (P, 0.8)}


def _zero_fraction(looks):
    bounds = [coin_bound(a.coins(), a.p) for a in looks]
    ok = all(abs(a.share - a.p) <= t for a, t in zip(looks, bounds))
    near = 2 * max(coin_bound(a.x.size, a.p) for a in looks)
    if not any(a.share for a in looks):
        say = "in training nothing is dropped; a fraction p should be."
    else:
        shares = ", ".join(f"{percent(a.share)} at p = {a.p}" for a in looks)
        say = f"of the outputs, {shares} are 0. Those shares should be p, the probability to drop."
    return Aspect("zero fraction", tuple(a.share for a in looks), ok, say, near=near)


def _kept_scale(looks, kept):
    """Every kept entry is multiplied by the same number, kept(p)."""
    seen = sum((a.kept(kept(a.p)) for a in looks), ())
    ok = all(alike(a.kept(kept(a.p)), kept(a.p)) for a in looks)
    low, high = looks[0].kept(kept(P))
    dropped = looks[0].share
    as_asked = abs(dropped - P) <= coin_bound(looks[0].coins(), P) and 0 < dropped < 1
    opening = f"{percent(dropped)} of the outputs are 0, as p = {P} asks, but kept" if as_asked else f"at p = {P}, kept"
    say = f"{opening} outputs are {between(low, high)} times their input; every one should be {times(kept(P))} times."
    realised = [a for a in looks if 0 < a.share < 1]
    if not ok and realised and all(alike(a.kept(nan), 1 / (1 - a.share), EXACT) for a in realised):
        seen = "1 / the share kept in this call"
        say = (
            f"kept outputs are {realised[0].kept(nan)[0]:.4f} times their input, 1 over the share that this call"
            " kept;"
            f" every one should be {kept(P):.4f} times, in every call."
        )
    return Aspect("kept scale", seen, ok, say, near=1e-5)


def _pattern(counts, n, p):
    """How counts of zeros in lines of n entries are spread: "free" is what independent coins give."""
    share = counts / n
    if ((counts == 0) | (counts == n)).all():
        return "all or nothing"
    if np.ptp(counts) <= narrowest(len(counts), n, p):
        return "always as many"
    slack = coin_bound(n, p, ALARM / len(counts)) + coin_bound(n * len(counts), p)
    return "uneven" if np.abs(share - share.mean()).max() > slack else "free"


def _structure(looks):
    """The coins are independent: of each other along every axis, and of x."""
    z, (rows, columns) = looks[0].dropped, looks[0].dropped.shape
    p = P if abs(z.mean() - P) <= coin_bound(z.size, P) else float(z.mean())
    by_column, by_row = _pattern(z.sum(axis=0), rows, p), _pattern(z.sum(axis=1), columns, p)
    if by_row != "all or nothing":
        say = _line("column", by_column, z.sum(axis=0), "a column drops in all samples or in none")
        yield Aspect("zeros per column", by_column, by_column == "free", say)
    if by_column != "all or nothing":
        say = _line("row", by_row, z.sum(axis=1), "a sample is dropped whole or kept whole")
        yield Aspect("zeros per row", by_row, by_row == "free", say)
    if "all or nothing" in (by_column, by_row):
        return
    tables = [a for a in looks if a.x.ndim in (2, 4) and 0 < a.share < 1]
    ties = [(a, axis, _neighbours(a, axis)) for a in tables for axis in range(a.x.ndim)]
    free = all(abs(r) <= _neighbour_bound(a) for a, _, r in ties)
    a, axis, worst = max(ties, key=lambda tie: abs(tie[2]))
    yield Aspect(
        "neighbours",
        tuple(r for *_, r in ties),
        free,
        f"neighbours along axis {axis} are not independent:"
        f" their zeros correlate by {worst:.2f} in an array of shape {a.x.shape}. Each entry has its own"
        " coin.",
        near=2 * max(_neighbour_bound(a) for a, *_ in ties),
    )
    by_value = [_with_x(looks[0], u) for u in (looks[0].x, np.abs(looks[0].x))]
    tied = [f"{what} by {r:.2f}" for what, (r, t) in zip(("x", "the size of x"), by_value) if abs(r) > t]
    say = (
        f"which entries are dropped depends on x: the zeros correlate with {' and '.join(tied)}. Coins do not look"
        " at x."
    )
    yield Aspect("zeros against x", tuple(r for r, _ in by_value), not tied, say, near=2 * max(t for _, t in by_value))


def _line(line, pattern, counts, whole):
    if pattern == "all or nothing":
        return f"{whole}. Each entry has a coin of its own."
    if pattern == "always as many":
        many = f"{counts.min()} to {counts.max()}" if np.ptp(counts) else f"exactly {counts[0]}"
        return f"each {line} holds {many} zeros. Independent coins give now more, now fewer."
    return f"the zeros are not spread evenly: a {line} holds between {counts.min()} and {counts.max()} of them."


def _neighbours(look, axis):
    """The correlation between the zeros of entries 0 and 1, 2 and 3, ... along an axis: independent pairs."""
    z = np.moveaxis(look.dropped, axis, 0).astype(float) - look.share
    pairs = len(z) // 2
    return float((z[0 : 2 * pairs : 2] * z[1 : 2 * pairs : 2]).mean() / (look.share * (1 - look.share)))


def _neighbour_bound(look):
    """For the correlation of `_neighbours`: products of two coins, and the rate estimated from the same entries."""
    p, n = look.p, look.x.size
    pairs = min(n // side * (side // 2) for side in look.x.shape)
    t, half = coin_bound(n, p), coin_bound(pairs, p)
    of_products = bernstein(pairs, (p * (1 - p)) ** 2, max(p, 1 - p) ** 2)
    return (of_products + 2 * t * half + t * t) / (p * (1 - p) - t * abs(1 - 2 * p) - t * t)


def _with_x(look, u):
    """(correlation of the zeros with u, its bound): a mean of independent terms, x being fixed."""
    u = u - u.mean()
    scale = np.abs(u).max()
    z = look.dropped - look.share
    sd, spread = float(u.std()), sqrt(look.share * (1 - look.share))
    bound = bernstein(u.size, look.p * (1 - look.p) * (sd / scale) ** 2, 1.0) * scale / sd / spread
    return float((z * u).mean() / sd / spread), bound


def _calls(call, rng, first, series):
    """Every call has fresh coins from the generator that was passed; how many fall is left to chance."""
    x = series[P][0].x
    same = [np.array_equal(a.dropped, b.dropped) for looks in series.values() for a, b in pairwise(looks)]
    stale, repeated = all(same), any(same)
    seed = int(rng.integers(2**63))
    one, same_state, other = (look(call, x, P, np.random.default_rng(s)).dropped for s in (seed, seed, seed ^ 1))
    if stale and np.array_equal(one, other):
        prefix = np.array_equal(first.dropped.ravel()[:LENGTH], one)
        seen = "the same for every shape and generator" if prefix else "the same for every generator"
        say = "calls on arrays of one shape drop the same entries, whatever the generator."
    else:
        seen = "the same until the generator is replaced" if stale else "repeated now and then" if repeated else "fresh"
        say = "two calls in a row, with a generator that goes on, drop the same entries."
    yield Aspect("fresh mask", seen, seen == "fresh", f"{say} Every mini-batch needs new coins.")
    if seen != "fresh":
        return
    repeats = np.array_equal(one, same_state)
    yield Aspect(
        "mask from rng",
        repeats,
        repeats,
        "the same generator state gave two different masks. All coins have to come from the `rng` passed in.",
    )
    counts = {p: [int(a.dropped.sum()) for a in looks] for p, looks in series.items()}
    exact = any(np.ptp(c) <= narrowest(CALLS, LENGTH, p) for p, c in counts.items())
    low, high, usual = min(counts[P]), max(counts[P]), sqrt(LENGTH * P * (1 - P))
    many = f"exactly {low}" if low == high else f"{low} to {high}"
    yield Aspect(
        "count over calls",
        exact,
        not exact,
        f"{CALLS} calls dropped {many} of {LENGTH} entries each."
        f" Independent coins fall {P * LENGTH:.0f} times give or take {usual:.0f}.",
    )


def _edges(call, rng, g):
    """p = 0 changes nothing, p = 1 gives zeros."""
    x = away_from_zero(rng, (23, 31))
    result, broke = attempt(lambda: _thin(call, x.copy(), 0.0, g)[0] / x)
    if broke or not np.isfinite(result).all():
        seen, ok = "nan or an error", False
        say = f"at p = 0 {broke.say()}" if broke else "at p = 0 it gives nan or infinity."
    else:
        zeros = float((result == 0).mean())
        low, high = _range(result[result != 0], 0.0)
        seen, ok = (zeros, low, high), zeros == 0 and alike(result, 1)
        say = (
            f"at p = 0 {percent(zeros)} of the outputs are 0 and the others {between(low, high)} times their"
            " input; nothing should change."
        )
    yield Aspect("p = 0", seen, ok, say, near=0.2)
    result, broke = attempt(lambda: _thin(call, x.copy(), 1.0, g)[0])
    ok = broke is None and bool((result == 0).all())
    bad = broke is not None or not np.isfinite(result).all()
    what = (
        broke.say()
        if broke
        else "it gives nan or infinity."
        if bad
        else (f"{percent((result != 0).mean())} of the outputs are not 0.")
    )
    yield Aspect(
        "p = 1",
        "nan or an error" if bad else float((result == 0).mean()),
        ok,
        f"at p = 1 {what} Everything is dropped then: zeros.",
        near=0.2,
    )


def _integers(call, rng, g, modes):
    """Integers keep their scale; refusing them aloud is accepted."""
    x = rng.integers(1, 10, (6, 20))
    for when, mode, factor in modes:
        out, broke = attempt(lambda mode=mode: _thin(call, x.copy(), P, g, **mode)[0])
        if not broke:
            ratio = out / x
            whole = bool((out == np.round(out)).all())
            ok = alike(ratio[ratio != 0], factor) and (ratio != 0).any()
            say = (
                f"with integers in x, {when} kept outputs are {between(*_range(ratio[ratio != 0], 0.0))} times"
                f" their input where {times(factor)} is right."
            )
            yield Aspect(f"integers {when}", "cut to whole numbers" if whole and not ok else ok, ok, say)


def _dtypes(call, rng, g, kept, test):
    """float32 stays float32, float64 stays float64 with all its digits."""
    x = away_from_zero(rng, (8, 9))
    half = x.astype(np.float32)
    for when, mode, factor in (("in training", {}, kept(P)), ("at test time", {"train": False}, test(P))):
        out = unpack(call(half.copy(), P, g, **mode), "out", "cache")[0]
        yield _dtype(f"float32 {when}", out, np.float32, f"`out` {when}")
        out = unpack(call(x.copy(), P, g, **mode), "out", "cache")[0]
        ratio = readable("out", out, x.shape) / x
        yield _dtype(f"float64 {when}", out, np.float64, f"`out` {when}", ratio[ratio != 0] / factor)


def _dtype(name, got, dtype, what, ones=None):
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


def _refusals(call, rng, g):
    """What the stub's guards refuse. They are given, so this fails only where they were taken out."""
    x = away_from_zero(rng, (4, 5))
    accepted = [repr(p) for p in (-0.1, 1.5, nan, "0.3") if not attempt(lambda p=p: call(x.copy(), p, g))[1]]
    accepted += ["rng = None"] * (not attempt(lambda: call(x.copy(), P, None))[1])
    _, broke = attempt(lambda: call(x.copy(), P, None, train=False))
    yield Aspect(
        "no generator at test time",
        bool(broke),
        not broke,
        "with train=False it needs a generator. Nothing is random then: `rng` may be None.",
        contract=True,
    )
    say = (
        f"it accepts {', '.join(a if a.startswith('rng') else f'p = {a}' for a in accepted)}. The two guards at"
        " the top of the stub refuse what makes no sense; keep them."
    )
    yield Aspect("refusals", tuple(len(a) for a in accepted), not accepted, say, contract=True)


# --- backward --------------------------------------------------------------------------------------------------------


@probe("dropout_backward")
def dropout_backward(f, rng):
    yield from _whole(_backward, f.dropout_forward, f.dropout_backward, rng)


@probe("zeroing_backward")
def zeroing_backward(f, rng):
    yield from _whole(_backward, f.zeroing_forward, f.zeroing_backward, rng)


def _backward(forward, backward, rng):
    """dx / dout is out / x of the same forward pass, entry by entry, whatever that forward pass did."""
    rng = coins(rng)
    x, dout, g = away_from_zero(rng, (31, 23)), away_from_zero(rng, (31, 23)), coins(rng)
    passes = [_pass(forward, backward, x, dout, p, g) for p in (P, 0.8)]
    dropped, kept = _gradient(passes, x, dout)
    yield from (dropped, kept)
    if dropped.ok and not isinstance(kept.seen, str):
        yield from _zeros_in_x(forward, backward, rng, g)
    yield from _other_passes(forward, backward, x, dout, rng, g)
    first = passes[0]
    again = readable("dx", backward(dout.copy(), first.cache), dout.shape)
    yield Aspect(
        "second call",
        np.array_equal(again, first.dx, equal_nan=True),
        np.array_equal(again, first.dx, equal_nan=True),
        "a second call with the same cache gives another dx. Backward may not change what forward left for it.",
        contract=True,
    )
    yield untouched("dout", dout, first.given)
    if all(a.in_step() for a in passes):
        yield from _backward_edges(forward, backward, x, dout, rng, g)
    _, cache = unpack(forward(x.astype(np.float32), P, g), "out", "cache")
    yield _dtype("float32", backward(dout.astype(np.float32), cache), np.float32, "`dx`")
    on = first.m != 0
    yield _dtype("float64", first.raw, np.float64, "`dx`", first.g[on] / first.m[on])


@dataclass(frozen=True)
class Pass:
    """A forward pass and the backward pass after it: m is out / x, g is dx / dout."""

    m: np.ndarray
    g: np.ndarray
    dx: np.ndarray
    given: np.ndarray
    cache: object
    raw: object

    def in_step(self):
        """Whether backward multiplied by what forward multiplied by."""
        return alike(self.g, self.m)


def _pass(forward, backward, x, dout, p, generator, **mode):
    out, cache = _thin(forward, x.copy(), p, generator, **mode)
    given = dout.copy()
    raw = backward(given, cache)
    dx = readable("dx", raw, dout.shape)
    return Pass(out / x, dx / dout, dx, given, cache, raw)


def _gradient(passes, x, dout):
    """dx on dropped and on kept entries."""
    off = [a.m == 0 for a in passes]
    rest = [_range(a.g[z], 0.0) for a, z in zip(passes, off)]
    dropped = Aspect(
        "dropped entries",
        sum(rest, ()),
        all(r == (0.0, 0.0) for r in rest),
        f"where forward dropped an entry, dx is {between(*rest[0])} times dout; it should be 0."
        " Nudging a dropped input moves nothing.",
        near=1e-5,
    )
    done = [_range(a.m[~z], 1.0) for a, z in zip(passes, off)]
    back = [_range(a.g[~z], d[0]) for a, z, d in zip(passes, off, done)]
    ok = all(alike(a.g[~z], a.m[~z]) for a, z in zip(passes, off))
    seen = sum(back, ())
    say = (
        f"where forward kept an entry it multiplied by {between(*done[0])}; backward multiplied by {between(*back[0])}."
    )
    outs = [x * a.m for a in passes]
    guesses = {"dout * out": outs, "dout * x": [x] * len(passes), "out": [out / dout for out in outs]}
    for what, factor in guesses.items():
        if not ok and all(alike(a.g[~z], m[~z]) for a, z, m in zip(passes, off, factor)):
            seen, say = (
                what,
                (f"where forward kept an entry, dx is {what}. The slope of x * m is m, and x has no part in it."),
            )
    return dropped, Aspect("kept entries", seen, ok, say, near=1e-5)


def _zeros_in_x(forward, backward, rng, g):
    """Where x is exactly 0, as after a ReLU, out tells nothing about the mask; dx still follows it."""
    x, dout = away_from_zero(rng, (83, 61)), away_from_zero(rng, (83, 61))
    nought = rng.random(x.shape) < 0.5
    x[nought] = 0.0
    out, cache = _thin(forward, x.copy(), P, g)
    slope = readable("dx", backward(dout.copy(), cache), dout.shape) / dout
    elsewhere, here = out[~nought] == 0, slope[nought] == 0
    bound = bernstein(min(here.size, elsewhere.size), 2 * P * (1 - P), max(P, 1 - P))  # a difference of two shares
    close = bool(abs(here.mean() - elsewhere.mean()) <= bound)
    say = (
        f"where x is exactly 0, as after a ReLU, dx is 0 in {percent(here.mean())} of the entries; the mask"
        f" dropped {percent(elsewhere.mean())}."
        " The mask has to be remembered: `out` is 0 there either way."
    )
    if not np.isfinite(slope).all():
        say = (
            "where x is exactly 0, as after a ReLU, dx is nan or infinite. Dividing by x, or by out, does not give"
            " the mask back."
        )
        yield Aspect("x = 0", "nan", False, say)
    else:
        yield Aspect("x = 0", float(here.mean()), close, say, near=2 * bound)


def _other_passes(forward, backward, x, dout, rng, g):
    """Each backward pass belongs to the forward pass whose cache it is given, in whatever order they run."""
    out, cache = _thin(forward, x.copy(), P, g)
    other, _ = _thin(forward, away_from_zero(rng, x.shape), P, g)
    slope = readable("dx", backward(dout.copy(), cache), dout.shape) / dout
    if np.array_equal((slope == 0), (other == 0)) and not np.array_equal(out == 0, other == 0):
        seen = "the mask of the later pass"
    else:  # only whether the mask is its own: a wrong factor was judged before
        direct = _pass(forward, backward, x, dout, P, g)
        seen = "its own" if direct.in_step() == alike(slope, out / x) else "another"
    yield Aspect(
        "after another forward pass",
        seen,
        seen == "its own",
        "forward on batch A, forward on batch B,"
        " backward for A:"
        f" dx has {seen if seen != 'another' else 'a mask that is not that of A'}. What backward needs"
        " travels in the cache.",
    )
    (out, cache), before = _thin(forward, x.copy(), P, g, train=False), other
    result, broke = attempt(lambda: readable("dx", backward(dout.copy(), cache), dout.shape) / dout)
    m = out / x
    if broke:
        yield Aspect(
            "test time",
            "raises",
            False,
            f"after forward with train=False, backward cannot use the cache: {broke.say()}",
        )
    elif np.array_equal(result == 0, before == 0) and (before == 0).any():
        yield Aspect(
            "test time",
            "an older mask",
            False,
            "after forward with train=False, dx has the mask of the training pass before.",
        )
    else:
        ok = alike(result, m)
        say = (
            f"after forward with train=False, which multiplied by {between(*_range(m, 1.0))}, backward multiplied"
            f" by {between(*_range(result, 1.0))}."
        )
        yield Aspect("test time", _range(result, nan), ok, say, near=1e-5)


def _backward_edges(forward, backward, x, dout, rng, g):
    """p = 0, p = 1, and arrays of one, three and four axes."""
    for p in (0.0, 1.0):
        made, result, broke = _factors(forward, backward, x, dout, p, g)
        if made is None or not np.isfinite(made[0]).all():
            continue  # forward's own business
        bad = broke is not None or not np.isfinite(result).all()
        ok = not bad and alike(result, made[0] / x)
        what = broke.say() if broke else "dx is nan or infinite."
        what = what if bad else f"dx is {between(*_range(result, 1.0))} times dout."
        yield Aspect(
            f"p = {p:g}",
            "nan or an error" if bad else _range(result, 1.0),
            ok,
            f"at p = {p:g} {what} Forward multiplied by {p == 0:d} everywhere.",
            near=1e-5,
        )
    wrong = []
    for shape in ((7,), (3, 2, 5), (2, 3, 2, 2)):
        x = away_from_zero(rng, shape)
        made, result, broke = _factors(forward, backward, x, away_from_zero(rng, shape), P, g)
        if made is not None and (broke or not alike(result, made[0] / x)):
            wrong.append(len(shape))
    say = (
        f"dx is right for two axes and not for {' or '.join(map(str, wrong))}. dx is dout times a mask, whatever"
        " the shape."
    )
    yield Aspect("shapes", tuple(wrong), not wrong, say)


def _factors(forward, backward, x, dout, p, g):
    """((out, cache) or None, dx / dout or None, the exception of backward or None)."""
    made, broke = attempt(lambda: _thin(forward, x.copy(), p, g))
    if broke:
        return None, None, None
    return made, *attempt(lambda: readable("dx", backward(dout.copy(), made[1]), dout.shape) / dout)
