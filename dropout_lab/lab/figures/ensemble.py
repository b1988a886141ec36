"""Figures of lesson 09: the network without masks beside its thinned networks, and dropout beside penalties."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.ensembles import distances_from_plain, law_of_distances, meeting_point
from dropout_lab.lab.plots import BLUE, GREEN, GREY, VERMILION, WIDTH, ink, label_end, paint, small_print
from dropout_lab.lab.show import rounded
from dropout_lab.network import softmax

AVERAGED = {"scores": np.asarray, "probabilities": softmax}  # what the passes are asked for
FEWEST, MOST = 1, 1024  # masks
EXACT = 1e-12


def plot_three_means(networks):
    """The network without masks against both means over all masks, for each {label: (plain, geometric, arithmetic)}."""
    figure, panels = plt.subplots(1, len(networks), figsize=(WIDTH, 2.9), sharex=True, sharey=True)
    exact = []
    for axes, (label, (plain, geometric, arithmetic)) in zip(panels, networks.items(), strict=True):
        exact.append(np.abs(geometric - plain).max() < 1e-12)
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="-")
        axes.plot(plain.ravel(), arithmetic.ravel(), "x", color=VERMILION, markersize=4, label="arithmetic mean")
        axes.plot(plain.ravel(), geometric.ravel(), "o", color=BLUE, markersize=4, mfc="none", label="geometric mean")
        axes.set_title(f"{label}: {'exact' if exact[-1] else 'not exact'}", fontsize=10)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    panels[0].set_ylabel("mean over all masks")
    panels[0].legend(fontsize=8, loc="upper left", handletextpad=0.1, borderaxespad=0)
    figure.supxlabel("probability of a class, from the network without masks", fontsize=10)
    figure.suptitle(
        f"The geometric mean lies on the diagonal in {sum(exact)} of {len(exact)} networks",
        fontsize=11,
        x=0.01,
        ha="left",
    )
    plt.show()


def plot_root_law(counts, errors, variance, gap):
    """How far an average of k passes is from the mean over all masks, and how far the network without masks is.

    Parameters
    ----------
    counts : list of int, the k
    errors : list of float, measured: the root mean square distance for each k
    variance : float, of one pass, from the list of all masks
    gap : float, the root mean square distance of the network without masks
    """
    figure, axes = plt.subplots()
    counts, meet = np.asarray(counts), meeting_point(variance, gap)
    law = np.sqrt(variance / counts)
    axes.plot(counts, law, "-", color=GREEN, linewidth=1.5)
    axes.plot(counts, errors, "o", color=BLUE, markersize=6)
    axes.plot(counts[[0, -1]], [gap, gap], "--", color=VERMILION, linewidth=1.5)
    axes.axvline(meet, color=GREY, linewidth=1, linestyle=":")
    axes.annotate(f" nearer from k = {meet} on", (meet, law[0]), color=GREY, fontsize=9, va="top")
    label_end(axes, counts, law, "sd / sqrt(k)", GREEN)
    label_end(axes, counts, [gap, gap], "no masks", VERMILION)
    on = np.abs(np.log(np.asarray(errors) / law)).max() < 0.15
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="passes averaged, k",
        ylabel="rms distance from the mean",
        title="Averages of k passes come nearer as 1/sqrt(k)" if on else "Averages of k passes do not follow 1/sqrt(k)",
    )
    axes.set_xlim(counts[0] * 0.8, counts[-1] * 2.6)
    small_print(figure, "dots: measured with the layer's own masks; line: from the list of all masks, nothing fitted")
    plt.show()


def plot_convergence(networks, of, rng):
    """How near averages over more and more masks come to the network without masks: {label: (params, x, p)}."""
    paint(draw_convergence, networks, of, rng)


def draw_convergence(figure, networks, of, rng, k=MOST):
    """Paint `plot_convergence` on a figure and return the caption. `of` is one of AVERAGED; k masks are shown."""
    figure.set_size_inches(WIDTH, 3.1)
    all_axes = figure.subplots(1, len(networks), sharex=True, sharey=True, squeeze=False)[0]
    reached, lawful, said, laws = [], True, [], []
    for axes, (name, (params, x, p)) in zip(all_axes, networks.items(), strict=True):
        path = distances_from_plain(params, x, p, MOST, rng, AVERAGED[of])
        variance, gap = law_of_distances(params, x, p, AVERAGED[of])
        law = np.sqrt(variance / np.arange(1, MOST + 1) + gap**2)
        laws.append(law)
        _draw_path(axes, path[:k], law, gap)
        axes.set(title=name, xlabel="masks averaged, k")
        reached += [name] if gap < EXACT else []
        lawful &= bool(np.abs(np.log(path / law)).max() < np.log(3))
        stays = "0" if gap < EXACT else rounded(gap, 2)
        here, expected = rounded(path[k - 1], 2), rounded(law[k - 1], 2)
        said.append(f"{name} {here} (by the law {expected}, and {stays} for endless k)")
    all_axes[0].set(ylabel="rms distance from no masks", ylim=(np.min(laws) / 1.6, np.max(laws) * 1.6))
    figure.suptitle(_convergence_title(networks, of, reached, lawful), fontsize=11, x=0.01, ha="left")
    small_print(figure, f"averages of {of} · line: sd / sqrt(k), and what stays · dots: your layer's masks")
    return f"k = {k}, averages of {of}. Distance from the network without masks: {', '.join(said)}."


def _draw_path(axes, path, law, gap):
    """The distances measured for 1, 2, 4, ... masks, on the law that they should follow and over what stays."""
    every, shown = np.arange(1, MOST + 1), 2 ** np.arange(int(np.log2(len(path))) + 1)
    axes.loglog(every, law, "-", color=GREEN, linewidth=1.5)
    axes.loglog(shown, path[shown - 1], "o", color=BLUE, markersize=4)
    axes.loglog(shown[-1:], path[shown[-1:] - 1], "o", color=BLUE, markersize=9)
    if gap > EXACT:
        axes.axhline(gap, color=VERMILION, linestyle="--", linewidth=1.2)
        look = {"xytext": (0, 3), "textcoords": "offset points", "color": ink(VERMILION), "fontsize": 9}
        axes.annotate("endless k", (FEWEST, gap), **look)
    axes.set_xlim(FEWEST * 0.7, MOST * 1.4)
    axes.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    axes.set_yticks([0.02, 0.05, 0.1, 0.2, 0.5, 1, 2], ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"])
    axes.minorticks_off()


def _convergence_title(networks, of, reached, lawful):
    if not lawful:
        return "The averages do not follow the law: this layer is not dropout"
    if len(networks) > 1:
        return f"Averages of {of} go to the network without masks in {len(reached)} of {len(networks)} networks"
    if reached:
        return f"Averages of {of} go to the network without masks as 1/sqrt(k)"
    return f"Averages of {of} stop short of the network without masks"


def plot_monte_carlo(counts, errors, reference, ylabel="error on held-out images, %"):
    """The error of averages over k passes, mean and standard deviation over groups; a line for no masks.

    Parameters
    ----------
    errors : list of arrays, one error for each group of k passes
    reference : float, the error of the network without masks
    """
    figure, axes = plt.subplots()
    means = np.array([e.mean() for e in errors])
    spreads = np.array([e.std(ddof=1) for e in errors])
    reached = next((k for k, m, s in zip(counts, means, spreads, strict=True) if m <= reference + s), None)
    axes.errorbar(counts, means, spreads, fmt="-o", color=BLUE, markersize=5, linewidth=1.2, capsize=3)
    axes.plot([counts[0], counts[-1]], [reference, reference], "--", color=VERMILION, linewidth=1.5)
    beside = {"textcoords": "offset points", "va": "center", "fontsize": 9}
    axes.annotate("averages of k passes", (counts[0], means[0]), xytext=(10, 4), color=BLUE, **beside)  # the lines meet
    label_end(axes, counts, [reference], "no masks", VERMILION)  # at the other end
    axes.set(
        xscale="log",
        xlabel="passes averaged, k",
        ylabel=ylabel,
        ylim=(0, None),
        title=f"From k = {reached} on, the average is within one sd of the network without masks"
        if reached
        else "No average comes within one sd of the network without masks",
    )
    axes.set_xticks(counts, counts)
    axes.minorticks_off()
    axes.set_xlim(counts[0] * 0.85, counts[-1] * 1.9)
    small_print(figure, "dots and bars: mean and standard deviation (sd) over separate groups of k passes")
    plt.show()


def plot_weights(ols, ridge, averaged, last):
    """The weights of least squares, of the ridge solution, and of SGD with dropout: its last step and its average."""
    figure, axes = plt.subplots()
    features = np.arange(len(ols))
    axes.axhline(0, color="black", linewidth=0.8)
    axes.plot(features, ols, "s", color=GREY, markersize=6, mfc="none", label="least squares, no dropout")
    axes.plot(features, ridge, "_", color=GREEN, markersize=26, markeredgewidth=3, label="ridge with that diagonal")
    axes.plot(features, last, "x", color=VERMILION, markersize=6, label="SGD with dropout, last step")
    axes.plot(features, averaged, "o", color=BLUE, markersize=5, label="SGD with dropout, average")
    off, last_off = (np.linalg.norm(w - ridge) / np.linalg.norm(ridge) for w in (averaged, last))
    axes.set(
        xlabel="feature",
        ylabel="weight",
        title="The averaged steps of SGD with dropout land on the ridge solution"
        if off < 0.05
        else "The averaged steps of SGD are not at the ridge solution",
    )
    axes.set_xticks(features)
    axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), handletextpad=1.2)
    small_print(figure, f"relative distance from the ridge weights: average {off:.1%}, last step {last_off:.1%}")
    plt.show()


def plot_penalty(s, exact, quadratic):
    """What dropout costs each sample, exactly and by the quadratic formula, against its predicted probability."""
    figure, axes = plt.subplots()
    axes.plot(s, quadratic, "x", color=VERMILION, markersize=5, label="quadratic formula")
    axes.plot(s, exact, "o", color=BLUE, markersize=4, mfc="none", label="exact, all masks")
    axes.axhline(0, color="black", linewidth=0.8)
    sure = np.minimum(s, 1 - s) < 0.05
    unsure = np.minimum(s, 1 - s) > 0.3
    ratio = exact[sure].mean() / exact[unsure].mean()
    axes.set(
        xlabel="predicted probability s, without dropout",
        ylabel="penalty / noise variance",
        title="Confident predictions are hardly penalised"
        if ratio < 0.5
        else "Confident predictions are penalised like the others",
    )
    axes.legend(fontsize=9, loc="upper right")
    small_print(figure, f"mean exact penalty where s or 1 - s is below 0.05, against both above 0.3: {ratio:.2f} times")
    plt.show()


def roughness(weights):
    """How much neighbouring pixels' weights differ: 1 for random ones, near 0 where strokes run through. (D, units)"""
    side = int(np.sqrt(len(weights)))
    images = weights.reshape(side, side, -1)
    steps = np.diff(images, axis=0).ravel(), np.diff(images, axis=1).ravel()
    return float(np.std(np.concatenate(steps)) / np.std(images) / np.sqrt(2))


