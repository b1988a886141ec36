"""Probes of layers.py. What is right comes from definitions (sums, logarithms, the complex step), not from formulas."""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import case, copies, float32, outcome, probe, unpack
from dropout_lab.checks.probes.duties import (
    FLOAT32,
    all_of,
    in_float32,
    kept,
    ordinary,
    own_cache,
    repeatable,
    stays,
    whole_numbers,
)
from dropout_lab.checks.words import bare_array, number, readable, same

LARGER = (257, 271, 289, 303, 321, 335)  # numbers of samples: more than a byte counts, no multiple of a block


def sizes(rng, count, low=2, high=9):
    """So many different sizes, so that no transposed product fits by accident."""
    return tuple(int(size) for size in rng.permutation(np.arange(low, high + 1))[:count])


def as_views(*arrays):
    """The same numbers in another order of memory: columns first, and of a vector every other entry of a longer one."""
    return [a.T.copy().T if a.ndim > 1 else np.repeat(a, 2)[::2] for a in arrays]


def _affine(x, w, b):
    """The definition; each argument may be a stack."""
    return np.matmul(x, w) + b[..., None, :]


def _affine_batch(rng, n, d, h, dout=None):
    """Inputs and the slopes of the weighted sum of outputs, by the complex step.

    A sample's outputs hang on its own x alone, and a unit's on its own weights: all of them are nudged at once.
    """
    x, w, b = (rng.normal(size=shape) for shape in ((n, d), (d, h), (h,)))
    dout = rng.normal(size=(n, h)) if dout is None else dout
    nudges = 1e-200j * np.eye(d)[:, None]

    def slope(axis, x=x, w=w, b=b):
        return (dout * _affine(x, w, b)).imag.sum(axis=axis) / 1e-200

    right = {
        "dx": slope(-1, x=x + nudges).T,
        "dw": slope(-2, w=w + nudges.transpose(0, 2, 1)),
        "db": slope(-2, b=b + 1e-200j),
    }
    return SimpleNamespace(x=x, w=w, b=b, dout=dout, out=_affine(x, w, b), right=right)


@case
def _affine_case(rng):
    """Three batches of one shape and one dout, and others in which one size is 1, or large."""
    n, d, h = sizes(rng, 3)
    others = {
        " of a single sample": (1, d, h),
        " of a single unit": (n, d, 1),
        " of a single input": (n, 1, h),
        " of a larger batch": (int(rng.choice(LARGER)), d, h),
        " of a wide layer": (n, *(int(size) for size in rng.integers((65, 130), (80, 150)))),
    }
    dout = rng.normal(size=(n, h))
    batches = [_affine_batch(rng, n, d, h, dout) for _ in range(3)]
    pixels = rng.integers(50, 250, (n, d), dtype=np.uint8)
    return SimpleNamespace(
        batches=batches,
        others={name: _affine_batch(rng, *shape) for name, shape in others.items()},
        pixels=pixels,
        out_of_pixels=_affine(pixels, batches[0].w, batches[0].b),
    )


@probe("affine_forward")
def affine_forward(f, rng):
    c = _affine_case(rng)
    batch = c.batches[0]

    def out(*arrays):
        return outcome(lambda: unpack(f.affine_forward(*arrays), "out", "cache")[0])

    arguments = copies(batch.x, batch.w, batch.b)
    first, _ = unpack(f.affine_forward(*arguments), "out", "cache")
    noted = kept(first)
    untouched_ones = [untouched(k, getattr(batch, k), now) for k, now in zip("xwb", arguments, strict=True)]
    yield value("out", noted, batch.out)
    for name, b in c.others.items():
        yield value(f"`out`{name}", out(*copies(b.x, b.w, b.b)), b.out, repeats="out")
    yield value("`out` of views", out(*as_views(batch.x, batch.w, batch.b)), batch.out, repeats="out")
    meaning = "Pixels may come as integers; the output may not."
    got = out(*copies(c.pixels, batch.w, batch.b))
    yield whole_numbers("`out` of integer pixels", got, c.out_of_pixels, meaning, repeats="out")
    yield from untouched_ones
    yield ordinary("out", first)
    out(*copies(c.batches[1].x, c.batches[1].w, c.batches[1].b))
    yield stays("`out`", {"out": first}, {"out": noted})
    yield from in_float32("out", out(*float32(batch.x, batch.w, batch.b)), batch.out, repeats="out")


