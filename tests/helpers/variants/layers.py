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


_AFFINE = (
    (affine_matrix, affine_matrix_back),
    (affine_einsum, affine_einsum_back),
    (affine_loops, affine_loops_back),
    (affine_ones, affine_ones_back),
    (affine_transposed, affine_transposed_back),
    (affine_in_place, affine_tensordot_back),
)
_RELU = (
    (relu_where, relu_where_back),
    (relu_product, relu_product_back),
    (relu_half, relu_half_back),
    (relu_copy, relu_copy_back),
    (relu_clip, relu_clip_back),
)
VARIANTS = [
    *({"affine_forward": forward, "affine_backward": backward} for forward, backward in _AFFINE),
    *({"relu_forward": forward, "relu_backward": backward} for forward, backward in _RELU),
    *(
        {"softmax_cross_entropy": f}
        for f in (softmax_one_hot, softmax_logaddexp, softmax_loops, softmax_eye, softmax_median)
    ),
]
