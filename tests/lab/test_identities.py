"""What lesson 09 says is so: the ensemble's identity, the law of averages, the penalties; on the completed modules.

Exact statements are held to rounding. Statistical ones are held to a bound computed from the number of draws; each
states its false alarm, the probability to fail with another seed although the statement is true.
"""

import math

import numpy as np
import pytest

from dropout_lab.dropout import dropout_forward
from dropout_lab.lab import ensembles
from dropout_lab.lab.experiments.paired import student_t
from dropout_lab.lab.pytorch.agreed_masks import AgreedCoins
from dropout_lab.network import init_params, mlp_forward, softmax
from dropout_lab.training import sgd_momentum

BEYOND = 6.5  # standard deviations; a normal is beyond them, on either side, with probability 8e-11


def small(sizes, scale=1.0):
    """A network with biases that are not 0, and 12 samples."""
    rng = np.random.default_rng(0)
    params = {name: scale * array for name, array in init_params(sizes, rng).items()}
    params |= {name: scale * rng.standard_normal(array.shape) for name, array in params.items() if name[0] == "b"}
    return params, rng.standard_normal((12, sizes[0]))


def geometric_gap(sizes, p, scale=1.0):
    params, x = small(sizes, scale)
    return np.abs(ensembles.geometric_mean(*ensembles.ensemble(params, x, p)) - ensembles.plain(params, x)).max()


@pytest.mark.parametrize("p", [0.2, 0.5, 0.7])
def test_every_mask_is_listed_once_and_their_chances_sum_to_one(p):
    kept, chance = ensembles.all_masks(np.full(6, p))
    assert len(np.unique(kept, axis=0)) == 64
    assert chance.sum() == pytest.approx(1, abs=1e-12)
    assert chance @ kept == pytest.approx(np.full(6, 1 - p), abs=1e-12)


@pytest.mark.parametrize(
    ("sizes", "p", "shapes"),
    [
        ([6, 4, 3], (0.3, 0.0), [(0, 6)]),
        ([6, 4, 5, 3], 0.3, [(0, 4), (4, 9)]),
        ([6, 4, 5, 3], (0.2, 0.5), [(0, 6), (6, 10), (10, 15)]),
    ],
)
def test_a_thinned_network_is_what_dropout_leaves_with_that_mask(sizes, p, shapes):
    params, x = small(sizes)
    kept = np.random.default_rng(1).random(shapes[-1][1]) < 0.6
    masks = [np.tile(kept[start:end], (len(x), 1)) for start, end in shapes]
    scores, _ = mlp_forward(params, x, p, AgreedCoins(masks, dropout_forward))
    np.testing.assert_allclose(ensembles.plain(ensembles.thin(params, kept, p), x), softmax(scores), atol=1e-12)


@pytest.mark.parametrize(("sizes", "p"), [([8, 3], (0.4, 0.0)), ([5, 8, 3], 0.4), ([5, 7, 4], 0.7)])
@pytest.mark.parametrize("scale", [0.2, 1.0, 2.0])
def test_the_network_without_masks_is_the_geometric_mean_where_scores_are_linear_in_the_mask(sizes, p, scale):
    assert geometric_gap(sizes, p, scale) < 1e-12


def test_dropout_on_the_last_of_two_hidden_layers_keeps_the_geometric_mean():
    params, x = small([5, 6, 7, 3])
    hidden = np.maximum(x @ params["W1"] + params["b1"], 0)
    top = {"W1": params["W2"], "b1": params["b2"], "W2": params["W3"], "b2": params["b3"]}
    gap = ensembles.geometric_mean(*ensembles.ensemble(top, hidden, 0.4)) - ensembles.plain(params, x)
    assert np.abs(gap).max() < 1e-12


def test_with_a_relu_behind_a_mask_the_geometric_mean_is_another_number():
    assert geometric_gap([5, 4, 4, 3], 0.4) > 1e-3  # the lesson's is 0.10
    assert geometric_gap([5, 4, 3], (0.4, 0.0)) > 1e-3


def test_the_arithmetic_mean_is_another_number_even_for_a_softmax_layer():
    params, x = small([8, 3])
    mean = ensembles.arithmetic_mean(*ensembles.ensemble(params, x, (0.4, 0.0)))
    assert np.abs(mean - ensembles.plain(params, x)).max() > 0.01


