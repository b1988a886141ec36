"""Drawn networks: what is crossed out, and what the captions say."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dropout_lab.dropout import dropout_forward, zeroing_forward
from dropout_lab.lab.figures import drawn_network as d
from dropout_lab.lab.plots import VERMILION


@pytest.fixture
def axes():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def lines(axes, colour):
    return [line for line in axes.lines if line.get_color() == colour]


def test_a_network_has_a_circle_for_each_unit_and_a_line_for_each_weight(axes):
    d.draw_network(axes, [4, 6, 3])
    assert len(axes.patches) == 13
    assert len(lines(axes, d.LINE)) == 4 * 6 + 6 * 3


def test_a_dropped_unit_is_crossed_out_and_loses_its_lines(axes):
    d.draw_network(axes, [4, 6, 3], keep={1: [True, False, True, True, True, True]})
    assert len(lines(axes, VERMILION)) == 2  # the two strokes of one cross
    assert len(lines(axes, d.LINE)) == 5 * (4 + 3)


def test_a_dropped_weight_is_dotted(axes):
    kept = np.ones((4, 6), bool)
    kept[0, :3] = False
    d.draw_network(axes, [4, 6, 3], weights={0: kept})
    assert [line.get_linestyle() for line in lines(axes, VERMILION)] == [":"] * 3


def test_the_thinned_networks_are_those_of_the_layers_masks():
    figure = plt.figure()
    caption = d.draw_thinned(figure, zeroing_forward, (4, 6, 6, 2), 0.3, np.random.default_rng(5))
    out = zeroing_forward(np.ones((3, 6)), 0.3, np.random.default_rng(5))[0]
    first = figure.axes[0]
    assert f"sample 1 keeps {caption.split()[3]} of 12 hidden units" in caption
    assert len(lines(first, VERMILION)) >= 2 * int((out[0] == 0).sum())
    plt.close(figure)


def test_a_factor_on_what_is_kept_stands_in_the_title():
    figure = plt.figure()
    d.draw_thinned(figure, dropout_forward, (4, 6, 2), 0.3, np.random.default_rng(5))
    assert all("kept × 1.43" in (axes.get_title("left") or axes.get_title()) for axes in figure.axes)
    plt.close(figure)


def test_one_mask_for_all_samples_is_said():
    def shared(x, p, rng, train=True):
        return x * (rng.random(x.shape[1:]) >= p), None

    figure = plt.figure()
    d.draw_thinned(figure, shared, (4, 6, 2), 0.3, np.random.default_rng(5))
    assert figure.get_suptitle() == "Every sample of the mini-batch meets the same network"
    plt.close(figure)


def test_shapes_stand_on_the_network_there_and_back():
    figure = plt.figure()
    d.draw_shapes(figure, 8, [4, 6, 3])
    said = {text.get_text() for text in figure.axes[0].texts}
    assert {"x (8, 4)", "W1 (4, 6)", "dW1 (4, 6)", "dscores (8, 3)"} <= said
    plt.close(figure)


def test_the_caption_counts_what_is_dropped():
    figure = plt.figure()
    assert "of 16 weights" in d.draw_what_is_dropped(figure, 0.4, np.random.default_rng(1))
    plt.close(figure)
