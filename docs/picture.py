"""Draw README's picture: `PYTHONPATH=solutions python docs/picture.py`."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from dropout_lab.dropout import dropout_forward, zeroing_forward
from dropout_lab.lab import plots
from dropout_lab.lab.figures.dropout import draw_means


def unscaled(x, p, rng, train=True):
    """Zeroing alone, as the question proposes it."""
    return zeroing_forward(x, p, rng, train) if train else (x, None)


plots.use_style()
figure = plt.figure(layout="constrained")
schemes = {"zeroing alone": unscaled, "scaled at test": zeroing_forward, "inverted": dropout_forward}
print(draw_means(figure, schemes, np.random.default_rng(2).uniform(0.5, 1.5, (64, 32)), 0.3, np.random.default_rng(3)))
figure.savefig(Path(__file__).with_name("dropout.png"), dpi=110)
