# %% [markdown]
# # 04 · Overfitting
#
# **You will** train your network on real digits, watch it get every training image right, and see when that does harm.\
# **You need** lesson 03.\
# **Minutes:** 55.

# %% tags=["setup"]
import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.lab.data import Split, digits
from dropout_lab.lab.experiments.fitting import accuracy, fit
from dropout_lab.lab.experiments.rows import Rows
from dropout_lab.lab.experiments.runs import train_digits
from dropout_lab.lab.figures.training import (
    plot_history,
    plot_step_lengths,
    plot_sweep,
    plot_valley,
    show_images,
)
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import show
from dropout_lab.network import init_params, loss_and_grads, mlp_forward
from dropout_lab.training import sgd_momentum

# %% [markdown]
# ## Digits
#
# 1,797 digits, written by 13 people, each scanned to 8 × 8 pixels of ink between 0 and 1. They come with scikit-learn, so nothing is downloaded.
# 1,000 of them are for training. The other 797 are *held out*: the network never learns from them. They stand for the digits
# that these people will write tomorrow.

# %% tags=["nbval-check-output"]
data = digits(train=1000, seed=0)
print(data)
show_images(data.x_train, data.y_train)

# %% [markdown]
# The network of this lesson has 64 inputs, 128 hidden units and 10 scores. Here it is fresh from `init_params`, before any training:

# %% tags=["nbval-check-output"]
data = digits()
starts = [init_params([64, 128, 10], np.random.default_rng(seed)) for seed in range(20)]
fresh = [accuracy(params, data.x_test, data.y_test) for params in starts]
show(fraction_right_mean_of_20_networks=round(float(np.mean(fresh)), 1))

# %% [markdown]
# About one in ten, as good as guessing. Everything from here on is training.
#
# ## One step downhill
#
# The gradient says how the loss moves if a parameter moves up. So take a step against it: $w \leftarrow w - lr \cdot g$, for every parameter at once.
# The *learning rate* $lr$ is the length of the step.

# %%
params, data = init_params([64, 128, 10], np.random.default_rng(0)), digits(dtype=np.float64)
lengths = np.geomspace(0.01, 4, 25)
plot_step_lengths(loss_and_grads, params, data.x_train, data.y_train, lengths)

# %% [markdown]
# A short step gains little. A longer one gains more, until it overshoots, and in the end the loss is higher than before the step.
# The gradient is a promise about a small neighbourhood, and a long step leaves it.
#
# ## A narrow valley
#
# Most losses are steep in some directions and flat in others. The steep ones forbid long steps, and the flat ones need many short ones.
# *Momentum* lets the parameters keep a part of their last step:
#
# $$v \leftarrow \mu\,v - lr \cdot g \qquad w \leftarrow w + v$$

# **Predict.** The gradient is 1 at every step, $lr = 0.1$ and $\mu = 0.9$, and $v$ starts at 0. How long is the hundredth step?

# %%
predict("length of the hundredth step", ...)

# %% [markdown]
# **Build 4.1 · `sgd_momentum`** · ●●○ · 10 minutes · two lines\
# In `dropout_lab/training.py`. Both updates for every name in `params`. At the first call `velocity` is `{}`: what is missing counts as 0.
# Return new dictionaries, and leave the ones that came in as they are. Stuck? `hint("sgd_momentum")`.

# %%
check("sgd_momentum")

# %% tags=["nbval-check-output"]
params, velocity, steps = {"w": np.array(0.0)}, {}, []
for step in range(100):
    params, velocity = sgd_momentum(params, {"w": np.array(1.0)}, velocity, lr=0.1, momentum=0.9)
    steps.append(velocity["w"])
show(first_three=steps[:3])
reveal("length of the hundredth step", round(abs(float(steps[-1])), 3))

# %% [markdown]
# ▸ after you have run it
#
# The steps grow towards $-lr / (1 - \mu)$: ten times as far as without momentum, for the same gradient. Where the gradient changes its sign from
# step to step, they cancel instead.

# %% [markdown]
# A valley that is 40 times as steep across as along:

# %%
plot_valley(sgd_momentum, lr=0.02)

# %% [markdown]
# Both paths make 60 steps from the same place. Without momentum, the path falls to the middle of the valley at once and then creeps along it. With momentum, it
# swings from side to side, runs along the valley, past the star at the bottom and back, and ends much nearer to it.
#
# ## Mini-batches
#
# The gradient of 1,000 images costs 1,000 forward and backward passes. That of 64 images points in about the same direction for a fraction of it.
# So shuffle the images, cut them into batches of 64, take a step for each, and shuffle again. Once through all images is an *epoch*.

