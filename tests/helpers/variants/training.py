"""Right ways to write training.py: copies changed in place, other orders, other algebra."""

import copy

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


def momentum_default(params, grads, velocity, lr, momentum):
    speed = dict(velocity) or dict.fromkeys(params, 0.0)
    for k in params:
        speed[k] = speed[k] * momentum - grads[k] * lr
    return {k: w + speed[k] for k, w in params.items()}, dict(sorted(speed.items()))


def momentum_deep(params, grads, velocity, lr, momentum):
    """Copies of everything, changed in place."""
    params, velocity = copy.deepcopy((params, velocity))
    for k, g in grads.items():
        v = velocity.setdefault(k, np.zeros_like(params[k]))
        v *= momentum
        v += -lr * g
        params[k] += v
    return params, velocity


def momentum_sum(params, grads, velocity, lr, momentum):
    """The sum of the gradients without lr inside, the docstring's velocity outside."""
    downhill = {k: -(lr * g) + (momentum * velocity[k] if velocity else 0) for k, g in grads.items()}
    moved = {}
    for k in sorted(params):
        moved[k] = np.sum([params[k], downhill[k]], axis=0, dtype=params[k].dtype)
    return moved, downhill


def momentum_wide(params, grads, velocity, lr, momentum):
    """In float64, cast back."""
    new, speed = {}, {}
    for k, w in params.items():
        v = momentum * np.asarray(velocity.get(k, 0.0), float) - lr * grads[k].astype(float)
        new[k], speed[k] = (w.astype(float) + v).astype(w.dtype), v.astype(w.dtype)
    return new, speed


def momentum_out(params, grads, velocity, lr, momentum):
    speed = {k: np.multiply(g, -lr) for k, g in grads.items()}
    for k, v in velocity.items():
        np.add(speed[k], momentum * v, out=speed[k])
    return {k: np.add(w, speed[k]) for k, w in params.items()}, speed


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


def norm_columns(w, limit):
    return np.stack([c * (limit / n) if (n := np.linalg.norm(c)) > limit else c for c in w.T], axis=1)


def norm_divide(w, limit):
    lengths = np.sqrt((w**2).sum(axis=0))
    return w / np.maximum(1, lengths / limit).astype(w.dtype)


def norm_ratio(w, limit):
    lengths = (w * w).sum(axis=0) ** 0.5
    shrink = np.ones_like(lengths)
    np.divide(limit, lengths, out=shrink, where=lengths > limit)
    return w * shrink


def norm_wide(w, limit):
    """In float64, cast back, columns first."""
    work = w.astype(np.float64, order="F")
    lengths = np.linalg.norm(work, ord=2, axis=0, keepdims=True)
    work *= np.where(lengths <= limit, 1.0, limit / np.where(lengths == 0, 1.0, lengths))
    return work.astype(w.dtype)


def norm_repeat(w, limit):
    out = w.copy()
    for j in np.flatnonzero(np.einsum("dh,dh->h", w, w) > limit**2):
        out[:, j] = w[:, j] / np.linalg.norm(w[:, j]) * limit
    return out


VARIANTS = [
    *(
        {"sgd_momentum": f}
        for f in (
            momentum_comprehension,
            momentum_loop,
            momentum_copies,
            momentum_turned,
            momentum_first_step,
            momentum_default,
            momentum_deep,
            momentum_sum,
            momentum_wide,
            momentum_out,
        )
    ),
    *(
        {"max_norm": f}
        for f in (
            norm_minimum,
            norm_where,
            norm_loop,
            norm_selected,
            norm_warning,
            norm_columns,
            norm_divide,
            norm_ratio,
            norm_wide,
            norm_repeat,
        )
    ),
]
