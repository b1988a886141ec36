# %% [markdown]
# # 02 · Gradient checking
#
# **You will** build the tool that says whether a gradient is right, find out how far to trust it, and convict a few wrong ones with it.\
# **You need** your `affine_forward` and `affine_backward` from lesson 01.\
# **Minutes:** 60.

# %% tags=["setup"]
import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.gradcheck import gradient_check, numerical_gradient, relative_error
from dropout_lab.lab.figures.gradcheck import plot_errors, plot_kink, plot_power, plot_steps
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.lab.widgets.gradcheck import explore_steps
from dropout_lab.layers import affine_backward, affine_forward

# %% [markdown]
# ## How small is a small nudge?
#
# In lesson 01 you asked a function for its slope: nudge the input by $h$, divide the movement by $h$. The definition of a derivative
# lets $h$ go to 0. A computer has about 16 digits, so it cannot go all the way.
#
# The slope of $\tanh$ at 0.7 is known: $1 - \tanh(0.7)^2$.
#
# **Predict.** Which step comes nearest to it: `1e-1`, `1e-4`, `1e-8`, `1e-12` or `1e-16`?

# %%
predict("best step", ...)

# %% [markdown]
# Look for it yourself, with the slider: each step that you try leaves a mark.

# %%
for h in (1e-1, 1e-2, 1e-3):
    slope = (np.tanh(0.7 + h) - np.tanh(0.7)) / h
    print(
        f"h = {h:.0e}   slope = {slope:.12f}   error = {abs(slope - (1 - np.tanh(0.7) ** 2)):.0e}"
    )
explore_steps()

# %% [markdown]
# The left picture shows the line whose slope was found, the right one the error of every step so far. Ten times smaller, ten times better: up to a point.
# Once you have that point, run the next cell. It does the same for 65 steps and 40 points at once.

# %%
x = np.random.default_rng(1).uniform(0.3, 1.5, 40)
slopes = 1 - np.tanh(x) ** 2


def one_sided(x, h):
    return (np.tanh(x + h) - np.tanh(x)) / h


tried = (1e-1, 1e-4, 1e-8, 1e-12, 1e-16)
reveal("best step", min(tried, key=lambda h: np.abs(one_sided(x, h) - slopes).mean()))
title = "Too large a step bends, too small a step rounds"
plot_steps({"one-sided": one_sided}, x, slopes, title)

# %% [markdown]
# ▸ after you have run it
#
# A valley, with its floor near $h = 10^{-8}$. To the right of it the curve bends away from its tangent: ten times the step, ten times the error.
# To the left, $f(x+h)$ and $f(x)$ agree in most of their digits; the subtraction cancels those, and what is left is rounding.
# Dividing by a small $h$ makes it large: a tenth of the step, ten times the error.

# %% [markdown]
# ## To both sides
#
# Nudge up *and* down, and divide by the distance between the two: $\dfrac{f(x+h) - f(x-h)}{2h}$.
# The bend to the right and the bend to the left then cancel, and an error of the order $h^2$ stays.
#
# **Build 2.1 · `numerical_gradient`** · ●●○ · 10 minutes · six lines\
# In `dropout_lab/gradcheck.py`. Here `x` is an array of any shape, and `f` makes one number of it. Each entry gets its turn: move it alone, up and down.
# Leave `x` as it was. `np.ndindex(x.shape)` walks through all indices. Stuck? `hint("numerical_gradient")`.

# %%
check("numerical_gradient")


# %%
def both_sides(x, h):
    return numerical_gradient(lambda v: np.tanh(v).sum(), x, h)


title = "A nudge to both sides is better by two digits, at a larger step"
plot_steps({"one-sided": one_sided, "both sides": both_sides}, x, slopes, title)

# %% [markdown]
# The floor moved right, to about $10^{-5}$, and down. On its right side, ten times the step now costs a hundred times the error.
# This is why `h=1e-5` stands in the first line of your function: not the smallest step, but the best one.
#
# ## When are two gradients the same?
#
# Two arrays of floats are never quite equal. Some codes call them equal if no entry differs by more than $10^{-5}$.
#
# Take a gradient with the entries 1e-6, −2e-6 and 3e-6, and a wrong backward pass that gives half of each. The largest difference is 1.5e-6, so the rule
# acquits a factor of 2, because the numbers are small. A difference has to be measured against the size of what is compared:
#
# $$\frac{\lVert a - b\rVert}{\lVert a\rVert + \lVert b\rVert}$$
#
# with one L2 norm over the whole array: the root of the sum of squares. It is 0 for equal arrays and at most 1.
#
# **Build 2.2 · `relative_error`** · ●○○ · 5 minutes · two lines\
# In `dropout_lab/gradcheck.py`. `np.linalg.norm` takes the norm. What should two arrays of zeros give, and what does the fraction give? Stuck? `hint("relative_error")`.

