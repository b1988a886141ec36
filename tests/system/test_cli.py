"""The `dropout-lab` command, as typed."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.runner import run_checks

RELU_STUB = 'raise NotImplementedError("`relu_forward`'
BARE = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}


def run(*arguments, folder=ROOT, env=BARE):
    """The command, run in a folder."""
    command = [sys.executable, "-m", "dropout_lab", *arguments]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, encoding="utf-8", timeout=60)


@pytest.fixture
def student(tmp_path):
    """A folder whose dropout_lab/ comes first on the path: the stubs, free to be edited."""
    shutil.copytree(ROOT / "dropout_lab", tmp_path / "dropout_lab", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def write(student, module, old, new):
    path = student / "dropout_lab" / f"{module}.py"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def checked(student, *names):
    """{exercise: record} of `check --json` in the student's folder."""
    env = {**BARE, "PYTHONPATH": str(student)}
    result = run("check", *names, "--json", folder=student, env=env)
    return {record["exercise"]: record for record in json.loads(result.stdout)}, result.returncode


def test_in_solutions_every_exercise_passes():
    result = run("check", "--json", folder=ROOT / "solutions")
    records = json.loads(result.stdout)
    assert [r["exercise"] for r in records if r["status"] != "passed"] == []
    assert len(records) == len(EXERCISES)
    assert result.returncode == 0


def test_in_a_fresh_clone_every_exercise_is_blank(student):
    records, status = checked(student)
    assert {r["status"] for r in records.values()} == {"blank"}
    assert len(records) == len(EXERCISES)
    assert status == 1


def test_a_record_has_the_documented_keys(student):
    records, _ = checked(student, "relu_backward")
    assert records["relu_backward"] == {
        "exercise": "relu_backward",
        "module": "layers",
        "lesson": "03",
        "status": "blank",
        "points": 0,
        "max_points": 5,
        "mistake": None,
        "suffers": ["relu_forward"],
        "message": records["relu_backward"]["message"],
    }
    assert re.search(
        r"`relu_forward` is still blank\. Lesson 03, exercise 3\.1: dropout_lab/layers\.py, line \d+",
        records["relu_backward"]["message"],
    )


def test_a_table_says_what_is_next(student):
    result = run("check", folder=student)
    assert "0 of 2" in result.stdout
    assert "Next: exercise 1.1, `affine_forward`, in dropout_lab/layers.py." in " ".join(result.stdout.split())


def test_an_endless_loop_is_an_answer(student):
    write(student, "layers", RELU_STUB, f"while True: pass\n    {RELU_STUB}")
    records = run_in(student, ["relu_forward", "softmax_cross_entropy"], time_limit=2)
    assert "no result within 2 s" in records["relu_forward"]["message"]
    assert records["relu_forward"]["status"] == "error"
    assert records["softmax_cross_entropy"]["status"] == "blank"


def test_a_function_that_ends_the_process_is_reported(student):
    write(student, "layers", RELU_STUB, f"import os; os._exit(0)\n    {RELU_STUB}")
    records = run_in(student, ["relu_forward", "affine_forward"])
    assert "process ended" in records["relu_forward"]["message"]
    assert records["affine_forward"]["status"] == "blank"


def run_in(student, names, **options):
    """`run_checks` in the student's folder."""
    here, before = os.getcwd(), os.environ["PYTHONPATH"]
    os.chdir(student)
    os.environ["PYTHONPATH"] = str(student)
    try:
        return {record["exercise"]: record for record in run_checks(names, **options)}
    finally:
        os.chdir(here)
        os.environ["PYTHONPATH"] = before


def test_a_module_that_does_not_import_costs_only_its_own_exercises(student):
    write(student, "layers", "def relu_forward(x):", "def relu_forward(x:")
    records, _ = checked(student, "relu_forward", "relative_error")
    assert records["relu_forward"]["status"] == "error"
    assert "SyntaxError" in records["relu_forward"]["message"]
    assert "dropout_lab/layers.py, line" in records["relu_forward"]["message"]
    assert records["relative_error"]["status"] == "blank"


def test_a_missing_function_is_named(student):
    write(student, "gradcheck", "def relative_error(", "def relative_err(")
    records, _ = checked(student, "relative_error", "numerical_gradient")
    assert "has no function `relative_error`" in records["relative_error"]["message"]
    assert records["relative_error"]["status"] == "error"
    assert records["numerical_gradient"]["status"] == "blank"


def test_an_unknown_exercise_suggests_the_nearest():
    result = run("check", "afine_forward")
    assert result.returncode == 2
    assert "Did you mean 'affine_forward'?" in result.stderr


def test_a_hint_comes_in_three_steps():
    hints = [run("hint", "affine_backward", "--step", str(step)).stdout for step in (1, 2, 3)]
    assert [h.split(" for ")[0] for h in hints] == ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"]
    assert run("hint", "affine_backward", "--step", "4").returncode == 2


@pytest.mark.parametrize("arguments", [(), ("check",), ("hint",), ("build",), ("grade",), ("release",), ("site",)])
def test_help_helps(arguments):
    result = run(*arguments, "--help")
    assert result.returncode == 0
    assert "Usage" in result.stdout
    assert len(result.stdout) > 200


def test_a_wrong_folder_is_said(tmp_path):
    package = tmp_path / "package" / "dropout_lab"
    shutil.copytree(ROOT / "dropout_lab", package, ignore=shutil.ignore_patterns("__pycache__"))
    result = run("--no-browser", folder=tmp_path, env={**BARE, "PYTHONPATH": str(tmp_path / "package")})
    assert result.returncode == 2
    assert f"no course at or above {tmp_path}" in result.stderr
    assert "dropout-lab init FOLDER" in result.stderr


def test_a_busy_port_is_said():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        result = run("--no-browser", "--port", str(busy.getsockname()[1]))
    assert result.returncode == 2
    assert "is in use" in result.stderr


def test_without_a_command_the_course_is_served(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = open(tmp_path / "log", "w+")
    command = [sys.executable, "-m", "dropout_lab", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, env={**BARE, "PYTHONUNBUFFERED": "1"}, stdout=log, stderr=log)
    try:
        token = None
        for _ in range(900):
            time.sleep(0.1)
            log.seek(0)
            found = re.search(r"http://localhost:(\d+)/lab/workspaces/course\?token=(\w+)", log.read())
            if found and reachable(port):
                token = found[2]
                break
        assert token, log.seek(0) or log.read()
        address = f"http://localhost:{port}/api/contents/lessons/00_start_here.ipynb?token={token}&content=0"
        assert json.load(urllib.request.urlopen(address, timeout=20))["type"] == "notebook"
    finally:
        server.terminate()
        server.wait(20)
    assert sys.platform == "win32" or not reachable(port), "JupyterLab outlived the command that started it"


def reachable(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False
