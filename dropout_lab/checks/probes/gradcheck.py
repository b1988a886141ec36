"""Probes of gradcheck.py. The functions to differentiate have known slopes, and remember where they were asked."""

from types import SimpleNamespace

import numpy as np

from dropout_lab.checks.aspects import RIGHT, Aspect, untouched, value
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.probes import Unfit, case, copies, entries, outcome, probe
from dropout_lab.checks.probes.duties import dictionary_untouched, ordinary
from dropout_lab.checks.probes.layers import as_views, sizes
from dropout_lab.checks.words import bare_array, kind, number, readable, same

DEFAULT = 1e-5  # what h is when nobody says


def _signed(rng, shape):
    """Entries of 0.5 to 1.5 in size, of either sign."""
    return np.array(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


class Cubic:
    """sum(c (x + s)^3) + sum(u x)^2 / 2, which notes how far from the start it was asked.

    Its slope is 3 c (x + s)^2 + u sum(u x), and its central difference with step h has c h^2 more: the step shows in
    the answer. Every entry has a part in the slopes of all: one that was left elsewhere shows too.
    """

    def __init__(self, rng, shape):
        self.c, self.s, self.u = (_signed(rng, shape) for _ in range(3))
        self.start, self.farthest = None, 0.0

    def watching(self, start):
        """The same function, noting how far from start it is asked."""
        other = object.__new__(Cubic)
        other.c, other.s, other.u, other.start, other.farthest = self.c, self.s, self.u, start.copy(), 0.0
        return other

    def slope(self, x, h=0.0):
        """What a central difference with step h gives, at x of any shape."""
        return self.c * (3 * (x + self.s) ** 2 + h * h) + self.u * (self.u * x).sum()

    def __call__(self, x):
        if np.shape(x) != self.c.shape:
            raise Unfit(f"it called f with {kind(x)}, but x has shape {self.c.shape}: f takes an array like x")
        if self.start is not None:
            self.farthest = max(self.farthest, float(np.abs(x - self.start).max()))
        return float((self.c * (x + self.s) ** 3).sum() + (self.u * x).sum() ** 2 / 2)


@case
def _cubic_case(rng):
    """x of several shapes, with entries that are 0 where there are enough; and a step unlike the default."""
    n, m, k = sizes(rng, 3, low=2, high=5)
    shapes = {
        "": (n, m),
        " for a vector": (k,),
        " for an array of three axes": (2, 1, 3),
        " for a single row": (1, m),
        " for a single column": (n, 1),
        " for a single number": (),
    }
    xs = {name: _signed(rng, shape) for name, shape in shapes.items()}
    xs[""].flat[rng.permutation(n * m)[:2]] = 0.0
    return SimpleNamespace(
        xs=xs, fs={name: Cubic(rng, shape) for name, shape in shapes.items()}, h=float(rng.uniform(0.02, 0.2))
    )


@probe("numerical_gradient")
def numerical_gradient(f, rng):
    c = _cubic_case(rng)
    x, given = c.xs[""], c.xs[""].copy()
    cubic = c.fs[""].watching(x)
    grad = f.numerical_gradient(cubic, given)
    moved = _put_back(x, given)
    moved_by = cubic.farthest
    step = _size(moved_by, DEFAULT)
    if step == "none":
        say = "`f` was asked only at x itself, never beside it. Are the two points that you nudge one array?"
    else:
        off = moved_by / DEFAULT
        why = (
            " So small a step drowns in rounding." if off < 0.05 else " Over so long a way f bends." if off > 5 else ""
        )
        say = f"the step is {number(moved_by)} where 1e-5 is right.{why}"
    yield Aspect("step", step, step == "right", say)
    yield moved
    if step == "right":  # else the values are only consequences
        yield value("grad", grad, cubic.slope(x), tolerance=1e-7, repeats=moved.name if moved.seen == "changed" else ())
    x = c.xs[" for a vector"]
    cubic = c.fs[" for a vector"].watching(x)
    grad = outcome(lambda: f.numerical_gradient(cubic, x.copy(), c.h))
    used, default = _size(cubic.farthest, c.h), _size(cubic.farthest, moved_by)
    say = f"asked for h = {number(c.h)}, it took a step of {number(cubic.farthest)}."
    seen = "right" if used == "right" else "the default" if default == "right" else used
    yield Aspect("step that was asked for", seen, used == "right", say, repeats="step" if step == "none" else ())
    if used == step == "right":
        meaning = f"With h = {number(c.h)} the central difference of c x^3 is c (3 x^2 + h^2)."
        yield value("`grad` with another h", grad, cubic.slope(x, c.h), meaning=meaning, repeats="grad")
    if step == "right":
        for name in list(c.xs)[1:]:
            x, cubic = c.xs[name], c.fs[name]
            got = outcome(lambda x=x, cubic=cubic: f.numerical_gradient(cubic, x.copy()))
            yield value(f"`grad`{name}", got, cubic.slope(x), 1e-7, "x may have any shape.", repeats="grad")
        x, cubic = c.xs[""], c.fs[""]
        meaning = "A view is not flattened in place: flattening it makes a copy, and nudging the copy moves nothing."
        got = outcome(lambda: f.numerical_gradient(cubic, as_views(x)[0]))
        yield value("`grad` for a view", got, cubic.slope(x), 1e-7, meaning, repeats="grad")
        yield ordinary("grad", got)
    for what, dtype in (("float32", np.float32), ("integer", int)):
        yield _refusal(what, f.numerical_gradient, c.fs[" for a vector"], np.ones(c.xs[" for a vector"].shape, dtype))


def _size(step, right):
    """How a step compares with the right one; rounding leaves about ten digits of 1e-5."""
    if step == 0 or right == 0:
        return "none"
    return "right" if abs(step / right - 1) < 1e-4 else "too small" if step < right else "too large"


def _put_back(before, now):
    """An aspect that is met when x is what it was, to the last bit: adding and taking off h leaves rounding behind."""
    aspect = untouched("x", before, now)
    off = float(np.abs(now - before).max()) if now.shape == before.shape else np.inf
    if aspect.ok or not off < 1e-12:
        return Aspect(aspect.name, RIGHT if aspect.ok else "changed", aspect.ok, aspect.say, contract=True)
    say = (
        f"it put x back by adding and taking off h, and rounding has left it {off:.1g} away. Keep the old value and put"
        " that back, or nudge a copy."
    )
    return Aspect(aspect.name, "rounded", False, say, contract=True)


def _refusal(what, function, *arguments):
    """An aspect that is met when an array in a coarser type is refused with a TypeError."""
    got = outcome(lambda: function(*arguments))
    seen = got.kind if isinstance(got, Broke) else "an answer"
    say = (
        f"{what} numbers went in and {'it raised ' + seen if isinstance(got, Broke) else 'a gradient came out'}."
        " A step of 1e-5 is lost in them: the TypeError at the top of the function has to stay."
    )
    return Aspect(f"refuses {what}", seen, seen == "TypeError", say)


def _length(v):
    return sum(entry * entry for entry in v.ravel()) ** 0.5


def _ratio(a, b):
    return _length(a - b) / (_length(a) + _length(b))


def _pair(rng, shape):
    """Two arrays that differ by a good part, with norms that differ too."""
    a = _signed(rng, shape)
    return a, 1.7 * a + rng.uniform(-0.5, 0.5, shape)


def _of_length(total, a, b):
    """Both made smaller by one factor, so that their lengths sum to total."""
    factor = total / (_length(a) + _length(b))
    return a * factor, b * factor


TINY = (2e-11, 1e-9, 3e-8)  # sums of the lengths of small gradients
PADDED = 5e-12  # what more is added to them is a mistake; 1e-12 passes, which moves the first error by 5%


@case
def _pair_case(rng):
    n, m, k = sizes(rng, 3, low=3, high=6)
    a, b = _pair(rng, (n, m))
    a[0, 0], a[0, 1] = 1.2, -0.8  # lengths, sums and largest entries all differ
    holed, dead = a.copy(), a.copy()
    holed[1, 2] = np.nan
    dead[:, 1] = 0
    return SimpleNamespace(
        a=a,
        b=b,
        holed=holed,
        dead=dead,
        others={
            "vectors": _pair(rng, (k,))[::-1],
            "arrays of three axes": _pair(rng, (2, k, 2)),
            "single rows": _pair(rng, (1, m))[::-1],
            "single numbers": (np.array(2.0), np.array(-3.0)),
            "single numbers of one sign": (np.array(2.0), np.array(3.0)),
            "arrays of opposite signs": (a, -a),
            "zeros and others": (np.zeros((n, m)), a),
        },
        tiny=[_of_length(size, a, b) for size in TINY],
    )


@probe("relative_error")
def relative_error(f, rng):
    c = _pair_case(rng)
    given, right = copies(c.a, c.b), _ratio(c.a, c.b)
    formula = "It is |a - b| / (|a| + |b|), each a length of the whole array."

    def error(*arrays):
        return outcome(lambda: f.relative_error(*copies(*arrays)))

    first = f.relative_error(*given)
    untouched_ones = [untouched(name, before, now) for name, before, now in zip("ab", (c.a, c.b), given, strict=True)]
    padded, small = _padded(first, [error(*pair) for pair in c.tiny], right)
    yield padded
    yield value("error", first, right, max(1e-7, small), meaning=formula)
    meaning = "Both arrays were made small by one factor, and the error relative to them is what it was."
    for (a, b), size, tolerance in zip(
        c.tiny if padded.ok else (), ("the tiniest", "tinier", "tiny"), (0.08, 3e-3, 3e-3), strict=padded.ok
    ):
        got = error(a, b)
        yield value(f"the error of {size} gradients", got, right, tolerance, meaning, repeats="error")
    meaning = "The arrays are equal, and partly 0: a unit that never fires has such a gradient."
    yield value("the error of equal arrays with zeros", error(c.dead, c.dead), 0.0, meaning=meaning, repeats="error")
    partly = _ratio(c.dead, 2 * c.dead)
    yield value(
        "the error of arrays with zeros", error(c.dead, 2 * c.dead), partly, max(1e-7, small), formula, repeats="error"
    )
    meaning = "Two gradients that are both 0 agree."
    yield value("the error of zeros and zeros", error(0 * c.a, 0 * c.a), 0.0, meaning=meaning)
    for name, pair in c.others.items():
        yield value(f"the error of {name}", error(*pair), _ratio(*pair), max(1e-7, small), repeats="error")
    yield _not_a_number(error(c.holed, c.a), error(c.a, c.holed))
    yield _one_shape(error(np.ones(3), np.ones((3, 1))))
    yield from untouched_ones


def _padded(first, errors, right):
    """(aspect, how much of the error it explains): whether a small number stands in the denominator.

    From the errors of pairs of small arrays follows what each was divided by: their lengths and a number, the same
    each time, or the larger of the two. The error of arrays of ordinary size, `first`, fits that as well.
    """
    name, numbers = "the denominator", [bare_array(e) for e in errors]
    if all(readable(e) and e.shape == () and 0 < e < np.inf for e in numbers):
        divisors = np.array([size * right / float(e) for size, e in zip(TINY, numbers, strict=True)])
        added, largest = divisors - TINY, divisors[0]
        one_number = added[0] > PADDED and np.allclose(added, added[0], rtol=1e-3, atol=0)
        the_larger = largest > 1.1 * TINY[0] and np.allclose(divisors, np.maximum(TINY, largest), rtol=1e-6, atol=0)
        small = float(added[0] if one_number else largest)
        if (one_number or the_larger) and same(first, right, max(1e-7, small)):
            say = (
                f"for arrays whose lengths sum to {number(TINY[0])} the error is {number(numbers[0])} where"
                f" {number(right)} is right: {small:.1g} is added to the lengths, or put in their place."
            )
            return Aspect(name, "a small number", False, say), small
    return Aspect(name, RIGHT, True, ""), 0.0


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
    """The sum over a dictionary of arrays of `Cubic`'s first term, and half the square of a sum over all of them.

    Says so when it is called with something else. Every array has a part in the slopes of all.
    """

    def __init__(self, rng, shapes):
        self.parts = {name: Cubic(rng, shape) for name, shape in shapes.items()}

    def only(self, name):
        """The same without the other arrays."""
        other = object.__new__(CubicOfAll)
        other.parts = {name: self.parts[name]}
        return other

    def slopes(self, params, h=0.0):
        """What central differences with step h give."""
        total = sum((part.u * params[name]).sum() for name, part in self.parts.items())
        return {
            name: part.c * (3 * (params[name] + part.s) ** 2 + h * h) + part.u * total
            for name, part in self.parts.items()
        }

    def __call__(self, params):
        if not isinstance(params, dict):
            raise Unfit(f"it called f with {kind(params)}: f takes a dictionary like params, with one array nudged")
        cubes = total = 0.0
        for name, part in self.parts.items():
            if name not in params:
                raise Unfit(f"it called f with a dictionary without {name!r}: f needs all of params")
            x = params[name]
            if np.shape(x) != part.c.shape:
                raise Unfit(f"it called f with {kind(x)} for {name!r}; its shape is {part.c.shape}")
            cubes += float((part.c * (x + part.s) ** 3).sum())
            total += float((part.u * x).sum())
        return cubes + total**2 / 2


NAMES = ("W1", "b1", "W2", "b2", "scale", "w")


def _steep(rng, shapes):
    """(f, params, its slopes) where no array's slopes are small: rounding is divided by their length."""
    while True:
        f, params = CubicOfAll(rng, shapes), {name: _signed(rng, shape) for name, shape in shapes.items()}
        right = f.slopes(params)
        if min(map(_length, right.values())) > 1:
            return f, params, right


@case
def _check_case(rng):
    """Three arrays of different shapes and names; of the wrong gradients one has a wrong sign, one is 64 times too
    small, one is right.
    """
    first, second, third = (NAMES[i] for i in rng.permutation(len(NAMES))[:3])
    n, m = sizes(rng, 2, low=2, high=4)
    shapes = {first: (n, 2), second: (m,), third: (1, 2)}
    f, params, right = _steep(rng, shapes)
    turned = right[first].copy()
    turned.flat[:2] *= -1.0, 2.0
    wrong = {first: turned, second: right[second] / 64, third: right[third]}
    holed = {name: grad.copy() for name, grad in right.items()}
    holed[first][0, 0] = np.nan
    h = float(rng.uniform(0.1, 0.3))
    one = {second: params[second]}
    return SimpleNamespace(
        f=f,
        names=(first, second, third),
        params=params,
        right=right,
        wrong=wrong,
        holed=holed,
        errors={k: _ratio(wrong[k], right[k]) for k in shapes},
        h=h,
        one=one,
        one_right=f.only(second).slopes(one),
        coarse=_ratio(f.only(second).slopes(one, h)[second], f.only(second).slopes(one)[second]),
    )


@probe("gradient_check")
def gradient_check(f, rng):
    c = _check_case(rng)
    first, second, _ = c.names

    def errors(grads):
        params, grads = copies(c.params, grads)
        found = f.gradient_check(c.f, params, grads)
        return entries(found, "what it returned", c.names), params, grads

    found, params, grads = errors(c.right)
    untouched_ones = [_put_back_all(c.params, params), dictionary_untouched("grads", c.right, grads)]
    for which, name in zip(("first", "second", "third"), c.names, strict=True):
        flag = isinstance(found[name], (bool, np.bool_))
        error = _float(found[name])
        ok = error < 1e-7 and not flag
        came = str(found[name]) if flag else number(error)
        say = f"the gradient of `{name}` is right, and its error comes out as {came}; a number below 1e-7 is right."
        seen = "a flag" if flag else "small" if ok else error
        yield Aspect(f"error of a right {which} array", seen, ok, say)
    found = outcome(lambda: errors(c.wrong)[0])
    off = ("has a wrong sign in one entry and a factor 2 in another", "was made 64 times too small", "is right")
    for which, name, how in zip(("first", "second", "third"), c.names, off, strict=True):
        got = found if isinstance(found, Broke) else found[name]
        meaning = f"The gradient of `{name}` {how}."
        yield value(f"the error of the {which} array among wrong ones", got, c.errors[name], 1e-7, meaning)
    got = outcome(lambda: errors(c.holed)[0][first])
    ok = isinstance(got, Broke) or not _float(got) < 1e-4
    say = f"the gradient of `{first}` holds a nan, and its error comes out as {number(_float(got))}. It must not pass."
    yield Aspect("the error of a gradient with a nan", "passes" if not ok else RIGHT, ok, say)
    got = outcome(
        lambda: entries(f.gradient_check(c.f.only(second), *copies(c.one, c.one_right), c.h), "what it returned", c.one)
    )
    meaning = "`f` bends, so with so large a step even a right gradient is off by a known amount. Is h passed on?"
    got = got if isinstance(got, Broke) else got[second]
    yield value("the error with another h", got, c.coarse, tolerance=1e-7, meaning=meaning)
    lacking = {name: grad.copy() for name, grad in c.right.items() if name != second}
    got = outcome(lambda: f.gradient_check(c.f, copies(c.params), lacking))
    say = f"grads had no `{second}`, and nothing was raised. A gradient that is not there must not pass."
    yield Aspect("refuses missing gradients", isinstance(got, Broke), isinstance(got, Broke), say)
    coarse = {k: v.astype(np.float32) for k, v in c.params.items()}
    got = outcome(lambda: f.gradient_check(c.f, coarse, copies(c.right)))
    say = "float32 parameters went in and errors came out. A step of 1e-5 is lost in float32."
    yield Aspect("refuses float32", isinstance(got, Broke), isinstance(got, Broke), say)
    yield from untouched_ones


def _put_back_all(before, now):
    """As `_put_back`, for a dictionary of arrays."""
    aspect = dictionary_untouched("params", before, now)
    for name, array in before.items():
        one = _put_back(array, now[name]) if isinstance(now.get(name), np.ndarray) else None
        if one is not None and one.seen == "rounded":
            say = one.say.replace("x back", f"`{name}` back")
            return Aspect(aspect.name, "rounded", False, say, contract=True)
    return aspect
