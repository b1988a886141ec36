"""Checks from outside: in a child process, with a time limit for each exercise; in a browser, right here."""

import json
import subprocess
import sys
import threading
from queue import Empty, Queue

from dropout_lab.checks import worker
from dropout_lab.checks.cards import Card
from dropout_lab.checks.exercises import EXERCISES, find, in_lesson, is_lesson
from dropout_lab.checks.reports import as_table, as_text
from dropout_lab.checks.session import TIME_LIMIT, drawn
from dropout_lab.checks.verdicts import Verdict
from dropout_lab.system import places, processes

GRACE = 2  # seconds after which a child that did not keep the time limit itself is ended


def run_checks(names=(), seed=None, time_limit=TIME_LIMIT, folder=None):
    """Check exercises with the functions of a folder; None leaves it to the import path.

    Parameters
    ----------
    names : names of exercises or numbers of lessons, in any number; none means all
    seed : int or None
        For the inputs; None draws them anew.
    time_limit : float
        Seconds for each exercise.

    Yields
    ------
    record : dict
        `Verdict.record()` and, under "card", the parts of its `Card`. A function that loops for ever, or ends the
        process, is reported as an error, and the checks go on with the next.
    """
    asked = [list(in_lesson(name)) if is_lesson(name) else [find(name).name] for name in names]
    left, seed = [name for some in asked for name in some] or list(EXERCISES), drawn(seed)
    if not processes.AVAILABLE:
        yield from worker.records(left, seed, time_limit)
        return
    while left:
        child = subprocess.Popen(
            [sys.executable, "-m", "dropout_lab.checks.worker", str(seed), str(time_limit), *left],
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
                line = lines.get(timeout=time_limit + GRACE)
                if line is None:
                    yield _unanswered(
                        left.pop(0), "the process ended before there was a result: does it call exit?", seed
                    )
                    break
                left.pop(0)
                yield json.loads(line)
        except Empty:
            yield _unanswered(left.pop(0), f"no result within {time_limit:g} s. A loop that never ends?", seed)
        finally:
            child.kill()
            child.wait()
            reader.join()
            child.stdout.close()


def shown(records, named, width, style, stopped=False):
    """The records as a terminal shows them: cards of what was named, else a table and where to go on.

    `stopped` is whether somebody stopped the checks before they were through.
    """
    ended = [f"Stopped by hand; checked: {len(records)}."] if stopped else []
    if named or not records:
        return "\n\n".join([*(as_text(Card(**record["card"]), width, style) for record in records), *ended])
    if stopped:
        return as_table(records, *ended, width, style)
    open_ones = [find(r["exercise"]) for r in records if r["status"] != "passed"]
    after = "Every exercise passed."
    if open_ones:
        e = open_ones[0]
        after = f"Next: exercise {e.number}, `{e.name}`, in {e.file}. `dropout-lab check {e.name}` says more."
    return as_table(records, after, width, style)


def _read(stream, lines):
    for line in stream:
        lines.put(line)
    lines.put(None)


def _unanswered(name, reason, seed):
    return worker.record(Verdict(find(name), "error", reason), seed)
