"""Python in a browser has no processes, no threads, and few packages. This process pretends to be one."""

import subprocess
import sys

import pytest

from conftest import ROOT
from dropout_lab.lab.data import digits_file

THERE = "import IPython.core.pylabtools, anywidget, matplotlib.pyplot\n"  # others' packages, on the real platform
START = """
import sys, threading
sys.modules |= dict.fromkeys(["sklearn", "scipy", "joblib", "threadpoolctl", "tqdm", "typer", "numba", "torch",
                              "resource", "fcntl", "termios", "jupyterlab"])
sys.platform = "emscripten"
def no_thread(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = no_thread
import os, subprocess
def no_process(*arguments, **options):
    raise OSError(138, "emscripten does not support processes.")
subprocess.Popen = os.fork = os.posix_spawn = no_process
"""


def run(code, *arguments, there=""):
    done = subprocess.run(
        [sys.executable, "-c", there + START + code, *map(str, arguments)],
        cwd=ROOT / "solutions",
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\n")


def test_all_that_lessons_import_can_be_imported():
    last, *_ = run(
        """
import importlib, pkgutil, dropout_lab
names = [m.name for m in pkgutil.walk_packages(dropout_lab.__path__, "dropout_lab.",
         onerror=lambda name: None) if not m.name.startswith("dropout_lab.instructor")]
for name in names:
    if name not in ("dropout_lab.cli", "dropout_lab.__main__", "dropout_lab.system.terminal"):
        importlib.import_module(name)
print(len(names))
""",
        there=THERE,
    )
    assert int(last) > 60


def test_exercises_are_checked_right_here():
    statuses = run("""
from dropout_lab.checks.runner import run_checks
for record in run_checks():
    print(record["status"])
""")
    assert set(statuses) == {"passed", ""}
    assert len(statuses) > 20


def test_a_sweep_runs_one_after_the_other_and_gives_the_rows_that_workers_give():
    code = """
from pathlib import Path
from dropout_lab.lab import data
from dropout_lab.lab.experiments.runs import train_digits
from dropout_lab.lab.experiments.sweeps import sweep
data.OWN_DIGITS = Path(sys.argv[1])
print(sweep(train_digits, [{"p": 0.5, "hidden": 8, "train": 50, "epochs": 2}], [3, 4]))
"""
    alone, _ = run(code, digits_file())
    pytest.importorskip("sklearn")
    beside = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}", digits_file()],
        cwd=ROOT / "solutions",
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert alone == beside.stdout.strip()
    assert alone.count("test_accuracy") == 2


def test_mnist_is_not_to_be_had_and_a_sentence_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("DROPOUT_LAB_MNIST", raising=False)
    said, _ = run("""
from dropout_lab.lab.data import MnistUnavailable, mnist
try:
    mnist()
except MnistUnavailable as sentence:
    print(sentence)
""")
    assert said.startswith("MNIST is not on this computer")
