"""Probes of network.py without dropout. The network is defined anew here; its slopes come from the complex step."""

import itertools
from math import log, sqrt
from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import Unfit, case, copies, entries, outcome, probe, slopes, unpack
from dropout_lab.checks.probes.duties import (
    FLOAT32,
    all_of,
    dictionary_untouched,
    in_float32,
    kept,
    ordinary,
    own_cache,
    repeatable,
    stays,
)
from dropout_lab.checks.probes.layers import as_views, mean_loss, sizes
from dropout_lab.checks.words import bare_array, kind, listed, number, readable, same

LAYERS = {1: "one hidden layer", 2: "two hidden layers", 3: "three hidden layers", 4: "four hidden layers"}
UNLIKELY = 25.0  # e^-25 on each side of each of the 20 statistics of `init_params`: 40 e^-25 = 5.6e-10


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


def _network(rng, n, widths):
    """Parameters and inputs for which every layer, and the scores, have both signs, so that each ReLU shows.

    None is near 0: there, what float32 rounds would switch a unit on or off.
    """
    least = 1 if min(n, *widths) == 1 else 2
    while True:
        params = {}
        for i, (fan_in, fan_out) in enumerate(itertools.pairwise(widths), start=1):
            params[f"W{i}"] = rng.normal(size=(fan_in, fan_out)) * 1.2 / sqrt(fan_in)
            params[f"b{i}"] = rng.uniform(0.2, 0.6, fan_out) * rng.choice([-1.0, 1.0], fan_out)
        x = rng.normal(size=(n, widths[0]))
        if all(
            least <= np.count_nonzero(s > 0) <= s.size - least and np.abs(s).min() > 1e-4
            for s in _before_relu(params, x)
        ):
            return params, x


def _slopes(params, x, *functions):
    """For each function of the scores, its slope in every parameter: the complex step on a stack of networks."""
    grads = [{} for _ in functions]
    inputs = [x, *(np.maximum(z, 0.0) for z in _before_relu(params, x))]
    for name, array in params.items():
        nudged = {**params, name: array + 1e-200j * np.eye(array.size).reshape(-1, *array.shape)}
        scores = _scores(nudged, inputs[int(name[1:]) - 1], first=int(name[1:]))
        for of_one, f in zip(grads, functions, strict=True):
            of_one[name] = f(scores).imag.reshape(array.shape) / 1e-200
    return grads


def _judged_network(rng, n, widths, dscores=None):
    """A network, its scores, and the slopes of the loss and of a weighted sum of scores."""
    params, x = _network(rng, n, widths)
    classes = widths[-1]
    if dscores is None:
        dscores = rng.uniform(0.5, 1.5, (n, classes)) * rng.choice([-1.0, 1.0], (n, classes))
    y = rng.permutation(np.arange(n) % classes)
    scores = _scores(params, x)
    grads, loss_grads = _slopes(params, x, lambda s: (dscores * s).sum(axis=(-2, -1)), lambda s: mean_loss(s, y))
    return SimpleNamespace(
        params=params,
        names=list(params),
        x=x,
        y=y,
        scores=scores,
        dscores=dscores,
        loss=mean_loss(scores, y),
        grads=grads,
        loss_grads=loss_grads,
    )


@case
def _mlp_case(rng):
    """Three networks of one shape and one dscores, and others: deeper, narrow, of a single sample, of two classes."""
    n = int(rng.integers(6, 10))
    d, h, classes = sizes(rng, 3, low=3, high=6)
    others = {
        f" with {LAYERS[2]}": (n, (d, h, *sizes(rng, 2, low=3, high=5))),
        f" with {LAYERS[3]}": (n, (d, *sizes(rng, 3, low=3, high=5), 2)),
        f" with {LAYERS[4]}": (n, (2, *sizes(rng, 4, low=2, high=5), 3)),
        " with one unit in each layer": (n, (1, 1, 1, 2)),
        " of a single sample": (1, (d, 7, classes)),
    }
    first = _judged_network(rng, n, (d, h, classes))
    return SimpleNamespace(
        networks=[first, *(_judged_network(rng, n, (d, h, classes), first.dscores) for _ in range(2))],
        others={name: _judged_network(rng, *shape) for name, shape in others.items()},
        rates=(float(rng.uniform(0.2, 0.7)), (float(rng.uniform(0.1, 0.5)), float(rng.uniform(0.2, 0.7)))),
    )


