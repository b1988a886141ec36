"""A cell that was not passed is a failed cell, for a reader and for whatever runs notebooks."""

import os
import subprocess
import sys

import nbformat
import nbformat.v4 as v4
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from student import Student, kernel, text_of

SETUP = 'from dropout_lab.lab.notebook import start\nstart("03")\nfrom dropout_lab.checks import check'
WRONG = "def relu_backward(dout, cache):\n    return dout"


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    return Student(tmp_path_factory.mktemp("student"))


def notebook(*cells):
    return v4.new_notebook(cells=[v4.new_code_cell(text) for text in (SETUP, *cells)])


def test_nbval_fails_at_what_is_blank_and_at_what_is_wrong_and_nowhere_else(student):
    student.write("relu_forward")
    student.save("layers", "relu_backward", WRONG)
    cells = ('check("relu_forward")', 'check("relu_backward")', 'check("init_params")', "1 + 1")
    nbformat.write(notebook(*cells), student.home / "some.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "--nbval-lax"]
    command += ["--nbval-current-env", "--nbval-cell-timeout=60", "some.ipynb"]
    env = {**os.environ, "PYTHONPATH": str(student.home)}
    done = subprocess.run(command, cwd=student.home, env=env, capture_output=True, encoding="utf-8", timeout=120)
    ends = [line.split()[0] for line in done.stdout.splitlines() if line.startswith(("PASSED", "FAILED"))]
    assert sorted(ends) == ["FAILED"] * 2 + ["PASSED"] * 3
    assert "✗ `relu_backward`" in done.stdout
    assert "○ `init_params` is still blank" in done.stdout


def test_nbclient_stops_there_and_says_the_card(student):
    student.save("layers", "relu_backward", WRONG)
    nb = notebook('check("relu_backward")', "print('went on')")
    client = NotebookClient(nb, timeout=60, resources={"metadata": {"path": str(student.home)}})
    with pytest.raises(CellExecutionError, match="✗ `relu_backward`"):
        client.execute(env={**os.environ, "PYTHONPATH": str(student.home)})
    assert not nb.cells[-1].outputs


def test_a_reader_sees_a_card_and_no_error_in_a_box_of_its_own(student):
    """JupyterLab gives leave to ask for input; what runs a notebook by itself does not."""
    with kernel(student) as run:
        run(SETUP)
        run("get_ipython().kernel.__class__._allow_stdin = property(lambda kernel: True, lambda kernel, given: None)")
        blank = run('check("init_params")')
        called = run("from dropout_lab.network import init_params\ninit_params([2, 2], None)")
    for cell in (blank, called):
        (card,) = cell.outputs
        assert card.output_type == "display_data"
        assert 'class="dl-card dl-check dl-blank"' in card.data["text/html"]
        assert text_of(cell).startswith("○ `init_params` is still blank. Lesson 03, exercise 3.4")


def test_a_name_that_is_no_exercise_is_a_sentence(student):
    with kernel(student) as run:
        run(SETUP.replace("03", "07"))
        (error,) = run('check("relu_forwrd")').outputs
        assert len(error.traceback) == 1
        assert "Did you mean 'relu_forward'?" in error.traceback[0]
        assert text_of(run("check()")).startswith("Lesson 07 asks for no function in dropout_lab/.")
