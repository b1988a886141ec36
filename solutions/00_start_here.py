# %% [markdown]
# # 00 · Start here
#
# **You will** check that everything works, see how a lesson runs, and commit to an answer before you know it.\
# **You need** some Python, NumPy arrays, and what a derivative is. Nothing about neural networks beyond "layers of weighted sums".\
# **Minutes:** 25.

# %% tags=["setup"]
import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.lab.environment import environment
from dropout_lab.lab.figures.start import plot_one_sample, plot_three_readings
from dropout_lab.lab.prediction import commit, predict
from dropout_lab.lab.show import show

# %% [markdown]
# ## What dropout is
#
# While a network learns, *dropout* sets some of the numbers inside of it to 0, chosen by chance and chosen anew all the time.
# No unit can then rely on a particular other one, and what the network learns holds better for data that it never saw.

# %%
plot_one_sample(np.random.default_rng(2))

# %% [markdown]
# Three words that come with it. A network is trained on small groups of samples, and each group is a *mini-batch*. For each mini-batch it
# computes its outputs (the forward pass), and then, from the last layer back to the first, in which direction every weight should
# move: that is *backpropagation*, the backward pass.

# %% [markdown]
# ## Is everything here?
#
# A cell with code runs when you click into it and press Shift+Enter. Each lesson has a folded set-up cell near its top (the three
# dots above): run it first. After a break, choose *Run → Run All Above Selected Cell*.

# %%
environment()

# %% [markdown]
# Random numbers in this course come from a generator that is made in the cell that uses it, with a seed in plain sight.
# So your numbers are the ones in the text, on any machine. Run the next cell twice: it does not remember the first time.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(0)
show(three_random_numbers=rng.random(3))

# %% [markdown]
# ## The question
#
# In 2022, someone who was writing a neural network from scratch in NumPy
# [asked in public](https://datascience.stackexchange.com/questions/116021):
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?
#
# This course answers that one question. You will build what is needed to answer it yourself: a network, its gradients,
# a way to check them, dropout in two versions, and experiments that can say no. Each piece is a few lines of NumPy.

# %% [markdown]
# ## A sentence can be read in several ways
#
# Each row below is one sample of a mini-batch and each column one neuron. A white cell is an output that was set to 0.

# %%
plot_three_readings(np.random.default_rng(6))

# %% [markdown]
# In A, a neuron is off for every sample at once. In B, each sample has its own pattern. In C, a sample is off as a whole.
# One of the three is dropout, and the others are other methods; code that does the wrong one runs without an error.
#
# **Predict.** Which is dropout? Put `"A"`, `"B"` or `"C"` in place of the dots. Lesson 05 asks your own layer.

# %%
predict("which reading is dropout", ..., choices=("A", "B", "C"))

# %% [markdown]
# ## Your answer, before you know
#
# A wrong prediction teaches more than none, but only if it was made before. So write yours down now.
#
# | | statement | put to the test in |
# |---|---|---|
# | 1 | One draw decides which neurons are zeroed, for all samples of a mini-batch. | lesson 05 |
# | 2 | In training, outputs that are kept can be passed on as they are, and nothing makes up for it. | lesson 05 |
# | 3 | An output that was zeroed sends no gradient back to its input. | lesson 05 |
# | 4 | When the trained network is used on new data, no neuron is dropped. | lesson 06 |
# | 5 | A random layer cannot be tested with a gradient check. | lesson 07 |
# | 6 | A layer that passes its gradient check is right. | lesson 07 |
# | 7 | Dropout makes a network better on new data, whatever the data. | lesson 08 |
#
# Put `True` for agree or `False` for disagree in place of each `...`, then answer the question itself in two or three sentences.
# Some of the seven are so and some are not. There are no points for this, and no check.

# %%
agree = {1: ..., 2: ..., 3: ..., 4: ..., 5: ..., 6: ..., 7: ...}
in_my_words = """..."""
commit(agree, in_my_words)

# %% [markdown]
# Once all is filled in, the cell writes a small file beside this notebook. Lesson 06 opens it again. It cannot be changed by
# running the cell a second time: that is what makes it a prediction.

# %% [markdown]
# ## How a lesson works
#
# Four steps come round and round.
#
# 1. **Predict.** Commit to a number or a word. It is kept, and the result comes beside it.
# 2. **See.** Run the cell: a figure, or a few numbers. What explains it is folded under a line ▸. Think first, then open it.
# 3. **Build.** Write a function of a few lines in one of six files in the folder `dropout_lab/`.
# 4. **Say.** A sentence or two on what was just seen. Put it in your own words before you read ours.
#
# An exercise card names the file, the level (●○○ to ●●●), the minutes, and about how many lines it takes. Under it is its check.

# %% [markdown]
# ## The loop of building
#
# Open `dropout_lab/layers.py` now, if it does not stand on the right already: in JupyterLab's file browser on the left, go up one
# folder, then into `dropout_lab`, double-click the file, and drag its tab to the right half of the window.
#
# Look for `affine_forward`. It has a description of what goes in and what comes out, and one line that starts with
# `raise NotImplementedError`. That line is the blank. In lesson 01 you will put your own in its place, press **Ctrl+S**
# (**⌘S** on a Mac), and run the check cell. A saved file counts at once. There is nothing to restart.

# %%
check("affine_forward")

# %% [markdown]
# In your copy, the sign is a ring: ○, still blank, and where to find it. Two other signs will come:
#
# - ✓ it does what its description says, for every input that was tried. Points, and what comes next.
# - ✗ it does not. The report says what was seen and what should be there. If it looks like one of the mistakes that others
#   have made in public, it is named.
#
# A check tries your function on arrays of different sizes, types and values. It never looks at how it is written.
# Any way to the right numbers is right. You can also check in a terminal, with `dropout-lab check`.

# %% [markdown]
# ## When you are stuck
#
# Each exercise has three hints, each a step nearer, and none of them is the answer. Every call shows the next one.

# %%
hint("affine_forward")

# %% [markdown]
# If a cell shows something other than a check's report, read its last line first: it says what happened. If nothing makes
# sense any more, choose *Kernel → Restart Kernel*, go to where you were, and choose *Run → Run All Above Selected Cell*. Your
# files in `dropout_lab/` are not touched by that.

# %% [markdown]
# ## What is now true
#
# - The tools work, and you know which file to open and how to save and check.
# - You have committed to an answer to the question of this course.
#
# **Three questions** to see whether to go on:
#
# 1. You changed a function, and the check still says the same as before. What is the first thing to look at?
# 2. Which of the readings A, B and C has the most different patterns to choose from, for 8 samples and 20 neurons?
# 3. Why does the course ask for a prediction before it shows anything?
# ▸ the answers
#
# 1. Whether the file was saved. The check reads what is on disk, not what is in the editor.
# 2. B: each of the 8 · 20 outputs is kept or dropped by itself, so there are $2^{160}$ patterns, against $2^{20}$ for A. A network
#    that is trained under B sees a new pattern for every sample of every mini-batch.
# 3. What fits looks like what one knew anyway, once it is on the screen. A written prediction shows where one's own
#    picture was different, and that is the place to learn something.

# %% [markdown]
# **Next:** [lesson 01, backprop by hand](01_backprop_by_hand.ipynb).