@probe("affine_backward")
def affine_backward(f, rng):
    c = _affine_case(rng)
    batch, names = c.batches[0], ("dx", "dw", "db")

    def forward(b, *arrays):
        return unpack(f.affine_forward(*(arrays or copies(b.x, b.w, b.b))), "out", "cache")[1]

    def backward(dout, cache):
        return dict(zip(names, unpack(f.affine_backward(dout, cache), *names), strict=True))

    arguments, given = copies(batch.x, batch.w, batch.b), batch.dout.copy()
    cache = forward(batch, *arguments)
    first = backward(given, cache)
    noted = {name: kept(grad) for name, grad in first.items()}
    untouched_ones = [untouched("dout", batch.dout, given)]
    untouched_ones += [untouched(k, getattr(batch, k), now) for k, now in zip("xwb", arguments, strict=True)]
    again = outcome(lambda: backward(batch.dout.copy(), cache))
    for name in names:
        meaning = "b is added to every sample of the batch." if name == "db" else None
        yield value(name, noted[name], batch.right[name], meaning=meaning)
    yield from untouched_ones
    yield repeatable(noted, again, repeats=tuple(a.name for a in untouched_ones))
    yield own_cache(
        [lambda b=b: forward(b) for b in c.batches],
        lambda i, cache: backward(c.batches[i].dout.copy(), cache),
        [b.right for b in c.batches],
        repeats=names,
    )
    for name, b in c.others.items():
        got = outcome(lambda b=b: backward(b.dout.copy(), forward(b)))
        yield all_of(f"the gradients{name}", got, b.right, repeats=names)
    *views, dout = as_views(batch.x, batch.w, batch.b, batch.dout)
    got = outcome(lambda: backward(dout, forward(batch, *views)))
    yield all_of("the gradients of views", got, batch.right, repeats=names)
    for name in names:
        yield ordinary(name, first[name])
    outcome(lambda: backward(c.batches[1].dout.copy(), forward(c.batches[1])))
    yield stays("gradients", first, noted)
    small = outcome(lambda: backward(*float32(batch.dout), forward(batch, *float32(batch.x, batch.w, batch.b))))
    for name in names:
        yield from in_float32(name, small if isinstance(small, Broke) else small[name], batch.right[name], repeats=name)


def _relu_batch(rng, n, h, dout=None):
    """Entries of every size and sign and some that are exactly 0, where the slope is taken as 0."""

    def any_size():
        return 10 ** rng.uniform(-3, 2, (n, h)) * rng.choice([-1.0, 1.0], (n, h))

    x, given = any_size(), dout is not None
    dout = dout if given else rng.uniform(0.5, 1.5, (n, h)) * rng.choice([-1.0, 1.0], (n, h))
    flat, above = x.reshape(-1), dout.reshape(-1)
    if flat.size >= 6 and not given:  # every pair of signs, and both beside a 0
        at = rng.permutation(flat.size)[:6]
        flat[at] = 0.7, 0.9, -0.7, -0.9, 0.0, 0.0
        above[at] = 1.1, -1.3, 1.2, -1.4, 0.8, -0.8
    right = np.zeros(x.shape)
    right[x > 0] = dout[x > 0]
    return SimpleNamespace(x=x, dout=dout, out=(np.abs(x) + x) / 2, right={"dx": right})


@case
def _relu_case(rng):
    n, h = sizes(rng, 2, low=4)
    others = {
        " of a single sample": (1, h),
        " of a single unit": (n, 1),
        " of a larger batch": (int(rng.choice(LARGER)), h),
    }
    first = _relu_batch(rng, n, h)
    return SimpleNamespace(
        batches=[first, *(_relu_batch(rng, n, h, first.dout) for _ in range(2))],
        others={name: _relu_batch(rng, *shape) for name, shape in others.items()},
    )


