"""Probes of Gaussian dropout: which distribution the factors have, and that each entry has one of its own.

The distribution function is held to the bound of Dvoretzky, Kiefer and Wolfowitz, the variance to that of Laurent and
Massart, independence to those of coins: the signs of the noise are fair ones. Fewer than 50 judgements, each with a
false alarm below 1e-11. What can be seen: a spread that is off by 4%, tails that end before 3 standard deviations, a
distribution function that is off by 0.011.
"""

from functools import cache
from math import erf, log, nan, sqrt
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.chance import ALARM, coin_bound
from dropout_lab.checks.functions import result_or_broke
from dropout_lab.checks.probes import case, probe
from dropout_lab.checks.probes.dropout_backward import backward_aspects, noise_at_zero
from dropout_lab.checks.probes.dropout_coins import CALLS, FREE, large, tied
from dropout_lab.checks.probes.dropout_masks import (
    CLOSE,
    EXACT,
    WIDTHS,
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
    while_measurable,
)

GRID = np.linspace(-4, 4, 161)


@probe("gaussian_dropout_forward")
def gaussian_dropout_forward(f, rng):
    yield from while_measurable(_forward, f.gaussian_dropout_forward, rng)


@probe("gaussian_dropout_backward")
def gaussian_dropout_backward(f, rng):
    forward, backward = f.gaussian_dropout_forward, f.gaussian_dropout_backward
    yield from while_measurable(lambda: backward_aspects(forward, backward, rng, at_zero=noise_at_zero))


