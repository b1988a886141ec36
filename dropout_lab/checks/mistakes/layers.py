"""Mistakes in layers.py: group A, backpropagation."""

import numpy as np

from dropout_lab.checks.mistakes import mistake


def _affine(x, w, b):
    return np.matmul(x, w) + b, (x, w)


def _gradients(dout, cache):
    x, w = cache
    return np.einsum("nh,dh->nd", dout, w), np.einsum("nd,nh->dh", x, dout), np.einsum("nh->h", dout)


def _relu(x):
    return np.where(x > 0, x, 0), x > 0


def _relu_gradient(dout, positive):
    return np.where(positive, dout, 0)


def _log_softmax(scores):
    away = scores - scores.max(axis=1, keepdims=True)
    return away - np.log(np.exp(away).sum(axis=1, keepdims=True))


def _cross_entropy(scores, y):
    logs = _log_softmax(scores)
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return -(hot * logs).sum() / len(y), (np.exp(logs) - hot) / len(y)


# affine_forward


@mistake("A33", of="affine_forward", title="the output takes the integer type of the input")
def integer_output(x, w, b):
    """A pixel is an integer from 0 to 255; a weighted sum of pixels is not. Let the product decide its own type."""
    return (np.matmul(x, w) + b).astype(x.dtype), (x, w)


@mistake("A40", of="affine_forward", title="b is not added")
def no_bias(x, w, b):
    """Without b every output is 0 for an input of zeros, whatever is learned."""
    return np.matmul(x, w), (x, w)


@mistake("A41", of="affine_forward", title="negative outputs are cut to 0")
def relu_inside(x, w, b):
    """ReLU is a layer of its own. This one is a sum of products and nothing else; its outputs may be negative."""
    return np.where((out := np.matmul(x, w) + b) > 0, out, 0), (x, w)


@mistake("A42", of="affine_forward", title="everything is made float64")
def promoted(x, w, b):
    """A float64 array in the product makes all of it float64, at twice the memory. Leave x as it came."""
    return np.matmul(x.astype(float), w) + b, (x, w)


@mistake("A43", of="affine_forward", title="x is multiplied by w the other way round")
def transposed_weights(x, w, b):
    """x is (N, D) and w is (D, H): the D of one meets the D of the other without turning w."""
    return np.matmul(x, w.T) + b, (x, w)


@mistake("A44", of="affine_forward", title="the sum is written into b")
def bias_overwritten(x, w, b):
    """`b += ...` changes the b that the caller holds, and the next batch starts from it."""
    out = np.matmul(x, w) + b
    b += out.sum(axis=0).astype(b.dtype)
    return out, (x, w)


@mistake("A44c", of="affine_forward", title="axes of length 1 are squeezed away")
def squeezed_output(x, w, b):
    """One sample is a batch of one, and one unit a layer of one: the output keeps both axes, (N, H)."""
    return np.squeeze(np.matmul(x, w) + b), (x, w)


# affine_backward


def _accumulating(x, w, b):
    return np.matmul(x, w) + b, (x, w, [0, 0, 0])


@mistake(
    "A24",
    of="affine_backward",
    title="gradients pile up from call to call",
    seen=("https://github.com/karpathy/micrograd/issues/53",),
    beside={"affine_forward": _accumulating},
)
def accumulated(dout, cache):
    """Each call answers for its own dout. What an earlier call found must not be added to it."""
    x, w, totals = cache
    totals[:] = [total + grad for total, grad in zip(totals, _gradients(dout, (x, w)), strict=True)]
    return tuple(totals)


@mistake(
    "A01",
    of="affine_backward",
    title="the gradient of b is not summed over the batch",
    seen=("https://datascience.stackexchange.com/questions/20139",),
)
def unsummed_bias(dout, cache):
    """b is one vector that serves every sample, so every sample has a say in its gradient."""
    dx, dw, _ = _gradients(dout, cache)
    return dx, dw, dout


