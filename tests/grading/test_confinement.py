"""What the process of a submission cannot do, tried; and what is left of it, which is nothing."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from confinement import BARE, needs_bwrap
from dropout_lab.instructor.grading.boundary import calls, reach, sandbox
from dropout_lab.instructor.grading.boundary.proxies import Boundary, Lost
from dropout_lab.instructor.grading.boundary.sandbox import Limits, NoSandbox, Sandbox, choose
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.submissions import Submission, collect
from submissions import right, with_code, write

MODES = ["plain", pytest.param("bwrap", marks=needs_bwrap)]
linux = pytest.mark.skipif(not calls.known(), reason="the system calls of this machine are in no list of ours")
HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
CAUGHT = 1, 38  # EPERM, ENOSYS
HOLDS = {"files", "memory", "processes"}
UNCONFINED = Limits(exercise=5.0, landlock=False, seccomp=False)  # as on a system that has neither


@pytest.fixture
def called():
    """Start a boundary with code in layers.py, begin an exercise, and give its functions; ended afterwards."""
    open_ones = []

    def start(layers, mode="plain", limits=None):
        limits = limits or Limits(exercise=10.0)
        sources = {name[:-3]: text.encode() for name, text in with_code(layers=layers).items()}
        until = time.monotonic() + limits.submission
        one = Boundary(Submission("anna", "anna", sources), limits, until, lambda: Sandbox(mode, limits))
        open_ones.append(one)
        one.begin(limits.exercise)
        return one

    yield start
    for one in open_ones:
        one.close()


def test_bubblewrap_works_wherever_the_smallest_use_of_it_does():
    assert not BARE or sandbox.try_bwrap() is None


@linux
@pytest.mark.parametrize("mode", MODES)
def test_all_that_is_promised_holds_here(mode):
    with Sandbox(mode) as one:
        assert set(one.confined) >= HOLDS


TRY = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def relu_forward(asked):
    found = {}
    for number, *arguments in asked:
        ctypes.set_errno(0)
        said = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(a) for a in arguments))
        found[number] = [said, ctypes.get_errno()]
    return found, None"""
KERNELS_OWN = {335, 336}  # where a probe of the kernel returns: they pass every filter, and end who makes them
OF_TERMINAL, CHANGE_OWNER, SET_SIGNAL, NOTIFY, LEASE, SEALS, PIPE_SIZE = 0x5412, 8, 10, 1026, 1024, 1033, 1031


@linux
@pytest.mark.parametrize("mode", MODES)
def test_every_system_call_that_is_not_listed_is_refused_by_its_number(called, mode):
    """All numbers up to 600, with arguments that harm nobody if one should get through."""
    some = {
        n
        for pair in (calls.CLONE, calls.TGKILL, calls.PRLIMIT, calls.FCNTL, calls.IOCTL, calls.OPEN, calls.OPENAT)
        for n in calls.of(pair)
    }
    refused = sorted(set(range(600)) - set(calls.of(calls.FREE)) - some - KERNELS_OWN)
    found, _ = called(TRY, mode).functions.relu_forward([[number, *[-1] * 6] for number in refused])
    assert {number: said for number, said in found.items() if said[0] != -1 or said[1] not in CAUGHT} == {}
    assert len(found) > 500


REACH_OUT = """
    chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat setxattr lsetxattr fsetxattr
    reboot acct setpriority inotify_init inotify_init1 inotify_add_watch shmget shmat shmctl msgget msgsnd
    semget semop mq_open mq_unlink io_uring_setup memfd_create ptrace keyctl add_key process_vm_readv
    process_vm_writev fork vfork execve execveat socket socketpair connect kill tkill rt_sigqueueinfo
    rt_tgsigqueueinfo pidfd_open pidfd_send_signal unshare setns mount umount2 chroot pivot_root bpf
    perf_event_open userfaultfd unlink rename mkdir rmdir link symlink truncate ftruncate mknod setuid setgid
    setresuid capset prctl seccomp kexec_load init_module swapon settimeofday sethostname personality
    timer_create eventfd2 signalfd4 epoll_create1 splice tee vmsplice sendmsg recvmsg
""".split()


