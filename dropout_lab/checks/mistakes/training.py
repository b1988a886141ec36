"""Mistakes in training.py: steps of a descent, and the limit on the length of columns."""

import numpy as np

from dropout_lab.checks.mistakes import mistake


def _momentum(params, grads, velocity, lr, momentum):
    speed = {k: momentum * velocity[k] - lr * g if k in velocity else -lr * g for k, g in grads.items()}
    return {k: w + speed[k] for k, w in params.items()}, speed


def _lengths(w, axis=0):
    return np.sqrt(np.square(w).sum(axis=axis, keepdims=True))


def _shrunk(w, lengths, limit):
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(lengths > limit, w * (w.dtype.type(limit) / lengths), w)


def _limited(w, limit):
    return _shrunk(w, _lengths(w), limit)


# sgd_momentum


@mistake(
    "A28",
    of="sgd_momentum",
    title="the velocity enters the step with the wrong sign",
    seen=("https://github.com/fchollet/deep-learning-with-python-notebooks/issues/19",),
)
def mixed_signs(params, grads, velocity, lr, momentum):
    """The first step is right, the second fights it. Either the velocity points downhill and is added, or uphill and
    is subtracted.
    """
    uphill = {k: momentum * velocity.get(k, 0) + lr * g for k, g in grads.items()}
    return {k: w + momentum * velocity.get(k, 0) - lr * grads[k] for k, w in params.items()}, uphill


@mistake(
    "A29",
    of="sgd_momentum",
    title="the step is taken with the velocity of before",
    seen=("https://github.com/mdenil/dropout/issues/4", "https://github.com/zc911/MatrixSlow/pull/17"),
)
def previous_velocity(params, grads, velocity, lr, momentum):
    """The first step then does not move at all. First the velocity takes in the gradient, then the parameters take in
    the velocity.
    """
    _, speed = _momentum(params, grads, velocity, lr, momentum)
    return {k: w + velocity.get(k, np.zeros_like(w)) for k, w in params.items()}, speed


@mistake("A30", of="sgd_momentum", title="the parameters come back unchanged")
def nothing_moves(params, grads, velocity, lr, momentum):
    """`w = w + v` gives a name inside the function a new array; the dictionary still holds the old one. Return what
    was computed.
    """
    return {k: w.copy() for k, w in params.items()}, _momentum(params, grads, velocity, lr, momentum)[1]


@mistake("A70", of="sgd_momentum", title="the step goes uphill")
def uphill(params, grads, velocity, lr, momentum):
    """The gradient points to where the loss grows. The step goes the other way."""
    return _momentum(params, {k: -g for k, g in grads.items()}, velocity, lr, momentum)


@mistake("A70b", of="sgd_momentum", title="the velocity is subtracted, not added")
def subtracted(params, grads, velocity, lr, momentum):
    """The minus is in the velocity already: v <- momentum * v - lr * g points downhill. Taken off once more it leads
    uphill.
    """
    _, speed = _momentum(params, grads, velocity, lr, momentum)
    return {k: w - speed[k] for k, w in params.items()}, speed


@mistake("A71", of="sgd_momentum", title="the velocity comes back with the wrong sign")
def other_convention(params, grads, velocity, lr, momentum):
    """The parameters move as they should, since the velocity is subtracted. But what is handed on is minus the velocity
    of the docstring, v <- momentum * v - lr * g.
    """
    uphill = {k: momentum * velocity[k] + lr * g if k in velocity else lr * g for k, g in grads.items()}
    return {k: w - uphill[k] for k, w in params.items()}, uphill


@mistake("A72", of="sgd_momentum", title="the learning rate is not in the step")
def no_rate(params, grads, velocity, lr, momentum):
    """lr says how far to go along the gradient. Without it every step is as long as the gradient itself."""
    return _momentum(params, grads, velocity, 1.0, momentum)


@mistake("A73", of="sgd_momentum", title="the velocity is not used: plain gradient descent")
def no_momentum(params, grads, velocity, lr, momentum):
    """A second step in the same direction should be longer than the first: what was moved before is added, faded by
    momentum.
    """
    return _momentum(params, grads, {}, lr, momentum)


@mistake("A74", of="sgd_momentum", title="the velocity does not fade")
def no_friction(params, grads, velocity, lr, momentum):
    """Without the factor momentum an old gradient pushes for ever, and the descent never comes to rest."""
    return _momentum(params, grads, velocity, lr, 1.0)