@mistake(
    "A02",
    of="affine_backward",
    title="the gradient of b is one number for all units",
    seen=("https://github.com/rasbt/stat453-deep-learning-ss21/issues/5",),
)
def bias_of_everything(dout, cache):
    """Each unit has a b of its own. Sum over the samples that share it, and not over the units."""
    dx, dw, db = _gradients(dout, cache)
    return dx, dw, db.sum()


@mistake(
    "A03",
    of="affine_backward",
    title="the gradient of b is averaged over the batch instead of summed",
    seen=("https://github.com/kvfrans/notes/issues/5",),
)
def mean_bias(dout, cache):
    """If the loss is a mean, the 1/N is already in dout. Dividing again does it twice."""
    dx, dw, db = _gradients(dout, cache)
    return dx, dw, db / len(dout)


@mistake(
    "A04",
    of="affine_backward",
    title="the gradient of b is taken from the gradient of w",
    seen=("https://github.com/rust0258/Deeplearning.ai-Natural-Language-Processing-Specialization/issues/62",),
)
def bias_from_weights(dout, cache):
    """dw already holds x. The output moves with b at rate 1, so x has no place in its gradient."""
    dx, dw, _ = _gradients(dout, cache)
    return dx, dw, dw.sum(axis=0)


@mistake(
    "A06",
    of="affine_backward",
    title="the gradient of w is divided by the batch size",
    seen=("https://github.com/SkalskiP/ILearnDeepLearning.py/issues/29", "https://github.com/d2l-ai/d2l-en/pull/1000"),
)
def mean_weights(dout, cache):
    """If the loss is a mean, the 1/N is already in dout. This layer only sums."""
    dx, dw, db = _gradients(dout, cache)
    return dx, dw / len(dout), db


@mistake("A20", of="affine_backward", title="the gradient of w is transposed")
def transposed(dout, cache):
    """A gradient has the shape of what it belongs to: w is (D, H), so dw is (D, H)."""
    dx, dw, db = _gradients(dout, cache)
    return dx, dw.T, db


@mistake("A45", of="affine_backward", title="w is not transposed on the way to dx")
def weights_not_turned(dout, cache):
    """dout is (N, H), dx is (N, D), w is (D, H). Which way round does w take H to D?"""
    x, w = cache
    return np.matmul(dout, w), np.matmul(x.T, dout), np.einsum("nh->h", dout)


@mistake("A46", of="affine_backward", title="the gradient of b is summed over the units instead of the samples")
def wrong_axis(dout, cache):
    """db has one entry for each unit, so the axis that goes away is that of the samples."""
    dx, dw, _ = _gradients(dout, cache)
    return dx, dw, dout.sum(axis=1)


@mistake("A47", of="affine_backward", title="the gradient of b kept an axis of length 1")
def kept_axis(dout, cache):
    """b has shape (H,), and so has its gradient. Added to b, a (1, H) turns b into (1, H) as well."""
    dx, dw, db = _gradients(dout, cache)
    return dx, dw, db[None]


@mistake("A48", of="affine_backward", title="the three gradients come in another order")
def other_order(dout, cache):
    """The order is dx, dw, db, as the docstring has it."""
    dx, dw, db = _gradients(dout, cache)
    return dw, db, dx


@mistake("A49", of="affine_backward", title="the gradient of x is multiplied by x")
def times_input(dout, cache):
    """How fast does the output move with x? That rate is w alone; x itself is not in it."""
    dx, dw, db = _gradients(dout, cache)
    return dx * cache[0], dw, db


@mistake("A49b", of="affine_backward", title="axes of length 1 are squeezed away")
def squeezed_gradients(dout, cache):
    """A gradient has the shape of what it belongs to, also where an axis has length 1."""
    return tuple(np.squeeze(g) for g in _gradients(dout, cache))


