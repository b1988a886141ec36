"""Whether the coins of a mask are independent: of each other, of x, and from call to call."""

from math import sqrt

import numpy as np

from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.chance import ALARM, bernstein, coin_bound, least_spread, narrowest, tie_bound
from dropout_lab.checks.probes.dropout_masks import look

CALLS = 24
BLOCK = 128  # coins in a row that chance does not repeat: at a rate from 0.25 to 0.75, in less than 1e-20 of all arrays
WINDOWS = (16, 64, 1024)  # coins in a row whose counts are compared


def structure(table, looks):
    """The coins are independent: of each other along every axis, and of x.

    Parameters
    ----------
    table : Look
        At two axes and a middling rate.
    looks : list of Look
        In which entries that hang together are looked for, `table` among them.
    """
    z, (rows, columns) = table.dropped, table.dropped.shape
    p = _rate(table)
    by_column, by_row = _pattern(z.sum(axis=0), rows, p), _pattern(z.sum(axis=1), columns, p)
    if by_row != "all or nothing":
        say = _line("column", by_column, z.sum(axis=0), "a column drops in all samples or in none")
        yield Aspect("zeros per column", by_column, by_column == "free", say)
    if by_column != "all or nothing":
        say = _line("row", by_row, z.sum(axis=1), "a sample is dropped whole or kept whole")
        yield Aspect("zeros per row", by_row, by_row == "free", say)
    if "all or nothing" in (by_column, by_row):
        return
    seen, say = next((found for a in looks if (found := tied(a.dropped, _rate(a))) != FREE), FREE)
    yield Aspect("entries of their own", seen, seen == FREE[0], say)
    by_value = [_with_x(table, u) for u in (table.x, np.abs(table.x))]
    linked = [f"{what} by {r:.2f}" for what, (r, t) in zip(("x", "the size of x"), by_value, strict=True) if abs(r) > t]
    say = (
        f"which entries are dropped depends on x: the zeros correlate with {' and '.join(linked)}. Coins do not look"
        " at x."
    )
    yield Aspect(
        "zeros against x", tuple(r for r, _ in by_value), not linked, say, near=2 * max(t for _, t in by_value)
    )


def _rate(a):
    """The rate that was asked for, or the share that came where that is another."""
    return a.p if abs(a.share - a.p) <= coin_bound(a.x.size, a.p) else a.share


def _pattern(counts, n, p):
    """How counts of zeros in lines of n entries are spread: "free" is what independent coins give."""
    share = counts / n
    if ((counts == 0) | (counts == n)).all():
        return "all or nothing"
    if np.ptp(counts) <= narrowest(len(counts), n, p):
        return "nearly as many" if np.ptp(counts) else "always as many"
    slack = coin_bound(n, p, ALARM / len(counts)) + coin_bound(n * len(counts), p)
    return "uneven" if np.abs(share - share.mean()).max() > slack else "free"


def _line(line, pattern, counts, whole):
    if pattern == "all or nothing":
        return f"{whole}. Each entry has a coin of its own."
    if pattern.endswith("as many"):
        many = f"{counts.min()} to {counts.max()}" if np.ptp(counts) else f"exactly {counts[0]}"
        return f"each {line} holds {many} zeros. Independent coins give now more, now fewer."
    return f"the zeros are not spread evenly: a {line} holds between {counts.min()} and {counts.max()} of them."


# --- which entries hang together -------------------------------------------------------------------------------------

FREE = ("independent", "")
OWN = {"zeros": "Each entry has a coin of its own.", "signs of the noise": "Each entry has noise of its own."}


def tied(z, p, what="zeros"):
    """(what hangs together, a sentence) for an array of coins with rate p; `FREE` if chance explains it.

    Looked at are all distances between entries, in the order of the memory, and all mirrorings: by Fourier
    transforms, at once.
    """
    if not 0 < p < 1:
        return FREE
    n, v = z.size, p * (1 - p)
    limit = tie_bound(n, p, 3 * n)
    centred = z.astype(float) - p
    apart, mirrored = _sums_over_pairs(centred.ravel())
    flips = [_flipped(centred, axis) for axis in range(z.ndim)]
    distance = int(np.argmax(np.abs(apart))) + 1
    if abs(apart[distance - 1]) > limit:
        how, words = _how(float(apart[distance - 1]) / v / (n - distance))
        where = _along(z.shape, distance)
        return f"{how} at a distance", f"the {what} of entries {where} {words}. {OWN[what]}"
    mirror = max(mirrored[np.argmax(np.abs(mirrored))], *flips, key=abs)
    if abs(mirror) > limit:
        how, words = _how(float(mirror) / v / (n / 2))
        return (
            f"{how} in the mirror",
            f"the {what} of entries that mirror each other {words}. {OWN[what]}",
        )
    return FREE


