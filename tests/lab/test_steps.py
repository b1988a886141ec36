"""The switch: experiments on lab/fast and on the completed functions give the same results to rounding."""

import numpy as np
import pytest

from dropout_lab.lab.data import Split
from dropout_lab.lab.experiments.fitting import fit
from dropout_lab.lab.experiments.rows import grid
from dropout_lab.lab.experiments.runs import train_digits
from dropout_lab.lab.experiments.sweeps import sweep
from dropout_lab.lab.fast import step_choice
from dropout_lab.network import init_params

OPTIONS = {"epochs": 3, "lr": 0.1, "batch_size": 32, "decay": True}


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    centres, y = rng.random((4, 12)), rng.integers(0, 4, 300)
    x = (centres[y] + 0.2 * rng.standard_normal((300, 12))).astype(np.float32)
    return Split(x[:200], y[:200], x[200:], y[200:])


def trained(data, step, p, **options):
    params = init_params([12, 20, 4], np.random.default_rng(1))
    return fit(params, data, rng=np.random.default_rng(2), p=p, step=step, **(OPTIONS | options))


@pytest.mark.parametrize("p", [0.0, 0.5, (0.2, 0.5)])
def test_fit_gives_the_same_on_either_code(data, p):
    (fast, curve), (yours, own) = (trained(data, step, p) for step in ("fast", "yours"))
    for name in fast:
        np.testing.assert_allclose(fast[name], yours[name], rtol=0, atol=1e-4 * np.abs(yours[name]).max() + 1e-6)
    for column in ("train_loss", "test_loss"):
        np.testing.assert_allclose(curve[column], own[column], rtol=0, atol=1e-4)
    for column, images in (("train_accuracy", 200), ("test_accuracy", 100)):
        assert np.abs(curve[column] - own[column]).max() <= 2 / images  # one or two images on the border


def test_without_dropout_it_is_the_training_that_fit_does_by_itself(data):
    (fast, _), (student, _) = (trained(data, step, 0.0) for step in ("fast", None))
    np.testing.assert_allclose(fast["W1"], student["W1"], rtol=0, atol=1e-4)


def test_one_step_serves_several_trainings(data):
    step = step_choice.named("fast")
    first, second = (trained(data, step, 0.5)[0] for _ in range(2))
    assert np.array_equal(first["W1"], second["W1"])


def test_an_interrupted_training_keeps_the_last_whole_epoch(data, capsys):
    calls, seen = iter(range(100)), []

    class Interrupted(step_choice.FastStep):
        def __call__(self, *arguments):
            if next(calls) == 10:  # an epoch has seven steps
                raise KeyboardInterrupt
            return super().__call__(*arguments)

    stopped, history = trained(data, Interrupted(), 0.5)
    assert "kept: 1 of 3 epochs" in history.interrupted
    assert len(history) == 1
    assert "Stopped by hand" in capsys.readouterr().out

    class Remembering(step_choice.FastStep):
        def __call__(self, *arguments):
            result = super().__call__(*arguments)
            seen.append({name: array.copy() for name, array in result[0].items()})
            return result

    trained(data, Remembering(), 0.5)
    assert all(np.array_equal(stopped[name], seen[6][name]) for name in stopped)


def test_sweeps_run_on_it_and_their_rows_say_so():
    rows = sweep(train_digits, grid(step=["fast", "yours"], p=[0.5]), seeds=[0], executor=_Here())
    assert rows.column("step").tolist() == ["fast", "yours"]
    assert abs(rows[0]["test_loss"] - rows[1]["test_loss"]) < 1e-3


def test_an_unknown_step_is_named(data):
    with pytest.raises(ValueError, match='step must be "fast", "yours" or a function, not \'quick\''):
        trained(data, "quick", 0.0)


class _Here:
    """An executor that runs a task when it is submitted, with few epochs."""

    def submit(self, task, run, setting, seed, origin):
        from concurrent.futures import Future

        future = Future()
        future.set_result(task(run, {**setting, "epochs": 2, "hidden": 32}, seed, origin))
        return future
