"""One mistake costs once: an exercise that fails beside others that fail is judged again beside right ones.

The right functions are the bank's and stay with the judge: the submission's code calls them over the boundary and sees
what they return. What only the submission can read, the cache between its own forward and backward pass, stays its
own. Where that forward pass fails, its output is mended, or right caches of the usual forms take its place.
"""

import copy

import numpy as np

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES, find
from dropout_lab.checks.functions import Functions, guard
from dropout_lab.checks.ground import ground, lowest
from dropout_lab.checks.verdicts import Verdict

MASKS = {"zeroing_forward": lambda p: 1.0, "dropout_forward": lambda p: 1 / (1 - p) if p < 1 else 0.0}
MASKS["spatial_dropout_forward"] = MASKS["dropout_forward"]
_CACHES = {  # what a backward pass commonly reads, of the arguments and what they were multiplied by
    "affine_forward": (lambda args, m: args, lambda args, m: args[:2]),
    "relu_forward": (lambda args, m: args[0], lambda args, m: args[0] > 0),
    **dict.fromkeys((*MASKS, "gaussian_dropout_forward"), (lambda args, m: m,)),
}


def partner(name):
    """The forward pass whose cache the function of an exercise reads, or None."""
    forward = find(name).function.replace("_backward", "_forward")
    return forward if forward != find(name).function else None


def neighbours(name):
    """{function: right one} for all that an exercise stands on and that shares no cache with it."""
    own = {find(name).function, partner(name), *(("mlp_backward",) if name == "mlp_dropout" else ())}
    _, right = mistakes.load_all()
    return {f: right[f] for f in dict.fromkeys(find(n).function for n in ground(name)) if f not in own}


def ways(name, functions, failing, stuck):
    """The functions to judge an exercise with, one way after the other.

    Parameters
    ----------
    name : str
    functions : Functions
        The submission's, with right neighbours in place.
    failing : names of the exercises under it that do not pass
    stuck : names of those of them that give no result in time, and would not now
    """
    if name == "mlp_dropout":
        functions = Functions({**functions, "loss_and_grads": guard("loss_and_grads", _composed(functions))})
    forward = partner(name)
    if forward not in stuck:
        yield functions
    if forward in failing:
        _, right = mistakes.load_all()
        others = [] if forward in stuck else [_mended(functions[forward], forward, right[forward])]
        others += [_with_cache(right[forward], cache) for cache in _CACHES.get(forward, ())]
        for other in others:
            yield Functions({**functions, forward: guard(forward, other)})


def at_fault(under, drops, final):
    """Of the exercises under one that do not pass, those to send the student to.

    Parameters
    ----------
    under : list of names
    drops : bool
        Whether the network uses dropout.
    final : function of a name that gives its verdict, judged again if need be
    """
    own = [n for n in under if final(n).status != "passed" and not final(n).suffers]
    return own or lowest(under, drops)


def right_by_itself(name, roots):
    """The verdict on an exercise that passes beside right functions."""
    places = " and ".join(f"{EXERCISES[root].number}, `{root}`" for root in roots)
    said = "Beside right functions in place of those that it needs it passes."
    return Verdict(find(name), "passed", f"right by itself; suffers from {places}", (said,), suffers=tuple(roots))


def _composed(functions):
    """The loss and the gradients, put together rightly from a submission's network."""
    _, right = mistakes.load_all()

    def loss_and_grads(params, x, y, p, rng, train=True):
        scores, cache = functions.mlp_forward(params, x, p, rng, train)
        loss, dscores = right["softmax_cross_entropy"](scores, y)
        return loss, functions.mlp_backward(dscores, cache)

    return loss_and_grads


def _mended(forward, name, right):
    """A forward pass with a right output and its own cache: of its coins what shows, or the same draws."""

    def call(*args, **options):
        again = copy.deepcopy((args, options))
        out, cache = forward(*args, **options)
        if name in MASKS and options.get("train", (*args, True, True)[3]):
            x, p = again[0][:2]
            return np.where(np.asarray(out) != 0, x * np.asarray(MASKS[name](p), x.dtype), 0 * x), cache
        return right(*again[0], **again[1])[0], cache

    return call


def _with_cache(right, cache):
    """A right forward pass whose cache is made of its arguments and of what it multiplied by."""

    def call(*args, **options):
        out, _ = right(*args, **options)
        x = args[0]
        m = np.divide(out, x, out=np.zeros_like(out), where=x != 0) if out.shape == x.shape else None
        return out, cache(args, m)

    return call
