# %% [markdown]
# # 11 · Against the frameworks
#
# **You will** put your functions beside `nn.Dropout` and a whole `nn.Module`, with the same masks and the same weights, entry by entry;
# learn what `train()` and `eval()` switch; see eight programs, seven of which get it wrong; and have the layers of PyTorch, Keras and JAX
# audited, and your own.\
# **You need** `dropout.py` and `network.py` complete (lesson 06). PyTorch is not needed: where it is missing, its answers were recorded.\
# **Minutes:** 45.

# %% tags=["setup"]
import numpy as np

from dropout_lab.audit import audit
from dropout_lab.checks import check
from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.gradcheck import relative_error
from dropout_lab.lab import frameworks
from dropout_lab.lab.fast.timing import race, ratios
from dropout_lab.lab.figures.parity import plot_parity
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.pytorch import parity
from dropout_lab.lab.pytorch.agreed_masks import AgreedCoins, same_mask
from dropout_lab.lab.pytorch.two_modes import try_modes
from dropout_lab.lab.show import show
from dropout_lab.network import loss_and_grads, mlp_forward

# %%
print("The answers below come from:", parity.source())

# %% [markdown]
# To ask it live, run `python -m pip install -e ".[torch]"` in the course's folder and restart the kernel. The recorded arrays were made
# by `python -m dropout_lab.lab.pytorch.parity`; nothing else in this lesson changes.

# %% [markdown]
# ## One layer, one mask
#
# Two random layers can only be compared if they throw the same coins. PyTorch's coins come from its own generator, so `ask("layer")` holds
# what `nn.Dropout(0.3)` made of an `x` of 8 samples and 6 units: `out`, and `dx` for a given `dout`. Where `out` is 0, it dropped.
#
# `same_mask` hands these coins to your layer: a generator whose `random()` returns small numbers at some places and large ones at others,
# so that your comparison comes to the same decision.
#
# In float32 a number has about 7 digits.

# %% tags=["nbval-check-output"]
theirs = parity.ask("layer")
x, dout = parity.layer_inputs()
out, cache = same_mask(dropout_forward, x, parity.P, mask=theirs["out"] != 0)
dx = dropout_backward(dout, cache)
print("outputs agree to 1e-6:  ", np.abs(out - theirs["out"]).max() < 1e-6)
print("gradients agree to 1e-6:", np.abs(dx - theirs["dx"]).max() < 1e-6)

# %% [markdown]
# On most machines the difference is exactly 0: both multiply each entry by the same float32 number, 1/0.7. There is no more to `nn.Dropout`
# than you wrote.
#
# The figure has every entry of the gradient, PyTorch's across and yours up. The crosses are a layer that is wrong in one thing:
# its backward pass multiplies by 0 and 1 instead of by the scaled mask.

# %%
wrong = dout * (theirs["out"] != 0)
out, cache = same_mask(dropout_forward, x, parity.P, mask=theirs["out"] != 0)
plot_parity(theirs["dx"], dropout_backward(dout, cache), wrong)

# %% [markdown]
# Circles on the diagonal are equal. The crosses lie on a line too, but a flatter one: each is 0.7 times what it should be. Such a network
# trains, only slower below the layer, and no error message ever comes. Comparing with a trusted implementation finds it at once, as the
# gradient check did in lesson 06.

# %% [markdown]
# ## The edges
#
# **Predict.** What does `nn.Dropout(p=1)` return in training?

# %%
predict("nn.Dropout(p=1) returns", ..., choices=("zeros", "nan", "an error"))

# %% tags=["nbval-check-output"]
edges = parity.ask("edges")
for p in (0.0, 1.0):
    out, cache = dropout_forward(x, p, np.random.default_rng(0))
    dx = dropout_backward(np.ones_like(x), cache)
    same = np.array_equal(out, edges[f"out at {p:g}"]) and np.array_equal(
        dx, edges[f"dx at {p:g}"]
    )
    print(f"p = {p:g}: the same as PyTorch: {same}; largest output {np.abs(out).max():.2f}")

# %%
reveal("nn.Dropout(p=1) returns", "nan" if np.isnan(edges["out at 1"]).any() else "zeros")

