"""Right ways to write noise.py: other samplers, other algebra, other caches."""

import numpy as np

from dropout_lab.dropout import check_generator, check_rate
from dropout_lab.network import mlp_forward, softmax
from variants import dropout


def _guarded(forward, below_one=False):
    """The forward pass behind the guards of the stub: p and rng are its last arguments but train."""

    def guarded(*arrays_p_rng, train=True):
        *_, p, rng = arrays_p_rng
        check_rate(p)
        if below_one and p == 1:
            raise ValueError("p must be below 1")
        if train:
            check_generator(rng)
        return forward(*arrays_p_rng, train=train)

    return guarded


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


def single_precision(x, p, rng):
    return (1 + rng.standard_normal(x.shape, dtype=np.float32) * np.float32(np.sqrt(p / (1 - p)))).astype(x.dtype)


def two_halves(x, p, rng):
    """The sum of two independent normal numbers is normal."""
    a, b = rng.standard_normal((2, *x.shape))
    return (1 + (a + b) * np.sqrt(p / (2 * (1 - p)))).astype(x.dtype)


def chi_with_signs(x, p, rng):
    """The root of a chi-squared number of one degree, with a sign of its own."""
    signs = rng.choice([-1.0, 1.0], x.shape)
    return (1 + signs * np.sqrt(rng.chisquare(1, x.shape) * p / (1 - p))).astype(x.dtype)


def gamma_with_signs(x, p, rng):
    signs = 2.0 * (rng.random(x.shape) < 0.5) - 1
    return (1 + signs * np.sqrt(2 * rng.gamma(0.5, size=x.shape) * (p / (1 - p)))).astype(x.dtype)


def spawned_normal(x, p, rng):
    return rng.spawn(1)[0].normal(1, np.sqrt(p / (1 - p)), x.shape).astype(x.dtype)


def turned_normal(x, p, rng):
    return rng.normal(1, np.sqrt(p / (1 - p)), x.shape[::-1]).T.astype(x.dtype)


def filled_normal(x, p, rng):
    noise = np.empty(x.shape)
    rng.standard_normal(out=noise)
    noise *= np.sqrt(p / (1 - p))
    noise += 1
    return noise.astype(x.dtype)


def rows_of_normals(x, p, rng):
    if x.ndim == 1:
        return rng.normal(1, np.sqrt(p / (1 - p)), x.shape).astype(x.dtype)
    return np.stack([rng.normal(1, np.sqrt(p / (1 - p)), x.shape[1:]) for _ in x]).astype(x.dtype)


def permuted_normal(x, p, rng):
    return (1 + rng.permuted(rng.standard_normal(x.size)).reshape(x.shape) * np.sqrt(p / (1 - p))).astype(x.dtype)


def mirrored_normal(x, p, rng):
    """Minus a normal number is normal."""
    return (1 - np.sqrt(p) / np.sqrt(1 - p) * rng.standard_normal(x.shape)).astype(x.dtype)


def maps_of(sampler):
    """Coins of one of dropout's samplers for each map."""

    def sample(x, p, rng):
        keep = np.full(x.shape[:2], p == 0) if p in (0, 1) else sampler(x.shape[:2], p, rng)
        return (keep[:, :, None, None] * (1 / (1 - p) if p < 1 else 0.0)).astype(x.dtype)

    return sample


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


def weights_of(sampler):
    """Coins of one of dropout's samplers for each weight."""

    def sample(w, p, rng):
        keep = np.full(w.shape, p == 0) if p in (0, 1) else sampler(w.shape, p, rng)
        return (keep * (1 / (1 - p) if p < 1 else 0.0)).astype(w.dtype)

    return sample


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
        mean, spread = mean + (new - mean) / k, spread + (new - mean) ** 2 * ((k - 1) / k)
    return mean, np.sqrt(spread / passes)


def tuples(params, x, p, rng, passes):
    runs = tuple(softmax(mlp_forward(params, x, p, rng)[0]) for _ in range(passes))
    mean = sum(runs) / len(runs)
    return mean, (sum((run - mean) ** 2 for run in runs) / len(runs)) ** 0.5


def filled(params, x, p, rng, passes):
    samples = np.empty((passes, len(x), len(params[f"b{len(params) // 2}"])))
    for sample in samples:
        sample[...] = softmax(mlp_forward(params, x, p, rng, train=True)[0])
    return np.einsum("pnc->nc", samples) / passes, np.sqrt(np.var(samples, axis=0))


