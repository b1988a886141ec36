"""Real images to train on: scikit-learn's digits (inside its package, no download) and MNIST."""

import gzip
import hashlib
import os
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from dropout_lab.lab.progress import bar
from dropout_lab.system.files import writing

MNIST_TRAIN = 60_000  # the first rows of OpenML's table are the training images, the other 10,000 the test images
# `fingerprint` of Keras's mnist.npz
MNIST_SHA256 = "c2069063c1105f2bf96266aef1ff68c6e13bdda7a54e37bf19c16f1db24efc83"
OWN_DIGITS = Path(__file__).with_name("recorded") / "digits.csv.gz"
PARTS = ("x_train", "y_train", "x_test", "y_test")


class MnistUnavailable(Exception):
    """MNIST is neither on this computer nor to be had; the text says what to do."""


@dataclass(frozen=True)
class Split:
    """Images and their classes: some to train on, others that are held out.

    x_train (N, D), x_test (M, D): one image per row, pixels from 0 (paper) to 1 (ink).
    y_train (N,), y_test (M,): the classes, 0 ... 9.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def sizes(self):
        """(D, C): the width that a network's first and last layer must have."""
        return self.x_train.shape[1], int(self.y_train.max()) + 1

    def first(self, n):
        """The first n training images, and the same held-out ones."""
        if not 0 < n <= len(self.x_train):
            raise ValueError(f"there are {len(self.x_train)} training images, so n must be 1 to that, not {n}")
        return Split(self.x_train[:n], self.y_train[:n], self.x_test, self.y_test)

    def __repr__(self):
        (n, d), m = self.x_train.shape, len(self.x_test)
        return f"{n} training and {m} held-out images of {d} pixels, {self.x_train.dtype}"


def digits(train=1000, seed=0, dtype=np.float32):
    """The 1,797 digits of 8 x 8 pixels that come with scikit-learn, shuffled by the seed.

    Parameters
    ----------
    train : int
        How many to train on; the others are held out.
    seed : int
        For the shuffle. The same seed holds out the same images.
    dtype : float32 to train with, float64 to check gradients with

    Returns
    -------
    split : Split, D = 64

    References
    ----------
    Alpaydin and Kaynak 1998, "Optical recognition of handwritten digits", UCI Machine Learning Repository.
    """
    x, y = _digits()
    if not 0 < train < len(x):
        raise ValueError(f"train must be 1 to {len(x) - 1}, so that some of {len(x)} digits are held out, not {train}")
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = (x[order] / 16).astype(dtype), y[order].astype(np.int64)
    return Split(x[:train], y[:train], x[train:], y[train:])


@cache
def _digits():
    """All pixels, 0 ... 16, and classes, read from the file in scikit-learn, whose import takes two seconds."""
    file = digits_file()
    if file.exists():
        with gzip.open(file, "rt") as lines:
            table = np.loadtxt(lines, delimiter=",")
        return table[:, :-1], table[:, -1]
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


def digits_file():
    """Where the digits are: beside this module in a copy that comes without scikit-learn, else in scikit-learn."""
    package = find_spec("sklearn")
    if OWN_DIGITS.exists() or not package:
        return OWN_DIGITS
    return Path(package.origin).parent / "datasets" / "data" / OWN_DIGITS.name


def mnist(dtype=np.float32):
    """The 70,000 images of MNIST, 28 x 28 pixels: 60,000 to train on, 10,000 held out.

    Looked for in this order: the file that the environment variable DROPOUT_LAB_MNIST names; `mnist.npz` in
    `data_folder()`; OpenML, through scikit-learn. The last needs the internet once, is compared with a checksum of
    the pixels and labels, and is kept in `data_folder()`. A file has the layout of Keras's mnist.npz.

    Parameters
    ----------
    dtype : float32 to train with, float64 to check gradients with

    Returns
    -------
    split : Split, D = 784

    Raises
    ------
    MnistUnavailable
        If it is in none of these places, or a file is not what it should be.
    """
    file = _mnist_file()
    arrays = _read(file) if file.exists() else _from_openml(file)
    x = {name: arrays[name].reshape(len(arrays[name]), -1).astype(dtype) for name in ("x_train", "x_test")}
    for pixels in x.values():
        pixels /= 255
    return Split(x["x_train"], arrays["y_train"].astype(np.int64), x["x_test"], arrays["y_test"].astype(np.int64))