def _sums_over_pairs(c):
    """Sums of c_i c_j over the pairs at each distance up to half, and over the pairs around each middle."""
    n = c.size
    size = 1 << (2 * n - 1).bit_length()
    f = np.fft.rfft(c, size)
    apart = np.fft.irfft(f.real**2 + f.imag**2, size)[1 : n // 2 + 1]
    around = np.fft.irfft(f * f, size)[: 2 * n - 1]
    around[::2] -= c * c
    return apart, around / 2


def _flipped(c, axis):
    """The sum of c_i c_j over entries that mirror each other along an axis."""
    lines = np.moveaxis(c, axis, 0)
    half = len(lines) // 2
    return float((lines[:half] * lines[::-1][:half]).sum())


def _how(correlation):
    how = "agree" if correlation > 0 else "disagree"
    return how, f"{how} too often: they correlate by {correlation:.2f}"


def _along(shape, distance):
    """A distance in the order of the memory, as steps along an axis where it is that."""
    stride = 1
    for axis in reversed(range(len(shape))):
        if distance % stride == 0 and distance // stride < shape[axis]:
            steps = distance // stride
            return "next to each other" + f" along axis {axis}" if steps == 1 else f"{steps} apart along axis {axis}"
        stride *= shape[axis]
    return f"{distance} apart"


def _with_x(a, u):
    """(correlation of the zeros with u, its bound): a mean of independent terms, x being fixed."""
    u = u - u.mean()
    scale = np.abs(u).max()
    z = a.dropped - a.share
    sd, spread = float(u.std()), sqrt(a.share * (1 - a.share))
    bound = bernstein(u.size, a.p * (1 - a.p) * (sd / scale) ** 2, 1.0) * scale / sd / spread
    return float((z * u).mean() / sd / spread), bound


# --- from call to call -----------------------------------------------------------------------------------------------


def series(call, x, p, generator):
    """Calls in a row on the same x, of any shape, with one generator that goes on."""
    return [look(call, x, p, generator) for _ in range(CALLS)]


def calls(call, rng, first, looks):
    """Every call has fresh coins from the generator that was passed; how many fall is left to chance.

    Parameters
    ----------
    first : Look
        At another array, with the same rate.
    looks : list of Look
        From `series`.
    """
    x, p = looks[0].x, looks[0].p
    patterns = [a.dropped.tobytes() for a in looks]
    different = len(set(patterns))
    seed = int(rng.integers(2**63))
    one, same_state, other = (look(call, x, p, np.random.default_rng(s)).dropped for s in (seed, seed, seed ^ 1))
    if different == 1 and np.array_equal(one, other):
        prefix = np.array_equal(first.dropped.ravel()[: x.size], one)
        seen = "the same for every shape and generator" if prefix else "the same for every generator"
        say = "calls on arrays of one shape drop the same entries, whatever the generator."
    elif different == 1:
        seen = "the same until the generator is replaced"
        say = "two calls in a row, with a generator that goes on, drop the same entries."
    else:
        seen = "repeated now and then" if different < CALLS else "fresh"
        say = f"{CALLS} calls in a row, with a generator that goes on, drop only {different} different sets of entries."
    yield Aspect("fresh mask", seen, seen == "fresh", f"{say} Every mini-batch needs new coins.")
    if seen != "fresh":
        return
    repeats, used = np.array_equal(one, same_state), "drawn from" if looks[0].drew else "left alone"
    yield Aspect(
        "mask from rng",
        "the same" if repeats else f"another, and rng is {used}",
        repeats,
        "the same generator state gave two different masks. All coins have to come from the `rng` passed in.",
    )
    counts = [int(a.dropped.sum()) for a in looks]
    exact = np.ptp(counts) <= narrowest(CALLS, x.size, p)
    varies = "free" if not exact else "nearly as many" if np.ptp(counts) else "always as many"
    low, high, usual = min(counts), max(counts), sqrt(x.size * p * (1 - p))
    many = f"exactly {low}" if low == high else f"{low} to {high}"
    yield Aspect(
        "count over calls",
        varies,
        not exact,
        f"{CALLS} calls dropped {many} of {x.size} entries each."
        f" Independent coins fall {p * x.size:.0f} times give or take {usual:.0f}.",
    )
    mean = float(np.mean(counts)) / x.size
    by_call = np.stack([a.dropped for a in looks])
    seen, say = tied(by_call, p if abs(mean - p) <= coin_bound(by_call.size, p) else mean)
    if not exact:
        yield Aspect("calls of their own", seen, seen == FREE[0], f"{CALLS} calls side by side: {say}")


# --- large arrays ----------------------------------------------------------------------------------------------------


def large(z, p, what="zeros"):
    """No stretch of coins comes twice, and counts vary as those of independent coins do, in whatever stretch."""
    flat = z.ravel()
    again = [(d, line, how) for line, how in ((flat, ""), (z.T.ravel(), ", down its columns")) if (d := _recurs(line))]
    whole = [(d, how) for d, line, how in again if np.array_equal(line[d:], line[:-d])]
    if whole:
        (after, how), seen = whole[0], "repeats"
        say = f"the {what} of an array of shape {z.shape} repeat after {after} entries{how}."
    elif alike := _twice(z):
        seen, say = alike, f"in an array of shape {z.shape}, the {what} of two {alike} are in the same places."
    elif again:
        (later, _, how), seen = again[0], "a stretch comes again"
        of = f"the {what} of {BLOCK} entries in a row"
        say = f"in an array of shape {z.shape}, {of} come again {later} entries later{how}."
    else:
        seen, say = _far(flat, p, what)
    yield Aspect("large arrays", seen, seen == FREE[0], f"{say} {OWN[what]}")
    tables = [(w, flat[: len(flat) // w * w].reshape(-1, w)) for w in WINDOWS]
    tables += [("row", z), ("column", z.T)]
    even = [name for name, lines in tables if _spread(lines, p) < least_spread(*lines.shape, p)]
    where = f"{even[0]} entries in a row" if even and even[0] in WINDOWS else f"a {even[0]}" if even else ""
    yield Aspect(
        "counts vary",
        bool(even),
        not even,
        f"in an array of shape {z.shape} the number of {what} in {where} varies less than chance makes it. {OWN[what]}",
    )


def _recurs(flat):
    """After how many entries a stretch of coins comes again; 0 if none does. A part of the array may repeat, too."""
    text = flat.astype(np.uint8).tobytes()
    for start in (0, len(text) // 3, len(text) // 2):
        found = text.find(text[start : start + BLOCK], start + 1)
        if found > 0:
            return found - start
    return 0


def _twice(z):
    """Whether two rows or two columns are the same, if they are long enough to tell."""
    for name, lines in (("rows", z), ("columns", z.T)):
        if lines.shape[1] >= BLOCK and len(set(map(bytes, np.packbits(lines, axis=1)))) < len(lines):
            return name
    return ""


def _far(flat, p, what):
    """Entries at distances that are powers of two or near them, as (what hangs together, a sentence)."""
    centred = flat.astype(np.float32) - np.float32(p)
    distances = [d for k in range(17) for d in (2**k - 1, 2**k, 2**k + 1) if 0 < d < flat.size]
    limit = tie_bound(flat.size, p, len(distances)) + 1e-6 * flat.size  # and what float32 rounds away
    for d in distances:
        total = float(np.dot(centred[d:], centred[:-d]))
        if abs(total) > limit:
            how, words = _how(total / (p * (1 - p)) / (flat.size - d))
            return how, f"in an array of {flat.size} entries, {what} {d} apart {words}."
    return FREE


def _spread(lines, p):
    """The mean of (count - n p)^2 / (n p (1 - p)) over the lines."""
    n = lines.shape[1]
    counts = np.count_nonzero(lines, axis=1)
    return float(((counts - n * p) ** 2).mean() / (n * p * (1 - p)))
