"""Mistakes in network.py: how the layers are put together."""

import copy
import itertools

import numpy as np

from dropout_lab.checks.mistakes import mistake
from dropout_lab.checks.mistakes.layers import _affine, _cross_entropy, _gradients


def _drawn(sizes, rng, spread=lambda fan_in, fan_out: (2 / fan_in) ** 0.5):
    return {f"W{i}": rng.normal(0, spread(a, b), (a, b)) for i, (a, b) in enumerate(itertools.pairwise(sizes), 1)} | {
        f"b{i}": np.zeros(b) for i, b in enumerate(sizes[1:], 1)
    }


def _mask(shape, dtype, p, rng, train):
    """The factors of inverted dropout, or None where nothing is dropped."""
    if not train or p == 0:
        return None
    return rng.binomial(1, 1 - p, shape).astype(dtype) / dtype.type(max(1 - p, 1e-300))


def _masked(x, mask):
    return x if mask is None else np.multiply(x, mask)


def _forward(params, x, p, rng, train=True):
    outer, inner = p if isinstance(p, (tuple, list)) else (0, p)
    depth = len(params) // 2
    tape, a = [], _masked(x, first := _mask(x.shape, x.dtype, outer, rng, train))
    for i in range(1, depth + 1):
        z, saved = _affine(a, params[f"W{i}"], params[f"b{i}"])
        if i == depth:
            return z, (first, tape, saved)
        mask = _mask(z.shape, z.dtype, inner, rng, train)
        a = _masked(np.where(z > 0, z, 0), mask)
        tape.append((saved, z > 0, mask))


def _backward(dscores, cache, through=lambda d, on: np.where(on, d, 0), layer=_gradients):
    _, tape, saved = cache
    grads, d = {}, dscores
    for i in range(len(tape) + 1, 0, -1):
        d, grads[f"W{i}"], grads[f"b{i}"] = layer(d, saved)
        if i > 1:
            saved, on, mask = tape[i - 2]
            d = through(_masked(d, mask), on)
    return grads


def _loss_and_gradients(params, x, y, p, rng, train=True):
    out, tape = _forward(params, x, p, rng, train)
    loss, d = _cross_entropy(out, y)
    return loss, _backward(d, tape)


# init_params


@mistake("A31", of="init_params", title="all weights start at 0")
def zeros(sizes, rng):
    """Units that start alike get the same gradient and stay alike; with zeros none passes on. Chance has to tell them
    apart.
    """
    return {k: np.zeros_like(v) for k, v in _drawn(sizes, rng).items()}


@mistake("A100", of="init_params", title="the variance is taken for the spread")
def no_root(sizes, rng):
    """N(0, 2 / fan-in) names a variance. Multiplying a random number by s gives the variance s squared."""
    return _drawn(sizes, rng, lambda fan_in, fan_out: 2 / fan_in)


@mistake("A101", of="init_params", title="the 2 is missing")
def without_relu(sizes, rng):
    """ReLU throws away half of the signal in every layer. The 2 makes up for it."""
    return _drawn(sizes, rng, lambda fan_in, fan_out: fan_in**-0.5)


@mistake("A102", of="init_params", title="divided by the number of outputs, not of inputs")
def fan_out_for_fan_in(sizes, rng):
    """A unit sums over its inputs: it is their number that makes the sum large."""
    return _drawn(sizes, rng, lambda fan_in, fan_out: (2 / fan_out) ** 0.5)


@mistake("A103", of="init_params", title="the spread does not depend on the layer")
def fixed_spread(sizes, rng):
    """0.01 is far too small for few inputs and about right for very many. The signal fades from layer to layer."""
    return _drawn(sizes, rng, lambda fan_in, fan_out: 0.01)


@mistake("A104", of="init_params", title="the weights are not scaled")
def standard_normal(sizes, rng):
    """A sum over many inputs of size 1 is large, and larger in every layer. The more inputs, the smaller the weights
    have to be.
    """
    return _drawn(sizes, rng, lambda fan_in, fan_out: 1.0)


@mistake("A105", of="init_params", title="uniform from 0 up, not around 0")
def positive(sizes, rng):
    """With positive weights alone, positive inputs make every unit fire: no ReLU ever cuts anything."""
    return {k: rng.random(v.shape) * (6 / len(v)) ** 0.5 if v.ndim == 2 else v for k, v in _drawn(sizes, rng).items()}


