# %% [markdown]
# # 05 · Zeroing neurons
#
# **You will** build the layer that the question proposes, find out what its backward pass must do, train it, and meet it again at test time.\
# **You need** lessons 01 to 04: `layers.py`, `gradcheck.py`, `init_params` and `sgd_momentum` complete.\
# **Minutes:** 70.

# %% tags=["setup"]
import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.dropout import zeroing_backward, zeroing_forward
from dropout_lab.gradcheck import gradient_check
from dropout_lab.lab.data import digits
from dropout_lab.lab.figures.drawn_network import plot_thinned
from dropout_lab.lab.figures.dropout import (
    plot_flow,
    plot_gradient_error,
    plot_masks,
    plot_means,
)
from dropout_lab.lab.figures.start import plot_one_sample
from dropout_lab.lab.figures.training import plot_curves
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.dropout import explore_masks
from dropout_lab.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    softmax_cross_entropy,
)
from dropout_lab.network import init_params, softmax
from dropout_lab.training import sgd_momentum

# %% [markdown]
# ## The proposal
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?

# %%
plot_one_sample(np.random.default_rng(5))

# %% [markdown]
# This lesson takes every word of it seriously, in three parts: zeroing, forward; "unchanged", backward; and the time
# that the question does not mention, when the trained network is used.
#
# Throughout the course **p is the probability to drop**.
# (The paper of Srivastava et al. writes p for the probability to *keep*. So do some libraries. Look before you copy a formula.)
#
# ## Zeroing
#
# A layer's output `x` has N rows, one for each sample, and H columns, one for each unit. To zero entries at random, multiply by
# a mask $m$ of the same shape, in which each entry is 0 with probability $p$ and else 1, by its own coin:
#
# $$out_{nh} = x_{nh}\,m_{nh} \qquad P(m_{nh} = 0) = p$$
#
# **Build 5.1 · `zeroing_forward`** · ●○○ · 10 minutes · three lines\
# In `dropout_lab/dropout.py`. Draw one random number per entry from `rng` and compare; a comparison gives an array of True and False.
# `x` may have any number of axes. At test time the function's description asks for a factor instead of a mask. The proposal has no
# such factor. Put it in for now: the last part of the lesson takes it out again, to see what it is for.
# Stuck? `hint("zeroing_forward")`.

# %%
check("zeroing_forward")

# %% [markdown]
# Lesson 00 asked which of three pictures is dropout. Here is what your layer does to a mini-batch in which every input is 1.

