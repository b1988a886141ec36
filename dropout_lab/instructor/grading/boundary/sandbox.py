"""A process for one submission: a confined copy of a process that is kept ready, and gone without a trace at the end.

plain       the copy can open NumPy and the standard library to read (Landlock), and makes listed system calls (seccomp)
bwrap       the same inside bubblewrap: namespaces of its own, and no other file is even there

Before the first copy is used another one tries to read what it must not; where it can, nothing is graded.
"""

import atexit
import contextlib
import ctypes
import fcntl
import json
import mmap
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

from dropout_lab.instructor.grading.boundary import reach, wire

BWRAP, PLAIN = "bwrap", "plain"
SHARED = 64 << 20  # bytes of memory in which arguments and results lie; the largest exercise takes a fifth
START = 60  # seconds for the process to start
_USERS = 1_000_000_000  # from here on nobody has an account
_SUBREAPER, _SEALS, _NO_RESIZING = 36, 1033, 0x2 | 0x4
_MARK = "DROPOUT_LAB_SUBMISSION"
_THREADS = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")}
_TRIAL = """
import os
def relu_forward(paths):
    seen = []
    for path in paths:
        for way in (path, f"/proc/self/root{path}", f"/proc/{os.getppid()}/root{path}"):
            try:
                os.listdir(way) if os.path.isdir(way) else os.close(os.open(way, os.O_RDONLY))
            except OSError:
                continue
            seen.append(path)
    return seen, None
"""


@dataclass(frozen=True)
class Limits:
    """How much a submission may use.

    `exercise` is seconds of waiting for it, `submission` seconds on the clock for all of it; `memory` and `file` bytes;
    `processes` a number. `landlock` and `seccomp` can be switched off to test what is left without them.
    """

    exercise: float = 10.0
    submission: float = 300.0
    memory: int = 2 << 30
    file: int = 1 << 20
    processes: int = 16
    landlock: bool = True
    seccomp: bool = True


class NoSandbox(Exception):
    """The process could not be started here, or not confined: a fault of this machine, not of a submission."""


class Overdone(Exception):
    """More processes than allowed. Its text says so."""


