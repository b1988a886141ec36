"""A process for one submission: started confined, watched while it works, and gone without a trace at the end."""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from dropout_lab.instructor.grading.boundary import wire

BWRAP, PLAIN = "bwrap", "plain"
_HERE = Path(__file__).parent
_PARTS = ("child.py", "wire.py", "confine.py")
_SITE = Path(np.__file__).parents[1]
_SUBREAPER = 36
_MARK = "DROPOUT_LAB_SUBMISSION"
only_grading = False  # whether this process has no children but those of submissions


@dataclass(frozen=True)
class Limits:
    """How much a submission may use.

    `exercise` and `submission` are seconds of waiting for it; `memory` and `file` bytes; `files` and `processes`
    numbers. `landlock` and `seccomp` can be switched off to test what is left without them.
    """

    exercise: float = 10.0
    submission: float = 300.0
    memory: int = 2 << 30
    file: int = 1 << 20
    files: int = 100
    processes: int = 16
    landlock: bool = True
    seccomp: bool = True


class NoSandbox(Exception):
    """The process could not be started here: a fault of this machine, not of a submission."""


class Overdone(Exception):
    """More processes or files than allowed. Its text says which."""


@dataclass
class Sandbox:
    """One process. `channel` is the socket to it, `confined` names what it took from itself."""

    isolation: str
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self):
        adopt_strays()
        self.scratch = tempfile.mkdtemp(prefix="dropout-lab-")
        self.mark = os.path.basename(self.scratch)
        self.channel, theirs = socket.socketpair()
        try:
            with theirs:
                self.process = subprocess.Popen(
                    _command(self.isolation),
                    stdin=theirs,
                    cwd=self.scratch,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=self._environment(),
                    start_new_session=True,
                )
        except OSError as error:
            self.channel.close()
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise NoSandbox(f"{self.isolation}: {error}") from None
        self.confined = self._greet()

    def _environment(self):
        one = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL", "VECLIB_MAXIMUM")}
        return {**one, "LC_ALL": "C.UTF-8", "HOME": "/nowhere", "TMPDIR": self._inside, _MARK: self.mark}

    @property
    def _inside(self):
        return "/tmp" if self.isolation == BWRAP else self.scratch

    def _greet(self):
        limits = {
            "memory": self.limits.memory,
            "cpu": int(self.limits.submission) + 60,
            "file": self.limits.file,
            "landlock": self.limits.landlock,
            "seccomp": self.limits.seccomp,
        }
        readable = [*_python(), "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/urandom"]
        try:
            wire.send(self.channel, {"limits": limits, "readable": readable, "writable": [self._inside, "/dev/null"]})
            return tuple(wire.receive(self.channel, time.monotonic() + 60)[0]["ready"])
        except (wire.Closed, wire.Late) as error:
            self.close()
            why = f"the process for a submission ({self.isolation}) did not start: {type(error).__name__}"
            raise NoSandbox(why) from None

    def watch(self):
        """Raise if it has too many processes or files by now."""
        if len(_descendants(self.process.pid)) > self.limits.processes:
            raise Overdone("it started more processes than allowed")
        written = (name for _, folders, files in os.walk(self.scratch) for name in (*folders, *files))
        if sum(1 for _ in islice(written, self.limits.files + 1)) > self.limits.files:
            raise Overdone("it wrote more files than allowed")

    def close(self):
        """Kill the process, its group and what it left behind, and remove its folder."""
        below = _descendants(self.process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.channel.close()
        kill_strays(self.mark, below)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def choose(wanted="auto", required=False):
    """The isolation to use, by a real trial.

    Parameters
    ----------
    wanted : "auto", "bwrap" or "plain"
    required : bool
        Refuse anything less than bubblewrap.

    Returns
    -------
    isolation : "bwrap" or "plain"
    sentence : what is in force and why, for the instructor

    Raises
    ------
    NoSandbox
        If what is wanted or required does not work here.
    """
    if wanted not in ("auto", BWRAP, PLAIN):
        raise NoSandbox(f"--isolation is auto, bwrap or plain, not {wanted}")
    if required and wanted == PLAIN:
        raise NoSandbox("--require-isolation asks for bubblewrap, and --isolation plain for less")
    reason = "plain was asked for"
    if wanted != PLAIN:
        reason = try_bwrap()
        if reason is None:
            return BWRAP, "Isolation: bubblewrap."
        if required or wanted == BWRAP:
            raise NoSandbox(f"bubblewrap does not work here: {reason}")
        reason = f"bubblewrap does not work here ({reason})"
    with Sandbox(PLAIN) as trial:
        held = trial.confined
    return PLAIN, f"Isolation: a plain process, because {reason}; limited: {', '.join(held) or 'nothing'}."


@cache
def try_bwrap():
    """Why bubblewrap does not work here, or None if it does."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        return "it is not installed"
    try:
        Sandbox(BWRAP).close()
    except NoSandbox:
        said = subprocess.run(
            [*_command(BWRAP)[:-6], sys.executable, "-c", ""],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return (said.stderr.strip().splitlines() or ["its process ended at once"])[-1]
    return None


def _command(isolation):
    child = [sys.executable, "-I", "-S", "-B", str(_HERE / _PARTS[0]), str(_SITE)]
    if isolation == PLAIN:
        return child
    binds = [("--ro-bind", path, path) for path in _python() if not Path(path).is_relative_to("/usr")]
    binds += [("--ro-bind", str(_HERE / part), f"/judge/{part}") for part in _PARTS]
    binds += [
        ("--symlink", str(os.readlink(path)), path) if os.path.islink(path) else ("--ro-bind", path, path)
        for path in ("/lib", "/lib64", "/lib32", "/bin")
        if os.path.lexists(path)
    ]
    child[4] = f"/judge/{_PARTS[0]}"
    return [
        _bwrap(),
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--cap-drop",
        "ALL",
        "--ro-bind",
        "/usr",
        "/usr",
        "--ro-bind-try",
        "/etc/ld.so.cache",
        "/etc/ld.so.cache",
        "--dev",
        "/dev",
        *_tmpfs(),
        "--chdir",
        "/tmp",
        *(word for bind in binds for word in bind),
        *child,
    ]


def _bwrap():
    return shutil.which("bwrap") or "bwrap"


@cache
def _tmpfs():
    """A folder in memory, of bounded size where this bubblewrap can do that."""
    can = "--size" in subprocess.run([_bwrap(), "--help"], capture_output=True, text=True, check=False).stdout
    return [*(("--size", str(64 << 20)) if can else ()), "--tmpfs", "/tmp"]


@cache
def _python():
    """The folders that Python and NumPy are run from."""
    places = {sys.prefix, sys.base_prefix, sys.exec_prefix, str(_SITE), str(Path(sys.executable).resolve().parents[1])}
    inner = {place for place in places for p in places if Path(place) != Path(p) and Path(place).is_relative_to(p)}
    return sorted(places - inner)


def adopt_strays():
    """On Linux, become the parent of every process whose own parent ended, so that none gets away."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def kill_strays(mark, below=(), patience=5.0):
    """Kill the children with the mark of a submission or from below its process; where only grading is done, all."""
    until = time.monotonic() + patience
    while time.monotonic() < until and (left := _strays(mark, below)):
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _strays(mark, below):
    return [pid for pid in _children(os.getpid()) if only_grading or pid in below or _is_marked(pid, mark)]


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
