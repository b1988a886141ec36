"""The figures of dropout say what they measured on the functions they were given; a wrong function looks wrong."""

import re

import numpy as np
import pytest

from drawing import drawn, no_window  # noqa: F401
from dropout_lab.dropout import dropout_backward, dropout_forward, zeroing_backward, zeroing_forward
from dropout_lab.lab.figures import dropout as figures


def rng(seed=0):
    return np.random.default_rng(seed)


def units(text):
    """The numbers of the units that a caption lists."""
    return [int(number) for number in re.findall(r"\d+", text)]


def unmasked(dout, cache):
    return dout


def unscaled(dout, cache):
    return dout * (cache > 0)


def one_mask_for_all(x, p, rng, train=True):
    mask = rng.random(x.shape[1]) >= p
    return x * mask, mask


def one_coin_per_sample(x, p, rng, train=True):
    mask = rng.random((len(x), 1)) >= p
    return x * mask, mask


def fixed_count(x, p, rng, train=True):
    """Exactly floor(p H) units of each row."""
    mask = np.ones(x.shape)
    mask[:, : int(p * x.shape[1])] = 0
    mask = rng.permuted(mask, axis=1)
    return x * mask, mask


def proposal(x, p, rng, train=True):
    return zeroing_forward(x, p, rng) if train else (x, None)


def test_the_masks_of_a_right_layer_differ_from_sample_to_sample():
    title, caption = drawn(figures.draw_masks, dropout_forward, 0.3, rng(5))
    assert title == "Every sample of the mini-batch loses other units"
    assert "p asks for about 30%" in caption
    assert "A kept 1 comes out as 1.43." in caption


@pytest.mark.parametrize(
    ("forward", "title"),
    [
        (one_mask_for_all, "Every sample loses the same units"),
        (one_coin_per_sample, "A sample loses all of its units, or none"),
        (lambda x, p, rng, train: (x, None), "Nothing is dropped"),
    ],
)
def test_a_shared_mask_is_seen(forward, title):
    assert drawn(figures.draw_masks, forward, 0.3, rng(5))[0] == title


def test_the_masks_are_drawn_at_the_edges_of_p():
    assert drawn(figures.draw_masks, dropout_forward, 0.0, rng())[0] == "Nothing is dropped"
    assert drawn(figures.draw_masks, dropout_forward, 1.0, rng())[0] == "Everything is dropped"


def test_the_means_tell_the_schemes_apart():
    x = np.maximum(rng(1).standard_normal((16, 20)), 0)
    schemes = {"none": proposal, "standard": zeroing_forward, "inverted": dropout_forward}
    title, caption = drawn(figures.draw_means, schemes, x, 0.3, rng(2), 400)
    # relative sd of a mean of 400: sqrt(p / (1 - p) * sum(x^2)) / sum(x) / sqrt(400), about 0.3%; the title allows 5%
    assert title == "The means in training and at test time agree: standard and inverted only"
    assert "none: training" in caption
    assert "ratio 0.70" in caption
    assert drawn(figures.draw_means, {"none": proposal}, x, 0.3, rng(2))[0].startswith("The mean in training does not")


def test_the_flow_agrees_for_right_pairs_only():
    for pair in ((zeroing_forward, zeroing_backward), (dropout_forward, dropout_backward)):
        assert "They agree at every unit." in drawn(figures.draw_flow, *pair, 0.3, rng(3))[1]
    title, caption = drawn(figures.draw_flow, dropout_forward, unscaled, 0.3, rng(3))
    assert title == "Backward multiplies by something else than forward"
    zeroed, differing = caption.split(", and multiplied")[0], caption.partition("They differ at")[2]
    assert sorted(units(zeroed) + units(differing)) == list(range(16))  # wrong at the kept units, and at no other


def test_the_flow_is_drawn_when_everything_is_dropped():
    assert "They agree" in drawn(figures.draw_flow, dropout_forward, dropout_backward, 1.0, rng())[1]


def test_without_the_mask_the_gradient_is_wrong_at_the_dropped_units_only():
    x = rng(1).uniform(0.5, 1.5, 12)
    title, caption = drawn(figures.draw_gradient_error, zeroing_forward, unmasked, x, 0.3, rng(5))
    assert title == "The gradient is wrong at the dropped units, and only there"
    dropped, wrong = caption.split(". The gradient is wrong at ")
    assert dropped.removeprefix("Dropped: ") == wrong.split(";")[0]


def test_without_the_scale_the_gradient_is_wrong_at_the_kept_units():
    x = rng(1).uniform(0.5, 1.5, 12)
    for backward, ending in ((unscaled, "at kept units"), (unmasked, "at kept units too")):
        assert drawn(figures.draw_gradient_error, dropout_forward, backward, x, 0.3, rng(5))[0].endswith(ending)


@pytest.mark.parametrize("pair", [(zeroing_forward, zeroing_backward), (dropout_forward, dropout_backward)])
def test_a_right_gradient_is_right_at_every_unit(pair):
    generator = rng(5)
    before = generator.bit_generator.state
    title, _ = drawn(figures.draw_gradient_error, *pair, rng(1).uniform(0.5, 1.5, 12), 0.3, generator)
    assert title == "The gradient is right at every unit"
    assert generator.bit_generator.state == before  # frozen: each evaluation drew from a copy


def test_the_measured_variance_is_that_of_the_formula():
    _, caption = drawn(figures.draw_variance, dropout_forward, rng(4))
    off = int(caption.rpartition("at most ")[2].split("%")[0])
    # relative sd of a variance: sqrt((1 / (p (1 - p)) - 4) / n), at most 1.9%, at p = 0.1; 6.5 sd, false alarm < 1e-9
    assert off <= 12
    halved = drawn(figures.draw_variance, zeroing_forward, rng(4))[1]
    assert int(halved.rpartition("at most ")[2].split("%")[0]) > 90


def test_every_mask_comes_up_as_often_as_its_probability_says():
    title, caption = drawn(figures.draw_all_masks, dropout_forward, 0.3, rng(5))
    assert title == "Each of the 64 masks comes up as often as its probability says"
    assert "All kept: probability 0.118" in caption
    assert "do not come up" in drawn(figures.draw_all_masks, fixed_count, 0.3, rng(5))[0]


def test_a_plot_prints_its_caption(capsys):
    figures.plot_masks(dropout_forward, 0.3, rng(5))
    assert " ".join(capsys.readouterr().out.split()) == drawn(figures.draw_masks, dropout_forward, 0.3, rng(5))[1]
