"""Mistakes in gradcheck.py: group B, the gradient check itself."""

import numpy as np

from dropout_lab.checks.mistakes import mistake


def _float64_only(x):
    if x.dtype != float:
        raise TypeError("float64 is needed")


def _central(f, x, h, scale=2):
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (scale * h)
    return grad


def _gradient(f, x, h=1e-5):
    _float64_only(x)
    return _central(f, x, h)


def _length(v):
    return float((np.asarray(v) ** 2).sum()) ** 0.5


def _error(a, b):
    if np.shape(a) != np.shape(b):
        raise ValueError("two shapes")
    both = _length(a) + _length(b)
    return _length(np.subtract(a, b)) / both if both != 0 else 0.0


def _check(f, params, grads, h=1e-5):
    return {k: _error(grads[k], _gradient(lambda v, k=k: f(params | {k: v}), params[k], h)) for k in params}


# numerical_gradient


@mistake(
    "B01",
    of="numerical_gradient",
    title="float32 is let through",
    seen=(
        "https://cs231n.github.io/neural-networks-3/#gradcheck",
        "https://github.com/PaddlePaddle/Paddle/issues/4283",
    ),
)
def accepts_float32(f, x, h=1e-5):
    """float32 has seven digits, and a step of 1e-5 uses up five of them. In float32 correct code fails its check."""
    if x.dtype.kind != "f":
        raise TypeError("no floats")
    return _central(f, x, h)


@mistake(
    "B02",
    of="numerical_gradient",
    title="the step is too small, whatever h says",
    seen=("https://cs231n.github.io/neural-networks-3/",),
)
def tiny_step(f, x, h=1e-5):
    """The difference of two nearly equal numbers has few digits left; the smaller the step, the fewer."""
    _float64_only(x)
    return _central(f, x, 1e-12)


@mistake("B03", of="numerical_gradient", title="the step is too large, whatever h says")
def large_step(f, x, h=1e-5):
    """Over a long way the function bends. The error grows with the square of the step."""
    _float64_only(x)
    return _central(f, x, 0.1)


@mistake(
    "B04",
    of="numerical_gradient",
    title="the difference is one-sided",
    seen=("https://cs231n.github.io/neural-networks-3/",),
)
def one_sided(f, x, h=1e-5):
    """From x to x + h the slope is that of the middle, h/2 away. Taken to both sides of x, the middle is x itself."""
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        up = x.copy()
        up[i] += h
        grad[i] = (f(up) - f(x)) / h
    return grad


@mistake("B04b", of="numerical_gradient", title="the difference is one-sided, from below")
def from_below(f, x, h=1e-5):
    """From x - h to x the slope is that of the middle, h/2 away. Taken to both sides of x, the middle is x itself."""
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        down = x.copy()
        down[i] -= h
        grad[i] = (f(x) - f(down)) / h
    return grad


@mistake(
    "B07",
    of="numerical_gradient",
    title="a nudged entry is not put back",
    seen=("https://github.com/HomericIntelligence/Odyssey/pull/2090",),
)
def not_restored(f, x, h=1e-5):
    """After + h and - 2 h the entry stands h below where it was. The next entry is measured at a point that has
    moved.
    """
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        grad[i] = (up - f(x)) / (2 * h)
    return grad


@mistake(
    "B08",
    of="numerical_gradient",
    title="integers are let through",
    seen=("https://github.com/oreilly-japan/deep-learning-from-scratch/issues/51",),
)
def accepts_integers(f, x, h=1e-5):
    """An integer array cuts off what is added to it: 1 + 1e-5 is stored as 1, and the slope comes out as 0 or as
    nonsense.
    """
    if x.dtype == np.float32:
        raise TypeError("float32")
    return _central(f, x, h)


@mistake(
    "B14",
    of="numerical_gradient",
    title="both nudged points are the same array",
    seen=("https://github.com/HomericIntelligence/Odyssey/pull/2090",),
)
def same_array(f, x, h=1e-5):
    """`up = x` is a second name, not a copy. What is added through one name is taken off again through the other."""
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        up = x
        up[i] += h
        down = x
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad


@mistake("B15", of="numerical_gradient", title="moved by h, divided by 2 h")
def half(f, x, h=1e-5):
    """Divide by the distance between the two points that were asked. Every slope is half of what it should be."""
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        up = x.copy()
        up[i] += h
        grad[i] = (f(up) - f(x)) / (2 * h)
    return grad


@mistake("B40", of="numerical_gradient", title="moved by h to both sides, divided by h")
def twice(f, x, h=1e-5):
    """The two points are 2 h apart. Divide by the distance between them."""
    _float64_only(x)
    return _central(f, x, h, scale=1)


