"""Figures of lesson 12's first half: columns and their lengths, the search for settings, the full runs."""

import numpy as np
from matplotlib.patches import Rectangle

from dropout_lab.lab.mnist.column_lengths import lengths
from dropout_lab.lab.mnist.paper import TITLES, VALIDATION, kind
from dropout_lab.lab.plots import BLUE, GREY, VERMILION, label_end, paint, small_print

LOOKS = {"plain": (GREY, "-", "o"), "dropout": (VERMILION, "--", "s"), "max-norm": (BLUE, "-", "^")}


def plot_columns(w, limit, max_norm=None, unit=3):
    """Weights w (D, H) with the column of one unit framed, and the lengths of all columns, before and after."""
    paint(draw_columns, w, limit, max_norm, unit)


def draw_columns(figure, w, limit, max_norm=None, unit=3):
    """Paint `plot_columns` on a figure and return the caption."""
    left, right = figure.subplots(1, 2, width_ratios=[3, 4])
    span, before = np.abs(w).max(), lengths(w)
    left.imshow(w, cmap="RdBu", vmin=-span, vmax=span, aspect="auto")
    left.add_patch(Rectangle((unit - 0.5, -0.5), 1, len(w), fill=False, edgecolor="black", linewidth=2))
    left.set(title=f"framed: what enters unit {unit}", xlabel="hidden unit", ylabel="input")
    left.set_xticks(range(0, w.shape[1], 2))
    left.grid(False)
    units = np.arange(w.shape[1])
    right.bar(units, before, color="#D1D5DB")
    right.axhline(limit, color="black", linestyle=":", linewidth=1)
    right.annotate("limit", (units[-1] + 0.5, limit), xytext=(0, 3), textcoords="offset points", fontsize=9, ha="right")
    right.set(title="length of each column", xlabel="hidden unit", ylabel="length", xticks=units[::2])
    right.grid(axis="x", visible=False)
    long = before > limit
    said = f"Lengths {before.min():.2f} to {before.max():.2f}, {long.sum()} of {len(before)} over the limit {limit:g}."
    if max_norm is None:
        title = f"{long.sum()} of {len(before)} columns are longer than {limit:g}"
    else:
        after = lengths(max_norm(w, limit))
        right.plot(units, after, "o", color=BLUE, markersize=6)
        kept = np.allclose(after, np.minimum(before, limit), rtol=1e-5)
        title = "Long columns come down to the limit, the others stay" if kept else "This is not max-norm yet"
        said += f" After max_norm (dots): {after.min():.2f} to {after.max():.2f}."
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    small_print(figure, "left: red negative, blue positive" + "; right: bars before, dots after" * bool(max_norm))
    return said


def plot_longest(runs, limit):
    """The longest column of W1 after every update: {kind: list of lengths}, up to three kinds."""
    paint(draw_longest, runs, limit)


def draw_longest(figure, runs, limit):
    """Paint `plot_longest` on a figure and return the caption."""
    axes, ends = figure.subplots(), []
    for (name, longest), (colour, dash, _) in zip(runs.items(), LOOKS.values(), strict=False):
        updates = np.arange(1, len(longest) + 1)
        axes.plot(updates, longest, dash, color=colour)
        ends.append((longest, name, colour))
    axes.plot(updates[[0, -1]], [limit, limit], ":", color="black", linewidth=1)
    axes.set_ylim(0, None)
    _labels(axes, updates, ends)
    *_, (limited, _, _) = ends
    held = max(limited) <= limit * (1 + 1e-5)
    axes.set(
        title=f"Columns grow in training, until {limit:g} is the limit" if held else f"A column passed {limit:g}",
        xlabel="update",
        ylabel="longest column of W1",
    )
    small_print(figure, f"seed 0; dotted: the limit {limit:g}")
    said = [f"{name} {longest[0]:.2f} to {longest[-1]:.2f}, at most {max(longest):.2f}" for longest, name, _ in ends]
    return f"Longest column from the first update to the last: {'; '.join(said)}."


def plot_search(runs):
    """What each setting that was tried erred on the validation images: the runs of `paper.search()`."""
    paint(draw_search, runs)


