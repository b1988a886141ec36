# %% [markdown]
# # 13 · Fast
#
# **You will** find out where the time of a training step goes, make dropout several times faster without changing what it is, and close the course.\
# **You need** `dropout.py` complete, and lesson 11 for `same_mask`.\
# **Minutes:** 60.

# %% tags=["setup"]
from importlib.util import find_spec

import numpy as np

from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.gradcheck import relative_error
from dropout_lab.lab.fast import in_numba, in_numpy, timing
from dropout_lab.lab.fast.timing import milliseconds, race, ratios
from dropout_lab.lab.figures.speed import plot_growth, plot_times
from dropout_lab.lab.practice.lesson_13 import try_out
from dropout_lab.lab.prediction import all_predictions, predict, recall, reveal
from dropout_lab.lab.pytorch.agreed_masks import same_mask
from dropout_lab.lab.show import show
from dropout_lab.system.machine import one_blas_thread

# %% [markdown]
# ## Where does the time go?
#
# First of all: in the training step of lesson 12 dropout is a small part. Of two layers of 1,024 units, its masks take a few percent; the matrix products take most. Making it ten times faster makes the step a little faster. It is worth doing where layers are
# narrow or dropout is slow, and for what one learns on the way about machines.
#
# One hidden layer of that network, a batch of 128: forward and backward through dropout, and the three matrix products around it. Each piece of the textbook form is timed by itself, in turns.
#
# **Predict.** Within dropout, what takes longest: `"random numbers"`, `"comparison"`, `"scaled mask"` or `"two multiplications"`?

# %%
predict(
    "the longest part of dropout",
    ...,
    choices=("random numbers", "comparison", "scaled mask", "two multiplications"),
)

# %% tags=["timed"]
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
took = milliseconds(times)
reveal(
    "the longest part of dropout", max(list(took)[:4], key=lambda name: np.median(took[name]))
)
plot_times(took, "One layer of 1,024 units, 128 samples, piece by piece")

# %% [markdown]
# ▸ after you have run it
#
# Dropout's work is $N \cdot H$, the products' is $3 \cdot N \cdot D \cdot H$: the wider the layer, the less dropout weighs. And inside of dropout, on all machines that we tried, the coins cost more than all else.
#
# If dropout is a tenth of a step, the step can become at most 1 / (1 - 0.1) times as fast, even if dropout cost nothing at all (Amdahl's law).

# %% [markdown]
# ## First idea: cheap coins
#
# `rng.random` makes a number of 53 random bits, and one comparison uses it up. But a coin with p = 0.3 needs few bits: split 0 ... 65,535 at `cut = round(p * 65536)`, and 16 random bits decide. A generator makes 64 at a time. That is four coins a word.
#
# **Build, in the notebook · `cheap_coins`** · ●●○ · 6 minutes · one line\
# `words` are numbers of 64 random bits, as `bits.random_raw(n)` gives them. `array.view(np.uint16)` reads the same memory as 16-bit numbers, four times as many. Return which entries are kept.


# %%
def cheap_coins(words, cut):
    """Four coins for each word: True where an entry is kept."""
    ### BEGIN SOLUTION
    return words.view(np.uint16) >= cut
    ### END SOLUTION


