"""The probe of a network with dropout. Only scores and gradients are looked at.

The weights are chosen so that scores show the masks. Each hidden unit sums two inputs and a bias, all positive, so
ReLU changes nothing; the layers above are identities. A score is then 0 or a known sum times the scales, plus its bias:
which sum, and which scale, tells which entries were dropped, and at what rate. Two extra classes have no weights: their
scores are their biases, unless the scores themselves are dropped. Rates and sizes come from the seed. Fewer than ten
judgements are left to chance, each with a false alarm below 1e-11.
"""

from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np

from dropout_lab.checks.aspects import Aspect, untouched, value
from dropout_lab.checks.chance import coin_bound
from dropout_lab.checks.functions import result_or_broke
from dropout_lab.checks.probes import probe, unpack
from dropout_lab.checks.probes.dropout_masks import (
    Unmeasurable,
    between,
    coins,
    measurable,
    middle,
    percent,
    rate,
    times,
    while_measurable,
)


def _scale(p):
    return 1 / (1 - p)


@dataclass(frozen=True)
class Sizes:
    """N samples, D inputs, H hidden units and C classes; one rate, and a pair of them."""

    N: int
    D: int
    H: int
    C: int
    one: float
    pair: tuple[float, float]


def _drawn(rng):
    n, h = (int(v) for v in rng.integers((52, 43), (71, 57)))
    return Sizes(n, h + 3, h, h + 2, middle(rng), (rate(rng, 0.1, 0.45), rate(rng, 0.55, 0.85)))


def _revealing(rng, layers, at):
    """(params, x, a, b): unit j of the first layer gets a_j = x_j, b_j = 0.7 x_(j+1) and its bias."""
    N, D, H, C = at.N, at.D, at.H, at.C
    x = rng.uniform(0.5, 1.5, (N, D))
    params = {"W1": np.eye(D, H) + 0.7 * np.eye(D, H, k=-1), "b1": rng.uniform(0.5, 1.5, H)}
    for i in range(2, layers + 1):
        params[f"W{i}"], params[f"b{i}"] = np.eye(H), rng.uniform(0.5, 1.5, H)
    params[f"W{layers + 1}"], params[f"b{layers + 1}"] = np.eye(H, C), rng.uniform(1.5, 2.5, C)
    return params, x, x[:, :H], 0.7 * x[:, 1 : H + 1]


def _hidden(f, params, x, p, rng, **mode):
    """What the last hidden layer put out, read off the scores; `Unmeasurable` if the scores were dropped."""
    given = ({k: v.copy() for k, v in params.items()}, x.copy())
    bias, H = params[f"b{len(params) // 2}"], params["W1"].shape[1]
    shape = (len(x), len(bias))
    scores = measurable("scores", unpack(f.mlp_forward(*given, p, rng, **mode), "scores", "cache")[0], shape)
    if not np.allclose(scores[:, H:], bias[H:], rtol=0, atol=1e-9):
        share = percent((scores[:, H:] == 0).mean())
        raise Unmeasurable(
            f"the scores are changed: {share} of those that no hidden unit reaches are 0 where their"
            " bias is right."
            " Dropout stays between the layers; the scores are left alone.",
            "scores",
        )
    return scores[:, :H] - bias[:H]


def _fits(h, *options):
    """For each option, where h has that value; None if some entry of h has none of them."""
    where = [np.abs(h - option) <= 1e-9 * (1 + np.abs(h)) for option in options]
    return where if np.any(where, axis=0).all() else None


def _rates(h, a, b, bias, rates):
    """((input rate, hidden rate), share of inputs dropped, share of units dropped) that explain h; None if none do."""
    for p_in, p_hidden in product((0.0, *rates), repeat=2):
        s, t = _scale(p_in), _scale(p_hidden)
        sums = [s * (a + b)] + ([s * a, s * b, 0 * a] if p_in else [])
        where = _fits(h, *(t * (v + bias) for v in sums), *([0 * h] if p_hidden else []))
        if where and (p_hidden == 0 or where[-1].any()) and (p_in == 0 or where[2].any()):
            units = float(where[-1].mean()) if p_hidden else 0.0
            alive = ~where[-1] if p_hidden else np.ones(h.shape, bool)
            inputs = float((where[2] | where[3])[alive].mean()) if p_in else 0.0
            shared = bool(p_in and (where[2] == where[2][:1]).all() and p_hidden == 0)
            return (p_in, p_hidden), inputs, units, shared
    return None


