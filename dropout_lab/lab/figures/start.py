"""Figures of lesson 00: the question as a picture."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from dropout_lab.lab.plots import BLUE, WIDTH, small_print


def plot_three_readings(rng, n=8, units=20, p=0.3):
    """Three ways to zero neurons of a mini-batch: the same for all samples, fresh for each sample, whole samples."""
    patterns = {
        "A: one draw for the batch": rng.random((1, units)) < p,
        "B: one draw per sample": rng.random((n, units)) < p,
        "C: whole samples": rng.permutation(n)[:, None] < round(p * n),
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
    small_print(figure, f"white: output set to 0. {n} samples, {units} neurons, p = {p}")
    plt.show()