# %%
data, order = digits(), np.random.default_rng(1)
params = init_params([64, 128, 10], np.random.default_rng(0))
velocity = {}
for epoch in range(5):
    rows = order.permutation(1000)
    for start in range(0, 1000, 64):
        batch = rows[start : start + 64]
        x, y = data.x_train[batch], data.y_train[batch]
        loss, grads = loss_and_grads(params, x, y, 0.0, order)
        params, velocity = sgd_momentum(params, grads, velocity, lr=0.1, momentum=0.9)
    right = accuracy(params, data.x_test, data.y_test)
    print(f"epoch {epoch + 1}: {right:.1%} of the held-out digits are right")

# %% [markdown]
# That is all of training: a dozen lines, and every one of them is yours or plain NumPy. `fit` does the same, in float32, with a bar, and keeps a history.
# The stop button of the notebook interrupts it, and what was learned until then is kept.


# %%
def train(data, hidden=128, epochs=60, **options):
    """`fit` from the same start and in the same order each time: (params, history)."""
    params = init_params([64, hidden, 10], np.random.default_rng(0))
    return fit(params, data, epochs=epochs, rng=np.random.default_rng(1), **options)


# %%
data = digits()
params, history = train(data, epochs=30)
scores, _ = mlp_forward(params, data.x_test, 0.0, np.random.default_rng(0), train=False)
print(f"{history.last['test_accuracy']:.1%} of the held-out digits are right after 30 epochs")
show_images(data.x_test, data.y_test, guesses=scores.argmax(axis=1))

# %% [markdown]
# That takes about a second on most machines. Above are digits that it got wrong, with the right class and what it said instead.
# Look at them before you are hard on it.

# %% [markdown]
# ## Five hundred images
#
# Now the same network with half the data, and twice the epochs, so that the number of steps stays about the same.

# %% tags=["nbval-check-output"]
small = digits().first(500)
params, history = train(small)
known, right = history.last["train_accuracy"], history.last["test_accuracy"]
show(
    every_training_image_is_right=known == 1, gap_of_2_to_6_points=0.02 <= known - right <= 0.06
)
title = "It knows every training image, and not every digit"
plot_history(
    history, title=title, small="500 training images, 797 held out, 64-128-10, one seed", low=0.8
)

# %% [markdown]
# All 500 training images are right after a quarter of the epochs. The rest adds a point or two to the held-out ones.
# The grey band between the curves is the **generalisation gap**: what the network knows about these 500 images that does not hold for digits in general.
#
# ## The loss says it louder
#
# Accuracy counts the largest score and nothing else. The loss asks how sure the network was:

# %%
params, history = train(digits().first(500))  # the same run again
title = "The training loss goes on falling; the other does not"
plot_history(
    history, what="loss", title=title, small="the same run; equal factors at equal distances"
)

# %% [markdown]
# The training loss goes on towards 0: the network becomes surer and surer of what it has already learned. The held-out loss stopped improving
# long before. A gap alone is no harm, though: the held-out curves are flat, not worse. Harm begins where there is something wrong to learn.

# %% [markdown]
# ## How much can it memorise?
#
# Replace the label of every training image by a random class. There is nothing left to learn about digits: the same shape is a 3 here and a 7 there.
#
# **Predict.** A network with 512 hidden units sees these 500 images for 150 epochs. What fraction of the *random* labels does it get right in the end?

# %%
predict("fraction of random labels that is learned", ...)

# %% tags=["nbval-check-output"]
small = digits().first(500)
labels = np.random.default_rng(2).integers(0, 10, 500)
random = Split(small.x_train, labels, small.x_test, small.y_test)
params, history = train(random, hidden=512, epochs=150)
known, right = history.last["train_accuracy"], history.last["test_accuracy"]
reveal("fraction of random labels that is learned", round(known, 2))
show(held_out_is_guessing=right < 0.15)

# %% [markdown]
# ▸ after you have run it
#
# Every one of them, and held-out digits are at the level of guessing. So a perfect score on training data says nothing by itself, not even that there was something to learn.
# The only number that counts is one from data that the network did not see.

# %% [markdown]
# ## Where it does harm
#
# In real data some labels are wrong. Let every fifth training label be a random class, and the held-out labels be right. The network begins with what most images
# have in common. Then it learns the wrong labels by heart.
#
# **Predict.** The held-out accuracy at the end, against its best on the way there: how many points lower?

# %%
predict("points lost by the end, with wrong labels", ...)

