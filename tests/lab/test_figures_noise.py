"""The figures of lesson 10 say what they measured; a wrong layer looks wrong, and the map can be turned."""

import re

import numpy as np
import pytest

from drawing import drawn, no_window  # noqa: F401
from dropout_lab.dropout import dropout_forward, zeroing_forward
from dropout_lab.lab.figures import noise as figures
from dropout_lab.lab.widgets.noise import explore_uncertainty
from dropout_lab.network import init_params, mlp_forward, softmax
from dropout_lab.noise import gaussian_dropout_forward, mc_predict, spatial_dropout_forward


def rng(seed=0):
    return np.random.default_rng(seed)


def deviation_for_variance(x, p, rng, train=True):
    return x * rng.normal(1, p / (1 - p), x.shape), None


def test_factors_of_equal_moments_are_told_from_others():
    title, caption = drawn(figures.draw_factors, {"a": dropout_forward, "b": gaussian_dropout_forward}, 0.3, rng(1))
    assert title == "Other factors, the same mean and the same variance"
    assert re.search(r"a: mean 1\.0\d, variance 0\.4\d, (29|30|31)% are 0, 0% below 0; b: .* 0% are 0", caption)
    for other in (deviation_for_variance, zeroing_forward):
        title, _ = drawn(figures.draw_factors, {"a": dropout_forward, "b": other}, 0.3, rng(1))
        assert title == "The means and variances of these factors differ"


def test_two_units_are_said_to_share_their_noise_where_they_do():
    own = rng(2).standard_normal((4000, 2))  # correlation 0, sd 0.016; the title allows 0.1
    both = own @ np.array([[1, 0.6], [0, 0.8]])
    assert drawn(figures.draw_two_units, {"x": both, "w": own}, 0.5)[0] == "Each unit has noise of its own with w"
    title, caption = drawn(figures.draw_two_units, {"x": both}, 0.5)
    assert title == "Two units share their noise"
    assert "correlation 0.6" in caption or "correlation 0.5" in caption


def test_gaps_are_filled_by_the_mean_of_kept_neighbours():
    x = np.arange(9.0).reshape(1, 1, 3, 3) + 1
    out = x.copy()
    out[0, 0, 1, 1] = out[0, 0, 0, 0] = 0
    share, miss = figures.gaps(x, out)
    # the middle, 5, has 2, 4, 6, 8 around it: exact. The corner, 1, has 2 and 4: 3, off by 2.
    assert share == 1
    assert np.isclose(miss, np.sqrt((0 + 4) / 2))
    assert figures.gaps(x, np.zeros_like(x))[0] == 0
    assert figures.gaps(x, x)[0] == 0


def test_neighbours_are_alike_in_smooth_maps():
    maps = figures.smooth_maps((4, 5, 12, 12), rng(3))
    assert np.allclose(maps.mean(axis=(2, 3)), 0)
    assert np.allclose(maps.std(axis=(2, 3)), 1)
    assert (maps[..., 1:] * maps[..., :-1]).mean() > 0.7


def test_only_whole_maps_leave_gaps_that_nobody_fills():
    maps = figures.smooth_maps((4, 8, 12, 12), rng(4))
    layers = {"dropout": dropout_forward, "spatial": spatial_dropout_forward}
    title, caption = drawn(figures.draw_gaps, layers, maps, 0.5, rng(5))
    assert title == "The neighbours fill the gaps of dropout"
    assert caption.endswith("; 0% of those have a kept neighbour in their map.")
    assert drawn(figures.draw_gaps, {"spatial": spatial_dropout_forward}, maps, 0.5, rng(5))[0].startswith("No gap")


def test_the_variance_shift_is_on_its_line_for_dropout_only():
    """Relative sd of the ratios at most 3% at p = 0.6 and 100,000 draws; the title allows 10%."""
    title, _ = drawn(figures.draw_variance_shift, dropout_forward, rng(6))
    assert title == "In training the variance is larger than at test time"
    for other in (deviation_for_variance_at_test, zeroing_forward):
        assert "is not inverted dropout" in drawn(figures.draw_variance_shift, other, rng(6))[0]


def deviation_for_variance_at_test(x, p, rng, train=True):
    return deviation_for_variance(x, p, rng) if train else (x, None)


@pytest.fixture(scope="module")
def network():
    """A network that says class 1 where the second input is above 0, and two clouds of points."""
    params = init_params([2, 20, 2], rng(7))
    params["W1"], params["W2"] = np.tile([[0.0, 0.0], [3.0, -3.0]], 10), np.tile([[-1.0, 1.0], [1.0, -1.0]], (10, 1))
    x = rng(8).standard_normal((60, 2))
    return params, x, (x[:, 1] > 0).astype(int)


def test_the_map_says_where_the_passes_disagree_and_where_they_are_sure(network):
    params, x, y = network

    def predict(points, p, rng, passes):
        return mc_predict(params, points, p, rng, passes)

    title, caption = drawn(figures.draw_uncertainty, predict, x, y, 0.3, rng(9), 20)
    assert title == "The passes disagree along the border between the classes"
    title, caption = drawn(figures.draw_uncertainty, predict, x, y, 0.3, rng(9), 20, "far away")
    assert title.startswith("Far from every data point, the network is sure")
    assert int(re.search(r"over 99% sure in (\d+)%", caption)[1]) > 50


def test_a_prediction_with_dropout_off_has_no_spread(network):
    params, x, y = network

    def test_mode(points, p, rng, passes):
        probabilities = softmax(mlp_forward(params, points, p, rng, train=False)[0])
        return probabilities, np.zeros_like(probabilities)

    assert drawn(figures.draw_uncertainty, test_mode, x, y, 0.3, rng(9))[0].startswith("Every pass says the same")


def test_the_panel_can_be_turned_and_starts_from_the_figure(network):
    params, x, y = network

    def predict(points, p, rng, passes):
        return mc_predict(params, points, p, rng, passes)

    shown = explore_uncertainty(predict, x, y, p=0.3)
    same = drawn(figures.draw_uncertainty, predict, x, y, 0.3, rng(0), 30)[1]
    assert shown.caption == f"p = 0.30, passes: 30, near the data, seed 0. {same}"
    first = shown.picture
    for turn in ({"p": 0.0}, {"p": 0.9, "passes": 1}, {"reach": "far away"}, {"seed": 5, "passes": 3, "p": 0.3}):
        shown.turn(**turn)
        assert "Error" not in shown.caption
        assert shown.picture not in ("", first)
    shown.turn(p=0.0)
    assert shown.alt.startswith("Every pass says the same: there is no spread")
    shown.turn(passes=1)
    assert shown.alt.startswith("One pass is one thinned network")


def test_a_plot_prints_its_caption(capsys):
    figures.plot_factors({"a": dropout_forward}, 0.3, rng(1))
    assert capsys.readouterr().out.startswith("a: mean 1.0")
