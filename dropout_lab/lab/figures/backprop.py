"""Figures of lesson 01: numbers on a graph, and who moves when one number is nudged."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.plots import BLUE, GREY, VERMILION, WIDTH, ink, small_print
from dropout_lab.lab.show import rounded

NEURON = {
    "w": (0, 2),
    "x": (0, 0),
    "×": (1.5, 1),
    "b": (1.9, -0.6),
    "+": (3, 1),
    "t": (3.4, -0.6),
    "−": (4.5, 1),
    "( )²": (6, 1),
}
WIRES = {
    "w": ("w", "×"),
    "x": ("x", "×"),
    "q": ("×", "+"),
    "b": ("b", "+"),
    "s": ("+", "−"),
    "t": ("t", "−"),
    "e": ("−", "( )²"),
}


def plot_neuron(values, grads=None):
    """One neuron as a graph: forward numbers above the edges, gradients below them.

    Parameters
    ----------
    values : {"w": number, ..., "L": number}
        What each edge carries in the forward pass.
    grads : {"w": number or ..., ...}, or None
        dL/d(edge). `...` is drawn as a question mark.
    """
    figure, ax = _canvas(2.9, (-0.6, 7.9), (-1.1, 2.6))
    for name, (start, end) in WIRES.items():
        below = _backward(name, grads) if name != "t" else ""
        _edge(ax, NEURON[start], NEURON[end], _forward(name, values), below, at=0.35 if name in "bt" else 0.5)
    _edge(ax, NEURON["( )²"], (7.6, 1), _forward("L", values), "dL/dL = 1" if grads else "")
    for name, place in NEURON.items():
        _node(ax, place, name)
    ax.set_title(
        "Forward, values flow right; backward, gradients flow left"
        if grads
        else "A neuron and its loss, one operation at a time"
    )
    below = ". below: the derivative of L with respect to it" if grads else ""
    small_print(figure, f"above an edge: its value{below}")
    plt.show()


def plot_shared_bias(dout, db):
    """One bias that serves N samples: one gradient comes back along each path, and they add up.

    Parameters
    ----------
    dout : array (N,)
        What arrives at each sample's output.
    db : number
        What the student's own layer makes of it.
    """
    n = len(dout)
    figure, ax = _canvas(0.9 + 0.75 * n, (-1.2, 6.4), (-0.6, n - 0.3))
    bias = (0, (n - 1) / 2)
    for i, gradient in enumerate(dout):
        plus = (3, n - 1 - i)
        _edge(ax, bias, plus, "", rounded(gradient), at=0.68)
        _edge(ax, plus, (4.6, plus[1]), "", rounded(gradient))
        ax.text(4.7, plus[1], f"output of sample {i}", va="center", fontsize=10)
        _node(ax, plus, "+")
    _node(ax, bias, "b")
    ax.text(-0.35, bias[1], f"db = {rounded(db)}", ha="right", va="center", fontsize=11, color=ink(VERMILION))
    total = " + ".join(rounded(g) for g in dout).replace("+ -", "− ")
    ax.set_title("One bias serves every sample, so what comes back along its paths adds up")
    small_print(figure, f"below an edge: the gradient that comes back. {total} = {rounded(np.sum(dout))}")
    plt.show()


def plot_reach(affine_forward, x, w, b, at=(1, 2), by=0.1):
    """Nudge one entry of w, of x, of b: which outputs move, and by how much for each unit of nudge.

    Parameters
    ----------
    affine_forward : the student's function
    x, w, b : arrays (N, D), (D, H), (H,)
    at : (row, column)
        The entry that is nudged; of b, the column's.
    """
    before = affine_forward(x, w, b)[0]
    row, column = at
    nudges = {
        f"w[{row}, {column}]": (x, _nudged(w, at, by), b),
        f"x[{row}, {column}]": (_nudged(x, at, by), w, b),
        f"b[{column}]": (x, w, _nudged(b, column, by)),
    }
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 2.9))
    for ax, (name, arguments) in zip(axes, nudges.items(), strict=True):
        _panel(ax, f"nudge {name}", (affine_forward(*arguments)[0] - before) / by)
    axes[0].set_ylabel("sample n")
    title = "One weight moves a column of the output, one input a row, one bias a column"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    shapes = f"x {x.shape}, w {w.shape}, b {b.shape}"
    small_print(figure, f"movement of each output, per unit of nudge. {shapes}; a nudge of {by}")
    plt.show()


def _panel(ax, title, moved):
    largest = np.abs(moved).max() or 1
    ax.pcolormesh(np.abs(moved) / largest, cmap="Blues", vmin=0, vmax=1.6, edgecolor="#D1D5DB", linewidth=0.5)
    for (i, j), value in np.ndenumerate(moved):
        still = abs(value) < 1e-9
        text = "0" if still else rounded(value, 2)
        ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=8.5, color=GREY if still else "black")
    n, h = moved.shape
    ax.set_xticks(np.arange(h) + 0.5, range(h))
    ax.set_yticks(np.arange(n) + 0.5, range(n))
    ax.set_xlabel("output h")
    ax.set_title(title, fontsize=10)
    ax.invert_yaxis()
    ax.grid(False)
    ax.tick_params(length=0)


def _nudged(array, at, by):
    moved = array.copy()
    moved[at] += by
    return moved


def _canvas(height, x, y):
    figure, ax = plt.subplots(figsize=(WIDTH, height))
    ax.set(xlim=x, ylim=y)
    ax.axis("off")
    return figure, ax


def _node(ax, place, text):
    ax.text(
        *place,
        text,
        ha="center",
        va="center",
        fontsize=11,
        zorder=3,
        bbox={"boxstyle": "circle,pad=0.35", "facecolor": "white", "edgecolor": "black"},
    )


def _edge(ax, start, end, above, below, at=0.5):
    """An arrow with text on both sides, `at` this fraction of its way."""
    arrow = {"arrowstyle": "-|>", "color": GREY, "shrinkA": 13, "shrinkB": 13, "lw": 1.2}
    ax.annotate("", end, start, arrowprops=arrow, zorder=1)
    rise = end[1] - start[1]
    slope = 0 if abs(rise) < 0.1 else np.sign(rise)  # beside a slanting edge, text stands to the left or right of it
    place = (start[0] + at * (end[0] - start[0]), start[1] + at * rise)
    for text, up, colour in ((above, 1, BLUE), (below, -1, VERMILION)):
        side = {0: "center", -1: "right", 1: "left"}[-up * slope]
        ax.annotate(
            text,
            place,
            xytext=(-up * 9 * slope, up * 9),
            textcoords="offset points",
            color=ink(colour),
            fontsize=9.5,
            va="center",
            ha=side,
        )


def _forward(name, values):
    return f"{name} = {values[name]:g}"


def _backward(name, grads):
    if not grads:
        return ""
    number = grads.get(name, ...)
    return f"d{name}: {'?' if number is ... else format(float(number), 'g')}"
