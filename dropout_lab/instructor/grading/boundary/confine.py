"""What a process takes from itself before it runs a submission: memory, time, files, privileges, system calls.

Resource limits hold everywhere; Landlock (which files may be opened) and seccomp (which system calls may be made) on
Linux where the kernel has them. What could not be had is said, never passed over.
"""

import contextlib
import ctypes
import os
import resource
import struct
import sys

import calls

_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT, _DROP_FROM_BOUNDS, _AMBIENT = 38, 1, 24, 47
_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_READ, _LIST = 1 << 2, 1 << 3
CAPABILITIES = 64  # as many as a set of them has bits


def confine(limits, readable):
    """Take away what holds for the process and all its copies; names of what is in force: "memory", "files", "rights".

    Parameters
    ----------
    limits : {"memory": bytes, "cpu": seconds, "file": bytes, "landlock": bool}
    readable : folders and files that can be read from here on; nothing can be written
    """
    kinds = {
        "memory": (resource.RLIMIT_AS, limits["memory"]),
        "cpu": (resource.RLIMIT_CPU, limits["cpu"]),
        "file": (resource.RLIMIT_FSIZE, limits["file"]),
        "open": (resource.RLIMIT_NOFILE, 64),
        "core": (resource.RLIMIT_CORE, 0),
    }
    in_force = {name for name, (kind, most) in kinds.items() if _limit(kind, most)} & {"memory"}
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        in_force |= {"rights"} if _give_up_capabilities(libc) else set()
        in_force |= {"files"} if limits["landlock"] and _landlock(libc, readable) else set()
    return in_force


def confine_copy(limits):
    """Take away what each copy takes from itself; {"processes"} if it can start none and reach no other, else nothing.

    limits : {"seccomp": bool}
    """
    die_with_parent()
    if not limits["seccomp"]:
        return set()
    if calls.allow_only_these() or (os.getuid() != 0 and _limit(resource.RLIMIT_NPROC, 0)):
        return {"processes"}
    return set()


def die_with_parent():
    """On Linux, be killed when whoever started this process is."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, 9, 0, 0, 0)


def _limit(kind, most):
    """Whether a limit could be set (macOS refuses some)."""
    try:
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    except (OSError, ValueError):
        return False
    return True


def _give_up_capabilities(libc):
    """Whether this process has no capability of root left."""
    for number in range(CAPABILITIES):
        libc.prctl(_DROP_FROM_BOUNDS, number, 0, 0, 0)
    libc.prctl(_AMBIENT, 4, 0, 0, 0)
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    return libc.capset(header, none) == 0


def _landlock(libc, readable):
    """Whether from here on only these files and folders can be opened, to read."""
    abi = libc.syscall(_LANDLOCK_CREATE, None, ctypes.c_size_t(0), 1)
    if abi < 3:
        return False
    handled = (1 << (16 if abi >= 5 else 15)) - 1
    attributes = struct.pack("=QQQ", handled, 0b11, 0b11)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = libc.syscall(_LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    for path in readable:
        with contextlib.suppress(OSError):  # what is not there needs no permission
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
            access = _READ | _LIST if os.path.isdir(path) else _READ
            libc.syscall(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", access, place), 0)
            os.close(place)
    done = libc.syscall(_LANDLOCK_RESTRICT, rules, 0) == 0
    os.close(rules)
    return done
