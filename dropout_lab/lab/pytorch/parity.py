"""What PyTorch does: asked live where it is installed, otherwise read from arrays that were recorded from it.

`python -m dropout_lab.lab.pytorch.parity` records them again, with the version that it found.
"""

import itertools
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

RECORD = Path(__file__).with_name("recorded.npz")
LIVE = find_spec("torch") is not None
P, RATES, SIZES = 0.3, (0.2, 0.5), (20, 16, 12, 4)


def source():
    """Where the answers come from, in words."""
    if LIVE:
        return f"PyTorch {_torch().__version__.split('+')[0]}, asked live"
    return f"arrays recorded from PyTorch {np.load(RECORD)['version']}"


@cache
def ask(question):
    """PyTorch's answer to one of `QUESTIONS`, as a dictionary of arrays."""
    if LIVE:
        return QUESTIONS[question]()
    with np.load(RECORD) as record:
        return {key.split("/")[1]: record[key] for key in record.files if key.startswith(f"{question}/")}


def layer_inputs():
    """x and dout, float32, for one layer."""
    rng = np.random.default_rng(11)
    return rng.normal(size=(8, 6)).astype(np.float32), rng.normal(size=(8, 6)).astype(np.float32)


def network_inputs():
    """params, x and y, float32, for a network of two hidden layers."""
    rng, params = np.random.default_rng(12), {}
    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(SIZES), start=1):
        params[f"W{i}"] = rng.normal(scale=0.4, size=(fan_in, fan_out)).astype(np.float32)
        params[f"b{i}"] = rng.normal(scale=0.1, size=fan_out).astype(np.float32)
    x = rng.normal(size=(32, SIZES[0])).astype(np.float32)
    return params, x, rng.integers(0, SIZES[-1], len(x))


def module(params):
    """The same network as an `nn.Module`: dropout on the input (N, D) and after each ReLU."""
    torch = _torch()
    linear = [torch.nn.Linear(*params[f"W{i}"].shape) for i in (1, 2, 3)]
    for i, layer in enumerate(linear, start=1):
        layer.weight.data = torch.from_numpy(params[f"W{i}"].T.copy())  # PyTorch keeps w as (out, in)
        layer.bias.data = torch.from_numpy(params[f"b{i}"].copy())
    drop_input, drop_hidden = RATES
    return torch.nn.Sequential(
        torch.nn.Dropout(drop_input),
        linear[0],
        torch.nn.ReLU(),
        torch.nn.Dropout(drop_hidden),
        linear[1],
        torch.nn.ReLU(),
        torch.nn.Dropout(drop_hidden),
        linear[2],
    )


def layer_runner(x, dout, p):
    """A function that runs `nn.Dropout` forward and backward once, on x and dout of one shape."""
    torch = _torch()
    tensor, grad, layer = torch.from_numpy(x).requires_grad_(), torch.from_numpy(dout), torch.nn.Dropout(p)

    def run():
        tensor.grad = None
        layer(tensor).backward(grad)

    return run


def _torch():
    import torch

    return torch


def _layer():
    torch = _torch()
    x, dout = layer_inputs()
    tensor = torch.from_numpy(x).requires_grad_()
    layer = torch.nn.Dropout(P)
    torch.manual_seed(5)
    out = layer(tensor)
    out.backward(torch.from_numpy(dout))
    test = layer.eval()(tensor)
    return {"out": out.detach().numpy(), "dx": tensor.grad.numpy(), "test": test.detach().numpy()}


def _edges():
    torch = _torch()
    x, _ = layer_inputs()
    answers = {}
    for p in (0.0, 1.0):
        tensor = torch.from_numpy(x).requires_grad_()
        out = torch.nn.Dropout(p)(tensor)
        out.sum().backward()
        answers |= {f"out at {p:g}": out.detach().numpy(), f"dx at {p:g}": tensor.grad.numpy()}
    return answers


def _default():
    torch = _torch()
    torch.manual_seed(6)
    out = torch.nn.functional.dropout(torch.ones(100_000)).numpy()
    return {"zeros": np.float64((out == 0).mean()), "kept": np.float64(out.max())}


def _network():
    torch = _torch()
    params, x, y = network_inputs()
    net = module(params)
    torch.manual_seed(7)
    loss = torch.nn.functional.cross_entropy(net(torch.from_numpy(x)), torch.from_numpy(y))
    loss.backward()
    torch.manual_seed(7)  # the same coins again, seen on ones of the same shapes
    masks = [
        layer(torch.ones(len(x), width)).numpy() > 0
        for layer, width in zip((net[0], net[3], net[6]), SIZES[:3], strict=True)
    ]
    answers = {"loss": loss.detach().numpy(), **{f"mask{i}": mask for i, mask in enumerate(masks)}}
    for i, layer in enumerate((net[1], net[4], net[7]), start=1):
        answers |= {f"W{i}": layer.weight.grad.numpy().T.copy(), f"b{i}": layer.bias.grad.numpy()}
    return answers


def _modes():
    """For each way to run a network that was meant for testing: do two predictions on one input agree?"""
    torch = _torch()
    nn, functional = torch.nn, torch.nn.functional
    x = torch.ones(4, 50)

    class Forgetful(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear, self.hidden = nn.Linear(50, 50), [nn.Dropout(0.5)]

        def forward(self, x):
            return functional.dropout(self.linear(x), 0.5)

    class Fresh(Forgetful):
        def forward(self, x):
            return nn.Dropout(0.5)(self.linear(x))

    class Listed(Forgetful):
        def forward(self, x):
            return self.hidden[0](self.linear(x))

    def agree(net):
        with torch.no_grad():
            return np.bool_(torch.equal(net(x), net(x)))

    def usual():
        return nn.Sequential(nn.Linear(50, 50), nn.Dropout(0.5))

    torch.manual_seed(8)
    mentioned, back = usual(), usual()
    mentioned.eval  # noqa: B018 - the missing brackets are the point
    back.eval()
    return {
        "eval()": agree(usual().eval()),
        "nothing at all": agree(usual()),
        "only no_grad()": agree(usual()),
        "eval without ()": agree(mentioned),
        "functional.dropout without training=": agree(Forgetful().eval()),
        "a new nn.Dropout in forward": agree(Fresh().eval()),
        "nn.Dropout in a plain list": agree(Listed().eval()),
        "never back to train()": agree(back),
    }


QUESTIONS = {"layer": _layer, "edges": _edges, "default": _default, "network": _network, "modes": _modes}


def record(path=RECORD):
    """Ask PyTorch everything and keep the answers."""
    arrays = {"version": np.array(_torch().__version__.split("+")[0])}
    for question, answer in QUESTIONS.items():
        arrays |= {f"{question}/{key}": np.asarray(value) for key, value in answer().items()}
    path.parent.mkdir(exist_ok=True)
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    record()
    print(f"{RECORD}: PyTorch {np.load(RECORD)['version']}, {RECORD.stat().st_size // 1024} kB")
