"""Probes of dropout's backward passes: dx / dout against out / x of the same forward pass, entry by entry.

Exact but for what happens where x is 0, one judgement with a false alarm below 1e-11.
"""

from dataclasses import dataclass, replace
from math import nan
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect, untouched
from dropout_lab.checks.chance import bernstein
from dropout_lab.checks.functions import result_or_broke
from dropout_lab.checks.probes import case, probe
from dropout_lab.checks.probes.dropout_masks import (
    CLOSE,
    EXACT,
    WIDTHS,
    alike,
    away_from_zero,
    between,
    coins,
    keeps,
    look,
    measurable,
    middle,
    percent,
    rate,
    span,
    times,
    while_measurable,
)


@probe("dropout_backward")
def dropout_backward(f, rng):
    yield from while_measurable(backward_aspects, f.dropout_forward, f.dropout_backward, rng)


@probe("zeroing_backward")
def zeroing_backward(f, rng):
    yield from while_measurable(backward_aspects, f.zeroing_forward, f.zeroing_backward, rng)


@case
def two_axes(rng):
    """Inputs of (samples, units), and others of any shape."""
    width = int(rng.choice(WIDTHS))
    shapes = [(1, 1), (1, 7), (7, 1), (width,), (2, width), (3, 2, 5), (2, 3, 2, 2)]
    return _made(rng, tuple(rng.integers((27, 19), (38, 27))), tuple(rng.integers((77, 57), (93, 71))), shapes)


@case
def four_axes(rng):
    """Inputs of (samples, channels, height, width), and others."""
    shapes = [(1, 1, 1, 1), (1, 6, 3, 2), (6, 1, 2, 3), (2, 3, 1, 5), (3, 2, 5, 1)]
    large = tuple(rng.integers((9, 8, 8, 8), (12, 11, 10, 10)))
    return _made(rng, tuple(rng.integers((7, 6, 2, 3), (10, 9, 4, 5))), large, shapes)


def _made(rng, shape, large, shapes):
    sparse = away_from_zero(rng, large)
    sparse[rng.random(sparse.shape) < 0.5] = 0.0
    return SimpleNamespace(
        x=away_from_zero(rng, shape),
        dout=away_from_zero(rng, shape),
        other=away_from_zero(rng, shape),
        sparse=sparse,
        dsparse=away_from_zero(rng, sparse.shape),
        p=(middle(rng), rate(rng, 0.7, 0.95)),
        others=[(away_from_zero(rng, s), away_from_zero(rng, s)) for s in shapes],
    )


def backward_aspects(forward, backward, rng, inputs=two_axes, at_zero=None):
    """What a backward pass does, against what its own forward pass did.

    Parameters
    ----------
    forward : function (x, p, rng, train=True) -> out, cache
        Anything that multiplies x by something, entry by entry.
    backward : function (dout, cache) -> dx
    inputs : function of a generator
    at_zero : function (slope, out, x, p) -> Aspect
        What dx / dout should be where x is 0 and out does not tell; `coins_at_zero` if not given.
    """
    rng = coins(rng)
    at, g = inputs(rng), coins(rng)
    passes = [ran(forward, backward, at.x, at.dout, p, g) for p in at.p]
    if all(alike(a.m, 1) or not a.m.any() for a in passes):
        say = "the forward pass drops nothing, or everything, so there is nothing to judge. It comes first."
        idle = all(alike(a.g, 1) for a in passes)
        yield Aspect("forward pass", "idle, and so is backward" if idle else "idle", False, say)
    gradient = _gradient(passes)
    yield gradient
    if not isinstance(gradient.seen, str):
        at_nought = _zeros_in_x(forward, backward, at, g, at_zero or coins_at_zero)
        yield at_nought if gradient.ok else replace(at_nought, repeats=gradient.name)
    yield from _in_any_order(forward, backward, at, g)
    kept = _changed("dout", [(at.dout, a.given) for a in passes])
    yield kept
    right = all(a.in_step() for a in passes) and kept.ok
    if right:
        yield from _elsewhere(forward, backward, at, g)
    yield from _dtypes(forward, backward, at, g, right)


@dataclass(frozen=True)
class Pass:
    """A forward pass and the backward pass after it: m is out / x, g is dx / dout."""

    x: np.ndarray
    dout: np.ndarray
    m: np.ndarray
    g: np.ndarray
    given: np.ndarray
    cache: object
    dtype: np.dtype

    def in_step(self, tolerance=EXACT):
        """Whether backward multiplied by what forward multiplied by."""
        return follows(self.g, 1.0, self.m, tolerance)


