"""Checks from outside: in a child process, with a time limit for each exercise; in a browser, right here."""

import contextlib
import io
import json
import subprocess
import sys
import threading
from queue import Empty, Queue

from dropout_lab.checks import worker
from dropout_lab.checks.exercises import EXERCISES, find
from dropout_lab.checks.reports import as_text
from dropout_lab.checks.verdicts import Verdict
from dropout_lab.system import places, processes

TIME_LIMIT = 10  # seconds for one exercise; the slowest takes well under one


def run_checks(names=(), seed=0, time_limit=TIME_LIMIT, folder=None):
    """Check exercises with the functions of a folder; None leaves it to the import path.

    Parameters
    ----------
    names : exercise names, in any number; none means all
    seed : int
    time_limit : float
        Seconds for each exercise.

    Yields
    ------
    record : dict
        `Verdict.record()` and the text of its report. A function that loops for ever, or ends the process, is
        reported as an error, and the checks go on with the next.
    """
    left = [find(name).name for name in names] or list(EXERCISES)
    if not processes.AVAILABLE:
        with contextlib.redirect_stdout(io.StringIO()):  # what a student's code prints
            judged = list(worker.records(left, seed))
        yield from judged
        return
    while left:
        child = subprocess.Popen(
            [sys.executable, "-m", "dropout_lab.checks.worker", str(seed), *left],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            cwd=folder,
            env=folder and places.child_environment(folder),
        )
        lines = Queue()
        reader = threading.Thread(target=_read, args=(child.stdout, lines), daemon=True)
        reader.start()
        try:
            while left:
                line = lines.get(timeout=time_limit)
                if line is None:
                    yield _unanswered(left.pop(0), "the process ended before there was a result: does it call exit?")
                    break
                left.pop(0)
                yield json.loads(line)
        except Empty:
            yield _unanswered(left.pop(0), f"no result within {time_limit:g} s. A loop that never ends?")
        finally:
            child.kill()
            child.wait()
            reader.join()
            child.stdout.close()


def _read(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


def _unanswered(name, reason):
    verdict = Verdict(find(name), "error", reason)
    return {**verdict.record(), "report": as_text(verdict)}
