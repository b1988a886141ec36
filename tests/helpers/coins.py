"""What must hold of a fast dropout layer's masks, with bounds computed from p and n. For test_fast and test_fused."""

import numpy as np

from dropout_lab.lab.fast.in_numpy import BLOCK, cut_and_scale

Z = 6.5  # standard deviations; a fair coin strays further in 8e-11 of all tests


def floats(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def kept_share(p):
    return 1 - cut_and_scale(p)[0] / 65536


def masks(layer, p, shape, seed=0, times=1, threads=1):
    """Which entries `times` calls of layer(p, seed, threads) kept, stacked."""
    dropout, ones = layer(p, seed, threads), np.ones(shape, np.float32)
    return np.stack([dropout.forward(ones) > 0 for _ in range(times)])


def counts_are_binomial(layer, p):
    """The mean and the variance of 10,000 counts, each of 1,000 entries; and every entry over the 10,000 masks."""
    kept, n, q = masks(layer, p, (10_000, 1000), seed=11)[0], 1000, kept_share(p)
    counts, variance = kept.sum(axis=1), n * q * (1 - q)
    assert abs(counts.mean() - n * q) < Z * np.sqrt(variance / 10_000)
    fourth = 3 * variance**2 + variance * (1 - 6 * q * (1 - q))  # of the binomial, about its mean
    assert abs(((counts - n * q) ** 2).mean() - variance) < Z * np.sqrt((fourth - variance**2) / 10_000)
    per_entry = kept.mean(axis=0)
    assert np.abs(per_entry - q).max() < (Z + 1.5) * np.sqrt(q * (1 - q) / 10_000)  # the largest of 1,000: 1e-12


def neighbours_are_uncorrelated(layer, lag):
    """Within a word, between words, rows and blocks, and from one call to the next."""
    p = 0.3
    centred = masks(layer, p, 4 * BLOCK, seed=5, times=2).reshape(-1) - kept_share(p)
    products = centred[:-lag] * centred[lag:]
    assert abs(products.mean()) < Z * p * (1 - p) / np.sqrt(products.size)  # independent: mean 0, deviation p (1 - p)


def lanes_are_equally_fair(layer, lanes=4):
    q = kept_share(0.2)
    share = masks(layer, 0.2, lanes * 250_000, seed=9)[0].reshape(-1, lanes).mean(axis=0)
    assert np.abs(share - q).max() < Z * np.sqrt(q * (1 - q) / 250_000)


def threads_draw_the_same_bits(layer, entries):
    one, *others = (masks(layer, 0.3, entries, times=3, threads=threads) for threads in (1, 2, 3))
    assert all(np.array_equal(one, other) for other in others)


def seed_and_call_decide(layer):
    first, second = masks(layer, 0.5, 1000, seed=1, times=2)
    assert np.array_equal(first, masks(layer, 0.5, 1000, seed=1)[0])
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, masks(layer, 0.5, 1000, seed=2)[0])