@mistake("B41", of="numerical_gradient", title="the h that was asked for is not used")
def own_step(f, x, h=1e-5):
    """The caller chooses the step; the next figure of the lesson varies it. 1e-5 is what h is when nobody says."""
    _float64_only(x)
    return _central(f, x, 1e-5)


@mistake("B42", of="numerical_gradient", title="all entries are nudged at once")
def together(f, x, h=1e-5):
    """That gives one number, the slope along the diagonal. A gradient has one slope for each entry, the others held
    still.
    """
    _float64_only(x)
    return np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h))


@mistake("B43", of="numerical_gradient", title="the gradient has the wrong sign")
def backwards(f, x, h=1e-5):
    """Where the function rises with x, the slope is positive: the value at x + h comes first."""
    _float64_only(x)
    return -_central(f, x, h)


@mistake("B44", of="numerical_gradient", title="the gradient comes back flat")
def flat(f, x, h=1e-5):
    """A gradient has the shape of what it belongs to."""
    _float64_only(x)
    return _central(f, x, h).ravel()


@mistake("B45", of="numerical_gradient", title="a flattened copy is nudged instead of x")
def copy_of_view(f, x, h=1e-5):
    """Flattening gives a view of most arrays and a copy of some, such as a transpose. Nudging the copy leaves x where
    it is, and the slope comes out as 0.
    """
    _float64_only(x)
    grad, entries = np.zeros(x.size), x.reshape(-1)
    for i in range(x.size):
        was = entries[i]
        entries[i] = was + h
        up = f(x)
        entries[i] = was - h
        grad[i] = (up - f(x)) / (2 * h)
        entries[i] = was
    return grad.reshape(x.shape)


@mistake("B61", of="numerical_gradient", title="a whole row is nudged at once")
def row_by_row(f, x, h=1e-5):
    """`x[i]` is an entry of a vector and a row of a matrix. Every entry has a slope of its own, whatever the number of
    axes.
    """
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in range(len(x)):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        grad[i] = (f(up) - f(down)) / (2 * h)
    return grad


@mistake(
    "B07b",
    of="numerical_gradient",
    title="x is put back by adding and taking off h",
    seen=("https://cs231n.github.io/assignments2017/assignment1/",),
)
def put_back_by_adding(f, x, h=1e-5):
    """Adding h and taking it off again rounds twice: the entry ends next to where it was. Keep the old value and put
    that back, or nudge a copy.
    """
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        x[i] += h
        up = f(x)
        x[i] -= 2 * h
        grad[i] = (up - f(x)) / (2 * h)
        x[i] += h
    return grad


@mistake("B07c", of="numerical_gradient", title="a copy is nudged entry by entry and never put back")
def copy_not_restored(f, x, h=1e-5):
    """The copy moves away with every entry, and the next slope is measured at another point. Put each entry back, or
    start each from a new copy.
    """
    _float64_only(x)
    grad, moving = np.empty(x.shape), x.copy()
    for i in np.ndindex(*x.shape):
        moving[i] += h
        up = f(moving)
        moving[i] -= 2 * h
        grad[i] = (up - f(moving)) / (2 * h)
    return grad


@mistake("B15b", of="numerical_gradient", title="multiplied by h where it should be divided: a bracket is missing")
def missing_bracket(f, x, h=1e-5):
    """Python works from left to right: `a / 2 * h` is a half of a, times h. The 2 and the h belong into one bracket."""
    _float64_only(x)
    return _central(f, x, h) * h * h


@mistake("B15c", of="numerical_gradient", title="only the second value is divided: a bracket is missing")
def difference_of_quotient(f, x, h=1e-5):
    """A division comes before a subtraction. The difference of the two values is divided, so it needs a bracket."""
    _float64_only(x)
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        grad[i] = f(up) - f(down) / (2 * h)
    return grad


@mistake("B62", of="numerical_gradient", title="entries that are 0 are left out")
def only_where_not_zero(f, x, h=1e-5):
    """`np.argwhere(x)` and `np.nonzero(x)` give the places where x is not 0. Every bias starts at 0 and has a slope all
    the same.
    """
    _float64_only(x)
    grad, all_of_them = np.zeros(x.shape), _central(f, x, h)
    grad[x != 0] = all_of_them[x != 0]
    return grad


# relative_error


@mistake("B09", of="relative_error", title="the error is absolute")
def absolute(a, b):
    """A gradient of size 1e-6 has an absolute error below 1e-5 however wrong it is. Divide by the size of the two."""
    _error(a, b)
    return _length(np.subtract(a, b))


