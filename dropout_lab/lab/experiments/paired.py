"""Comparing in pairs: the mean difference over seeds, and the interval that holds it."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np


class Difference(NamedTuple):
    """The mean of a - b over n pairs, the interval that holds the true mean with that confidence, the wins of a."""

    mean: float
    low: float
    high: float
    wins: int
    n: int
    level: float = 0.95

    def __str__(self):
        interval = f"{self.level:.0%} interval {self.low:+.4f} to {self.high:+.4f}"
        return f"{self.mean:+.4f}, {interval}, a larger in {self.wins} of {self.n} pairs"


def paired_difference(a, b, level=0.95):
    """The mean of a - b with Student's interval, mean +- t * sd / sqrt(n).

    Parameters
    ----------
    a, b : arrays (n,), n at least 2
        Two measurements of each pair, in the same order.
    level : float
        Confidence.

    Returns
    -------
    difference : Difference, with mean, low, high, wins (pairs with a > b), n

    References
    ----------
    Student 1908. The interval takes the n differences as independent and about normal.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise ValueError(f"two lists of the same length, at least 2 pairs, not {a.shape} and {b.shape}")
    d = a - b
    half = student_t(len(d) - 1, level) * d.std(ddof=1) / np.sqrt(len(d))
    mean, wins = float(d.mean()), int((d > 0).sum())
    return Difference(mean, float(mean - half), float(mean + half), wins, len(d), level)


@lru_cache
def student_t(degrees, level=0.95):
    """The t that |T| stays below with probability level.

    With t = sqrt(degrees) tan(angle), the density of the angle is cos(angle)^(degrees - 1): a smooth function on a
    short interval, so that a sum over a fine grid is enough.
    """
    angle = np.linspace(0, np.pi / 2, 200_001)
    density = np.cos(angle) ** (degrees - 1)
    area = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return float(np.sqrt(degrees) * np.tan(np.interp(level, area / area[-1], angle)))
