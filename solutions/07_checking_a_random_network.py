# %% [markdown]
# # 07 · Checking a random network
#
# **You will** see why a gradient check seems to fail on dropout, make it work, find out what it cannot see, and write the few rules that see the rest. Then you
# hunt: a layer is wrong, and you find out how with as few tests as you can.\
# **You need** `gradcheck.py`, `dropout.py` (your `dropout_*`) and `layers.py` complete, `network.py` up to lesson 06.\
# **Minutes:** 110, with a break before "A specification". Nothing is written in `dropout_lab/` this time: all blanks are in this notebook.

# %% tags=["setup"]
import numpy as np

from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.gradcheck import gradient_check, numerical_gradient, relative_error
from dropout_lab.lab.figures.gradcheck import plot_power, plot_steps
from dropout_lab.lab.figures.hunt import plot_court, plot_sizes
from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.hunt.court import convicts, right_layers, trial, verdicts, wrong_layers
from dropout_lab.lab.practice.lesson_07 import try_out
from dropout_lab.lab.prediction import predict, recall, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.hunt import play_hunt
from dropout_lab.layers import affine_forward, relu_forward
from dropout_lab.network import init_params, loss_and_grads

# %% [markdown]
# ## Loose masks
#
# In lessons 05 and 06 the seed stood inside the loss. Now leave it out: one generator serves all calls, as in training.

# %%
x = np.random.default_rng(1).uniform(0.5, 1.5, 12)
w = np.random.default_rng(2).uniform(0.5, 1.5, 12)
rng = np.random.default_rng(3)


def loose(x):
    return (w * dropout_forward(x, 0.3, rng)[0]).sum()


def frozen(x):
    return (w * dropout_forward(x, 0.3, np.random.default_rng(4))[0]).sum()


print("the same x twice:", rounded(np.array([loose(x), loose(x)])))

# %% [markdown]
# **Predict.** With weights near 1, the true derivatives are 0 or about 1.4. How large are the numbers that `numerical_gradient` gives for the loose loss at
# $h = 10^{-5}$: about `1`, `100` or `100_000`?

# %%
predict("size of a loose gradient at h = 1e-5", ...)

# %%
for name, loss in {"loose": loose, "frozen": frozen}.items():
    print(f"{name}: {rounded(numerical_gradient(loss, x)[:4])} ...")
size = np.array([numerical_gradient(loose, x) for _ in range(100)]).std()
guesses = (1, 100, 100_000)
reveal("size of a loose gradient at h = 1e-5", min(guesses, key=lambda g: abs(np.log(g / size))))
plot_sizes({"a new mask at each call": loose, "one mask": frozen}, numerical_gradient, x)

# %% [markdown]
# ▸ after you have run it
#
# The same `x` has two losses, so $f(x+h) - f(x-h)$ is the difference of two *masks*, and the nudge has no say in it. Lesson 06 gives its size,
# $\mathrm{Var}[x\,m] = x^2 p/(1-p)$:
#
# $$\mathrm{sd}\left[\frac{f(x+h)-f(x-h)}{2h}\right] \approx \frac1{2h}\sqrt{2\,\frac{p}{1-p}\sum_i w_i^2x_i^2}$$
#
# A step ten times smaller makes it ten times as large. With a wrong backward pass the numeric gradient stays where it is; with a loose mask it
# grows as $1/h$. A quicker sign: call the loss twice with the same `x`.

# %% [markdown]
# To average that noise away would take more evaluations than there is time. Freeze instead: **a generator built again from the same seed, inside the loss**.
# With the mask fixed, dropout is a product with constants, and statement 5 of lesson 00, "a random layer cannot be tested with a gradient check", is settled: each single draw of it can.
#
# ## A check for any layer
#
# From here on, a layer is an object with `forward(x, p, rng, train=True)` and `backward(dout, cache)`. Your own two functions make such a layer as well.
#
# **Build, in the notebook · `gradient_agrees`** · ●●○ · 10 minutes · four lines\
# It says whether a layer's backward pass belongs to its forward pass, at 1e-7. Freeze the mask, in the loss and in the pass that makes the cache. The loss is the weighted sum from above, with `dout` as
# the weights. A layer under suspicion may spoil the arrays it gets, so hand it copies. `trial` tries your function on five right layers, your own among them, and on the wrong layers of a bank.

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
# ▸ a hint
#
# `numerical_gradient` wants a function of `x` alone that gives one number. Write it so that every call builds `np.random.default_rng` anew, with one seed, and call forward once more,
# with that seed, for the cache.

