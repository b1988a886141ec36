"""Experiments: training, sweeping, comparing. Everything random comes from seeds, so each of these gives one answer."""

import io
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import nbformat
import numpy as np
import pytest

from dropout_lab import network
from dropout_lab.instructor.publishing.execute import execute
from dropout_lab.lab import experiments, progress
from dropout_lab.lab.data import Split, digits
from dropout_lab.lab.experiments import (
    Rows,
    accuracy,
    evaluate,
    fit,
    grid,
    paired_difference,
    student_t,
    sweep,
    train_digits,
)

SHORT = {"epochs": 2, "hidden": 32, "train": 200}


@pytest.fixture(scope="module")
def data():
    return digits(train=300)


def start(hidden=32):
    return network.init_params([64, hidden, 10], np.random.default_rng(0))


def short_fit(data, **options):
    return fit(start(), data, **{"epochs": 3, "rng": np.random.default_rng(1)} | options)


def same(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


# ---- fit ----


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
        return experiments.student_step(params, velocity, x, y, p, lr, momentum, rng)

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
        return experiments.student_step(*args)

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
        patch.setattr(experiments, "evaluate", evaluate_that_interrupts)
        params, history = short_fit(data, epochs=6)
    assert history["epoch"].tolist() == [1, 2]
    assert same(params, short_fit(data, epochs=2)[0])
    with monkeypatch.context() as patch:
        patch.setattr(experiments, "bar", bar_that_interrupts)
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
    monkeypatch.setattr(experiments.training, "sgd_momentum", lambda params, *rest: (params, {}))
    params, _ = short_fit(data)
    assert same(params, {name: array.astype(np.float32) for name, array in start().items()})


# ---- sweep ----


def test_the_number_of_workers_changes_no_bit():
    settings = grid(p=[0.0, 0.5], **{name: [value] for name, value in SHORT.items()})
    alone = sweep(train_digits, settings, [0, 1], workers=1)
    assert sweep(train_digits, settings, [0, 1], workers=2) == alone
    with ThreadPoolExecutor(3) as threads:
        assert sweep(train_digits, settings, [0, 1], executor=threads) == alone
    assert [(row["p"], row["seed"]) for row in alone] == [(0.0, 0), (0.0, 1), (0.5, 0), (0.5, 1)]
    assert len(set(alone.column("test_loss"))) == 4


class OneAfterTheOther:
    """An executor with `submit` alone, as little as any scheduler has."""

    def submit(self, function, *args):
        future = Future()
        try:
            future.set_result(function(*args))
        except BaseException as error:  # noqa: BLE001 - as executors do
            future.set_exception(error)
        return future


def run_that_stops_at_three(seed, p):
    if seed == 3:
        raise KeyboardInterrupt
    return {"twice": 2 * seed}


def run_that_is_blank(seed):
    raise NotImplementedError("`mlp_forward` is still blank. Lesson 03, exercise 3.5: dropout_lab/network.py")


def run_that_fails(seed):
    raise ZeroDivisionError("in the run")


def run_that_reports(seed):
    return {name: os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "DROPOUT_LAB_PROGRESS")} | {
        "path": experiments.layers.__file__,
        "pid": os.getpid(),
    }


def run_that_sleeps(seed):
    if seed:
        time.sleep(600)  # longer than a test may take
    return {"done": 1}


def test_an_interrupted_sweep_keeps_the_finished_rows(capsys):
    rows = sweep(run_that_stops_at_three, grid(p=[0]), range(6), executor=OneAfterTheOther())
    assert rows.interrupted
    assert 3 not in rows.column("seed")
    assert all(row["twice"] == 2 * row["seed"] for row in rows)
    assert "Stopped by hand; kept:" in capsys.readouterr().out


def test_what_a_run_raises_is_raised():
    with pytest.raises(ZeroDivisionError, match="in the run"):
        sweep(run_that_fails, [{}], [0], executor=OneAfterTheOther())
    with pytest.raises(NotImplementedError, match=r"`mlp_forward` is still blank.*network\.py"):
        sweep(run_that_is_blank, [{}], [0], executor=OneAfterTheOther())


def test_a_function_of_a_notebook_cell_is_refused_with_the_way_out():
    def run(seed):
        return {}

    run.__module__ = "__main__"
    with pytest.raises(ValueError, match="put it in a module"):
        sweep(run, [{}], [0])


