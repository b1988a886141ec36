"""The build: one source, two faces, and no edit of a student's lost."""

import shutil

import nbformat
import pytest

from conftest import ROOT
from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing.build import BuildError, build, stub

LESSON = """# %% [markdown]
# # A lesson

# %% tags=["setup"]
import numpy as np

# %% tags=["nbval-check-output"]
print(np.ones(2).sum())

# %%
### BEGIN SOLUTION
answer = 42
### END SOLUTION

# %% [markdown]
# Why?
# ### BEGIN SOLUTION
# Because.
# ### END SOLUTION

# %% [markdown] tags=["solution"]
# Only for those who teach.
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A course with one small lesson and the real modules."""
    folder = tmp_path_factory.mktemp("course")
    for part in ("solutions/dropout_lab", "dropout_lab"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "solutions" / "00_small.py").write_text(LESSON, "utf-8")
    build(folder, force=True)
    return folder


@pytest.fixture
def course(built, tmp_path):
    """A copy of it to work on."""
    return shutil.copytree(built, tmp_path / "course")


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc"}


def test_building_twice_gives_the_same_bytes(course):
    before = contents(course)
    for path in [*course.glob("lessons/*"), *course.glob("solutions/*.ipynb")]:
        path.unlink()
    build(course, force=True)
    assert contents(course) == before


def test_a_second_build_has_nothing_to_do(course):
    assert build(course) == []


def test_a_lesson_has_no_solutions(course):
    text = (course / "lessons" / "00_small.ipynb").read_text("utf-8")
    assert "42" not in text
    assert "Because" not in text
    assert "who teach" not in text
    assert "# your turn" in text
    assert "*Your answer:*" in text


def test_a_solution_has_them_and_its_outputs(course):
    notebook = nbformat.read(course / "solutions" / "00_small.ipynb", 4)
    sources = "\n".join(cell.source for cell in notebook.cells)
    assert "answer = 42" in sources
    assert "Because." in sources
    assert "who teach" in sources
    assert "BEGIN" not in sources
    assert any(cell.get("outputs") and cell.outputs[0].text == "2.0\n" for cell in notebook.cells)


def test_a_page_stands_beside_the_lessons_if_one_of_them_links_to_it(course):
    (course / "solutions" / "sheet.md").write_text("# On one page\n", "utf-8")
    assert build(course) == []
    source = course / "solutions" / "00_small.py"
    source.write_text(source.read_text("utf-8").replace("# Why?", "# Why? The [sheet](sheet.md) says it."), "utf-8")
    build(course, only=("00",))
    assert (course / "lessons" / "sheet.md").read_text("utf-8") == "# On one page\n"


def test_a_result_that_changes_makes_an_executed_notebook_stale(course):
    (course / "dropout_lab" / "lab" / "fast" / "new.json").write_text("{}", "utf-8")
    assert [path.as_posix() for path in build(course, check=True)] == ["solutions/00_small.ipynb"]


def test_notebooks_are_valid(course):
    for path in course.glob("*/00_small.ipynb"):
        nbformat.validate(nbformat.read(path, 4))


def test_a_stub_names_exercise_file_and_function():
    text = stub((ROOT / "solutions/dropout_lab/layers.py").read_text("utf-8"), "layers")
    assert '"`relu_backward` is still blank. Lesson 03, exercise 3.2: dropout_lab/layers.py"' in text
    assert "SOLUTION" not in text
    compile(text, "layers.py", "exec")


@pytest.mark.parametrize("name", ["dropout_lab/layers.py", "lessons/00_small.ipynb"])
def test_a_students_edit_is_not_overwritten(course, name):
    edited = course / name
    edited.write_text(edited.read_text("utf-8") + "\n", "utf-8")
    before = contents(course)
    with pytest.raises(BuildError, match=f"{name}.*edited since the last build.*--force"):
        build(course)
    assert contents(course) == before
    build(course, force=True)
    assert build(course) == []


def test_a_corrupt_notebook_is_named(course):
    (course / "lessons" / "00_small.ipynb").write_text('{"cells": [', "utf-8")
    with pytest.raises(BuildError, match=r"lessons/00_small\.ipynb"):
        build(course)


def test_check_writes_nothing_and_says_what_is_stale(course):
    source = course / "solutions" / "00_small.py"
    source.write_text(source.read_text("utf-8").replace("ones(2)", "ones(3)"), "utf-8")
    before = contents(course)
    stale = [path.as_posix() for path in build(course, check=True)]
    assert stale == ["lessons/00_small.ipynb", "solutions/00_small.ipynb"]
    assert contents(course) == before


def test_a_cell_that_raises_is_reported_with_its_lesson(course):
    source = course / "solutions" / "00_small.py"
    source.write_text(source.read_text("utf-8").replace("np.ones(2).sum()", "1 / 0"), "utf-8")
    with pytest.raises(BuildError, match=r"(?s)00_small\.py.*ZeroDivisionError"):
        build(course)


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN SOLUTION\nx = 1\n",
        "x = 1\n### END SOLUTION\n",
        "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION\n",
    ],
)
def test_an_unbalanced_region_is_refused(text):
    with pytest.raises(ValueError, match="BEGIN or END"):
        markers.blank(text, lambda start: "pass")
    with pytest.raises(ValueError, match="BEGIN or END"):
        markers.complete(text)


def test_an_unknown_lesson_is_refused(course):
    with pytest.raises(BuildError, match="no lesson or module '77'"):
        build(course, only=("77",))
