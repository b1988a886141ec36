"""A lesson goes through nbgrader's own generate_assignment and autograde, and the marks are those of our checks."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.instructor.publishing import leaks, nbgrader

NUMBER = "01"
SOURCE = next((ROOT / "solutions").glob(f"{NUMBER}_*.py"))
REASON = 'nbgrader is not installed: python -m pip install -e ".[test,nbgrader]"'
needs_nbgrader = pytest.mark.skipif(find_spec("nbgrader") is None, reason=REASON)


def test_checks_become_tests_with_the_points_of_the_table():
    made = [cell.metadata["nbgrader"] for cell in nbgrader.notebook(SOURCE).cells]
    points = {m["grade_id"]: m["points"] for m in made if m["grade"] and not m["solution"]}
    assert points == {f"check-{e.name}": e.points for e in EXERCISES.values() if e.lesson == NUMBER}


def test_every_solution_region_is_in_a_cell_of_the_students():
    for cell in nbgrader.notebook(SOURCE).cells:
        assert ("### BEGIN SOLUTION" in cell.source) == cell.metadata["nbgrader"]["solution"]


def test_ids_are_unique_and_made_of_what_nbgrader_allows():
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in nbgrader.notebook(SOURCE).cells]
    assert len(set(ids)) == len(ids)
    assert all(i.replace("-", "").replace("_", "").isalnum() for i in ids)


def test_the_modules_in_the_course_are_stubs(tmp_path):
    name = nbgrader.course(ROOT, tmp_path, NUMBER)
    answers = leaks.Answers(ROOT / "solutions")
    for module in MODULES:
        text = (tmp_path / "source" / name / "dropout_lab" / f"{module}.py").read_bytes()
        assert b"NotImplementedError" in text
        assert leaks.inspect("x.py", text, answers) == []


def test_a_lesson_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ValueError, match="there is no lesson '77'"):
        nbgrader.course(ROOT, tmp_path, "77")


def run(folder, *arguments):
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic by its name
    env = {**os.environ, "PATH": tools, "HOME": str(folder)}
    del env["PYTHONPATH"]  # of this suite: a kernel would look there before it looks into its own folder
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments], cwd=folder, env=env, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]


def scores(folder, name):
    """{(student, check): score} from nbgrader's own gradebook."""
    from nbgrader.api import Gradebook

    found = {}
    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(name):
            for grade in submission.notebooks[0].grades:
                found[submission.student.id, grade.name] = grade.score
    return found


def hand_in(folder, name, student, layers=None, edit=lambda notebook: None):
    home = folder / "submitted" / student / name
    shutil.copytree(folder / "release" / name, home)
    if layers is not None:
        (home / "dropout_lab/layers.py").write_text(layers, "utf-8")
    notebook = nbformat.read(home / f"{name}.ipynb", 4)
    edit(notebook)
    nbformat.write(notebook, home / f"{name}.ipynb")


def _cheat(notebook):
    """Write True where the checks were."""
    for cell in notebook.cells:
        if cell.source.startswith("check("):
            cell.source = "True"


@needs_nbgrader
@pytest.mark.timeout(1800)  # notebooks run one after the other; half a minute where nothing else runs
def test_nbgrader_makes_the_assignment_and_grades_it(tmp_path):
    name = nbgrader.course(ROOT, tmp_path, NUMBER)
    run(tmp_path, "generate_assignment", name, "--create")
    released = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", 4)
    answers = leaks.Answers(ROOT / "solutions")
    assert leaks.inspect("release.ipynb", json.dumps(released).encode(), answers) == []
    assert not list((tmp_path / "release").rglob("*solutions*"))

    right = (ROOT / "solutions/dropout_lab/layers.py").read_text("utf-8")
    assert "dout.sum(axis=0)" in right
    hand_in(tmp_path, name, "right", right)
    hand_in(tmp_path, name, "half", right.replace("dout.sum(axis=0)", "dout.mean(axis=0)"))
    hand_in(tmp_path, name, "cheat", edit=_cheat)
    run(tmp_path, "autograde", name, "--create")

    forward, backward = EXERCISES["affine_forward"].points, EXERCISES["affine_backward"].points
    wanted = {"right": (forward, backward), "half": (forward, 0), "cheat": (0, 0)}
    found = scores(tmp_path, name)
    assert {s: (found[s, "check-affine_forward"], found[s, "check-affine_backward"]) for s in wanted} == wanted
