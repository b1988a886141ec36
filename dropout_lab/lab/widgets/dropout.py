"""Panels for dropout: the figures of `lab.figures.dropout` with p, the seed and the number of mini-batches to turn."""

import numpy as np

from dropout_lab.lab.figures.dropout import draw_flow, draw_masks, draw_means
from dropout_lab.lab.widgets.panel import panel, rate, seed, whole


def explore_masks(forward, p=0.3):
    """The masks of a mini-batch, for any p, mini-batch after mini-batch."""

    def draw(figure, p, seed):
        return draw_masks(figure, forward, p, np.random.default_rng(seed))

    return panel(draw, "The masks of a mini-batch", p=rate(p, high=1.0), seed=seed("new mini-batch"))


def explore_means(schemes, x, p=0.3):
    """The mean of the outputs in training and at test time, for any p and any number of mini-batches.

    `schemes` is {name: forward}, up to three; x, an array (N, H), is the layer's input.
    """

    def draw(figure, p, batches, seed):
        return draw_means(figure, schemes, x, p, np.random.default_rng(seed), batches)

    return panel(
        draw,
        "Mean activation in training and at test time",
        p=rate(p),
        batches=whole(60, "mini-batches", 1, 200),
        seed=seed("new masks"),
    )


def explore_flow(forward, backward, p=0.3):
    """What forward and backward multiply each unit by, for any p, mini-batch after mini-batch."""

    def draw(figure, p, seed):
        return draw_flow(figure, forward, backward, p, np.random.default_rng(seed))

    return panel(draw, "The gradient through the mask", p=rate(p), seed=seed("new mini-batch"))