def test_workers_find_the_same_modules_as_their_parent(root, tmp_path, student_env):
    code = (
        "import sys, dropout_lab.layers as here\n"
        "from dropout_lab.lab.experiments import sweep\n"
        "from runs import report\n"
        "if __name__ == '__main__':\n"
        "    row, = sweep(report, [{}], [0], workers=1)\n"
        "    print(row['path'] == here.__file__, here.__file__)\n"
    )
    (tmp_path / "runs.py").write_text(
        "import dropout_lab.layers\ndef report(seed):\n    return {'path': dropout_lab.layers.__file__}\n"
    )
    (tmp_path / "main.py").write_text(code)
    for path, expected in ((root / "solutions", root / "solutions"), (root, root)):
        env = student_env | {"PYTHONPATH": os.pathsep.join([str(path), str(tmp_path)])}
        command = [sys.executable, tmp_path / "main.py"]
        out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
        assert out.split() == ["True", str(expected / "dropout_lab" / "layers.py")]


def test_a_worker_with_another_implementation_is_refused():
    with pytest.raises(RuntimeError, match="not the one that started the sweep"):
        experiments._task(run_that_fails, {}, 0, ("another process", "another digest"))


def test_runs_share_the_machine_and_the_environment_is_put_back(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "7")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    (row,) = sweep(run_that_reports, [{}], [0], workers=1)
    assert (row["OPENBLAS_NUM_THREADS"], row["DROPOUT_LAB_PROGRESS"]) == ("1", "off")
    assert row["pid"] != os.getpid()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "7"
    assert "OMP_NUM_THREADS" not in os.environ


def test_the_next_sweep_has_the_same_processes_unless_a_file_was_saved(monkeypatch):
    first, second = (sweep(run_that_reports, [{}], [0], workers=1)[0]["pid"] for _ in range(2))
    digest = experiments.implementation()
    monkeypatch.setattr(experiments, "implementation", lambda: digest + " saved")
    with pytest.raises(RuntimeError, match="save your files"):  # fresh ones, which find the old files here
        sweep(run_that_reports, [{}], [0], workers=1)
    monkeypatch.undo()
    assert first == second != sweep(run_that_reports, [{}], [0], workers=1)[0]["pid"]


