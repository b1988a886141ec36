"""The autograder's zip, run as Gradescope runs it: a file from the first second, and one process writes it."""

import io
import json
import os
import shutil
import stat
import subprocess
import sys
import time
import zipfile

import pytest

import importers
from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.autograder import run as autograder
from dropout_lab.instructor.autograder.pack import autograder as packed
from dropout_lab.instructor.publishing import leaks

PAIR = ("relu_forward", "relu_backward")
BLOCKED = "typer tqdm jupytext nbformat matplotlib IPython sklearn click rich".split()
RUN = """
import sys
for name in {blocked!r}: sys.modules[name] = None  # what is not installed there
sys.path.insert(0, {source!r})
from dropout_lab.instructor.autograder.run import main
sys.exit(main({root!r}, {source!r}))
"""


@pytest.fixture(scope="module")
def content():
    with zipfile.ZipFile(io.BytesIO(packed(ROOT, PAIR))) as archive:
        return {info: archive.read(info) for info in archive.infolist()}


@pytest.fixture
def machine(tmp_path, content):
    """Gradescope's folders, with the zip unpacked in source/."""
    for info, data in content.items():
        path = tmp_path / "source" / info.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "submission").mkdir()
    (tmp_path / "submission_metadata.json").write_text('{"users": [{"name": "Zoë <b>", "id": 7}]}')
    return tmp_path


def command(machine):
    code = RUN.format(blocked=BLOCKED, source=str(machine / "source"), root=str(machine))
    return [sys.executable, "-I", "-B", "-c", code]


def graded(machine, layers):
    """(score, {exercise: test}, output of the run) for a student's layers.py."""
    (machine / "submission/layers.py").write_text(layers)
    done = subprocess.run(command(machine), cwd="/", capture_output=True, text=True, timeout=120)
    score, tests = importers.gradescope((machine / "results/results.json").read_text("utf-8"))
    return score, {t["name"][2:]: t for t in tests}, done


RIGHT = (ROOT / "solutions/dropout_lab/layers.py").read_text("utf-8")


def test_the_zip_has_what_gradescope_asks_for(content):
    modes = {info.filename: info.external_attr >> 16 for info in content}
    for name in ("setup.sh", "run_autograder"):
        assert modes[name] & stat.S_IXUSR
        text = next(data for info, data in content.items() if info.filename == name)
        assert text.startswith(b"#!/usr/bin/env bash\n")
        assert b"\r" not in text
        if bash := shutil.which("bash"):
            assert subprocess.run([bash, "-n"], input=text, capture_output=True).returncode == 0


def test_the_zip_has_no_answers_and_no_lessons(content):
    answers = leaks.Answers(ROOT / "solutions")
    found = [
        f for i, data in content.items() for f in leaks.inspect(i.filename, data, answers) if "marker" not in f.what
    ]
    assert found == []
    assert not [
        i.filename for i in content if i.filename.startswith(("solutions/", "lessons/", "tests/", "dropout_lab/lab/"))
    ]


def test_the_same_sources_give_the_same_zip():
    assert packed(ROOT, PAIR) == packed(ROOT, PAIR)


def test_settings_carry_lessons_and_points():
    with zipfile.ZipFile(io.BytesIO(packed(ROOT, points={"max_norm": 50}))) as archive:
        assert json.loads(archive.read("settings.json")) == {"exercises": list(EXERCISES), "points": {"max_norm": 50}}


def test_right_functions_get_their_points_with_numpy_alone(machine):
    score, tests, done = graded(machine, RIGHT)
    assert done.returncode == 0, done.stderr
    assert score == 10
    assert {name: t["status"] for name, t in tests.items()} == {
        "relu_forward": "passed",
        "relu_backward": "passed",
    }


def test_a_wrong_function_gets_its_mistake_in_words(machine):
    score, tests, _ = graded(machine, RIGHT.replace("dout * (cache > 0)", "dout"))
    assert score == 5
    assert tests["relu_backward"]["status"] == "failed"
    assert "Lesson 03" in tests["relu_backward"]["output"]


FORGED = '{"score": 1000, "visibility": "visible", "execution_time": 1, "tests": []}'
ATTACK = """
import os, signal
def attack():
    for path in {paths!r}:
        try:
            open(path, "w").write({forged!r})
        except Exception: pass
    for line in ({line!r}, {end!r}):
        for handle in range(0, 30):
            try: os.write(handle, line)
            except OSError: pass
    try:
        if os.fork() == 0:
            os.setsid()
            import time; time.sleep(3)
            attack()
            os._exit(0)
    except Exception: pass
    for pid in (os.getppid(), 1, -1):
        try: os.kill(pid, signal.SIGKILL)
        except Exception: pass
"""


