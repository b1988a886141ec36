"""Mistakes in dropout's backward pass: C for inverted dropout, Z for the paper's where the same thing goes wrong
there."""

from functools import wraps

import numpy as np

from dropout_lab.checks.mistakes import mistake
from dropout_lab.checks.mistakes.dropout_masks import (
    RIGHT,
    backward,
    dropout_forward,
    guarded,
    inverse,
    kept,
    thinned,
    zeroing_forward,
)


def both(inverted, zeroing, title, seen=(), stores=None):
    """Register function(dout, cache) for both kinds; stores(x, out, cache) is what forward keeps, if not (keep,
    scale)."""

    def register(function):
        for id, of, forward in ((inverted, "dropout", dropout_forward), (zeroing, "zeroing", zeroing_forward)):
            if id:
                beside = {f"{of}_forward": _storing(forward, stores)} if stores else None
                mistake(id, of=f"{of}_backward", title=title, seen=seen, beside=beside)(function)
        return function

    return register


def _storing(forward, stores):
    @wraps(forward)
    def stored(x, p, rng, train=True):
        out, cache = forward(x, p, rng, train)
        return out, stores(x, out, cache)

    return stored


def active(cache):
    """Whether the forward pass dropped anything: at test time keep is plain True."""
    return cache[0] is not True


@both(
    "C20",
    "Z20",
    "backward ignores the mask",
    seen=(
        "https://github.com/rohitg00/ai-engineering-from-scratch/pull/17",
        "https://github.com/iamtrask/Grokking-Deep-Learning/issues/68",
    ),
)
def ignored(dout, cache):
    """Nudge the input of a dropped unit: its output stays 0 and the loss stays where it is.
    So what is that unit's gradient?"""
    return dout if active(cache) else backward(dout, cache)


@mistake(
    "C21",
    of="dropout_backward",
    title="the mask is there, the scale is missing",
    seen=(
        "https://community.deeplearning.ai/t/drop-out-gradient-scaled-again/30413",
        "https://community.deeplearning.ai/t/backpropagation-with-dropout/310969",
    ),
)
def unscaled_mask(dout, cache):
    """The derivative of `x * m` with respect to `x` is `m`, the whole of it. What did the mask hold in forward?"""
    return np.where(cache[0], dout, dout * 0)


@mistake(
    "C22",
    of="dropout_backward",
    title="the scale is there, the mask is missing",
    seen=("https://github.com/ddbourgin/numpy-ml/issues/94",),
)
def unmasked_scale(dout, cache):
    """The derivative of `x * m` with respect to `x` is `m`, and m is 0 where an entry was dropped."""
    return dout * cache[1]


@both(
    "C23",
    "Z23",
    "backward draws a new mask",
    seen=(
        "https://github.com/openai/guided-diffusion/issues/167",
        "https://github.com/pytorch/pytorch/issues/190717",
        "https://github.com/learning-at-home/hivemind/issues/21",
    ),
)
def fresh_mask(dout, cache):
    """The gradient belongs to what forward did, so it needs the mask that forward used. How can that get here?"""
    keep, scale = cache
    rate = np.mean(keep)
    return backward(dout, (np.random.default_rng().uniform(size=dout.shape) < rate, scale))


@both("C24", "Z24", "backward passes on what forward dropped")
def complement(dout, cache):
    """Dropped entries get the gradient and kept ones do not. Follow one entry that was kept, forward and back."""
    return dout - backward(dout, cache) if active(cache) else backward(dout, cache)


@both("C25", "Z25", "backward multiplies by the output, not by the mask", stores=lambda x, out, cache: (out, cache))
def times_output(dout, stored):
    """In `x * m` the slope for x is m; the value of x has no part in it. At x = 1 the two look alike."""
    out, cache = stored
    return dout * out if active(cache) else backward(dout, cache)


@both(
    "C25b",
    "Z25b",
    "backward multiplies by the input, not by the mask",
    stores=lambda x, out, cache: (x, cache),
)
def times_input(dout, stored):
    """In `x * m` the slope for x is m; the value of x has no part in it. What has to be in the cache?"""
    x, cache = stored
    return dout * x if active(cache) else backward(dout, cache)


@both("C14b", "Z14b", "backward returns the mask, without the gradient from above")
def without_dout(dout, cache):
    """The chain rule is a product: what comes from above, times the slope of this layer. Where is dout?"""
    return backward(np.ones_like(dout), cache) if active(cache) else dout


@both("C28b", "Z28b", "the gradient is divided by the size of the batch")
def averaged(dout, cache):
    """If the loss is a mean, its 1/N is in dout already. Each entry of x has one way to the loss: what is its slope?"""
    return backward(dout, cache) / len(dout) if active(cache) else backward(dout, cache)


@both(
    "C26",
    "Z26",
    "the mask is read off the output: entries that were 0 anyway count as dropped",
    seen=(
        "https://github.com/kaldi-asr/kaldi/issues/3890",
        "https://github.com/sony/nnabla/pull/884",
        "https://github.com/ROCm/tensorflow-upstream/pull/1012",
    ),
    stores=lambda x, out, cache: (out != 0, cache[1]) if active(cache) else cache,
)
def from_output(dout, cache):
    """After a ReLU half of the inputs are 0 without being dropped. `out` cannot tell the two apart; the mask can."""
    return backward(dout, cache)


