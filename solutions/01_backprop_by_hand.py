# %% [markdown]
# # 01 · Backprop by hand
#
# **You will** push numbers through a neuron and gradients back, then write a layer and its backward pass for a whole batch.\
# **You need** lesson 00, the derivative of a product and of a square, and matrix products in NumPy.\
# **Minutes:** 55, and a sheet of paper.

# %% tags=["setup"]
import itertools

import numpy as np

from dropout_lab.checks import check, hint
from dropout_lab.lab.figures.backprop import plot_neuron, plot_reach, plot_shared_bias
from dropout_lab.lab.prediction import predict, reveal
from dropout_lab.lab.show import rounded, show
from dropout_lab.layers import affine_backward, affine_forward

# %% [markdown]
# ## One neuron, one operation at a time
#
# A neuron multiplies its input $x$ by a weight $w$ and adds a bias $b$. Its output $s$ should be the target $t$, and the
# loss $L$ is the square of what is missing. In steps of one operation each:
#
# $$q = w\,x \qquad s = q + b \qquad e = s - t \qquad L = e^2$$

# %%
w, x, b, t = 3.0, 2.0, -4.0, 5.0
q = w * x
s = q + b
e = s - t
L = e**2
values = {"w": w, "x": x, "b": b, "t": t, "q": q, "s": s, "e": e, "L": L}
plot_neuron(values)

# %% [markdown]
# The figure is the same calculation as a graph: a circle is an operation, an arrow carries a number from one to the next.
# The output is 2, it should be 5, and the loss is 9.
#
# **Predict.** Suppose $w$ were 3.001 and all else as it is. By how much would the loss change? Put a number, with its sign, in place of the dots.

# %%
predict("change of the loss for w = 3.001", ...)


# %% tags=["nbval-check-output"]


def loss(w=3.0, x=2.0, b=-4.0, t=5.0):
    return (w * x + b - t) ** 2


reveal("change of the loss for w = 3.001", round(loss(w=3.001) - loss(), 4))

# %% [markdown]
# ▸ after you have run it
#
# The loss fell by 0.012, which is 12 times the nudge. That factor, with its sign, is the derivative: $dL/dw = -12$.
# Backpropagation finds all such factors without a nudge, and it needs one idea for it.

# %% [markdown]
# ## The chain rule, from right to left
#
# Each operation knows only its own slope. The square: nudge $e$, and $L$ moves $2e$ times as far. The minus: nudge $s$, and $e$ moves
# as far. If $s$ moves $e$ and $e$ moves $L$, the factors multiply:
#
# $$\frac{dL}{ds} = \frac{dL}{de}\cdot\frac{de}{ds}$$
#
# So start at the right end, where $dL/dL = 1$, and walk left. At each operation multiply what arrives by the operation's own slope.

# %% [markdown]
# **Build, on paper.** Work out the six gradients in the order `e, s, q, b, w, x`, with the numbers of the figure. Write them in
# place of the dots. An entry that is still `...` is drawn as a question mark. Here `dw` is short for $dL/dw$, as everywhere in this course.

# %%
my_grads = {"e": ..., "s": ..., "q": ..., "b": ..., "w": ..., "x": ...}
### BEGIN SOLUTION
my_grads = {"e": -6, "s": -6, "q": -6, "b": -6, "w": -12, "x": -18}
### END SOLUTION
plot_neuron(values, my_grads)

# %% [markdown]
# Now ask the function itself, as before: nudge one input by 0.001, and divide the movement of the loss by the nudge.

# %% tags=["nbval-check-output"]
for name, start in {"w": 3.0, "x": 2.0, "b": -4.0}.items():
    moved = loss(**{name: start + 0.001}) - loss()
    print(f"d{name} is about {rounded(moved / 0.001)}")

# %% [markdown]
# These are your numbers from paper, if all went well. If one differs, the mistake is at that edge or to the right of it.
# Look at what the operations did to the gradient. A plus passed it on unchanged, to both sides. A times *swapped*: $w$ got the gradient
# times $x$, and $x$ got it times $w$. These two rules carry the whole lesson.

# %% [markdown]
# ## One weight, two samples
#
# A network sees a batch of samples, and the same $w$ serves them all. Take two samples, $(x, t) = (2, 5)$ and $(1, -2)$, and let
# the loss be the sum of their squares.
#
# **Predict.** One sample alone gives $dL/dw = -12$, the other alone gives 2. What is $dL/dw$ for the two together?

# %%
predict("dL/dw of the two together", ...)


# %% tags=["nbval-check-output"]


def both(w):
    return loss(w, x=2.0, t=5.0) + loss(w, x=1.0, t=-2.0)


reveal("dL/dw of the two together", round((both(3.0001) - both(3.0)) / 0.0001, 1))

# %% [markdown]
# ▸ after you have run it
#
# There are two paths from $w$ to the loss, a nudge travels along both, and what it does at the end adds up.
# **Along a path, multiply. Over paths, add.** That is the chain rule, all of it.

