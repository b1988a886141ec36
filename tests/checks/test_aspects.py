"""What each probe of the first lessons looks at, by name; and that every one of these looks can tell right from wrong.

An aspect that vanishes from a probe, or that nothing fails any more, is seen here.
"""

import numpy as np
import pytest

from dropout_lab.checks import mistakes
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.mistakes.gradcheck import _central, _error
from dropout_lab.checks.mistakes.network import _drawn
from dropout_lab.checks.verdicts import observe

BANK, RIGHT = mistakes.load_all()
ASPECTS = {
    "affine_forward": (
        "out",
        "`out` of a single sample",
        "`out` of a single unit",
        "`out` of a single input",
        "`out` of a larger batch",
        "`out` of a wide layer",
        "`out` of views",
        "`out` of integer pixels",
        "x untouched",
        "w untouched",
        "b untouched",
        "out is a plain array",
        "`out` of an earlier call",
        "`out` in float32",
        "out dtype",
    ),
    "affine_backward": (
        "dx",
        "dw",
        "db",
        "dout untouched",
        "x untouched",
        "w untouched",
        "b untouched",
        "the same answer twice",
        "the cache it is given",
        "the gradients of a single sample",
        "the gradients of a single unit",
        "the gradients of a single input",
        "the gradients of a larger batch",
        "the gradients of a wide layer",
        "the gradients of views",
        "dx is a plain array",
        "dw is a plain array",
        "db is a plain array",
        "gradients of an earlier call",
        "`dx` in float32",
        "dx dtype",
        "`dw` in float32",
        "dw dtype",
        "`db` in float32",
        "db dtype",
    ),
    "relu_forward": (
        "out",
        "`out` of a single sample",
        "`out` of a single unit",
        "`out` of a larger batch",
        "`out` of a view",
        "x untouched",
        "out is a plain array",
        "`out` of an earlier call",
        "`out` in float32",
        "out dtype",
    ),
    "relu_backward": (
        "`dx` where x > 0",
        "`dx` where x < 0",
        "`dx` where x = 0",
        "dout untouched",
        "x untouched",
        "the same answer twice",
        "the cache it is given",
        "`dx` of a single sample",
        "`dx` of a single unit",
        "`dx` of a larger batch",
        "`dx` of a view",
        "dx is a plain array",
        "gradient of an earlier call",
        "`dx` in float32",
        "dx dtype",
    ),
    "softmax_cross_entropy": (
        "the largest loss of a sample",
        "the sum of the exponentials",
        "loss",
        "dscores",
        "`loss` of a single sample",
        "`dscores` of a single sample",
        "`loss` of two classes",
        "`dscores` of two classes",
        "`loss` of a larger batch",
        "`dscores` of a larger batch",
        "`loss` for scores near 1000",
        "`dscores` for scores near 1000",
        "`loss` for scores near -1000",
        "`dscores` for scores near -1000",
        "`loss` where the right class is far below the others",
        "`dscores` where the right class is far below the others",
        "`loss` where one score is far above the others",
        "`dscores` where one score is far above the others",
        "`loss` where samples are far apart",
        "`dscores` where samples are far apart",
        "`loss` and `dscores` of a view",
        "scores untouched",
        "y untouched",
        "dscores is a plain array",
        "`dscores` of an earlier call",
        "`loss` in float32",
        "`dscores` in float32",
        "dscores dtype",
    ),
    "numerical_gradient": (
        "step",
        "x untouched",
        "grad",
        "step that was asked for",
        "`grad` with another h",
        "`grad` for a vector",
        "`grad` for an array of three axes",
        "`grad` for a single row",
        "`grad` for a single column",
        "`grad` for a single number",
        "`grad` for a view",
        "grad is a plain array",
        "refuses float32",
        "refuses integer",
    ),
    "relative_error": (
        "the denominator",
        "error",
        "the error of the tiniest gradients",
        "the error of tinier gradients",
        "the error of tiny gradients",
        "the error of equal arrays with zeros",
        "the error of arrays with zeros",
        "the error of zeros and zeros",
        "the error of vectors",
        "the error of arrays of three axes",
        "the error of single rows",
        "the error of single numbers",
        "the error of single numbers of one sign",
        "the error of arrays of opposite signs",
        "the error of zeros and others",
        "the error with a nan",
        "refuses two shapes",
        "a untouched",
        "b untouched",
    ),
    "gradient_check": (
        "error of a right first array",
        "error of a right second array",
        "error of a right third array",
        "the error of the first array among wrong ones",
        "the error of the second array among wrong ones",
        "the error of the third array among wrong ones",
        "the error of a gradient with a nan",
        "the error with another h",
        "refuses missing gradients",
        "refuses float32",
        "params untouched",
        "grads untouched",
    ),
    "init_params": (
        "units differ",
        "weights differ",
        "spread",
        "centre",
        "biases 0",
        "randomness",
        "layers differ",
        "layers hang together",
        "a network without a hidden layer",
        "a network with four hidden layers",
        "sizes untouched",
        "W1 is a plain array",
        "b1 is a plain array",
        "W2 is a plain array",
        "b2 is a plain array",
        "W3 is a plain array",
        "b3 is a plain array",
        "W1 dtype",
        "b1 dtype",
        "W2 dtype",
        "b2 dtype",
        "W3 dtype",
        "b3 dtype",
        "arrays of their own",
    ),
    "mlp_forward": (
        "scores",
        "`scores` with two hidden layers",
        "`scores` with three hidden layers",
        "`scores` with four hidden layers",
        "`scores` with one unit in each layer",
        "`scores` of a single sample",
        "`scores` with train=True",
        "`scores` with train=False",
        "`scores` with p=(0.0, 0.0)",
        "`scores` with params in another order",
        "`scores` of views",
        "params untouched",
        "x untouched",
        "scores is a plain array",
        "`scores` of an earlier call",
        "`scores` in float32",
        "scores dtype",
    ),
    "mlp_backward": (
        "grads['b2']",
        "grads['W2']",
        "grads['b1']",
        "grads['W1']",
        "dscores untouched",
        "params untouched",
        "x untouched",
        "the same answer twice",
        "grads['W1'] is a plain array",
        "gradients of an earlier call",
        "the cache it is given",
        "`grads` with two hidden layers",
        "`grads` with three hidden layers",
        "`grads` with four hidden layers",
        "`grads` with one unit in each layer",
        "`grads` of a single sample",
        "`grads['W1']` in float32",
        "grads['W1'] dtype",
        "`grads['b1']` in float32",
        "grads['b1'] dtype",
        "`grads['W2']` in float32",
        "grads['W2'] dtype",
        "`grads['b2']` in float32",
        "grads['b2'] dtype",
    ),
    "loss_and_grads": (
        "a penalty in the loss",
        "loss",
        "a penalty in the gradient",
        "grads['b2']",
        "grads['W2']",
        "grads['b1']",
        "grads['W1']",
        "params untouched",
        "x untouched",
        "y untouched",
        "`loss` with two hidden layers",
        "`grads` with two hidden layers",
        "`loss` with three hidden layers",
        "`grads` with three hidden layers",
        "`loss` with four hidden layers",
        "`grads` with four hidden layers",
        "`loss` with one unit in each layer",
        "`grads` with one unit in each layer",
        "`loss` of a single sample",
        "`grads` of a single sample",
        "`loss` with train=False",
        "coins from rng",
        "`loss` with a rate",
        "`grads` with a rate",
        "`loss` with a rate and another state of rng",
        "`grads` with a rate and another state of rng",
        "`loss` with a pair of rates",
        "`grads` with a pair of rates",
        "`loss` with a rate, at test time",
        "`grads` with a rate, at test time",
        "grads['W1'] is a plain array",
        "gradients of an earlier call",
        "`loss` in float32",
        "`grads['W1']` in float32",
        "grads['W1'] dtype",
        "`grads['b1']` in float32",
        "grads['b1'] dtype",
        "`grads['W2']` in float32",
        "grads['W2'] dtype",
        "`grads['b2']` in float32",
        "grads['b2'] dtype",
    ),
    "sgd_momentum": (
        "a second descent from {}",
        "the parameters in the step",
        "`params` after the first step",
        "`velocity` after the first step",
        "`params` after the second step",
        "`velocity` after the second step",
        "`params` after the third step",
        "`velocity` after the third step",
        "`params` after the fourth step",
        "`velocity` after the fourth step",
        "params untouched",
        "grads untouched",
        "velocity untouched",
        "`params` of two descents in turn",
        "`params` with momentum 0",
        "`params` with momentum 0 later on",
        "`params` with lr 0",
        "`params` where the gradient is 0",
        "arrays of their own",
        "params is a plain array",
        "`params` in float32",
        "params dtype",
        "`velocity` in float32",
        "velocity dtype",
    ),
    "max_norm": (
        "the lengths that were divided by",
        "`w` in columns longer than the limit",
        "`w` in columns shorter than the limit",
        "`w` in a column of zeros",
        "`w` with another limit",
        "`w` with a whole number as limit",
        "`w` with a limit above all lengths",
        "`w` of a single column",
        "`w` of a single row",
        "`w` of a view",
        "w untouched",
        "w is a plain array",
        "an array of its own",
        "`w` in float32",
        "w dtype",
    ),
}


