"""Figures of other noise: factors, what two units share, gaps in maps, the variance shift, and a map of doubt.

Each `draw_...` paints on a given Figure and returns the caption; `plot_...` shows it. What the captions say was
measured on the functions and arrays that were given.
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from dropout_lab.lab.plots import BLUE, GREEN, VERMILION, WIDTH, label_end, paint, small_print

SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "white", VERMILION])
REACH = {"near the data": 1.0, "far away": 8.0}  # in units of the data's own width


def plot_factors(layers, p, rng, draws=20_000):
    """How the factors are spread that layers multiply by: {name: forward}, a panel for each."""
    paint(draw_factors, layers, p, rng, draws)


def draw_factors(figure, layers, p, rng, draws=20_000):
    """Paint `plot_factors` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 2.8)
    all_axes = figure.subplots(1, len(layers), sharex=True, sharey=True, squeeze=False)[0]
    said, moments = [], []
    for axes, (name, forward) in zip(all_axes, layers.items(), strict=True):
        factors = forward(np.ones((draws, 1)), p, rng, True)[0][:, 0]
        moments.append((factors.mean(), factors.var()))
        axes.hist(factors, bins=np.arange(-2, 4.01, 0.1), weights=np.full(draws, 1 / draws), color=BLUE)
        axes.axvline(moments[-1][0], color=VERMILION, linestyle="--")
        axes.set(xlabel="factor", title=name)
        said.append(
            f"{name}: mean {moments[-1][0]:.2f}, variance {moments[-1][1]:.2f},"
            f" {(factors == 0).mean():.0%} are 0, {(factors < 0).mean():.0%} below 0"
        )
    all_axes[0].set_ylabel("fraction of the factors")
    alike = np.ptp(moments, axis=0).max() < 0.1 * max(1, np.max(moments))
    figure.suptitle(
        "Other factors, the same mean and the same variance"
        if alike
        else "The means and variances of these factors differ",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    small_print(figure, f"p = {p:.2f} · {draws:,} draws each · dashed: their mean")
    return "; ".join(said) + f". p / (1 - p) is {p / (1 - p):.2f}."


def plot_two_units(outputs, p):
    """The outputs of two units under a panel's noise: {name: array (draws, 2)}, a dot for each draw."""
    paint(draw_two_units, outputs, p)


def draw_two_units(figure, outputs, p):
    """Paint `plot_two_units` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 3.4)
    all_axes = figure.subplots(1, len(outputs), sharex=True, sharey=True, squeeze=False)[0]
    said, correlations = [], {}
    for axes, (name, pair), (colour, marker) in zip(
        all_axes, outputs.items(), ((BLUE, "o"), (VERMILION, "s")), strict=False
    ):
        correlations[name] = np.corrcoef(pair.T)[0, 1]
        axes.plot(*pair.T, marker, color=colour, markersize=2.5, alpha=0.3, linestyle="none")
        axes.set(xlabel="output of unit 1", title=f"{name}: correlation {correlations[name] + 0.0:.2f}")
        deviations = " and ".join(f"{s:.2f}" for s in pair.std(axis=0))
        said.append(f"{name}: standard deviations {deviations}, correlation {correlations[name] + 0.0:.2f}")
    all_axes[0].set_ylabel("output of unit 2")
    apart = [name for name, c in correlations.items() if abs(c) < 0.1]
    title = f"Each unit has noise of its own with {' and '.join(apart)}"
    figure.suptitle(title if apart else "Two units share their noise", fontsize=11, x=0.01, ha="left")
    small_print(figure, f"two units that see the same inputs · p = {p:.2f} · {len(pair)} masks each")
    return "; ".join(said) + "."


def smooth_maps(shape, rng):
    """Random maps (N, C, height, width) in which neighbours are alike, each with mean 0 and standard deviation 1."""
    rows, columns = np.fft.fftfreq(shape[2])[:, None], np.fft.fftfreq(shape[3])[None, :]
    slow = np.exp(-150 * (rows**2 + columns**2))
    maps = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * slow).real
    maps -= maps.mean(axis=(2, 3), keepdims=True)
    return maps / maps.std(axis=(2, 3), keepdims=True)


def gaps(x, out):
    """What kept neighbours (above, below, left, right) tell about the entries that a layer zeroed in x (N, C, H, W).

    Returns the fraction of the zeroed entries that have a kept neighbour, and the root mean square by which the mean of
    those misses the entry (nan if there are none).
    """
    kept = (out != 0).astype(float)
    total, count = (sum(_shifted(a, *step) for step in ((0, 1), (0, -1), (1, 0), (-1, 0))) for a in (kept * x, kept))
    told = (kept == 0) & (count > 0)
    miss = (total[told] / count[told] - x[told]) if told.any() else np.array([np.nan])
    return told.sum() / max(1, (kept == 0).sum()), float(np.sqrt(np.mean(miss**2)))


def _shifted(a, down, right):
    """The array moved by one entry, with zeros where nothing came in."""
    padded = np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 1)))
    height, width = a.shape[2:]
    return padded[:, :, 1 - down : 1 - down + height, 1 - right : 1 - right + width]


def plot_gaps(layers, x, p, rng):
    """The first maps of x (N, C, height, width) before and after layers that drop: {name: forward}, a row for each."""
    paint(draw_gaps, layers, x, p, rng)


def draw_gaps(figure, layers, x, p, rng, columns=5):
    """Paint `plot_gaps` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 1.45 * (len(layers) + 1) + 0.6)
    grid = figure.subplots(len(layers) + 1, columns)
    said, told = [], {}
    for row, (name, forward) in zip(grid, {"before": None, **layers}.items(), strict=True):
        out = forward(x, p, rng, True)[0] if forward else x
        for axes, one in zip(row, out[0], strict=False):
            axes.imshow(np.ma.masked_equal(one, 0) if forward else one, cmap=SIGNED, vmin=-4, vmax=4)
            axes.set_facecolor("black")
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
        row[0].set_ylabel(name)
        if forward:
            told[name], miss = gaps(x, out)
            said.append(
                f"{name} zeroed {(out == 0).mean():.0%} of the entries; {told[name]:.0%} of those have a kept"
                " neighbour in their map"
                + (f", and the mean of these is off by {miss:.2f}" if np.isfinite(miss) else "")
            )
    filled = [name for name, share in told.items() if share > 0.5]
    figure.suptitle(
        f"The neighbours fill the gaps of {' and '.join(filled)}"
        if filled
        else "No gap can be filled from its neighbours",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    small_print(figure, f"{columns} maps of one sample · p = {p:.2f} · black: zeroed · entries: mean 0, deviation 1")
    return "; ".join(said) + "."


def plot_variance_shift(forward, rng, rates=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), draws=100_000):
    """The variance behind a layer over that of its input, in training and at test time: a normal input and its ReLU."""
    paint(draw_variance_shift, forward, rng, rates, draws)


