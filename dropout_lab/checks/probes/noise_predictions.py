"""The probe of `mc_predict`. Four hidden units have sixteen masks: what they all say is known exactly.

Rows of x are alike, so that each row is a series of passes of its own: means over rows are judged by Bernstein's
inequality. Fewer than 10 judgements, each with a false alarm below 1e-11.
"""

from itertools import product
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect, value
from dropout_lab.checks.chance import bernstein
from dropout_lab.checks.probes import case, copies, probe, unpack
from dropout_lab.checks.probes.dropout_masks import coins, measurable, rate, while_measurable
from dropout_lab.checks.words import number, same

UNITS, CLASSES, ROWS = 4, 3, 1000


@probe("mc_predict")
def mc_predict(f, rng):
    yield from while_measurable(_predictions, f.mc_predict, rng)


@case
def _inputs(rng):
    """A network without a certain class beforehand, its masks with their probabilities, and what each predicts."""
    d, p = int(rng.integers(3, 6)), rate(rng, 0.25, 0.6)
    params = {
        "W1": rng.uniform(0.2, 1.0, (d, UNITS)),
        "b1": rng.uniform(0.1, 0.5, UNITS),
        "W2": rng.normal(size=(UNITS, CLASSES)) * 2,
    }
    x = rng.uniform(0.2, 1.5, (1, d))
    hidden = np.einsum("nd,dh->nh", x, params["W1"]) + params["b1"]  # positive: ReLU changes nothing
    params["b2"] = -np.einsum("h,hc->c", hidden[0], params["W2"])
    masks = np.array(list(product([0, 1], repeat=UNITS)))
    scores = np.einsum("mh,hc->mc", hidden * masks / (1 - p), params["W2"]) + params["b2"]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return SimpleNamespace(
        params=params,
        x=np.repeat(x, ROWS, axis=0),
        p=p,
        chances=np.prod(np.where(masks, 1 - p, p), axis=1),
        kept=powers / powers.sum(axis=1, keepdims=True),
        many=int(rng.integers(9, 16)),
    )


def _predictions(call, rng):
    rng = coins(rng)
    at = _inputs(rng)
    seed = int(rng.integers(2**63))
    generator = np.random.default_rng(seed)
    given = copies(at.params, at.x)
    mean, std = _called(call, *given, at.p, generator, at.many)
    yield from _statistics(mean, std, at)
    again, more = (
        _called(call, *copies(at.params, at.x), at.p, g, at.many)[0] for g in (np.random.default_rng(seed), generator)
    )
    advanced = not np.array_equal(mean, more)
    say = "two calls in a row, with a generator that goes on, predict exactly the same. Hand `rng` on as it is."
    yield Aspect("fresh masks", advanced, advanced, say, repeats=("std",))
    repeats = np.array_equal(mean, again)
    say = "the same generator state gave another prediction. All coins have to come from the `rng` passed in."
    yield Aspect("masks from rng", repeats, repeats, say)
    yield from _few_passes(call, at, rng)
    yield from _pairs(call, at, rng)
    changed = [k for k, v in at.params.items() if not np.array_equal(v, given[0].get(k))]
    changed += ["x"] * (not np.array_equal(given[1], at.x))
    say = f"it changed {' and '.join(changed)} in place. A prediction leaves everything as it is."
    yield Aspect("nothing changed", len(changed), not changed, say, contract=True)


def _called(call, *args):
    mean, std = unpack(call(*args), "mean", "std")
    shape = (len(args[1]), CLASSES)
    return measurable("mean", mean, shape), measurable("std", std, shape)


