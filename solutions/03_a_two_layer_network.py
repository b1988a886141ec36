# %% [markdown]
# # 03 · A two-layer network
#
# **You will** write the ReLU, the loss, and a whole network with its backward pass, and check every gradient of it.\
# **You need** lessons 01 and 02, and what a probability is.\
# **Minutes:** 100, with a break before "The network".

# %% tags=["setup"]
import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.gradcheck import gradient_check
from dropout_lab.lab.figures.drawn_network import plot_shapes
from dropout_lab.lab.figures.network import plot_bends, plot_push, plot_signal_size
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.layers import (
    affine_backward,
    affine_forward,
    relu_backward,
    relu_forward,
    softmax_cross_entropy,
)
from dropout_lab.network import init_params, loss_and_grads, mlp_forward, softmax

# %% [markdown]
# ## What you will have at the end

# %%
plot_shapes(8, [4, 6, 3])

# %% [markdown]
# ## Two layers that are one
#
# An affine layer is a weighted sum for each unit. Put one behind the other, with 50 units between them, and there are many more weights
# to adjust.
#
# **Predict.** 4 inputs, 50 units, 3 outputs: 4 · 50 + 50 · 3 = 350 weights. Is there one affine layer with 4 · 3 = 12 weights that gives the same outputs
# for every input? `True` or `False`.

# %%
predict("12 weights do what 350 do", ...)

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
x, w1, w2 = rng.normal(size=(8, 4)), rng.normal(size=(4, 50)), rng.normal(size=(50, 3))
none, one = np.zeros(50), np.zeros(3)
two_layers = affine_forward(affine_forward(x, w1, none)[0], w2, one)[0]
one_layer = affine_forward(x, w1 @ w2, one)[0]
reveal("12 weights do what 350 do", bool(np.allclose(two_layers, one_layer)))

# %% [markdown]
# ▸ after you have run it
#
# $(x\,w_1)\,w_2 = x\,(w_1 w_2)$: the 350 weights can do what 12 can, and no more. Whatever stands between the layers has to be something
# that no matrix can do. It can be very little.

# %% [markdown]
# ## A bend
#
# The ReLU (rectified linear unit) lets a positive number through and turns a negative one into 0:
#
# $$out = \max(x, 0)$$
#
# **Build 3.1 · `relu_forward`** · ●○○ · 3 minutes · one line\
# In `dropout_lab/layers.py`. Entry by entry, for an array of any size. The backward pass will have to know on which side of the bend each entry was:
# put what it needs in the cache. Stuck? `hint("relu_forward")`.

# %%
check("relu_forward")

# %% [markdown]
# One input $x$, three hidden units, and their weighted sum:

# %%
plot_bends(relu_forward)

# %% [markdown]
# Flat, up, down and up again: straight pieces with three bends, one for each unit, and each at the place where that unit's input passes
# through 0. With enough units the pieces come as near as one likes to any continuous curve over a bounded range. Training decides where the bends go.
#
# ## Back through the bend
#
# Four numbers go into a ReLU: −2, −0.1, 0.1 and 3. From the right, the gradients 10, 20, 30 and 40 arrive.
# Which four go on to the left? The cell after the check shows it.
#
# **Build 3.2 · `relu_backward`** · ●○○ · 5 minutes · one line\
# In `dropout_lab/layers.py`. Left of the bend the slope is 0, right of it 1. Exactly at 0 there is no slope; by custom it is taken as 0.
# The side is decided by what went *into* the ReLU. Stuck? `hint("relu_backward")`.

# %%
check("relu_backward")

# %% tags=["nbval-check-output"]
_, cache = relu_forward(np.array([[-2.0, -0.1, 0.1, 3.0]]))
show(dx=relu_backward(np.array([[10.0, 20.0, 30.0, 40.0]]), cache)[0])

