"""The full run on MNIST, here on small images: it can be stopped and resumed, and runs on either code alike."""

import json
import subprocess
import sys

import numpy as np
import pytest

from conftest import ROOT
from dropout_lab.lab.data import Split
from dropout_lab.lab.fast.in_numpy import MLP
from dropout_lab.lab.fast.in_your_functions import YourMLP
from dropout_lab.lab.mnist import paper

SMALL = paper.Setting(p=(0.2, 0.5), limit=1.2, lr=0.05, rising=2, epochs=4, batch=32, hidden=(24, 16))
FULL = dict(paper.CONFIGS)


@pytest.fixture(autouse=True)
def small_setting(monkeypatch):
    monkeypatch.setitem(paper.CONFIGS, "max-norm", SMALL)
    monkeypatch.setitem(paper.CONFIGS, "plain", paper.replace(SMALL, p=(0.0, 0.0), limit=None))


@pytest.fixture(scope="module")
def data():
    """300 images of 20 pixels in 5 classes, and 100 held out; the last batch of an epoch is short."""
    rng = np.random.default_rng(0)
    centres, y = rng.random((5, 20)), rng.integers(0, 5, 400)
    x = (centres[y] + 0.15 * rng.standard_normal((400, 20))).astype(np.float32)
    return Split(x[:300], y[:300], x[300:], y[300:])


def timeless(record):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in record["curve"]]


def test_a_run_learns_and_writes_what_it_returns(data, tmp_path):
    record = paper.run("plain", 0, tmp_path, data)
    assert [row["epoch"] for row in record["curve"]] == [1, 2, 3, 4]
    assert paper.error(record) < 40  # chance: 80
    assert paper.load(tmp_path) == [record]
    assert record["images"] == [300, 100]
    assert "numpy" in record["machine"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["plain-0.json", "plain-0.npz"]


@pytest.mark.parametrize("network", [MLP, YourMLP])
def test_a_stopped_run_goes_on_to_the_same_result(data, tmp_path, network, monkeypatch):
    whole = paper.run("max-norm", 1, tmp_path / "whole", data, network=network)
    epoch = paper._epoch

    def stopped(net, x, y, setting, seed, number):
        if number == 2:
            net.step(x[:32], y[:32], 0.1, 0.9)  # in the middle of an epoch
            raise KeyboardInterrupt
        return epoch(net, x, y, setting, seed, number)

    monkeypatch.setattr(paper, "_epoch", stopped)
    with pytest.raises(KeyboardInterrupt):
        paper.run("max-norm", 1, tmp_path / "stopped", data, network=network)
    assert len(paper.load(tmp_path / "stopped")[0]["curve"]) == 2
    monkeypatch.setattr(paper, "_epoch", epoch)
    assert timeless(paper.run("max-norm", 1, tmp_path / "stopped", data, network=network)) == timeless(whole)


def test_a_finished_run_is_not_run_again(data, tmp_path, monkeypatch):
    first = paper.run("plain", 0, tmp_path, data)
    monkeypatch.setattr(paper, "_epoch", None)
    assert paper.run("plain", 0, tmp_path, data)["curve"] == first["curve"]


def test_a_run_with_other_settings_is_not_mixed_in(data, tmp_path):
    paper.run("plain", 0, tmp_path, data, epochs=1)
    with pytest.raises(ValueError, match="another setting"):
        paper.run("plain", 0, tmp_path, data, epochs=2)
    with pytest.raises(ValueError, match="another held out"):
        paper.run("plain", 0, tmp_path, data, epochs=1, validate=True)


@pytest.mark.parametrize("config", ["plain", "max-norm"])
def test_the_fast_step_and_your_functions_give_the_same_curve(data, tmp_path, config):
    """Forty steps in float32: losses to rounding, errors to the image or two that lie on the border."""
    fast, yours = (paper.run(config, 2, tmp_path / net.__name__, data, network=net)["curve"] for net in (MLP, YourMLP))
    for a, b in zip(fast, yours, strict=True):
        assert a["train_loss"] == pytest.approx(b["train_loss"], abs=1e-4)
        assert a["held_loss"] == pytest.approx(b["held_loss"], abs=1e-4)
        assert abs(a["errors"] - b["errors"]) <= 2


def test_validation_never_sees_the_test_images(data, tmp_path):
    unusable = Split(data.x_train, data.y_train, data.x_test * np.nan, data.y_test)
    record = paper.run("plain", 0, tmp_path, unusable, epochs=1, validate=True)
    assert record["images"] == [150, 150]
    assert np.isfinite(record["curve"][0]["held_loss"])


def test_seeds_give_other_runs_and_the_same_seed_the_same_run(data, tmp_path):
    named = (0, "a"), (0, "b"), (1, "c")
    a, b, c = (timeless(paper.run("max-norm", seed, tmp_path / name, data, epochs=1)) for seed, name in named)
    assert a == b != c


def test_the_table_reports_mean_and_standard_error():
    def record(config, seed, errors):
        return {"config": config, "seed": seed, "images": [60000, 10000], "curve": [{"errors": errors}]}

    runs = ("plain", 0, 140), ("plain", 1, 160), ("max-norm", 0, 100), ("max-norm", 1, 104)
    text = paper.table([record(*run) for run in runs])
    assert "1.500       0.100" in text
    assert "1.020       0.020  +0.480 (-0.536 to +1.496)" in text


def test_days_grow_with_the_weights_and_are_unknown_without_runs():
    assert paper.weights((8192, 8192)) == 784 * 8192 + 8192**2 + 81920
    run = {"images": [1280, 100], "setting": {"batch": 128, "hidden": [1024, 1024]}, "curve": [{"seconds": 864.0}]}
    assert paper.days([run], (1024, 1024), 1000) == "about 1"  # 86.4 s for an update
    assert paper.days([], (8192, 8192), 10).startswith("unknown")


def test_the_command_runs_configurations_side_by_side(tmp_path):
    rng = np.random.default_rng(0)
    images = {f"x_{part}": rng.integers(0, 256, (n, 28, 28), np.uint8) for part, n in (("train", 256), ("test", 64))}
    labels = {f"y_{part}": np.arange(n, dtype=np.uint8) % 10 for part, n in (("train", 256), ("test", 64))}
    np.savez(tmp_path / "mnist.npz", **images, **labels)
    command = [
        sys.executable,
        "-m",
        "dropout_lab",
        "paper",
        "--config=plain",
        "--config=max-norm",
        "--seeds=3",
        "--epochs=1",
        "--processes=2",
        f"--out={tmp_path / 'out'}",
    ]
    environment = {**paper.os.environ, "DROPOUT_LAB_MNIST": str(tmp_path / "mnist.npz")}
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT / "solutions",
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("      1       1") == 2  # seeds, epochs
    records = [json.loads(file.read_text()) for file in sorted((tmp_path / "out").glob("*.json"))]
    assert [(r["config"], r["seed"], len(r["curve"])) for r in records] == [("max-norm", 3, 1), ("plain", 3, 1)]


def test_the_committed_runs_are_whole_and_of_the_settings_in_the_code():
    records = paper.load()
    if not records:
        pytest.skip("no full run is committed yet")
    for record in records:
        setting = json.loads(json.dumps(paper.asdict(FULL[record["config"]])))
        assert record["setting"] == setting
        assert record["held_out"] == "test"
        assert record["images"] == [60_000, 10_000]
        assert [row["epoch"] for row in record["curve"]] == list(range(1, setting["epochs"] + 1))