@mistake("B10", of="relative_error", title="0/0 is nan")
def zero_over_zero(a, b):
    """A unit that never fires has a gradient of 0 both ways, which is right. And nan > 1e-7 is False: a nan slips
    through a comparison.
    """
    _error(a, b)
    return float(np.divide(_length(np.subtract(a, b)), _length(a) + _length(b)))


@mistake("B10b", of="relative_error", title="a nan passes for agreement")
def nan_is_zero(a, b):
    """A gradient with a nan in it is broken. Its error has to be nan too, which is below no threshold."""
    return float(np.nan_to_num(_error(a, b)))


@mistake("A22", of="relative_error", title="arrays of two shapes are broadcast")
def broadcast(a, b):
    """(3,) minus (3, 1) is (3, 3), of numbers that do not belong together. A wrong shape is what the check is for."""
    both = _length(a) + _length(b)
    return _length(np.subtract(a, b)) / both if both != 0 else 0.0


@mistake("B46", of="relative_error", title="the largest entry is taken, not the length of the whole")
def elementwise_maximum(a, b):
    """One entry near a kink, or near 0, then decides: measured on correct networks, 1e-2 against 1e-10 for the
    length.
    """
    _error(a, b)
    away, both = np.abs(np.subtract(a, b)), np.abs(a) + np.abs(b)
    return float(np.max(np.where(both > 0, away / np.where(both > 0, both, 1), both)))


@mistake("B47", of="relative_error", title="divided by the size of one of the two only")
def one_sided_size(a, b):
    """Divided by |a| + |b| the error stays between 0 and 1, and neither array is taken for the truth."""
    _error(a, b)
    return _length(np.subtract(a, b)) / _length(b) if _length(b) else float(_length(a) > 0)


@mistake("B48", of="relative_error", title="divided by the length of the sum, not by the sum of the lengths")
def length_of_sum(a, b):
    """|a + b| is 0 when b = -a, the worst case there is. Measure each, then add."""
    _error(a, b)
    both = _length(np.add(a, b))
    return _length(np.subtract(a, b)) / both if both else float(_length(a) > 0)


@mistake("B49", of="relative_error", title="the lengths are squared")
def squared(a, b):
    """A length is the root of a sum of squares. Without the root an error of 1e-4 looks like 1e-8, and passes."""
    _error(a, b)
    both = _length(a) ** 2 + _length(b) ** 2
    return _length(np.subtract(a, b)) ** 2 / both if both else 0.0


@mistake("B50", of="relative_error", title="the length of a matrix is taken as its largest stretch")
def spectral(a, b):
    """`np.linalg.norm(a, 2)` of a matrix is its largest singular value. The root of the sum of all squares is what it
    gives without the 2.
    """
    _error(a, b)
    size = (lambda v: np.linalg.norm(v, 2)) if np.ndim(a) == 2 else _length
    if np.isnan(a).any() or np.isnan(b).any():
        return np.nan
    return float(size(np.subtract(a, b)) / (size(a) + size(b))) if size(a) + size(b) else 0.0


@mistake("B51", of="relative_error", title="differences of both signs cancel")
def cancelling(a, b):
    """Entries that are too large and entries that are too small add up to nothing. Square them, or take them without
    sign, before they are summed.
    """
    _error(a, b)
    both = np.sum(np.abs(a)) + np.sum(np.abs(b))
    return float(np.abs(np.sum(np.subtract(a, b))) / both) if both else 0.0


@mistake("B52", of="relative_error", title="the lengths are sums of absolute values")
def city_blocks(a, b):
    """The scale of the course's thresholds is that of L2 lengths: the root of the sum of the squares."""
    _error(a, b)
    both = np.sum(np.abs(a)) + np.sum(np.abs(b))
    return float(np.sum(np.abs(np.subtract(a, b))) / both) if both != 0 else 0.0


@mistake("B53", of="relative_error", title="the mean of the entries' own ratios is taken")
def mean_ratio(a, b):
    """A tiny entry then counts as much as a large one. Take the length of the whole difference, and divide once."""
    _error(a, b)
    away, both = np.abs(np.subtract(a, b)), np.abs(a) + np.abs(b)
    return float(np.mean(np.where(both > 0, away / np.where(both > 0, both, 1), both)))


@mistake(
    "B09b",
    of="relative_error",
    title="a small number is added to the lengths, or put in their place",
    seen=("https://cs231n.github.io/assignments2017/assignment1/",),
)
def padded(a, b):
    """Gradients may be as small as that number, and the error then looks small however wrong they are. 0/0 is one case:
    lengths that sum to exactly 0.
    """
    _error(a, b)
    return _length(np.subtract(a, b)) / (_length(a) + _length(b) + 1e-10)