@mistake("A03b", of="affine_backward", title="all three gradients are divided by the batch size")
def everything_averaged(dout, cache):
    """If the loss is a mean, its 1/N is already in dout, and comes through to dx, dw and db by itself."""
    return tuple(g / len(dout) for g in _gradients(dout, cache))


@mistake("A03c", of="affine_backward", title="dout is divided by the batch size, and in place")
def averaged_in_place(dout, cache):
    """If the loss is a mean, its 1/N is already in dout. `dout /= ...` changes the caller's array besides."""
    dout /= len(dout)
    return _gradients(dout, cache)


_last = {}


def _affine_outside(x, w, b):
    _last["affine"] = x, w
    return np.matmul(x, w) + b, None


@mistake(
    "A49c",
    of="affine_backward",
    title="the cache is kept outside of the functions",
    beside={"affine_forward": _affine_outside},
)
def affine_of_last_call(dout, cache):
    """A network runs the forward pass once for each layer before any backward pass. What each found belongs into the
    cache that it returns.
    """
    return _gradients(dout, _last["affine"])


# relu_forward


@mistake("A50", of="relu_forward", title="the sign is taken away instead of the negative part")
def absolute(x):
    """max(x, 0) makes -2 a 0. The absolute value makes it a 2."""
    return np.abs(x), x > 0


@mistake("A51", of="relu_forward", title="the output is 1 where x was positive")
def step_function(x):
    """That is the slope of ReLU, 0 or 1. Its value is x where x is positive."""
    return (x > 0).astype(x.dtype), x > 0


@mistake("A52", of="relu_forward", title="the positive half is cut, not the negative")
def upside_down(x):
    """max(x, 0) never goes below 0; min(x, 0) never goes above."""
    return np.where(x < 0, x, 0), x < 0


@mistake("A53", of="relu_forward", title="negative entries leak through")
def leaky(x):
    """Leaky ReLU is another function. Here everything below 0 becomes 0."""
    return np.where(x > 0, x, x * x.dtype.type(0.01)), x > 0


@mistake("A54", of="relu_forward", title="x is cut in place")
def relu_in_place(x):
    """The values are right, but the caller's x is gone: the layer below still needs what it put out."""
    positive = x > 0
    x[~positive] = 0
    return x, positive


@mistake("A55", of="relu_forward", title="one maximum is taken for the whole array")
def one_maximum(x):
    """`np.max(x, 0)` looks for the largest entry along axis 0. Entry by entry is another function of NumPy."""
    return np.max(x, 0), x > 0


@mistake("A55b", of="relu_forward", title="axes of length 1 are squeezed away")
def squeezed_relu(x):
    """The output has the shape of x, also where an axis has length 1."""
    return np.squeeze(np.where(x > 0, x, 0)), x > 0


@mistake("A55c", of="relu_forward", title="large outputs are cut as well")
def relu_six(x):
    """ReLU6 is another function. This one has no upper limit: what is positive passes as it is."""
    return np.clip(x, 0, x.dtype.type(6)), x > 0


# relu_backward


@mistake(
    "A14",
    of="relu_backward",
    title="the gradient from above is left out",
    seen=("https://github.com/yizt/numpy_neural_network/issues/3",),
)
def slope_alone(dout, positive):
    """The slope of this layer is one factor of the chain rule. What came from above is the other."""
    return positive.astype(dout.dtype)


@mistake("A15", of="relu_backward", title="the sign of dout decides, not the sign of x")
def mask_of_gradient(dout, positive):
    """A unit passed its input on where x was positive. Whether dout is positive says nothing about that."""
    return np.where(dout > 0, dout, 0)


def _relu_with_zeros(x):
    return np.where(x > 0, x, 0), x >= 0


@mistake(
    "A16",
    of="relu_backward",
    title="at x = 0 the gradient passes",
    beside={"relu_forward": _relu_with_zeros},
    seen=("https://github.com/iamtrask/Grokking-Deep-Learning/pull/13",),
)
def not_strict(dout, positive):
    """A dropped unit has an input of exactly 0 in the next layer; letting its gradient pass would undo the drop. The
    slope at 0 is taken as 0.
    """
    return np.where(positive, dout, 0)


