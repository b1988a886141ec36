"""A class at once: repeated exactly, resumed where it stopped, on cores or a cluster, by the command."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.cli import main
from dropout_lab.instructor.grading import batch, terms, worker
from dropout_lab.instructor.grading import grade as grading
from dropout_lab.instructor.grading.batch import Worker, recorded_seed, result_file, run
from dropout_lab.instructor.grading.boundary.sandbox import Limits
from dropout_lab.instructor.grading.downloads import HandedIn
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.results import read
from dropout_lab.instructor.grading.submissions import collect
from dropout_lab.instructor.grading.terms import DaysLate, Unclear
from dropout_lab.instructor.grading.worker import answer_to
from submissions import pack, right, with_code, write

SOME = ("affine_forward", "relu_forward", "relu_backward")
ONE = ("relu_forward",)
TIMES = {"started", "seconds"}
QUICK = ("sgd_momentum",)
STILL = "def sgd_momentum(params, grads, velocity, lr, momentum):\n    return params, velocity"
WRONG = "def relu_forward(x):\n    return 2 * x, x"
COMMAND = [sys.executable, "-c", "from dropout_lab.cli import main; main()", "grade"]


def settings(**more):
    """Three exercises on a plain process."""
    return Settings(**{"seed": 7, "isolation": "plain", "exercises": SOME, "limits": Limits(exercise=5.0), **more})


def lasting(result):
    """A result without what differs from run to run: when, and how long it took."""
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in result["exercises"]]
    return {**{k: v for k, v in result.items() if k not in TIMES}, "exercises": rows}


def results(out):
    """{student: what lasts of the result}."""
    found = (json.loads(p.read_text("utf-8")) for p in sorted((Path(out) / "results").glob("*.json")))
    return {result["student"]: lasting(result) for result in found}


def fill(tmp_path):
    """Make a small class: right, wrong, a zip, and one that ends its process."""
    write(tmp_path / "class" / "anna", right())
    write(tmp_path / "class" / "Zoë Müller", with_code(layers=WRONG))
    pack(tmp_path / "class" / "carl.zip", right())
    write(tmp_path / "class" / "dora", with_code(layers="import os; os._exit(0)"))
    return tmp_path


@pytest.fixture
def room(tmp_path):
    """The small class."""
    return fill(tmp_path)


@pytest.fixture(scope="module")
def graded_once(tmp_path_factory):
    """The small class and its results, of which each test has a copy."""
    place = tmp_path_factory.mktemp("graded")
    fill(place)
    run(place / "class", place / "out", settings(), jobs=2, quiet=True)
    return place


@pytest.fixture
def graded(graded_once, tmp_path):
    """A copy of the small class that is graded already."""
    return Path(shutil.copytree(graded_once, tmp_path / "graded"))


def test_a_right_submission_earns_every_point_of_the_table(tmp_path):
    write(tmp_path, right())
    result = grade_submission(collect(tmp_path), Settings(11, "plain"))
    lost = {row["exercise"]: row["message"] for row in result["exercises"] if row["status"] != "passed"}
    assert lost == {}
    assert result["points"] == result["max_points"] == sum(e.points for e in EXERCISES.values())


def test_the_stubs_are_blank_and_earn_nothing(root):
    result = grade_submission(collect(root / "dropout_lab"), Settings(11, "plain"))
    assert {row["status"] for row in result["exercises"]} == {"blank"}
    assert result["points"] == 0


def test_a_result_is_what_the_schema_says_and_its_readers_accept_it(graded):
    file = result_file(graded / "out", "Zoë Müller")
    result = json.loads(file.read_text("utf-8"))
    assert (result["schema"], result["version"]) == ("dropout-lab/result", 1)
    assert result.keys() == {
        "schema",
        "version",
        "student",
        "submission",
        "seed",
        "isolation",
        "confined",
        "started",
        "seconds",
        "files",
        "exercises",
        "points",
        "max_points",
        "notes",
        "ignored",
        "also",
        "sources",
        "run",
    }
    assert set(result["exercises"][0]) == {
        "exercise",
        "number",
        "module",
        "lesson",
        "status",
        "points",
        "max_points",
        "mistake",
        "suffers",
        "code",
        "headline",
        "message",
        "seconds",
    }
    assert (result["student"], result["points"], result["max_points"]) == ("Zoë Müller", 10, 15)
    parsed = read(file)
    assert (parsed.points, parsed.percent, parsed.seed, parsed.isolation) == (10, pytest.approx(200 / 3), 7, "plain")
    assert parsed.sources["layers"]


def test_the_same_seed_repeats_a_run_exactly_whatever_the_number_of_processes(room):
    run(room / "class", room / "one", settings(), jobs=1, quiet=True)
    run(room / "class", room / "two", settings(), jobs=3, quiet=True)
    assert results(room / "one") == results(room / "two")
    assert len(results(room / "one")) == 4


def test_a_second_run_keeps_what_is_there_and_grades_what_is_new_or_was_changed(graded):
    before = {p: p.stat().st_mtime_ns for p in (graded / "out" / "results").iterdir()}
    write(graded / "class" / "emil", right())
    write(graded / "class" / "Zoë Müller", right())
    result_file(graded / "out", "dora").write_text('{"cut')
    summary = run(graded / "class", graded / "out", settings(), jobs=2, quiet=True)
    assert (summary.kept, summary.graded) == (2, 3)
    kept = {result_file(graded / "out", name) for name in ("anna", "carl")}
    assert {p for p, t in before.items() if p.stat().st_mtime_ns == t} == kept
    assert json.loads(result_file(graded / "out", "Zoë Müller").read_text("utf-8"))["points"] == 15


@pytest.mark.parametrize(
    "change", [{"seed": 8}, {"exercises": SOME[:2]}, {"points": {"relu_forward": 2}}], ids=lambda c: next(iter(c))
)
def test_results_of_other_demands_are_not_kept(tmp_path, change):
    submission = collect(write(tmp_path / "anna", right()))
    known, now = (demand.fingerprint(submission) for demand in (settings(), settings(**change)))
    assert known != now
    assert grading.why_again(known, now) == "demands"


def test_another_judge_grades_again_and_says_why(graded):
    file = result_file(graded / "out", "anna")
    result = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**result, "run": result["run"][:-16] + "0" * 16}))
    write(graded / "class" / "Zoë Müller", right())
    summary = run(graded / "class", graded / "out", settings(), jobs=1, quiet=True)
    assert (summary.kept, summary.again) == (2, {"judge": 1, "files": 1})


def test_a_submission_that_vanishes_meanwhile_has_no_result_and_a_reason(tmp_path):
    write(tmp_path / "anna", right())
    task = {"handed": HandedIn("zoe", [tmp_path / "zoe"]).record(), "file": "", "known": None, "grade": True}
    assert "zoe is no longer there" in answer_to(task, settings())["fault"]


def test_results_that_belong_to_nobody_are_named(graded):
    (graded / "out" / "results" / "gone-12345678.json").write_text("{}")
    assert run(graded / "class", graded / "out", settings(), jobs=1, quiet=True).left == ["gone-12345678.json"]


def test_what_a_killed_run_had_begun_to_write_is_cleared_at_the_next_start(graded):
    begun = graded / "out" / "results" / ".anna-12345678.json.1a2b3c4d"
    write(begun.parent, {begun.name: "{", ".zoe.json.5e6f7a8b": "{"})
    os.utime(begun, (1, 1))
    run(graded / "class", graded / "out", settings(), jobs=1, quiet=True)
    assert not begun.exists()
    assert (begun.parent / ".zoe.json.5e6f7a8b").exists()  # another run may be writing it


def test_one_deadline_holds_what_the_judge_does_too(tmp_path, monkeypatch):
    write(tmp_path / "anna", right())

    def slow(name, functions, seed):
        while True:
            pass

    monkeypatch.setattr(grading, "judge", slow)
    rows = grade_submission(collect(tmp_path / "anna"), settings(limits=Limits(submission=1.0)))["exercises"]
    assert {row["status"] for row in rows} == {"error"}
    assert "took 1 s, all that it has" in rows[0]["message"]


def test_taking_in_has_an_end_too(tmp_path, monkeypatch):
    def endless(handed):
        while True:
            pass

    monkeypatch.setattr(worker, "collect", endless)
    monkeypatch.setattr(worker, "TAKING_IN", 0.3)
    task = {"handed": HandedIn("anna", [tmp_path]).record(), "file": "", "known": None, "grade": True}
    result = answer_to(task, settings(exercises=("relu_forward",)))["result"]
    assert result["points"] == 0
    assert "could not be taken in within 0.3 s" in result["notes"][0]


def test_code_that_takes_for_ever_to_compare_is_said_to_and_costs_nothing(tmp_path, monkeypatch):
    write(tmp_path / "anna", with_code(layers="x = '" + "\\'" * 100_000))
    monkeypatch.setattr(grading, "COMPARING", 0.2)
    monkeypatch.setattr(grading, "fingerprints", lambda name, text: [0 for _ in iter(int, 1)])
    result = grade_submission(collect(tmp_path / "anna"), settings(exercises=("sgd_momentum",)))
    assert result["points"] == 10
    assert "cannot be compared" in result["notes"][-1]


def test_a_run_whose_parent_is_killed_is_finished_by_the_next_as_if_nothing_had_happened(tmp_path):
    for i in range(6):  # the last ones take their time, so that the run is not over before it is killed
        code = ("import time; time.sleep(1)\n" if i > 2 else "") + (STILL if i % 3 == 1 else "")
        write(tmp_path / "class" / f"s{i:02}", with_code(training=code))
    run(tmp_path / "class", tmp_path / "whole", settings(seed=5, exercises=QUICK, limits=Limits()), jobs=2, quiet=True)
    command = [*COMMAND, tmp_path / "class", "--lessons", "4", "--isolation", "plain", "--jobs", "2", "--seed", "5"]
    killed = subprocess.Popen(
        [*command, "--out", tmp_path / "cut"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while len(list(tmp_path.glob("cut/results/*.json"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    there = {p: p.stat().st_mtime_ns for p in tmp_path.glob("cut/results/*.json")}
    assert 2 <= len(there) < 6
    said = subprocess.run([*command, "--out", tmp_path / "cut"], check=True, capture_output=True, text=True).stdout
    assert f"{len(there)} were there already" in said
    assert all(p.stat().st_mtime_ns == t for p, t in there.items())  # nothing was done twice
    assert results(tmp_path / "cut") == results(tmp_path / "whole")
    assert len(results(tmp_path / "cut")) == 6
    assert [p.name for p in (tmp_path / "cut" / "results").iterdir() if p.name.startswith(".")] == []


def test_graders_end_with_the_one_who_started_them(tmp_path):
    code = """