# %% [markdown]
# ▸ after you have run it
#
# At p = 1 all is dropped: zeros, and no gradient. 1/(1-p) would divide by zero there; PyTorch had that bug
# ([pull request 1833](https://github.com/pytorch/pytorch/pull/1833)) and so had 32 of 70 published NumPy layers that we read.

# %% [markdown]
# Now a question about names. `torch.nn.functional.dropout(x)` without further arguments: which p, and is it on or off?

# %% tags=["nbval-check-output"]
default = parity.ask("default")
zeros, kept = default["zeros"], default["kept"]
print(f"functional.dropout of 100,000 ones: {zeros:.2f} of them 0, the others {kept:.1f}")

# %% [markdown]
# p is 0.5, and dropout is **on**: the argument `training=True` is the default, and it does not know the mode of any model around it.
# Keep that in mind for the list of mistakes further down.

# %% [markdown]
# ## From functions to a module
#
# Your functions are told `train` at every call, and hand you a cache to carry. `nn.Dropout` is an object: it keeps a mode, which `train()`
# and `eval()` set, and autograd keeps the cache. The step from one to the other is small.
#
# **Build, in the notebook** · ●●○ · 10 minutes · four lines\
# Give the class its two missing methods. `layer(x)` calls `__call__`; it is to use the layer's mode and remember the cache. `backward(dout)`
# uses what was remembered. The cell ends by trying it in both modes.


# %%
class Dropout:
    """dropout_forward and dropout_backward behind the face of nn.Dropout."""

    def __init__(self, p, rng):
        self.p, self.rng, self.training = p, rng, True

    def train(self, mode=True):
        self.training = mode
        return self

    def eval(self):
        return self.train(False)

    ### BEGIN SOLUTION
    def __call__(self, x):
        out, self.cache = dropout_forward(x, self.p, self.rng, self.training)
        return out

    def backward(self, dout):
        return dropout_backward(dout, self.cache)

    ### END SOLUTION


try_modes(Dropout)

# %% [markdown]
# Note what the object costs: it has **one** cache. A second forward pass, on validation images say, overwrites it, and a backward pass for the
# first one then uses the wrong mask ([a real case](https://github.com/chainer/chainer/issues/7813)). Your functions cannot do that: whoever calls holds the cache.

# %% [markdown]
# ## The whole network
#
# Now a network 20-16-12-4 with dropout 0.2 on the input and 0.5 on both hidden layers, as an `nn.Sequential` on their side and as your
# `loss_and_grads` on yours. The weights are copied (PyTorch stores `w` as (out, in), so transposed), and so are the coins of all three layers.
#
# Does rounding pile up on the way back, from `W3` at the start of the backward pass to `W1` at its far end?

# %%
theirs = parity.ask("network")
params, x, y = parity.network_inputs()
coins = AgreedCoins([theirs["mask0"], theirs["mask1"], theirs["mask2"]], dropout_forward)
loss, grads = loss_and_grads(params, x, y, parity.RATES, coins)
print(f"loss: {loss:.6f} here, {theirs['loss']:.6f} there")
for name in grads:
    print(f"{name}: relative error {relative_error(grads[name], theirs[name]):.0e}")

# %% tags=["nbval-check-output"]
coins = AgreedCoins([theirs["mask0"], theirs["mask1"], theirs["mask2"]], dropout_forward)
loss, grads = loss_and_grads(params, x, y, parity.RATES, coins)
agree = [name for name in sorted(grads) if relative_error(grads[name], theirs[name]) < 1e-5]
print("agree to float32 rounding:", *agree)

# %% [markdown]
# Two programs that share no line give the same loss and the same six gradients. In float32 a number carries a rounding of about 6e-8, and sums
# taken in another order round otherwise; around 1e-7 is the same number. There is no trend from `W3` to `W1`: rounding does not pile up over
# three layers.
#
# Is this a better test than the gradient check? A different one. It judges forward as well, which the gradient check cannot (lesson 07), but it needs
# somebody who is known to be right, and it cannot say where a difference comes from.