def follows(dx, dout, m, tolerance):
    """Whether dx is dout times m, of one shape: exactly 0 where m is, else up to the rounding of a factor of 1 or more.

    A factor near 0 may be the sum of two that are not, as of Gaussian noise 1 + s z.
    """
    size = np.where(m == 0, 0.0, np.maximum(np.abs(m), 1.0)) * np.abs(dout)
    return bool((np.abs(dx - dout * m) <= tolerance * size).all())


def ran(forward, backward, x, dout, p, generator, **mode):
    """A `Pass` for x and dout of one shape, any. Both functions get copies."""
    a = look(forward, x, p, generator, **mode)
    return back(backward, a, dout)


def back(backward, a, dout):
    """The `Pass` of a `Look` at a forward pass and of the backward pass with its cache; dout has the shape of x."""
    given = dout.copy()
    raw = backward(given, a.cache)
    dx = measurable("dx", raw, dout.shape)
    return Pass(a.x, dout, a.ratio, dx / dout, given, a.cache, np.asarray(raw).dtype)


# --- what dx is ------------------------------------------------------------------------------------------------------

RELATIONS = {  # what backward may have multiplied by, given m of the forward pass: the first that fits is named
    "dout as it came": lambda a: 1.0,
    "0": lambda a: 0.0,
    "dout times the 0/1 mask": lambda a: a.m != 0,
    "dout times the scale, without the mask": lambda a: np.abs(a.m).max(),
    "dout times m twice": lambda a: a.m * a.m,
    "dout divided by m": lambda a: np.where(a.m == 0, 0, 1 / np.where(a.m == 0, 1, a.m)),
    "dout times 1 - m": lambda a: 1 - a.m,
    "dout where forward dropped": lambda a: a.m == 0,
    "dout times m where forward dropped": lambda a: (a.m == 0) * np.abs(a.m).max(),
    "dout times out": lambda a: a.m * a.x,
    "dout times x": lambda a: a.x,
    "out": lambda a: a.m * a.x / a.dout,
    "m": lambda a: a.m / a.dout,
    "x": lambda a: a.x / a.dout,
    "dout times m over the size of the batch": lambda a: a.m / len(a.x),
}


def _gradient(passes):
    """dx / dout on dropped and on kept entries."""
    ok = all(a.in_step() for a in passes)
    first = passes[0]
    off = first.m == 0
    done, rest, kept = span(first.m[~off], 1.0), span(first.g[off], 0.0), span(first.g[~off], 1.0)
    seen = sum((span(a.g[a.m == 0], 0.0) + span(a.g[a.m != 0], nan) for a in passes), ())
    say = f"where forward kept an entry it multiplied by {between(*done)}; backward multiplied by {between(*kept)}."
    if off.any():
        say += f" Where forward dropped an entry, dx is {between(*rest)} times dout; it should be 0."
    if rest == (0.0, 0.0) and off.any():
        say = say.replace("; it should be 0.", ", which is right.")
    if not ok and all(a.in_step(1e-6) for a in passes):
        seen, say = "the digits of float32", "dx is right to 7 digits only, as of float32. A gradient check needs all."
    elif not ok:
        relation = next((r for r, of in RELATIONS.items() if all(alike(a.g, of(a) + 0 * a.g) for a in passes)), None)
        if relation is None and _another_mask(passes):
            relation = "dout times another mask"
            say = (
                f"dx is 0 in {percent((first.g[~off] == 0).mean())} of the entries that forward kept, and not 0 in"
                f" {percent((first.g[off] != 0).mean())} of those that it dropped: these are other coins."
            )
        elif relation is None and all(_other_noise(a) for a in passes):
            relation, say = "dout times other noise", "dx is dout times noise that is not that of the forward pass."
        seen = relation or seen
    return Aspect("gradient", seen, ok, say, near=1e-5)


def _another_mask(passes):
    """Whether g takes the values of a mask, in places that are not those of m: seen at a middling rate, the first."""
    one_scale = all(np.ptp(a.g[a.g != 0]) < 1e-6 * a.g.max() for a in passes if (a.g != 0).any())
    first, off = passes[0], passes[0].m == 0
    if not one_scale or not off.any() or off.all():
        return False
    return 0 < (first.g[off] == 0).mean() < 1 and 0 < (first.g[~off] == 0).mean() < 1


def _other_noise(a):
    """Whether g is spread as m is, and has nothing to do with it."""
    if (a.m == 0).any() or a.m.std() == 0 or a.g.std() == 0:
        return False
    tie = float(np.corrcoef(a.m.ravel(), a.g.ravel())[0, 1])
    return abs(tie) < 0.3 and 0.7 < a.g.std() / a.m.std() < 1.4