@mistake("A106", of="init_params", title="a uniform draw from minus s to s spreads less than s")
def uniform_limit(sizes, rng):
    """A uniform number between -s and s has the standard deviation s / sqrt(3)."""
    return {
        k: rng.uniform(-((2 / len(v)) ** 0.5), (2 / len(v)) ** 0.5, v.shape) if v.ndim == 2 else v
        for k, v in _drawn(sizes, rng).items()
    }


@mistake("A107", of="init_params", title="the average of inputs and outputs is used")
def glorot(sizes, rng):
    """That is Glorot's rule, made for tanh. For ReLU it is the inputs alone that count, and twice."""
    return _drawn(sizes, rng, lambda fan_in, fan_out: (2 / (fan_in + fan_out)) ** 0.5)


@mistake("A108", of="init_params", title="the same weights each time")
def own_seed(sizes, rng):
    """The caller's rng decides what is drawn. A seed inside the function makes every network start alike."""
    return _drawn(sizes, np.random.default_rng(0))


@mistake("A109", of="init_params", title="the weights do not come from rng")
def own_generator(sizes, rng):
    """Then nobody can repeat the experiment: the same rng in the same state has to give the same weights."""
    return _drawn(sizes, np.random.default_rng())


@mistake("A110", of="init_params", title="the biases are random")
def random_biases(sizes, rng):
    """The weights already tell the units apart. A bias starts at 0, so that at first a unit fires for half of the
    inputs.
    """
    return {k: v if v.ndim == 2 else rng.normal(0, 0.1, v.shape) for k, v in _drawn(sizes, rng).items()}


@mistake("A111", of="init_params", title="the layers are numbered from 0")
def from_zero(sizes, rng):
    """The first layer is W1 and b1, which is where `mlp_forward` looks for it."""
    return {f"{k[0]}{int(k[1:]) - 1}": v for k, v in _drawn(sizes, rng).items()}


@mistake("A112", of="init_params", title="the weights are transposed")
def outputs_first(sizes, rng):
    """A layer computes x w, with x of shape (N, D): w has its inputs along the first axis."""
    return {k: v.T for k, v in _drawn(sizes, rng).items()}


@mistake("A113", of="init_params", title="the last layer is missing")
def one_short(sizes, rng):
    """Four widths make three layers: one between each width and the next."""
    return _drawn(sizes[:-1], rng)


@mistake("A114", of="init_params", title="the parameters are float32")
def single(sizes, rng):
    """A gradient check needs float64. Training converts them when it wants to."""
    return {k: v.astype(np.float32) for k, v in _drawn(sizes, rng).items()}


@mistake(
    "A115", of="init_params", title="every layer is drawn from one seed", seen=("https://stackoverflow.com/q/45943281",)
)
def one_seed(sizes, rng):
    """Two layers of one size are then equal, and others share their numbers. Draw all of them from `rng`, one after the
    other.
    """
    seed, params = int(rng.integers(2**31)), {}
    for i, pair in enumerate(itertools.pairwise(sizes), 1):
        one = _drawn(pair, np.random.default_rng(seed))
        params |= {f"W{i}": one["W1"], f"b{i}": one["b1"]}
    return params


@mistake("A116", of="init_params", title="the weights come from a copy of rng")
def copied_generator(sizes, rng):
    """The caller's rng stays where it was, and the next network drawn from it is this one again."""
    return _drawn(sizes, copy.deepcopy(rng))


