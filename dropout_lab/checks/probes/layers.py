"""Probes of layers.py. What is right comes from definitions (sums, logarithms, the complex step), not from formulas."""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect, keeps_dtype, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import case, copies, float32, outcome, probe, slopes, unpack
from dropout_lab.checks.words import plain, readable


def _affine(x, w, b):
    """The definition; each argument may be a stack."""
    return np.matmul(x, w) + b[..., None, :]


@case
def _affine_case(rng):
    """N, D and H all differ, so that no transposed product fits by accident."""
    x, w, b, dout = (rng.normal(size=shape) for shape in ((5, 4), (4, 3), (3,), (5, 3)))
    pixels = rng.integers(50, 250, (6, 4), dtype=np.uint8)

    def loss(x=x, w=w, b=b):
        return (dout * _affine(x, w, b)).sum(axis=(-2, -1))

    return SimpleNamespace(
        x=x,
        w=w,
        b=b,
        dout=dout,
        pixels=pixels,
        out=_affine(x, w, b),
        out_of_pixels=_affine(pixels, w, b),
        right={f"d{k}": slopes(lambda v, k=k: loss(**{k: v}), array) for k, array in (("x", x), ("w", w), ("b", b))},
    )


@probe("affine_forward")
def affine_forward(f, rng):
    c = _affine_case(rng)
    arguments = copies(c.x, c.w, c.b)
    out, _ = unpack(f.affine_forward(*arguments), "out", "cache")
    yield value("out", out, c.out)
    one = outcome(lambda: unpack(f.affine_forward(*copies(c.x[:1], c.w, c.b)), "out", "cache")[0])
    yield value("`out` of a single sample", one, c.out[:1], repeats="out")
    out = outcome(lambda: unpack(f.affine_forward(*copies(c.pixels, c.w, c.b)), "out", "cache")[0])
    meaning = "Pixels may come as integers; the output may not."
    yield value("`out` of integer pixels", out, c.out_of_pixels, meaning=meaning, repeats="out")
    for name, before, now in zip("xwb", (c.x, c.w, c.b), arguments, strict=True):
        yield untouched(name, before, now)
    out = outcome(lambda: unpack(f.affine_forward(*float32(c.x, c.w, c.b)), "out", "cache")[0])
    yield keeps_dtype("out", out, np.float32)


def repeatable(first, again):
    """An aspect that is met when a second call with the same cache gave what the first gave."""
    first, again = [plain(a) for a in first], [plain(a) for a in again]
    known = all(readable(a) and readable(b) and a.shape == b.shape for a, b in zip(first, again, strict=True))
    moved = np.concatenate([(b - a).ravel() for a, b in zip(first, again, strict=True)]) if known else np.zeros(1)
    moved = np.where(np.isfinite(moved), moved, 0)
    say = "a second call with the same `dout` and the same cache gives something else than the first."
    return Aspect("the same answer twice", moved, bool(np.abs(moved).max(initial=0) < 1e-9), say)


@probe("affine_backward")
def affine_backward(f, rng):
    c = _affine_case(rng)
    _, cache = unpack(f.affine_forward(*copies(c.x, c.w, c.b)), "out", "cache")
    given = c.dout.copy()
    got = [_kept(g) for g in unpack(f.affine_backward(given, cache), *c.right)]
    again = unpack(f.affine_backward(c.dout.copy(), cache), *c.right)
    yield repeatable(got, again)
    for name, grad in zip(c.right, got, strict=True):
        meaning = "b is added to every sample of the batch." if name == "db" else None
        yield value(name, grad, c.right[name], meaning=meaning)
    yield untouched("dout", c.dout, given)
    _, cache = f.affine_forward(*float32(c.x, c.w, c.b))
    for name, grad in zip(c.right, unpack(f.affine_backward(*float32(c.dout), cache), *c.right), strict=True):
        yield keeps_dtype(name, grad, np.float32)


def _kept(got):
    """A result as it is now: a later call may write into the array that an earlier one returned."""
    array = plain(got)
    return array.copy() if readable(array) else got


@case
def _relu_case(rng):
    """Positive and negative entries, none near 0, and two that are exactly 0: there the slope is taken as 0."""
    x, dout = (rng.uniform(0.5, 1.5, (5, 4)) * rng.choice([-1.0, 1.0], (5, 4)) for _ in range(2))
    x[0, 0], x[1, 1], x[2, 3], x[3, 2], x[4, 0], x[4, 1] = 0.0, 0.0, 0.7, -0.7, 0.9, -0.9
    dout[2, 3], dout[3, 2], dout[4, 0], dout[4, 1] = 1.1, 1.2, -1.3, -1.4  # every pair of signs
    right = np.zeros(x.shape)
    right[x > 0] = dout[x > 0]
    return SimpleNamespace(x=x, dout=dout, out=(np.abs(x) + x) / 2, right=right)