@linux
@pytest.mark.skipif(not HEADER.exists(), reason="the kernel's headers are not installed")
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="reads the header of another machine")
def test_the_numbers_are_those_of_the_names_and_no_name_that_reaches_out_is_listed():
    lines = HEADER.read_text().splitlines()
    numbers = {w[1].removeprefix("__NR_"): int(w[2]) for w in map(str.split, lines) if len(w) == 3 and "__NR_" in w[1]}
    assert {name: pair[0] for name, pair in calls.FREE.items()} == {name: numbers[name] for name in calls.FREE}
    pairs = {"clone": calls.CLONE, "tgkill": calls.TGKILL, "prlimit64": calls.PRLIMIT, "fcntl": calls.FCNTL}
    pairs |= {"ioctl": calls.IOCTL, "open": calls.OPEN, "openat": calls.OPENAT}
    assert {name: pair[0] for name, pair in pairs.items()} == {name: numbers[name] for name in pairs}
    assert all(name in numbers for name in REACH_OUT)
    assert not {numbers[name] for name in REACH_OUT} & set(calls.of(calls.FREE))


@linux
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param([calls.FCNTL, 0, CHANGE_OWNER, 1], id="a descriptor's owner"),
        pytest.param([calls.FCNTL, 0, SET_SIGNAL, 9], id="a descriptor's signal"),
        pytest.param([calls.FCNTL, 0, 4, 0x2000], id="signals of a descriptor"),
        pytest.param([calls.FCNTL, 0, NOTIFY, 1], id="word of a folder's changes"),
        pytest.param([calls.FCNTL, 0, LEASE, 1], id="a lease"),
        pytest.param([calls.FCNTL, 0, SEALS, 8], id="seals"),
        pytest.param([calls.FCNTL, 0, PIPE_SIZE, 1 << 20], id="a pipe's size"),
        pytest.param([calls.IOCTL, 0, OF_TERMINAL, 0], id="a character typed into a terminal"),
        pytest.param([calls.OPENAT, -100, 0, os.O_WRONLY], id="a file to write"),
        pytest.param([calls.OPENAT, -100, 0, os.O_RDWR | os.O_CREAT], id="a new file"),
        pytest.param([calls.OPENAT, -100, 0, os.O_RDONLY | os.O_TRUNC], id="a file to empty"),
        pytest.param([calls.CLONE, signal.SIGCHLD, 0, 0, 0, 0], id="a process"),
        pytest.param([calls.CLONE, 0x10000000 | 17, 0, 0, 0, 0], id="a namespace of users"),
        pytest.param([calls.CLONE, 0x00010000 | 0x3D0F00 | 0x20000000, 0, 0, 0, 0], id="a thread with a new pid space"),
        pytest.param([calls.TGKILL, 1, 1, 0], id="a signal to process 1"),
        pytest.param([calls.PRLIMIT, 1, 7, 0, 0], id="another's limits"),
        pytest.param([calls.PRLIMIT, 0, 7, 4096, 0], id="new limits of its own"),
        pytest.param([calls.PRLIMIT, 0, 7, 1 << 32, 0], id="new limits at a high address"),
    ],
)
def test_a_call_that_is_listed_is_refused_with_other_arguments(called, attempt, mode):
    pair, *arguments = attempt
    (number,) = calls.of(pair)
    found, _ = called(TRY, mode).functions.relu_forward([[number, *arguments]])
    assert found[number] == [-1, 1]


