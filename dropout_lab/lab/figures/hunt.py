"""Figures of lesson 07: a redrawn mask and the numeric gradient, which rule convicts which layer, a suspect's case."""

from itertools import groupby

import numpy as np

from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.hunt.court import convicts, verdicts, written
from dropout_lab.lab.plots import BLUE, GREY, VERMILION, WIDTH, label_end, paint, small_print

STYLES = (VERMILION, "--", "s"), (BLUE, "-", "o")
STEPS = 10.0 ** -np.arange(1, 9)
MOST_CODES = 12  # columns that may carry the id of their layer; the caption names those that are free


def plot_sizes(losses, numerical_gradient, x):
    """The size of a loss's numeric gradient against the step: {name: loss(x)}, at most two; x of any shape."""
    paint(draw_sizes, losses, numerical_gradient, x)


def draw_sizes(figure, losses, numerical_gradient, x):
    """Paint `plot_sizes` on a figure and return the caption."""
    axes = figure.subplots()
    captions, growing = [], []
    for (name, loss), (colour, dash, marker) in zip(losses.items(), STYLES, strict=False):
        sizes = np.array([np.median(np.abs(numerical_gradient(loss, x, h))) for h in STEPS])
        axes.loglog(STEPS, sizes, dash, color=colour, marker=marker, markersize=5)
        label_end(axes, STEPS, sizes, name, colour)
        power = np.polyfit(np.log10(STEPS), np.log10(sizes), 1)[0]
        if power < -0.5:
            growing.append(name)
        captions.append(
            f"{name}: {sizes[0]:.1e} at h = {STEPS[0]:.0e}, {sizes[-1]:.1e} at h = {STEPS[-1]:.0e},"
            f" about h to the power {power + 0.0:.1f}"
        )
    grows = growing and f"With {growing[0]}, the numeric gradient grows as 1/h"
    title = grows or "The numeric gradient is the same at each h"
    axes.set(
        xlabel="step h (units of x), smaller to the right",
        ylabel="size of the numeric gradient",
        title=title,
        xlim=(STEPS[0] * 2, STEPS[-1] / 800),
    )
    axes.set_xticks(STEPS[::2])
    small_print(figure, f"median of |entry| over {x.size} entries · each step tried once")
    return "; ".join(captions) + "."


def plot_court(rules, layers, p=0.3):
    """A row for each rule, a column for each wrong layer, a mark where the rule convicts."""
    paint(draw_court, rules, layers, p)


def draw_court(figure, rules, layers, p=0.3):
    """Paint `plot_court` on a figure and return the caption."""
    found = verdicts(rules, layers, p)
    ids = [layer.id for layer in layers]
    figure.set_size_inches(9, 1.9 + 0.24 * len(rules))
    axes = figure.subplots()
    for row, (name, caught) in enumerate(found.items()):
        colour, marker = (VERMILION, "s") if name.startswith("gradient") else (BLUE, "o")
        axes.plot([ids.index(i) for i in caught or ()], [row] * len(caught or ()), marker, color=colour, markersize=5)
    guilty = {i for caught in found.values() for i in caught or ()}
    free = [i for i in ids if i not in guilty]
    axes.plot([ids.index(i) for i in free], [len(found)] * len(free), "x", color=GREY, markersize=5)
    _kinds(axes, layers, len(found))
    labels = [f"{name} ({'blank' if caught is None else len(caught)})" for name, caught in found.items()]
    axes.set_yticks(range(len(found) + 1), [*labels, f"free ({len(free)})"], fontsize=9)
    few = len(ids) <= MOST_CODES
    axes.set_xticks(range(len(ids)), ids if few else [], rotation=90, fontsize=9)
    axes.set(ylim=(len(found) + 0.6, -1.6), xlim=(-0.8, len(ids) - 0.2), xlabel="wrong layers of the bank, by kind")
    axes.set_title(_title(found, guilty, len(ids)))
    small_print(figure, f"p = {p:.2f} · squares: gradient check, dots: specification, crosses: convicted by none")
    return f"Convicted: {len(guilty)} of {len(ids)}. Free: {', '.join(free) or 'none'}."


def _kinds(axes, layers, bottom):
    """Names of the kinds above their columns, and lines between."""
    start = 0
    for kind, group in groupby(layers, key=lambda layer: layer.kind):
        end = start + len(list(group))
        axes.text(
            (start + end - 1) / 2, -0.8, kind.replace(" ", "\n", 1), ha="center", va="center", fontsize=9, color=GREY
        )
        if start:
            axes.plot([start - 0.5] * 2, [-1.5, bottom + 0.6], "-", color=GREY, lw=0.8)
        start = end


def _title(found, guilty, total):
    gradient = {i for name, caught in found.items() if name.startswith("gradient") for i in caught or ()}
    if guilty == gradient:
        return f"The gradient check convicts {len(gradient)} of {total} wrong layers"
    return f"The gradient check convicts {len(gradient)} of {total} wrong layers, all rules together {len(guilty)}"


def draw_case(figure, rules, asked, layer, title):
    """One suspect: for each rule that was asked, whether it convicts, and what can be measured; the caption says it."""
    figure.set_size_inches(WIDTH, 1.3 + 0.34 * len(rules))
    axes, said = figure.subplots(), []
    for row, rule in enumerate(rules):
        name = rule.__name__
        if name not in asked:
            axes.plot(0.5, row, "o", color=GREY, mfc="none", markersize=4)
            axes.text(1.5, row, "not asked", va="center", color=GREY, fontsize=9)
            continue
        verdict, (place, colour, marker) = _verdict(rule, layer)
        words = casebook.reading(name, layer)[1]
        axes.plot(place, row, marker, color=colour, markersize=9)
        axes.text(1.5, row, words, va="center", fontsize=9)
        said.append(f"{name} {verdict}: {words}")
    axes.set_yticks(range(len(rules)), [rule.__name__ for rule in rules])
    axes.set_xticks([0, 1], ["acquits", "convicts"])
    axes.set(xlim=(-0.5, 5.5), ylim=(len(rules) - 0.5, -0.5), title=title)
    axes.grid(False)
    small_print(figure, f"p = {casebook.P:.2f} · circle: your rule acquits, square: it convicts · beside it: measured")
    return "; ".join(said)


def _verdict(rule, layer):
    """In a word, and where and how it is drawn."""
    if not written(rule, casebook.P):
        return "is blank", (0.5, GREY, "x")
    return ("convicts", (1, VERMILION, "s")) if convicts(rule, [layer], casebook.P) else ("acquits", (0, BLUE, "o"))
