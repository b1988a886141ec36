# %% [markdown]
# # 06 · Inverted dropout
#
# **You will** write dropout as it is used today, prove what it does to the mean and the variance, put it into the network, and answer the question.\
# **You need** lesson 05, and `layers.py`, `gradcheck.py` and `network.py` complete up to lesson 03.\
# **Minutes:** 75.

# %% tags=["setup"]
import itertools

import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.dropout import dropout_backward, dropout_forward, zeroing_forward
from dropout_lab.gradcheck import gradient_check, relative_error
from dropout_lab.lab.figures.dropout import plot_all_masks, plot_masks, plot_means, plot_variance
from dropout_lab.lab.prediction import recall
from dropout_lab.lab.show import show
from dropout_lab.lab.widgets.dropout import explore_flow, explore_means
from dropout_lab.network import init_params, loss_and_grads, mlp_forward

# %% [markdown]
# ## One factor, two places
#
# Lesson 05 ended with a factor $1-p$ at test time. It works, but everyone who uses the network later has to know p and to remember
# the factor. The same repair can be made where p is known anyway: in training.
#
# **Predict.** At test time the layer shall do nothing at all. A kept output must then be multiplied in training by which factor, for p = 0.3?

# %%
my_factor = ...
show(kept_times_1_43=0.7 * (1 / 0.7), kept_times_1_30=0.7 * 1.3, kept_times_3_33=0.7 * (1 / 0.3))

# %% [markdown]
# Each line is "chance to be kept times factor", the mean of the mask. Only $1/(1-p)$ makes it 1. So the mask now holds
#
# $$m = \begin{cases} 0 & \text{with probability } p \\ \dfrac{1}{1-p} & \text{otherwise}\end{cases} \qquad out = x\,m \ \text{ in training,}\qquad out = x \ \text{ at test time.}$$
#
# This is **inverted dropout**. It is what people mean by dropout today, and what `torch.nn.Dropout` does.

# %% [markdown]
# **Build 6.1 · `dropout_forward`** · ●●○ · 15 minutes · five lines\
# In `dropout_lab/dropout.py`. Your `zeroing_forward` is most of it. Then the edges, which the function's description names:
# at p = 0 nothing changes, at p = 1 everything is 0 and nothing is `nan`; float32 in, float32 out; whole numbers in, floats out. Stuck? `hint("dropout_forward")`.

# %%
check("dropout_forward")

# %% [markdown]
# Three layers, one mini-batch, many masks: no factor at all, the factor at test time, and the factor in training.
#
# **Predict.** In which of the three panels do the lines meet, and at which height?


# %%
def proposal(x, p, rng, train=True):
    """Zero outputs in training, and leave test time alone, as the question has it."""
    return zeroing_forward(x, p, rng) if train else (x, None)


h = np.maximum(np.random.default_rng(1).standard_normal((16, 20)), 0)  # what a ReLU layer gives
schemes = {"none": proposal, "standard": zeroing_forward, "inverted": dropout_forward}
plot_means(schemes, h, p=0.3, rng=np.random.default_rng(2))

# %% [markdown]
# They meet in two: low under the paper's scaling, and at the height of the plain activations under inverted dropout. So a network
# may be trained with dropout and used by somebody who has never heard of it.
#
# Turn p up to 0.9 below. **Predict** first what happens to the dots, which are single mini-batches.

# %%
explore_means(schemes, h, p=0.3)

# %% [markdown]
# At 0.9 the inverted panel's dots scatter most. The mean is right, and each single mini-batch is far from it. How far?
#
# ## Mean and variance
#
# Two lines of algebra. $x$ is a fixed number, the mask is random:
#
# $$E[m] = (1-p)\cdot\frac{1}{1-p} + p\cdot 0 = 1 \qquad\qquad E[m^2] = (1-p)\cdot\frac{1}{(1-p)^2} = \frac{1}{1-p}$$
#
# $$\mathrm{Var}[x\,m] = x^2\left(E[m^2] - E[m]^2\right) = x^2\left(\frac{1}{1-p} - 1\right) = x^2\,\frac{p}{1-p}$$
#
# **Predict.** x = 2. What is the variance of the output at p = 0.5? And at p = 0.8, is it 1.6 times as large, 2 times, or 4 times?

