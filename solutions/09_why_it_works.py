# %% [markdown]
# # 09 · Why it works
#
# **You will** list every network that dropout trains, see what the network without masks has to do with them, and find the penalty that hides in the noise.\
# **You need** `network.py` and `training.py` complete, with dropout (lesson 06).\
# **Minutes:** 90, with a break before "The penalty in the noise". Nothing to write in the package; the blanks are in the notebook.

# %% tags=["setup"]
from functools import cache

import numpy as np

from dropout_lab.dropout import dropout_forward
from dropout_lab.lab import ensembles
from dropout_lab.lab.data import Split, digits
from dropout_lab.lab.ensembles import ensemble, passes, plain
from dropout_lab.lab.experiments.fitting import fit
from dropout_lab.lab.experiments.paired import paired_difference
from dropout_lab.lab.figures.drawn_network import plot_thinned
from dropout_lab.lab.figures.ensemble import (
    plot_activity,
    plot_convergence,
    plot_monte_carlo,
    plot_penalty,
    plot_root_law,
    plot_three_means,
    plot_weights,
)
from dropout_lab.lab.practice.lesson_09 import try_out
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.ensemble import explore_convergence
from dropout_lab.layers import affine_forward, relu_forward
from dropout_lab.network import init_params
from dropout_lab.training import sgd_momentum

# %% [markdown]
# ## 256 networks in one
#
# A layer of 8 units with dropout has $2^8 = 256$ masks, and each mask leaves a network of its own, a **thinned** one. They share their weights. Every training step draws some of
# them, one for each sample. At test time none of them is used: the network without masks answers (*weight-scaling inference*).

# %%
plot_thinned(dropout_forward, (5, 8, 3), p=0.4, rng=np.random.default_rng(1))

# %% [markdown]
# What has its answer to do with theirs? Lesson 06: for anything linear, the mean over the masks *is* the value without masks; behind a bend it is not.
# A softmax is a bend, so the usual mean of the 256 probabilities will miss. But there is another mean. The **normalised geometric mean** multiplies instead of adding. With $P(m)$ the probability of mask $m$, and $\pi_c(m)$ what
# its network says for class $c$:
#
# $$G_c = \frac{\prod_m \pi_c(m)^{P(m)}}{\sum_k \prod_m \pi_k(m)^{P(m)}}$$

# %%
NETWORKS = {  # sizes and rates, p to drop
    "softmax layer": ([8, 3], (0.4, 0.0)),
    "one hidden layer": ([5, 8, 3], 0.4),
    "two hidden layers": ([5, 5, 5, 3], 0.4),
}


@cache
def small(name):
    """A small network and its whole ensemble: (params, x, p, probs, chance)."""
    sizes, p = NETWORKS[name]
    params = init_params(sizes, np.random.default_rng(2))
    params |= {f"b{i}": np.zeros(n) for i, n in enumerate(sizes[1:], start=1)}
    x = np.random.default_rng(1).standard_normal((20, sizes[0]))
    return params, x, p, *ensemble(params, x, p)


# %% [markdown]
# `ensemble` takes the masks one after the other, cuts the network down as the mask says, and calls your `mlp_forward` on what is left.
#
# **Build, in the notebook · `geometric_mean`** · ●●○ · 8 minutes · three lines\
# $G$ (N, C) from `probs` (M, N, C) and `chance` (M,). A product of 256 powers is safer as a sum of logarithms.


# %%
def geometric_mean(probs, chance):
    """The normalised geometric mean of the networks' probabilities, weighted by their chances."""
    ### BEGIN SOLUTION
    logs = np.tensordot(chance, np.log(probs), axes=1)  # (N, C)
    powers = np.exp(logs)
    return powers / powers.sum(axis=-1)[:, None]
    ### END SOLUTION


try_out(geometric_mean)

# %% [markdown]
# **Predict.** Three networks: a softmax layer with dropout on its 8 inputs; 8 hidden units with dropout, then a softmax; two hidden layers of 5 units, both with dropout.
# In how many of them is $G$ equal to the network without masks, to rounding?

# %%
predict("networks in which G is exact, of three", ...)


# %%
def three_means(name):
    params, x, _, *every = small(name)
    return plain(params, x), ensembles.geometric_mean(*every), ensembles.arithmetic_mean(*every)


