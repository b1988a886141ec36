"""Arrays in words: how what came out differs from what should have."""

import re
from textwrap import shorten

import numpy as np

GUESS = "Is a small number added, or clipped to, or something float32 on the way?"
LARGEST = 10**6  # entries; what is larger than any answer is known by its shape, and is not read


def bare_array(thing):
    """The thing as an array of NumPy's own class, or None if it is no array and no number.

    What a student's function returns is looked at only through this: a subclass of ndarray or float may answer
    `==` as it likes, an object array runs its own code in every comparison.
    """
    try:
        if isinstance(thing, np.ndarray):
            return np.ndarray.view(thing, np.ndarray)
        if isinstance(thing, (np.generic, float, int)):
            return np.array(thing if isinstance(thing, np.generic) else float(thing), subok=False)
    except Exception:  # noqa: BLE001 - a student's class raises anything
        return None
    return None


def readable(array):
    """Whether an array from `bare_array` holds real numbers, and not more of them than any answer has."""
    return array is not None and array.dtype.kind in "biuf" and array.size <= LARGEST


def same(got, want, tolerance=1e-9):
    """Same shape, finite, and within tolerance of the size of want. Never true by broadcasting or by nan."""
    got = bare_array(got)
    if not readable(got) or got.shape != np.shape(want):
        return False
    if got.dtype.kind == "f" and not np.isfinite(got).all():
        return False
    off = np.abs(np.subtract(got, want, dtype=float))
    return bool((off <= tolerance).all() or (off <= tolerance * np.abs(want).max(initial=1.0)).all())


def number(x):
    """A number as the reports print it: three significant digits, no exponent where none is needed."""
    x = float(x) + 0.0  # -0 is 0
    if not np.isfinite(x) or x == 0:
        return f"{x:g}"
    return f"{x:.3g}" if 1e-3 <= abs(x) < 1e4 else f"{x:.1e}"


def named(name):
    """A name as the reports print it: a bare identifier, or an entry of a dictionary, as code; a phrase as it is."""
    return f"`{name}`" if name.isidentifier() or name.endswith("]") else name


def describe(name, got, want, tolerance=1e-9):
    """A sentence on the way in which got is not want. The gravest difference first."""
    want, thing, got, name = np.asarray(want), got, bare_array(got), named(name)
    if got is None:
        return f"{name} is {kind(thing)}; it should be {kind(want)}."
    if got.dtype.kind not in "biuf":
        return f"{name} holds {got.dtype} values; it should hold real numbers."
    if got.shape != want.shape:
        return f"{name} {_shaped(got)}; it should {_shaped(want).replace('is', 'be').replace('has', 'have')}."
    with np.errstate(all="ignore"):
        return _difference(name, got, want, tolerance)


def _shaped(array):
    return f"has shape {array.shape}" if array.ndim else "is a single number"


def _difference(name, got, want, tolerance):
    if not np.all(np.isfinite(got)):
        what = "nan" if np.isnan(got).any() else "infinite"
        bad = np.size(got) - np.count_nonzero(np.isfinite(got))
        return f"{name} is {what}{_of(bad, got.size)}."
    if got.size > 1 and want.any() and not got.any():
        return f"{name} is 0 in every entry."
    if same(got, want, 1e-5):
        apart = number(np.abs(got - want).max())
        return f"{name} is off by {apart} at most: more than float64 rounds, and little for a wrong formula. {GUESS}"
    if got.size == 1:
        is_, right = got.item(), want.item()
        ratio = _simple_ratio(is_ / (right or 1))
        return f"{name} is {_closer(is_, right)} where {_closer(right, is_)} is right{ratio}."
    if (factor := _factor(got, want, tolerance)) is not None:
        times = f"is {_closer(factor, 1.0)}{_part(factor)} times what it should be"
        return f"{name} {'has the wrong sign' if abs(factor + 1) < 1e-6 else times} in every entry."
    if got.ndim == 2 and got.shape[0] == got.shape[1] and same(got.T, want, tolerance):
        return f"{name} is right but transposed."
    wrong = np.abs(got - want) > tolerance * max(1.0, np.abs(want).max(initial=0.0))
    worst = np.unravel_index(np.argmax(np.abs(got - want)), got.shape)
    return (
        f"{name} is wrong{_of(np.count_nonzero(wrong), got.size)};"
        f" the worst is {_closer(got[worst], want[worst])} where {_closer(want[worst], got[worst])} is right."
    )


def kind(thing):
    """What a thing is, with its article: "an array of shape (2, 3)", "a list", "None"."""
    if isinstance(thing, (np.ndarray, np.generic, float, int)):
        array = bare_array(thing)
        return f"an array of shape {array.shape}" if array is not None and array.ndim else "a number"
    name = type(thing).__name__
    return "None" if thing is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def brief(text):
    """A text on one line, with the arrays in it named and not shown, and no longer than a reader looks."""
    text = re.sub(r"array\(.*\)|\[\[.*\]\]|\[ *-?\d[^\]]*\]", "an array", str(text), flags=re.S)
    return shorten(text, 240, placeholder=" ...")


def listed(names):
    """`a`, `b` and `c`, each as code."""
    *most, last = [f"`{brief(name)}`" for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _closer(got, want):
    """got with three digits, or with as many as it takes to tell it from want."""
    if number(got) != number(want):
        return number(got)
    for digits in range(4, 18):
        if f"{got:.{digits}g}" != f"{want:.{digits}g}":
            return f"{got:.{digits}g}"
    return number(got)


def _simple_ratio(ratio):
    """ ", 6 times as much" where the ratio is a whole number, or one over it."""
    for r, words in ((ratio, "{:.0f} times as much"), (1 / ratio if ratio else 0, "one part in {:.0f} of it")):
        if 2 <= r <= 100 and abs(r - round(r)) < 1e-6:
            return ", " + words.format(r)
    return ": the sign is wrong" if abs(ratio + 1) < 1e-6 else ""


def _part(factor):
    """ " (1/6)" for 0.1667."""
    return f" (1/{1 / factor:.0f})" if 0 < factor < 1 and abs(1 / factor - round(1 / factor)) < 1e-6 else ""


def sentence(text):
    """The text with a capital at its start, unless it starts with code or with the name of a gradient."""
    return text if re.match(r"d[xwb]\b", text) else text[:1].upper() + text[1:]


def ended(text):
    """The text with a full stop at its end, unless it has an end."""
    return text if text.endswith((".", "?")) else f"{text}."


def _of(some, all_of_them):
    if all_of_them == 1:
        return ""
    return f" in all {all_of_them} entries" if some == all_of_them else f" in {some} of {all_of_them} entries"


def _factor(got, want, tolerance):
    """c if got = c want in every entry and c is not 1, else None."""
    size = float((want * want).sum())
    if size == 0:
        return None
    factor = float((got * want).sum()) / size
    fits = np.abs(got - factor * want).max() <= 10 * tolerance * max(1.0, np.abs(got).max())
    return factor if fits and factor != 0 else None