@mistake("A17", of="relu_backward", title="dout is cut in place")
def in_place(dout, positive):
    """The values are right, but whoever passed dout has lost it: a second branch would get the cut one."""
    dout[~positive] = 0
    return dout


@mistake("A58", of="relu_backward", title="the gradient passes everywhere")
def no_slope(dout, positive):
    """Where x was negative the output stays 0 whatever x does: no gradient gets through there."""
    return dout.copy()


@mistake(
    "A56",
    of="relu_backward",
    title="dout is multiplied by x instead of by the slope",
    beside={"relu_forward": lambda x: (np.where(x > 0, x, 0), x)},
)
def times_value(dout, x):
    """Where x is positive the output moves as fast as x does: the slope is 1, however large x is."""
    return dout * np.where(x > 0, x, 0)


@mistake("A57", of="relu_backward", title="the gradient passes where x is negative")
def complement(dout, positive):
    """The two sides are exchanged: the gradient passes where forward passed x on."""
    return np.where(positive, 0, dout)


@mistake(
    "A59",
    of="relu_backward",
    title="the forward pass is returned once more",
    beside={"relu_forward": lambda x: (np.where(x > 0, x, 0), x)},
)
def forward_again(dout, x):
    """A gradient is made of what comes from above and of the slope of this layer. Neither of them is in `relu(x)`."""
    return np.where(x > 0, x, 0)


def _relu_outside(x):
    _last["relu"] = x > 0
    return np.where(x > 0, x, 0), None


@mistake(
    "A59b",
    of="relu_backward",
    title="the cache is kept outside of the functions",
    beside={"relu_forward": _relu_outside},
)
def relu_of_last_call(dout, cache):
    """A network runs the forward pass once for each layer before any backward pass. What each found belongs into the
    cache that it returns.
    """
    return np.where(_last["relu"], dout, 0)


@mistake("A59c", of="relu_backward", title="axes of length 1 are squeezed away")
def squeezed_relu_gradient(dout, positive):
    """The gradient has the shape of dout, also where an axis has length 1."""
    return np.squeeze(np.where(positive, dout, 0))


# softmax_cross_entropy


@mistake(
    "A05",
    of="softmax_cross_entropy",
    title="the loss is a mean, the gradient is not divided by N",
    seen=("https://stackoverflow.com/questions/65275522", "https://github.com/janchorowski/nn_assignments/pull/21"),
)
def gradient_of_sum(scores, y):
    """A mean over N samples moves by 1/N of what each sample moves. Without it the learning rate grows with the
    batch.
    """
    loss, dscores = _cross_entropy(scores, y)
    return loss, dscores * len(y)


@mistake(
    "A06b",
    of="softmax_cross_entropy",
    title="the gradient is divided by N twice",
    seen=("https://github.com/SkalskiP/ILearnDeepLearning.py/issues/29",),
)
def divided_twice(scores, y):
    """The mean brings in one 1/N. Training N times too slowly looks like a learning rate that is too small."""
    loss, dscores = _cross_entropy(scores, y)
    return loss, dscores / len(y)


@mistake("A07", of="softmax_cross_entropy", title="exp overflows for large scores")
def no_shift(scores, y):
    """The same number added to every score of a sample changes no probability. Which number keeps exp from
    overflowing?
    """
    powers = np.exp(scores)
    probs = powers / powers.sum(axis=1, keepdims=True)
    hot = np.eye(scores.shape[1])[y]
    return -(np.log((probs * hot).sum(axis=1))).mean(), ((probs - hot) / len(y)).astype(scores.dtype)