# %% [markdown]
# ## A layer for a batch
#
# Now N samples, D inputs for each, and H neurons side by side: `x` is (N, D), one sample per row; `w` is (D, H), one neuron per
# column; `b` is (H,).
#
# $$out_{nh} = \sum_d x_{nd}\,w_{dh} + b_h$$
#
# Beside its output, a forward pass returns a **cache**: whatever its backward pass will need later. What to put in is your decision.
#
# **Build 1.1 · `affine_forward`** · ●○○ · 5 minutes · one line\
# In `dropout_lab/layers.py`. The sum over $d$ is a matrix product. NumPy adds a (H,) array to every row of a (N, H) array by itself.
# For the cache, think back to the times on paper: what did its backward pass use? You can change the cache later.
# Stuck? `hint("affine_forward")`.

# %%
check("affine_forward")

# %% [markdown]
# ## Who moves?
#
# Five samples, four inputs, three neurons: 15 outputs.
#
# **Predict.** You nudge one weight, `w[1, 2]`. How many of the 15 outputs move? And how many if you nudge the input `x[1, 2]`, or the bias `b[2]`?

# %%
predict("outputs that move", {"w": ..., "x": ..., "b": ...})

# %%
rng = np.random.default_rng(1)
x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
before, at = (
    affine_forward(x, w, b)[0],
    lambda array: np.eye(1, array.size, 5 % array.size).reshape(array.shape),
)
nudged = {"w": (x, w + at(w), b), "x": (x + at(x), w, b), "b": (x, w, b + at(b))}
moved = {
    name: np.count_nonzero(affine_forward(*given)[0] != before) for name, given in nudged.items()
}
reveal("outputs that move", moved)
plot_reach(affine_forward, x, w, b, at=(1, 2))

# %% [markdown]
# ▸ after you have run it
#
# Coloured cells moved. The weight `w[1, 2]` belongs to neuron 2, so it moves column 2, in each row as far as that sample's $x_{n1}$ says.
# The input `x[1, 2]` belongs to sample 1, so it moves row 1, each output as far as its weight says. The bias moves column 2, by 1 everywhere.

# %% [markdown]
# Let `dout` hold $dL/dout_{nh}$, which arrives from the right. Multiply along each path, add over the paths, and the figure can be read off:
#
# $$\frac{dL}{dw_{dh}} = \sum_n x_{nd}\,dout_{nh} \qquad \frac{dL}{dx_{nd}} = \sum_h dout_{nh}\,w_{dh} \qquad \frac{dL}{db_h} = \sum_n dout_{nh}$$

# %% [markdown]
# ## Shapes as a detective's tool
#
# The loss is one number, so a gradient has exactly the shape of the thing that it belongs to: one factor for each entry. Two of the sums
# above are matrix products, but which array comes first, and which is transposed?
#
# Two arrays A and B can be multiplied in 8 ways: in either order, each transposed or not. With `x` (5, 4) and `dout` (5, 3), only one of the 8 has the shape of `dw`.
#
# **Predict.** And if the batch had 3 samples, with 3 inputs and 3 neurons: how many have the right shape?

# %%
predict("products of the right shape, all sizes 3", ...)


# %% tags=["nbval-check-output"]
def count(x, dout, shape):
    ways = [
        *itertools.product((x, x.T), (dout, dout.T)),
        *itertools.product((dout, dout.T), (x, x.T)),
    ]
    products = [a @ b for a, b in ways if a.shape[1] == b.shape[0]]
    right = [p for p in products if p.shape == shape]
    print(f"{len(ways)} ways, {len(products)} can be computed, {len(right)} of the right shape")
    return len(right)


count(np.ones((5, 4)), np.ones((5, 3)), shape=(4, 3))
suspects = count(np.ones((3, 3)), np.ones((3, 3)), shape=(3, 3))
reveal("products of the right shape, all sizes 3", suspects)

# %% [markdown]
# ▸ after you have run it
#
# With three different sizes the shapes leave a single suspect. With equal sizes all eight look innocent, and seven are wrong. So try your code
# on arrays whose sizes all differ. The checks of this course do, too.

# %% [markdown]
# **Build 1.2 · `affine_backward`** · ●●○ · 15 minutes · four lines\
# In `dropout_lab/layers.py`. Unpack your cache, and turn the three sums into NumPy: two are products (the detective knows which), one is a sum over an axis.
# Return `dx, dw, db`, each in the shape of its array. Stuck? `hint("affine_backward")`.

# %%
check("affine_backward")

# %% [markdown]
# ## Why db is a sum over the batch
#
# The bias is a vector of H numbers, while `dout` has N rows of them. One neuron, three samples, and the gradients 0.5, −1.25 and 2 arrive:

