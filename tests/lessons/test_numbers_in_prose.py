"""Every number in the text of a lesson is shown by one of its cells, or is quoted with its source."""

import tomllib

import nbformat
import pytest

import prose
from conftest import ROOT

SOLUTIONS = sorted((ROOT / "solutions").glob("[0-9]*.ipynb"))
QUOTED = tomllib.loads((ROOT / "tests" / "lessons" / "quotations.toml").read_text("utf-8"))


def by_stem(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def unsupported(notebook, number):
    shown, quoted = prose.everything_shown(notebook), QUOTED.get(number, {})
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [n for text in texts for n in prose.unsupported(text, shown, quoted)]


@by_stem(SOLUTIONS)
def test_a_number_in_the_text_is_shown_by_a_cell_or_quoted(path):
    assert unsupported(nbformat.read(path, 4), path.stem[:2]) == []


@by_stem(SOLUTIONS)
def test_a_quotation_is_still_quoted(path):
    """What the text no longer says, or a cell shows by now, leaves the list."""
    notebook = nbformat.read(path, 4)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    needed = {n for text in texts for n in prose.unsupported(text, prose.everything_shown(notebook))}
    assert set(QUOTED.get(path.stem[:2], {})) <= needed


def test_a_planted_number_is_seen():
    notebook = nbformat.read(ROOT / "solutions" / "06_inverted_dropout.ipynb", 4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("The error is 0.7351, in 37% of 4,321 runs."))
    assert unsupported(notebook, "06") == ["0.7351", "37%", "4,321"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It is 0.18, or 17.6%.", ["0.18", "17.6%"]),
        ("Lesson 05 and lessons 07 to 12, `x = 0.5`, $0.25$, in 2014, 8 units, [it](a/0.3)", []),
        ("1,797 images, and −0.3", ["1,797", "−0.3"]),
    ],
)
def test_numbers_that_state_something_are_found(text, found):
    assert [written for written, _, _ in prose.numbers(text)] == found
