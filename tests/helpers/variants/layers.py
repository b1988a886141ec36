"""Right ways to write layers.py: other algebra, other caches, loops, in place on own copies."""

import numpy as np


def affine_matrix(x, w, b):
    return x.dot(w) + b, (x, w)


def affine_matrix_back(dout, cache):
    x, w = cache
    return dout.dot(w.T), x.T.dot(dout), dout.sum(0)


def affine_einsum(x, w, b):
    return np.einsum("ij,jk->ik", x, w) + b[None, :], {"x": x.copy(), "w": w.copy()}


def affine_einsum_back(dout, cache):
    x, w = cache["x"], cache["w"]
    return np.einsum("ik,jk->ij", dout, w), np.einsum("ij,ik->jk", x, dout), np.einsum("ik->k", dout)


def affine_loops(x, w, b):
    out = np.zeros((len(x), w.shape[1]), np.result_type(x, w))
    for n in range(len(x)):
        for h in range(w.shape[1]):
            total = b[h]
            for d in range(w.shape[0]):
                total = total + x[n, d] * w[d, h]
            out[n, h] = total
    return out, [x, w, b]


def affine_loops_back(dout, cache):
    x, w, b = cache
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    for n in range(len(x)):
        dx[n] = w @ dout[n]
        dw += np.outer(x[n], dout[n])
        db += dout[n]
    return [dx, dw, db]


def affine_ones(x, w, b):
    """b as a further row of w, with an input that is always 1."""
    xs = np.hstack([x, np.ones((len(x), 1), x.dtype)])
    ws = np.vstack([w, b])
    return xs @ ws, (xs, ws)


def affine_ones_back(dout, cache):
    xs, ws = cache
    both = xs.T @ dout
    return (dout @ ws.T)[:, :-1], both[:-1], both[-1]


def affine_transposed(x, w, b):
    """Asks for the same in the order of a textbook that has its samples in columns; a closure as cache."""
    z = np.asfortranarray((w.T @ x.T + b[:, None]).T)
    return z, lambda d: ((w @ d.T).T, (d.T @ x).T, np.ones(len(d), d.dtype) @ d)


def affine_transposed_back(dout, cache):
    return cache(dout)


def affine_in_place(x, w, b):
    out = x @ w
    out += b
    return out, (x, w)


def affine_tensordot_back(dout, cache):
    x, w = cache
    grad = np.zeros_like(dout)
    grad += dout
    return np.tensordot(grad, w, axes=(1, 1)), np.tensordot(x, grad, axes=(0, 0)), np.add.reduce(grad)


def relu_where(x):
    return np.where(x > 0, x, 0), x


def relu_where_back(dout, cache):
    return np.where(cache > 0, dout, 0)


def relu_product(x):
    return x * (x > 0), x > 0


def relu_product_back(dout, cache):
    return cache * dout


def relu_half(x):
    return (x + abs(x)) / 2, np.sign(x)


def relu_half_back(dout, cache):
    return dout * (cache == 1)


def relu_copy(x):
    out = x.copy()
    out[out < 0] = 0
    return out, out


def relu_copy_back(dout, cache):
    dx = dout.copy()
    dx[cache == 0] = 0
    return dx


def relu_clip(x):
    return np.clip(x, 0, None), ("relu", {"where": np.flatnonzero(x > 0)})


def relu_clip_back(dout, cache):
    dx = np.zeros_like(dout)
    at = cache[1]["where"]
    dx.flat[at] = dout.flat[at]
    return dx


def softmax_one_hot(scores, y):
    shifted = scores - scores.max(axis=1)[:, None]
    total = np.exp(shifted).sum(axis=1)
    hot = np.zeros_like(scores)
    hot[np.arange(len(y)), y] = 1
    loss = np.mean(np.log(total) - (shifted * hot).sum(axis=1))
    return loss, (np.exp(shifted) / total[:, None] - hot) / scores.shape[0]


def softmax_logaddexp(scores, y):
    logs = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    d = np.exp(logs)
    d[range(len(y)), y] -= 1
    d /= len(y)
    return float(-logs[range(len(y)), y].sum() / len(y)), d


def softmax_loops(scores, y):
    loss, d = 0.0, np.empty_like(scores)
    for i, (row, label) in enumerate(zip(scores, y, strict=True)):
        top = max(row)
        powers = [np.exp(s - top) for s in row]
        loss += (np.log(sum(powers)) - (row[label] - top)) / len(y)
        for c in range(len(row)):
            d[i, c] = (powers[c] / sum(powers) - (c == label)) / len(y)
    return np.array(loss), d


