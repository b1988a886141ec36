"""What is written for other systems is read back by their own rules."""

import csv
import gc
import io
import json
import re
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import classroom
import importers
from classroom import HOSTILE, document, result, row
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.feedback import cards
from dropout_lab.instructor.gradebooks import canvas, github, gradescope, moodle, tables
from dropout_lab.instructor.gradebooks.exports import ExportError, Options, export
from dropout_lab.instructor.gradebooks.identity import match
from dropout_lab.instructor.gradebooks.sheets import Sheet, SheetError, amount

BOM = b"\xef\xbb\xbf"
QUICK = settings(max_examples=80, deadline=None)
HALF = [row("relu_forward"), row("relu_backward", "blank")]  # 5 of 10
TITLE = "Dropout lab (4711)"


def gradebook(sep=",", comma=False, end="\r\n", bom=True, quote=False, possible="10.00"):
    """A gradebook in the shape that Canvas exports, with all that makes parsers stumble."""
    decimal = (lambda t: t.replace(".", ",")) if comma else (lambda t: t)
    lines = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Essay, first; draft (12)", TITLE, "Current Score"],
        ["    Points Possible", "", "", "", "", "20.00", possible, "(read only)"],
        ["Müller, Zoë", "101", "s-1", "zoe@uni.example", "Gruppe „A“", "7.25", "", "36.25"],
        ['O"Neill, Seán', "102", "s-2", "sean", "A\nB", "EX", "3.00", ""],
        ["Łukasz, Ñandú", "103", "s-3", "lukasz", "", "-", "", "=1+1"],
        ["Student, Test", "999", "", "9f8e", "A", "", "", ""],
    ]

    def field(text):
        if quote or any(mark in text for mark in (sep, '"', "\n")):
            return '"' + text.replace('"', '""') + '"'
        return text

    text = (
        end.join(sep.join(field(decimal(t) if t.replace(".", "").isdigit() else t) for t in line) for line in lines)
        + end
    )
    return (BOM if bom else b"") + text.encode()