@mistake("A117", of="init_params", title="one random number is used for several weights")
def repeated_units(sizes, rng):
    """Units that start alike get the same gradient and stay alike. Every weight is a draw of its own."""
    return {
        k: np.repeat(v[:, : -(-v.shape[1] // 2)], 2, axis=1)[:, : v.shape[1]] if v.ndim == 2 else v
        for k, v in _drawn(sizes, rng).items()
    }


# mlp_forward


def _stack(
    params,
    x,
    affine=lambda a, w, b, i: np.matmul(a, w) + b,
    relu=lambda z: np.where(z > 0, z, 0),
    layers=None,
    last=lambda z: z,
):
    a = x
    depth = layers or len(params) // 2
    for i in range(1, depth + 1):
        z = affine(a, params[f"W{i}"], params[f"b{i}"], i)
        a = relu(z) if i < depth else last(z)
    return a, None


@mistake("A90", of="mlp_forward", title="ReLU on the scores")
def relu_on_scores(params, x, p, rng, train=True):
    """A score below 0 is how the network says no. The last layer has no ReLU; softmax takes scores of either sign."""
    return _stack(params, x, last=lambda z: np.where(z > 0, z, 0))


@mistake("A91", of="mlp_forward", title="no ReLU between the layers")
def linear(params, x, p, rng, train=True):
    """Affine layers in a row are one affine layer. What bends is the ReLU between them."""
    return _stack(params, x, relu=lambda z: z)


@mistake("A92", of="mlp_forward", title="the number of layers is fixed at two")
def always_two(params, x, p, rng, train=True):
    """How many layers there are stands in params: one W and one b for each."""
    return _stack(params, x, layers=2)


@mistake("A93", of="mlp_forward", title="probabilities are returned, not scores")
def softmax_inside(params, x, p, rng, train=True):
    """`softmax_cross_entropy` does the softmax, where it can be done without overflow. Here the scores come out as
    the last layer gives them.
    """

    def normalised(z):
        raised = np.exp(z - z.max(axis=1, keepdims=True))
        return raised / raised.sum(axis=1, keepdims=True)

    return _stack(params, x, last=normalised)


@mistake("A94", of="mlp_forward", title="the biases are left out")
def no_biases(params, x, p, rng, train=True):
    """Every layer has its b."""
    return _stack(params, x, affine=lambda a, w, b, i: np.matmul(a, w))


@mistake("A95", of="mlp_forward", title="the last layer is not applied")
def stops_early(params, x, p, rng, train=True):
    """The hidden units come out, where the scores should: one more affine layer turns them into one number for each
    class.
    """
    a = x
    for i in range(1, len(params) // 2):
        a = np.maximum(np.matmul(a, params[f"W{i}"]) + params[f"b{i}"], a.dtype.type(0))
    return a, None


@mistake("A96", of="mlp_forward", title="ReLU on the inputs")
def relu_first(params, x, p, rng, train=True):
    """An input may be negative and mean something. The first ReLU comes after the first affine layer."""
    return _stack(params, np.where(x > 0, x, 0))


@mistake("A97", of="mlp_forward", title="the cache is forgotten")
def no_cache(params, x, p, rng, train=True):
    """Two things come back: the scores, and whatever `mlp_backward` will need to undo the way."""
    return _stack(params, x)[0]


def _refusing(x, w, b):
    """As the student's `affine_forward`, which asks for the number of axes first."""
    if x.ndim != 2:
        raise ValueError("shapes")
    return _affine(x, w, b)


@mistake("A98", of="mlp_forward", title="what a layer returns is not taken apart")
def pair_handed_on(params, x, p, rng, train=True):
    """Every forward pass returns two things, the output and the cache. The next layer wants the output alone."""
    z, _ = _refusing(x, params["W1"], params["b1"])
    a = np.where(z > 0, z, 0), z > 0
    return _refusing(a, params["W2"], params["b2"])


@mistake("A99", of="mlp_forward", title="params are read by their place, not by their name")
def by_place(params, x, p, rng, train=True):
    """A dictionary may hold its entries in any order: "W1" is the first layer's wherever it stands."""
    arrays, a = list(params.values()), x
    for w, b in zip(arrays[:-2:2], arrays[1:-2:2], strict=True):
        a = np.where((z := np.matmul(a, w) + b) > 0, z, 0)
    return np.matmul(a, arrays[-2]) + arrays[-1], None


# mlp_backward; the cache is that of _forward


@mistake(
    "A18",
    of="mlp_backward",
    title="the gradient passes the ReLU as if it were not there",
    seen=("https://stackoverflow.com/questions/53287032",),
    beside={"mlp_forward": _forward},
)
def without_relu_slope(dscores, cache):
    """The last layer is right, the ones before it are not. On the way back each hidden unit that was cut to 0 lets
    nothing through.
    """
    return _backward(dscores, cache, through=lambda d, on: d)


@mistake(
    "A19",
    of="mlp_backward",
    title="the weights are updated before the gradient has passed through them",
    seen=("https://github.com/390introml/notes/pull/65",),
    beside={"mlp_forward": _forward},
)
def stepped_weights(dscores, cache):
    """The gradient belongs to the weights that made the scores. Finish the whole way back first; the step is another
    function's work.
    """

    def stepping(d, saved):
        _, w = saved
        _, dw, db = _gradients(d, saved)
        return np.matmul(d, (w - w.dtype.type(0.1) * dw).T), dw, db

    return _backward(dscores, cache, layer=stepping)


def _forward_noting(params, x, p, rng, train=True):
    out, tape = _forward(params, x, p, rng, train)
    return out, (tape, {})


@mistake(
    "A24b",
    of="mlp_backward",
    title="gradients pile up from call to call",
    seen=("https://github.com/karpathy/micrograd/issues/53",),
    beside={"mlp_forward": _forward_noting},
)
def piled_up(dscores, cache):
    """Each call answers for its own dscores. Start from an empty dictionary every time."""
    tape, totals = cache
    for k, g in _backward(dscores, tape).items():
        totals[k] = totals.get(k, 0) + g
    return dict(totals)


@mistake(
    "A120",
    of="mlp_backward",
    title="the slope of ReLU is applied to the sign of the gradient",
    beside={"mlp_forward": _forward},
)
def relu_of_gradient(dscores, cache):
    """`relu_forward` on the way back looks at the gradient. The question is which units were cut on the way forward."""
    return _backward(dscores, cache, through=lambda d, on: np.where(d > 0, d, 0))


@mistake("A121", of="mlp_backward", title="the layers are numbered from the output", beside={"mlp_forward": _forward})
def backwards_numbers(dscores, cache):
    """The way leads back, the numbers do not: W1 is the layer next to the input, and grads has the shapes of params."""
    grads = _backward(dscores, cache)
    depth = len(grads) // 2
    return {f"{k[0]}{depth + 1 - int(k[1:])}": g for k, g in grads.items()}


@mistake("A122", of="mlp_backward", title="the gradients of the biases are missing", beside={"mlp_forward": _forward})
def no_bias_gradients(dscores, cache):
    """Every array of params has a gradient of the same name."""
    return {k: g for k, g in _backward(dscores, cache).items() if k[0] == "W"}


@mistake(
    "A123",
    of="mlp_backward",
    title="the gradients are divided by the batch size again",
    seen=("https://github.com/SkalskiP/ILearnDeepLearning.py/issues/29",),
    beside={"mlp_forward": _forward},
)
def mean_again(dscores, cache):
    """The 1/N of the mean is already in dscores. From there on it is sums."""
    return {k: g / len(dscores) for k, g in _backward(dscores, cache).items()}


@mistake("A124", of="mlp_backward", title="only the last layer gets a gradient", beside={"mlp_forward": _forward})
def last_layer_only(dscores, cache):
    """What `affine_backward` gives as dx is the dout of the layer below. It goes on until the input."""
    grads = _backward(dscores, cache)
    depth = str(len(grads) // 2)
    return {k: g if k[1:] == depth else np.zeros_like(g) for k, g in grads.items()}


@mistake("A125", of="mlp_backward", title="a ReLU's slope on the scores", beside={"mlp_forward": _forward})
def slope_on_scores(dscores, cache):
    """The last layer has no ReLU, so nothing is cut before its backward pass."""
    return _backward(np.where(dscores > 0, dscores, 0), cache)


def _forward_outside(params, x, p, rng, train=True):
    out, _last["cache"] = _forward(params, x, p, rng, train)
    return out, None


_last = {}


@mistake(
    "A126",
    of="mlp_backward",
    title="the cache is kept outside of the functions",
    beside={"mlp_forward": _forward_outside},
)
def of_last_call(dscores, cache):
    """A later forward pass, on the held-out images, say, then changes what the backward pass of an earlier one gives.
    What forward found travels in the cache that it returns.
    """
    return _backward(dscores, _last["cache"])


@mistake("A127", of="mlp_backward", title="dx and dw are exchanged", beside={"mlp_forward": _forward})
def exchanged(dscores, cache):
    """`affine_backward` gives dx first: that is what goes on to the layer below. dw comes second."""

    def in_another_order(d, saved, last=cache[2]):
        dx, dw, db = _gradients(d, saved)
        return (dx, dw, db) if saved is last else (dw, dx, db)

    return _backward(dscores, cache, layer=in_another_order)


# loss_and_grads


@mistake(
    "A26",
    of="loss_and_grads",
    title="a penalty on the weights is in the loss but not in the gradient",
    seen=("https://github.com/dennybritz/nn-from-scratch/issues/13",),
)
def penalty_in_loss(params, x, y, p, rng, train=True):
    """Loss and gradient have to belong to the same function, and this one has no penalty."""
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    return loss + 5e-6 * sum((v**2).sum() for k, v in params.items() if k[0] == "W"), grads


@mistake(
    "B12",
    of="loss_and_grads",
    title="a penalty on the weights is in the gradient but not in the loss",
    seen=("https://github.com/dennybritz/nn-from-scratch/issues/13",),
)
def penalty_in_gradient(params, x, y, p, rng, train=True):
    """Loss and gradient have to belong to the same function, and this one has no penalty."""
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    return loss, {k: g + params[k].dtype.type(1e-5) * params[k] if k[0] == "W" else g for k, g in grads.items()}


@mistake(
    "A27",
    of="loss_and_grads",
    title="a penalty on the biases is in the gradient",
    seen=("https://github.com/JWarmenhoven/Coursera-Machine-Learning/issues/3",),
)
def penalty_on_biases(params, x, y, p, rng, train=True):
    """It pulls the biases to 0, for which nothing in the loss asks."""
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    return loss, {k: g + params[k].dtype.type(1e-5) * params[k] if k[0] == "b" else g for k, g in grads.items()}


@mistake("A130", of="loss_and_grads", title="the gradient starts from the scores, not from dscores")
def from_scores(params, x, y, p, rng, train=True):
    """The way back starts with the gradient of the loss with respect to the scores, which `softmax_cross_entropy`
    gives as its second value.
    """
    out, tape = _forward(params, x, p, rng, train)
    return _cross_entropy(out, y)[0], _backward(out, tape)


@mistake("A131", of="loss_and_grads", title="the scores are returned instead of the loss")
def scores_for_loss(params, x, y, p, rng, train=True):
    """The loss is the first value of `softmax_cross_entropy`: one number for the batch."""
    return _forward(params, x, p, rng, train)[0], _loss_and_gradients(params, x, y, p, rng, train)[1]


@mistake("A132", of="loss_and_grads", title="dscores is returned instead of the gradients of the parameters")
def only_dscores(params, x, y, p, rng, train=True):
    """That is where the way back starts. `mlp_backward` goes it, to a gradient for each array of params."""
    return _cross_entropy(_forward(params, x, p, rng, train)[0], y)


@mistake("A133", of="loss_and_grads", title="the step is already taken")
def steps_too(params, x, y, p, rng, train=True):
    """This function only looks: it gives the loss and which way is down. Moving the parameters is the optimiser's
    part.
    """
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    for k, g in grads.items():
        params[k] -= params[k].dtype.type(0.1) * g
    return loss, grads


@mistake("A134", of="loss_and_grads", title="the gradients are divided by N once more")
def gradients_divided_again(params, x, y, p, rng, train=True):
    """The loss is a mean, and dscores is its gradient, the 1/N included. From there on it is sums."""
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    return loss, {k: g / len(x) for k, g in grads.items()}


@mistake("A135", of="loss_and_grads", title="the loss is divided by N once more")
def loss_divided_again(params, x, y, p, rng, train=True):
    """What `softmax_cross_entropy` returns is the mean over the batch already."""
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    return loss / len(x), grads


@mistake("A27b", of="loss_and_grads", title="a penalty on weights and biases is in the gradient, not in the loss")
def penalty_on_all(params, x, y, p, rng, train=True):
    """Loss and gradient have to belong to the same function, and this one has no penalty."""
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    return loss, {k: g + params[k].dtype.type(1e-5) * params[k] for k, g in grads.items()}


@mistake("A26b", of="loss_and_grads", title="a penalty on the weights is in the loss and in the gradient")
def penalty_in_both(params, x, y, p, rng, train=True):
    """They belong together, but this function is the cross-entropy alone. A penalty would be the optimiser's, or a
    function's of its own.
    """
    loss, grads = penalty_in_gradient(params, x, y, p, rng, train)
    return loss + 5e-6 * sum((v**2).sum() for k, v in params.items() if k[0] == "W"), grads


@mistake("A136", of="loss_and_grads", title="train is not handed on")
def train_forgotten(params, x, y, p, rng, train=True):
    """At test time units are still dropped, and the loss there is that of another network at each call."""
    return _loss_and_gradients(params, x, y, p, rng)


@mistake("A137", of="loss_and_grads", title="a generator of its own draws the coins")
def own_coins(params, x, y, p, rng, train=True):
    """With a seed inside, every mini-batch drops the same units. The caller's `rng` is handed on as it is."""
    return _loss_and_gradients(params, x, y, p, np.random.default_rng(0), train)


@mistake("A138", of="loss_and_grads", title="p is not handed on")
def rate_forgotten(params, x, y, p, rng, train=True):
    """Whatever p says, nothing is dropped. `mlp_forward` has to be given the p that came in."""
    return _loss_and_gradients(params, x, y, 0.0, rng, train)


@mistake("A139", of="loss_and_grads", title="loss and gradients come from two forward passes")
def two_passes(params, x, y, p, rng, train=True):
    """Each forward pass drops other units, so the gradients belong to another network than the loss. One pass gives
    both: scores and cache.
    """
    loss, _ = _cross_entropy(_forward(params, x, p, rng, train)[0], y)
    return loss, _loss_and_gradients(params, x, y, p, rng, train)[1]


RIGHT = {
    "init_params": _drawn,
    "mlp_forward": _forward,
    "mlp_backward": _backward,
    "loss_and_grads": _loss_and_gradients,
}
