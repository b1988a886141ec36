"""A sweep over p and seeds: the error at each rate, what it saves against none, and how sure that is.

A band holds the true mean in 95 of 100 such experiments. That of a saving is narrower if runs are paired by seed, where
runs of one seed have something in common.
"""

import numpy as np

from dropout_lab.lab.experiments.paired import Difference, paired_difference, student_t
from dropout_lab.lab.experiments.rows import Rows
from dropout_lab.lab.plots import BLUE, GREY, VERMILION, ink, paint, small_print

MEASURES = {
    "held-out error": ("test_accuracy", VERMILION, "--", "s"),
    "training error": ("train_accuracy", BLUE, "-", "o"),
}
PAIRED = "error saved, paired by seed"
BANDS = ("the error itself", "error saved, not paired", PAIRED)
FEWEST = 3  # seeds, for a band that fits the axis


def plot_rates(rows):
    """Both errors against p, beside the held-out error that each p saves. The rows are of a sweep over p and seeds."""
    paint(draw_rates, complete(rows))


def draw_rates(figure, rows):
    """Paint `plot_rates` on a figure and return the caption."""
    left, right = figure.subplots(1, 2)
    for measure, (_, colour, _, _) in MEASURES.items():
        start = _draw_errors(left, rows, measure)[0]
        left.annotate(measure, (0, start), xytext=(4, 10), textcoords="offset points", color=ink(colour), fontsize=9)
    loose, tight = (_draw_saved(right, rows, "held-out error", paired) for paired in (False, True))
    left.set(title="Errors", xlabel="p, hidden units", ylabel="error, %", ylim=(0, None))
    right.set(title="Held-out error saved", xlabel="p, hidden units", ylabel="percentage points")
    figure.suptitle(
        f"{_lowest(rows, 'held-out error')}; pairing narrows {_narrower(tight, loose)} bands",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    small_print(figure, f"{len(rows.values('seed'))} seeds · right: pale band not paired, darker band paired by seed")
    return f"Held-out error, percentage points: {_in_words(tight, loose)}"


def draw_band(figure, rows, measure, band, seeds, seed):
    """One view: a measure of MEASURES, a band of BANDS, from so many seeds, with the line of one of them."""
    axes, kept = figure.subplots(), rows.values("seed")[:seeds]
    part, own = Rows(row for row in rows if row["seed"] in kept), kept[seed % len(kept)]
    loose, tight = (saved(part, measure, paired) for paired in (False, True))
    if band == BANDS[0]:
        _draw_errors(axes, part, measure, own)
        axes.set(title=_lowest(part, measure), ylabel=f"{measure}, %")
    else:
        shown = _draw_saved(axes, part, measure, band == PAIRED, own)
        clear = sum(d.low > 0 or d.high < 0 for d in shown.values())
        axes.set(
            title=f"{band.capitalize()}: {clear} of {len(shown)} bands leave out 0",
            ylabel="percentage points",
            ylim=_limits(rows, measure),
        )
    axes.set(xlabel="p, hidden units", xlim=(rows.values("p")[0] - 0.03, rows.values("p")[-1] + 0.03))
    small_print(figure, f"{measure} · {len(kept)} seeds · band: 95% interval of the mean · dotted: seed {own} alone")
    return (
        f"{measure.capitalize()}, {band}, {len(kept)} seeds; dotted: seed {own}. In percentage points,"
        f" {_in_words(tight, loose)}"
    )


def complete(rows):
    """The rows of those p that have run for every seed: all, unless the sweep was interrupted."""
    seeds = len(rows.values("seed"))
    return Rows(row for row in rows if len(rows.where(p=row["p"])) == seeds)


def errors(rows, measure, p):
    """The error in percent at one p, over the seeds."""
    return 100 * (1 - rows.where(p=p).column(MEASURES[measure][0]))


def saved(rows, measure, paired):
    """{p: Difference}: the error without dropout minus that with p, in percentage points."""
    none, *rates = rows.values("p")
    interval = paired_difference if paired else unpaired_difference
    return {p: interval(errors(rows, measure, none), errors(rows, measure, p)) for p in rates}


def unpaired_difference(a, b, level=0.95):
    """The mean of a minus that of b with the interval for two independent groups of n runs each (Student 1908)."""
    n, mean = len(a), float(a.mean() - b.mean())
    half = student_t(2 * n - 2, level) * np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / n)
    return Difference(mean, float(mean - half), float(mean + half), int((a > b).sum()), n, level)


def _draw_errors(axes, rows, measure, own=None):
    """The mean over the seeds with its band; the means."""
    _, colour, dash, marker = MEASURES[measure]
    rates, runs = rows.values("p"), np.array([errors(rows, measure, p) for p in rows.values("p")])
    means, n = runs.mean(axis=1), runs.shape[1]
    half = student_t(n - 1) * runs.std(axis=1, ddof=1) / np.sqrt(n)
    axes.fill_between(rates, means - half, means + half, color=colour, alpha=0.2, linewidth=0)
    axes.plot(rates, means, dash, color=colour, marker=marker, markersize=5)
    if own is not None:
        axes.plot(rates, runs[:, rows.values("seed").index(own)], ":", color=GREY, marker=".", linewidth=1.2)
    return means


def _draw_saved(axes, rows, measure, paired, own=None):
    """What each p saves, with the band of that kind; {p: Difference}."""
    found = saved(rows, measure, paired)
    rates, colour = list(found), BLUE if paired else GREY
    axes.axhline(0, color="black", linewidth=1)
    axes.fill_between(
        rates,
        [d.low for d in found.values()],
        [d.high for d in found.values()],
        color=colour,
        alpha=0.3 if paired else 0.2,
        linewidth=0,
    )
    axes.plot(rates, [d.mean for d in found.values()], "-", color=colour, marker="o", markersize=5)
    if own is not None:
        none, at = rows.values("p")[0], rows.values("seed").index(own)
        start = errors(rows, measure, none)
        start = start[at] if paired else start.mean()
        axes.plot(rates, [start - errors(rows, measure, p)[at] for p in rates], ":", color=GREY, marker=".", lw=1.2)
    return found


def _limits(rows, measure):
    """One axis for both bands and for fewer seeds, so that widths can be compared."""
    found = saved(rows, measure, paired=False).values()
    low, high = min(d.low for d in found), max(d.high for d in found)
    return min(low, 0) - 0.3 * (high - low), high + 0.3 * (high - low)


def _lowest(rows, measure):
    best = min(rows.values("p"), key=lambda p: errors(rows, measure, p).mean())
    return f"The {measure} is lowest at p = {best:g}"


def _narrower(tight, loose):
    count = sum(tight[p].high - tight[p].low < loose[p].high - loose[p].low for p in tight)
    return f"{count} of {len(tight)}"


def _in_words(tight, loose):
    said = [
        f"p = {p:g} saves {round(d.mean, 1) + 0.0:.1f} ± {d.high - d.mean:.1f} paired"
        f" (± {loose[p].high - d.mean:.1f} not)"
        for p, d in tight.items()
    ]
    return f"{'; '.join(said)}."
