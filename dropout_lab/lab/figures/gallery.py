"""The signature of a dropout layer in a small picture: what it multiplies each entry by, and where that is wrong."""

import numpy as np
from matplotlib.colors import ListedColormap

from dropout_lab.lab.figures.dropout import DROPPED, KEPT
from dropout_lab.lab.plots import BLUE, GREY, VERMILION

SAMPLES, UNITS = 6, 14


def draw_signature(figure, named, right):
    """Paint the multipliers of two passes of a layer side by side, then their values, and return them in words.

    Parameters
    ----------
    figure : matplotlib Figure
    named : {name: array (N, H)}, two of them
        What two passes multiplied each entry by. A pale entry is 0, a blue one is not.
    right : {name: array (N, H) or sequence of numbers}
        What they should multiply by: an array where each entry is known (a wrong one gets a cross), else the values
        that may occur.
    """
    figure.set_size_inches(4.2, 1.25)
    *images, strip = figure.subplots(1, 3, width_ratios=[UNITS, UNITS, 9])
    for axes, (name, factors) in zip(images, named.items(), strict=True):
        axes.pcolormesh(
            factors == 0, cmap=ListedColormap([KEPT, DROPPED]), vmin=0, vmax=1, edgecolors="white", linewidth=0.5
        )
        row, column = np.nonzero(~_as_right(factors, right[name]))
        axes.plot(column + 0.5, row + 0.5, "x", color=VERMILION, markersize=3.5, markeredgewidth=1.2)
        axes.set(xticks=[], yticks=[], aspect="equal")
        axes.grid(False)
        axes.spines[:].set_visible(False)
        axes.set_title(f"{name}: {np.mean(factors == 0):.0%} are 0", fontsize=7, loc="left", pad=2)
        axes.invert_yaxis()
    _strip(strip, named, right)
    return _said(named, right)


def _as_right(factors, right, tolerance=1e-8):
    if isinstance(right, np.ndarray):
        return np.isclose(factors, right, atol=tolerance)
    return np.isclose(factors[..., None], np.asarray(right, float), atol=tolerance).any(axis=-1)


def _strip(axes, named, right):
    """The values that occur, and as dashes those that should."""
    for i, (name, factors) in enumerate(named.items()):
        for value in np.unique(np.round(right[name], 6)):
            axes.hlines(value, i - 0.38, i + 0.38, color=GREY, linestyle="--", linewidth=1)
        values = np.unique(np.round(factors[np.isfinite(factors)], 3))
        good = _as_right(values, np.unique(right[name]).tolist(), 1e-3)
        spread = i + np.linspace(-0.15, 0.15, len(values)) if len(values) > 4 else np.full(len(values), i)
        axes.plot(spread[good], values[good], "o", color=BLUE, markersize=4)
        axes.plot(spread[~good], values[~good], "x", color=VERMILION, markersize=4, markeredgewidth=1.2)
    axes.set_xticks(range(len(named)), [name.replace(" ", "\n", 1) for name in named], fontsize=5.5)
    axes.set_xlim(-0.6, len(named) - 0.4)
    axes.margins(y=0.15)
    axes.tick_params(axis="y", labelsize=6, length=2)
    axes.tick_params(axis="x", length=0)
    axes.set_title("multiplied by", fontsize=7, loc="left", pad=2)


def _said(named, right):
    """Alt text: for each pass the share of zeros, and the values of the rest."""
    words = []
    for name, factors in named.items():
        rest = factors[factors != 0]
        if not rest.size:
            values = ""
        elif np.isclose(rest.min(), rest.max()):
            values = f", the rest times {rest[0]:.2f}"
        else:
            values = f", the rest times {rest.min():.2f} to {rest.max():.2f}"
        wrong = np.count_nonzero(~_as_right(factors, right[name]))
        words.append(
            f"{name}: {np.mean(factors == 0):.0%} are zero{values}"
            + (f", {wrong} of {factors.size} wrong" if wrong else "")
        )
    return "; ".join(words) + "."
