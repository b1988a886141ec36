"""The data: digits from scikit-learn, MNIST from a file or from OpenML. No test here may use a network."""

import gzip
import hashlib
import json
import os
import socket

import numpy as np
import pytest

from dropout_lab.lab import data
from dropout_lab.lab.data import MnistUnavailable, digits, fingerprint, mnist

TRAIN, TEST = 20, 10


@pytest.fixture(autouse=True)
def nothing_of_this_user(monkeypatch, tmp_path):
    """No file of the user's, no network."""
    monkeypatch.delenv("DROPOUT_LAB_MNIST", raising=False)
    monkeypatch.setenv("SCIKIT_LEARN_DATA", str(tmp_path / "sklearn"))
    monkeypatch.setattr(data, "data_folder", lambda: tmp_path / "data")

    def refuse(*args, **kwargs):
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def arrays():
    """Made-up images in Keras's layout."""
    rng = np.random.default_rng(0)
    sizes = {"train": TRAIN, "test": TEST}
    x = {f"x_{part}": rng.integers(0, 256, (n, 28, 28), dtype=np.uint8) for part, n in sizes.items()}
    return x | {f"y_{part}": (np.arange(n) % 10).astype(np.uint8) for part, n in sizes.items()}


@pytest.fixture
def openml(tmp_path, arrays, monkeypatch):
    """scikit-learn's cache, prepared with those images as OpenML would send them."""
    monkeypatch.setattr(data, "MNIST_TRAIN", TRAIN)
    monkeypatch.setattr(data, "MNIST_SHA256", fingerprint(arrays))
    pixels = np.concatenate([arrays["x_train"], arrays["x_test"]]).reshape(TRAIN + TEST, 784)
    labels = np.concatenate([arrays["y_train"], arrays["y_test"]])
    names = [f"pixel{i}" for i in range(1, 785)]
    header = "\n".join(
        [
            "@RELATION mnist_784",
            *(f"@ATTRIBUTE {name} REAL" for name in names),
            "@ATTRIBUTE class {0,1,2,3,4,5,6,7,8,9}",
            "@DATA",
        ]
    )
    table = "\n".join(",".join(map(str, [*row, label])) for row, label in zip(pixels, labels, strict=True))
    text = f"{header}\n{table}\n".encode()
    feature = {
        "data_type": "numeric",
        "is_target": "false",
        "is_ignore": "false",
        "is_row_identifier": "false",
        "number_of_missing_values": "0",
    }
    features = [feature | {"index": str(i), "name": name} for i, name in enumerate(names)]
    features.append(
        feature
        | {
            "index": "784",
            "name": "class",
            "data_type": "nominal",
            "is_target": "true",
            "nominal_value": list("0123456789"),
        }
    )
    listed = {"did": 554, "name": "mnist_784", "version": 1, "status": "active", "format": "ARFF"}
    description = {
        "id": "554",
        "name": "mnist_784",
        "version": "1",
        "format": "ARFF",
        "status": "active",
        "url": "https://api.openml.org/data/v1/download/52667/mnist_784.arff",
        "file_id": "52667",
        "default_target_attribute": "class",
        "md5_checksum": hashlib.md5(text, usedforsecurity=False).hexdigest(),
    }
    answers = {
        "api/v1/json/data/list/data_name/mnist_784/limit/2/data_version/1": {"data": {"dataset": [listed]}},
        "api/v1/json/data/554": {"data_set_description": description},
        "api/v1/json/data/features/554": {"data_features": {"feature": features}},
        "api/v1/json/data/qualities/554": {"data_qualities": {"quality": [{"name": "Rows", "value": "30"}]}},
    }
    cache = tmp_path / "sklearn" / "openml" / "openml.org"
    for path, answer in answers.items():
        _write(cache / f"{path}.gz", json.dumps(answer).encode())
    _write(cache / "data/v1/download/52667/mnist_784.arff.gz", text)
    return cache


