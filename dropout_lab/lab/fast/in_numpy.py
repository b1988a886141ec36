"""Dropout and a training step as fast as NumPy goes, computing what your functions compute.

Three ideas carry the file, and lesson 12 measures each of them.
1. Coins are cheap: 16 raw bits decide one entry, so that one 64-bit word of the generator decides four.
2. Arrays are allocated once and written with `out=`: no temporaries.
3. Long arrays are worked through in blocks that stay in the processor's cache.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dropout_lab.network import rates

LANES = 65536  # values of 16 bits
BLOCK = 131072  # entries of one block: fixed, so that threads never change a result


def cut_and_scale(p):
    """An entry is dropped if its 16 bits are below `cut`; a kept one is multiplied by `scale`.

    p is rounded to cut / 65536, an error of at most 2**-17. The scale is that of the rounded p, so that the mean
    of the mask stays 1 exactly. At p = 1 everything is dropped, and the scale is 0.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must be from 0 to 1, the probability to drop, not {p}")
    cut = round(p * LANES)
    return cut, LANES / (LANES - cut) if cut < LANES else 0.0


def words(entries):
    """How many 64-bit words hold 16 bits for each of that many entries."""
    return -(-entries // 4)


def lanes(raw, entries):
    """The 16-bit numbers inside 64-bit words, lowest first on every machine."""
    return raw.astype("<u8", copy=False).view("<u2")[:entries]


def apply_mask(kept, scale, x, out):
    """out = x * kept * scale, arrays of one shape, in three passes (np.where takes eight times as long)."""
    np.copyto(out, kept)
    out *= scale
    out *= x


class Dropout:
    """`dropout_forward` and `dropout_backward` with buffers of their own.

    What `forward` and `backward` return is overwritten by the next call. The mask depends on the seed and on the
    calls before, never on the number of threads: the generator can jump, and each thread jumps to its part.

    Parameters
    ----------
    p : float in [0, 1]
        Probability to DROP an entry, rounded to a multiple of 2**-16.
    seed : int
    threads : int
        More than one pays from about a million entries.
    """

    def __init__(self, p, seed, threads=1):
        self.cut, self.scale = cut_and_scale(p)
        self.streams = [np.random.PCG64DXSM(seed) for _ in range(threads)]
        self.pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._reserve(0, np.float32)

    def forward(self, x):
        """x * mask, with a fresh mask. x is an array of floats of any shape."""
        if self.kept.size != x.size or self.y.dtype != x.dtype:
            self._reserve(x.size, x.dtype)
        self._in_parts(self._forward, x.reshape(-1))
        return self.y.reshape(x.shape)

    def backward(self, dout):
        """dout * mask, with the mask of the last `forward`, and in its shape."""
        self._in_parts(self._backward, dout.reshape(-1))
        return self.dx.reshape(dout.shape)

    def _reserve(self, entries, dtype):
        self.kept, self.y, self.dx = (np.empty(entries, kind) for kind in (bool, dtype, dtype))

    def _in_parts(self, work, flat):
        """Hand each thread its share, in whole blocks."""
        share = -(-flat.size // (BLOCK * len(self.streams))) * BLOCK
        bounds = [min(i * share, flat.size) for i in range(len(self.streams) + 1)]
        tasks = zip(self.streams, bounds[:-1], bounds[1:], strict=True)
        if self.pool is None or flat.size <= BLOCK:
            for task in tasks:
                work(flat, *task)
        else:
            list(self.pool.map(lambda task: work(flat, *task), tasks))

    def _forward(self, x, stream, start, stop):
        stream.advance(words(start))
        for a in range(start, stop, BLOCK):
            part = slice(a, min(a + BLOCK, stop))
            coins = lanes(stream.random_raw(words(part.stop - a)), part.stop - a)
            np.greater_equal(coins, self.cut, out=self.kept[part])
            apply_mask(self.kept[part], self.scale, x[part], self.y[part])
        stream.advance(words(x.size) - words(stop))

    def _backward(self, dout, stream, start, stop):
        for a in range(start, stop, BLOCK):
            part = slice(a, min(a + BLOCK, stop))
            apply_mask(self.kept[part], self.scale, dout[part], self.dx[part])


class MLP:
    """`loss_and_grads`, `sgd_momentum` and `max_norm` in one `step`, in float32, on arrays that are allocated once.

    Parameters
    ----------
    params : {"W1": array (D, H), "b1": array (H,), ...}
        Copied.
    p : float, or (input rate, hidden rate)
        Probability to DROP, as for `mlp_forward`, rounded to a multiple of 2**-16.
    seed : int
        For the masks.
    """

    def __init__(self, params, p, seed):
        self.params = {name: np.array(value, np.float32) for name, value in params.items()}
        self.velocity = {name: np.zeros_like(value) for name, value in self.params.items()}
        self.depth = len(params) // 2
        of_inputs, of_hidden = map(cut_and_scale, rates(p))
        self.rates = [of_inputs] + [of_hidden] * (self.depth - 1)
        self.bits = np.random.PCG64DXSM(seed)
        self.sizes = [len(self.params["W1"]), *(self.params[f"b{i}"].size for i in range(1, self.depth + 1))]
        self.gradient = np.empty(max(w.size for w in self.params.values()), np.float32)  # of one layer at a time
        self.squares = np.empty((64, max(self.sizes)), np.float32)
        self._reserve(0)

    def step(self, x, y, lr, momentum, limit=None):
        """Gradient descent on x (N, D) and labels y (N,), then max-norm on the hidden layers. Returns the loss."""
        if len(x) > len(self.h[0]):
            self._reserve(len(x))
        h, d, factor = ([a[: len(x)] for a in buffers] for buffers in (self.h, self.d, self.factor))
        self._drop_inputs(x, h[0])
        for i in range(1, self.depth):
            np.matmul(h[i - 1], self.params[f"W{i}"], out=h[i])
            self._activate(h[i], self.params[f"b{i}"], factor[i], *self.rates[i])
        np.matmul(h[-2], self.params[f"W{self.depth}"], out=d[-1])
        d[-1] += self.params[f"b{self.depth}"]
        loss = scores_to_error(d[-1], y, -lr)  # the error carries -lr, so gradients come out as updates
        for i in range(self.depth, 0, -1):
            w = self.params[f"W{i}"]
            update = np.matmul(h[i - 1].T, d[i], out=self.gradient[: w.size].reshape(w.shape))
            if i > 1:
                np.matmul(d[i], w.T, out=d[i - 1])
                d[i - 1] *= factor[i - 1]
            self._update(f"b{i}", np.ones(len(x), np.float32) @ d[i], momentum)
            self._update(f"W{i}", update, momentum, limit if i < self.depth else None)
        return loss

    def scores(self, x):
        """The scores (N, C) at test time: nothing is dropped."""
        return mlp_test_scores(self.params, x)

    def _reserve(self, n):
        self.h, self.d, self.factor = ([np.empty((n, size), np.float32) for size in self.sizes] for _ in range(3))

    def _coins(self, shape):
        entries = shape[0] * shape[1]
        return lanes(self.bits.random_raw(words(entries)), entries).reshape(shape)

    def _drop_inputs(self, x, out):
        cut, scale = self.rates[0]
        if cut:
            apply_mask(self._coins(x.shape) >= cut, scale, x, out)
        else:
            np.copyto(out, x)

    def _activate(self, z, b, factor, cut, scale):
        """z <- max(z + b, 0) * mask. factor <- mask * 1[z + b > 0], all that the backward pass needs."""
        coins = self._coins(z.shape) if cut else None
        height = max(1, BLOCK // 4 // z.shape[1])
        for a in range(0, len(z), height):
            rows = slice(a, a + height)
            block, multiplier = z[rows], factor[rows]
            block += b
            on = block > 0
            if cut:
                on &= coins[rows] >= cut
            np.copyto(multiplier, on)
            multiplier *= scale
            block *= multiplier

    def _update(self, name, update, momentum, limit=None):
        """v <- momentum * v + update, w <- w + v, a few rows at a time; then no column of w is longer than limit."""
        w, v = self.params[name], self.velocity[name]
        squared = 0
        for a in range(0, len(w), 64):
            rows = slice(a, a + 64)
            v[rows] *= momentum
            v[rows] += update[rows]
            w[rows] += v[rows]
            if limit:
                squares = np.multiply(w[rows], w[rows], out=self.squares[: len(w[rows]), : w.shape[1]])
                squared += np.ones(len(squares), np.float32) @ squares
        if limit and np.any(squared > limit * limit):
            w *= np.minimum(1, limit / np.sqrt(np.maximum(squared, limit * limit)))


def scores_to_error(scores, y, factor):
    """The mean cross-entropy of scores (N, C); scores become its gradient times factor."""
    rows = np.arange(len(y))
    scores -= scores.max(axis=1, keepdims=True)
    right = scores[rows, y]
    np.exp(scores, out=scores)
    total = scores.sum(axis=1, keepdims=True)
    scores /= total
    scores[rows, y] -= 1
    scores *= factor / len(y)
    return float((np.log(total[:, 0]) - right).mean())


def mlp_test_scores(params, x):
    """Affine and ReLU, layer by layer, on x (N, D)."""
    last = len(params) // 2
    for i in range(1, last + 1):
        x = x @ params[f"W{i}"]
        x += params[f"b{i}"]
        if i < last:
            np.maximum(x, 0, out=x)
    return x