# %%
labels, noise = small.y_train.copy(), np.random.default_rng(3)
wrong = noise.random(500) < 0.2
labels[wrong] = noise.integers(0, 10, wrong.sum())
params, noisy = train(Split(small.x_train, labels, small.x_test, small.y_test))
lost = noisy["test_accuracy"].max() - noisy["test_accuracy"][-1]
reveal("points lost by the end, with wrong labels", round(100 * lost))
title = "With wrong labels, the held-out loss falls and then rises"
plot_history(
    noisy, what="loss", title=title, small="every fifth training label random; one seed"
)

# %% [markdown]
# ▸ after you have run it
#
# This is *overfitting* in the narrow sense: what is learned last makes the network worse on new data. Being sure and wrong is what the loss punishes most, so
# it turns up first and most; the accuracy follows. Lesson 08 tries dropout on data like these.

# %% [markdown]
# ## What closes the gap?
#
# More data does: three seeds for each size, and always trained until all training images are right.

# %%
rows = Rows()
for n in (50, 100, 200, 500, 1000):
    for seed in range(3):
        row = train_digits(seed, train=n, hidden=128, epochs=60, lr=0.1)
        rows.append({"n": n, "seed": seed, "gap": row["train_accuracy"] - row["test_accuracy"]})
labels = {"xlabel": "training images", "ylabel": "gap, fraction of images", "log": True}
plot_sweep(rows, x="n", y="gap", title="More data, smaller gap", **labels)

# %% [markdown]
# But data are what one never has enough of. A smaller network cannot memorise as much.
#
# **Predict.** With 16 hidden units instead of 128, and 500 images: is the gap `"smaller"`, `"equal"` (within half a point) or `"larger"`?

# %%
predict("the gap of a small network is", ..., choices=("smaller", "equal", "larger"))

# %%
gaps = {}
for hidden in (128, 16):
    runs = [train_digits(s, train=500, hidden=hidden, epochs=60, lr=0.1) for s in range(4)]
    known, right = (
        np.mean([run[f"{part}_accuracy"] for run in runs]) for part in ("train", "test")
    )
    gaps[hidden] = known - right
    print(
        f"{hidden} hidden units: training {known:.1%}, held out {right:.1%}, gap {gaps[hidden]:.1%}"
    )
more = gaps[16] - gaps[128]
same = "equal" if abs(more) < 0.005 else "larger" if more > 0 else "smaller"
reveal("the gap of a small network is", same)

# %% [markdown]
# ▸ after you have run it
#
# A network that is just large enough to learn 500 images by heart has few ways to do it, and they are no good for others. Far smaller ones cannot, and learn less of
# everything. Width is a blunt tool; stopping early is a better one, where the held-out loss turns up.
#
# There is another way: disturb the network in training, so that no unit can rely on what a particular other unit does. Hinton and others in 2012
# took a plain network's 160 errors on the 10,000 test images of MNIST to about 130 by dropping half the hidden units at random, with a limit on the length of the
# incoming weights, and to about 110 by dropping a fifth of the pixels as well
# ([arXiv 1207.0580](https://arxiv.org/abs/1207.0580)). The rest of this course is about doing that, and doing it right.

# %% [markdown]
# **Try.** Change one thing in this cell at a time: the learning rate, the number of epochs, the images. Which one moves the gap?

# %%
params, history = train(digits().first(500), hidden=128, epochs=60, lr=0.1)
known, right = history.last["train_accuracy"], history.last["test_accuracy"]
print(f"training {known:.1%}, held out {right:.1%}")

# %% [markdown]
# ## What is now true
#
# - You trained a network with nothing but your own functions, on digits that it then read without having seen them.
# - The generalisation gap between training and held-out data is measured, not guessed. It shrinks with more data.
# - The training loss goes on falling when there is nothing more to gain, and with wrong labels that makes the network worse.
#
# **Three questions**
#
# 1. Why are the 797 images the same ones for every size of the training set?
# 2. Somebody tries 40 learning rates and reports the best accuracy on the held-out images. What is wrong with that number?
# 3. With $\mu = 0.9$ the steps become ten times as long. Why not take $\mu = 0$ and a learning rate ten times as large?
# ▸ the answers
#
# 1. So that a difference between two sizes comes from the training set, and not from easier or harder images to be tested on.
# 2. The images have been used to choose, so they are no longer unseen: the best of 40 is partly luck with these 797. Choose on a third part, and report on images
#    that decided nothing.
# 3. In the steep direction the longer step would overshoot further at each step, and the loss would grow without end. Momentum is long only where the gradients agree.

# %% [markdown]
# **Next:** [lesson 05, zeroing neurons](05_zeroing_neurons.ipynb).
