"""Right ways to write network.py: other samplers, other caches, one matrix for w and b; with dropout and without."""

import itertools

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
)
VARIANTS = [
    *({"init_params": f} for f in (init_normal, init_uniform, init_backwards, init_one_draw, init_spawned)),
    *(
        {
            "mlp_forward": forward,
            "mlp_backward": backward,
            "loss_and_grads": _joined(forward, backward, layers.softmax_cross_entropy),
        }
        for forward, backward in PAIRS
    ),
]