import sys
from dropout_lab.instructor.grading.batch import Worker
from dropout_lab.instructor.grading.grade import Settings
one = Worker(Settings(1, "plain", ()))
one._start()
one.process.stdin.flush()
print(one.process.pid, flush=True)
sys.stdin.read()"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    until = time.monotonic() + 20
    while _runs(pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not _runs(pid)


def _runs(pid):
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_grader_that_dies_is_started_again_and_the_submission_tried_again(tmp_path, monkeypatch):
    write(tmp_path / "anna", right())
    grader, start, starts = Worker(settings()), Worker._start, []

    def dies_at_first(self):
        start(self)
        starts.append(self.process)
        if len(starts) == 1:
            self.process.kill()
            self.process.wait()

    monkeypatch.setattr(Worker, "_start", dies_at_first)
    task = {"handed": HandedIn("anna", [tmp_path / "anna"]).record(), "file": "", "known": None, "grade": True}
    try:
        assert grader.ask(task)["result"]["points"] == 15
    finally:
        grader.stop()
    assert len(starts) == 2


def test_a_grader_that_cannot_do_its_work_leaves_no_result_and_no_zero(room, monkeypatch):
    monkeypatch.setattr(Worker, "_try", lambda self, task: {"fault": "no process"})
    summary = run(room / "class", room / "out", settings(), jobs=1, quiet=True)
    assert len(summary.faults) == 4
    assert results(room / "out") == {}


def test_the_memory_of_the_parent_does_not_grow_with_the_class(tmp_path, monkeypatch):
    write(tmp_path / "anna", right())
    result, long = grade_submission(collect(tmp_path / "anna"), settings(exercises=("relu_forward",))), 50_000

    def answer(self, task):
        return {"result": {**result, "student": task["handed"]["student"], "notes": ["x" * long]}}

    monkeypatch.setattr(Worker, "_try", answer)
    peaks = {}
    for size in (20, 120):
        for i in range(size):
            (tmp_path / str(size) / f"s{i}").mkdir(parents=True)
        tracemalloc.start()
        assert run(tmp_path / str(size), tmp_path / f"out {size}", settings(), jobs=2, quiet=True).graded == size
        peaks[size] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[120] - peaks[20] < 100 * long / 2  # names and paths, and what else runs here meanwhile; but no results


def test_a_file_name_is_safe_and_each_student_has_their_own(tmp_path):
    names = [
        "anna",
        "../etc/passwd",
        "a/b",
        "a_b",
        ".hidden",
        "CON?",
        "x" * 300,
        "字" * 300,
        "é",
        "e\u0301",
        "",
        "a b",
        "Anna",
    ]
    files = [result_file(tmp_path, name) for name in names]
    assert len(set(files)) == len(names)
    assert {file.parent for file in files} == {tmp_path / "results"}
    assert all(len(os.fsencode(file.name)) < 120 and not file.name.startswith(".") for file in files)
    assert len({file.name.casefold() for file in files}) == len(names)  # also where case does not matter


# ---- demands


def test_lessons_are_chosen_by_their_numbers():
    assert terms.lessons("") == tuple(EXERCISES)
    assert terms.lessons("5,6") == (
        "zeroing_forward",
        "zeroing_backward",
        "dropout_forward",
        "dropout_backward",
        "mlp_dropout",
    )
    assert set(terms.lessons("1-6")) == {e.name for e in EXERCISES.values() if int(e.lesson) <= 6}
    for wrong in ("x", "1-", "7", "-3", "1;2"):
        with pytest.raises(Unclear):
            terms.lessons(wrong)


def test_points_come_from_the_instructors_file(tmp_path):
    (tmp_path / "w.toml").write_text("[points]\nrelu_forward = 2.5\nrelu_backward = 0\n")
    points = terms.weights(tmp_path / "w.toml")
    write(tmp_path / "anna", right())
    result = grade_submission(collect(tmp_path / "anna"), settings(points=points))
    assert result["points"] == result["max_points"] == 5 + 2.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[points]\nrelu = 1",
        "[points]\nrelu_forward = -1",
        "[points]\nrelu_forward = nan",
        "[points]\nrelu_forward = 'x'",
        "[points]\nrelu_forward = true",
        "points = 3",
        "[points",
    ],
)
def test_an_unclear_file_of_points_is_refused_with_a_sentence(tmp_path, text):
    (tmp_path / "w.toml").write_text(text)
    with pytest.raises(Unclear, match=r"w\.toml"):
        terms.weights(tmp_path / "w.toml")


