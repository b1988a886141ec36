"""The layers of PyTorch, Keras and JAX, audited: live where they are installed, and what was recorded of them."""

import json

import pytest

from dropout_lab.audit import audit
from dropout_lab.lab import frameworks

RECORDED = json.loads(frameworks.RECORD.read_text("utf-8"))
DROP_ENTRIES = {"nn.Dropout", "F.dropout", "keras.layers.Dropout", "flax.linen.Dropout", "equinox.nn.Dropout"}


def test_five_of_eight_layers_drop_single_entries():
    assert set(frameworks.conventions()) == DROP_ENTRIES
    assert {name for name, row in RECORDED.items() if row["verdict"] == "not_dropout"} == set(
        frameworks.LAYERS
    ) - DROP_ENTRIES


@pytest.mark.parametrize("name", [name for name, (package, *_) in frameworks.LAYERS.items() if package == "torch"])
def test_what_was_recorded_of_pytorch_is_what_it_does(name):
    pytest.importorskip("torch", reason="PyTorch is not installed: the extra torch")
    live = frameworks.found(name)
    assert {key: live[key] for key in live if key != "version"} == {
        key: RECORDED[name][key] for key in live if key != "version"
    }


def test_a_module_of_pytorch_that_ignores_eval_is_active_at_test_time():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the extra torch")

    class Dropout(torch.nn.Module):
        def __init__(self, p=0.5):
            super().__init__()
            self.p = p

        def forward(self, x):
            return x * (torch.rand_like(x) > self.p) / (1 - self.p)

    found = audit(Dropout)
    assert (found.verdict, found.mistakes[0]["id"]) == ("wrong", "C40")


def test_an_autograd_function_with_an_unscaled_gradient_is_named():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: the extra torch")

    class Dropout(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, p, training=True):
            mask = (torch.rand(x.shape) > p).to(x.dtype) if training else torch.ones_like(x)
            ctx.save_for_backward(mask)
            return x * mask / (1 - p) if training else x

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output * ctx.saved_tensors[0], None, None

    found = audit(Dropout)
    assert (found.verdict, found.mistakes[0]["id"]) == ("wrong", "C21")


def test_a_function_of_jax_with_a_key_is_driven():
    jax = pytest.importorskip("jax", reason="JAX is not installed")

    def dropout(x, key, rate=0.5, train=True):
        if not train:
            return x
        return jax.numpy.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0.0)

    found = audit(dropout)
    assert (found.verdict, found.framework) == ("right", "jax"), str(found)
