"""Figures of lesson 00: what dropout is, and the question as a picture."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from dropout_lab.lab.figures.drawn_network import draw_network
from dropout_lab.lab.plots import BLUE, WIDTH, paint, small_print


def plot_one_sample(rng, sizes=(4, 6, 6, 2), p=0.4):
    """A network, and what one sample of one training step may meet of it."""
    paint(draw_one_sample, rng, sizes, p)


def draw_one_sample(figure, rng, sizes, p):
    """Paint `plot_one_sample` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 2.8)
    whole, thinned = figure.subplots(1, 2)
    keep = {layer: rng.random(sizes[layer]) >= p for layer in range(1, len(sizes) - 1)}
    draw_network(whole, sizes)
    draw_network(thinned, sizes, keep)
    whole.set_title("the network", fontsize=10)
    thinned.set_title("one sample in one training step", fontsize=10)
    figure.suptitle("Dropout takes units away at random while a network learns", x=0.01, ha="left", fontsize=11)
    dropped = sum(int((~units).sum()) for units in keep.values())
    return f"Left: every unit is there. Right: {dropped} of {sum(map(len, keep.values()))} hidden units are dropped."


def plot_three_readings(rng, n=8, units=20, p=0.3):
    """Three ways to zero neurons of a mini-batch: the same for all samples, fresh for each sample, whole samples."""
    patterns = {
        "A": rng.random((1, units)) < p,
        "B": rng.random((n, units)) < p,
        "C": rng.permutation(n)[:, None] < round(p * n),
    }
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.1), sharey=True)
    for ax, (name, dropped) in zip(axes, patterns.items(), strict=True):
        kept = ~np.broadcast_to(dropped, (n, units))
        ax.pcolormesh(kept, cmap=ListedColormap(["white", BLUE]), vmin=0, vmax=1, edgecolor="#D1D5DB", linewidth=0.5)
        ax.set(title=name, xlabel="neuron", xticks=[], yticks=[], aspect="equal")
        ax.invert_yaxis()
        ax.grid(False)
    axes[0].set_ylabel("sample")
    title = "“Zeroing random neurons in each mini-batch” can be read in three ways"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    small_print(figure, f"white: output set to 0 · {n} samples, {units} neurons, p = {p}")
    plt.show()
