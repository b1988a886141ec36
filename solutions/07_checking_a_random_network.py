# %% [markdown]
# # 07 · Checking a random network
#
# **You will** see why a gradient check seems to fail on dropout, make it work, find out what it cannot see, and write the few rules that see the rest. Then you
# hunt: a layer is wrong, and you find out how with as few tests as you can.\
# **You need** `gradcheck.py`, `dropout.py` (your `dropout_*`) and `layers.py` complete, `network.py` up to lesson 06.\
# **Minutes:** 75. Nothing is written in `dropout_lab/` this time: all blanks are in this notebook.

# %% tags=["setup"]
import numpy as np

from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.gradcheck import gradient_check, numerical_gradient, relative_error
from dropout_lab.lab.figures.hunt import plot_court, plot_sizes
from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.hunt.court import (
    OURS,
    convicts,
    kinks_crossed,
    right_layers,
    trial,
    verdicts,
    written,
    wrong_layers,
)
from dropout_lab.lab.hunt.suspects import draw, score
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.hunt import play_hunt
from dropout_lab.layers import affine_forward, relu_forward
from dropout_lab.network import init_params, loss_and_grads

# %% [markdown]
# ## Loose masks
#
# In lessons 05 and 06 the seed stood inside the loss. Now leave it out: one generator serves all calls, as in training.
#
# **Predict.** The loss is $\sum_i w_i\,out_i$ with weights near 1, so the true derivatives are 0 or about 1.4. What does `numerical_gradient` say at
# $h = 10^{-5}$: about 1, about 100, or about 100,000?

# %% tags=["nbval-check-output"]
my_prediction = ...
x = np.random.default_rng(1).uniform(0.5, 1.5, 12)
w = np.random.default_rng(2).uniform(0.5, 1.5, 12)
rng = np.random.default_rng(3)


def loose(x):
    return (w * dropout_forward(x, 0.3, rng)[0]).sum()


def frozen(x):
    return (w * dropout_forward(x, 0.3, np.random.default_rng(4))[0]).sum()


show(the_same_x_twice=[loose(x), loose(x)])
for name, loss in {"loose": loose, "frozen": frozen}.items():
    print(f"{name}: {rounded(numerical_gradient(loss, x)[:4])} ...")

# %% [markdown]
# Hundreds of thousands, with signs at random. The same `x` has two losses, so $f(x+h) - f(x-h)$ is the difference of two *masks*, and the nudge has no say in it.
#
# Lesson 06 gives its size: $\mathrm{Var}[x\,m] = x^2 p/(1-p)$. The loss is a sum of independent terms, and the difference of two losses has twice the variance:
#
# $$\mathrm{sd}\left[\frac{f(x+h)-f(x-h)}{2h}\right] \approx \frac1{2h}\sqrt{2\,\frac{p}{1-p}\sum_i w_i^2x_i^2}$$
#
# **Predict.** Divide h by 10. What happens to the number?

# %% tags=["nbval-check-output"]
my_prediction = ...
noise = np.sqrt(2 * 0.3 / 0.7 * (w**2 * x**2).sum())
for h in (1e-4, 1e-5):
    slopes = np.array([numerical_gradient(loose, x, h) for _ in range(100)])
    print(f"h = {h:.0e}: measured sd {slopes.std():.0e}, formula {noise / (2 * h):.0e}")

# %%
plot_sizes({"a new mask at each call": loose, "one mask": frozen}, numerical_gradient, x)

