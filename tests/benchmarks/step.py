"""One training step of 784-1024-1024-10: batch 128, dropout 0.2 and 0.5, momentum, float32."""

import itertools
import time

import numpy as np
import rounds
from rounds import Candidate

from dropout_lab.lab.fast.in_numpy import MLP
from dropout_lab.lab.fast.in_your_functions import YourMLP
from dropout_lab.network import init_params

SIZES, BATCH, P, LR, MOMENTUM = (784, 1024, 1024, 10), 128, (0.2, 0.5), 0.01, 0.9


def reference():
    return "PyTorch, 2 threads" if rounds.torch() else "NumPy, as in the lessons, 2 threads"


def run(count):
    """Rows for the step, and for its parts."""
    return rounds.rows(rounds.interleave(candidates(), count), reference(), table="step") + parts(5 * count)


def candidates(sizes=SIZES, batch=BATCH, p=P, only=()):
    """Every way to do it that is installed; `only` names some of them."""
    params, x, y = setting(sizes, batch)
    found = []
    for n, threads in ((1, "1 thread"), (2, "2 threads")):
        found += [
            Candidate(f"NumPy, as in the lessons, {threads}", numpy(YourMLP(params, p, 0), x, y), n),
            Candidate(f"lab/fast, {threads}", numpy(MLP(params, p, 0), x, y), n),
            Candidate(f"limit: its matrix products alone, {threads}", products(sizes, batch), n),
        ]
        if rounds.torch():
            found += [Candidate(f"PyTorch, {threads}", pytorch(params, p, x, y), n)]
    found += [Candidate("lab/fast without dropout, 2 threads", numpy(MLP(params, 0.0, 0), x, y), 2)]
    if rounds.torch():
        alone = pytorch_products(sizes, batch)
        found += [
            Candidate("PyTorch without dropout, 2 threads", pytorch(params, (0, 0), x, y), 2),
            Candidate("PyTorch's matrix products alone, 2 threads", alone, 2),
        ]
    if rounds.jax():
        found += [Candidate("JAX, jit, all threads", jax(params, p, x, y), 2)]
    return [c for c in found if not only or c.name in only]


def setting(sizes, batch):
    rng = np.random.default_rng(0)
    return (init_params(sizes, rng), rng.random((batch, sizes[0]), dtype=np.float32), rng.integers(0, sizes[-1], batch))


def numpy(net, x, y):
    return lambda: net.step(x, y, LR, MOMENTUM)


def products(sizes, batch):
    """Forward, the gradient of each W, and the gradient of each input but the first."""
    rng = np.random.default_rng(0)
    w = [rng.random(shape, dtype=np.float32) for shape in itertools.pairwise(sizes)]
    h = [rng.random((batch, size), dtype=np.float32) for size in sizes]
    out, dw = [np.empty_like(a) for a in h], [np.empty_like(a) for a in w]

    def call():
        for i, weights in enumerate(w):
            np.matmul(h[i], weights, out=out[i + 1])
        for i in range(len(w) - 1, -1, -1):
            np.matmul(h[i].T, h[i + 1], out=dw[i])
            if i:
                np.matmul(h[i + 1], w[i].T, out=out[i])

    return call


def parts(steps):
    """What a step of lab/fast is made of, timed inside it: rows with the median over the steps."""
    params, x, y = setting(SIZES, BATCH)
    net = _Timed(params, P, 0)
    found = []
    with rounds.threads(2):
        for _ in range(steps + 3):
            net.spent = dict.fromkeys(net.spent, 0.0)
            start = time.perf_counter()
            net.step(x, y, LR, MOMENTUM)
            found.append({"the step": time.perf_counter() - start, **net.spent})
    for row in found:
        row["matrix products, masks backward, loss"] = 2 * row["the step"] - sum(row.values())
    medians = {what: float(np.median([row[what] for row in found[3:]])) for what in found[0]}
    return [
        {
            "table": "parts of lab/fast's step, 2 threads",
            "what": what,
            "median_ms": 1e3 * seconds,
            "share": seconds / medians["the step"],
        }
        for what, seconds in medians.items()
    ]


class _Timed(MLP):
    """The step with a clock around some of its methods."""

    spent = dict.fromkeys(("input mask", "bias, ReLU, masks forward", "momentum and update"), 0.0)

    def _drop_inputs(self, *arguments):
        self._clock("input mask", super()._drop_inputs, arguments)

    def _activate(self, *arguments):
        self._clock("bias, ReLU, masks forward", super()._activate, arguments)

    def _update(self, *arguments):
        self._clock("momentum and update", super()._update, arguments)

    def _clock(self, what, method, arguments):
        start = time.perf_counter()
        method(*arguments)
        self.spent[what] += time.perf_counter() - start


def pytorch(params, p, x, y):
    torch = rounds.torch()
    nn, depth, layers = torch.nn, len(params) // 2, []
    for i in range(1, depth + 1):
        linear = nn.Linear(*params[f"W{i}"].shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(params[f"W{i}"].T))
            linear.bias.zero_()
        rate = p[0] if i == 1 else p[1]
        layers += [*([nn.Dropout(rate)] if rate else []), linear, *([nn.ReLU()] if i < depth else [])]
    net = nn.Sequential(*layers)
    descent, loss = torch.optim.SGD(net.parameters(), LR, MOMENTUM), nn.CrossEntropyLoss()
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def call():
        descent.zero_grad()
        value = loss(net(x), y)
        value.backward()
        descent.step()
        return value.item()

    return call


def pytorch_products(sizes, batch):
    torch = rounds.torch()
    w = [torch.rand(b, a) for a, b in itertools.pairwise(sizes)]
    h = [torch.rand(batch, size) for size in sizes]

    def call():
        for i, weights in enumerate(w):
            h[i] @ weights.T
        for i in range(len(w) - 1, -1, -1):
            h[i + 1].T @ h[i]
            if i:
                h[i + 1] @ w[i]

    return call


def jax(params, p, x, y):
    library = rounds.jax()
    random, numpy, depth = library.random, library.numpy, len(params) // 2

    def drop(h, rate, key):
        return numpy.where(random.bernoulli(key, 1 - rate, h.shape), h / (1 - rate), 0)

    def loss(params, key):
        keys = random.split(key, depth)
        h = drop(x, p[0], keys[0])
        for i in range(1, depth):
            h = drop(numpy.maximum(h @ params[f"W{i}"] + params[f"b{i}"], 0), p[1], keys[i])
        scores = h @ params[f"W{depth}"] + params[f"b{depth}"]
        return -library.nn.log_softmax(scores)[numpy.arange(len(y)), y].mean()

    def step(params, velocity, key):
        key, used = random.split(key)
        value, grads = library.value_and_grad(loss)(params, used)
        velocity = {name: MOMENTUM * velocity[name] - LR * grads[name] for name in params}
        return {name: params[name] + velocity[name] for name in params}, velocity, key, value

    step = library.jit(step, donate_argnums=(0, 1))
    x, y = numpy.asarray(x), numpy.asarray(y)
    start = {name: numpy.asarray(value, numpy.float32) for name, value in params.items()}
    state = [start, {name: numpy.zeros_like(value) for name, value in start.items()}, random.key(0)]

    def call():
        *state[:], value = step(*state)
        return value.block_until_ready()

    return call
