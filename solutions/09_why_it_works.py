# %% [markdown]
# # 09 · Why it works
#
# **You will** list every network that dropout trains, see what the network without masks has to do with them, and find the penalty that hides in the noise.\
# **You need** `network.py` and `training.py` complete, with dropout (lesson 06).\
# **Minutes:** 65. Nothing to write in the package; the blanks are in the notebook.

# %% tags=["setup"]
from functools import cache

import numpy as np

from dropout_lab.dropout import dropout_forward
from dropout_lab.lab import ensembles
from dropout_lab.lab.data import Split, digits
from dropout_lab.lab.ensembles import ensemble, passes, plain
from dropout_lab.lab.experiments.fitting import fit
from dropout_lab.lab.figures.ensemble import (
    plot_activity,
    plot_convergence,
    plot_features,
    plot_monte_carlo,
    plot_penalty,
    plot_root_law,
    plot_three_means,
    plot_weights,
)
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.ensemble import explore_convergence
from dropout_lab.layers import affine_forward, relu_forward, softmax_cross_entropy
from dropout_lab.network import init_params
from dropout_lab.training import sgd_momentum

# %% [markdown]
# ## 256 networks in one
#
# A layer of 8 units with dropout has $2^8 = 256$ masks, and each mask leaves a network of its own, a **thinned** one. They share their weights. Every training step draws some of
# them, one for each sample. At test time none of them is used: the network without masks answers.
#
# What has its answer to do with theirs? Lesson 06 listed all masks of a small layer: for anything linear, the mean over the masks *is* the value without masks; behind a bend it is not.
# A softmax is a bend. So the usual mean of the 256 probabilities will miss.
#
# But there is another mean. The **normalised geometric mean** multiplies instead of adding. With $P(m)$ the probability of mask $m$, and $\pi_c(m)$ what its network says for class $c$:
#
# $$G_c = \frac{\prod_m \pi_c(m)^{P(m)}}{\sum_k \prod_m \pi_k(m)^{P(m)}}$$
#
# **Predict.** Three networks: a softmax layer with dropout on its 8 inputs; 8 hidden units with dropout, then a softmax; two hidden layers of 5 units, both with dropout.
# For which of them is $G$ equal to the network without masks, to rounding?

# %%
my_prediction = [...]
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
    x = np.random.default_rng(1).standard_normal((20, sizes[0]))
    return params, x, p, *ensemble(params, x, p)


# %% [markdown]
# `ensemble` takes the masks one after the other, cuts the network down as the mask says, and calls your `mlp_forward` on what is left.
#
# **Build, in the notebook** · ●●○ · 8 minutes · three lines\
# Work out $G$ from `probs` (M, N, C) and `chance` (M,), and print its first row. A product of 256 powers is safer as a sum of logarithms. The last line of the
# cell is the course's own answer, to compare with.

# %%
params, x, p, probs, chance = small("one hidden layer")
### BEGIN SOLUTION
logs = np.tensordot(chance, np.log(probs), axes=1)  # (N, C)
powers = np.exp(logs)
show(by_hand=(powers / powers.sum(axis=1, keepdims=True))[0])
### END SOLUTION
show(geometric=ensembles.geometric_mean(probs, chance)[0])
show(arithmetic=ensembles.arithmetic_mean(probs, chance)[0])


# %%
def three_means(name):
    params, x, _, *every = small(name)
    return plain(params, x), ensembles.geometric_mean(*every), ensembles.arithmetic_mean(*every)


plot_three_means({name: three_means(name) for name in NETWORKS})

# %% tags=["nbval-check-output"]
for name in NETWORKS:
    without, geometric, arithmetic = three_means(name)
    off, usual = np.abs(geometric - without).max(), np.abs(arithmetic - without).max()
    print(
        f"{name}: geometric mean exact: {off < 1e-12}, off by {off:.2f}; arithmetic, by {usual:.2f}"
    )

# %% [markdown]
# Exact in two of three (Baldi and Sadowski 2013). Why: the logarithm of a softmax is $\log \pi_c(m) = s_c(m) - \log Z(m)$, with $s$ the scores. Averaged over the masks, $s_c$ becomes its value without masks,
# **if the scores are linear in the mask**. The mean of $\log Z$ is the same number for every class, so normalising removes it. What is left is $\mathrm{softmax}(s)$ without masks.
#
# A hidden layer before the mask does no harm: its outputs do not depend on the mask. A ReLU *after* a mask does. With two hidden layers there is one.
#
# **Predict.** All weights of the two-hidden-layer network get 5 times smaller. Does the gap vanish, to 1e-12? And with ten times smaller ones?