# %% [markdown]
# A unit that was off passes nothing back, however large the gradient. It learns nothing from this sample. Keep that picture: in lesson 05 a dropped
# unit will be off in the same way, for another reason.
#
# ## From scores to a loss
#
# The network ends with C numbers for each sample, the *scores*. Softmax makes probabilities of them, and the loss asks for the probability
# of the right class $y$:
#
# $$p_c = \frac{e^{s_c}}{\sum_k e^{s_k}} \qquad L = -\frac1N\sum_i \log p_{i\,y_i}$$
#
# `softmax` is given, in `dropout_lab/network.py`.
#
# **Predict.** A network knows nothing and gives all 10 classes the same score. What is its loss?

# %%
predict("loss of knowing nothing, ten classes", ...)

# %% tags=["nbval-check-output"]
small, large = np.array([1.0, 2.0, 3.0]), np.array([101.0, 102.0, 103.0])
show(scores_1_2_3=softmax(small), scores_101_102_103=softmax(large))
reveal(
    "loss of knowing nothing, ten classes", round(-float(np.log(softmax(np.zeros(10))[0])), 2)
)

# %% [markdown]
# ▸ after you have run it
#
# $\log 10$. Remember it: with small inputs a fresh network on ten classes starts near there, and one that starts at 20 has weights that
# are too large. Adding a number to all scores changes nothing, since it multiplies numerator and denominator alike. That is more than a curiosity.

# %% tags=["nbval-check-output"]
with np.errstate(over="ignore", invalid="ignore"):
    powers = np.exp(np.array([1000.0, 1001.0]))
    show(powers=powers, probabilities=powers / powers.sum())

# %% [markdown]
# $e^{1000}$ is more than a float64 can hold, and infinity divided by infinity is not a number. The scores 0 and 1 mean the same as 1000 and 1001
# and are harmless. So you may choose what to subtract, before any exponential is taken.
#
# ## Its gradient, on paper
#
# For one sample, $L = -s_y + \log\sum_k e^{s_k}$. The first part has slope −1 in $s_y$ and 0 in all others. The logarithm has slope $1/\sum_k e^{s_k}$,
# times the slope of the sum, $e^{s_c}$. **Say.** What is $dL/ds_c$, in terms of $p_c$? Write it down for $c = y$ and for the others.
#
# ### BEGIN SOLUTION
# $dL/ds_c = p_c$ for the wrong classes and $p_y - 1$ for the right one. With the mean over N samples, divided by N.
# ### END SOLUTION

# %% [markdown]
# **Build 3.3 · `softmax_cross_entropy`** · ●●● · 15 minutes · six lines\
# In `dropout_lab/layers.py`. It returns the loss and `dscores`, so that there is no separate backward pass. Three things to mind: scores of 1000;
# the logarithm of a probability that is rounded to 0; and the mean over the batch, which is in the gradient too.\
# Stuck? `hint("softmax_cross_entropy")`.

# %%
check("softmax_cross_entropy")

# %% [markdown]
# Five classes, and the scores 2, 1, 0.5, −1 and 0. The right class is 1. Here is the gradient:

# %%
plot_push(softmax, softmax_cross_entropy, np.array([2.0, 1.0, 0.5, -1.0, 0.0]), label=1)

# %% [markdown]
# The right class has the only bar that points down. Each wrong class has its own probability as the bar, so the most confident error is corrected most.
# Together they are 0: what is given to one score is taken from the others. When the right class has probability 1, all bars are 0 and learning stops.
#
# ## The network
#
# Affine, ReLU, affine: that is the two-layer network, and the scores come out at the end. Its parameters live in a dictionary, numbered from the input:
# `W1` (D, H), `b1` (H,), `W2` (H, C), `b2` (C,). What should they be before training? Zero is a fair guess, and a constant is another.
#
# **Predict.** Every weight starts at 0.5. A batch goes forward and back. Of the six columns of `dw1`, one for each hidden unit, how many are different?

