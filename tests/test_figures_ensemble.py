"""The figures of lesson 09 say in their titles what they measured, and say something else when it is not so."""

import numpy as np
import pytest

from drawing import no_window, title  # noqa: F401
from dropout_lab.lab.figures import ensemble as figures


def test_a_geometric_mean_off_the_diagonal_is_counted_out():
    probs = np.array([[0.2, 0.8], [0.6, 0.4]])
    figures.plot_three_means({"a": (probs, probs, probs + 0.1), "b": (probs, probs + 1e-6, probs)})
    assert title() == "The geometric mean lies on the diagonal in 1 of 2 networks"


@pytest.mark.parametrize(("power", "says"), [(0.5, "come nearer as 1/sqrt(k)"), (0.25, "do not follow 1/sqrt(k)")])
def test_the_law_of_averages_is_named_where_it_holds(power, says):
    counts = np.array([1, 4, 16, 64])
    figures.plot_root_law(counts, 0.3 * counts**-power, variance=0.09, gap=0.05)
    assert title().endswith(says)


def test_the_title_names_the_first_average_within_one_sd():
    errors = [np.array([20.0, 22, 21]), np.array([12.0, 13, 14]), np.array([10.0, 11, 12])]
    figures.plot_monte_carlo([1, 10, 50], errors, reference=10.5)
    assert title().startswith("From k = 50 on")
    figures.plot_monte_carlo([1, 10, 50], errors, reference=5.0)
    assert title().startswith("No average")


def test_sgd_that_misses_the_ridge_solution_is_said_to_miss_it():
    ridge = np.array([1.0, -2, 0.5])
    figures.plot_weights(2 * ridge, ridge, 1.01 * ridge, 1.1 * ridge)
    assert title().endswith("land on the ridge solution")
    figures.plot_weights(2 * ridge, ridge, 1.2 * ridge, 1.1 * ridge)
    assert title().endswith("are not at the ridge solution")


def test_a_penalty_that_spares_the_confident_is_told_from_one_that_does_not():
    s = np.linspace(0.001, 0.999, 200)
    figures.plot_penalty(s, s * (1 - s), s * (1 - s))
    assert title() == "Confident predictions are hardly penalised"
    figures.plot_penalty(s, np.ones(200), s * (1 - s))
    assert title() == "Confident predictions are penalised like the others"


def test_strokes_are_smooth_and_random_weights_are_not():
    rng = np.random.default_rng(0)
    random = rng.standard_normal((64, 400))
    slope = np.add.outer(np.arange(8.0), np.arange(8.0)).reshape(64, 1) * rng.standard_normal(400)
    # 44,800 differences, each weight in at most four: relative sd below 2 / sqrt(2 * 44800) = 0.7%
    assert figures.roughness(random) == pytest.approx(1, abs=6.5 * 0.007)  # false alarm < 1e-9
    assert figures.roughness(slope) < 0.3
    figures.plot_features({"without": {"W1": random}, "with": {"W1": slope}})
    assert title() == "Some features are smooth"
    figures.plot_features({"without": {"W1": random}, "with": {"W1": random[::-1]}})
    assert title().startswith("Neither row shows strokes")


def test_units_that_are_not_quieter_are_not_called_so():
    loud = np.maximum(np.random.default_rng(0).standard_normal((50, 40)), 0)
    figures.plot_activity({"without": loud, "with": loud / 2})
    assert title() == "With dropout the hidden units are quieter"
    figures.plot_activity({"without": loud, "with": loud})
    assert title() == "With dropout the hidden units are not quieter"
