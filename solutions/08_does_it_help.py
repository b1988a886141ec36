# %% [markdown]
# # 08 · Does it help?
#
# **You will** measure what dropout does to the error on images that a network has not seen: with pairs of runs, intervals, a control that tries to
# explain the effect away, and a case where dropout does harm.\
# **You need** `network.py` and `training.py` complete, with dropout (lesson 06).\
# **Minutes:** 60, of which the computer takes about one.

# %% tags=["setup"]
from functools import cache

import numpy as np

from dropout_lab.lab.experiments.paired import paired_difference
from dropout_lab.lab.experiments.rows import grid
from dropout_lab.lab.experiments.runs import train_digits
from dropout_lab.lab.experiments.sweeps import sweep
from dropout_lab.lab.figures.paired_runs import plot_differences, plot_pairs
from dropout_lab.lab.figures.rates import plot_rates
from dropout_lab.lab.figures.training import plot_bands
from dropout_lab.lab.widgets.rates import explore_rates

# %% [markdown]
# ## One run says little
#
# The network: 64 pixels, 512 hidden units, 10 classes; 1,000 of the digits to train on, 797 held out. The runs differ in dropout alone: none, or 0.1 on
# the pixels and 0.5 on the hidden units. All else is from lesson 04, with a learning rate that falls to 0.
#
# `sweep` trains one network for each setting and seed, on all cores. `cache` keeps the result, so that the cells below can ask again; after a change in
# `dropout_lab/`, restart the kernel.
#
# **Predict.** Two networks *without* dropout differ in nothing but the seed: other images to train on, other initial weights, another order of the batches. By how
# many percentage points do their errors differ?

# %%
my_prediction = ...
NONE, DROPOUT = {"p": 0.0}, {"p": (0.1, 0.5)}


@cache
def main():
    settings = grid(p=[0.0, (0.1, 0.5)], epochs=[100], lr=[0.1])
    return sweep(train_digits, settings, seeds=range(8))


def errors(rows, a=NONE, b=DROPOUT):
    """Held-out error in percent under two settings: two arrays over the seeds."""
    return tuple(100 * (1 - accuracy) for accuracy in rows.pairs("test_accuracy", a, b))


print("without dropout, seed by seed, errors in %:", *np.round(errors(main())[0], 1))

# %% [markdown]
# Whoever trains one network of each kind and reports which was better may be reporting the seed. Of thirteen courses that we compared, none shows its
# experiment over several seeds with their spread.
#
# There is a remedy that costs nothing: run both kinds **with the same seed**. Same images, same initial weights, same batches. What makes seed 3 a hard one makes it hard
# for both, and in the *difference* it cancels.

# %%
plot_pairs(*errors(main()), labels=("no dropout", "dropout"), ylabel="held-out error, %")

# %% [markdown]
# Each line is one seed. The two clouds of dots overlap or nearly so; the lines nearly all go the same way, and it is the lines that carry the evidence.

# %% [markdown]
# ## From eight differences to one statement
#
# Let $d_1 \ldots d_n$ be the differences, error without dropout minus error with it. Their mean $\bar d$ is the estimate. With $s$ their standard deviation (dividing
# by $n-1$), the interval
#
# $$\bar d \pm t\,\frac{s}{\sqrt n}$$
#
# holds the true mean difference in 95 of 100 such experiments, if the differences are about normal. For $n = 8$ pairs, $t = 2.365$ (Student 1908).
#
# **Build, in the notebook** · ●○○ · 5 minutes · two lines\
# Work out both ends of the interval and print them. The last line of the cell is the course's own answer, to compare with.

# %%
without, with_dropout = errors(main())
d = without - with_dropout
### BEGIN SOLUTION
half = 2.365 * d.std(ddof=1) / np.sqrt(len(d))
print(f"by hand: {d.mean() - half:.2f} to {d.mean() + half:.2f}")
### END SOLUTION
print("points saved:", paired_difference(without, with_dropout))

# %% tags=["nbval-check-output"]
saved = paired_difference(*errors(main()))
print("the interval leaves out 0:", saved.low > 0)

# %% [markdown]
# Dropout saves about one percentage point of three here: a third of the errors. The interval says how far to trust the "about".
#
# **Predict.** Take the same sixteen runs, but pair each run without dropout with a dropout run of *another* seed. Will the interval be wider, narrower, or the same?

