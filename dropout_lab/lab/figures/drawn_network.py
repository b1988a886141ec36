"""Networks as circles and lines: one hand for every lesson that shows one.

A column is a layer, a circle a unit, a line a weight. A unit that is dropped is an empty circle with a cross, and its
lines are gone; a line that is dropped is dotted.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Circle, FancyArrowPatch

from dropout_lab.lab.plots import BLUE, GREY, VERMILION, WIDTH, ink, paint, small_print

RADIUS = 0.3  # of a circle; units of one layer are 1 apart
LINE = "#9CA3AF"


def draw_network(axes, sizes, keep=None, weights=None, across=2.0):
    """Draw a network on axes.

    Parameters
    ----------
    sizes : list of int, the widths of its layers from the input on
    keep : {layer: boolean array (width,)}, optional
        Units of that layer that are kept; others are crossed out and lose their lines.
    weights : {layer: boolean array (width, width of the next)}, optional
        Lines that are kept; others are dotted.
    across : float
        Between two layers.

    Returns
    -------
    places : list of arrays (width, 2), where the units are
    """
    keep = {layer: np.asarray(units, bool) for layer, units in (keep or {}).items()}
    places = [
        np.column_stack([np.full(n, across * layer), (n - 1) / 2 - np.arange(n)]) for layer, n in enumerate(sizes)
    ]
    for layer in range(len(sizes) - 1):
        for i, j in np.ndindex(sizes[layer], sizes[layer + 1]):
            alive = _kept(keep, layer, i) and _kept(keep, layer + 1, j)
            whole = weights is None or layer not in weights or weights[layer][i, j]
            if alive:
                look = {"color": LINE, "linewidth": 0.9} if whole else {"color": VERMILION, "linewidth": 0.8}
                axes.plot(*zip(places[layer][i], places[layer + 1][j], strict=True), ls="-" if whole else ":", **look)
    for layer, units in enumerate(places):
        for i, (x, y) in enumerate(units):
            _unit(axes, x, y, _kept(keep, layer, i))
    highest = max(sizes)
    axes.set(xlim=(-0.7, across * (len(sizes) - 1) + 0.7), ylim=(-highest / 2 - 0.2, highest / 2 + 0.2), aspect="equal")
    axes.axis("off")
    return places


def _kept(keep, layer, unit):
    return layer not in keep or keep[layer][unit]


def _unit(axes, x, y, kept):
    face, edge = (BLUE, BLUE) if kept else ("white", GREY)
    axes.add_patch(Circle((x, y), RADIUS, facecolor=face, edgecolor=edge, linewidth=1.2, zorder=3))
    if not kept:
        reach = 0.6 * RADIUS
        for sign in (1, -1):
            ends = [x - reach, x + reach], [y - sign * reach, y + sign * reach]
            axes.plot(*ends, color=VERMILION, linestyle="-", linewidth=1.8, zorder=4)


def plot_shapes(n, sizes):
    """The network of lesson 03 with the shape of every array, there and back."""
    paint(draw_shapes, n, sizes)


def draw_shapes(figure, n, sizes):
    """Paint `plot_shapes` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 4.2)
    axes, across = figure.subplots(), 5.0
    places = draw_network(axes, sizes, across=across)
    d, h, c = sizes
    top, bottom = max(sizes) / 2 + 0.55, -max(sizes) / 2 - 0.55
    for layer, name in enumerate((f"x ({n}, {d})", f"ReLU ({n}, {h})", f"scores ({n}, {c})")):
        axes.text(places[layer][0][0], top, name, ha="center", fontsize=9)
        back = f"d{name}"
        axes.text(places[layer][0][0], bottom, back, ha="center", fontsize=9, color=ink(VERMILION))
    for layer, (a, b) in enumerate(((d, h), (h, c))):
        middle = across * (layer + 0.5)
        _arrow(axes, middle, top - 0.15, 1, BLUE)
        _arrow(axes, middle, bottom + 0.2, -1, VERMILION)
        axes.text(middle, top + 0.15, f"W{layer + 1} ({a}, {b})", ha="center", fontsize=8, color=BLUE)
        axes.text(middle, bottom - 0.35, f"dW{layer + 1} ({a}, {b})", ha="center", fontsize=8, color=ink(VERMILION))
    axes.set_ylim(bottom - 0.7, top + 0.6)
    axes.set_xlim(-1.4, 2 * across + 1.4)
    figure.suptitle("A gradient has the shape of its array, on the way there and back", x=0.01, ha="left", fontsize=11)
    small_print(figure, f"{n} samples go through at once; each circle holds one number for each sample")
    return (
        f"Forward: x ({n}, {d}), scores ({n}, {c}). Backward: the gradient of every array has that array's shape,"
        f" W1 and dW1 both ({d}, {h})."
    )