# %%
zero = zeroing_forward(np.ones((12, 32)), 0.3, np.random.default_rng(5))[0] == 0
alike_in_a_column, alike_in_a_row = (zero == zero[0]).all(), (zero == zero[:, :1]).all()
reveal("which reading is dropout", "A" if alike_in_a_column else "C" if alike_in_a_row else "B")
plot_masks(zeroing_forward, p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# Each output has its own coin, and a coin is not a quota: about three in ten of the squares are pale, seldom exactly that many.
# No two rows are alike, so within one mini-batch every sample meets another, thinner network:

# %%
plot_thinned(zeroing_forward, (4, 6, 6, 2), p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# The next picture has controls. Press *new mini-batch* a few times, then try p = 0 and p = 1.

# %%
explore_masks(zeroing_forward, p=0.3)

# %% [markdown]
# ## Does backward change?
#
# The proposal says: zero some outputs, and leave the rest of the step alone. Forward, that was one line. Backward, "alone" can mean
# two things: the gradient flows through the layer as if nothing had happened, or it flows through what the layer now *is*.
#
# To find out, take one sample of 12 units, and as the loss a weighted sum of the outputs. Every time the loss is asked for, the generator
# starts from the same seed, so the mask is always the same: it is **frozen**. Otherwise the loss would jump by itself, and a nudge would
# tell nothing. Lesson 07 comes back to that.

# %%
x = np.random.default_rng(1).uniform(0.5, 1.5, 12)
weights = np.random.default_rng(2).uniform(0.5, 1.5, 12)


def loss(x):
    out, _ = zeroing_forward(x, 0.3, np.random.default_rng(5))
    return (weights * out).sum()


# %% [markdown]
# **Predict.** One unit was dropped for this sample. If you nudge its input by 0.001, by how much does the loss move?

# %%
predict("a dropped unit's input is nudged by 0.001: the loss moves by", ...)

# %% tags=["nbval-check-output"]
out, _ = zeroing_forward(x, 0.3, np.random.default_rng(5))
dropped, kept = np.argmax(out == 0), np.argmax(out != 0)
moved = {unit: loss(x + 0.001 * (np.arange(12) == unit)) - loss(x) for unit in (dropped, kept)}
reveal("a dropped unit's input is nudged by 0.001: the loss moves by", moved[dropped])
print(
    "for a kept unit, divided by 0.001 and its weight:",
    rounded(moved[kept] / weights[kept] / 0.001),
)

# %% [markdown]
# ▸ after you have run it
#
# The loss did not move. A dropped unit's input has no way to reach the loss, so its derivative is exactly 0, and any backward
# pass that sends something else there is wrong. For a kept unit the loss moves by the nudge times the weight, as without dropout.

# %% [markdown]
# Now let the gradient check of lesson 02 say it. `backward_unmasked` is the first reading of "unchanged": pass the gradient on as it came.


# %% tags=["nbval-check-output"]
def backward_unmasked(dout, cache):
    return dout


_, cache = zeroing_forward(x, 0.3, np.random.default_rng(5))
grads = {"x": backward_unmasked(weights, cache)}
errors = gradient_check(lambda params: loss(params["x"]), {"x": x}, grads)
show(relative_error_is_below_1e_7=errors["x"] < 1e-7)

# %%
plot_gradient_error(zeroing_forward, backward_unmasked, x, p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# **Build 5.2 · `zeroing_backward`** · ●○○ · 5 minutes · one line\
# In `dropout_lab/dropout.py`. The forward pass multiplied by something, at test time too; by the chain rule, so does the backward pass.
# Decide in `zeroing_forward` what to put in the cache. Stuck? `hint("zeroing_backward")`.

# %%
check("zeroing_backward")

# %%
plot_gradient_error(zeroing_forward, zeroing_backward, x, p=0.3, rng=np.random.default_rng(5))
plot_flow(zeroing_forward, zeroing_backward, p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# Right at every unit. The second figure shows why: at each unit the backward pass multiplies by what the forward pass multiplied by.
# The mask is drawn once, in forward, and used twice.
#
# ## In a network, who notices?
#
# The layer has no parameters of its own, so a wrong backward pass shows only in the gradients of others. Here it stands between the
# two layers of a network, with its backward pass as an argument.


# %%
def step(params, x, y, p, rng, backward):
    """The loss of affine, ReLU, zeroing, affine, and its gradients."""
    z, first = affine_forward(x, params["W1"], params["b1"])
    a, kinks = relu_forward(z)
    h, zeroed = zeroing_forward(a, p, rng)
    out, second = affine_forward(h, params["W2"], params["b2"])
    value, dout = softmax_cross_entropy(out, y)
    dh, dW2, db2 = affine_backward(dout, second)
    dz = relu_backward(backward(dh, zeroed), kinks)
    _, dW1, db1 = affine_backward(dz, first)
    return value, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


# %% [markdown]
# **Predict.** With `backward_unmasked` in place, how many of the four gradients are wrong: `W1`, `b1`, `W2`, `b2`?

# %%
predict("without the mask in backward, wrong gradients of four", ...)

# %% tags=["nbval-check-output"]
data = np.random.default_rng(7)
batch, labels = data.standard_normal((8, 5)), data.integers(0, 3, 8)
params = init_params([5, 6, 3], np.random.default_rng(8))
params["b1"] = params["b1"] + 1.0  # away from the kinks
right = {}
for backward in (backward_unmasked, zeroing_backward):

    def run(params, backward=backward):
        return step(params, batch, labels, 0.3, np.random.default_rng(9), backward)

    errors = gradient_check(lambda params, run=run: run(params)[0], params, run(params)[1])
    right[backward.__name__] = {name: bool(error < 1e-7) for name, error in errors.items()}
    print(f"{backward.__name__}: right are {right[backward.__name__]}")
wrong = sum(not fine for fine in right["backward_unmasked"].values())
reveal("without the mask in backward, wrong gradients of four", wrong)

# %% [markdown]
# ▸ after you have run it
#
# `W2` and `b2` are right without the mask. The second layer's cache holds the *zeroed* `h`, so zeroing forward is felt there all by itself.
# Only what lies before the layer is wrong: `W1` and `b1` take lessons from outputs that nobody saw.

# %% [markdown]
# ## Does a dropped unit rest?
#
# In a mini-batch of one sample, a unit that is dropped gets no gradient: its column of `dW1` is 0. Its incoming weights are then updated by your
# `sgd_momentum`, like all others.
#
# **Predict.** Of 100 such columns, in how many do the weights stay where they are in that step?

# %%
predict("of 100 columns without a gradient, as many stay", ...)

# %%
data, rng = np.random.default_rng(10), np.random.default_rng(11)
params, velocity = init_params([5, 6, 3], np.random.default_rng(8)), {}
params["b1"] = params["b1"] + 5.0  # every ReLU is on: only dropping turns a unit off
idle = stayed = 0
for _ in range(500):
    x1, y1 = data.standard_normal((1, 5)), data.integers(0, 3, 1)
    _, grads = step(params, x1, y1, 0.3, rng, zeroing_backward)
    before = params["W1"]
    params, velocity = sgd_momentum(params, grads, velocity, lr=0.01, momentum=0.9)
    columns = (grads["W1"] == 0).all(axis=0)
    idle += columns.sum()
    stayed += (columns & (params["W1"] == before).all(axis=0)).sum()
print(f"{idle / 500:.1f} of 6 units without a gradient in a step, on average")
reveal("of 100 columns without a gradient, as many stay", round(100 * stayed / idle))

# %% [markdown]
# ▸ after you have run it
#
# Next to none. A dropped unit gets no gradient, and its velocity goes on carrying it: momentum remembers the steps before. With plain
# gradient descent, $\mu = 0$, it would rest. And in a mini-batch of many samples every unit is kept for somebody, so all of them get a
# gradient. "A dropped neuron is not updated in this step" is true for one sample and plain gradient descent only.

# %% [markdown]
# ## The time that the question forgets
#
# Training ends, and the network is used. Nobody wants an answer that depends on a coin, so nothing is dropped now.
# The proposal says no more than that.


# %%
def proposal(x, p, rng, train=True):
    """Zero outputs in training, and leave test time alone."""
    return zeroing_forward(x, p, rng) if train else (x, None)


h = np.maximum(np.random.default_rng(12).standard_normal((16, 20)), 0)  # what a ReLU layer gives
plot_means({"proposal": proposal}, h, p=0.3, rng=np.random.default_rng(13))

# %% [markdown]
# In training the mean is lower than at test time, and that is no accident of this batch. The mask is 1 with probability $1-p$
# and 0 otherwise, so its mean is
#
# $$E[m] = (1-p)\cdot 1 + p\cdot 0 = 1-p \qquad\text{and}\qquad E[m\,x] = (1-p)\,x .$$

# %% tags=["nbval-check-output"]
for p in (0.1, 0.5, 0.9):
    rng = np.random.default_rng(14)
    train = np.mean([proposal(h, p, rng)[0].mean() for _ in range(4000)])
    test = proposal(h, p, rng, train=False)[0].mean()
    print(f"p = {p}: training / test = {train / test:.2f}, test / training = {test / train:.1f}")

# %% [markdown]
# At p = 0.9 the next layer gets ten times what it was trained on. Its weights were learned for the smaller input.
#
# What does that do to an answer? Suppose that a network was trained to scores of about 1.4, 0.7 and 0. At test time, with p = 0.5 in the layer
# below the last, the scores come out twice as large.

# %% tags=["nbval-check-output"]
scores = np.array([[1.4, 0.7, 0.0]])
show(as_trained=softmax(scores), at_test_time=softmax(2 * scores))

# %% [markdown]
# The class stays, and the network is surer than it learned to be. With biases the class can change too: they are not doubled, so the
# balance that was trained is lost.
#
# **The paper's repair.** Training multiplied by $1-p$ on average. So multiply by $1-p$ at test time, and the means meet. That is the factor you
# put into `zeroing_forward`, and it is what Srivastava et al. did in 2014 (they scale the weights behind the layer, which comes to the same).
#
# A public library once multiplied [by the drop probability p instead](https://github.com/karpathy/convnetjs/pull/61). At p = 0.5 nobody could notice.


# %%
def scaled_by_p(x, p, rng, train=True):
    return zeroing_forward(x, p, rng) if train else (p * x, None)


schemes = {"proposal": proposal, "scaled by p": scaled_by_p, "your layer": zeroing_forward}
plot_means(schemes, h, p=0.3, rng=np.random.default_rng(13))

# %% [markdown]
# Only your layer brings the two lines together. What matches is the *mean* of each output, and so the mean of a sum of them. Behind the next
# ReLU it is an approximation, and lesson 09 measures how good it is.
#
# ## Does it matter?
#
# Train it: the 500 digits of lesson 04, and p = 0.5. One training has your backward pass, one has `backward_unmasked`. The third curve is the first
# network, used without the factor at test time. Loss and accuracy are those of the network as it is used, with nothing dropped.


# %%
def train(backward, seed, p=0.5, epochs=40):
    """[(held-out loss, accuracy) with the factor, the same without it] after each epoch."""
    data, (order, masks) = digits(seed=seed).first(500), np.random.default_rng(seed).spawn(2)
    params, velocity = init_params([64, 128, 10], np.random.default_rng(seed)), {}
    params = {name: array.astype(np.float32) for name, array in params.items()}
    curve = []
    for _ in range(epochs):
        for rows in np.array_split(order.permutation(500), 8):
            _, grads = step(params, data.x_train[rows], data.y_train[rows], p, masks, backward)
            params, velocity = sgd_momentum(params, grads, velocity, lr=0.1, momentum=0.9)
        hidden = relu_forward(affine_forward(data.x_test, params["W1"], params["b1"])[0])[0]
        curve.append([judged(factor * hidden, params, data.y_test) for factor in (1 - p, 1)])
    return np.array(curve)


def judged(hidden, params, y):
    scores, _ = affine_forward(hidden, params["W2"], params["b2"])
    return softmax_cross_entropy(scores, y)[0], (scores.argmax(axis=1) == y).mean()


# %% [markdown]
# **Predict.** Somebody trains rightly and forgets the factor at test time. What gives it away: `"accuracy"`, `"loss"`, `"both"` or `"neither"`?

# %%
predict("the forgotten factor shows in", ..., choices=("accuracy", "loss", "both", "neither"))

# %%
right, unmasked = (
    np.array([train(backward, seed) for seed in range(6)])
    for backward in (zeroing_backward, backward_unmasked)
)  # (seeds, epochs, with the factor or without, loss or accuracy)
runs = {
    "right": right[:, :, 0],
    "no mask in backward": unmasked[:, :, 0],
    "no factor": right[:, :, 1],
}
plot_curves({name: run[:, :, 0] for name, run in runs.items()}, "held-out loss")
for name, run in runs.items():
    print(
        f"{name}: held-out loss {run[:, -1, 0].mean():.3f}, accuracy {run[:, -1, 1].mean():.3f}"
    )
worse = {
    "loss": (runs["no factor"] > runs["right"])[:, -1, 0].mean() > 0.8,
    "accuracy": (runs["no factor"] < runs["right"])[:, -1, 1].mean() > 0.8,
}  # for more than four seeds in five
names = [name for name, shows in worse.items() if shows]
reveal("the forgotten factor shows in", "both" if len(names) == 2 else (names or ["neither"])[0])

# %% [markdown]
# ▸ after you have run it
#
# With the same masks and images for each seed, the loss without the factor is higher; the accuracy goes either way.
# Twice the scores is the same class, only surer, and the loss punishes being sure and wrong. So whoever looks at accuracy alone does not see it.
#
# Without the mask in backward, loss and accuracy are both worse than with it. No crash, no strange curve: a network learns in spite of its gradients, and somebody
# without the right curve beside it would call it a result. The gradient check needs no other curve.

# %% [markdown]
# ## What is now true
#
# - Zeroing is a product with a mask: a fresh coin for every unit of every sample.
# - Backward is "unchanged" only in the sense of the chain rule: the gradient goes through the same mask. Passed on unmasked, it is wrong at the dropped units, and everything below them learns from it.
# - Without a factor, the outputs in training are $1-p$ of those at test time on average. Scaling by $1-p$ at test time makes the means agree.
#
# **Three questions.**
#
# 1. Somebody's backward pass draws a new mask with the same p. On average it zeroes as many entries as forward did. What is wrong with it?
# 2. A network has zeroing at p = 0.5 after each of two hidden layers, no biases, and no factor at test time. How large are its scores at test time, roughly, against training?
# 3. At test time, `zeroing_forward` returns $(1-p)\,x$. If somebody wants the gradient of that output with respect to `x`, what is it, and does your cache allow it?
# ▸ the answers
#
# 1. It sends gradient into units that were dropped and none into units that were kept. The derivative of $x\,m$ is that very $m$. A gradient check at one frozen mask
#    convicts it at once, however well the averages agree.
# 2. About four times: each layer passes on twice what the next one was trained on, and without biases the factors multiply.
# 3. It is $1-p$ times `dout`: the layer multiplied by $1-p$, so backward does too. It works if the cache holds whatever forward multiplied by, be it a mask or a number.

# %% [markdown]
# **Next:** in [lesson 06, inverted dropout](06_inverted_dropout.ipynb), the factor moves into training, and test time is left in peace.
