"""Probes of noise.py.

Statistics are judged within 6.5 standard deviations, computed from p and n: each judgement rejects a right function
with probability below 1e-10, and a probe makes fewer than ten of them.
"""

from itertools import product

import numpy as np

from dropout_lab.checks.aspects import Aspect, keeps_dtype, untouched, value
from dropout_lab.checks.probes import derivative, float32, outcome, probe, unpack
from dropout_lab.checks.words import number, same

SIGMAS = 6.5  # two-sided tail of the normal distribution: 8e-11
RATES = (0.3, 0.6)


def _away_from_zero(rng, shape):
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


def _near(name, seen, expected, sd, say):
    """A statistic that is met within `SIGMAS` standard deviations of its expectation."""
    return Aspect(name, seen, bool(abs(seen - expected) <= SIGMAS * sd), say, near=2 * SIGMAS * sd)


def _earlier(name, p):
    """The same aspect at the rates before p: where one of them failed, there is nothing new to say."""
    return tuple(f"{name} at p = {rate}" for rate in RATES[: RATES.index(p)])


def _noise(forward, shape, p, rng, *weights):
    """The factor that a layer multiplied each entry of x by; nan where the shape is wrong."""
    x = _away_from_zero(rng, shape)
    out, _ = unpack(forward(x.copy(), *weights, p, np.random.default_rng(rng.integers(2**32))), "out", "cache")
    return np.asarray(out) / x if np.shape(out) == shape else np.full(shape, np.nan)


def _common(name, forward, x, p, rng):
    """What every layer of noise owes: fresh noise, the same for the same generator, exact at test, nothing changed."""
    seed = int(rng.integers(2**32))
    generator = np.random.default_rng(seed)
    given = x.copy()
    first, second = (forward(given, p, generator)[0] for _ in range(2))
    again = forward(x.copy(), p, np.random.default_rng(seed))[0]
    fresh = not np.array_equal(first, second)
    yield Aspect("fresh noise", fresh, fresh, "two calls in a row gave the same noise. Every mini-batch needs its own.")
    repeats = bool(np.array_equal(first, again))
    yield Aspect(
        "noise from rng",
        repeats,
        repeats,
        "the same generator state gave different noise. All randomness has to come from the `rng` passed in.",
    )
    test, _ = unpack(forward(x.copy(), p, np.random.default_rng(0), train=False), "out", "cache")
    yield value("at test time `out`", test, x, meaning="At test time the layer is the identity.")
    nothing = forward(x.copy(), 0.0, np.random.default_rng(0))[0]
    yield value("at p = 0 `out`", nothing, x, meaning="p = 0 drops nothing.")
    yield untouched("x", x, given)
    yield keeps_dtype("out", forward(x.astype(np.float32), p, np.random.default_rng(0))[0], np.float32)


def _backward(forward, backward, shape, p, rng):
    """dx must be dout times what forward multiplied x by, entry by entry."""
    x, dout = _away_from_zero(rng, shape), _away_from_zero(rng, shape)
    out, cache = unpack(forward(x.copy(), p, np.random.default_rng(rng.integers(2**32))), "out", "cache")
    forward(x.copy(), p, np.random.default_rng(1))  # a second batch in between must not matter
    given = dout.copy()
    dx = backward(given, cache)
    meaning = "The derivative of x * m with respect to x is the m of that forward pass."
    yield value("dx", dx, dout * (out / x), meaning=meaning)
    yield untouched("dout", dout, given)
    _, cache = forward(x.copy(), p, np.random.default_rng(0), train=False)
    yield value("at test time `dx`", outcome(lambda: backward(dout.copy(), cache)), dout)
    _, cache = forward(x.astype(np.float32), p, np.random.default_rng(0))
    yield keeps_dtype("dx", backward(dout.astype(np.float32), cache), np.float32)


