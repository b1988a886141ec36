# %% [markdown]
# # 10 · Other noise
#
# **You will** build three relatives of dropout, see what they share and where they differ, measure why dropout and batch normalisation disturb each other, and draw
# a map of what a network with dropout left on does not agree with itself about.\
# **You need** lesson 06, and `network.py` and `training.py` complete.\
# **Minutes:** 90, with a break before "Noise at test time".

# %% tags=["setup"]
from functools import cache

import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.dropout import dropout_forward
from dropout_lab.lab.data import Split
from dropout_lab.lab.experiments.fitting import accuracy, fit
from dropout_lab.lab.figures.drawn_network import plot_what_is_dropped
from dropout_lab.lab.figures.noise import (
    gaps,
    plot_factors,
    plot_gaps,
    plot_two_units,
    plot_uncertainty,
    plot_variance_shift,
    smooth_maps,
)
from dropout_lab.lab.practice.lesson_10 import try_out
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.noise import explore_uncertainty
from dropout_lab.layers import affine_forward
from dropout_lab.network import init_params
from dropout_lab.noise import (
    dropconnect_forward,
    gaussian_dropout_forward,
    mc_predict,
    spatial_dropout_forward,
)

# %%
plot_what_is_dropped(p=0.4, rng=np.random.default_rng(1))

# %% [markdown]
# ## Does it have to be zeros?
#
# Dropout multiplies each output by a random factor $m$ with $E[m] = 1$ and $\mathrm{Var}[m] = p/(1-p)$ (lesson 06). Any noise can have this mean and this variance. The
# simplest to write down is normal: $m \sim N\!\left(1, \tfrac{p}{1-p}\right)$. This is **Gaussian dropout**. With it, no output is ever exactly 0.
#
# **Predict.** p = 0.3. What fraction of the normal factors is *negative*, so that an output changes its sign?

# %%
predict("share of negative factors at p = 0.3", ...)

# %% [markdown]
# **Build 10.1 · `gaussian_dropout_forward`** · ●○○ · 5 minutes · four lines\
# **Build 10.2 · `gaussian_dropout_backward`** · ●○○ · 3 minutes · one line\
# In `dropout_lab/noise.py`. Your dropout layer with another way to draw the factors. Mind what the generator asks for: the variance, or its root? And float32 in, float32 out.
# Stuck? `hint("gaussian_dropout_forward")`.

# %%
check("gaussian_dropout_forward")

# %%
check("gaussian_dropout_backward")

# %%
BOTH = {"dropout": dropout_forward, "Gaussian dropout": gaussian_dropout_forward}
factors = gaussian_dropout_forward(np.ones(100_000), 0.3, np.random.default_rng(1))[0]
reveal("share of negative factors at p = 0.3", round((factors < 0).mean(), 2))
plot_factors(BOTH, p=0.3, rng=np.random.default_rng(1))

# %% [markdown]
# Two spikes on one side, a bell on the other. The means and the variances agree.
#
# What does the shape matter? Take linear regression with noise on the inputs. The loss is a square, so its mean contains $E[m]$ and $E[m^2]$ and nothing else:
#
# $$E\,\lVert y - (X \odot m)\,w \rVert^2 = \lVert y - Xw \rVert^2 + \frac{p}{1-p} \sum_j w_j^2 \sum_i x_{ij}^2$$
#
# Over 4,000 masks, the mean loss under each kind of noise against that formula; and the mean of $\mathrm{ReLU}(m_1 - m_2)$, for two factors at p = 0.5:

# %% tags=["nbval-check-output"]
data = np.random.default_rng(2)
X, w = data.standard_normal((200, 8)), data.standard_normal(8)
y = X @ w + data.standard_normal(200)
formula = ((y - X @ w) ** 2).sum() + 0.3 / 0.7 * (w**2 * (X**2).sum(axis=0)).sum()
for name, layer in BOTH.items():
    rng = np.random.default_rng(3)
    loss = np.mean([((y - layer(X, 0.3, rng)[0] @ w) ** 2).sum() for _ in range(4000)])
    pairs = layer(np.ones((100_000, 2)), 0.5, rng)[0]
    bend = np.maximum(pairs[:, 0] - pairs[:, 1], 0).mean()
    print(f"{name}: loss / formula {loss / formula:.2f}, mean ReLU of a difference {bend:.2f}")

