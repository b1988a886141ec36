# %% [markdown]
# # 12 · The paper, and fast
#
# **You will** put your network beside the experiment that made dropout known, limit the length of weights, and then find out where the time of a training step goes
# and how fast dropout can be.\
# **You need** `network.py` and `training.py` complete (lessons 04 and 06), and lesson 08 for what a difference is worth. MNIST is not needed: its full runs were kept.\
# **Minutes:** 75.

# %% tags=["setup"]
from functools import cache
from importlib.util import find_spec

import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.gradcheck import relative_error
from dropout_lab.lab.data import digits
from dropout_lab.lab.experiments.fitting import student_step
from dropout_lab.lab.experiments.paired import paired_difference
from dropout_lab.lab.experiments.runs import train_on
from dropout_lab.lab.fast import in_numba, in_numpy, timing
from dropout_lab.lab.fast.timing import milliseconds, race, ratios
from dropout_lab.lab.figures.paper import plot_columns, plot_longest, plot_runs, plot_search
from dropout_lab.lab.figures.speed import plot_growth, plot_times
from dropout_lab.lab.mnist import paper
from dropout_lab.lab.mnist.column_lengths import Watched
from dropout_lab.lab.prediction import recall
from dropout_lab.lab.pytorch.agreed_masks import same_mask
from dropout_lab.lab.show import show
from dropout_lab.system.machine import one_blas_thread
from dropout_lab.training import max_norm

# %% [markdown]
# ## The experiment
#
# MNIST: 60,000 handwritten digits of 28 × 28 pixels to train on, 10,000 to test on. The best plain network, without convolutions and without images bent to make more of them, had 1.60% errors.
#
# **Predict.** With dropout, three layers of 1,024 ReLUs: how many of the 10,000 are wrong? And how many if, on top of it, no unit may have long weights?

# %%
my_dropout, my_dropout_and_limit = ..., ...

# %% [markdown]
# From tables 2 and 9 of Srivastava et al. (2014), errors in percent:
#
# | table 2 | % | | table 9: one network, 784-1024-1024-2048-10 | % |
# |---|---|---|---|---|
# | no dropout, 2 × 800, logistic | 1.60 | | L2 penalty | 1.62 |
# | dropout, 3 × 1024, logistic | 1.35 | | max-norm | 1.35 |
# | dropout, 3 × 1024, ReLU | 1.25 | | dropout and L2 | 1.25 |
# | dropout and max-norm, 3 × 1024, ReLU | 1.06 | | dropout and max-norm | 1.05 |
# | dropout and max-norm, 2 × 8192, ReLU | 0.95 | | | |
#
# **Say.** Which two rows differ in dropout, and in nothing else?
#
# ### BEGIN SOLUTION
# In table 2 none: depth, width or the kind of unit change as well. In table 9 there are two pairs: L2 without and with dropout, 1.62 against 1.25; max-norm without
# and with it, 1.35 against 1.05. These are the numbers to quote.
# ### END SOLUTION

# %% [markdown]
# ## Columns on a leash
#
# The paper advises a learning rate 10 to 100 times the usual one and a momentum of 0.95 to 0.99 (appendix A). Such steps can make weights huge. **Max-norm** does not pull on weights, as L2 does.
# It sets a limit to the length of all the weights that enter a unit, and puts back what a step took beyond it.
#
# In `w` of shape (D, H), what enters unit 3 is column 3.

# %%
rng = np.random.default_rng(0)
w = rng.standard_normal((8, 14)) * rng.uniform(0.2, 1.1, 14)
plot_columns(w, limit=2.0)

# %% [markdown]
# **Predict.** Which columns will `max_norm(w, 2.0)` change? Does it change the *direction* of any?
#
# **Build 12.1 · `max_norm`** · ●●○ · 5 minutes · two lines\
# In `dropout_lab/training.py`. A new array, in which each column that is longer than `limit` is as long as `limit`. All others, also one of zeros, stay as they are. Stuck? `hint("max_norm")`.

