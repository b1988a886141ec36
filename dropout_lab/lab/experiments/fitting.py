"""One training: mini-batches, their history, and what the trained network is worth."""

from contextlib import nullcontext
from time import perf_counter

import numpy as np

from dropout_lab import layers, network, training
from dropout_lab.lab.fast import step_choice
from dropout_lab.lab.progress import bar
from dropout_lab.system.machine import one_blas_thread


class History:
    """What one training saw, epoch by epoch: `train_loss`, `train_accuracy`, `test_loss`, `test_accuracy`.

    `history["test_accuracy"]` is that column as an array, `history.last` the last row. `interrupted` says in words
    why it ended early, and is empty if it did not. `seconds` is the time that it took.
    """

    def __init__(self):
        self.rows, self.interrupted, self.seconds = [], "", 0.0

    def __getitem__(self, name):
        return np.array([row[name] for row in self.rows])

    def __len__(self):
        return len(self.rows)

    @property
    def last(self):
        return self.rows[-1]

    def __repr__(self):
        ending = f"; {self.interrupted}" if self.interrupted else ""
        return f"{len(self)} epochs in {self.seconds:.1f} s{ending}"


def fit(params, data, *, epochs, rng, p=0.0, batch_size=64, lr=0.1, momentum=0.9, decay=False, step=None, watch=True):
    """Train by mini-batches with `loss_and_grads` and `sgd_momentum`, as they are in dropout_lab/ now.

    Parameters
    ----------
    params : {"W1": ..., "b1": ..., ...}
        Where to start; not changed. They take the dtype of data's pixels.
    data : Split
    epochs : int
        How often each training image is used.
    rng : numpy.random.Generator
        Two generators are drawn from it: one for the order of the batches, one for the masks.
    p : float, or (input rate, hidden rate)
        Probability to DROP.
    batch_size : int
    lr, momentum : float
        Learning rate; share of the last update that is kept.
    decay : bool
        Lower the learning rate in a straight line, to 0 at the end.
    step : "fast", "yours", function or None
        "fast" trains on lab/fast instead, "yours" on your functions with the coins of lab/fast: the same results to
        rounding. A function is one update in place of `student_step`:
        (params, velocity, x, y, p, lr, momentum, rng) -> params, velocity, loss.
    watch : bool
        Evaluate after every epoch, for the history; False only after the last, which is faster.

    Returns
    -------
    params : trained, a new dictionary
    history : History
        Interrupting (Ctrl-C, or the kernel's stop button) keeps what there is up to the last whole epoch.
    """
    for name, number in (("epochs", epochs), ("batch_size", batch_size)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)) or number < 1:
            raise ValueError(f"{name} must be a whole number, 1 or more, not {number!r}")
    step = step_choice.named(step) if isinstance(step, str) else step or student_step
    batches, masks = rng.spawn(2)
    params = {name: array.astype(data.x_train.dtype) for name, array in params.items()}
    velocity, history, finished, start = {}, History(), 0, perf_counter()
    per_epoch = -(-len(data.x_train) // batch_size)
    try:
        with (
            bar("training", epochs, "epoch") as advance,
            _threads_worth_it(params, batch_size),
            np.errstate(over="ignore", invalid="ignore", divide="ignore"),
        ):
            for epoch in range(epochs):
                current = params
                for i, rows in enumerate(_batches(len(data.x_train), batch_size, batches)):
                    rate = lr * (1 - (epoch + i / per_epoch) / epochs) if decay else lr
                    x, y = data.x_train[rows], data.y_train[rows]
                    current, velocity, loss = step(current, velocity, x, y, p, rate, momentum, masks)
                    if not np.isfinite(loss):
                        reason = f"the loss became {loss} in epoch {epoch + 1}: lr = {lr:g} is too large"
                        raise FloatingPointError(reason)
                if watch or epoch == epochs - 1:
                    history.rows.append(_row(epoch + 1, current, data, p, step))
                params, finished = {name: array.copy() for name, array in current.items()}, epoch + 1
                advance(1, f"loss {loss:.3f}")
    except (KeyboardInterrupt, FloatingPointError) as end:
        reason = str(end) or "stopped by hand"
        history.interrupted = f"{reason}; kept: {finished} of {epochs} epochs"
        print(history.interrupted[0].upper() + history.interrupted[1:] + ".")
        history.rows = [row for row in history.rows if row["epoch"] <= finished]
        if not history.rows or history.last["epoch"] < finished:
            history.rows.append(_row(finished, params, data, p, step))
    history.seconds = perf_counter() - start
    return params, history


def _threads_worth_it(params, batch_size):
    """One thread for small products: sharing out one that takes 20 us costs more than it saves, ten times so when other
    programs want the cores too. It also makes `fit` give the rows of `sweep`, to the bit.
    """
    products = batch_size * max(array.size for array in params.values())
    return one_blas_thread() if products < 5e7 else nullcontext()


def student_step(params, velocity, x, y, p, lr, momentum, rng):
    """One update on x (N, D) and labels y (N,) by the functions of dropout_lab/network.py and training.py."""
    loss, grads = network.loss_and_grads(params, x, y, p, rng)
    params, velocity = training.sgd_momentum(params, grads, velocity, lr, momentum)
    return params, velocity, loss


def evaluate(params, x, y, p=0.0, rows=4096):
    """(loss, accuracy) at test time, on all of x (N, D) with labels y (N,), a few thousand rows at a time.

    p matters only to a network that scales at test time.
    """
    loss = right = 0.0
    for start in range(0, len(x), rows):
        part = slice(start, start + rows)
        scores, _ = network.mlp_forward(params, x[part], p, np.random.default_rng(0), train=False)
        n = len(scores)
        loss += n * float(layers.softmax_cross_entropy(scores, y[part])[0])
        right += int((scores.argmax(axis=1) == y[part]).sum())
    return loss / len(x), right / len(x)


def accuracy(params, x, y, p=0.0):
    """The fraction of x (N, D) that gets its largest score where y (N,) says."""
    return evaluate(params, x, y, p)[1]


def _batches(n, size, rng):
    """The rows 0 ... n-1 in a new order, cut into pieces; the last may be shorter."""
    order = rng.permutation(n)
    return (order[start : start + size] for start in range(0, n, size))


def _row(epoch, params, data, p, step):
    measure = getattr(step, "evaluate", evaluate)
    train_loss, train_accuracy = measure(params, data.x_train, data.y_train, p)
    test_loss, test_accuracy = measure(params, data.x_test, data.y_test, p)
    return {
        "epoch": epoch,
        "train_loss": train_loss,
        "train_accuracy": train_accuracy,
        "test_loss": test_loss,
        "test_accuracy": test_accuracy,
    }
