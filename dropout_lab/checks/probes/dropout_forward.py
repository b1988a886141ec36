"""Probes of dropout's forward passes. What is right comes from dividing: out / x.

No bits are compared with a reference. x is bounded away from 0 and not constant, so that out / x is the mask itself.
Rates come from the whole open interval and shapes from wide sets, drawn from the seed: none can be learned by heart.
Every bound on chance comes from `chance`: fewer than 90 judgements, each with a false alarm below 1e-11, so that a
right function fails a check with probability below 9e-10, whatever its sampler.

What a check can see: a rate that is off by 1 point where p lies between 0.25 and 0.75 (131,072 entries), or by 0.25
points near 0 and 1 (40,000); coins of up to 200 levels, whose rates are off by that; coins that repeat after any number
of entries up to half an array, or in one of 24 calls; any two entries at one distance that correlate by 0.15.
"""

from math import nan
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect
from dropout_lab.checks.chance import coin_bound
from dropout_lab.checks.functions import result_or_broke
from dropout_lab.checks.probes import case, probe
from dropout_lab.checks.probes.dropout_coins import calls, large, series, structure
from dropout_lab.checks.probes.dropout_masks import (
    CLOSE,
    EXACT,
    WIDTHS,
    against,
    alike,
    away_from_zero,
    between,
    coins,
    idle_generator,
    keeps,
    look,
    middle,
    percent,
    rate,
    refuses,
    small_shapes,
    span,
    times,
    while_measurable,
)


@probe("dropout_forward")
def dropout_forward(f, rng):
    yield from while_measurable(forward_aspects, f.dropout_forward, rng, lambda p: 1 / (1 - p), lambda p: 1.0)


@probe("zeroing_forward")
def zeroing_forward(f, rng):
    yield from while_measurable(forward_aspects, f.zeroing_forward, rng, lambda p: 1.0, lambda p: 1 - p)