# %% [markdown]
# In the linear model the two cannot be told apart: only two moments matter. Behind the ReLU they differ. With more inputs they differ less, because a sum
# of many factors is nearly normal, whatever they are. On MNIST, Srivastava et al. (2014, table 10) report 1.08% error with zeros and 0.95% with Gaussian noise.
#
# ## What if weights are dropped?
#
# **DropConnect** (Wan et al. 2013) tosses a coin for each *weight*: $out = x\,(w \odot m) + b$. Every output still has the mean and the variance it has when the inputs
# are dropped:
#
# $$\mathrm{Var}[out_h] = \frac{p}{1-p}\sum_j x_j^2\,w_{jh}^2 \quad\text{in both.}$$
#
# **Build 10.3 · `dropconnect_forward`** · ●●○ · 10 minutes · four lines\
# In `dropout_lab/noise.py`. An affine layer with a thinned weight matrix. One mask serves the batch here, and b is never dropped. Think of backward when you fill the cache.
# Stuck? `hint("dropconnect_forward")`.

# %%
check("dropconnect_forward")

# %% [markdown]
# **Build 10.4 · `dropconnect_backward`** · ●●● · 10 minutes · three lines\
# In `dropout_lab/noise.py`. Two questions lead there. Which matrix did x meet? And by what was w multiplied before x met it? Stuck? `hint("dropconnect_backward")`.

# %%
check("dropconnect_backward")

# %% [markdown]
# Now two units that look for similar things in the same 30 inputs. Their weights are alike, but not equal.
#
# **Predict.** Drop *weights*, 4,000 times: how strongly are the outputs of the two units correlated, from -1 to 1?

# %%
predict("correlation of two units when weights are dropped", ...)

# %%
data = np.random.default_rng(4)
x, w, b = data.uniform(0, 1, (1, 30)), data.normal(0, 0.5, (30, 2)), np.zeros(2)
w[:, 1] = 0.8 * w[:, 0] + 0.6 * w[:, 1]


def two_units(p=0.5, draws=4000):
    """The outputs of both units under each kind of noise: {name: array (draws, 2)}."""
    rng = np.random.default_rng(5)
    dropped, _ = dropout_forward(np.tile(x, (draws, 1)), p, rng)
    thinned = np.vstack([dropconnect_forward(x, w, b, p, rng)[0] for _ in range(draws)])
    return {"inputs dropped": affine_forward(dropped, w, b)[0], "weights dropped": thinned}


plot_two_units(two_units(), p=0.5)

# %% tags=["nbval-check-output"]
a, c = (x.T * w).T
show(cosine_of_the_two=a @ c / np.sqrt((a @ a) * (c @ c)), deviations=np.sqrt([a @ a, c @ c]))
for name, outputs in two_units().items():
    correlation = np.corrcoef(outputs.T)[0, 1]
    print(f"{name}: correlation {correlation:.2f}, deviations {rounded(outputs.std(axis=0))}")
reveal("correlation of two units when weights are dropped", round(correlation, 1) + 0.0)
plain = np.tile(affine_forward(x, w, b)[0], (4000, 1))
silenced, _ = dropout_forward(plain, 0.5, np.random.default_rng(5))
for name, outs in {"outputs": silenced, "weights": outputs}.items():
    print(f"exact zeros, {name} dropped: {(outs == 0).mean():.0%}")

# %% [markdown]
# ▸ after you have run it
#
# Each unit by itself is as noisy under the one as under the other. What differs is what the two have in common: one cloud is tilted. Dropped inputs are missing for both units, so both go astray together, by the cosine between $x \odot w_1$ and $x \odot w_2$. Dropped weights are each
# unit's own affair. And no output is exactly 0. Dropout on the outputs silences a unit; DropConnect lets it speak on part of what it hears. (Wan et al. mask the biases too, draw a mask for each sample, and approximate the average at test time in another way; here one mask serves the batch.)