def _zeros_in_x(forward, backward, at, g, right):
    """Where x is exactly 0, as after a ReLU, out tells nothing about the mask; dx still follows it."""
    x, dout, p = at.sparse.copy(), at.dsparse, at.p[0]
    made = forward(x.copy(), p, g)
    out = measurable("out", made[0], x.shape)
    result, broke = result_or_broke(lambda: measurable("dx", backward(dout.copy(), made[1]), dout.shape))
    if broke:
        return Aspect("x = 0", "raises", False, f"where x is exactly 0, as after a ReLU, {broke.say()}")
    if not np.isfinite(result).all():
        say = (
            "where x is exactly 0, as after a ReLU, dx is nan or infinite. Dividing by x, or by out, does not give"
            " the mask back."
        )
        return Aspect("x = 0", "nan", False, say)
    return right(result / dout, out, x, p)


REMEMBERED = "The mask has to be remembered: `out` is 0 there either way."


def coins_at_zero(slope, out, x, p):
    """As many entries are dropped as elsewhere, the others multiplied by one number; arrays of one shape, any."""
    nought = x == 0
    elsewhere, here = out[~nought] == 0, slope[nought] == 0
    q = min(max(p, 0.05), 0.95)
    bound = bernstein(min(here.size, elsewhere.size), 2 * q * (1 - q), max(q, 1 - q))  # a difference of two shares
    close = bool(abs(here.mean() - elsewhere.mean()) <= bound)
    kept = slope[nought & (slope != 0)]
    scales = (out / np.where(nought, 1, x))[~nought & (out != 0)]
    scaled = alike(span(kept, 1.0), span(scales, 1.0), 1e-6)
    say = (
        f"where x is exactly 0, as after a ReLU, dx is 0 in {percent(here.mean())} of the entries; the mask"
        f" dropped {percent(elsewhere.mean())}. {REMEMBERED}"
    )
    if close and not scaled:
        say = (
            f"where x is exactly 0, as after a ReLU, dx is {between(*span(kept, 0.0))} times dout in entries that were"
            f" kept; elsewhere it is {between(*span(scales, 0.0))} times. {REMEMBERED}"
        )
    seen = "always 0" if here.all() else "never 0" if not here.any() else float(here.mean())
    return Aspect("x = 0", seen, close and scaled, say, near=2 * bound)


def maps_at_zero(slope, out, x, p):
    """What the other entries of a map were multiplied by; arrays (N, C, ...), one coin for each (n, c)."""
    m = np.where(x == 0, 0, out / np.where(x == 0, 1, x)).reshape(*x.shape[:2], -1)
    factor = np.take_along_axis(m, np.abs(m).argmax(axis=2)[..., None], axis=2)[..., None]
    want, got = np.broadcast_to(factor, x.shape)[x == 0], slope[x == 0]
    share = float((got == 0).mean())
    say = (
        f"where x is exactly 0, as after a ReLU, dx is 0 in {percent(share)} of the entries; the coins of their maps"
        f" dropped {percent((want == 0).mean())}. {REMEMBERED}"
    )
    seen = "always 0" if share == 1 else "never 0" if share == 0 else share
    return Aspect("x = 0", seen, alike(got, want), say, near=0.2)


def noise_at_zero(slope, out, x, p):
    """Noise there as everywhere: neither 0 nor 1 throughout; arrays of one shape, any."""
    got = slope[x == 0]
    plain = next((v for v in (0.0, 1.0) if (got == v).mean() > 0.5), None)
    say = (
        f"where x is exactly 0, as after a ReLU, dx is {plain} times dout."
        " The noise has to be remembered: `out` is 0 there whatever it was."
    )
    return Aspect("x = 0", "noise" if plain is None else f"always {plain:g}", plain is None, say)


# --- other passes ----------------------------------------------------------------------------------------------------


def _in_any_order(forward, backward, at, g):
    """Each backward pass belongs to the forward pass whose cache it is given, in whatever order they run."""
    p = at.p[0]
    a, b = look(forward, at.x, p, g), look(forward, at.other, p, g)
    first, second, again = (back(backward, of, at.dout) for of in (a, b, a))
    direct = ran(forward, backward, at.x, at.dout, p, g)
    if np.array_equal(first.g == 0, b.dropped) and not np.array_equal(a.dropped, b.dropped):
        seen = "the mask of the later pass"
    else:  # only whether the mask is its own: a wrong factor was judged before
        good = direct.in_step()
        seen = "its own" if all(c.in_step() == good for c in (first, second)) else "a mask that is not its own"
    say = f"forward on batch A, forward on batch B, backward for A, backward for B: dx has {seen}."
    yield Aspect(
        "after another forward pass", seen, seen == "its own", f"{say} What backward needs travels in the cache."
    )
    same = np.array_equal(first.g, again.g, equal_nan=True)
    say = "a second call with the same cache gives another dx. Backward may not change what forward left for it."
    yield Aspect("second call", same, same, say, contract=True)
    yield from _at_test(forward, backward, at, g, direct)


