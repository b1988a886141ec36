"""One training, and one run of an experiment: everything random comes from a seed, so each gives one answer."""

import math
from contextlib import contextmanager

import numpy as np
import pytest

from dropout_lab import network
from dropout_lab.lab.data import digits
from dropout_lab.lab.experiments import fitting, runs
from dropout_lab.lab.experiments.fitting import accuracy, evaluate, fit
from dropout_lab.lab.experiments.runs import train_digits


@pytest.fixture(scope="module")
def data():
    return digits(train=300)


def start(hidden=32):
    return network.init_params([64, hidden, 10], np.random.default_rng(0))


def short_fit(data, **options):
    return fit(start(), data, **{"epochs": 3, "rng": np.random.default_rng(1)} | options)


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_training_lowers_the_loss_and_keeps_a_row_for_each_epoch(data):
    params, history = short_fit(data, epochs=8)
    assert history["epoch"].tolist() == list(range(1, 9))
    assert history["train_loss"][-1] < history["train_loss"][0] / 2
    loss, right = evaluate(params, data.x_test, data.y_test)
    assert (history.last["test_loss"], history.last["test_accuracy"]) == (loss, right)


def test_training_is_in_the_dtype_of_the_pixels_and_leaves_its_start_alone(data):
    params, before = start(), start()
    trained, _ = fit(params, data, epochs=1, rng=np.random.default_rng(1), p=0.5)
    assert {array.dtype for array in trained.values()} == {np.dtype(np.float32)}
    assert same(params, before)
    assert {array.dtype for array in params.values()} == {np.dtype(np.float64)}


def test_a_seed_repeats_a_training_to_the_bit(data):
    assert same(short_fit(data, p=0.5)[0], short_fit(data, p=0.5)[0])


def test_another_rate_leaves_the_batches_as_they_are(data):
    seen = {}

    def record(params, velocity, x, y, p, lr, momentum, rng):
        seen.setdefault(p, []).append(y.copy())
        return fitting.student_step(params, velocity, x, y, p, lr, momentum, rng)

    for p in (0.0, 0.5):
        short_fit(data, p=p, step=record)
    assert all(np.array_equal(a, b) for a, b in zip(seen[0.0], seen[0.5], strict=True))
    epoch = np.concatenate(seen[0.0][:5])
    assert len(seen[0.0]) == 15
    assert sorted(epoch) == sorted(data.y_train)


def test_a_rate_that_decays_ends_at_zero(data):
    rates = []

    def record(params, velocity, x, y, p, lr, momentum, rng):
        rates.append(lr)
        return params, velocity, 0.0

    short_fit(data, lr=0.3, decay=True, step=record)
    assert np.allclose(rates, 0.3 * (1 - np.arange(15) / 15))


def test_an_interruption_keeps_the_whole_epochs(data, capsys):
    steps = iter(range(100))

    def interrupted(*args):
        if next(steps) == 12:  # the third of five steps of the third epoch
            raise KeyboardInterrupt
        return fitting.student_step(*args)

    params, history = short_fit(data, epochs=6, step=interrupted)
    whole, _ = short_fit(data, epochs=2)
    assert history["epoch"].tolist() == [1, 2]
    assert same(params, whole)
    assert capsys.readouterr().out == "Stopped by hand; kept: 2 of 6 epochs.\n"


def test_an_interruption_while_the_bar_moves_keeps_history_and_parameters_together(data, monkeypatch):
    @contextmanager
    def bar_that_interrupts(*args):
        moves = iter(range(2))
        yield lambda n, note="": next(moves, None) is not None or _interrupt()

    def evaluate_that_interrupts(*args):
        if next(calls) == 5:  # the second evaluation of the third epoch
            raise KeyboardInterrupt
        return evaluate(*args)

    calls = iter(range(100))
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "evaluate", evaluate_that_interrupts)
        params, history = short_fit(data, epochs=6)
    assert history["epoch"].tolist() == [1, 2]
    assert same(params, short_fit(data, epochs=2)[0])
    with monkeypatch.context() as patch:
        patch.setattr(fitting, "bar", bar_that_interrupts)
        params, history = short_fit(data, epochs=6)
    assert history["epoch"].tolist() == [1, 2, 3]
    assert same(params, short_fit(data, epochs=3)[0])


def _interrupt():
    raise KeyboardInterrupt


def test_an_interruption_before_the_first_row_still_tells_where_it_stands(data):
    def interrupted(*args):
        raise KeyboardInterrupt

    params, history = short_fit(data, step=interrupted, watch=False)
    assert history.last["epoch"] == 0
    assert history.last["test_accuracy"] == accuracy(params, data.x_test, data.y_test)


def test_a_learning_rate_that_is_too_large_ends_in_a_sentence(data, capsys):
    params, history = short_fit(data, lr=1e38, epochs=5)
    assert "lr = 1e+38 is too large" in history.interrupted
    assert len(history) < 5
    assert all(np.isfinite(array).all() for array in params.values())
    assert capsys.readouterr().out.startswith("The loss became")


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"epochs": 1.5}, {"batch_size": 0}, {"batch_size": True}])
def test_a_count_that_is_none_is_refused(data, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be a whole number"):
        short_fit(data, **wrong)


def test_evaluating_in_pieces_is_evaluating_the_whole(data):
    whole = evaluate(start(), data.x_test, data.y_test, rows=10_000)
    pieces = evaluate(start(), data.x_test, data.y_test, rows=100)
    assert whole[1] == pieces[1]
    assert math.isclose(whole[0], pieces[0], rel_tol=1e-6)


def test_accuracy_is_the_share_of_largest_scores(data):
    pixels = np.eye(4, dtype=np.float32)
    params = {"W1": np.eye(4), "b1": np.zeros(4), "W2": np.eye(4), "b2": np.zeros(4)}
    assert accuracy(params, pixels, np.array([0, 1, 2, 0])) == 0.75


def test_functions_are_looked_up_when_they_are_called(data, monkeypatch):
    """A student's saved edit counts in the next call: nothing is kept from the first import."""
    monkeypatch.setattr(fitting.training, "sgd_momentum", lambda params, *rest: (params, {}))
    params, _ = short_fit(data)
    assert same(params, {name: array.astype(np.float32) for name, array in start().items()})


def test_wrong_labels_are_the_asked_share_and_only_among_the_training_images(monkeypatch):
    seen = []
    monkeypatch.setattr(runs, "fit", lambda params, data, **options: seen.append(data) or (params, None))
    for noise in (0.0, 0.5):
        with pytest.raises(AttributeError):
            train_digits(0, noise=noise)
    clean, noisy = seen
    n, share = 1000, 0.5 * 0.9  # a random class is the right one in a tenth of the cases
    bound = 6.5 * math.sqrt(share * (1 - share) / n)  # false alarm < 1e-10; and the seed is fixed
    assert abs((clean.y_train != noisy.y_train).mean() - share) < bound
    assert (clean.y_test == noisy.y_test).all()
    assert (clean.x_train == noisy.x_train).all()