# %% [markdown]
# ## What if neighbours are alike?
#
# In an image, and in the feature maps that a convolution makes of it, an entry is much like the one beside it. Arrays here have the shape (N, C, height, width): C maps for each sample.
# `smooth_maps` draws some.
#
# **Predict.** Drop half of the entries of such a map. If you had to guess a dropped entry from the kept ones right beside it, how far off would you be,
# when an entry's standard deviation is 1?

# %%
predict("error of a guess from the neighbours, in standard deviations", ...)

# %% [markdown]
# **Build 10.5 · `spatial_dropout_forward`** · ●●○ · 5 minutes · four lines\
# **Build 10.6 · `spatial_dropout_backward`** · ●○○ · 3 minutes · one line\
# In `dropout_lab/noise.py`. A map stays or goes as a whole, so a sample needs one coin for each of its channels. Broadcasting can carry a coin over a map. Stuck? `hint("spatial_dropout_forward")`.

# %%
check("spatial_dropout_forward")

# %%
check("spatial_dropout_backward")

# %%
maps = smooth_maps((8, 16, 12, 12), np.random.default_rng(6))
two = {"dropout": dropout_forward, "spatial": spatial_dropout_forward}
_, miss = gaps(maps, dropout_forward(maps, 0.5, np.random.default_rng(25))[0])
reveal("error of a guess from the neighbours, in standard deviations", round(float(miss), 1))
plot_gaps(two, maps, p=0.5, rng=np.random.default_rng(25))

# %% [markdown]
# ▸ after you have run it
#
# Ordinary dropout takes little away from these maps: nearly every gap has a kept neighbour, and those tell most of the entry. The next layer
# can look past the noise. Whole maps cannot be looked past (Tompson et al. 2015). The price: fewer coins. A sample has one for each of its 16 maps.

# %% [markdown]
# ## Before batch normalisation
#
# Dropout keeps the mean, in training and at test time, and raises the variance in training only. **Batch normalisation** does: in training it remembers the mean and the
# variance of what it sees, and at test time it divides by the root of the variance that it *remembers*.
#
# **Predict.** x is normal with mean 0 and variance 1, p = 0.5. What is the variance in training, in units of that at test time?

# %%
predict("variance in training over that at test time, p = 0.5", ...)

# %%
z = np.random.default_rng(9).standard_normal(1_000_000)
shift = dropout_forward(z, 0.5, np.random.default_rng(8))[0].var() / z.var()
reveal("variance in training over that at test time, p = 0.5", round(shift, 1))
plot_variance_shift(dropout_forward, np.random.default_rng(8))

# %% tags=["nbval-check-output"]
z = np.random.default_rng(9).standard_normal(1_000_000)
inputs = z, np.maximum(z, 0)
for name, layer in BOTH.items():
    for p in (0.1, 0.3, 0.5):
        ratio, relu = (layer(x, p, np.random.default_rng(10))[0].var() / x.var() for x in inputs)
        print(
            f"{name}, p = {p}: {ratio:.2f}, 1 / (1 - p) = {1 / (1 - p):.2f}, with ReLU {relu:.2f}"
        )

# %% [markdown]
# ▸ after you have run it
#
# The ratio is $1/(1-p)$, and more behind a ReLU, whose mean is not 0: the noise grows with $E[x^2] = \mathrm{Var}[x] + E[x]^2$, while only $\mathrm{Var}[x]$ is there without it. Gaussian noise shifts by as much; it is the second moment again.

# %% [markdown]
# **Build, in the notebook · `normalised`** · ●○○ · 5 minutes · one line\
# Batch normalisation learns from `train`, the output of dropout in training. Return `test` normalised with what it remembers.


# %%
def normalised(train, test):
    """test, by the mean and the standard deviation of train."""
    ### BEGIN SOLUTION
    return (test - train.mean()) / train.std()
    ### END SOLUTION


