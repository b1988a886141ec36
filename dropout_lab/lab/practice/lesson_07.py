"""The judge of lesson 07's count of kinks. Its rules are judged by the court: `lab/hunt/court.trial`."""

import numpy as np

from dropout_lab.lab.practice.judging import Judge, Practice


def _right(z_up, z_down):
    return int(((z_up > 0) != (z_down > 0)).sum())


def _cases(rng):
    pairs = [(z, z + rng.normal(0, 1, z.shape)) for z in rng.normal(0, 1, (3, 12))]
    edges = np.array([0.0, 0.0, 1.0, 0.0]), np.array([1.0, 2.0, 0.0, -1.0])
    return [*pairs, edges, edges[::-1]]


try_out = Judge(
    crossed=Practice(
        _right,
        _cases,
        {
            "it counts those that are on in both. Crossed means on in one of the two and off in the other.": (
                lambda up, down: int(((up > 0) & (down > 0)).sum())
            ),
            "a product below 0 misses a ReLU that moves from exactly 0: off at 0, on above it.": (
                lambda up, down: int((up * down < 0).sum())
            ),
            "a ReLU at exactly 0 is off; `>=` takes it for on.": lambda up, down: int(((up >= 0) != (down >= 0)).sum()),
            "it says which ones were crossed; how many are they?": lambda up, down: (up > 0) != (down > 0),
            "it counts only those that are on at +h and off at -h; the other way round is a crossing too.": (
                lambda up, down: int(((up > 0) & ~(down > 0)).sum())
            ),
            "it counts those that are on in either of the two. Those on in both were not crossed.": (
                lambda up, down: int(((up > 0) | (down > 0)).sum())
            ),
        },
    )
)