@pytest.mark.parametrize(
    ("name", "text"),
    [("l.csv", "\ufeffStudent,Days\nanna,2\ncarl,0.5\n\n"), ("l.toml", "[days]\nanna = 2\ncarl = 0.5\n")],
)
def test_days_late_are_read_from_both_kinds_of_file(tmp_path, name, text):
    (tmp_path / name).write_text(text, "utf-8")
    assert terms.late(tmp_path / name, 10) == DaysLate({"anna": 2, "carl": 0.5}, 10)


def test_an_unclear_file_of_days_is_refused(tmp_path):
    for text in ("name,days\nanna,1", "student,days\nanna,soon", "student,days\nanna", "student,days\nanna,-1", ""):
        (tmp_path / "l.csv").write_text(text)
        with pytest.raises(Unclear):
            terms.late(tmp_path / "l.csv", 10)


def test_days_late_take_their_part_once_and_can_be_taken_back(graded):
    late = DaysLate({"anna": 2, "carl": 30}, 10)
    for _ in range(2):
        run(graded / "class", graded / "out", settings(), jobs=1, late=late, quiet=True)
    points = {name: result["points"] for name, result in results(graded / "out").items()}
    assert (points["anna"], points["carl"]) == (12, 0)
    assert results(graded / "out")["anna"]["notes"] == ["2 days late: 20% of the points taken off"]
    summary = run(graded / "class", graded / "out", settings(), jobs=1, quiet=True)
    assert (summary.kept, results(graded / "out")["anna"]["points"]) == (4, 15)
    assert results(graded / "out")["anna"]["notes"] == []


