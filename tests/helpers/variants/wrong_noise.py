"""Wrong ways to write noise.py that are hard to see: WRONG = {(exercise, name): function}."""

import numpy as np

from dropout_lab.network import mlp_forward, softmax
from variants import wrong_dropout
from variants.noise import _dropconnect, _guarded, _pairs, maps_of, normal, weights_of


def _spread(p):
    return np.sqrt(p / (1 - p))


def _of(draw):
    """Noise of mean 1 and the right spread, from draw(shape, rng) of mean 0 and variance 1."""
    return lambda x, p, rng: (1 + _spread(p) * draw(x.shape, rng)).astype(x.dtype)


def _repeated(period):
    return _of(lambda shape, rng: np.resize(rng.standard_normal(min(period, int(np.prod(shape)))), shape))


def _sorted(shape, rng):
    return np.sort(rng.standard_normal(shape), axis=-1)


def _antithetic(shape, rng):
    size = int(np.prod(shape))
    z = rng.standard_normal((size + 1) // 2)
    return np.concatenate([z, -z])[:size].reshape(shape)


def _pairs_of_entries(shape, rng):
    size = int(np.prod(shape))
    return np.repeat(rng.standard_normal((size + 1) // 2), 2)[:size].reshape(shape)


def _one_size(shape, rng):
    """Neighbours share the size of their noise, each with a sign of its own."""
    return np.abs(_pairs_of_entries(shape, rng)) * rng.choice([-1.0, 1.0], shape)


def _three_points(shape, rng):
    return rng.choice([-np.sqrt(3), 0.0, np.sqrt(3)], shape, p=[1 / 6, 2 / 3, 1 / 6])


def _clipped(shape, rng):
    return np.clip(rng.standard_normal(shape), -2, 2) / 0.9594


def _clipped_at_three(shape, rng):
    return np.clip(rng.standard_normal(shape), -2.9, 2.9)


def _twelve_uniforms(shape, rng):
    return sum(rng.random(shape) for _ in range(3)) * 2 - 3


def _laplace(shape, rng):
    return rng.laplace(size=shape) / np.sqrt(2)


def _logistic(shape, rng):
    return rng.logistic(size=shape) * np.sqrt(3) / np.pi


def _student(shape, rng):
    return rng.standard_t(6, shape) * np.sqrt(4 / 6)


def _skewed(shape, rng):
    return rng.gamma(9, size=shape) / 3 - 3


def _few(shape, rng):
    return np.random.default_rng(rng.integers(10)).standard_normal(shape)


NOISE = {
    "8,192 numbers, again and again": _repeated(8192),
    "65,536 numbers, again and again": _repeated(65_536),
    "sorted": _of(_sorted),
    "antithetic": _of(_antithetic),
    "shared by pairs": _of(_pairs_of_entries),
    "sizes shared by pairs": _of(_one_size),
    "three points": _of(_three_points),
    "clipped at two": _of(_clipped),
    "clipped at three": _of(_clipped_at_three),
    "a sum of three uniform numbers": _of(_twelve_uniforms),
    "Laplace": _of(_laplace),
    "logistic": _of(_logistic),
    "Student": _of(_student),
    "skewed": _of(_skewed),
    "ten seeds": _of(_few),
    "added, not multiplied": lambda x, p, rng: _of(lambda shape, g: g.standard_normal(shape) / np.abs(x))(x, p, rng),
    "spread of p = 0.3": lambda x, p, rng: rng.normal(1, _spread(0.3) if p else 0, x.shape).astype(x.dtype),
    "5% too wide": lambda x, p, rng: rng.normal(1, 1.05 * _spread(p), x.shape).astype(x.dtype),
    "never below 0": lambda x, p, rng: np.maximum(normal(x, p, rng), 0),
    "log-normal": lambda x, p, rng: np.exp(
        rng.normal(-0.5 * np.log1p(p / (1 - p)), np.sqrt(np.log1p(p / (1 - p))), x.shape)
    ).astype(x.dtype),
    "nan in float32": lambda x, p, rng: normal(x, p, rng) * (np.nan if x.dtype == np.float32 else 1),
    "1 in float32": lambda x, p, rng: np.ones_like(x) if x.dtype == np.float32 else normal(x, p, rng),
    "1 for one sample": lambda x, p, rng: np.ones_like(x) if len(x) == 1 else normal(x, p, rng),
    "1 at rates above 0.8": lambda x, p, rng: np.ones_like(x) if p > 0.97 else normal(x, min(p, 0.8), rng),
}


def _squeezed(layer):
    return lambda *args, **options: tuple(np.squeeze(v) if i == 0 else v for i, v in enumerate(layer(*args, **options)))


def _plain(sample):
    return _pairs(sample)[0][0]


GAUSSIAN = {name: _guarded(_plain(noise), below_one=True) for name, noise in NOISE.items()}
GAUSSIAN["squeezed"] = _guarded(_squeezed(_plain(normal)), below_one=True)
COINS = {name: keep for name, keep in wrong_dropout.COINS.items() if not name.startswith("shared by")}
SPATIAL = {name: _guarded(_plain(maps_of(keep))) for name, keep in COINS.items()}
SPATIAL["squeezed"] = _guarded(_squeezed(_plain(maps_of(lambda shape, p, rng: rng.random(shape) >= p))))
CONNECT = {name: _guarded(_dropconnect(weights_of(keep))[0]) for name, keep in COINS.items()}
CONNECT["squeezed"] = _guarded(_squeezed(_dropconnect(weights_of(lambda shape, p, rng: rng.random(shape) >= p))[0]))


def _runs(params, x, p, rng, passes, train=True):
    return np.array([softmax(mlp_forward(params, x, p, rng, train)[0]) for _ in range(passes)])


def twice_as_many(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, 2 * passes)
    return samples.mean(axis=0), samples.std(axis=0)


def at_most_five(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, min(passes, 5))
    return samples.mean(axis=0), samples.std(axis=0)


def without_the_first(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, passes)
    return samples[1 if passes > 1 else 0 :].mean(axis=0), samples.std(axis=0)


def median(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, passes)
    return np.median(samples, axis=0), samples.std(axis=0)


def mean_deviation(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, passes)
    return samples.mean(axis=0), np.abs(samples - samples.mean(axis=0)).mean(axis=0)


def over_samples(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, passes)
    return samples.mean(axis=0), np.tile(samples.std(axis=(0, 1)), (len(x), 1))


def half_the_rate(params, x, p, rng, passes):
    samples = _runs(params, x, p / 2 if np.isscalar(p) else p, rng, passes)
    return samples.mean(axis=0), samples.std(axis=0)


def same_in_both(params, x, p, rng, passes):
    samples = _runs(params, x, p if np.isscalar(p) else p[1], rng, passes)
    return samples.mean(axis=0), samples.std(axis=0)


def squeezed(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, passes)
    return np.squeeze(samples.mean(axis=0)), np.squeeze(samples.std(axis=0))


def changes_x(params, x, p, rng, passes):
    samples = _runs(params, x, p, rng, passes)
    x *= 1.5
    return samples.mean(axis=0), samples.std(axis=0)


PREDICTIONS = {
    f.__name__.replace("_", " "): f
    for f in (
        twice_as_many,
        at_most_five,
        without_the_first,
        median,
        mean_deviation,
        over_samples,
        half_the_rate,
        same_in_both,
        squeezed,
        changes_x,
    )
}

WRONG = {
    **{("gaussian_dropout_forward", name): f for name, f in GAUSSIAN.items()},
    **{("spatial_dropout_forward", name): f for name, f in SPATIAL.items()},
    **{("dropconnect_forward", name): f for name, f in CONNECT.items()},
    **{("mc_predict", name): f for name, f in PREDICTIONS.items()},
}