# %% [markdown]
# Ten times smaller, ten times as large, down to $h = 10^{-8}$. With a wrong backward pass the numeric gradient stays where it is; with a loose mask it
# grows as $1/h$. A quicker sign: call the loss twice with the same `x`.
#
# To average the noise from 100,000 down to 0.01 takes $(10^7)^2 = 10^{14}$ evaluations. Freeze instead: **a generator built again from the same seed,
# inside the loss**. With the mask fixed, dropout is a product with constants.
#
# So statement 5 of lesson 00, "a random layer cannot be tested with a gradient check", is wrong: each single draw of it can.
#
# ## A check for any layer
#
# From here on, a layer is an object with `forward(x, p, rng, train=True)` and `backward(dout, cache)`. Your own two functions make such a layer as well.
#
# **Build, in the notebook** · ●●○ · 10 minutes · four lines\
# `gradient_agrees` says whether a layer's backward pass belongs to its forward pass. Freeze the mask, in the loss and in the pass that makes the cache.\
# The loss is the weighted sum from above, with `dout` as the weights. A layer under suspicion may spoil the arrays it gets, so hand it copies: `x.copy()`, `dout.copy()`.\
# `trial` tries your function on five right layers, your own among them, and on the wrong layers of a bank. The answer has to be `True` or `False`, at 1e-7.

# %%
PLAIN = np.random.default_rng(5).uniform(0.5, 1.5, (3, 4))


def gradient_agrees(layer, p, x=PLAIN, train=True):
    """Whether backward is the derivative of forward, at one frozen mask."""
    dout = np.random.default_rng(6).uniform(0.5, 1.5, x.shape)
    ### BEGIN SOLUTION

    def run(x):
        return layer.forward(x.copy(), p, np.random.default_rng(7), train)

    numeric = numerical_gradient(lambda x: (run(x)[0] * dout).sum(), x)
    dx = layer.backward(dout.copy(), run(x)[1])
    return relative_error(dx, numeric) < 1e-7
    ### END SOLUTION


trial(gradient_agrees)

# %% [markdown]
# The bank holds 46 wrong dropout layers, each wrong in one thing, most of them met in public code and threads. The checks of this course know mistakes from the same bank.
#
# Two ways to calm a failing check: run it at `p = 0` ("dropout cannot be checked, so switch it off"), or in test mode.
#
# **Predict.** Of the layers that your check convicts at p = 0.3, how many does it still convict then?

# %% tags=["nbval-check-output"]
my_prediction = {"p = 0": ..., "test mode": ...}
settings = {"p = 0.3": {"p": 0.3}, "p = 0": {"p": 0.0}, "test mode": {"p": 0.3, "train": False}}
wrong = [layer for layer in wrong_layers() if layer.id != "C54"]
for name, setting in settings.items():
    convicted = convicts(gradient_agrees, wrong, **setting)
    print(f"{name}: {len(convicted)} of {len(wrong)} convicted")

# %% [markdown]
# Without a mask there is next to nothing to get wrong, so a pass says nothing about dropout. (C54 is left out of this count: what it does depends on the pass
# before. You will meet it below.)
#
# ## Counting kinks
#
# With frozen masks, a network still has bends: its ReLUs. Lesson 02 met one close by, and a smaller step cured it. Dropout makes another sort. A sample that loses *all* units
# of a layer hands zeros to the next; with biases of 0, as `init_params` makes them, those ReLUs sit exactly on the bend.
#
# **Build, in the notebook** · ●○○ · 5 minutes · one line\
# `z_up` and `z_down` are what goes into the ReLUs at $+h$ and at $-h$. A ReLU is on if its input is above 0. It was crossed if it is on in one of the two and off in the other.


# %%
def crossed(z_up, z_down):
    """How many ReLUs are on for one of the two and off for the other."""
    ### BEGIN SOLUTION
    return int(((z_up > 0) != (z_down > 0)).sum())
    ### END SOLUTION


up, down = np.array([-1, 2e-6, 0, 4e-6]), np.array([-1, -8e-6, -5e-6, 0])
print("yours:", crossed(up, down), "· should be: 2")

# %% [markdown]
# `relu_inputs` reports what goes into a network's ReLUs. `kinks_crossed` nudges every entry of every array up and down and counts as you did.
#
# **Predict.** Sizes [4, 5, 6, 3], eight samples, p = 0.5, biases 0. Which of the six arrays can move a `z` that is exactly 0? And does a smaller h help?


