"""A process that grades one submission after the other, as told on standard input, one line of JSON each way.

The first line holds the settings, every other a task. It ends when its input does, so that it does not outlive whoever
started it. What is done here is limited: in memory for the process, in time for each submission.

    task = {"handed": where a submission lies, or "submission": what was taken in of it,
            "known": fingerprint of the result that is there or None,
            "grade": whether to judge it, or only to take it in}
"""

import contextlib
import gc
import json
import os
import resource
import sys
import time
import traceback

from dropout_lab.instructor.grading.archives import Unreadable
from dropout_lab.instructor.grading.boundary.precedents import Precedents
from dropout_lab.instructor.grading.clock import OutOfTime, until
from dropout_lab.instructor.grading.downloads import HandedIn
from dropout_lab.instructor.grading.grade import Settings, grade_submission, why_again
from dropout_lab.instructor.grading.submissions import Submission, collect, nothing

MEMORY = 4 << 30  # bytes; an array made to blow up a comparison ends in a MemoryError here, not in a full machine
TAKING_IN = 60  # seconds


def main():
    """Answer until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    gc.freeze()
    settings = Settings.from_record(json.loads(sys.stdin.readline()))
    precedents = Precedents()
    for line in sys.stdin:
        print(json.dumps(answer_to(json.loads(line), settings, precedents)), file=answers, flush=True)


def answer_to(task, settings, precedents=None):
    """What becomes of a task.

    {"result": ..., "again": what has changed}, {"known": True} if there is nothing new to grade, {"submission": ...} if
    it was only to be taken in, or {"fault": why there is none}.
    """
    end = time.monotonic() + settings.limits.submission
    try:
        submission = _taken_in(task, end)
        now = settings.fingerprint(submission)
        if now == task["known"]:
            return {"known": True}
        if not task["grade"]:
            return {"submission": submission.record()}
        result = grade_submission(submission, settings, end=end, precedents=precedents)
        return {"result": result, "again": why_again(task["known"], now)}
    except Unreadable as problem:
        return {"fault": str(problem)}
    except Exception as error:  # noqa: BLE001 - no submission stops the batch
        traceback.print_exc()
        return {"fault": f"{type(error).__name__}: {error}"}


def _taken_in(task, end):
    if "submission" in task:
        return Submission.from_record(task["submission"])
    handed = HandedIn.from_record(task["handed"])
    try:
        with until(min(end, time.monotonic() + TAKING_IN)):
            return collect(handed)
    except OutOfTime:
        return nothing(handed, f"it could not be taken in within {TAKING_IN} s: so many files, or so tangled")
    except (MemoryError, RecursionError):
        return nothing(handed, "it could not be taken in: it unpacks to more than there is memory")


if __name__ == "__main__":
    main()