# %%
check("max_norm")

# %%
plot_columns(w, 2.0, max_norm)

# %% [markdown]
# The limit belongs behind each update of a hidden layer. The scores at the top are left alone: a network that may not have large scores may not be sure.
#
# **Build, in the notebook** · ●○○ · 4 minutes · one line\
# `student_step` is the update that `fit` has used since lesson 04. After it, limit `W1`, and leave the dictionary that came in as it is.

# %%
LIMIT = 2.0


def limited_step(params, velocity, x, y, p, lr, momentum, rng):
    params, velocity, loss = student_step(params, velocity, x, y, p, lr, momentum, rng)
    ### BEGIN SOLUTION
    params = {**params, "W1": max_norm(params["W1"], LIMIT)}
    ### END SOLUTION
    return params, velocity, loss


# %% [markdown]
# Now the small version of the experiment: 1,000 digits of 8 × 8 pixels, 64-512-10, three kinds of training, four seeds each. `Watched` keeps the longest column after every update.
#
# **Predict.** In the beginning the longest of 512 columns is 1.7 long. Will it grow more with dropout or without?

# %%
my_prediction = ...


@cache
def runs(limited):
    """{kind: [(error in %, longest column after each update), one for each of four seeds]}"""
    return {
        "no dropout": [small_run(seed, 0.0, Watched(student_step)) for seed in range(4)],
        "dropout": [small_run(seed, (0.1, 0.5), Watched(student_step)) for seed in range(4)],
        "dropout, max-norm": [
            small_run(seed, (0.1, 0.5), Watched(limited)) for seed in range(4)
        ],
    }


def small_run(seed, p, step):
    row = train_on(digits(1000, seed), seed, p=p, epochs=60, lr=0.1, momentum=0.95, step=step)
    return 100 * (1 - row["test_accuracy"]), step.longest


plot_longest({kind: found[0][1] for kind, found in runs(limited_step).items()}, LIMIT)

# %% [markdown]
# With dropout they grow more. Without it the training loss comes near 0 and its gradient with it; the masks do not let that happen, and the gradient goes on pushing. With the limit the columns go up to it, and no further.
#
# **Predict.** And the error? Of the three kinds, which two will four seeds not be able to tell apart?

# %%
my_prediction = ...
errors = {
    kind: np.array([error for error, _ in found]) for kind, found in runs(limited_step).items()
}
for kind, values in errors.items():
    print(f"{kind:18} {values.mean():.2f}%, seed by seed: {np.round(values, 1)}")
print("saved by dropout, points: ", paired_difference(errors["no dropout"], errors["dropout"]))
print(
    "saved by max-norm, points:",
    paired_difference(errors["dropout"], errors["dropout, max-norm"]),
)

# %% [markdown]
# Read the intervals as in lesson 08: four seeds make them wide, and one that holds 0 decides nothing. What this shows for certain is on the weights: max-norm does what it says. About the error it can only say that a large effect is not there, and
# 1,000 images of 64 pixels are not MNIST.
#
# ## All of it
#
# `dropout-lab paper` in a terminal trains 784-1024-1024-10 on all of MNIST, with `lab/fast.py` (further down) or, by `--yours`, with your functions. It takes hours, can be stopped at any time, and goes on
# from the last whole epoch. Its settings were searched for, and each try was judged on 10,000 *training* images that were held out for that, the validation images.
#
# **Predict.** 17 settings were tried. If the one with the fewest errors on the *test* images had been taken, and these errors reported: would the number be too low, too high, or right?

# %%
my_prediction = ...
plot_search(paper.search())

# %% [markdown]
# Too low. The best of 17 is the best partly by luck with these very images, and luck does not carry over to new ones. So the test images are used once, after everything is settled.
#
# Note how near the three kinds are: with one seed and 15 or 20 epochs dropout shows no gain. It needs time, as in lesson 08, and so its full runs are four times as long as the plain ones.

