# %% [markdown]
# # 04 · Overfitting
#
# **You will** train your network on real digits, and then watch it get every training image right while it does not get better at new ones.\
# **You need** lesson 03.\
# **Minutes:** 50.

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
# The network of this lesson has 64 inputs, 128 hidden units and 10 scores. **Predict.** Fresh from `init_params`, before any training:
# what fraction of the held-out digits does it get right, about?

# %% tags=["nbval-check-output"]
my_prediction = ...
data = digits()
starts = [init_params([64, 128, 10], np.random.default_rng(seed)) for seed in range(20)]
fresh = [accuracy(params, data.x_test, data.y_test) for params in starts]
show(mean_of_20_networks=round(float(np.mean(fresh)), 1))

# %% [markdown]
# About one in ten, as good as guessing. Everything from here on is training.
#
# ## One step downhill
#
# The gradient says how the loss moves if a parameter moves up. So take a step against it: $w \leftarrow w - lr \cdot g$, for every parameter at once.
# The *learning rate* $lr$ is the length of the step.
#
# **Predict.** The loss is 2.5 before the step. Among step lengths from 0.01 to 4, which gives the lowest loss after one step? What happens at 4?

# %%
my_prediction = ...
params, data = init_params([64, 128, 10], np.random.default_rng(0)), digits(dtype=np.float64)
lengths = np.geomspace(0.01, 4, 25)
plot_step_lengths(loss_and_grads, params, data.x_train, data.y_train, lengths)

# %% [markdown]
# A short step gains little, and one of about 0.7 gains most. Beyond, it overshoots: from 2 on the loss is higher than before the step.
# The gradient is a promise about a small neighbourhood, and a long step leaves it.
#
# ## A narrow valley
#
# Most losses are steep in some directions and flat in others. The steep ones forbid long steps, and the flat ones need many short ones.
# *Momentum* lets the parameters keep a part of their last step:
#
# $$v \leftarrow \mu\,v - lr \cdot g \qquad w \leftarrow w + v$$

# %% [markdown]
# **Predict.** The gradient is 1 at every step, $lr = 0.1$ and $\mu = 0.9$, and $v$ starts at 0. How long are the first three steps? To which length
# do the steps tend? Write it down before you build.
#
# **Build 4.1 · `sgd_momentum`** · ●●○ · 10 minutes · two lines\
# In `dropout_lab/training.py`. Both updates for every name in `params`. At the first call `velocity` is `{}`: what is missing counts as 0.
# Return new dictionaries, and leave the ones that came in as they are. Stuck? `hint("sgd_momentum")`.

# %%
check("sgd_momentum")

# %% tags=["nbval-check-output"]
my_steps = [..., ..., ...]
params, velocity, steps = {"w": np.array(0.0)}, {}, []
for step in range(100):
    params, velocity = sgd_momentum(params, {"w": np.array(1.0)}, velocity, lr=0.1, momentum=0.9)
    steps.append(velocity["w"])
show(first_three=steps[:3], the_hundredth=steps[-1])

# %% [markdown]
# The steps grow towards $-lr / (1 - \mu)$, here −1: ten times as far as without momentum, for the same gradient. Where the gradient changes its sign from
# step to step, they cancel instead. **Predict.** In a valley that is 40 times as steep across as along, what will the two paths look like?

# %%
my_prediction = ...
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


# %% [markdown]
# **Predict.** After 30 epochs, what fraction of the held-out digits is right? And how many seconds does it take?

# %% tags=["nbval-check-output"]
my_prediction = ...
data = digits()
params, history = train(data, epochs=30)
right, seconds = history.last["test_accuracy"], history.seconds
show(at_least_96_percent=right >= 0.96, in_less_than_10_seconds=seconds < 10)

# %%
data = digits()
params, history = train(data, epochs=30)
scores, _ = mlp_forward(params, data.x_test, 0.0, np.random.default_rng(0), train=False)
print(f"{history.last['test_accuracy']:.1%} in {history.seconds:.1f} s")
show_images(data.x_test, data.y_test, guesses=scores.argmax(axis=1))

# %% [markdown]
# More than 97 of 100 are right, after less than a second on most machines. Above are digits that it got wrong, with the right class and what it said instead.
# Look at them before you are hard on it.

# %% [markdown]
# ## Five hundred images
#
# Now the same network with half the data, and twice the epochs, so that the number of steps stays about the same.
#
# **Predict.** What fraction of the 500 *training* images does it get right in the end? And of the 797 held-out ones?

# %% tags=["nbval-check-output"]
my_train, my_held_out = ..., ...
small = digits().first(500)
params, history = train(small)
known, right = history.last["train_accuracy"], history.last["test_accuracy"]
show(
    every_training_image_is_right=known == 1, gap_of_2_to_6_points=0.02 <= known - right <= 0.06
)
title = "It knows every training image, and not every digit"
plot_history(history, title=title, small="500 training images, 797 held out, 64-128-10")