# %%
predict("different columns of six", ...)

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(1)
x, y = rng.random((8, 4)), rng.integers(0, 3, 8)
w1, w2 = np.full((4, 6), 0.5), np.full((6, 3), 0.5)
z, affine = affine_forward(x, w1, np.zeros(6))
h, relu = relu_forward(z)
scores, last = affine_forward(h, w2, np.zeros(3))
dh, dw2, db2 = affine_backward(softmax_cross_entropy(scores, y)[1], last)
dx, dw1, db1 = affine_backward(relu_backward(dh, relu), affine)
columns = np.unique(dw1.round(12), axis=1).T
reveal("different columns of six", len(columns))
show(size_of_dw1=np.abs(dw1).max().round(12))

# %% [markdown]
# ▸ after you have run it
#
# One, and here it is 0 in every entry. Six units that start alike get the same gradient, take the same step, and stay alike (until something treats them
# differently, as dropout will): a layer of six that counts as one. So the weights are random, and the biases may be 0.

# %% [markdown]
# ## How large?
#
# A unit adds up $D$ products of a weight and an input, so the mean square of its sum is $D$ times that of a weight times that of an input. The ReLU cuts
# half of it away.
#
# **Predict.** Which standard deviation of the weights keeps the mean square as it is, from layer to layer: `"1/D"`, `"√(1/D)"`, `"√(2/D)"` or `"1"`?

# %%
predict("spread that keeps the size", ..., choices=("1/D", "√(1/D)", "√(2/D)", "1"))

# %%
small, middle, large = np.sqrt(1 / 256), np.sqrt(2 / 256), np.sqrt(4 / 256)
spreads = {"√(1/D)": small, "√(2/D)": middle, "√(4/D)": large}
signal = np.random.default_rng(1).normal(size=(500, 256))
candidates = {"1/D": 1 / 256, "1": 1.0} | spreads
for spread in candidates:
    w = np.random.default_rng(2).normal(0, candidates[spread], (256, 256))
    out = relu_forward(affine_forward(signal, w, np.zeros(256))[0])[0]
    candidates[spread] = (out**2).mean() / (signal**2).mean()
reveal("spread that keeps the size", min(candidates, key=lambda s: abs(candidates[s] - 1)))
plot_signal_size(affine_forward, relu_forward, spreads)

# %% [markdown]
# ▸ after you have run it
#
# With $\sqrt{2/D}$ the signal keeps its size through all the layers. With a factor of √2 less it fades, with √2 more it explodes, by √2 in each layer. The gradient on its way back meets the same fate. Two layers forgive a wrong size, and ten do not.

# %% [markdown]
# **Build 3.4 · `init_params`** · ●○○ · 5 minutes · four lines\
# In `dropout_lab/network.py`. `sizes` lists the widths, [D, H, C] here and longer for a deeper network. D for each layer is the number of *its* inputs.\
# Stuck? `hint("init_params")`.

# %%
check("init_params")

# %% [markdown]
# ## Forward
#
# **Build 3.5 · `mlp_forward`** · ●●○ · 10 minutes · seven lines\
# In `dropout_lab/network.py`. Your layers in a row, for any number of hidden layers: a ReLU after each affine layer, but not after the last one, since
# scores may be negative. Keep every cache. The arguments `p`, `rng` and `train` are for dropout. It enters in lesson 06; for now, leave them unused.\
# Stuck? `hint("mlp_forward")`.

# %%
check("mlp_forward")

# %% tags=["nbval-check-output"]
params = init_params([4, 6, 3], np.random.default_rng(2))
eight = np.random.default_rng(3).normal(size=(8, 4))
scores, cache = mlp_forward(params, eight, 0.0, np.random.default_rng(4))
show(shape_of_the_scores=str(scores.shape), some_are_negative=(scores < 0).any())