# %% [markdown]
# The bank's layers are each wrong in one thing, most of them met in public code and threads. A way to calm a failing check is to run it at `p = 0`: "dropout cannot be checked, so switch it off".
#
# **Predict.** Of every ten layers that your check convicts at p = 0.3, how many does it still convict at p = 0?

# %%
predict("of ten convicted, still convicted at p = 0", ...)

# %% tags=["nbval-check-output"]
settings = {"p = 0.3": {"p": 0.3}, "p = 0": {"p": 0.0}, "test mode": {"p": 0.3, "train": False}}
counts = {
    name: len(convicts(gradient_agrees, wrong_layers(), **how)) for name, how in settings.items()
}
print(f"convicted of {len(wrong_layers())}: {counts}")
still = round(10 * counts["p = 0"] / max(1, counts["p = 0.3"]))
reveal("of ten convicted, still convicted at p = 0", still)

# %% [markdown]
# ▸ after you have run it
#
# Most go free, in test mode too. Those that do not are wrong even without a mask. A pass at p = 0 says next to nothing about dropout.

# %% [markdown]
# ## Counting kinks
#
# With frozen masks, a network still has bends: its ReLUs. Lesson 02 met one close by, and a smaller step cured it. Dropout makes another sort. A sample that loses *all* units
# of a layer hands zeros to the next; with biases of 0, as `init_params` makes them, those ReLUs sit exactly on the bend.
#
# **Build, in the notebook · `crossed`** · ●○○ · 5 minutes · one line\
# `z_up` and `z_down` are what goes into the ReLUs at $+h$ and at $-h$. A ReLU is on if its input is above 0. How many are on in one of the two and off in the other?


# %%
def crossed(z_up, z_down):
    """How many ReLUs are on for one of the two and off for the other."""
    ### BEGIN SOLUTION
    return int(((z_up > 0) != (z_down > 0)).sum())
    ### END SOLUTION


try_out(crossed)