@case
def _widths_case(rng):
    """Widths of which no neighbours are alike, and the same three times."""
    a, b, c = rng.integers(85, 100), rng.integers(52, 62), rng.integers(34, 40)
    return SimpleNamespace(
        wide=tuple(int(v) for v in (a, b, c, rng.integers(66, 76))), equal=(int(rng.integers(45, 60)),) * 3
    )


@probe("init_params")
def init_params(f, rng):
    seed, c = int(rng.integers(2**32)), _widths_case(rng)
    given, pairs = list(c.wide), list(itertools.pairwise(c.wide))

    def drawn(widths, generator):
        names = names_of(widths)  # before the call: it may change `widths`
        return entries(f.init_params(widths, generator), "`params`", names)

    params = drawn(given, np.random.default_rng(seed))
    for i, (fan_in, fan_out) in enumerate(pairs, start=1):
        for name, shape in ((f"W{i}", (fan_in, fan_out)), (f"b{i}", (fan_out,))):
            got = bare_array(params[name])
            if got is None or got.dtype.kind != "f" or got.shape != shape:
                yield value(name, params[name], np.zeros(shape))
                return
    weights = [bare_array(params[f"W{i}"]).astype(float) for i in (1, 2, 3)]
    alike = [bool((w == w[:, :1]).all() or (w == w[:1]).all()) for w in weights]
    say = "the units of a layer start alike. They then stay alike for ever, and the layer is as good as one unit wide."
    yield Aspect("units differ", alike, not any(alike), say)
    yield _distinct(weights)
    yield _spread(weights, pairs)
    yield _centre(weights)
    biases = [bare_array(params[f"b{i}"]) for i in (1, 2, 3)]
    nonzero = any(b.any() for b in biases)
    yield Aspect("biases 0", bool(nonzero), not nonzero, "the biases do not start at 0.")
    yield _own_randomness(drawn, seed)
    yield from _independent(drawn, c.equal, seed)
    for widths, what in (([6, 4], "without a hidden layer"), ([3, 4, 5, 4, 2, 3], "with four hidden layers")):
        got = outcome(lambda widths=widths: drawn(list(widths), np.random.default_rng(seed)))
        shapes = {f"W{i}": pair for i, pair in enumerate(itertools.pairwise(widths), start=1)}
        shapes |= {f"b{i}": (width,) for i, width in enumerate(widths[1:], start=1)}
        seen = got.say() if isinstance(got, Broke) else {name: np.shape(bare_array(got[name])) for name in shapes}
        say = f"of a network {what}, {seen if isinstance(got, Broke) else f'the shapes are {seen}'}; not {shapes}."
        yield Aspect(f"a network {what}", str(seen), seen == shapes, say)
    changed = given != list(c.wide)
    yield Aspect("sizes untouched", changed, not changed, "it changed `sizes` in place.", contract=True)
    for name in params:
        yield ordinary(name, params[name])
    for name in params:
        yield _double(name, params[name])
    yield _own_arrays(drawn(list(c.equal), np.random.default_rng(seed)))


def _distinct(weights):
    """An aspect that is met when hardly any two weights of a layer have one size; those of a draw all differ."""
    name, zeros = "weights differ", max(float((w == 0).mean()) for w in weights)
    if zeros > 0.1:
        say = f"{100 * zeros:.0f}% of a layer's weights are 0. Every weight is a draw of its own."
        return Aspect(name, "zeros", False, say, repeats="units differ")
    share = min(np.unique(np.abs(w)).size / w.size for w in weights)
    say = f"only {100 * share:.0f}% of a layer's weights differ in size: the others repeat one of them."
    return Aspect(name, "repeated", share > 0.9, say, repeats="units differ")


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