# %%
my_prediction = ...
without, with_dropout = errors(main())
print("paired:   ", paired_difference(without, with_dropout))
print("mispaired:", paired_difference(without, np.roll(with_dropout, 3)))

# %% [markdown]
# The mean is the same, to the last digit. Only the interval can change, and it does by what the seeds have in common. Pairing is no trick: it removes a spread that has
# nothing to do with the question.

# %% [markdown]
# ## How much to drop
#
# To see the effect of $p$ clearly, make overfitting worse: 20% of the training labels are replaced by random classes. A network that learns these by heart pays
# for it on the held-out images, whose labels are right.
#
# **Predict.** Sketch the curve: held-out error against the hidden rate p = 0, 0.1, 0.3, 0.5, 0.7, 0.9. Where is its lowest point?

# %%
my_best_p = ...


@cache
def noisy():
    rates = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9]
    settings = grid(p=rates, noise=[0.2], epochs=[30], lr=[0.05])
    return sweep(train_digits, settings, seeds=range(6))


plot_rates(noisy())

# %% tags=["nbval-check-output"]
for p in (0.3, 0.5, 0.7):
    d = paired_difference(*errors(noisy(), {"p": 0.0}, {"p": p}))
    verdict = "helps" if d.low > 0 else "hurts" if d.high < 0 else "not decided"
    print(f"p = {p}: {verdict} (95% interval)")

# %% [markdown]
# The gain grows with p and flattens; at 0.9, where one unit in ten is left in training, it does not grow any more. Srivastava et al. (2014, figure 9) found a flat bottom on MNIST, for
# keep rates from 0.4 to 0.8. "Which p is best" has no sharp answer here: the bands of neighbouring rates overlap. The training error counts the wrong labels, so a network that is right has one of 18%.
#
# The pale band is what you would have if you forgot which runs share a seed. **Predict.** Turn the panel to the *training* error: by how much will pairing narrow its band? And what do three seeds do to both kinds?

# %%
my_prediction = ..., ...
explore_rates(noisy())

# %% [markdown]
# Pairing takes away what two runs of a seed have in common. Training errors share nearly all of it, the wrong labels, so their band shrinks to about a quarter. Held-out errors share enough up to p = 0.5 to halve theirs;
# at 0.7 and 0.9 the network is another one, and pairs buy nothing. With three seeds $t$ grows from 2.6 to 4.3, and the bands with it.

# %% [markdown]
# ## A control: would stopping early do as well?
#
# Dropout slows overfitting down. So does stopping. Before dropout gets the credit, give the plain network the best possible chance: pick its best epoch **on the held-out images**.
# That is cheating in its favour, since nobody has these labels in time.
#
# **Predict.** How much of the gain is left?

# %%
my_prediction = ...


@cache
def curves():
    settings = grid(p=[0.0, (0.1, 0.5)], noise=[0.2], epochs=[30], lr=[0.15], curve=[True])
    return sweep(train_digits, settings, seeds=range(8))


plot_bands(curves(), title="The plain network peaks, then falls as it learns the wrong labels")

# %%
best_plain = np.array([100 * (1 - max(row["test_curve"])) for row in curves().where(**NONE)])
last_plain, last_dropout = errors(curves())
print("plain at its last:", paired_difference(last_plain, last_dropout))
print("plain at its best:", paired_difference(best_plain, last_dropout))

# %% tags=["nbval-check-output"]
best_plain = np.array([100 * (1 - max(row["test_curve"])) for row in curves().where(**NONE)])
last_plain, last_dropout = errors(curves())
print("part of the gain goes to early stopping:", last_plain.mean() > best_plain.mean())
print("the rest is still above 0:", paired_difference(best_plain, last_dropout).low > 0)

# %% [markdown]
# Part of the gain would have gone to early stopping as well. What is left is smaller, and its interval is still above 0. An experiment without this control
# overstates dropout. Does the first one of this lesson, with right labels, pass it? You can find out below.

# %% [markdown]
# ## How many images?
#
# **Predict.** 200 or 1,000 training images: where does dropout save more? And which of the two intervals is wider?

# %%
my_prediction = ...


@cache
def sizes():
    settings = grid(train=[200], p=[0.0, (0.1, 0.5)], epochs=[100], lr=[0.1])
    return sweep(train_digits, settings, seeds=range(8))


SAVED = "error saved by dropout, percentage points"
runs = {"200 images": sizes(), "1000 images": main()}
comparisons = {name: paired_difference(*errors(rows)) for name, rows in runs.items()}
plot_differences(comparisons, "With few images the interval is wide", SAVED)