def _odd(h, a, b, bias, p):
    """(what was seen, a sentence) for ways of dropping that leave a unit with its bias."""
    for scale, how in ((1.0, "unscaled"), (_scale(p), "scaled")):
        where = _fits(h, scale * (a + b) + bias, 0 * h + bias)
        if where and where[1].any():
            rows = "the same for all samples" if (where[1] == where[1][:1]).all() else "each sample its own"
            return f"its bias, {how}, {rows}", (
                "a dropped unit puts out its bias instead of 0. Dropout comes after the activation, bias included."
            )
    return None


@probe("mlp_dropout")
def mlp_dropout(f, rng):
    yield from while_measurable(_network, f, rng)


def _network(f, rng):
    rng = coins(rng)
    at, g = _drawn(rng), coins(rng)
    yield from _plain(f, rng, g, at)
    one = _one_rate(f, rng, g, at)
    yield one
    two = one if isinstance(one.seen, str) else _two_rates(f, rng, g, at)  # what is odd is odd with a pair as well
    if two is not one:
        yield two
    readable_rates = one.ok and two.ok
    if readable_rates:
        yield from _more_layers(f, rng, g, at)
        yield from _randomness(f, rng, at)
        yield from _handed_on(f, rng)
    if not isinstance(one.seen, str):
        yield from _gradients(f, rng, at)
    params, x, *_ = _revealing(rng, 1, at)
    given = {k: v.copy() for k, v in params.items()}, x.copy()
    f.mlp_forward(*given, at.pair, g)
    yield untouched("x", x, given[1])
    changed = [k for k, v in params.items() if not np.array_equal(v, given[0].get(k))]
    yield Aspect(
        "params untouched",
        " ".join(changed),
        not changed,
        f"it changed {' and '.join(changed)} in place. Only the optimiser changes parameters.",
        contract=True,
    )


def _plain(f, rng, g, at):
    """Without dropout, and at test time, it is the network of lesson 03."""
    params, x, a, b = _revealing(rng, 1, at)
    want = np.zeros((at.N, at.C))
    want[:, : at.H] = a + b + params["b1"]
    want += params["b2"]
    once, again = (
        unpack(f.mlp_forward(params, x.copy(), at.pair, g, train=False), "scores", "cache")[0] for _ in range(2)
    )
    if np.array_equal(once, again):
        yield value("scores at test time", once, want, meaning="With train=False it is the network without dropout.")
    else:
        say = "with train=False two calls on one x give different scores: units are still dropped."
        yield Aspect("scores at test time", "random", False, say)
    scores = unpack(f.mlp_forward(params, x.copy(), 0.0, g), "scores", "cache")[0]
    yield value("scores at p = 0", scores, want, meaning="At p = 0 it is the network without dropout.")
    _, broke = result_or_broke(lambda: f.mlp_forward(params, x.copy(), at.one, None, train=False))
    yield Aspect(
        "no generator at test time",
        bool(broke),
        not broke,
        "with train=False it needs a generator. Nothing is random then: hand `train` on.",
    )


def _one_rate(f, rng, g, at):
    """One rate is for the hidden layers; the inputs stay."""
    params, x, a, b = _revealing(rng, 1, at)
    h = _hidden(f, params, x, at.one, g)
    return _judged("one rate", at.one, h, a, b, params["b1"], (at.one,), (0.0, at.one))


def _two_rates(f, rng, g, at):
    """A pair is the input rate and the hidden rate."""
    params, x, a, b = _revealing(rng, 1, at)
    h, broke = result_or_broke(lambda: _hidden(f, params, x, at.pair, g))
    if broke:
        say = f"with p = {at.pair} {broke.say()} A pair is the input rate and the hidden rate; `rates(p)` gives both."
        return Aspect("a pair of rates", "raises", False, say)
    return _judged("a pair of rates", at.pair, h, a, b, params["b1"], at.pair, at.pair)