def _write(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(file, "wb") as stream:
        stream.write(content)


def same_images(split, arrays):
    scaled = [
        np.allclose(split.x_train * 255, arrays["x_train"].reshape(TRAIN, 784), atol=1e-3),
        np.allclose(split.x_test * 255, arrays["x_test"].reshape(TEST, 784), atol=1e-3),
    ]
    return all(scaled) and (split.y_train == arrays["y_train"]).all() and (split.y_test == arrays["y_test"]).all()


# ---- digits ----


def test_digits_are_pixels_from_0_to_1_in_rows_with_their_classes():
    split = digits()
    assert split.x_train.shape == (1000, 64)
    assert split.x_test.shape == (797, 64)
    assert split.x_train.min() == 0
    assert split.x_train.max() == 1
    assert split.x_train.dtype == np.float32
    assert set(split.y_train) == set(range(10))
    assert split.sizes == (64, 10)


def test_a_seed_fixes_the_split_and_another_seed_changes_it():
    assert (digits(seed=3).x_test == digits(seed=3).x_test).all()
    assert (digits(seed=3).y_test != digits(seed=4).y_test).any()


def test_every_image_is_either_trained_on_or_held_out():
    from sklearn.datasets import load_digits

    split = digits(train=1200, seed=5, dtype=np.float64)
    together = np.concatenate([split.x_train, split.x_test]) * 16
    assert sorted(map(tuple, together)) == sorted(map(tuple, load_digits().data))


def test_fewer_training_images_are_the_first_ones_and_the_held_out_images_stay():
    split, small = digits(), digits().first(100)
    assert (small.x_train == split.x_train[:100]).all()
    assert (small.x_test == split.x_test).all()


@pytest.mark.parametrize("train", [0, 1797, -1])
def test_a_split_that_holds_nothing_out_is_refused(train):
    with pytest.raises(ValueError, match="1 to 1796"):
        digits(train=train)
    with pytest.raises(ValueError, match="1000 training images"):
        digits().first(1001)


# ---- MNIST from a file ----


def test_mnist_is_read_from_the_file_that_the_variable_names(arrays, tmp_path, monkeypatch):
    np.savez(tmp_path / "elsewhere.npz", **arrays)
    monkeypatch.setenv("DROPOUT_LAB_MNIST", str(tmp_path / "elsewhere.npz"))
    split = mnist()
    assert same_images(split, arrays)
    assert split.x_train.dtype == np.float32
    assert split.y_train.dtype == np.int64


def test_mnist_is_read_from_the_users_data_folder(arrays, tmp_path):
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "mnist.npz", **arrays)
    split = mnist(dtype=np.float64)
    assert same_images(split, arrays)
    assert split.x_test.dtype == np.float64


def test_a_variable_that_names_no_file_is_said_and_nothing_else_is_tried(monkeypatch, openml):
    monkeypatch.setenv("DROPOUT_LAB_MNIST", "/nowhere/mnist.npz")
    with pytest.raises(MnistUnavailable, match=r"/nowhere/mnist\.npz, and there is no such file"):
        mnist()


def test_a_damaged_file_is_named(tmp_path, monkeypatch):
    (tmp_path / "mnist.npz").write_bytes(b"PK\x03\x04 and then nothing")
    monkeypatch.setenv("DROPOUT_LAB_MNIST", str(tmp_path / "mnist.npz"))
    with pytest.raises(MnistUnavailable, match=r"mnist\.npz could not be read"):
        mnist()


@pytest.mark.parametrize(
    "change",
    [
        lambda a: a.pop("y_test"),
        lambda a: a.update(x_train=a["x_train"].reshape(TRAIN, 784)),
        lambda a: a.update(x_test=a["x_test"] / 255),
        lambda a: a.update(y_train=a["y_train"][:-1]),
    ],
    ids=["a part is missing", "flat", "already scaled", "a label is missing"],
)
def test_a_file_of_another_layout_is_refused_in_a_sentence(arrays, tmp_path, monkeypatch, change):
    change(arrays)
    np.savez(tmp_path / "mnist.npz", **arrays)
    monkeypatch.setenv("DROPOUT_LAB_MNIST", str(tmp_path / "mnist.npz"))
    with pytest.raises(MnistUnavailable, match=r"Keras's mnist\.npz"):
        mnist()