try_out(normalised)
train, _ = dropout_forward(z, 0.5, np.random.default_rng(11))
test, _ = dropout_forward(z, 0.5, np.random.default_rng(11), train=False)
show(
    deviation_in_training=np.std(normalised(train, train)),
    at_test_time=np.std(normalised(train, test)),
)

# %% [markdown]
# The next layer was trained on inputs of standard deviation 1 and gets smaller ones. In a deep network such errors multiply (in wide layers each is smaller, since sums of many inputs are less noisy). Li et al. (2018, figure 1) put dropout of 0.5 into every bottleneck of a DenseNet
# and saw its accuracy on CIFAR-100 fall from 77.42% to 68.55%. One remedy: dropout *behind* the last batch normalisation.
#
# ## Noise at test time, on purpose
#
# A network with dropout holds many thinned networks. At test time we let all units vote at once. **MC dropout** (Gal and Ghahramani 2016) leaves the coins on, asks again and again, and reports
# the mean of the answers and their *spread*, the standard deviation. They read it as approximate Bayesian inference. How far does that carry, on a problem that can be drawn?
#
# **Build 10.7 · `mc_predict`** · ●●○ · 5 minutes · two lines\
# In `dropout_lab/noise.py`. Average probabilities, not scores. Should each pass get a generator of its own, made from the same seed? Stuck? `hint("mc_predict")`.

# %%
check("mc_predict")

# %% [markdown]
# The problem: two half moons that reach into each other. The network, 2-64-64-2 with p = 0.2, is trained by your own functions.


# %%
def moons(n, rng):
    """n points in the plane (n, 2) and their classes (n,): two half circles, with noise."""
    angle, y = rng.uniform(0, np.pi, n), rng.integers(0, 2, n)
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x[y == 1] = [1, 0.5] - x[y == 1]
    return (x + rng.normal(0, 0.2, x.shape)).astype(np.float32), y


