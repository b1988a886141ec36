"""Right ways to write network.py: other samplers, other caches, one matrix for w and b; with dropout and without."""

import itertools
import math

import numpy as np

from dropout_lab import dropout, layers


def init_normal(sizes, rng):
    params = {}
    for i in range(1, len(sizes)):
        params[f"W{i}"] = rng.normal(0, np.sqrt(2 / sizes[i - 1]), size=(sizes[i - 1], sizes[i]))
        params[f"b{i}"] = np.zeros(sizes[i])
    return params


def init_uniform(sizes, rng):
    def limit(d):
        return (6 / d) ** 0.5

    weights = {
        f"W{i + 1}": rng.uniform(-limit(d), limit(d), (d, h)) for i, (d, h) in enumerate(itertools.pairwise(sizes))
    }
    return weights | {f"b{i + 1}": np.zeros((h,)) for i, h in enumerate(sizes[1:])}


def init_backwards(sizes, rng):
    """The last layer first, drawn transposed."""
    params = {}
    for i in reversed(range(len(sizes) - 1)):
        params[f"b{i + 1}"] = np.full(sizes[i + 1], 0.0)
        params[f"W{i + 1}"] = rng.standard_normal((sizes[i + 1], sizes[i])).T / np.sqrt(sizes[i] / 2)
    return params


def init_one_draw(sizes, rng):
    total = sum(d * h for d, h in itertools.pairwise(sizes))
    draw, at, params = rng.standard_normal(total), 0, {}
    for i, (d, h) in enumerate(itertools.pairwise(sizes), 1):
        params[f"W{i}"] = draw[at : at + d * h].reshape(d, h) * (2.0 / d) ** 0.5
        params[f"b{i}"] = np.zeros(h)
        at += d * h
    return params


def init_spawned(sizes, rng):
    """A generator of its own for each layer, seeded from rng."""
    params = {}
    for i, (d, h) in enumerate(itertools.pairwise(sizes), 1):
        own = np.random.default_rng(rng.integers(2**63))
        params |= {f"W{i}": own.normal(scale=(2 / d) ** 0.5, size=(d, h)), f"b{i}": np.zeros(h, dtype=np.float64)}
    return params


def plain_forward(params, x, p, rng, train=True):
    """Without dropout, as lesson 03 leaves it."""
    depth, caches, h = len(params) // 2, [], x
    for i in range(1, depth + 1):
        h, affine = layers.affine_forward(h, params[f"W{i}"], params[f"b{i}"])
        relu = None
        if i < depth:
            h, relu = layers.relu_forward(h)
        caches.append((affine, relu))
    return h, caches


def plain_backward(dscores, cache):
    grads, d = {}, dscores
    for i, (affine, relu) in reversed(list(enumerate(cache, 1))):
        if relu is not None:
            d = layers.relu_backward(d, relu)
        d, grads[f"W{i}"], grads[f"b{i}"] = layers.affine_backward(d, affine)
    return grads


def dropping_forward(params, x, p, rng, train=True):
    """With dropout on the inputs and after each ReLU."""
    outer, inner = p if isinstance(p, (list, tuple)) else (0.0, p)
    h, first = dropout.dropout_forward(x, outer, rng, train)
    steps = [("drop", first)]
    depth = len(params) // 2
    for i in range(1, depth + 1):
        h, cache = layers.affine_forward(h, params[f"W{i}"], params[f"b{i}"])
        steps.append((i, cache))
        if i == depth:
            return h, steps
        h, cache = layers.relu_forward(h)
        steps.append(("relu", cache))
        h, cache = dropout.dropout_forward(h, inner, rng, train)
        steps.append(("drop", cache))


def dropping_backward(dscores, cache):
    grads, d = {}, dscores
    for kind, saved in cache[::-1]:
        if kind == "relu":
            d = layers.relu_backward(d, saved)
        elif kind == "drop":
            d = dropout.dropout_backward(d, saved)
        else:
            d, dw, db = layers.affine_backward(d, saved)
            grads |= {f"W{kind}": dw, f"b{kind}": db}
    return grads


def activations_forward(params, x, p, rng, train=True):
    """Keeps the inputs of every layer, in lists, and the weights."""
    a, ws = [x], []
    while f"W{len(ws) + 1}" in params:
        i = len(ws) + 1
        ws.append(params[f"W{i}"])
        z = a[-1] @ ws[-1] + params[f"b{i}"]
        a.append(np.maximum(z, 0) if f"W{i + 1}" in params else z)
    return a[-1], {"a": a, "w": ws}


