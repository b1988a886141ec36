"""Whether the coins of a mask are independent: of each other, of x, and from call to call."""

from itertools import pairwise
from math import sqrt

import numpy as np

from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.chance import ALARM, bernstein, coin_bound, narrowest
from dropout_lab.checks.probes.dropout_masks import CALLS, LENGTH, P, look


def _pattern(counts, n, p):
    """How counts of zeros in lines of n entries are spread: "free" is what independent coins give."""
    share = counts / n
    if ((counts == 0) | (counts == n)).all():
        return "all or nothing"
    if np.ptp(counts) <= narrowest(len(counts), n, p):
        return "always as many"
    slack = coin_bound(n, p, ALARM / len(counts)) + coin_bound(n * len(counts), p)
    return "uneven" if np.abs(share - share.mean()).max() > slack else "free"


def structure(looks):
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
    tied = [f"{what} by {r:.2f}" for what, (r, t) in zip(("x", "the size of x"), by_value, strict=True) if abs(r) > t]
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


def calls(call, rng, first, series):
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