@probe("gaussian_dropout_forward")
def gaussian_dropout_forward(f, rng):
    forward, shape = f.gaussian_dropout_forward, (100, 200)
    n = shape[0] * shape[1]
    for p in RATES:
        m, variance = _noise(forward, shape, p, rng), p / (1 - p)
        yield _near(
            f"mean at p = {p}",
            float(m.mean()),
            1.0,
            np.sqrt(variance / n),
            f"at p = {p} the factors have mean {number(m.mean())}; it should be 1.",
        )
        yield _near(
            f"variance at p = {p}",
            float(m.var()),
            variance,
            variance * np.sqrt(2 / n),
            f"at p = {p} the factors have variance {number(m.var())}; p / (1 - p) is {number(variance)}.",
        )
        inside, normal = float((np.abs(m - 1) < np.sqrt(variance)).mean()), 0.682689
        yield _near(
            f"shape at p = {p}",
            inside,
            normal,
            np.sqrt(normal * (1 - normal) / n),
            f"{inside:.0%} of the factors lie within one standard deviation of 1; of a normal distribution 68% do.",
        )
    rows, columns = (bool(np.ptp(m, axis=axis).max() < 1e-9) for axis in (0, 1))
    shared = "rows" if rows else "columns" if columns else "none"
    yield Aspect(
        "own noise",
        shared,
        shared == "none",
        f"all {shared} got the same factors. Every entry of every sample has its own.",
    )
    yield from _common("gaussian", forward, _away_from_zero(rng, (5, 4)), 0.3, rng)


@probe("gaussian_dropout_backward")
def gaussian_dropout_backward(f, rng):
    yield from _backward(f.gaussian_dropout_forward, f.gaussian_dropout_backward, (6, 5), 0.3, rng)


@probe("spatial_dropout_forward")
def spatial_dropout_forward(f, rng):
    forward, shape = f.spatial_dropout_forward, (60, 70, 2, 3)
    maps = shape[0] * shape[1]
    for p in RATES:
        m = _noise(forward, shape, p, rng)
        dropped = m == 0
        share = float(dropped.mean())
        sd = np.sqrt(p * (1 - p) / maps)  # maps, not entries, are the coins
        yield _near(
            f"dropped share at p = {p}", share, p, sd, f"at p = {p} a share of {number(share)} is 0; it should be {p}."
        )
        whole = bool(np.all(np.ptp(dropped.astype(int), axis=(2, 3)) == 0))
        yield Aspect(
            f"whole maps at p = {p}",
            _pattern(dropped),
            whole and _pattern(dropped) == "maps",
            f"zeros come {_pattern(dropped)}; they should come map by map: one coin for each sample and channel.",
        )
        scale = (float(m[~dropped].min()), float(m[~dropped].max())) if not dropped.all() else (0.0, 0.0)
        right = bool(np.allclose(scale, 1 / (1 - p)))
        yield Aspect(
            f"kept scale at p = {p}",
            scale,
            right,
            f"at p = {p} kept entries are {_span(scale)} times their input; 1 / (1 - p) is {number(1 / (1 - p))}.",
            repeats=_earlier("kept scale", p),
        )
    x = _away_from_zero(rng, (6, 5, 2, 3))
    yield value("at p = 1 `out`", forward(x.copy(), 1.0, np.random.default_rng(0))[0], np.zeros(x.shape))
    yield from _common("spatial", forward, x, 0.3, rng)


def _span(ends):
    """ "1.43", or "1 to 1.43" where the ends differ."""
    low, high = map(number, ends)
    return low if low == high else f"{low} to {high}"


def _pattern(dropped):
    """How the zeros of an array (N, C, height, width) hang together."""
    if np.all(dropped == dropped[:1]):
        return "in the same places for all samples"
    if np.all(dropped == dropped[:, :1]):
        return "in all channels at once"
    return "maps" if np.all(dropped == dropped[:, :, :1, :1]) else "entry by entry"


@probe("spatial_dropout_backward")
def spatial_dropout_backward(f, rng):
    yield from _backward(f.spatial_dropout_forward, f.spatial_dropout_backward, (4, 5, 2, 3), 0.3, rng)