def activations_backward(dscores, cache):
    a, ws, d, grads = cache["a"], cache["w"], dscores.copy(), {}
    for i in range(len(ws), 0, -1):
        grads[f"b{i}"] = d.sum(axis=0)
        grads[f"W{i}"] = a[i - 1].T @ d
        d = d @ ws[i - 1].T
        d *= a[i - 1] > 0
    return grads


def recursive_forward(params, x, p, rng, train=True, i=1):
    """The backward pass is a closure."""
    z = np.einsum("nd,dh->nh", x, params[f"W{i}"]) + params[f"b{i}"]
    last = f"W{i + 1}" not in params
    scores, rest = (z, None) if last else recursive_forward(params, np.where(z > 0, z, 0), p, rng, train, i + 1)

    def back(dscores):
        dz, grads = (dscores, {}) if last else rest(dscores)
        dz = dz if last else dz * (z > 0)
        grads[f"W{i}"], grads[f"b{i}"] = np.einsum("nd,nh->dh", x, dz), dz.sum(0)
        return dz @ params[f"W{i}"].T, grads

    return scores, back


def recursive_backward(dscores, cache):
    return cache(dscores)[1]


def augmented_forward(params, x, p, rng, train=True):
    """b as a row of w; the shapes say how many layers there are."""
    depth = max(int(k[1:]) for k in params)
    h, saved = x, []
    for i in range(1, depth + 1):
        hs = np.column_stack([h, np.ones(len(h), h.dtype)])
        ws = np.vstack([params[f"W{i}"], params[f"b{i}"]])
        z = hs @ ws
        saved.append([hs, ws])
        h = z.clip(min=0) if i < depth else z
    return h, tuple(saved)


def augmented_backward(dscores, cache):
    d, found = dscores, []
    for hs, ws in cache[::-1]:
        both = hs.T @ d
        found.append((both[:-1], both[-1]))
        d = (d @ ws.T)[:, :-1] * (hs[:, :-1] > 0)
    return {f"{letter}{i}": g for i, pair in enumerate(found[::-1], 1) for letter, g in zip("Wb", pair, strict=True)}


def init_kaiming(sizes, rng):
    """Standard normal numbers times a gain over a root; biases from one array, copied."""
    gain, zeros, params = 2**0.5, np.zeros(max(sizes)), {}
    for layer, fan_in in enumerate(sizes[:-1], 1):
        shape = fan_in, sizes[layer]
        params[f"W{layer}"] = gain / fan_in**0.5 * rng.normal(size=shape)
        params[f"b{layer}"] = zeros[: sizes[layer]].copy()
    return params


def init_float32_draw(sizes, rng):
    return {
        name: array
        for i, (d, h) in enumerate(itertools.pairwise(sizes), 1)
        for name, array in (
            (f"W{i}", (rng.standard_normal((d, h), dtype=np.float32) * (2 / d) ** 0.5).astype(np.float64)),
            (f"b{i}", np.zeros(h)),
        )
    }


def init_row_by_row(sizes, rng):
    """One unit after the other: the columns of each matrix."""
    params = {}
    for i in range(1, len(sizes)):
        columns = [rng.normal(0.0, np.sqrt(2.0 / sizes[i - 1]), sizes[i - 1]) for _ in range(sizes[i])]
        params[f"W{i}"], params[f"b{i}"] = np.stack(columns, axis=1), np.zeros(sizes[i], float)
    return params


def init_children(sizes, rng):
    """A spawned generator for each layer."""
    layers_of = list(itertools.pairwise(sizes))
    params = {}
    for i, (own, (d, h)) in enumerate(zip(rng.spawn(len(layers_of)), layers_of, strict=True), 1):
        params.update({f"W{i}": own.standard_normal((d, h)) * np.sqrt(2 / d), f"b{i}": np.zeros(h)})
    return params


def init_polar(sizes, rng):
    """Normal numbers from uniform ones, by Box and Muller."""

    def normal(shape):
        radius, angle = np.sqrt(-2 * np.log1p(-rng.random(shape))), 2 * np.pi * rng.random(shape)
        return radius * np.cos(angle)

    weights = {f"W{i}": normal(pair) * (2 / pair[0]) ** 0.5 for i, pair in enumerate(itertools.pairwise(sizes), 1)}
    return {**weights, **{f"b{i}": np.zeros(h) for i, h in enumerate(sizes[1:], 1)}}