def data_folder():
    """Where this user's data of the course are kept, by the custom of the operating system."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "dropout-lab"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "dropout-lab"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "dropout-lab"


def fingerprint(arrays):
    """SHA-256 over the bytes of x_train, x_test, y_train, y_test as uint8: the same images give the same text."""
    digest = hashlib.sha256()
    for name in ("x_train", "x_test", "y_train", "y_test"):
        digest.update(np.ascontiguousarray(arrays[name], dtype=np.uint8))
    return digest.hexdigest()


def _mnist_file():
    named = os.environ.get("DROPOUT_LAB_MNIST")
    if not named:
        return data_folder() / "mnist.npz"
    file = Path(named).expanduser()
    if not file.is_file():
        raise MnistUnavailable(
            f"DROPOUT_LAB_MNIST names {file}, and there is no such file."
            " Correct it, or unset it to have MNIST fetched from OpenML."
        )
    return file


def _read(file):
    """The four arrays of an npz file, in Keras's layout."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in PARTS}
    except Exception as error:  # noqa: BLE001 - a damaged archive raises any of a dozen kinds
        raise MnistUnavailable(
            f"{file} could not be read ({type(error).__name__}: {error})."
            f" It should be Keras's mnist.npz, with {', '.join(PARTS)}."
        ) from None
    for part in ("train", "test"):
        x, y = arrays[f"x_{part}"], arrays[f"y_{part}"]
        if x.dtype != np.uint8 or x.shape != (len(y), 28, 28) or y.ndim != 1:
            raise MnistUnavailable(
                f"{file} is not in the layout of Keras's mnist.npz: x_{part} should be uint8"
                f" (N, 28, 28) with y_{part} (N,), not {x.dtype} {x.shape} with {y.shape}."
            )
    return arrays


def _from_openml(file):
    """The four arrays from OpenML, compared with the checksum and kept in file."""
    try:
        from sklearn.datasets import fetch_openml, get_data_home

        with _watching(Path(get_data_home()) / "openml", "MNIST from OpenML"):
            x, y = fetch_openml("mnist_784", version=1, return_X_y=True, as_frame=False, parser="liac-arff")
    except Exception as error:  # noqa: BLE001 - no network, no such host, a refusal, a cut connection, a damaged cache
        raise MnistUnavailable(
            f"MNIST is not on this computer, and OpenML did not give it ({type(error).__name__}: {error})."
            f" Two ways: put Keras's mnist.npz at {file}, or anywhere and name it in the environment variable"
            " DROPOUT_LAB_MNIST; or connect to the internet and try again."
        ) from None
    x, y = x.astype(np.uint8).reshape(-1, 28, 28), y.astype(np.uint8)
    arrays = dict(zip(PARTS, (x[:MNIST_TRAIN], y[:MNIST_TRAIN], x[MNIST_TRAIN:], y[MNIST_TRAIN:]), strict=True))
    if fingerprint(arrays) != MNIST_SHA256:
        raise MnistUnavailable(
            f"OpenML gave {len(x)} images, but not those of MNIST in their order: the checksum"
            f" differs. Put Keras's mnist.npz at {file} instead, or name it in DROPOUT_LAB_MNIST."
        )
    _keep(file, arrays)
    return arrays


def _keep(file, arrays):
    """Write the arrays for next time. A folder that cannot be written costs only that."""
    with suppress(OSError), writing(file) as stream:
        np.savez_compressed(stream, **arrays)


@contextmanager
def _watching(folder, description, every=0.25):
    """A bar that shows how many bytes have arrived in folder since the start."""
    done, start = threading.Event(), _bytes_in(folder)

    def watch(advance):
        seen = start
        while not done.wait(every):
            now = max(seen, _bytes_in(folder))
            advance(now - seen, "reading the table" if now == seen > start else "")
            seen = now

    with bar(description, unit="B") as advance:
        watcher = threading.Thread(target=watch, args=(advance,), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()


def _bytes_in(folder):
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:  # moved or removed since it was listed
            continue
    return total