def _judged(aspect, p, h, a, b, bias, rates, want):
    """An aspect on the rates that the scores tell: the scale has to fit and the share dropped to be possible."""
    return replace(_seen(f"p = {p}", h, a, b, bias, rates, want), name=aspect)


def _seen(name, h, a, b, bias, rates, want):
    if odd := _odd(h, a, b, bias, rates[-1]):
        return Aspect(name, odd[0], False, f"with {name}, {odd[1]}")
    found = _rates(h, a, b, bias, rates)
    if found is None:
        return Aspect(
            name,
            "no mask",
            False,
            f"with {name}, the scores fit no mask of 0 and 1 / (1 - p) on inputs"
            " or hidden units."
            ' Does check("dropout_forward") pass? Is its output what the next layer gets?',
        )
    rate, inputs, units, shared = found
    if units and not shared and ((h == 0) == (h == 0)[:1]).all():
        return Aspect(
            name,
            "one mask",
            False,
            f"with {name}, all samples lose the same units. Every sample has a mask of its own.",
        )
    if shared:
        return Aspect(
            name,
            "weights",
            False,
            f"with {name}, each unit lacks the same inputs for all samples: single weights were dropped, not outputs.",
        )
    ok = rate == want and abs(units - want[1]) <= coin_bound(h.size, want[1] or 0.5)
    ok = ok and abs(inputs - want[0]) <= coin_bound(int(h.size * (1 - units)) or 1, want[0] or 0.5)
    say = (
        f"with {name}, {percent(inputs)} of the inputs and {percent(units)} of the hidden units are dropped;"
        f" it should be {percent(want[0])} and {percent(want[1])}."
    )
    return Aspect(name, rate, ok, say)


def _more_layers(f, rng, g, at):
    """Every hidden layer is dropped, each with coins of its own."""
    p = at.one
    params, x, a, b = _revealing(rng, 2, at)
    h = _hidden(f, params, x, p, g)
    first, second = a + b + params["b1"], params["b2"]
    seen, say = "no mask", "with two hidden layers the scores fit no pair of masks."
    for p1, p2 in product((0.0, p), repeat=2):
        s, t = _scale(p1), _scale(p2)
        where = _fits(h, t * (s * first + second), *([t * second + 0 * h] if p1 else []), *([0 * h] if p2 else []))
        if where:
            alive = where[0] | where[1] if p1 else where[0]
            share = float(where[1][alive].mean()) if p1 else 0.0
            if p1 and share == 0:
                seen, say = (
                    "the same mask twice",
                    ("two hidden layers of one width lose the same units. Each layer draws coins of its own."),
                )
            else:
                seen = (p1, p2)
                say = (
                    f"of two hidden layers, the first is dropped at rate {p1:g} and the second at {p2:g}; both"
                    f" should be at {p}."
                )
                if seen == (p, p) and abs(share - p) > coin_bound(np.count_nonzero(alive), p):
                    seen, say = (
                        "masks that hang together",
                        (
                            f"of the units that the second layer keeps, the first"
                            f" dropped {percent(share)}; its coins should not know."
                        ),
                    )
            break
    yield Aspect("two hidden layers", seen, seen == (p, p), say)


def _randomness(f, rng, at):
    """New coins in every call, from the generator passed in."""
    p = at.one
    params, x, *_ = _revealing(rng, 1, at)
    seed = int(rng.integers(2**63))
    g = np.random.default_rng(seed)
    first, second = (_hidden(f, params, x, p, g) for _ in range(2))
    again = _hidden(f, params, x, p, np.random.default_rng(seed))
    fresh = not np.array_equal(first == 0, second == 0)
    yield Aspect(
        "fresh masks",
        fresh,
        fresh,
        "two calls in a row drop the same units. Every mini-batch needs new coins: hand `rng` on as it is.",
    )
    repeats = np.array_equal(first, again)
    if fresh:
        yield Aspect(
            "masks from rng",
            repeats,
            repeats,
            "the same generator state gave different scores. All coins have to come from the `rng` passed in.",
        )


