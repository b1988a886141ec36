"""Dropout without chance: every mask of a small network with its probability, and what follows from the whole list.

p is the probability to DROP: one rate for the hidden layers, or the pair (input rate, hidden rate).
"""

import itertools

import numpy as np

from dropout_lab.network import mlp_forward, rates, softmax


def all_masks(p):
    """Every mask of a few units, and its probability.

    Parameters
    ----------
    p : array (U,)
        The rate of each unit.

    Returns
    -------
    kept : boolean array (2^U, U), True where a unit is kept
    chance : array (2^U,), sums to 1
    """
    kept = np.array(list(itertools.product([False, True], repeat=len(p))))
    return kept, np.where(kept, 1 - np.asarray(p), p).prod(axis=1)


def layer_rates(params, p):
    """[(number of units, rate)] for the input and each hidden layer."""
    of_input, of_hidden = rates(p)
    return [(len(params[f"W{i}"]), of_input if i == 1 else of_hidden) for i in range(1, len(params) // 2 + 1)]


def thin(params, kept, p):
    """The network that one mask leaves, as a network without dropout.

    Weights that leave a dropped unit are 0; those that leave a kept one are 1 / (1 - p) times as large.

    Parameters
    ----------
    params : {"W1": array (D, H), "b1": array (H,), ...}
    kept : boolean array (U,)
        One entry for each unit that can be dropped, the inputs first; layers with rate 0 have none.
    p : float, or (input rate, hidden rate)
    """
    thinned, start = dict(params), 0
    for i, (units, rate) in enumerate(layer_rates(params, p), start=1):
        if rate:
            mask = kept[start : start + units] / (1 - rate)
            thinned[f"W{i}"], start = params[f"W{i}"] * mask[:, None], start + units
    return thinned


def plain(params, x, answer=softmax):
    """What the network says without masks, array (N, C), by your `mlp_forward` at test time.

    `answer` turns scores into what is asked for: class probabilities, or np.asarray for the scores themselves.
    """
    return answer(mlp_forward(params, x, 0.0, np.random.default_rng(0), train=False)[0])


def ensemble(params, x, p, answer=softmax):
    """What every thinned network says.

    Returns
    -------
    probs : array (M, N, C), the class probabilities of all M = 2^U thinned networks, by your `mlp_forward`
    chance : array (M,), the probability of each network
    """
    kept, chance = all_masks(np.concatenate([np.full(units, rate) for units, rate in layer_rates(params, p) if rate]))
    return np.stack([plain(thin(params, mask, p), x, answer) for mask in kept]), chance


def arithmetic_mean(probs, chance):
    """sum_m P(m) probs_m, an array (N, C)."""
    return np.einsum("m,mnc->nc", chance, probs)


def geometric_mean(probs, chance):
    """prod_m probs_m^P(m), divided by its sum over the classes: the normalised geometric mean, an array (N, C)."""
    unnormalised = np.exp(np.einsum("m,mnc->nc", chance, np.log(probs)))
    return unnormalised / np.einsum("nc->n", unnormalised)[:, None]


def variance(probs, chance):
    """The variance of one thinned network's probs (M, N, C) about their mean, averaged over samples and classes."""
    return float(np.einsum("m,mnc->nc", chance, (probs - arithmetic_mean(probs, chance)) ** 2).mean())


def rms(a, b):
    """The root mean square of a - b, two arrays of one shape."""
    return float(np.sqrt(np.mean((a - b) ** 2)))


def meeting_point(variance, gap):
    """The smallest k for which an average of k passes is at most `gap` from the mean: variance / k <= gap^2."""
    return int(np.ceil(variance / gap**2))


def passes(params, x, p, k, rng, rows=20_000, answer=softmax):
    """k passes of x (N, D) with masks from your dropout layer: class probabilities (k, N, C).

    Several passes share one call, with x stacked below itself: every row has its own coins.
    """
    out, together = [], max(1, rows // len(x))
    for start in range(0, k, together):
        copies = min(together, k - start)
        scores = mlp_forward(params, np.tile(x, (copies, 1)), p, rng)[0]
        out.append(answer(scores).reshape(copies, *x.shape[:1], -1))
    return np.concatenate(out)


def averages(pool, k):
    """The pool (T, N, C) cut into T // k groups, and the mean of each: (T // k, N, C)."""
    groups = len(pool) // k
    return pool[: groups * k].reshape(groups, k, *pool.shape[1:]).mean(axis=1)


def distances_from_plain(params, x, p, k, rng, answer=softmax):
    """How far the mean of the first 1, 2, ... k passes of x (N, D) is from no masks: root mean square, (k,)."""
    pool = passes(params, x, p, k, rng, answer=answer)
    means = np.cumsum(pool, axis=0) / np.arange(1, k + 1)[:, None, None]
    return np.sqrt(((means - plain(params, x, answer)) ** 2).mean(axis=(1, 2)))


def law_of_distances(params, x, p, answer=softmax):
    """(variance of one pass of x (N, D), distance of the mean over all masks from none), from the whole list.

    x is (N, D), and both are numbers.

    The mean of k passes is then about sqrt(variance / k + gap^2) away from the network without masks.
    """
    every = ensemble(params, x, p, answer)
    return variance(*every), rms(arithmetic_mean(*every), plain(params, x, answer))


def exact_penalty(x, beta, p):
    """What dropout on x adds to the logistic loss of each sample, the mean over all masks, array (N,).

    The label drops out: it enters the loss linearly, and dropout keeps the mean of anything linear.
    """
    kept, chance = all_masks(np.full(x.shape[1], p))
    noisy = x @ (kept * beta / (1 - p)).T  # (N, M)
    return np.logaddexp(0, noisy) @ chance - np.logaddexp(0, x @ beta)


def sigmoid(z):
    """1 / (1 + e^-z), without overflow, for z of any shape."""
    return (1 + np.tanh(z / 2)) / 2


def quadratic_penalty(x, beta, p):
    """1/2 p / (1 - p) s (1 - s) sum_j x_j^2 beta_j^2 for each sample, with s the predicted probability: array (N,)."""
    curvature = sigmoid(x @ beta) * sigmoid(-x @ beta)  # s (1 - s), exact where 1 - s would be rounded
    return 0.5 * p / (1 - p) * curvature * np.einsum("nj,j->n", x**2, beta**2)
