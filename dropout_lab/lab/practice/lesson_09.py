"""Judges of lesson 09: the geometric mean, the passes that an average needs, the penalty of a linear regression."""

import numpy as np

from dropout_lab.lab import ensembles
from dropout_lab.lab.practice.judging import Judge, Practice


def _ensembles(rng):
    probs = rng.dirichlet(np.ones(3), size=(8, 5))  # (M, N, C)
    return [(probs, rng.dirichlet(np.ones(8))), (probs[:4, :1], np.full(4, 0.25))]


def _log_mean(probs, chance):
    return np.exp(np.tensordot(chance, np.log(probs), axes=1))


def _passes(spread, gap):
    return spread / gap**2


def _penalised(X, Y, W, p):
    return ((Y - X @ W) ** 2).sum() + p / (1 - p) * (W**2 * (X**2).sum(axis=0)).sum()


def _regression(rng):
    return [
        (rng.normal(0, 2, (n, d)), rng.normal(size=n), rng.normal(size=d), p) for n, d, p in ((7, 3, 0.3), (5, 4, 0.7))
    ]


def _charged(charge, missing=1.0):
    return lambda X, Y, W, p: missing * ((Y - X @ W) ** 2).sum() + charge(X, W, p)


def _ridge(X, Y, p):
    gram = X.T @ X
    return np.linalg.solve(gram + p / (1 - p) * np.diag(np.diag(gram)), X.T @ Y)


try_out = Judge(
    geometric_mean=Practice(
        ensembles.geometric_mean,
        _ensembles,
        {
            "it is not normalised yet: divide by the sum over the classes.": _log_mean,
            "this is the arithmetic mean: it adds where the geometric one multiplies.": ensembles.arithmetic_mean,
            "every mask has the same weight; the exponent is its chance.": (
                lambda probs, chance: ensembles.geometric_mean(probs, np.full(len(chance), 1 / len(chance)))
            ),
            "it is divided by the sum over the samples; classes are the last axis.": (
                lambda probs, chance: _log_mean(probs, chance) / _log_mean(probs, chance).sum(axis=0)
            ),
            "these are logarithms; take exp before you normalise.": (
                lambda probs, chance: np.tensordot(chance, np.log(probs), axes=1)
            ),
        },
    ),
    passes_needed=Practice(
        _passes,
        lambda rng: [(s, g) for s, g in rng.uniform(0.01, 0.5, (4, 2))],
        {
            "the distance falls with the root of k: square it.": lambda spread, gap: np.sqrt(spread) / gap,
            "`gap` is a distance and `spread` a variance, the square of one.": lambda spread, gap: spread / gap,
            "upside down: a larger spread needs more passes.": lambda spread, gap: gap**2 / spread,
        },
    ),
    mean_loss=Practice(
        _penalised,
        _regression,
        {
            "the penalty alone; the loss without masks is missing.": _charged(
                lambda X, W, p: p / (1 - p) * (W**2 * (X**2).sum(axis=0)).sum(), 0.0
            ),
            "every weight is charged alike; each is charged by the sum of squares of its own column.": _charged(
                lambda X, W, p: p / (1 - p) * (W**2).sum()
            ),
            "the charge is p; the variance of the mask is p/(1-p).": _charged(
                lambda X, W, p: p * (W**2 * (X**2).sum(axis=0)).sum()
            ),
            "p and 1-p have changed places.": _charged(lambda X, W, p: (1 - p) / p * (W**2 * (X**2).sum(axis=0)).sum()),
            "the loss is a sum over the samples here, not a mean.": lambda X, Y, W, p: _penalised(X, Y, W, p) / len(X),
            "the sum of a column is squared; it is the sum of its squares.": _charged(
                lambda X, W, p: p / (1 - p) * (W**2 * X.sum(axis=0) ** 2).sum()
            ),
        },
    ),
    ridge_weights=Practice(
        _ridge,
        lambda rng: [(X, Y, p) for X, Y, _, p in _regression(rng)],
        {
            "every weight is charged alike: the diagonal is that of X.T @ X.": (
                lambda X, Y, p: np.linalg.solve(X.T @ X + p / (1 - p) * np.eye(X.shape[1]), X.T @ Y)
            ),
            "this is least squares, without a penalty.": lambda X, Y, p: np.linalg.lstsq(X, Y, rcond=None)[0],
            "all of X.T @ X is added, not its diagonal.": (
                lambda X, Y, p: np.linalg.solve(X.T @ X * (1 + p / (1 - p)), X.T @ Y)
            ),
        },
    ),
)