def init_truncated(sizes, rng):
    """Normal numbers beyond two standard deviations are drawn again; the rest is stretched to the same spread."""

    def drawn(shape):
        z = rng.standard_normal(shape)
        while (far := np.abs(z) > 2).any():
            z[far] = rng.standard_normal(np.count_nonzero(far))
        return z / 0.8796256610342398

    return {f"W{i}": drawn(pair) * np.sqrt(2 / pair[0]) for i, pair in enumerate(itertools.pairwise(sizes), 1)} | {
        f"b{i}": np.zeros(h) for i, h in enumerate(sizes[1:], 1)
    }


def init_fortran(sizes, rng):
    params = {f"b{i}": np.zeros(h) for i, h in enumerate(sizes[1:], 1)}
    for i, (d, h) in enumerate(itertools.pairwise(sizes), 1):
        params[f"W{i}"] = np.asfortranarray(rng.standard_normal((d, h))) * (2 / d) ** 0.5
    return params


def init_shuffled(sizes, rng):
    """Draws more than it needs, and in another order."""
    pool = rng.permutation(rng.standard_normal(2 * sum(d * h for d, h in itertools.pairwise(sizes))))
    params = {}
    for i in range(len(sizes) - 1, 0, -1):
        count = sizes[i - 1] * sizes[i]
        own, pool = pool[:count], pool[count:]
        params[f"W{i}"] = own.reshape(sizes[i - 1], sizes[i]) / np.sqrt(sizes[i - 1] / 2)
        params[f"b{i}"] = np.zeros(sizes[i])
    return params


def init_multivariate(sizes, rng):
    return {
        k: v
        for i, (d, h) in enumerate(itertools.pairwise(sizes), 1)
        for k, v in {
            f"W{i}": rng.multivariate_normal(np.zeros(h), 2 / d * np.eye(h), size=d, method="cholesky"),
            f"b{i}": np.zeros_like(np.empty(h)),
        }.items()
    }


def init_loc_scale(sizes, rng):
    widths = np.asarray(sizes)
    params = {}
    for i, (d, h) in enumerate(zip(widths[:-1].tolist(), widths[1:].tolist(), strict=True)):
        params["W" + str(i + 1)] = rng.normal(loc=0.0, scale=math.sqrt(2.0 / d), size=[d, h])
        params["b" + str(i + 1)] = np.zeros([h])
    return params


def layered_forward(params, x, p, rng, train=True):
    """A list of small functions, each with its own way back; parameters are sorted by number."""
    steps, h = [], x
    numbers = sorted(int(name[1:]) for name in params if name.startswith("W"))
    for i in numbers:
        h, cache = layers.affine_forward(h, params[f"W{i}"], params[f"b{i}"])
        steps.append(("affine", i, cache))
        if i != numbers[-1]:
            h, cache = layers.relu_forward(h)
            steps.append(("relu", i, cache))
    return h, steps


def layered_backward(dscores, cache):
    grads, d = {}, dscores
    for kind, i, saved in reversed(cache):
        if kind == "relu":
            d = layers.relu_backward(d, saved)
            continue
        d, dw, db = layers.affine_backward(d, saved)
        grads.update({f"W{i}": dw, f"b{i}": db})
    return grads


def stacking_forward(params, x, p, rng, train=True):
    """The cache is a list of dictionaries, popped from a copy on the way back."""
    depth, tape, a = len(params) // 2, [], x
    for i in range(depth):
        w, b = params[f"W{i + 1}"], params[f"b{i + 1}"]
        z = np.dot(a, w) + b.reshape(1, -1)
        tape.append({"in": a, "w": w, "on": np.ones_like(z) if i + 1 == depth else np.heaviside(z, 0).astype(z.dtype)})
        a = z * tape[-1]["on"]
    return a, tape


def stacking_backward(dscores, cache):
    tape, grads, d = list(cache), {}, dscores
    while tape:
        i, layer = len(tape), tape.pop()
        d = d * layer["on"]
        grads[f"b{i}"] = np.einsum("nh->h", d)
        grads[f"W{i}"] = np.tensordot(layer["in"], d, axes=[[0], [0]])
        d = np.inner(d, layer["w"])
    return grads