def _own_randomness(drawn, seed):
    """The same generator state gives the same weights, another state others, and so does one generator later on."""
    generator = np.random.default_rng(seed)
    first, later = (bare_array(drawn([7, 5, 3], generator)["W1"]) for _ in range(2))
    again, other = (bare_array(drawn([7, 5, 3], np.random.default_rng(s))["W1"]) for s in (seed, seed + 1))
    if not np.array_equal(first, again):
        seen = "not from rng"
        say = "two generators in the same state gave different weights. Draw from `rng` and nothing else."
    elif np.array_equal(first, other):
        seen = "always the same"
        say = "two generators in different states gave the same weights. Draw from `rng`, without a seed of your own."
    elif np.array_equal(first, later):
        seen = "the same again"
        say = "a second network drawn from the same `rng` is the first once more. Draw from `rng` itself, not a copy."
    else:
        seen, say = "from rng", ""
    return Aspect("randomness", seen, seen == "from rng", say)


def _independent(drawn, widths, seed):
    """Two layers of one size: not equal, and not correlated, read in either order.

    For independent normal x and y, E exp(t x y) = (1 - t^2)^-1/2, and less for uniform ones. Chernoff's bound with the
    best t: P(mean of n products >= r) <= exp(-n (u - 1 - log((1 + u) / 2)) / 2), where u = sqrt(1 + 4 r^2).
    """
    params = drawn(list(widths), np.random.default_rng(seed))
    first, second = (bare_array(params[name]).astype(float) * sqrt(widths[0] / 2) for name in ("W1", "W2"))
    say = "two layers of one size start with the same weights. Each layer draws its own from `rng`."
    equal = first.shape == second.shape and any(np.allclose(first, s) for s in (second, -second, second.T))
    yield Aspect("layers differ", bool(equal), not equal, say)
    if equal or first.shape != second.shape:
        return
    n, bound = first.size, 0.0
    while n * (sqrt(1 + 4 * bound**2) - 1 - log((1 + sqrt(1 + 4 * bound**2)) / 2)) / 2 < UNLIKELY:
        bound += 1e-3
    off = max(abs(float((first * s).mean())) for s in (second, second.T))
    say = f"two layers of one size hang together: the mean product of their weights is {number(off)} of their size."
    yield Aspect("layers hang together", off >= bound, off < bound, say)


def _own_arrays(params):
    """An aspect that is met when writing into one array changes no other."""
    noted = {name: kept(array) for name, array in params.items()}
    shared = []
    for name, array in params.items():
        if type(array) is np.ndarray and array.flags.writeable:
            array += 1.0
            shared += [
                k for k in params if k != name and not np.array_equal(bare_array(params[k]), bare_array(noted[k]))
            ]
            array[...] = noted[name]
    say = f"{listed(sorted(set(shared)))} are one array: a step that writes into one changes all." if shared else ""
    return Aspect("arrays of their own", " ".join(sorted(set(shared))), not shared, say, contract=True)


def _double(name, got):
    """Parameters start in float64: gradient checks need it, and training converts."""
    seen = str(bare_array(got).dtype)
    return Aspect(
        f"{name} dtype",
        seen,
        seen == "float64",
        f"`{name}` is {seen}; float64 is right, which gradient checks need.",
        contract=True,
    )


def _forward(f, net, p=0.0, train=None, params=None, x=None, seed=0):
    """(scores, cache) of the student's network on copies; without `train` in the call where it is None."""
    params = copies(net.params) if params is None else params
    rng = np.random.default_rng(seed)
    mode = () if train is None else (train,)
    return unpack(f.mlp_forward(params, net.x.copy() if x is None else x, p, rng, *mode), "scores", "cache")


def _in_float32(net):
    """{"params": ..., "x": ...} of a network, in float32."""
    return {"params": {k: v.astype(np.float32) for k, v in net.params.items()}, "x": net.x.astype(np.float32)}


