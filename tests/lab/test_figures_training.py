"""The figures of lessons 03 and 04 show the functions and numbers that they are given; a wrong function looks wrong."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from drawing import no_window, rendered  # noqa: F401
from dropout_lab.lab.experiments.fitting import History
from dropout_lab.lab.experiments.rows import Rows
from dropout_lab.lab.figures import network as network_figures
from dropout_lab.lab.figures import training as training_figures
from dropout_lab.layers import affine_forward, relu_forward, softmax_cross_entropy
from dropout_lab.network import init_params, loss_and_grads, softmax
from dropout_lab.training import sgd_momentum


def panels():
    return rendered().axes


def labels(axes):
    return [text.get_text() for text in axes.texts]


def bends(relu):
    """How many times the slope of the blue line changes."""
    network_figures.plot_bends(relu)
    x, y = panels()[0].lines[-1].get_data()
    return int((np.abs(np.diff(np.diff(y) / np.diff(x))) > 1e-6).sum())


def test_three_units_make_three_bends_and_without_relu_there_is_none():
    """A bend between two points of the grid shows as one or two changes of slope."""
    assert 3 <= bends(relu_forward) <= 6
    assert bends(lambda x: (x, x)) == 0


def heights(scores, label, loss):
    network_figures.plot_push(softmax, loss, np.array(scores), label)
    return [
        [bar.get_y() + bar.get_height() if bar.get_height() > 0 else bar.get_height() for bar in axes.patches]
        for axes in panels()
    ]


def test_only_the_right_class_points_down_and_the_bars_add_up_to_nothing():
    probabilities, gradient = heights([2.0, 1.0, 0.5, -1.0, 0.0], 1, softmax_cross_entropy)
    assert [bar < 0 for bar in gradient] == [False, True, False, False, False]
    assert np.isclose(sum(gradient), 0)
    assert np.isclose(sum(probabilities), 1)


def test_the_bars_are_those_of_the_function_that_is_given():
    _, gradient = heights([1.0, 0.0], 0, lambda scores, y: (0.0, np.full(scores.shape, 0.25)))
    assert gradient == [0.25, 0.25]


def test_a_signal_keeps_its_size_at_sqrt_2_over_d_only_with_a_relu():
    sizes = {"half": np.sqrt(1 / 256), "right": np.sqrt(2 / 256)}
    network_figures.plot_signal_size(affine_forward, relu_forward, sizes)
    ends = [line.get_ydata()[-1] for line in panels()[0].lines]
    network_figures.plot_signal_size(affine_forward, lambda x: (x, x), sizes)
    linear = [line.get_ydata()[-1] for line in panels()[0].lines]
    assert ends[0] < 0.01
    assert 0.5 < ends[1] < 2
    assert 0.5 < linear[0] < 2
    assert linear[1] > 100


def test_the_first_point_of_the_step_lengths_is_just_below_the_loss_before():
    rng = np.random.default_rng(0)
    x, y, params = rng.normal(size=(50, 4)), rng.integers(0, 3, 50), init_params([4, 8, 3], rng)
    training_figures.plot_step_lengths(loss_and_grads, params, x, y, lengths=[1e-3, 0.1])
    before, after = panels()[0].lines
    start = before.get_ydata()[0]
    assert start - 0.05 < after.get_ydata()[0] < start
    assert after.get_ydata()[1] < after.get_ydata()[0]


@pytest.mark.parametrize(
    ("step", "nearer"),
    [
        (sgd_momentum, True),
        (lambda params, grads, velocity, lr, momentum: ({"w": params["w"] - lr * grads["w"]}, {}), False),
    ],
    ids=["momentum", "the momentum is left out"],
)
def test_the_valley_shows_whether_momentum_is_at_work(step, nearer):
    training_figures.plot_valley(step, lr=0.02)
    plain, with_momentum = (np.linalg.norm(axes.lines[0].get_xydata()[-1]) for axes in panels())
    assert (with_momentum < plain / 10) == nearer


def history():
    made = History()
    for epoch, train, test in ((1, 0.5, 0.5), (2, 0.9, 0.8), (3, 1.0, 0.875)):
        made.rows.append(
            {
                "epoch": epoch,
                "train_accuracy": train,
                "test_accuracy": test,
                "train_loss": 1 - train,
                "test_loss": 1 - test,
            }
        )
    return made


def test_the_curves_end_in_their_numbers_and_the_axis_ends_with_the_epochs():
    training_figures.plot_history(history())
    (axes,) = panels()
    assert sorted(labels(axes)) == ["held out 87.5%", "training 100.0%"]
    assert max(axes.get_xticks()) <= 3
    training_figures.plot_history(history(), what="loss")
    assert "held out 0.12" in labels(panels()[0])


def test_a_history_of_one_epoch_can_be_drawn():
    short = history()
    short.rows = short.rows[:1]
    training_figures.plot_history(short)
    assert len(labels(panels()[0])) == 2


def test_wrong_guesses_are_counted_and_shown_with_both_classes():
    x, y = np.random.default_rng(0).random((6, 64)), np.arange(6)
    training_figures.show_images(x, y, guesses=np.array([0, 1, 2, 3, 4, 9]))
    assert panels()[0].get_title() == "5 → 9"
    title = "1 of 6 held-out images are read wrong; here are 1: what it is → what was read"
    assert plt.gcf().get_suptitle() == title


def test_a_sweep_shows_every_run_and_the_mean_of_each_setting():
    runs = [(w, p, s) for w in (1, 2) for p in (0.0, 0.5) for s in (0, 2)]
    rows = Rows({"p": p, "width": w, "seed": s, "test_accuracy": p + w + s} for w, p, s in runs)
    training_figures.plot_sweep(rows, by="width")
    (axes,) = panels()
    lines = [line.get_ydata().tolist() for line in axes.lines]
    assert lines[1] == [2.0, 2.5]
    assert lines[3] == [3.0, 3.5]
    assert sorted(lines[0]) == [1.0, 1.5, 3.0, 3.5]
    assert labels(axes) == ["width = 1", "width = 2"]


def test_rates_that_are_pairs_have_their_names_on_the_axis():
    rows = Rows({"p": p, "seed": 0, "test_accuracy": 0.9} for p in (0, (0.2, 0.5)))
    training_figures.plot_sweep(rows)
    assert [tick.get_text() for tick in panels()[0].get_xticklabels()] == ["0", "(0.2, 0.5)"]


def test_bands_are_one_standard_deviation_wide():
    rows = Rows({"p": 0.5, "seed": s, "test_curve": (0.5, 0.6 + s), "train_curve": (0.5, 0.7)} for s in (0.0, 0.2))
    training_figures.plot_bands(rows)
    (axes,) = panels()
    heights_at_2 = [y for x, y in axes.collections[0].get_paths()[0].vertices if x == 2]
    assert np.isclose(max(heights_at_2), 0.8)
    assert np.isclose(min(heights_at_2), 0.6)
