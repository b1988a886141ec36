"""A prediction is asked for before its answer can be seen, and the answer stands beside it."""

import re

import nbformat
import pytest

import prose
from conftest import ROOT

SOLUTIONS = sorted((ROOT / "solutions").glob("[0-9]*.ipynb"))
MOST = 4  # predictions of a lesson: each where most people are wrong
ELSEWHERE = {"which reading is dropout": "05"}  # asked in one lesson, answered in another
NOTEBOOKS = {path.stem: nbformat.read(path, 4) for path in SOLUTIONS}
ASKED = [(stem, p) for stem, notebook in NOTEBOOKS.items() for p in prose.predictions(notebook)]


def each():
    return pytest.mark.parametrize(("stem", "asked"), ASKED, ids=[f"{stem[:2]} {p.name}" for stem, p in ASKED])


@pytest.mark.parametrize("stem", NOTEBOOKS)
def test_a_lesson_asks_for_a_few_predictions(stem):
    count = len(prose.predictions(NOTEBOOKS[stem]))
    assert 1 <= count <= MOST


def test_no_two_predictions_have_one_name():
    names = [p.name for _, p in ASKED]
    assert len(set(names)) == len(names)


@each()
def test_a_prediction_is_blank_and_its_answer_comes_later_in_another_cell(stem, asked):
    assert asked.blank
    if asked.name in ELSEWHERE:
        assert asked.shown is None
        other = next(notebook for name, notebook in NOTEBOOKS.items() if name.startswith(ELSEWHERE[asked.name]))
        assert any(f'reveal("{asked.name}"' in cell.source for cell in other.cells)
    else:
        assert asked.shown is not None
        assert asked.shown > asked.cell


@each()
def test_the_answer_is_worked_out_and_stands_nowhere_before_it(stem, asked):
    assert not asked.literal
    answers = [a for a in prose.answer(NOTEBOOKS[stem], asked) or () if len(re.sub(r"[-0.]", "", a)) > 1]
    if asked.choices or set(answers) <= {"True", "False"}:
        return  # the words are there to choose from; which one is right is worked out
    text = prose.before(NOTEBOOKS[stem], asked)
    assert not [a for a in answers if re.search(rf"(?<![\d.]){re.escape(a)}(?![\d.]*\d)", text)]


def planted(change):
    notebook = nbformat.from_dict(NOTEBOOKS["06_inverted_dropout"])
    asked = prose.predictions(notebook)[0]
    change(notebook, asked)
    return notebook, prose.predictions(notebook)[0]


def test_a_planted_leak_is_seen():
    def leak(notebook, asked):
        notebook.cells[asked.cell - 1].source += "\n\nIt is 1.43, as you will see."

    notebook, asked = planted(leak)
    (answer,) = prose.answer(notebook, asked)
    assert answer in prose.before(notebook, asked)


def test_a_planted_literal_answer_is_seen():
    def literal(notebook, asked):
        cell = notebook.cells[asked.shown]
        cell.source = re.sub(r"reveal\((\"[^\"]*\"), .*\)", r"reveal(\1, 1.43)", cell.source)

    _, asked = planted(literal)
    assert asked.literal
