"""A target in words, audited in a process of its own: with a limit of time and memory, in a scratch folder."""

import json
import os
import subprocess
import sys
import tempfile
from math import ceil
from pathlib import Path

from dropout_lab.audit.results import Audit
from dropout_lab.system import processes
from dropout_lab.system.places import ROOT

TIME_LIMIT, COMPILED = 20, 90  # seconds of the processor; JAX compiles for every shape


def run(target, p=None, time_limit=None, seed=0):
    """The `Audit` of a target in words. Whatever its code does, an answer comes back.

    `time_limit` is in seconds of the processor; a process that waits is ended after six times as
    long, since others may be at work on the machine.
    """
    time_limit = time_limit or (COMPILED if _names_jax(target) else TIME_LIMIT)
    if not processes.AVAILABLE:
        from dropout_lab.audit.examining import examine

        return examine(target, p, seed)
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), os.getcwd(), str(ROOT))))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "MPLBACKEND": "Agg",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "dropout_lab.audit.worker",
        os.path.abspath(target) if _is_path(target) else target,
        p or "",
        str(seed),
        str(ceil(time_limit)),
    ]
    with tempfile.TemporaryDirectory(prefix="dropout-lab-audit-") as scratch:
        child = subprocess.Popen(
            command, cwd=scratch, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        try:
            answer, said = child.communicate(timeout=6 * time_limit)
        except subprocess.TimeoutExpired:
            return _endless(target, time_limit)
        finally:
            _end(child)
    lines = answer.decode("utf-8", "replace").splitlines()
    if lines and lines[-1].startswith("{"):
        return Audit(**{**json.loads(lines[-1]), "target": target})
    if child.returncode == -24:  # the processor time was up
        return _endless(target, time_limit)
    if b"MemoryError" in said or child.returncode == -9:
        return _silent(target, "it took more memory than an audit gives it.")
    return _silent(target, "the process ended before there was a result: does the code end Python?")


def _names_jax(target):
    path = Path(target if os.path.exists(target) else target.rpartition(":")[0])
    return path.is_file() and b"jax" in path.read_bytes()


def _is_path(target):
    return os.path.exists(target) or os.path.exists(target.rpartition(":")[0])


def _endless(target, time_limit):
    return _silent(
        target, f"no result within {time_limit:g} s. A loop that never ends, or training while it is loaded?"
    )


def _silent(target, sentence):
    return Audit(target, verdict="undriven", message=sentence)


def _end(child):
    """End the process and whatever it started."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(child.pid, 9)
        except (ProcessLookupError, PermissionError):
            pass
    child.kill()
    child.communicate()
