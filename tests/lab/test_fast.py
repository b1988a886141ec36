"""lab/fast.py computes what the completed functions compute, and its coins are fair."""

import numpy as np
import pytest

import coins
from coins import floats, masks
from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.lab.fast.in_numpy import BLOCK, LANES, MLP, Dropout, cut_and_scale, lanes, words
from dropout_lab.lab.fast.in_your_functions import LaneCoins, YourMLP
from dropout_lab.network import init_params

SHAPES = [(), (1,), (0,), (3, 0), (5,), (7, 11), (2, 3, 5), (128, 1024), (BLOCK + 1,), (3, BLOCK - 1)]
ROUNDING = 2.0**-22  # two units in the last place of a float32, relative


@pytest.mark.parametrize("p", [0, 1, 0.5, *np.random.default_rng(0).random(200), 1e-9, 1 - 1e-9])
def test_the_rate_is_rounded_by_at_most_two_to_the_minus_17(p):
    cut, scale = cut_and_scale(p)
    assert abs(cut / LANES - p) <= 2.0**-17
    if cut < LANES:
        assert scale * (LANES - cut) / LANES == pytest.approx(1, abs=1e-15)  # the mean of the mask


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_a_rate_outside_zero_to_one_is_refused(p):
    with pytest.raises(ValueError, match="p must be from 0 to 1"):
        Dropout(p, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_the_layer_equals_the_completed_functions_for_the_same_mask(p, shape, dtype):
    x, dout = floats(*shape, dtype=dtype) + dtype(3), floats(*shape, seed=1, dtype=dtype)
    x_before = x.copy()
    layer = Dropout(p, seed=4)
    for _ in range(2):  # the second call meets buffers in use
        out, dx = layer.forward(x), layer.backward(dout)
    rng = LaneCoins(4)
    for _ in range(2):
        expected, cache = dropout_forward(x, layer.cut / LANES, rng)
        if p == 0:  # the completed function draws nothing then
            break
    assert out.shape == dx.shape == x.shape
    assert out.dtype == dx.dtype == dtype
    np.testing.assert_allclose(out, expected, rtol=ROUNDING, atol=0)
    np.testing.assert_allclose(dx, dropout_backward(dout, cache), rtol=ROUNDING, atol=0)
    np.testing.assert_array_equal(x, x_before)


def test_an_array_that_is_not_contiguous_gets_its_mask_entry_by_entry():
    x = floats(40, 30).T + 3
    np.testing.assert_array_equal(Dropout(0.3, 0).forward(x), Dropout(0.3, 0).forward(x.copy()))


@pytest.mark.parametrize("entries", [1, BLOCK - 3, BLOCK, BLOCK + 1, 4 * BLOCK + 2])
def test_any_number_of_threads_draws_the_same_bits(entries):
    coins.threads_draw_the_same_bits(Dropout, entries)


def test_the_seed_decides_the_masks_and_every_call_has_its_own():
    coins.seed_and_call_decide(Dropout)


def test_the_masks_of_a_seed_never_change():
    """A recorded result can be computed again: the stream is PCG64DXSM's raw words, lowest 16 bits first."""
    raw = np.random.PCG64DXSM(7).random_raw(2)
    drawn = [int(word) >> shift & 0xFFFF for word in raw for shift in (0, 16, 32, 48)]
    assert masks(Dropout, 0.6, 7, seed=7)[0].tolist() == [coin >= round(0.6 * LANES) for coin in drawn[:7]]


def test_words_are_split_alike_whatever_the_byte_order():
    raw = np.random.PCG64DXSM(0).random_raw(5)
    assert np.array_equal(lanes(raw, 19), lanes(raw.astype(">u8"), 19))
    assert lanes(np.array([0x0004000300020001], ">u8"), 4).tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("p", [0.1, 0.2, 0.5, 0.8])
def test_the_counts_of_ten_thousand_masks_are_binomial(p):
    coins.counts_are_binomial(Dropout, p)


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 5, 16, 1000, BLOCK, 4 * BLOCK])
def test_neighbours_are_uncorrelated(lag):
    coins.neighbours_are_uncorrelated(Dropout, lag)


def test_the_four_lanes_of_a_word_are_equally_fair():
    coins.lanes_are_equally_fair(Dropout)


@pytest.mark.parametrize(("entries", "expected"), [(0, 0), (1, 1), (4, 1), (5, 2)])
def test_four_entries_share_a_word(entries, expected):
    assert words(entries) == expected


# ---- the network ----


@pytest.mark.parametrize("limit", [None, 1.2])
@pytest.mark.parametrize("p", [0.0, 0.5, (0.2, 0.5), (0.3, 0.0), (0.0, 1.0)])
@pytest.mark.parametrize("sizes", [[33, 10], [33, 47, 10], [33, 47, 51, 10]])
def test_the_step_equals_the_completed_functions(sizes, p, limit):
    """Thirty steps with momentum, batches of several sizes among them, to the rounding of float32 sums."""
    params = init_params(sizes, np.random.default_rng(2))
    fast, yours, data = MLP(params, p, seed=3), YourMLP(params, p, seed=3), np.random.default_rng(4)
    for batch in 10 * (16, 13, 21):
        x, y = data.random((batch, 33), dtype=np.float32), data.integers(0, 10, batch)
        losses = [network.step(x, y, lr=0.1, momentum=0.9, limit=limit) for network in (fast, yours)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    for name, array in fast.params.items():
        assert array.dtype == yours.params[name].dtype == np.float32
        np.testing.assert_allclose(array, yours.params[name], rtol=0, atol=2e-5 * np.abs(array).max() + 1e-6)
    np.testing.assert_allclose(fast.scores(x), yours.scores(x), rtol=0, atol=1e-4)


def test_the_step_leaves_its_inputs_and_the_first_parameters_alone():
    params = init_params([6, 5, 3], np.random.default_rng(0))
    x, y, before = floats(4, 6), np.array([0, 1, 2, 0]), {name: value.copy() for name, value in params.items()}
    x_before, y_before = x.copy(), y.copy()
    MLP(params, (0.2, 0.5), 0).step(x, y, 0.1, 0.9, 1.0)
    assert np.array_equal(x, x_before)
    assert np.array_equal(y, y_before)
    assert all(np.array_equal(params[name], before[name]) for name in params)


def test_max_norm_holds_after_every_step_for_hidden_layers_only():
    network, data = MLP(init_params([20, 30, 3], np.random.default_rng(0)), 0.0, 0), np.random.default_rng(1)
    for _ in range(5):
        network.step(data.random((8, 20), dtype=np.float32), data.integers(0, 3, 8), lr=5.0, momentum=0.9, limit=0.5)
        assert np.linalg.norm(network.params["W1"], axis=0).max() <= 0.5 * (1 + 1e-6)
    assert np.linalg.norm(network.params["W2"], axis=0).max() > 0.5


def test_scores_beyond_the_range_of_exp_give_a_finite_loss():
    network = MLP({"W1": np.eye(3), "b1": np.zeros(3)}, 0.0, 0)
    assert network.step(np.array([[500, -500, 0]], np.float32), np.array([1]), 0.1, 0.9) == pytest.approx(1000)