SHAPES = [
    {},
    {"bom": False},
    {"sep": ";"},
    {"sep": ";", "comma": True},
    {"comma": True},
    {"end": "\n"},
    {"quote": True},
    {"sep": ";", "comma": True, "end": "\n", "bom": False, "quote": True},
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_canvas_gets_one_column_and_every_other_grade_stays(shape):
    before = gradebook(**shape)
    filled = canvas.fill(before, [result("101", HALF), result("s-3", HALF[:1])])
    was, now = importers.canvas(before), importers.canvas(filled.content)
    assert now["101"].pop(TITLE) == 5.0
    assert now["103"].pop(TITLE) == 10.0
    assert now == was
    assert (filled.filled, filled.left) == (2, [])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_byte_outside_the_filled_cells_stays(shape):
    before = gradebook(**shape)
    after = canvas.fill(before, [result("101", HALF)]).content
    start = _alike(before, after)
    inserted = after[start : len(after) - _alike(before[::-1], after[::-1])].strip(b'"')
    assert inserted == (b"5,00" if shape.get("comma") else b"5.00")
    assert b"Z" in before[max(start - 80, 0) : start]
    assert len(after) - len(before) in {4, 6}


def _alike(a, b):
    """How many bytes at their beginning are the same."""
    return next((i for i, (one, other) in enumerate(zip(a, b, strict=False)) if one != other), min(len(a), len(b)))


def test_filling_for_nobody_changes_no_byte():
    assert canvas.fill(gradebook(), [result("nobody", HALF)]).content == gradebook()


def test_code_page_1252_survives():
    before = gradebook(bom=False).decode().replace("Łukasz, Ñandú", "Ñandú").replace("„A“", "é").encode("cp1252")
    after = canvas.fill(before, [result("101", HALF)]).content
    assert after == before.replace(b"7.25,,36.25", b"7.25,5.00,36.25")


def test_points_possible_and_the_test_student_stay():
    after = canvas.fill(gradebook(), [result(k, HALF) for k in ("101", "102", "103")]).content
    lines = after.splitlines()
    assert lines[1] == gradebook().splitlines()[1]
    assert lines[-1] == gradebook().splitlines()[-1]


THOUSAND = [
    "1000",
    "1000.00",
    "1,000.00",
    "1.000,00",
    "1 000,00",
    "1'000.00",
    "1\u00a0000,00",
    "1\u202f000.00",
    "1’000.00",
]
UNCLEAR = [
    "1,000",
    "1.000",
    "12,345",
    "1,0,0",
    "1.000.00",
    "1,00.00",
    "-5",
    "1e3",
    "100%",
    "ten",
    "1 0",
    "0,000.5",
    "١٠٠",
]


@pytest.mark.parametrize("possible", THOUSAND)
def test_a_thousand_points_are_a_thousand_however_they_are_written(possible):
    filled = canvas.fill(gradebook(possible=possible, sep=";", quote=True), [result("101", HALF)])
    assert filled.possible == 1000
    assert importers.canvas(filled.content)["101"][TITLE] == 500


@pytest.mark.parametrize("possible", UNCLEAR)
def test_points_that_are_no_number_or_two_are_refused(possible):
    with pytest.raises(SheetError, match="Points Possible"):
        canvas.fill(gradebook(possible=possible, sep=";", quote=True), [result("101", HALF)])


@QUICK
@given(st.integers(0, 10**11), st.sampled_from([",.", ".,", " ,", "'.", ".", ","]))
def test_an_amount_in_any_usual_style_is_read_as_it_was_meant(cents, style):
    text = f"{cents / 100:,.2f}" if len(style) == 2 else f"{cents / 100:.2f}"
    text = text.translate({ord(","): style[0], ord("."): style[-1]})
    assert amount(text, "x") == pytest.approx(cents / 100, rel=1e-12)


@QUICK
@given(st.text(st.sampled_from("0123456789.,' \u00a0-+e%"), max_size=12))
def test_no_text_is_read_as_a_number_that_it_is_not_in_some_style(text):
    try:
        got = amount(text, "x")
    except SheetError:
        return
    bare = re.sub(r"[^0-9]", "", text)
    assert (got is None) == (not text.strip())
    digits = "" if got is None else format(Decimal(repr(got)), "f").replace(".", "")
    assert digits.strip("0") == bare.strip("0") or len(bare) > 15


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@QUICK
@given(st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=5), st.sampled_from(",;\t"), st.booleans())
def test_a_sheet_of_anything_is_read_as_it_was_written_and_filled_in_one_cell_alone(rows, separator, bom):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(
        [["a", "b", "c"], *rows]
    )
    content = (BOM if bom else b"") + out.getvalue().encode()
    sheet = Sheet(content, "a", "b", "c")
    assert [[cell.text for cell in row] for row in sheet.rows] == [["a", "b", "c"], *rows]
    assert sheet.edited() == content
    sheet.fill(1, 1, 'x"y\n;')
    again = Sheet(sheet.edited(), "a", "b", "c")
    rows[0][1] = 'x"y\n;'
    assert [[cell.text for cell in row] for row in again.rows[1:]] == rows


@QUICK
@given(st.binary(max_size=200))
def test_bytes_of_anything_are_a_table_or_refused(content):
    for fill in (lambda: canvas.fill(content, []), lambda: moodle.fill(content, [])):
        with suppress(SheetError):
            assert fill().filled == 0