@probe("dropconnect_forward")
def dropconnect_forward(f, rng):
    """The identity as input shows the weights that a layer really used."""
    d, h = 120, 130
    w, b = _away_from_zero(rng, (d, h)), _away_from_zero(rng, h)
    x = np.vstack([np.eye(d), rng.normal(size=(4, d))])
    for p in RATES:
        arguments = [x.copy(), w.copy(), b.copy()]
        generator = np.random.default_rng(rng.integers(2**32))
        out, _ = unpack(f.dropconnect_forward(*arguments, p, generator), "out", "cache")
        if np.shape(out) != (d + 4, h):
            yield value("out", out, np.zeros((d + 4, h)))
            return
        m = (out[:d] - b) / w
        dropped = np.abs(m) < 1e-9
        share, sd = float(dropped.mean()), np.sqrt(p * (1 - p) / m.size)
        kept = m[~dropped] if not dropped.all() else np.zeros(1)
        yield _near(
            f"dropped share of weights at p = {p}",
            share,
            p,
            sd,
            f"at p = {p} a share of {number(share)} of the weights was dropped; it should be {p}.",
        )
        scale = (float(kept.min()), float(kept.max()))
        yield Aspect(
            f"kept scale at p = {p}",
            scale,
            bool(np.allclose(scale, 1 / (1 - p))),
            f"at p = {p} kept weights count {_span(scale)} times; 1 / (1 - p) is {number(1 / (1 - p))}.",
            repeats=_earlier("kept scale", p),
        )
        rows, columns = bool(np.all(dropped == dropped[:1])), bool(np.all(dropped == dropped[:, :1]))
        shared = "whole units" if rows else "whole inputs" if columns else "single weights"
        yield Aspect(
            f"what is dropped at p = {p}",
            shared,
            shared == "single weights",
            f"{shared} were dropped. Here every weight has its own coin.",
        )
        meaning = "One thinned matrix serves the whole batch, and b is added as it is."
        expected = np.einsum("nd,dh->nh", x[d:], out[:d] - b) + b
        silent = float((np.abs(out[d:] - b) < 1e-9).mean())  # at p = 0.6 all 120 weights of a sum fall once in 1e26
        coins = "of weights" if same(out[d:], expected) else "of outputs" if silent > p / 2 else "neither"
        yield Aspect(
            f"whose coins at p = {p}",
            coins,
            coins != "of outputs",
            f"at p = {p} a share of {number(silent)} of the outputs is b alone: the coins lie behind x w."
            " Here they lie on w.",
            repeats=_earlier("whose coins", p),
        )
        yield value(
            f"at p = {p}, for further samples, `out`",
            out[d:],
            expected,
            meaning=meaning,
            repeats=(f"whose coins at p = {p}", *_earlier("whose coins", p)),
        )
    for name, before, now in zip("xwb", (x, w, b), arguments, strict=True):
        yield untouched(name, before, now)

    def forward(v, p, generator, train=True):
        return f.dropconnect_forward(x[-4:].astype(v.dtype), v, b.astype(v.dtype), p, generator, train)

    seed = int(rng.integers(2**32))
    generator = np.random.default_rng(seed)
    first, second = (forward(w.copy(), 0.3, generator)[0] for _ in range(2))
    again = forward(w.copy(), 0.3, np.random.default_rng(seed))[0]
    fresh, repeats = not np.array_equal(first, second), bool(np.array_equal(first, again))
    yield Aspect(
        "fresh noise", fresh, fresh, "two calls in a row dropped the same weights. Every mini-batch needs its own mask."
    )
    yield Aspect(
        "noise from rng",
        repeats,
        repeats,
        "the same generator state dropped other weights. All randomness has to come from the `rng` passed in.",
    )
    exact = np.einsum("nd,dh->nh", x[-4:], w) + b
    yield value("at test time `out`", forward(w.copy(), 0.3, np.random.default_rng(0), train=False)[0], exact)
    yield value("at p = 0 `out`", forward(w.copy(), 0.0, np.random.default_rng(0))[0], exact)
    yield value("at p = 1 `out`", forward(w.copy(), 1.0, np.random.default_rng(0))[0], np.zeros((4, h)) + b)
    yield keeps_dtype("out", forward(w.astype(np.float32), 0.3, np.random.default_rng(0))[0], np.float32)


