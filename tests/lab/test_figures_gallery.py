"""The signature of a layer marks what is not as it should be, and says the same in words."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from dropout_lab.lab.figures.gallery import draw_signature

KEPT = 1 / 0.7
MASK = np.where(np.random.default_rng(0).random((6, 14)) < 0.3, 0.0, KEPT)
FORWARD = (0, KEPT)


def crosses(axes):
    return sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() == "x")


def drawn(back, right):
    figure = Figure()
    said = draw_signature(figure, {"forward": MASK, "backward": back}, {"forward": FORWARD, "backward": right})
    return said, [crosses(axes) for axes in figure.axes]


def test_a_right_layer_gets_no_cross():
    said, marked = drawn(MASK.copy(), MASK)
    assert marked == [0, 0, 0]
    assert "wrong" not in said
    assert said.count(f"{np.mean(MASK == 0):.0%} are zero, the rest times 1.43") == 2


def test_a_missing_scale_is_marked_at_every_kept_entry():
    said, marked = drawn((MASK > 0) * 1.0, MASK)
    kept = np.count_nonzero(MASK)
    assert marked == [0, kept, 1]
    assert f"the rest times 1.00, {kept} of {MASK.size} wrong" in said


def test_a_missing_mask_is_marked_at_every_dropped_entry():
    _, marked = drawn(np.full_like(MASK, KEPT), MASK)
    assert marked == [0, np.count_nonzero(MASK == 0), 0]  # the value itself occurs in a right layer


@pytest.mark.parametrize("factor", [np.nan, np.inf])
def test_what_is_no_number_is_drawn_as_wrong(factor):
    back = MASK.copy()
    back[0, 0] = factor
    _, marked = drawn(back, MASK)
    assert marked[1] == 1