@QUICK
@given(TEXT, TEXT, st.text(max_size=300))
def test_what_students_choose_comes_back_out_of_every_export(student, note, message):
    one = result(student, [row("affine_backward", "failed", None, message)], stem="s", notes=[note])
    for line in list(csv.reader(io.StringIO(tables.grades([one]).decode("utf-8-sig"), newline="")))[1:]:
        assert not line[0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert importers.gradescope(gradescope.results_json(one))[0] == 0
    assert cards.as_html(one).count("<h1>") == 1
    assert "\n" not in moodle.words(one)


@pytest.mark.parametrize(("possible", "mark"), [("10.00", 5.0), ("100", 50.0), ("3", 1.5), ("", 5.0), ("0", 5.0)])
def test_points_are_parts_of_points_possible(possible, mark):
    filled = canvas.fill(gradebook(possible=possible), [result("101", HALF)])
    assert importers.canvas(filled.content)["101"][TITLE] == mark


def test_an_excused_student_stays_excused():
    before = gradebook().replace(b'"A\nB",EX,3.00', b'"A\nB",EX,EX')
    filled = canvas.fill(before, [result("102", HALF)])
    assert filled.content == before
    assert "excused" in filled.left[0][1]


@pytest.mark.parametrize(
    "name",
    [
        "101",
        "s-1",
        "zoe@uni.example",
        "Müller, Zoë",
        "MÜLLER, zoë",
        "Zoë Müller",
        "Mu\u0308ller, Zoe\u0308",
        "mullerzoe_101_5551_layers.zip",
        "mullerzoe_LATE_101_5551_work_102_9_.zip",
    ],
)
def test_a_student_is_found_by_number_login_name_or_canvas_download(name):
    filled = canvas.fill(gradebook(), [result(name, HALF)])
    assert filled.left == []
    assert importers.canvas(filled.content)["101"][TITLE] == 5.0


def test_two_submissions_of_one_person_are_left_to_the_instructor():
    filled = canvas.fill(gradebook(), [result("101", HALF), result("s-1", HALF)])
    assert filled.content == gradebook()
    assert [why for _, why in filled.left] == ["2 submissions belong to the same person"] * 2


def test_a_name_that_two_rows_have_is_nobodys():
    found = match([result("Kim")], {1: ["1", "Kim"], 2: ["2", "Kim"]})
    assert found.pairs == {}
    assert found.left[0][1] == "more than one row has this name"


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(SheetError, match=r"no column 'ID'\. Its columns: 'Student', 'SIS'"):
        canvas.fill(b"Student,SIS\r\na,1\r\n", [])
    with pytest.raises(SheetError, match=r"no assignment 'Quiz'.*'Dropout lab \(4711\)'"):
        canvas.fill(gradebook(), [], "Quiz")


def test_a_column_that_is_not_clear_is_not_guessed():
    unclear = gradebook().replace(b"Dropout lab", b"Homework")
    with pytest.raises(SheetError, match=r"not clearly|no column that is clearly"):
        canvas.fill(unclear, [])
    for name in ("Homework", "4711", "Homework (4711)"):
        assert canvas.fill(unclear, [result("101", HALF)], name).column == "Homework (4711)"


def test_a_read_only_column_is_refused():
    with pytest.raises(SheetError, match="read only"):
        canvas.fill(gradebook(possible="(read only)"), [])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        ("Student,ID\n".encode("utf-16"), "UTF-16"),
        (b'Student,ID,"A (1)\n', "quote"),
        (b'Student,ID,"A (1)"x\n', "quote"),
        (b"Name,ID,A (1)\n", "first column is not Student"),
    ],
)
def test_what_is_no_gradebook_is_refused_in_a_sentence(content, says):
    with pytest.raises(SheetError, match=says):
        canvas.fill(content, [])


def test_a_short_row_is_left_and_named():
    filled = canvas.fill(b"Student,ID,Section,Dropout (1)\na,7\nb,8,,\n", [result("7", HALF), result("8", HALF)])
    assert filled.content == b"Student,ID,Section,Dropout (1)\na,7\nb,8,,5.00\n"
    assert "row ends" in filled.left[0][1]


@pytest.mark.parametrize(
    "content", [b"a,b\r\n1,2\r\n", b"a,b\n1,2", b'"a";b\r"1";""\r', b"a,b\n\n1,\n", b'a,b\n"1\n,",2\n']
)
def test_a_sheet_agrees_with_the_csv_module(content):
    sheet = Sheet(content)
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), delimiter=sheet.separator.decode()))
    assert [[c.text for c in r] for r in sheet.rows] == [r for r in rows if r]
    assert sheet.edited() == content


USERS = """\
First name,Last name,ID number,Email address
Zoë,Müller,1001,zoe@uni.example
Seán,O'Neill,1002,sean@uni.example
No,Number,,no@uni.example
"""


def test_moodle_gets_known_people_only_and_takes_the_file():
    results = [
        result("Zoë Müller_77_assignsubmission_file", HALF),
        result("sean@uni.example", HALF[:1]),
        result("1003", HALF),
    ]
    made = moodle.fill(USERS.encode(), results)
    grades = importers.moodle(made.content, users={"1001", "1002"})
    assert {k: g for k, (g, _) in grades.items()} == {"1001": 50.0, "1002": 100.0}
    assert [(r.student, why) for r, why in made.left] == [("1003", "no row has this name or number")]


def test_moodle_leaves_out_a_person_without_the_identifier():
    made = moodle.fill(USERS.encode(), [result("no@uni.example", HALF)])
    assert made.filled == 0
    assert "is empty" in made.left[0][1]


def test_moodles_comment_has_our_words_only():
    made = moodle.fill(
        USERS.encode(), [result("1001", [row("affine_backward", "failed", "A01", HOSTILE)], notes=[HOSTILE])]
    )
    ((_, comment),) = importers.moodle(made.content, users={"1001"}).values()
    assert "1.2 affine_backward: the gradient of b is not summed over the batch." in comment
    assert "script" not in comment
    assert "HYPERLINK" not in comment