@case
def _inputs(rng):
    """Rates and arrays; each is (p, x)."""
    p = middle(rng)
    width = int(rng.choice([w for w in WIDTHS if w >= 7]))
    rows = -(-(2**17 + int(rng.integers(1, 3000))) // width)
    shapes = {
        "table": (p, tuple(rng.integers((57, 90), (71, 121)))),
        "low": (rate(rng, 0.06, 0.25), tuple(rng.integers((11, 9, 17), (17, 13, 25)))),
        "high": (rate(rng, 0.75, 0.94), tuple(rng.integers((5, 3, 3, 33), (9, 6, 6, 48)))),
        "rare": (rate(rng, 0.002, 0.0045, 5), (40_000 + int(rng.integers(999)),)),
        "most": (1 - rate(rng, 0.002, 0.0045, 5), (40_000 + int(rng.integers(999)),)),
        "row": (p, (int(rng.integers(180, 260)),)),
        "large": (middle(rng), (rows, width)),
    }
    made = {name: (at, away_from_zero(rng, shape)) for name, (at, shape) in shapes.items()}
    return SimpleNamespace(**{name: x for name, (_, x) in made.items()}, p={name: at for name, (at, _) in made.items()})


def forward_aspects(call, rng, kept, test, name="x", whole_numbers=True):
    """What a layer does that multiplies by 0 or kept(p) in training, and by test(p) at test time.

    Parameters
    ----------
    call : function (x, p, rng, train=True) -> out, cache
    kept, test : functions of p
    name : str
        Of the array that is thinned.
    whole_numbers : bool
        Whether integers in x have to come out as floats.
    """
    rng = coins(rng)
    at, g = _inputs(rng), coins(rng)

    def seen(which):
        return look(call, getattr(at, which), at.p[which], g)

    table = seen("table")
    others, broke = result_or_broke(lambda: [seen(which) for which in ("low", "high", "rare", "most")])
    looks = [table, *(others or [])]
    at_test = list(_test_time(call, rng, g, test, name))
    yield from at_test
    if broke:
        say = f"for an array of another shape or rate {broke.say()} Every entry has its own coin, whatever the shape."
        yield Aspect("shapes", "raises", False, say)
        return
    row = series(call, at.row, at.p["row"], g)
    rates, scale = list(_rates(looks, row)), _kept_scale(looks, kept)
    yield from (*rates, scale)
    if not table.share:
        yield _by_default(call, at.table, at.p["table"], g)
    shares = [a.share for a in (table, *row)]
    spread, fresh = [], []
    if 0 < table.share < 1:
        spread = list(structure(table, looks[:3]))
        yield from spread
    if 0 < min(shares) and max(shares) < 1:
        fresh = list(calls(call, rng, table, row))
        yield from fresh
    right = all(a.ok for a in (*rates, scale, *spread, *fresh))
    if right:  # else these say the same again, in more confusing words
        big = seen("large")
        yield from _rates([big], [], "large arrays: ")
        yield from large(big.dropped, big.p)
    elsewhere = list(_any_x(call, rng, g, kept)) if right else []
    yield from elsewhere
    changed = [a for a in (*looks, *row) if a.changed]
    say = f"it changed `{name}` in place. Whoever called still needs it: work on a copy, or write `a = a * m`."
    yield Aspect(f"{name} untouched", bool(changed), not changed, say, contract=True)
    if right and not changed:
        yield from _given(call, rng, g, kept)
    if rates[0].ok and scale.ok:
        yield from _edges(call, rng, g)
        modes = [("in training", {}, kept), ("at test time", {"train": False}, test)]
        if whole_numbers:
            yield from _integers(call, rng, g, modes if at_test[0].ok else modes[:1])
    yield from _dtypes(call, rng, g, kept, test)
    x = away_from_zero(rng, (4, 5))
    yield from refuses(lambda p, generator: call(x.copy(), p, generator), rng)
    yield from idle_generator(lambda generator: call(x.copy(), middle(rng), generator, train=False), rng)


# --- test time -------------------------------------------------------------------------------------------------------


def _test_time(call, rng, g, test, name):
    """At test time every entry is multiplied by test(p), always the same: at any rate, 0 and 1 among them."""
    rates = (rate(rng, 0.1, 0.45), rate(rng, 0.55, 0.95), 0.0, 1.0)
    x = away_from_zero(rng, (9, 7))
    looks, broke = result_or_broke(lambda: [look(call, x, p, g, train=False) for p in rates])
    again, broke_again = result_or_broke(lambda: look(call, x, rates[0], g, train=False))
    if broke or broke_again:
        yield Aspect("test time", "raises", False, f"with train=False {(broke or broke_again).say()}")
        return
    inside = looks[:2]
    if any(a.dropped.any() for a in inside) and not all(a.dropped.all() for a in inside):
        say = "with train=False it still drops entries. At test time every unit takes part."
        yield Aspect("test time", "drops", False, say)
    elif not np.array_equal(looks[0].ratio, again.ratio, equal_nan=True):
        say = "with train=False two calls on the same x differ. At test time nothing is random."
        yield Aspect("test time", "random", False, say)
    else:
        ok = all(alike(a.ratio, test(a.p), EXACT) for a in inside)
        seen = sum((span(a.ratio, nan) for a in inside), ())
        at = " and ".join(f"{between(*span(a.ratio, nan))} times x at p = {a.p}" for a in inside)
        expected = " and ".join(dict.fromkeys(times(test(a.p)) for a in inside))
        if not ok and all(alike(a.ratio, test(a.p)) for a in inside):
            seen, at = "the digits of float32", "right to 7 digits only, as of float32,"
        say = f"with train=False, out is {at}; it should be {expected} times x."
        yield Aspect("test time", seen, ok, say, near=1e-5)
        ends = tuple(span(a.ratio, nan) for a in looks[2:])
        wrong = [a for a in looks[2:] if not alike(a.ratio, test(a.p), EXACT)]
        if ok:
            say = " and ".join(
                f"with train=False and p = {a.p:g}, out is {between(*span(a.ratio, nan))} times x;"
                f" it should be {times(test(a.p))} times"
                for a in wrong
            )
            yield Aspect("test time at p = 0 and 1", sum(ends, ()), not wrong, f"{say}.", near=1e-5)
    changed = any(a.changed for a in looks)
    say = f"with train=False it changed `{name}` in place. Whoever called still needs it."
    yield Aspect(f"{name} untouched at test time", changed, not changed, say, contract=True)


# --- how many are dropped, and what the others are multiplied by -----------------------------------------------------


def _rates(looks, row, where=""):
    """The share that is dropped is p, at every rate."""
    shares = [a.share for a in (looks[0], *row)]
    if row and all(s in (0, 1) for s in shares) and min(shares) == 0 and max(shares) == 1:
        say = "a call drops either every entry or none. Each entry has a coin of its own."
        yield Aspect("one coin for all", True, False, say)
        return
    bounds = np.array([coin_bound(a.coins(), a.p) for a in looks])
    got, asked = np.array([a.share for a in looks]), np.array([a.p for a in looks])
    off = np.abs(got - asked) > bounds
    seen, drawn = tuple(got), [a for a, wrong in zip(looks, off, strict=True) if wrong]
    if not got.any() and len(looks) > 1:
        seen = "nothing, and coins are drawn" if looks[0].drew else "nothing, and no coin is drawn"
        say = "in training no output is 0; a fraction p should be."
    else:
        shares = ", ".join(f"{percent(a.share)} at p = {a.p:.5g}" for a in drawn)
        say = f"of the outputs, {shares} are 0. Those shares should be p, the probability to drop."
        if len(looks) > 1 and (share := _constant(looks)):
            half = abs(share - 0.5) <= coin_bound(looks[-1].x.size, 0.5)
            seen = "half, whatever p" if half else "the same, whatever p"
            say = f"about {percent(share)} of the outputs are 0 at every rate. Those shares should be p."
    of_one_coin = all(a.x.ndim == 1 and a.share in (0, 1) for a in drawn)  # then it is the pattern that says so
    repeats = ("zeros per column", "zeros per row") if of_one_coin else ()
    yield Aspect(f"{where}zero fraction", seen, not off.any(), say, near=2 * bounds, repeats=repeats)


def _by_default(call, x, p, g):
    """Whether what drops nothing does so only because `train` is False unless it is said."""
    told = look(call, x, p, g, train=True)
    say = f"called without `train` it drops nothing; with train=True, {percent(told.share)} of the outputs are 0."
    return Aspect("training by default", "only when told" if told.share else "never", not told.share, say)


def _constant(looks):
    """The share that all looks have in common, if they have one: neither 0 nor 1."""
    bounds = [coin_bound(a.coins(), min(max(a.share, 0.001), 0.999)) for a in looks]
    low = max(a.share - t for a, t in zip(looks, bounds, strict=True))
    high = min(a.share + t for a, t in zip(looks, bounds, strict=True))
    return (low + high) / 2 if 0 < low <= high < 1 else None


def _kept_scale(looks, kept):
    """Every kept entry is multiplied by the same number, kept(p)."""
    ends = [a.kept(kept(a.p)) for a in looks]
    seen, wanted = sum(ends, ()), [kept(a.p) for a in looks]
    ok = all(alike(got, want, EXACT) for got, want in zip(ends, wanted, strict=True))
    first = looks[0]
    as_asked = abs(first.share - first.p) <= coin_bound(first.coins(), first.p) and 0 < first.share < 1
    opening = (
        f"{percent(first.share)} of the outputs are 0, as p = {first.p} asks, but" if as_asked else f"at p = {first.p},"
    )
    bent = next((i for i, (got, want) in enumerate(zip(ends, wanted, strict=True)) if not alike(got, want)), None)
    if bent:  # the first look is right: another is not
        first, opening = looks[bent], f"at p = {looks[bent].p:.5g},"
    got, want = against(first.kept(kept(first.p)), kept(first.p))
    say = f"{opening} kept outputs are {got} times their input; every one should be {want} times."
    some = [a for a in looks if 0 < a.share < 1]
    if not ok and some and all(alike(a.kept(nan), 1 / (1 - a.share), EXACT) for a in some):
        seen = "1 / the share kept in this call"
        a = some[0]
        got, want = against(a.kept(nan), kept(a.p))
        say = (
            f"kept outputs are {got} times their input, 1 over the share that this call kept; every one should be"
            f" {want} times, in every call."
        )
    elif not ok and (added := _added(ends, wanted)):
        seen = "a small number beside 1 - p"
        say = (
            f"kept outputs are 1 / (1 - p + {added:.1g}) times their input: a small number is added to 1 - p."
            " At p = 1 nothing is kept, and there is nothing to divide."
        )
    elif not ok and bent is None:
        seen, say = _nearly(ends, wanted)
    elif not ok and len(some) > 2 and alike(seen, seen[0]) and not alike(seen[0], 1) and np.ptp(wanted):
        seen = "the same, whatever p"
        say = f"kept outputs are {got} times their input at every rate; at p = {first.p:.5g} it should be {want} times."
    return Aspect("kept scale", seen, ok, say, near=1e-5)


def _added(ends, wanted):
    """What is added to 1 - p in the scale, if it is one small number at all rates; else 0."""
    small = [1 / got - 1 / want if got else np.inf for (got, _), want in zip(ends, wanted, strict=True)]
    added = float(np.median(small))
    one = all(abs(s - added) <= 0.01 * abs(added) + 1e-15 for s in small)
    return added if one and 0 < abs(added) < 0.1 and not alike(wanted, 1) else 0


def _nearly(ends, wanted):
    """(what was seen, a sentence) for a scale that is right to some digits."""
    off = max(abs(got / want - 1) for pair, want in zip(ends, wanted, strict=True) for got in pair)
    return "the digits of float32", (
        f"kept outputs are right to {int(-np.log10(off))} digits only: on the way there was a number of float32, or one"
        " that is nearly right. A gradient check needs all of float64's 16."
    )


# --- other inputs ----------------------------------------------------------------------------------------------------


def _any_x(call, rng, g, kept):
    """Arrays of one row or one column, of widths that computers like, and of entries far apart in size."""
    p = rate(rng, 0.35, 0.65)
    for what, shapes in small_shapes(rng).items():
        looks = [_any_size(call, rng, g, p, shape, i) for i, shape in enumerate(shapes)]
        for i, a in enumerate(looks):
            low, high = a.kept(kept(p))
            if not alike((low, high), kept(p), CLOSE if i % 2 else EXACT):
                got, want = against((low, high), kept(p))
                say = f"in a {a.x.dtype} array of shape {a.x.shape}, kept outputs are {got} times their input where"
                yield Aspect("any shape", (low, high), False, f"{say} {want} is right (p = {p}).", near=1e-5)
                return
        dropped, size = sum(int(a.dropped.sum()) for a in looks), sum(a.x.size for a in looks)
        if abs(dropped / size - p) > coin_bound(size, p):
            say = f"in arrays {what}, {percent(dropped / size)} of the outputs are 0 at p = {p}."
            yield Aspect("any shape", dropped / size, False, say, near=2 * coin_bound(size, p))
            return
    yield Aspect("any shape", RIGHT, True, "")


def _any_size(call, rng, g, p, shape, i):
    """A look at entries of twelve orders of magnitude, by turns in float64 and in float32."""
    x = away_from_zero(rng, shape) * 10.0 ** rng.integers(-6, 7, shape)
    return look(call, x.astype(np.float32 if i % 2 else np.float64), p, g)


def _given(call, rng, g, kept):
    """Arrays that may not be written to, or lie otherwise in memory; rates that are NumPy's numbers."""
    x, p, wrong = away_from_zero(rng, (46, 38)), middle(rng), []
    fixed = x.copy()
    fixed.flags.writeable = False
    views = {
        "that may only be read": fixed,
        "that is transposed": x.T,
        "of every second column": x[:, ::2],
        "that runs backwards": x[::-1],
    }
    for name, view in views.items():
        out, broke = result_or_broke(lambda view=view: _mask(call, view, p, g))
        if broke or not alike(out[out != 0], kept(p), EXACT) or not 0 < (out != 0).mean() < 1:
            wrong.append(f"an x {name}" + (f" ({broke.kind})" if broke else ""))
    for kind in (np.float64, np.float32, np.int64):
        at = (
            kind(0) if kind is np.int64 else kind(round(64 * p) / 64)
        )  # a number that float32 has, so that 1 - p is exact
        out, broke = result_or_broke(lambda at=at: _mask(call, x, at, g))
        if broke or not alike(out[out != 0], kept(float(at)), 1e-6):
            wrong.append(f"p as a NumPy {kind.__name__}" + (f" ({broke.kind})" if broke else ""))
    yield Aspect("any array, any number", tuple(wrong), not wrong, f"it goes wrong with {' and '.join(wrong)}.")


def _mask(call, x, p, g):
    out = call(x, p, g)[0]
    return np.asarray(out, float) / x


def _edges(call, rng, g):
    """p = 0 changes nothing, p = 1 gives zeros."""
    x = away_from_zero(rng, (23, 31))
    a, broke = result_or_broke(lambda: look(call, x, 0.0, g))
    if broke or not np.isfinite(a.ratio).all():
        seen, ok = "nan or an error", False
        say = f"at p = 0 {broke.say()}" if broke else "at p = 0 it gives nan or infinity."
    else:
        low, high = a.kept(0.0)
        seen, ok = (a.share, low, high), alike(a.ratio, 1, EXACT)
        say = (
            f"at p = 0 {percent(a.share)} of the outputs are 0 and the others {between(low, high)} times their"
            " input; nothing should change."
        )
    yield Aspect("p = 0", seen, ok, say, near=0.2)
    for p in (1.0, 1):
        a, broke = result_or_broke(lambda p=p: look(call, x, p, g))
        if broke or not a.dropped.all():
            break
    bad = broke is not None or not np.isfinite(a.ratio).all()
    what = (
        broke.say()
        if broke
        else "it gives nan or infinity."
        if bad
        else f"{percent(1 - a.share)} of the outputs are not 0."
    )
    yield Aspect(
        "p = 1",
        "nan or an error" if bad else a.share,
        not bad and a.share == 1,
        f"at p = 1 {what} Everything is dropped then: zeros.",
        near=0.2,
    )


def _integers(call, rng, g, modes):
    """Whole numbers keep their scale, as floats; refusing them aloud is right as well."""
    x, p = rng.integers(1, 10, (6, 20)), rate(rng, 0.15, 0.45)
    for when, mode, factor in modes:
        a, broke = result_or_broke(lambda mode=mode: look(call, x, p, g, **mode))
        if not broke:
            low, high = a.kept(0.0)
            ok = alike((low, high), factor(p)) and a.share < 1
            rounded = np.array_equal(a.ratio * x, np.round(a.ratio * x)) and not ok
            say = (
                f"right for floats; with whole numbers in x, {when} kept outputs are {between(low, high)} times their"
                f" input where {times(factor(p))} is right. Make them floats first, or refuse them with a TypeError."
            )
            yield Aspect(f"integers {when}", "cut to whole numbers" if rounded else ok, ok, say)


def _dtypes(call, rng, g, kept, test):
    """float32 stays float32 and float64 stays float64, in training and at test time; and so do the values."""
    x, p = away_from_zero(rng, (38, 29)), middle(rng)
    for when, mode, factor in (("in training", {}, kept(p)), ("at test time", {"train": False}, test(p))):
        for dtype in (np.float32, np.float64):
            a = look(call, x.astype(dtype), p, g, **mode)
            name = f"{np.dtype(dtype)} {when}"
            yield keeps(name, a.dtype, dtype, f"`out` {when}")
            if dtype is np.float32:
                values = a.ratio[~a.dropped]
                say = (
                    f"with float32 in x, {when} kept outputs are {between(*span(values, 0.0))} times their input"
                    f" where {times(factor)} is right."
                )
                ok = alike(values, factor) and a.share < 1 and (when != "in training" or a.share > 0)
                yield Aspect(f"values of {name}", span(values, 0.0), ok, say, near=1e-5, repeats=REPEATED[when])


REPEATED = {"in training": ("kept scale", "zero fraction", "one coin for all"), "at test time": ("test time",)}
