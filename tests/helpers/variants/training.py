"""Right ways to write training.py: copies changed in place, other orders, other algebra."""

import numpy as np


def momentum_comprehension(params, grads, velocity, lr, momentum):
    v = {k: momentum * velocity.get(k, 0) - lr * g for k, g in grads.items()}
    return {k: params[k] + v[k] for k in params}, v


def momentum_loop(params, grads, velocity, lr, momentum):
    new, speed = {}, {}
    for k in params:
        before = velocity[k] if k in velocity else np.zeros_like(params[k])
        speed[k] = momentum * before - lr * grads[k]
        new[k] = params[k] + speed[k]
    return new, speed


def momentum_copies(params, grads, velocity, lr, momentum):
    new = {k: w.copy() for k, w in params.items()}
    speed = {k: velocity[k].copy() if velocity else np.zeros_like(w) for k, w in params.items()}
    for k in new:
        speed[k] *= momentum
        speed[k] -= lr * grads[k]
        new[k] += speed[k]
    return new, speed


def momentum_turned(params, grads, velocity, lr, momentum):
    """The uphill velocity inside, the docstring's outside; names in another order."""
    up = {k: lr * grads[k] - momentum * velocity.get(k, 0 * grads[k]) for k in reversed(list(params))}
    return {k: params[k] - up[k] for k in up}, {k: -v for k, v in up.items()}


def momentum_first_step(params, grads, velocity, lr, momentum):
    if not velocity:
        velocity = {k: np.zeros(w.shape, w.dtype) for k, w in params.items()}
    v = {k: np.subtract(np.multiply(velocity[k], momentum), np.multiply(grads[k], lr)) for k in params}
    return [{k: np.add(params[k], v[k]) for k in params}, v]


def norm_minimum(w, limit):
    lengths = np.linalg.norm(w, axis=0)
    return w * np.minimum(1, limit / np.maximum(lengths, 1e-30)).astype(w.dtype)


def norm_where(w, limit):
    lengths = np.sqrt(np.sum(w**2, axis=0, keepdims=True))
    return np.where(lengths > limit, w * limit / lengths, w)


def norm_loop(w, limit):
    out = w.copy()
    for j in range(w.shape[1]):
        length = np.sqrt(out[:, j] @ out[:, j])
        if length > limit:
            out[:, j] *= limit / length
    return out


def norm_selected(w, limit):
    lengths = np.sqrt(np.einsum("ij,ij->j", w, w))
    long = lengths > limit
    out = np.array(w)
    out[:, long] /= lengths[long] / limit
    return out


def norm_warning(w, limit):
    """limit / 0 is infinite, and the smaller of 1 and infinity is 1."""
    return (w.T * np.minimum(1, limit / np.hypot.reduce(w, axis=0))[:, None]).T


VARIANTS = [
    *(
        {"sgd_momentum": f}
        for f in (momentum_comprehension, momentum_loop, momentum_copies, momentum_turned, momentum_first_step)
    ),
    *({"max_norm": f} for f in (norm_minimum, norm_where, norm_loop, norm_selected, norm_warning)),
]
