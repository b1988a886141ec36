"""Probes of network.py without dropout. The network is defined anew here; its slopes come from the complex step."""

import itertools
from math import sqrt
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect, keeps_dtype, sighting, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import Unfit, case, copies, entries, outcome, probe, unpack
from dropout_lab.checks.probes.layers import _kept, _loss
from dropout_lab.checks.probes.training import all_of, dictionary_untouched
from dropout_lab.checks.words import kind, listed, number, plain

SIZES = {1: (4, 5, 3), 2: (4, 5, 6, 3), 3: (4, 5, 6, 2, 3)}  # by the number of hidden layers; N is 8
LAYERS = {1: "one hidden layer", 2: "two hidden layers", 3: "three hidden layers"}
WIDE = (90, 60, 40, 70)
UNLIKELY = 25.0  # e^-25 on each side of each of the 9 statistics of `init_params`: 18 e^-25 = 2.5e-10


def names_of(sizes):
    """W1, b1, W2, ... of a network of these sizes."""
    return [f"{letter}{i}" for i in range(1, len(sizes)) for letter in "Wb"]


def _scores(params, h, first=1):
    """The definition, from layer `first` on, whose input is h; parameters may be stacks, and complex."""
    depth = len(params) // 2
    for i in range(first, depth + 1):
        z = np.matmul(h, params[f"W{i}"]) + params[f"b{i}"][..., None, :]
        h = z if i == depth else np.where(z.real > 0, z, 0)
    return h


