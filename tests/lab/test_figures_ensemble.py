"""The figures of lesson 09 say in their titles what they measured, and say something else when it is not so."""

import numpy as np
import pytest

from drawing import drawn, no_window, title  # noqa: F401
from dropout_lab.lab import ensembles
from dropout_lab.lab.figures import ensemble as figures
from dropout_lab.network import init_params


def test_a_geometric_mean_off_the_diagonal_is_counted_out():
    probs = np.array([[0.2, 0.8], [0.6, 0.4]])
    figures.plot_three_means({"a": (probs, probs, probs + 0.1), "b": (probs, probs + 1e-6, probs)})
    assert title() == "The geometric mean lies on the diagonal in 1 of 2 networks"


@pytest.mark.parametrize(("power", "says"), [(0.5, "come nearer as 1/sqrt(k)"), (0.25, "do not follow 1/sqrt(k)")])
def test_the_law_of_averages_is_named_where_it_holds(power, says):
    counts = np.array([1, 4, 16, 64])
    figures.plot_root_law(counts, 0.3 * counts**-power, variance=0.09, gap=0.05)
    assert title().endswith(says)


def networks():
    """One in which the scores are linear in the mask, and one in which they are not."""
    sizes, x = {"one": [5, 8, 3], "two": [5, 5, 5, 3]}, np.random.default_rng(1).standard_normal((20, 5))
    return {name: (init_params(widths, np.random.default_rng(2)), x, 0.4) for name, widths in sizes.items()}


@pytest.mark.parametrize(("of", "count"), [("scores", 1), ("probabilities", 0)])
def test_averages_reach_the_network_without_masks_where_they_are_linear_in_the_mask(of, count):
    title, caption = drawn(figures.draw_convergence, networks(), of, np.random.default_rng(0))
    assert title == f"Averages of {of} go to the network without masks in {count} of 2 networks"
    assert caption.count("and 0 for endless k") == count


def test_averages_of_a_layer_that_does_not_scale_leave_the_law(monkeypatch):
    """The law is from the list of masks; the dots are from the student's layer."""

    def unscaled(params, x, p, rng, train=True):
        params = {name: a * (1 - p) if train and name == "W2" else a for name, a in params.items()}
        return right(params, x, p, rng, train)

    right = ensembles.mlp_forward
    monkeypatch.setattr(ensembles, "mlp_forward", unscaled)
    one = {"one": networks()["one"]}
    title, _ = drawn(figures.draw_convergence, one, "scores", np.random.default_rng(0))
    assert title.startswith("The averages do not follow the law")


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
