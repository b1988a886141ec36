"""A process that grades one submission after the other, as told on standard input, one line of JSON each way.

The first line holds the settings, every other a submission. It ends when its input does, so that it does not outlive
whoever started it.
"""

import contextlib
import gc
import json
import os
import resource
import sys
import traceback

from dropout_lab.instructor.grading.boundary import sandbox
from dropout_lab.instructor.grading.grade import Settings, grade
from dropout_lab.instructor.grading.submissions import collect

MEMORY = 4 << 30  # bytes; an array made to blow up a comparison ends in a MemoryError here, not in a full machine


def main():
    """Answer until there is nothing more to read."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    sandbox.only_grading = True
    gc.freeze()
    settings = Settings.from_record(json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(outcome(json.loads(line), settings)), file=answers, flush=True)


def outcome(task, settings):
    """{"result": ...}, {"known": True} if there is nothing new to grade, or {"fault": what went wrong here}."""
    try:
        submission = collect(task["path"], task["student"])
        if settings.fingerprint(submission) == task["known"]:
            return {"known": True}
        return {"result": grade(submission, settings)}
    except Exception as error:  # noqa: BLE001 - no submission stops the batch
        traceback.print_exc()
        return {"fault": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