# %%
check("relative_error")

# %% [markdown]
# **Predict.** What does a gradient score that is half as large as it should be? And one with the wrong sign?

# %%
predict("relative error", {"half": ..., "wrong sign": ...})

# %% tags=["nbval-check-output"]
gradient = np.array([1e-6, -2e-6, 3e-6])
half, wrong = relative_error(gradient, gradient / 2), relative_error(gradient, -gradient)
reveal("relative error", {"half": round(half, 3), "wrong sign": round(wrong, 3)})
show(one_percent=relative_error(gradient, 1.01 * gradient))

# %% [markdown]
# ▸ after you have run it
#
# A third, one, and half a percent, whatever the size of the gradient. In a check that fails, 1/3 fits a factor of 2: look for one first. It is no proof, other mistakes can score the same.

# %% [markdown]
# ## Three ways to get a bad number from a right gradient
#
# **The wrong dtype.** A float32 has 7 digits instead of 16.


# %%
def centred(x, h):
    return (np.tanh(x + h) - np.tanh(x - h)) / (2 * h)


def in_float32(x, h):
    return centred(x.astype(np.float32), np.float32(h))


title = "In float32 even the best step leaves an error of 1e-5"
plot_steps({"float64": centred, "float32": in_float32}, x, slopes, title)

# %% [markdown]
# At `h=1e-5` a right gradient shows a larger error in float32 than many a wrong one in float64. So your function refuses:

# %% tags=["nbval-check-output"]
try:
    numerical_gradient(np.sum, np.ones(3, dtype=np.float32))
except TypeError as refusal:
    print(refusal)

# %% [markdown]
# **A step that is far off.** You have seen both valleys: at `1e-12` or `1e-1` a right gradient looks wrong.
#
# **A kink.** ReLU, $\max(x, 0)$, has slope 0 to the left of 0 and slope 1 to the right.
#
# **Predict.** Which slope does a nudge of $10^{-5}$ to both sides measure at $x = -2\cdot10^{-6}$, where it is 0?

# %%
predict("slope measured beside the kink", ...)

# %%
plot_kink(-2e-6, 1e-5)
x_near = np.array([-2e-6, 0.5, -0.5])
for h in (1e-5, 1e-6):
    slope = numerical_gradient(lambda v: np.maximum(v, 0).sum(), x_near, h)
    print(f"h = {h:.0e}: {rounded(slope, 2)}")
measured = numerical_gradient(lambda v: np.maximum(v, 0).sum(), x_near, 1e-5)
reveal("slope measured beside the kink", round(float(measured[0]), 2))

# %% [markdown]
# ▸ after you have run it
#
# The step landed on both sides of the kink and measured something that is the slope nowhere. With a smaller step it stays on one side.
# A network with many ReLUs has a few entries so near to 0. If a check fails, repeat it with a smaller step: an error that goes away was a kink.

# %% [markdown]
# ## One ratio for each array
#
# A layer has a gradient for each of `x`, `w` and `b`. Is it safe to put all entries into one long vector and take one relative error?
# Below, the entries of `x` and `w` are many and large, and `db` is wrong altogether: zeros.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(3)
x, w, b = rng.normal(size=(50, 40)), rng.normal(size=(40, 30)), rng.normal(size=30)
dout = rng.normal(size=(50, 30))
dx, dw, db = affine_backward(dout, affine_forward(x, w, b)[1])
right = np.concatenate([dx.ravel(), dw.ravel(), db])
wrong = np.concatenate([dx.ravel(), dw.ravel(), 0 * db])
show(all_in_one=relative_error(wrong, right), db_alone=relative_error(0 * db, db))

