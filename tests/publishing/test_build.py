"""The build: one source, two faces, and no edit of a student's lost."""

import shutil

import nbformat
import pytest

from conftest import ROOT
from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing.build import BuildError, build
from dropout_lab.instructor.publishing.derive import stub

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


def stale(course):
    return [path.as_posix() for path in build(course, check=True)]


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_what_a_lesson_imports_makes_it_stale_and_nothing_else_does(course):
    lab = course / "dropout_lab" / "lab"
    edit(lab / "ensembles.py", "import numpy as np", "import numpy as np\n\nNEW = 1")
    edit(course / "dropout_lab" / "checks" / "reports.py", "import", "import sys\nimport")
    assert stale(course) == []
    edit(lab / "plots.py", '"lines.linewidth": 2', '"lines.linewidth": 3')  # the set-up imports it
    assert stale(course) == ["solutions/00_small.ipynb"]


def test_a_word_in_a_docstring_or_a_comment_makes_nothing_stale(course):
    edit(course / "dropout_lab" / "lab" / "plots.py", '"""Set the style', '"""Now set the style')
    edit(course / "dropout_lab" / "lab" / "plots.py", "WIDTH = 7.2  # inches", "WIDTH = 7.2  # still inches")
    assert stale(course) == []


def test_data_beside_a_module_belong_to_it(course):
    source = course / "solutions" / "00_small.py"
    edit(source, "import numpy as np", "import numpy as np\nfrom dropout_lab.lab.pytorch import parity")
    build(course)
    (course / "dropout_lab" / "lab" / "pytorch" / "recorded.npz").write_bytes(b"other")
    assert stale(course) == ["solutions/00_small.ipynb"]


def test_a_module_of_the_students_counts_as_it_is_completed(course):
    source = course / "solutions" / "00_small.py"
    edit(source, "import numpy as np", "import numpy as np\nfrom dropout_lab.network import softmax")
    build(course)
    edit(course / "solutions" / "dropout_lab" / "layers.py", "np.maximum(x, 0)", "np.maximum(0, x)")
    assert stale(course) == ["solutions/00_small.ipynb"]


MOVING = """
# %%
import sys
import time
for word in ("one", "two"):
    print(word, flush=True)
    time.sleep(0.01)
print("aside", file=sys.stderr)

# %%
from dropout_lab.lab.widgets.panel import choice, panel
def draw(figure, word):
    figure.subplots().plot([1, 2])
    return f"It says {word}."
panel(draw, "A panel", word=choice("a", "word", ["a", "b"]))

# %%
import matplotlib.pyplot as plt
plt.plot([1, 2]);

# %% tags=["timed"]
print(time.perf_counter())
"""


def test_a_notebook_that_is_run_twice_is_the_same_to_the_byte(course):
    source = course / "solutions" / "00_small.py"
    source.write_text(source.read_text("utf-8") + MOVING, "utf-8")
    build(course)
    first = (course / "solutions" / "00_small.ipynb").read_bytes()
    record = nbformat.read(course / "solutions" / "00_small.ipynb", 4)
    record.metadata["dropout_lab"]["ran_on"] = "something else"
    nbformat.write(record, course / "solutions" / "00_small.ipynb")
    build(course)
    assert (course / "solutions" / "00_small.ipynb").read_bytes() == first


def test_a_changed_heading_changes_the_files_of_its_lesson_alone_and_back_again(course):
    before = contents(course)
    source = course / "solutions" / "00_small.py"
    edit(source, "# A lesson", "# Another lesson")
    build(course)
    changed = {str(p) for p, data in contents(course).items() if before[p] != data}
    assert changed == {"solutions/00_small.py", "lessons/00_small.ipynb", "solutions/00_small.ipynb"}
    edit(source, "# Another lesson", "# A lesson")
    build(course)
    assert contents(course) == before


def test_the_completed_modules_run_whatever_the_path_holds(course, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(course))  # where the stubs are
    edit(course / "solutions" / "00_small.py", "np.ones(2).sum()", "relu_forward(np.ones(2))[0].sum()")
    edit(
        course / "solutions" / "00_small.py",
        "import numpy as np",
        "import numpy as np\nfrom dropout_lab.layers import *",
    )
    build(course)
    assert '"2.0\\n"' in (course / "solutions" / "00_small.ipynb").read_text("utf-8")


def test_other_words_cost_no_run(course):
    edit(course / "solutions" / "00_small.py", "# A lesson", "# Another lesson")
    said = []
    build(course, progress=said.append)
    assert said == ["writing lessons/00_small.ipynb"]
    assert "# Another lesson" in (course / "solutions" / "00_small.ipynb").read_text("utf-8")
    assert build(course) == []


def test_a_number_typed_into_an_output_is_known(course):
    edit(course / "solutions" / "00_small.ipynb", '"2.0\\n"', '"2.5\\n"')
    assert stale(course) == ["solutions/00_small.ipynb"]
    build(course)
    assert '"2.0\\n"' in (course / "solutions" / "00_small.ipynb").read_text("utf-8")


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
    edit(course / name, "import numpy as np", "import numpy as np  # mine")
    before = contents(course)
    with pytest.raises(BuildError, match=f"{name}.*edited since the last build.*--force"):
        build(course)
    assert contents(course) == before
    build(course, force=True)
    assert stale(course) == []


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
