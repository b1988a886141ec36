"""What runs on Gradescope for one submission. Three processes, each trusting the next one less:

writer    root; writes results.json, and reads the student's files without running them
bench     nobody; judges; tells the writer one JSON line after each exercise
child     confined by `sandbox`; the student's functions, which see neither of the others

Where the bench cannot be nobody (the writer is not root, or nobody may not start Python), the child has the rights of
the writer. Then there is no grading unless the child is kept from files and other processes by other means.

results.json is there from the first second and again after each exercise, whole every time, and written last by the
writer when everything else has ended.
"""

import ctypes
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from dropout_lab.instructor.gradebooks import gradescope
from dropout_lab.instructor.grading.archives import Unreadable
from dropout_lab.instructor.grading.boundary.sandbox import PLAIN, Limits, NoSandbox, Sandbox, choose
from dropout_lab.instructor.grading.downloads import HandedIn
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.results import NotAResult, parse, row_from
from dropout_lab.instructor.grading.submissions import Submission, collect
from dropout_lab.system.files import write_atomically
from dropout_lab.system.places import ROOT

NOBODY = 65534
PATIENCE = 60  # seconds for the bench beyond the time of the submission
LONGEST = 4_000_000  # bytes of one line of the bench
_SOURCE = ROOT
_BOOT = "import sys; sys.path.insert(0, {source!r}); from dropout_lab.instructor.autograder.run import bench; bench()"
BROKEN = "Grading did not finish. This is no fault of your functions: please tell your teacher."


def main(root="/autograder", source=_SOURCE):
    """The writer: grade root/submission into root/results/results.json; returns an exit status."""
    results = Path(root) / "results" / "results.json"
    results.parent.mkdir(exist_ok=True)
    os.chmod(results.parent, 0o700)
    write_atomically(results, gradescope.running_json([]))
    settings = json.loads((Path(source) / "settings.json").read_text("utf-8"))
    rows = []

    def note(row):
        rows.append(row)
        write_atomically(results, gradescope.running_json(rows))

    handed = HandedIn(_student(root), [Path(root) / "submission"])
    try:
        submission = collect(handed)
        write_atomically(results, gradescope.results_json(_follow(submission, settings, note)))
    except (NotAResult, Unreadable, OSError, ValueError, KeyError, TypeError) as problem:
        print(f"dropout-lab: {type(problem).__name__}: {problem}", flush=True)
        write_atomically(results, gradescope.broken_json(BROKEN, rows))
        return 1
    return 0


def bench():
    """The bench: settings and a submission on standard input, rows and the result on standard output, a line each."""
    _keep_out()
    asked = json.load(sys.stdin)
    try:
        mode, sentence = choose()
        print(sentence, file=sys.stderr, flush=True)
        if asked["same_user"] and not _held(mode):
            sys.exit("dropout-lab: a submission could write results.json here; nothing is graded")
        settings = Settings(
            seed=secrets.randbits(48),
            isolation=mode,
            exercises=tuple(asked["exercises"]),
            points=asked["points"],
            unprotected=False,
        )
        submission = Submission.from_record(asked["submission"])
        _tell(result=grade_submission(submission, settings, after=lambda row: _tell(row=row)))
    except NoSandbox as error:
        sys.exit(f"dropout-lab: {error}")


def _follow(submission, settings, note):
    """Start the bench and call `note` with each row that it tells; the result at the end."""
    process = _start({**settings, "submission": submission.record()})
    deadline = time.monotonic() + Limits().submission + PATIENCE
    lines, rows = _Lines(process.stdout), []
    try:
        while True:
            said = json.loads(lines.next(deadline))
            if "result" in said:
                return parse({**said["result"], "exercises": _same(said["result"]["exercises"], rows)})
            rows.append(said["row"])
            note(row_from(said["row"]))
    finally:
        _end(process)


def _same(exercises, rows):
    """The exercises of the result, which must be those that were told one by one."""
    if exercises != rows:
        raise NotAResult("the result is not what was told before")
    return exercises


def _start(asked):
    """The bench, as nobody if that can be."""
    if os.geteuid() == 0:
        try:
            return _started({**asked, "same_user": False}, user=NOBODY, group=NOBODY, extra_groups=[])
        except PermissionError as refused:
            print(f"dropout-lab: nobody may not start Python: {refused}", flush=True)
    return _started({**asked, "same_user": True})


def _started(asked, **rights):
    process = subprocess.Popen(
        [sys.executable, "-I", "-B", "-c", _BOOT.format(source=str(_SOURCE))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"},
        cwd="/",
        start_new_session=True,
        **rights,
    )
    with process.stdin:
        process.stdin.write(json.dumps(asked).encode())
    return process


def _held(mode):
    """Whether a submission's process is kept from files and from other processes."""
    if mode != PLAIN:
        return True
    with Sandbox(PLAIN) as trial:
        return {"files", "processes"} <= set(trial.confined)


class _Lines:
    """Lines from a pipe, each of a bounded length and before a deadline."""

    def __init__(self, stream):
        self.stream, self.left = stream, b""

    def next(self, deadline):
        while b"\n" not in self.left:
            if not select.select([self.stream], [], [], max(0, deadline - time.monotonic()))[0]:
                raise NotAResult("the bench took too long")
            part = os.read(self.stream.fileno(), 1 << 16)
            if not part or len(self.left) > LONGEST:
                raise NotAResult("the bench ended early")
            self.left += part
        line, _, self.left = self.left.partition(b"\n")
        return line


def _end(process):
    """End the bench and whatever is left of its session."""
    for end in (process.kill, lambda: os.killpg(process.pid, signal.SIGKILL)):
        try:
            end()
        except (ProcessLookupError, PermissionError):
            continue
    process.wait()
    process.stdout.close()


def _student(root):
    """The first name in Gradescope's metadata, or a word."""
    try:
        users = json.loads((Path(root) / "submission_metadata.json").read_text("utf-8"))["users"]
        return str(users[0]["name"])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return "Your submission"


def _tell(**said):
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _keep_out():
    """No process of the same user may look into this one (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE
