"""Mistakes in a network with dropout. Each is one whole network: forward, loss and gradients, wrong in one thing.

Where a number of group C fits, it is kept; M marks what only a network can get wrong.
"""

import numpy as np

from dropout_lab.checks.mistakes import mistake
from dropout_lab.checks.mistakes.dropout_masks import IDLE, backward, dropout_forward, inverse


class Network:
    """Affine, ReLU and dropout, layer by layer. A mistake overrides one method."""

    def rates(self, p):
        return p if isinstance(p, tuple) else (0.0, p)

    def drop(self, h, p, rng, train, layer):
        """Dropout of the inputs (layer 0) or of a hidden layer."""
        return dropout_forward(h, p, rng, train)

    def undrop(self, dh, mask, layer):
        return backward(dh, mask)

    def hidden(self, params, i, h, p, rng, train):
        """(output, what backward needs) of hidden layer i."""
        w, b = params[f"W{i}"], params[f"b{i}"]
        z = np.einsum("nd,dh->nh", h, w) + b
        out, mask = self.drop(np.maximum(z, 0), p, rng, train, i)
        return out, (h, w, z > 0, mask)

    def hidden_back(self, dout, kept, i):
        h, w, positive, mask = kept
        dz = np.where(positive, self.undrop(dout, mask, i), 0)
        return np.einsum("nh,dh->nd", dz, w), np.einsum("nd,nh->dh", h, dz), dz

    def scores(self, h, w, b, p, rng, train):
        return np.einsum("nh,hc->nc", h, w) + b, IDLE

    def mlp_forward(self, params, x, p, rng, train=True):
        p_in, p_hidden = self.rates(p)
        depth = len(params) // 2
        h, _ = self.drop(x, p_in, rng, train, 0)
        layers = []
        for i in range(1, depth):
            h, kept = self.hidden(params, i, h, p_hidden, rng, train)
            layers.append(kept)
        out, last_mask = self.scores(h, params[f"W{depth}"], params[f"b{depth}"], p_hidden, rng, train)
        return out, (layers, h, params[f"W{depth}"], last_mask)

    def mlp_backward(self, dscores, cache):
        layers, h, w, last_mask = cache
        depth = len(layers) + 1
        dscores = backward(dscores, last_mask)
        grads = {f"W{depth}": np.einsum("nh,nc->hc", h, dscores), f"b{depth}": np.einsum("nc->c", dscores)}
        dh = np.einsum("nc,hc->nh", dscores, w)
        for i in reversed(range(1, depth)):
            dh, dw, dz = self.hidden_back(dh, layers[i - 1], i)
            grads[f"W{i}"], grads[f"b{i}"] = dw, np.einsum("nh->h", dz)
        return grads

    def probabilities(self, scores, p, rng, train):
        powers = np.exp(scores - scores.max(axis=1)[:, None])
        return powers / powers.sum(axis=1)[:, None]

    def loss_and_grads(self, params, x, y, p, rng, train=True):
        scores, cache = self.mlp_forward(params, x, p, rng, train)
        probabilities = self.probabilities(scores, self.rates(p)[1], rng, train)
        one_hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
        loss = float(-np.log((probabilities * one_hot).sum(axis=1)).sum() / len(y))
        return loss, self.mlp_backward((probabilities - one_hot) / len(y), cache)

    def functions(self):
        return {name: getattr(self, name) for name in ("mlp_forward", "mlp_backward", "loss_and_grads")}


def network(id, title, seen=()):
    """Register a kind of network; the docstring of its class is the sentence for the student."""

    def register(cls):
        functions = cls().functions()

        def mlp_forward(params, x, p, rng, train=True):
            return functions["mlp_forward"](params, x, p, rng, train)

        mlp_forward.__doc__ = cls.__doc__
        mistake(id, of="mlp_dropout", title=title, seen=seen, beside=functions)(mlp_forward)
        return cls

    return register


@network("M01", "the network has no dropout yet: p changes nothing")
class NoDropout(Network):
    """This is still the network of lesson 03. After the activation of each hidden layer comes dropout;
    the inputs have a rate too."""

    def drop(self, h, p, rng, train, layer):
        return h, IDLE


@network("M02", "one rate is applied to the inputs as well")
class InputsToo(Network):
    """One rate is for the hidden layers alone. `rates(p)` gives the pair, with 0 for the inputs."""

    def rates(self, p):
        return p if isinstance(p, tuple) else (p, p)


@network("M03", "the pair is read the wrong way round: (hidden, input)")
class PairReversed(Network):
    """Data go in first, and so does their rate: (input rate, hidden rate)."""

    def rates(self, p):
        return p[::-1] if isinstance(p, tuple) else (0.0, p)


@network("M04", "the input rate is ignored")
class InputsKept(Network):
    """x is dropped too, at the first rate of the pair, before the first layer sees it."""

    def rates(self, p):
        return (0.0, p[1]) if isinstance(p, tuple) else (0.0, p)


@network("M05", "only the last hidden layer is dropped")
class LastOnly(Network):
    """Every hidden layer is followed by dropout. What in the loop runs only once?"""

    def mlp_forward(self, params, x, p, rng, train=True):
        self.depth = len(params) // 2
        return super().mlp_forward(params, x, p, rng, train)

    def drop(self, h, p, rng, train, layer):
        return dropout_forward(h, p, rng, train) if layer in (0, self.depth - 1) else (h, IDLE)


@network("M06", "only the first hidden layer is dropped")
class FirstOnly(Network):
    """Every hidden layer is followed by dropout. What in the loop runs only once?"""

    def drop(self, h, p, rng, train, layer):
        return dropout_forward(h, p, rng, train) if layer <= 1 else (h, IDLE)


@network("M07", "the hidden layers are not dropped, the inputs are")
class InputsOnly(Network):
    """The output of each hidden layer goes through dropout before the next layer gets it. Is its result used?"""

    def drop(self, h, p, rng, train, layer):
        return dropout_forward(h, p, rng, train) if layer == 0 else (h, IDLE)


@network("M08", "`loss_and_grads` does not hand `train` on: the test loss has dropout in it")
class TrainForgotten(Network):
    """`loss_and_grads` is told whether this is training. Who else needs to know?"""

    def loss_and_grads(self, params, x, y, p, rng, train=True):
        return super().loss_and_grads(params, x, y, p, rng or np.random.default_rng())


@network("M09", "`loss_and_grads` makes a generator of its own: every mini-batch meets the same masks")
class OwnGenerator(Network):
    """Hand the `rng` that came in to `mlp_forward`, so that each mini-batch has coins of its own."""

    def loss_and_grads(self, params, x, y, p, rng, train=True):
        return super().loss_and_grads(params, x, y, p, np.random.default_rng(0), train)


@network("M10", "`loss_and_grads` does not hand the pair on: the input rate is lost")
class PairForgotten(Network):
    """p may be one rate or (input rate, hidden rate); `mlp_forward` knows what to do with either."""

    def loss_and_grads(self, params, x, y, p, rng, train=True):
        return super().loss_and_grads(params, x, y, p[1] if isinstance(p, tuple) else p, rng, train)


@network("C20", "the backward pass of the network skips dropout")
class BackwardWithout(Network):
    """Every layer of the forward pass has its backward pass, in reverse order; dropout is a layer."""

    def undrop(self, dh, mask, layer):
        return dh


@network("C21", "the backward pass of the network masks and does not scale")
class BackwardUnscaled(Network):
    """`dropout_backward` does both. What stands in its place?"""

    def undrop(self, dh, mask, layer):
        return backward(dh, (mask[0], 1.0))


@network(
    "C40",
    "dropout is still active at test time: `train` is not handed on",
    seen=("https://github.com/d2l-ai/d2l-en/issues/1093", "https://github.com/IBM/pytorch-seq2seq/issues/33"),
)
class AlwaysOn(Network):
    """`mlp_forward` is told whether this is training. Who else needs to know?"""

    def drop(self, h, p, rng, train, layer):
        return dropout_forward(h, p, rng or np.random.default_rng(), True)


@network("C41", "training and test time are exchanged")
class Exchanged(Network):
    """It drops with train=False and not with train=True. Read the condition aloud."""

    def drop(self, h, p, rng, train, layer):
        return dropout_forward(h, p, rng or np.random.default_rng(), not train)


@network(
    "C42",
    "a new generator with a fixed seed in every call: always the same masks",
    seen=("https://community.deeplearning.ai/t/inverted-dropout-killing-nodes-or-stabbing-training-examples/49593/2",),
)
class Seeded(Network):
    """Hand the `rng` that came in to every layer. A generator made here gives each mini-batch the same coins."""

    def mlp_forward(self, params, x, p, rng, train=True):
        return super().mlp_forward(params, x, p, np.random.default_rng(0), train)


@network("C44", "the generator passed in is ignored")
class OtherGenerator(Network):
    """With all coins from `rng`, the same generator state repeats a run exactly, and a gradient can be checked."""

    def mlp_forward(self, params, x, p, rng, train=True):
        return super().mlp_forward(params, x, p, np.random.default_rng(), train)


class _Weights(Network):
    """A first hidden layer in which something other than its output is dropped."""

    def hidden_back(self, dout, kept, i):
        (h, w, positive, _), _ = kept
        dz = np.where(positive, dout, 0)
        return np.einsum("nh,dh->nd", dz, w), np.einsum("nd,nh->dh", h, dz), dz