def _handed_on(f, rng):
    """What `loss_and_grads` hands on: p as a number and as a pair, the generator, and whether this is training.

    One sample of three inputs and three hidden units has so few masks that all losses can be known; of 97 samples, no
    two that are alike, equal losses are those of equal masks.
    """
    params = {
        "W1": rng.uniform(0.3, 1.2, (3, 3)),
        "b1": rng.uniform(0.2, 0.6, 3),
        "W2": rng.normal(size=(3, 3)),
        "b2": rng.normal(size=3),
    }
    x, y, p = rng.uniform(0.4, 1.5, (97, 3)), rng.integers(0, 3, 97), middle(rng)
    pair = (rate(rng, 0.3, 0.6), rate(rng, 0.3, 0.6))

    def run(p, generator, n=1, **mode):
        given = {k: v.copy() for k, v in params.items()}, x[:n].copy(), y[:n].copy()
        return np.asarray(unpack(f.loss_and_grads(*given, p, generator, **mode), "loss", "grads")[0], float)

    wrong = {}
    for at, kind in ((p, "a rate"), (pair, "a pair")):
        known = _losses(params, x[:1], y, at)
        if not all(np.isclose(known, run(at, coins(rng)), rtol=0, atol=1e-9).any() for _ in range(4)):
            wrong[kind] = f"with p = {at} the loss is that of no mask: hand p on as it is"
        tested, broke = result_or_broke(lambda at=at: run(at, None, train=False))
        if broke or not np.allclose(tested, _losses(params, x[:1], y, 0.0), rtol=0, atol=1e-9):
            wrong["train"] = "with train=False the loss is not that of the network without dropout"
    seed = int(rng.integers(2**63))
    first, again, other = (run(p, np.random.default_rng(s), n=len(x)) for s in (seed, seed, seed ^ 1))
    if first == other:
        wrong["rng"] = "two generators give the same loss: hand `rng` on as it is"
    elif first != again:
        wrong["rng, own"] = "the same generator state gives two losses: hand `rng` on as it is"
    say = f"in `loss_and_grads`, {'; '.join(wrong.values())}."
    yield Aspect("handed on", " and ".join(wrong), not wrong, say)


def _losses(params, x, y, p):
    """The losses of one sample under every mask of its inputs and of its hidden units."""
    p_in, p_hidden = p if isinstance(p, tuple) else (0.0, p)
    masks = np.array(list(product([0, 1], repeat=3)))
    inputs = masks * _scale(p_in) if p_in else np.ones((1, 3))
    hidden = masks * _scale(p_hidden) if p_hidden else np.ones((1, 3))
    h = np.einsum("md,dh->mh", inputs * x, params["W1"]) + params["b1"]
    scores = np.einsum("mkh,hc->mkc", h[:, None] * hidden, params["W2"]) + params["b2"]
    return (np.log(np.exp(scores).sum(axis=-1)) - scores[..., y[0]]).ravel()