@mistake(
    "A08",
    of="softmax_cross_entropy",
    title="the probabilities are normalised over the whole batch",
    seen=("https://github.com/nntrainer/nntrainer/pull/430", "https://github.com/ethanfetaya/NRI/issues/25"),
)
def over_the_batch(scores, y):
    """Each sample has its own probabilities, which sum to 1. Other samples of the batch have no say in them."""
    away = scores - scores.max()
    logs = away - np.log(np.exp(away).sum())
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return -(hot * logs).sum() / len(y), (np.exp(logs) - hot) / len(y)


@mistake(
    "A08b", of="softmax_cross_entropy", title="the probabilities are normalised over the samples instead of the classes"
)
def over_the_samples(scores, y):
    """scores is (N, C): each row is a sample, and along the row its classes share the 1."""
    logs = _log_softmax(scores.T).T
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return -(hot * logs).sum() / len(y), (np.exp(logs) - hot) / len(y)


@mistake(
    "A09",
    of="softmax_cross_entropy",
    title="the probabilities are overwritten before the loss is taken from them",
    seen=("https://cs231n.github.io/neural-networks-case-study/",),
)
def alias(scores, y):
    """`d = probs` is a second name for the same array. Subtracting 1 from d takes it from probs as well, and the log
    of what is left is nan.
    """
    probs = np.exp(_log_softmax(scores))
    d = probs
    d[range(len(y)), y] -= 1
    return -np.log(probs[range(len(y)), y]).mean(), d / len(y)


@mistake(
    "A10",
    of="softmax_cross_entropy",
    title="the slope of softmax is multiplied in a second time",
    seen=("https://github.com/mnielsen/neural-networks-and-deep-learning/pull/77",),
)
def slope_twice(scores, y):
    """Probabilities minus the right answer is the gradient with respect to the scores: the slope of softmax is
    already in it.
    """
    loss, dscores = _cross_entropy(scores, y)
    probs = np.exp(_log_softmax(scores))
    return loss, dscores * probs * (1 - probs)


@mistake(
    "A21",
    of="softmax_cross_entropy",
    title="the loss sums every pair of classes",
    seen=("https://community.deeplearning.ai/t/week3-programming-assignment-4-4-compute-the-cost/18646/6",),
)
def outer_product(scores, y):
    """A matrix product of labels and logs mixes classes. Of each sample only the right class's log counts."""
    hot = np.eye(scores.shape[1])[y]
    return -np.matmul(hot.T, _log_softmax(scores)).sum() / len(y), _cross_entropy(scores, y)[1]


@mistake(
    "A32",
    of="softmax_cross_entropy",
    title="the log of a probability that rounded to 0",
    seen=("https://github.com/sar-gupta/neural-network-from-scratch/issues/10",),
)
def log_of_zero(scores, y):
    """exp(-1000) is 0 in floating point, and its log is minus infinity. The log of a quotient is a difference: take
    it before exp rounds.
    """
    hot = np.eye(scores.shape[1])[y]
    picked = (np.exp(_log_softmax(scores)) * hot).sum(axis=1)
    return -np.log(picked).mean(), _cross_entropy(scores, y)[1]


@mistake("A60", of="softmax_cross_entropy", title="the loss is summed over the batch, not averaged")
def summed_loss(scores, y):
    """A mean over the samples does not grow with the batch, so that losses of different batches can be compared."""
    loss, dscores = _cross_entropy(scores, y)
    return loss * len(y), dscores


@mistake("A61", of="softmax_cross_entropy", title="loss and gradient are both N times too large")
def everything_summed(scores, y):
    """Both belong to the mean over the samples. As a sum, the step of a descent grows with the batch."""
    loss, dscores = _cross_entropy(scores, y)
    return loss * len(y), dscores * len(y)


@mistake("A62", of="softmax_cross_entropy", title="the loss lacks the logarithm")
def no_log(scores, y):
    """The loss of a sample is -log of the right class's probability: 0 when the network is sure and right, without
    bound when it is sure and wrong.
    """
    probs = np.exp(_log_softmax(scores))
    return -probs[range(len(y)), y].mean(), _cross_entropy(scores, y)[1]