# %% [markdown]
# ## And back
#
# The loss gives `dscores`. Each layer turns the gradient of its output into the gradient of its input, which is the output of the layer before.
#
# Before you write code, put these in the order in which they become known: `dW1`, `dW2`, the gradients of the scores, of the ReLU's output, of its input.
#
# **Build 3.6 · `mlp_backward`** · ●●● · 15 minutes · seven lines\
# In `dropout_lab/network.py`. Walk through your caches from the last to the first. There is no new formula in it: each step is a backward pass that
# you have. Return a dictionary with the names of `params`. Stuck? `hint("mlp_backward")`.

# %%
check("mlp_backward")

# %% [markdown]
# **Build 3.7 · `loss_and_grads`** · ●○○ · 3 minutes · three lines\
# In `dropout_lab/network.py`. Forward, loss, backward. Stuck? `hint("loss_and_grads")`.

# %%
check("loss_and_grads")

# %% [markdown]
# ## Every gradient
#
# The checks above tried your functions on small arrays. Now use your own tool from lesson 02, on a network of another size: 4 · 6 + 6 + 6 · 3 + 3 = 51 parameters,
# each of them nudged up and down.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(5)
x, y = rng.normal(size=(8, 4)), rng.integers(0, 3, 8)
params = init_params([4, 6, 3], np.random.default_rng(6))
loss, grads = loss_and_grads(params, x, y, 0.0, rng)
errors = gradient_check(lambda nudged: loss_and_grads(nudged, x, y, 0.0, rng)[0], params, grads)
for name, error in errors.items():
    print(f"{name} {params[name].shape}: below 1e-7: {error < 1e-7}")

# %% [markdown]
# 102 passes, two for each parameter, and every gradient of the network is right. On most machines the errors are near 1e-10:
# what is left is the rounding of float64. `print(errors)` shows yours.
#
# ## One number for each array
#
# Somebody averages `b1`'s gradient over the batch, although the 1/N is in `dscores` already.
# `relative_error` is $|a - b| / (|a| + |b|)$, and N is 8.

# %% tags=["nbval-check-output"]
params = init_params([4, 6, 3], np.random.default_rng(6))
loss, grads = loss_and_grads(params, x, y, 0.0, rng)
grads["b1"] = grads["b1"] / 8
errors = gradient_check(lambda nudged: loss_and_grads(nudged, x, y, 0.0, rng)[0], params, grads)
print({name: rounded(error) if error > 1e-7 else "below 1e-7" for name, error in errors.items()})

# %% [markdown]
# $(1 - \frac18)/(1 + \frac18) = \frac79 = 0.778$, for `b1` alone. Errors array by array say *where* to look, and their size often fits one mistake:
# here a factor of 8. The network learns all the same, and its biases lag behind.

# %% [markdown]
# ## What is now true
#
# - A bend between the layers makes two layers more than one. A unit that is off passes no gradient.
# - Softmax and cross-entropy together have the gradient "probability, minus 1 for the right class", divided by N.
# - Weights start random, so that units differ, and with standard deviation $\sqrt{2/D}$, so that signals keep their size.
# - Your network runs forward and backward for any depth, and each of its gradients passes at 1e-7.
#
# **Three questions**
#
# 1. For all samples of a data set, the input of one hidden unit is negative. What happens to the unit in training?
# 2. A ten-class network starts with a loss of 14. The gradient check passes. What would you look at?
# 3. `mlp_backward` was checked at one random point. Name a mistake in `mlp_forward` that no gradient check can see.
# ▸ the answers
#
# 1. It is off for every sample, so no gradient reaches its weights: a "dead" unit. Momentum and weight decay may still move them for a while; only that, or a change in what comes in, can wake it.
# 2. The size of the weights at the start. 14 instead of 2.3 means scores that are confidently wrong before anything was learned.
# 3. Any forward pass that is another function than intended, but has its own right backward pass: a ReLU on the scores, say, or a missing bias.
#    The check compares the two passes with each other, not with what you meant.

# %% [markdown]
# **Next:** [lesson 04, overfitting](04_overfitting.ipynb).