# %% [markdown]
# ## train(), eval(), and how to miss them
#
# `model.train()` and `model.eval()` set one flag, `training`, on the model and on every module registered inside it. `nn.Dropout` reads that
# flag. Nothing else does the switching: not `torch.no_grad()`, which only stops autograd from recording.
#
# Here are eight ways to run a network that should be in test mode. A network in test mode is a function: twice the same input, twice the
# same output.
#
# 1. `model.eval()`
# 2. nothing at all
# 3. only `with torch.no_grad():`
# 4. `model.eval`, without parentheses
# 5. `F.dropout(x, 0.5)` in `forward`, after `eval()`
# 6. `nn.Dropout(0.5)(x)`, made anew in `forward`, after `eval()`
# 7. `self.hidden = [nn.Dropout(0.5)]`, a plain list, after `eval()`
# 8. `eval()`, and never back to `train()`
#
# **Predict.** How many of the eight give two equal predictions?

# %%
predict("of eight ways, as many are in test mode", ...)

# %% tags=["nbval-check-output"]
for number, (way, equal) in enumerate(parity.ask("modes").items(), start=1):
    print(f"{number}  {way:37} two predictions are {'equal' if equal else 'different'}")

# %%
reveal("of eight ways, as many are in test mode", sum(map(bool, parity.ask("modes").values())))

# %% [markdown]
# ▸ after you have run it
#
# Only the first and the last are in test mode, and the last is a mistake as well:
#
# | | the program | what goes on |
# |---|---|---|
# | 2 | nobody calls `eval()` | dropout stays on; accuracy comes out lower, and different each time |
# | 3 | `with torch.no_grad():` alone | no gradients are recorded, dropout stays on |
# | 4 | `model.eval` | without parentheses the method is only looked at |
# | 5 | `F.dropout(x, 0.5)` in `forward` | on for ever; it takes `training=self.training` |
# | 6 | `nn.Dropout(0.5)(x)` in `forward` | each call makes a new module, and a new module is in training mode |
# | 7 | `self.hidden = [nn.Dropout(0.5)]` | a plain list hides modules from `eval()`; `nn.ModuleList` shows them |
# | 8 | `eval()`, and never `train()` again | the check passes, but from the second epoch on there is no dropout |
#
# Number 8 is why a test of test mode is half a test. [A course's notebook](https://github.com/udacity/deep-learning-v2-pytorch/pull/397) had it.

# %% [markdown]
# Your own network takes `train` as an argument. Which of the seven mistakes can it make?

# %% tags=["nbval-check-output"]
params, x, y = parity.network_inputs()
for train in (True, False):
    twice = [
        mlp_forward(params, x, 0.5, np.random.default_rng(seed), train=train)[0]
        for seed in (1, 2)
    ]
    print(
        f"train={train}: two predictions are {'equal' if np.array_equal(*twice) else 'different'}"
    )

# %% [markdown]
# Only number 2, in the form of a forgotten `train=False`: your default is `train=True`, like that of `functional.dropout`. A mode that is passed
# cannot be left in the wrong position; a mode that is kept saves an argument in every call. Both are fair designs, and each has its own way to fail.

# %% [markdown]
# ## An audit
#
# So far PyTorch was the one who is known to be right. The probes that judged your functions need nobody who is right: they call a layer and look. An
# **audit** finds out how a layer wants to be called, and hands it to the same probes. Here is the class that you completed above.

# %%
audit(Dropout)

# %% [markdown]
# The audit was told nothing. The first argument has a name that may mean dropping or keeping, so it was tried at 0.3 and at 0.8; `train()` and `eval()`
# were tried too, and what switched the zeros off is the mode.
#
# **Predict.** Of these eight, how many drop single entries: `nn.Dropout`, `F.dropout`, `nn.Dropout2d`, `nn.AlphaDropout`, Keras's `Dropout` and
# `GaussianDropout`, `Dropout` of Flax and of Equinox (both JAX)?

# %%
predict("of eight layers, as many drop single entries", ...)

# %%
for name, message in frameworks.verdicts().items():
    print(f"{name}\n  {message}\n")

# %%
reveal("of eight layers, as many drop single entries", len(frameworks.conventions()))

