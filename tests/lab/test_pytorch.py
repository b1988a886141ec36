"""The completed functions against PyTorch: live where it is installed, against the recorded arrays everywhere."""

import numpy as np
import pytest

from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.lab.pytorch import parity
from dropout_lab.lab.pytorch.agreed_masks import AgreedCoins, same_mask
from dropout_lab.network import loss_and_grads

ROUNDING = 2e-6  # a few units in the last place of float32 numbers of size 1 to 10


@pytest.fixture(params=["live", "recorded"])
def ask(request, monkeypatch):
    """`parity.ask`, made to use one source."""
    if request.param == "live" and not parity.LIVE:
        pytest.skip("PyTorch is not installed (extra: torch); the recorded arrays are used instead")
    monkeypatch.setattr(parity, "LIVE", request.param == "live")
    parity.ask.cache_clear()
    yield parity.ask
    parity.ask.cache_clear()


def test_with_the_same_mask_the_layer_is_nn_dropout(ask):
    theirs, (x, dout) = ask("layer"), parity.layer_inputs()
    out, cache = same_mask(dropout_forward, x, parity.P, theirs["out"] != 0)
    np.testing.assert_allclose(out, theirs["out"], atol=ROUNDING, rtol=0)
    np.testing.assert_allclose(dropout_backward(dout, cache), theirs["dx"], atol=ROUNDING, rtol=0)
    np.testing.assert_array_equal(dropout_forward(x, parity.P, None, train=False)[0], theirs["test"])


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_edges_are_those_of_nn_dropout(ask, p):
    x, _ = parity.layer_inputs()
    out, cache = dropout_forward(x, p, np.random.default_rng(0))
    np.testing.assert_array_equal(out, ask("edges")[f"out at {p:g}"])
    np.testing.assert_array_equal(dropout_backward(np.ones_like(x), cache), ask("edges")[f"dx at {p:g}"])


def test_with_the_same_masks_the_network_is_an_nn_module(ask):
    theirs, (params, x, y) = ask("network"), parity.network_inputs()
    coins = AgreedCoins([theirs["mask0"], theirs["mask1"], theirs["mask2"]], dropout_forward)
    loss, grads = loss_and_grads(params, x, y, parity.RATES, coins)
    assert abs(loss - theirs["loss"]) < ROUNDING
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, theirs[name], atol=ROUNDING, rtol=0, err_msg=name)


def test_only_eval_and_a_forgotten_train_are_in_test_mode(ask):
    assert [way for way, equal in ask("modes").items() if equal] == ["eval()", "never back to train()"]


def test_functional_dropout_is_on_by_default(ask):
    sd = np.sqrt(0.25 / 100_000)
    assert abs(ask("default")["zeros"] - 0.5) < 6.5 * sd
    assert ask("default")["kept"] == 2


@pytest.mark.parametrize("keeps", [lambda u, p: u >= p, lambda u, p: u < 1 - p], ids=["u >= p", "u < 1 - p"])
def test_coins_lead_either_comparison_to_the_same_mask(keeps):
    def forward(x, p, rng, train=True):
        mask = keeps(rng.uniform(size=x.shape), p)
        return x * mask, mask

    mask = np.random.default_rng(0).random((5, 4)) < 0.5
    assert np.array_equal(same_mask(forward, np.ones((5, 4)), 0.3, mask)[1], mask)


def test_a_layer_that_cannot_be_led_is_told_so():
    def forward(x, p, rng, train=True):
        mask = np.random.default_rng(0).random(x.shape) > p
        return x * mask, mask

    with pytest.raises(ValueError, match="could not be led"):
        same_mask(forward, np.ones((5, 4)), 0.3, np.eye(5, 4) == 0)