# %%
my_prediction = ...
for scale in (0.1, 0.2, 0.5, 1.0):
    params, x, p, *_ = small("two hidden layers")
    params = {name: scale * array for name, array in params.items()}
    gap = np.abs(ensembles.geometric_mean(*ensemble(params, x, p)) - plain(params, x)).max()
    print(f"weights x {scale}: off by {rounded(gap)}")

# %% [markdown]
# Smaller weights make a smaller gap, and none makes it 0. So for a deep network "the network without masks is the average of all thinned ones" is an approximation, whichever mean you take. It has to be measured.
#
# ## Draw, and average
#
# One can also do at test time what the idea says: draw k masks, run k passes, average the probabilities. This is Monte-Carlo averaging. It aims at the *arithmetic* mean, which the list of
# all masks gives exactly.
#
# **Predict.** From k = 4 to k = 64 passes: by which factor does the distance from that mean shrink?

# %%
my_factor = ...
COUNTS = [1, 4, 16, 64, 256]


@cache
def distances():
    """How far averages over k passes are from the mean over all masks, for each of COUNTS."""
    params, x, p, probs, chance = small("one hidden layer")
    pool = passes(params, x, p, 10_240, np.random.default_rng(3))
    mean = ensembles.arithmetic_mean(probs, chance)
    return [ensembles.rms(ensembles.averages(pool, k), mean) for k in COUNTS]


def spread_and_gap():
    """The variance of one pass, and how far the network without masks is from the mean."""
    return ensembles.law_of_distances(*small("one hidden layer")[:3])


plot_root_law(COUNTS, distances(), *spread_and_gap())

# %% tags=["nbval-check-output"]
d = dict(zip(COUNTS, distances()))
print(f"from k = 4 to k = 64 the distance shrinks by about {d[4] / d[64]:.0f}")

# %% [markdown]
# By 4, the square root of 16: independent errors average out as $1/\sqrt k$. The dots are passes through your own layer. The line was not fitted to them; it is $\sigma/\sqrt k$ with the variance $\sigma^2$ of one pass, from the list of all masks.
# Should your dots leave the line, ask `dropout-lab check` about the layer.
#
# The dashed line is the network without masks. It needs one pass, and it stays where it is.
#
# **Build, in the notebook** · ●○○ · 5 minutes · one line\
# The dotted line in the figure: from which k on is an average of k passes nearer to the exact mean than the network without masks? `spread` is $\sigma^2$, `gap` the height of the dashed line.

# %%
spread, gap = spread_and_gap()
### BEGIN SOLUTION
show(by_hand=spread / gap**2)  # sigma / sqrt(k) = gap
### END SOLUTION
print("the course's answer, rounded up:", ensembles.meeting_point(spread, gap))

# %% [markdown]
# Now the distance from the network without masks itself, for all three networks. Average the *scores*, not the probabilities.
#
# **Predict.** In which of them does the average go to the network without masks, and in which does it stop short?

# %%
my_prediction = [...]


def three():
    return {name: small(name)[:3] for name in NETWORKS}


plot_convergence(three(), of="scores", rng=np.random.default_rng(0))

# %% [markdown]
# Where the scores are linear in the mask, their average goes on as $1/\sqrt k$. A ReLU after the mask stops it.
#
# **Predict.** Averages of *probabilities*: in how many of the three do they go on? Turn the panel below to them, then press *new masks* a few times. Do the dots keep to the line?

# %%
explore_convergence(three())

# %% [markdown]
# In none. The softmax is a bend as well, and the probabilities aim at the arithmetic mean. Each seed gives other dots around the same line: chance decides where a dot lies, and $k$ how far out it can be.
#
# Nearer to the mean is not yet better. What about errors? A network of 128 hidden units, trained with p = 0.5 on 500 digits of which every fifth label is a random class; 600 digits are held out.
# $2^{128}$ masks cannot be listed. They can be drawn.
#
# **Predict.** One random mask makes more errors than no mask. How many passes must be averaged to draw level: 3, 10, 30, or 100? Is the average of 100 passes better than no mask, or worse?


# %%
@cache
def trained(p, seed=0, noise=0.2):
    """A trained network and 600 held-out images with their classes: (params, x, y)."""
    data, rng = digits(500, seed), np.random.default_rng(seed)
    wrong = rng.random(500) < noise
    y = np.where(wrong, rng.integers(0, 10, 500), data.y_train)
    data = Split(data.x_train, y, data.x_test[:600], data.y_test[:600])
    params, _ = fit(init_params([64, 128, 10], rng), data, epochs=60, rng=rng, p=p, watch=False)
    return params, data.x_test, data.y_test


