"""A course folder from the wheel: made, worked in, brought up to date; and the folder that one works in wins."""

import json
import os
import shutil
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

import installs
from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.watching import watch
from dropout_lab.instructor.publishing import derive
from dropout_lab.system import course, derived, desk, places

TABLE = {e.name: (e.module, e.function) for e in EXERCISES.values()}
STUB = 'raise NotImplementedError("`relu_forward`'
ANSWER = "return np.maximum(x, 0), x\n    " + STUB


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return installs.wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    return installs.python(tmp_path_factory.mktemp("venv"), unpacked=wheel)


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "mein Kurs ü"
    course.init(folder)
    return folder


def answer(folder):
    path = folder / "dropout_lab" / "layers.py"
    path.write_text(path.read_text("utf-8").replace(STUB, ANSWER), "utf-8")
    return path


def statuses(result):
    return {record["exercise"]: record["status"] for record in json.loads(result.stdout)}


def test_from_the_wheel_to_the_first_pass_and_an_update_over_two_courses(python, tmp_path):
    began = time.monotonic()
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        assert installs.command(python, tmp_path, "init", folder.name).returncode == 0
    blank = statuses(installs.command(python, one, "check", "--json"))
    assert set(blank.values()) == {"blank"}
    assert list(blank) == list(EXERCISES)
    answer(one)
    passed = installs.command(python, one / "lessons", "check", "relu_forward")
    assert passed.stdout.startswith("✓ ")
    assert passed.returncode == 0
    assert time.monotonic() - began < 60, "seconds, most of them another's work"
    assert statuses(installs.command(python, two, "check", "relu_forward", "--json")) == {"relu_forward": "blank"}
    for folder in (one, two):
        assert "1 of yours kept" in installs.command(python, tmp_path, "init", folder.name).stdout or folder == two
    assert statuses(installs.command(python, one, "check", "relu_forward", "--json")) == {"relu_forward": "passed"}


