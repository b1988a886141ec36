"""Figures of trainings: the images, the size of signals, curves, gaps, sweeps."""

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.lab.plots import BLUE, GREEN, GREY, VERMILION, WIDTH, label_end, small_print

COLOURS = (BLUE, VERMILION, GREEN)
DASHES = ("-", "--", ":")
MARKERS = ("o", "s", "^")


def show_images(x, y, guesses=None, n=10):
    """The first n images of x (N, D) with their classes y (N,); with guesses (N,), the first n guessed wrong."""
    rows = np.arange(len(x)) if guesses is None else np.flatnonzero(np.asarray(guesses) != y)
    side = int(np.sqrt(x.shape[1]))
    figure, panels = plt.subplots(1, n, figsize=(WIDTH, 1.6))
    for axes in panels:
        axes.axis("off")
    for axes, row in zip(panels, rows, strict=False):
        axes.imshow(x[row].reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(
            str(y[row]) if guesses is None else f"{y[row]} → {guesses[row]}",
            fontsize=9 if guesses is None else 7.5,
            loc="center",
        )
    title = f"The first {n} of {len(x)} images"
    if guesses is not None:
        few = f"here are {min(n, len(rows))}: what it is → what was read"
        title = f"{len(rows)} of {len(x)} held-out images are read wrong; {few}"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    plt.show()


def plot_step_lengths(loss_and_grads, params, x, y, lengths, title="A longer step is better until it is worse"):
    """The loss on x (N, D) and labels y (N,) after one step of w - lr * gradient, for each length lr."""
    loss, grads = loss_and_grads(params, x, y, 0.0, np.random.default_rng(0))

    def after(lr):
        moved = {name: array - lr * grads[name] for name, array in params.items()}
        return loss_and_grads(moved, x, y, 0.0, np.random.default_rng(0))[0]

    axes = plt.subplots()[1]
    axes.axhline(loss, color=GREY, linestyle="--", linewidth=1)
    axes.annotate("before the step", (lengths[0], loss), xytext=(0, 4), textcoords="offset points", color=GREY, size=9)
    axes.plot(lengths, [after(lr) for lr in lengths], "-o", color=BLUE, markersize=4)
    axes.set(title=title, xlabel="learning rate, the length of the step", ylabel="loss after one step", xscale="log")
    plt.show()


def plot_valley(sgd_momentum, lr, momenta=(0.0, 0.9), steps=60):
    """The way down a valley that is 40 times as steep across as along, for each momentum, by `sgd_momentum`."""
    steepness = np.array([1.0, 40.0])
    figure, panels = plt.subplots(1, len(momenta), figsize=(WIDTH, 2.8), sharey=True)
    along, across = np.meshgrid(np.linspace(-10, 3, 80), np.linspace(-2, 2, 80))
    for axes, momentum, colour in zip(panels, momenta, COLOURS, strict=False):
        params, velocity, path = {"w": np.array([-9.0, 1.5])}, {}, []
        for _ in range(steps):
            path.append(params["w"])
            params, velocity = sgd_momentum(params, {"w": steepness * params["w"]}, velocity, lr, momentum)
        path = np.array(path)
        axes.contour(along, across, np.sqrt(along**2 + 40 * across**2), levels=8, colors="#D1D5DB", linewidths=0.8)
        axes.plot(*path.T, "-o", color=colour, markersize=2.5, linewidth=1)
        axes.plot(0, 0, "*", color="black", markersize=9)
        axes.set(xlabel="along the valley", xlim=(-10, 3), ylim=(-2, 2))
        axes.set_title(f"momentum {momentum:g}: {np.linalg.norm(params['w']):.2g} from the bottom", fontsize=10)
        axes.grid(False)
    panels[0].set_ylabel("across")
    title = f"Momentum adds up what the steps agree on: {steps} steps, lr = {lr:g}"
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    plt.show()


def plot_history(history, what="accuracy", title="", small="", low=None):
    """Training against held-out images, epoch by epoch, with the gap at the end in numbers.

    A loss is drawn with equal factors at equal distances; `low` is where the axis of an accuracy begins.
    """
    figure, axes = plt.subplots()
    epochs = history["epoch"]
    train, test = history[f"train_{what}"], history[f"test_{what}"]
    axes.plot(epochs, train, "-", color=BLUE)
    axes.plot(epochs, test, "--", color=VERMILION)
    axes.fill_between(epochs, train, test, color=GREY, alpha=0.15, linewidth=0)
    form = "{:.1%}" if what == "accuracy" else "{:.2g}"
    if what == "loss":
        axes.set_yscale("log")
    elif low is not None:
        axes.set_ylim(low, None)
    _label_two(
        axes,
        epochs,
        (train, f"training {form.format(train[-1])}", BLUE),
        (test, f"held out {form.format(test[-1])}", VERMILION),
    )
    axes.set(title=title, xlabel="epoch", ylabel="fraction right" if what == "accuracy" else "cross-entropy loss")
    _room_at_the_right(axes, epochs[-1], 0.25)
    if small:
        small_print(figure, small)
    plt.show()


def plot_bands(rows, by="p", title="", small=""):
    """Mean accuracy by epoch over the seeds, training thin and held out thick, one colour for each value of `by`.

    The band is one standard deviation of the held-out accuracy to each side. The rows are of `sweep` with curve=True.
    """
    figure, axes = plt.subplots()
    ends = []
    for value, colour, dash in zip(rows.values(by), COLOURS, DASHES, strict=False):
        test = np.array([row["test_curve"] for row in rows.where(**{by: value})])
        train = np.array([row["train_curve"] for row in rows.where(**{by: value})]).mean(axis=0)
        epochs, mean, spread = np.arange(1, test.shape[1] + 1), test.mean(axis=0), test.std(axis=0)
        axes.fill_between(epochs, mean - spread, mean + spread, color=colour, alpha=0.15, linewidth=0)
        axes.plot(epochs, train, dash, color=colour, linewidth=0.8)
        axes.plot(epochs, mean, dash, color=colour)
        ends.append((mean, f"{by} = {_short(value)}", colour))
    _label_two(axes, epochs, *ends)
    axes.set(title=title, xlabel="epoch", ylabel="fraction right")
    _room_at_the_right(axes, epochs[-1], 0.2)
    seeds = len(rows.values("seed"))
    small_print(figure, small or f"{seeds} seeds; thick: held out, thin: training; band: 1 sd over seeds")
    plt.show()


def plot_curves(curves, what, title="", small="", log=True):
    """The mean of some trainings by epoch, each with a band from the lowest to the highest seed.

    Parameters
    ----------
    curves : {name: array (seeds, epochs)}, up to three
    what : str, the quantity, for its axis
    log : bool
        Equal factors at equal distances, for a loss.
    """
    figure, axes = plt.subplots()
    ends = []
    for (name, runs), colour, dash in zip(curves.items(), COLOURS, DASHES, strict=False):
        epochs = np.arange(1, runs.shape[1] + 1)
        axes.fill_between(epochs, runs.min(axis=0), runs.max(axis=0), color=colour, alpha=0.12, linewidth=0)
        axes.plot(epochs, runs.mean(axis=0), dash, color=colour)
        ends.append((runs.mean(axis=0), name, colour))
    if log:
        axes.set_yscale("log")
    _label_two(axes, epochs, *ends)
    last = {name: runs[:, -1].mean() for name, runs in curves.items()}
    lowest = min(last, key=last.get)
    axes.set(title=title or f"The {what} is lowest at the end for: {lowest}", xlabel="epoch", ylabel=what)
    _room_at_the_right(axes, epochs[-1], 0.3)
    small_print(figure, small or f"{len(runs)} seeds; line: mean, band: from the lowest to the highest seed")
    plt.show()


def plot_sweep(rows, x="p", y="test_accuracy", by=None, title="", xlabel="", ylabel="", small="", log=False):
    """Every run as a dot, the means over the seeds as a line; with `by`, one line for each of up to three values.

    `log` draws equal factors of x at equal distances.
    """
    figure, axes = plt.subplots()
    ends = []
    positions = rows.values(x)
    numeric = all(np.isscalar(value) and not isinstance(value, str) for value in positions)
    place = {value: value if numeric else i for i, value in enumerate(positions)}
    for value, colour, dash, marker in zip(rows.values(by) if by else [None], COLOURS, DASHES, MARKERS, strict=False):
        part = rows.where(**{by: value}) if by else rows
        at = [place[v] for v in part.values(x)]
        means = np.array([part.where(**{x: v}).column(y).mean() for v in part.values(x)])
        dots = {"marker": marker, "color": colour, "alpha": 0.3, "markersize": 4, "linestyle": ""}
        axes.plot([place[row[x]] for row in part], part.column(y), **dots)
        axes.plot(at, means, dash, color=colour, marker=marker)
        ends.append((means, f"{by} = {_short(value)}", colour))
    if by:
        _label_two(axes, at, *ends)
        _room_at_the_right(axes, max(at), 0.2)
    if not numeric:
        axes.set_xticks(list(place.values()), [_short(value) for value in positions])
    if log:
        axes.set_xscale("log")
        axes.set_xticks(positions, [_short(value) for value in positions])
        axes.minorticks_off()
    axes.set(title=title, xlabel=xlabel or x, ylabel=ylabel or y.replace("_", " "))
    small_print(figure, small or f"{len(rows.values('seed'))} seeds: each dot one run, the line their mean")
    plt.show()


def _room_at_the_right(axes, end, share):
    """Room for labels behind x = end, where the axis has no more ticks."""
    left = min(axes.get_xlim()[0], end)
    ticks = [tick for tick in axes.get_xticks() if left <= tick <= end]
    axes.set_xlim(left, end + share * (end - left))
    axes.set_xticks(ticks)


def _label_two(axes, x, *ends):
    """Label lines at their ends, pushed apart where two end close to each other."""
    there, back = axes.transData.transform, axes.transData.inverted().transform
    low, high = (there((x[-1], y))[1] for y in axes.get_ylim())
    apart, last = 0.07 * (high - low), -np.inf
    for values, text, colour in sorted(ends, key=lambda end: end[0][-1]):
        last = max(there((x[-1], values[-1]))[1], last + apart)
        label_end(axes, x, [back((there((x[-1], values[-1]))[0], last))[1]], text, colour)


def _short(value):
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)