@cache
def trained(n=200):
    """A network that saw n points, in about 600 updates; restart the kernel after an edit."""
    data = Split(*moons(n, np.random.default_rng(12)), *moons(2000, np.random.default_rng(13)))
    start, rng = (
        init_params([2, 64, 64, 2], np.random.default_rng(14)),
        np.random.default_rng(15),
    )
    options = {"epochs": 30_000 // n, "batch_size": 50, "lr": 0.05, "watch": False}
    return fit(start, data, p=0.2, rng=rng, **options)[0]


def noisy_passes(points, p, rng, passes):
    return mc_predict(trained(), points, p, rng, passes)


points, classes = moons(200, np.random.default_rng(12))  # what it was trained on
new, new_classes = moons(2000, np.random.default_rng(13))
print(f"accuracy on new points, no noise: {accuracy(trained(), new, new_classes):.3f}")
mean, _ = noisy_passes(new, 0.2, np.random.default_rng(16), 50)
print(f"mean of 50 noisy passes: {(mean.argmax(axis=1) == new_classes).mean():.3f}")

# %% [markdown]
# Where in the plane do the passes disagree? Turn p and the number of passes; which of the two makes the green zone wider, and what does the other do?

# %%
explore_uncertainty(noisy_passes, points, classes, p=0.2)

# %% [markdown]
# The passes disagree along the border between the classes. More passes make the map smoother, not paler. A larger p makes the zone wider.
#
# ### What the spread tells
#
# Take the tenth of the new points with the largest spread. Does the network get more of these wrong? And could the probabilities of a single pass
# without noise have picked a tenth as good?

# %%
mean, std = noisy_passes(new, 0.2, np.random.default_rng(16), 50)
plain, _ = noisy_passes(new, 0.0, np.random.default_rng(16), 1)
wrong, plain_wrong = (probs.argmax(axis=1) != new_classes for probs in (mean, plain))
by_spread, by_probability = np.argsort(-std[:, 1]), np.argsort(plain.max(axis=1))
print(f"wrong among the 10% of largest spread: {wrong[by_spread[:200]].mean():.2f}")
print(f"wrong among the others: {wrong[by_spread[200:]].mean():.3f}")
print(
    f"wrong among the 10% least sure without noise: {plain_wrong[by_probability[:200]].mean():.2f}"
)

# %% [markdown]
# The spread finds the hard points. Here, the plain probability finds them about as well, at the price of one pass instead of fifty.
#
# ### What it does not tell
#
# Zoom out eight times. No data lies there, so an honest network would not know.

# %%
rng = np.random.default_rng(17)
plot_uncertainty(noisy_passes, points, classes, p=0.2, rng=rng, reach="far away")

# %% tags=["nbval-check-output"]
angle = np.linspace(0, 2 * np.pi, 360, endpoint=False)
circle = 20 * np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
mean, std = noisy_passes(circle, 0.2, np.random.default_rng(18), 50)
blind = (mean.max(axis=1) > 0.99) & (std[:, 1] < 0.02)
print(
    "20 away, sure and without spread in more than half of all directions:", blind.mean() > 0.5
)

# %% [markdown]
# Far out a ReLU network is linear along each ray, so its scores grow with the distance and the softmax saturates. Every thinned network does the same, and nearly all on the same side. They agree,
# not because they know, but because they are built alike.
#
# Is the size of the spread a property of the data? Two tests: another p at prediction time, same network; and networks trained on 50, 200, 1,000 points.

# %%
for p in (0.1, 0.2, 0.5):
    spread = noisy_passes(new, p, np.random.default_rng(19), 50)[1].mean()
    print(f"same network, p = {p}: mean spread {spread:.3f}")
for n in (50, 200, 1000):
    spread = mc_predict(trained(n), new, 0.2, np.random.default_rng(19), 50)[1].mean()
    print(f"trained on {n} points, p = 0.2: mean spread {spread:.3f}")

# %% [markdown]
# The spread follows p, which you chose (for fixed p and without weight decay). The data moves it less, and in no sure direction from one seed to the next.
# What is not known for lack of data should shrink with data. So the spread ranks points, but its size means nothing by itself. Whoever wants "0.1" to mean something has to calibrate it on held-out points, p included.
# Whether it is Bayesian inference at all is disputed (Hron, Matthews and Ghahramani, [arXiv 1807.01969](https://arxiv.org/abs/1807.01969)).
#
# ## What is now true
#
# - Gaussian noise with mean 1 and variance $p/(1-p)$ does in a linear model what dropout does. Behind a bend the shape counts a little.
# - What is dropped decides what goes astray together: inputs move all units at once, weights each unit alone, maps whole neighbourhoods.
# - Dropout changes the variance, $1/(1-p)$ and more. Batch normalisation behind it remembers the wrong one.
# - The spread of noisy passes ranks points near the data. It is no probability of being wrong, and far away it can vanish.
#
# **Three questions.**
#
# 1. Your `dropconnect_forward` has one mask for the whole batch, the paper has one for each sample. Which lesson-06 measurement says what this costs, and how large is the price for 64 samples?
# 2. A network ends in one linear output $out = \sum_j w_j x_j$ with dropout on $x$. What does the spread of MC dropout converge to, and which part of it comes from the training labels?
# 3. `spatial_dropout_forward` is given a hidden layer of 100 units in the shape (N, 100, 1, 1). Which layer is it then? And what does it become for one map of any size, C = 1?
# ▸ the answers
#
# 1. "Whose coin?": the noise of the batch mean. With a shared mask it does not average out over the samples, so its standard deviation is up to $\sqrt{64} = 8$ times as large.
# 2. To $\sqrt{p/(1-p) \sum_j w_j^2 x_j^2}$. The labels come in only through $w$. If the labels of the same inputs are noisier but lead to the same $w$, the spread is the same.
# 3. Ordinary dropout: every map has one entry, and a coin of its own. With C = 1 a whole sample is kept or silenced, which leaves nothing to learn from in the silenced ones.

# %% [markdown]
# **Next:** [Lesson 11, against the frameworks](11_against_the_frameworks.ipynb), puts the same masks through your layer and `nn.Dropout`.