# %% tags=["nbval-check-output"]
my_variance, times_as_large = ..., ...
for p in (0.5, 0.8):
    out, _ = dropout_forward(np.full(1_000_000, 2.0), p, np.random.default_rng(3))
    print(
        f"p = {p}: mean {out.mean():.2f}, variance {out.var():.1f}, formula {4 * p / (1 - p):.1f}"
    )

# %%
plot_variance(dropout_forward, np.random.default_rng(4))

# %% [markdown]
# The dots are your layer, the line is the algebra. At p = 0.5 the noise is as large as the signal: standard deviation $x$, mean $x$.
# Towards p = 1 the variance grows without bound, since ever fewer units carry ever larger values. That is the price of keeping the mean.
#
# ## All masks there are
#
# A mean over a million draws is right to three digits. For a small layer it can be had exactly: six units have $2^6 = 64$ masks, few enough to
# list, each with its probability.
#
# **Predict.** At p = 0.3, which single mask is the most likely: the one that keeps everything, one that drops two of six, or are all alike?

# %%
my_mask = ...
plot_all_masks(dropout_forward, p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# All kept, with $0.7^6 \approx 0.118$. To drop two is the most likely *number*, because 15 masks share it, but each of them has only
# $0.7^4 \cdot 0.3^2 \approx 0.022$. Masks that a layer never draws, or draws too often, would stand off the green marks.
#
# Now the exact mean: each of the 64 outputs, weighted by its probability. Then the same for what comes behind the layer: a weighted sum, and the ReLU of it.
#
# **Predict.** Which of the three means are the value that the network computes at test time, without a mask: the outputs, the sum, the ReLU?

# %% tags=["nbval-check-output"]
my_exact_ones = [...]
p, rng = 0.3, np.random.default_rng(6)
x, w = rng.uniform(0.5, 1.5, 6), np.array([1, -1, 0.5, 1, -0.5, -1])
kept = np.array(list(itertools.product([0, 1], repeat=6)))  # (64, 6)
chance = np.where(kept == 1, 1 - p, p).prod(axis=1)
outs = x * kept / (1 - p)
gaps = {
    "outputs": np.abs(chance @ outs - x).max(),
    "sum": np.abs(chance @ (outs @ w) - x @ w),
    "ReLU": np.abs(chance @ np.maximum(outs @ w, 0) - max(x @ w, 0)),
}
print("chances sum to 1:", abs(chance.sum() - 1) < 1e-12)
for name, gap in gaps.items():
    print(f"{name}: exact to 1e-12: {gap < 1e-12}, off by {gap:.2f}")

# %% [markdown]
# For the outputs and for anything linear in them, the mean over all masks *is* the network without a mask, to the last digit. Behind a bend it is not:
# the mean of a ReLU is not the ReLU of the mean. So "nothing has to change at test time" is exact for one linear step and an approximation
# for a network. Lesson 09 measures how good it is.

# %% [markdown]
# ## Whose coin?
#
# The formula has a coin for every entry. One mask for the whole mini-batch would have the same mean and the same variance in each entry, and passes a gradient check.
#
# **Predict.** A batch of 64 samples, p = 0.3, every input 1. Take the mean of one unit over the batch, and its standard deviation over many batches:
# how much larger is it with one shared mask?

# %% tags=["nbval-check-output"]
my_guess = ...
rng = np.random.default_rng(7)
own = np.std([dropout_forward(np.ones((64, 1)), 0.3, rng)[0].mean() for _ in range(4000)])
shared = np.std([dropout_forward(np.ones((1, 1)), 0.3, rng)[0].mean() for _ in range(4000)])
print(f"a mask for each sample: {own:.2f}, one for all: {shared:.2f}, {shared / own:.0f} times")

# %%
plot_masks(dropout_forward, p=0.3, rng=np.random.default_rng(8))

# %% [markdown]
# Eight times, $\sqrt{64}$: with own masks the noise of 64 samples averages out, with a shared mask all of them go astray together. The same holds for the gradient,
# which is a mean over the batch. So: a fresh coin for each entry of each mini-batch.
#
# ## Backward
#
# **Predict.** p = 0.3, and a gradient of 1 arrives at a unit that forward kept. What goes on to its input: 0.7, 1, or 1.43? And what is the relative error of a
# backward pass that has the mask but forgets the scale? Two numbers, before you build.
#
# **Build 6.2 · `dropout_backward`** · ●○○ · 5 minutes · one line\
# In `dropout_lab/dropout.py`. The chain rule knows no difference between a mask and a scaled mask. Mind what your cache holds at test time.
# Stuck? `hint("dropout_backward")`.

# %%
check("dropout_backward")

# %% tags=["nbval-check-output"]
my_gradient, my_error = ..., ...
ones = np.ones((4, 10))
out, cache = dropout_forward(ones, 0.3, np.random.default_rng(9))
right, unscaled = dropout_backward(ones, cache), (out != 0) * ones
show(
    right=right.max(),
    error_of_unscaled=relative_error(unscaled, right),
    p_over_2_minus_p=0.3 / 1.7,
)

# %% [markdown]
# 1.43: forward multiplied by that, so a nudge of the input moves the output by 1.43 times as much. Forgetting it is an error of $p/(2-p)$, far above any threshold.
# A look at which entries are zero would not show it: they are the right ones.

# %%
explore_flow(dropout_forward, dropout_backward, p=0.3)

# %% [markdown]
# At each p, and for each mini-batch, the crosses sit in the circles: one mask, there and back. In words for the question: the backward pass is
# unchanged in the *rule*, the chain rule, and changed in what the rule gives.
#
# ## Into the network
#
# Where does the layer go? After the ReLU of every hidden layer, with the hidden rate. On the input too, if it has a rate of its own, usually a smaller one: Srivastava et al. kept 80% of the
# inputs and half of the hidden units. Never on the scores: a class whose score is zeroed by a coin is a wrong answer, not a regulariser.
#
# **Predict.** Sizes [5, 7, 6, 3], N = 8, p = (0.2, 0.5). How many coins are tossed in one forward pass?

# %% [markdown]
# **Build 6.3 · `mlp_dropout`** · ●●○ · 15 minutes · four lines\
# In `dropout_lab/network.py`. You extend your own `mlp_forward` and `mlp_backward`; `rates(p)` gives the pair (input rate, hidden rate). Each layer needs a mask of its own,
# and backward has to find it again, so the cache grows. Does the mask on the input need a place in backward? No parameter lies before it.
# Stuck? `hint("mlp_dropout")`.

# %%
check("mlp_dropout")

# %% [markdown]
# 8 · (5 + 7 + 6) = 144 coins, none for the scores. Now every gradient of this network, against the nudge. The seed stands inside the function that is checked, so that each
# evaluation draws the same masks.
#
# **Predict.** Does dropout make the gradient check harder to pass, given frozen masks?

# %% tags=["nbval-check-output"]
data = np.random.default_rng(10)
x, y = data.standard_normal((8, 5)), data.integers(0, 3, 8)
params = init_params([5, 7, 6, 3], np.random.default_rng(11))
params |= {name: data.normal(0, 0.5, len(params[name])) for name in ("b1", "b2", "b3")}
for p in (0.0, 0.5, (0.2, 0.5)):

    def run(params):
        return loss_and_grads(params, x, y, p, np.random.default_rng(12))

    errors = gradient_check(lambda params: run(params)[0], params, run(params)[1])
    print(f"p = {p}: all {len(errors)} arrays below 1e-7: {max(errors.values()) < 1e-7}")

# %% [markdown]
# With its masks frozen, a network with dropout is a function like any other, and its gradient is as exact. Its kinks are a trap, though.
# A sample that loses all units of a layer hands zeros to the next, and if the biases are 0 as well, its ReLUs sit exactly on the bend, where no
# numerical gradient is right. So the biases above are not 0. Take that line out, run the cell again, and put it back.
#
# **Predict.** At test time, with p = 0.5: how far are the scores from those of the same network with p = 0? And does it matter which seed the generator has?

# %% tags=["nbval-check-output"]
params = init_params([5, 7, 6, 3], np.random.default_rng(11))
plain, _ = mlp_forward(params, x, 0.0, np.random.default_rng(0), train=False)
for seed in (1, 2):
    test, _ = mlp_forward(params, x, 0.5, np.random.default_rng(seed), train=False)
    train, _ = mlp_forward(params, x, 0.5, np.random.default_rng(seed))
    print(
        f"seed {seed}: as without dropout in training: {np.allclose(train, plain)},"
        f" at test time: {np.array_equal(test, plain)}"
    )

# %% [markdown]
# ## The question, again
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?
#
# Here is what you wrote down before you knew. Read it, and then answer once more, in your own words: three to five sentences, as you would to the person who asked.

# %%
recall()
my_answer = """..."""

# %% [markdown]
# ## The full answer
#
# Compare yours with it, part by part. The numbers are made by your own functions in the next cell.
#
# 1. **Zeroing: yes.** Each output is multiplied by 0 or not, by a coin of its own, fresh for every sample of every mini-batch.
# 2. **The rest of forward: no.** The kept outputs are multiplied by $1/(1-p)$, or, as the paper has it, all outputs by $1-p$ at test time. Without either, test time differs from training by that factor.
# 3. **Backward: unchanged as a rule, not as a result.** The chain rule sends the gradient through the *same scaled mask*. Passed on without it, the gradient is wrong.
# 4. **Test time:** the layer does nothing.
# 5. **One of a family.** What the mean and the variance need is noise with mean 1 and variance $p/(1-p)$. Zeros are one choice; Gaussian noise is another, and weights can be dropped instead of outputs. Lesson 10 builds them.

# %% tags=["nbval-check-output"]
p, x = 0.3, np.random.default_rng(13).uniform(0.5, 1.5, (400, 500))
out, cache = dropout_forward(x, p, np.random.default_rng(14))
dx = dropout_backward(np.ones_like(x), cache)
test, _ = dropout_forward(x, p, np.random.default_rng(15), train=False)
zero, mask = out == 0, out / x
unscaled, unmasked = np.where(zero, 0, x), np.ones_like(dx)
gaussian = np.random.default_rng(16).normal(1, np.sqrt(p / (1 - p)), x.shape)
print(
    f"1. share of zeros {zero.mean():.2f}; two samples alike: {np.array_equal(zero[0], zero[1])}"
)
print(
    f"2. kept times {np.median(mask[~zero]):.2f}; mean in training / at test time:"
    f" {out.mean() / test.mean():.2f}, without the factor {unscaled.mean() / test.mean():.2f}"
)
print(
    f"3. backward multiplies by the same mask: {np.allclose(dx, mask)};"
    f" error if passed on unchanged: {relative_error(unmasked, dx):.2f}"
)
print(f"4. at test time the output is the input: {np.array_equal(test, x)}")
print(f"5. variance: {mask.var():.2f}; of Gaussian noise: {gaussian.var():.2f}")

# %% [markdown]
# ## What is now true
#
# - Inverted dropout multiplies by 0 or by $1/(1-p)$: mean exactly $x$, variance $x^2 p/(1-p)$. At test time it does nothing.
# - Over all masks, the mean of anything linear is exact. Behind a ReLU it is an approximation.
# - A network with dropout passes the gradient check in every array, if the masks stay the same during the check.
#
# **Three questions.**
#
# 1. A colleague writes the paper's version and yours is inverted. Both train with the same masks and the same learning rate. Do the two networks compute the same scores in training?
# 2. Somebody divides by the share of units that *was* kept in this mini-batch, instead of by $1-p$. Is the mean still right? What is lost?
# 3. Why is p = 0.5 a bad rate for a test of a dropout layer?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. No: behind the layer the inverted version sees values $1/(1-p)$ times as large. With the next layer's weights smaller by $1-p$ they would agree. From the same start and
#    with the same learning rate, the two take different steps.
# 2. The mean over the batch even matches exactly, unless everything was dropped, where it divides by 0. But the outputs of one sample now depend on the coins of all others, the factor changes with every
#    batch, and the backward pass must use that same factor. The coins are no longer independent.
# 3. There $p = 1-p$: keep and drop swapped, a division by p, a fair coin that ignores p, and a test-time factor of p all look right. At p = 0.3 each of them shows.
# ### END SOLUTION
#
# **Next:** a gradient check passed here because the masks were frozen. [Lesson 07, checking a random network](07_checking_a_random_network.ipynb), lets them loose, and asks what a passing check proves.