def children(params, x, p, rng, passes):
    runs = [softmax(mlp_forward(params, x, p, child)[0]) for child in rng.spawn(passes)]
    return np.mean(runs, axis=0), np.std(runs, axis=0)


def seeds_from_rng(params, x, p, rng, passes):
    seeds = rng.integers(2**63, size=passes)
    runs = [softmax(mlp_forward(params, x, p, np.random.default_rng(seed))[0]) for seed in seeds]
    return np.mean(runs, axis=0), np.std(runs, axis=0)


def last_axis(params, x, p, rng, passes):
    samples = np.dstack([softmax(mlp_forward(params, x, p, rng)[0]) for _ in range(passes)])
    return samples.mean(axis=2), samples.std(axis=2)


def sample_by_sample(params, x, p, rng, passes):
    """For a few samples; all at once for many."""
    if len(x) > 10:
        return last_axis(params, x, p, rng, passes)
    both = [last_axis(params, row[None], p, rng, passes) for row in x]
    return np.concatenate([m for m, _ in both]), np.concatenate([s for _, s in both])


def centred(params, x, p, rng, passes):
    """Around the first pass, so that nothing cancels."""
    first = softmax(mlp_forward(params, x, p, rng)[0])
    apart = [first - first] + [softmax(mlp_forward(params, x, p, rng)[0]) - first for _ in range(passes - 1)]
    return first + np.mean(apart, axis=0), np.std(apart, axis=0)


def own_softmax(params, x, p, rng, passes):
    samples = []
    while len(samples) < passes:
        powers = np.exp(mlp_forward(params, x, p, rng)[0])
        samples += [powers / powers.sum(axis=1, keepdims=True)]
    return np.mean(samples, axis=0), np.std(samples, axis=0)


def by_name(params, x, p, rng, passes):
    samples = np.stack([softmax(mlp_forward(params=params, x=x, p=p, rng=rng)[0]) for _ in range(passes)])
    deviation = samples - samples.mean(axis=0)
    return samples.mean(axis=0), np.sqrt(np.mean(deviation * deviation, axis=0))


def root_of_the_sum(params, x, p, rng, passes):
    samples = np.stack([softmax(mlp_forward(params, x, p, rng)[0]) for _ in range(passes)], axis=1)
    mean = samples.sum(axis=1) / passes
    return mean, np.linalg.norm(samples - mean[:, None], axis=1) / np.sqrt(passes)


NORMALS = (
    normal,
    standard,
    box_muller,
    single_precision,
    two_halves,
    chi_with_signs,
    gamma_with_signs,
    spawned_normal,
    turned_normal,
    filled_normal,
    rows_of_normals,
    permuted_normal,
    mirrored_normal,
)
SAMPLERS = dict.fromkeys(sampler for sampler, _ in dropout.RIGHT.values())
MAPS = (uniform_maps, binomial_maps, repeated_maps, *map(maps_of, SAMPLERS))
KINDS = ("binomial", "integers", "uniform", "choice", "transposed")
WEIGHTS = (*map(_weights, KINDS), *map(weights_of, SAMPLERS))
PREDICTIONS = (
    stacked,
    running,
    one_batch,
    logs,
    welford,
    tuples,
    filled,
    children,
    seeds_from_rng,
    last_axis,
    sample_by_sample,
    centred,
    own_softmax,
    by_name,
    root_of_the_sum,
)


def _styles(samplers, few=3):
    """Every style for the first few samplers, and one after the other for the rest."""
    for i, sample in enumerate(samplers):
        yield from _pairs(sample) if i < few else _pairs(sample)[i % 4 :][:1]


VARIANTS = [
    *(
        {"gaussian_dropout_forward": _guarded(f, below_one=True), "gaussian_dropout_backward": b}
        for f, b in _styles(NORMALS)
    ),
    *({"spatial_dropout_forward": _guarded(f), "spatial_dropout_backward": b} for f, b in _styles(MAPS)),
    *({"dropconnect_forward": _guarded(f), "dropconnect_backward": b} for f, b in map(_dropconnect, WEIGHTS)),
    *({"mc_predict": f} for f in PREDICTIONS),
]
