"""The gates: nothing derived has drifted, no solution has leaked, a blank course fails only at its blanks."""

import os
import re

import nbformat
import pytest

from conftest import ROOT, are_lessons
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.publishing import leaks
from dropout_lab.instructor.publishing.build import build
from dropout_lab.instructor.publishing.derive import solution
from dropout_lab.instructor.publishing.execute import execute
from dropout_lab.instructor.publishing.inputs import data_of, imported_by

STUB = re.compile(r"`(\w+)` is still blank\. Lesson \d\d, exercise [\d.]+: dropout_lab/\w+\.py")
CLOCK = re.compile(r"\brace\(|\b(time|perf_counter|monotonic)\(|\.seconds\b|\bdatetime\b")
LESSONS = sorted((ROOT / "lessons").glob("*.ipynb"))
SOURCES = sorted((ROOT / "solutions").glob("[0-9]*.py"))
SOLUTIONS = sorted((ROOT / "solutions").glob("*.ipynb"))
NBVAL_TAGS = {"nbval-check-output", "nbval-ignore-output", "nbval-skip", "nbval-raises-exception"}
COMPARED = {
    "00": 1,
    "01": 8,
    "02": 5,
    "03": 8,
    "04": 5,
    "05": 5,
    "06": 9,
    "07": 4,
    "08": 1,
    "09": 3,
    "10": 4,
    "11": 6,
    "12": 3,
    "13": 2,
}  # cells of each lesson
TAGS = NBVAL_TAGS | {"setup", "solution", "timed"}


def by_stem(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


def tags(cell):
    return set(cell.metadata.get("tags", []))


def test_building_again_would_change_nothing():
    assert build(ROOT, check=True) == []


def test_no_solution_stands_in_the_student_tree():
    assert leaks.find(ROOT) == []


def test_every_lesson_has_its_solution_and_every_solution_its_lesson():
    assert [p.name for p in LESSONS] == [p.name for p in SOLUTIONS]


@pytest.mark.parametrize(
    ("words", "folder", "are"),
    [
        ("lessons", ".", True),
        ("lessons/05_zeroing_neurons.ipynb::Cell lessons/06_inverted_dropout.ipynb", ".", True),
        ("05_zeroing_neurons.ipynb", "lessons", True),
        (".", "lessons", True),
        ("lessons/05_zeroing_neurons.ipynb solutions/05_zeroing_neurons.ipynb", ".", False),
        ("05_zeroing_neurons.ipynb", "solutions", False),
        ("tests solutions", ".", False),
        (".", ".", False),
    ],
)
def test_a_students_functions_are_run_where_only_lessons_are_named(words, folder, are):
    assert are_lessons(words.split(), ROOT / folder) == are


@by_stem(LESSONS)
def test_a_lesson_has_no_outputs(path):
    cells = nbformat.read(path, 4).cells
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@by_stem(SOLUTIONS)
def test_checked_cells_carry_rounded_text(path):
    checked = [cell for cell in nbformat.read(path, 4).cells if "nbval-check-output" in tags(cell)]
    for cell in checked:
        assert cell.execution_count, f"never run: {cell.source}"
        assert cell.outputs, f"says nothing: {cell.source}"
        text = "".join(output.get("text", output.get("data", {}).get("text/plain", "")) for output in cell.outputs)
        long = re.findall(r"\d\.\d{7,}", text)
        assert not long, f"more digits than every machine agrees on: {long} in {cell.source}"


@by_stem(SOURCES)
def test_a_cell_that_reads_a_clock_is_tagged_timed(path):
    for cell in solution(path).cells:
        if cell.cell_type == "code" and CLOCK.search(cell.source):
            assert tags(cell) & {"timed", "nbval-check-output"}, cell.source


def test_as_many_cells_are_compared_as_were_when_somebody_last_looked():
    """Whoever takes a tag away, or adds one, writes here that it is meant."""
    checked = {path.stem[:2]: sum("nbval-check-output" in tags(c) for c in solution(path).cells) for path in SOURCES}
    assert checked == COMPARED


@by_stem(SOLUTIONS)
def test_a_solution_ran_without_errors_or_warnings(path):
    for cell in nbformat.read(path, 4).cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error" or "nbval-raises-exception" in tags(cell), cell.source
            assert output.get("name") != "stderr", f"{cell.source}\n{output.get('text')}"


@by_stem(SOLUTIONS)
def test_tags_are_ones_that_somebody_reads(path):
    assert set().union(*(tags(cell) for cell in nbformat.read(path, 4).cells)) <= TAGS


@pytest.fixture(scope="module")
def blank():
    """The cells of each lesson as they run on the stubs: one after the other in one kernel, emptied in between."""
    lessons = {path.stem: nbformat.read(path, 4).cells for path in LESSONS}
    for cells in lessons.values():
        cells.insert(0, nbformat.v4.new_code_cell("%reset -f\n__spec__ = None"))
    for number, cell in enumerate(cell for cells in lessons.values() for cell in cells):
        cell.id = f"{number}"
    together = nbformat.v4.new_notebook(cells=[cell for cells in lessons.values() for cell in cells])
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = iter(execute(together, ROOT / "lessons", allow_errors=True, env=env).cells)
    return {stem: [next(ran) for _ in cells] for stem, cells in lessons.items()}


@by_stem(LESSONS)
def test_a_blank_lesson_fails_only_at_its_blanks(path, blank):
    functions = {e.function for e in EXERCISES.values()}
    asks = [cell for cell in blank[path.stem] if cell.source.startswith("check(")]
    assert all(any(output.output_type == "error" for output in cell.outputs) for cell in asks)
    for cell in blank[path.stem]:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                said = " ".join(output.evalue.split())
                assert output.ename in ("NotImplementedError", "StillBlank"), f"{cell.source}\n{output.ename}: {said}"
                named = STUB.search(said)
                assert named, output.evalue
                assert named[1] in functions, output.evalue


def test_a_module_of_the_lab_concerns_few_lessons():
    """How many notebooks a change of code makes stale, in the mean; a docstring makes none."""
    read = [imported_by(ROOT, source) for source in SOURCES]
    modules = [path.relative_to(ROOT).with_suffix("").parts for path in (ROOT / "dropout_lab" / "lab").rglob("*.py")]
    names = [".".join(parts).removesuffix(".__init__") for parts in modules]
    assert sum(name in names_read for name in names for names_read in read) / len(names) <= 4


def test_no_data_of_the_lab_is_outside_of_every_hash():
    read = set().union(*(imported_by(ROOT, source) for source in SOURCES))
    known = {path for name in read for path in data_of(ROOT, name)}
    beside = {p for p in (ROOT / "dropout_lab" / "lab").rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
    assert beside <= known


def test_every_module_is_small_enough_to_hold_in_mind():
    for path in sorted((ROOT / "solutions" / "dropout_lab").glob("*.py")):
        lines = len(path.read_text("utf-8").splitlines())
        assert lines <= 200, f"{path.name} has {lines} lines"
