"""One run of an experiment: a network from its seed to its row of results."""

import numpy as np

from dropout_lab import network
from dropout_lab.lab import data as datasets
from dropout_lab.lab.experiments.fitting import fit


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