def plot_features(networks, units=10):
    """The incoming weights of the units with the largest ones, as images, a row for each {label: params}."""
    figure, panels = plt.subplots(len(networks), units, figsize=(WIDTH, 0.4 + 0.85 * len(networks)))
    rough = {label: roughness(params["W1"]) for label, params in networks.items()}
    for row, (label, params) in zip(panels, networks.items(), strict=True):
        weights = params["W1"]
        side = int(np.sqrt(len(weights)))
        largest = np.argsort(-np.linalg.norm(weights, axis=0))[:units]
        limit = np.abs(weights[:, largest]).max()
        for axes, unit in zip(row, largest, strict=False):
            axes.imshow(weights[:, unit].reshape(side, side), cmap="RdBu", vmin=-limit, vmax=limit)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
        row[0].set_ylabel(label, fontsize=9, rotation=0, ha="right", va="center")
    strokes = min(rough.values()) < 0.5
    title = "Some features are smooth" if strokes else "Neither row shows strokes: neighbouring weights differ"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    measured = ", ".join(f"{label} {value:.2f}" for label, value in rough.items())
    small_print(
        figure,
        f"the {units} units with the largest weights; blue: positive, red: negative;"
        f" roughness of all units (1: random): {measured}",
    )
    plt.show()


def plot_activity(activities, bins=40):
    """How often each size of activation occurs, a line for each {label: activations}; zeros are counted apart."""
    figure, axes = plt.subplots()
    looks = ((VERMILION, "--"), (BLUE, "-"))
    top = max(np.quantile(a, 0.999) for a in activities.values())
    for (label, a), (colour, dash) in zip(activities.items(), looks, strict=False):
        share, edges = np.histogram(a[a > 0], bins=bins, range=(0, top))
        axes.plot(
            (edges[1:] + edges[:-1]) / 2,
            share / a.size,
            dash,
            color=colour,
            label=f"{label}: mean {a.mean():.2f}, zero {np.mean(a == 0):.0%}",
        )
    without, with_dropout = (a.mean() for a in activities.values())
    axes.set(
        xlabel="activation above 0",
        ylabel="fraction of all activations",
        yscale="log",
        title="With dropout the hidden units are quieter"
        if with_dropout < 0.8 * without
        else "With dropout the hidden units are not quieter",
    )
    axes.legend(fontsize=9)
    small_print(figure, "hidden activations on held-out images, without masks")
    plt.show()