def error(probs, y):
    """Share of wrong answers in percent, for probabilities (..., N, C)."""
    return 100 * (probs.argmax(axis=-1) != y).mean(axis=-1)


@cache
def pool(p, k):
    """k passes over the held-out images, half of the units dropped in each."""
    params, x, _ = trained(p)
    return passes(params, x, 0.5, k, np.random.default_rng(4))


# %%
my_k, my_winner = ..., ...
PASSES = [1, 2, 5, 10, 20, 50, 100]
params, x, y = trained(0.5)
errors = [error(ensembles.averages(pool(0.5, 1000), k), y) for k in PASSES]
plot_monte_carlo(PASSES, errors, error(plain(params, x), y))

# %% tags=["nbval-check-output"]
params, x, y = trained(0.5)
one, hundred = (error(ensembles.averages(pool(0.5, 1000), k), y) for k in (1, 100))
free = error(plain(params, x), y)
print("one pass makes at least 1.3 times as many errors as no mask:", one.mean() > 1.3 * free)
print("100 passes and no mask: less than 1.5 points apart:", abs(hundred.mean() - free) < 1.5)

# %% [markdown]
# They draw level after ten to twenty passes. At 100 the two differ by an image or two of 600, which decides nothing. In Srivastava et al. (2014, figure 11) they meet at about k = 50; beyond, averaging is
# slightly better, by less than one standard deviation. So one pass without masks buys what ten or more passes with masks cost. That is why it is the standard.
#
# ## The penalty in the noise: linear regression
#
# Averaging explains test time. What does the noise do to the *weights*? Take the simplest network, $\hat y = x w$ with squared error and dropout on the inputs. Its mean over all masks can be written down.
# For one sample, mean squared error is squared bias plus variance. The bias is that of no dropout. The variance of $\sum_j x_j m_j w_j$ is a sum over independent coins, each with the $x^2 p/(1-p)$ of lesson 06:
#
# $$E\,\|y - (X \odot m)\,w\|^2 = \|y - Xw\|^2 + \frac{p}{1-p}\sum_j w_j^2 \sum_i x_{ij}^2$$
#
# **Build, in the notebook** · ●○○ · 5 minutes · two lines\
# Compute the right-hand side for `X`, `Y`, `W` and p = 0.3, and print it. The cell then measures the left-hand side with 4,000 masks of your layer.

# %%
rng = np.random.default_rng(5)
mixing = (np.eye(8) + 0.5 * rng.standard_normal((8, 8))) * np.geomspace(0.5, 2, 8)
X = rng.standard_normal((200, 8)) @ mixing  # correlated columns of different sizes
Y, W = X @ rng.standard_normal(8) + rng.standard_normal(200), rng.standard_normal(8)
### BEGIN SOLUTION
added = 0.3 / 0.7 * (W**2 * (X**2).sum(axis=0)).sum()
show(right_hand_side=((Y - X @ W) ** 2).sum() + added)
### END SOLUTION
noisy, _ = dropout_forward(np.tile(X, (4000, 1, 1)), 0.3, np.random.default_rng(6))
losses = ((Y - noisy @ W) ** 2).sum(axis=1)
show(measured=losses.mean(), standard_error=losses.std() / np.sqrt(4000))

# %% [markdown]
# Within a few standard errors. So dropout here is **ridge regression** with a particular diagonal: each weight is charged by the sum of squares of its own column (Srivastava et al., section 9.1, written for inverted dropout).
# A sum of squares has a unit, and that has a consequence.
#
# **Predict.** Column 3 is converted from metres to millimetres: all its entries times 1,000. Both penalties are fitted again. Whose fitted values change: those of ordinary ridge, $\lambda \sum_j w_j^2$, of dropout's, or of both?

# %% tags=["nbval-check-output"]
my_prediction = ...
in_mm = X * np.where(np.arange(8) == 3, 1000, 1)


def ordinary_ridge(x, y, penalty=50):
    return np.linalg.solve(x.T @ x + penalty * np.eye(8), x.T @ y)


ridges = {"ordinary ridge": ordinary_ridge, "dropout's ridge": ensembles.dropout_ridge}
for name, solve in ridges.items():
    unchanged = np.allclose(in_mm @ solve(in_mm, Y), X @ solve(X, Y))
    print(f"{name}: fitted values unchanged: {unchanged}")

