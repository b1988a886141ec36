"""A panel of lesson 09: averages over masks beside the network without masks."""

import numpy as np

from dropout_lab.lab.figures.ensemble import AVERAGED, MOST, draw_convergence
from dropout_lab.lab.widgets.panel import choice, panel, seed, whole


def explore_convergence(networks):
    """How near the average of k passes comes to the network without masks; `networks` is {label: (params, x, p)}."""

    def draw(figure, network, of, exponent, seed):
        chosen = {network: networks[network]}
        return f"Seed {seed}, {draw_convergence(figure, chosen, of, np.random.default_rng(seed), k=2**exponent)}"

    return panel(
        draw,
        "Averages over masks and the network without masks",
        network=choice(list(networks)[-1], "network", networks),
        of=choice("scores", "averages of", AVERAGED),
        exponent=whole(6, "masks averaged: k is 2 to the power of", 0, int(np.log2(MOST))),
        seed=seed("new masks"),
    )