def sample_forward(params, x, p, rng, train=True):
    """Sample by sample, through a loop."""
    depth = len(params) // 2
    rows, saved = [], []
    for row in x:
        steps = [row]
        for i in range(1, depth + 1):
            z = steps[-1] @ params[f"W{i}"] + params[f"b{i}"]
            steps.append(z if i == depth else np.where(z > 0, z, z.dtype.type(0)))
        rows.append(steps[-1])
        saved.append(steps)
    return np.array(rows), (params, saved)


def sample_backward(dscores, cache):
    params, saved = cache
    depth = len(params) // 2
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    for d, steps in zip(dscores, saved, strict=True):
        for i in range(depth, 0, -1):
            d = d if i == depth else d * (steps[i] > 0)
            grads[f"W{i}"] += np.outer(steps[i - 1], d)
            grads[f"b{i}"] += d
            d = params[f"W{i}"] @ d
    return grads


def recomputing_forward(params, x, p, rng, train=True):
    """Keeps copies of what came in, and walks the way forward once more on the way back."""
    h, depth = x, len(params) // 2
    for i in range(1, depth):
        h, _ = layers.relu_forward(layers.affine_forward(h, params[f"W{i}"], params[f"b{i}"])[0])
    scores, _ = layers.affine_forward(h, params[f"W{depth}"], params[f"b{depth}"])
    return scores, ({k: v.copy() for k, v in params.items()}, x.copy())


def recomputing_backward(dscores, cache):
    params, x = cache
    depth, ins = len(params) // 2, [x]
    for i in range(1, depth):
        ins.append(np.maximum(ins[-1] @ params[f"W{i}"] + params[f"b{i}"], 0))
    d, grads = dscores, {}
    for i in range(depth, 0, -1):
        grads |= {f"W{i}": ins[i - 1].T @ d, f"b{i}": d.sum(0)}
        d = (d @ params[f"W{i}"].T) * (ins[i - 1] > 0) if i > 1 else None
    return grads


class Walk:
    """A cache with a method."""

    def __init__(self):
        self.inputs, self.weights, self.slopes = [], [], []

    def back(self, d):
        grads = {}
        for i in range(len(self.weights), 0, -1):
            if i < len(self.weights):
                d = d * self.slopes[i - 1]
            grads[f"W{i}"] = np.matmul(self.inputs[i - 1].T, d)
            grads[f"b{i}"] = d.sum(axis=0, keepdims=False)
            d = np.matmul(d, self.weights[i - 1].T)
        return grads


def object_forward(params, x, p, rng, train=True):
    walk, a = Walk(), x
    depth = sum(name[0] == "W" for name in params)
    for i in range(1, depth + 1):
        walk.inputs.append(a)
        walk.weights.append(params[f"W{i}"])
        z = a @ params[f"W{i}"]
        z += params[f"b{i}"]
        walk.slopes.append(z > 0)
        a = z if i == depth else np.fmax(z, 0)
    return a, walk


def object_backward(dscores, cache):
    return cache.back(dscores)


def generator_forward(params, x, p, rng, train=True):
    """The middle layers in one loop, first and last apart; the cache is a dictionary by name."""
    last, cache = len(params) // 2, {"a0": x}
    for i in range(1, last):
        cache[f"z{i}"], cache[f"c{i}"] = layers.affine_forward(cache[f"a{i - 1}"], params[f"W{i}"], params[f"b{i}"])
        cache[f"a{i}"], cache[f"r{i}"] = layers.relu_forward(cache[f"z{i}"])
    scores, cache["last"] = layers.affine_forward(cache[f"a{last - 1}"], params[f"W{last}"], params[f"b{last}"])
    cache["depth"] = last
    return scores, cache


def generator_backward(dscores, cache):
    depth = cache["depth"]
    da, dw, db = layers.affine_backward(dscores, cache["last"])
    grads = {f"b{depth}": db, f"W{depth}": dw}
    for i in reversed(range(1, depth)):
        dz = layers.relu_backward(da, cache[f"r{i}"])
        da, grads[f"W{i}"], grads[f"b{i}"] = layers.affine_backward(dz, cache[f"c{i}"])
    return grads


def packed_forward(params, x, p, rng, train=True):
    """Which units fired, in bits."""
    depth, a, saved = len(params) // 2, x, []
    for i in range(1, depth + 1):
        z = a @ params[f"W{i}"] + params[f"b{i}"]
        saved.append((a, params[f"W{i}"], np.packbits(z > 0), z.shape))
        a = z if i == depth else np.abs(z) * (z > 0)
    return a, tuple(saved)


