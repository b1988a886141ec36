"""Figures of lesson 02: how far a numerical gradient can be trusted."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.plots import BLUE, GREEN, GREY, VERMILION, WIDTH, ink, small_print

STYLES = ((BLUE, "-", "o"), (VERMILION, "--", "s"), (GREEN, ":", "^"))
STEPS = 10.0 ** np.arange(-16, 0.25, 0.25)
FLOOR = 1e-17  # an error of exactly 0 is drawn here, since a logarithmic axis has no 0


def step_errors(methods, x, slope, steps=STEPS):
    """{name: array of errors}: |slope found - slope| / |slope| with L2 norms over the points x, for each step.

    Parameters
    ----------
    methods : {name: function of (x, h) that returns slopes at the points x}
    x : array (points,)
    slope : array (points,), the right slopes
    """
    right = np.asarray(slope, np.float64)
    size = np.linalg.norm(right)
    return {
        name: np.array([np.linalg.norm(np.asarray(method(x, h), np.float64) - right) / size for h in steps])
        for name, method in methods.items()
    }


def plot_steps(methods, x, slope, title, steps=STEPS):
    """The error of each method at the points x (points,) against the size of the step, with the best step marked."""
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    found = step_errors(methods, x, slope, steps)
    for place, ((name, errors), (colour, dash, marker)) in enumerate(zip(found.items(), STYLES, strict=False)):
        errors = np.maximum(errors, FLOOR)
        flat = errors[0] < 2 * errors.min()  # as good at the smallest step as anywhere
        best = 0 if flat else np.argmin(errors)
        ax.loglog(steps, errors, dash, color=colour)
        ax.plot(steps[best], errors[best], marker, color=colour, markersize=8)
        offset, side = ((0, 12), "left") if flat else ((-8, -12), "right") if place == 0 else ((8, -12), "left")
        ax.annotate(
            f"{name}: {errors[best]:.0e} at h = {steps[best]:.0e}",
            (steps[best], errors[best]),
            xytext=offset,
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=9,
            color=ink(colour),
        )
    ax.set(title=title, xlabel="step h (units of x)", ylabel="relative error", ylim=(FLOOR / 3, 10))
    small_print(figure, f"{np.size(x)} points between {np.min(x):.2f} and {np.max(x):.2f}; L2 ratio over all of them")
    plt.show()


def plot_kink(x, h):
    """The line through two points of ReLU at x - h and x + h, floats, one on each side of its kink."""
    figure, ax = plt.subplots(figsize=(WIDTH, 2.8))
    unit, left, right = 1e-5, x - h, x + h
    grid = np.array([-2.5 * h, 0, 2.5 * h])
    ax.plot(grid / unit, np.maximum(grid, 0) / unit, "-", color=BLUE)
    ends = np.array([left, right])
    ax.plot(ends / unit, np.maximum(ends, 0) / unit, "--s", color=VERMILION)
    slope = (max(right, 0) - max(left, 0)) / (2 * h)
    ax.annotate(
        f"measured slope {slope:.2f}",
        (right / unit, max(right, 0) / unit),
        xytext=(10, -4),
        va="top",
        textcoords="offset points",
        color=VERMILION,
    )
    ax.plot(x / unit, max(x, 0) / unit, "o", color=BLUE, zorder=3)
    ax.annotate(
        "here the slope is 0",
        (x / unit, max(x, 0) / unit),
        xytext=(0, -16),
        textcoords="offset points",
        color=BLUE,
        ha="center",
    )
    title = "A step across the kink measures a slope that is on neither side"
    ax.set(title=title, xlabel="x (units of 1e-5)", ylabel="max(x, 0) (units of 1e-5)", ylim=(-0.8, 2.7))
    small_print(figure, f"ReLU at x = {x:.0e}, nudged by h = {h:.0e} to both sides")
    plt.show()


def plot_errors(errors, title):
    """One row for each experiment, one mark for each array, against the lines for right and wrong.

    Parameters
    ----------
    errors : {experiment: {array: relative error}}
    """
    _, ax = plt.subplots(figsize=(WIDTH, 1.3 + 0.42 * len(errors)))
    names = list(next(iter(errors.values())))
    for row, found in enumerate(errors.values()):
        for k, (name, (colour, _, marker)) in enumerate(zip(names, STYLES, strict=False)):
            ax.plot(
                max(found[name], 1e-13),
                row + 0.22 * (k - 1),
                marker,
                color=colour,
                markersize=7,
                label=name if row == 0 else None,
            )
    ax.axvline(1e-7, color=GREY, lw=1)
    ax.axvline(1e-4, color=GREY, lw=1)
    for x, text in ((3e-11, "right"), (3e-6, "look closer"), (1e-2, "wrong")):
        ax.text(x, -0.62, text, color=GREY, ha="center", fontsize=9)
    ax.set(
        xscale="log",
        xlim=(5e-14, 3),
        ylim=(len(errors) - 0.5, -0.9),
        yticks=range(len(errors)),
        yticklabels=list(errors),
        xlabel="relative error",
        title=title,
    )
    ax.grid(axis="y", visible=False)
    ax.legend(loc="upper left", bbox_to_anchor=(1, 1), handletextpad=0.2)
    plt.show()


def plot_power(clouds, threshold):
    """Errors of many random directions, one row for each gradient, and the line that separates right from wrong.

    Parameters
    ----------
    clouds : {what was checked: list of errors}
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 2.4))
    rng = np.random.default_rng(0)
    for row, (found, (colour, _, marker)) in enumerate(zip(clouds.values(), STYLES, strict=False)):
        found = np.maximum(found, FLOOR)
        ax.plot(found, row + rng.uniform(-0.22, 0.22, len(found)), marker, color=colour, markersize=4, alpha=0.6)
    ax.axvline(threshold, color=GREY, lw=1)
    ax.text(1.6 * threshold, -0.55, f"threshold {threshold:.0e}", color=GREY, fontsize=9)
    ax.set(
        xscale="log",
        xlim=(FLOOR / 3, 1),
        ylim=(len(clouds) - 0.5, -0.7),
        yticks=range(len(clouds)),
        yticklabels=list(clouds),
        xlabel="error / size of the gradient",
    )
    ax.set_title("One random direction tells a right gradient from a wrong one")
    ax.grid(axis="y", visible=False)
    small_print(figure, f"{len(next(iter(clouds.values())))} random directions for each row, complex step 1e-200")
    plt.show()
