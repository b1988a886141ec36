"""A submission that answers as another did has its verdict, and any other is judged as if nothing had been known."""

import itertools

import pytest

from dropout_lab.instructor.grading import grade as grading
from dropout_lab.instructor.grading.boundary.precedents import Precedents
from dropout_lab.instructor.grading.boundary.proxies import Boundary
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.submissions import collect
from submissions import right, with_code, write

SOME = ("numerical_gradient", "relu_forward", "relu_backward", "dropout_forward")
DEMAND = Settings(3, "plain", SOME)
RELU = "def relu_forward(x):\n    "
CLASS = {
    "right": right(),
    "the same once more": right(),
    "right in another way": with_code(layers=RELU + "return x * (x > 0), x"),
    "twice too much": with_code(layers=RELU + "return 2 * np.maximum(x, 0), x"),
    "twice too much again": with_code(layers=RELU + "return 2 * np.maximum(x, 0), np.array(x)"),
    "raises": with_code(layers=RELU + "raise ValueError('no')"),
    "raises once more": with_code(layers=RELU + "raise ValueError('no')"),
    "blank": with_code(layers=RELU + "raise NotImplementedError('relu_forward')"),
    "blank, elsewhere": with_code(layers="\n\n\n" + RELU + "raise NotImplementedError('relu_forward')"),
    "changes its argument": with_code(layers=RELU + "x *= x > 0\n    return x.copy(), x.copy()"),
    "changes it and answers right": with_code(
        layers=RELU + "out = np.maximum(x, 0)\n    x *= 3\n    return out, x / 3"
    ),
    "prints": with_code(layers=RELU + "print('x' * 10**7)\n    return np.maximum(x, 0), x"),
    "another sampler": with_code(
        dropout="def dropout_forward(x, p, rng, train=True, _right=dropout_forward):\n"
        "    return _right(x, p, rng.spawn(1)[0] if train else rng, train)"
    ),
    "ends": with_code(layers=RELU + "import os; os._exit(0)"),
    "a module is missing": {name: text for name, text in right().items() if name != "network.py"},
}
COUNTS = "calls = [0]\n" + RELU + "calls[0] += 1\n    return np.maximum(x, 0) * (1 + (calls[0] > 3)), x"
LATER = """
def relu_forward(x):
    shared = x
    while getattr(shared, "base", None) is not None: shared = shared.base
    shared = getattr(shared, "obj", shared)
    out = np.maximum(x, 0)
    shared[1 << 9 : 1 << 10] = bytes(1 << 9)
    return out, x"""


def rows(result):
    """What is said of each exercise, without the time that it took."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in result["exercises"]]


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """The class, taken in: {name: submission}."""
    place = tmp_path_factory.mktemp("class")
    return {name: collect(write(place / name, files)) for name, files in CLASS.items()}


@pytest.fixture(scope="module")
def alone(taken):
    """What each gets where nothing is known."""
    return {name: rows(grade_submission(submission, DEMAND)) for name, submission in taken.items()}


def test_what_is_known_changes_no_verdict(taken, alone):
    precedents = Precedents()
    for name, submission in taken.items():
        assert rows(grade_submission(submission, DEMAND, precedents=precedents)) == alone[name], name


def test_who_answers_as_another_did_is_not_judged_again(taken, alone, monkeypatch):
    precedents, judged, judge = Precedents(), [], grading.judge
    monkeypatch.setattr(grading, "judge", lambda name, *rest: judged.append(name) or judge(name, *rest))
    for name in ("right", "twice too much"):
        grade_submission(taken[name], DEMAND, precedents=precedents)
    judged.clear()
    for name in ("the same once more", "twice too much again"):
        assert rows(grade_submission(taken[name], DEMAND, precedents=precedents)) == alone[name]
    assert judged == ["numerical_gradient"] * 2  # functions of the judge's are called in it: it is asked each time


def test_one_new_answer_ends_the_process_that_was_asked_ahead(taken, monkeypatch):
    demand, precedents, started, start = Settings(3, "plain", ("dropout_forward",)), Precedents(), [], Boundary.start
    grade_submission(taken["right"], demand, precedents=precedents)
    monkeypatch.setattr(Boundary, "start", lambda self: started.append(1) or start(self))
    grade_submission(taken["the same once more"], demand, precedents=precedents)
    assert len(started) == 1
    grade_submission(taken["another sampler"], demand, precedents=precedents)
    assert len(started) == 3


def test_who_is_right_at_first_only_is_not_paid_for_it(tmp_path):
    demand, precedents = Settings(3, "plain", ("relu_forward",)), Precedents()
    grade_submission(collect(write(tmp_path / "right", right())), demand, precedents=precedents)
    counts = collect(write(tmp_path / "counts", with_code(layers=COUNTS)))
    known = rows(grade_submission(counts, demand, precedents=precedents))
    assert known == rows(grade_submission(counts, demand))
    assert known[0]["status"] == "failed"


def test_who_writes_over_arguments_of_later_calls_is_judged_alone(tmp_path, monkeypatch):
    demand, precedents, judged, judge = Settings(3, "plain", ("relu_forward",)), Precedents(), [], grading.judge
    monkeypatch.setattr(grading, "judge", lambda name, *rest: judged.append(name) or judge(name, *rest))
    for name, code in (("right", ""), ("the same", ""), ("meddler", LATER)):
        judged.clear()
        grade_submission(collect(write(tmp_path / name, with_code(layers=code))), demand, precedents=precedents)
        assert len(judged) == {"right": 1, "the same": 0, "meddler": 2}[name]  # twice: is it right without mirrors too?


def test_with_another_seed_nothing_is_known(taken, monkeypatch):
    precedents, judged, judge = Precedents(), [], grading.judge
    monkeypatch.setattr(grading, "judge", lambda name, *rest: judged.append(name) or judge(name, *rest))
    for seed in (3, 4):
        grade_submission(taken["right"], Settings(seed, "plain", ("relu_forward",)), precedents=precedents)
    assert judged == ["relu_forward"] * 2


def test_what_is_kept_has_an_end(taken):
    precedents = Precedents(most=5000)
    for name, _ in itertools.product(("right", "twice too much"), range(2)):
        grade_submission(taken[name], DEMAND, precedents=precedents)
    assert 0 < precedents.size <= 5000


def test_digests_have_a_key_of_their_own():
    assert Precedents().digest(b"a", b"b") != Precedents().digest(b"a", b"b")
    same = Precedents()
    assert same.digest(b"{}", b"12") == same.digest(b"{}", b"12") != same.digest(b"{}1", b"2")
