"""The boundary between the judge and a submission: what crosses, and what becomes of those who break the rules."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from dropout_lab.checks.functions import Blank, Broke
from dropout_lab.instructor.grading.boundary import proxies, sandbox, wire
from dropout_lab.instructor.grading.boundary.proxies import Boundary, Handle, Lost
from dropout_lab.instructor.grading.boundary.sandbox import Limits, NoSandbox, Sandbox, choose, try_bwrap
from dropout_lab.instructor.grading.grade import Settings, grade
from dropout_lab.instructor.grading.submissions import collect
from submissions import right, with_code, write

MODES = [
    "plain",
    pytest.param("bwrap", marks=pytest.mark.skipif(bool(try_bwrap()), reason=f"bubblewrap: {try_bwrap()}")),
]
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def boundary(limits=None, mode="plain", **code):
    """The other side, with code added to modules of a right submission."""
    files = with_code(**code)
    return Boundary({name[:-3]: text.encode() for name, text in files.items()}, mode, limits or Limits(exercise=5.0))


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


# ---- values


@pytest.mark.parametrize(
    "thing",
    [
        None,
        True,
        0,
        -1,
        2**63,
        1.5,
        -0.0,
        float("inf"),
        "text",
        (),
        [1, (2, [3.0])],
        {"W1": [1], 2: None},
        np.float32(1.5),
        np.float64(5e-324),
        np.bool_(True),
        np.int8(-3),
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.zeros((0, 3)),
        np.array(2.0),
        np.array([-0.0, 5e-324, np.nan]),
        np.arange(5, dtype=np.uint8),
        np.ones(3, bool),
        np.ones(2, np.longdouble),
        np.ones(2, ">f4"),
    ],
    ids=repr,
)
def test_a_value_crosses_as_it_is(thing):
    writer = wire.Writer()
    token = json.loads(json.dumps(writer.token(thing)))
    reader = wire.Reader(b"".join(writer.arrays))
    back = reader.value(token)
    reader.done()
    assert type(back) is type(thing)
    if isinstance(thing, (np.ndarray, np.generic)):
        assert (back.shape, back.dtype, back.tobytes()) == (thing.shape, thing.dtype, thing.tobytes())
        assert isinstance(thing, np.generic) or back.flags.f_contiguous == thing.flags.f_contiguous
    else:
        assert repr(back) == repr(thing)


def test_a_generator_crosses_with_its_state():
    rng = np.random.default_rng(3)
    rng.normal(size=7)
    back = wire.Reader(b"").value(json.loads(json.dumps(wire.Writer().token(rng))))
    assert (back.random(5) == rng.random(5)).all()


def npy(descr="'<f8'", shape="(2,)", data=bytes(16), version=b"\x01\x00"):
    """The bytes of a .npy file whose header says anything."""
    head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(head)) + head + data


def test_an_honest_array_is_read():
    assert (wire.read_array(npy()) == np.zeros(2)).all()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPX" + npy()[6:],
        npy(version=b"\x02\x00"),
        npy(data=bytes(15)),
        npy(data=bytes(17)),
        npy(shape="(1000000000,)"),
        npy(shape="(-2,)"),
        npy(shape="(2**62, 4)"),
        npy(shape="(4611686018427387904, 4)"),
        npy(shape="'x'"),
        npy(shape="(0, 99999999999999999999)", data=b""),
        npy(shape="(True, 2)", data=bytes(0)),
        npy(descr="'|O'"),
        npy(descr="'O8'"),
        npy(descr="[('a', '<f8')]"),
        npy(descr="('<f8', (2,))"),
        npy(descr="'<M8[s]'"),
        npy(descr="'<U2'"),
        npy(descr="'|V8'"),
        npy(descr="__import__('os')"),
        npy(descr="'<f8' + (" + "(" * 300 + ")"),
    ],
    ids=lambda raw: repr(raw[10:60]),
)
def test_bytes_that_are_no_plain_array_of_numbers_are_refused(raw):
    with pytest.raises(wire.BadFrame):
        wire.read_array(raw)


@pytest.mark.parametrize(
    "token",
    [
        {},
        {"k": "handle", "id": 1},
        {"k": "kept"},
        {"k": "function", "id": 0},
        {"k": ["array"]},
        {"k": "array", "n": -1},
        {"k": "array", "n": 1},
        {"k": "array", "n": "1"},
        {"k": "tuple", "v": 5},
        {"k": "dict", "v": [[1]]},
        {"k": "dict", "v": [[[], 1]]},
        {"k": "rng", "state": None},
        {
            "k": "rng",
            "state": {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0},
        },
        {
            "k": "rng",
            "state": {"bit_generator": "Generator", "state": {"state": 1, "inc": 1}, "has_uint32": 0, "uinteger": 0},
        },
        2**70,
        "x" * 20_000,
        [1],
    ],
    ids=lambda t: repr(t)[:50],
)
def test_tokens_that_the_child_may_not_send_are_refused(token):
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value(token)


def test_values_in_values_without_end_are_refused_on_both_sides():
    token, deep = 0, []
    for _ in range(50):
        token, deep = {"k": "list", "v": [token]}, [deep]
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value(token)
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value({"k": "list", "v": [0] * 30_000})
    with pytest.raises(wire.TooLarge):
        wire.Writer().token(deep)


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack(">II", 2**32 - 1, 0),
        struct.pack(">II", 2, 2**31) + b"{}",
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 3, 0) + b"{]}",
        struct.pack(">II", 900_000, 0) + b"[" * 900_000,
    ],
    ids=["claims much JSON", "claims much data", "no object", "no JSON", "deep JSON"],
)
def test_frames_that_are_none_are_refused(frame):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = threading.Thread(target=theirs.sendall, args=(frame,))
        writer.start()
        with pytest.raises(wire.BadFrame):
            wire.receive(ours, time.monotonic() + 20)
        writer.join()


def test_what_does_not_come_is_not_waited_for():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"\0\0")
        with pytest.raises(wire.Late):
            wire.receive(ours, time.monotonic() + 0.2)
        with pytest.raises(wire.Late):  # nor is somebody who does not read
            wire.send(ours, {}, [bytes(8 << 20)], time.monotonic() + 0.2)
    with pytest.raises((wire.Closed, OSError)):
        wire.receive(ours, time.monotonic() + 1)


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
    write(tmp_path, with_code(layers="def relu_forward(x):\n    while True: pass"))
    names = ("relu_forward", "relu_backward", "affine_forward", "sgd_momentum")
    limits = Limits(exercise=0.7, submission=2.0)
    rows = grade(collect(tmp_path), Settings(1, "plain", names, limits=limits))["exercises"]
    assert "no result within 0.7 s" in rows[0]["message"]
    assert "used up its 2 s" in rows[-1]["message"]
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
    limits = Limits(exercise=2.5, landlock=False)
    row = grade(collect(tmp_path / "anna"), Settings(1, "plain", ("relu_forward",), limits=limits))["exercises"][0]
    assert row["status"] == "passed"


def test_a_submission_that_is_known_to_loop_is_waited_for_once_in_each_further_exercise(tmp_path):
    write(tmp_path, with_code(layers="def relu_forward(x):\n    while True: pass"))
    names = ("relu_forward", "relu_backward", "affine_forward")
    rows = grade(collect(tmp_path), Settings(1, "plain", names, limits=Limits(exercise=1.5)))["exercises"]
    assert ["no result within 1.5 s" in row["message"] for row in rows] == [True, True, False]
    assert rows[2]["points"] == 5
    assert rows[1]["seconds"] < rows[0]["seconds"]


def test_right_only_for_inputs_that_were_changed_to_suit_is_not_right(tmp_path):
    code = """def max_norm(w, limit):
    out = np.zeros_like(w)
    w[...] = 0
    return out"""
    write(tmp_path, with_code(training=code))
    assert grade(collect(tmp_path), Settings(1, "plain", ("max_norm",)))["points"] == 0


# ---- processes


@pytest.fixture
def unconfined():
    """Limits without Landlock and seccomp, as on a system that has neither."""
    return Limits(exercise=5.0, landlock=False, seccomp=False)


@linux
def test_what_a_process_takes_from_itself_holds(called):
    other = called(
        layers="""
