"""Figures speak: each has its titles and axes as a text, and nbval does not compare its pixels."""

import os
import shutil
import subprocess
import sys

import matplotlib.pyplot as plt
import nbformat.v4 as v4
import pytest

from conftest import ROOT
from dropout_lab.instructor.execute import execute
from dropout_lab.lab.plots import in_words

CELL = """\
import matplotlib.pyplot as plt
plt.plot([1, 2])
plt.title('Up, by "one" & on')
plt.show()
print("the line ends at 2")"""


@pytest.fixture
def ran(tmp_path):
    """A notebook whose figure was shown and whose text is compared."""
    checked = v4.new_code_cell(CELL, metadata={"tags": ["nbval-check-output"]})
    cells = [v4.new_code_cell("from dropout_lab.lab.notebook import start\nstart()"), checked]
    return execute(v4.new_notebook(cells=cells), tmp_path)


def test_a_figure_has_a_text_for_those_who_cannot_see_it(ran):
    shown = next(output["data"] for output in ran.cells[1].outputs if "data" in output)
    assert 'alt="Up, by &quot;one&quot; &amp; on"' in shown["text/html"]
    assert "image/png" in shown  # for paper, where no HTML is read


def test_nbval_compares_the_text_beside_a_figure_and_not_its_pixels(ran, tmp_path):
    for name in ("conftest.py", "unlike.cfg"):
        shutil.copy(ROOT / "solutions" / name, tmp_path)
    picture = next(output for output in ran.cells[1].outputs if "data" in output)
    picture["data"]["text/html"] = '<img class="dl-figure" alt="drawn" src="data:image/png;base64,elsewhere">'
    (tmp_path / "same.ipynb").write_text(v4.writes(ran), "utf-8")
    next(output for output in ran.cells[1].outputs if "text" in output)["text"] = "the line ends at 3\n"
    (tmp_path / "other.ipynb").write_text(v4.writes(ran), "utf-8")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    answer = subprocess.run([*command, "same.ipynb", "other.ipynb"], cwd=tmp_path, capture_output=True, text=True,
                            env={**os.environ, "PYTHONPATH": str(ROOT / "solutions")})  # fmt: skip
    failed = [line for line in answer.stdout.splitlines() if line.startswith("FAILED")]
    assert len(failed) == 1 and "other.ipynb" in failed[0], answer.stdout


def test_titles_and_axes_are_said_once_each():
    figure, (left, right) = plt.subplots(1, 2)
    figure.suptitle("Two\npanels")
    left.set_title("one", loc="left")
    for axes in (left, right):
        axes.set(xlabel="step", ylabel="error")
    assert in_words(figure) == "Two panels. one. Across: step; up: error"
    plt.close(figure)