@probe("mlp_forward")
def mlp_forward(f, rng):
    c = _mlp_case(rng)
    net = c.networks[0]
    params, x = copies(net.params, net.x)
    first, _ = _forward(f, net, params=params, x=x)
    noted = kept(first)
    untouched_ones = [dictionary_untouched("params", net.params, params), untouched("x", net.x, x)]

    def scores(net, **how):
        return outcome(lambda: _forward(f, net, **how)[0])

    yield value("scores", noted, net.scores, meaning="The network has one hidden layer.")
    for name, other in c.others.items():
        meaning = "params may hold any number of layers." if "hidden" in name else None
        yield value(f"`scores`{name}", scores(other), other.scores, meaning=meaning, repeats="scores")
    for mode in (True, False):
        yield value(f"`scores` with train={mode}", scores(net, train=mode), net.scores, repeats="scores")
    yield value("`scores` with p=(0.0, 0.0)", scores(net, p=(0.0, 0.0)), net.scores, repeats="scores")
    turned = dict(reversed(copies(net.params).items()))
    meaning = "The names say which array is which, wherever it stands in the dictionary."
    yield value(
        "`scores` with params in another order", scores(net, params=turned), net.scores, 1e-9, meaning, "scores"
    )
    views = scores(net, params=dict(zip(net.names, as_views(*net.params.values()), strict=True)), x=as_views(net.x)[0])
    yield value("`scores` of views", views, net.scores, repeats="scores")
    yield from untouched_ones
    yield ordinary("scores", first)
    scores(c.networks[1])
    yield stays("`scores`", {"scores": first}, {"scores": noted})
    yield from in_float32("scores", scores(net, **_in_float32(net)), net.scores, repeats="scores")


def _first_forward(f, net, what):
    """None if the forward pass is right, else the aspect that says that it is not: backward has nothing to stand on."""
    got = outcome(lambda: _forward(f, net)[0])
    if isinstance(got, Broke):
        name = f"`mlp_forward`{what}"
        return Aspect(name, f"{got.kind}: {got.message}", False, f"`mlp_forward` comes first: {got.say()}")
    meaning = "`mlp_forward` comes first."
    aspect = value(f"`scores` of `mlp_forward`{what}", got, net.scores, meaning=meaning)
    return None if aspect.ok else aspect


@probe("mlp_backward")
def mlp_backward(f, rng):
    c = _mlp_case(rng)
    net = c.networks[0]
    repeats = tuple(f"grads[{name!r}]" for name in net.names)

    def backward(net, cache, dscores=None):
        given = net.dscores.copy() if dscores is None else dscores
        return entries(f.mlp_backward(given, cache), "`grads`", net.names)

    if missing := _first_forward(f, net, ""):
        yield missing
    else:
        yield from _one_network(f, net, c.networks[1], backward)
        yield own_cache(
            [lambda net=net: _forward(f, net)[1] for net in c.networks],
            lambda i, cache: backward(c.networks[i], cache),
            [net.grads for net in c.networks],
            repeats=repeats,
        )
    for name, other in c.others.items():
        if missing := _first_forward(f, other, name):
            yield missing
            continue
        got = outcome(lambda other=other: backward(other, _forward(f, other)[1]))
        want = {k: other.grads[k] for k in reversed(other.names)}
        yield all_of(f"`grads`{name}", got, want, repeats=repeats)
    small = outcome(lambda: backward(net, _forward(f, net, **_in_float32(net))[1], net.dscores.astype(np.float32)))
    for name in net.names:
        got = small if isinstance(small, Broke) else small[name]
        yield from in_float32(f"grads[{name!r}]", got, net.grads[name], repeats=f"grads[{name!r}]")


def _one_network(f, net, other, backward):
    """What the backward pass of a network gives, and what it does to what it is given; other is of the same shape."""
    given, params, x = copies(net.dscores, net.params, net.x)
    cache = _forward(f, net, params=params, x=x)[1]
    first = backward(net, cache, given)
    noted = {name: kept(grad) for name, grad in first.items()}
    untouched_ones = [
        untouched("dscores", net.dscores, given),
        dictionary_untouched("params", net.params, params),
        untouched("x", net.x, x),
    ]
    again = outcome(lambda: backward(net, cache))
    for name in reversed(net.names):
        yield value(f"grads[{name!r}]", noted[name], net.grads[name])
    yield from untouched_ones
    yield repeatable(noted, again, repeats=tuple(a.name for a in untouched_ones))
    yield ordinary("grads['W1']", first["W1"])
    outcome(lambda: backward(other, _forward(f, other)[1]))
    yield stays("gradients", first, noted)