# %%
RECORDS = paper.load()  # paper.load("mnist-runs") shows yours, if you ran it
plot_runs(RECORDS)

# %% [markdown]
# The loss says more than the error. Without dropout it turns up again while the error stays: the network becomes surer of its mistakes. Look for the same turn in the other curves. The bump in the first epochs comes with the momentum, which rises to 0.95 there.

# %%
print(paper.table(RECORDS))
updates = {config: 469 * setting.epochs for config, setting in paper.CONFIGS.items()}
print("\nupdates, 469 in an epoch:", updates)
ends = {
    (record["config"], record["seed"]): record["curve"][-1]["train_loss"]
    for record in RECORDS
    if record["curve"]
}
for config in paper.CONFIGS:
    print(
        f"training loss at the end, {config}:",
        *(loss for (own, _), loss in ends.items() if own == config),
    )

# %% [markdown]
# The last column holds rows 1, 3 and 4 of table 2. **How the two differ:** the paper trained for 1 million updates (appendix B.1); its networks with dropout have three hidden layers, ours two; its plain one has 800 logistic units in a layer; limits, rates
# and initial weights are others. So equal numbers are not to be expected. The *order* is what can be compared.
# Our plain runs are shorter than the others because they are done: their training loss leaves nothing to learn.
#
# **Build, in the notebook** · ●●○ · 6 minutes · three lines\
# Runs of the same seed share initial weights and the order of the images, so they are pairs. For dropout with max-norm against no dropout, print the `paired_difference` over the seeds that both have. Is it more than two standard errors from 0? Is the error with max-norm below 1.15%?


# %%
def by_seed(config):
    """{seed: error in % after the last epoch}"""
    own = [record for record in RECORDS if record["config"] == config and record["curve"]]
    return {record["seed"]: paper.error(record) for record in own}


### BEGIN SOLUTION
plain, limited = by_seed("plain"), by_seed("max-norm")
seeds = sorted(plain.keys() & limited.keys())
if len(seeds) > 1:
    d = np.array([plain[seed] - limited[seed] for seed in seeds])
    print("saved, points:", paired_difference(d, np.zeros(len(d))))
    print(f"in standard errors: {d.mean() / (d.std(ddof=1) / np.sqrt(len(d))):.1f}")
if limited:
    print("below 1.15%:", bool(np.mean(list(limited.values())) < 1.15))
### END SOLUTION
print("seeds:", {config: len(by_seed(config)) for config in paper.CONFIGS})

# %% [markdown]
# Two standard errors are less than they sound: for three pairs, Student's $t$ is 4.3. And there is a second noise, that of the test images. A count of 120 errors has a standard deviation of $\sqrt{120} \approx 11$, or 0.11 points, which no number of seeds
# makes smaller. On a difference it weighs less, since both networks meet the same images.
#
# ### And 0.95%?
#
# The best row takes two layers of 8,192 units. **Predict.** How many times as many weights is that, and how many days would 1 million updates take on the machine that made the runs above?
#
# **Build, in the notebook** · ●○○ · 5 minutes · two lines\
# Count the weights of both networks (without biases), and print the ratio. An update costs a few operations for each weight and image, so the ratio of the times is about that of the weights.

# %%
my_times, my_days = ..., ...
### BEGIN SOLUTION
small, large = (a * b + b * b + b * c for a, b, c in [(784, 1024, 10), (784, 8192, 10)])
show(weights=large, times_as_many=large / small)
### END SOLUTION
print("days for 1 million updates:", paper.days(RECORDS, hidden=(8192, 8192), updates=1_000_000))

# %% [markdown]
# Weeks, on cores that were shared with other programs; hours, on hardware that does a hundred times as much arithmetic in a second. No idea is missing, only speed. That is what the second half is about.

# %% [markdown]
# ## Where does the time go?
#
# One hidden layer of that network, a batch of 128: forward and backward through dropout, and the three matrix products around it. Each piece of the textbook form is timed by itself, in turns.
#
# **Predict.** Order them by time: the random numbers, the comparison with p, the scaled mask, two multiplications, three matrix products.

