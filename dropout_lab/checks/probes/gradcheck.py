"""Probes of gradcheck.py. The functions to differentiate have known slopes, and remember where they were asked."""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import Aspect, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import Unfit, case, copies, entries, outcome, probe
from dropout_lab.checks.words import kind, number

ASKED = 0.05  # a step unlike the default, passed in to see that it is used


class Cubic:
    """sum(c x^3), which notes how far from the start it was asked.

    Its slope is 3 c x^2, and its central difference with step h is c (3 x^2 + h^2): the step shows in the answer.
    """

    def __init__(self, c, start=None):
        self.c, self.start, self.farthest = c, start, 0.0

    def __call__(self, x):
        if np.shape(x) != self.c.shape:
            raise Unfit(f"it called f with {kind(x)}, but x has shape {self.c.shape}: f takes an array like x")
        if self.start is not None:
            self.farthest = max(self.farthest, float(np.abs(x - self.start).max()))
        return float((self.c * x * x * x).sum())


@case
def _cubic_case(rng):
    """x of several shapes, away from 0; c likewise, so that every slope and every second derivative is."""
    shapes = {"": (3, 2), " for a vector": (2,), " for an array of three axes": (1, 2, 1), " for a single number": ()}
    xs = {k: np.array(rng.uniform(0.5, 1.5, s) * rng.choice([-1.0, 1.0], s)) for k, s in shapes.items()}
    cs = {k: np.array(rng.uniform(0.5, 1.5, s) * rng.choice([-1.0, 1.0], s)) for k, s in shapes.items()}
    return SimpleNamespace(xs=xs, cs=cs, y=rng.uniform(0.5, 1.5, (2, 2)))


@probe("numerical_gradient")
def numerical_gradient(f, rng):
    c = _cubic_case(rng)
    x, weights = c.xs[""], c.cs[""]
    given, cubic = x.copy(), Cubic(weights, x)
    grad = f.numerical_gradient(cubic, given)
    step = _size(cubic.farthest, 1e-5)
    say = {
        "none": "`f` was asked only at x itself, never beside it. Are the two points that you nudge one array?",
        "too small": f"the step is {number(cubic.farthest)} where 1e-5 is right. So small a step drowns in rounding.",
        "too large": f"the step is {number(cubic.farthest)} where 1e-5 is right. Over so long a way f bends.",
    }
    yield Aspect("step", step, step == "right", say.get(step, ""))
    yield untouched("x", x, given)
    if step == "right":  # else the values are only consequences
        yield value("grad", grad, 3 * weights * x * x, tolerance=1e-7)
    x, weights = c.xs[" for a vector"], c.cs[" for a vector"]
    cubic = Cubic(weights, x)
    grad = outcome(lambda: f.numerical_gradient(cubic, x.copy(), ASKED))
    used = _size(cubic.farthest, ASKED)
    say = f"asked for h = {ASKED}, it took a step of {number(cubic.farthest)}."
    yield Aspect("step that was asked for", used, used == "right", say, repeats="step")
    if used == step == "right":
        meaning = f"With h = {ASKED} the central difference of c x^3 is c (3 x^2 + h^2)."
        yield value(f"`grad` with h = {ASKED}", grad, weights * (3 * x * x + ASKED**2), meaning=meaning, repeats="grad")
    if step == "right":
        for name in list(c.xs)[1:]:
            x, weights = c.xs[name], c.cs[name]
            got = outcome(lambda x=x, weights=weights: f.numerical_gradient(Cubic(weights), x.copy()))
            yield value(f"`grad`{name}", got, 3 * weights * x * x, 1e-7, "x may have any shape.", repeats="grad")
        got = outcome(lambda: f.numerical_gradient(Cubic(np.ones((2, 2))), c.y.copy().T))
        meaning = "A transpose is a view; flattening it makes a copy, and nudging the copy moves nothing."
        yield value("`grad` for a transposed array", got, 3 * c.y.T * c.y.T, 1e-7, meaning, repeats="grad")
    yield _refusal("float32", f.numerical_gradient, Cubic(np.ones(2)), np.ones(2, np.float32))
    yield _refusal("integer", f.numerical_gradient, Cubic(np.ones(2)), np.ones(2, int))


def _size(step, right):
    """How a step compares with the right one; rounding leaves about ten digits of 1e-5."""
    if step == 0:
        return "none"
    return "right" if abs(step / right - 1) < 1e-4 else "too small" if step < right else "too large"


