"""Probes of training.py: descents written out by hand, and columns of known lengths."""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect, keeps_dtype, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import case, copies, entries, outcome, probe, unpack
from dropout_lab.checks.probes.duties import FLOAT32, all_of, dictionary_untouched, in_float32, kept, ordinary
from dropout_lab.checks.probes.layers import as_views, sizes
from dropout_lab.checks.words import bare_array, number, readable, same

STEPS = ("first", "second", "third", "fourth")


def _signed(rng, shape):
    """Entries of 0.5 to 1.5 in size, of either sign."""
    return np.array(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def _descent(rng, shapes, rates, momentum):
    """Steps with a new gradient each: every step of a parameter is the sum of all gradients so far, faded."""
    params = {k: rng.normal(size=s) for k, s in shapes.items()}
    grads = [{k: _signed(rng, s) for k, s in shapes.items()} for _ in rates]
    moves = [
        {k: -sum(momentum ** (t - s) * rates[s] * grads[s][k] for s in range(t + 1)) for k in shapes}
        for t in range(len(rates))
    ]
    paths = [{k: params[k] + sum(moves[s][k] for s in range(t + 1)) for k in shapes} for t in range(len(rates))]
    return SimpleNamespace(params=params, grads=grads, moves=moves, paths=paths, rates=rates, momentum=momentum)


NAMES = ("W1", "b1", "W2", "b2", "kernel", "scale")


@case
def _descent_case(rng):
    """Parameters of several names and numbers of axes; the learning rate falls before the last step.

    One gradient is 0 for a whole array in the second step: momentum alone moves that array then.
    """
    n, m, k = sizes(rng, 3, low=2, high=5)
    names = [NAMES[i] for i in rng.permutation(len(NAMES))[:4]]
    shapes = dict(zip(names, ((n, m), (m,), (2, k, 1), (1, n)), strict=True))
    rate, momentum = float(rng.uniform(0.05, 0.4)), float(rng.uniform(0.3, 0.95))
    rates = (rate, rate, rate, rate * float(rng.uniform(0.2, 0.6)))
    main, other = (_descent(rng, shapes, rates, momentum) for _ in range(2))
    still = _descent(rng, {names[0]: (n, m), names[1]: (1,)}, (rate, rate), momentum)
    still.grads[1] = {k: np.zeros(g.shape) for k, g in still.grads[1].items()}
    still.moves[1] = {k: momentum * v for k, v in still.moves[0].items()}
    still.paths[1] = {k: v + still.moves[1][k] for k, v in still.paths[0].items()}
    return SimpleNamespace(
        main=main,
        other=other,
        still=still,
        plain={k: v - rate * main.grads[0][k] for k, v in main.params.items()},
        rate=rate,
        momentum=momentum,
    )


@probe("sgd_momentum")
def sgd_momentum(f, rng):
    c = _descent_case(rng)
    main = c.main

    def step(d, t, params, velocity, rate=None, momentum=None, grads=None):
        """The two dictionaries of step t of a descent, from copies of what is passed."""
        rates = d.rates[t] if rate is None else rate, d.momentum if momentum is None else momentum
        given = copies(params, d.grads[t] if grads is None else grads, velocity)
        new, speed = unpack(f.sgd_momentum(*given, *rates), "params", "velocity")
        return entries(new, "`params`", d.params), entries(speed, "`velocity`", d.params), given

    first, decayed = [step(main, 0, main.params, {})[:2] for _ in range(2)], None
    remembers = _remembers(main, *first)
    yield remembers
    decayed = _decayed(main, first[0][0])
    yield decayed
    params, velocity, touched = main.params, {}, []
    for t, which in enumerate(STEPS):
        new, speed, given = step(main, t, params, velocity)
        new, speed = ({k: kept(v) for k, v in d.items()} for d in (new, speed))
        if t < 2:  # before the first step there is no velocity to change
            names, before = ("params", "grads", "velocity"), (params, main.grads[t], velocity)
            found = [dictionary_untouched(*of) for of in zip(names, before, given, strict=True)]
            touched = [a if not a.ok else b for a, b in zip(touched or found, found, strict=True)]
        later = "The learning rate was made smaller before it." if t == 3 else None
        for what, got, want in (("params", new, main.paths[t]), ("velocity", speed, main.moves[t])):
            meaning = _rate_taken(main, new) if t == 0 and what == "params" else later
            repeats = (remembers.name, decayed.name, *_values(what, t))
            yield all_of(f"`{what}` after the {which} step", got, want, repeats=repeats, meaning=meaning)
        params, velocity = (new, speed) if _usable(main, new, speed) else (main.paths[t], main.moves[t])
    yield from touched
    yield from _other_steps(c, step, (remembers.name, decayed.name, *_values("params", 2)))
    if all(a.ok for a in touched):
        yield _own_arrays(*step(main, 1, main.paths[0], main.moves[0]))
    yield ordinary("params", new[next(iter(new))])
    small = [{k: v.astype(np.float32) for k, v in d.items()} for d in (main.paths[0], main.moves[0], main.grads[1])]
    got = outcome(lambda: step(main, 1, small[0], small[1], grads=small[2]))
    for i, (what, want) in enumerate((("params", main.paths[1]), ("velocity", main.moves[1]))):
        arrays = got if isinstance(got, Broke) else got[i]
        yield from _in_float32(what, arrays, want, repeats=(remembers.name, decayed.name, *_values(what, 2)))


def _values(what, steps):
    """The names of the aspects of the first steps."""
    return tuple(f"`{what}` after the {which} step" for which in STEPS[:steps])


def _usable(descent, *results):
    """Whether the next step can go on from there: arrays in the shapes of the parameters."""
    arrays = [(bare_array(d[k]), w) for d in results for k, w in descent.params.items()]
    return all(readable(a) and a.shape == w.shape and np.isfinite(a).all() for a, w in arrays)


def _rate_taken(d, new):
    """A sentence on the learning rate that the first step was made with, if it was one number for all entries."""
    taken = [(d.params[k] - bare_array(new[k])) / d.grads[0][k] for k in d.params if _usable(d, new)]
    rates = np.concatenate([rate.ravel() for rate in taken]) if taken else np.zeros(1)
    if not rates.any() or np.ptp(rates) > 1e-9 * np.abs(rates).max() or number(rates[0]) == number(d.rates[0]):
        return None
    return f"It was made with {number(rates[0])} times the gradient; lr is {number(d.rates[0])}."


def _remembers(d, first, again):
    """An aspect that is met when a second descent starts from rest, however many there were before.

    What shows the memory holds whatever was remembered before: the second velocity is the first, faded, and the step.
    """
    (_, before), (_, now) = first, again
    name = "a second descent from {}"
    same_again = all(same(now[k], before[k]) for k in d.params)
    if same_again or not _usable(d, before, now):
        return Aspect(name, RIGHT, True, "")
    carried = all(
        same(bare_array(now[k]), d.momentum * bare_array(before[k]) - d.rates[0] * d.grads[0][k], 1e-6)
        for k in d.params
    )
    say = (
        "a second descent, started from {} with the same gradient, does not make the first step of the first"
        f"{': it goes on with the velocity of before' if carried else ''}. What a step has to know of the one before"
        " comes in through `velocity`."
    )
    return Aspect(name, "remembered" if carried else "another step", False, say)


def _decayed(d, new):
    """An aspect that is met when the first step does not take off a part of the parameters themselves."""
    name, shares = "the parameters in the step", []
    for k, w in d.params.items():
        got = bare_array(new[k])
        if not readable(got) or got.shape != w.shape:
            return Aspect(name, RIGHT, True, "")
        off = d.paths[0][k] - got
        share = float((off * w).sum() / (w * w).sum())
        if np.abs(off - share * w).max() > 1e-9:
            return Aspect(name, RIGHT, True, "")
        shares.append(share)
    taken = [share for share in shares if abs(share) > 1e-8]
    if not taken or max(taken) - min(taken) > 1e-6 * abs(max(taken)) or not 0 < taken[0] < 0.9:
        return Aspect(name, RIGHT, True, "")
    whose = "every parameter" if len(taken) == len(shares) else "some of the parameters"
    say = f"beside lr times the gradient, the first step takes {number(taken[0])} times the old value off {whose}."
    return Aspect(name, "decayed", False, say)


def _other_steps(c, step, repeats):
    """Without momentum, without a learning rate, without a gradient, and two descents in turn."""
    main, other, still = c.main, c.other, c.still
    name = "`params` of two descents in turn"
    meaning = "Each goes on from the `velocity` that is passed in with it, and from no other."
    got = outcome(lambda: _in_turn(main, other, step))
    yield all_of(name, got, main.paths[1], repeats=repeats, meaning=meaning)
    repeats = (name, *repeats)
    new = outcome(lambda: step(main, 0, main.params, {}, momentum=0.0)[0])
    yield all_of("`params` with momentum 0", new, c.plain, repeats=repeats)
    new = outcome(lambda: step(main, 1, main.paths[0], main.moves[0], momentum=0.0)[0])
    want = {k: v - main.rates[1] * main.grads[1][k] for k, v in main.paths[0].items()}
    yield all_of("`params` with momentum 0 later on", new, want, repeats=repeats)
    new = outcome(lambda: step(main, 1, main.paths[0], main.moves[0], rate=0.0)[0])
    want = {k: v + main.momentum * main.moves[0][k] for k, v in main.paths[0].items()}
    meaning = "The velocity of before still moves them."
    yield all_of("`params` with lr 0", new, want, repeats=repeats, meaning=meaning)
    new = outcome(lambda: step(still, 1, still.paths[0], still.moves[0])[0])
    yield all_of("`params` where the gradient is 0", new, still.paths[1], repeats=repeats, meaning=meaning)


def _in_turn(main, other, step):
    """The second step of one descent, after a first step of another."""
    params, velocity, _ = step(main, 0, main.params, {})
    step(other, 0, other.params, {})
    return step(main, 1, params, velocity)[0]


def _own_arrays(new, speed, given):
    """An aspect that is met when no array that is returned shares its memory with another, or with one passed in."""
    noted = [{k: kept(v) for k, v in d.items()} for d in (new, speed)]
    for d in given:
        for k in d:
            d[k] += 1.0
    shared = [
        what for what, d, was in zip(("params", "velocity"), (new, speed), noted, strict=True) if not _still(d, was)
    ]
    for k in new if _writable(new) else ():
        new[k] += 1.0
    if not shared and not _still(speed, noted[1]):
        shared = ["velocity"]
    say = (
        f"the arrays of the new {' and '.join(f'`{what}`' for what in shared)} are shared with others: what is later"
        " written into those changes these. Return new arrays."
    )
    return Aspect("arrays of their own", " ".join(shared), not shared, say, contract=True)


def _writable(d):
    return all(type(v) is np.ndarray and v.flags.writeable for v in d.values())


def _still(d, noted):
    return all(
        not readable(bare_array(v)) or np.array_equal(bare_array(v), bare_array(noted[k]), equal_nan=True)
        for k, v in d.items()
    )


def _in_float32(what, arrays, want, repeats):
    """Values and dtype of a dictionary that came back for float32 arrays."""
    values = all_of(f"`{what}` in float32", arrays, want, FLOAT32, repeats=repeats)
    yield values
    if values.ok:
        other = next((k for k in want if bare_array(arrays[k]).dtype != np.float32), next(iter(want)))
        yield keeps_dtype(what, arrays[other], np.float32)


@case
def _lengths_case(rng):
    """Columns on both sides of the limit, near to it and far, and one of zeros; every row and the whole are longer."""
    d, _ = sizes(rng, 2, low=4)
    limit = float(rng.uniform(1.2, 3.0))
    shares = np.array([0.0, 0.2, 0.5, 0.98, 1.02, 1.9, 3.5])
    order = rng.permutation(shares.size)
    directions = _signed(rng, (d, shares.size))
    directions = directions / np.array([sum(v * v for v in column) ** 0.5 for column in directions.T])
    lengths = (limit * shares)[order]

    def limited(at):
        return directions * np.minimum(lengths, at)

    return SimpleNamespace(
        w=directions * lengths,
        right=limited(limit),
        limit=limit,
        lengths=lengths,
        parts={
            "`w` in columns longer than the limit": lengths > limit,
            "`w` in columns shorter than the limit": (lengths > 0) & (lengths < limit),
            "`w` in a column of zeros": lengths == 0,
        },
        other=(float(limit * 1.5), limited(limit * 1.5)),
        whole=(3, limited(3)),
        loose=float(limit * 4),
        single=(directions[:, :1] * 2 * limit, directions[:, :1] * limit),
        row=(np.array([[2.0, -0.5, 0.0, -3.0]]) * limit, np.array([[1.0, -0.5, 0.0, -1.0]]) * limit),
    )


MEANINGS = (
    "Their length should be the limit, their direction what it was.",
    "They are to stay as they are.",
    "Its length is 0; nothing is to be divided by it.",
)


@probe("max_norm")
def max_norm(f, rng):
    c = _lengths_case(rng)
    given = c.w.copy()
    got = f.max_norm(given, c.limit)
    noted, touched = kept(got), untouched("w", c.w, given)
    w = bare_array(noted)
    if not readable(w) or w.shape != c.w.shape:
        yield value("w", got, c.right)
        return
    padded, slack = _padded_length(c, w)
    yield padded
    for (name, part), meaning in zip(c.parts.items(), MEANINGS, strict=True):
        yield value(name, w[:, part], c.right[:, part], max(1e-9, slack), meaning=meaning)

    def limited(array, limit):
        return outcome(lambda: f.max_norm(array, limit))

    repeats = (padded.name, *c.parts)
    for name, array, limit, right in (
        ("`w` with another limit", c.w, *c.other),
        ("`w` with a whole number as limit", c.w, *c.whole),
        ("`w` with a limit above all lengths", c.w, c.loose, c.w),
        ("`w` of a single column", c.single[0], c.limit, c.single[1]),
        ("`w` of a single row", c.row[0], c.limit, c.row[1]),
    ):
        yield value(name, limited(array.copy(), limit), right, max(1e-9, slack), repeats=repeats)
    yield value("`w` of a view", limited(as_views(c.w)[0], c.limit), c.right, max(1e-9, slack), repeats=repeats)
    yield touched
    yield ordinary("w", got)
    if touched.ok:
        yield _own_array(f, c)
    yield from in_float32("w", limited(c.w.astype(np.float32), c.limit), c.right, repeats)


def _padded_length(c, w):
    """(aspect, how much it explains): whether a small number was added to the lengths before dividing by them."""
    name, long = "the lengths that were divided by", c.lengths > c.limit
    now = np.sqrt((w[:, long] ** 2).sum(axis=0))
    divisor = c.lengths[long] * c.limit / now
    for what, added in (("lengths", divisor - c.lengths[long]), ("squared lengths", divisor**2 - c.lengths[long] ** 2)):
        small = float(added.mean())
        if 5e-10 < small < 1e-2 and np.abs(added - small).max() < 1e-3 * small + 1e-14:
            say = f"long columns end up short of the limit, as if {small:.1g} had been added to their {what}."
            return Aspect(name, "a small number was added", False, say), 2 * small
    return Aspect(name, RIGHT, True, ""), 0.0


def _own_array(f, c):
    """An aspect that is met when the array that is returned is not the one passed in, nor a view of it."""
    given = c.w.copy()
    got = outcome(lambda: f.max_norm(given, c.loose))
    noted = kept(got)
    given += 1.0
    shared = type(got) is np.ndarray and not np.array_equal(got, noted, equal_nan=True)
    say = (
        "where no column is too long it returns the array that was passed in: what is later written into one changes"
        " the other. Return a new array."
    )
    return Aspect("an array of its own", shared, not shared, say, contract=True)
