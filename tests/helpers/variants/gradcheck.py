"""Right ways to write gradcheck.py: in place with restoring, by nditer, by flat indices; lengths by other algebra."""

import math

import numpy as np


def _float64(x):
    if getattr(x, "dtype", None) != np.float64:
        raise TypeError("float64, please")


def numeric_in_place(f, x, h=1e-5):
    _float64(x)
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        i = it.multi_index
        was = x[i].copy() if x.ndim else float(x)
        x[i] = was + h
        up = f(x)
        x[i] = was - h
        down = f(x)
        x[i] = was
        grad[i] = (up - down) / (2 * h)
        it.iternext()
    return grad


def numeric_eye(f, x, h=1e-5):
    _float64(x)
    steps = h * np.eye(x.size).reshape(x.size, *x.shape)
    return np.array([(f(x + s) - f(x - s)) / (2 * h) for s in steps]).reshape(x.shape)


def numeric_flat(f, x, h=1e-5):
    _float64(x)
    x = x.copy()
    flat, grad = x.reshape(-1), np.empty(x.size)
    for k in range(x.size):
        flat[k] += h
        high = f(flat.reshape(x.shape))
        flat[k] -= 2 * h
        low = f(flat.reshape(x.shape))
        flat[k] += h
        grad[k] = (high - low) / h / 2
    return grad.reshape(x.shape)


def numeric_copies(f, x, h=1e-5):
    _float64(x)
    grad = np.zeros(x.shape)
    for i, _ in np.ndenumerate(x):
        up, down = np.array(x), np.array(x)
        up[i] = up[i] + h
        down[i] = down[i] - h
        grad[i] = 0.5 * (f(up) - f(down)) / h
    return grad


def numeric_halves(f, x, h=1e-5):
    """The mean of the slopes on both sides; one pass over the entries, by unravel_index."""
    _float64(x)
    middle, grad = f(x), np.zeros(x.shape)
    for k in range(x.size):
        i = np.unravel_index(k, x.shape) if x.ndim else ()
        step = np.zeros(x.shape)
        step[i] = h
        grad[i] = ((f(x + step) - middle) / h + (middle - f(x - step)) / h) / 2
    return grad


def _one_shape(a, b):
    if np.shape(a) != np.shape(b):
        raise ValueError("one shape, please")


def error_norm(a, b):
    _one_shape(a, b)
    size = np.linalg.norm(a) + np.linalg.norm(b)
    if size == 0:
        return 0.0
    return np.linalg.norm(a - b) / size


def error_maximum(a, b):
    _one_shape(a, b)
    return np.linalg.norm(np.ravel(a - b)) / np.maximum(
        np.linalg.norm(np.ravel(a)) + np.linalg.norm(np.ravel(b)), 1e-300
    )


def error_sums(a, b):
    _one_shape(a, b)
    size = math.sqrt(np.square(a).sum()) + math.sqrt(np.square(b).sum())
    return 0.0 if size == 0 else math.sqrt(np.square(a - b).sum()) / size


def error_small_number(a, b):
    _one_shape(a, b)
    a, b = np.asarray(a, float).ravel(), np.asarray(b, float).ravel()
    return np.sqrt((a - b) @ (a - b)) / (np.sqrt(a @ a) + np.sqrt(b @ b) + 1e-12)


def error_equal_first(a, b):
    _one_shape(a, b)
    if np.array_equal(a, b):
        return 0.0
    return float(np.sqrt(np.sum((a - b) ** 2)) / (np.sqrt(np.sum(a**2)) + np.sqrt(np.sum(b**2))))


def check_merged(f, params, grads, h=1e-5):
    return {
        name: error_norm(grads[name], numeric_eye(lambda v, name=name: f(params | {name: v}), params[name], h))
        for name in params
    }


def check_in_place(f, params, grads, h=1e-5):
    errors = {}
    for name in params:
        numeric = numeric_in_place(lambda _: f(params), params[name], h)
        errors[name] = error_sums(grads[name], numeric)
    return errors


def check_by_hand(f, params, grads, h=1e-5):
    work, errors = {k: v.copy() for k, v in params.items()}, {}
    for name, array in work.items():
        _float64(array)
        numeric = np.zeros_like(array)
        for i in np.ndindex(array.shape):
            was = array[i]
            array[i] = was + h
            up = f(work)
            array[i] = was - h
            numeric[i] = (up - f(work)) / (2 * h)
            array[i] = was
        errors[name] = error_maximum(grads[name], numeric)
    return errors


def check_swapped(f, params, grads, h=1e-5):
    """Puts the nudged array into a copied dictionary, sorted by name."""

    def with_one(name):
        def of(array):
            new = dict(params)
            new[name] = array
            return f(new)

        return of

    return {
        k: np.float64(error_equal_first(numeric_copies(with_one(k), params[k], h), grads[k])) for k in sorted(params)
    }


def check_full(f, params, grads, h=1e-5):
    if missing := set(params) - set(grads):
        raise KeyError(f"no gradient for {missing}")

    def of(name, array):
        return f({k: array if k == name else v for k, v in params.items()})

    pairs = ((k, numeric_flat(lambda v, k=k: of(k, v), params[k], h=h)) for k in params)
    return {k: float(error_small_number(grads[k], numeric)) for k, numeric in pairs}


VARIANTS = [
    *({"numerical_gradient": f} for f in (numeric_in_place, numeric_eye, numeric_flat, numeric_copies, numeric_halves)),
    *({"relative_error": f} for f in (error_norm, error_maximum, error_sums, error_small_number, error_equal_first)),
    *({"gradient_check": f} for f in (check_merged, check_in_place, check_by_hand, check_swapped, check_full)),
]