# %% tags=["timed"]
my_order = [...]
rng = np.random.default_rng(0)
x, dout = (rng.standard_normal((128, 1024), dtype=np.float32) for _ in range(2))
weights = rng.standard_normal((1024, 1024), dtype=np.float32)
coins = rng.random(x.shape)
kept, scale = coins >= 0.5, np.float32(2)
mask = kept * scale
pieces = {
    "random numbers": lambda: rng.random(x.shape),
    "comparison": lambda: coins >= 0.5,
    "scaled mask": lambda: kept * scale,
    "two multiplications": lambda: (x * mask, dout * mask),
    "three matrix products": lambda: (x @ weights, x.T @ dout, dout @ weights.T),
}
with one_blas_thread():
    times = race(pieces)
plot_times(milliseconds(times), "One layer of 1,024 units, 128 samples, piece by piece")

# %% [markdown]
# Dropout's work is $N \cdot H$, the products' is $3 \cdot N \cdot D \cdot H$: the wider the layer, the less dropout weighs. And inside of dropout, on all machines that we tried, the coins cost more than all else.
#
# **Say.** If dropout is a tenth of a step, how much faster can the step become by making dropout faster?
#
# ### BEGIN SOLUTION
# At most by a factor of 1 / (1 - 0.1) = 1.11, if dropout cost nothing at all (Amdahl's law). It pays where layers are narrow or dropout is slow.
# ### END SOLUTION

# %% [markdown]
# ## First idea: cheap coins
#
# `rng.random` makes a number of 53 random bits, and one comparison uses it up. But a coin with p = 0.3 needs few bits: split 0 ... 65,535 at `cut = round(p * 65536)`, and 16 random bits decide. A generator makes 64 at a time. That is four coins a word.
#
# **Predict.** What is the largest error that rounding p to a multiple of 1/65,536 can make?
#
# **Build, in the notebook** · ●●○ · 6 minutes · two lines\
# `bits.random_raw(n)` gives n words of 64 bits. `array.view(np.uint16)` reads the same memory as 16-bit numbers, four times as many. Make a million coins: print the share that is dropped, and whether `kept` is equal to `theirs`.