@pytest.mark.parametrize("k", [1, 4, 16, 64])
def test_an_average_of_k_passes_is_sd_over_sqrt_k_from_the_mean_of_all_masks(k):
    params, x = small([5, 8, 3])
    x, groups = x[:1], 600
    probs, chance = ensembles.ensemble(params, x, 0.4)
    pool = ensembles.passes(params, x, 0.4, groups * k, np.random.default_rng(10 + k))
    off = ensembles.averages(pool, k) - ensembles.arithmetic_mean(probs, chance)
    squared = (off**2).mean(axis=(1, 2))  # one number for each group; the groups are independent
    law = ensembles.variance(probs, chance) / k
    # The mean of `groups` squared distances, with their exact variance: for an average of k independent passes
    # Var|sum d_i / k|^2 = (E|d|^4 - (E|d|^2)^2) / k^3 + 2 (k - 1) / k^3 tr(S^2), with S the covariance of one pass.
    # Squares have a longer tail than a normal: chi-square with 600 degrees has 3e-9 beyond 6.5 sd. False alarm < 1e-8.
    d = (probs - ensembles.arithmetic_mean(probs, chance))[:, 0]
    lengths = (d**2).sum(axis=1)
    covariance = (d.T * chance) @ d
    spread = (chance @ lengths**2 - (chance @ lengths) ** 2 + 2 * (k - 1) * (covariance**2).sum()) / k**3
    assert abs(squared.mean() - law) < BEYOND * math.sqrt(spread / groups) / len(covariance)  # a mean over the classes


@pytest.mark.parametrize(("sizes", "linear"), [([5, 8, 3], True), ([5, 4, 4, 3], False)])
def test_the_mean_of_the_scores_is_that_without_masks_where_they_are_linear_in_the_mask(sizes, linear):
    variance, gap = ensembles.law_of_distances(*small(sizes), 0.4, answer=np.asarray)
    assert variance > 0.01
    assert (gap < 1e-12) == linear


def test_distances_are_those_of_the_first_passes_from_the_network_without_masks():
    params, x = small([5, 8, 3])
    off = ensembles.distances_from_plain(params, x, 0.4, 6, np.random.default_rng(3))
    pool = ensembles.passes(params, x, 0.4, 6, np.random.default_rng(3))
    expected = [ensembles.rms(pool[:k].mean(axis=0), ensembles.plain(params, x)) for k in range(1, 7)]
    np.testing.assert_allclose(off, expected, atol=1e-12)


def test_from_the_meeting_point_on_averages_are_nearer_than_the_network_without_masks():
    k = ensembles.meeting_point(variance=0.0174, gap=0.0483)
    assert 0.0174 / k <= 0.0483**2 < 0.0174 / (k - 1)


def test_passes_share_no_masks():
    params, x = small([5, 8, 3])
    pool = ensembles.passes(params, x, 0.4, 50, np.random.default_rng(2), rows=300)  # 25 passes in one call
    assert pool.shape == (50, 12, 3)
    assert (x[0] @ params["W1"] + params["b1"] > 0).sum() >= 3  # so the likeliest answer has 0.6^3 = 0.22
    assert len(np.unique(pool[:, 0], axis=0)) > 2  # fresh masks give two kinds or one with at most 28 * 0.43^50 < 1e-16


def regression():
    rng = np.random.default_rng(5)
    x = rng.standard_normal((60, 5)) @ (np.eye(5) + 0.4 * rng.standard_normal((5, 5))) * np.linspace(0.5, 1.5, 5)
    return x, x @ rng.standard_normal(5) + 0.5 * rng.standard_normal(60)


def ridge_loss(x, y, w, p):
    """||y - x w||^2 + p / (1 - p) sum_j w_j^2 sum_i x_ij^2."""
    return ((y - x @ w) ** 2).sum() + p / (1 - p) * (w**2 * (x**2).sum(axis=0)).sum()


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
def test_dropout_in_linear_regression_is_ridge_over_all_masks(p):
    (x, y), w = regression(), np.array([1.0, -2, 0.5, 3, -1])
    kept, chance = ensembles.all_masks(np.full(5, p))
    losses = ((y[:, None] - x @ (kept * w / (1 - p)).T) ** 2).sum(axis=0)  # one mask for all rows: the same mean
    assert chance @ losses == pytest.approx(ridge_loss(x, y, w, p), rel=1e-12)


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
def test_dropout_in_linear_regression_is_ridge_by_the_layers_own_masks(p):
    (x, y), w = regression(), np.array([1.0, -2, 0.5, 3, -1])
    noisy, _ = dropout_forward(np.tile(x, (4000, 1, 1)), p, np.random.default_rng(6))
    losses = ((y - noisy @ w) ** 2).sum(axis=1)  # each a sum over 60 rows, 4,000 of them: their mean is normal
    assert abs(losses.mean() - ridge_loss(x, y, w, p)) < BEYOND * losses.std() / math.sqrt(4000)  # false alarm < 1e-9


