"""A folder of submissions in, a folder of results out: on all cores or a cluster, and again from where it stopped."""

import json
import os
import secrets
import select
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Lock

from tqdm import tqdm

from dropout_lab.instructor.grading.grade import as_record, grade
from dropout_lab.instructor.grading.submissions import collect, find, names
from dropout_lab.instructor.grading.terms import Late
from dropout_lab.system.files import digest, write_atomically
from dropout_lab.system.machine import cores
from dropout_lab.system.places import ROOT

CONNECT = 20  # seconds to find a cluster
PATIENCE = 120  # seconds beyond the time limit of a submission, after which the process that grades it is given up


@dataclass
class Summary:
    """What a run did: how many were graded and kept, and [(submission, why there is no result)]."""

    graded: int = 0
    kept: int = 0
    faults: list = field(default_factory=list)
    ignored: list = field(default_factory=list)
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
        Each result becomes out/results/STUDENT.json the moment it is there; out/run.json says what was asked for.
    settings : Settings
    jobs : int
        Processes; None takes one for each core.
    late : Late
    dask : str
        Address of a Dask scheduler; the work goes there instead.
    quiet : bool
        No progress bar; None shows one where somebody watches.

    Returns
    -------
    summary : Summary
        Results of an earlier run are kept where the demands and the files are the same.
    """
    start, late, out = time.monotonic(), late or Late(), Path(out)
    paths, ignored = find(folder)
    students = names(paths)
    summary = Summary(ignored=ignored)
    record = {"schema": "dropout-lab/run", "version": 1, **as_record(settings)}
    write_atomically(out / "run.json", json.dumps(record, indent=1) + "\n")
    tasks = (_task(path, students[path], out) for path in paths)
    outcomes = _on_cluster(tasks, settings, dask) if dask else _on_cores(tasks, settings, jobs or cores())
    with tqdm(total=len(paths), unit=" submissions", disable=quiet, dynamic_ncols=True, leave=False) as bar:
        for task, outcome in outcomes:
            _note(task, outcome, late, summary)
            bar.update()
    summary.seconds = time.monotonic() - start
    return summary


def result_file(out, student):
    """Where the result of a student is: the name where a file can have it, else what is left of it and a digest."""
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in student)[:80].lstrip(".")
    name = safe if safe and safe == student else f"{safe}-{digest(student.encode())[:8]}"
    return Path(out) / "results" / f"{name}.json"


def _task(path, student, out):
    file = result_file(out, student)
    known = (_read(file) or {}).get("run")
    return {"path": os.fspath(path.absolute()), "student": student, "file": os.fspath(file), "known": known}


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
        summary.faults.append((task["path"], outcome["fault"]))
        return
    before = _read(task["file"]) if "known" in outcome else None
    result = late.apply(before or outcome["result"])
    if result != before:
        write_atomically(task["file"], json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    summary.kept += before is not None
    summary.graded += before is None


def _on_cores(tasks, settings, jobs):
    """(task, outcome) of every task as it is done; no more tasks are looked at than there are processes to do them."""
    everyone = [Grader(settings) for _ in range(jobs)]
    graders, lock = deque(everyone), Lock()

    def work(task):
        with lock:
            grader = graders.popleft()
        try:
            return task, grader.ask(task)
        finally:
            with lock:
                graders.append(grader)

    with ThreadPoolExecutor(jobs) as pool:
        try:
            yield from _as_done(pool.submit, work, tasks, jobs)
        finally:
            for grader in everyone:
                grader.stop()


def _as_done(submit, work, tasks, ahead):
    """The results of work on every task, in the order in which they are done, with so many under way at once."""
    tasks = iter(tasks)
    waiting = {submit(work, task) for task in islice(tasks, ahead)}
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        waiting |= {submit(work, task) for task in islice(tasks, len(done))}
        for future in done:
            yield future.result()


class Grader:
    """A process that grades, started when it is first needed and again when it is lost."""

    def __init__(self, settings):
        self.settings, self.process, self.stopped = settings, None, False

    def ask(self, task):
        """The outcome of one task; a grader that dies or hangs over it is given a second try."""
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
        self.process.stdin.write(json.dumps(as_record(self.settings)).encode() + b"\n")

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
    """The same on a Dask cluster: the files go there with each task, and the results come back here."""
    from distributed import Client, as_completed

    with _client(Client, address) as client:
        tasks = iter(tasks)
        under_way = as_completed()
        known = {}
        ahead = 2 * max(1, sum(client.nthreads().values()))

        def feed(n):
            for task in islice(tasks, n):
                submission = collect(task["path"], task["student"])
                if settings.fingerprint(submission) == task["known"]:
                    yield task, {"known": True}
                    continue
                future = client.submit(remote, submission, settings, pure=False, retries=2)
                known[future.key] = task
                under_way.add(future)

        yield from _all_of(feed, ahead)
        for future in under_way:
            task = known.pop(future.key)
            done = future.status == "finished"
            yield task, {"result": future.result()} if done else {"fault": str(future.exception())}
            future.release()
            yield from _all_of(feed, 1)


def remote(submission, settings):
    """Grade on a worker of the cluster."""
    return grade(submission, settings)


def _all_of(feed, n):
    """Feed n tasks; those that are known already are done at once, and others take their place."""
    while done := list(feed(n)):
        yield from done
        n = len(done)


@contextmanager
def _client(kind, address):
    client = kind(address, timeout=CONNECT)
    try:
        yield client
    finally:
        client.close()