def draw_variance_shift(figure, forward, rng, rates=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6), draws=100_000):
    """Paint `plot_variance_shift` on a figure and return the caption."""
    z = rng.standard_normal(draws)
    rates, fine, said, off = np.asarray(rates), np.linspace(0, rates[-1], 100), [], 0.0
    axes = figure.subplots()
    kinds = (
        ("x normal", z, 1, 0, BLUE, "-", "o"),
        ("ReLU of it", np.maximum(z, 0), 1 / 2, 1 / (2 * np.pi), VERMILION, "--", "s"),
    )
    for name, x, square, squared_mean, colour, dash, marker in kinds:  # E[x²] and E[x]² of a normal x
        theory = (square / (1 - fine) - squared_mean) / (square - squared_mean)
        train, test = (np.array([forward(x, p, rng, t)[0].var() for p in rates]) / x.var() for t in (True, False))
        axes.plot(fine, theory, dash, color=colour)
        axes.plot(rates, train, marker, color=colour)
        axes.plot(rates, test, marker, color=GREEN, mfc="none", markersize=9 if marker == "s" else 6)
        label_end(axes, fine, theory, f"training, {name}", colour)
        steps = [
            f"{a:.2f} and {b:.2f} at p = {p:.1f}" for p, a, b in zip(rates[::2], train[::2], test[::2], strict=True)
        ]
        said.append(f"{name}: {', '.join(steps)}")
        off = max(off, np.abs(train / np.interp(rates, fine, theory) - 1).max(), np.abs(test - 1).max())
    axes.plot(fine, np.ones_like(fine), ":", color=GREEN)
    label_end(axes, fine, np.ones_like(fine), "test time, both", GREEN)
    axes.set(
        xlabel="drop probability p",
        ylabel="variance, output / input",
        xlim=(0, 1.28 * rates[-1]),
        ylim=(0, None),
        title="In training the variance is larger than at test time"
        if off < 0.1
        else "The dots leave the lines: this layer is not inverted dropout",
    )
    axes.set_xticks([0, *rates])
    small_print(figure, f"dots: measured, {draws:,} entries each · lines: 1 / (1 - p), the same for a ReLU, and 1")
    return "Variance of the output over that of the input, training and test: " + "; ".join(said) + "."


