"""Figures of lesson 13: what takes how long, and how it grows with the size."""

import numpy as np

from dropout_lab.lab.plots import BLUE, GREEN, GREY, VERMILION, WIDTH, label_end, paint, small_print

BYTES = 16  # that a forward and a backward pass touch for each entry: x, y, dout, dx
LOOKS = {
    "NumPy, as in": (GREY, "-", "o", "lessons"),
    "lab/fast (numba)": (GREEN, "-.", "^", "numba"),
    "lab/fast": (BLUE, "-", "s", "lab/fast"),
    "PyTorch": (VERMILION, "--", "D", "PyTorch"),
    "limit": ("black", ":", "", "limit"),
}
PANELS = {  # table: title, name of the axis
    "entries": ("Dropout, forward and backward", "entries of the array"),
    "width": ("A step by hidden width, batch 128", "width"),
    "batch": ("A step by batch, width 1024", "batch"),
}


def plot_times(milliseconds, title):
    """A bar for each piece of work: {name: milliseconds}."""
    paint(draw_times, milliseconds, title)


def draw_times(figure, milliseconds, title):
    """Paint `plot_times` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 0.9 + 0.34 * len(milliseconds))
    axes, rows = figure.subplots(), np.arange(len(milliseconds))
    axes.barh(rows, list(milliseconds.values()), color=BLUE, height=0.6)
    for row, value in zip(rows, milliseconds.values(), strict=True):
        axes.annotate(f"{value:.3g}", (value, row), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set_yticks(rows, list(milliseconds))
    axes.set(title=title, xlabel="milliseconds, median of the rounds", ylim=(len(rows) - 0.5, -0.5))
    axes.set_xlim(0, 1.12 * max(milliseconds.values()))
    axes.grid(axis="y", visible=False)
    whole = sum(milliseconds.values())
    return "; ".join(f"{name} {value:.3g} ms" for name, value in milliseconds.items()) + f". Together {whole:.3g} ms."


def plot_growth(recorded):
    """What an entry of dropout costs by the size of the array, and a multiply-add of a step by the width."""
    paint(draw_growth, recorded["growth"], recorded["caches"], ("entries", "width"))


def draw_growth(figure, rows, caches, tables):
    """Paint panels of PANELS on a figure and return the caption. A row has table, size, what, ns (nanoseconds)."""
    figure.set_size_inches(3.7 * len(tables), 3.8)
    panels, said = np.atleast_1d(figure.subplots(1, len(tables))), []
    for axes, table in zip(panels, tables, strict=True):
        unit = "ns per entry" if table == "entries" else "ns per multiply-add"
        ends = []
        own = [row for row in rows if row["table"] == table]
        for what in dict.fromkeys(row["what"] for row in own):
            colour, dash, marker, label = next(look for start, look in LOOKS.items() if what.startswith(start))
            x, y = np.array([(row["size"], row["ns"]) for row in own if row["what"] == what]).T
            axes.plot(x, y, color=colour, linestyle=dash, marker=marker, markersize=4, linewidth=1.5)
            ends.append((y[-1], x[-1], label, colour))
        axes.set(yscale="log", title=PANELS[table][0], xlabel=PANELS[table][1], ylabel=unit)
        axes.set_xscale("log", base=2)
        sizes = sorted({row["size"] for row in own})
        axes.set_xticks(sizes[::3] if len(sizes) > 8 else sizes[::2])
        axes.set_xlim(right=sizes[-1] * (sizes[-1] / sizes[0]) ** 0.4)  # room for the names
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(lambda y, _: f"{y:.3g}" if f"{y:e}"[0] in "25" else "")
        _label(axes, sorted(ends))
        said.append(f"{unit} at the largest {table}: " + ", ".join(f"{name} {y:.2g}" for y, _, name, _ in sorted(ends)))
        if table == "entries":
            _mark(axes, caches)
    small_print(figure, "one thread, float32, best of the rounds; dropout at p = 0.5")
    return f"{'; '.join(said)}."


def _mark(axes, caches):
    """Where the four arrays of a layer fill each cache."""
    for name, size in caches.items():
        axes.axvline(size / BYTES, color=GREY, linewidth=0.8)
        axes.annotate(
            f"{name} full",
            (size / BYTES, 0.98),
            xycoords=("data", "axes fraction"),
            rotation=90,
            va="top",
            ha="right",
            fontsize=8,
            color=GREY,
        )


def _label(axes, ends):
    """Names at the ends of the lines, from below, moved up where they would touch."""
    low, high = np.log(axes.get_ylim())
    lowest = -np.inf
    for y, x, label, colour in ends:
        lowest = max(np.log(y), lowest + 0.06 * (high - low))
        label_end(axes, [x], [np.exp(lowest)], label, colour)
