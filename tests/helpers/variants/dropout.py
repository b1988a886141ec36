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


def spawned(shape, p, rng):
    """A child of the generator: the generator itself draws nothing."""
    return rng.spawn(1)[0].random(shape) >= p


def permuted(shape, p, rng):
    """Independent coins stay so in any order."""
    return rng.permuted(rng.random(math.prod(shape)) >= p).reshape(shape)


def from_bytes(shape, p, rng):
    words = np.frombuffer(rng.bytes(8 * math.prod(shape)), np.uint64).reshape(shape)
    return (words >> np.uint64(11)) * 2.0**-53 >= p


def beta(shape, p, rng):
    """Beta(1, 1) is uniform."""
    return rng.beta(1, 1, shape) > p


def largest_of_two(shape, p, rng):
    """The larger of two uniform numbers is below the root of 1 - p with probability 1 - p."""
    return np.maximum(*rng.random((2, *shape))) < math.sqrt(1 - p)


def poisson(shape, p, rng):
    """No event of a Poisson process in a time of -log(1 - p): probability 1 - p."""
    return rng.poisson(-math.log1p(-p), shape) == 0


def multinomial(shape, p, rng):
    return rng.multinomial(1, [p, 1 - p], size=shape)[..., 1] == 1


def shuffled_count(shape, p, rng):
    """How many fall is binomial, and which is a shuffle: together, independent coins."""
    size = math.prod(shape)
    keep = np.ones(size, bool)
    keep[rng.permutation(size)[: rng.binomial(size, p)]] = False
    return keep.reshape(shape)


def one_at_a_time(shape, p, rng):
    """A loop in Python, for what is small; whole for what is not."""
    if math.prod(shape) > 3000:
        return rng.random(shape) >= p
    keep = np.empty(shape, bool)
    for i in np.ndindex(shape):
        keep[i] = rng.random() >= p
    return keep


def filled(shape, p, rng):
    """Into an array that is there."""
    u = np.empty(shape)
    rng.random(out=u)
    return u >= p


def minus_uniform(shape, p, rng):
    return np.floor(rng.uniform(-p, 1 - p, shape)) >= 0


def integers_16(shape, p, rng):
    """65,536 levels: the rate is off by less than 8 in a million."""
    return rng.integers(0, 2**16, shape, dtype=np.uint16) >= round(p * 2**16)


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


def select(x, keep, scale):
    """The product of einsum, entry by entry, with a mask in the dtype of x."""
    m = np.multiply(keep, scale, dtype=x.dtype if x.dtype.kind == "f" else np.float64)
    return np.einsum("...,...->...", x, m), (m, x.shape)


def select_back(dout, cache):
    return dout if cache is None else np.einsum("...,...->...", dout, cache[0].reshape(cache[1]))


def masked_array(x, keep, scale):
    """A masked array on the way, plain again at the end."""
    floats = x if x.dtype.kind == "f" else x.astype(float)
    return np.ma.masked_array(floats * float(scale), ~keep).filled(0), (keep, float(scale))


def two_steps(x, keep, scale):
    """First the mask, then the scale, in place on what is its own."""
    out = np.where(keep, x, 0).astype(x.dtype if x.dtype.kind == "f" else float)
    out *= scale
    return out, {"dropped": np.argwhere(~keep), "scale": scale}


def two_steps_back(dout, cache):
    if cache is None:
        return dout
    dx = np.multiply(dout, dout.dtype.type(cache["scale"]))
    dx[tuple(cache["dropped"].T)] = 0
    return dx


class Remembered:
    """A cache that is an object."""

    def __init__(self, keep, scale):
        self.keep, self.scale = keep, scale


def an_object(x, keep, scale):
    return np.where(keep, x, 0) * float(scale), Remembered(keep, float(scale))


def an_object_back(dout, cache):
    return dout if cache is None else np.where(cache.keep, dout, 0) * cache.scale


def by_samples(x, keep, scale):
    """Sample by sample, for what is small."""
    if len(x) > 100 or x.ndim < 2:
        return x * keep * float(scale), (keep, float(scale))
    return np.stack([row * k * float(scale) for row, k in zip(x, keep, strict=True)]), (keep, float(scale))


def two_layers(x, keep, scale):
    """The mask apart from its complement: x minus what falls."""
    gone = np.where(keep, 0, x)
    return (x - gone) * float(scale), (~keep, float(scale))


def two_layers_back(dout, cache):
    if cache is None:
        return dout
    gone, scale = cache
    return (dout - np.where(gone, dout, 0)) * scale


APPLIED = {
    "select": (select, select_back),
    "masked array": (masked_array, scale_later_back),
    "two steps": (two_steps, two_steps_back),
    "an object": (an_object, an_object_back),
    "by samples": (by_samples, scale_later_back),
    "what falls": (two_layers, two_layers_back),
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
    "spawned, select": (spawned, "select"),
    "permuted, masked array": (permuted, "masked array"),
    "bytes, two steps": (from_bytes, "two steps"),
    "beta, an object": (beta, "an object"),
    "larger of two, by samples": (largest_of_two, "by samples"),
    "poisson, what falls": (poisson, "what falls"),
    "multinomial, closure": (multinomial, "closure"),
    "a binomial number in a random order, flat": (shuffled_count, "flat"),
    "one at a time, where": (one_at_a_time, "where"),
    "filled, own copy": (filled, "own copy"),
    "floor of a uniform, scaled mask": (minus_uniform, "scaled mask"),
    "16-bit integers, select": (integers_16, "select"),
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
