"""Dropout, forward and backward, in float32."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import rounds
from rounds import Candidate

from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.lab.fast import in_numba, in_numpy

SHAPES = ((128, 1024), (256, 4096), (4096, 4096))
RATES = (0.2, 0.5, 0.8)
LIMIT = "limit: two streaming multiplies"


def reference():
    return "PyTorch, 2 threads" if rounds.torch() else "NumPy, as in the lessons"


def run(count):
    """Rows for every shape and rate."""
    found = []
    for shape in SHAPES:
        for p in RATES:
            found += rounds.rows(rounds.interleave(candidates(shape, p), count), reference(), shape=list(shape), p=p)
    return found


def candidates(shape, p, only=()):
    """Every way to do it that is installed; `only` names some of them."""
    rng = np.random.default_rng(0)
    x, g = (rng.standard_normal(shape).astype(np.float32) for _ in range(2))
    found = [
        Candidate("NumPy, as in the lessons", lessons(x, g, p)),
        Candidate("NumPy, float64 coins in two lines", two_lines(x, g, p)),
        Candidate("lab/fast", layer(in_numpy.Dropout(p, 0), x, g)),
        Candidate("lab/fast, 2 threads", layer(in_numpy.Dropout(p, 0, threads=2), x, g)),
        Candidate(LIMIT, streaming(x, g, 1)),
        Candidate(f"{LIMIT}, 2 threads", streaming(x, g, 2)),
    ]
    if rounds.numba():
        found += [
            Candidate("lab/fast (numba)", layer(in_numba.Dropout(p, 0), x, g)),
            Candidate("lab/fast (numba), 2 threads", layer(in_numba.Dropout(p, 0, threads=2), x, g)),
        ]
    if rounds.torch():
        found += [
            Candidate("PyTorch, 1 thread", pytorch(x, g, p)),
            Candidate("PyTorch, 2 threads", pytorch(x, g, p), 2),
        ]
    if rounds.jax():
        found += [Candidate("JAX, jit", jax(x, g, p))]
    return [c for c in found if not only or c.name in only]


def lessons(x, g, p):
    rng = np.random.default_rng(0)

    def call():
        _, cache = dropout_forward(x, p, rng)
        dropout_backward(g, cache)

    return call


def two_lines(x, g, p):
    """The form of many courses: the mask in float64, whatever x is."""
    rng = np.random.default_rng(0)

    def call():
        mask = (rng.random(x.shape) < 1 - p) / (1 - p)
        return x * mask, g * mask

    return call


def layer(dropout, x, g):
    def call():
        dropout.forward(x)
        dropout.backward(g)

    return call


def streaming(x, g, threads):
    """What cannot be avoided: read x, write y; read dout, write dx."""
    y, dx = np.empty_like(x), np.empty_like(g)
    parts = [
        (a[i::threads], b[i::threads])
        for a, b in ((_halves(x, threads), _halves(y, threads)), (_halves(g, threads), _halves(dx, threads)))
        for i in range(threads)
    ]
    pool = ThreadPoolExecutor(threads) if threads > 1 else None

    def multiply(pair):
        for source, target in zip(*pair, strict=True):
            np.multiply(source, np.float32(1.25), out=target)

    def call():
        for i in range(0, len(parts), threads):  # forward, then backward
            if pool:
                list(pool.map(multiply, parts[i : i + threads]))
            else:
                multiply(parts[i])

    return call


def _halves(a, pieces):
    return np.array_split(a.reshape(-1), pieces)


def pytorch(x, g, p):
    torch = rounds.torch()
    leaf, gradient = torch.from_numpy(x.copy()).requires_grad_(), torch.from_numpy(g.copy())

    def call():
        leaf.grad = None
        torch.nn.functional.dropout(leaf, p, training=True).backward(gradient)

    return call


def jax(x, g, p):
    library = rounds.jax()
    random, numpy = library.random, library.numpy
    x, g, key = numpy.asarray(x), numpy.asarray(g), random.key(0)

    def dropped(x, key):
        return numpy.where(random.bernoulli(key, 1 - p, x.shape), x / (1 - p), 0)

    @library.jit
    def both(x, g, key):
        key, used = random.split(key)
        y, backward = library.vjp(lambda x: dropped(x, used), x)
        return y, backward(g)[0], key

    state = [key]

    def call():
        y, dx, state[0] = both(x, g, state[0])
        library.block_until_ready((y, dx))

    return call
