"""Figures of dropout: what a layer drops, what it does to the mean and the variance, and where its gradient goes.

Each `plot_...` takes the functions to look at and shows one figure with its caption; what the caption says was
measured on them, so that a wrong function is seen to be wrong. Each `draw_...` paints the same on a given Figure and
returns the caption; the panels of `lab.widgets.dropout` call it.
"""

import copy

import numpy as np
from matplotlib.colors import ListedColormap

from dropout_lab.gradcheck import numerical_gradient
from dropout_lab.lab.plots import BLUE, GREEN, GREY, VERMILION, WIDTH, ink, label_end, paint, small_print

KEPT, DROPPED = BLUE, "#F3F4F6"


def plot_masks(forward, p, rng, samples=12, units=32):
    """Which outputs of a mini-batch a layer keeps: a row for each sample, a column for each unit."""
    paint(draw_masks, forward, p, rng, samples, units)


def draw_masks(figure, forward, p, rng, samples=12, units=32):
    """Paint `plot_masks` on a figure and return the caption."""
    out, _ = forward(np.ones((samples, units)), p, rng, True)
    zero = out == 0
    axes = figure.subplots()
    axes.grid(False)
    axes.pcolormesh(zero, cmap=ListedColormap([KEPT, DROPPED]), vmin=0, vmax=1, edgecolors="white", linewidth=1)
    axes.set(xlabel="unit of the layer", ylabel="sample of the mini-batch", title=_mask_title(zero, p))
    axes.set_xticks(np.arange(0, units, 4) + 0.5, np.arange(0, units, 4))
    axes.set_yticks(np.arange(0, samples, 4) + 0.5, np.arange(0, samples, 4))
    axes.invert_yaxis()
    small_print(figure, f"blue: kept, pale: dropped · p = {p:.2f} · every input is 1")
    kept = f" A kept 1 comes out as {_span(out[~zero])}." if not zero.all() else ""
    return (
        f"{zero.sum()} of {zero.size} outputs are zero, {zero.mean():.0%}; p asks for about {p:.0%}."
        f" A sample keeps {_span((~zero).sum(axis=1))} of its {units} units.{kept}"
    )


def _mask_title(zero, p):
    if not zero.any():
        return "Nothing is dropped"
    if zero.all():
        return "Everything is dropped"
    if (zero == zero[0]).all():
        return "Every sample loses the same units"
    if (zero == zero[:, :1]).all():
        return "A sample loses all of its units, or none"
    return "Every sample of the mini-batch loses other units"


def plot_means(schemes, x, p, rng, batches=60):
    """The mean of a layer's outputs: in training, averaged over more and more mini-batches, and at test time.

    Parameters
    ----------
    schemes : {name: forward}, up to three
    x : array (N, H), the layer's input
    p : float
    rng : numpy.random.Generator
    batches : int
        How many times the mini-batch goes through the layer, each time with new masks.
    """
    paint(draw_means, schemes, x, p, rng, batches)