def _at_test(forward, backward, at, g, before):
    a = look(forward, at.x, at.p[0], g, train=False)
    result, broke = result_or_broke(lambda: back(backward, a, at.dout))
    if broke:
        say = f"after forward with train=False, backward cannot use the cache: {broke.say()}"
        yield Aspect("test time", "raises", False, say)
    elif np.array_equal(result.g == 0, before.m == 0) and (before.m == 0).any():
        say = "after forward with train=False, dx has the mask of the training pass before."
        yield Aspect("test time", "an older mask", False, say)
    else:
        say = (
            f"after forward with train=False, which multiplied by {between(*span(a.ratio, 1.0))}, backward multiplied"
            f" by {between(*span(result.g, 1.0))}."
        )
        yield Aspect("test time", span(result.g, nan), result.in_step(), say, near=1e-5)


def _changed(name, pairs):
    """`untouched` of the first array that was changed, or of the first."""
    return untouched(name, *next(((b, n) for b, n in pairs if not np.array_equal(b, n)), pairs[0]))


def _elsewhere(forward, backward, at, g):
    """p = 0 and p = 1; arrays of any shape; a dout that may only be read, lies otherwise in memory, or holds zeros."""
    for p in (0.0, 1.0):
        a, broke = result_or_broke(lambda p=p: look(forward, at.x, p, g))
        if broke or not np.isfinite(a.ratio).all():
            continue  # forward's own business
        result, broke = result_or_broke(lambda a=a: back(backward, a, at.dout))
        bad = broke is not None or not np.isfinite(result.g).all()
        what = broke.say() if broke else "dx is nan or infinite."
        what = what if bad else f"dx is {between(*span(result.g, 1.0))} times dout."
        say = f"at p = {p:g} {what} Forward multiplied by {between(*span(a.ratio, 1.0))}."
        seen = "nan or an error" if bad else span(result.g, 1.0)
        yield Aspect(f"p = {p:g}", seen, not bad and result.in_step(), say, near=1e-5)
    wrong = []
    for x, dout in at.others:
        a, broke = result_or_broke(lambda x=x: look(forward, x, at.p[0], g))
        if broke:
            continue
        result, broke = result_or_broke(lambda a=a, dout=dout: back(backward, a, dout))
        if broke or not result.in_step():
            wrong.append(str(x.shape))
    say = f"dx is right for {at.x.shape} and not for {' or '.join(wrong)}. dx is dout times a mask, whatever the shape."
    yield Aspect("shapes", tuple(len(w) for w in wrong), not wrong, say)
    yield from _given(forward, backward, at, g)


def _given(forward, backward, at, g):
    wrong, fixed, holes = [], at.dout.copy(), at.dout.copy()
    fixed.flags.writeable = False
    holes[::2] = 0.0
    a = look(forward, at.x, at.p[0], g)
    douts = {
        "may only be read": fixed,
        "is transposed in memory": np.asfortranarray(at.dout),
        "holds zeros": holes,
        "runs backwards": at.dout[::-1],
    }
    for name, dout in douts.items():
        dx, broke = result_or_broke(lambda dout=dout: backward(dout, a.cache))
        if broke or not follows(measurable("dx", dx, dout.shape), dout, a.ratio, CLOSE):
            wrong.append(name)
    yield Aspect("any dout", tuple(wrong), not wrong, f"dx goes wrong where dout {' or '.join(wrong)}.")


def _dtypes(forward, backward, at, g, right):
    for dtype in (np.float32, np.float64):
        a = look(forward, at.x.astype(dtype), at.p[0], g)
        result = back(backward, a, at.dout.astype(dtype))
        yield keeps(f"{np.dtype(dtype)}", result.dtype, dtype, "`dx`")
        if dtype is np.float32 and right:
            low, high = span(result.g[a.ratio != 0], 1.0)
            done = times(a.ratio.max())
            say = f"with float32, dx is {between(low, high)} times dout where forward multiplied by {done}."
            yield Aspect("values of float32", (low, high), result.in_step(CLOSE), say, near=1e-5)