@probe("relu_forward")
def relu_forward(f, rng):
    c = _relu_case(rng)
    given = c.x.copy()
    out, _ = unpack(f.relu_forward(given), "out", "cache")
    yield value("out", out, c.out, tolerance=1e-12)
    yield untouched("x", c.x, given)
    out = outcome(lambda: unpack(f.relu_forward(*float32(c.x)), "out", "cache")[0])
    yield keeps_dtype("out", out, np.float32)


@probe("relu_backward")
def relu_backward(f, rng):
    c = _relu_case(rng)
    _, cache = unpack(f.relu_forward(c.x.copy()), "out", "cache")
    given = c.dout.copy()
    dx = f.relu_backward(given, cache)
    array = plain(dx)
    if not readable(array) or array.shape != c.x.shape:
        yield value("dx", dx, c.right)
        return
    dx = array.copy()
    yield _on("`dx` where x > 0", dx[c.x > 0], c.right[c.x > 0], "Where forward passed x on, the gradient passes.")
    yield _on("`dx` where x < 0", dx[c.x < 0], c.right[c.x < 0], "There the output stays 0 whatever x does.")
    yield _on("`dx` where x = 0", dx[c.x == 0], c.right[c.x == 0], "At the kink the slope is taken as 0.")
    yield untouched("dout", c.dout, given)
    _, cache = f.relu_forward(*float32(c.x))
    yield keeps_dtype("dx", outcome(lambda: f.relu_backward(*float32(c.dout), cache)), np.float32)


def _on(name, got, want, meaning):
    return value(name, got, want, tolerance=1e-12, meaning=meaning)


def _loss(scores, y):
    """Mean of -log softmax(scores)[y], from the definition; scores may be complex, and a stack."""
    shifted = scores - scores.real.max(axis=-1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=-1))
    picked = np.take_along_axis(shifted, np.broadcast_to(y[:, None], (*shifted.shape[:-1], 1)), axis=-1)[..., 0]
    return (log_total - picked).sum(axis=-1) / len(y)


@case
def _loss_case(rng):
    """Scores of ordinary size, and three ways of being large: all near 1000, all near -1000, a right class 1000
    below.
    """
    scores, y = rng.normal(size=(6, 4)) * 2, rng.permutation([0, 1, 2, 3, 0, 2])
    unlikely = scores.copy()
    unlikely[np.arange(2), y[:2]] -= 1000
    kinds = {
        "": scores,
        " for scores near 1000": scores + 1000,
        " for scores near -1000": scores - 1000,
        " where the right class is 1000 below the others": unlikely,
    }
    return SimpleNamespace(
        scores=scores,
        y=y,
        kinds=kinds,
        loss={k: _loss(s, y) for k, s in kinds.items()},
        dscores={k: slopes(lambda s: _loss(s, y), s) for k, s in kinds.items()},
        one=_loss(scores[:1], y[:1]),
    )


@probe("softmax_cross_entropy")
def softmax_cross_entropy(f, rng):
    c = _loss_case(rng)
    given, labels = copies(c.scores, c.y)
    loss, dscores = unpack(f.softmax_cross_entropy(given, labels), "loss", "dscores")
    meaning = "It is the mean over the samples of -log of the right class's probability."
    yield value("loss", loss, c.loss[""], meaning=meaning)
    yield value("dscores", dscores, c.dscores[""])
    meanings = (
        "exp of 1000 is infinite.",
        "exp of -1000 is 0, and 0/0 is nan.",
        "Its probability rounds to 0; the log of 0 is no use.",
    )
    for (name, scores), meaning in zip(list(c.kinds.items())[1:], meanings, strict=True):
        got = outcome(lambda scores=scores: unpack(f.softmax_cross_entropy(*copies(scores, c.y)), "loss", "dscores"))
        loss, dscores = (got, got) if isinstance(got, Broke) else got
        yield value(f"`loss`{name}", loss, c.loss[name], meaning=meaning, repeats="loss")
        yield value(f"`dscores`{name}", dscores, c.dscores[name], repeats="dscores")
    one = outcome(lambda: unpack(f.softmax_cross_entropy(*copies(c.scores[:1], c.y[:1])), "loss", "dscores")[0])
    yield value("`loss` of a single sample", one, c.one, repeats="loss")
    yield untouched("scores", c.scores, given)
    yield untouched("y", c.y, labels)
    dscores = outcome(lambda: unpack(f.softmax_cross_entropy(*float32(c.scores), c.y.copy()), "loss", "dscores")[1])
    yield keeps_dtype("dscores", dscores, np.float32)
