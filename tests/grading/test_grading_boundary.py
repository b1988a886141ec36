"""The boundary between the judge and a submission: what crosses, and what becomes of those who break the rules."""

import subprocess
import sys
import time

import numpy as np
import pytest

from confinement import needs_bwrap
from dropout_lab.checks.functions import Blank, Broke
from dropout_lab.instructor.grading.boundary import proxies, sandbox
from dropout_lab.instructor.grading.boundary.proxies import Boundary, Handle, Lost
from dropout_lab.instructor.grading.boundary.sandbox import Limits, Sandbox
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.submissions import Submission, collect
from submissions import with_code, write

MODES = ["plain", pytest.param("bwrap", marks=needs_bwrap)]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def boundary(limits=None, mode="plain", **code):
    """The other side, with code added to modules of a right submission."""
    limits = limits or Limits(exercise=5.0)
    sources = {name[:-3]: text.encode() for name, text in with_code(**code).items()}
    until = time.monotonic() + limits.submission
    return Boundary(Submission("anna", "anna", sources), limits, until, lambda: Sandbox(mode, limits))


@pytest.fixture
def called():
    """Start a boundary with code, begin an exercise, and give it; ended afterwards."""
    open_ones = []

    def start(seconds=5.0, **options):
        open_ones.append(boundary(**options))
        open_ones[-1].begin(seconds)
        return open_ones[-1]

    yield start
    for one in open_ones:
        one.close()


# ---- calls


@pytest.mark.parametrize("mode", MODES)
def test_a_call_gives_what_the_function_gives_and_the_cache_stays_over_there(called, mode):
    f = called(mode=mode).functions
    x = np.array([[1.0, -2.0]])
    out, cache = f.relu_forward(x)
    assert (out == [[1.0, 0.0]]).all()
    assert type(cache) is Handle
    assert vars(cache).keys() == {"number", "life"}
    assert (f.relu_backward(np.ones((1, 2)), cache) == [[1.0, 0.0]]).all()


def test_a_cache_of_a_process_that_ended_is_refused(called):
    other = called()
    _, cache = other.functions.relu_forward(np.ones((1, 2)))
    other.close()
    other.begin(5.0)
    with pytest.raises(Lost, match="between forward and backward"):
        other.functions.relu_backward(np.ones((1, 2)), cache)


def test_caches_of_an_earlier_exercise_are_gone(called):
    other = called()
    _, cache = other.functions.relu_forward(np.ones((1, 2)))
    other.begin(5.0)
    with pytest.raises((Broke, Lost)):
        other.functions.relu_backward(np.ones((1, 2)), cache)


def test_changes_of_arguments_are_seen_by_the_caller(called):
    f = called(
        layers="def relu_forward(x):\n    x *= 2\n    return x, x",
        training="def sgd_momentum(params, grads, velocity, lr, momentum):\n"
        "    params['b'] = params.pop('a'); grads['a'] += 1; velocity['new'] = 1\n    return params, velocity",
    ).functions
    x = np.ones((2, 2))
    f.relu_forward(x)
    assert (x == 2).all()
    params, grads, velocity = {"a": np.zeros(2)}, {"a": np.zeros(2)}, {}
    kept = grads["a"]
    f.sgd_momentum(params, grads, velocity, 0.1, 0.9)
    assert list(params) == ["b"]
    assert kept is grads["a"]
    assert (kept == 1).all()
    assert velocity == {"new": 1}


def test_changes_are_seen_when_the_function_raised_too(called):
    f = called(layers="def relu_forward(x):\n    x *= 2\n    raise ValueError('no')").functions
    x = np.ones(2)
    with pytest.raises(Broke):
        f.relu_forward(x)
    assert (x == 2).all()


def test_arrays_that_were_given_to_read_only_stay_what_they_are(called):
    other = called(layers="def relu_forward(x):\n    x.flags.writeable = True\n    x *= 2\n    return x, x")
    x = np.ones(2)
    x.flags.writeable = False
    with pytest.raises(Lost, match="read only"):
        other.functions.relu_forward(x)
    assert (x == 1).all()


def test_a_shape_that_is_changed_in_place_is_said(called):
    other = called(layers="def relu_forward(x):\n    x.shape = (4,)\n    return x, x")
    with pytest.raises(Lost, match="shape"):
        other.functions.relu_forward(np.ones((2, 2)))


def test_random_numbers_go_on_where_the_call_left_them(called):
    f, rng, same = called().functions, np.random.default_rng(1), np.random.default_rng(1)
    first, second = (f.dropout_forward(np.ones((4, 5)), 0.5, rng)[0] for _ in range(2))
    assert not (first == second).all()
    assert (f.dropout_forward(np.ones((4, 5)), 0.5, same)[0] == first).all()
    unused = rng.bit_generator.state
    f.dropout_forward(np.ones((4, 5)), 0.5, rng, train=False)
    assert rng.bit_generator.state == unused