def test_the_wheel_carries_what_the_sources_give_and_no_file_that_was_worked_on(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        carried = {n: archive.read(n) for n in archive.namelist() if n.startswith("dropout_lab/course/")}
    assert carried == {f"dropout_lab/course/{f.path.as_posix()}": f.text.encode() for f in derive.derived(ROOT)}
    for name in ("dropout_lab/layers.py", "lessons/03_a_two_layer_network.ipynb"):
        for path in (name, derived.MANIFEST):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
        assert not derived.edited(tmp_path, name)
        (tmp_path / name).write_text((tmp_path / name).read_text("utf-8").replace("relu", "rely"), "utf-8")
        assert derived.edited(tmp_path, name)


def test_a_course_holds_lessons_stubs_and_a_readme_and_nothing_else(made):
    files = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    stubs = {f"dropout_lab/{module}.py" for module, _ in TABLE.values()}
    lessons = {f"lessons/{path.name}" for path in (ROOT / "lessons").iterdir() if path.is_file()}
    assert files == stubs | lessons | {"dropout_lab/__init__.py", "README.md", course.STATE.as_posix()}
    assert len((made / "dropout_lab/__init__.py").read_text().splitlines()) == 5


def test_an_update_replaces_what_was_not_touched_and_keeps_the_rest_with_the_new_text_beside(made, monkeypatch):
    layers = answer(made)
    mine = layers.read_text("utf-8")
    new = {name: data + b"\n" for name, data in course.contents().items()}
    monkeypatch.setattr(course, "contents", lambda: dict(new))
    monkeypatch.setattr(course, "version", lambda: "1.1.0")
    (made / "notes.txt").write_text("mine")
    (made / "dropout_lab" / "noise.py").unlink()
    updated = course.init(made)
    assert updated.new == ["dropout_lab/noise.py"]
    assert updated.kept == {"dropout_lab/layers.py": "dropout_lab/layers.new-1.1.0.py"}
    assert layers.read_text("utf-8") == mine
    assert (made / "dropout_lab/layers.new-1.1.0.py").read_bytes() == new["dropout_lab/layers.py"]
    assert len(updated.replaced) == len(new) - 2
    assert (made / "notes.txt").read_text() == "mine"
    again = course.init(made)
    assert again.kept == {"dropout_lab/layers.py": ""}
    assert not again.new
    assert not again.replaced


def test_init_that_is_killed_loses_nothing_and_goes_on(tmp_path, monkeypatch):
    folder, write, left = tmp_path / "course", course.write_atomically, iter(range(9))

    def dies(path, data):
        if next(left, None) is None:
            raise KeyboardInterrupt
        write(path, data)

    monkeypatch.setattr(course, "write_atomically", dies)
    with pytest.raises(KeyboardInterrupt):
        course.init(folder)
    monkeypatch.setattr(course, "write_atomically", write)
    (folder / course.STATE).unlink(missing_ok=True)
    answer(folder) if (folder / "dropout_lab/layers.py").exists() else None
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    course.init(folder)
    assert all(path.read_bytes() == data for path, data in before.items())
    assert len([p for p in folder.rglob("*") if p.is_file()]) >= len(course.contents()) + 1


def test_a_newer_course_is_left_alone(made, monkeypatch):
    monkeypatch.setattr(course, "version", lambda: "0.9")
    with pytest.raises(course.CourseError, match=r"Nothing was changed\. Bring the package up to date"):
        course.init(made)


def test_folders_that_cannot_be_a_course_are_said(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(course.CourseError, match="is a file"):
        course.init(tmp_path / "file")
    with pytest.raises(course.CourseError, match="holds the whole package"):
        course.init(ROOT)

    def refused(path, data):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(course, "write_atomically", refused)
    with pytest.raises(course.CourseError, match="cannot be written: Permission denied"):
        course.init(tmp_path / "read-only")


@pytest.mark.parametrize(
    "noted", ["[1]", "3", "null", "{}", "{", '{"version": 3, "files": {}}', '{"version": "1", "files": []}']
)
def test_a_note_that_is_not_ours_loses_nothing(made, noted):
    mine = answer(made).read_text("utf-8")
    (made / course.STATE).write_text(noted)
    assert "dropout_lab/layers.py" in course.init(made).kept
    assert (made / "dropout_lab/layers.py").read_text("utf-8") == mine
    assert json.loads((made / course.STATE).read_text("utf-8"))["version"] == course.version()


@pytest.mark.parametrize("text", [b"\xff\xfe", b"x = '\xe9'\n", b"\0", b"def relu_forward(:"])
def test_reset_gives_back_what_nothing_can_read(made, text):
    path = made / "dropout_lab/layers.py"
    blank = path.read_bytes()
    path.write_bytes(text)
    _, kept = course.reset(made, "relu_forward", TABLE)
    assert path.read_bytes() == blank
    assert (made / kept).read_bytes() == text


@pytest.mark.parametrize("notebook", ["[]", "{}", '{"cells": [1]}', '{"cells": 3}', ""])
def test_a_notebook_that_nothing_can_read_keeps_no_course_closed(made, notebook):
    next((made / "lessons").glob("03_*.ipynb")).write_text(notebook)
    assert course.stopped_at(made) == places.FIRST


def test_reset_gives_one_function_back_and_keeps_the_old_text(made):
    blank = (made / "dropout_lab/layers.py").read_text("utf-8")
    mine = (
        answer(made)
        .read_text("utf-8")
        .replace("def relu_backward", "def twice(x):\n    return 2 * x\n\n\ndef relu_backward")
    )
    (made / "dropout_lab/layers.py").write_text(mine, "utf-8")
    file, kept = course.reset(made, "relu_forward", TABLE)
    now = (made / file).read_text("utf-8")
    assert now == blank.replace("def relu_backward", "def twice(x):\n    return 2 * x\n\n\ndef relu_backward")
    assert (made / kept).read_text("utf-8") == mine
    (made / file).write_text("def relu_forward(:", "utf-8")
    _, kept = course.reset(made, "layers", TABLE)
    assert kept == "dropout_lab/layers.old-2.py"
    assert (made / file).read_text("utf-8") == blank
    with pytest.raises(course.CourseError, match="Did you mean 'relu_forward'"):
        course.reset(made, "relu_foward", TABLE)


def test_the_course_opens_where_one_stopped(made):
    assert course.stopped_at(made) == places.FIRST
    path = next((made / "lessons").glob("03_*.ipynb"))
    notebook = json.loads(path.read_text("utf-8"))
    next(c for c in notebook["cells"] if c["cell_type"] == "code")["execution_count"] = 1
    path.write_text(json.dumps(notebook), "utf-8")
    os.utime(path, (time.time() + 9, time.time() + 9))
    assert course.stopped_at(made) == Path("lessons") / path.name


INSTALLS = {
    "editable of this copy": lambda tmp, wheel, own: installs.python(tmp / "venv", own),
    "editable of another": lambda tmp, wheel, own: installs.python(tmp / "venv", ROOT),
    "wheel": lambda tmp, wheel, own: installs.python(tmp / "venv", unpacked=wheel),
    "dist-packages": lambda tmp, wheel, own: installs.python(tmp / "venv", _unpacked(wheel, tmp / "dist-packages")),
    "dependencies only": lambda tmp, wheel, own: installs.python(tmp / "venv"),
}


def _unpacked(wheel, folder):
    shutil.unpack_archive(wheel, folder, "zip")
    return folder


@pytest.mark.parametrize(
    ("kind", "install"),
    [("a copy handed out", install) for install in INSTALLS]
    + [("made by init", install) for install in ("editable of another", "wheel", "dist-packages")],
)
def test_the_folder_that_one_works_in_wins(install, kind, wheel, tmp_path):
    own = tmp_path / "course"
    course.init(own) if kind == "made by init" else installs.whole_copy(own)
    answer(own)
    program = INSTALLS[install](tmp_path, wheel, own)
    source = derive.SETUP.format(number="03") + "from dropout_lab import layers; print('from', layers.__file__)"
    seen = installs.cell(program, own / "lessons", source)
    assert f"from {own / 'dropout_lab' / 'layers.py'}" in seen.stdout, seen.stdout + seen.stderr
    another = kind == "a copy handed out" and install not in ("editable of this copy", "dependencies only")
    assert ("belongs to another copy" in seen.stdout) == another
    if install != "dependencies only":  # there is no command then
        checked = installs.command(program, own / "lessons", "check", "relu_forward", "--json")
        assert statuses(checked) == {"relu_forward": "passed"}, checked.stderr
        assert ("belongs to another copy" in checked.stderr) == another


def test_away_from_any_course_the_wheel_says_what_to_do(python, tmp_path):
    for arguments in (("check",), ("watch",), ("reset", "layers"), ()):
        result = installs.command(python, tmp_path, *arguments)
        assert result.returncode == 2
        assert "no course at or above" in result.stderr
        assert "dropout-lab init FOLDER" in result.stderr
    offered = installs.command(python, tmp_path, "--help").stdout
    assert "grade" in offered
    assert not {"build", "release", "nbgrader", "site"} & {
        line.split()[0] for line in offered.splitlines() if line.strip()
    }


def test_a_lone_notebook_gets_blanks_of_its_own(python, tmp_path):
    source = derive.SETUP.format(number="01") + "from dropout_lab import layers; print('from', layers.__file__)"
    seen = installs.cell(python, tmp_path, source)
    assert f"from {tmp_path / 'dropout_lab' / 'layers.py'}" in seen.stdout, seen.stdout + seen.stderr
    assert "There was no course" in seen.stdout


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "ascii"])
def test_any_terminal_can_print_a_report(made, encoding):
    env = {**installs.BARE, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)}
    result = installs.command(sys.executable, made, "check", env={**env, "PYTHONPATH": f"{made}{os.pathsep}{ROOT}"})
    assert "relu_forward" in result.stdout, result.stderr
    assert "Traceback" not in result.stderr


def test_watching_checks_what_was_saved_and_gives_hints(made):
    said, stop = [], threading.Event()
    watching = threading.Thread(target=watch, args=(made, said.append, stop))
    watching.start()
    try:
        until(said, "Watching")
        time.sleep(0.5)  # until the folder is really watched
        answer(made)
        until(said, "layers.py: ")
    finally:
        stop.set()
        watching.join(30)
    shown = "\n".join(said)
    assert "✓ " in shown
    assert "`relu_forward`" in shown
    assert "still blank" in shown
    assert "max_norm" not in shown


def until(said, words, seconds=60):
    end = time.monotonic() + seconds
    while not any(words in line for line in said):
        assert time.monotonic() < end, said
        time.sleep(0.05)


def test_without_a_home_that_can_be_written_the_course_is_served(made, tmp_path):
    env = {**installs.BARE, "PYTHONPATH": f"{made}{os.pathsep}{ROOT}", "HOME": str(tmp_path / "nowhere")}
    assert desk.lay(made, places.FIRST.as_posix()).keys() >= {"JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"}
    result = installs.command(sys.executable, made, "check", "relu_forward", env=env)
    assert "○" in result.stdout
    assert "Traceback" not in result.stderr