@case
def _inputs(rng):
    width = int(rng.choice([w for w in WIDTHS if w >= 7]))
    shapes = {
        "low": (rate(rng, 0.02, 0.2), tuple(rng.integers((91, 121), (111, 141)))),
        "table": (rate(rng, 0.2, 0.45), tuple(rng.integers((57, 90), (71, 121)))),
        "high": (rate(rng, 0.82, 0.96), tuple(rng.integers((21, 19, 27), (25, 23, 33)))),
        "large": (middle(rng), (-(-(2**17 + int(rng.integers(1, 3000))) // width), width)),
    }
    made = {name: (at, away_from_zero(rng, shape)) for name, (at, shape) in shapes.items()}
    return SimpleNamespace(**{name: x for name, (_, x) in made.items()}, p={name: at for name, (at, _) in made.items()})


def _forward(call, rng):
    rng = coins(rng)
    at, g = _inputs(rng), coins(rng)
    yield from _exact(call, rng, g)
    looks = [look(call, getattr(at, name), at.p[name], g) for name in ("table", "low", "high")]
    shared = _own(looks[0])
    yield shared
    moments = list(_moments(looks)) if shared.ok else []
    yield from moments
    fresh = list(_calls(call, rng))
    yield from fresh
    if all(a.ok for a in (shared, *moments, *fresh)):
        big = look(call, at.large, at.p["large"], g)
        looks.append(big)
        shape = _shape(looks)
        yield shape
        if shape.ok:
            yield from _ties(looks[0], big)
            yield from _elsewhere(call, rng, g)
    changed = any(a.changed for a in looks)
    say = "it changed `x` in place. Whoever called still needs it: work on a copy, or write `a = a * m`, not `a *= m`."
    yield Aspect("x untouched", changed, not changed, say, contract=True)
    yield from _dtypes(call, rng, g)
    x = away_from_zero(rng, (4, 5))
    yield from refuses(lambda p, generator: call(x.copy(), p, generator), rng, extra=(1.0,))
    yield from idle_generator(lambda generator: call(x.copy(), rate(rng, 0.1, 0.9), generator, train=False), rng)


def _exact(call, rng, g):
    """Test time, at any rate, and p = 0: nothing is done."""
    x = away_from_zero(rng, (9, 7))
    for name, p, mode in (
        ("test time", rate(rng, 0.1, 0.9), {"train": False}),
        ("test time at p = 0", 0.0, {"train": False}),
        ("p = 0", 0.0, {}),
    ):
        a, broke = result_or_broke(lambda p=p, mode=mode: look(call, x, p, g, **mode))
        when = f"with train=False and p = {p}" if mode else "at p = 0"
        if broke:
            yield Aspect(name, "raises", False, f"{when} {broke.say()} The layer is the identity then.")
            continue
        low, high = span(a.ratio, nan)
        ok = alike(a.ratio, 1, EXACT) and not a.changed
        seen = "noise" if high - low > 0.01 else (low, high)
        say = f"{when} out is {between(low, high)} times x; the layer is the identity then."
        yield Aspect(name, seen, ok, say, near=1e-5)


def _own(a):
    """Whether every entry of every sample has a factor of its own."""
    alone = {"samples": 0, "units of a sample": 1}
    shared = [name for name, axis in alone.items() if (np.ptp(a.ratio, axis=axis) < 1e-9 * np.abs(a.ratio).max()).all()]
    if len(shared) == 2:
        still = alike(a.ratio, 1)
        say = "in training nothing is changed." if still else "one factor serves the whole array."
        return Aspect("own noise", "nothing" if still else "one factor", False, f"{say} Every entry has its own noise.")
    say = f"all {' and '.join(shared)} got the same factor. Every entry of every sample has its own."
    return Aspect("own noise", " and ".join(shared), not shared, say)


# --- the distribution ------------------------------------------------------------------------------------------------


def _moments(looks):
    """The factors have mean 1 and variance p / (1 - p)."""
    budget = log(2 / ALARM)
    means, variances = np.array([a.ratio.mean() for a in looks]), np.array([a.ratio.var() for a in looks])
    want, sizes = np.array([a.p / (1 - a.p) for a in looks]), np.array([a.x.size for a in looks])
    bounds = np.sqrt(2 * budget * want / sizes)  # a mean of normal numbers is normal: exp(-t^2 / 2) at most
    off = np.abs(means - 1) > bounds
    at = ", ".join(f"{m:.4g} at p = {a.p}" for m, a, wrong in zip(means, looks, off, strict=True) if wrong)
    yield Aspect("mean", tuple(means), not off.any(), f"the factors have mean {at}; it should be 1.", near=2 * bounds)
    relative = _wide(sizes)
    off = np.abs(variances - want) > want * relative + (means - 1) ** 2
    at = ", ".join(
        f"{v:.4g} at p = {a.p}, where p / (1 - p) is {w:.4g}"
        for v, a, w, wrong in zip(variances, looks, want, off, strict=True)
        if wrong
    )
    yield Aspect(
        "variance", tuple(variances), not off.any(), f"the factors have variance {at}.", near=2 * variances * relative
    )


def _wide(n):
    """How far the mean square of n standard normal numbers may be from 1 (Laurent and Massart 2000, lemma 1)."""
    budget = log(2 / ALARM)
    return 2 * np.sqrt(budget / n) + 2 * budget / n


@cache
def _normal():
    return np.array([(1 + erf(t / sqrt(2))) / 2 for t in GRID])


def _shape(looks):
    """The factors are normal: their distribution function, their tails, and that small and large x get the same."""
    for a in looks:
        s = ((a.ratio - 1) / sqrt(a.p / (1 - a.p))).ravel()
        values = np.unique(np.round(s[:2000], 6))
        if len(values) < 50:
            zeros = percent((a.ratio == 0).mean())
            seen = "two values, one of them 0" if len(values) == 2 and (a.ratio == 0).any() else f"{len(values)} values"
            say = f"at p = {a.p} the factors take {len(values)} values, and {zeros} of them are 0."
            say += " Normal ones never repeat."
            return Aspect("shape", seen, False, say)
        by_size = np.abs(a.x.ravel()) < 1
        for part, where in ((s, ""), (s[by_size], " of small x"), (s[~by_size], " of large x")):
            off = _below(part) - _normal()
            worst = int(np.argmax(np.abs(off)))
            if abs(off[worst]) > sqrt(log(2 / ALARM) / (2 * part.size)):
                got, want = (percent(v) for v in (off[worst] + _normal()[worst], _normal()[worst]))
                say = (
                    f"at p = {a.p}, {got} of the factors{where} lie below {GRID[worst]:.2f} standard deviations from 1;"
                    f" of a normal distribution {want} do."
                )
                return Aspect("shape", f"another distribution{where}", False, say)
        for far in (2.0, 3.0):
            want, got = 1 - erf(far / sqrt(2)), float((np.abs(s) > far).mean())
            if abs(got - want) > coin_bound(s.size, want):
                say = f"at p = {a.p}, {got:.2%} of the factors lie more than {far:g} standard deviations from 1; of a"
                return Aspect("shape", "other tails", False, f"{say} normal distribution {want:.2%} do.")
    return Aspect("shape", "normal", True, "")


def _below(s):
    """The share of s below each number of the grid."""
    step = GRID[1] - GRID[0]
    bins = np.clip(np.floor((s - GRID[0]) / step) + 1, 0, len(GRID)).astype(int)
    return np.cumsum(np.bincount(bins, minlength=len(GRID) + 1))[: len(GRID)] / s.size


def _ties(table, big):
    """The signs of the noise, and whether it is small or large, are fair coins."""
    for name, z in (("signs", table.ratio < 1), ("sizes", np.abs(table.ratio - 1) < _median(table.p))):
        seen, say = tied(z, 0.5, "signs of the noise")
        if seen != FREE[0]:
            say = say.replace("signs", name)
            break
    yield Aspect("entries of their own", seen, seen == FREE[0], say)
    yield from large(big.ratio < 1, 0.5, "signs of the noise")


def _median(p):
    return 0.6744897501960817 * sqrt(p / (1 - p))


# --- from call to call, and other inputs -----------------------------------------------------------------------------


def _calls(call, rng):
    """Fresh noise in every call, from the generator that was passed."""
    x, p, seed = away_from_zero(rng, (7, 13)), middle(rng), int(rng.integers(2**63))
    generator = np.random.default_rng(seed)
    looks = [look(call, x, p, generator) for _ in range(CALLS)]
    different = len({a.ratio.tobytes() for a in looks})
    again = look(call, x, p, np.random.default_rng(seed))
    other = look(call, x, p, np.random.default_rng(seed ^ 1))
    if different == 1:
        seen = "the same for every generator" if np.array_equal(again.ratio, other.ratio) else "the same in every call"
        say = "calls in a row gave the same noise."
    else:
        seen = "fresh" if different == CALLS else "repeated now and then"
        say = f"{CALLS} calls in a row gave only {different} different noises."
    yield Aspect("fresh noise", seen, seen == "fresh", f"{say} Every mini-batch needs its own.")
    if seen == "fresh":
        repeats = np.array_equal(looks[0].ratio, again.ratio)
        used = "drawn from" if looks[0].drew else "left alone"
        seen = "the same" if repeats else f"another, and rng is {used}"
        say = "the same generator state gave different noise. All randomness has to come from the `rng` passed in."
        yield Aspect("noise from rng", seen, repeats, say)
        by_call = np.stack([a.ratio < 1 for a in looks])
        seen, say = tied(by_call, 0.5, "signs of the noise")
        yield Aspect("calls of their own", seen, seen == FREE[0], f"{CALLS} calls side by side: {say}")


def _elsewhere(call, rng, g):
    """Arrays of one row or column, of any width; arrays that may only be read or lie otherwise in memory."""
    wrong, p = [], middle(rng)
    for what, shapes in small_shapes(rng).items():
        looks = [look(call, away_from_zero(rng, shape) * 10.0 ** rng.integers(-6, 7, shape), p, g) for shape in shapes]
        noise = np.concatenate([(a.ratio - 1).ravel() for a in looks]) / sqrt(p / (1 - p))
        alone = any(a.x.size > 1 and np.ptp(a.ratio) == 0 for a in looks)
        if alone or not 1 - _wide(noise.size) <= (noise**2).mean() <= 1 + _wide(noise.size):
            wrong.append(f"arrays {what}, where the noise is {noise.std():.3g} times as wide as it should be")
        elif abs((noise < 0).mean() - 0.5) > coin_bound(noise.size, 0.5):
            wrong.append(f"arrays {what}, where {percent((noise < 0).mean())} of the factors are below 1")
    x = away_from_zero(rng, (46, 38))
    fixed = x.copy()
    fixed.flags.writeable = False
    views = {"that may only be read": fixed, "that is transposed": x.T, "of every second column": x[:, ::2]}
    for name, view in views.items():
        out, broke = result_or_broke(lambda view=view: np.asarray(call(view, p, g)[0]) / view)
        if broke or abs((out < 1).mean() - 0.5) > coin_bound(view.size, 0.5) or np.ptp(out) == 0:
            wrong.append(f"an x {name}" + (f" ({broke.kind})" if broke else ""))
    yield Aspect("any array", len(wrong), not wrong, f"it goes wrong with {' and '.join(wrong)}.")


def _dtypes(call, rng, g):
    x, p = away_from_zero(rng, (91, 83)), middle(rng)
    for when, mode in (("in training", {}), ("at test time", {"train": False})):
        for dtype in (np.float32, np.float64):
            a = look(call, x.astype(dtype), p, g, **mode)
            yield keeps(f"{np.dtype(dtype)} {when}", a.dtype, dtype, f"`out` {when}")
            if dtype is np.float32:
                s = (a.ratio - 1) / sqrt(p / (1 - p)) if not mode else a.ratio
                right = alike(a.ratio, 1, CLOSE) if mode else 0.7 < s.std() < 1.3 and abs(s.mean()) < 0.15
                say = (
                    f"with float32 in x, {when} the factors are {between(*span(a.ratio, nan))}, with standard"
                    f" deviation {a.ratio.std():.3g}; it should be {0 if mode else sqrt(p / (1 - p)):.3g}."
                )
                repeats = ("test time",) if mode else ("variance", "mean", "shape", "own noise")
                yield Aspect(f"values of float32 {when}", right, right, say, repeats=repeats)
