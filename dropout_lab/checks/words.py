"""Arrays in words: how what came out differs from what should have."""

import numpy as np


def same(got, want, tolerance=1e-9):
    """Same shape, finite, and within tolerance of the size of want. Never true by broadcasting or by nan."""
    if not isinstance(got, (np.ndarray, np.generic, float, int)) or np.asarray(got).dtype.kind not in "biuf":
        return False
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape or not np.all(np.isfinite(got)):
        return False
    return bool(np.all(np.abs(got - want) <= tolerance * max(1.0, np.abs(want).max(initial=0.0))))


def number(x):
    """A number as the reports print it: three significant digits, no exponent where none is needed."""
    x = float(x)
    if not np.isfinite(x) or x == 0:
        return f"{x:g}"
    return f"{x:.3g}" if 1e-3 <= abs(x) < 1e4 else f"{x:.1e}"


def describe(name, got, want, tolerance=1e-9):
    """A sentence on the way in which got is not want. The gravest difference first."""
    want = np.asarray(want)
    if not isinstance(got, (np.ndarray, np.generic, float, int)):
        return f"`{name}` is {_kind(got)}; it should be {_kind(want)}."
    got = np.asarray(got)
    if got.dtype.kind not in "biuf":
        return f"`{name}` holds {got.dtype} values; it should hold real numbers."
    if got.shape != want.shape:
        return f"`{name}` has shape {got.shape}; it should have {want.shape}."
    if not np.all(np.isfinite(got)):
        bad = np.size(got) - np.count_nonzero(np.isfinite(got))
        return f"`{name}` is nan or infinite in {_of(bad, got.size)}."
    if factor := _factor(got, want, tolerance):
        return f"`{name}` is {number(factor)} times what it should be{' in every entry' if got.size > 1 else ''}."
    if got.ndim == 2 and got.shape[0] == got.shape[1] and same(got.T, want, tolerance):
        return f"`{name}` is right but transposed."
    wrong = np.abs(got - want) > tolerance * max(1.0, np.abs(want).max(initial=0.0))
    if got.size == 1:
        return f"`{name}` is {number(got)} where {number(want)} is right."
    worst = np.unravel_index(np.argmax(np.abs(got - want)), got.shape)
    return (f"`{name}` is wrong in {_of(np.count_nonzero(wrong), got.size)};"
            f" the worst is {number(got[worst])} where {number(want[worst])} is right.")  # fmt: skip


def _kind(thing):
    if isinstance(thing, (np.ndarray, np.generic)):
        return f"an array of shape {np.shape(thing)}" if np.ndim(thing) else "a number"
    return "None" if thing is None else f"a {type(thing).__name__}"


def _of(some, all_of_them):
    return f"all {all_of_them} entries" if some == all_of_them else f"{some} of {all_of_them} entries"


def _factor(got, want, tolerance):
    """c if got = c want in every entry and c is not 1, else None."""
    size = float((want * want).sum())
    if size == 0:
        return None
    factor = float((got * want).sum()) / size
    fits = np.abs(got - factor * want).max() <= 10 * tolerance * max(1.0, np.abs(got).max())
    return factor if fits and factor != 0 else None
