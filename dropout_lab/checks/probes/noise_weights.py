"""Probes of DropConnect: dropout of weights, so that what is judged of dropout's entries is judged of its weights.

The identity as input shows the weights that a layer used. Bounds on chance are those of `dropout_forward`.
"""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect, keeps_dtype, untouched, value
from dropout_lab.checks.functions import result_or_broke
from dropout_lab.checks.probes import case, derivative, float32, outcome, probe, unpack
from dropout_lab.checks.probes.dropout_forward import forward_aspects
from dropout_lab.checks.probes.dropout_masks import (
    away_from_zero,
    coins,
    measurable,
    middle,
    percent,
    rate,
    while_measurable,
)
from dropout_lab.checks.words import same


@probe("dropconnect_forward")
def dropconnect_forward(f, rng):
    yield from while_measurable(_forward, f.dropconnect_forward, rng)


@probe("dropconnect_backward")
def dropconnect_backward(f, rng):
    yield from while_measurable(_backward, f.dropconnect_forward, f.dropconnect_backward, rng)


def _forward(call, rng):
    yield from _layer(call, rng)
    yield from forward_aspects(_of_weights(call), rng, lambda p: 1 / (1 - p), lambda p: 1.0, "w", whole_numbers=False)


def _of_weights(call):
    """The layer as one of weights: x becomes w, and out is w as the layer used it."""

    def thinned(x, p, rng, **mode):
        table = x.reshape(len(x), -1)
        turned = len(table) > table.shape[1]
        w = table.T if turned else table
        given = w.copy() if x.flags.writeable else w
        out, cache = unpack(
            call(np.eye(len(w), dtype=x.dtype), given, np.zeros(w.shape[1], x.dtype), p, rng, **mode), "out", "cache"
        )
        used = measurable("out", out, w.shape)
        if not np.array_equal(given, w):
            x += 1
        return (used.T if turned else used).reshape(x.shape).astype(np.asarray(out).dtype), cache

    return thinned


@case
def _inputs(rng):
    d, h, n = (int(v) for v in rng.integers((11, 17, 23), (16, 22, 31)))
    return SimpleNamespace(
        w=away_from_zero(rng, (d, h)),
        b=away_from_zero(rng, h),
        x=np.vstack([np.eye(d), rng.normal(size=(n, d))]),
        p=middle(rng),
        high=rate(rng, 0.7, 0.9),
    )


def _layer(call, rng):
    """The coins lie on the weights, one set of them for the whole batch, and b is added as it is."""
    rng = coins(rng)
    at, g = _inputs(rng), coins(rng)
    d, wanted = len(at.w), {}
    for p in (at.p, at.high):
        given = [at.x.copy(), at.w.copy(), at.b.copy()]
        out = measurable("out", unpack(call(*given, p, g), "out", "cache")[0], (len(at.x), at.w.shape[1]))
        wanted[p] = (out, given)
    out, given = wanted[at.p]
    yield _whose(out, at, d)
    everything = call(at.x.copy(), at.w.copy(), at.b.copy(), 1.0, g)
    bias = measurable("out", unpack(everything, "out", "cache")[0], out.shape)
    alone = np.broadcast_to(at.b, bias.shape)
    share = float((bias == 0).mean())
    say = f"at p = 1 every weight falls and b is left: {percent(share)} of the outputs are 0. b is never dropped."
    if not np.isfinite(bias).all():
        seen, say = "nan", "at p = 1 it gives nan or infinity. Every weight falls then, and b is left."
    else:
        seen = "dropped" if share > 0.05 else "another"
        say = say if share > 0.05 else "at p = 1 every weight falls, and out should be b in every row; it is not."
    yield Aspect("b is kept", seen, same(bias, alone), say)
    exact = np.einsum("nd,dh->nh", at.x, at.w) + at.b
    for p, mode in ((at.p, {"train": False}), (1.0, {"train": False}), (0.0, {})):
        when = f"at test time, p = {p:g}, `out`" if mode else "at p = 0 `out`"
        got = outcome(lambda p=p, mode=mode: call(at.x.copy(), at.w.copy(), at.b.copy(), p, g, **mode)[0])
        name = "at test time `out`" if mode and p < 1 else when
        yield value(name, got, exact, repeats=("b is kept", "at test time `out`"))
    yield untouched("x", at.x, given[0])
    yield untouched("b", at.b, given[2])
    one, broke = result_or_broke(lambda: call(at.x[:1].copy(), at.w[:, :1].copy(), at.b[:1].copy(), at.p, g)[0])
    say = f"for one sample and one unit {broke.say() if broke else f'`out` has shape {np.shape(one)}, not (1, 1).'}"
    yield Aspect("one sample, one unit", str(np.shape(one)), not broke and np.shape(one) == (1, 1), say)
    small = float32(at.x, at.w, at.b)
    yield keeps_dtype("out", outcome(lambda: call(*small, at.p, g)[0]), np.float32)


