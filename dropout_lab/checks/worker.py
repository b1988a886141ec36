"""A child process that checks exercises one by one and prints each verdict as a line of JSON.

Started with `python -m`, so that the current folder comes first on its path and decides which functions are judged.
What a student's code prints goes on its card, or to standard error; the verdicts keep the real standard output to
themselves.
"""

import json
import os
import sys
from dataclasses import asdict

from dropout_lab.checks.cards import TERMINAL, card_of
from dropout_lab.checks.functions import load
from dropout_lab.checks.session import judge_in_time


def records(names, seed, time_limit):
    """One record per exercise, in the order asked for."""
    functions = load()
    for name in names:
        verdict, printed = judge_in_time(name, functions, seed, time_limit)
        yield record(verdict, seed, printed)


def record(verdict, seed, printed=""):
    """The verdict as a plain dictionary, with its card for a terminal."""
    return {**verdict.record(), "card": asdict(card_of(verdict, TERMINAL, seed, printed))}


def main(names, seed, time_limit):
    """Print the records."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in records(names, seed, time_limit):
        print(json.dumps(line), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[3:], int(sys.argv[1]), float(sys.argv[2]))