@both(
    "C26b",
    "Z26b",
    "entries whose input is 0 are never dropped in backward",
    stores=lambda x, out, cache: (cache[0] | (x == 0), cache[1]) if active(cache) else cache,
)
def zeros_always_kept(dout, cache):
    """Comparing out with x to find the dropped entries fails where both are 0, as after a ReLU. The mask knows."""
    return backward(dout, cache)


@mistake(
    "C27",
    of="dropout_backward",
    title="scaled twice: the mask already holds the scale",
    seen=("https://community.deeplearning.ai/t/backpropagation-with-dropout/310969",),
)
def scaled_again(dout, cache):
    """Forward multiplied by 1 / (1 - p) once, so backward does so once. What does the mask hold already?"""
    return backward(dout, cache) * cache[1]


@mistake("C28", of="dropout_backward", title="multiplied by 1 - p where forward divided by it")
def multiplied(dout, cache):
    """A factor in the forward pass is the same factor in the backward pass, not its inverse."""
    keep, scale = cache
    return np.where(keep, dout / scale if scale else dout * 0, dout * 0)


def _cancelled(x, p, rng, train=True):
    out, (keep, scale) = dropout_forward(x, p, rng, train)
    return (np.where(keep, x, x * 0), (keep, scale)) if train else (out, (keep, scale))


@mistake(
    "C09",
    of="dropout_backward",
    title="backward has the scale 1 / (1 - p), forward has not",
    beside={"dropout_forward": guarded(_cancelled)},
)
def cancelled(dout, cache):
    """Multiplying x by 1 - p first and dividing the mask by it cancels: forward does not scale at all.
    Run check("dropout_forward") first."""
    return backward(dout, cache)


def _untouched(x, p, rng, train=True):
    return x, dropout_forward(x, p, rng, train)[1]


@mistake(
    "C29",
    of="dropout_backward",
    title="dropout only in backward: forward drops nothing",
    beside={"dropout_forward": guarded(_untouched)},
)
def backward_only(dout, cache):
    """The gradient has to belong to what forward computed. Where does the mask meet x in `dropout_forward`?"""
    return backward(dout, cache)


def _idle(of, forward):
    def untouched(x, p, rng, train=True):
        return forward(x, p, rng, train) if not train else (x, (True, 1.0))

    return {of: guarded(untouched)}


def nothing_to_do(dout, cache):
    """`return x, None` and `return dout` belong together, and are no dropout. The forward pass comes first."""
    return backward(dout, cache)


for _id, _of, _forward in (("C20b", "dropout", dropout_forward), ("Z20b", "zeroing", zeroing_forward)):
    mistake(_id, of=f"{_of}_backward", title="neither pass drops anything", beside=_idle(f"{_of}_forward", _forward))(
        nothing_to_do
    )


@both("C46", "Z46", "the upstream gradient is changed in place")
def in_place(dout, cache):
    """Whoever called may need dout for another branch. With a new array for dx, nothing is lost."""
    dout *= np.asarray(backward(np.ones_like(dout), cache))
    return dout


@both("C47", "Z47", "everything is cast to float32")
def single(dout, cache):
    """The dtype that goes in comes out: float32 in training, float64 in a gradient check, which needs the digits."""
    return backward(dout.astype(np.float32), cache)


@both(
    "C48",
    "Z48",
    "float32 goes in and float64 comes out: the mask, or its scale, is of another dtype",
    seen=("44 of 70 published layers",),
)
def promoted(dout, cache):
    """float32 times float64, or times whole numbers of 64 bits, is float64, and every layer below inherits it.
    Which dtype has the mask, which has dout?"""
    return dout * backward(np.ones(dout.shape), cache)


_last = {}


def _remembering(x, out, cache):
    _last["cache"] = cache
    return cache


@both(
    "C53",
    "Z53",
    "the mask is kept outside the cache, and a later forward pass overwrites it",
    seen=("https://github.com/chainer/chainer/issues/7813",),
    stores=_remembering,
)
def overwritten(dout, cache):
    """Between a forward pass and its backward pass another one may run, on validation data or another branch.
    What travels in the cache is safe."""
    return backward(dout, _last["cache"])


def _remembering_masks(x, out, cache):
    if active(cache):
        _last["mask"] = cache
    return cache


@both("C54", "Z54", "after a test-time pass backward still uses the last training mask", stores=_remembering_masks)
def stale(dout, cache):
    """The forward pass before this backward pass dropped nothing. What backward does follows from the cache alone."""
    return backward(dout, _last.get("mask", cache))


@both(
    "C54b",
    None,
    "backward cannot use the cache of a test-time pass",
    stores=lambda x, out, cache: cache if active(cache) else None,
)
def unusable(dout, cache):
    """At test time forward put no mask into the cache. What should backward do then?"""
    return backward(dout, cache)


@mistake("Z21", of="zeroing_backward", title="backward scales by 1 / (1 - p), forward does not")
def scaled_zeroing(dout, cache):
    """In training `zeroing_forward` multiplies by 0 or 1, so backward does too.
    The factor belongs to inverted dropout."""
    keep, scale = cache
    return backward(dout, (keep, scale / np.mean(keep))) if active(cache) and np.any(keep) else backward(dout, cache)


@mistake("Z28", of="zeroing_backward", title="backward lacks the factor 1 - p of test time")
def unscaled_test(dout, cache):
    """At test time forward multiplied every entry by 1 - p. That is a factor like any other; what is its derivative?"""
    return backward(dout, cache) if active(cache) else dout


__all__ = ["RIGHT", "inverse", "kept", "thinned"]
