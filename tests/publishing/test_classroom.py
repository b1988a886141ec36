"""GitHub Classroom: every exercise of a release is a test with its points, known by an exit status."""

import json
import shlex
import subprocess
import sys

import pytest
import yaml

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.publishing import classroom


def test_the_points_are_those_of_the_table_of_exercises():
    tests = json.loads(classroom.files()[classroom.TABLE])["tests"]
    assert {test["run"].split()[-1]: test["points"] for test in tests} == {e.name: e.points for e in EXERCISES.values()}


def test_a_part_of_the_course_has_the_tests_of_its_lessons():
    tests = json.loads(classroom.files(("01", "05"))[classroom.TABLE])["tests"]
    named = [EXERCISES[test["run"].split()[-1]] for test in tests]
    assert [e.lesson for e in named] == ["01", "01", "05", "05"]
    assert classroom.files(("00",)) == {}


def test_the_reporter_is_given_the_result_of_every_step():
    steps = yaml.safe_load(classroom.files()[classroom.WORKFLOW])["jobs"]["run-autograding-tests"]["steps"]
    graders = [step for step in steps if "command-grader" in step.get("uses", "")]
    *_, report = steps
    assert [step["id"] for step in graders] == list(EXERCISES)
    assert report["with"]["runners"].split(",") == [step["id"] for step in graders]
    wanted = {f"{step['id'].upper()}_RESULTS": f"${{{{ steps.{step['id']}.outputs.result }}}}" for step in graders}
    assert report["env"] == wanted


@pytest.mark.parametrize(("folder", "status"), [("solutions", 0), ("lessons", 1)])
def test_the_exit_status_of_a_test_is_its_verdict(folder, status, student_env):
    (test, *_) = json.loads(classroom.files(("03",))[classroom.TABLE])["tests"]
    _, *arguments = shlex.split(test["run"])
    env = {**student_env, "PYTHONPATH": str(ROOT / "solutions" if folder == "solutions" else ROOT)}
    done = subprocess.run([sys.executable, "-m", "dropout_lab", *arguments], cwd=ROOT / folder, env=env, timeout=60)
    assert done.returncode == status
