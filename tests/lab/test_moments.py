"""The moments that lesson 10 speaks of, on the completed modules.

Every statistic is a mean of independent draws and is held to Z of its standard deviations, which are computed from p, n
and the fourth moments. Each comparison raises a false alarm with probability 8e-11; there are fewer than 100 of them.
"""

import numpy as np
import pytest

from dropout_lab.dropout import dropout_forward
from dropout_lab.layers import affine_forward
from dropout_lab.noise import dropconnect_forward, gaussian_dropout_forward, spatial_dropout_forward

Z = 6.5  # standard deviations; two-sided tail of the normal distribution: 8e-11
RATES = (0.1, 0.3, 0.5)


def coin(p):
    """E[m], E[m²], E[m³], E[m⁴] of the factor 0 or 1 / (1 - p)."""
    return [(1 - p) ** (1 - k) for k in (1, 2, 3, 4)]


def bell(p):
    """The same of a normal factor with mean 1 and variance p / (1 - p)."""
    v = p / (1 - p)
    return [1, 1 + v, 1 + 3 * v, 1 + 6 * v + 3 * v**2]


LAYERS = pytest.mark.parametrize(("layer", "factor"), [(dropout_forward, coin), (gaussian_dropout_forward, bell)])
RATE = pytest.mark.parametrize("p", RATES)
NORMAL = [0, 1, 0, 3]  # E[x], E[x²], E[x³], E[x⁴]
RELU_OF_NORMAL = [1 / np.sqrt(2 * np.pi), 1 / 2, np.sqrt(2 / np.pi), 3 / 2]


def central(raw):
    """Variance and fourth central moment, from the raw moments."""
    a, b, c, d = raw
    return b - a**2, d - 4 * a * c + 6 * a**2 * b - 3 * a**4


def near(value, expected, sd):
    return abs(value - expected) <= Z * sd + 1e-12  # at p = 0.5 a coin's (m - 1)² is 1 whatever falls, and sd is 0


def excess(p):
    """The fourth cumulant of the coin's factor: what its fourth moment has beyond a normal one's."""
    variance, fourth = central(coin(p))
    return fourth - 3 * variance**2


@LAYERS
@RATE
def test_the_factors_have_mean_1_and_variance_p_over_1_minus_p(layer, factor, p):
    n = 200_000
    m = layer(np.ones(n), p, np.random.default_rng(1))[0]
    variance, fourth = central(factor(p))
    assert np.isclose(variance, p / (1 - p))
    assert near(m.mean(), 1, np.sqrt(variance / n))
    assert near(((m - 1) ** 2).mean(), variance, np.sqrt((fourth - variance**2) / n))


@RATE
def test_only_dropout_has_zeros_and_only_gaussian_noise_changes_signs(p):
    ones = np.ones(10_000)
    dropped, _ = dropout_forward(ones, p, np.random.default_rng(2))
    bent, _ = gaussian_dropout_forward(ones, p, np.random.default_rng(2))
    assert (dropped == 0).any()
    assert not (dropped < 0).any()
    assert not (bent == 0).any()
    assert (bent < 0).any()  # at p = 0.1 one in 740 is: none among 10,000 has probability 1e-6, and the seed is fixed


@LAYERS
def test_in_the_linear_model_only_two_moments_matter(layer, factor):
    """E||y - (X * m) w||² = ||y - X w||² + p / (1 - p) sum_j w_j² sum_i x_ij²."""
    rng, p = np.random.default_rng(3), 0.3
    x, w = rng.standard_normal((100, 8)), rng.standard_normal(8)
    y = x @ w + rng.standard_normal(100)
    losses = np.array([((y - layer(x, p, rng)[0] @ w) ** 2).sum() for _ in range(3000)])
    expected = ((y - x @ w) ** 2).sum() + p / (1 - p) * (w**2 * (x**2).sum(axis=0)).sum()
    assert near(losses.mean(), expected, losses.std() / np.sqrt(len(losses)))


def outputs_of_two_units(p, draws):
    """Both units under dropped inputs and under dropped weights, and each input's contribution without noise."""
    rng = np.random.default_rng(4)
    x, w, b = rng.uniform(0.5, 1.5, (1, 30)), rng.standard_normal((30, 2)), rng.standard_normal(2)
    w[:, 1] += w[:, 0]
    inputs = affine_forward(dropout_forward(np.tile(x, (draws, 1)), p, rng)[0], w, b)[0]
    weights = np.vstack([dropconnect_forward(x, w, b, p, rng)[0] for _ in range(draws)])
    return inputs - b, weights - b, x.T * w