def ridge_solution(x, y, p):
    """The w that minimises the mean over all masks of ||y - (x * m) w||^2."""
    gram = x.T @ x
    return np.linalg.solve(gram + p / (1 - p) * np.diag(np.diag(gram)), x.T @ y)


def test_the_ridge_solution_is_where_the_mean_loss_is_flat():
    x, y = regression()
    w = ridge_solution(x, y, 0.3)
    slope = [(ridge_loss(x, y, w + h, 0.3) - ridge_loss(x, y, w - h, 0.3)) / 2e-3 for h in 1e-3 * np.eye(5)]
    assert np.abs(slope).max() < 1e-8 * ridge_loss(x, y, w, 0.3)  # the loss is quadratic: the centred slope is exact


def test_the_penalty_does_not_depend_on_units():
    x, y = regression()
    factors = np.array([1, 1000, 1e-3, 1, 5])
    scaled = ridge_solution(x * factors, y, 0.3) * factors
    np.testing.assert_allclose(scaled, ridge_solution(x, y, 0.3))


def test_averaged_sgd_with_dropout_lands_on_the_ridge_solution():
    (x, y), p, lr, chains, steps = regression(), 0.3, 0.05, 40, 1500
    rng, params, velocity, total = np.random.default_rng(7), {"w": np.zeros((chains, 5))}, {}, 0.0
    for t in range(steps):  # 40 independent chains side by side, a row of w each
        rows = rng.integers(0, len(x), (chains, 16))
        noisy, _ = dropout_forward(x[rows], p, rng)
        left = np.einsum("cnj,cj->cn", noisy, params["w"]) - y[rows]
        params, velocity = sgd_momentum(params, {"w": np.einsum("cnj,cn->cj", noisy, left) / 16}, velocity, lr, 0.0)
        total = total + params["w"] * (t >= steps // 2)
    averaged, ridge = total / (steps - steps // 2), ridge_solution(x, y, p)
    # Masks and rows are independent of w, so E[w - ridge] shrinks by I - lr H at each step, and is 0 in the limit.
    hessian = (x.T @ x + p / (1 - p) * np.diag((x**2).sum(axis=0))) / len(x)
    start = (1 - lr * np.linalg.eigvalsh(hessian)[0]) ** (steps // 2) * np.linalg.norm(ridge)
    t = student_t(chains - 1, 1 - 1e-9 / 5)  # five weights: false alarm < 1e-9
    bound = t * averaged.std(axis=0, ddof=1) / math.sqrt(chains) + start
    assert (np.abs(averaged.mean(axis=0) - ridge) < bound).all()
    least_squares = np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.linalg.norm(bound) < 0.2 * np.linalg.norm(least_squares - ridge)  # the bound tells the two apart


def test_the_quadratic_penalty_is_the_exact_one_in_the_limit_of_small_weights():
    x, beta = np.random.default_rng(8).standard_normal((50, 6)), np.random.default_rng(9).standard_normal(6)
    penalties = (ensembles.exact_penalty, ensembles.quadratic_penalty)
    both = [[penalty(x, s * beta, 0.3) for penalty in penalties] for s in (0.1, 0.01, 0.001)]
    off = [np.abs(exact / quadratic - 1).max() for exact, quadratic in both]
    assert off[0] < 0.2
    assert off[1] < off[0] / 5
    assert off[2] < off[1] / 5
    assert off[2] < 2e-3


def test_the_penalty_does_not_depend_on_the_label():
    x, beta, p = np.random.default_rng(8).standard_normal((10, 6)), np.random.default_rng(9).standard_normal(6), 0.3
    kept, chance = ensembles.all_masks(np.full(6, p))
    noisy, plain = x @ (kept * beta / (1 - p)).T, x @ beta
    for label in (0, 1):
        added = (np.logaddexp(0, noisy) - label * noisy) @ chance - (np.logaddexp(0, plain) - label * plain)
        np.testing.assert_allclose(added, ensembles.exact_penalty(x, beta, p), atol=1e-12)


def test_a_confident_prediction_is_hardly_penalised():
    beta, p = np.ones(6), 0.1
    x = np.array([[1.0, -1, 1, -1, 1, -1], [2.0, 2, 2, 2, 2, 2]])  # z = 0, so s = 0.5; z = 12
    noise = p / (1 - p) * (x**2).sum(axis=1)
    unsure, sure = ensembles.exact_penalty(x, beta, p) / noise
    assert unsure > 0.1
    assert sure < 0.01 * unsure
