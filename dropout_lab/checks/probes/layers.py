"""Probes of layers.py. What is right comes from definitions (sums, logarithms, the complex step), not from formulas."""

import numpy as np

from dropout_lab.checks.aspects import keeps_dtype, untouched, value
from dropout_lab.checks.probes import derivative, float32, probe, unpack


def _affine_inputs(rng):
    """N, D and H all differ, so that no transposed product fits by accident."""
    return rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)


def _affine(x, w, b):
    return np.einsum("nd,dh->nh", x, w) + b


@probe("affine_forward")
def affine_forward(f, rng):
    x, w, b = _affine_inputs(rng)
    arguments = [x.copy(), w.copy(), b.copy()]
    out, _ = unpack(f.affine_forward(*arguments), "out", "cache")
    yield value("out", out, _affine(x, w, b))
    one, _ = f.affine_forward(x[:1], w, b)
    yield value("out of a single sample", one, _affine(x[:1], w, b))
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    out, _ = f.affine_forward(pixels, w, b)
    yield value("out of integer pixels", out, _affine(pixels, w, b), meaning="Pixels may come as integers; the output may not.")
    for name, before, now in zip("xwb", (x, w, b), arguments):
        yield untouched(name, before, now)
    yield keeps_dtype("out", f.affine_forward(*float32(x, w, b))[0], np.float32)


@probe("affine_backward")
def affine_backward(f, rng):
    x, w, b = _affine_inputs(rng)
    dout = rng.normal(size=(5, 3))
    _, cache = unpack(f.affine_forward(x, w, b), "out", "cache")
    given = dout.copy()
    dx, dw, db = unpack(f.affine_backward(given, cache), "dx", "dw", "db")

    def loss(x=x, w=w, b=b):
        return (dout * _affine(x, w, b)).sum()

    yield value("dx", dx, derivative(lambda v: loss(x=v), x))
    yield value("dw", dw, derivative(lambda v: loss(w=v), w))
    yield value("db", db, derivative(lambda v: loss(b=v), b), meaning="b is added to every sample of the batch.")
    again = f.affine_backward(dout.copy(), cache)[1]
    yield value("dw of a second call", again, derivative(lambda v: loss(w=v), w), meaning="A second call must give what the first gave.")
    yield untouched("dout", dout, given)
    _, cache = f.affine_forward(*float32(x, w, b))
    for name, grad in zip(("dx", "dw", "db"), f.affine_backward(dout.astype(np.float32), cache)):
        yield keeps_dtype(name, grad, np.float32)


def _relu_inputs(rng):
    """Half of the entries negative, none near 0, and two that are exactly 0: there the slope is taken as 0."""
    x = rng.uniform(0.5, 1.5, (5, 4)) * rng.choice([-1.0, 1.0], (5, 4))
    x[0, 0], x[1, 1], x[2, 3], x[3, 2] = 0.0, 0.0, 0.7, -0.7
    return x


@probe("relu_forward")
def relu_forward(f, rng):
    x = _relu_inputs(rng)
    given = x.copy()
    out, _ = unpack(f.relu_forward(given), "out", "cache")
    yield value("out", out, (np.abs(x) + x) / 2)
    yield untouched("x", x, given)
    yield keeps_dtype("out", f.relu_forward(x.astype(np.float32))[0], np.float32)


@probe("relu_backward")
def relu_backward(f, rng):
    x = _relu_inputs(rng)
    dout = rng.uniform(0.5, 1.5, x.shape) * rng.choice([-1.0, 1.0], x.shape)
    _, cache = unpack(f.relu_forward(x.copy()), "out", "cache")
    given = dout.copy()
    dx = f.relu_backward(given, cache)
    on = x != 0
    right = np.zeros(x.shape)
    right[x > 0] = dout[x > 0]
    yield value("dx where x is not 0", dx[on] if np.shape(dx) == x.shape else dx, right[on] if np.shape(dx) == x.shape else right)
    yield value("dx where x is 0", dx[~on] if np.shape(dx) == x.shape else dx, right[~on] if np.shape(dx) == x.shape else right)
    yield untouched("dout", dout, given)
    _, cache = f.relu_forward(x.astype(np.float32))
    yield keeps_dtype("dx", f.relu_backward(dout.astype(np.float32), cache), np.float32)


def _loss(scores, y):
    """Softmax cross-entropy from its definition; scores may be complex."""
    shifted = scores - scores.real.max(axis=1, keepdims=True)
    total = np.array([sum(row) for row in np.exp(shifted)])
    return sum(np.log(t) - row[label] for t, row, label in zip(total, shifted, y)) / len(y)


@probe("softmax_cross_entropy")
def softmax_cross_entropy(f, rng):
    scores, y = rng.normal(size=(6, 3)) * 2, rng.integers(0, 3, 6)
    given = scores.copy()
    loss, dscores = unpack(f.softmax_cross_entropy(given, y), "loss", "dscores")
    yield value("loss", loss, _loss(scores, y).real, meaning="It is the mean over the samples of -log of the right class's probability.")
    yield value("dscores", dscores, derivative(lambda s: _loss(s, y), scores))
    large = scores * 400
    loss, dscores = f.softmax_cross_entropy(large.copy(), y)
    meaning = "These scores run to several hundred, where exp overflows or a probability rounds to 0."
    yield value("loss for large scores", loss, _loss(large, y).real, meaning=meaning)
    yield value("dscores for large scores", dscores, derivative(lambda s: _loss(s, y), large), meaning=meaning)
    one, _ = f.softmax_cross_entropy(scores[:1], y[:1])
    yield value("loss of a single sample", one, _loss(scores[:1], y[:1]).real)
    yield untouched("scores", scores, given)
    _, dscores = f.softmax_cross_entropy(scores.astype(np.float32), y)
    yield keeps_dtype("dscores", dscores, np.float32)