def packed_backward(dscores, cache):
    d, grads, depth = np.array(dscores), {}, len(cache)
    for i, (a, w, bits, shape) in zip(range(depth, 0, -1), cache[::-1], strict=True):
        if i < depth:
            d = d * np.unpackbits(bits, count=shape[0] * shape[1]).reshape(shape).astype(d.dtype)
        grads[f"W{i}"], grads[f"b{i}"] = (d.T @ a).T, np.add.reduce(d, 0)
        d = d @ w.T
    return grads


def doubled_forward(params, x, p, rng, train=True):
    """Computes in float64 and casts back."""
    depth, a, ins = len(params) // 2, x.astype(np.float64), []
    for i in range(1, depth + 1):
        ins.append(a)
        a = a @ params[f"W{i}"].astype(float) + params[f"b{i}"]
        a = a if i == depth else (a + np.abs(a)) / 2
    return a.astype(x.dtype), (ins, [params[f"W{i}"].astype(float) for i in range(1, depth + 1)])


def doubled_backward(dscores, cache):
    (ins, weights), d, grads = cache, dscores.astype(float), {}
    for i, (a, w) in reversed(list(enumerate(zip(ins, weights, strict=True), 1))):
        grads[f"W{i}"], grads[f"b{i}"] = (a.T @ d).astype(dscores.dtype), d.sum(0).astype(dscores.dtype)
        d = (d @ w.T) * (a > 0)
    return grads


def einsum_forward(params, x, p, rng, train=True):
    if isinstance(p, (tuple, list)):
        outer, inner = p
    else:
        outer, inner = 0.0, p
    count = len([k for k in params if k[0] == "b"])
    h, drop = dropout.dropout_forward(x, outer, rng, train)
    drops, hs, signs = [drop], [], []
    for i in range(1, count + 1):
        hs.append(h)
        h = np.einsum("nd,dh->nh", h, params[f"W{i}"]) + params[f"b{i}"][np.newaxis]
        if i < count:
            signs.append(np.sign(h).clip(0))
            h, drop = dropout.dropout_forward(h * signs[-1], inner, rng, train)
            drops.append(drop)
    return h, {"hs": hs, "signs": signs, "drops": drops, "ws": [params[f"W{i}"] for i in range(1, count + 1)]}


def einsum_backward(dscores, cache):
    grads, d = {}, dscores
    for i in range(len(cache["ws"]), 0, -1):
        grads[f"W{i}"] = np.einsum("nd,nh->dh", cache["hs"][i - 1], d)
        grads[f"b{i}"] = np.einsum("nh->h", d)
        if i > 1:
            d = np.einsum("nh,dh->nd", d, cache["ws"][i - 1])
            d = dropout.dropout_backward(d, cache["drops"][i - 1]) * cache["signs"][i - 2]
    return grads


def _joined(forward, backward, loss):
    def loss_and_grads(params, x, y, p, rng, train=True):
        out, cache = forward(params, x, p, rng, train)
        value, d = loss(out, y)
        return value, backward(d, cache)

    return loss_and_grads


PAIRS = (
    (plain_forward, plain_backward),
    (dropping_forward, dropping_backward),
    (activations_forward, activations_backward),
    (recursive_forward, recursive_backward),
    (augmented_forward, augmented_backward),
    (layered_forward, layered_backward),
    (stacking_forward, stacking_backward),
    (sample_forward, sample_backward),
    (recomputing_forward, recomputing_backward),
    (object_forward, object_backward),
    (generator_forward, generator_backward),
    (packed_forward, packed_backward),
    (doubled_forward, doubled_backward),
    (einsum_forward, einsum_backward),
)
INITS = (
    init_normal,
    init_uniform,
    init_backwards,
    init_one_draw,
    init_spawned,
    init_kaiming,
    init_float32_draw,
    init_row_by_row,
    init_children,
    init_polar,
    init_truncated,
    init_fortran,
    init_shuffled,
    init_multivariate,
    init_loc_scale,
)
VARIANTS = [
    *({"init_params": f} for f in INITS),
    *(
        {
            "mlp_forward": forward,
            "mlp_backward": backward,
            "loss_and_grads": _joined(forward, backward, layers.softmax_cross_entropy),
        }
        for forward, backward in PAIRS
    ),
]
