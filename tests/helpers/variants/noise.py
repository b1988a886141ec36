"""Right ways to write noise.py: other samplers, other algebra, other caches."""

import numpy as np

from dropout_lab.network import mlp_forward, softmax


def _pairs(sample):
    """Forward and backward of a layer out = x * m, in four styles, for a sampler m = sample(x, p, rng)."""

    def array_cache(x, p, rng, train=True):
        m = sample(x, p, rng) if train else np.ones_like(x)
        return x * m, m

    def tuple_cache(x, p, rng, train=True):
        if not train:
            return x.copy(), ("test",)
        m = sample(x, p, rng)
        return np.multiply(m, x), ("train", m)

    def dict_cache(x, p, rng, train=True):
        if not train:
            return +x, {}
        m = sample(x, p, rng)
        out = x.copy()
        out *= m
        return out, {"m": m, "x": x}

    def closure_cache(x, p, rng, train=True):
        if not train:
            return x, lambda d: d
        m = sample(x, p, rng)
        return x * m, lambda d: d * m

    def tuple_backward(dout, cache):
        return dout.copy() if cache[0] == "test" else cache[1] * dout

    def dict_backward(dout, cache):
        dx = dout.copy()
        dx *= cache.get("m", np.array(1, dout.dtype))
        return dx

    return [
        (array_cache, lambda d, m: m * d),
        (tuple_cache, tuple_backward),
        (dict_cache, dict_backward),
        (closure_cache, lambda d, c: c(d)),
    ]


def normal(x, p, rng):
    return rng.normal(1.0, np.sqrt(p / (1 - p)), size=x.shape).astype(x.dtype)


def standard(x, p, rng):
    return (1 + rng.standard_normal(x.shape) * (p / (1 - p)) ** 0.5).astype(x.dtype)


def box_muller(x, p, rng):
    u, v = 1 - rng.random(x.shape), rng.random(x.shape)
    return (1 + np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v) * np.sqrt(p / (1 - p))).astype(x.dtype)


def uniform_maps(x, p, rng):
    kept = rng.uniform(size=x.shape[:2]) > p if p < 1 else np.zeros(x.shape[:2], bool)
    return (kept[:, :, None, None] * x.dtype.type(1 / (1 - p) if p < 1 else 0)).astype(x.dtype)


def binomial_maps(x, p, rng):
    kept = rng.binomial(1, 1 - p, size=(*x.shape[:2], 1, 1)).astype(x.dtype)
    return kept / x.dtype.type(1 - p) if p < 1 else kept


def repeated_maps(x, p, rng):
    kept = rng.random(x.shape[:2], dtype=np.float32) >= np.float32(p)
    full = np.repeat(np.repeat(kept[..., None, None], x.shape[2], 2), x.shape[3], 3)
    return np.where(full, x.dtype.type(1 / (1 - p) if p < 1 else 0), x.dtype.type(0))


def _dropconnect(sample):
    def forward(x, w, b, p, rng, train=True):
        m = sample(w, p, rng) if train else np.ones_like(w)
        return np.dot(x, m * w) + b, {"x": x, "w": w, "m": m}

    def backward(dout, c):
        return np.dot(dout, (c["w"] * c["m"]).T), np.einsum("nd,nh->dh", c["x"], dout) * c["m"], np.sum(dout, 0)

    return forward, backward


def _weights(kind):
    def sample(w, p, rng):
        scale = w.dtype.type(1 / (1 - p) if p < 1 else 0)
        if kind == "binomial":
            return rng.binomial(1, 1 - p, w.shape).astype(w.dtype) * scale
        if kind == "integers":
            return (rng.integers(0, 2**32, w.shape, dtype=np.uint64) >= p * 2**32).astype(w.dtype) * scale
        if kind == "uniform":
            return np.where(rng.uniform(0, 1, w.shape) < p, w.dtype.type(0), scale)
        if kind == "choice":
            return rng.choice(np.array([0, scale], w.dtype), size=w.shape, p=[p, 1 - p])
        return (rng.random(w.size).reshape(w.shape[::-1]).T >= p) * scale

    return sample


def stacked(params, x, p, rng, passes):
    samples = np.array([softmax(mlp_forward(params, x, p, rng, True)[0]) for _ in range(passes)])
    return np.mean(samples, 0), np.std(samples, 0)


def running(params, x, p, rng, passes):
    total = squares = 0
    for _ in range(passes):
        probabilities = softmax(mlp_forward(params, x, p, rng)[0])
        total, squares = total + probabilities, squares + probabilities**2
    mean = total / passes
    return mean, np.sqrt(np.maximum(squares / passes - mean**2, 0))


def one_batch(params, x, p, rng, passes):
    scores, _ = mlp_forward(params, np.tile(x, (passes, 1)), p, rng)
    samples = softmax(scores).reshape(passes, len(x), -1)
    return samples.mean(0), samples.std(0)


def logs(params, x, p, rng, passes):
    samples = []
    for _ in range(passes):
        scores, _ = mlp_forward(params, x, p, rng)
        samples.append(np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)))
    return sum(samples) / passes, np.stack(samples, -1).std(-1)


def welford(params, x, p, rng, passes):
    mean = spread = 0.0
    for k in range(1, passes + 1):
        new = softmax(mlp_forward(params, x, p, rng)[0])
        mean, spread = mean + (new - mean) / k, spread + (new - mean) * (new - mean) * (k / (k - 1) if k > 1 else 0)
    return mean, np.sqrt(spread / passes)


_GAUSSIAN = [pair for sample in (normal, standard, box_muller) for pair in _pairs(sample)]
_SPATIAL = [pair for sample in (uniform_maps, binomial_maps, repeated_maps) for pair in _pairs(sample)]
_CONNECT = [_dropconnect(_weights(kind)) for kind in ("binomial", "integers", "uniform", "choice", "transposed")]

VARIANTS = [
    *({"gaussian_dropout_forward": f, "gaussian_dropout_backward": b} for f, b in _GAUSSIAN),
    *({"spatial_dropout_forward": f, "spatial_dropout_backward": b} for f, b in _SPATIAL),
    *({"dropconnect_forward": f, "dropconnect_backward": b} for f, b in _CONNECT),
    *({"mc_predict": f} for f in (stacked, running, one_batch, logs, welford)),
]
