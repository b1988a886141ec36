"""Runs in pairs, and what is left when one is taken from the other."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.plots import BLUE, GREY, VERMILION, ink, small_print

CLEAR = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # behind numbers, where lines may cross them


def plot_pairs(a, b, labels, ylabel):
    """One line for each seed, from its run of the one kind to its run of the other: a and b are (seeds,)."""
    figure, axes = plt.subplots(figsize=(5.2, 3.4))
    falls = int((b < a).sum())
    for first, second in zip(a, b, strict=True):
        axes.plot(
            [0, 1],
            [first, second],
            color=BLUE if second < first else VERMILION,
            marker="o",
            linewidth=1,
            linestyle="-" if second < first else "--",
        )
    axes.plot([-0.08, 1.08], [a.mean(), b.mean()], "D", color=GREY, markersize=7)
    axes.set_xticks([0, 1], labels)
    axes.set(xlim=(-0.3, 1.3), ylabel=ylabel, title=f"{falls} of {len(a)} lines go down")
    small_print(figure, f"{len(a)} seeds; solid: down, dashed: up or level; diamonds: means")
    plt.show()


def plot_differences(comparisons, title, xlabel, small=""):
    """An interval for each comparison, a row each: {label: Difference}. One that leaves 0 out is solid.

    Parameters
    ----------
    comparisons : {label: Difference from `paired_difference`}
    """
    figure, axes = plt.subplots(figsize=(7.2, 1.2 + 0.42 * len(comparisons)))
    for row, (_, d) in enumerate(comparisons.items()):
        colour = BLUE if d.low > 0 else VERMILION if d.high < 0 else GREY
        axes.plot([d.low, d.high], [row, row], color=colour, linewidth=2, linestyle="-" if d.low * d.high > 0 else ":")
        axes.plot(d.mean, row, {BLUE: "o", VERMILION: "X", GREY: "s"}[colour], color=colour)
        axes.annotate(
            f"{round(d.mean, 1) + 0.0:+.1f}",
            (d.mean, row),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            color=ink(colour),
            bbox=CLEAR,
        )
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(np.arange(len(comparisons)), list(comparisons))
    axes.set(ylim=(len(comparisons) - 0.4, -0.7), xlabel=xlabel, title=title)
    axes.grid(axis="y", visible=False)
    small_print(figure, small or "95% intervals; circle: helps, cross: hurts, square and dots: not decided")
    plt.show()
