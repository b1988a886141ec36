"""A student edits files while a kernel runs: what is saved counts in the next cell, in figures too."""

import re

import nbformat
import pytest

from conftest import ROOT
from student import Student, answer, kernel, text_of

BLANK = re.compile(r"`\w+` is still blank")
MENDED = "Until this is mended and saved, the version before it counts."
SETUP = """
from dropout_lab.lab.notebook import start
start("05")
import numpy as np
from dropout_lab.checks import check, hint
from dropout_lab.dropout import zeroing_forward
from dropout_lab.lab.figures.dropout import plot_masks
def picture(forward=zeroing_forward):
    plot_masks(forward, p=0.3, rng=np.random.default_rng(5))
"""
FIGURES = ("plot_masks(zeroing_forward, p=0.3, rng=np.random.default_rng(5))", "picture()")
WRONG = "def zeroing_forward(x, p, rng, train=True):\n    return x * 1, None"
STRIPES = "def zeroing_forward(x, p, rng, train=True):\n    m = rng.random(x.shape[-1]) >= p\n    return x * m, m"


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    return Student(tmp_path_factory.mktemp("student"))


@pytest.fixture(scope="module")
def run(student):
    """Run a cell in the one kernel of this file."""
    with kernel(student) as run:
        assert text_of(run(SETUP)) == ""
        yield run


def titles(run):
    """What the figures say that one cell and one function of a cell draw."""
    found = set()
    for source in FIGURES:
        (shown,) = [o for o in run(source).outputs if "image/png" in o.get("data", {})]
        found.add(shown.metadata["image/png"]["alt"].partition(".")[0])
    return found


def test_figures_and_checks_follow_a_file_through_blank_wrong_right_wrong_right(run, student):
    assert BLANK.search(text_of(run(FIGURES[0])))
    assert BLANK.search(text_of(run('check("zeroing_forward")')))
    right = answer("dropout", "zeroing_forward")
    for code, mark, title in (
        (WRONG, "✗", "Nothing is dropped"),
        (right, "✓", "Every sample of the mini-batch loses other units"),
        (STRIPES, "✗", "Every sample loses the same units"),
        (right, "✓", "Every sample of the mini-batch loses other units"),
    ):
        student.save("dropout", "zeroing_forward", code)
        assert titles(run) == {title}
        assert text_of(run('check("zeroing_forward")')).startswith(f"{mark} `zeroing_forward`")


def test_the_set_up_cell_run_again_says_nothing(run):
    assert text_of(run(SETUP)) == ""


def test_a_file_that_does_not_parse_is_a_sentence_and_the_version_before_counts(run, student):
    right = answer("dropout", "zeroing_forward")
    student.save("dropout", "zeroing_forward", right)
    file = student.file("dropout")
    good = file.read_text("utf-8")
    file.write_text(good.replace(right, STRIPES) + "x = (1\n", "utf-8")
    line = len(file.read_text("utf-8").splitlines())
    said = f"dropout_lab/dropout.py, line {line}: '(' was never closed. {MENDED}"
    assert text_of(run("print('on')")) == f"✗ {said}\non\n"
    checked = " ".join(text_of(run('check("zeroing_forward")')).split())
    assert checked.count(said) == 2  # before the cell, and by the check: it judges that version, and says so
    assert "✓ `zeroing_forward`" in checked
    assert titles(run) == {"Every sample of the mini-batch loses other units"}
    file.write_text(good, "utf-8")
    assert text_of(run("print('on')")) == "on\n"


def test_a_save_in_the_middle_of_a_cell_counts_in_the_next(run, student):
    path = str(student.file("dropout"))
    text = student.file("dropout").read_text("utf-8")
    try:
        run(f"open({path!r}, 'a').write('HALF = 0.5\\n')\nfrom dropout_lab import dropout")
        assert text_of(run("print(dropout.HALF)")) == "0.5\n"
        run(f"open({path!r}, 'a').write('HALF = 0.25\\n'); print(dropout.HALF)")
        assert text_of(run("print(dropout.HALF)")) == "0.25\n"
    finally:
        student.file("dropout").write_text(text, "utf-8")


def test_a_student_who_is_right_first_time_meets_no_blank_and_no_error(run, student):
    """Through lessons 01 to 07, with every exercise written when its check comes."""
    for path in sorted((ROOT / "lessons").glob("0[1-7]_*.ipynb")):
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type != "code":
                continue
            if cell.source.startswith("check("):
                student.write(cell.source.split('"')[1])
            ran = run(cell.source)
            shown = f"{path.stem}\n{cell.source}\n{text_of(ran)}"
            assert not [output for output in ran.outputs if output.output_type == "error"], shown
            assert not BLANK.search(shown), shown
            assert "✗" not in text_of(ran), shown