@mistake("A75", of="sgd_momentum", title="the gradient is weighted by 1 - momentum")
def running_mean(params, grads, velocity, lr, momentum):
    """That is a running mean of the gradients, and a step 1 - momentum times as long. Here the velocity is a sum:
    each gradient enters in full.
    """
    return _momentum(params, {k: (1 - momentum) * g for k, g in grads.items()}, velocity, lr, momentum)


@mistake("A76", of="sgd_momentum", title="Nesterov's step")
def nesterov(params, grads, velocity, lr, momentum):
    """Nesterov's variant looks one step ahead. Here the parameters move by the new velocity, and that is all."""
    _, speed = _momentum(params, grads, velocity, lr, momentum)
    return {k: w + momentum * speed[k] - lr * grads[k] for k, w in params.items()}, speed


@mistake("A77", of="sgd_momentum", title="the arrays of params are changed in place")
def params_in_place(params, grads, velocity, lr, momentum):
    """The new values are right, but `w += v` writes into the caller's array. The best parameters so far, kept for
    later, would move along.
    """
    new, speed = _momentum(params, grads, velocity, lr, momentum)
    for k in params:
        params[k][...] = new[k]
    return params, speed


@mistake("A78", of="sgd_momentum", title="the velocity that was passed in is changed")
def velocity_in_place(params, grads, velocity, lr, momentum):
    """The new values are right, but the caller's velocity has changed with them. Return a new dictionary of new
    arrays.
    """
    new, speed = _momentum(params, grads, velocity, lr, momentum)
    for k in speed:
        velocity[k] = speed[k].copy()
    return new, speed


@mistake("A79", of="sgd_momentum", title="the first step finds no velocity")
def missing_velocity(params, grads, velocity, lr, momentum):
    """Before the first step velocity is {}: a name that is not in it has not moved yet."""
    speed = {k: momentum * velocity[k] - lr * g for k, g in grads.items()}
    return {k: w + speed[k] for k, w in params.items()}, speed


@mistake("A80", of="sgd_momentum", title="velocity and params come in the other order")
def swapped(params, grads, velocity, lr, momentum):
    """params first, velocity second: the caller unpacks them in that order."""
    return _momentum(params, grads, velocity, lr, momentum)[::-1]


@mistake(
    "A71b",
    of="sgd_momentum",
    title="PyTorch's momentum: lr stands outside of the velocity",
    seen=("https://pytorch.org/docs/stable/generated/torch.optim.SGD.html",),
)
def rate_outside(params, grads, velocity, lr, momentum):
    """As long as lr stays the same the parameters move alike. When it changes, the docstring's velocity keeps what was
    moved before; here old gradients are scaled anew.
    """
    sums = {k: momentum * velocity[k] + g if k in velocity else g.copy() for k, g in grads.items()}
    return {k: w - lr * sums[k] for k, w in params.items()}, sums


@mistake(
    "A75b",
    of="sgd_momentum",
    title="the gradient is weighted by 1 - momentum, and lr stands outside",
    seen=("https://www.coursera.org/learn/deep-neural-network",),
)
def average_of_gradients(params, grads, velocity, lr, momentum):
    """That is a running mean of the gradients, and a step 1 - momentum times as long. Here the velocity is a sum of
    steps: each gradient enters in full, times lr.
    """
    means = {
        k: momentum * velocity[k] + (1 - momentum) * g if k in velocity else (1 - momentum) * g
        for k, g in grads.items()
    }
    return {k: w - lr * means[k] for k, w in params.items()}, means


@mistake("A75c", of="sgd_momentum", title="the step is weighted by 1 - momentum, and subtracted")
def average_of_steps(params, grads, velocity, lr, momentum):
    """That is a running mean, and a step 1 - momentum times as long. Here each gradient enters the velocity in full,
    with a minus, and the velocity is added.
    """
    means = {k: momentum * velocity.get(k, 0 * g) + (1 - momentum) * lr * g for k, g in grads.items()}
    return {k: w - means[k] for k, w in params.items()}, means


@mistake("A78b", of="sgd_momentum", title="a part of the parameters is taken off: weight decay")
def decay(params, grads, velocity, lr, momentum):
    """Decay pulls every parameter towards 0, whatever the gradient says. Here the step is made of velocity and gradient
    alone.
    """
    pulled = {k: g + params[k].dtype.type(1e-6) * params[k] for k, g in grads.items()}
    return _momentum(params, pulled, velocity, lr, momentum)


_speed = {}