@mistake("A63", of="softmax_cross_entropy", title="the loss has the wrong sign")
def negative_loss(scores, y):
    """The log of a probability is negative. A loss is positive, and smaller when the network is better."""
    loss, dscores = _cross_entropy(scores, y)
    return -loss, dscores


@mistake(
    "A64",
    of="softmax_cross_entropy",
    title="a small number is added before the log, or probabilities are cut at it",
)
def clipped_log(scores, y):
    """It hides an infinity and puts a wrong loss in its place. The log of a quotient is a difference: taken before exp
    rounds to 0, it leaves nothing to hide.
    """
    hot = np.eye(scores.shape[1])[y]
    picked = (np.exp(_log_softmax(scores)) * hot).sum(axis=1)
    return -np.log(picked + 1e-30).mean(), _cross_entropy(scores, y)[1]


@mistake("A65", of="softmax_cross_entropy", title="the gradient is the probabilities alone")
def no_label(scores, y):
    """Where is the label in the gradient? The score of the right class has to rise, that of every other to fall."""
    loss, _ = _cross_entropy(scores, y)
    return loss, np.exp(_log_softmax(scores)) / len(y)


@mistake("A66", of="softmax_cross_entropy", title="the gradient has the wrong sign")
def uphill(scores, y):
    """A gradient points uphill, and a step goes against it. This one already points downhill."""
    loss, dscores = _cross_entropy(scores, y)
    return loss, -dscores


@mistake("A66b", of="softmax_cross_entropy", title="at the right class 1 is added, not taken away")
def one_added(scores, y):
    """A step against the gradient has to raise the right class's score: there the gradient is below 0."""
    loss, dscores = _cross_entropy(scores, y)
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return loss, dscores + 2 * hot / len(y)


@mistake("A69e", of="softmax_cross_entropy", title="the label is subtracted as a number, from every class")
def label_subtracted(scores, y):
    """A label names a class. 1 is taken from the probability of that one, and 0 from the others."""
    loss, _ = _cross_entropy(scores, y)
    return loss, ((np.exp(_log_softmax(scores)) - y[:, None]) / len(y)).astype(scores.dtype)


@mistake("A67", of="softmax_cross_entropy", title="each sample's loss is returned, not their mean")
def loss_per_sample(scores, y):
    """The loss is a single number for the batch: the mean over its samples."""
    return -_log_softmax(scores)[range(len(y)), y], _cross_entropy(scores, y)[1]


@mistake("A68", of="softmax_cross_entropy", title="the scores are shifted in place")
def scores_shifted(scores, y):
    """The values are right, but the caller's scores are gone. `a = a - m` makes a new array; `a -= m` does not."""
    scores -= scores.max(axis=1, keepdims=True)
    return _cross_entropy(scores, y)