import ctypes, os, socket, subprocess, threading
def relu_forward(x):
    tried = {}
    attempts = {
        "read": lambda: open("/etc/passwd"), "list": lambda: os.listdir("/"), "memory": lambda: open("/proc/self/mem"),
        "fork": os.fork, "spawn": lambda: subprocess.run(["true"]), "socket": socket.socket,
        "kill": lambda: os.kill(os.getppid(), 0), "signal": lambda: os.kill(1, 0), "chroot": lambda: os.chroot("/"),
        "thread": lambda: threading.Thread(target=print).start(), "write": lambda: open("here", "w").close(),
        "write elsewhere": lambda: open("/tmp/there", "w"), "link": lambda: os.symlink("/", "up")}
    for name, what in attempts.items():
        try: what(); tried[name] = "did"
        except BaseException as error: tried[name] = type(error).__name__
    return tried, x"""
    )
    if not {"files", "processes"} <= set(other.confined):
        pytest.skip("this kernel has not both Landlock and seccomp")
    tried, _ = other.functions.relu_forward(np.ones(2))
    assert {name for name, what in tried.items() if what == "did"} == {"thread", "write"}


@linux
@pytest.mark.skipif(
    os.geteuid() != 0 and sys.platform == "linux", reason="the process limit stops forks of ordinary users"
)
def test_daemons_are_found_and_killed_where_forking_cannot_be_forbidden(called, unconfined):
    other = called(
        limits=unconfined,
        layers="""