def _refusal(what, function, *arguments):
    """An aspect that is met when an array in a coarser type is refused with a TypeError."""
    got = outcome(lambda: function(*arguments))
    seen = got.kind if isinstance(got, Broke) else "an answer"
    say = (
        f"{what} numbers went in and {'it raised ' + seen if isinstance(got, Broke) else 'a gradient came out'}."
        " A step of 1e-5 is lost in them: the TypeError at the top of the function has to stay."
    )
    return Aspect(f"refuses {what}", seen, seen == "TypeError", say)


@case
def _pair_case(rng):
    """Two arrays that differ by a good part, with norms that differ too."""
    a = rng.uniform(0.5, 1.5, (3, 4)) * rng.choice([-1.0, 1.0], (3, 4))
    a[0, 0], a[0, 1] = 1.2, -0.8
    b = 1.7 * a + rng.uniform(-0.5, 0.5, (3, 4))
    holed = a.copy()
    holed[1, 2] = np.nan
    dead = a.copy()
    dead[:, 1] = 0
    return SimpleNamespace(a=a, b=b, holed=holed, dead=dead, right=_ratio(a, b), partly=_ratio(dead, 2 * dead))


def _length(v):
    return sum(entry * entry for entry in v.ravel()) ** 0.5


def _ratio(a, b):
    return _length(a - b) / (_length(a) + _length(b))


@probe("relative_error")
def relative_error(f, rng):
    c = _pair_case(rng)
    given = copies(c.a, c.b)
    formula = "It is |a - b| / (|a| + |b|), each a length of the whole array."
    yield value("error", f.relative_error(*given), c.right, tolerance=1e-7, meaning=formula)

    def again(*arrays):
        return outcome(lambda: f.relative_error(*arrays))

    tiny = again(c.a * 1e-6, c.b * 1e-6)
    meaning = "Both arrays were a million times smaller, and the error relative to them is what it was."
    yield value("the error of tiny gradients", tiny, c.right, tolerance=1e-2, meaning=meaning, repeats="error")
    meaning = "The arrays are equal, and partly 0: a unit that never fires has such a gradient."
    yield value(
        "the error of equal arrays with zeros", again(*copies(c.dead, c.dead)), 0.0, meaning=meaning, repeats="error"
    )
    yield value(
        "the error of arrays with zeros",
        again(*copies(c.dead, 2 * c.dead)),
        c.partly,
        tolerance=1e-7,
        meaning=formula,
        repeats="error",
    )
    zeros = np.zeros((2, 3))
    yield value(
        "the error of zeros and zeros",
        again(*copies(zeros, zeros)),
        0.0,
        meaning="Two gradients that are both 0 agree.",
    )
    yield value("the error against zeros", again(zeros.copy(), np.ones((2, 3))), 1.0, tolerance=1e-7, repeats="error")
    yield value(
        "the error of single numbers", again(np.array(2.0), np.array(-3.0)), 1.0, tolerance=1e-7, repeats="error"
    )
    yield value(
        "the error of single numbers of one sign",
        again(np.array(2.0), np.array(3.0)),
        0.2,
        tolerance=1e-7,
        repeats="error",
    )
    yield _not_a_number(again(*copies(c.holed, c.a)), again(*copies(c.a, c.holed)))
    yield _one_shape(again(np.ones(3), np.ones((3, 1))))
    for name, before, now in zip("ab", (c.a, c.b), given, strict=True):
        yield untouched(name, before, now)


def _not_a_number(*errors):
    seen = [_float(e) for e in errors]
    say = (
        f"with a nan in one of the arrays it gives {number(seen[0])} and {number(seen[1])}; nan is right."
        " A broken gradient must not pass for a good one."
    )
    return Aspect("the error with a nan", tuple(seen), all(np.isnan(seen)), say)


def _float(thing):
    """A number as a float; infinity for what is none."""
    return (
        float(thing)
        if isinstance(thing, (float, int, np.number)) or (type(thing) is np.ndarray and thing.ndim == 0)
        else np.inf
    )


def _one_shape(got):
    seen = got.kind if isinstance(got, Broke) else "an answer"
    say = (
        "shapes (3,) and (3, 1) went in and a number came out, of nine differences where there should be three."
        " Broadcasting hides a wrong shape: the ValueError at the top of the function has to stay."
    )
    return Aspect("refuses two shapes", seen, isinstance(got, Broke), say)


