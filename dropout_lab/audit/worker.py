"""The process in which a target in words is loaded and called. It prints one line of JSON.

What the target prints goes nowhere; what it writes goes to the current folder, which is a scratch folder. Other
processes, the network and files elsewhere are refused, so that code which has them says so in its exception.
"""

import json
import os
import sys

MEMORY = 6 * 2**30  # of addresses: PyTorch alone takes two


class Refused(RuntimeError):
    """Something that a layer has no need of."""


_STARTS = (
    "os.fork",
    "os.forkpty",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "subprocess.Popen",
    "pty.spawn",
)
_NETWORK = ("socket.connect", "socket.bind", "socket.getaddrinfo", "urllib.Request")


def _refuse(event, arguments):
    if event in _STARTS:
        raise Refused("it starts other processes, which a layer has no need of")
    if event in _NETWORK:
        raise Refused("it asks the network, which a layer has no need of")
    if event in ("os.kill", "os.killpg"):
        raise Refused("it ends processes")
    if event == "open":
        _refuse_writing(*arguments[:3])
    if event in ("os.remove", "os.rename", "os.rmdir", "shutil.rmtree", "os.mkdir"):
        _refuse_outside(arguments[0])


def _refuse_writing(path, mode, flags):
    writes = any(c in (mode or "") for c in "wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    if writes and isinstance(path, (str, bytes)):
        _refuse_outside(path)


def _refuse_outside(path):
    path = os.path.realpath(os.fsdecode(path))
    if not path.startswith((os.path.realpath(os.getcwd()), "/dev/", "/proc/")) and "__pycache__" not in path:
        raise Refused(f"it writes to {path}")


def _limit(seconds):
    try:
        import resource
    except ImportError:  # Windows has none
        return
    limits = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_FSIZE: 2**26,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: seconds,
    }
    for kind, most in limits.items():
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (most if hard < 0 else min(most, hard), hard))


def main(target, p, seed, seconds):
    """Print the answer for `python -m dropout_lab.audit.worker TARGET keep|drop|"" SEED SECONDS`."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.environ.setdefault("KERAS_BACKEND", "torch")
    sys.dont_write_bytecode = True
    from dropout_lab.audit.examining import examine
    from dropout_lab.checks.verdicts import observe  # loaded before anything is refused

    assert observe
    _limit(int(seconds))
    sys.argv = [target]
    sys.addaudithook(_refuse)
    record = examine(target, p or None, int(seed)).as_json()
    print(json.dumps(record), file=answers, flush=True)
    os._exit(0)  # threads and exit handlers of the target have no say


if __name__ == "__main__":
    main(*sys.argv[1:5])
