"""A check that is stopped by hand, in a notebook or in a terminal, ends in a sentence and loses nothing."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from dropout_lab.checks import session
from dropout_lab.checks.functions import load
from dropout_lab.checks.reports import CheckFailed
from dropout_lab.checks.session import check
from student import Student

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="interrupts of another kind")
SLOW = "def relu_forward(x):\n    import time\n    open('here', 'w').close()\n    time.sleep(60)\n    return x, x"


@contextlib.contextmanager
def interruptible():
    """Let a signal interrupt, here and in what is started: a suite in the background is begun with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def stopped_in(name, monkeypatch):
    """The functions, one of which is stopped by a signal in the middle."""

    def stop(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    functions = {**load(), name: stop}
    monkeypatch.setattr(session, "load", lambda: type(load())(functions))
    with interruptible():
        yield


def test_in_a_notebook_one_check_ends_in_a_sentence_and_the_next_runs(monkeypatch):
    with stopped_in("relu_forward", monkeypatch):
        with pytest.raises(CheckFailed) as caught:
            check("relu_forward")
        assert str(caught.value) == "✗ `relu_forward` · stopped by hand: no verdict, and nothing is lost."
        check("affine_forward")


def test_in_a_notebook_the_table_keeps_what_was_checked(monkeypatch, capsys):
    with stopped_in("softmax_cross_entropy", monkeypatch):
        check("03")
    shown = capsys.readouterr().out
    assert "relu_backward" in shown
    assert "Stopped by hand; checked: 2 of 7." in shown


def test_in_a_terminal_ctrl_c_shows_what_was_checked_and_leaves_no_process(tmp_path):
    student = Student(tmp_path)
    student.save("layers", "relu_forward", SLOW)
    command = [sys.executable, "-m", "dropout_lab", "check"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with interruptible():
        running = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=-1, stderr=-1, encoding="utf-8", start_new_session=True
        )
    end = time.monotonic() + 60
    while not (tmp_path / "here").exists() and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)  # as a terminal sends it, to the command and its child
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, err
    assert "affine_forward" in out
    assert re.search(r"Stopped by hand; checked: [1-5]\.", " ".join(out.split())), out  # the fifth may be on its way
    assert "Traceback" not in out + err
    while is_there(running.pid) and time.monotonic() < end + 30:  # what was ended is, until the system has taken note
        time.sleep(0.02)
    assert not is_there(running.pid)


def is_there(group):
    """Whether a group of processes has any."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
