"""Files for GitHub Classroom in a student's copy: each exercise is a test with its points.

A test is the command `dropout-lab check NAME`, whose exit status is 0 only if the exercise passed. The workflow uses
Classroom's own graders, whose reporter hands the sum on; the table is what its earlier autograding reads.
"""

import json

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.publishing.tree import CLASSROOM

WORKFLOW, TABLE = CLASSROOM
MINUTES = 1  # for one check; it ends itself after ten seconds
_TOP = """\
# Autograding for GitHub Classroom: each exercise is a test, and the reporter hands the points on.
name: Autograding Tests

on: [push, repository_dispatch]

permissions:
  checks: write
  actions: read
  contents: read

jobs:
  run-autograding-tests:
    runs-on: ubuntu-latest
    if: github.actor != 'github-classroom[bot]'
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.13"
      - run: python -m pip install -e .
"""
_STEP = """\
      - name: {number} {name}
        id: {name}
        uses: classroom-resources/autograding-command-grader@v1
        with:
          test-name: {number} {name}
          command: dropout-lab check {name}
          timeout: {minutes}
          max-score: {points}
"""
_END = """\
      - name: Report
        uses: classroom-resources/autograding-grading-reporter@v1
        env:
{results}
        with:
          runners: {runners}
"""


def files(lessons=None):
    """{path: bytes} for the exercises of these lessons; None means all."""
    chosen = [e for e in EXERCISES.values() if lessons is None or e.lesson in lessons]
    if not chosen:
        return {}
    steps = "".join(_STEP.format(number=e.number, name=e.name, points=e.points, minutes=MINUTES) for e in chosen)
    results = "\n".join(f"          {e.name.upper()}_RESULTS: ${{{{ steps.{e.name}.outputs.result }}}}" for e in chosen)
    end = _END.format(results=results, runners=",".join(e.name for e in chosen))
    tests = [
        {
            "name": f"{e.number} {e.name}",
            "setup": "python -m pip install -q -e .",
            "run": f"dropout-lab check {e.name}",
            "input": "",
            "output": "",
            "comparison": "included",
            "timeout": MINUTES,
            "points": e.points,
        }
        for e in chosen
    ]
    return {
        WORKFLOW: (_TOP + steps + end).encode(),
        TABLE: (json.dumps({"tests": tests}, indent=1) + "\n").encode(),
    }
