# %% [markdown]
# # 08 · Does it help?
#
# **You will** measure what dropout does to the error on images that a network has not seen: with pairs of runs, intervals, controls that try to
# explain the effect away, and a case where dropout does harm.\
# **You need** `network.py` and `training.py` complete, with dropout (lesson 06).\
# **Minutes:** 75, of which the computer takes less than one.

# %% tags=["setup"]
from functools import cache

import numpy as np

from dropout_lab.lab.data import Split, digits
from dropout_lab.lab.experiments.fitting import fit, student_step
from dropout_lab.lab.experiments.paired import paired_difference
from dropout_lab.lab.experiments.rows import grid
from dropout_lab.lab.experiments.runs import train_digits, train_on
from dropout_lab.lab.experiments.sweeps import sweep
from dropout_lab.lab.figures.paired_runs import plot_differences, plot_pairs
from dropout_lab.lab.figures.rates import plot_rates
from dropout_lab.lab.figures.training import plot_bands, plot_curves
from dropout_lab.lab.practice.lesson_08 import try_out
from dropout_lab.lab.prediction import predict, recall, reveal
from dropout_lab.lab.widgets.rates import explore_rates
from dropout_lab.network import init_params

# %% [markdown]
# ## One run says little
#
# The network: 64 pixels, 256 hidden units, 10 classes; 1,000 of the digits to train on, 797 held out. The runs differ in dropout alone: none, or 0.1 on
# the pixels and 0.5 on the hidden units. All else is from lesson 04, with a learning rate that falls to 0.
#
# **Predict.** Twelve networks *without* dropout differ in nothing but the seed: other images to train on, other initial weights, another order of the batches. How
# many percentage points lie between the lowest and the highest of their errors?

# %%
predict("points between the lowest and the highest of 12 errors", ...)

# %%
NONE, DROPOUT, SEEDS = {"p": 0.0}, {"p": (0.1, 0.5)}, range(12)


@cache  # keeps the result; after a change in dropout_lab/, restart the kernel
def main():
    """One network for each setting and seed, on all cores."""
    settings = grid(p=[0.0, (0.1, 0.5)], hidden=[256], epochs=[40], lr=[0.1])
    return sweep(train_digits, settings, seeds=SEEDS)


def errors(rows, a=NONE, b=DROPOUT):
    """Held-out error in percent under two settings: two arrays over the seeds."""
    return tuple(100 * (1 - accuracy) for accuracy in rows.pairs("test_accuracy", a, b))


without, with_dropout = errors(main())
print("without dropout, seed by seed, errors in %:", *np.round(without, 1))
reveal("points between the lowest and the highest of 12 errors", round(np.ptp(without), 1))

# %% [markdown]
# ▸ after you have run it
#
# Whoever trains one network of each kind and reports which was better may be reporting the seed. There is a remedy that costs nothing: run both kinds **with the same seed**. Same images, same initial
# weights, same batches (*common random numbers*). What makes seed 3 a hard one makes it hard for both, and in the *difference* it cancels.

# %%
plot_pairs(*errors(main()), labels=("no dropout", "dropout"), ylabel="held-out error, %")

# %% [markdown]
# Each line is one seed. The two clouds of dots overlap; the lines nearly all go the same way, and it is the lines that carry the evidence.
#
# ## From twelve differences to one statement
#
# Let $d_1 \ldots d_n$ be the differences, error without dropout minus error with it. Their mean $\bar d$ is the estimate. With $s$ their standard deviation (dividing
# by $n-1$), the interval
#
# $$\bar d \pm t\,\frac{s}{\sqrt n}$$
#
# holds the true mean difference in 95 of 100 such experiments, if the differences are independent and about normal. For $n = 12$ pairs, $t = 2.201$ (Student 1908).
#
# **Build, in the notebook · `interval`** · ●○○ · 5 minutes · two lines\
# Both ends of the interval, the lower one first.