def _arrow(axes, x, y, way, colour):
    style = {"arrowstyle": "-|>", "mutation_scale": 12, "color": colour, "linewidth": 1.2}
    axes.add_patch(FancyArrowPatch((x - 0.8 * way, y), (x + 0.8 * way, y), **style))


def plot_thinned(forward, sizes, p, rng, samples=3):
    """The network that each sample of one mini-batch meets, with the layer's own masks on the hidden units."""
    paint(draw_thinned, forward, sizes, p, rng, samples)


def draw_thinned(figure, forward, sizes, p, rng, samples=3):
    """Paint `plot_thinned` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 2.6)
    hidden = range(1, len(sizes) - 1)
    outs = {layer: forward(np.ones((samples, sizes[layer])), p, rng, True)[0] for layer in hidden}
    said = []
    for sample, axes in enumerate(figure.subplots(1, samples, squeeze=False)[0]):
        keep = {layer: out[sample] != 0 for layer, out in outs.items()}
        draw_network(axes, sizes, keep)
        kept = np.concatenate([out[sample][keep[layer]] for layer, out in outs.items()])
        factor = f", kept × {np.median(kept):.2f}" if len(kept) and abs(np.median(kept) - 1) > 1e-6 else ""
        axes.set_title(f"sample {sample + 1}{factor}", fontsize=10)
        said.append(f"sample {sample + 1} keeps {len(kept)} of {sum(map(len, keep.values()))} hidden units")
    same = all((out == out[0]).all() for out in outs.values())
    title = "Every sample of the mini-batch meets the same network" if same else "Each sample meets another network"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11)
    small_print(figure, f"crossed out: dropped · p = {p:.2f} · drawn by your layer")
    return "; ".join(said) + "."


def plot_what_is_dropped(p, rng):
    """Three things that may be dropped: units, weights, and whole maps of an image."""
    paint(draw_what_is_dropped, p, rng)


def draw_what_is_dropped(figure, p, rng):
    """Paint `plot_what_is_dropped` on a figure and return the caption."""
    figure.set_size_inches(WIDTH, 2.8)
    units, weights, maps = figure.subplots(1, 3)
    sizes = [4, 4, 2]
    keep, lines = rng.random(4) >= p, rng.random((4, 4)) >= p
    draw_network(units, sizes, {1: keep})
    draw_network(weights, sizes, weights={0: lines})
    on = rng.random(4) >= p
    for i, kept in enumerate(on):
        corner = (i % 2 * 1.25, 1.25 - i // 2 * 1.25)
        for row, column in np.ndindex(4, 4):
            face = BLUE if kept else "white"
            place = (corner[0] + 0.27 * column, corner[1] + 0.27 * row)
            maps.add_patch(plt.Rectangle(place, 0.27, 0.27, facecolor=face, edgecolor=GREY, linewidth=0.6))
    maps.set(xlim=(-0.1, 2.5), ylim=(-0.1, 2.5), aspect="equal")
    maps.axis("off")
    for axes, name in ((units, "units: dropout"), (weights, "weights: DropConnect"), (maps, "maps: spatial dropout")):
        axes.set_title(name, fontsize=10)
    figure.suptitle("What a coin decides about", x=0.01, ha="left", fontsize=11)
    small_print(figure, f"p = {p:.2f} · crossed out, dotted or white: dropped")
    return (
        f"Dropped: {np.count_nonzero(~keep)} of 4 units, {np.count_nonzero(~lines)} of 16 weights,"
        f" {np.count_nonzero(~on)} of 4 maps."
    )
