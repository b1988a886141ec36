"""The figures of lessons 00 to 02 show the functions that they are given; a wrong function looks wrong."""

import matplotlib.pyplot as plt
import numpy as np

from drawing import no_window, rendered  # noqa: F401
from dropout_lab.gradcheck import numerical_gradient
from dropout_lab.lab.figures import backprop, gradcheck, start
from dropout_lab.lab.widgets.gradcheck import explore_steps
from dropout_lab.layers import affine_backward, affine_forward

VALUES = {"w": 3.0, "x": 2.0, "b": -4.0, "t": 5.0, "q": 6.0, "s": 2.0, "e": -3.0, "L": 9.0}
POINTS = np.linspace(0.3, 1.5, 20)
SLOPES = 1 - np.tanh(POINTS) ** 2


def texts():
    """Every text of the current figure that is not empty."""
    figure = rendered()
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [text for text in (*found, figure.get_supxlabel()) if text]


def moved(axes):
    """Which cells of a panel of `plot_reach` show a movement."""
    places = [text.get_position() for text in axes.texts if text.get_text() != "0"]
    return {(round(row - 0.5), round(column - 0.5)) for column, row in places}


def reach(forward):
    rng = np.random.default_rng(1)
    backprop.plot_reach(forward, rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3), at=(1, 2))
    return [moved(axes) for axes in plt.gcf().axes]


def test_the_graph_carries_every_value_and_a_question_mark_for_an_open_gradient():
    backprop.plot_neuron(VALUES, {"e": -6, "s": -6, "q": -6, "b": -6, "w": ..., "x": -18})
    shown = texts()
    assert "w = 3" in shown
    assert "L = 9" in shown
    assert "dx: -18" in shown
    assert "dw: ?" in shown


def test_the_graph_without_gradients_shows_none():
    backprop.plot_neuron(VALUES)
    assert not [text for text in texts() if text.startswith("d")]


def test_a_weight_moves_a_column_an_input_a_row_a_bias_a_column():
    weight, single, bias = reach(affine_forward)
    assert weight == bias == {(n, 2) for n in range(5)}
    assert single == {(1, h) for h in range(3)}


def test_a_layer_without_its_bias_shows_a_panel_in_which_nothing_moves():
    assert reach(lambda x, w, b: (x @ w, None))[2] == set()


def test_the_shared_bias_shows_what_the_layer_gave_beside_the_sum_of_its_paths():
    dout = np.array([[0.5], [-1.25], [2.0]])
    _, cache = affine_forward(np.ones((3, 2)), np.ones((2, 1)), np.zeros(1))
    backprop.plot_shared_bias(dout[:, 0], affine_backward(dout, cache)[2][0])
    assert "db = 1.25" in texts()
    backprop.plot_shared_bias(dout[:, 0], dout.mean())
    shown = texts()
    assert "db = 0.417" in shown
    assert any("= 1.25" in text for text in shown)


def test_the_best_step_to_both_sides_is_larger_and_better_than_to_one():
    methods = {
        "one": lambda x, h: (np.tanh(x + h) - np.tanh(x)) / h,
        "both": lambda x, h: numerical_gradient(lambda v: np.tanh(v).sum(), x, h),
    }
    errors = gradcheck.step_errors(methods, POINTS, SLOPES)
    best = {name: gradcheck.STEPS[found.argmin()] for name, found in errors.items()}
    assert 1e-9 < best["one"] < 1e-7 < 1e-6 < best["both"] < 1e-4
    assert errors["both"].min() < errors["one"].min() / 10


def test_a_one_sided_function_in_place_of_the_central_one_shows_the_shallow_valley():
    both = gradcheck.step_errors({"own": lambda x, h: (np.tanh(x + h) - np.tanh(x)) / h}, POINTS, SLOPES)["own"]
    assert both.min() > 1e-9


def test_the_complex_step_is_as_good_at_the_smallest_step_as_anywhere_and_says_so():
    gradcheck.plot_steps({"complex": lambda x, h: np.tanh(x + 1j * h).imag / h}, POINTS, SLOPES, "")
    assert any("at h = 1e-16" in text for text in texts())


def test_the_kink_shows_the_slope_that_was_measured():
    gradcheck.plot_kink(-2e-6, 1e-5)
    assert "measured slope 0.40" in texts()


def test_errors_and_clouds_have_a_row_for_each_experiment():
    gradcheck.plot_errors({"right": {"w": 0.0, "b": 1e-11}, "wrong": {"w": 1e-11, "b": 0.7}}, "")
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["right", "wrong"]
    gradcheck.plot_power({"right": [0.0, 1e-15], "wrong": [1e-5, 1e-6]}, 1e-10)
    assert [label.get_text() for label in plt.gca().get_yticklabels()] == ["right", "wrong"]


def test_the_three_readings_are_columns_cells_and_rows():
    start.plot_three_readings(np.random.default_rng(6))
    shared, each, whole = (np.ma.getdata(axes.collections[0].get_array()).reshape(8, 20) for axes in plt.gcf().axes)
    assert (shared == shared[0]).all()
    assert 0 < shared[0].sum() < 20
    assert (whole == whole[:, :1]).all()
    assert 0 < whole[:, 0].sum() < 8
    assert len({row.tobytes() for row in each}) > 1


def test_the_panel_of_steps_keeps_count_and_says_the_error():
    panel = explore_steps()
    panel.turn(exponent=-5, sides="both sides")
    assert "Steps tried: 2" in panel.caption
    assert float(panel.caption.split("error is ")[1].split(".")[0]) < 1e-9
    panel.turn(exponent=-16)
    assert "Steps tried: 3" in panel.caption