# %%
dout = np.array([[0.5], [-1.25], [2.0]])
_, cache = affine_forward(np.ones((3, 2)), np.ones((2, 1)), np.zeros(1))
plot_shared_bias(dout[:, 0], affine_backward(dout, cache)[2][0])

# %% [markdown]
# Three arrows leave $b$, one for each sample, each by way of a plus that passes its gradient on. All three come back to the same number,
# so they add up. Without the sum, `db` has N rows, and the next step makes the bias an array that fits only batches of that size.

# %% [markdown]
# ## A batch is a sum of samples
#
# Run the five samples one at a time, and compare the five arrays `dw` with that of the whole batch:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(2)
x, w, b = rng.normal(size=(5, 4)), rng.normal(size=(4, 3)), rng.normal(size=3)
dout = rng.normal(size=(5, 3))


def dw_of(samples):
    _, cache = affine_forward(x[samples], w, b)
    return affine_backward(dout[samples], cache)[1]


total = sum(dw_of([n]) for n in range(5))
whole = dw_of([0, 1, 2, 3, 4])
show(is_the_sum=np.allclose(whole, total), is_the_mean=np.allclose(whole, total / 5))

# %% [markdown]
# The sum, always. Where a loss is a *mean* over samples, its 1/N is in `dout` before it reaches the layer.
# A layer that divides by N as well does it twice, which is another mistake that has been published.

# %% [markdown]
# ## Ask the layer itself
#
# The nudge works for a layer as it did for a neuron. Take the loss $L = \sum_{nh} out_{nh}\,dout_{nh}$: its gradient with respect to `out` is `dout`.
# Nudge `w[1, 2]`, see how far the loss moves, and compare with the entry that your function gives.

# %% tags=["nbval-check-output"]
nudge = np.zeros((4, 3))
nudge[1, 2] = 0.001
before, cache = affine_forward(x, w, b)
after, _ = affine_forward(x, w + nudge, b)
moved = (after * dout).sum() - (before * dout).sum()
dx, dw, db = affine_backward(dout, cache)
show(nudged=moved / 0.001, by_the_chain_rule=dw[1, 2])

# %% [markdown]
# One entry of twelve agrees. Lesson 02 makes a tool of this that tries every entry of every array.
#
# ## A wrong layer of the right shape
#
# Somebody leaves out a transpose in `dx`, in a square layer, with N = D = H = 3:

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(3)
x, w, dout = rng.normal(size=(3, 3, 3))
suspect = dout @ w
dx = affine_backward(dout, affine_forward(x, w, np.zeros(3))[1])[0]
show(same_shape=suspect.shape == dx.shape, same_numbers=np.allclose(suspect, dx))

# %% [markdown]
# No error, right shape, wrong numbers. Shapes can convict, but they cannot acquit. Only numbers can.
#
# ## What gradients are for
#
# Some line made these 50 targets: $2x_0 - x_1 + \tfrac12 x_2 + 3$. The layer below starts from zeros and takes 200 small steps against your gradients.

# %% tags=["nbval-check-output"]
rng = np.random.default_rng(4)
x, w, b = rng.normal(size=(50, 3)), np.zeros((3, 1)), np.zeros(1)
target = 2 * x[:, [0]] - x[:, [1]] + 0.5 * x[:, [2]] + 3
for step in range(200):
    out, cache = affine_forward(x, w, b)
    dout = 2 * (out - target) / len(x)  # the loss is the mean square
    dx, dw, db = affine_backward(dout, cache)
    w, b = w - 0.1 * dw, b - 0.1 * db
show(w=w[:, 0], b=b)

# %% [markdown]
# It found 2, −1, ½ and 3 from data alone, by knowing for each number in which direction the loss falls.
# A deep network does the same with more layers: the `dx` of one layer is the `dout` of the layer before it.

# %% [markdown]
# ## What is now true
#
# - Along a path, multiply; over paths, add. A plus passes a gradient on, a times swaps.
# - A gradient has the shape of its array. The gradient of whatever serves all samples is a sum over the samples.
# - Your layer runs forward and backward for any batch.
#
# **Three questions**
#
# 1. A neuron computes $s = w\,x + b$ with $x = 0$. What is $dL/dw$, whatever the loss? What does that mean for learning?
# 2. Your friend's `affine_backward` passes with a batch of one sample and fails with five. Which line do you look at first?
# 3. In lesson 05, a neuron's output is multiplied by 0 in the forward pass. By the rule for a times, what reaches its input on the way back?
# ▸ the answers
#
# 1. It is 0: the times swaps, and hands $w$ the gradient times $x = 0$. For this sample the weight does not learn, whatever it did wrong.
# 2. The one for `db`. With one sample the sum, the mean and the first row are the same thing; with five they are not.
# 3. The gradient times 0, which is 0. The backward pass of a layer that multiplies has to multiply as well.

# %% [markdown]
# **Next:** [lesson 02, gradient checking](02_gradient_checking.ipynb).
