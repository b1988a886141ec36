"""Figures speak: each has its titles and axes as a text."""

import matplotlib.pyplot as plt
import nbformat.v4 as v4
import pytest

from dropout_lab.instructor.publishing.execute import execute
from dropout_lab.lab import notebook
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


def test_a_stored_figure_has_a_text_beside_it(ran):
    shown = next(output for output in ran.cells[1].outputs if "data" in output)
    assert shown["metadata"]["image/png"]["alt"] == 'Up, by "one" & on'
    assert "text/html" not in shown["data"]  # a picture in HTML is compared by nbval and not shown by GitHub


def test_in_jupyterlab_a_figure_has_a_text_for_those_who_cannot_see_it(monkeypatch):
    figure, axes = plt.subplots()
    axes.set_title('Up, by "one" & on')
    assert notebook._as_html(figure) is None
    monkeypatch.setattr(notebook, "watched", lambda: True)
    assert 'alt="Up, by &quot;one&quot; &amp; on"' in notebook._as_html(figure)
    plt.close(figure)


def test_titles_and_axes_are_said_once_each():
    figure, (left, right) = plt.subplots(1, 2)
    figure.suptitle("Two\npanels")
    left.set_title("one", loc="left")
    for axes in (left, right):
        axes.set(xlabel="step", ylabel="error")
    assert in_words(figure) == "Two panels. one. Across: step; up: error"
    plt.close(figure)
