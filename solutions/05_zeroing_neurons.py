# %% [markdown]
# # 05 · Zeroing neurons
#
# **You will** build the layer that the question proposes, find out what its backward pass must do, and meet it again at test time.\
# **You need** lessons 01 to 03: `layers.py`, `gradcheck.py` and `init_params` complete.\
# **Minutes:** 60.

# %% tags=["setup"]
import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.dropout import zeroing_backward, zeroing_forward
from dropout_lab.gradcheck import gradient_check
from dropout_lab.lab.figures.dropout import (
    plot_flow,
    plot_gradient_error,
    plot_masks,
    plot_means,
)
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

# %% [markdown]
# ## The proposal
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?
#
# This lesson takes every word of it seriously, in three parts: zeroing, forward; "unchanged", backward; and the time
# that the question does not mention, when the trained network is used.
#
# Throughout the course **p is the probability to drop**. With p = 0.3, three outputs in ten become 0.
# (The paper of Srivastava et al. writes p for the probability to *keep*. So do some libraries. Look before you copy a formula.)

# %% [markdown]
# ## Zeroing
#
# A layer's output `x` has N rows, one for each sample, and H columns, one for each unit. To zero entries at random, multiply by
# a mask $m$ of the same shape, in which each entry is 0 with probability $p$ and else 1, by its own coin:
#
# $$out_{nh} = x_{nh}\,m_{nh} \qquad P(m_{nh} = 0) = p$$
#
# **Build 5.1 · `zeroing_forward`** · ●○○ · 10 minutes · three lines\
# In `dropout_lab/dropout.py`. Draw one random number per entry from `rng` and compare; a comparison gives an array of True and False.
# `x` may have any number of axes. float32 in, float32 out; whole numbers in, floats out.
# At test time the function's description asks for a factor instead of a mask. The proposal has no such factor. Put it in for now:
# the last part of the lesson takes it out again, to see what it is for.
# Stuck? `hint("zeroing_forward")`.

# %%
check("zeroing_forward")

# %% [markdown]
# Now look at what your layer does to a mini-batch in which every input is 1.
#
# **Predict.** 12 samples, 32 units, p = 0.3. How many of the 384 outputs will be 0? Exactly that many, each time?

