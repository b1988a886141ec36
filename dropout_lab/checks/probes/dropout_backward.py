"""Probes of dropout's backward passes: dx / dout against out / x of the same forward pass."""

from dataclasses import dataclass
from math import nan

import numpy as np

from dropout_lab.checks.aspects import Aspect, untouched
from dropout_lab.checks.chance import bernstein
from dropout_lab.checks.functions import attempt
from dropout_lab.checks.probes import probe, unpack
from dropout_lab.checks.probes.dropout_masks import (
    P,
    alike,
    away_from_zero,
    between,
    coins,
    dtype_kept,
    percent,
    readable,
    span,
    thinned,
    whole,
)


@probe("dropout_backward")
def dropout_backward(f, rng):
    yield from whole(_backward, f.dropout_forward, f.dropout_backward, rng)


@probe("zeroing_backward")
def zeroing_backward(f, rng):
    yield from whole(_backward, f.zeroing_forward, f.zeroing_backward, rng)


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
    yield dtype_kept("float32", backward(dout.astype(np.float32), cache), np.float32, "`dx`")
    on = first.m != 0
    yield dtype_kept("float64", first.raw, np.float64, "`dx`", first.g[on] / first.m[on])


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
    out, cache = thinned(forward, x.copy(), p, generator, **mode)
    given = dout.copy()
    raw = backward(given, cache)
    dx = readable("dx", raw, dout.shape)
    return Pass(out / x, dx / dout, dx, given, cache, raw)


def _gradient(passes, x, dout):
    """dx on dropped and on kept entries."""
    off = [a.m == 0 for a in passes]
    rest = [span(a.g[z], 0.0) for a, z in zip(passes, off, strict=True)]
    dropped = Aspect(
        "dropped entries",
        sum(rest, ()),
        all(r == (0.0, 0.0) for r in rest),
        f"where forward dropped an entry, dx is {between(*rest[0])} times dout; it should be 0."
        " Nudging a dropped input moves nothing.",
        near=1e-5,
    )
    done = [span(a.m[~z], 1.0) for a, z in zip(passes, off, strict=True)]
    back = [span(a.g[~z], d[0]) for a, z, d in zip(passes, off, done, strict=True)]
    ok = all(alike(a.g[~z], a.m[~z]) for a, z in zip(passes, off, strict=True))
    seen = sum(back, ())
    say = (
        f"where forward kept an entry it multiplied by {between(*done[0])}; backward multiplied by {between(*back[0])}."
    )
    outs = [x * a.m for a in passes]
    guesses = {"dout * out": outs, "dout * x": [x] * len(passes), "out": [out / dout for out in outs]}
    for what, factor in guesses.items():
        if not ok and all(alike(a.g[~z], m[~z]) for a, z, m in zip(passes, off, factor, strict=True)):
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
    out, cache = thinned(forward, x.copy(), P, g)
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
    out, cache = thinned(forward, x.copy(), P, g)
    other, _ = thinned(forward, away_from_zero(rng, x.shape), P, g)
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
    (out, cache), before = thinned(forward, x.copy(), P, g, train=False), other
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
            f"after forward with train=False, which multiplied by {between(*span(m, 1.0))}, backward multiplied"
            f" by {between(*span(result, 1.0))}."
        )
        yield Aspect("test time", span(result, nan), ok, say, near=1e-5)


def _backward_edges(forward, backward, x, dout, rng, g):
    """p = 0, p = 1, and arrays of one, three and four axes."""
    for p in (0.0, 1.0):
        made, result, broke = _factors(forward, backward, x, dout, p, g)
        if made is None or not np.isfinite(made[0]).all():
            continue  # forward's own business
        bad = broke is not None or not np.isfinite(result).all()
        ok = not bad and alike(result, made[0] / x)
        what = broke.say() if broke else "dx is nan or infinite."
        what = what if bad else f"dx is {between(*span(result, 1.0))} times dout."
        yield Aspect(
            f"p = {p:g}",
            "nan or an error" if bad else span(result, 1.0),
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
    made, broke = attempt(lambda: thinned(forward, x.copy(), p, g))
    if broke:
        return None, None, None
    return made, *attempt(lambda: readable("dx", backward(dout.copy(), made[1]), dout.shape) / dout)
