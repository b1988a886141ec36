"""How the cost grows: per entry of dropout with the size of the array, per step with width and batch."""

from pathlib import Path

import dropout
import numpy as np
import rounds
import step

ENTRIES = [2**k for k in range(10, 26, 1)]
BYTES = 16  # that a forward and a backward pass touch for each entry: x, y, dout, dx
WIDTHS, BATCHES = (64, 128, 256, 512, 1024, 2048), (16, 32, 64, 128, 256, 512, 1024)


def run(count):
    return _entries(count) + _widths(count) + _batches(count)


def _entries(count):
    found = []
    for n in ENTRIES:
        few = max(3, count if n <= 2**20 else count // 3)
        kinds = ("NumPy, as in the lessons", "lab/fast", "lab/fused (numba)", "PyTorch, 1 thread", dropout.LIMIT)
        timed = rounds.interleave(dropout.candidates((n,), 0.5, kinds), few)
        found += [{**row, "ns_per_entry": 1e6 * row["best_ms"] / n} for row in rounds.rows(timed, dropout.LIMIT,
                  table="entries", entries=n)]  # fmt: skip
    return found


def _widths(count):
    return [row for width in WIDTHS for row in _steps((784, width, width, 10), 128, count, "width", width)]


def _batches(count):
    return [row for batch in BATCHES for row in _steps((784, 1024, 1024, 10), batch, count, "batch", batch)]


def _steps(sizes, batch, count, name, value):
    """Nanoseconds per multiply-add of the step's matrix products: flat means that nothing else grows."""
    kinds = ("NumPy, as in the lessons, 1 thread", "lab/fast, 1 thread", "limit: its matrix products alone, 1 thread",
             "PyTorch, 1 thread")  # fmt: skip
    weights = [a * b for a, b in zip(sizes, sizes[1:])]
    operations = batch * (3 * sum(weights) - weights[0])
    timed = rounds.interleave(step.candidates(sizes, batch, only=kinds), max(3, count // 3))
    found = rounds.rows(timed, "limit: its matrix products alone, 1 thread", table=name, **{name: value})
    return [{**row, "ns_per_multiply_add": 1e6 * row["best_ms"] / operations} for row in found]


def caches():
    """{"L2": bytes, ...} of one core, as Linux tells it; elsewhere nothing."""
    found = {}
    for folder in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if level != "1" and kind != "Instruction":
            found[f"L{level}"] = int(size[:-1]) * {"K": 2**10, "M": 2**20}[size[-1]]
    return found


def plot(found, file):
    """Three panels: dropout by entries, the step by width, the step by batch."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from dropout_lab.lab import plots

    plots.use_style()
    looks = {"NumPy, as in": (plots.GREY, "-", "o", "lessons"), "lab/fast": (plots.BLUE, "-", "s", "lab/fast"),
             "lab/fused": (plots.GREEN, "-.", "^", "numba"), "PyTorch": (plots.VERMILION, "--", "D", "PyTorch"),
             "limit": ("black", ":", "", "limit")}  # fmt: skip
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.8))
    for axes, table in zip(panels, ("entries", "width", "batch")):
        unit = "ns per entry" if table == "entries" else "ns per multiply-add"
        key = unit.replace(" ", "_").replace("-", "_")
        own = [row for row in found if row["table"] == table]
        ends = []
        for what in dict.fromkeys(row["what"] for row in own):
            colour, dash, marker, label = next(look for start, look in looks.items() if what.startswith(start))
            x, y = np.array([(row[table], row[key]) for row in own if row["what"] == what]).T
            axes.plot(x, y, color=colour, linestyle=dash, marker=marker, markersize=4, linewidth=1.5)
            ends.append((y[-1], x[-1], label, colour))
        axes.set(yscale="log", xlabel=f"{table} of the array" if table == "entries" else table, ylabel=unit)
        axes.set_xscale("log", base=2)
        axes.set_xlim(right=axes.get_xlim()[1] * (16 if table == "entries" else 4))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter(lambda y, _: f"{y:.3g}" if f"{y:e}"[0] in "25" else "")
        _label(axes, sorted(ends), plots)
    panels[0].set_title("Dropout, forward and backward")
    panels[1].set_title("A step by hidden width, batch 128")
    panels[2].set_title("A step by batch, width 1024")
    for name, size in caches().items():
        panels[0].axvline(size / BYTES, color=plots.GREY, linewidth=0.8)
        panels[0].annotate(f"{name} full", (size / BYTES, 0.98), xycoords=("data", "axes fraction"), rotation=90,
                           va="top", ha="right", fontsize=8, color=plots.GREY)  # fmt: skip
    plots.small_print(figure, "one thread, float32, best of the rounds; dropout at p = 0.5")
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _label(axes, ends, plots):
    """Names at the ends of the lines, from below, moved up where they would touch."""
    low, high = np.log(axes.get_ylim())
    lowest = -np.inf
    for y, x, label, colour in ends:
        lowest = max(np.log(y), lowest + 0.06 * (high - low))
        plots.label_end(axes, [x], [np.exp(lowest)], label, colour)