exact = {}
for name in NETWORKS:
    without, geometric, arithmetic = three_means(name)
    off, usual = np.abs(geometric - without).max(), np.abs(arithmetic - without).max()
    exact[name] = off < 1e-12
    print(f"{name}: G off by {rounded(off, 1)}, the arithmetic mean by {usual:.2f}")
reveal("networks in which G is exact, of three", sum(exact.values()))
plot_three_means({name: three_means(name) for name in NETWORKS})

# %% [markdown]
# ▸ after you have run it
#
# Exact in two of three (Baldi and Sadowski 2013). The logarithm of a softmax is $\log \pi_c(m) = z_c(m) - \log Z(m)$, with $z$ the scores (*logits*). Averaged over the masks, $z_c$ becomes its value without masks,
# **if the scores are linear in the mask**. The mean of $\log Z$ is the same number for every class, so normalising removes it. What is left is the softmax without masks.
#
# A hidden layer before the mask does no harm: its outputs do not depend on the mask. A ReLU *after* a mask does, and with two hidden layers there is one. So for a deep network "the network without masks is the average of
# all thinned ones" is an approximation, whichever mean you take. It has to be measured.

# %% [markdown]
# ## Draw, and average
#
# One can also do at test time what the idea says: draw k masks, run k passes, average the probabilities. This is Monte-Carlo averaging. It aims at the *arithmetic* mean, which the list of
# all masks gives exactly. Independent errors average out as $1/\sqrt k$:

# %%
COUNTS = [1, 4, 16, 64, 256]


def spread_and_gap(params, x, p, probs, chance):
    """The variance of one pass, and how far the network without masks is from the exact mean."""
    mean = ensembles.arithmetic_mean(probs, chance)
    spread = np.einsum("m,mnc->nc", chance, (probs - mean) ** 2).mean()
    return spread, np.sqrt(((plain(params, x) - mean) ** 2).mean())


params, x, p, probs, chance = small("one hidden layer")
mean = ensembles.arithmetic_mean(probs, chance)
pool = passes(params, x, p, 10_240, np.random.default_rng(3))
distances = [ensembles.rms(ensembles.averages(pool, k), mean) for k in COUNTS]
plot_root_law(COUNTS, distances, *spread_and_gap(*small("one hidden layer")))

# %% [markdown]
# The dots are passes through your own layer. The line was not fitted to them; it is $\sigma/\sqrt k$ with the variance $\sigma^2$ of one pass, from the list of all masks.
# Should your dots leave the line, ask `check("dropout_forward")` about the layer. The dashed line is the network without masks. It needs one pass, and it stays where it is.
#
# **Build, in the notebook · `passes_needed`** · ●○○ · 5 minutes · one line\
# From which k on is an average of k passes nearer to the exact mean than the network without masks? `spread` is $\sigma^2$, `gap` the height of the dashed line; the answer need not be whole.


# %% tags=["nbval-check-output"]
def passes_needed(spread, gap):
    """The k at which sigma / sqrt(k) equals gap."""
    ### BEGIN SOLUTION
    return spread / gap**2
    ### END SOLUTION


try_out(passes_needed)
show(passes_needed=passes_needed(*spread_and_gap(*small("one hidden layer"))))

# %% [markdown]
# Average the *scores* instead, for all three networks, and look at the distance from the network without masks:

# %%
plot_convergence(
    {name: small(name)[:3] for name in NETWORKS}, of="scores", rng=np.random.default_rng(0)
)

# %% [markdown]
# Where the scores are linear in the mask, their average goes on as $1/\sqrt k$. A ReLU after the mask stops it. Turn the panel to averages of *probabilities*: the softmax is a bend as well, and stops all three.

# %%
explore_convergence({name: small(name)[:3] for name in NETWORKS})

# %% [markdown]
# Nearer to the mean is not yet better. What about errors? A network of 128 hidden units, trained with p = 0.5 on 500 digits of which every fifth label is a random class; 600 digits are held out.
# $2^{128}$ masks cannot be listed. They can be drawn.
#
# **Predict.** For every ten errors that the network makes without a mask, how many does it make with *one* random mask?

# %%
predict("errors with one mask, for ten without", ...)


# %%
@cache
def trained(p, seed=0):
    """A trained network and 600 held-out images with their classes: (params, x, y)."""
    data, rng = digits(500, seed), np.random.default_rng(seed)
    wrong = rng.random(500) < 0.2
    y = np.where(wrong, rng.integers(0, 10, 500), data.y_train)
    data = Split(data.x_train, y, data.x_test[:600], data.y_test[:600])
    params, _ = fit(init_params([64, 128, 10], rng), data, epochs=40, rng=rng, p=p, watch=False)
    return params, data.x_test, data.y_test


