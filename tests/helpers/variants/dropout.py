"""Right ways to write dropout.py: other samplers, other caches, other orders, in place on own copies.

RIGHT = {name: (sampler, how it is applied)}; `functions` makes the four functions of dropout.py of a pair.
"""

import math

import numpy as np

from dropout_lab.checks.functions import Blank, Broke

# --- samplers: keep(shape, p, rng) is True where an entry is kept; p is neither 0 nor 1 ------------------------------


def at_least(shape, p, rng):
    return rng.random(shape) >= p


def below(shape, p, rng):
    return rng.random(shape) < 1 - p


def above(shape, p, rng):
    return ~(rng.uniform(0, 1, shape) <= p)


def binomial(shape, p, rng):
    return rng.binomial(1, 1 - p, shape).astype(bool)


def float32_uniform(shape, p, rng):
    return rng.random(shape, dtype=np.float32) >= np.float32(p)


def integers_32(shape, p, rng):
    return rng.integers(0, 2**32, shape, dtype=np.uint32) >= np.uint32(p * 2**32)


def raw_bits(shape, p, rng):
    bits = rng.bit_generator.random_raw(math.prod(shape)).reshape(shape)
    return (bits >> np.uint64(11)) >= np.uint64(p * 2**53)


def chosen(shape, p, rng):
    return rng.choice([False, True], shape, p=[p, 1 - p])


def exponential(shape, p, rng):
    """An exponential waiting time exceeds -log p with probability p."""
    return rng.exponential(size=shape) <= -math.log(p)


def gaps(shape, p, rng):
    """The gaps from one drop to the next are geometric: as many draws as drops."""
    size = math.prod(shape)
    places = np.cumsum(rng.geometric(p, int(size * p + 12 * math.sqrt(size) + 40))) - 1
    keep = np.ones(size, bool)
    keep[places[places < size]] = False
    return keep.reshape(shape)


def mixed_normals(shape, p, rng):
    """Two normal numbers give an angle, which is uniform."""
    a, b = rng.standard_normal((2, *shape))
    return np.arctan2(a, b) / (2 * np.pi) + 0.5 >= p


def row_by_row(shape, p, rng):
    if len(shape) == 1:
        return rng.random(shape) >= p
    return np.array([rng.random(shape[1:]) >= p for _ in range(shape[0])]).reshape(shape)


def child_generator(shape, p, rng):
    return np.random.default_rng(rng.integers(2**63)).random(shape) >= p


def other_order(shape, p, rng):
    return rng.random(shape[::-1]).T >= p


# --- how a mask is applied: each gives (apply(x, keep, scale) -> out, cache; back(dout, cache) -> dx) -----------------


def scaled_mask(x, keep, scale):
    m = (keep * scale).astype(x.dtype if x.dtype.kind == "f" else float)
    return x * m, m


def scaled_mask_back(dout, m):
    return dout if m is None else dout * m


def scale_later(x, keep, scale):
    return x * keep * float(scale), (keep, float(scale))


def scale_later_back(dout, cache):
    if cache is None:
        return dout.copy()
    keep, scale = cache
    return (dout * keep) * scale


def where(x, keep, scale):
    return np.where(keep, x * scale, np.zeros_like(x)), {"keep": keep, "scale": scale}


def where_back(dout, cache):
    return np.where(cache["keep"], dout * cache["scale"], np.zeros_like(dout)) if cache else dout


def own_copy(x, keep, scale):
    out = x.copy()
    out[~keep] = 0
    out *= scale
    return out, [~keep, scale]


def own_copy_back(dout, cache):
    dx = dout.copy()
    if cache is not None:
        dx[cache[0]] = 0
        dx *= cache[1]
    return dx


def divided(x, keep, scale):
    return (x * keep / (1 / scale) if scale else x * 0), (keep, scale)


def packed(x, keep, scale):
    """An eighth of the memory: the mask as bits."""
    return x * keep * scale, (np.packbits(keep), keep.shape, scale)


def packed_back(dout, cache):
    if cache is None:
        return dout
    bits, shape, scale = cache
    return dout * np.unpackbits(bits, count=math.prod(shape)).reshape(shape).astype(dout.dtype) * scale


def closure(x, keep, scale):
    return x * keep * scale, lambda dout: dout * keep * scale


def closure_back(dout, back):
    return dout if back is None else back(dout)


def flat(x, keep, scale):
    """One entry after the other for the places, the whole array for the scale."""
    out = np.zeros(x.shape, x.dtype if x.dtype.kind == "f" else float)
    places = np.flatnonzero(keep)
    out.flat[places] = x.flat[places]
    return out * scale, (places, scale)


def flat_back(dout, cache):
    if cache is None:
        return dout
    places, scale = cache
    dx = np.zeros_like(dout)
    dx.flat[places] = dout.flat[places] * scale
    return dx


APPLIED = {
    "scaled mask": (scaled_mask, scaled_mask_back),
    "scale later": (scale_later, scale_later_back),
    "where": (where, where_back),
    "own copy": (own_copy, own_copy_back),
    "divided": (divided, scale_later_back),
    "packed": (packed, packed_back),
    "closure": (closure, closure_back),
    "flat": (flat, flat_back),
}

RIGHT = {
    "at least, scaled mask": (at_least, "scaled mask"),
    "below, scale later": (below, "scale later"),
    "above, where": (above, "where"),
    "binomial, own copy": (binomial, "own copy"),
    "float32 uniform, scaled mask": (float32_uniform, "scaled mask"),
    "32-bit integers, divided": (integers_32, "divided"),
    "raw bits, packed": (raw_bits, "packed"),
    "choice, closure": (chosen, "closure"),
    "exponential, flat": (exponential, "flat"),
    "geometric gaps, where": (gaps, "where"),
    "angle of two normals, scale later": (mixed_normals, "scale later"),
    "row by row, own copy": (row_by_row, "own copy"),
    "child generator, closure": (child_generator, "closure"),
    "transposed, packed": (other_order, "packed"),
}


def functions(name):
    """The four functions of dropout.py, written in one of the right ways."""
    sampler, way = RIGHT[name]
    apply, back = APPLIED[way]

    def layer(x, p, rng, scale):
        if isinstance(rng, np.random.Generator) is False:
            raise TypeError("rng")
        if p in (0, 1):
            return apply(x, np.full(x.shape, p == 0), scale)
        return apply(x, sampler(x.shape, p, rng), scale)

    def dropout_forward(x, p, rng, train=True):
        _refuse(p)
        if not train:
            return x, None
        return layer(x, p, rng, 1 / (1 - p) if p < 1 else 0.0)

    def zeroing_forward(x, p, rng, train=True):
        _refuse(p)
        if not train:
            return apply(x if x.dtype.kind == "f" else x.astype(float), np.ones(x.shape, bool), 1 - p)
        return layer(x, p, rng, 1.0)

    return {
        "dropout_forward": dropout_forward,
        "dropout_backward": back,
        "zeroing_forward": zeroing_forward,
        "zeroing_backward": back,
    }


def _refuse(p):
    if isinstance(p, str):
        raise TypeError("p")
    if not 0 <= p <= 1:
        raise ValueError("p")


def quick(name, function):
    """A guard that does not look for the line that raised, nor silence warnings: there are none here."""

    def guarded(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except (Blank, Broke):
            raise
        except Exception as error:  # noqa: BLE001 - as `guard` does
            raise Broke(name, type(error).__name__, str(error)) from None

    return guarded