def draw_search(figure, runs):
    """Paint `plot_search` on a figure and return the caption."""
    axes, said = figure.subplots(), []
    for name, (colour, _, marker) in LOOKS.items():
        own = sorted((run for run in runs if kind(run) == name), key=lambda run: run["error"])
        if not own:
            continue
        axes.plot(
            [run["lr"] for run in own],
            [run["error"] for run in own],
            marker,
            color=colour,
            markersize=7,
            markerfacecolor="none",
            label=TITLES[name],
        )
        axes.plot(own[0]["lr"], own[0]["error"], marker, color=colour, markersize=7)
        limit = f", limit {own[0]['limit']:g}" if own[0]["limit"] else ""
        said.append(f"{TITLES[name]}: best of {len(own)} at lr = {own[0]['lr']:g}{limit}, {own[0]['error']:.2f}%")
    axes.set(
        xscale="log",
        xlabel="learning rate",
        ylabel="validation error, %",
        title="Settings that were tried; the best of each kind is filled",
    )
    rates = sorted({run["lr"] for run in runs})
    shown = [rate for rate in rates if rate in (0.005, 0.02, 0.05, 0.1, 0.2)]
    axes.set_xticks(shown, [f"{rate:g}" for rate in shown])
    axes.minorticks_off()
    axes.legend(fontsize=9)
    small_print(figure, f"784-1024-1024-10, seed 0, 15 or 20 epochs; error on the {VALIDATION:,} validation images")
    return f"{'; '.join(said)}."


def plot_runs(records):
    """Error and loss on the test images, epoch by epoch: each seed thin, the mean of each configuration thick."""
    records = [record for record in records if record["curve"]]
    if records:
        paint(draw_runs, records)
    else:
        print("No full run is here. `dropout-lab paper` makes them.")


def draw_runs(figure, records):
    """Paint `plot_runs` on a figure and return the caption."""
    left, right = figure.subplots(1, 2)
    errors, losses = _draw_curves(left, records, "errors", 2), _draw_curves(right, records, "held_loss", 3)
    left.set(title="error", ylabel="test images wrong, %")
    right.set(title="loss", ylabel="cross-entropy")
    left.legend(fontsize=8, loc="upper right")
    figure.suptitle("784-1024-1024-10 on all of MNIST, in NumPy", fontsize=11, x=0.01, ha="left")
    seeds = len({record["seed"] for record in records})
    small_print(figure, f"10,000 test images; thin: each of {seeds} seeds; thick: their mean, as far as all have come")
    return f"Test error at the end, %: {errors}. Loss: {losses}."


def _draw_curves(axes, records, what, digits):
    """Thin lines and their means, the axis cut above what the first epochs reach; the last means in words."""
    means, low = {}, np.inf
    for config, (colour, dash, _) in LOOKS.items():
        curves = [_curve(record, what) for record in records if record["config"] == config]
        for curve in curves:
            axes.plot(np.arange(1, len(curve) + 1), curve, dash, color=colour, linewidth=0.6, alpha=0.7)
            low = min(low, curve.min())
        if curves:
            shared = min(map(len, curves))
            means[config] = np.mean([curve[:shared] for curve in curves], axis=0)
            axes.plot(np.arange(1, shared + 1), means[config], dash, color=colour, label=TITLES[config])
    axes.set(xlabel="epoch", xlim=(0, None), ylim=(0.85 * low, 3 * low))
    return ", ".join(f"{TITLES[config]} {mean[-1]:.{digits}f}" for config, mean in means.items())


def _curve(record, what):
    values = np.array([row[what] for row in record["curve"]], float)
    return 100 * values / record["images"][1] if what == "errors" else values


def _labels(axes, x, ends):
    """Names at the ends of the lines, apart where two end close to each other, and room for them."""
    low, high = axes.get_ylim()
    apart, last = 0.08 * (high - low), -np.inf
    for values, name, colour in sorted(ends, key=lambda end: end[0][-1]):
        last = max(values[-1], last + apart)
        label_end(axes, x, [last], name, colour)
    ticks = [tick for tick in axes.get_xticks() if 0 <= tick <= x[-1]]
    axes.set_xlim(0, 1.3 * x[-1])
    axes.set_xticks(ticks)