def plot_uncertainty(predict, x, y, p, rng, passes=30, reach="near the data"):
    """A map of the mean and of the spread of many passes, over the plane in which the points x of class y lie.

    `predict(points, p, rng, passes)` gives both, as arrays (points, 2).
    """
    paint(draw_uncertainty, predict, x, y, p, rng, passes, reach)


def draw_uncertainty(figure, predict, x, y, p, rng, passes=30, reach="near the data", cells=50):
    """Paint `plot_uncertainty` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 3.5)
    middle, half = (x.max(axis=0) + x.min(axis=0)) / 2, 0.62 * np.ptp(x, axis=0).max() * REACH[reach]
    across, up = (np.linspace(m - half, m + half, cells) for m in middle)
    points = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2).astype(x.dtype)
    mean, std = (np.asarray(a)[:, 1] for a in predict(points, p, rng, passes))
    maps = (("mean probability of class 1", mean, SIGNED, 1.0), ("spread over the passes", std, "Greens", 0.5))
    for axes, (name, values, colours, top) in zip(figure.subplots(1, 2, sharey=True), maps, strict=True):
        drawn = axes.pcolormesh(across, up, values.reshape(cells, cells), cmap=colours, vmin=0, vmax=top)
        for label, (colour, marker) in enumerate(((BLUE, "o"), (VERMILION, "s"))):
            axes.plot(
                *x[y == label].T,
                marker,
                color=colour,
                linestyle="none",
                markersize=3,
                markeredgecolor="white",
                markeredgewidth=0.4,
            )
        axes.set(xlabel="first input", aspect="equal")
        axes.set_title(name, fontsize=10)
        axes.grid(False)
        figure.colorbar(drawn, ax=axes, shrink=0.85)
    figure.axes[0].set_ylabel("second input")
    far = np.linalg.norm(points - middle, axis=1) > np.ptp(x, axis=0).max()
    sure = np.maximum(mean, 1 - mean) > 0.99
    figure.suptitle(_uncertainty_title(passes, std, far, sure), fontsize=11, x=0.01, ha="left")
    small_print(figure, f"p = {p:.2f} · {passes} passes · circles: class 0, squares: class 1")
    beyond = (
        (
            f" Of the places further from the middle than the data is wide, the network is over 99% sure in"
            f" {sure[far].mean():.0%}."
        )
        if far.any()
        else ""
    )
    return (
        f"The spread is {std.max():.2f} at most. On average, where the mean is between 0.3 and 0.7:"
        f" {_mean(std[abs(mean - 0.5) < 0.2])}; where it is below 0.01 or above 0.99:"
        f" {_mean(std[sure])}.{beyond}"
    )


def _uncertainty_title(passes, std, far, sure):
    if passes == 1:
        return "One pass is one thinned network: there is no spread to be seen"
    if std.max() < 1e-6:
        return "Every pass says the same: there is no spread"
    if far.any() and sure[far].mean() > 0.5:
        return "Far from every data point, the network is sure of itself nearly everywhere"
    return "The passes disagree along the border between the classes"


def _mean(values):
    return f"{values.mean():.2f}" if values.size else "no such place"