@linux
@pytest.mark.parametrize("mode", MODES)
def test_what_honest_code_does_goes_on_working(called, mode):
    f = called(
        """
import threading, time, random, json, math, unittest, decimal, sqlite3, zlib
import hashlib, ctypes, logging, datetime, tempfile
from concurrent.futures import ThreadPoolExecutor
def relu_forward(x):
    done = [list(ThreadPoolExecutor(2).map(abs, [-1, -2]))]
    thread = threading.Thread(target=done.append, args=(1,)); thread.start(); thread.join()
    print(x); logging.warning("careful"); time.sleep(0.01)
    done.append(np.linalg.svd(np.ones((30, 30)))[1].shape[0])
    done.append(len(os_random()) + datetime.datetime.now().year // 10000)
    np.random.default_rng(); np.testing.assert_allclose(1, 1)
    return done, x
def os_random():
    import os
    return os.urandom(4)""",
        mode,
    ).functions
    assert f.relu_forward(np.ones(2))[0] == [[1, 2], 1, 30, 4]


@linux
@pytest.mark.parametrize("mode", MODES)
def test_nothing_but_the_library_and_numpy_can_be_read(called, mode, tmp_path):
    (tmp_path / "other").write_text("x")
    paths = [
        *reach.secrets(),
        str(tmp_path / "other"),
        str(tmp_path),
        "/etc/passwd",
        "/proc/self/maps",
        "/proc",
        "/",
        "/usr",
    ]
    paths += [
        str(reach.NUMPY),
        sys.prefix,
        str(Path(sys.executable).parent),
        "/dev",
        "/sys",
        "/root",
        "/home",
        "/tmp",
        "/var",
    ]
    assert sandbox.readable_secrets(mode, Limits(), tuple(paths)) == []


def test_no_folder_that_holds_more_than_the_library_or_numpy_can_be_read():
    given = [Path(path).resolve() for path in reach.readable()]
    for secret in (*reach.secrets(), str(reach.NUMPY), sys.prefix, sys.base_prefix, str(reach.NUMPY / "pip")):
        assert not any(Path(secret).resolve().is_relative_to(path) for path in given), secret


@pytest.mark.parametrize("place", ["site-packages/dropout_lab", "dropout_lab", "solutions", "notes.py"])
def test_what_lies_in_the_folder_of_the_library_is_not_of_it(tmp_path, place):
    assert not reach._is_library(tmp_path / place.partition("/")[0])


def test_where_a_submission_could_read_the_answers_nothing_is_graded(monkeypatch, tmp_path):
    write(tmp_path, right())
    open_one = Limits(landlock=False)
    asked = Settings(1, "plain", ("relu_forward",), limits=open_one, unprotected=False)
    with pytest.raises(NoSandbox, match=r"a submission could read .* so nothing is graded"):
        grade_submission(collect(tmp_path), asked)
    monkeypatch.setattr(sandbox, "try_bwrap", lambda: "it is not installed")
    monkeypatch.setattr(sandbox, "readable_secrets", lambda *_: ["/bank"])
    with pytest.raises(NoSandbox, match="can read /bank, so nothing is graded"):
        choose("auto")
    assert "NO ISOLATION" in choose("plain")[1]


@linux
def test_a_process_that_runs_a_submission_has_no_privilege_left():
    with Sandbox("plain") as one:
        pid = one.pid
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
        )
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} <= {0} or os.geteuid()
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert sandbox.own_user() is None or status["Uid"].split()[0] == str(sandbox.own_user())


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
    if calls.known():
        mode, said = choose("auto")
        assert mode == "plain"
        assert "no permission to map users" in said


@needs_bwrap
def test_a_bubblewrap_that_fails_is_noticed_by_trying_it(monkeypatch, tmp_path):
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(sandbox, "_ready", {})
    sandbox.try_bwrap.cache_clear()
    try:
        assert sandbox.try_bwrap() == "bwrap: setting up uid map: Permission denied"
        assert choose("auto")[0] == "plain"
    finally:
        sandbox.try_bwrap.cache_clear()
        sandbox.end_all()


