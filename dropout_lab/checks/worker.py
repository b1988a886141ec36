"""A child process that checks exercises one by one and prints each verdict as a line of JSON.

Started with `python -m`, so that the current folder comes first on its path and decides which functions are judged.
What a student's code prints goes to standard error; the verdicts keep the real standard output to themselves.
"""

import json
import os
import sys

from dropout_lab.checks.functions import load
from dropout_lab.checks.reports import as_text
from dropout_lab.checks.verdicts import judge


def records(names, seed):
    """One record per exercise, in the order asked for."""
    functions = load()
    for name in names:
        verdict = judge(name, functions, seed)
        yield {**verdict.record(), "report": as_text(verdict)}


def main(names, seed):
    """Print the records."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for record in records(names, seed):
        print(json.dumps(record), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[2:], int(sys.argv[1]))