def error(probs, y):
    """Share of wrong answers in percent, for probabilities (..., N, C)."""
    return 100 * (probs.argmax(axis=-1) != y).mean(axis=-1)


PASSES, NETS = [1, 2, 5, 10, 20, 50, 100], range(6)
curve, level = [], []
for seed in NETS:
    params, x, y = trained(0.5, seed)
    pool = passes(params, x, 0.5, 100, np.random.default_rng(4))
    curve.append([error(ensembles.averages(pool, k), y).mean() for k in PASSES])
    level.append(error(plain(params, x), y))
curve, level = np.array(curve), np.array(level)
reveal("errors with one mask, for ten without", round(10 * curve[:, 0].mean() / level.mean()))
plot_monte_carlo(PASSES, list(curve.T), level.mean())
print("100 passes against no mask, points:", paired_difference(curve[:, -1], level))

# %% [markdown]
# ▸ after you have run it
#
# Averages of tens of passes come down to what one pass without masks gives. Whether a hundred are better than none is what the last line says, for six networks: the difference is small, if there is one.
# In Srivastava et al. (2014, figure 11) the two meet at about k = 50; beyond, averaging is slightly better, by less than one standard deviation. So one pass without masks is the standard.
#
# One honest sentence: all this explains why scaling at *test time* works. That an average of many networks is good does not yet say why *these* networks, with shared weights, generalise. For that, look at what the noise does to the weights.

# %% [markdown]
# ## The penalty in the noise: linear regression
#
# Take the simplest network, $\hat y = x w$ with squared error and dropout on the inputs. Its mean over all masks can be written down.
# For one sample, mean squared error is squared bias plus variance. The bias is that of no dropout. The variance of $\sum_j x_j m_j w_j$ is a sum over independent coins, each with the $x^2 p/(1-p)$ of lesson 06:
#
# $$E\,\|y - (X \odot m)\,w\|^2 = \|y - Xw\|^2 + \frac{p}{1-p}\sum_j w_j^2 \sum_i x_{ij}^2$$
#
# **Build, in the notebook · `mean_loss`** · ●○○ · 5 minutes · two lines\
# The right-hand side. The cell then measures the left-hand side with 4,000 masks of your layer.


# %%
def mean_loss(X, Y, W, p):
    """The mean over all masks of the squared error, summed over the samples."""
    ### BEGIN SOLUTION
    added = p / (1 - p) * (W**2 * (X**2).sum(axis=0)).sum()
    return ((Y - X @ W) ** 2).sum() + added
    ### END SOLUTION


try_out(mean_loss)

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(5)
mixing = (np.eye(8) + 0.5 * rng.standard_normal((8, 8))) * np.geomspace(0.5, 2, 8)
X = rng.standard_normal((200, 8)) @ mixing  # correlated columns of different sizes
Y, W = X @ rng.standard_normal(8) + rng.standard_normal(200), rng.standard_normal(8)
noisy, _ = dropout_forward(np.tile(X, (4000, 1, 1)), 0.3, np.random.default_rng(6))
losses = ((Y - noisy @ W) ** 2).sum(axis=1)
show(
    formula=mean_loss(X, Y, W, 0.3),
    measured=losses.mean(),
    standard_error=losses.std() / np.sqrt(4000),
)

# %% [markdown]
# So dropout here is **ridge regression** with a particular diagonal: each weight is charged by the sum of squares of its own column (Srivastava et al., section 9.1).
# Setting the gradient of that loss to 0 gives the weights that minimise it: $(X^TX + \tfrac{p}{1-p}\,\mathrm{diag}(X^TX))\,w = X^T y$.
#
# **Build, in the notebook · `ridge_weights`** · ●●○ · 6 minutes · two lines\
# Solve it. `np.linalg.solve(a, b)` gives the $w$ with $a\,w = b$; `np.diag` takes a diagonal out of a matrix, and makes a matrix of it again.


# %%
def ridge_weights(X, Y, p):
    """The weights (D,) that minimise the mean over all masks."""
    ### BEGIN SOLUTION
    gram = X.T @ X
    return np.linalg.solve(gram + p / (1 - p) * np.diag(np.diag(gram)), X.T @ Y)
    ### END SOLUTION


