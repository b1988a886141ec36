"""The leak gate finds what it is there to find, and lets pass what tells nothing."""

import json
import zipfile

import pytest

from dropout_lab.instructor.publishing import leaks
from dropout_lab.instructor.publishing.tree import is_scrap, student_files

ANSWER = '''\
def double(x):
    """2 x."""
    ### BEGIN SOLUTION
    # twice, as a sum
    total = np.add(x, x)  # the sum
    for i in range(3):
        x, w = cache
    return total + 0 * w
    ### END SOLUTION
'''
LESSON = """\
# %% [markdown]
# Why?
# ### BEGIN SOLUTION
# Because the mean has to stay.
# ### END SOLUTION
"""


@pytest.fixture
def tree(tmp_path):
    """A repository without git, with one answer in a module and one in a lesson."""
    for folder in ("solutions/dropout_lab", "dropout_lab", "lessons"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "solutions/dropout_lab/layers.py").write_text(ANSWER)
    (tmp_path / "solutions/00_start.py").write_text(LESSON)
    (tmp_path / "dropout_lab/layers.py").write_text("def double(x):\n    raise NotImplementedError\n")
    notebook(tmp_path, "x = 1")
    return tmp_path


def notebook(tree, source, **cell):
    cells = [
        {
            "cell_type": "code",
            "id": "a1",
            "metadata": {},
            "outputs": [],
            "execution_count": None,
            "source": source,
            **cell,
        }
    ]
    (tree / "lessons/00_start.ipynb").write_text(json.dumps({"cells": cells}, indent=1))


def found(tree):
    return [str(finding) for finding in leaks.find(tree)]


def test_a_clean_tree_has_no_findings(tree):
    assert found(tree) == []


@pytest.mark.parametrize(
    "text",
    [
        "total = np.add(x, x)",
        "  total = np.add(x, x)   # mine",
        'hint = "total = np.add(x, x)"',
        "`total = np.add(x, x)`",
        "def f(): return total + 0 * w",
    ],
)
def test_an_answer_is_found_wherever_it_stands_whole(tree, text):
    (tree / "README.md").write_text(f"# A course\n\n{text}\n")
    (leak,) = leaks.find(tree)
    assert (leak.file, leak.line) == ("README.md", 3)
    assert "a solution line" in leak.what


@pytest.mark.parametrize(
    "text",
    [
        "total=np.add( x,x )",
        "total = np.add(x, x)# mine",
        "total = (np.add(\n    x,  # once\n    x,  # and again\n))",
        "# total = np.add(x, x)",
        "return total+0*w",
        "return s + 0 * weight  # other names",
        "if True:\n    def f(a, b):\n        return a + 0 * b",
        "    return s + 0 * v",
        "As in `return s + 0*v`.",
        'hint = "return s + 0 * v"',
    ],
)
@pytest.mark.parametrize("file", ["dropout_lab/layers.py", "README.md", "lessons/00_start.ipynb"])
def test_an_answer_is_known_however_it_is_spaced_commented_or_named(tree, file, text):
    if file.endswith(".ipynb"):
        notebook(tree, text)
    else:
        (tree / file).write_text(f"{text}\n")
    assert {leak.file for leak in leaks.find(tree)} == {file}


def test_what_the_course_itself_gives_under_other_names_is_no_answer(tree):
    source = tree / "solutions/00_start.py"
    source.write_text(f"{LESSON}\n# %%\nseen = a + 0 * b\n### BEGIN SOLUTION\ntwice = c + 0 * d\n### END SOLUTION\n")
    notebook(tree, "seen = a + 0 * b")
    assert found(tree) == []
    notebook(tree, "twice = c + 0 * d")
    assert len(found(tree)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "subtotal = np.add(x, x)",
        "total = np.add(x, x) / 2",
        "return total + 1 * w",
        "return total - 0 * w",
        "x, w = cache",
        "for i in range(3):",
        "# twice, as a sum",
        "return total",
    ],
)
def test_what_is_not_an_answer_is_no_finding(tree, text):
    (tree / "README.md").write_text(text)
    assert found(tree) == []


def test_an_answer_in_words_is_found_in_a_notebook(tree):
    notebook(tree, ["Why?\n", "Because the mean has to stay."], cell_type="markdown")
    (leak,) = leaks.find(tree)
    text = (tree / "lessons/00_start.ipynb").read_text().splitlines()
    assert '"id": "a1"' in text[leak.line - 1]
    assert leak.what.startswith("cell 1 has a solution line")


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ({"outputs": [{"output_type": "stream", "name": "stdout", "text": "1"}]}, "output"),
        ({"execution_count": 1}, "was run"),
        ({"metadata": {"tags": ["solution"]}}, "tagged solution"),
    ],
)
def test_a_cell_with_what_a_student_must_not_get_is_found(tree, cell, says):
    notebook(tree, "x = 1", **cell)
    assert len(found(tree)) == 1
    assert says in found(tree)[0]


def test_a_marker_left_behind_is_found(tree):
    (tree / "dropout_lab/layers.py").write_text("    ### BEGIN SOLUTION\n")
    assert found(tree) == ["dropout_lab/layers.py:1: a solution marker"]


def test_bytecode_is_found(tree):
    (tree / "dropout_lab/__pycache__").mkdir()
    (tree / "dropout_lab/__pycache__/layers.cpython-311.pyc").write_bytes(b"\0")
    assert found(tree) == ["dropout_lab/__pycache__/layers.cpython-311.pyc: bytecode, a cache or a hidden file"]


def test_a_notebook_that_cannot_be_read_is_found(tree):
    (tree / "lessons/00_start.ipynb").write_text("{")
    assert found(tree) == ["lessons/00_start.ipynb: not a notebook that can be read"]


def test_the_gate_refuses_to_compare_with_nothing(tree, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no solution regions"):
        leaks.find(tree, tmp_path / "empty")


def test_a_zip_is_read_with_its_top_folder_and_its_strange_rooms(tree):
    path = tree / "out.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("course/dropout_lab/layers.py", "total = np.add(x, x)\n")
        archive.writestr("course/solutions/00_start.py", "")
        archive.writestr("course/.git/config", "")
        archive.writestr("course/dropout_lab/instructor/grade.py", "")
    files = [f.file for f in leaks.find_in_zip(path, tree / "solutions")]
    assert files.count("course/dropout_lab/layers.py") == 1
    assert {"course/solutions/00_start.py", "course/.git/config", "course/dropout_lab/instructor/grade.py"} <= set(
        files
    )


def test_the_students_files_are_neither_answers_nor_tools():
    files = [str(f) for f in student_files(leaks.ROOT)]
    assert "dropout_lab/layers.py" in files
    assert "README.md" in files
    assert not any(f.startswith(("solutions/", "tests/", "dropout_lab/instructor/")) or is_scrap(f) for f in files)
