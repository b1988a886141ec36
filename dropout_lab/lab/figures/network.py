"""Figures of the two-layer network: what a bend is good for, which way scores are pushed, what becomes of a signal."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.plots import BLUE, GREEN, GREY, VERMILION, WIDTH, label_end, small_print

BENDS = ((1.0, 1.2, 1.0), (1.0, 0.2, -2.2), (1.0, -0.8, 2.0))  # (w, b, share in the sum) of three hidden units


def plot_bends(relu_forward):
    """Three hidden units of one input, and their weighted sum."""
    x = np.linspace(-2, 2, 401)
    units = [share * relu_forward((w * x + b)[:, None])[0][:, 0] for w, b, share in BENDS]
    axes = plt.subplots()[1]
    for i, unit in enumerate(units, start=1):
        axes.plot(x, unit, "--", color=GREY, linewidth=1)
        label_end(axes, x, unit, f"unit {i}", GREY)
    axes.plot(x, sum(units), "-", color=BLUE)
    label_end(axes, x, sum(units), "their sum", BLUE)
    axes.set(title="Each ReLU adds one bend to a straight line", xlabel="input x", ylabel="output")
    axes.set_xlim(-2, 2.5)
    plt.show()


def plot_push(softmax, softmax_cross_entropy, scores, label):
    """The probabilities of one sample's scores (C,), and the gradient that reaches each score."""
    dscores = softmax_cross_entropy(scores[None], np.array([label]))[1][0]
    classes = np.arange(len(scores))
    colours = [VERMILION if c == label else BLUE for c in classes]
    hatches = ["//" if c == label else "" for c in classes]
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 2.8))
    left.bar(classes, softmax(scores), color=colours, hatch=hatches, edgecolor="white")
    left.set(xlabel="class", ylabel="probability", ylim=(0, 1))
    left.set_title("what the scores say", fontsize=10)
    right.bar(classes, dscores, color=colours, hatch=hatches, edgecolor="white")
    right.axhline(0, color="black", linewidth=0.8)
    right.set(xlabel="class", ylabel="dL/dscore", ylim=(-1.05, 1.05))
    for axes in (left, right):
        axes.grid(False)
    right.set_title("how the loss moves with each score", fontsize=10)
    title = "More score for the right class lowers the loss, more for any other raises it"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    small_print(figure, f"the right class is {label}, hatched")
    plt.show()


def plot_signal_size(affine_forward, relu_forward, stds, depth=20, width=256):
    """The size of the signal through `depth` layers, one line for each entry of {label: standard deviation of w}."""
    axes = plt.subplots()[1]
    layers = np.arange(depth + 1)
    looks = ((VERMILION, "--", "s"), (BLUE, "-", "o"), (GREEN, ":", "^"))
    for (label, std), (colour, dash, marker) in zip(stds.items(), looks, strict=False):
        rng = np.random.default_rng(0)
        h = rng.standard_normal((100, width))
        sizes = [np.sqrt((h**2).mean())]
        for _ in range(depth):
            h = relu_forward(affine_forward(h, std * rng.standard_normal((width, width)), np.zeros(width))[0])[0]
            sizes.append(np.sqrt((h**2).mean()))
        axes.plot(layers, sizes, dash, color=colour, marker=marker, markersize=4)
        label_end(axes, layers, sizes, label, colour)
    axes.set(
        title="Only one size of weights carries a signal through many layers",
        yscale="log",
        xlabel="layer (0: the input)",
        ylabel="root mean square of the signal",
    )
    axes.set_xlim(-0.5, depth * 1.15)
    axes.set_xticks(range(0, depth + 1, 5))
    small_print(axes.figure, f"{width} units in every layer, 100 samples")
    plt.show()