def test_a_function_that_is_passed_is_called_here(called):
    asked = []

    def square(x):
        asked.append(x)
        return float((x * x).sum())

    x = np.array([[1.0, 2.0]])
    grad = called().functions.numerical_gradient(square, x)
    np.testing.assert_allclose(grad, 2 * x, atol=1e-8)
    assert len(asked) == 4
    assert called().functions.gradient_check(lambda p: float((p["w"] ** 2).sum()), {"w": x}, {"w": 2 * x})["w"] < 1e-7


def test_what_a_passed_function_raises_comes_back_as_it_was(called):
    def refuse(x):
        raise Blank("the stub says so")

    with pytest.raises(Blank, match="the stub says so"):
        called().functions.numerical_gradient(refuse, np.ones(2))
    with pytest.raises(Broke) as caught:
        called().functions.numerical_gradient(lambda x: 1 / 0, np.ones(2))
    assert caught.value.kind == "ZeroDivisionError"
    assert caught.value.where.startswith("dropout_lab/gradcheck.py, line")


def test_a_passed_function_may_call_back_but_not_without_end(called):
    other = called()
    f = other.functions
    nested = f.numerical_gradient(
        lambda x: float(f.affine_forward(x, np.eye(2), np.zeros(2))[0].sum()), np.ones((1, 2))
    )
    np.testing.assert_allclose(nested, 1, atol=1e-8)

    def again(x):
        return f.numerical_gradient(again, x)

    with pytest.raises(Lost, match="without end"):
        f.numerical_gradient(again, np.ones(2))


def test_callbacks_are_counted(called, monkeypatch):
    monkeypatch.setattr(proxies, "CALLBACKS", 10)
    other = called(gradcheck="def numerical_gradient(f, x, h=1e-5):\n    while True: f(x)")
    with pytest.raises(Lost, match="more than 10 times"):
        other.functions.numerical_gradient(lambda x: 1.0, np.ones(2))


def test_a_stub_is_blank_with_its_line_and_an_exception_has_its_place(called):
    f = called(
        layers="def relu_forward(x):\n    raise NotImplementedError('`relu_forward` is still blank. Exercise 3.1')\n"
        "def relu_backward(dout, cache):\n    return dout @ np.ones((7, 7))"
    ).functions
    lines = with_code(layers="")["layers.py"].count("\n")
    with pytest.raises(Blank, match=rf"still blank. Exercise 3.1, line {lines + 1}\."):
        f.relu_forward(np.ones(2))
    with pytest.raises(Broke) as caught:
        f.relu_backward(np.ones((2, 2)), None)
    assert caught.value.kind == "ValueError"
    assert caught.value.code == "return dout @ np.ones((7, 7))"


def test_waiting_is_counted_and_judging_is_not(called):
    f = called(seconds=1.0, layers="import time\ndef relu_forward(x):\n    time.sleep(0.3)\n    return x, x").functions
    for _ in range(2):
        f.relu_forward(np.ones(2))
        time.sleep(0.8)

    def thrice():
        for _ in range(3):
            f.relu_forward(np.ones(2))

    with pytest.raises(Lost, match="no result within 1 s"):
        thrice()


def test_a_submission_has_so_much_time_in_all(tmp_path):
    names = ("relu_forward", "relu_backward", "affine_forward", "affine_backward")
    write(tmp_path, with_code(layers="\n".join(f"def {name}(*args):\n    while True: pass" for name in names)))
    limits = Limits(exercise=1.0, submission=4.0)
    rows = grade_submission(collect(tmp_path), Settings(1, "plain", names, limits=limits))["exercises"]
    assert "no result within 1 s" in rows[0]["message"]
    assert "had used up its 4 s" in rows[-1]["message"] or "took 4 s, all that it has" in rows[-1]["message"]
    assert [row["points"] for row in rows] == [0, 0, 0, 0]


def test_a_time_out_is_tried_once_more(tmp_path):
    flag = tmp_path / "slow once"
    flag.touch()
    code = f"""import os
def relu_forward(x):
    if os.path.exists({str(flag)!r}):
        while True: pass
    return np.maximum(x, 0), x"""
    write(tmp_path / "anna", with_code(layers=code))
    subprocess.Popen(["sh", "-c", f"sleep 2; rm '{flag}'"])  # a machine that is busy for two seconds
    asked = Settings(1, "plain", ("relu_forward",), limits=Limits(exercise=2.5, landlock=False))
    (row,) = grade_submission(collect(tmp_path / "anna"), asked)["exercises"]
    assert row["status"] == "passed"