# %% [markdown]
# Dropout has no opinion on units. A zero is a zero in metres and in millimetres, so the noise it makes grows with the column.
#
# That was the mean over all masks. Training never sees a mean; it sees one mask after the other. Does stochastic gradient descent with dropout find the weights that minimise the mean?
#
# **Predict.** The last step of SGD, and the average over 4,500 steps: which of the two lies on the ridge weights? And is either near least squares without dropout?


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


# %%
my_prediction = ...
last, averaged = sgd_with_dropout()
least_squares = np.linalg.lstsq(X, Y, rcond=None)[0]
plot_weights(least_squares, ensembles.dropout_ridge(X, Y, 0.3), averaged, last)

# %% tags=["nbval-check-output"]
last, averaged = sgd_with_dropout()
ridge = ensembles.dropout_ridge(X, Y, 0.3)
for name, w in {"average": averaged, "least squares": least_squares}.items():
    off = np.linalg.norm(w - ridge) / np.linalg.norm(ridge)
    print(f"{name}: within 3% of the ridge weights: {off < 0.03}")

# %% [markdown]
# The average lands on the ridge solution, far from least squares. The last step keeps jittering around it: the noise goes on for as long as the masks are drawn, and only its mean is a penalty.
#
# ## A penalty that looks at the prediction
#
# For a classifier the penalty is no fixed diagonal. Take logistic regression: score $z = x\beta$, probability $s = 1/(1+e^{-z})$. The label enters the loss linearly, so dropout leaves that part alone on average. What is added is
#
# $$E[\log(1 + e^{\tilde z})] - \log(1 + e^{z}) \approx \tfrac12\, s(1-s)\,\mathrm{Var}[\tilde z], \qquad \mathrm{Var}[\tilde z] = \frac{p}{1-p}\sum_j x_j^2\beta_j^2$$
#
# where $\tilde z$ is the score with dropout: Taylor's series to second order, with $s(1-s)$ the curvature of the loss. So, roughly, dropout is an L2 penalty on features that have been rescaled by the data (Wager, Wang and Liang 2013).
#
# **Build, in the notebook** · ●○○ · 5 minutes · two lines\
# Compute the quadratic penalty of each of the 300 samples from `FEATURES`, `BETA` and `VARIANCE`, and print their mean. Below it stand the course's own, the exact one from the list of all 256 masks, and one measured with your layer and your cross-entropy.

# %%
FEATURES = np.random.default_rng(8).standard_normal((300, 8))
BETA = np.random.default_rng(9).standard_normal(8)
PENALTIES = ensembles.exact_penalty, ensembles.quadratic_penalty
VARIANCE = 0.3 / 0.7 * (FEATURES**2 @ BETA**2)  # of each sample's score, p = 0.3
### BEGIN SOLUTION
s = 1 / (1 + np.exp(-FEATURES @ BETA))
show(by_hand=(0.5 * s * (1 - s) * VARIANCE).mean())
### END SOLUTION
exact, quadratic = (f(FEATURES, BETA, 0.3) for f in PENALTIES)
show(quadratic=quadratic.mean(), exact=exact.mean())
many, labels = np.tile(FEATURES, (400, 1)), np.zeros(120_000, int)
noisy, _ = dropout_forward(many, 0.3, np.random.default_rng(10))
scores = [np.outer(rows @ BETA, [0, 1]) for rows in (noisy, many)]
losses = [softmax_cross_entropy(each, labels)[0] for each in scores]
show(measured=losses[0] - losses[1])

# %% [markdown]
# The formula gives the size, not the last digit. The next figure divides each sample's penalty by the variance of its score, so that only the factor $\tfrac12 s(1-s)$ is left.
#
# **Predict.** Sketch it: penalty against s from 0 to 1. Where is it largest?

# %%
my_prediction = ...
exact, quadratic = (f(FEATURES, BETA, 0.3) for f in PENALTIES)
plot_penalty(ensembles.sigmoid(FEATURES @ BETA), exact / VARIANCE, quadratic / VARIANCE)

# %% tags=["nbval-check-output"]
for scale in (0.05, 0.2, 0.5, 1.0):
    exact, quadratic = (f(FEATURES, scale * BETA, 0.1).sum() for f in PENALTIES)
    print(f"weights x {scale}, p = 0.1: exact / quadratic = {exact / quadratic:.2f}")