# %%
my_zeros, every_time = ..., ...
plot_masks(zeroing_forward, p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# About 115 squares are pale, seldom exactly 115: each output has its own coin. No two rows are alike, so within one mini-batch
# every sample meets another, thinner network. Stripes from top to bottom would mean one mask for the whole batch, which is reading A of lesson 00.
#
# In the next cell the same picture has controls. Press *new mini-batch* a few times, then try p = 0 and p = 1.

# %%
explore_masks(zeroing_forward, p=0.3)

# %% [markdown]
# At p = 0 nothing is pale and at p = 1 everything. Between them, every press of the button gives new masks: the network that is trained
# at one step is not the network of the step before.
#
# **Predict.** One unit, p = 0.3, 1,000 samples. In how many of them is the unit kept? Give a range that you would bet on.

# %%
my_range = (..., ...)
rng = np.random.default_rng(6)
kept = [int(zeroing_forward(np.ones((1000, 1)), 0.3, rng)[0].sum()) for _ in range(5)]
print("kept in five mini-batches:", *kept)

# %% [markdown]
# About 700, give or take $\sqrt{1000 \cdot 0.3 \cdot 0.7} \approx 14$; two runs in three fall that close. A coin is not a quota.
#
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
# **Predict.** One unit was dropped for this sample, so its output is 0 whatever its input. If you nudge its input by 0.001, by how much
# does the loss move? And for a kept unit whose weight is 1? Write two numbers before you run the next cell.

# %% tags=["nbval-check-output"]
my_prediction = {"dropped": ..., "kept": ...}
out, _ = zeroing_forward(x, 0.3, np.random.default_rng(5))
for name, unit in {"dropped": np.argmax(out == 0), "kept": np.argmax(out != 0)}.items():
    nudge = 0.001 * (np.arange(12) == unit)
    moved = loss(x + nudge) - loss(x)
    print(f"{name}: loss moved by {rounded(moved)}, its weight is {rounded(weights[unit])}")

# %% [markdown]
# The loss did not move. A dropped unit's input has no way to reach the loss, so its derivative is exactly 0, and any backward
# pass that sends something else there is wrong. For the kept unit the loss moved by 0.001 times the weight, as without dropout.
#
# Now let the gradient check of lesson 02 say it. `backward_unmasked` is the first reading of "unchanged": pass the gradient on as it came.
#
# **Predict.** At which of the 12 units will it be wrong?


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
# The check fails, and only at the units that were dropped. Where a unit was kept, the mask multiplied by 1, and passing on is right.
#
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

# %% [markdown]
# ## In a network, who notices?
#
# The layer has no parameters of its own, so a wrong backward pass shows only in the gradients of others. Here it stands between the
# two layers of a network, with its backward pass as an argument.
#
# **Predict.** With `backward_unmasked` in place, which of the four gradients are wrong: `W1`, `b1`, `W2`, `b2`?


# %%
def step(params, x, y, rng, backward):
    """The loss of affine, ReLU, zeroing, affine, and its gradients."""
    z, first = affine_forward(x, params["W1"], params["b1"])
    a, kinks = relu_forward(z)
    h, zeroed = zeroing_forward(a, 0.3, rng)
    out, second = affine_forward(h, params["W2"], params["b2"])
    value, dout = softmax_cross_entropy(out, y)
    dh, dW2, db2 = affine_backward(dout, second)
    dz = relu_backward(backward(dh, zeroed), kinks)
    _, dW1, db1 = affine_backward(dz, first)
    return value, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


data = np.random.default_rng(7)
batch, labels = data.standard_normal((8, 5)), data.integers(0, 3, 8)

# %% tags=["nbval-check-output"]
my_suspects = [...]
params = init_params([5, 6, 3], np.random.default_rng(8))
for backward in (backward_unmasked, zeroing_backward):

    def run(params):
        return step(params, batch, labels, np.random.default_rng(9), backward)

    errors = gradient_check(lambda params: run(params)[0], params, run(params)[1])
    below = {name: bool(error < 1e-7) for name, error in errors.items()}
    print(f"{backward.__name__} below 1e-7: {below}")

# %% [markdown]
# `W2` and `b2` are right without the mask. The second layer's cache holds the *zeroed* `h`, so zeroing forward is felt there all by itself.
# Only what lies before the layer is wrong: `W1` and `b1` take lessons from outputs that nobody saw.
#
# Does it matter? We trained such a network on 500 digits at p = 0.5, with five seeds. It read 92 to 96% of new digits right; with
# the mask in backward, 94 to 96%. No crash, no strange curve: the loss does not give this mistake away. The gradient check does.

# %% [markdown]
# ## Does a dropped unit learn?
#
# A unit that is dropped gets no gradient, so its incoming weights stay as they are. **Predict.** There are six hidden units. In a mini-batch of one sample,
# how many of the six columns of `dW1` are all 0, about? And in a mini-batch of 64?

# %% tags=["nbval-check-output"]
my_idle = {"N = 1": ..., "N = 64": ...}
data = np.random.default_rng(10)
params = init_params([5, 6, 3], np.random.default_rng(8))
params["b1"] += 5.0  # every ReLU is on
for n in (1, 64):
    rng, idle = np.random.default_rng(11), []
    for _ in range(200):
        x, y = data.standard_normal((n, 5)), data.integers(0, 3, n)
        _, grads = step(params, x, y, rng, zeroing_backward)
        idle.append((grads["W1"] == 0).all(axis=0).sum())
    print(
        f"N = {n}: {np.mean(idle):.1f} of 6 units without a gradient, mean of 200 mini-batches"
    )

# %% [markdown]
# Alone, a sample leaves about two of six idle, $6 \cdot 0.3 = 1.8$. In a batch of 64 every unit is kept for somebody, so all of them learn something.
# "A dropped neuron is not updated in this step" is true for a sample and wrong for a mini-batch.

# %% [markdown]
# ## The time that the question forgets
#
# Training ends, and the network is used. Nobody wants an answer that depends on a coin, so nothing is dropped now.
# The proposal says no more than that.
#
# **Predict.** The mean of the layer's outputs in training, divided by their mean at test time, for p = 0.3: what is it?

# %%
my_ratio = ...


def proposal(x, p, rng, train=True):
    """Zero outputs in training, and leave test time alone."""
    return zeroing_forward(x, p, rng) if train else (x, None)


h = np.maximum(np.random.default_rng(12).standard_normal((16, 20)), 0)  # what a ReLU layer gives
plot_means({"proposal": proposal}, h, p=0.3, rng=np.random.default_rng(13))

# %% [markdown]
# In training the mean is about 0.7 of what it is at test time. That is no accident of this batch. The mask is 1 with probability $1-p$
# and 0 otherwise, so its mean is
#
# $$E[m] = (1-p)\cdot 1 + p\cdot 0 = 1-p \qquad\text{and}\qquad E[m\,x] = (1-p)\,x .$$
#
# **Predict.** At which rate is the gap worst: 0.1, 0.5 or 0.9? By what factor is the next layer's input then too large at test time?

# %% tags=["nbval-check-output"]
my_worst, my_factor = ..., ...
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
#
# **Predict.** Does the predicted class change? Does its probability?

# %% tags=["nbval-check-output"]
scores = np.array([[1.4, 0.7, 0.0]])
show(as_trained=softmax(scores), at_test_time=softmax(2 * scores))

# %% [markdown]
# The class stays and the probability goes from 0.57 to 0.77: the network is surer than it learned to be. So accuracy may hide the gap while the loss shows it.
# With biases the class can change too: they are not doubled, so the balance that was trained is lost.

# %% [markdown]
# ## The paper's repair
#
# Training multiplied by $1-p$ on average. So multiply by $1-p$ at test time, and the means meet. That is the factor you put into
# `zeroing_forward`, and it is what Srivastava et al. did in 2014 (they scale the weights behind the layer, which comes to the same).
#
# A public library once multiplied [by the drop probability p instead](https://github.com/karpathy/convnetjs/pull/61).
# **Predict.** At which p does nobody notice? What is the ratio of training to test at p = 0.3?

# %%
my_p, my_ratio = ..., ...


def scaled_by_p(x, p, rng, train=True):
    return zeroing_forward(x, p, rng) if train else (p * x, None)


schemes = {"proposal": proposal, "scaled by p": scaled_by_p, "your layer": zeroing_forward}
plot_means(schemes, h, p=0.3, rng=np.random.default_rng(13))

# %% [markdown]
# Only your layer brings the two lines together. Scaled by p, the mean in training is 0.7 / 0.3 = 2.3 times that at test time. At p = 0.5 both factors are one half, and every test
# that uses p = 0.5 passes the wrong layer. The checks of this course use other rates for that reason.
#
# What matches is the *mean* of each output, and so the mean of a sum of them. After the next ReLU it is an approximation. Lesson 09 measures how good it is.

# %% [markdown]
# ## What is now true
#
# - Zeroing is a product with a mask: a fresh coin for every unit of every sample.
# - Backward is "unchanged" only in the sense of the chain rule: the gradient goes through the same mask. Passed on unmasked, it is wrong at the dropped units, and everything below them learns from it.
# - Without a factor, the outputs in training are $1-p$ of those at test time on average. Scaling by $1-p$ at test time makes the means agree.
#
# Look at statements 2 and 3 of your prediction in lesson 00. Would you still answer as you did?
#
# **Three questions.**
#
# 1. Somebody's backward pass draws a new mask with the same p. On average it zeroes as many entries as forward did. What is wrong with it?
# 2. A network has zeroing at p = 0.5 after each of two hidden layers, no biases, and no factor at test time. How large are its scores at test time, roughly, against training?
# 3. At test time, `zeroing_forward` returns $(1-p)\,x$. If somebody wants the gradient of that output with respect to `x`, what is it, and does your cache allow it?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. It sends gradient into units that were dropped and none into units that were kept. The derivative of $x\,m$ is that very $m$. A gradient check at one frozen mask
#    convicts it at once, however well the averages agree.
# 2. About four times: each layer passes on twice what the next one was trained on, and without biases the factors multiply.
# 3. It is $1-p$ times `dout`: the layer multiplied by $1-p$, so backward does too. It works if the cache holds whatever forward multiplied by, be it a mask or a number.
# ### END SOLUTION
#
# **Next:** in [lesson 06, inverted dropout](06_inverted_dropout.ipynb), the factor moves into training, and test time is left in peace.