class Zygote:
    """The process that is kept ready. `in_force` names what it took from itself, `user` is the user that it runs as."""

    def __init__(self, isolation, limits):
        adopt_strays()
        self.mark = f"{os.getpid()}-{time.monotonic_ns()}"
        self.control, theirs = socket.socketpair()
        self.user = own_user()
        rights = {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}
        command, environment = _bwrap_command() if isolation == BWRAP else (_python_command(), {})
        try:
            with theirs:
                self.process = subprocess.Popen(
                    command,
                    stdin=theirs,
                    cwd="/",
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**_THREADS, **environment, "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": "/", _MARK: self.mark},
                    start_new_session=True,
                    **rights,
                )
        except OSError as error:
            self.control.close()
            raise NoSandbox(f"{isolation}: {error}") from None
        self.control.settimeout(START)
        asked = {**asdict(limits), "cpu": int(limits.submission) + 60, "memory": limits.memory + SHARED}
        try:
            self.in_force = {*self._ask({"limits": asked, "readable": reach.readable()})["ready"]}
        except NoSandbox:
            self.close()
            raise NoSandbox(f"the process for a submission ({isolation}) did not start") from None
        self.in_force |= {"user"} if self.user or (isolation == BWRAP and os.geteuid() != 0) else set()

    @property
    def alive(self):
        return self.process.poll() is None

    def copy(self, channel, memory):
        """Make a copy that has these two descriptors; its number, as the zygote knows it."""
        return self._ask({"do": "copy", "shared": SHARED, "house": reach.house()}, [channel, memory])["pid"]

    def end(self, pid):
        """Kill a copy; it is gone when this returns."""
        try:
            self._ask({"do": "end", "pid": pid})
        except NoSandbox:
            self.close()

    def close(self):
        """Kill the process, its session and what it left behind."""
        below = _descendants(self.process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.control.close()
        kill_strays(self.mark, below)

    def _ask(self, request, descriptors=()):
        try:
            socket.send_fds(self.control, [json.dumps(request).encode()], descriptors)
            said = self.control.recv(1 << 16)
        except OSError:
            said = b""
        if not said:
            raise NoSandbox("the process that is kept ready ended")
        return json.loads(said)


_ready = {}


def _zygote(isolation, limits):
    """The one that is ready, or a new one."""
    key = (isolation, limits)
    if key not in _ready or not _ready[key].alive:
        _ready[key] = Zygote(isolation, limits)
    return _ready[key]


@atexit.register
def end_all():
    """End what is kept ready."""
    while _ready:
        _ready.popitem()[1].close()


@dataclass
class Sandbox:
    """One process. `channel` leads to it, `shared` is memory that both see, `confined` names what it took from itself.

    secrets : paths that it must not be able to read, beside those that are secret always
    unprotected : whether it may be used where it can
    """

    isolation: str
    limits: Limits = field(default_factory=Limits)
    secrets: tuple = ()
    unprotected: bool = True

    def __post_init__(self):
        if not self.unprotected and (seen := readable_secrets(self.isolation, self.limits, self.secrets)):
            raise NoSandbox(f"a submission could read {seen[0]} here ({self.isolation}), so nothing is graded")
        self.zygote, self.closed = _zygote(self.isolation, self.limits), False
        memory = _anonymous(SHARED)
        self.shared = mmap.mmap(memory, SHARED)
        self._ours, theirs = socket.socketpair()
        try:
            with theirs:
                self.pid = self.zygote.copy(theirs.fileno(), memory)
        except NoSandbox:
            self._ours.close()
            self.shared.close()
            raise
        finally:
            os.close(memory)
        self._ours.setblocking(False)
        self.channel = wire.Channel(self._ours.fileno(), self.shared)
        try:
            self.confined = tuple(self.channel.receive(time.monotonic() + START)[0]["ready"])
        except (wire.Closed, wire.TimedOut, wire.BadFrame, KeyError) as error:
            self.close()
            raise NoSandbox(f"the process for a submission did not start: {type(error).__name__}") from None
        if self.zygote.user:
            self.confined = tuple(sorted({*self.confined, "user"}))

    def watch(self):
        """Raise if it has too many processes by now: where the kernel cannot forbid them."""
        if "processes" not in self.confined and len(_descendants(self.zygote.process.pid)) > self.limits.processes:
            raise Overdone("it started more processes than allowed")

    def close(self):
        """Kill the process; with it ends the one that is kept ready, where a submission might have left another."""
        if self.closed:
            return
        self.closed = True
        self.zygote.end(self.pid)
        if "processes" not in getattr(self, "confined", ()):
            self.zygote.close()
        self._ours.close()
        self.shared.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


@cache
def readable_secrets(isolation, limits, secrets=()):
    """Of all that a submission must not read, what a process like its own can, tried by one."""
    asked = [*reach.secrets(), *secrets]
    with Sandbox(isolation, limits) as trial:
        module = {"name": "layers", "size": len(_TRIAL), "helps": False, "unusable": None, "neighbours": []}
        until = time.monotonic() + START
        try:
            trial.channel.send({"do": "load", "modules": [module], "n": 1}, [_TRIAL.encode()], until)
            call = {"do": "call", "module": "layers", "function": "relu_forward", "fresh": True, "keep": None, "n": 2}
            token = wire.Writer().token((asked,))
            trial.channel.send({**call, "args": token, "options": wire.Writer().token({})}, (), until)
            said, body = {}, b""
            while said.get("n") != 2:
                said, body = trial.channel.receive(until)
            return list(dict.fromkeys(wire.Reader(body).value(said["value"])[0]))
        except (wire.Closed, wire.TimedOut, wire.BadFrame, KeyError) as error:
            raise NoSandbox(f"what a submission can read could not be tried: {type(error).__name__}") from None


def choose(wanted="auto", required=False, secrets=()):
    """The isolation to use, by a real trial.

    Parameters
    ----------
    wanted : "auto", "bwrap" or "plain"
    required : bool
        Refuse anything less than bubblewrap.
    secrets : paths that no submission may be able to read

    Returns
    -------
    isolation : "bwrap" or "plain"
    sentence : what is in force and why, for the instructor

    Raises
    ------
    NoSandbox
        If what is wanted or required does not work here, or a submission could read what it must not. Who asks for
        plain gets it all the same, and is told.
    """
    if wanted not in ("auto", BWRAP, PLAIN):
        raise NoSandbox(f"--isolation is auto, bwrap or plain, not {wanted}")
    if required and wanted == PLAIN:
        raise NoSandbox("--require-isolation asks for bubblewrap, and --isolation plain for less")
    reason = "plain was asked for"
    if wanted != PLAIN:
        reason = try_bwrap()
        if reason is None:
            if seen := readable_secrets(BWRAP, Limits(), secrets):
                raise NoSandbox(f"a submission could read {seen[0]} under bubblewrap, so nothing is graded")
            return BWRAP, "Isolation: bubblewrap."
        if required or wanted == BWRAP:
            raise NoSandbox(f"bubblewrap does not work here: {reason}")
        reason = f"bubblewrap does not work here ({reason})"
    seen = readable_secrets(PLAIN, Limits(), secrets)
    if seen and wanted != PLAIN:
        raise NoSandbox(
            f"{reason}, and a plain process can read {seen[0]}, so nothing is graded."
            " --isolation plain grades all the same"
        )
    with Sandbox(PLAIN) as trial:
        held = ", ".join(trial.confined) or "nothing"
    if seen or not {"files", "processes"} <= set(trial.confined):
        return (
            PLAIN,
            f"NO ISOLATION: a plain process, because {reason}; limited: {held}. A submission can read {_some(seen)}.",
        )
    return PLAIN, f"Isolation: a plain process, because {reason}; limited: {held}."


def _some(seen):
    return f"{seen[0]} and others" if seen else "other processes of this account"


@cache
def try_bwrap():
    """Why bubblewrap does not work here, or None if it does."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return "it is not installed"
    try:
        Sandbox(BWRAP).close()
    except NoSandbox:
        with tempfile.TemporaryFile() as nothing:
            words, environment = _bwrap_command(program=[reach.PYTHON, "-I", "-S", "-c", ""])
            said = subprocess.run(words, capture_output=True, check=False, stdin=nothing, env=environment)
        return (said.stderr.decode(errors="replace").strip().splitlines() or ["its process ended at once"])[-1]
    return None


def _python_command(folder=reach.HERE):
    return [reach.PYTHON, "-I", "-S", "-B", str(Path(folder) / reach.PARTS[0]), str(reach.NUMPY)]


def _bwrap_command(program=None):
    """(words, environment): bubblewrap with nothing in it but Python, its library, NumPy, and parts of the child."""
    bound, searched = [("--ro-bind", reach.PYTHON, reach.PYTHON)], set()
    for place, others in reach.folders():
        bound.append(("--ro-bind", str(place), str(place)))
        for path in others:
            hidden = ("--tmpfs", str(path)) if path.is_dir() else ("--ro-bind", "/dev/null", str(path))
            bound += [] if path.is_symlink() else [hidden]
    bound += [("--ro-bind", str(path), str(path)) for path in reach.numpy()]
    for path, names in reach.libraries():
        bound.append(("--ro-bind", str(path), str(path)))
        bound += [("--symlink", path.name, str(path.parent / name)) for name in names]
        searched.add(str(path.parent))
    if loader := reach.loader():
        bound.append(("--ro-bind", loader, loader))
    bound += [("--ro-bind", str(reach.HERE / part), f"/judge/{part}") for part in reach.PARTS]
    words = [
        _bwrap(),
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        *("--cap-drop", "ALL"),
        *("--dev", "/dev"),
        *(word for bind in bound for word in bind),
        *("--remount-ro", "/"),
        *("--chdir", "/"),
        *(program or _python_command("/judge")),
    ]
    return words, {"LD_LIBRARY_PATH": ":".join(sorted(searched))}


def _bwrap():
    return shutil.which("bwrap") or "bwrap"


@cache
def own_user():
    """As root: the number of a user without account or other process, if such a one can run Python. Else None."""
    if os.geteuid() != 0:
        return None
    needed = [reach.PYTHON, *reach.readable(), *(path for path, _ in reach.libraries())]
    needed += [reach.HERE / part for part in reach.PARTS]
    return _USERS + os.getpid() if reach.open_to_all(*needed) else None


def _anonymous(size):
    """A descriptor of memory that has no name and cannot be made larger or smaller."""
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return os.dup(file.fileno())
    memory = os.memfd_create("arguments", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(memory, size)
    fcntl.fcntl(memory, _SEALS, _NO_RESIZING)
    return memory


def adopt_strays():
    """On Linux, become the parent of every process whose own parent ended, so that none gets away."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def kill_strays(mark, below=(), patience=5.0):
    """Kill the children that have the mark of a submission, or were below its process."""
    until = time.monotonic() + patience
    while time.monotonic() < until and (left := _strays(mark, below)):
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _strays(mark, below):
    return [pid for pid in _children(os.getpid()) if pid in below or _is_marked(pid, mark)]


def _is_marked(pid, mark):
    try:
        return f"{_MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _children(pid):
    """The processes that a process has started, or adopted."""
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (task / "children").read_text().split())
    return found


def _descendants(pid):
    found = _children(pid)
    for child in found:  # grows while it is walked
        if len(found) > 1000:
            break
        found += _children(child)
    return found
