"""Hostile and clumsy submissions in one class: each gets its marks and a reason in words, and nobody else loses any."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from confinement import needs_bwrap
from dropout_lab.instructor.grading.batch import result_file, run
from dropout_lab.instructor.grading.boundary.sandbox import Limits, Sandbox
from dropout_lab.instructor.grading.grade import MESSAGE, Settings
from submissions import hostile, write

MARK = Path("/tmp/dropout-lab-was-here")
WORTH = dict.fromkeys(hostile.EXERCISES, 1)


@pytest.fixture(scope="module", params=["plain", pytest.param("bwrap", marks=needs_bwrap)])
def graded(request, tmp_path_factory):
    """The class, graded once: {case: its result}.

    Those that nothing but a limit ends have a short one, and wait side by side: six times what a right function took at
    most, so that a busy machine gives more time. All others have the usual limit.
    """
    chosen = [name for name in hostile.CASES if request.param == "plain" or name in ESSENTIAL]
    waiting = [name for name in chosen if hostile.CASES[name].waits]
    light = [name for name in chosen if hostile.CASES[name].exercises == hostile.LIGHT]
    whole = set(chosen).difference(waiting, light)
    place = tmp_path_factory.mktemp("classes")

    def grade(names, exercises, jobs, **limits):
        settings = Settings(20, request.param, exercises, WORTH, Limits(**limits))
        return _grade(place / f"{len(names)}", names, settings, jobs)

    results = grade(whole, hostile.EXERCISES, 1)
    short = max(1.5, 6 * _slowest(results))
    with ThreadPoolExecutor() as pool:
        waited = pool.submit(grade, waiting, hostile.EXERCISES, len(waiting), exercise=short)
        results |= grade(light, hostile.LIGHT, 2)
        return request.param, results | waited.result()


def _slowest(results):
    """Seconds that a right function took at most; the first of a submission starts its process, on no limit of it."""
    return max(row["seconds"] for r in results.values() for row in r["exercises"][1:] if row["status"] == "passed")


def _grade(place, names, settings, jobs):
    for name in names:
        write(place / "class" / name, hostile.CASES[name].files)
    summary = run(place / "class", place / "results", settings, jobs=jobs, quiet=True)
    assert summary.faults == []
    assert summary.graded == len(names)
    return {name: json.loads(result_file(place / "results", name).read_text("utf-8")) for name in names}


ESSENTIAL = {name for name in hostile.REACHING if name.startswith(("opens", "lists", "imports", "reads"))} | {
    "right",
    "prints_and_warns",
    "01_exit_at_import",
    "04_loop",
    "06_daemon",
    "07_eight_gigabytes",
    "11_the_reference_from_disk",
    "31_segfault",
    "writes_a_file",
    "reads_the_judge",
    "calls_home",
    "many_files",
    "kills_its_parent",
    "one_large_file",
    "forged_value",
}


@pytest.fixture(scope="module")
def confined():
    """What a plain process can take from itself here."""
    with Sandbox("plain") as trial:
        return trial.confined


@pytest.mark.parametrize("name", hostile.CASES)
def test_each_gets_what_it_earned_with_the_reason_and_the_next_is_graded(graded, confined, name):
    mode, results = graded
    if name not in results:
        pytest.skip("the plain process covers it")
    case, result = hostile.CASES[name], results[name]
    if case.needs and case.needs not in confined and mode == "plain":
        pytest.skip(f"nothing here confines {case.needs}; the README says so")
    rows = {row["exercise"]: row for row in result["exercises"]}
    lost = {name: row["message"] for name, row in rows.items() if row["status"] != "passed"}
    by_themselves = {name for name, row in rows.items() if row["status"] == "passed" and row["suffers"]}
    assert {*lost, *by_themselves} == set(case.loses)
    assert by_themselves <= {"relu_backward"}  # right as it is, beside a forward pass that is none
    assert all(row["points"] == (row["status"] == "passed") for row in rows.values())
    assert result["points"] == len(rows) - len(lost)
    assert all(case.reason in f"{message} {result['files']}" for message in lost.values())
    assert all(message.strip() for message in lost.values())
    text = json.dumps({**result, "exercises": [{**row, "code": ""} for row in rows.values()]})
    assert not any(word in text for word in case.hidden)
    assert max(map(len, lost.values()), default=0) <= MESSAGE
    after = sorted(results)[(sorted(results).index(name) + 1) % len(results)]
    assert results[after]["points"] >= len(hostile.CASES[after].exercises) - len(hostile.CASES[after].loses)


def test_nothing_that_came_as_data_was_run(graded):
    assert not MARK.exists()


def test_no_process_of_a_submission_is_left_without_the_one_who_started_it(graded):
    words = [word for path in Path("/proc").glob("[0-9]*/environ") for word in _bytes(path).split(b"\0")]
    starters = {
        word.partition(b"=")[2].partition(b"-")[0] for word in words if word.startswith(b"DROPOUT_LAB_SUBMISSION=")
    }
    assert [pid for pid in starters if not Path("/proc", os.fsdecode(pid)).exists()] == []


def test_no_file_of_a_submission_is_left(graded):
    written = ("big", "debug.txt", "0", "499", "dropout-lab-was-here")
    assert [p for folder in ("/", "/tmp", os.getcwd()) for name in written if (p := Path(folder, name)).exists()] == []


def test_no_memory_of_a_submission_is_left(graded):
    lines = Path("/proc/sysvipc/shm").read_text().splitlines() if Path("/proc/sysvipc/shm").exists() else []
    assert [line for line in lines if str(hostile.KEY) in line.split()] == []


def _bytes(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""