def test_a_run_that_raises_leaves_no_process_behind():
    before = set(multiprocessing.active_children())
    with pytest.raises(ZeroDivisionError, match="in the run"):
        sweep(run_that_fails, [{}], [0], workers=1)
    for child in set(multiprocessing.active_children()) - before:
        child.join(30)
        assert not child.is_alive()


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_workers_end_with_a_parent_that_is_killed(root, student_env):
    code = (
        "import os, signal, sys\n"
        "from dropout_lab.lab.experiments import sweep\n"
        "from test_experiments import run_that_reports\n"
        "if __name__ == '__main__':\n"
        "    print(sweep(run_that_reports, [{}], [0], workers=1)[0]['pid'], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = student_env | {"PYTHONPATH": os.pathsep.join([str(root / "solutions"), str(root / "tests" / "lab")])}
    # the worker inherits the pipe: it is at its end when the last process that could write to it has ended
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert int(done.stdout)


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal to itself")
def test_stopping_by_hand_does_not_wait_for_the_runs_under_way(monkeypatch):
    @contextmanager
    def bar_that_interrupts(*args):
        yield lambda n: os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(experiments, "bar", bar_that_interrupts)
    rows = sweep(run_that_sleeps, [{}], [0, 1], workers=2)
    assert rows.interrupted
    assert rows.column("seed").tolist() == [0]
    for child in multiprocessing.active_children():
        child.join(30)
        assert not child.is_alive()


def test_rows_select_and_pair_by_seed():
    rows = Rows({"p": p, "seed": s, "e": 10 * p + s} for p in (0, 1) for s in (3, 1, 2) if (p, s) != (1, 1))
    assert rows.where(p=1).column("e").tolist() == [13, 12]
    assert rows.values("seed") == [3, 1, 2]
    a, b = rows.pairs("e", {"p": 1}, {"p": 0})
    assert (a - b).tolist() == [10, 10]
    assert rows.to_rows() == list(rows)
    assert type(rows.to_rows()) is list


def test_wrong_labels_are_the_asked_share_and_only_among_the_training_images(monkeypatch):
    seen = []
    monkeypatch.setattr(experiments, "fit", lambda params, data, **options: seen.append(data) or (params, None))
    for noise in (0.0, 0.5):
        with pytest.raises(AttributeError):
            train_digits(0, noise=noise)
    clean, noisy = seen
    n, share = 1000, 0.5 * 0.9  # a random class is the right one in a tenth of the cases
    bound = 6.5 * math.sqrt(share * (1 - share) / n)  # false alarm < 1e-10; and the seed is fixed
    assert abs((clean.y_train != noisy.y_train).mean() - share) < bound
    assert (clean.y_test == noisy.y_test).all()
    assert (clean.x_train == noisy.x_train).all()


# ---- comparing ----


@pytest.mark.parametrize(
    ("degrees", "level", "table"),
    [(1, 0.95, 12.706), (4, 0.99, 4.604), (7, 0.95, 2.365), (15, 0.95, 2.131), (30, 0.9, 1.697), (1000, 0.95, 1.962)],
)
def test_critical_values_are_those_of_the_tables(degrees, level, table):
    assert round(student_t(degrees, level), 3) == table


def test_a_paired_difference_by_hand():
    d = paired_difference([5, 6, 9], [4, 4, 6])  # differences 1, 2, 3: mean 2, sd 1, t(2) = 4.303
    assert (d.mean, d.wins, d.n) == (2, 3, 3)
    assert round(d.low, 3) == round(2 - 4.3027 / math.sqrt(3), 3)
    assert round(d.low + d.high, 9) == 4


def test_the_interval_holds_the_truth_as_often_as_it_says():
    rng, n = np.random.default_rng(0), 4000
    held = [d.low < 0 < d.high for d in (paired_difference(*rng.normal(size=(2, 5))) for _ in range(n))]
    assert abs(np.mean(held) - 0.95) < 6.5 * math.sqrt(0.95 * 0.05 / n)  # false alarm < 1e-10


def test_a_single_pair_or_unequal_lists_are_refused():
    for a, b in (([1], [2]), ([1, 2], [1, 2, 3])):
        with pytest.raises(ValueError, match="at least 2 pairs"):
            paired_difference(a, b)


# ---- progress ----


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_and_a_pipe_nothing(monkeypatch):
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert list(progress.track(range(3), "counting")) == [0, 1, 2]
        assert ("counting" in stream.getvalue()) == seen


def test_a_bar_is_off_where_it_is_told_so_and_where_tqdm_is_missing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("DROPOUT_LAB_PROGRESS", "off")
    assert list(progress.track(iter("ab"), "counting")) == ["a", "b"]
    monkeypatch.delenv("DROPOUT_LAB_PROGRESS")
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert list(progress.track(iter("ab"), "counting")) == ["a", "b"]
    assert sys.stderr.getvalue() == ""


def test_a_notebook_that_runs_by_itself_shows_no_bar(tmp_path):
    cell = "from dropout_lab.lab import progress\nprint(len(list(progress.track(range(3), 'x'))), progress.watched())"
    notebook = execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path)
    assert [output["text"] for output in notebook.cells[0].outputs] == ["3 False\n"]


def test_a_notebook_with_a_reader_shows_a_bar(tmp_path):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        outputs = []
        cell = "from dropout_lab.lab.progress import track\nfor _ in track(range(3), 'x'):\n    pass"
        client.execute_interactive(cell, allow_stdin=True, output_hook=outputs.append, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert any("application/vnd.jupyter.widget-view+json" in m["content"].get("data", {}) for m in outputs)
    assert not any(m["content"].get("name") == "stderr" for m in outputs)


def test_a_split_says_what_it_holds(data):
    assert repr(data) == "300 training and 1497 held-out images of 64 pixels, float32"
    assert isinstance(data, Split)


def test_a_dask_cluster_serves_the_same_call():
    distributed = pytest.importorskip("distributed")
    settings = grid(p=[0.0, 0.5], **{name: [value] for name, value in SHORT.items()})
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        rows = sweep(train_digits, settings, [0], executor=client.get_executor())
    assert rows == sweep(train_digits, settings, [0], workers=1)