@pytest.mark.parametrize("where", ["at import", "in the call"])
def test_a_submission_cannot_write_its_own_result(machine, where):
    row = {"exercise": "relu_forward", "status": "passed", "points": 5, "max_points": 5}
    paths = [
        str(machine / "results/results.json"),
        str(machine / "source/settings.json"),
        str(machine / "results.json"),
    ]
    text = ATTACK.format(
        paths=paths,
        forged=FORGED,
        line=json.dumps({"row": row}).encode() + b"\n",
        end=json.dumps({"result": {"exercises": [row], "points": 5}}).encode() + b"\n",
    )
    text += "attack()\n" if where == "at import" else "def relu_forward(x):\n    attack()\n    return x, x\n"
    score, tests, _ = graded(machine, text)
    assert score == 0
    assert len(tests) == 2
    assert not any(t["score"] for t in tests.values())
    time.sleep(4)  # a stray would write by now
    assert importers.gradescope((machine / "results/results.json").read_text("utf-8"))[0] == 0
    assert json.loads((machine / "source/settings.json").read_text())["exercises"] == list(PAIR)


def test_a_submission_that_never_ends_leaves_what_was_graded(machine):
    (machine / "submission/layers.py").write_text(RIGHT.replace("return dout * (cache > 0)", "while True: pass"))
    run = subprocess.Popen(command(machine), cwd="/", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        seen = set()
        end = time.monotonic() + 60
        while (time.monotonic() < end and (0, 0) not in seen) or ((5, 1) not in seen and time.monotonic() < end):
            if (machine / "results/results.json").exists():
                score, tests = importers.gradescope((machine / "results/results.json").read_text("utf-8"))
                seen.add((score, len(tests)))
            time.sleep(0.01)
        assert (0, 0) in seen
        assert (5, 1) in seen
    finally:
        run.kill()
        run.wait()
        run.stdout.close()


def told(monkeypatch, machine, *lines):
    """main() with a grader that says these lines and ends."""
    code = "import sys; sys.stdin.read(); sys.stdout.write(" + repr("".join(f"{line}\n" for line in lines)) + ")"
    monkeypatch.setattr(autograder, "_BOOT", code.replace("{", "{{").replace("}", "}}"))
    status = autograder.main(machine, machine / "source")
    return status, importers.gradescope((machine / "results/results.json").read_text("utf-8"))


ROW = {"exercise": "relu_forward", "status": "passed", "points": 5, "max_points": 5}


def test_a_grader_that_dies_leaves_what_it_told(monkeypatch, machine):
    status, (score, tests) = told(monkeypatch, machine, json.dumps({"row": ROW}))
    assert (status, score, len(tests)) == (1, 5, 1)
    assert autograder.BROKEN in (machine / "results/results.json").read_text("utf-8")


UNTOLD = {"schema": "dropout-lab/result", "version": 1, "points": 5, "max_points": 5, "exercises": [ROW]}
NOT_A_NUMBER = '{"row": {"exercise": "relu_forward", "points": NaN}}'


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '{"row": {}}', NOT_A_NUMBER, json.dumps({"result": UNTOLD})])
def test_what_a_grader_must_not_say_is_no_result(monkeypatch, machine, line):
    assert told(monkeypatch, machine, line) == (1, (0, []))


def test_nothing_is_graded_where_a_submission_could_write_the_result(monkeypatch):
    asked = {
        "exercises": PAIR,
        "points": {},
        "same_user": True,
        "submission": {"student": "a", "name": "a", "sources": {}},
    }
    monkeypatch.setattr(autograder, "_keep_out", lambda: None)
    monkeypatch.setattr(autograder, "_held", lambda mode: False)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(asked)))
    with pytest.raises(SystemExit, match="nothing is graded"):
        autograder.bench()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up rights")
def test_the_grader_is_nobody_where_nobody_can_start_python(monkeypatch):
    asked = []
    monkeypatch.setattr(autograder.subprocess, "Popen", lambda *a, **k: asked.append(k) or _Deaf())
    autograder._start({})
    assert (asked[0]["user"], asked[0]["group"], asked[0]["extra_groups"]) == (autograder.NOBODY, autograder.NOBODY, [])


class _Deaf:
    stdin = io.BytesIO()
