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


def numeric_put(f, x, h=1e-5):
    """Flat places, written by `put` into copies."""
    _float64(x)

    def at(k, value):
        moved = np.array(x, order="C")
        moved.put(k, value)
        return f(moved)

    slopes = [(at(k, v + h) - at(k, v - h)) / (h + h) for k, v in enumerate(x.ravel())]
    return np.array(slopes).reshape(x.shape)


def numeric_lists(f, x, h=1e-5):
    """All values above first, then all below."""
    _float64(x)
    places = list(np.ndindex(x.shape))

    def asked(sign):
        values = []
        for i in places:
            moved = x.copy()
            moved[i] += sign * h
            values.append(f(moved))
        return np.array(values)

    return ((asked(1) - asked(-1)) * (0.5 / h)).reshape(x.shape)


def numeric_where(f, x, h=1e-5):
    _float64(x)
    grad, number = np.empty_like(x), np.arange(x.size).reshape(x.shape)
    for k in range(x.size):
        here = number == k
        grad[here] = (f(np.where(here, x + h, x)) - f(np.where(here, x - h, x))) / (2.0 * h)
    return grad


def numeric_try(f, x, h=1e-5):
    """In place, put back whatever happens."""
    _float64(x)
    grad = np.zeros(x.shape, dtype=np.float64)
    for i in np.ndindex(*x.shape):
        was = x[i]
        try:
            x[i] = was + h
            above = f(x)
            x[i] = was - h
            grad[i] = (above - f(x)) / (2 * h)
        finally:
            x[i] = was
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


def error_hypot(a, b):
    _one_shape(a, b)

    def length(v):
        return float(np.hypot.reduce(np.ravel(v), initial=0.0))

    return length(np.subtract(a, b)) / (length(a) + length(b)) if np.any(a) or np.any(b) else 0.0


def error_vdot(a, b):
    _one_shape(a, b)
    away = np.subtract(a, b)
    top, bottom = np.vdot(away, away) ** 0.5, np.vdot(a, a) ** 0.5 + np.vdot(b, b) ** 0.5
    return np.divide(top, bottom, out=np.zeros(()), where=bottom != 0)


def error_fsum(a, b):
    _one_shape(a, b)

    def length(v):
        return math.sqrt(math.fsum(e * e for e in np.ravel(v)))

    size = length(a) + length(b)
    return length(np.asarray(a) - np.asarray(b)) / size if size or math.isnan(size) else 0.0


def error_tensordot(a, b):
    _one_shape(a, b)
    stack = np.stack([np.subtract(a, b), a, b]).reshape(3, -1)
    away, first, second = np.sqrt(np.einsum("ij,ij->i", stack, stack))
    return away / (first + second or 1.0)


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


def check_loop(f, params, grads, h=1e-5):
    errors = {}
    for key, value in params.items():

        def of_one(nudged, key=key):
            changed = params.copy()
            changed[key] = nudged
            return f(changed)

        errors[key] = error_sums(numeric_lists(of_one, value, h), grads[key])
    return errors


def check_restoring(f, params, grads, h=1e-5):
    """One working dictionary, put right after each name."""
    work = dict(params)
    errors = {}
    for name in params:

        def ask(nudged, name=name):
            work[name] = nudged
            return f(work)

        numeric = numeric_copies(ask, params[name], h)
        work[name] = params[name]
        errors[name] = error_vdot(grads[name], numeric)
    return errors


def check_zip(f, params, grads, h=1e-5):
    names = tuple(params)
    numeric = [numeric_try(lambda _: f(params), params[name], h) for name in names]
    return dict(zip(names, (error_fsum(n, grads[k]) for k, n in zip(names, numeric, strict=True)), strict=True))


def check_flat(f, params, grads, h=1e-5):
    """Every array as a stretch of one long vector."""
    for name, array in params.items():
        _float64(array)
        grads[name]
    cuts = np.cumsum([v.size for v in params.values()])
    vector = np.concatenate([v.ravel() for v in params.values()])

    def unpacked(v):
        return {k: part.reshape(params[k].shape) for k, part in zip(params, np.split(v, cuts[:-1]), strict=True)}

    numeric = unpacked(numeric_put(lambda v: f(unpacked(v)), vector, h))
    return {name: error_tensordot(numeric[name], grads[name]) for name in params}


VARIANTS = [
    *(
        {"numerical_gradient": f}
        for f in (
            numeric_in_place,
            numeric_eye,
            numeric_flat,
            numeric_copies,
            numeric_halves,
            numeric_put,
            numeric_lists,
            numeric_where,
            numeric_try,
        )
    ),
    *(
        {"relative_error": f}
        for f in (
            error_norm,
            error_maximum,
            error_sums,
            error_small_number,
            error_equal_first,
            error_hypot,
            error_vdot,
            error_fsum,
            error_tensordot,
        )
    ),
    *(
        {"gradient_check": f}
        for f in (
            check_merged,
            check_in_place,
            check_by_hand,
            check_swapped,
            check_full,
            check_loop,
            check_restoring,
            check_zip,
            check_flat,
        )
    ),
]