# %% [markdown]
# All 500 training images are right after about 15 epochs. The held-out ones reach 95% in the first 10, and 50 more epochs add a point or two.
# The grey band between the curves is the **gap**, 3 to 4 points at the end: what the network knows about these 500 images that does not hold for digits in general. Learning that is called *overfitting*.
#
# ## The loss says it louder
#
# Accuracy counts the largest score and nothing else. **Predict.** From epoch 15 on, every training image is right. Does the training loss stay where it is from then on? And the held-out loss?

# %%
my_prediction = ...
small = digits().first(500)
params, history = train(small)
title = "The training loss goes on falling; the other does not"
plot_history(history, what="loss", title=title, small="the same run")

# %% [markdown]
# The training loss goes on towards 0: the network becomes surer and surer of what it has already learned. The held-out loss stopped improving
# long before, and ends more than 20 times as large. On data where it is often wrong it would rise, because being sure and wrong is what this loss punishes most.

# %% [markdown]
# ## How much can it memorise?
#
# Replace the label of every training image by a random class. There is nothing left to learn about digits: the same shape is a 3 here and a 7 there.
#
# **Predict.** A network with 512 hidden units sees these 500 images for 150 epochs. What fraction of the random labels does it get right, and of the held-out digits?

# %% tags=["nbval-check-output"]
my_train, my_held_out = ..., ...
small = digits().first(500)
labels = np.random.default_rng(2).integers(0, 10, 500)
params, history = train(
    Split(small.x_train, labels, small.x_test, small.y_test), hidden=512, epochs=150
)
known, right = history.last["train_accuracy"], history.last["test_accuracy"]
show(memorised=known > 0.99, held_out_is_guessing=right < 0.15)
title = "It learns 500 random labels by heart"
plot_history(history, title=title, small="random training labels; 64-512-10")

# %% [markdown]
# Every one of them, and held-out digits are at the level of guessing. So a perfect score on training data says nothing by itself, not even that there was something to learn.
# The only number that counts is one from data that the network did not see.

# %% [markdown]
# ## What closes the gap?
#
# **Predict.** The gap was between 3 and 4 points with 500 images. How large is it with 50, and with 1,000? (Three seeds each, and always trained until all training images are right.)

# %%
my_prediction = ...
rows = Rows()
for n in (50, 100, 200, 500, 1000):
    for seed in range(3):
        row = train_digits(seed, train=n, hidden=128, epochs=60, lr=0.1)
        rows.append({"n": n, "seed": seed, "gap": row["train_accuracy"] - row["test_accuracy"]})
labels = {"xlabel": "training images", "ylabel": "gap, fraction of images"}
plot_sweep(rows, x="n", y="gap", title="More data, smaller gap", **labels)

# %% [markdown]
# More data closes it, from about 16 points with 50 images to 3 with 1,000. But data are what one never has enough of. A smaller network memorises less, and also
# can do less. Stopping early helps where the held-out loss rises.
#
# There is another way: disturb the network in training, so that no unit can rely on what a particular other unit does. Hinton and others in 2012
# took a plain network's 160 errors on the 10,000 test images of MNIST to about 130 by dropping half the hidden units at random, and to about 110 by dropping a fifth of the pixels as well
# ([arXiv 1207.0580](https://arxiv.org/abs/1207.0580)). The rest of this course is about doing that, and doing it right.

# %% [markdown]
# **Try.** Change one thing in this cell at a time: the width, the learning rate, the number of epochs. Which one moves the gap?

# %%
params, history = train(digits().first(500), hidden=16, epochs=60, lr=0.1)
known, right = history.last["train_accuracy"], history.last["test_accuracy"]
print(f"training {known:.1%}, held out {right:.1%}")

# %% [markdown]
# ## What is now true
#
# - You trained a network with nothing but your own functions, to at least 96% on digits that it never saw.
# - The gap between training and held-out data is measured, not guessed. With 500 images it is 3 to 4 points; with random labels it is 90.
# - The training loss goes on falling when there is nothing more to gain.
#
# **Three questions**
#
# 1. Why are the 797 images the same ones for every size of the training set?
# 2. Somebody tries 40 learning rates and reports the best accuracy on the held-out images. What is wrong with that number?
# 3. With $\mu = 0.9$ the steps become ten times as long. Why not take $\mu = 0$ and a learning rate ten times as large?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. So that a difference between two sizes comes from the training set, and not from easier or harder images to be tested on.
# 2. The images have been used to choose, so they are no longer unseen: the best of 40 is partly luck with these 797. Choose on a third part, and report on images
#    that decided nothing.
# 3. In the steep direction the longer step would overshoot further at each step, and the loss would grow without end. Momentum is long only where the gradients agree.
# ### END SOLUTION
#
# **Next:** [lesson 05, zeroing neurons](05_zeroing_neurons.ipynb).