@probe("relu_forward")
def relu_forward(f, rng):
    c = _relu_case(rng)
    batch = c.batches[0]

    def out(x):
        return outcome(lambda: unpack(f.relu_forward(x), "out", "cache")[0])

    given = batch.x.copy()
    first, _ = unpack(f.relu_forward(given), "out", "cache")
    noted, x_untouched = kept(first), untouched("x", batch.x, given)
    yield value("out", noted, batch.out, tolerance=1e-12)
    for name, b in c.others.items():
        yield value(f"`out`{name}", out(b.x.copy()), b.out, tolerance=1e-12, repeats="out")
    yield value("`out` of a view", out(*as_views(batch.x)), batch.out, tolerance=1e-12, repeats="out")
    yield x_untouched
    yield ordinary("out", first)
    out(c.batches[1].x.copy())
    yield stays("`out`", {"out": first}, {"out": noted}, repeats="x untouched")
    yield from in_float32("out", out(*float32(batch.x)), *float32(batch.out), repeats="out", tolerance=1e-9)


PARTS = {
    "`dx` where x > 0": (np.greater, "Where forward passed x on, the gradient passes."),
    "`dx` where x < 0": (np.less, "There the output stays 0 whatever x does."),
    "`dx` where x = 0": (np.equal, "At the kink the slope is taken as 0."),
}


@probe("relu_backward")
def relu_backward(f, rng):
    c = _relu_case(rng)
    batch = c.batches[0]

    def forward(x):
        return unpack(f.relu_forward(x), "out", "cache")[1]

    def backward(dout, cache):
        return {"dx": f.relu_backward(dout, cache)}

    x, given = copies(batch.x, batch.dout)
    cache = forward(x)
    first = backward(given, cache)
    noted = {"dx": kept(first["dx"])}
    untouched_ones = [untouched("dout", batch.dout, given), untouched("x", batch.x, x)]
    again = outcome(lambda: backward(batch.dout.copy(), cache))
    dx = bare_array(noted["dx"])
    if not readable(dx) or dx.shape != batch.x.shape:
        yield value("dx", noted["dx"], batch.right["dx"])
        return
    for name, (compare, meaning) in PARTS.items():
        part = compare(batch.x, 0)
        yield value(name, dx[part], batch.right["dx"][part], tolerance=1e-12, meaning=meaning)
    yield from untouched_ones
    yield repeatable(noted, again, repeats=tuple(a.name for a in untouched_ones))
    yield own_cache(
        [lambda b=b: forward(b.x.copy()) for b in c.batches],
        lambda i, cache: backward(c.batches[i].dout.copy(), cache),
        [b.right for b in c.batches],
        repeats=tuple(PARTS),
    )
    for name, b in c.others.items():
        got = outcome(lambda b=b: f.relu_backward(b.dout.copy(), forward(b.x.copy())))
        yield value(f"`dx`{name}", got, b.right["dx"], tolerance=1e-12, repeats=tuple(PARTS))
    views = as_views(batch.x, batch.dout)
    got = outcome(lambda: f.relu_backward(views[1], forward(views[0])))
    yield value("`dx` of a view", got, batch.right["dx"], tolerance=1e-12, repeats=tuple(PARTS))
    yield ordinary("dx", first["dx"])
    outcome(lambda: backward(c.batches[1].dout.copy(), forward(c.batches[1].x.copy())))
    yield stays("gradient", first, noted, repeats="dout untouched")
    small = outcome(lambda: f.relu_backward(*float32(batch.dout), forward(*float32(batch.x))))
    yield from in_float32("dx", small, *float32(batch.right["dx"]), repeats=tuple(PARTS), tolerance=1e-9)


def losses(scores, y):
    """-log softmax(scores)[y] of each sample (..., N), from the definition; scores (..., N, C) may be complex."""
    shifted = scores - scores.real.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(shifted, np.broadcast_to(y[:, None], (*shifted.shape[:-1], 1)), axis=-1)[..., 0]
    return np.log(np.exp(shifted).sum(axis=-1)) - picked


def mean_loss(scores, y):
    """The mean of `losses` over the samples (...,); scores (..., N, C), y (N,)."""
    return losses(scores, y).sum(axis=-1) / len(y)