@mistake("A69", of="softmax_cross_entropy", title="the sums of the rows lost their axis")
def lost_axis(scores, y):
    """A sum over the classes has shape (N,), and a (N, C) cannot be divided by that. `keepdims=True` leaves (N, 1)."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    probs = powers / powers.sum(axis=1)
    return -np.log(probs[range(len(y)), y]).mean(), probs


@mistake("A69b", of="softmax_cross_entropy", title="the loss charges every sample with the labels of all")
def all_labels_in_loss(scores, y):
    """`[:, y]` takes, of every row, a column for each label of the batch: (N, N) numbers. Of row i only the one at
    y[i] is wanted.
    """
    return -_log_softmax(scores)[:, y].mean(), _cross_entropy(scores, y)[1]


@mistake("A69c", of="softmax_cross_entropy", title="the loss is a sum over samples and the labels of all")
def all_labels_summed(scores, y):
    """`[:, y]` takes, of every row, a column for each label of the batch. N numbers are wanted; the mean is their sum
    divided by N.
    """
    return -_log_softmax(scores)[:, y].sum() / len(y), _cross_entropy(scores, y)[1]


@mistake("A69d", of="softmax_cross_entropy", title="the gradient charges every sample with the labels of all")
def all_labels_in_gradient(scores, y):
    """`[:, y]` takes whole columns. In row i of the gradient only the entry at y[i] differs from the probability."""
    dscores = np.exp(_log_softmax(scores))
    dscores[:, y] -= 1
    return _cross_entropy(scores, y)[0], dscores / len(y)


def _from_probs(probs, y):
    hot = np.eye(probs.shape[1], dtype=probs.dtype)[y]
    return -np.log((probs * hot).sum(axis=1)).mean(), (probs - hot) / len(y)


def _shifted_by(scores, shift):
    raised = np.exp(scores - shift)
    return raised / raised.sum(axis=1, keepdims=True)


@mistake(
    "A07b",
    of="softmax_cross_entropy",
    title="one maximum for the whole batch",
    seen=("https://stackoverflow.com/questions/34968722",),
)
def maximum_of_the_batch(scores, y):
    """Where another sample has scores 1000 higher, every exp of this one is 0 and 0/0 is nan. Each row has a maximum of
    its own.
    """
    return _from_probs(_shifted_by(scores, scores.max()), y)


@mistake("A07c", of="softmax_cross_entropy", title="the maximum is taken over the samples instead of the classes")
def maximum_of_columns(scores, y):
    """Only a number that is the same for all classes of a sample leaves its probabilities as they are. Which axis does
    the maximum run along?
    """
    return _from_probs(_shifted_by(scores, scores.max(axis=0)), y)


@mistake("A07d", of="softmax_cross_entropy", title="the maximum is subtracted outside of exp")
def maximum_outside(scores, y):
    """`exp(s) - m` shifts the exponentials, not the scores, and makes some negative. The maximum comes off first."""
    powers = np.exp(scores) - scores.max(axis=1, keepdims=True)
    return _from_probs(powers / powers.sum(axis=1, keepdims=True), y)


@mistake("A07e", of="softmax_cross_entropy", title="the scores are shifted by the right class's, not by the largest")
def shifted_by_right_class(scores, y):
    """Any shift leaves the probabilities as they are, but only the largest score keeps exp in range: where the right
    class lies far below, exp of the others overflows.
    """
    away = scores - scores[range(len(y)), y][:, None]
    total = np.exp(away).sum(axis=1, keepdims=True)
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return np.log(total).mean(), (np.exp(away) / total - hot) / len(y)


@mistake("A07f", of="softmax_cross_entropy", title="the scores are shifted by their mean, not by the largest")
def shifted_by_mean(scores, y):
    """The mean is far below a score that stands out, and exp of that one overflows. Shifted by the largest, none is
    above 0.
    """
    away = scores - scores.mean(axis=1, keepdims=True)
    total = np.exp(away).sum(axis=1, keepdims=True)
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return (np.log(total) - (away * hot).sum(axis=1, keepdims=True)).mean(), (np.exp(away) / total - hot) / len(y)


@mistake("A64b", of="softmax_cross_entropy", title="a small number is added to the sum of the exponentials")
def padded_sum(scores, y):
    """Shifted by the largest score, one of the exponentials is 1 and the sum is never 0. Nothing has to be added, and
    what is added is in every probability.
    """
    away = scores - scores.max(axis=1, keepdims=True)
    logs = away - np.log(np.exp(away).sum(axis=1, keepdims=True) + scores.dtype.type(1e-8))
    hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    return -(hot * logs).sum() / len(y), (np.exp(logs) - hot) / len(y)


RIGHT = {
    "affine_forward": _affine,
    "affine_backward": _gradients,
    "relu_forward": _relu,
    "relu_backward": _relu_gradient,
    "softmax_cross_entropy": _cross_entropy,
}
