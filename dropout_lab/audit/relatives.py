"""Layers that are called dropout and are another thing: known by their name and by what they do."""

import re

import numpy as np

from dropout_lab.audit.calling import result_or_error

RELATIVES = {
    "alpha dropout": (
        r"alpha|selu",
        "dropped entries become a negative constant instead of 0, and all is then moved and scaled, so that mean and"
        " variance stay what a SELU network needs",
    ),
    "Gaussian dropout": (r"gauss", "every entry is multiplied by a random number around 1, and none is 0"),
    "channel dropout": (
        r"spatial|channel|feature|dropout_?[123]d|[123]d_?dropout",
        "one coin falls for each channel of each sample, whose positions are kept or dropped together",
    ),
    "DropPath": (
        r"drop_?path|stochastic_?depth|drop_?block",
        "one coin falls for each sample, which skips the whole branch",
    ),
    "DropConnect": (r"drop_?connect|weight_?drop", "coins fall for the weights, not for the activations"),
    "locked dropout": (
        r"locked|variational|word|embed",
        "one coin is shared along an axis, such as all time steps of a sequence",
    ),
}


def relative(name, reading=None):
    """(what it is, in what way it is not dropout) if the name says one of these and what the layer does does not
    contradict it, else None.

    Parameters
    ----------
    name : str
    reading : Reading or None
        None if it could not be driven: the name alone then decides.
    """
    for kind, (pattern, words) in RELATIVES.items():
        if re.search(pattern, name, re.IGNORECASE) and (reading is None or not _is_elementwise(reading)):
            return kind, words
    return None


def _is_elementwise(reading):
    """Whether entries of a four-axis array, or of a table, are 0 one by one."""
    rng = np.random.default_rng(3)
    for shape in ((6, 5, 7, 8), (40, 30)):
        x = rng.uniform(0.5, 1.5, shape)
        made, error = result_or_error(reading.forward, x.copy(), 0.5, True, 17)
        if error:
            continue
        z = np.asarray(made[0]) == 0
        if z.shape != shape or not z.any():
            return False
        return not any((z == z.take([0], axis)).all() for axis in range(len(shape)))
    return False