def _scored(scores, y):
    """The loss and its slopes by the complex step: one sample's loss hangs on its own scores, so all are nudged."""
    nudges = 1e-200j * np.eye(scores.shape[1])[:, None]
    dscores = losses(scores + nudges, y).imag.T / 1e-200 / len(y)
    return SimpleNamespace(scores=scores, y=y, loss=mean_loss(scores, y), dscores=dscores)


def _batch_of_scores(rng, n, classes, dtype=np.int64):
    """The first two labels differ, and over many samples every class is the right one of some."""
    y = rng.permutation(np.arange(n) % classes).astype(dtype)
    return _scored(rng.normal(size=(n, classes)) * 2, y)


@case
def _loss_case(rng):
    """Scores of ordinary size, of other numbers of samples and classes, and every way of being large."""
    n, classes = sizes(rng, 2, low=3)
    plain_batch = _batch_of_scores(rng, n, classes)
    scores, y, rows = plain_batch.scores, plain_batch.y, np.arange(n)
    depths = rng.uniform(800, 1200), rng.uniform(1400, 2000)
    unlikely = [scores.copy() for _ in depths]
    for array, depth in zip(unlikely, depths, strict=True):
        array[rows[:2], y[:2]] = array[:2].max(axis=1) - depth
    sure = scores.copy()
    sure[0, y[0]] += rng.uniform(1500, 3000)
    apart = scores + rng.permutation(np.linspace(-2000, 2000, n))[:, None]
    kinds = {
        " for scores near 1000": (scores + rng.uniform(800, 2000), "exp of 1000 is infinite."),
        " for scores near -1000": (scores - rng.uniform(800, 2000), "exp of -1000 is 0, and 0/0 is nan."),
        " where the right class is far below the others": (
            unlikely[0],
            "Its probability rounds to 0; the log of 0 is no use.",
        ),
        " where one score is far above the others": (sure, "The probabilities of the others round to 0."),
        " where samples are far apart": (apart, "What keeps exp in range for one sample does not for another."),
    }
    return SimpleNamespace(
        plain=plain_batch,
        unlikely=[_scored(array, y) for array in unlikely],
        depths=depths,
        kinds={kind: (_scored(array, y), meaning) for kind, (array, meaning) in kinds.items()},
        others={
            " of a single sample": _batch_of_scores(rng, 1, classes),
            " of two classes": _batch_of_scores(rng, n, 2),
            " of a larger batch": _batch_of_scores(  # of ten classes and more; labels of images often come in bytes
                rng, int(rng.choice(LARGER)), int(rng.integers(10, 14)), np.uint8
            ),
        },
        single=_scored((scores + rng.uniform(150, 300, (n, 1)) * rng.choice([-1, 1], (n, 1))).astype(np.float32), y),
    )