# ---- the command


def command(*words, **options):
    """Run `dropout-lab grade`."""
    return subprocess.run(
        [*COMMAND, *map(str, words)], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_the_command_says_what_it_did_and_records_its_seed(room):
    done = command(room / "class", "--out", room / "out", "--lessons", "3", "--isolation", "plain")
    assert done.returncode == 0, done.stderr
    assert "Isolation: a plain process, because plain was asked for" in done.stdout
    assert "4 submissions have a result" in done.stdout
    seed = recorded_seed(room / "out")
    assert f"Seed: {seed}." in done.stdout
    again = command(room / "class", "--out", room / "out", "--lessons", "3", "--isolation", "plain")
    assert "4 were there already" in again.stdout
    assert recorded_seed(room / "elsewhere") != recorded_seed(room / "elsewhere")  # fresh where nothing is recorded


def test_the_folder_it_is_started_in_does_not_matter(room):
    trap = write(
        room / "class" / "anna",
        dict.fromkeys(("numpy.py", "json.py", "dropout_lab.py"), "raise SystemExit('trap')"),
    )
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = command(
        room / "class",
        "--out",
        room / "out",
        "--lessons",
        "3",
        "--isolation",
        "plain",
        cwd=trap,
        env={**environment, "PYTHONSAFEPATH": "1"},
    )  # as the console script, which has no folder on its path
    assert done.returncode == 0, done.stderr
    assert json.loads(result_file(room / "out", "anna").read_text("utf-8"))["points"] > 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nowhere", "--out", "out"], "nowhere is no folder"),
        (["class/anna", "--out", "out"], "looks like one submission"),
        (["class", "--out", "out", "--late", "late.csv"], "The nearest name is 'anna'"),
        (["class", "--out", "out", "--weights", "w.toml", "--lessons", "3"], "which is in no lesson that --lessons"),
        (["class", "--out", "class/out"], "lies inside the submissions"),
        (["class", "--out", "out", "--lessons", "x"], "--lessons takes numbers"),
        (["class", "--out", "out", "--isolation", "plain", "--require-isolation"], "asks for bubblewrap"),
        (["class", "--out", "out", "--isolation", "jail"], "auto, bwrap or plain"),
        (["class", "--out", "out", "--weights", "none.toml"], "cannot be read"),
        (["class", "--out", "out", "--late", "none.csv"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(room, words, sentence, monkeypatch, capsys):
    (room / "late.csv").write_text("student,days\nana,1\n")
    (room / "w.toml").write_text("[points]\nmax_norm = 1\n")
    monkeypatch.chdir(room)
    monkeypatch.setattr(sys, "argv", ["dropout-lab", "grade", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
    assert not (room / "out").exists()


# ---- a cluster


@pytest.fixture(scope="module")
def cluster():
    """A scheduler and two worker processes that talk over TCP."""
    distributed = pytest.importorskip("distributed", reason="Dask is not installed (extra: dask)")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    ) as made:
        yield made


def test_a_cluster_gives_the_same_results(room, cluster):
    assert cluster.scheduler_address.startswith("tcp://127.0.0.1:")
    run(room / "class", room / "here", settings(), jobs=1, quiet=True)
    summary = run(room / "class", room / "there", settings(), dask=cluster.scheduler_address, quiet=True)
    assert (summary.graded, summary.faults) == (4, [])
    assert results(room / "there") == results(room / "here")
    assert run(room / "class", room / "there", settings(), dask=cluster.scheduler_address, quiet=True).kept == 4


def test_more_submissions_than_the_cluster_takes_at_once_are_all_graded(tmp_path, cluster):
    for i in range(7):  # four are sent ahead
        write(tmp_path / "class" / f"s{i}", right())
    assert run(tmp_path / "class", tmp_path / "out", settings(), dask=cluster.scheduler_address, quiet=True).graded == 7
    assert len(results(tmp_path / "out")) == 7


def test_a_cluster_that_is_not_there_is_said_so(room, monkeypatch):
    pytest.importorskip("distributed", reason="Dask is not installed (extra: dask)")
    monkeypatch.setattr(batch, "CONNECT", 1)
    with pytest.raises(OSError):
        run(room / "class", room / "out", settings(), dask="tcp://127.0.0.1:1", quiet=True)


def test_under_way_are_never_more_than_there_are_processes():
    started, most = [], [0]

    class Future:
        def __init__(self, n):
            self.n = n

        def result(self):
            return self.n

    def submit(work, task):
        started.append(task)
        return Future(task)

    done = []
    original = batch.wait
    batch.wait = lambda waiting, return_when: ({next(iter(waiting))}, set(list(waiting)[1:]))
    try:
        for n in batch._as_done(submit, None, range(100), 4):
            done.append(n)
            most[0] = max(most[0], len(started) - len(done))
    finally:
        batch.wait = original
    assert sorted(done) == list(range(100))
    assert most[0] <= 4