def _coins(rng, shape, p):
    return rng.uniform(size=shape) < 1 - p


@network("C56", "the mask comes before the bias: a dropped unit puts out its bias")
class BeforeBias(_Weights):
    """A dropped unit is silent, bias included. Where in the layer does dropout belong?"""

    def hidden(self, params, i, h, p, rng, train):
        w, b = params[f"W{i}"], params[f"b{i}"]
        z, mask = dropout_forward(np.einsum("nd,dh->nh", h, w), p, rng, train)
        return np.maximum(z + b, 0), ((h, w, z + b > 0, IDLE), mask)

    def hidden_back(self, dout, kept, i):
        (h, w, positive, _), mask = kept
        dz = np.where(positive, dout, 0)
        dm = backward(dz, mask)
        return np.einsum("nh,dh->nd", dm, w), np.einsum("nd,nh->dh", h, dm), dz


@network("C57", "columns of W are zeroed, not outputs: the same units for all samples, and their biases stay")
class Columns(_Weights):
    """W serves the whole batch, so its zeros hit every sample alike. Dropout acts on what a layer puts out."""

    def hidden(self, params, i, h, p, rng, train):
        w, b = params[f"W{i}"], params[f"b{i}"]
        w = w * _coins(rng, w.shape[1], p) if train else w
        z = np.einsum("nd,dh->nh", h, w) + b
        return np.maximum(z, 0), ((h, w, z > 0, IDLE), None)


@network("C58", "single weights are dropped, not outputs: that is DropConnect")
class Weights(_Weights):
    """DropConnect is a relative of dropout, in lesson 10. Here a unit is dropped whole, for one sample at a time."""

    def hidden(self, params, i, h, p, rng, train):
        w, b = params[f"W{i}"], params[f"b{i}"]
        w = w * _coins(rng, w.shape, p) * inverse(p) if train else w
        z = np.einsum("nd,dh->nh", h, w) + b
        return np.maximum(z, 0), ((h, w, z > 0, IDLE), None)


@network("C59", "the mask is applied to the gradients of the weights, not to activations")
class GradientsDropped(NoDropout):
    """The forward pass is that of lesson 03, so no unit was ever dropped. Skipping some updates is not dropout."""

    def loss_and_grads(self, params, x, y, p, rng, train=True):
        loss, grads = super().loss_and_grads(params, x, y, p, rng, train)
        return loss, {k: v * _coins(rng, v.shape, 0.5) if k[0] == "W" else v for k, v in grads.items()}


@network("C60", "the scores are dropped too", seen=("https://stackoverflow.com/questions/38125657",))
class ScoresDropped(Network):
    """A dropped score is 0, which is a score like any other, and may be the largest.
    Dropout stays between the layers."""

    def scores(self, h, w, b, p, rng, train):
        return dropout_forward(np.einsum("nh,hc->nc", h, w) + b, p, rng, train)


@network("C61", "the probabilities are dropped: the loss becomes infinite")
class ProbabilitiesDropped(Network):
    """A dropped probability is 0 and its logarithm infinite, and a row no longer sums to 1."""

    def probabilities(self, scores, p, rng, train):
        return dropout_forward(super().probabilities(scores, p, rng, train), p, rng, train)[0]


@network("C66", "every layer is seeded alike: equally wide layers lose the same units")
class SameCoins(Network):
    """Two generators with one seed throw the same coins. Let all layers draw from the one `rng`."""

    def mlp_forward(self, params, x, p, rng, train=True):
        self.seed = int(rng.integers(2**32)) if train else 0
        return super().mlp_forward(params, x, p, rng, train)

    def drop(self, h, p, rng, train, layer):
        return dropout_forward(h, p, np.random.default_rng(self.seed + (layer == 0)), train)


@network("C30", "one mask for the whole batch: all samples lose the same units")
class Shared(Network):
    """Every sample has a mask of its own. What is handed to `dropout_forward`?"""

    def drop(self, h, p, rng, train, layer):
        if not train:
            return h, IDLE
        keep = np.broadcast_to(_coins(rng, h.shape[1], p), h.shape)
        return np.where(keep, h * inverse(p), 0), (keep, inverse(p))


@network("C45", "the inputs are changed in place")
class InPlace(Network):
    """The next epoch needs the data again. With a new array, nothing is lost."""

    def mlp_forward(self, params, x, p, rng, train=True):
        out, cache = super().mlp_forward(params, x.copy(), p, rng, train)
        if train and self.rates(p)[0]:
            x *= 0.5
        return out, cache


RIGHT = {}  # network.py's own bank has the right network without dropout; here each mistake brings its whole network