def test_a_submission_that_is_known_to_loop_is_waited_for_once_in_each_further_exercise(tmp_path):
    loops = "    while True: pass"
    write(tmp_path, with_code(layers=f"def relu_forward(x):\n{loops}\ndef softmax_cross_entropy(s, y):\n{loops}"))
    names = ("relu_forward", "softmax_cross_entropy", "affine_forward")
    rows = grade_submission(collect(tmp_path), Settings(1, "plain", names, limits=Limits(exercise=1.5)))["exercises"]
    assert ["no result within 1.5 s" in row["message"] for row in rows] == [True, True, False]
    assert rows[2]["points"] == 5
    assert rows[1]["seconds"] < rows[0]["seconds"]


def test_right_only_for_inputs_that_were_changed_to_suit_is_not_right(tmp_path):
    code = """def max_norm(w, limit):
    out = np.zeros_like(w)
    w[...] = 0
    return out"""
    write(tmp_path, with_code(training=code))
    assert grade_submission(collect(tmp_path), Settings(1, "plain", ("max_norm",)))["points"] == 0


def test_arguments_are_looked_at_here_whatever_is_told_of_them(called):
    """The code that answers is replaced by code that says that nothing was changed."""
    other = called(
        layers="""
import sys
frame = sys._getframe()
while "_shape" not in frame.f_globals:
    frame = frame.f_back
frame.f_globals["_shape"] = lambda thing: None
def relu_forward(x):
    x *= 2
    return x, x"""
    )
    x = np.ones((2, 2))
    other.functions.relu_forward(x)
    assert (x == 2).all()
    assert other.meddled


def test_a_cache_that_is_an_argument_keeps_what_it_holds_while_others_come(called):
    f = called().functions
    x, y = np.array([[1.0, -2.0]]), np.array([[-1.0, 2.0]])
    _, first = f.relu_forward(x)
    _, second = f.relu_forward(y)
    assert (f.relu_backward(np.ones((1, 2)), first) == [[1.0, 0.0]]).all()
    assert (f.relu_backward(np.ones((1, 2)), second) == [[0.0, 1.0]]).all()


def test_arguments_beyond_the_shared_memory_cross_all_the_same(called, monkeypatch):
    monkeypatch.setattr(sandbox, "SHARED", 4096)
    f = called(
        layers="def relu_forward(x):\n    x *= 2\n    return x, x", limits=Limits(exercise=5.0, file=1 << 19)
    ).functions
    x = np.ones(1000)
    f.relu_forward(x)
    assert (x == 2).all()


def test_a_generator_that_spawned_goes_on_where_it_was(called):
    f = called(network="def init_params(sizes, rng):\n    return {'W1': rng.spawn(1)[0].random(3)}, 0").functions
    rng, same = np.random.default_rng(1), np.random.default_rng(1)
    first, second = (f.init_params([2, 3], rng)[0]["W1"] for _ in range(2))
    assert not (first == second).any()
    assert (f.init_params([2, 3], same)[0]["W1"] == first).all()
    assert rng.bit_generator.seed_seq.n_children_spawned == 2


def test_what_is_written_is_memory_and_can_be_read_back(called):
    f = called(
        layers="""
import os, pathlib
def relu_forward(x):
    os.makedirs("figures", exist_ok=True)
    np.savetxt("figures/x.txt", x)
    pathlib.Path("note").write_text("one")
    with open("note", "a") as note: note.write(" two")
    return [float(open("figures/x.txt").readline()), open("note").read()], 0"""
    ).functions
    assert f.relu_forward(np.ones(2))[0] == [1.0, "one two"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("for i in range(200): open(str(i), 'w').close()", "it wrote more than 100 files"),
        ("open('x', 'w').write('x' * 10**8)", "it wrote more than 8 MB"),
        ("import os; os.fork()", "starting another process"),
        ("import os; os.system('true')", "starting another process"),
        ("import subprocess; subprocess.run(['true'])", "starting another process"),
        ("import multiprocessing; multiprocessing.Pool(2)", "starting another process"),
        ("import concurrent.futures as c; list(c.ProcessPoolExecutor(2).map(abs, [1]))", "starting another process"),
        ("import urllib.request; urllib.request.urlopen('http://127.0.0.1')", "opening the network"),
        ("import socket; socket.socket()", "opening the network"),
        ("import os; os.remove('x')", "changing files"),
    ],
)
def test_what_is_not_possible_is_said_in_words(called, line, says):
    f = called(layers=f"def relu_forward(x):\n    {line}\n    return x, x").functions
    with pytest.raises(Broke) as caught:
        f.relu_forward(np.ones(2))
    assert says in caught.value.message


def test_a_time_out_tells_how_much_was_printed(called):
    code = "def relu_forward(x):\n    while True: print('x' * 100_000)"
    with pytest.raises(Lost, match=r"no result within 1 s. It printed \d+ MB"):
        called(seconds=1.0, layers=code).functions.relu_forward(np.ones(2))