def _statistics(mean, std, at):
    """Over all rows, the mean and the mean square deviation of the passes."""
    exact = at.chances @ at.kept
    variance = at.chances @ (at.kept - exact) ** 2
    largest = np.abs(at.kept - exact).max(axis=0)
    bounds = np.array([bernstein(at.many * ROWS, v, m) for v, m in zip(variance, largest, strict=True)])
    got = mean.mean(axis=0)
    say = f"`mean` over {at.many} passes is {number(got[0])} for the first class, on average over {ROWS} equal samples;"
    say += f" all sixteen masks together give {number(exact[0])}."
    seen, sums = got, mean.sum(axis=1)
    if (mean < 0).any():
        seen, say = "negative numbers", "`mean` holds negative numbers, which no probability is."
    elif np.allclose(sums, at.many):
        seen, say = "sums", f"the rows of `mean` sum to {at.many}, the number of passes; probabilities sum to 1."
    yield Aspect("mean", seen, bool((np.abs(got - exact) <= bounds).all()), say, near=2 * bounds)
    square = (std**2).mean(axis=0)
    want = variance * (1 - 1 / at.many)
    bounds = np.array([bernstein(ROWS, v, m**2) for v, m in zip(_of_variances(at, exact), largest, strict=True)])
    seen = square
    say = f"`std` squared is {number(square[0])} for the first class, on average over {ROWS} equal samples;"
    say += f" for {at.many} passes all sixteen masks together give {number(want[0])}."
    if (std < 1e-9).all():
        seen, say = "0", f"`std` is 0 after {at.many} passes: every pass had the same masks, or none."
    elif (std > 0.75).any():
        seen = "more than probabilities have"
        say = f"`std` goes up to {number(std.max())}; numbers from 0 to 1 do not spread by more than 0.5."
    yield Aspect("std", seen, bool((np.abs(square - want) <= bounds).all()), say, near=2 * bounds)


def _of_variances(at, exact):
    """The variance of the mean square deviation of so many independent passes, from their second and fourth moments."""
    n = at.many
    second, fourth = (at.chances @ (at.kept - exact) ** k for k in (2, 4))
    return ((n - 1) ** 2 * fourth - (n - 1) * (n - 3) * second**2) / n**3


def _few_passes(call, at, rng):
    """One pass is the prediction of one thinned network, two passes the mean of two."""
    mean, std = _called(call, *copies(at.params, at.x), at.p, coins(rng), 1)
    thinned = all((np.abs(at.kept - row).max(axis=1) < 1e-9).any() for row in mean[:20])
    say = "the prediction of a single pass is that of none of the sixteen thinned networks."
    yield Aspect("one pass", thinned, thinned, say)
    meaning = "One pass has no spread. The mean square is taken over the passes, not over one less."
    yield value("`std` of one pass", std[:2], np.zeros((2, CLASSES)), meaning=meaning, repeats="std")
    mean, std = _called(call, *copies(at.params, at.x), at.p, coins(rng), 2)
    pairs = [(a, b) for a in at.kept for b in at.kept]
    means, spreads = np.array([(a + b) / 2 for a, b in pairs]), np.array([np.abs(a - b) / 2 for a, b in pairs])
    fits = np.array([np.abs(means - row).max(axis=1) < 1e-9 for row in mean[:20]])
    ok = bool(fits.any(axis=1).all())
    say = "the prediction of two passes is the mean of no two thinned networks. How many passes were made?"
    yield Aspect("two passes", ok, ok, say, repeats=("one pass", "mean"))
    if ok:
        forms = {  # of half the difference, which is the right one
            "right": lambda d: d,
            "its square": lambda d: d**2,
            "its share of the root of the passes": lambda d: d / np.sqrt(2),
            "over one pass less": lambda d: d * np.sqrt(2),
            "0": lambda d: 0 * d,
        }
        seen = next((name for name, of in forms.items() if _all_fit(of(spreads), fits, std)), "another")
        say = "the spread of two passes is not half of their difference: the root of the mean square over both."
        yield Aspect("std of two passes", seen, seen == "right", say, repeats=("std",))


def _all_fit(spreads, fits, std):
    """Whether every row of std is the spread of a pair of masks whose mean is that of the row."""
    return all((np.abs(spreads[f] - row).max(axis=1) < 1e-9).any() for f, row in zip(fits, std[:20], strict=True))


def _pairs(call, at, rng):
    """A pair is (input rate, hidden rate); a single rate is for the hidden units. Samples may be few."""
    p = (0.0, at.p)
    mean, _ = _called(call, *copies(at.params, at.x[:1]), p, coins(rng), 1)
    hidden = any(same(mean[0], kept) for kept in at.kept)
    dropped, _ = _called(call, *copies(at.params, at.x), (at.p, 0.0), coins(rng), 1)
    inputs = not np.allclose(dropped, dropped[0])
    say = (
        f"with p = {p} or {p[::-1]} the rates are not those of the inputs and of the hidden units: hand p on as it is."
    )
    yield Aspect("p as a pair", (hidden, inputs), hidden and inputs, say)