@probe("softmax_cross_entropy")
def softmax_cross_entropy(f, rng):
    c = _loss_case(rng)

    def both(scores, y):
        got = outcome(lambda: unpack(f.softmax_cross_entropy(scores, y), "loss", "dscores"))
        return (got, got) if isinstance(got, Broke) else (got[0], kept(got[1]))

    given, labels = copies(c.plain.scores, c.plain.y)
    loss, dscores = unpack(f.softmax_cross_entropy(given, labels), "loss", "dscores")
    noted = kept(dscores)
    untouched_ones = [untouched("scores", c.plain.scores, given), untouched("y", c.plain.y, labels)]
    high = next(iter(c.kinds.values()))[0]
    capped, slack = _capped(
        c, [both(*copies(b.scores, b.y))[0] for b in c.unlikely], both(*copies(high.scores, high.y))[0]
    )
    yield capped
    padded, more = _padded(
        c, loss, both(*copies(c.others[" of a larger batch"].scores, c.others[" of a larger batch"].y))[0]
    )
    yield padded
    slack, small_number = max(slack, more), (capped.name, padded.name)
    meaning = "It is the mean over the samples of -log of the right class's probability."
    yield value("loss", loss, c.plain.loss, max(1e-9, slack), meaning=meaning)
    yield value("dscores", noted, c.plain.dscores, max(1e-9, slack))
    for name, b in c.others.items():
        loss, slope = both(*copies(b.scores, b.y))
        yield value(f"`loss`{name}", loss, b.loss, max(1e-9, slack), repeats=("loss", *small_number))
        yield value(f"`dscores`{name}", slope, b.dscores, max(1e-9, slack), repeats=("dscores", *small_number))
    for name, (b, meaning) in c.kinds.items():
        loss, slope = both(*copies(b.scores, b.y))
        number_came = bare_array(loss)
        meaning = (
            None if readable(number_came) and np.isfinite(number_came).all() else meaning
        )  # that of nan and infinity
        yield value(f"`loss`{name}", loss, b.loss, meaning=meaning, repeats=("loss", *small_number))
        yield value(f"`dscores`{name}", slope, b.dscores, max(1e-9, slack), repeats=("dscores", *small_number))
    scores = as_views(c.plain.scores)[0]
    loss, slope = both(scores, c.plain.y.copy())
    yield all_of(
        "`loss` and `dscores` of a view",
        {"loss": loss, "dscores": slope},
        {"loss": np.array(c.plain.loss), "dscores": c.plain.dscores},
        max(1e-9, slack),
        repeats=("loss", "dscores", *small_number),
    )
    yield from untouched_ones
    yield ordinary("dscores", dscores)
    both(*copies(c.unlikely[1].scores, c.plain.y))
    yield stays("`dscores`", {"dscores": dscores}, {"dscores": noted}, repeats="scores untouched")
    loss, slope = both(*copies(c.single.scores, c.single.y))
    yield value("`loss` in float32", loss, c.single.loss, FLOAT32, repeats="loss")
    yield from in_float32("dscores", slope, c.single.dscores, repeats="dscores")


def _capped(c, got, high):
    """(aspect, how much of the loss it explains): whether the loss of one sample stops short of what it should be.

    Twice the right class lies far below the others, at two depths. If the loss of such a sample is the same both times,
    it is -log of a small number that was added to the probabilities, or that they were cut at; unless the scores
    themselves were cut, which shows in `high`, the loss for scores near 1000.
    """
    name, numbers = "the largest loss of a sample", [bare_array(g) for g in got]
    if all(readable(g) and g.shape == () and np.isfinite(g) for g in numbers):
        n = len(c.plain.y)
        rest = losses(c.unlikely[0].scores, c.plain.y)[2:].sum()
        first, second = ((float(g) * n - rest) / 2 for g in numbers)
        most = np.exp(losses(c.plain.scores, c.plain.y).max())  # one over the smallest probability of a right class
        uncut = same(high, c.plain.loss, max(1e-6, 10 * most * np.exp(-first)))
        if uncut and abs(first - second) < 1e-6 * abs(first) and 3 < first < c.depths[0] - 20:
            small, deep = float(np.exp(-first)), [number(d) for d in c.depths]
            say = (
                f"where the right class lies {deep[0]} below the others, the loss of a sample should be {deep[0]}, and"
                f" where {deep[1]} below, {deep[1]}. Both times it is {number(first)}, which is -log {small:.1g}."
            )
            return Aspect(name, "a small number before the log", False, say), 10 * small * most
    return Aspect(name, RIGHT, True, ""), 0.0


def _padded(c, *got):
    """(aspect, how much of the loss it explains): whether a small number was added to the sum of the exponentials."""
    name, found = "the sum of the exponentials", []
    for b, loss in zip((c.plain, c.others[" of a larger batch"]), got, strict=True):
        loss = bare_array(loss)
        if readable(loss) and loss.shape == ():
            sums = np.exp(b.scores - b.scores.max(axis=1, keepdims=True)).sum(axis=1)
            found.append(float(loss - b.loss) / (1 / sums).mean())
    if len(found) == 2 and 1e-9 < found[0] < 1e-3 and abs(found[0] - found[1]) < max(1e-3 * found[0], 1e-13):
        say = (
            f"the loss is too large by what a small number (about {found[0]:.1g}) added to the sum of the exponentials"
            " makes of it."
        )
        return Aspect(name, "a small number in the sum", False, say), 10 * found[0]
    return Aspect(name, RIGHT, True, ""), 0.0