PENALTIES = ("a penalty in the loss", "a penalty in the gradient")


def _loss_penalised(nets, losses):
    """An aspect that is met when the loss holds no part of the squares of the weights, whatever its size.

    Two networks tell: what is too much is the same number times the sum of squares in both.
    """
    for which, what in (("W", "the weights"), ("Wb", "weights and biases")):
        shares = []
        for net, loss in zip(nets, losses, strict=True):
            loss = bare_array(loss)
            if readable(loss) and loss.shape == ():
                squares = sum((v * v).sum() for k, v in net.params.items() if k[0] in which)
                shares.append(float(loss - net.loss) / squares)
        if len(shares) == 2 and 1e-8 < shares[0] < 10 and abs(shares[0] - shares[1]) < 1e-6 * shares[0]:
            say = f"the loss is too large by {number(shares[0])} times the sum of the squares of {what}."
            return Aspect(PENALTIES[0], what, False, say)
    return Aspect(PENALTIES[0], RIGHT, True, "")


def _gradient_penalised(net, grads):
    """An aspect that is met when the gradient holds no part of the parameters themselves, whatever its size."""
    name, shares = PENALTIES[1], {}
    for k, w in net.params.items():
        got = bare_array(grads[k])
        if not readable(got) or got.shape != w.shape:
            return Aspect(name, RIGHT, True, "")
        off = got - net.loss_grads[k]
        share = float((off * w).sum() / (w * w).sum())
        if not np.abs(off - share * w).max() < 1e-9:
            return Aspect(name, RIGHT, True, "")
        if abs(share) > 1e-8:
            shares[k] = share
    if not shares or max(shares.values()) - min(shares.values()) > 1e-6 * abs(max(shares.values())):
        return Aspect(name, RIGHT, True, "")
    what = {"W": "the weights", "b": "the biases"}.get("".join({k[0] for k in shares}), "weights and biases")
    share = number(next(iter(shares.values())))
    say = f"the gradient of {what} is off by {share} times the array itself, as a penalty on it makes it."
    return Aspect(name, what, False, say)


@probe("loss_and_grads")
def loss_and_grads(f, rng):
    c = _mlp_case(rng)
    net = c.networks[0]

    def both(net, p=0.0, seed=0, train=None, given=None, names=True):
        arrays = copies(net.params, net.x, net.y) if given is None else given
        mode = () if train is None else (train,)
        found = f.loss_and_grads(*arrays, p, np.random.default_rng(seed), *mode)
        loss, grads = unpack(found, "loss", "grads")
        return loss, entries(grads, "`grads`", net.names) if names else grads

    given = copies(net.params, net.x, net.y)
    loss, grads = both(net, given=given, names=False)
    untouched_ones = [dictionary_untouched("params", net.params, given[0])]
    untouched_ones += [untouched("x", net.x, given[1]), untouched("y", net.y, given[2])]
    other = c.others[f" with {LAYERS[2]}"]
    yield _loss_penalised((net, other), (loss, outcome(lambda: both(other)[0])))
    yield value("loss", loss, net.loss, repeats=PENALTIES[0])
    if not isinstance(grads, dict):
        raise Unfit(f"`grads` is {kind(grads)}; it should be a dictionary with {listed(net.names)}")
    grads = entries(grads, "`grads`", net.names)
    noted = {name: kept(grad) for name, grad in grads.items()}
    yield _gradient_penalised(net, noted)
    names = tuple(f"grads[{name!r}]" for name in net.names)
    for name in reversed(net.names):
        yield value(f"grads[{name!r}]", noted[name], net.loss_grads[name], repeats=PENALTIES[1])
    yield from untouched_ones
    repeats = ("loss", *PENALTIES, *names)
    for name, other in c.others.items():
        got = outcome(lambda other=other: both(other))
        loss, slopes = (got, got) if isinstance(got, Broke) else got
        yield value(f"`loss`{name}", loss, other.loss, repeats=repeats)
        yield all_of(f"`grads`{name}", slopes, other.loss_grads, repeats=repeats)
    got = outcome(lambda: both(net, train=False)[0])
    yield value("`loss` with train=False", got, net.loss, repeats=("loss", PENALTIES[0]))
    yield from _handed_on(f, c, both, repeats)
    yield ordinary("grads['W1']", grads["W1"])
    outcome(lambda: both(c.networks[1]))
    yield stays("gradients", grads, noted)
    small = outcome(lambda: both(net, given=(*_in_float32(net).values(), net.y.copy())))
    got = small if isinstance(small, Broke) else small[0]
    yield value("`loss` in float32", got, net.loss, FLOAT32, repeats=("loss", PENALTIES[0]))
    for name in net.names:
        got = small if isinstance(small, Broke) else small[1][name]
        again = (PENALTIES[1], f"grads[{name!r}]")
        yield from in_float32(f"grads[{name!r}]", got, net.loss_grads[name], repeats=again)