def test_moodles_own_worksheet_is_filled_and_otherwise_untouched():
    before = (
        'Identifier,"Full name",Email,Status,Grade,"Maximum Grade","Last modified (grade)","Feedback comments"\r\n'
        'Participant 77,"Zoë Müller",z@x.example,Submitted,,"20.00",-,\r\n'
        'Participant 78,"Seán O\'Neill",s@x.example,Submitted,,"20.00",-,\r\n'
    ).encode()
    made = moodle.fill(before, [result("Zoë Müller_77_assignsubmission_file", HALF)])
    rows = list(csv.reader(io.StringIO(made.content.decode(), newline="")))
    assert rows[1][4] == "10.00"
    assert rows[1][7].startswith("1 of 2; one blank. 5.00 of 10.00 points.")
    assert made.content.splitlines()[2] == before.splitlines()[2]
    assert made.content.splitlines()[0] == before.splitlines()[0]


def test_a_row_of_a_worksheet_without_a_maximum_is_left_to_the_instructor():
    before = b'Identifier,Full name,Grade,Maximum Grade\r\nParticipant 77,Kim,,\r\nParticipant 78,Ana,,"1,000.00"\r\n'
    made = moodle.fill(before, [result("Kim", HALF), result("Ana", HALF)])
    assert [(r.student, why) for r, why in made.left] == [("Kim", "its row has no Maximum Grade")]
    assert b"78,Ana,500.00" in made.content


def test_other_names_of_a_student_are_tried_first():
    filled = canvas.fill(gradebook(), [result("submission_1", HALF, also=["zoe@uni.example"])])
    assert filled.left == []


def test_a_list_without_an_identifier_is_refused():
    with pytest.raises(SheetError, match="none of the columns ID number"):
        moodle.fill(b"Name,Group\na,b\n", [])


def test_grades_open_in_excel_with_no_formula_in_them():
    content = tables.grades([result("Zoë", HALF), result(HOSTILE, [row("relu_forward")], stem="x")])
    assert content.startswith(BOM)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["student", "submission", "points", "max_points", "percent", "relu_forward", "relu_backward"]
    assert rows[1] == ["Zoë", "Zoë", "5.00", "10.00", "50.00", "5.00", "0.00"]
    assert rows[2][2:] == ["5.00", "5.00", "100.00", "5.00", ""]
    assert rows[2][0].startswith("'=")
    assert not any(cell.startswith(("=", "+", "-", "@")) for r in rows for cell in r)
    assert all(line.startswith('"') for line in content.decode("utf-8-sig").splitlines())  # a ; inside stays inside


def test_gradescope_reads_its_file():
    score, tests = importers.gradescope(
        gradescope.results_json(result("a", [*HALF, row("affine_backward", "error", message=HOSTILE)]))
    )
    assert score == 5
    assert [(t["name"], t["status"], t["score"], t["max_score"], t["number"]) for t in tests] == [
        ("✓ relu_forward", "passed", 5, 5, "3.1"),
        ("○ relu_backward", "failed", 0, 5, "3.2"),
        ("✗ affine_backward", "failed", 0, 10, "1.2"),
    ]
    assert "<script>" not in json.dumps(tests)


def test_gradescope_has_a_file_from_the_beginning():
    score, tests = importers.gradescope(gradescope.running_json([]))
    assert (score, tests) == (0, [])
    one = result("a", HALF)
    assert importers.gradescope(gradescope.running_json(one.rows[:1]))[0] == 5
    assert importers.gradescope(gradescope.broken_json(HOSTILE, one.rows[:1]))[0] == 5


