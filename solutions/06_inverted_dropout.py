# %% [markdown]
# # 06 · Inverted dropout
#
# **You will** write dropout as it is used today, prove what it does to the mean and the variance, put it into the network, train it, and answer the question.\
# **You need** lesson 05, and `layers.py`, `gradcheck.py`, `network.py` and `training.py` complete up to lesson 04.\
# **Minutes:** 90, with a break before "Into the network".

# %% tags=["setup"]
import itertools

import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.dropout import dropout_backward, dropout_forward, zeroing_forward
from dropout_lab.gradcheck import gradient_check, relative_error
from dropout_lab.lab.data import digits
from dropout_lab.lab.experiments.fitting import fit
from dropout_lab.lab.figures.drawn_network import plot_thinned
from dropout_lab.lab.figures.dropout import plot_all_masks, plot_masks, plot_means, plot_variance
from dropout_lab.lab.figures.training import plot_curves
from dropout_lab.lab.prediction import predict, recall, reveal
from dropout_lab.lab.show import show
from dropout_lab.lab.widgets.dropout import explore_flow, explore_means
from dropout_lab.layers import relu_forward
from dropout_lab.network import init_params, loss_and_grads, mlp_forward

# %% [markdown]
# ## One factor, two places
#
# Lesson 05 ended with a factor $1-p$ at test time. It works, but everyone who uses the network later has to know p and to remember
# the factor. The same repair can be made where p is known anyway: in training.
#
# **Predict.** At test time the layer shall do nothing at all, so the mean of its mask has to be 1. By which number is a kept output multiplied in
# training, for p = 0.3?

# %%
predict("factor of a kept output at p = 0.3", ...)

# %% tags=["nbval-check-output"]
kept = np.random.default_rng(0).random(1_000_000) >= 0.3
factor = 1 / kept.mean()
print("mean of the mask with that factor:", round(np.mean(kept * factor), 2))
reveal("factor of a kept output at p = 0.3", round(factor, 2))

# %% [markdown]
# ▸ after you have run it
#
# "Chance to be kept times factor" is the mean of the mask, and only $1/(1-p)$ makes it 1. So the mask now holds
#
# $$m = \begin{cases} 0 & \text{with probability } p \\ \dfrac{1}{1-p} & \text{otherwise}\end{cases} \qquad out = x\,m \ \text{ in training,}\qquad out = x \ \text{ at test time.}$$
#
# This is **inverted dropout**. It is what people mean by dropout today, and what `torch.nn.Dropout` does.

# %% [markdown]
# **Build 6.1 · `dropout_forward`** · ●●○ · 15 minutes · five lines\
# In `dropout_lab/dropout.py`. Your `zeroing_forward` is most of it. Then the edges, which the function's description names:
# at p = 0 nothing changes, at p = 1 everything is 0 and nothing is `nan`; the dtype stays. Stuck? `hint("dropout_forward")`.

# %%
check("dropout_forward")