def _coins_from_rng(f, net, rate, both):
    """An aspect that is met when the loss follows the state of the generator wherever `mlp_forward`'s scores do."""
    name = "coins from rng"
    forward = [outcome(lambda s=seed: bare_array(_forward(f, net, rate, seed=s)[0])) for seed in (1, 2, 1)]
    got = [outcome(lambda s=seed: bare_array(both(net, rate, s)[0])) for seed in (1, 2, 1)]
    if any(isinstance(one, Broke) or not readable(one) for one in (*forward, *got)) or same(forward[0], forward[1]):
        return Aspect(name, RIGHT, True, "")
    if not same(forward[0], forward[2]) or same(got[0], net.loss):
        return Aspect(name, RIGHT, True, "")  # not this function's coins, or none are drawn: said elsewhere
    if not same(got[0], got[2]):
        say = "with p > 0 the same state of `rng` gave two losses: the coins come from somewhere else."
    elif same(got[0], got[1]):
        say = "with p > 0 two states of `rng` gave one loss: the coins come from a generator with a seed of its own."
    else:
        return Aspect(name, RIGHT, True, "")
    return Aspect(name, "another generator", False, say)


def _handed_on(f, c, both, repeats):
    """p, rng and train reach the forward pass: loss and gradients are those of the student's own two passes.

    Whatever `mlp_forward` does with them (in lesson 03, nothing): in the same state of the generator the same.
    """
    net, (rate, pair) = c.networks[0], c.rates
    coins = _coins_from_rng(f, net, rate, both)
    yield coins
    repeats = (coins.name, *repeats)
    for name, p, seed, train in (
        ("with a rate", rate, 1, True),
        ("with a rate and another state of rng", rate, 2, True),
        ("with a pair of rates", pair, 3, True),
        ("with a rate, at test time", rate, 4, False),
    ):
        made = outcome(lambda p=p, seed=seed, train=train: _forward(f, net, p, train, seed=seed))
        if (
            isinstance(made, Broke)
            or not readable(bare_array(made[0]))
            or bare_array(made[0]).shape != net.scores.shape
        ):
            continue  # not this function's fault; `mlp_forward` has a check of its own
        scores, cache = bare_array(made[0]), made[1]
        want = float(mean_loss(scores, net.y))
        dscores = slopes(lambda s: mean_loss(s, net.y), scores)
        got = outcome(lambda p=p, seed=seed, train=train: both(net, p, seed, train))
        loss, grads = (got, got) if isinstance(got, Broke) else got
        meaning = "That is the loss of `mlp_forward`'s scores for the same p, rng and train. Are all three handed on?"
        yield value(f"`loss` {name}", loss, want, meaning=meaning, repeats=repeats)
        right = outcome(lambda dscores=dscores, cache=cache: entries(f.mlp_backward(dscores, cache), "", net.names))
        if not isinstance(right, Broke) and all(readable(bare_array(g)) for g in right.values()):
            right = {k: bare_array(g) for k, g in right.items()}
            meaning = "They are not those of the same forward pass."
            again = (f"`loss` {name}", *repeats)
            yield all_of(f"`grads` {name}", grads, right, repeats=again, meaning=meaning)