class Odd(np.ndarray):
    """A class of arrays that is not NumPy's own."""


def _each(thing, change):
    """The same tuple, list or dictionary, or the array, with `change` made of every array in it."""
    if isinstance(thing, (tuple, list)):
        return type(thing)(_each(part, change) for part in thing)
    if isinstance(thing, dict):
        return {name: _each(part, change) for name, part in thing.items()}
    return change(thing) if isinstance(thing, np.ndarray) else thing


def _adding(array):
    if array.flags.writeable and array.dtype.kind in "fiu":
        array += array.dtype.type(1)
    return array


def _touching(function):
    """Right, and then every array that came in, in a cache too, is changed."""

    def touching(*arguments):
        result = _each(function(*arguments), np.copy)
        _each(arguments, _adding)
        return result

    return touching


def _odd(function):
    return lambda *arguments: _each(function(*arguments), lambda a: a.view(Odd))


def _promoting(function):
    return lambda *arguments: _each(
        function(*arguments), lambda a: a.astype(np.longdouble if a.dtype == float else float)
    )


def _one_buffer(function):
    """Every answer is written into the arrays of the answer before, as far as they have the same shape."""
    buffers = {}

    def buffered(a):
        if a.size > 1:
            buffers.setdefault((a.shape, a.dtype), a.copy())[...] = a
            return buffers[a.shape, a.dtype]
        return a

    return lambda *arguments: _each(function(*arguments), buffered)