try_out(ridge_weights)

# %% [markdown]
# A sum of squares has a unit, and that has a consequence. Column 3 is converted from metres to millimetres: all its entries times 1,000.
#
# **Predict.** Whose fitted values change: those of `"ordinary"` ridge, $\lambda \sum_j w_j^2$, of `"dropout"`'s, of `"both"` or of `"neither"`?

# %%
predict(
    "fitted values that change with the unit",
    ...,
    choices=("ordinary", "dropout", "both", "neither"),
)

# %% tags=["nbval-check-output"]
in_mm = X * np.where(np.arange(8) == 3, 1000, 1)
ridges = {
    "ordinary": lambda x: np.linalg.solve(x.T @ x + 50 * np.eye(8), x.T @ Y),
    "dropout": lambda x: ridge_weights(x, Y, 0.3),
}


def fitted(solve, x):
    """The values on the fitted plane; 0 while `ridge_weights` is blank."""
    w = solve(x)
    return 0 if w is None else x @ w


changed = [name for name, s in ridges.items() if not np.allclose(fitted(s, in_mm), fitted(s, X))]
reveal(
    "fitted values that change with the unit",
    "both" if len(changed) == 2 else (changed or ["neither"])[0],
)

# %% [markdown]
# ▸ after you have run it
#
# Dropout multiplies by 0 or by a factor, and 0 metres are 0 millimetres. So the noise that it makes has the unit of the column, and the penalty goes with it. Ordinary ridge adds weights of different units.

# %% [markdown]
# That was the mean over all masks. Training never sees a mean; it sees one mask after the other. Does stochastic gradient descent with dropout find the weights that minimise the mean?