class CubicOfAll:
    """The sum over a dictionary of arrays of sum(c x^3); says so when it is called with something else."""

    def __init__(self, weights):
        self.weights = weights

    def __call__(self, params):
        if not isinstance(params, dict):
            raise Unfit(f"it called f with {kind(params)}: f takes a dictionary like params, with one array nudged")
        total = 0.0
        for name, c in self.weights.items():
            if name not in params:
                raise Unfit(f"it called f with a dictionary without {name!r}: f needs all of params")
            x = params[name]
            if np.shape(x) != c.shape:
                raise Unfit(f"it called f with {kind(x)} for {name!r}; its shape is {c.shape}")
            total += float((c * x * x * x).sum())
        return total


@case
def _check_case(rng):
    """Two arrays of different shape and size; the gradient of one is partly wrong, of the other 64 times too small."""
    shapes = {"W1": (3, 1), "b1": (2,)}
    params, weights = (
        {k: rng.uniform(0.5, 1.5, s) * rng.choice([-1.0, 1.0], s) for k, s in shapes.items()} for _ in range(2)
    )
    right = {k: 3 * weights[k] * params[k] ** 2 for k in shapes}
    wrong = {"W1": right["W1"] * np.array([[1.0], [-1.0], [2.0]]), "b1": right["b1"] / 64}
    coarse = right["b1"] + weights["b1"] * ASKED**2
    return SimpleNamespace(
        params=params,
        weights=weights,
        right=right,
        wrong=wrong,
        errors={k: _ratio(wrong[k], right[k]) for k in shapes},
        coarse=_ratio(coarse, right["b1"]),
    )


@probe("gradient_check")
def gradient_check(f, rng):
    c = _check_case(rng)

    def errors(grads):
        params, grads = copies(c.params, grads)
        found = f.gradient_check(CubicOfAll(c.weights), params, grads)
        return entries(found, "what it returned", c.params), params, grads

    found, params, grads = errors(c.right)
    for name, error in found.items():
        flag = isinstance(error, (bool, np.bool_))
        ok = _float(error) < 1e-7 and not flag
        came = str(error) if flag else number(_float(error))
        say = f"the gradient of `{name}` is right, and its error comes out as {came}; a number below 1e-7 is right."
        yield Aspect(f"error of a right {name}", "a flag" if flag else "small" if ok else _float(error), ok, say)
    for name, error in errors(c.wrong)[0].items():
        off = {"W1": "has a wrong sign in one entry and a factor 2 in another", "b1": "was made 64 times too small"}[
            name
        ]
        yield value(
            f"the error of `{name}` among wrong ones",
            error,
            c.errors[name],
            tolerance=1e-7,
            meaning=f"The gradient of `{name}` {off}.",
        )
    only = {"b1": c.right["b1"]}
    coarse = CubicOfAll({"b1": c.weights["b1"]})
    got = outcome(
        lambda: entries(
            f.gradient_check(coarse, {"b1": c.params["b1"].copy()}, copies(only), ASKED), "what it returned", only
        )["b1"]
    )
    meaning = "`f` bends, so with so large a step even a right gradient is off by a known amount. Is h passed on?"
    yield value(f"the error with h = {ASKED}", got, c.coarse, tolerance=1e-7, meaning=meaning)
    lacking = {"W1": c.right["W1"].copy()}
    got = outcome(lambda: f.gradient_check(CubicOfAll(c.weights), copies(c.params), lacking))
    say = "grads had no `b1`, and nothing was raised. A gradient that is not there must not pass."
    yield Aspect("refuses missing gradients", isinstance(got, Broke), isinstance(got, Broke), say)
    coarse = {k: v.astype(np.float32) for k, v in c.params.items()}
    got = outcome(lambda: f.gradient_check(CubicOfAll(c.weights), coarse, copies(c.right)))
    say = "float32 parameters went in and errors came out. A step of 1e-5 is lost in float32."
    yield Aspect("refuses float32", isinstance(got, Broke), isinstance(got, Broke), say)
    for what, before, now in (("params", c.params, params), ("grads", c.right, grads)):
        for name in before:
            yield untouched(f"{what}[{name!r}]", before[name], now.get(name))