@RATE
def test_dropped_inputs_and_dropped_weights_give_the_same_mean_and_variance(p):
    n = 20_000
    *both, parts = outputs_of_two_units(p, n)
    mean, variance = parts.sum(axis=0), p / (1 - p) * (parts**2).sum(axis=0)
    fourth = 3 * variance**2 + excess(p) * (parts**4).sum(axis=0)  # of a sum of independent terms
    for out in both:
        for h in range(2):
            assert near(out[:, h].mean(), mean[h], np.sqrt(variance[h] / n))
            squares = (out[:, h] - mean[h]) ** 2
            assert near(squares.mean(), variance[h], np.sqrt((fourth[h] - variance[h] ** 2) / n))


@RATE
def test_two_units_share_the_noise_of_inputs_and_not_that_of_weights(p):
    """Their covariance is p / (1 - p) sum_j x_j² w_j1 w_j2 under dropped inputs, and 0 under dropped weights."""
    n = 20_000
    inputs, weights, parts = outputs_of_two_units(p, n)
    mean, variance = parts.sum(axis=0), p / (1 - p) * (parts**2).sum(axis=0)
    shared = p / (1 - p) * parts.prod(axis=1).sum()
    assert shared / np.sqrt(variance.prod()) > 0.5  # a correlation that is there to be seen
    together = excess(p) * (parts**2).prod(axis=1).sum()
    sd = np.sqrt((variance.prod() + shared**2 + together) / n)  # of the mean product of two such sums
    assert near((inputs - mean).prod(axis=1).mean(), shared, sd)
    assert near((weights - mean).prod(axis=1).mean(), 0, np.sqrt(variance.prod() / n))


def test_dropconnect_silences_no_unit():
    """An output is exactly b only if all 30 weights are dropped: 1e-9 at p = 0.5, 2,000 outputs."""
    _, weights, _ = outputs_of_two_units(0.5, 1000)
    assert not (weights == 0).any()


@RATE
def test_the_entries_of_a_map_share_one_coin_and_maps_share_none(p):
    n = 100_000
    m = spatial_dropout_forward(np.ones((n // 2, 2, 2, 3)), p, np.random.default_rng(5))[0]
    assert (m == m[:, :, :1, :1]).all()
    variance, fourth = central(coin(p))
    maps = m[:, :, 0, 0]
    assert near(maps.mean(), 1, np.sqrt(variance / n))
    assert near(((maps - 1) ** 2).mean(), variance, np.sqrt((fourth - variance**2) / n))
    assert near((maps - 1).prod(axis=1).mean(), 0, variance / np.sqrt(n / 2))


@LAYERS
@RATE
@pytest.mark.parametrize("relu", [False, True])
def test_the_variance_in_training_is_larger_by_the_factor_of_li_et_al(layer, factor, p, relu):
    """1 / (1 - p) for inputs with mean 0; more behind a ReLU, since the noise grows with E[x²]."""
    n = 400_000
    x = np.random.default_rng(6).standard_normal(n)
    x, raw = (np.maximum(x, 0), RELU_OF_NORMAL) if relu else (x, NORMAL)
    (test, test4), (train, train4) = central(raw), central([a * b for a, b in zip(raw, factor(p), strict=True)])
    expected = (raw[1] / (1 - p) - raw[0] ** 2) / (raw[1] - raw[0] ** 2)
    assert np.isclose(train / test, expected)
    assert relu or np.isclose(expected, 1 / (1 - p))
    rng = np.random.default_rng(7)
    ratio = layer(x, p, rng)[0].var() / layer(x, p, rng, train=False)[0].var()
    # relative deviations of the two variances add up at most: both are measured on the same x
    relative = (np.sqrt(train4 - train**2) / train + np.sqrt(test4 - test**2) / test) / np.sqrt(n)
    assert near(ratio / expected, 1, relative)
    assert Z * relative < 0.07  # a rate that is off by 0.1 would be off by more


def test_batch_normalisation_behind_dropout_hands_on_too_little_at_test_time():
    x = np.random.default_rng(8).standard_normal(200_000)
    train, test = (dropout_forward(x, 0.5, np.random.default_rng(9), mode)[0] for mode in (True, False))
    normalised = (test - train.mean()) / train.std()
    assert near(normalised.std(), np.sqrt(0.5), 2.5 / np.sqrt(x.size))  # half the relative sd above, which is below 5


def test_the_table_of_moments_is_right():
    """coin and bell against sums over their definitions: the two values of m, and a fine grid under the bell."""
    for p in RATES:
        values, chances = np.array([0, 1 / (1 - p)]), np.array([p, 1 - p])
        assert np.allclose(coin(p), [(chances * values**k).sum() for k in (1, 2, 3, 4)])
        z = np.linspace(-12, 12, 24_001)
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
        m = 1 + np.sqrt(p / (1 - p)) * z
        assert np.allclose(bell(p), [(density * m**k).sum() for k in (1, 2, 3, 4)])
        assert np.allclose(RELU_OF_NORMAL, [(density * np.maximum(z, 0) ** k).sum() for k in (1, 2, 3, 4)], atol=1e-6)
