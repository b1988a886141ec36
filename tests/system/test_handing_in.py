"""Handing in: one zip with everything that a student wrote, which grading takes as it is."""

import json
import shutil
import zipfile

import pytest

from conftest import ROOT
from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor.grading.submissions import collect
from dropout_lab.system.handing_in import hand_in, lessons_in


@pytest.fixture
def course(tmp_path):
    """A course folder with the completed modules, a helper, a copy that `reset` kept, and two lessons, one run."""
    shutil.copytree(ROOT / "solutions" / "dropout_lab", tmp_path / "dropout_lab")
    (tmp_path / "dropout_lab" / "twice.py").write_text("TWO = 2\n")
    (tmp_path / "dropout_lab" / "layers.old.py").write_text("old")
    (tmp_path / "lessons").mkdir()
    for name, count in (("01_backprop_by_hand", 3), ("02_gradient_checking", None)):
        cell = {"cell_type": "code", "source": "answer = 1", "execution_count": count, "outputs": ["large"]}
        (tmp_path / "lessons" / f"{name}.ipynb").write_text(json.dumps({"cells": [cell]}))
    (tmp_path / "lessons" / "my_predictions.json").write_text("{}")
    return tmp_path


def test_the_zip_holds_modules_helpers_predictions_and_what_was_worked_in(course):
    what = hand_in(course, course / "handin.zip")
    assert (set(what.modules), what.lessons, what.predictions) == ({*MODULES, "twice"}, ("01",), True)
    with zipfile.ZipFile(course / "handin.zip") as archive:
        names = {f"dropout_lab/{name}.py" for name in what.modules}
        assert set(archive.namelist()) == {*names, "lessons/01_backprop_by_hand.ipynb", "lessons/my_predictions.json"}
        assert b"large" not in archive.read("lessons/01_backprop_by_hand.ipynb")


def test_grading_takes_it_whole_and_has_nothing_to_remark(course):
    hand_in(course, course / "anna.zip")
    taken = collect(course / "anna.zip")
    assert (set(taken.sources), set(taken.helpers)) == (set(MODULES), {"twice"})
    assert (taken.missing, taken.notes, taken.ignored) == ({}, (), ())


def test_the_same_work_gives_the_same_bytes(course):
    hand_in(course, course / "one.zip")
    hand_in(course, course / "two.zip")
    assert (course / "one.zip").read_bytes() == (course / "two.zip").read_bytes()


def test_the_lessons_of_a_folder_are_those_that_it_has(course):
    assert lessons_in(course) == {"01", "02"}
