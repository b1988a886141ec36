"""A folder of submissions in, a folder of results out: on all cores or a cluster, and again from where it stopped."""

import json
import os
import secrets
import select
import subprocess
import sys
import time
from collections import Counter, deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Lock

from tqdm import tqdm

from dropout_lab.instructor.grading.downloads import find
from dropout_lab.instructor.grading.grade import Settings
from dropout_lab.instructor.grading.terms import DaysLate
from dropout_lab.system.files import digest, write_atomically
from dropout_lab.system.machine import cores
from dropout_lab.system.places import ROOT

CONNECT = 20  # seconds to find a cluster
PATIENCE = 60  # seconds beyond the time limit of a submission, after which the process that grades it is given up
ABANDONED = 60  # seconds after which a file that is still being written belongs to a run that was killed
READABLE = 80  # bytes of a student's name in the name of a file


@dataclass
class Summary:
    """What a run did: how many were graded and kept, [(name, why there is no result)], what was ignored.

    `again` counts results that were there already, by what has changed since: "demands", "files" or "judge"; `left`
    names results in the folder that belong to no submission.
    """

    graded: int = 0
    kept: int = 0
    faults: list = field(default_factory=list)
    ignored: list = field(default_factory=list)
    again: Counter = field(default_factory=Counter)
    left: list = field(default_factory=list)
    seconds: float = 0.0


def recorded_seed(out):
    """The seed of the run whose results are in a folder, or a fresh one."""
    try:
        seed = json.loads((Path(out) / "run.json").read_text("utf-8"))["seed"]
    except (OSError, ValueError, KeyError, TypeError):
        seed = None
    return seed if isinstance(seed, int) else secrets.randbits(48)


def run(folder, out, settings, jobs=None, late=None, dask=None, quiet=None):
    """Grade every submission in a folder.

    Parameters
    ----------
    folder, out : paths
        Each result becomes a file in out/results the moment it is there; out/run.json says what was asked for.
    settings : Settings
    jobs : int
        Processes; None takes one for each core.
    late : DaysLate
    dask : str
        Address of a Dask scheduler; the work goes there instead.
    quiet : bool
        No progress bar; None shows one where somebody watches.

    Returns
    -------
    summary : Summary
        Results of an earlier run are kept where the demands, the files and the judge are the same.

    Raises
    ------
    terms.Unclear
        If days late are given for somebody who handed in nothing.
    """
    start, late, out = time.monotonic(), late or DaysLate(), Path(out)
    found, ignored = find(folder)
    late.check([one.student for one in found])
    summary = Summary(ignored=ignored)
    _tidy(out / "results")
    record = {"schema": "dropout-lab/run", "version": 1, **settings.record()}
    write_atomically(out / "run.json", json.dumps(record, indent=1) + "\n")
    tasks = (_task(handed, out) for handed in found)
    outcomes = _on_cluster(tasks, settings, dask) if dask else _on_cores(tasks, settings, jobs or cores())
    with tqdm(total=len(found), unit=" submissions", disable=quiet, dynamic_ncols=True, leave=False) as bar:
        for task, outcome in outcomes:
            _note(task, outcome, late, summary)
            bar.update()
    belong = {result_file(out, one.student).name for one in found}
    summary.left = sorted(path.name for path in (out / "results").glob("*.json") if path.name not in belong)
    summary.seconds = time.monotonic() - start
    return summary


def result_file(out, student):
    """Where the result of a student is: what of the name a file can have everywhere, and a digest of all of it."""
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in student).lstrip(".")
    short = safe.encode("utf-8", "replace")[:READABLE].decode("utf-8", "ignore")
    return Path(out) / "results" / f"{short or 'student'}-{digest(student.encode('utf-8', 'replace'))[:8]}.json"


