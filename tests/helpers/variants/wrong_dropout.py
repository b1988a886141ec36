"""Wrong ways to write dropout that are hard to see: coins that hang together, right only where one would look.

COINS = {name: keep(shape, p, rng)}: which entries are kept. FORWARD = {name: dropout_forward}. BACKWARD = {name:
(dropout_forward, dropout_backward)}. p is neither 0 nor 1 in a sampler.
"""

import math

import numpy as np

from dropout_lab.dropout import check_generator, check_rate


def _fill(shape, few):
    """An array of that shape that repeats a few entries."""
    return np.resize(few, math.prod(shape)).reshape(shape)


def _repeating(period):
    def keep(shape, p, rng):
        return _fill(shape, rng.random(min(period, math.prod(shape)))) >= p

    return keep


def _levels(levels):
    def keep(shape, p, rng):
        return rng.integers(0, levels, shape) >= round(levels * p)

    return keep


def pairs_of_entries(shape, p, rng):
    size = math.prod(shape)
    return np.repeat(rng.random((size + 1) // 2), 2)[:size].reshape(shape) >= p


def pairs_of_samples(shape, p, rng):
    return np.repeat(rng.random(((shape[0] + 1) // 2, *shape[1:])), 2, axis=0)[: shape[0]] >= p


def half_of_the_pairs(shape, p, rng):
    u = rng.random(shape)
    u[1::4] = u[: len(u[1::4]) * 4 : 4][: len(u[1::4])]
    return u >= p


def antithetic_halves(shape, p, rng):
    size = math.prod(shape)
    u = rng.random((size + 1) // 2)
    return np.concatenate([u, 1 - u])[:size].reshape(shape) >= p


def antithetic_neighbours(shape, p, rng):
    u = rng.random(((math.prod(shape) + 1) // 2, 2))
    u[:, 1] = 1 - u[:, 0]
    return u.ravel()[: math.prod(shape)].reshape(shape) >= p


def mirrored_rows(shape, p, rng):
    u = rng.random(shape)
    half = len(u) // 2
    u[len(u) - half :] = u[:half][::-1]
    return u >= p


def mirrored_columns(shape, p, rng):
    u = rng.random(shape)
    half = shape[-1] // 2
    u[..., shape[-1] - half :] = 1 - u[..., :half][..., ::-1]
    return u >= p


def sorted_rows(shape, p, rng):
    return np.sort(rng.random(shape), axis=-1) >= p


def sorted_all(shape, p, rng):
    return np.sort(rng.random(shape), axis=None).reshape(shape) >= p


def stratified(shape, p, rng):
    size = math.prod(shape)
    return ((rng.permutation(size) + rng.random(size)) / size).reshape(shape) >= p


def stratified_rows(shape, p, rng):
    n = shape[-1]
    order = rng.random(shape).argsort(axis=-1).argsort(axis=-1)
    return (order + rng.random(shape)) / n >= p


def stratified_columns(shape, p, rng):
    order = rng.random(shape).argsort(axis=0).argsort(axis=0)
    return (order + rng.random(shape)) / shape[0] >= p


def quota_of_ten(shape, p, rng):
    size = math.prod(shape)
    blocks = rng.random((-(-size // 10), 10)).argsort(axis=1).argsort(axis=1)
    return ((blocks + rng.random(blocks.shape)) / 10).ravel()[:size].reshape(shape) >= p


def golden_ratio(shape, p, rng):
    return (rng.random() + np.arange(math.prod(shape)) * 0.6180339887498949).reshape(shape) % 1 >= p


def stripes(shape, p, rng):
    size = math.prod(shape)
    return np.roll(np.arange(size) % 100 >= 100 * p, rng.integers(size)).reshape(shape)


def blocks_of_eight(shape, p, rng):
    size = math.prod(shape)
    return np.repeat(rng.random(-(-size // 8)), 8)[:size].reshape(shape) >= p


def shared_by_channels(shape, p, rng):
    u = rng.random(shape)
    return (u[:, :1] + 0 * u if len(shape) == 4 else u) >= p


def shared_by_last_axis_of_three(shape, p, rng):
    u = rng.random(shape)
    return (u[..., :1] + 0 * u if len(shape) == 3 else u) >= p


def ten_seeds(shape, p, rng):
    return np.random.default_rng(rng.integers(10)).random(shape) >= p


def two_hundred_seeds(shape, p, rng):
    return np.random.default_rng(rng.integers(60)).random(shape) >= p


_last = {}


def now_and_then_the_last(shape, p, rng):
    u = rng.random(shape)
    u = _last.get(shape, u) if rng.random() < 0.3 else u
    _last[shape] = u
    return u >= p


def turned_around_every_other_call(shape, p, rng):
    u = 1 - _last.pop(("turned", shape)) if ("turned", shape) in _last else rng.random(shape)
    if ("turn", shape) not in _last:
        _last["turned", shape] = u
        _last["turn", shape] = True
    else:
        del _last["turn", shape]
    return u >= p


def half_of_the_last_call(shape, p, rng):
    u = rng.random(shape)
    if ("half", shape) in _last:
        u.flat[::2] = _last["half", shape].flat[::2]
    _last["half", shape] = u
    return u >= p


def other_rates_by_row(shape, p, rng):
    tilt = np.linspace(0.5, 1.5, shape[0]).reshape(-1, *[1] * (len(shape) - 1)) if len(shape) > 1 else 1.0
    return rng.random(shape) >= np.clip(p * tilt, 0, 1)


COINS = {
    "8,192 coins, again and again": _repeating(8192),
    "16,384 coins, again and again": _repeating(16_384),
    "65,536 coins, again and again": _repeating(65_536),
    "1,000 coins, again and again": _repeating(1000),
    "ten levels": _levels(10),
    "a hundred levels": _levels(100),
    "rounded to tenths": lambda shape, p, rng: rng.random(shape) < round(1 - p, 1),
    "rounded to hundredths": lambda shape, p, rng: rng.random(shape) < round(1 - p, 2),
    "p squared": lambda shape, p, rng: rng.random(shape) >= p * p,
    "p / (1 - p)": lambda shape, p, rng: rng.random(shape) >= p / (1 - p),
    "1.3 p": lambda shape, p, rng: rng.random(shape) >= 1.3 * p,
    "p + 0.08": lambda shape, p, rng: rng.random(shape) >= p + 0.08,
    "p + 0.01": lambda shape, p, rng: rng.random(shape) >= p + 0.01,
    "0.3 whatever p": lambda shape, p, rng: rng.random(shape) >= 0.3,
    "never above 0.9": lambda shape, p, rng: rng.random(shape) >= min(p, 0.9),
    "never below 0.1": lambda shape, p, rng: rng.random(shape) >= max(p, 0.1),
    **{
        f.__name__.replace("_", " "): f
        for f in (
            pairs_of_entries,
            pairs_of_samples,
            half_of_the_pairs,
            antithetic_halves,
            antithetic_neighbours,
            mirrored_rows,
            mirrored_columns,
            sorted_rows,
            sorted_all,
            stratified,
            stratified_rows,
            stratified_columns,
            quota_of_ten,
            golden_ratio,
            stripes,
            blocks_of_eight,
            shared_by_channels,
            shared_by_last_axis_of_three,
            ten_seeds,
            two_hundred_seeds,
            now_and_then_the_last,
            turned_around_every_other_call,
            half_of_the_last_call,
            other_rates_by_row,
        )
    },
}


def _layer(keep):
    def dropout_forward(x, p, rng, train=True):
        check_rate(p)
        if not train or p == 0:
            return x, None
        check_generator(rng)
        m = np.zeros(x.shape) if p == 1 else keep(x.shape, p, rng) / (1 - p)
        m = m.astype(np.result_type(x.dtype, np.float32))
        return x * m, m

    return dropout_forward


def _right(x, p, rng):
    return ((rng.random(x.shape) >= p) * (0 if p == 1 else 1 / (1 - p))).astype(np.result_type(x.dtype, np.float32))


def _guarded(layer):
    def dropout_forward(x, p, rng, train=True):
        check_rate(p)
        if train:
            check_generator(rng)
        return layer(x, p, rng, train)

    return dropout_forward


def _where(condition, wrong):
    """Right but where condition(x, p, train) holds."""

    def layer(x, p, rng, train):
        if condition(x, p, train):
            return wrong(x, p, rng)
        m = _right(x, p, rng) if train else np.ones_like(x)
        return x * m, m

    return _guarded(layer)


def _wrote(x, p, rng):
    m = _right(x, p, rng)
    x *= m
    return x, m


def _squeezed(x, p, rng, train):
    m = _right(x, p, rng) if train else np.ones_like(x)
    return np.squeeze(x * m), m


def _matrix(x, p, rng, train):
    m = _right(x, p, rng) if train else np.ones_like(x)
    out = x * m
    return np.asmatrix(out) if out.ndim == 2 else out, m


def _masked(x, p, rng, train):
    m = _right(x, p, rng) if train else np.ones_like(x)
    return np.ma.masked_array(x * m, m == 0), m


def _draws_at_test(x, p, rng, train):
    m = _right(x, p, rng) if rng is not None else None
    return (x * m, m) if train else (x, None)


def _zeros(x, p, rng):
    return np.zeros_like(x), np.zeros_like(x)


def _nothing(x, p, rng):
    return x, np.ones_like(x)


def _nan(x, p, rng):
    return np.full_like(x, np.nan), np.ones_like(x)


def _rounded(x, p, rng):
    m = _right(x, p, rng)
    return np.round(x * m, 6), m


def _half(x, p, rng):
    m = _right(x, p, rng).astype(np.float16)
    return (x.astype(np.float16) * m).astype(x.dtype), m


def _flat_scale(x, p, rng):
    m = (_right(x, p, rng) != 0) / np.float64(0.7)
    return x * m.astype(x.dtype if x.dtype.kind == "f" else float), m


def _epsilon(e):
    def layer(x, p, rng, train):
        m = ((rng.random(x.shape) >= p) / (1 - p + e)).astype(x.dtype if x.dtype.kind == "f" else float) if train else 1
        return x * m, m

    return _guarded(layer)


FORWARD = {
    **{name: _layer(keep) for name, keep in COINS.items()},
    "zeros at p = 1 whatever train": _where(lambda x, p, train: p == 1, _zeros),
    "nan in float32": _where(lambda x, p, train: x.dtype == np.float32, _nan),
    "nothing in float32": _where(lambda x, p, train: x.dtype == np.float32, _nothing),
    "float16 on the way for float32": _where(lambda x, p, train: x.dtype == np.float32, _half),
    "float16 on the way": _where(lambda x, p, train: train, _half),
    "nothing at one sample": _where(lambda x, p, train: len(x) == 1, _nothing),
    "nothing in one column": _where(lambda x, p, train: x.shape[-1] == 1, _nothing),
    "nothing above ten thousand entries": _where(lambda x, p, train: x.size > 10_000, _nothing),
    "nothing for widths above 900": _where(lambda x, p, train: x.shape[-1] > 900, _nothing),
    "nothing at rates below 0.05": _where(lambda x, p, train: 0 < p < 0.05, _nothing),
    "zeros at rates above 0.95": _where(lambda x, p, train: 0.95 < p < 1, _zeros),
    "in place for four axes": _where(lambda x, p, train: x.ndim == 4, _wrote),
    "in place on large arrays": _where(lambda x, p, train: x.size > 5000, _wrote),
    "rounded": _where(lambda x, p, train: train, _rounded),
    "scale of p = 0.3": _where(lambda x, p, train: train, _flat_scale),
    "1e-8 beside 1 - p": _epsilon(1e-8),
    "1e-12 beside 1 - p": _epsilon(1e-12),
    "1e-3 beside 1 - p": _epsilon(1e-3),
    "squeezed": _guarded(_squeezed),
    "a matrix": _guarded(_matrix),
    "a masked array": _guarded(_masked),
    "coins drawn at test time": _guarded(_draws_at_test),
    "no guards": lambda x, p, rng, train=True: (x * (m := _right(x, p, rng) if train else np.ones_like(x)), m),
}