# %%
def relu_inputs(params, x, p, rng):
    """What goes into every ReLU, as one long array."""
    h, found = x, []
    for i in range(1, len(params) // 2):
        z, _ = affine_forward(h, params[f"W{i}"], params[f"b{i}"])
        found.append(z.ravel())
        h, _ = dropout_forward(relu_forward(z)[0], p, rng)
    return np.concatenate(found)


def kinks_crossed(inputs, params, name, h):
    """Over all entries of one array: how many ReLUs switch between +h and -h."""
    total = 0
    for i in np.ndindex(params[name].shape):
        up, down = params[name].copy(), params[name].copy()
        up[i], down[i] = up[i] + h, down[i] - h
        total += crossed(inputs({**params, name: up}), inputs({**params, name: down})) or 0
    return total


# %% tags=["nbval-check-output"]
data = np.random.default_rng(3)
batch, labels = data.standard_normal((8, 4)), data.integers(0, 3, 8)


def run(params):
    return loss_and_grads(params, batch, labels, 0.5, np.random.default_rng(1))


def inputs(params):
    return relu_inputs(params, batch, 0.5, np.random.default_rng(1))


zero = init_params([4, 5, 6, 3], np.random.default_rng(2))
moved = zero | {f"b{i}": data.normal(0, 0.5, n) for i, n in enumerate((5, 6, 3), start=1)}
for name, params in {"biases 0": zero, "biases not 0": moved}.items():
    errors = gradient_check(lambda params: run(params)[0], params, run(params)[1])
    for h in (1e-5, 1e-7):
        kinks = sum(kinks_crossed(inputs, params, array, h) for array in params)
        print(
            f"{name}, h = {h:.0e}: kinks crossed: {kinks > 0}; all pass: {max(errors.values()) < 1e-7}"
        )

# %% [markdown]
# No step is small enough, because the distance to the bend is 0. Move the biases, and the same network passes.
# So a check of a network with ReLUs should **say how many kinks it crossed**. An error with no kink is a wrong gradient; an error in an array with kinks is a question.
#
# ## One direction instead of every entry
#
# A network for images has ten thousand parameters, and trying every entry calls the loss twice for each. Two ideas make that one call for each array. Nudge all entries at once, along
# a random direction $v$: the loss must move by $\sum_k grad_k\,v_k$, and any wrong entry spoils the sum. And nudge by $ih$, with $i^2 = -1$:
#
# $$f(x + ih) = f(x) + ih\,f'(x) - \tfrac12 h^2 f''(x) - \dots \qquad\text{so}\qquad f'(x) \approx \frac{\operatorname{Im} f(x+ih)}{h}$$
#
# Value and slope travel in two separate numbers, nothing is subtracted, and $h$ may be as small as one likes.

# %%
points = np.random.default_rng(1).uniform(0.3, 1.5, 40)
ways = {
    "both sides": lambda x, h: (np.tanh(x + h) - np.tanh(x - h)) / (2 * h),
    "complex": lambda x, h: np.tanh(x + 1j * h).imag / h,
}
title = "Without a subtraction the valley has no left side"
plot_steps(ways, points, 1 - np.tanh(points) ** 2, title)


# %%
def direction_check(loss, params, grads, rng):
    """Each gradient's error along one Gaussian direction, against the gradient's size."""
    errors = {}
    for name, array in params.items():
        v = rng.normal(size=array.shape)
        moved = loss({**params, name: array + 1e-200j * v}).imag / 1e-200
        errors[name] = abs(moved - (grads[name] * v).sum()) / np.linalg.norm(grads[name])
    return errors


big, rng = {"w": np.random.default_rng(5).normal(size=(64, 128))}, np.random.default_rng(6)
right = {"w": 1 - np.tanh(big["w"]) ** 2}
spoilt = {"w": right["w"].copy()}
spoilt["w"][10, 20] *= 1.01
clouds = {
    name: [
        direction_check(lambda p: np.tanh(p["w"]).sum(), big, grads, rng)["w"] for _ in range(40)
    ]
    for name, grads in {"right": right, "one entry of 8,192 is 1% off": spoilt}.items()
}
plot_power(clouds, 1e-10)

# %% [markdown]
# One call tells one wrong entry among thousands. It says *that* something is wrong, not where: then try every entry. The price is that every operation in the loss has to accept complex numbers,
# and, as with any gradient check, that a wrong forward pass goes unseen.
#
# ## What the check cannot see
#
# Back to single layers, where nothing bends.
#
# **Predict.** Of every ten wrong layers, how many *pass* your gradient check at p = 0.3?

# %%
predict("of ten wrong layers, as many pass the gradient check", ...)

# %% tags=["nbval-check-output"]
known, caught = wrong_layers(), convicts(gradient_agrees, wrong_layers())
print(f"{len(known) - len(caught)} of {len(known)} wrong layers pass")
passing = round(10 * (1 - len(caught) / len(known)))
reveal("of ten wrong layers, as many pass the gradient check", passing)

# %%
plot_court([gradient_agrees], wrong_layers())

# %% [markdown]
# ▸ after you have run it
#
# Most of them. What it convicts is a backward pass that does not belong to its forward pass, and three strays: a layer that cannot be frozen, one that
# computes in float32, one that raises. A layer that drops the wrong share, with the wrong scale, the same mask for all, dropout at test time: each is a
# function, with a right derivative. Statement 6 of lesson 00 is settled.

# %% [markdown]
# Even a gradient check knows only the inputs it was given. Here it is again on inputs of which about half are 0, as after a ReLU:

# %%
AFTER_RELU = np.maximum(np.random.default_rng(8).standard_normal((4, 6)), 0)


def gradient_with_zeros(layer, p):
    """The same check on inputs of which about half are 0, as after a ReLU."""
    return gradient_agrees(layer, p, AFTER_RELU)


for layer in convicts(gradient_with_zeros, known):
    if layer not in caught:
        print(f"only now convicted: {layer.id}, {layer.title}")

# %% [markdown]
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
# too loose a one acquits fair coins. At six standard deviations a right layer is convicted in two of a thousand million trials.
#
# **Build, in the notebook · `zero_share` and `kept_scale`** · ●●○ · 10 minutes · two lines each\
# `zero_share`: is the share of zeros within six standard deviations of p? Compute the bound from `p` and `out.size`.
# `kept_scale`: is every output that is not 0 its input times $1/(1-p)$? Here no chance is involved: `np.allclose`.


# %%
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
# Why not compare the zeros with those of your own layer at the same seed? Because right layers differ in their coins: of whole numbers, waiting times, choices, binomials.

# %%
outs = [
    layer.forward(PROBE.copy(), 0.3, np.random.default_rng(14))[0] for layer in right_layers()
]
*others, yours = [out == 0 for out in outs]
same = [np.array_equal(other, yours) for other in others]
print("right layers with the same zeros as yours:", sum(same), "of", len(same))

# %% [markdown]
# To compare masks bit by bit is to test the sampler. A rule has to be about what dropout *is*. Next, how the coins hang together.
#
# **Build, in the notebook · `rows_differ` and `fresh_mask`** · ●●○ · 10 minutes · one line, and three\
# `rows_differ`: no two neighbouring rows have the same pattern of zeros. `zero[1:]` beside `zero[:-1]` puts each row against the next.
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

# %% [markdown]
# The check of backward and the rules for forward do different work: squares and dots seldom share a column. Of those that are still free, some fail only in another dtype or at the edges p = 0 and p = 1, where
# `check("dropout_forward")` looks. Two rules more find the others. Read them: what does each ask?


# %%
def no_quota(layer, p):
    """Counts of zeros vary, from row to row and from call to call, as those of independent coins do."""
    rngs = [np.random.default_rng(seed) for seed in range(17, 23)]
    zeros = [layer.forward(PROBE.copy(), p, rng)[0] == 0 for rng in rngs]
    rows, totals = zeros[0].sum(axis=1), [zero.sum() for zero in zeros]
    return len(set(rows)) > 1 and len(set(totals)) > 1


def own_cache(layer, p):
    """Backward follows from the cache, not from what forward did last."""
    ones = np.ones(PROBE.shape)
    _, cache = layer.forward(PROBE.copy(), p, np.random.default_rng(23))
    before = layer.backward(ones.copy(), cache)
    _, test_cache = layer.forward(PROBE.copy(), p, np.random.default_rng(24), train=False)
    after, test = layer.backward(ones.copy(), cache), layer.backward(ones.copy(), test_cache)
    return np.array_equal(before, after) and np.array_equal(test, ones)


trial(no_quota)
trial(own_cache)

# %% [markdown]
# ## Never only p = 0.5
#
# All this was at p = 0.3. Many tests use 0.5.
#
# **Predict.** How many of the wrong layers that your rules convict go free if every rule is run at 0.5 instead?

# %%
predict("free at p = 0.5", ...)

# %% tags=["nbval-check-output"]
RULES = [gradient_agrees, gradient_with_zeros, *SIX, no_quota, own_cache]


def guilty(rules, p):
    return {i for caught in verdicts(rules, wrong_layers(), p).values() for i in caught or ()}


at_03, at_05 = guilty(RULES, 0.3), guilty(RULES, 0.5)
for layer in wrong_layers():
    if layer.id in at_03 - at_05:
        print(f"free at 0.5: {layer.id}, {layer.title}")
reveal("free at p = 0.5", len(at_03 - at_05))

# %% [markdown]
# ▸ after you have run it
#
# No rule can be sharpened to see these: at $p = 1-p$ they *are* right. The rate has to tell p from 1-p, so any other will do.

# %% [markdown]
# ## The hunt
#
# Your rules tell wrong from right. Can they tell *what* is wrong? Here are six of them on ten of the wrong layers. Some columns look alike, so the verdict of a rule is not always enough; the number that it was made from helps.

# %%
tests = [rule for rule in RULES if rule.__name__ in casebook.TESTS]
plot_court(tests, casebook.cases())

# %% [markdown]
# Now one of these layers stands before you, or a right one. The gradient check has been run. Each button asks one more of your rules; in the end, choose what is wrong and press *name it*.
# Suspects 0 to 11 are all ten and two right layers, in an order that you do not know. A right verdict is worth a point, and one more for each test that you did not need; a guess is worth nothing.

# %%
play_hunt(RULES)

# %% [markdown]
# A mistake can be named after one test, or two, if you choose them well. To acquit takes all five: a rule that is content says nothing about what it does not look at.

# %%
recall()

# %% [markdown]
# ## What is now true
#
# - With loose masks a numeric gradient is noise of the size 1/h. With the mask frozen inside the loss, dropout is checked like any layer.
# - Without dropout, at p = 0 or in test mode, a passing check says nothing about it. With ReLUs, count the kinks.
# - A gradient check compares backward with *its* forward, and most wrong layers pass it. A specification of short rules convicts what the check cannot see.
# - A rule is tried on right layers as well as on wrong ones, and at a rate other than 0.5.
#
# **Three questions.**
#
# 1. Your network's check shows an error of 0.3 in every array. At h = 1e-6 instead of 1e-5 it is still 0.3, and two calls of the loss agree. Loose mask, kink, or wrong gradient?
# 2. Somebody tests a layer with `abs(zero_share - p) < 0.01` on 1,000 entries at p = 0.3. How often does a right layer fail?
# 3. All your rules pass on a layer. What do you know now, and what not?
# ▸ the answers
#
# 1. A wrong gradient, probably. A loose mask would give two losses, and its numeric gradient would be ten times larger at a tenth of the step, so the error would sit near 1. Kinks rarely touch *every* array; the counter says for sure.
# 2. The standard deviation is $\sqrt{0.21/1000} = 0.0145$, so the bound is two thirds of it. A right layer fails about half of the time.
# 3. That it has none of the mistakes that these rules see, on these inputs, at this rate. Those in a dtype, with whole numbers, at p = 0 and p = 1 pass all ten. A rule can only see what somebody thought of.

# %% [markdown]
# **Next:** the layer is right. [Lesson 08, does it help?](08_does_it_help.ipynb), asks whether it is worth having.
