"""How the cost grows: per entry of dropout with the size of the array, per step with width and batch."""

import itertools
from pathlib import Path

import dropout
import rounds
import step
from matplotlib import rc_context
from matplotlib.figure import Figure
from summary import nanoseconds

from dropout_lab.lab import plots
from dropout_lab.lab.figures.speed import PANELS, draw_growth

ENTRIES = [2**k for k in range(10, 26, 1)]
WIDTHS, BATCHES = (64, 128, 256, 512, 1024, 2048), (16, 32, 64, 128, 256, 512, 1024)


def run(count):
    return _entries(count) + _widths(count) + _batches(count)


def _entries(count):
    found = []
    for n in ENTRIES:
        few = max(3, count if n <= 2**20 else count // 3)
        kinds = ("NumPy, as in the lessons", "lab/fast", "lab/fast (numba)", "PyTorch, 1 thread", dropout.LIMIT)
        timed = rounds.interleave(dropout.candidates((n,), 0.5, kinds), few)
        found += [
            {**row, "ns_per_entry": 1e6 * row["best_ms"] / n}
            for row in rounds.rows(timed, dropout.LIMIT, table="entries", entries=n)
        ]
    return found


def _widths(count):
    return [row for width in WIDTHS for row in _steps((784, width, width, 10), 128, count, "width", width)]


def _batches(count):
    return [row for batch in BATCHES for row in _steps((784, 1024, 1024, 10), batch, count, "batch", batch)]


def _steps(sizes, batch, count, name, value):
    """Nanoseconds per multiply-add of the step's matrix products: flat means that nothing else grows."""
    kinds = (
        "NumPy, as in the lessons, 1 thread",
        "lab/fast, 1 thread",
        "limit: its matrix products alone, 1 thread",
        "PyTorch, 1 thread",
    )
    weights = [a * b for a, b in itertools.pairwise(sizes)]
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
    with rc_context(plots.STYLE):
        figure = Figure()
        rows = [{**row, "size": row[row["table"]], "ns": nanoseconds(row)} for row in found["rows"]]
        draw_growth(figure, rows, found["caches"], tuple(PANELS))
        figure.savefig(file, dpi=110, metadata={"Software": None})
