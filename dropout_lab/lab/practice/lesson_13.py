"""Judges of lesson 13: coins of sixteen bits, and how far a share of coins may be from its rate."""

import numpy as np

from dropout_lab.lab.practice.judging import Judge, Practice


def _keep(words, cut):
    return words.view(np.uint16) >= cut


def _cases(rng):
    words = rng.integers(0, 2**64, (3, 40), dtype=np.uint64)
    return [(word, int(cut)) for word, cut in zip(words, rng.integers(1_000, 64_000, 3), strict=True)]


def _rates(rng):
    return [(float(p), int(n)) for p, n in zip(rng.uniform(0.05, 0.95, 4), rng.integers(100, 10**6, 4), strict=True)]


try_out = Judge(
    cheap_coins=Practice(
        _keep,
        _cases,
        {
            "it keeps below the cut: that is the share that is to be dropped.": lambda words, cut: (
                words.view(np.uint16) < cut
            ),
            "a word of 64 bits is compared as a whole, one coin for each; `view` makes four of it.": (
                lambda words, cut: words >= cut
            ),
            "the numbers of 16 bits are returned; a coin is whether they reach the cut.": (
                lambda words, cut: words.view(np.uint16)
            ),
            "these are 8 bits each: too few levels for the cut.": lambda words, cut: words.view(np.uint8) >= cut,
            "these are 32 bits each; the cut is for 16.": lambda words, cut: words.view(np.uint32) >= cut,
        },
    ),
    farthest=Practice(
        lambda p, n: 6.2 * np.sqrt(p * (1 - p) / n),
        _rates,
        {
            "this is for a single coin: the mean of n is surer, by the root of n.": lambda p, n: (
                6.2 * np.sqrt(p * (1 - p))
            ),
            "the variance is taken for the standard deviation.": lambda p, n: 6.2 * p * (1 - p) / n,
            "divided by n; the spread of a mean falls with the root of n.": (
                lambda p, n: 6.2 * np.sqrt(p * (1 - p)) / n
            ),
            "one standard deviation; the question is how far 6.2 of them reach.": lambda p, n: np.sqrt(p * (1 - p) / n),
            "this is for the count of coins; divide by n for their share.": lambda p, n: 6.2 * np.sqrt(n * p * (1 - p)),
        },
    ),
)