@mistake("A79b", of="sgd_momentum", title="the velocity is kept outside of the function")
def remembered(params, grads, velocity, lr, momentum):
    """A second training would start with the velocity that the first ended with. What a step has to know comes in
    through `velocity`, and goes out with what is returned.
    """
    old = {k: v for k, v in _speed.items() if k in params and v.shape == params[k].shape}
    new, speed = _momentum(params, grads, {k: v.astype(params[k].dtype) for k, v in old.items()}, lr, momentum)
    _speed.update({k: v.copy() for k, v in speed.items()})
    return new, speed


# max_norm


@mistake("A81", of="max_norm", title="the rows are limited, not the columns")
def rows(w, limit):
    """Column j holds the weights that enter unit j; a row holds what leaves an input. Which axis does the sum of
    squares run along?
    """
    return _shrunk(w, _lengths(w, axis=1), limit)


@mistake("A82", of="max_norm", title="the whole matrix is limited")
def whole(w, limit):
    """Each unit has a limit of its own. One length for all lets one unit grow at the cost of the others."""
    return _shrunk(w, _lengths(w, axis=(0, 1)), limit)


@mistake("A83", of="max_norm", title="every column is brought to the limit")
def stretched(w, limit):
    """The limit is an upper one. Columns that are shorter stay as they are, and one of zeros has no direction to grow
    in.
    """
    lengths = _lengths(w)
    return w * np.divide(limit, lengths, out=np.zeros_like(lengths), where=lengths > 0)


@mistake("A83b", of="max_norm", title="every column is brought to the limit, one of zeros to nan")
def normalised(w, limit):
    """The limit is an upper one. Columns that are shorter stay as they are, and so does one of zeros: limit / 0 is inf,
    and 0 * inf is nan.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return w * (w.dtype.type(limit) / _lengths(w))


@mistake("A84", of="max_norm", title="the square of the length is compared with the limit")
def squared(w, limit):
    """A length is the root of the sum of the squares."""
    return _shrunk(w, _lengths(w) ** 2, limit)


@mistake("A85", of="max_norm", title="single weights are cut, not columns")
def clipped(w, limit):
    """Cutting entry by entry changes the direction of a column, and lets a column of many small weights grow long.
    The whole column shrinks by one factor.
    """
    return np.clip(w, -limit, limit)


@mistake("A86", of="max_norm", title="a column of zeros becomes nan")
def zero_by_zero(w, limit):
    """Its length is 0, and 0/0 is nan. Divide only where a column is too long, or by something that is never 0."""
    return w / _lengths(w) * np.minimum(_lengths(w), w.dtype.type(limit))


@mistake("A87", of="max_norm", title="w is shrunk in place")
def shrunk_in_place(w, limit):
    """The values are right, but the caller's w has changed. Return a new array."""
    w[...] = _limited(w, limit)
    return w


@mistake("A88", of="max_norm", title="lengths are sums of absolute values")
def city_blocks(w, limit):
    """The limit is on the Euclidean length: the root of the sum of the squares."""
    return _shrunk(w, np.abs(w).sum(axis=0, keepdims=True), limit)


@mistake("A89", of="max_norm", title="long columns become as long as 1")
def unit_length(w, limit):
    """Divided by its length a column is 1 long. It should be as long as the limit."""
    return np.where(_lengths(w) > limit, _shrunk(w, _lengths(w), limit) / w.dtype.type(limit), w)


@mistake(
    "A86b",
    of="max_norm",
    title="a small number is added to the lengths",
    seen=("https://keras.io/api/layers/constraints/#maxnorm-class",),
)
def padded_lengths(w, limit):
    """Columns that are too long end short of the limit by that much. A column of zeros needs no number: divide only
    where a column is too long, or by the larger of length and limit.
    """
    lengths = _lengths(w)
    return w * (np.minimum(lengths, w.dtype.type(limit)) / (lengths + w.dtype.type(1e-8)))


@mistake("A82b", of="max_norm", title="the longest column decides for all")
def one_factor(w, limit):
    """Every column has a length of its own, and its own factor: those that are short enough stay as they are."""
    return w * min(1.0, float(limit / _lengths(w).max()))


@mistake("A87b", of="max_norm", title="axes of length 1 are squeezed away")
def squeezed(w, limit):
    """w keeps its two axes, also where there is one column or one row."""
    return np.squeeze(_limited(w, limit))


RIGHT = {"sgd_momentum": _momentum, "max_norm": _limited}