@probe("dropconnect_backward")
def dropconnect_backward(f, rng):
    d, h, p = 6, 4, 0.4
    w, b = _away_from_zero(rng, (d, h)), rng.normal(size=h)
    x, dout = np.vstack([np.eye(d), rng.normal(size=(3, d))]), rng.normal(size=(d + 3, h))
    for train, called, said in ((True, str, lambda name: ()), (False, "at test time `{}`".format, str)):
        generator = np.random.default_rng(rng.integers(2**32))
        out, cache = unpack(f.dropconnect_forward(x.copy(), w.copy(), b.copy(), p, generator, train), "out", "cache")
        f.dropconnect_forward(x.copy(), w.copy(), b.copy(), p, np.random.default_rng(1))
        m = (out[:d] - b) / w
        given = dout.copy()
        dx, dw, db = unpack(f.dropconnect_backward(given, cache), "dx", "dw", "db")

        def loss(x=x, w=w, b=b, m=m):
            return (dout * (np.einsum("nd,dh->nh", x, w * m) + b)).sum()

        meaning = "A dropped weight had no part in the output." if train else None
        yield value(called("dx"), dx, derivative(lambda v: loss(x=v), x), repeats=said("dx"))
        yield value(called("dw"), dw, derivative(lambda v: loss(w=v), w), meaning=meaning, repeats=said("dw"))
        yield value(called("db"), db, derivative(lambda v: loss(b=v), b), repeats=said("db"))
        yield untouched("dout", dout, given)
    _, cache = f.dropconnect_forward(*float32(x, w, b), 0.4, np.random.default_rng(0))
    for name, grad in zip(("dx", "dw", "db"), f.dropconnect_backward(dout.astype(np.float32), cache), strict=True):
        yield keeps_dtype(name, grad, np.float32)


@probe("mc_predict")
def mc_predict(f, rng):
    """Four hidden units have sixteen masks: the mean and the spread over all of them are known exactly."""
    p, passes, units = 0.3, 1500, 4
    params = {
        "W1": rng.uniform(0.2, 1.0, (3, units)),
        "b1": rng.uniform(0.1, 0.5, units),
        "W2": rng.normal(size=(units, 3)) * 2,
    }
    x = rng.uniform(0.2, 1.5, (2, 3))
    params["b2"] = -np.einsum("h,hc->c", np.full(units, 1.2), params["W2"])  # no class is certain beforehand
    mean, std = unpack(f.mc_predict(params, x, p, np.random.default_rng(rng.integers(2**32)), passes), "mean", "std")
    hidden = np.einsum("nd,dh->nh", x, params["W1"]) + params["b1"]  # positive: ReLU changes nothing
    weights, probabilities = [], []
    for kept in product([0, 1], repeat=units):
        weights.append(np.prod(np.where(kept, 1 - p, p)))
        scores = np.einsum("nh,hc->nc", hidden * kept / (1 - p), params["W2"]) + params["b2"]
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        probabilities.append(powers / powers.sum(axis=1, keepdims=True))
    weights, probabilities = np.array(weights)[:, None, None], np.array(probabilities)
    exact = (weights * probabilities).sum(axis=0)
    moments = [(weights * (probabilities - exact) ** k).sum(axis=0) for k in (2, 4)]
    sd_mean = np.sqrt(moments[0] / passes)
    sd_std = np.sqrt((moments[1] - moments[0] ** 2) / passes) / (2 * np.sqrt(moments[0]))
    for name, got, want, sd in (("mean", mean, exact, sd_mean), ("std", std, np.sqrt(moments[0]), sd_std)):
        if np.shape(got) != want.shape:
            yield value(name, got, want)
            continue
        off = float(np.max(np.abs(got - want) / sd))
        worst = np.unravel_index(np.argmax(np.abs(got - want) / sd), want.shape)
        yield Aspect(
            name,
            np.asarray(got),
            off <= SIGMAS,
            f"`{name}` over {passes} passes is {number(got[worst])} where all sixteen masks together give"
            f" {number(want[worst])}.",
            near=3 * float(sd.max()),
        )
    mean, std = f.mc_predict(params, x, p, np.random.default_rng(0), 1)
    thinned = any(same(row, kept[n]) for n, row in enumerate(np.atleast_2d(mean)[:2]) for kept in probabilities)
    yield Aspect(
        "one pass", thinned, thinned, "the prediction of a single pass is that of none of the sixteen thinned networks."
    )
    meaning = "One pass has no spread. The mean square is taken over the passes, not over one less."
    yield value("`std` of one pass", std, np.zeros((2, 3)), meaning=meaning, repeats="std")
    yield value("the sum of the probabilities of one pass", np.sum(mean, axis=-1), np.ones(2))