def _before_relu(params, x):
    """What enters each ReLU, and the scores."""
    return [_scores({k: params[k] for k in names_of(range(i + 1))}, x) for i in range(1, len(params) // 2 + 1)]


def _network(rng, sizes):
    """Parameters and inputs for which every layer, and the scores, have both signs, so that each ReLU shows."""
    while True:
        params = {}
        for i, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
            params[f"W{i}"] = rng.normal(size=(fan_in, fan_out)) * 1.2 / sqrt(fan_in)
            params[f"b{i}"] = rng.uniform(0.2, 0.6, fan_out) * rng.choice([-1.0, 1.0], fan_out)
        x = rng.normal(size=(8, sizes[0]))
        if all(5 <= np.count_nonzero(s > 0) <= s.size - 5 for s in _before_relu(params, x)):
            return params, x


def _slopes(params, x, *functions):
    """The slope of each function of the scores in every parameter: the complex step, on a stack of nudged networks."""
    grads = [{} for _ in functions]
    inputs = [x, *(np.maximum(z, 0.0) for z in _before_relu(params, x))]
    for name, array in params.items():
        nudged = {**params, name: array + 1e-200j * np.eye(array.size).reshape(-1, *array.shape)}
        scores = _scores(nudged, inputs[int(name[1:]) - 1], first=int(name[1:]))
        for slopes, f in zip(grads, functions, strict=True):
            slopes[name] = f(scores).imag.reshape(array.shape) / 1e-200
    return grads


@case
def _mlp_case(rng):
    """Networks with one, two and three hidden layers: scores, and the slopes of the loss and of a weighted sum of
    scores.
    """
    networks = {}
    for depth, sizes in SIZES.items():
        params, x = _network(rng, sizes)
        dscores = rng.uniform(0.5, 1.5, (8, 3)) * rng.choice([-1.0, 1.0], (8, 3))
        y = rng.permutation([0, 1, 2, 0, 1, 2, 0, 1])
        scores = _scores(params, x)
        grads, loss_grads = _slopes(
            params, x, lambda s, d=dscores: (d * s).sum(axis=(-2, -1)), lambda s, y=y: _loss(s, y)
        )
        networks[depth] = SimpleNamespace(
            params=params,
            x=x,
            y=y,
            scores=scores,
            dscores=dscores,
            loss=_loss(scores, y),
            grads=grads,
            loss_grads=loss_grads,
        )
    return SimpleNamespace(networks=networks)


@probe("init_params")
def init_params(f, rng):
    seed = int(rng.integers(2**32))
    sizes = list(WIDE)
    params = entries(f.init_params(sizes, np.random.default_rng(seed)), "`params`", names_of(WIDE))
    pairs = list(itertools.pairwise(WIDE))
    for i, (fan_in, fan_out) in enumerate(pairs, start=1):
        for name, shape in ((f"W{i}", (fan_in, fan_out)), (f"b{i}", (fan_out,))):
            got = plain(params[name])
            if got is None or got.dtype.kind != "f" or got.shape != shape:
                yield value(name, params[name], np.zeros(shape))
                return
    weights = [plain(params[f"W{i}"]).astype(float) for i in (1, 2, 3)]
    alike = [bool((w == w[:, :1]).all() or (w == w[:1]).all()) for w in weights]
    say = "the units of a layer start alike. They then stay alike for ever, and the layer is as good as one unit wide."
    yield Aspect("units differ", alike, not any(alike), say)
    yield _spread(weights, pairs)
    yield _centre(weights)
    biases = [plain(params[f"b{i}"]) for i in (1, 2, 3)]
    nonzero = any(b.any() for b in biases)
    yield Aspect("biases 0", bool(nonzero), not nonzero, "the biases do not start at 0.")
    yield _own_randomness(f, seed)
    small = entries(
        f.init_params([6, 4], np.random.default_rng(seed)), "`params` of a network without a hidden layer", ["W1", "b1"]
    )
    shapes = [np.shape(plain(small[k])) for k in ("W1", "b1")]
    yield Aspect(
        "sizes [6, 4]",
        str(shapes),
        shapes == [(6, 4), (4,)],
        f"sizes [6, 4] gave W1 and b1 of shapes {shapes[0]} and {shapes[1]}.",
    )
    yield Aspect(
        "sizes untouched", sizes != list(WIDE), sizes == list(WIDE), "it changed `sizes` in place.", contract=True
    )
    for name in names_of(WIDE):
        yield _double(name, params[name])


def _spread(weights, pairs):
    """The standard deviation of each layer against sqrt(2 / fan-in).

    For n normal entries the mean square lies within 2 sqrt(t/n) + 2 t/n of its value, but for a chance of e^-t on each
    side (Laurent and Massart 2000, lemma 1); for uniform ones it lies closer (Hoeffding).
    """
    ratios = np.array([sqrt((w * w).mean() * fan_in / 2) for w, (fan_in, _) in zip(weights, pairs, strict=True)])
    bounds = [2 * sqrt(UNLIKELY / w.size) + 2 * UNLIKELY / w.size for w in weights]
    ok = all(abs(r * r - 1) < bound for r, bound in zip(ratios, bounds, strict=True))
    said = ", ".join(f"{number(r)} (`W{i}`)" for i, r in enumerate(ratios, start=1))
    say = f"the weights spread {said} times as wide as sqrt(2 / fan-in), fan-in being the inputs; 1 is right."
    with np.errstate(all="ignore"):
        return Aspect("spread", np.log(ratios), bool(ok), say, near=0.13)


def _centre(weights):
    """The mean of each layer, in standard deviations of the mean; normal and uniform entries share the bound."""
    off = [float(w.mean() / ((w * w).mean() ** 0.5 or 1) * sqrt(w.size)) for w in weights]
    bound = sqrt(2 * UNLIKELY)
    ok = all(abs(z) < bound for z in off)
    seen = tuple(0 if abs(z) < bound else int(np.sign(z)) for z in off)
    return Aspect("centre", seen, ok, "the weights are not centred at 0: their mean is far off for its size.")


def _own_randomness(f, seed):
    """The same generator state gives the same weights, another state others; no two layers repeat each other."""
    first, again, other = (
        plain(entries(f.init_params([7, 5, 3], np.random.default_rng(s)), "`params`", ["W1"])["W1"])
        for s in (seed, seed, seed + 1)
    )
    if not np.array_equal(first, again):
        seen, say = (
            "not from rng",
            "two generators in the same state gave different weights. Draw from `rng` and nothing else.",
        )
    elif np.array_equal(first, other):
        seen, say = (
            "always the same",
            "two generators in different states gave the same weights. Draw from `rng`, without a seed of your own.",
        )
    else:
        seen, say = "from rng", ""
    return Aspect("randomness", seen, seen == "from rng", say)


def _double(name, got):
    """Parameters start in float64: gradient checks need it, and training converts."""
    seen = str(plain(got).dtype)
    return Aspect(
        f"{name} dtype",
        seen,
        seen == "float64",
        f"`{name}` is {seen}; float64 is right, which gradient checks need.",
        contract=True,
    )


def _forward(f, net, p=0.0, train=True, params=None, x=None):
    """(scores, cache) of the student's network on copies."""
    params = copies(net.params) if params is None else params
    return unpack(
        f.mlp_forward(params, net.x.copy() if x is None else x, p, np.random.default_rng(0), train), "scores", "cache"
    )


@probe("mlp_forward")
def mlp_forward(f, rng):
    networks = _mlp_case(rng).networks
    net = networks[1]
    params, x = copies(net.params, net.x)
    scores, _ = _forward(f, net, params=params, x=x)
    yield value("scores", scores, net.scores, meaning="The network has one hidden layer.")
    for depth in (2, 3):
        got = outcome(lambda depth=depth: _forward(f, networks[depth])[0])
        yield value(
            f"`scores` with {LAYERS[depth]}",
            got,
            networks[depth].scores,
            meaning="params may hold any number of layers.",
            repeats="scores",
        )
    yield value(
        "`scores` with train=False", outcome(lambda: _forward(f, net, train=False)[0]), net.scores, repeats="scores"
    )
    yield value(
        "`scores` with p=(0.0, 0.0)", outcome(lambda: _forward(f, net, p=(0.0, 0.0))[0]), net.scores, repeats="scores"
    )
    yield value(
        "`scores` of a single sample",
        outcome(lambda: _forward(f, net, x=net.x[:1].copy())[0]),
        net.scores[:1],
        repeats="scores",
    )
    yield dictionary_untouched("params", net.params, params)
    yield untouched("x", net.x, x)
    small = {k: v.astype(np.float32) for k, v in net.params.items()}
    got = outcome(lambda: _forward(f, net, params=small, x=net.x.astype(np.float32))[0])
    yield keeps_dtype("scores", got, np.float32)


@probe("mlp_backward")
def mlp_backward(f, rng):
    networks = _mlp_case(rng).networks
    for depth, net in networks.items():
        try:
            scores, cache = _forward(f, net)
        except Broke as broke:
            yield Aspect(
                f"mlp_forward with {LAYERS[depth]}",
                f"{broke.kind}: {broke.message}",
                False,
                f"`mlp_forward` comes first: {broke.say()}",
            )
            continue
        forward = value(
            f"`scores` of `mlp_forward` with {LAYERS[depth]}", scores, net.scores, meaning="`mlp_forward` comes first."
        )
        if not forward.ok:
            yield forward
            continue
        given = net.dscores.copy()
        names = names_of(SIZES[depth])
        if depth == 1:
            grads = entries(f.mlp_backward(given, cache), "`grads`", names)
            grads = {name: _kept(grad) for name, grad in grads.items()}
            again = outcome(
                lambda net=net, cache=cache, names=names: entries(
                    f.mlp_backward(net.dscores.copy(), cache), "`grads`", names
                )
            )
            for name in reversed(names):
                yield value(f"grads[{name!r}]", grads[name], net.grads[name])
            yield _again(again, grads)
            yield untouched("dscores", net.dscores, given)
            continue
        what = f"`grads` with {LAYERS[depth]}"
        grads = outcome(
            lambda given=given, cache=cache, names=names: entries(f.mlp_backward(given, cache), "`grads`", names)
        )
        yield (
            value(what, grads, np.zeros(1))
            if isinstance(grads, Broke)
            else all_of(
                what,
                grads,
                dict(reversed(net.grads.items())),
                repeats=tuple(f"grads[{name!r}]" for name in names_of(SIZES[1])),
            )
        )
    small = {k: v.astype(np.float32) for k, v in networks[1].params.items()}
    _, cache = _forward(f, networks[1], params=small, x=networks[1].x.astype(np.float32))
    grads = entries(f.mlp_backward(networks[1].dscores.astype(np.float32), cache), "`grads`", names_of(SIZES[1]))
    for name, grad in grads.items():
        yield keeps_dtype(f"grads[{name!r}]", grad, np.float32)


def _again(again, first):
    """An aspect that is met when a second call gave the same gradients; what is seen is how far they moved."""
    say = "a second call with the same `dscores` and the same cache gives something else than the first."
    if isinstance(again, Broke):
        return Aspect(
            "the same answer twice", sighting(again), False, f"a second call with the same cache: {again.say()}"
        )
    moved = [np.max(np.abs(np.subtract(plain(again[k]), plain(first[k]))), initial=0.0) for k in first]
    return Aspect("the same answer twice", np.nan_to_num(moved), bool(np.max(np.nan_to_num(moved)) < 1e-9), say)


@probe("loss_and_grads")
def loss_and_grads(f, rng):
    networks = _mlp_case(rng).networks
    for depth in (1, 2):
        net = networks[depth]
        params, x, y = copies(net.params, net.x, net.y)
        loss, grads = unpack(f.loss_and_grads(params, x, y, 0.0, np.random.default_rng(0)), "loss", "grads")
        names = names_of(SIZES[depth])
        if depth == 1:
            yield value("loss", loss, net.loss)
            if not isinstance(grads, dict):
                raise Unfit(f"`grads` is {kind(grads)}; it should be a dictionary with {listed(names)}")
            for name in reversed(names):
                yield value(f"grads[{name!r}]", entries(grads, "`grads`", names)[name], net.loss_grads[name])
            yield dictionary_untouched("params", net.params, params)
            yield untouched("x", net.x, x)
            yield untouched("y", net.y, y)
        else:
            yield value(f"`loss` with {LAYERS[depth]}", loss, net.loss, repeats="loss")
            yield all_of(
                f"`grads` with {LAYERS[depth]}",
                entries(grads, "`grads`", names),
                net.loss_grads,
                repeats=tuple(f"grads[{name!r}]" for name in names_of(SIZES[1])),
            )
    net = networks[1]
    got = outcome(
        lambda: unpack(
            f.loss_and_grads(*copies(net.params, net.x, net.y), 0.0, np.random.default_rng(0), False), "loss", "grads"
        )[0]
    )
    yield value("`loss` with train=False", got, net.loss, repeats="loss")
    small = {k: v.astype(np.float32) for k, v in net.params.items()}
    _, grads = unpack(
        f.loss_and_grads(small, net.x.astype(np.float32), net.y.copy(), 0.0, np.random.default_rng(0)), "loss", "grads"
    )
    for name, grad in entries(grads, "`grads`", names_of(SIZES[1])).items():
        yield keeps_dtype(f"grads[{name!r}]", grad, np.float32)