def softmax_eye(scores, y):
    work = scores.copy()
    work -= work.max(1, keepdims=True)
    logs = work - np.log(np.sum(np.exp(work), axis=1, keepdims=True))
    target = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return -np.sum(target * logs) / len(y), (np.exp(logs) - target) * (1 / len(y))


def softmax_median(scores, y):
    """Another shift than the maximum does as well, taken twice; the gradient from take_along_axis."""
    s = (scores - scores.mean(axis=1, keepdims=True)).T
    s = s - s.max(axis=0)
    z = np.log(np.exp(s).sum(axis=0))
    picked = np.take_along_axis(s, y[None, :], axis=0)[0]
    d = np.exp(s - z).T.copy()
    np.subtract.at(d, (np.arange(len(y)), y), 1)
    return (z - picked).mean(), d / d.shape[0]


def affine_columns(x, w, b):
    """Unit by unit, columns first; the cache is a dictionary."""
    out = np.empty((x.shape[0], w.shape[1]), np.result_type(x, w, b), order="F")
    for j, (column, shift) in enumerate(zip(w.T, b, strict=True)):
        out[:, j] = (x * column).sum(axis=1) + shift
    return out, {"x": x, "w": w}


def affine_columns_back(dout, cache):
    x, w = cache["x"], cache["w"]
    dx = sum(np.multiply.outer(dout[:, j], w[:, j]) for j in range(w.shape[1]))
    dw = np.stack([dout[:, j] @ x for j in range(w.shape[1])], axis=-1)
    return dx, dw, np.ones(len(x), dout.dtype).dot(dout)


def affine_broadcast(x, w, b):
    return (x[:, :, None] * w[None]).sum(axis=1) + b, np.concatenate([x.ravel(), w.ravel(), np.array(x.shape, x.dtype)])


def affine_broadcast_back(dout, cache):
    n, d = cache[-2:].astype(int)
    x, w = cache[: n * d].reshape(n, d), cache[n * d : -2].reshape(d, -1)
    return (
        (dout[:, None, :] * w).sum(axis=2),
        (x[:, :, None] * dout[:, None, :]).sum(axis=0),
        dout.mean(axis=0) * len(dout),
    )


def affine_wide(x, w, b):
    """Works in float64 and casts back; keeps copies."""
    dtype = np.result_type(x.dtype, w.dtype)
    out = x.astype(np.float64) @ w.astype(np.float64) + b.astype(np.float64)
    return out.astype(dtype), (np.array(x, float), np.array(w, float))


def affine_wide_back(dout, cache):
    x, w = cache
    return tuple(g.astype(dout.dtype) for g in (dout @ w.T, x.T @ dout, dout.sum(0, dtype=float)))


def affine_refusing(x, w, b):
    """Whole numbers are refused in a sentence."""
    if x.dtype.kind != "f":
        raise TypeError(f"x should hold floats, not {x.dtype}")
    return np.inner(x, w.T) + b, (x.copy(), w.copy())


def affine_refusing_back(dout, cache):
    x, w = cache
    return np.inner(dout, w), np.inner(x.T, dout.T), np.add.reduce(dout, axis=0)


def relu_indexed(x):
    out, on = np.zeros(x.shape, x.dtype), np.nonzero(x > 0)
    out[on] = x[on]
    return out, [on, x.shape]


def relu_indexed_back(dout, cache):
    on, shape = cache
    dx = np.zeros(shape, dout.dtype)
    np.add.at(dx, on, dout[on])
    return dx


def relu_heaviside(x):
    step = np.heaviside(x, 0)
    return x * step, {"step": step}


def relu_heaviside_back(dout, cache):
    return np.einsum("ij,ij->ij", dout, cache["step"])


def relu_loops(x):
    out = x.copy()
    for i in np.ndindex(x.shape):
        out[i] = max(x[i], 0)
    return out, lambda dout: np.array(
        [[g if v > 0 else 0 for g, v in zip(*rows, strict=True)] for rows in zip(dout, x, strict=True)], dout.dtype
    )


def relu_loops_back(dout, cache):
    return cache(dout)


def relu_bits(x):
    return np.fmax(x, np.zeros_like(x)), (np.packbits(x > 0), x.shape)


def relu_bits_back(dout, cache):
    bits, shape = cache
    return np.where(np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape) == 1, dout, dout.dtype.type(0))