# %% [markdown]
# With few images the interval is wide: which images came into the training set matters more than anything else. Srivastava et al. (section 7.4) saw no gain with 100 and 500 images of MNIST, and a growing one after that.
# Whether our digits do the same, eight seeds cannot say. To halve an interval takes four times as many.

# %% [markdown]
# ## Where it hurts
#
# A hidden layer of 16 units that drops half of them works with 8. Whether that is enough is a question of what it has to learn.
#
# **Predict.** Widths 16, 64, 256: for which does dropout help after 20 epochs?

# %%
my_prediction = ...


@cache
def widths():
    settings = grid(hidden=[16, 64, 256], p=[0.0, (0.1, 0.5)], epochs=[20])
    return sweep(train_digits, settings, seeds=range(8))


runs = {f"{h} units": widths().where(hidden=h) for h in (16, 64, 256)}
comparisons = {name: paired_difference(*errors(rows)) for name, rows in runs.items()}
plot_differences(comparisons, "A narrow layer cannot afford to lose half of itself", SAVED)

# %% tags=["nbval-check-output"]
narrow = paired_difference(*errors(widths().where(hidden=16)))
print(f"with 16 units dropout hurts: {narrow.high < 0} · pairs won: {narrow.wins} of {narrow.n}")

# %% [markdown]
# With 16 units dropout costs several points, in every pair. A network that cannot fit its training images has nothing to gain from being made to fit them less. The paper's rule of thumb (appendix A): a layer that
# needs n units without dropout should have n / (1-p) with it.

# %% [markdown]
# ## How long?
#
# Each update trains another thinned network, so dropout learns more slowly; the paper says two to three times (section 11).
#
# **Predict.** After 5 epochs, is dropout ahead or behind? After 20?

# %%
my_prediction = ...


@cache
def lengths():
    settings = grid(epochs=[5, 20], p=[0.0, (0.1, 0.5)], lr=[0.1])
    return sweep(train_digits, settings, seeds=range(8))


runs = {f"{n} epochs": lengths().where(epochs=n) for n in (5, 20)} | {"100 epochs": main()}
comparisons = {name: paired_difference(*errors(rows)) for name, rows in runs.items()}
plot_differences(comparisons, "Dropout needs time before it pays", SAVED)

# %% [markdown]
# The order is what to look at: the longer the training, the better for dropout. A comparison after few epochs can come out against it, and be right about those few epochs only.

# %% [markdown]
# ## Your own question
#
# **Build, in the notebook** · ●●○ · 10 minutes\
# Choose one: does dropout on the pixels alone hurt a narrow layer? Does a width of 1,024 gain more than 512? Does early stopping explain the first experiment (add
# `curve=[True]`)? Write your prediction as a comment, then run 8 seeds and print a `paired_difference`.

# %%
### BEGIN SOLUTION
# Prediction: 16 units cannot spare anything, so 0.1 on the pixels hurts too, but less.
rows = sweep(train_digits, grid(hidden=[16], p=[0.0, (0.1, 0.0)], epochs=[20]), seeds=range(8))
print("pixels alone:", paired_difference(*errors(rows, NONE, {"p": (0.1, 0.0)})))
### END SOLUTION

# %% [markdown]
# ## What is now true
#
# - A difference between two runs can be the seed. Pairs, several of them, and an interval make it a statement.
# - On these digits, with a wide layer and enough epochs, dropout lowers the held-out error, and it does so far more when labels are wrong.
# - Part of that is what early stopping would give. With a narrow layer, dropout hurts.
#
# **Questions**
#
# 1. Somebody reports 98.1% with dropout and 97.9% without, one run each, 10,000 test images. What would you ask for?
# 2. Why is the mean of the mispaired differences the same as that of the paired ones?
# 3. Your layer has 100 units and does well without dropout. You want p = 0.5. What do you change besides p?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. More seeds, in pairs, with the interval. Even the count of errors on one test set has a standard deviation of about 0.14 points at 98% on 10,000 images, so 0.2 points is within its noise, before the seeds have their say.
# 2. A mean of differences is the difference of the means, whatever the pairing. Only the spread depends on it.
# 3. The width, to about 100 / (1-p) = 200, and the number of epochs, two to three times as many; then compare in pairs.
# ### END SOLUTION
#
# **Next:** [09 · Why it works](09_why_it_works.ipynb) asks what the averaged network has to do with the thinned ones.