# %%
def relu_inputs(params, x, p, rng):
    """What goes into every ReLU, as one long array."""
    h, found = x, []
    for i in range(1, len(params) // 2):
        z, _ = affine_forward(h, params[f"W{i}"], params[f"b{i}"])
        found.append(z.ravel())
        h, _ = dropout_forward(relu_forward(z)[0], p, rng)
    return np.concatenate(found)


data = np.random.default_rng(3)
batch, labels = data.standard_normal((8, 4)), data.integers(0, 3, 8)
shifts = {f"b{i}": data.normal(0, 0.5, width) for i, width in enumerate((5, 6, 3), start=1)}

# %% tags=["nbval-check-output"]
my_arrays, smaller_h_helps = [...], ...


def run(params):
    return loss_and_grads(params, batch, labels, 0.5, np.random.default_rng(1))


def inputs(params):
    return relu_inputs(params, batch, 0.5, np.random.default_rng(1))


zero = init_params([4, 5, 6, 3], np.random.default_rng(2))
for name, params in {"biases 0": zero, "biases not 0": zero | shifts}.items():
    errors = gradient_check(lambda params: run(params)[0], params, run(params)[1])
    failed = {array: rounded(error, 2) for array, error in errors.items() if error > 1e-7}
    for h in (1e-5, 1e-7):
        kinks = {array: n for array, n in kinks_crossed(inputs, params, h).items() if n}
        print(f"{name}, h = {h:.0e}: kinks crossed {kinks or 'none'}")
    print(f"{name}: above 1e-7 {failed or 'none'}")

# %% [markdown]
# One array fails, `b2`, by a fifth, and 12 kinks explain it: two samples have lost the first layer whole, and each holds six ReLUs of the second at 0 exactly. The weights in `W2` meet only zeros
# there and move nothing. No step is small enough, because the distance to the bend is 0. Move the biases and the same masks pass.
#
# So a check of a network with ReLUs should **say how many kinks it crossed**. An error with no kink is a wrong gradient; an error in an array with kinks is a question.
#
# ## What the check cannot see
#
# Back to single layers, where nothing bends. **Predict.** Of the 46 wrong layers, how many pass your gradient check? Which *kinds* of mistake will they be?

# %%
my_prediction = ...
plot_court([gradient_agrees], wrong_layers())

# %% tags=["nbval-check-output"]
known, caught = wrong_layers(), convicts(gradient_agrees, wrong_layers())
print(f"{len(known) - len(caught)} of {len(known)} wrong layers pass the gradient check")
for layer in known:
    if layer not in caught and layer.kind in ("forward structure", "backward"):
        print(f"passes: {layer.id}, {layer.title}")

# %% [markdown]
# 33 pass: three of four. What it convicts is a backward pass that does not belong to its forward pass, and three strays: a layer that cannot be frozen (C44), one that
# computes in float32 (C47), one that raises (C52). A layer that drops the wrong share, with the wrong scale, the same mask for all, dropout at test time: each is a
# function, with a right derivative. Statement 6 of lesson 00 is settled.
#
# One in the list is about backward. C26 takes an entry for dropped if the *output* is 0. **Predict.** On which inputs would the check see that?

# %%
my_inputs = "..."
AFTER_RELU = np.maximum(np.random.default_rng(8).standard_normal((4, 6)), 0)


def gradient_with_zeros(layer, p):
    """The same check on inputs of which about half are 0, as after a ReLU."""
    return gradient_agrees(layer, p, AFTER_RELU)


trial(gradient_with_zeros)

# %% [markdown]
# On inputs that are 0 without being dropped. C16 is new too: it drops the smallest entries, so its mask moves with `x`, and among equal zeros a nudge decides. Even a gradient check
# knows only the inputs it was given.
#
# ## A specification
#
# To judge a forward pass, say what it should do, in rules that a computer can try. Here are two. Each takes a layer and answers `True` (as it should be) or `False`.
# `PROBE` has 60 samples and 100 units, none equal, none near 0.

# %%
PROBE = np.random.default_rng(9).uniform(0.5, 1.5, (60, 100))


def test_is_identity(layer, p):
    """At test time the output is the input."""
    out, _ = layer.forward(PROBE.copy(), p, np.random.default_rng(10), train=False)
    return np.array_equal(out, PROBE)


def inputs_untouched(layer, p):
    """Neither x nor dout is changed in place."""
    x, dout = PROBE.copy(), PROBE.copy()
    _, cache = layer.forward(x, p, np.random.default_rng(11))
    layer.backward(dout, cache)
    return np.array_equal(x, PROBE) and np.array_equal(dout, PROBE)


trial(test_is_identity)
trial(inputs_untouched)

# %% [markdown]
# Now the values. The share of zeros is about p: with n coins its standard deviation is $\sqrt{p(1-p)/n}$. Too strict a rule convicts right layers now and then,
# too loose a one acquits fair coins. At six standard deviations a right layer is convicted in 2 of $10^9$ trials.
#
# **Predict.** n = 6000, p = 0.3: which shares of zeros will be acquitted? C10 drops 0.24, C15 drops 0.40. Will they be convicted?
#
# **Build, in the notebook** · ●●○ · 10 minutes · two lines each\
# `zero_share`: is the share of zeros within six standard deviations of p? Compute the bound from `p` and `out.size`.\
# `kept_scale`: is every output that is not 0 its input times $1/(1-p)$? Here no chance is involved: `np.allclose`.

# %%
my_range = (..., ...)


def zero_share(layer, p):
    """About a share p of the outputs is 0."""
    out, _ = layer.forward(PROBE.copy(), p, np.random.default_rng(12))
    ### BEGIN SOLUTION
    bound = 6 * np.sqrt(p * (1 - p) / out.size)
    return abs((out == 0).mean() - p) < bound
    ### END SOLUTION


def kept_scale(layer, p):
    """What is kept is divided by 1 - p."""
    out, _ = layer.forward(PROBE.copy(), p, np.random.default_rng(13))
    ### BEGIN SOLUTION
    on = out != 0
    return np.allclose(out[on], PROBE[on] / (1 - p), rtol=1e-9)
    ### END SOLUTION


trial(zero_share)
trial(kept_scale)

# %% [markdown]
# The bound is 0.035, so 0.265 to 0.335 is acquitted, and C10 and C15 lie outside. "Ours" are the lesson's own rules, in `dropout_lab/lab/hunting.py`, with other coins: a layer that depends on
# luck may be caught by one and not by the other. C04 is the paper's version: not wrong, but not inverted dropout, and it is inverted dropout that is specified here.
#
# Why not compare the zeros with those of your own layer at the same seed? **Predict.** How many of the four other right layers give the same zeros as yours?

# %%
my_prediction = ...
outs = [
    layer.forward(PROBE.copy(), 0.3, np.random.default_rng(14))[0] for layer in right_layers()
]
*others, yours = [out == 0 for out in outs]
same = [np.array_equal(other, yours) for other in others]
print("the same zeros as yours:", sum(same), "of", len(same))

# %% [markdown]
# Not all of them. The four use whole numbers, waiting times, choices and binomials; all are right. To compare masks bit by bit is to test the sampler.
# A rule has to be about what dropout *is*.
#
# Next, how the coins hang together.
#
# **Build, in the notebook** · ●●○ · 10 minutes · one line, and three\
# `rows_differ`: no two neighbouring rows have the same pattern of zeros. `zero[1:]` beside `zero[:-1]` puts each row against the next.\
# `fresh_mask`: a second call with the *same generator* gives another pattern, and a generator from the *same seed* gives the first one again. Without the second there is no freezing.


# %%
def rows_differ(layer, p):
    """No two neighbouring samples share a mask."""
    zero = layer.forward(PROBE.copy(), p, np.random.default_rng(15))[0] == 0
    ### BEGIN SOLUTION
    return (zero[1:] != zero[:-1]).any(axis=1).all()
    ### END SOLUTION


def fresh_mask(layer, p):
    """Another mask at each call, the same one from the same seed."""
    rng = np.random.default_rng(16)
    first = layer.forward(PROBE.copy(), p, rng)[0] == 0
    ### BEGIN SOLUTION
    second = layer.forward(PROBE.copy(), p, rng)[0] == 0
    again = layer.forward(PROBE.copy(), p, np.random.default_rng(16))[0] == 0
    return not np.array_equal(first, second) and np.array_equal(first, again)
    ### END SOLUTION


trial(rows_differ)
trial(fresh_mask)

# %%
SIX = [test_is_identity, inputs_untouched, zero_share, kept_scale, rows_differ, fresh_mask]
plot_court([gradient_agrees, gradient_with_zeros, *SIX], wrong_layers())
for name in ("C33", "C34", "C53", "C54"):
    print(next(f"{layer.id}: {layer.title}" for layer in wrong_layers() if layer.id == name))

# %% [markdown]
# Squares and dots seldom share a column: the check of backward and the rules for forward do different work. With all your rules in place eight layers are still free. Four of them
# fail only in another dtype or at the edges p = 0 and p = 1; `check("dropout_forward")` looks there, this lesson does not. The other four are printed above, and need two more rules.
#
# **Build, in the notebook** · ●●● · 15 minutes · two lines each\
# `no_quota`: does the number of zeros vary from row to row of the first call, and does the total vary over the six calls? One repeated total may be chance, six equal ones are not.\
# `own_cache`: backward was asked once, then a test-time pass came. Ask again, with the old cache and with the new one. What should each give?


# %%
def no_quota(layer, p):
    """Counts of zeros vary, as those of independent coins do."""
    rngs = [np.random.default_rng(seed) for seed in range(17, 23)]
    zeros = [layer.forward(PROBE.copy(), p, rng)[0] == 0 for rng in rngs]
    ### BEGIN SOLUTION
    rows, totals = zeros[0].sum(axis=1), [zero.sum() for zero in zeros]
    return len(set(rows)) > 1 and len(set(totals)) > 1
    ### END SOLUTION


def own_cache(layer, p):
    """Backward follows from the cache, not from what forward did last."""
    ones = np.ones(PROBE.shape)
    _, cache = layer.forward(PROBE.copy(), p, np.random.default_rng(23))
    before = layer.backward(ones.copy(), cache)
    _, test_cache = layer.forward(PROBE.copy(), p, np.random.default_rng(24), train=False)
    ### BEGIN SOLUTION
    after, test = layer.backward(ones.copy(), cache), layer.backward(ones.copy(), test_cache)
    return np.array_equal(before, after) and np.array_equal(test, ones)
    ### END SOLUTION


trial(no_quota)
trial(own_cache)

# %% [markdown]
# ## Never only p = 0.5
#
# All this was at p = 0.3. Many tests use 0.5. **Predict.** Which of the mistakes go free if every one of your rules is run at 0.5 instead?

# %% tags=["nbval-check-output"]
my_prediction = [...]
RULES = [gradient_agrees, gradient_with_zeros, *SIX, no_quota, own_cache]


def guilty(rules, p):
    return {i for caught in verdicts(rules, wrong_layers(), p).values() for i in caught or ()}


at_03, at_05 = guilty(RULES, 0.3), guilty(RULES, 0.5)
print(f"p = 0.3: {len(at_03)} of {len(wrong_layers())} convicted. p = 0.5: {len(at_05)}")
for layer in wrong_layers():
    if layer.id in at_03 - at_05:
        print(f"free at 0.5: {layer.id}, {layer.title}")

# %% [markdown]
# Four, and no rule can be sharpened to see them: at $p = 1-p$ these layers *are* right. The rate has to tell p from 1-p, so any other will do.
#
# ## The hunt
#
# Your rules tell wrong from right. Can they tell *what* is wrong? Here are six of them on ten of the wrong layers.

# %%
tests = [rule for rule in RULES if rule.__name__ in casebook.TESTS]
plot_court(tests, casebook.cases())

# %% [markdown]
# Some columns look alike, so the verdict of a rule is not always enough; the number that it was made from helps.
#
# Now one of these layers stands before you, or a right one. The gradient check has been run. Each button asks one more of your rules; in the end, choose what is wrong and press *name it*.
# Suspects 0 to 11 are all ten and two right layers, in an order that you do not know.
#
# **Predict.** How many tests does it take to name a mistake? And how many to be sure that a layer is right?

# %%
my_tests, my_tests_if_right = ..., ...
play_hunt(RULES)

# %% [markdown]
# A mistake can be named after one test, or two, if you choose them well. To acquit takes all five: a rule that is content says nothing about what it does not look at.
#
# One suspect is an anecdote. Ten hunts, each with eight wrong layers, drawn from all kinds but the edges, and two right ones; three sets of tools: the gradient check alone, your rules, the lesson's own. A layer is convicted if one rule convicts it.


# %% tags=["nbval-check-output"]
def ten_hunts(rules):
    """(wrong layers convicted, right layers convicted) over ten hunts."""
    rules, hits, wronged = [rule for rule in rules if written(rule)], 0, 0
    for seed in range(10):
        suspects = draw(seed)
        convicted = {layer for rule in rules for layer in convicts(rule, suspects)}
        result = score(suspects, convicted)
        hits, wronged = hits + len(result.hits), wronged + len(result.wronged)
    return hits, wronged


tools = {"gradient check": [gradient_agrees], "your rules": RULES, "ours": OURS}
for name, rules in tools.items():
    hits, wronged = ten_hunts(rules)
    print(f"{name}: {hits} of 80 wrong layers convicted, {wronged} of 20 right ones")

# %% [markdown]
# If your rules miss one that ours convict, run `trial` on them again. A false conviction is the worse error of the two: somebody's right code was rejected.
#
# ## What is now true
#
# - With loose masks a numeric gradient is noise of the size 1/h. With the mask frozen inside the loss, dropout is checked like any layer.
# - Without dropout, at p = 0 or in test mode, a passing check says nothing about it. With ReLUs, count the kinks.
# - A gradient check compares backward with *its* forward. 33 of 46 wrong layers pass. A specification of ten short rules, with thresholds computed from n and p, convicts what the check cannot see.
# - A rule is tried on right layers as well as on wrong ones, and at a rate other than 0.5.
#
# **Three questions.**
#
# 1. Your network's check shows an error of 0.3 in every array. At h = 1e-6 instead of 1e-5 it is still 0.3, and two calls of the loss agree. Loose mask, kink, or wrong gradient?
# 2. Somebody tests a layer with `abs(zero_share - p) < 0.01` on 1,000 entries at p = 0.3. How often does a right layer fail?
# 3. All your rules pass on a layer. What do you know now, and what not?
#
# ### BEGIN SOLUTION
# **Answers.**
#
# 1. A wrong gradient, probably. A loose mask would give two losses, and its numeric gradient would be ten times larger at a tenth of the step, so the error would sit near 1. Kinks rarely touch *every* array; the counter says for sure.
# 2. The standard deviation is $\sqrt{0.21/1000} = 0.0145$, so 0.01 is 0.7 of it. A right layer fails about half of the time.
# 3. That it has none of the mistakes that these rules see, on these inputs, at this rate. C48 to C51 pass all ten: a dtype, whole numbers, p = 0 and p = 1. A rule can only see what somebody thought of.
# ### END SOLUTION
#
# **Next:** the layer is right. [Lesson 08, does it help?](08_does_it_help.ipynb), asks whether it is worth having.
