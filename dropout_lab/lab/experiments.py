"""Experiments with the student's own functions: train a network, sweep over settings and seeds, compare in pairs.

Everything random comes from a seed, through one generator for each purpose: initial weights, order of the batches,
masks. Runs with the same seed share the first two, whatever their rates, so that a difference between them is the
difference that the rates make.
"""

import hashlib
import importlib.util
import itertools
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing, contextmanager, nullcontext
from functools import lru_cache
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import NamedTuple
from uuid import uuid4

import numpy as np

from dropout_lab import layers, network, training
from dropout_lab.checks.exercises import MODULES
from dropout_lab.checks.functions import stub_message
from dropout_lab.lab import data as datasets
from dropout_lab.lab.fast import step_choice
from dropout_lab.lab.progress import bar
from dropout_lab.system import processes
from dropout_lab.system.machine import cores, one_blas_thread

# ---- one network ----


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


def student_step(params, velocity, x, y, p, lr, momentum, rng):
    """One update by the functions of dropout_lab/network.py and training.py."""
    loss, grads = network.loss_and_grads(params, x, y, p, rng)
    params, velocity = training.sgd_momentum(params, grads, velocity, lr, momentum)
    return params, velocity, loss


def evaluate(params, x, y, p=0.0, rows=4096):
    """(loss, accuracy) at test time, on all of x, a few thousand rows at a time.

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
    """The fraction of x that gets its largest score where y says."""
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


# ---- many networks ----


class Rows(list):
    """Results, one dictionary for each run: its setting, its seed, what it measured.

    They are in the order of settings and seeds. `interrupted` is True if some are missing since the sweep was stopped.
    """

    interrupted = False

    def to_rows(self):
        """The plain list of dictionaries, such as a data frame takes."""
        return [dict(row) for row in self]

    def where(self, **setting):
        """The rows with these values: `rows.where(p=0.5)`."""
        return Rows(row for row in self if all(row[name] == value for name, value in setting.items()))

    def column(self, name):
        """One entry of every row, as an array."""
        return np.array([row[name] for row in self])

    def values(self, name):
        """The different values of an entry, in order of appearance."""
        return list(dict.fromkeys(row[name] for row in self))

    def pairs(self, name, a, b):
        """An entry under setting a and under setting b, as two arrays over the seeds that have both."""
        first, second = ({row["seed"]: row[name] for row in self.where(**setting)} for setting in (a, b))
        seeds = [seed for seed in first if seed in second]
        return np.array([first[s] for s in seeds]), np.array([second[s] for s in seeds])


def grid(**lists):
    """Every combination: grid(p=[0, 0.5], hidden=[64, 512]) gives four settings."""
    return [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]


def train_digits(seed, p=0.0, hidden=(512,), train=1000, noise=0.0, **options):
    """One network on the digits: what `sweep` runs.

    Parameters
    ----------
    seed : int
        For split, wrong labels, initial weights, batches and masks; each has a generator of its own.
    p : float, or (input rate, hidden rate)
    hidden : int or tuple of int
        Widths of the hidden layers.
    train : int
        How many images to train on. 797 images, the same for any train up to 1,000, are held out.
    noise : float
        Fraction of the training labels that are replaced by a random class.
    **options
        For `train_on` and `fit`: epochs, lr, batch_size, momentum, decay, curve, step.

    Returns
    -------
    row : {"epoch": the last, "train_loss": ..., "train_accuracy": ..., "test_loss": ..., "test_accuracy": ...}
        With curve=True also "train_curve" and "test_curve", the accuracies by epoch.
    """
    data = datasets.digits(train=max(train, 1000), seed=seed).first(train)
    return train_on(data, seed, p=p, hidden=hidden, noise=noise, **options)


def train_on(data, seed, *, p=0.0, hidden=(512,), noise=0.0, epochs=60, lr=0.05, decay=True, curve=False, **options):
    """One network on any Split, as `train_digits` says. `curve` adds training and test accuracy by epoch to the row."""
    weights, labels, order = np.random.default_rng(seed).spawn(3)
    if noise:
        y = data.y_train.copy()
        wrong = labels.random(len(y)) < noise
        y[wrong] = labels.integers(0, data.sizes[1], wrong.sum())
        data = datasets.Split(data.x_train, y, data.x_test, data.y_test)
    inputs, classes = data.sizes
    widths = (hidden,) if np.isscalar(hidden) else tuple(hidden)
    params = network.init_params([inputs, *widths, classes], weights)
    _, history = fit(params, data, p=p, epochs=epochs, rng=order, lr=lr, decay=decay, watch=curve, **options)
    row = dict(history.last)
    if curve:
        row |= {"train_curve": tuple(history["train_accuracy"]), "test_curve": tuple(history["test_accuracy"])}
    return row


def sweep(run, settings, seeds, executor=None, workers=None):
    """run(seed=..., **setting) for every setting and seed, on all cores.

    The same seeds give the same rows to the last bit, on one machine, whatever the number of workers.

    Parameters
    ----------
    run : function of a module, returns a dictionary of numbers
        Such as `train_digits`. A function of a notebook cell cannot be found by the workers.
    settings : list of dictionaries of arguments, as `grid` makes them
    seeds : iterable of int
    executor : concurrent.futures.Executor or None
        Anything with `submit`, such as `dask_client.get_executor()`. None starts a process on every core; in a
        browser, which has none to give, one run follows the other.
    workers : int or None
        How many processes, when there is no executor.

    Returns
    -------
    rows : Rows
        Interrupting keeps those that are finished.
    """
    settings, seeds = [dict(s) for s in settings], [int(s) for s in seeds]
    tasks = [(setting, seed) for setting in settings for seed in seeds]
    if getattr(run, "__module__", "__main__") == "__main__":
        name = getattr(run, "__name__", run)
        raise ValueError(
            f"{name!r} is defined in a notebook cell or a script, where worker processes cannot find it:"
            " put it in a module, or use train_digits with settings"
        )
    if executor is not None or not processes.AVAILABLE:
        return _collect(executor, run, tasks)
    rows = Rows()
    try:
        rows = _collect(_pool(min(workers or cores(), len(tasks) or 1)), run, tasks)
    finally:
        if len(rows) < len(tasks):  # some are still at work
            _end_pool()
    return rows


def _collect(executor, run, tasks):
    """Gather rows as they come, give them back in the order of the tasks. Without an executor they are run here."""
    done, rows = {}, Rows()
    try:
        with bar("runs", len(tasks), "run") as advance, _one_blas_thread():
            origin = _PROCESS, implementation()
            results = _at_once(executor, run, tasks, origin) if executor else _in_turn(run, tasks, origin)
            with closing(results):
                for i, result in results:
                    done[i] = result
                    advance(1)
    except KeyboardInterrupt:
        rows.interrupted = True
        print(f"Stopped by hand; kept: {len(done)} of {len(tasks)} runs.")
    for i, (setting, seed) in enumerate(tasks):
        if i in done:
            rows.append({**setting, "seed": seed, **done[i]})
    return rows


def _in_turn(run, tasks, origin):
    for i, task in enumerate(tasks):
        yield i, _task(run, *task, origin)


def _at_once(executor, run, tasks, origin):
    futures = {}
    try:
        futures = {executor.submit(_task, run, *task, origin): i for i, task in enumerate(tasks)}
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _task(run, setting, seed, origin):
    """One run, in a worker. A blank comes back with the line it stands on, which a pickled exception would lose."""
    process, wanted = origin
    if process != _PROCESS and _LOADED != wanted:
        raise RuntimeError(
            "this worker's dropout_lab/ is not the one that started the sweep: save your files, start"
            " the sweep again, and see that remote workers have the same six files"
        )
    try:
        return run(seed=seed, **setting)
    except NotImplementedError as blank:
        raise NotImplementedError(stub_message(blank)) from None


def implementation():
    """A digest of the six modules on disk, as the import path of this process finds them."""
    files = (Path(importlib.util.find_spec(f"dropout_lab.{name}").origin) for name in MODULES)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


_PROCESS, _LOADED = uuid4().hex, implementation()  # this process, and what it imported when it started


_pools = {}  # at most one: {what its processes were started with: (pool, processes that are not its)}


def _pool(workers):
    """The processes of the last sweep, or fresh ones (spawn, the same on every system) if a file was saved since."""
    asked = workers, implementation(), tuple(sys.path)
    if asked not in _pools:
        _end_pool()
        others = set(multiprocessing.active_children())
        spawn = multiprocessing.get_context("spawn")
        _pools[asked] = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start_worker), others
    return _pools[asked][0]


def _end_pool():
    while _pools:
        pool, others = _pools.popitem()[1]
        pool.shutdown(wait=False, cancel_futures=True)
        end = perf_counter() + 1
        for worker in set(multiprocessing.active_children()) - others:
            worker.join(max(0, end - perf_counter()))  # an idle one ends at once, one in the midst of a run does not
            worker.terminate()


def _start_worker():
    """Leave interrupts to the parent, which knows what to keep; end with it; no bars from many processes at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["DROPOUT_LAB_PROGRESS"] = "off"
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """A kernel that is killed says no goodbye, and a worker that waits for runs would wait for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def _one_blas_thread():
    """One core for a matrix product, here and in processes started in here: the runs share the machine already.

    It also makes a sum come out the same in every worker: OpenBLAS splits it by the number of its threads.
    """
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        with one_blas_thread():
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _threads_worth_it(params, batch_size):
    """One thread for small products: sharing out one that takes 20 us costs more than it saves, ten times so when other
    programs want the cores too. It also makes `fit` give the rows of `sweep`, to the bit.
    """
    products = batch_size * max(array.size for array in params.values())
    return one_blas_thread() if products < 5e7 else nullcontext()


# ---- comparing ----


class Difference(NamedTuple):
    """The mean of a - b over n pairs, the interval that holds the true mean with that confidence, the wins of a."""

    mean: float
    low: float
    high: float
    wins: int
    n: int
    level: float = 0.95

    def __str__(self):
        interval = f"{self.level:.0%} interval {self.low:+.4f} to {self.high:+.4f}"
        return f"{self.mean:+.4f}, {interval}, a larger in {self.wins} of {self.n} pairs"


def paired_difference(a, b, level=0.95):
    """The mean of a - b with Student's interval, mean +- t * sd / sqrt(n).

    Parameters
    ----------
    a, b : arrays (n,), n at least 2
        Two measurements of each pair, in the same order.
    level : float
        Confidence.

    Returns
    -------
    difference : Difference, with mean, low, high, wins (pairs with a > b), n

    References
    ----------
    Student 1908. The interval takes the n differences as independent and about normal.
    """
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.ndim != 1 or a.shape != b.shape or len(a) < 2:
        raise ValueError(f"two lists of the same length, at least 2 pairs, not {a.shape} and {b.shape}")
    d = a - b
    half = student_t(len(d) - 1, level) * d.std(ddof=1) / np.sqrt(len(d))
    mean, wins = float(d.mean()), int((d > 0).sum())
    return Difference(mean, float(mean - half), float(mean + half), wins, len(d), level)


@lru_cache
def student_t(degrees, level=0.95):
    """The t that |T| stays below with probability level.

    With t = sqrt(degrees) tan(angle), the density of the angle is cos(angle)^(degrees - 1): a smooth function on a
    short interval, so that a sum over a fine grid is enough.
    """
    angle = np.linspace(0, np.pi / 2, 200_001)
    density = np.cos(angle) ** (degrees - 1)
    area = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return float(np.sqrt(degrees) * np.tan(np.interp(level, area / area[-1], angle)))