@pytest.mark.parametrize(("platform", "variable"), [("win32", "LOCALAPPDATA"), ("linux", "XDG_DATA_HOME")])
def test_the_data_folder_follows_the_custom_of_the_system(platform, variable, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(data.sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert data.data_folder() == tmp_path / "dropout-lab"
    monkeypatch.delenv(variable)
    assert data.data_folder().is_relative_to(data.Path.home())


# ---- MNIST from OpenML ----


def test_mnist_comes_from_openml_in_its_order_and_is_kept(openml, arrays, tmp_path, monkeypatch):
    assert same_images(mnist(), arrays)
    monkeypatch.setattr(data, "_from_openml", None)
    assert (tmp_path / "data" / "mnist.npz").exists()
    assert same_images(mnist(), arrays)


def test_a_folder_that_cannot_be_written_costs_only_the_copy(openml, arrays, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(NotADirectoryError):
        (tmp_path / "data" / "x").stat()
    assert same_images(mnist(), arrays)


def test_other_pixels_than_mnists_are_refused(openml, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "MNIST_SHA256", "0" * 64)
    with pytest.raises(MnistUnavailable, match="30 images, but not those of MNIST"):
        mnist()
    assert not (tmp_path / "data" / "mnist.npz").exists()


@pytest.mark.filterwarnings("ignore:A network error occurred")
def test_without_a_network_both_ways_are_named(openml, tmp_path, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)  # scikit-learn waits and tries again
    os.remove(openml / "api/v1/json/data/554.gz")
    with pytest.raises(MnistUnavailable, match=r"DROPOUT_LAB_MNIST; or connect to the internet") as caught:
        mnist()
    assert str(tmp_path / "data" / "mnist.npz") in str(caught.value)


@pytest.mark.filterwarnings("ignore:A network error occurred", "ignore:Invalid cache")
def test_a_damaged_cache_is_not_taken_for_mnist(openml, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    file = openml / "data/v1/download/52667/mnist_784.arff.gz"
    with gzip.open(file) as stream:
        text = stream.read()
    _write(file, text.replace(b",255,", b",254,"))
    with pytest.raises(MnistUnavailable, match="OpenML did not give it"):
        mnist()


def test_the_bar_counts_the_bytes_that_arrive(tmp_path, monkeypatch):
    moved = []

    class Bar:
        def __enter__(self):
            return lambda n, note="": moved.append(n)

        def __exit__(self, *exc):
            return False

    (tmp_path / "before").write_bytes(b"x" * 1000)
    monkeypatch.setattr(data, "bar", lambda *args, **kwargs: Bar())
    with data._watching(tmp_path, "", every=0.01):
        (tmp_path / "part").write_bytes(b"x" * 5000)
        for _ in range(500):  # up to 5 s on a busy machine, else a few milliseconds
            if sum(moved) == 5000:
                break
            data.threading.Event().wait(0.01)
    assert sum(moved) == 5000


KERAS = os.environ.get("DROPOUT_LAB_MNIST", "")


@pytest.mark.skipif(not os.path.isfile(KERAS), reason="needs Keras's mnist.npz, named by DROPOUT_LAB_MNIST")
def test_the_checksum_is_that_of_keras_mnist(monkeypatch):
    with np.load(KERAS) as arrays:
        assert fingerprint(arrays) == data.MNIST_SHA256
    monkeypatch.setenv("DROPOUT_LAB_MNIST", KERAS)
    assert np.bincount(mnist().y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_the_digits_are_those_that_scikit_learn_loads():
    from sklearn.datasets import load_digits

    for ours, theirs in zip(data._digits(), load_digits(return_X_y=True), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_split_says_what_it_holds():
    split = digits(train=300)
    assert repr(split) == "300 training and 1497 held-out images of 64 pixels, float32"