# %% [markdown]
# At $s = \tfrac12$ the noise costs most, and near 0 and 1 hardly anything. Ridge charges large weights wherever they are. Dropout lets a weight grow, if that makes predictions confident. With small weights and little noise, formula and truth agree to
# a percent. With larger ones they part: the truth is below the formula in the middle, and above it at both ends.
#
# ## Units that need each other
#
# The story told most often is **co-adaptation**: without dropout, units adapt to each other, one correcting what another gets wrong; with it, each must be useful alone. One consequence can be measured. Drop half of the hidden units at random
# **at test time**, in the network that was trained without dropout, and in the one trained with it.
#
# **Predict.** Error with half of the units gone, trained without dropout, and with? Two numbers in percent; 90% is guessing.

# %%
my_prediction = ..., ...
for p in (0.0, 0.5):
    params, x, y = trained(p)
    whole, half = error(plain(params, x), y), error(pool(p, 100), y).mean()
    print(f"trained with p = {p}: errors with all units {whole:.0f}%, with half {half:.0f}%")

# %% [markdown]
# Without dropout, half a network is a poor network. With it, half a network errs about as often as the whole of the other. To be fair: that is what it was trained for, and what you see here is that the training worked. It does not by itself say that this is *why* it makes fewer errors with all its units.
#
# Next, the features: the weights that lead into a hidden unit, drawn as an image. Srivastava et al. (section 7.1) saw units become detectors of strokes and edges with dropout, in an autoencoder with 256 units.
#
# **Predict.** Will you see the difference here, in a classifier on 8 by 8 pixels?

# %%
my_prediction = ...
plot_features({"without": trained(0.0)[0], "with": trained(0.5)[0]})


# %%
@cache
def activations(p, seed=0, noise=0.2):
    params, x, _ = trained(p, seed, noise)
    return relu_forward(affine_forward(x, params["W1"], params["b1"])[0])[0]


plot_activity({"without dropout": activations(0.0), "with dropout": activations(0.5)})

# %% tags=["nbval-check-output"]
for seed in (0, 1, 2):
    without, with_dropout = (activations(p, seed) for p in (0.0, 0.5))
    lower = with_dropout.mean() < without.mean()
    more = (with_dropout == 0).mean() > (without == 0).mean()
    print(f"seed {seed}: mean activation lower with dropout: {lower}, more zeros: {more}")

# %% [markdown]
# Features: little to see. Activity: a clear effect, in three seeds of three; the mean is about halved. The paper (section 7.2) reports a fall from about 2.0 to 0.7 in its autoencoder.
# Do not take such a number along: in another classifier that we tried, 20 inputs and 256 units, the mean went from 0.57 to 0.51 only. How much sparser dropout makes a network depends on the network.
#
# **Build, in the notebook** · ●●○ · 10 minutes\
# An experiment with an open end. Is the quieter layer owed to the wrong labels, which only the plain network learns by heart? Write a prediction as a comment, then print the mean activations with right labels
# (`noise=0.0`) for three seeds. Or ask another question: are the units less correlated with dropout?

# %%
### BEGIN SOLUTION
# Prediction: if the wrong labels were the reason, the difference would be gone without them.
for seed in (0, 1, 2):
    without, with_dropout = (activations(p, seed, noise=0.0).mean() for p in (0.0, 0.5))
    print(f"seed {seed}: without {without:.2f}, with dropout {with_dropout:.2f}")
### END SOLUTION

# %% [markdown]
# ## What is now true
#
# - The network without masks is the normalised geometric mean of all thinned networks, exactly, as long as the scores are linear in the mask. Deeper, it is near it.
# - Averaging k passes approaches the arithmetic mean as $1/\sqrt k$. One pass without masks is as good as ten or more of them.
# - In linear regression dropout is ridge, each weight charged by its own column. In logistic regression it spares the confident.
# - Units trained with dropout can do without each other, and they are quieter here. The features look much the same.
#
# **Three questions.**
#
# 1. Two hidden layers, but dropout only on the last one. Is the network without masks the geometric mean?
# 2. Gaussian noise with mean 1 and variance $p/(1-p)$ multiplies the inputs of a linear regression. Which penalty is that?
# 3. You average 100 passes and want half the distance to the exact mean. How many passes does it take?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. Yes, exactly. No ReLU comes after the mask, so the scores are linear in it; the layers before do not depend on it.
# 2. The same one. The derivation used the mean and the variance of the mask and nothing else. Where only two moments matter, zeros are not needed.
# 3. 400: the distance falls as $1/\sqrt k$.
# ### END SOLUTION
#
# **Next:** [10 · Other noise](10_other_noise.ipynb) takes the second answer at its word.