import os, time
def relu_forward(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(0); time.sleep(3600)
        os._exit(0)
    time.sleep(0.3)
    return x, x""",
    )
    other.functions.relu_forward(np.ones(2))
    mark = other.sandbox.mark
    assert _marked(mark)
    other.close()
    assert not _marked(mark)


@linux
@pytest.mark.skipif(
    os.geteuid() != 0 and sys.platform == "linux", reason="the process limit stops forks of ordinary users"
)
def test_a_crowd_of_processes_is_noticed_while_it_waits(called, unconfined):
    other = called(
        limits=unconfined,
        layers="""
import os, time
def relu_forward(x):
    for _ in range(40):
        if os.fork() == 0: time.sleep(3600)
    while True: pass""",
    )
    start = time.monotonic()
    with pytest.raises(Lost, match="more processes than allowed"):
        other.functions.relu_forward(np.ones(2))
    assert time.monotonic() - start < 4.5  # before the time of the exercise was over
    mark = other.sandbox.mark
    other.close()
    assert not _marked(mark)


@linux
def test_a_grader_that_is_killed_takes_the_submission_with_it(tmp_path):
    code = """
from dropout_lab.instructor.grading.boundary.sandbox import Sandbox
one = Sandbox("plain")
print(one.process.pid, flush=True)
input()"""
    grader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pid = int(grader.stdout.readline())
    grader.kill()
    grader.wait()
    until = time.monotonic() + 10
    while (
        Path(f"/proc/{pid}").exists()
        and time.monotonic() < until
        and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    ):
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_less_isolation_than_required_is_refused(monkeypatch):
    with pytest.raises(NoSandbox, match="asks for bubblewrap"):
        choose("plain", required=True)
    with pytest.raises(NoSandbox, match="auto, bwrap or plain"):
        choose("jail")
    monkeypatch.setattr(sandbox, "try_bwrap", lambda: "no permission to map users")
    with pytest.raises(NoSandbox, match="no permission to map users"):
        choose("auto", required=True)
    with pytest.raises(NoSandbox, match="no permission to map users"):
        choose("bwrap")
    mode, said = choose("auto")
    assert mode == "plain"
    assert "no permission to map users" in said


def test_a_bubblewrap_that_fails_is_noticed_by_trying_it(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for function in (sandbox.try_bwrap, sandbox._tmpfs):
        function.cache_clear()
    try:
        assert sandbox.try_bwrap() == "bwrap: setting up uid map: Permission denied"
        assert choose("auto")[0] == "plain"
    finally:
        for function in (sandbox.try_bwrap, sandbox._tmpfs):
            function.cache_clear()


def test_a_process_that_cannot_be_started_is_no_result(monkeypatch, tmp_path):
    monkeypatch.setattr(sandbox, "_command", lambda _: ["/does/not/exist"])
    write(tmp_path, right())
    with pytest.raises(NoSandbox):
        grade(collect(tmp_path), Settings(1, "plain", ("relu_forward",)))
    monkeypatch.setattr(sandbox, "_command", lambda _: [sys.executable, "-c", ""])
    with pytest.raises(NoSandbox):
        grade(collect(tmp_path), Settings(1, "plain", ("relu_forward",)))


def _marked(mark):
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [path] if mark.encode() in path.read_bytes() else []
        except OSError:
            pass
    return found


@pytest.mark.parametrize("mode", MODES)
def test_a_sandbox_leaves_no_folder(mode):
    with Sandbox(mode) as one:
        place = Path(one.scratch)
        assert place.is_dir()
    assert not place.exists()


@linux
@pytest.mark.parametrize("mode", MODES)
def test_a_sandbox_leaves_no_process_not_even_a_dead_one(mode):
    before = set(sandbox._children(os.getpid()))
    for _ in range(3):
        Sandbox(mode).close()
    assert set(sandbox._children(os.getpid())) <= before
