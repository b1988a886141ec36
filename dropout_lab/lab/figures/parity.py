"""Two implementations against each other."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.plots import BLUE, GREY, VERMILION, small_print


def plot_parity(theirs, mine, wrong=None, what="dx"):
    """Each entry of two arrays that should be equal: theirs across, mine up. On the diagonal they agree.

    `wrong`, a third array, is drawn as crosses.
    """
    figure, axes = plt.subplots(figsize=(4.6, 4.0))
    span = np.array([theirs.min(), theirs.max()]) * 1.1
    axes.plot(span, span, color=GREY, linestyle=":", linewidth=1)
    axes.annotate("equal", (span[0], span[0]), xytext=(14, 0), textcoords="offset points", color=GREY, fontsize=9)
    axes.plot(
        np.ravel(theirs), np.ravel(mine), "o", color=BLUE, markersize=6, markerfacecolor="none", label="your functions"
    )
    if wrong is not None:
        axes.plot(np.ravel(theirs), np.ravel(wrong), "x", color=VERMILION, markersize=5, label="0/1 mask in backward")
    axes.legend(loc="upper left", fontsize=9)
    off = float(np.max(np.abs(np.asarray(mine) - theirs)))
    title = "Your gradient is PyTorch's" if off < 1e-5 else f"Your gradient is off by up to {off:.2g}"
    axes.set(xlabel=f"{what}, PyTorch", ylabel=f"{what}, yours", title=title)
    small_print(figure, f"{theirs.size} entries, float32; those at 0 lie on top of each other")
    plt.show()