# %%
plot_thinned(dropout_forward, (4, 6, 6, 2), p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# Three layers, one mini-batch, many masks: no factor at all, the factor at test time, and the factor in training.


# %%
def proposal(x, p, rng, train=True):
    """Zero outputs in training, and leave test time alone, as the question has it."""
    return zeroing_forward(x, p, rng) if train else (x, None)


h = np.maximum(np.random.default_rng(1).standard_normal((16, 20)), 0)  # what a ReLU layer gives
schemes = {"none": proposal, "standard": zeroing_forward, "inverted": dropout_forward}
plot_means(schemes, h, p=0.3, rng=np.random.default_rng(2))

# %% [markdown]
# The lines meet in two: low under the paper's scaling, and at the height of the plain activations under inverted dropout. So a network
# may be trained with dropout and used by somebody who has never heard of it. Turn p up to 0.9 below, and watch the dots, which are single mini-batches.

# %%
explore_means(schemes, h, p=0.3)

# %% [markdown]
# At 0.9 the inverted panel's dots scatter most. The mean is right, and each single mini-batch is far from it. How far?
#
# ## Mean and variance
#
# **Predict.** The standard deviation of the output, and with it the variance, grows with p. How many times as large is the variance at p = 0.8 as at p = 0.5, for the same $x$?

# %%
predict("variance at p = 0.8, in units of that at p = 0.5", ...)

# %% tags=["nbval-check-output"]
variance = {}
for p in (0.5, 0.8):
    out, _ = dropout_forward(np.full(1_000_000, 2.0), p, np.random.default_rng(3))
    variance[p] = out.var()
    print(f"x = 2, p = {p}: mean {out.mean():.2f}, variance {out.var():.1f}")
reveal(
    "variance at p = 0.8, in units of that at p = 0.5", round(variance[0.8] / variance[0.5], 1)
)

# %%
plot_variance(dropout_forward, np.random.default_rng(4))

# %% [markdown]
# ▸ after you have run it
#
# Two lines of algebra. $x$ is a fixed number, the mask is random:
#
# $$E[m] = (1-p)\cdot\frac{1}{1-p} + p\cdot 0 = 1 \qquad\qquad E[m^2] = (1-p)\cdot\frac{1}{(1-p)^2} = \frac{1}{1-p}$$
#
# $$\mathrm{Var}[x\,m] = x^2\left(E[m^2] - E[m]^2\right) = x^2\left(\frac{1}{1-p} - 1\right) = x^2\,\frac{p}{1-p}$$
#
# $p/(1-p)$ is 1 at one half and 4 at 0.8. The dots of the figure are your layer, the line is the algebra. At p = 0.5 the noise is as large as the signal:
# standard deviation $x$, mean $x$. Towards p = 1 it grows without bound, since ever fewer units carry ever larger values. That is the price of keeping the mean.

# %% [markdown]
# ## All masks there are
#
# A mean over a million draws is right to three digits. For a small layer it can be had exactly: six units have $2^6 = 64$ masks, few enough to
# list, each with its probability.

# %%
plot_all_masks(dropout_forward, p=0.3, rng=np.random.default_rng(5))

# %% [markdown]
# The most likely single mask keeps everything. To drop two is the most likely *number*, because 15 masks share it, but each of them is less likely.
# Masks that a layer never draws, or draws too often, would stand off the green marks.
#
# Now the exact mean: each of the 64 outputs, weighted by its probability. Then the same for what comes behind the layer: a weighted sum, and the ReLU of it.
#
# **Predict.** Of these three means, how many are *exactly* the value that the network computes at test time, without a mask: outputs, sum, ReLU?

# %%
predict("exact means, of outputs, sum and ReLU", ...)

# %% tags=["nbval-check-output"]
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
for name, gap in gaps.items():
    print(f"{name}: exact to 1e-12: {gap < 1e-12}, off by {gap:.2f}")
reveal("exact means, of outputs, sum and ReLU", sum(gap < 1e-12 for gap in gaps.values()))

# %% [markdown]
# ▸ after you have run it
#
# For the outputs and for anything linear in them, the mean over all masks *is* the network without a mask, to the last digit. Behind a bend it is not:
# the mean of a ReLU is not the ReLU of the mean. So "nothing has to change at test time" is exact for one linear step and an approximation
# for a network. Lesson 09 measures how good it is.

# %% [markdown]
# ## Whose coin?
#
# The formula has a coin for every entry. One mask for the whole mini-batch would have the same mean and the same variance in each entry, and passes a gradient check.
#
# **Predict.** A batch of 64 samples, p = 0.3, every input 1. Take the mean of one unit over the batch, and its standard deviation over many batches:
# how many times as large is it with one shared mask?

# %%
predict("noise of a shared mask, in units of that of own masks", ...)

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(7)
own = np.std([dropout_forward(np.ones((64, 1)), 0.3, rng)[0].mean() for _ in range(4000)])
shared = np.std([dropout_forward(np.ones((1, 1)), 0.3, rng)[0].mean() for _ in range(4000)])
reveal("noise of a shared mask, in units of that of own masks", round(shared / own))

# %%
plot_masks(dropout_forward, p=0.3, rng=np.random.default_rng(8))

# %% [markdown]
# ▸ after you have run it
#
# Eight times, $\sqrt{64}$: with own masks the noise of 64 samples averages out, with a shared mask all of them go astray together. Of the gradient, which is a
# mean over samples that differ among themselves, the shared mask's noise is larger too, by less. So: a fresh coin for each entry of each mini-batch.

# %% [markdown]
# ## Backward
#
# **Build 6.2 · `dropout_backward`** · ●○○ · 5 minutes · one line\
# In `dropout_lab/dropout.py`. The chain rule knows no difference between a mask and a scaled mask. Mind what your cache holds at test time.
# Stuck? `hint("dropout_backward")`.

# %%
check("dropout_backward")

# %%
explore_flow(dropout_forward, dropout_backward, p=0.3)

# %% [markdown]
# At each p, and for each mini-batch, the crosses sit in the circles: one mask, there and back. In words for the question: the backward pass is
# unchanged in the *rule*, the chain rule, and changed in what the rule gives.

# %% tags=["nbval-check-output"]
ones = np.ones((4, 10))
out, cache = dropout_forward(ones, 0.3, np.random.default_rng(9))
right, unscaled = dropout_backward(ones, cache), (out != 0) * ones
show(
    gradient_at_a_kept_unit=right.max(),
    error_if_the_scale_is_forgotten=relative_error(unscaled, right),
    p_over_2_minus_p=0.3 / 1.7,
)

# %% [markdown]
# Forward multiplied by 1.43, so a nudge of the input moves the output by 1.43 times as much. Forgetting it is an error of $p/(2-p)$, far above any threshold.
# A look at which entries are zero would not show it: they are the right ones.
#
# ## Before or after the ReLU?
#
# A mask multiplies by 0 or by a positive number, and a ReLU does not care: $\max(0, m\,x) = m \max(0, x)$. For other bends it is another network:

# %% tags=["nbval-check-output"]
bends = {
    "ReLU": lambda x: relu_forward(x)[0],
    "tanh": np.tanh,
    "GELU": lambda x: x * (1 + np.tanh(0.7979 * (x + 0.0447 * x**3))) / 2,
}
x = np.linspace(-4, 4, 801)
for name, bend in bends.items():
    off = max(np.abs(bend(m * x) - m * bend(x)).max() for m in (0, 1 / 0.7))
    print(f"{name}: before and after differ by up to {off:.2f} at p = 0.3")

# %% [markdown]
# ## Into the network
#
# Where does the layer go? After the ReLU of every hidden layer, with the hidden rate. On the input too, if it has a rate of its own, usually a smaller one: Srivastava et al. kept 80% of the
# inputs and half of the hidden units. Never on the scores: a class whose score is zeroed by a coin is a wrong answer, not a regulariser.
#
# **Build 6.3 · `mlp_dropout`** · ●●○ · 15 minutes · four lines\
# In `dropout_lab/network.py`. You extend your own `mlp_forward` and `mlp_backward`; `rates(p)` gives the pair (input rate, hidden rate). Each layer needs a mask of its own,
# and backward has to find it again, so the cache grows. Does the mask on the input need a place in backward? No parameter lies before it.
# Stuck? `hint("mlp_dropout")`.

# %%
check("mlp_dropout")

# %% [markdown]
# Now every gradient of this network, against the nudge. The seed stands inside the function that is checked, so that each
# evaluation draws the same masks.

# %% tags=["nbval-check-output"]
data = np.random.default_rng(10)
x, y = data.standard_normal((8, 5)), data.integers(0, 3, 8)
params = init_params([5, 7, 6, 3], np.random.default_rng(11))
params |= {name: data.normal(0, 0.5, len(params[name])) for name in ("b1", "b2", "b3")}
for p in (0.0, 0.5, (0.2, 0.5)):

    def run(params, p=p):
        return loss_and_grads(params, x, y, p, np.random.default_rng(12))

    errors = gradient_check(lambda params, run=run: run(params)[0], params, run(params)[1])
    print(f"p = {p}: all {len(errors)} arrays below 1e-7: {max(errors.values()) < 1e-7}")

# %% [markdown]
# With its masks frozen, a network with dropout is a function like any other, and its gradient is as exact. Its kinks are a trap, though.
# A sample that loses all units of a layer hands zeros to the next, and if the biases are 0 as well, its ReLUs sit exactly on the bend, where no
# numerical gradient is right. So the biases above are not 0. Take that line out, run the cell again, and put it back.

# %% tags=["nbval-check-output"]
params = init_params([5, 7, 6, 3], np.random.default_rng(11))
plain, _ = mlp_forward(params, x, 0.0, np.random.default_rng(0), train=False)
for seed in (1, 2):
    test, _ = mlp_forward(params, x, 0.5, np.random.default_rng(seed), train=False)
    train, _ = mlp_forward(params, x, 0.5, np.random.default_rng(seed))
    print(
        f"seed {seed}, scores as without dropout: in training {np.allclose(train, plain)},",
        end=" ",
    )
    print(f"at test time {np.array_equal(test, plain)}")

# %% [markdown]
# ## Trained
#
# Lesson 04's 500 digits, with a wider network, without and with dropout at p = 0.5: the same start and the same order for each of six seeds.
# There, the held-out loss stopped falling while the training loss went on. Here are both held-out losses.

# %%
runs = {"no dropout": 0.0, "dropout": 0.5}
history = {name: [] for name in runs}
for seed in range(6):
    data = digits(seed=seed).first(500)
    for name, p in runs.items():
        start, order = (
            init_params([64, 256, 10], np.random.default_rng(seed)),
            np.random.default_rng(seed),
        )
        history[name].append(fit(start, data, epochs=40, rng=order, p=p)[1])
plot_curves(
    {n: np.array([h["test_loss"] for h in hs]) for n, hs in history.items()}, "held-out loss"
)
for name, hs in history.items():
    known, held_out = (
        np.mean([h.last[f"{part}_accuracy"] for h in hs]) for part in ("train", "test")
    )
    print(f"{name}: training {known:.1%}, held out {held_out:.1%}, gap {known - held_out:.1%}")

# %% [markdown]
# Compare with lesson 05: the same images, and no wrong gradient, no forgotten factor. Dropout lowers the held-out loss, and the gap in accuracy is smaller, and still there.
# Whether that is luck, how much there is to gain, and when there is none: lesson 08.
#
# ## The question, again
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?
#
# Here is what you wrote down before you knew.

# %%
recall()

# %% [markdown]
# **Say.** Answer once more, in your own words: three to five sentences, as you would to the person who asked.

# %%
my_answer = """..."""

# %% [markdown]
# ▸ the full answer
#
# Compare yours with it, part by part. The next cell shows each part with your own functions.
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
print(
    f"1. share of zeros {zero.mean():.1f}; two samples alike: {np.array_equal(zero[0], zero[1])}"
)
print(
    f"2. kept times {np.median(mask[~zero]):.2f}; training / test {out.mean() / test.mean():.1f}"
)
print(f"3. backward multiplies by the same mask: {np.allclose(dx, mask)}")
print(f"4. at test time the output is the input: {np.array_equal(test, x)}")
print(f"5. variance of the mask {mask.var():.2f}")

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
# ▸ the answers
#
# 1. No: behind the layer the inverted version sees values $1/(1-p)$ times as large. With the next layer's weights smaller by $1-p$ they would agree. From the same start and
#    with the same learning rate, the two take different steps.
# 2. The mean of the *mask* is 1 in every mini-batch, unless everything was dropped, where it divides by 0; the mean of the outputs is right in expectation only, as before. But the factor
#    changes with every batch, and each sample's output now depends on how the coins of all others fell. The backward pass must use that same factor.
# 3. There $p = 1-p$: keep and drop swapped, a division by p, a fair coin that ignores p, and a test-time factor of p all look right. At p = 0.3 each of them shows.

# %% [markdown]
# **Next:** a gradient check passed here because the masks were frozen. [Lesson 07, checking a random network](07_checking_a_random_network.ipynb), lets them loose, and asks what a passing check proves.