def _first_only(function):
    """Of a forward pass the cache stays as it is."""

    def spoil(own):
        changed = function(own)

        def spoilt(*arguments):
            return changed(*arguments)[0], own(*arguments)[1]

        return spoilt

    return spoil


def _own_ratio(a, b):
    return np.mean(np.abs(a - b) / (np.abs(a) + np.abs(b)))


def _lenient(f, params, grads, h=1e-5):
    return {k: _error(grads[k], _central(lambda v, k=k: f(params | {k: v}), params[k], h)) for k in grads}


def _up_to_three_layers(sizes, rng):
    """Of two widths the bias is that of the inputs, and of six the last two are forgotten."""
    drawn = _drawn(sizes[:4], rng)
    return drawn | {"b1": np.zeros(sizes[0])} if len(sizes) == 2 else drawn


def _sizes_emptied(sizes, rng):
    drawn = _drawn(list(sizes), rng)
    sizes.clear()
    return drawn


def _one_bias(sizes, rng):
    shared = {width: np.zeros(width) for width in sizes}
    return {k: v if v.ndim == 2 else shared[len(v)] for k, v in _drawn(sizes, rng).items()}


def _as_it_came(w, limit):
    longest = np.sqrt((w * w).sum(axis=0)).max()
    return w if longest <= limit else RIGHT["max_norm"](w, limit)


def _same_arrays(params, grads, velocity, lr, momentum):
    new, _ = RIGHT["sgd_momentum"](params, grads, velocity, lr, momentum)
    return new, new


def _with_b(x, w, b):
    return RIGHT["affine_forward"](x, w, b)[0], (x, w, b)


def _touching_b(dout, cache):
    x, w, b = cache
    b += 1
    return RIGHT["affine_backward"](dout, (x, w))


def _with_x(x):
    return RIGHT["relu_forward"](x)[0], x


def _touching_x(dout, cache):
    dx = np.where(cache > 0, dout, 0)
    cache += 1
    return dx


BY_HAND = {
    "affine_backward": ({"affine_forward": _with_b, "affine_backward": _touching_b},),
    "relu_backward": ({"relu_forward": _with_x, "relu_backward": _touching_x},),
    "relative_error": ({"relative_error": _own_ratio},),
    "gradient_check": ({"gradient_check": _lenient},),
    "init_params": tuple({"init_params": f} for f in (_up_to_three_layers, _sizes_emptied, _one_bias)),
    "sgd_momentum": ({"sgd_momentum": _same_arrays},),
    "max_norm": ({"max_norm": _as_it_came},),
}


def _spoilt(name):
    """The wrong functions of an exercise: those of the bank, the right one spoilt in its duties, and some by hand."""
    for entry in BANK[name]:
        yield entry.functions(RIGHT)
    forward = name.endswith("_forward")
    made = [spoil(RIGHT[name]) for spoil in (_touching, _one_buffer)]
    made += [(_first_only(spoil) if forward else spoil)(RIGHT[name]) for spoil in (_odd, _promoting)]
    for wrong in (*({name: f} for f in made), *BY_HAND.get(name, ())):
        yield Functions({k: guard(k, f) for k, f in {**RIGHT, **wrong}.items()})


@pytest.mark.parametrize("name", ASPECTS)
def test_a_probe_looks_at_what_is_listed_here(name):
    assert tuple(aspect.name for aspect in observe(name, load(), seed=1)) == ASPECTS[name]


@pytest.mark.parametrize("name", ASPECTS)
def test_every_look_is_failed_by_some_wrong_function(name):
    failed = {
        aspect.name for functions in _spoilt(name) for aspect in observe(name, functions, seed=1) if not aspect.ok
    }
    assert set(ASPECTS[name]) - failed == set()