@pytest.mark.parametrize("words", [["/does/not/exist"], [sys.executable, "-c", ""]])
def test_a_process_that_cannot_be_started_is_no_result(monkeypatch, tmp_path, words):
    monkeypatch.setattr(sandbox, "_python_command", lambda: words)
    monkeypatch.setattr(sandbox, "_ready", {})
    write(tmp_path, right())
    with pytest.raises(NoSandbox):
        grade_submission(collect(tmp_path), Settings(1, "plain", ("relu_forward",)))


@linux
@pytest.mark.parametrize("mode", MODES)
def test_a_zygote_that_died_is_started_again(mode):
    Sandbox(mode).close()
    sandbox._zygote(mode, Limits()).process.kill()
    time.sleep(0.1)
    with Sandbox(mode) as one:
        assert set(one.confined) >= HOLDS


# ---- what is left behind


@linux
@pytest.mark.parametrize("mode", MODES)
def test_a_submission_leaves_no_process_not_even_a_dead_one(mode):
    with Sandbox(mode):
        pass
    before = set(sandbox._descendants(os.getpid()))
    for _ in range(3):
        Sandbox(mode).close()
    assert set(sandbox._descendants(os.getpid())) == before


@linux
def test_what_one_submission_leaves_in_memory_no_other_finds(called):
    f = called(
        """
import mmap, gc
def relu_forward(x):
    shared = next(t for t in gc.get_objects() if isinstance(t, mmap.mmap)) if False else x.base
    while not isinstance(shared, mmap.mmap): shared = shared.base if hasattr(shared, "base") else shared.obj
    seen = bytes(shared[1 << 20 : (1 << 20) + 8])
    shared[1 << 20 : (1 << 20) + 8] = b"answers!"
    return seen == b"answers!", x"""
    ).functions
    assert f.relu_forward(np.ones(4))[0] is False
    other = called(
        "def relu_forward(x):\n    shared = x.base\n    while hasattr(shared, 'base'): shared = shared.base\n"
        "    shared = getattr(shared, 'obj', shared)\n    return bytes(shared[1 << 20 : (1 << 20) + 8]) == bytes(8), x"
    )
    assert other.functions.relu_forward(np.ones(4))[0] is True


@linux
def test_a_grader_that_is_killed_takes_every_process_with_it():
    code = """
from dropout_lab.instructor.grading.boundary.sandbox import Sandbox
one = Sandbox("plain")
print(one.zygote.process.pid, one.pid, flush=True)
input()"""
    grader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    pids = list(map(int, grader.stdout.readline().split()))
    grader.kill()
    grader.wait()
    until = time.monotonic() + 10
    while any(map(_runs, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(map(_runs, pids))


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="the process limit stops forks of ordinary users")


@linux
@root_only
def test_daemons_are_found_and_killed_where_forking_cannot_be_forbidden(called):
    other = called(
        """
import os, time
def relu_forward(x):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.close(0); time.sleep(3600)
        os._exit(0)
    time.sleep(0.3)
    return x, x""",
        limits=UNCONFINED,
    )
    other.functions.relu_forward(np.ones(2))
    mark = other.life.sandbox.zygote.mark
    assert len(_marked(mark)) > 2
    other.close()
    assert not _marked(mark)


@linux
@root_only
def test_a_crowd_of_processes_is_noticed_while_it_waits(called):
    other = called(
        """
import os, time
def relu_forward(x):
    for _ in range(40):
        if os.fork() == 0: time.sleep(3600)
    while True: pass""",
        limits=UNCONFINED,
    )
    start = time.monotonic()
    with pytest.raises(Lost, match="more processes than allowed"):
        other.functions.relu_forward(np.ones(2))
    assert time.monotonic() - start < 4.5  # before the time of the exercise was over
    mark = other.life.sandbox.zygote.mark
    other.close()
    assert not _marked(mark)


def _marked(mark):
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            found += [path] if mark.encode() in path.read_bytes() else []
        except OSError:
            pass
    return found
