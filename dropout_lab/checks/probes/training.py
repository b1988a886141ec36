"""Probes of training.py: several steps of a descent written out by hand, and columns of known lengths."""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect, keeps_dtype, untouched, value
from dropout_lab.checks.probes import case, copies, entries, outcome, probe, unpack
from dropout_lab.checks.words import listed, plain, readable

LR, MOMENTUM = 0.2, 0.7
STEPS = ("first", "second", "third")


@case
def _descent_case(rng):
    """Three steps with a new gradient each: every step of a parameter is the sum of all gradients so far, faded."""
    shapes = {"W1": (4, 3), "b1": (3,), "W2": (3, 2)}
    params = {k: rng.normal(size=s) for k, s in shapes.items()}
    grads = [{k: rng.uniform(0.5, 1.5, s) * rng.choice([-1.0, 1.0], s) for k, s in shapes.items()} for _ in STEPS]
    moves = [{k: -LR * sum(MOMENTUM ** (t - s) * grads[s][k] for s in range(t + 1)) for k in shapes} for t in range(3)]
    paths = [{k: params[k] + sum(moves[s][k] for s in range(t + 1)) for k in shapes} for t in range(3)]
    return SimpleNamespace(
        params=params, grads=grads, moves=moves, paths=paths, plain={k: params[k] - LR * grads[0][k] for k in shapes}
    )


@probe("sgd_momentum")
def sgd_momentum(f, rng):
    c = _descent_case(rng)
    params, velocity = copies(c.params), {}
    for t, step in enumerate(STEPS):
        given = [copies(params), copies(c.grads[t]), copies(velocity)]
        new, speed = unpack(f.sgd_momentum(*given, LR, MOMENTUM), "params", "velocity")
        new, speed = entries(new, "`params`", c.params), entries(speed, "`velocity`", c.params)
        for what, got, want in (("params", new, c.paths[t]), ("velocity", speed, c.moves[t])):
            before = f"`{what}` after the {STEPS[t - 1]} step" if t else ()
            yield all_of(f"`{what}` after the {step} step", got, want, repeats=before)
        if t == 1:
            for what, before, now in zip(
                ("params", "grads", "velocity"), (params, c.grads[t], velocity), given, strict=True
            ):
                yield dictionary_untouched(what, before, now)
        params, velocity = copies(c.paths[t], c.moves[t])  # a wrong step is judged once
    new, _ = unpack(f.sgd_momentum(*copies(c.params, c.grads[0]), {}, LR, 0.0), "params", "velocity")
    yield all_of(
        "`params` with momentum 0", entries(new, "`params`", c.params), c.plain, repeats="`params` after the first step"
    )
    small = [{k: v.astype(np.float32) for k, v in d.items()} for d in (c.paths[0], c.grads[1], c.moves[0])]
    new, speed = unpack(f.sgd_momentum(*small, LR, MOMENTUM), "params", "velocity")
    for what, arrays in (("params", new), ("velocity", speed)):
        yield keeps_dtype(f"{what}['W1']", entries(arrays, f"`{what}`", c.params)["W1"], np.float32)


def all_of(name, got, want, tolerance=1e-9, repeats=()):
    """One aspect for a dictionary of arrays: all of them are seen, and the first that is wrong is spoken of."""
    arrays = {k: plain(got[k]) for k in want}
    fits = all(readable(arrays[k]) and arrays[k].shape == want[k].shape for k in want)
    parts = {k: value(k, got[k], want[k], tolerance) for k in want}
    wrong = [k for k, part in parts.items() if not part.ok]
    if not wrong:
        return Aspect(name, RIGHT, True, "", repeats=repeats)
    if fits:
        seen = np.concatenate([(part.seen if not part.ok else want[k]).ravel() for k, part in parts.items()])
    else:
        seen = "; ".join(part.seen if isinstance(part.seen, str) else str(part.seen.shape) for part in parts.values())
    which = "" if len(wrong) == len(want) else f"{listed(wrong)} {'is' if len(wrong) == 1 else 'are'} wrong. "
    return Aspect(name, seen, False, f"{name}: {which}{parts[wrong[0]].say}", repeats=repeats)


def dictionary_untouched(what, before, now):
    """An aspect that is met when a dictionary that was passed in has the entries, and the arrays, that it had."""
    changed = [k for k in {**before, **now} if k not in now or k not in before or not np.array_equal(before[k], now[k])]
    say = f"it changed `{what}` ({', '.join(map(repr, changed))}) in place. Return new dictionaries of new arrays."
    return Aspect(f"{what} untouched", bool(changed), not changed, say, contract=True)


@case
def _lengths_case(rng):
    """Columns of length 0, 0.6, 1.2, 3 and 5, with a limit of 1.5; every row and the whole are longer than that."""
    directions = rng.uniform(0.5, 1.5, (4, 5)) * rng.choice([-1.0, 1.0], (4, 5))
    directions = directions / np.array([sum(v * v for v in column) ** 0.5 for column in directions.T])
    lengths = np.array([0.0, 0.6, 1.2, 3.0, 5.0])
    return SimpleNamespace(
        w=directions * lengths,
        right=directions * np.array([0.0, 0.6, 1.2, 1.5, 1.5]),
        wide=directions * np.array([0.0, 0.6, 1.2, 3.0, 4.0]),
        limit=1.5,
    )


@probe("max_norm")
def max_norm(f, rng):
    c = _lengths_case(rng)
    given = c.w.copy()
    got = f.max_norm(given, c.limit)
    w = plain(got)
    if not readable(w) or w.shape != c.w.shape:
        yield value("w", got, c.right)
        return
    parts = (
        (
            "`w` in columns longer than the limit",
            slice(3, 5),
            "Their length should be the limit, their direction what it was.",
        ),
        ("`w` in columns shorter than the limit", slice(1, 3), "They are to stay as they are."),
        ("`w` in a column of zeros", slice(0, 1), "Its length is 0; nothing is to be divided by it."),
    )
    for name, part, meaning in parts:
        yield value(name, w[:, part], c.right[:, part], meaning=meaning)
    yield value("`w` with limit 4", outcome(lambda: f.max_norm(c.w.copy(), 4.0)), c.wide, repeats=parts[0][0])
    yield untouched("w", c.w, given)
    yield keeps_dtype("w", outcome(lambda: f.max_norm(c.w.astype(np.float32), c.limit)), np.float32)