def draw_means(figure, schemes, x, p, rng, batches=60):
    """Paint `plot_means` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 3.0)
    all_axes = figure.subplots(1, len(schemes), sharey=True, squeeze=False)[0]
    count, said, agree = np.arange(1, batches + 1), [], {}
    for axes, (name, forward) in zip(all_axes, schemes.items(), strict=True):
        single = np.array([forward(x, p, rng, True)[0].mean() for _ in count])
        train, test = np.cumsum(single) / count, float(forward(x, p, rng, False)[0].mean())
        axes.plot(count, single, ".", color=BLUE, alpha=0.3, markersize=4)
        axes.plot(count, train, color=BLUE, linestyle="-")
        axes.axhline(test, color=VERMILION, linestyle="--")
        axes.set_title(name, fontsize=10)
        axes.annotate(
            "test",
            (batches, test),
            xytext=(0, 12),
            textcoords="offset points",
            color=ink(VERMILION),
            ha="right",
            va="bottom",
            fontsize=9,
        )
        axes.annotate(
            "training",
            (count[0], train[-1]),
            xytext=(0, -16),
            textcoords="offset points",
            color=BLUE,
            ha="left",
            va="top",
            fontsize=9,
        )
        agree[name] = abs(train[-1] - test) <= 0.05 * abs(test)
        said.append(f"{name}: training {train[-1]:.3f}, test {test:.3f}, ratio {_ratio(train[-1], test)}")
    highest = max(axes.dataLim.y1 for axes in all_axes)
    all_axes[0].set(ylim=(0, 1.2 * highest), ylabel="mean of the layer's outputs")
    figure.supxlabel(
        f"mini-batches averaged · p = {p:.2f} · dots: single mini-batches, {x.size} outputs each",
        fontsize=8,
        color=GREY,
    )
    figure.suptitle(_means_title(agree), fontsize=11, x=0.01, ha="left")
    return "; ".join(said) + f". 1 - p is {1 - p:.2f}."


def _means_title(agree):
    same = [name for name, yes in agree.items() if yes]
    if len(same) in (0, len(agree)):
        return f"The mean in training {'agrees' if same else 'does not agree'} with the mean at test time"
    return f"The means in training and at test time agree: {' and '.join(same)} only"


def plot_flow(forward, backward, p, rng, units=16):
    """What a layer multiplies each unit by on the way forward, and its gradient on the way back."""
    paint(draw_flow, forward, backward, p, rng, units)


def draw_flow(figure, forward, backward, p, rng, units=16):
    """Paint `plot_flow` on a figure and return the caption."""
    inputs = np.random.default_rng(0)  # away from 0, so that a ratio says what was multiplied
    x, dout = inputs.uniform(0.5, 1.5, (1, units)), inputs.uniform(0.5, 1.5, (1, units))
    out, cache = forward(x.copy(), p, rng, True)
    there, back = (out / x)[0], (backward(dout.copy(), cache) / dout)[0]
    apart = ~np.isclose(there, back)
    unit = np.arange(units)
    axes = figure.subplots()
    axes.vlines(unit[apart], there[apart], back[apart], color=GREY, linewidth=1)
    thick = {"linestyle": "none", "markeredgewidth": 2}
    axes.plot(unit, there, marker="o", color=BLUE, markersize=11, fillstyle="none", label="forward: out / x", **thick)
    axes.plot(unit, back, marker="x", color=VERMILION, markersize=7, label="backward: dx / dout", **thick)
    top = max(1.0, there.max(), back.max())
    axes.set(
        xlabel="unit of the layer",
        ylabel="multiplied by",
        ylim=(-0.12 * top, 1.35 * top),
        xticks=unit,
        title="Backward multiplies by something else than forward"
        if apart.any()
        else "The gradient goes back through the mask that forward applied",
    )
    axes.legend(loc="upper right", ncols=2, fontsize=9)
    small_print(figure, f"one sample · p = {p:.2f}")
    match = f"They differ at {_listed(unit[apart])}." if apart.any() else "They agree at every unit."
    kept = f", and multiplied the others by {_span(there[there != 0])}" if there.any() else ""
    return f"Forward zeroed {_listed(unit[there == 0])}{kept}. {match}"


def plot_gradient_error(forward, backward, x, p, rng):
    """Where a backward pass is wrong: its gradient against the measured one, entry by entry.

    The loss is a weighted sum of the layer's outputs. The mask is the same at each of its evaluations.

    Parameters
    ----------
    forward, backward : the two passes of one layer
    x : array (H,), one sample
    p : float
    rng : numpy.random.Generator
        Its state is copied for each evaluation, so that all of them draw one mask.
    """
    paint(draw_gradient_error, forward, backward, x, p, rng)


def draw_gradient_error(figure, forward, backward, x, p, rng):
    """Paint `plot_gradient_error` on a figure and return the caption."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, x.shape)  # dL/dout, away from 0

    def run(x):
        return forward(x, p, copy.deepcopy(rng), True)

    out, cache = run(x)
    measured = numerical_gradient(lambda nudged: float((weights * run(nudged)[0]).sum()), x)
    error = np.abs(backward(weights.copy(), cache) - measured)
    dropped, unit = out == 0, np.arange(x.size)
    wrong = error > 1e-6
    axes = figure.subplots()
    axes.vlines(unit, 0, error, color=VERMILION, linewidth=2)
    axes.plot(unit[~dropped], error[~dropped], "o", color=BLUE, label="kept")
    axes.plot(unit[dropped], error[dropped], "X", color=VERMILION, markersize=9, label="dropped")
    top = max(1, error.max())
    axes.set(
        xlabel="unit of the layer",
        ylabel="|backward - measured|",
        xticks=unit,
        ylim=(-0.05 * top, 1.3 * top),
        title=_error_title(wrong, dropped),
    )
    axes.legend(loc="upper right", ncols=2, fontsize=9)
    small_print(figure, f"one sample · p = {p:.2f} · loss: a weighted sum of the outputs · the same mask throughout")
    return f"Dropped: {_listed(unit[dropped])}. The gradient is wrong at {_listed(unit[wrong])}" + (
        f"; the largest error is {error.max():.2f}." if wrong.any() else "."
    )


def _error_title(wrong, dropped):
    if not wrong.any():
        return "The gradient is right at every unit"
    if (wrong == dropped).all():
        return "The gradient is wrong at the dropped units, and only there"
    return f"The gradient is wrong at kept units{' too' if (wrong & dropped).any() else ''}"