# %% [markdown]
# ▸ after you have run it
#
# Three are called dropout and are another thing.
#
# - `nn.Dropout2d` throws one coin for each channel: lesson 10's `spatial_dropout_*`.
# - `GaussianDropout` has no coins at all: lesson 10's `gaussian_dropout_*`.
# - `nn.AlphaDropout` is made for networks of SELU units, whose outputs should have mean 0 and variance 1. A zero would move both. It puts a negative
#   constant in its place, and moves and scales the rest until mean and variance are back.
#
# They are right as what they are. A test written for dropout would call all three wrong.

# %% [markdown]
# ## The same idea, five conventions
#
# Is the number the probability to drop, or to keep? What is it if nobody says? The audit wrote this table.

# %%
for name, row in frameworks.conventions().items():
    print(name)
    for what, seen in row.items():
        print(f"    {what:14} {seen}")

# %% [markdown]
# All five drop with that probability, though the paper's p keeps. What differs is everything around it.
#
# - **p = 1** gives zeros in all five, as yours does; 32 of 70 published NumPy layers that we read give nan.
# - **Whole numbers** are refused by four. Yours turns them into floats.
# - **The mode** is a flag on the object, an argument, or the other way round: `deterministic=True` and `inference=True` mean *no* dropout.
# - **Coins** come from one global generator, from a generator of the layer's own, or, in JAX, from a key in each call: the same key gives the same mask.
#   Your `rng` is of the third kind: whoever calls decides.
#
# A layer of your own, or one that you found: `dropout-lab audit file.py` in a terminal says the same of it, whatever its arguments are called.

# %% [markdown]
# ## Side by side on the clock
#
# Forward and backward of one layer, 256 samples by 4,096 units, float32, your functions against `nn.Dropout` with autograd.
# **Predict.** How long do yours take, where PyTorch takes 1?

# %% tags=["timed"]
predict("your layer's time, PyTorch's being 1", ...)

# %% tags=["timed"]
x, dout = np.ones((256, 4096), np.float32), np.ones((256, 4096), np.float32)
rng = np.random.default_rng(0)


def yours():
    _, cache = dropout_forward(x, 0.5, rng)
    dropout_backward(dout, cache)


if parity.LIVE:
    times = race({"yours": yours, "PyTorch": parity.layer_runner(x, dout, 0.5)})
    times_as_long = ratios(times, to="PyTorch")
    show(times_as_long=times_as_long)
    reveal("your layer's time, PyTorch's being 1", times_as_long["yours"])
else:
    yours()
    print("PyTorch is not installed here, so there is nothing to race against.")

# %% [markdown]
# ▸ after you have run it
#
# Below 1 your textbook NumPy is the faster one, on this machine, with this version, on the CPU. That is a fact about one function: the
# CPU version of PyTorch's coin thrower works one coin at a time, and spends most of the layer's time there. The matrix products around it are at least
# as fast as NumPy's, and on a GPU the comparison is another.

# %% [markdown]
# ## What is now true
#
# - With the same coins your layer and `nn.Dropout` give the same outputs and gradients, at p = 0 and p = 1 too, and your network's loss and
#   gradients are those of an `nn.Module`.
# - `train()` and `eval()` set one flag on registered modules. What is not registered, or does not read the flag, is not switched.
# - A comparison with a trusted implementation judges values; a gradient check judges backward against forward; an audit needs nobody who is right.
# - In PyTorch, Keras, Flax and Equinox the number is the probability to drop. Defaults, modes and where coins come from differ.
#
# **Questions**
#
# 1. A colleague's validation accuracy changes from run to run although the model is fixed and `torch.no_grad()` is used. What do you look at first?
# 2. Why does `same_mask` need a trick, when both layers could be given the same seed?
# 3. Somebody compares `nn.Dropout` with their own layer at p = 0.5 only, and finds them equal. Which mistakes of lesson 06 could theirs still have?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. Whether `model.eval()` is called, with parentheses, and whether all dropout in `forward` is registered or is given `training=self.training`.
#    `no_grad` switches no dropout off.
# 2. The same seed in two different generators gives different numbers, and even the same numbers can be used differently (`<` or `>=`).
#    Only the coins themselves can be shared.
# 3. Everything that exchanges p and 1-p: keep and drop swapped, division by p, a mask that ignores p. At p = 0.5 these coincide with the right layer.
# ### END SOLUTION
#
# **Next:** [12 · The paper](12_the_paper.ipynb) goes back to the experiment that made dropout known.