def _whose(out, at, d):
    """Whether one thinned matrix serves the whole batch."""
    expected = np.einsum("nd,dh->nh", at.x[d:], out[:d] - at.b) + at.b
    silent = float((np.abs(out[d:] - at.b) < 1e-9).mean())
    nothing = float((out[d:] == 0).mean())
    if same(out[d:], expected, 1e-8):
        return Aspect("whose coins", "of weights", True, "")
    rows = float((np.abs(out[d:] - at.b) < 1e-9).all(axis=1).mean())
    if rows and rows == silent:
        say = f"at p = {at.p}, {percent(rows)} of the samples get b alone: the coins lie on samples, not on w."
        return Aspect("whose coins", "of samples", False, say)
    scale = 1 / (1 - at.p)
    if same(out[d:], np.einsum("nd,dh->nh", at.x[d:], out[:d] - scale * at.b) + scale * at.b, 1e-8):
        say = f"at p = {at.p}, what is added is b times {scale:.2f}; b is added as it is."
        return Aspect("whose coins", "of weights, and b is scaled", False, say)
    if silent > at.p / 2 and silent > 0.05:
        say = f"at p = {at.p}, {percent(silent)} of the outputs are b alone: the coins do not lie on w."
        return Aspect("whose coins", "of outputs", False, say)
    if nothing > at.p / 2 and nothing > 0.05:
        say = f"at p = {at.p}, {percent(nothing)} of the outputs are 0: they were dropped, b and all, not weights of w."
        return Aspect("whose coins", "of outputs, b and all", False, say)
    say = (
        "for further samples of the batch, out is not x times the weights that the first samples met, plus b."
        " One thinned matrix serves the whole batch."
    )
    return Aspect("whose coins", "of neither", False, say)


# --- backward --------------------------------------------------------------------------------------------------------


def _backward(forward, backward, rng):
    """Each gradient against the derivative of what the forward pass computed, by the complex step."""
    rng = coins(rng)
    g, p = coins(rng), middle(rng)
    d, h, n = (int(v) for v in rng.integers((6, 3, 3), (9, 6, 6)))
    a, b = (_batch(rng, d, h, n) for _ in range(2))
    for batch in (a, b):
        batch.out, batch.cache = unpack(forward(*batch.copies(), p, g), "out", "cache")
        batch.m = (measurable("out", batch.out, (d + n, h))[:d] - batch.b) / batch.w
    if all(np.allclose(batch.m, 1) for batch in (a, b)):
        say = "the forward pass drops nothing, so there is nothing to judge. It comes first."
        yield Aspect("forward pass", "idle", False, say)
    yield from _gradients(backward, a, str, lambda _: (), "A dropped weight had no part in the output.")
    second = all(same(got, want, 1e-9) for got, want in zip(_called(backward, b), b.wanted(), strict=True))
    say = "forward on batch A, forward on batch B, backward for A, backward for B: the second is wrong."
    yield Aspect("after another forward pass", second, second, say, repeats=("dx", "dw", "db"))
    first, again = _called(backward, a), _called(backward, a)
    same_again = all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    say = "a second call with the same cache gives other gradients. Backward may not change what forward left for it."
    yield Aspect("second call", same_again, same_again, say, contract=True)
    test = _batch(rng, d, h, n)
    test.m = np.ones((d, h))
    test.cache = unpack(forward(*test.copies(), p, g, train=False), "out", "cache")[1]
    yield from _gradients(backward, test, "at test time `{}`".format, lambda name: (name,), None)
    for rows, units in ((1, h), (n, 1)):
        one = _batch(rng, d, units, 0)
        one.x = one.x[:rows]
        one.cache = unpack(forward(*one.copies(), 0.0, g), "out", "cache")[1]
        one.m, one.dout = np.ones((d, units)), one.dout[:rows]
        called = f"for {'one sample' if rows == 1 else 'one unit'} `{{}}`".format
        yield from _gradients(backward, one, called, lambda name: (name, f"at test time `{name}`"), None)
    _, cache = forward(*float32(a.x, a.w, a.b), p, g)
    for name, grad in zip(("dx", "dw", "db"), backward(a.dout.astype(np.float32), cache), strict=True):
        yield keeps_dtype(name, grad, np.float32)


def _batch(rng, d, h, n):
    """Inputs, of which the identity comes first."""
    batch = SimpleNamespace(
        w=away_from_zero(rng, (d, h)),
        b=rng.normal(size=h),
        x=np.vstack([np.eye(d), rng.normal(size=(n, d))]),
        dout=rng.normal(size=(d + n, h)),
    )

    def loss(x=None, w=None, b=None):
        x, w, b = (batch.x if x is None else x), (batch.w if w is None else w), (batch.b if b is None else b)
        return (batch.dout * (np.einsum("nd,dh->nh", x, w * batch.m) + b)).sum()

    batch.copies = lambda: (batch.x.copy(), batch.w.copy(), batch.b.copy())
    batch.wanted = lambda: (
        derivative(lambda v: loss(x=v), batch.x),
        derivative(lambda v: loss(w=v), batch.w),
        derivative(lambda v: loss(b=v), batch.b),
    )
    return batch


def _called(backward, batch):
    return unpack(backward(batch.dout.copy(), batch.cache), "dx", "dw", "db")


def _gradients(backward, batch, called, repeats, meaning):
    given = batch.dout.copy()
    got = unpack(backward(given, batch.cache), "dx", "dw", "db")
    for name, grad, want in zip(("dx", "dw", "db"), got, batch.wanted(), strict=True):
        yield value(called(name), grad, want, meaning=meaning if name != "db" else None, repeats=repeats(name))
    if called is str:
        yield untouched("dout", batch.dout, given)
