"""Blank is a stub as it was handed out; a `raise` left in written code is told with its line, on every surface."""

import os
import subprocess
import sys

import pytest

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Broke, LeftRaise, guard
from dropout_lab.checks.stubs import Stub, around
from student import Student

OWN = 'raise NotImplementedError("`relu_forward` is still blank. Lesson 03, exercise 3.1: dropout_lab/layers.py")'
MESSAGE = OWN.partition('"')[2][:-2]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (f'"""Text."""\n    {OWN}', Stub("relu_forward", True)),
        ("raise NotImplementedError", Stub("relu_forward", True)),
        (f"n, d = x.shape\n    if n < 1:\n        raise ValueError(n)\n    {OWN}", Stub("relu_forward", True)),
        (f"check_rate(x)\n    for a in x:\n        _require(a)\n    {OWN}", Stub("relu_forward", True)),
        (f"out = x * (x > 0)\n    {OWN}\n    return out, x", Stub("relu_forward", False)),
        (f"{OWN}\n    return x * (x > 0), x", Stub("relu_forward", False)),
        (f"out = x * (x > 0)\n    check_rate(0)\n    {OWN}", Stub("relu_forward", False)),
        (f"if x is None:\n        return None\n    {OWN}", Stub("relu_forward", False)),
        (f"def inner():\n        {OWN}\n    return inner()", Stub("relu_forward", False)),
        ("out = x\n    raise NotImplementedError('later')", None),
        ("def inner():\n        raise NotImplementedError\n    return inner()", None),
        ("return helper(x)\n\ndef helper(x):\n    raise NotImplementedError", None),
        (f"return helper(x)\n\ndef helper(x):\n    {OWN}", Stub("relu_forward", False)),
    ],
)
def test_a_stub_is_blank_as_long_as_nothing_is_written_in_it(body, found):
    source = f"def relu_forward(x):\n    {body}\n"
    line = next(i for i, text in enumerate(source.splitlines(), 1) if "raise NotImplementedError" in text)
    assert around(source, line, MESSAGE if OWN in body else "later") == found


def test_every_stub_as_handed_out_is_blank():
    for module in {e.module for e in EXERCISES.values()}:
        source = (ROOT / "dropout_lab" / f"{module}.py").read_text("utf-8")
        lines = [(i, text) for i, text in enumerate(source.splitlines(), 1) if "is still blank" in text]
        assert {around(source, i, text).name for i, text in lines} == {
            e.function for e in EXERCISES.values() if e.module == module
        }
        assert all(around(source, i, text).blank for i, text in lines)


def test_what_a_library_leaves_unwritten_is_no_stub():
    function = guard("relu_forward", lambda x: abstract())
    with pytest.raises(Broke) as caught:
        function(2)
    assert not isinstance(caught.value, LeftRaise)


def abstract():
    raise NotImplementedError("of a base class")


# one student: affine_forward written around its raise, relu_forward through a helper, relative_error untouched
HELPER = "def relu_forward(x):\n    return helper(x), x\n\n\ndef helper(x):\n    raise NotImplementedError"
AROUND = "def affine_forward(x, w, b):\n    out = x @ w + b\n    {}\n    return out, (x, w)"


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    student = Student(tmp_path_factory.mktemp("student"))
    stub = next(
        text.strip() for text in student.file("layers").read_text("utf-8").splitlines() if "`affine_forward`" in text
    )
    student.save("layers", "affine_forward", AROUND.format(stub))
    student.save("layers", "relu_forward", HELPER)
    return student


def place(student, after, text):
    lines = student.file("layers").read_text("utf-8").splitlines()
    start = lines.index(after)
    return f"dropout_lab/layers.py, line {next(i for i in range(start, len(lines)) if text in lines[i]) + 1}"


@pytest.fixture(scope="module")
def told(student):
    """The sentences that are so, by exercise: what the card of a surface has to hold."""
    left = place(student, "def affine_forward(x, w, b):", "raise NotImplementedError")
    raised = place(student, "def helper(x):", "raise NotImplementedError")
    no_longer = f"is no longer blank, but the `raise` of its stub still stands in it: {left}."
    return {
        "affine_forward": f"it {no_longer}",
        "affine_backward": f"`affine_forward` {no_longer}",
        "relu_forward": f"it raised NotImplementedError. In {raised}: `raise NotImplementedError`",
        "relative_error": "`relative_error` is still blank. Lesson 02, exercise 2.2: dropout_lab/gradcheck.py, line ",
    }


def python(student, code):
    environment = {**os.environ, "PYTHONPATH": str(student.home), "NO_COLOR": "1", "COLUMNS": "1000"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=student.home, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


RUN = """
from dropout_lab.checks.runner import run_checks
for record in run_checks({names}): print(record["exercise"], record["status"], record["message"])
"""


def test_the_terminal_says_so(student, told):
    lines = python(student, RUN.format(names=list(told))).splitlines()
    for line, (name, said) in zip(lines, told.items(), strict=True):
        assert line.startswith(f"{name} {'blank' if 'still blank' in said else 'error'} "), line
        assert said in line


CELLS = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(colors="nocolor", autoindent=False)
shell.run_cell("from dropout_lab.checks import check; from dropout_lab.lab.notebook import start; start()")
for cell in {cells}:
    print("@@@")
    shell.run_cell(cell)
"""


def test_a_notebook_says_so_of_a_check_and_of_a_call(student, told):
    calls = ["import dropout_lab.layers as l; l.affine_forward(*[__import__('numpy').ones((1, 1))] * 3)"]
    cells = [*(f"check({name!r})" for name in told), *calls, "l.relu_forward(1)"]
    shown = [" ".join(part.split()) for part in python(student, CELLS.format(cells=cells)).split("@@@\n")[1:]]
    for part, said in zip(shown, told.values(), strict=False):
        assert said in part, part
        assert part.startswith("○" if "still blank" in said else "✗")
    left, raised = shown[len(told) :]
    assert left.startswith("✗ `affine_forward` is no longer blank")
    assert "Traceback" in raised  # a student's own exception, outside of a check, is shown as Python shows it


@pytest.mark.skipif(sys.platform == "win32", reason="grading limits processes by means that Windows does not have")
def test_the_grader_says_so(student, told):
    from dropout_lab.instructor.grading.grade import Settings, grade_submission
    from dropout_lab.instructor.grading.submissions import Submission

    files = {e.module: student.file(e.module).read_bytes() for e in EXERCISES.values()}
    settings = Settings(1, "plain", exercises=tuple(told))
    result = grade_submission(Submission("anna", "anna", files), settings)
    for row in result["exercises"]:
        said = told[row["exercise"]]
        assert said in row["message"]
        assert row["status"] == ("blank" if "still blank" in said else "error")
