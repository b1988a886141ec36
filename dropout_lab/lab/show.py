"""Numbers as the lessons print them: the same on every machine and with every NumPy."""

from textwrap import fill

import numpy as np

from dropout_lab.system.screen import COLUMNS


def rounded(x, digits=3):
    """A number, array, or dictionary of them as text with that many significant digits.

    Sums of many terms differ between processors in their last digits, and NumPy 1 and 2 print bare scalars
    differently. What a lesson prints goes through here.
    """
    if isinstance(x, dict):
        return "{" + ", ".join(f"{name}: {rounded(value, digits)}" for name, value in x.items()) + "}"
    if isinstance(x, (str, bool, np.bool_)) or x is None:
        return str(x)
    x = np.asarray(x)
    if x.ndim == 0:
        return _scalar(x.item(), digits)
    return np.array2string(x, formatter={"all": lambda entry: _scalar(entry, digits)}, separator=" ")


def show(**values):
    """Print each value under its name, rounded: show(loss=loss, dw=dw)."""
    for name, value in values.items():
        text = rounded(value)
        print(f"{name} = {text}" if "\n" not in text else f"{name} =\n{text}")


def say(text):
    """Print a line; one that is too long for a notebook's column goes on below, between two words."""
    print(fill(text, COLUMNS, subsequent_indent="  "))


def _scalar(x, digits):
    if isinstance(x, (int, bool, np.integer)) or not np.isfinite(x):
        return str(x)
    if x == 0 or abs(x) < 1e-300:
        return "0"
    if not 1e-4 <= abs(x) < 10**6:
        return f"{x:.0e}"
    exponent = int(f"{x:.{digits - 1}e}".partition("e")[2])  # of the rounded number: 0.99999 and 1 print alike
    decimals = max(0, digits - 1 - exponent)
    return f"{round(x, decimals) + 0.0:.{decimals}f}"
