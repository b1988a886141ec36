"""Many runs at once: the same rows whoever runs them, and nothing left behind when they end."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from dropout_lab import layers
from dropout_lab.lab.experiments import sweeps, workers
from dropout_lab.lab.experiments.rows import Rows, grid
from dropout_lab.lab.experiments.runs import train_digits
from dropout_lab.lab.experiments.sweeps import sweep

SHORT = {"epochs": 2, "hidden": 32, "train": 200}


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
        "path": layers.__file__,
        "pid": os.getpid(),
    }


def run_that_sleeps(seed):
    if seed:
        time.sleep(600)  # longer than a test may take
    return {"done": 1}


def all_end(children, within=30):
    """Whether they end by then. `join` is no answer: while the pool's own thread fetches an end, it says "alive"."""
    end = time.monotonic() + within
    while any(child.is_alive() for child in children) and time.monotonic() < end:
        time.sleep(0.05)
    return not any(child.is_alive() for child in children)


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
        "from dropout_lab.lab.experiments.sweeps import sweep\n"
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
        sweeps._task(run_that_fails, {}, 0, ("another process", "another digest"))


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
    digest = workers.implementation()
    monkeypatch.setattr(workers, "implementation", lambda: digest + " saved")
    with pytest.raises(RuntimeError, match="save your files"):  # fresh ones, which find the old files here
        sweep(run_that_reports, [{}], [0], workers=1)
    monkeypatch.undo()
    assert first == second != sweep(run_that_reports, [{}], [0], workers=1)[0]["pid"]


def test_a_run_that_raises_leaves_no_process_behind():
    before = set(multiprocessing.active_children())
    with pytest.raises(ZeroDivisionError, match="in the run"):
        sweep(run_that_fails, [{}], [0], workers=1)
    assert all_end(set(multiprocessing.active_children()) - before)


@pytest.mark.skipif(sys.platform == "win32", reason="kills with a signal")
def test_workers_end_with_a_parent_that_is_killed(root, student_env):
    code = (
        "import os, signal, sys\n"
        "from dropout_lab.lab.experiments.sweeps import sweep\n"
        "from test_sweeps import run_that_reports\n"
        "if __name__ == '__main__':\n"
        "    print(sweep(run_that_reports, [{}], [0], workers=1)[0]['pid'], flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = student_env | {"PYTHONPATH": os.pathsep.join([str(root / "solutions"), str(root / "tests" / "lab")])}
    # the worker inherits the pipe: it is at its end when the last process that could write to it has ended
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert int(done.stdout)


@pytest.fixture
def interrupts_count():
    """Python's own answer to an interrupt; a shell starts what runs in its background with interrupts ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_stopping_by_hand_does_not_wait_for_the_runs_under_way(monkeypatch, interrupts_count):
    @contextmanager
    def bar_that_interrupts(*args):
        yield lambda n: signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sweeps, "bar", bar_that_interrupts)
    rows = sweep(run_that_sleeps, [{}], [0, 1], workers=2)
    assert rows.interrupted
    assert rows.column("seed").tolist() == [0]
    assert all_end(multiprocessing.active_children())


def test_rows_select_and_pair_by_seed():
    rows = Rows({"p": p, "seed": s, "e": 10 * p + s} for p in (0, 1) for s in (3, 1, 2) if (p, s) != (1, 1))
    assert rows.where(p=1).column("e").tolist() == [13, 12]
    assert rows.values("seed") == [3, 1, 2]
    a, b = rows.pairs("e", {"p": 1}, {"p": 0})
    assert (a - b).tolist() == [10, 10]
    assert rows.to_rows() == list(rows)
    assert type(rows.to_rows()) is list


def test_a_dask_cluster_serves_the_same_call():
    distributed = pytest.importorskip("distributed")
    settings = grid(p=[0.0, 0.5], **{name: [value] for name, value in SHORT.items()})
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        rows = sweep(train_digits, settings, [0], executor=client.get_executor())
    assert rows == sweep(train_digits, settings, [0], workers=1)
