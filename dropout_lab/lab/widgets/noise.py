"""A panel of lesson 10: the map of `lab.figures.noise.draw_uncertainty`, with p, the passes and the view to turn."""

import numpy as np

from dropout_lab.lab.figures.noise import REACH, draw_uncertainty
from dropout_lab.lab.widgets.panel import choice, panel, rate, seed, whole


def explore_uncertainty(predict, x, y, p=0.2):
    """Mean and spread of many passes over the plane of x (N, 2); `predict(points, p, rng, passes)` gives both."""

    def draw(figure, p, passes, reach, seed):
        caption = draw_uncertainty(figure, predict, x, y, p, np.random.default_rng(seed), passes, reach)
        return f"p = {p:.2f}, passes: {passes}, {reach}, seed {seed}. {caption}"

    return panel(
        draw,
        "What many thinned networks say",
        p=rate(p),
        passes=whole(30, "passes", 1, 60),
        reach=choice("near the data", "view", REACH),
        seed=seed("new masks"),
    )