# %%
@cache
def sgd_with_dropout(steps=6000, p=0.3, lr=0.01):
    """SGD, dropout on the inputs: (the last weights, their mean over the last three quarters)."""
    rng, params, velocity = np.random.default_rng(7), {"w": np.zeros(8)}, {}
    total = np.zeros(8)
    for t in range(steps):
        rows = rng.integers(0, len(X), 32)
        noisy, _ = dropout_forward(X[rows], p, rng)
        gradient = noisy.T @ (noisy @ params["w"] - Y[rows]) / 32
        params, velocity = sgd_momentum(params, {"w": gradient}, velocity, lr, momentum=0.0)
        total += params["w"] if t >= steps // 4 else 0
    return params["w"], total / (steps - steps // 4)


last, averaged = sgd_with_dropout()
least_squares = np.linalg.lstsq(X, Y, rcond=None)[0]
plot_weights(least_squares, ridge_weights(X, Y, 0.3), averaged, last)

# %% [markdown]
# The average lands on the ridge solution. The last step keeps jittering around it: the noise goes on for as long as the masks are drawn, and only its mean is a penalty.
#
# ## A penalty that looks at the prediction
#
# For a classifier the penalty is no fixed diagonal. Take logistic regression: score $z = x\beta$, probability $q = 1/(1+e^{-z})$. The part of the loss that holds the label is linear in the score, so its mean does not change. What is added is
#
# $$E[\log(1 + e^{\tilde z})] - \log(1 + e^{z}) \approx \tfrac12\, q(1-q)\,\mathrm{Var}[\tilde z], \qquad \mathrm{Var}[\tilde z] = \frac{p}{1-p}\sum_j x_j^2\beta_j^2$$
#
# where $\tilde z$ is the score with dropout: Taylor's series to second order, with $q(1-q)$ the curvature of the loss (Wager, Wang and Liang 2013). The next figure divides each sample's penalty by the variance of its score.
#
# **Predict.** At which predicted probability $q$, between 0 and 1, does the noise cost most?

# %%
predict("the probability at which the noise costs most", ...)

# %%
FEATURES = np.random.default_rng(8).standard_normal((300, 8))
BETA = np.random.default_rng(9).standard_normal(8)
VARIANCE = 0.3 / 0.7 * (FEATURES**2 @ BETA**2)  # of each sample's score, p = 0.3
exact, quadratic = (
    f(FEATURES, BETA, 0.3) for f in (ensembles.exact_penalty, ensembles.quadratic_penalty)
)
q = ensembles.sigmoid(FEATURES @ BETA)
reveal(
    "the probability at which the noise costs most",
    round(float(q[np.argmax(quadratic / VARIANCE)]), 1),
)
plot_penalty(q, exact / VARIANCE, quadratic / VARIANCE)

# %% [markdown]
# ▸ after you have run it
#
# In the middle the noise costs most, and near 0 and 1 hardly anything. Ridge charges large weights wherever they are. Dropout lets a weight grow, if that makes predictions confident. With small weights and little noise,
# formula and truth agree; with larger ones they part.

# %% [markdown]
# ## Where the reading as L2 ends
#
# - In depth the penalty is no L2 norm: it can grow when a weight shrinks, and depends on products along paths (Helmbold and Long, [arXiv 1602.04484](https://arxiv.org/abs/1602.04484)). For deep *linear* networks it is known exactly (Mianjy, Arora and Vidal,
#   [arXiv 1806.09777](https://arxiv.org/abs/1806.09777); Clara, Langer and Schmidt-Hieber, [arXiv 2306.10529](https://arxiv.org/abs/2306.10529), who also show what the noise does beyond its mean).
# - Besides the mean of the noise, its *spread* acts on training too, and helps by itself (Wei, Kakade and Ma 2020, [arXiv 2002.12915](https://arxiv.org/abs/2002.12915): explicit and implicit regularisation).
# - Dropout can be read as training on more data, invented inside of the network (Bouthillier and others, [arXiv 1506.08700](https://arxiv.org/abs/1506.08700)). At the start of training it can even help to *fit* (Liu and others, [arXiv 2303.01500](https://arxiv.org/abs/2303.01500)).
#
# ## Units that need each other
#
# The story told most often is **co-adaptation**: without dropout, units adapt to each other, one correcting what another gets wrong; with it, each must be useful alone. One consequence can be measured. Drop half of the hidden units at random
# **at test time**, in networks that were trained without dropout, and in those trained with it.

# %%
for p in (0.0, 0.5):
    whole, half = [], []
    for seed in NETS:
        params, x, y = trained(p, seed)
        whole.append(error(plain(params, x), y))
        half.append(error(passes(params, x, 0.5, 20, np.random.default_rng(4)), y).mean())
    print(
        f"trained with p = {p}: errors with all units {np.mean(whole):.0f}%, with half {np.mean(half):.0f}%"
    )

# %% [markdown]
# Without dropout, half a network is a poor network. To be fair: working with half of itself is what the other was trained for, so this says that training worked. It does not by itself say that this is *why* it makes fewer errors with all its units.


# %%
@cache
def activations(p, seed=0):
    params, x, _ = trained(p, seed)
    return relu_forward(affine_forward(x, params["W1"], params["b1"])[0])[0]


plot_activity({"without dropout": activations(0.0), "with dropout": activations(0.5)})
means = {p: np.array([activations(p, seed).mean() for seed in NETS]) for p in (0.0, 0.5)}
print("mean activation, without minus with dropout:", paired_difference(means[0.0], means[0.5]))

# %% [markdown]
# The units are quieter with dropout, in this network. The paper (section 7.2) reports the same of its autoencoder. Do not take such a number along: how much quieter depends on the network.
#
# ## What is now true
#
# - The network without masks is the normalised geometric mean of all thinned networks, exactly, as long as the scores are linear in the mask. Deeper, it is near it. That explains test time, not generalisation.
# - Averaging k passes approaches the arithmetic mean as $1/\sqrt k$. One pass without masks is as good as an average of tens of them.
# - In linear regression dropout is ridge, each weight charged by its own column. In logistic regression it spares the confident. In depth the picture of a penalty is a beginning.
#
# **Three questions.**
#
# 1. Two hidden layers, but dropout only on the last one. Is the network without masks the geometric mean?
# 2. Gaussian noise with mean 1 and variance $p/(1-p)$ multiplies the inputs of a linear regression. Which penalty is that?
# 3. You average 100 passes and want half the distance to the exact mean. How many passes does it take?
# ▸ the answers
#
# 1. Yes, exactly. No ReLU comes after the mask, so the scores are linear in it; the layers before do not depend on it.
# 2. The same one. The derivation used the mean and the variance of the mask and nothing else. Where only two moments matter, zeros are not needed.
# 3. 400: the distance falls as $1/\sqrt k$.

# %% [markdown]
# **Next:** [lesson 10, other noise](10_other_noise.ipynb), changes what is drawn, and what it is drawn for.