# %%
def interval(d, t):
    """(low, high) of the interval for the mean of the differences d (n,)."""
    ### BEGIN SOLUTION
    half = t * d.std(ddof=1) / np.sqrt(len(d))
    return d.mean() - half, d.mean() + half
    ### END SOLUTION


try_out(interval)
print("points saved:", paired_difference(*errors(main())))

# %% [markdown]
# What is it about? All twelve seeds cut the *same* 1,797 images into training and held-out ones. So the interval is about other splits of this pool and other initial weights. About other people's
# digits it says less. And this lesson prints more than a dozen intervals: of so many, one may miss by chance. Where several lead to one conclusion, ask for more than 95% of each.
#
# Pair each run without dropout with a dropout run of *another* seed. There are eleven ways to do it:

# %%
without, with_dropout = errors(main())
print("paired:   ", paired_difference(without, with_dropout))
widths = [paired_difference(without, np.roll(with_dropout, k)) for k in range(1, 12)]
print(
    "mispaired: the mean is the same,",
    {round(d.mean, 9) for d in widths} == {round(widths[0].mean, 9)},
)
print("half widths:", *(f"{d.high - d.mean:.2f}" for d in widths))
print("correlation of the pairs:", round(np.corrcoef(without, with_dropout)[0, 1], 2))

# %% [markdown]
# The mean does not depend on the pairing. The width does, by what the seeds have in common: above all the images. Pairing is no trick, it removes a spread that has
# nothing to do with the question; where pairs share little, it removes little.
#
# ## Printed, masks off, held out
#
# Most programs print the training loss *while* they train, with the masks on.
#
# **Predict.** With dropout, after 10 epochs: is that printed loss `"lower"` or `"higher"` than the loss on held-out images?

# %%
predict("the printed training loss is", ..., choices=("lower", "higher"))

# %% tags=["nbval-check-output"]
printed = []


def printing_step(params, velocity, *arguments):
    params, velocity, loss = student_step(params, velocity, *arguments)
    printed.append(loss)
    return params, velocity, loss


start, order = init_params([64, 256, 10], np.random.default_rng(0)), np.random.default_rng(1)
_, history = fit(start, digits(), epochs=20, rng=order, p=(0.1, 0.5), step=printing_step)
curves = {
    "printed, masks on": np.array(printed).reshape(20, -1).mean(axis=1),
    "masks off": history["train_loss"],
    "held out": history["test_loss"],
}
tenth = {name: curve[9] for name, curve in curves.items()}
higher = tenth["printed, masks on"] > tenth["held out"]
reveal("the printed training loss is", "higher" if higher else "lower")
title = "The printed loss is that of thinned networks"
plot_curves({name: curve[None] for name, curve in curves.items()}, "loss", title, "one run")

# %% [markdown]
# ▸ after you have run it
#
# That is why a validation loss can lie *below* the training loss: the printed one was taken with half of the units gone, and over an epoch during which the network still learned. Compare like with like: masks off
# for both. Then the training loss is the lower one, as it should be.

# %% [markdown]
# ## How much to drop
#
# To see the effect of $p$ clearly, make overfitting worse: 20% of the training labels are replaced by random classes, as in lesson 04.
#
# **Predict.** Which hidden rate gives the lowest held-out error: 0, 0.1, 0.3, 0.5, 0.7 or 0.9?

# %%
predict("the best rate with wrong labels", ...)


# %%
@cache
def noisy():
    rates = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9]
    settings = grid(p=rates, hidden=[256], noise=[0.2], epochs=[25], lr=[0.1])
    return sweep(train_digits, settings, seeds=range(6))


means = {
    p: 100 * (1 - noisy().where(p=p).column("test_accuracy").mean()) for p in noisy().values("p")
}
reveal("the best rate with wrong labels", min(means, key=means.get))
plot_rates(noisy())
for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9)):
    d = paired_difference(*errors(noisy(), {"p": low}, {"p": high}))
    verdict = "better" if d.low > 0 else "worse" if d.high < 0 else "not decided"
    print(
        f"{high} against {low}: {verdict}, {d.mean:+.1f} points ({d.low:+.1f} to {d.high:+.1f})"
    )