def _tidy(folder):
    """Remove what a run that was killed had begun to write."""
    for path in folder.glob(".*.json.*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _task(handed, out):
    file = result_file(out, handed.student)
    known = (_read(file) or {}).get("run")
    return {"handed": handed.record(), "file": os.fspath(file), "known": known, "grade": True}


def _read(file):
    """The result in a file, or None if there is none that is whole."""
    try:
        result = json.loads(Path(file).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(result, dict) and {"run", "student", "exercises", "notes", "points"} <= result.keys()
    return result if whole else None


def _note(task, outcome, late, summary):
    """Write the result of one submission, as it is with its days late."""
    if "fault" in outcome:
        summary.faults.append((task["handed"]["student"], outcome["fault"]))
        return
    before = _read(task["file"]) if "known" in outcome else None
    result = late.apply(before or outcome["result"])
    if result != before:
        write_atomically(task["file"], json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    summary.kept += before is not None
    summary.graded += before is None
    if outcome.get("again"):
        summary.again[outcome["again"]] += 1


def _on_cores(tasks, settings, jobs):
    """(task, outcome) of every task as it is done; no more tasks are looked at than there are processes to do them."""
    workers = _Idle(settings)
    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield from _as_done(pool.submit, lambda task: (task, workers.ask(task)), tasks, jobs)
        finally:
            workers.stop()


class _Idle:
    """The workers that have nothing to do; who asks takes one, or a new one, and puts it back."""

    def __init__(self, settings):
        self.settings, self._everyone, self._idle, self._lock = settings, [], deque(), Lock()

    def ask(self, task):
        with self._lock:
            if not self._idle:
                self._everyone.append(Worker(self.settings))
                self._idle.append(self._everyone[-1])
            worker = self._idle.popleft()
        try:
            return worker.ask(task)
        finally:
            with self._lock:
                self._idle.append(worker)

    def stop(self):
        for worker in self._everyone:
            worker.stop()


def _as_done(submit, work, tasks, ahead):
    """The results of work on every task, in the order in which they are done, with so many under way at once."""
    tasks = iter(tasks)
    waiting = {submit(work, task) for task in islice(tasks, ahead)}
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        waiting |= {submit(work, task) for task in islice(tasks, len(done))}
        for future in done:
            yield future.result()


class Worker:
    """A process that grades (`worker`), started when it is first needed and again when it is lost."""

    def __init__(self, settings):
        self.settings, self.process, self.stopped = settings, None, False

    def ask(self, task):
        """The outcome of one task; a process that dies or hangs over it is given a second try."""
        for _ in range(2):
            outcome = self._try(task)
            if "fault" not in outcome or self.stopped:
                break
            self._end()
        return outcome

    def _try(self, task):
        try:
            if self.process is None:
                self._start()
            self.process.stdin.write(json.dumps(task).encode() + b"\n")
            self.process.stdin.flush()
            return json.loads(self._line(time.monotonic() + self.settings.limits.submission + PATIENCE))
        except (OSError, ValueError, AttributeError) as error:  # without a process: it was stopped meanwhile
            return {"fault": f"the process that grades was lost ({type(error).__name__}: {error})"}

    def _start(self):
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "dropout_lab.instructor.grading.worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.process.stdin.write(json.dumps(self.settings.record()).encode() + b"\n")

    def _line(self, deadline):
        pieces = []
        while not pieces or not pieces[-1].endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise OSError("no answer in time")
            piece = os.read(self.process.stdout.fileno(), 1 << 20)
            if not piece:
                raise OSError("it ended")
            pieces.append(piece)
        return b"".join(pieces)

    def stop(self):
        """End the process, and start no other."""
        self.stopped = True
        self._end()

    def _end(self):
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdout.close()
            with suppress(OSError):  # what it was not sent any more
                process.stdin.close()


def _on_cluster(tasks, settings, address):
    """The same on a Dask cluster. What was handed in is read here, in a limited process, and goes there; results come
    back.

    What is secret here is nothing there: each worker tries that a submission reads nothing of its own machine.
    """
    from distributed import Client, as_completed

    there, reading = replace(settings, secrets=()), Worker(settings)
    with _client(Client, address) as client:
        try:
            yield from _cluster(client, as_completed(), iter(tasks), reading, there)
        finally:
            reading.stop()


def _cluster(client, under_way, tasks, reading, settings):
    ahead, known = 2 * max(1, sum(client.nthreads().values())), {}
    for task in tasks:
        taken = reading.ask({**task, "grade": False})
        if "submission" not in taken:  # known, or a fault
            yield task, taken
            continue
        future = client.submit(remote, {**task, **taken}, settings.record(), pure=False, retries=2)
        known[future.key] = task
        under_way.add(future)
        if len(known) >= ahead:
            yield _done(next(under_way), known)
    while known:
        yield _done(next(under_way), known)


def _done(future, known):
    task = known.pop(future.key)
    outcome = future.result() if future.status == "finished" else {"fault": str(future.exception())}
    future.release()
    return task, outcome


_workers = {}


def remote(task, record):
    """Grade on a worker of the cluster, in a process of its own that is limited as it is on this machine."""
    key = json.dumps(record)
    workers = _workers.setdefault(key, _Idle(Settings.from_record(record)))
    for other in set(_workers) - {key}:
        _workers.pop(other).stop()
    return workers.ask(task)


@contextmanager
def _client(kind, address):
    client = kind(address, timeout=CONNECT)
    try:
        yield client
    finally:
        client.close()
