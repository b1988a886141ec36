"""Probes of dropout.py. What is right comes from dividing: out / x forward, dx / dout backward.

No bits are compared with a reference. x is bounded away from 0 and not constant, so that out / x is the mask itself.
Every bound on chance comes from `chance`: a right function fails a check with probability below 4e-10, whatever its
sampler. The nearest wrong families are caught with probability above 1 - 1e-9: a normal number in place of a uniform
drops 42% where p = 0.8 asks for 80% (bound: 6 points; 38 points are 36 standard deviations); integer levels that are
off by one of ten drop 40% where p = 0.3 asks for 30% (bound: 4.4 points; 5.6 points are 8.9 standard deviations).
A rate that is off by less than 4 points at p = 0.3, and by less at p = 0.2 and 0.8, passes.
"""

from math import nan

import numpy as np

from dropout_lab.checks.aspects import Aspect, untouched
from dropout_lab.checks.chance import coin_bound
from dropout_lab.checks.functions import attempt
from dropout_lab.checks.probes import probe, unpack
from dropout_lab.checks.probes.dropout_coins import calls, structure
from dropout_lab.checks.probes.dropout_masks import (
    CALLS,
    EXACT,
    LARGE,
    LENGTH,
    Look,
    P,
    alike,
    away_from_zero,
    between,
    coins,
    dtype_kept,
    look,
    percent,
    readable,
    span,
    thinned,
    times,
    whole,
)


@probe("dropout_forward")
def dropout_forward(f, rng):
    yield from whole(_forward, f.dropout_forward, rng, lambda p: 1 / (1 - p), lambda p: 1.0)


@probe("zeroing_forward")
def zeroing_forward(f, rng):
    yield from whole(_forward, f.zeroing_forward, rng, lambda p: 1.0, lambda p: 1 - p)


def _forward(call, rng, kept, test):
    """A layer that multiplies by 0 or kept(p) in training, and by test(p) at test time."""
    rng = coins(rng)  # or x would hold the very numbers that a student's default_rng(0) draws
    x, g = away_from_zero(rng, LARGE[P]), coins(rng)
    given = x.copy()
    out, _ = thinned(call, given, P, g)
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
        yield from structure(looks)
    if 0 < min(shares) and max(shares) < 1:
        yield from calls(call, rng, looks[0], series)
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
    ratios = [thinned(call, given, p, g, train=False)[0] / x for p in rates]
    again = thinned(call, x.copy(), P, g, train=False)[0] / x
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
        seen = sum((span(r, nan) for r in ratios), ())
        ok = all(alike(r, test(p)) for p, r in zip(rates, ratios, strict=True))
        at = " and ".join(between(*span(r, nan)) for r in ratios)
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
    ok = all(abs(a.share - a.p) <= t for a, t in zip(looks, bounds, strict=True))
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


def _edges(call, rng, g):
    """p = 0 changes nothing, p = 1 gives zeros."""
    x = away_from_zero(rng, (23, 31))
    result, broke = attempt(lambda: thinned(call, x.copy(), 0.0, g)[0] / x)
    if broke or not np.isfinite(result).all():
        seen, ok = "nan or an error", False
        say = f"at p = 0 {broke.say()}" if broke else "at p = 0 it gives nan or infinity."
    else:
        zeros = float((result == 0).mean())
        low, high = span(result[result != 0], 0.0)
        seen, ok = (zeros, low, high), zeros == 0 and alike(result, 1)
        say = (
            f"at p = 0 {percent(zeros)} of the outputs are 0 and the others {between(low, high)} times their"
            " input; nothing should change."
        )
    yield Aspect("p = 0", seen, ok, say, near=0.2)
    result, broke = attempt(lambda: thinned(call, x.copy(), 1.0, g)[0])
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
        out, broke = attempt(lambda mode=mode: thinned(call, x.copy(), P, g, **mode)[0])
        if not broke:
            ratio = out / x
            whole = bool((out == np.round(out)).all())
            ok = alike(ratio[ratio != 0], factor) and (ratio != 0).any()
            say = (
                f"with integers in x, {when} kept outputs are {between(*span(ratio[ratio != 0], 0.0))} times"
                f" their input where {times(factor)} is right."
            )
            yield Aspect(f"integers {when}", "cut to whole numbers" if whole and not ok else ok, ok, say)


def _dtypes(call, rng, g, kept, test):
    """float32 stays float32, float64 stays float64 with all its digits."""
    x = away_from_zero(rng, (8, 9))
    half = x.astype(np.float32)
    for when, mode, factor in (("in training", {}, kept(P)), ("at test time", {"train": False}, test(P))):
        out = unpack(call(half.copy(), P, g, **mode), "out", "cache")[0]
        yield dtype_kept(f"float32 {when}", out, np.float32, f"`out` {when}")
        out = unpack(call(x.copy(), P, g, **mode), "out", "cache")[0]
        ratio = readable("out", out, x.shape) / x
        yield dtype_kept(f"float64 {when}", out, np.float64, f"`out` {when}", ratio[ratio != 0] / factor)


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