@mistake("B47b", of="relative_error", title="divided by the larger of the two lengths, not by their sum")
def larger_of_two(a, b):
    """The course's thresholds are for |a| + |b|, which keeps the error from 0 to 1."""
    _error(a, b)
    both = max(_length(a), _length(b))
    return np.nan if np.isnan(_length(a) + _length(b)) else _length(np.subtract(a, b)) / both if both else 0.0


@mistake("B47c", of="relative_error", title="divided by the mean of the two lengths, not by their sum")
def mean_of_two(a, b):
    """The formula has the sum, |a| + |b|. Divided by the mean every error is twice as large, and the largest is 2."""
    return 2 * _error(a, b)


@mistake("B53b", of="relative_error", title="squares are averaged, not summed, in one of the lengths")
def mean_square(a, b):
    """All three lengths are measured alike: the root of the sum of all squares."""
    return _error(a, b) / float(np.sqrt(np.size(a)))


# gradient_check


@mistake("B13", of="gradient_check", title="one error for all arrays together")
def concatenated(f, params, grads, h=1e-5):
    """A wrong gradient of a small b hides behind a right one of a large w. Each array has an error of its own."""
    numeric = {k: _gradient(lambda v, k=k: f(params | {k: v}), params[k], h) for k in params}
    both = [np.concatenate([d[k].ravel() for k in params]) for d in (grads, numeric)]
    return dict.fromkeys(params, _error(*both))


@mistake("B54", of="gradient_check", title="h is not passed on")
def h_forgotten(f, params, grads, h=1e-5):
    """The caller chooses the step. It has to reach the function that takes it."""
    return _check(f, params, grads)


@mistake("B55", of="gradient_check", title="f is called with an array alone")
def array_alone(f, params, grads, h=1e-5):
    """`numerical_gradient` nudges one array, but f wants the whole dictionary. Between them belongs a function that
    puts the nudged array in its place.
    """
    return {k: _error(grads[k], _gradient(f, params[k], h)) for k in params}


@mistake("B56", of="gradient_check", title="f is called with one array, the others are missing")
def one_entry(f, params, grads, h=1e-5):
    """The loss depends on all parameters. One is nudged, the others stay as they are, and all are there."""
    return {k: _error(grads[k], _gradient(lambda v, k=k: f({k: v}), params[k], h)) for k in params}


@mistake("B57", of="gradient_check", title="the nudged array never reaches f")
def never_nudged(f, params, grads, h=1e-5):
    """f was asked about params as they are each time, so every numerical slope is 0 and every error 1. The nudged
    array takes the place of the old one.
    """
    return {k: _error(grads[k], _gradient(lambda v: f(params), params[k], h)) for k in params}


@mistake("B58", of="gradient_check", title="the worst error is returned, not one for each array")
def worst_only(f, params, grads, h=1e-5):
    """Which array is wrong is the first thing that one wants to know. Return a dictionary, one error for each name."""
    return max(_check(f, params, grads, h).values())


@mistake("B59", of="gradient_check", title="True or False is returned, not the errors")
def booleans(f, params, grads, h=1e-5):
    """1e-6 and 0.3 are both too large, and mean different things. Return the numbers; the reader compares."""
    return {k: e < 1e-7 for k, e in _check(f, params, grads, h).items()}


@mistake("B60", of="gradient_check", title="params are nudged and left so")
def params_moved(f, params, grads, h=1e-5):
    """The errors are right, but the caller's parameters have moved. Nudge a copy, or put back what was there."""
    errors = _check(f, params, grads, h)
    for k in params:
        params[k][...] += h
    return errors


@mistake("B63", of="gradient_check", title="f is asked with the last nudge of another array still in it")
def nudge_stays(f, params, grads, h=1e-5):
    """The dictionary that f is given still holds the nudged array of the name before. Each name starts from params as
    they are.
    """
    work, errors = dict(params), {}

    def ask(name, nudged):
        work[name] = nudged
        return f(work)

    for k in params:
        errors[k] = _error(grads[k], _gradient(lambda v, k=k: ask(k, v), params[k], h))
    return errors


@mistake("B64", of="gradient_check", title="a gradient with a nan in it passes")
def nan_passes(f, params, grads, h=1e-5):
    """A gradient with a nan is broken, and its error must not be small."""
    return {k: float(np.nan_to_num(e)) for k, e in _check(f, params, grads, h).items()}


RIGHT = {"numerical_gradient": _gradient, "relative_error": _error, "gradient_check": _check}