# %% [markdown]
# ▸ after you have run it
#
# The gain grows with p and flattens, and at 0.9, where one unit in ten is left, it is gone. Srivastava et al. (2014, figure 9) found a flat bottom on MNIST, for keep rates from 0.4 to 0.8.
# To compare two rates, pair *them*: that the bands of two curves overlap decides nothing.

# %%
explore_rates(noisy())

# %% [markdown]
# The pale band is what you would have if you forgot which runs share a seed. Turn the panel to the *training* error: pairs share nearly all of it, the wrong labels, and pairing narrows its band most.
#
# ## On your own data
#
# All rates were judged on the held-out images. Whoever takes the best of six that way has used these images to choose, and they are unseen no more (lesson 04). So cut a third part off the training images,
# the *validation* images. Choose on them, train again on everything, and look at the held-out images once:

# %%
data = digits(seed=1)
chosen, rest = slice(800, 1000), slice(0, 800)
inner = Split(data.x_train[rest], data.y_train[rest], data.x_train[chosen], data.y_train[chosen])
options = {"hidden": 256, "noise": 0.2, "epochs": 25, "lr": 0.1}
tried = {
    p: np.mean([train_on(inner, s, p=p, **options)["test_accuracy"] for s in range(3)])
    for p in (0.0, 0.3, 0.5, 0.7)
}
best = max(tried, key=tried.get)
print("validation accuracy:", {p: round(float(a), 3) for p, a in tried.items()}, "chosen:", best)
print(f"held out, once: {train_on(data, 0, p=best, **options)['test_accuracy']:.3f}")

# %% [markdown]
# Rates side by side hardly differ, so a coarse list is enough: 0.2 or 0.5 for hidden units, 0 or 0.1 for inputs, and more only if the training loss still runs far ahead of the validation loss.
#
# ## Control: would stopping early do as well?
#
# Dropout slows overfitting down. So does stopping. Before dropout gets the credit, give the plain network the best possible chance: pick its best epoch **on the held-out images**.
# That is cheating in its favour, since nobody has these labels in time.


# %%
@cache
def curves_of():
    settings = grid(p=[0.0, 0.5], hidden=[256], noise=[0.2], epochs=[25], lr=[0.1], curve=[True])
    return sweep(train_digits, settings, seeds=SEEDS)


plot_bands(
    curves_of(), title="The plain network peaks, then falls as it learns the wrong labels"
)
best_plain = np.array([100 * (1 - max(row["test_curve"])) for row in curves_of().where(**NONE)])
last_plain, last_dropout = errors(curves_of(), NONE, {"p": 0.5})
print("plain at its last:", paired_difference(last_plain, last_dropout))
print("plain at its best:", paired_difference(best_plain, last_dropout))

# %% [markdown]
# Part of the gain would have gone to early stopping as well, and the second interval says what is left. An experiment without this control overstates dropout.
#
# ## Control: does each have its own learning rate?
#
# So far both kinds had the same one. Here each has the choice:


# %%
@cache
def learning_rates():
    settings = grid(lr=[0.05, 0.1, 0.2, 0.4], p=[0.0, (0.1, 0.5)], hidden=[256], epochs=[40])
    return sweep(train_digits, settings, seeds=range(4))


for name, setting in {"no dropout": NONE, "dropout": DROPOUT}.items():
    rows = learning_rates().where(**setting)
    found = {
        lr: 100 * (1 - rows.where(lr=lr).column("test_accuracy").mean())
        for lr in rows.values("lr")
    }
    print(
        f"{name:10} error in % by learning rate:",
        {lr: round(float(e), 2) for lr, e in found.items()},
    )

# %% [markdown]
# On these digits the plain network likes a larger step than the one that we gave it, and gains from it; the largest is too much for dropout. Each at its best, they come much closer. The paper advises *larger* learning rates with dropout,
# together with a limit on the weights (lesson 12). A comparison at one learning rate is a comparison at that learning rate.
#
# ## Where it hurts
#
# A hidden layer of 16 units that drops half of them works with 8.
#
# **Predict.** 20 epochs, 16 units: how many points of error does dropout *save*? A negative number if it costs.

