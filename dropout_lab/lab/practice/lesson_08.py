"""The judge of lesson 08's interval."""

import numpy as np

from dropout_lab.lab.practice.judging import Judge, Practice


def _interval(d, t):
    half = t * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean() - half, d.mean() + half


def _cases(rng):
    return [(rng.normal(rng.normal(), rng.uniform(0.5, 2), n), t) for n, t in ((8, 2.365), (12, 2.201), (3, 4.303))]


def _around(half):
    return lambda d, t: (d.mean() - half(d, t), d.mean() + half(d, t))


try_out = Judge(
    interval=Practice(
        _interval,
        _cases,
        {
            "the standard deviation divides by n; with the mean taken from the same differences it is n - 1.": _around(
                lambda d, t: t * d.std() / np.sqrt(len(d))
            ),
            "this is how far single differences scatter; the mean of n of them is surer, by the root of n.": _around(
                lambda d, t: t * d.std(ddof=1)
            ),
            "divided by n; the spread of a mean falls with the root of n.": _around(
                lambda d, t: t * d.std(ddof=1) / len(d)
            ),
            "this is one standard error to each side, without t.": _around(
                lambda d, t: d.std(ddof=1) / np.sqrt(len(d))
            ),
            "the variance is taken for the standard deviation.": _around(
                lambda d, t: t * d.var(ddof=1) / np.sqrt(len(d))
            ),
            "this is half the width; the interval lies around the mean.": (
                lambda d, t: t * d.std(ddof=1) / np.sqrt(len(d))
            ),
            "the ends have changed places: the lower one comes first.": lambda d, t: _interval(d, t)[::-1],
            "it lies around 0 instead of around the mean.": (
                lambda d, t: tuple(end - d.mean() for end in _interval(d, t))
            ),
        },
    )
)