def relu_put(x):
    out = np.array(x)
    np.putmask(out, x < 0, 0)
    return out, np.ma.masked_less_equal(x, 0)


def relu_put_back(dout, cache):
    dx = np.array(dout)
    dx[np.ma.getmaskarray(cache)] = 0
    return dx


def softmax_add_at(scores, y):
    top = np.amax(scores, axis=1).reshape(-1, 1)
    logs = scores - top
    logs = logs - np.log(np.sum(np.exp(logs), 1)).reshape(-1, 1)
    grad = np.exp(logs)
    np.add.at(grad, (np.arange(len(y)), y), -1)
    np.divide(grad, len(y), out=grad)
    return -np.take_along_axis(logs, y.reshape(-1, 1), 1).mean(), grad


def softmax_differences(scores, y):
    """1 + sum over the other classes of exp(s_j - s_y), by logaddexp, class by class."""
    total = np.full(len(y), -np.inf, scores.dtype)
    for column in scores.T:
        total = np.logaddexp(total, column)
    probs = np.exp(scores - total[:, None])
    hot = y[:, None] == np.arange(scores.shape[1])
    return float((total - scores[hot]).mean()), (probs - hot.astype(scores.dtype)) / scores.dtype.type(len(y))


def softmax_jacobian(scores, y):
    """Through the Jacobian of log softmax: dL/ds = J^T dL/dlogs."""
    n = len(scores)
    logs = np.vstack([row - row.max() - np.log(np.exp(row - row.max()).sum()) for row in scores])
    dlogs = np.zeros_like(logs)
    dlogs[np.arange(n), y] = -1 / n
    probs = np.exp(logs)
    return np.vdot(dlogs, logs), np.stack([d - p * d.sum() for d, p in zip(dlogs, probs, strict=True)])


def softmax_wide(scores, y):
    """In float64, cast back; the mean as a dot product with weights."""
    work = scores.astype(np.float64)
    work = work - np.max(work, axis=-1)[..., None]
    probs = np.exp(work) / np.exp(work).sum(-1, keepdims=True)
    weights = np.full(len(y), 1 / len(y))
    loss = weights @ (np.log(np.exp(work).sum(-1)) - work[np.arange(len(y)), y])
    probs[np.arange(len(y)), y] = probs[np.arange(len(y)), y] - 1
    return loss, (probs * weights[:, None]).astype(scores.dtype)


def softmax_two_branches(scores, y):
    """log1p over the classes that are not the largest."""
    rows, top = np.arange(len(y)), scores.argmax(axis=1)
    away = scores - scores[rows, top][:, None]
    others = np.exp(away)
    others[rows, top] = 0
    log_total = np.log1p(others.sum(axis=1))
    grad = np.exp(away - log_total[:, None])
    grad[rows, y] -= 1
    return np.sum(log_total - away[rows, y]) / y.size, np.true_divide(grad, y.size)


_AFFINE = (
    (affine_matrix, affine_matrix_back),
    (affine_einsum, affine_einsum_back),
    (affine_loops, affine_loops_back),
    (affine_ones, affine_ones_back),
    (affine_transposed, affine_transposed_back),
    (affine_in_place, affine_tensordot_back),
    (affine_columns, affine_columns_back),
    (affine_broadcast, affine_broadcast_back),
    (affine_wide, affine_wide_back),
    (affine_refusing, affine_refusing_back),
)
_RELU = (
    (relu_where, relu_where_back),
    (relu_product, relu_product_back),
    (relu_half, relu_half_back),
    (relu_copy, relu_copy_back),
    (relu_clip, relu_clip_back),
    (relu_indexed, relu_indexed_back),
    (relu_heaviside, relu_heaviside_back),
    (relu_loops, relu_loops_back),
    (relu_bits, relu_bits_back),
    (relu_put, relu_put_back),
)
_SOFTMAX = (
    softmax_one_hot,
    softmax_logaddexp,
    softmax_loops,
    softmax_eye,
    softmax_median,
    softmax_add_at,
    softmax_differences,
    softmax_jacobian,
    softmax_wide,
    softmax_two_branches,
)
VARIANTS = [
    *({"affine_forward": forward, "affine_backward": backward} for forward, backward in _AFFINE),
    *({"relu_forward": forward, "relu_backward": backward} for forward, backward in _RELU),
    *({"softmax_cross_entropy": f} for f in _SOFTMAX),
]