# %%
predict("points saved by dropout with 16 units", ...)


# %%
@cache
def others():
    """Narrow, short and poor: each one thing away from a wide network with 20 epochs and 1,000 images."""
    usual, p = {"hidden": [256], "epochs": [20], "lr": [0.1], "train": [1000]}, [0.0, (0.1, 0.5)]
    cases = {
        "16 units": {"hidden": [16]},
        "5 epochs": {"epochs": [5]},
        "20 epochs": {},
        "200 images": {"train": [200]},
    }
    return {
        name: sweep(train_digits, grid(p=p, **usual | case), seeds=SEEDS)
        for name, case in cases.items()
    }


runs = others() | {"40 epochs": main()}
saved = {name: paired_difference(*errors(rows)) for name, rows in runs.items()}
reveal("points saved by dropout with 16 units", round(saved["16 units"].mean, 1))
SAVED = "error saved by dropout, percentage points"
wide = {name: d for name, d in saved.items() if name != "16 units"}
plot_differences(
    {"16 units": saved["16 units"]} | wide,
    "A narrow layer cannot afford to lose half of itself",
    SAVED,
)

# %% [markdown]
# ▸ after you have run it
#
# With 16 units dropout costs several points, in every pair. What a network of that size needs all its units for, half of them cannot do. The paper's rule of thumb (appendix A): a layer that
# needs n units without dropout should have at least n / (1-p) with it.
#
# The order of the epochs is worth a look as well: for each *sample*, every update trains another thinned network, so dropout learns more slowly; the paper says two to three times (section 11).
# After few epochs a comparison can come out against it, and be right about those few epochs only. Of the size of the training set, the paper (section 7.4) says that gains rise up to a point and then decline.

# %% [markdown]
# ## Your own question
#
# **Try.** Choose one: does dropout on the pixels alone hurt a narrow layer? Does a width of 1,024 gain more than 256? Does early stopping explain the first experiment (add
# `curve=[True]`)? Write your prediction as a comment, then run 12 seeds and print a `paired_difference`.

# %%
### BEGIN SOLUTION
# Prediction: 16 units cannot spare anything, so 0.1 on the pixels hurts too, but less.
rows = sweep(
    train_digits, grid(hidden=[16], p=[0.0, (0.1, 0.0)], epochs=[20], lr=[0.1]), seeds=SEEDS
)
print("pixels alone:", paired_difference(*errors(rows, NONE, {"p": (0.1, 0.0)})))
### END SOLUTION

# %%
recall()

# %% [markdown]
# ## What is now true
#
# - A difference between two runs can be the seed. Pairs, a dozen of them, and an interval make it a statement, about the pool that they were drawn from.
# - On these digits, with a wide layer and enough epochs, dropout lowers the held-out error, more so when labels are wrong.
# - Part of that is what early stopping or a better learning rate would give. With a narrow layer, dropout hurts.
#
# **Questions**
#
# 1. Somebody reports 98.1% with dropout and 97.9% without, one run each, 10,000 test images. What would you ask for?
# 2. Why is the mean of the mispaired differences the same as that of the paired ones?
# 3. Your layer has 100 units and does well without dropout. You want p = 0.5. What do you change besides p?
# ▸ the answers
#
# 1. More seeds, in pairs, with the interval. Two networks that disagree on some hundred images differ by chance by about the root of that number, so 0.2 points, 20 images, is near the noise of the test images alone.
# 2. A mean of differences is the difference of the means, whatever the pairing. Only the spread depends on it.
# 3. The width, to at least 100 / (1-p) = 200, the number of epochs, two to three times as many, and the learning rate, by trying; then compare in pairs.

# %% [markdown]
# **Next:** [09 · Why it works](09_why_it_works.ipynb) asks what the averaged network has to do with the thinned ones.