try_out(cheap_coins)
p, entries = 0.3, 1_000_000
cut = round(p * 65536)
theirs = in_numpy.Dropout(p, seed=7).forward(np.ones(entries, np.float32)) != 0
kept = cheap_coins(np.random.PCG64DXSM(seed=7).random_raw(entries // 4), cut)
show(
    dropped=1 - np.mean(theirs),
    p_as_it_is=cut / 65536,
    yours_are_those_of_lab_fast=np.array_equal(kept, theirs),
)

# %% [markdown]
# Rounding p moves it by at most half a step, $2^{-17}$. The kept are multiplied by 65536/(65536 - cut), the scale of the *rounded* p, so the mean of the mask is 1 all the same.

# %% tags=["timed"]
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

# %% tags=["timed"]
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
# **Predict.** Which size of a block is fastest: `2**10`, `2**15`, `2**17`, or all ten million at once?

# %%
predict("the fastest block", ...)

# %% tags=["timed"]
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
took = milliseconds(times)
reveal(
    "the fastest block", int(min(took, key=lambda name: np.median(took[name])).replace(",", ""))
)
plot_times(took, "Ten million entries, by the size of the block")

# %% [markdown]
# ▸ after you have run it
#
# Small blocks pay for Python: a loop of ten thousand turns with five calls each. Large ones pay for the way to memory, on some machines more than on others.

# %% [markdown]
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
# **Build, in the notebook · `farthest`** · ●●○ · 5 minutes · one line\
# How far may the share of dropped entries among `n` be from p, by chance alone? 6.2 standard deviations of a mean of coins: a sound generator goes beyond that less than once in a thousand million tries.


# %%
def farthest(p, n):
    """6.2 standard deviations of the share of n coins with rate p."""
    ### BEGIN SOLUTION
    return 6.2 * np.sqrt(p * (1 - p) / n)
    ### END SOLUTION


try_out(farthest)

# %% tags=["nbval-check-output"]
p, masks, width = 0.3, 10_000, 256
dropped = in_numpy.Dropout(p, seed=4).forward(np.ones((masks, width), np.float32)) == 0
n, counts = dropped.size, dropped.sum(axis=1)
show(dropped=dropped.mean(), within=abs(dropped.mean() - p) < (farthest(p, n) or 0))
spread = counts.var() / (width * p * (1 - p))
show(variance_by_theory=spread, within=abs(spread - 1) < 6.2 * np.sqrt(2 / masks))

# %% [markdown]
# The mean tells whether p is right. The variance tells how the coins of one row hang together on average: it would be larger if they agreed. (A mask that is used twice passes it: that has to be looked for elsewhere, as in lesson 07.)
#
# ## The race
#
# Four million entries, forward and backward. The textbook is yours. One idea more: numba compiles a loop that reads an entry once, makes its coin in registers, and writes the product once.
# The *limit* is two multiplications by a number, with no coins at all: something has to read x and write y.

# %%
rng, bits = np.random.default_rng(0), np.random.PCG64DXSM(0)
x, dout = (rng.standard_normal((1024, 4096), dtype=np.float32) for _ in range(2))
y, dx, cut, scale = np.empty_like(x), np.empty_like(x), 32768, np.float32(2)


def yours():
    _, cache = dropout_forward(x, 0.5, rng)
    dropout_backward(dout, cache)


def with_cheap_coins():
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
runners = {
    "yours": yours,
    "1: cheap coins": with_cheap_coins,
    "1, 2: and out=": cheap_coins_and_out,
}
runners["1, 2, 3: lab/fast"] = both_ways(in_numpy.Dropout(0.5, 0))
if find_spec("numba"):
    runners["one loop: numba"] = both_ways(in_numba.Dropout(0.5, 0))
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
# **Predict.** From an array of a thousand entries to one of 32 million, does the cost of *one entry* of the limit `"rise"`, `"fall"`, or `"fall, then rise"`?

# %%
predict("the cost of one entry, with the size", ..., choices=("rise", "fall", "fall, then rise"))

# %%
MEASURED = timing.recorded()
costs = np.array(
    [row["ns"] for row in MEASURED["growth"] if row["what"].startswith("limit: two")]
)
low = int(np.argmin(costs))
shape = "fall" if low == len(costs) - 1 else "rise" if low == 0 else "fall, then rise"
reveal("the cost of one entry, with the size", shape)
plot_growth(MEASURED)

# %% [markdown]
# ▸ after you have run it
#
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
# Below 1 is faster than PyTorch. Read it with care. The lead of the layer comes from one place: on a CPU, this version of PyTorch throws its coins one after the other, on one thread, and slowest at p = 0.5, where it was measured: an AMD processor, without Intel's libraries; elsewhere the lead is another. Its arithmetic is as good as NumPy's. Compare the two rows of the step *without*
# dropout: they are near each other. Nothing here speaks of other versions, other processors, or a GPU. And what is compiled beats what is not: `lab/fast/in_numba.py` is ahead of all that NumPy can do.

# %% [markdown]
# ## The question, for the last time
#
# > Is applying dropout equivalent to zeroing the output of random neurons in each mini-batch iteration and leaving the
# > rest of the forward and backward steps of backpropagation unchanged?
#
# Here is what you wrote in lesson 00.

# %%
recall()

# %% [markdown]
# **Say.** Answer once more, in three sentences: one for the forward pass, one for the backward pass, one for test time.

# %%
my_answer = """..."""

# %% [markdown]
# ▸ in three sentences
#
# Forward, each output of each sample is zeroed by a coin of its own with probability $p$, and what is kept is multiplied by $1/(1-p)$, so that the mean of every output stays what it was. Backward, the rule is the old one, but not its result:
# by the chain rule the gradient is multiplied by the same scaled mask, so nothing passes through a dropped unit. At test time the layer does nothing, and that is right because of the scale.

# %% [markdown]
# ## Every prediction of the course
#
# How far off were they, and did that change from lesson to lesson?

# %%
all_predictions()

# %% [markdown]
# ## What is now true
#
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
# **Two questions**
#
# 1. In `lab/fast`, p = 0.3 becomes 19661/65536. Somebody keeps 1/0.7 as the scale. What is wrong, by how much, and would a gradient check see it?
# 2. Your layer is ten times as fast as before, and an epoch takes 3% less time. What happened?
# ▸ the answers
#
# 1. The mean of the mask is then $(1 - 19661/65536)/0.7$ instead of 1, about 4 millionths too low: far below anything that training would notice.
#    A gradient check cannot see it, since forward and backward share the factor. It costs nothing to do right.
# 2. Dropout was a small part of the step; matrix products and the update are the rest. Amdahl's law allows no more.

# %% [markdown]
# This is the last lesson. `dropout-lab check` in a terminal shows whether anything is left.
