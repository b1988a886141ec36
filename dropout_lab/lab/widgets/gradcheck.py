"""A panel of lesson 02: what a step of a given size measures."""

import numpy as np

from dropout_lab.lab.plots import BLUE, GREY, VERMILION
from dropout_lab.lab.widgets.panel import choice, panel, whole

POINT = 0.7
RIGHT = 1 - np.tanh(POINT) ** 2
MARKS = {"one side": (BLUE, "o"), "both sides": (VERMILION, "s")}
FLOOR = 1e-13  # an error of exactly 0 is drawn here


def explore_steps():
    """The slope of tanh at 0.7, measured with a step that the reader chooses. Each step tried leaves a mark."""

    def draw(figure, exponent, sides, before):
        tried = [*((shown["exponent"], shown["sides"]) for shown in before), (exponent, sides)]
        return draw_step(figure, exponent, sides, {step: error_of(*step) for step in tried})

    steps = whole(-1, "step: h is 10 to the power of", -16, 0)
    return panel(
        draw, "What does a step measure?", remember=True, exponent=steps, sides=choice("one side", "nudge to", MARKS)
    )


def draw_step(figure, exponent, sides, tried):
    """The line whose slope was measured, beside the errors of all steps tried so far."""
    curve, errors = figure.subplots(1, 2)
    _draw_line(curve, exponent, sides)
    for (other, side), error in tried.items():
        colour, marker = MARKS[side]
        now = (other, side) == (exponent, sides)
        errors.loglog(10.0**other, max(error, FLOOR), marker, color=colour, markersize=11 if now else 6)
    errors.set(xlim=(3e-17, 3), ylim=(FLOOR / 3, 3), xlabel="step h", ylabel="error of the slope")
    errors.set_title("Error of each step tried so far")
    slope, error = measured(exponent, sides), error_of(exponent, sides)
    return (
        f"h = 1e{exponent:+03d}, {sides}: the slope found is {slope:.12f}, right is {RIGHT:.12f}."
        f" The error is {error:.0e}. Steps tried: {len(tried)}."
    )


def measured(exponent, sides):
    """The slope that a step of 10**exponent to one side or both gives."""
    h = 10.0**exponent
    if sides == "both sides":
        return float((np.tanh(POINT + h) - np.tanh(POINT - h)) / (2 * h))
    return float((np.tanh(POINT + h) - np.tanh(POINT)) / h)


def error_of(exponent, sides):
    """How far the slope found is from the right one."""
    return abs(measured(exponent, sides) - RIGHT)


def _draw_line(ax, exponent, sides):
    h = 10.0**exponent
    grid = np.linspace(POINT - 1.2, POINT + 1.2, 100)
    ends = np.array([POINT - h if sides == "both sides" else POINT, POINT + h])
    ax.plot(grid, np.tanh(grid), "-", color=GREY)
    ax.plot(grid, np.tanh(POINT) + measured(exponent, sides) * (grid - POINT), "--", color=VERMILION, lw=1.2)
    ax.plot(ends, np.tanh(ends), "o", color=BLUE, markersize=5)
    ax.set(xlim=(grid[0], grid[-1]), ylim=(-0.9, 1.5), xlabel="x", ylabel="tanh(x)")
    ax.set_title("A line of the slope found")