def test_the_step_summary_is_appended(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("from another step\n")
    github.append(path, [result("a", HALF)])
    assert path.read_text().startswith("from another step\n\n## a\n\n1 of 2; one blank. 5.00 of 10.00 points")
    github.append(path, [result("a|b`c|d`", HALF), result("b", HALF)])
    table = [line for line in path.read_text().splitlines() if line.startswith("|")]
    assert len(table) == 4
    assert all(len(line.replace("\\|", "").split("|")) == 5 for line in table)


def test_a_step_summary_keeps_to_what_github_takes(tmp_path, monkeypatch):
    monkeypatch.setattr(github, "LARGEST", 2_000)
    github.append(tmp_path / "s.md", [result(f"student {i}", HALF) for i in range(500)])
    assert (tmp_path / "s.md").stat().st_size < 2_000
    assert "The rest is in the results." in (tmp_path / "s.md").read_text()


@pytest.fixture
def folder(tmp_path):
    return classroom.write(
        tmp_path / "results", [document("101", HALF), document(HOSTILE, HALF), document("102", HALF)]
    )


def test_an_export_writes_everything_and_says_who_was_left_out(folder, tmp_path, monkeypatch):
    (tmp_path / "canvas.csv").write_bytes(gradebook())
    (tmp_path / "moodle.csv").write_text("ID number\n101\n102\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    said = export(
        folder, Options(gradescope=True, canvas=tmp_path / "canvas.csv", moodle=tmp_path / "moodle.csv", github=True)
    )
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert names == {
        "canvas.csv",
        "canvas-unmatched.csv",
        "class.html",
        "grades.csv",
        "moodle.csv",
        "moodle-unmatched.csv",
        *(
            f"{d}s00{i}.{e}"
            for i in range(3)
            for d, e in [("", "json"), ("feedback/", "html"), ("feedback/", "md"), ("gradescope/", "json")]
        ),
    }
    assert (tmp_path / "canvas.csv").read_bytes() == gradebook()
    assert sum("no row has this name or number" in line for line in said) == 2
    assert "101" in (tmp_path / "summary.md").read_text()


def test_a_second_export_gives_the_same_bytes(folder):
    export(folder)
    first = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    export(folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == first


def test_the_results_of_a_class_are_not_held_in_memory(tmp_path, monkeypatch):
    """Of a result stay its marks, and 8 bytes for each run of tokens; comparing them takes four times that in all."""
    monkeypatch.setattr(cards, "as_html", lambda result: "")  # slow where every object is traced
    monkeypatch.setattr(cards, "as_markdown", lambda result: "")
    runs, message, peaks = 1_000, 3_000, {}
    rng = np.random.default_rng(0)
    rows = [row(name, "failed", message="wrong " * (message // 6)) for name in EXERCISES]
    for size in (2, 10, 60):  # the first for what is imported and kept at the first call
        own = [{"layers": rng.integers(0, 2**48, runs).tolist()} for _ in range(size)]
        folder = classroom.write(tmp_path / str(size), [document(f"s{i}", rows, sources=s) for i, s in enumerate(own)])
        del own
        gc.collect()
        tracemalloc.start()
        export(folder)
        peaks[size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    bound = 4 * 8 * runs + 5_000
    assert (peaks[60] - peaks[10]) / 50 < bound < 0.5 * len(rows) * message


def test_a_file_that_cannot_be_used_stops_nothing_else(folder, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    (tmp_path / "moodle.csv").write_text("ID number\n101\n")
    with pytest.raises(ExportError, match=r"gone\.csv cannot be read.*GITHUB_STEP_SUMMARY is not set"):
        export(folder, Options(canvas=tmp_path / "gone.csv", moodle=tmp_path / "moodle.csv", github=True))
    assert (folder / "class.html").exists()
    assert (folder / "moodle.csv").exists()


def test_a_folder_without_results_is_said(tmp_path):
    with pytest.raises(ExportError, match="holds no results"):
        export(tmp_path)


def test_what_grade_writes_is_what_report_writes_again(tmp_path):
    for student, text in {"101": "return np.maximum(x, 0), x", "nobody": "return x, x"}.items():
        (tmp_path / "class" / student).mkdir(parents=True)
        (tmp_path / "class" / student / "layers.py").write_text(
            f"import numpy as np\n\ndef relu_forward(x):\n    {text}\n", "utf-8"
        )
    (tmp_path / "export.csv").write_bytes(gradebook(possible="40"))
    also = ["--canvas", str(tmp_path / "export.csv"), "--gradescope"]
    command("grade", str(tmp_path / "class"), "--out", str(tmp_path / "out"), "--lessons", "3", *also)
    written = {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert importers.canvas(written[Path("out/canvas.csv")])["101"][TITLE] == round(5 / 55 * 40, 2)
    assert b"no row has this name or number" in written[Path("out/canvas-unmatched.csv")]
    (nobody,) = (data for path, data in written.items() if path.match("out/gradescope/nobody-*.json"))
    assert importers.gradescope(nobody)[0] == 0
    assert "relu_forward" in written[Path("out/class.html")].decode()
    command("report", str(tmp_path / "out"), *also)
    assert {p.relative_to(tmp_path): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == written


def command(*words):
    done = subprocess.run([sys.executable, "-m", "dropout_lab", *words], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stdout + done.stderr