# %%
my_largest_error = ...
p, entries, bits = 0.3, 1_000_000, np.random.PCG64DXSM(seed=7)
cut = round(p * 65536)
theirs = in_numpy.Dropout(p, seed=7).forward(np.ones(entries, np.float32)) != 0
### BEGIN SOLUTION
kept = bits.random_raw(entries // 4).view(np.uint16) >= cut
show(dropped=1 - kept.mean(), equal=np.array_equal(kept, theirs))
### END SOLUTION
print(f"the course's: {1 - theirs.mean():.4f} dropped; p as it is: {cut / 65536:.7f}")

# %% [markdown]
# At most half a step, $2^{-17}$ or 0.0000076. The kept are multiplied by 65536/(65536 - cut), the scale of the *rounded* p, so the mean of the mask is 1 all the same.
#
# **Predict.** How many times faster than `rng.random(x.shape) >= p`?

# %% tags=["timed"]
my_prediction = ...
rng, bits, shape = np.random.default_rng(0), np.random.PCG64DXSM(0), (256, 4096)
makers = {
    "53 bits, float64": lambda: rng.random(shape) >= p,
    "24 bits, float32": lambda: rng.random(shape, np.float32) >= p,
    "16 bits": lambda: (
        in_numpy.lanes(bits.random_raw(in_numpy.words(256 * 4096)), 256 * 4096) >= cut
    ),
}
show(time_of_the_first=ratios(race(makers), to="53 bits, float64"))

# %% [markdown]
# ## Second idea: memory that is there already
#
# `kept * scale * x` makes an array for each product, 42 MB below, and throws one of them away. Fresh memory of that size comes from the system, page by page. With `out=` the result goes where the last one was.
#
# **Predict.** The same multiplications in the same order, with and without new arrays. Is there a difference, and is it more or less than a factor of 2?

# %% tags=["timed"]
my_prediction = ...
rng = np.random.default_rng(1)
x = rng.random((2560, 4096), np.float32)
kept, out, scale = (
    rng.random(x.shape, np.float32) >= p,
    np.empty_like(x),
    np.float32(1 / (1 - p)),
)
forms = {
    "new arrays": lambda: kept * scale * x,
    "out=": lambda: np.multiply(np.multiply(kept, scale, out=out), x, out=out),
}
show(time_of_the_first=ratios(race(forms, rounds=7), to="new arrays"))
print("the same result:", np.array_equal(out, kept * scale * x))

# %% [markdown]
# It saves most where arrays are large. For small ones Python has memory at hand.
#
# ## Third idea: stay near
#
# 42 MB do not fit into the caches next to a core, and each pass over it (coins, comparison, mask, scale, product) fetches it from far away again. So take a *block*, make all passes on it, and go on to the next.
#
# **Predict.** Blocks of 1,024 entries, 131,072, or all at once: which is fastest, and which slowest?

# %% tags=["timed"]
my_order = [...]
x, out = x.reshape(-1), out.reshape(-1)
bits = np.random.PCG64DXSM(0)


def in_blocks(size):
    def forward():
        for start in range(0, x.size, size):
            part = slice(start, start + size)
            n = len(x[part])
            kept = in_numpy.lanes(bits.random_raw(in_numpy.words(n)), n) >= cut
            in_numpy.apply_mask(kept, scale, x[part], out[part])

    return forward


sizes = (2**10, 2**13, 2**15, 2**17, x.size)
times = race({f"{n:,}": in_blocks(n) for n in sizes}, rounds=5)
plot_times(milliseconds(times), "Ten million entries, by the size of the block")

# %% [markdown]
# Small blocks pay for Python: a loop of ten thousand turns with five calls each. Large ones pay for the way to memory, on some machines more than on others.
#
# ## Is it still dropout?
#
# `in_numpy.Dropout` is the three ideas in one class. A faster layer that computes something else is worth nothing, so before the race, the proof. First the same masks into your functions, by the `same_mask` of lesson 11:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(2)
x, dout = (rng.standard_normal((300, 700), dtype=np.float32) for _ in range(2))
for p in (0.2, 0.5, 0.8):
    layer = in_numpy.Dropout(p, seed=3)
    quick, quick_dx = layer.forward(x).copy(), layer.backward(dout).copy()
    slow, remembered = same_mask(dropout_forward, x, round(p * 65536) / 65536, mask=quick != 0)
    slow_dx = dropout_backward(dout, remembered)
    off = max(relative_error(quick, slow), relative_error(quick_dx, slow_dx))
    print(f"p = {p}: outputs and gradients are yours, to float32 rounding: {off < 1e-6}")

# %% [markdown]
# Second, the masks themselves. 10,000 masks of 256 entries: the count of dropped ones is binomial, mean $256\,p$ and variance $256\,p(1-p)$.
#
# **Build, in the notebook** · ●●○ · 8 minutes · two lines\
# How far may the share of dropped entries be from p, by chance alone? Compute 6.2 standard deviations of a mean of $n$ coins and print it; a sound generator goes beyond that less than once in a thousand million tries. The next line does the same for the variance of the counts.

# %% tags=["nbval-check-output"]
p, masks, width = 0.3, 10_000, 256
dropped = in_numpy.Dropout(p, seed=4).forward(np.ones((masks, width), np.float32)) == 0
n, counts = dropped.size, dropped.sum(axis=1)
### BEGIN SOLUTION
bound = 6.2 * np.sqrt(p * (1 - p) / n)
show(within=abs(dropped.mean() - p) < bound, bound=bound)
### END SOLUTION
show(dropped=dropped.mean())
spread = counts.var() / (width * p * (1 - p))
show(variance_by_theory=spread, within=abs(spread - 1) < 6.2 * np.sqrt(2 / masks))

# %% [markdown]
# The mean tells whether p is right, the variance whether the entries are independent: coins that hang together in a row make it larger.
#
# ## The race
#
# **Predict.** Four million entries, forward and backward. The textbook is yours. By which factor is all of it faster? And one idea more: numba compiles a loop that reads an entry once, makes its coin in registers, and writes the product once.
# The *limit* is two multiplications by a number, with no coins at all: something has to read x and write y.

# %%
rng, bits = np.random.default_rng(0), np.random.PCG64DXSM(0)
x, dout = (rng.standard_normal((1024, 4096), dtype=np.float32) for _ in range(2))
y, dx, cut, scale = np.empty_like(x), np.empty_like(x), 32768, np.float32(2)


def yours():
    _, cache = dropout_forward(x, 0.5, rng)
    dropout_backward(dout, cache)


def cheap_coins():
    mask = (in_numpy.lanes(bits.random_raw(in_numpy.words(x.size)), x.size) >= cut).reshape(
        x.shape
    ) * scale
    return x * mask, dout * mask


def cheap_coins_and_out():
    kept = (in_numpy.lanes(bits.random_raw(in_numpy.words(x.size)), x.size) >= cut).reshape(
        x.shape
    )
    in_numpy.apply_mask(kept, scale, x, y)
    in_numpy.apply_mask(kept, scale, dout, dx)


def both_ways(layer):
    return lambda: (layer.forward(x), layer.backward(dout))


# %% tags=["timed"]
my_factor, my_numba = ..., ...
runners = {"yours": yours, "1: cheap coins": cheap_coins, "1, 2: and out=": cheap_coins_and_out}
runners["1, 2, 3: lab/fast"] = both_ways(in_numpy.Dropout(0.5, 0))
if find_spec("numba"):
    runners["one loop: lab/fused"] = both_ways(in_numba.Dropout(0.5, 0))
else:
    print('numba is not installed here: python -m pip install -e ".[fast]"')
runners["limit"] = lambda: (np.multiply(x, scale, out=y), np.multiply(dout, scale, out=dx))
times = race(runners, rounds=7)
plot_times(milliseconds(times), "Four million entries, forward and backward")
for name, ratio in ratios(times, to="limit").items():
    print(f"{name:22}{ratio:5.1f} times the limit")

# %% [markdown]
# What is left of `lab/fast` above the limit is coins, and one pass for each operation. The compiled loop makes one pass in all, and comes near the limit where arrays are too large for the caches. It keeps no mask:
# its coins are a function of seed, call and position, so backward throws the same ones again.

# %% [markdown]
# ## How it grows
#
# So far your machine was measured, while it did other things too. These measurements were made with more care: every way once in every round, in random order, ratios within the round, on one machine.
#
# **Predict.** The cost of *one entry*, from arrays of a thousand entries to 32 million: does it rise, fall, or stay?

# %%
my_prediction = ...
MEASURED = timing.recorded()
plot_growth(MEASURED)

# %% [markdown]
# First it falls: a call costs the same for few entries and for many. Then it is flat. Where a layer's arrays no longer fit into the last cache, your textbook form steps up, and so does the limit itself. On the right, a whole step: with the width, all that is not a matrix product fades, and the lines draw together.

# %%
print("Time as a fraction of PyTorch's, eager, on 2 threads of a CPU:")
print(timing.table(MEASURED))
machine = MEASURED["machine"]
print(
    "\nMade on",
    ", ".join(f"{name} {machine[name]}" for name in ("processor", "cores", "numpy", "torch")),
)

# %% [markdown]
# Below 1 is faster than PyTorch. Read it with care. The lead of the layer comes from one place: on a CPU, this version of PyTorch throws its coins one after the other, on one thread, and slowest at p = 0.5. Its arithmetic is as good as NumPy's. Compare the two rows of the step *without*
# dropout: they are near each other. Nothing here speaks of other versions, other processors, or a GPU. And what is compiled beats what is not: `lab/fused` is ahead of all that NumPy can do.

# %% [markdown]
# ## The question, for the last time
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?
#
# Here is what you wrote in lesson 00. Answer once more, in **three sentences**: one for the forward pass, one for the backward pass, one for test time.

# %%
recall()

# %% [markdown]
# ### BEGIN SOLUTION
# **In three sentences.** Forward, each output of each sample is zeroed by a coin of its own with probability $p$, and what is kept is multiplied by $1/(1-p)$, so that the mean of every output stays what it was. Backward, the rule is the old one, but not its result:
# by the chain rule the gradient is multiplied by the same scaled mask, so nothing passes through a dropped unit. At test time the layer does nothing, and that is right because of the scale.
# ### END SOLUTION
#
# ## What is now true
#
# - Max-norm limits the length of each column. The paper's numbers belong to its widths and its million updates; its order can be tried on two cores.
# - Dropout is cheap beside matrix products. Cheap coins, buffers and blocks make it several times faster, and change nothing but the coins.
#
# And of the whole course:
#
# - You have written every line between pixels and gradient, and each backward pass agrees with a numerical gradient that you wrote as well.
# - You know what a gradient check cannot see, and have other evidence for that: means, variances, counts, a trusted implementation.
# - Dropout is a scaled random mask: the mean is kept exactly, noise is added, and the noise acts as a penalty.
# - Whether it helps is a question for pairs of runs and an interval. You have seen it help, do nothing, and hurt.
#
# The course on one page: the [cheat sheet](cheat_sheet.md).

# %% [markdown]
# ## Where to go from here
#
# - **The paper.** Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, JMLR 15: you can now read all of it, and rerun a good part.
# - **Variational dropout.** Kingma, Salimans and Welling 2015, [arXiv 1506.02557](https://arxiv.org/abs/1506.02557): the Gaussian noise of lesson 10 as inference, with rates that are learned.
# - **Concrete dropout.** Gal, Hron and Kendall 2017, [arXiv 1705.07832](https://arxiv.org/abs/1705.07832): coins made smooth, so that a gradient finds p.
# - **DropBlock.** Ghiasi, Lin and Le 2018, [arXiv 1810.12890](https://arxiv.org/abs/1810.12890): for images, where single pixels give away their neighbours, whole regions are dropped.
# - **Stochastic depth.** Huang, Sun, Liu, Sedra and Weinberger 2016, [arXiv 1603.09382](https://arxiv.org/abs/1603.09382): the coin is thrown for a whole layer of a residual network.
# - **Is the spread an uncertainty?** Gal and Ghahramani 2016, [arXiv 1506.02142](https://arxiv.org/abs/1506.02142), say in what sense; Osband 2016, "Risk versus uncertainty in deep learning", says why a spread that does not shrink with more data is not one.
#
# **Three questions**
#
# 1. Why does max-norm limit columns, not rows?
# 2. In `lab/fast`, p = 0.3 becomes 19661/65536. Somebody keeps 1/0.7 as the scale. What is wrong, by how much, and would a gradient check see it?
# 3. Your layer is ten times as fast as before, and an epoch takes 3% less time. What happened?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. A column is what enters one unit: its length bounds that unit's response to an input of a given size. A row is what one input sends to all units,
#    and limiting it would make units compete for it.
# 2. The mean of the mask is then $(1 - 19661/65536)/0.7$ instead of 1, about 4 millionths too low: far below anything that training would notice.
#    A gradient check cannot see it, since forward and backward share the factor. It costs nothing to do right.
# 3. Dropout was a small part of the step; matrix products and the update are the rest. Amdahl's law allows no more.
# ### END SOLUTION
#
# This is the last lesson. `dropout-lab check` in a terminal shows whether anything is left.