def plot_variance(forward, rng, x=1.0, rates=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), draws=20_000):
    """The variance of one output over many masks, measured on a layer, beside x² p / (1 - p); x is a float."""
    paint(draw_variance, forward, rng, x, rates, draws)


def draw_variance(figure, forward, rng, x=1.0, rates=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8), draws=20_000):
    """Paint `plot_variance` on a figure and return the caption."""
    rates = np.asarray(rates)
    measured = np.array([forward(np.full(draws, x), p, rng, True)[0].var() for p in rates])
    fine = np.linspace(0, rates[-1] + 0.03, 200)
    theory = x**2 * fine / (1 - fine)
    axes = figure.subplots()
    axes.plot(fine, theory, color=GREEN, linestyle="--")
    axes.plot(rates, measured, "o", color=BLUE)
    label_end(axes, fine, theory, "x² p / (1 - p)", GREEN)
    axes.annotate(
        "measured",
        (rates[-2], measured[-2]),
        xytext=(-8, 4),
        textcoords="offset points",
        color=BLUE,
        ha="right",
        fontsize=9,
    )
    axes.set(
        xlabel="drop probability p",
        ylabel="variance of one output",
        xlim=(0, 0.97),
        ylim=(0, None),
        title="The mean is kept; the price is a variance that grows with p",
    )
    small_print(figure, f"x = {x:g} · {draws} masks for each dot")
    right = x**2 * rates / (1 - rates)
    off = np.abs(measured / right - 1).max()
    at = len(rates) // 2
    return (
        f"At p = {rates[at]:.1f} the variance is {measured[at]:.3f} where the formula says {right[at]:.3f};"
        f" over all rates the two are at most {off:.0%} apart."
    )


def plot_all_masks(forward, p, rng, units=6, draws=20_000):
    """How often each of the 2^units masks of a small layer comes up, beside its probability."""
    paint(draw_all_masks, forward, p, rng, units, draws)


def draw_all_masks(figure, forward, p, rng, units=6, draws=20_000):
    """Paint `plot_all_masks` on a figure and return the caption."""
    code = np.arange(2**units)
    kept = np.array([int(c).bit_count() for c in code])
    probability = (1 - p) ** kept * p ** (units - kept)
    seen = (forward(np.ones((draws, units)), p, rng, True)[0] != 0) @ 2 ** np.arange(units)
    share = np.bincount(seen, minlength=2**units) / draws
    order = np.argsort(-kept, kind="stable")
    axes = figure.subplots()
    axes.grid(False, axis="x")
    axes.plot(code, probability[order], "_", color=GREEN, markersize=10, markeredgewidth=2.5, label="probability")
    axes.plot(code, share[order], ".", color=BLUE, markersize=6, label="share of the draws")
    starts = np.flatnonzero(np.diff(kept[order], prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(code)], strict=True):
        axes.axvline(start - 0.5, color="#E5E7EB", linewidth=1)
        axes.text(
            (start + end - 1) / 2,
            -0.03,
            str(kept[order][start]),
            transform=axes.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=9,
        )
    off = np.abs(share - probability).max()
    bound = 5 * np.sqrt(probability.max() * (1 - probability.max()) / draws)
    axes.set(
        xticks=[],
        ylabel="fraction",
        ylim=(0, None),
        xlim=(-1.5, len(code)),
        title=f"Each of the {len(code)} masks comes up as often as its probability says"
        if off < bound
        else f"The {len(code)} masks do not come up as often as they should",
    )
    axes.set_xlabel("units kept; one column for each mask", labelpad=16)
    axes.legend(loc="upper right", fontsize=9)
    small_print(figure, f"{units} units · p = {p:.2f} · {draws} draws")
    return (
        f"All kept: probability {probability[-1]:.3f}, share {share[-1]:.3f}."
        f" All dropped: {probability[0]:.4f} and {share[0]:.4f}."
        f" Over the {len(code)} masks the two differ by at most {off:.3f}."
    )


def _ratio(train, test):
    return f"{train / test:.2f}" if test else "none, for test is 0"


def _span(values):
    low, high = np.min(values), np.max(values)
    text = "{:d}".format if np.asarray(values).dtype.kind in "iu" else "{:.2f}".format
    return text(low) if np.isclose(low, high) else f"{text(low)} to {text(high)}"


def _listed(units):
    """Units 3, 7 and 9 in words."""
    words = [str(u) for u in units]
    if len(words) < 2:
        return f"unit {words[0]}" if words else "no unit"
    return f"units {', '.join(words[:-1])} and {words[-1]}"