# %% [markdown]
# In one vector, a bias gradient of zeros looks like an error of a few percent, and smaller mistakes in it would vanish.
# By itself it scores 1.
#
# **Build 2.3 · `gradient_check`** · ●●○ · 10 minutes · four lines\
# In `dropout_lab/gradcheck.py`. `params` is a dictionary of arrays, and `f` takes such a dictionary. For each name, nudge that array and keep the others: `numerical_gradient` wants
# a function of one array, so make one. `{**params, name: v}` is a copy of `params` with one entry replaced. Stuck? `hint("gradient_check")`.

# %%
check("gradient_check")

# %% [markdown]
# ## Your own layer under test
#
# Take $L = \sum out \cdot dout$, so that `dout` is what arrives at the layer.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(4)
x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
params = {"x": x, "w": w, "b": b}
dout = rng.normal(size=(5, 3))


def loss(p):
    return (affine_forward(p["x"], p["w"], p["b"])[0] * dout).sum()


def layer_grads(p):
    dx, dw, db = affine_backward(dout, affine_forward(p["x"], p["w"], p["b"])[1])
    return {"x": dx, "w": dw, "b": db}


errors = gradient_check(loss, params, layer_grads(params))
for name, error in errors.items():
    print(f"d{name} below 1e-7: {error < 1e-7}")

# %% [markdown]
# Every entry of every array was tried, by a method that knows no chain rule. The two ways agree to nine digits or more.
#
# Now spoil them on purpose.

# %%
grads = layer_grads(params)
spoilt = grads["w"].copy()
spoilt[1, 2] *= 1.01
plot_errors(
    {
        "as you wrote it": gradient_check(loss, params, grads),
        "db averaged": gradient_check(loss, params, {**grads, "b": grads["b"] / 5}),
        "wrong sign in dx": gradient_check(loss, params, {**grads, "x": -grads["x"]}),
        "one entry of dw 1% off": gradient_check(loss, params, {**grads, "w": spoilt}),
    },
    "The check names the array that is wrong, down to one entry",
)

# %% [markdown]
# Each mistake moves one mark and leaves the others. Even one entry out of twelve, 1% off, stands far from the rest.
# Below $10^{-7}$ an array passes. Above, something is wrong: a small error can be one wrong entry among many right ones, and a large one can be a kink, a step or a dtype
# under a right gradient. Rule these out first.
#
# ## What a passing check does not prove
#
# Somebody types a minus: $out = x\,w - b$. The backward pass is derived from that, cleanly, so $db$ has a minus too.
# **Predict.** Does the check convict it? `True` or `False`.

# %%
predict("the check convicts the minus", ...)


# %% tags=["nbval-check-output"]
def minus_loss(p):
    return ((p["x"] @ p["w"] - p["b"]) * dout).sum()


grads = layer_grads(params)
errors = gradient_check(minus_loss, params, {**grads, "b": -grads["b"]})
reveal("the check convicts the minus", bool(max(errors.values()) >= 1e-7))

# %% [markdown]
# ▸ after you have run it
#
# It passes. A gradient check compares a backward pass with *its* forward pass. What the forward pass was meant to do, it cannot know.
# Keep this for lesson 07: most of the wrong dropout layers collected there pass their gradient check.
#
# And it knows only the inputs that it was given. With a batch of one sample, a sum and a mean are the same, and the averaged `db` passes.
# Test on a batch, with all sizes different.

# %% [markdown]
# ## What is now true
#
# - Your layer's gradients agree with the definition of a derivative, below $10^{-7}$ in each array.
# - The rules: float64, `h=1e-5`, one ratio per array, a batch with different sizes, no kink nearby.
# - A pass says that backward belongs to forward. It does not say that forward is right.
#
# **Three questions**
#
# 1. Your check gives 0.333 for one array and $10^{-10}$ for the rest. What do you look for?
# 2. Halving $h$ doubles the error. On which side of the valley are you, and is it a mistake in your gradient?
# 3. A layer draws new random numbers each time it is called. What would `numerical_gradient` measure, and how would that depend on $h$?
# ▸ the answers
#
# 1. First a factor of 2 in that array, a missing one or one too many: $|a - 2a| / (|a| + |2a|) = 1/3$.
# 2. On the left, where rounding rules. It says nothing about the gradient: take a larger step.
# 3. The difference of two unrelated losses, divided by $2h$. It does not shrink with $h$, so the result grows as $1/h$. Lesson 07 begins there.

# %% [markdown]
# **Next:** [lesson 03, a two-layer network](03_a_two_layer_network.ipynb).