def _gradients(f, rng, at):
    """With the masks frozen, each gradient against central differences along two random directions: relative error
    below 1e-7.

    No kink is near: what reaches a hidden unit is below 2 in size whatever the masks, and its bias is 2.5 or -2.5. Two
    units of each hidden layer are below 0, and there are so many others and samples that some path stays open.
    """
    sizes, p = (4, 6, 5, 3), at.pair
    largest = (1.0 * _scale(p[0]), 4.5 * _scale(p[1]), 4.5 * _scale(p[1]))  # what a layer is given
    params = {}
    for i, ((d, h), most) in enumerate(zip(pairwise(sizes), largest, strict=True), start=1):
        params[f"W{i}"] = rng.uniform(-1, 1, (d, h)) * 2 / (most * d)
        params[f"b{i}"] = rng.permutation(np.where(np.arange(h) < 2, -2.5, 2.5)) if i < 3 else rng.normal(size=h)
    params["W3"] *= sizes[2]  # no kink above
    x, y, seed = rng.uniform(-1, 1, (29, 4)), rng.integers(0, 3, 29), int(rng.integers(2**63))

    def run(**changed):
        copies = {k: v.copy() for k, v in {**params, **changed}.items()}
        return unpack(f.loss_and_grads(copies, x.copy(), y, p, np.random.default_rng(seed)), "loss", "grads")

    loss, grads = run()
    if not np.all(np.isfinite(loss)):
        yield Aspect(
            "loss",
            "not finite",
            False,
            "the loss in training is nan or infinite. Dropped probabilities"
            " are 0, and log 0 is infinite: only inputs and hidden units are dropped.",
        )
        return
    if run()[0] != loss:
        yield Aspect(
            "frozen masks",
            False,
            False,
            "the same generator state gave two losses, so no gradient can be"
            " checked. All coins have to come from `rng`.",
        )
        return
    if not isinstance(grads, dict) or any(np.shape(grads.get(k)) != v.shape for k, v in params.items()):
        yield Aspect(
            "gradients", "shapes", False, "grads is no dictionary with an array for each of params, in its shape."
        )
        return
    errors = {k: max(_error(run, k, v, grads[k], rng) for _ in range(2)) for k, v in params.items()}
    wrong = [k for k, error in errors.items() if not error < 1e-7]
    right = [k for k in params if k not in wrong]
    say = (
        f"with the masks frozen, the gradients of {', '.join(wrong)} differ from central differences (relative"
        f" error {max(errors.values()):.1g})"
        f"{', those of ' + ', '.join(right) + ' agree' if right else ''}."
    )
    yield Aspect("gradients", " ".join(wrong), not wrong, say)
    if wrong and set(right) == {"W3", "b3"}:
        yield from _through_dropout(f, rng, at.one)


def _through_dropout(f, rng, p):
    """For words, where gradients are wrong below the scores: what the last hidden layer's dropout did to one sample.

    Of one sample, dW3 is the outer product of h and db3: its rows of zeros tell which units were dropped.
    """
    sizes = (4, 6, 40, 3)
    params = {}
    for i, (d, h) in enumerate(pairwise(sizes), start=1):
        params[f"W{i}"], params[f"b{i}"] = rng.uniform(0.1, 0.5, (d, h)), rng.uniform(0.5, 1.5, h)
    grads = f.loss_and_grads(params, rng.uniform(0.5, 1.5, (1, 4)), np.array([1]), p, coins(rng))[1]
    off = (np.asarray(grads["W3"]) == 0).all(axis=1)
    factor = np.asarray(grads["b2"]) / (params["W3"] @ np.asarray(grads["b3"]))
    dropped, kept = ((float(v.min()), float(v.max())) if v.size else (0.0, 0.0) for v in (factor[off], factor[~off]))
    say = (
        f"through dropout, the gradient of dropped units is multiplied by {between(*dropped)} and that of kept"
        " units by"
        f" {between(*kept)}; it should be 0 and {times(_scale(p))}."
    )
    ok = dropped == (0.0, 0.0) and np.allclose(kept, _scale(p))
    yield Aspect("gradient through dropout", dropped + kept, ok, say, near=1e-5)


def _error(run, name, array, grad, rng, step=1e-5):
    """The slope along a random direction of length 1, claimed against measured, relative to the length of the gradient.

    What rounding of the two losses can do to the measured slope is taken off. Twice: P(a gradient that is wrong by 30%
    looks right) < 1e-11.
    """
    direction = rng.normal(size=array.shape)
    direction /= np.linalg.norm(direction)
    losses = [run(**{name: array + sign * step * direction})[0] for sign in (1, -1)]
    measured, claimed = (losses[0] - losses[1]) / (2 * step), float((np.asarray(grad) * direction).sum())
    rounding = 16 * np.finfo(float).eps * max(abs(losses[0]), 1.0) / step
    return max(abs(measured - claimed) - rounding, 0.0) / max(float(np.linalg.norm(grad)) + abs(measured), 1e-12)
