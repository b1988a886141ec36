"""What a process takes from itself before it runs a submission: memory, time, files, processes, the network.

Resource limits hold everywhere; Landlock (which files may be opened) and seccomp (no new process, no socket, no signal
to others) on Linux where the kernel has them. What could not be had is said, never passed over.
"""

import contextlib
import ctypes
import os
import platform
import resource
import struct
import sys

_NO_NEW_PRIVILEGES, _SECCOMP, _DIE_WITH_PARENT = 38, 22, 1
_READ, _WRITE, _LIST, _TRUNCATE = 1 << 2, 1 << 1, 1 << 3, 1 << 14
_MAKE, _REMOVE = 1 << 8 | 1 << 7, 1 << 5 | 1 << 4  # files and folders


def confine(limits, readable, writable):
    """Take away what the limits say; returns the names of what is in force, of "memory", "files" and "processes".

    limits: {"memory": bytes, "cpu": seconds, "file": bytes}. readable, writable: folders or files.
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
        libc.prctl(_DIE_WITH_PARENT, 9, 0, 0, 0)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        in_force |= {"files"} if limits.get("landlock", True) and _landlock(libc, readable, writable) else set()
        in_force |= {"processes"} if limits.get("seccomp", True) and _seccomp(libc) else set()
    if "processes" not in in_force and limits.get("seccomp", True) and os.getuid() != 0:
        in_force |= {"processes"} if _limit(resource.RLIMIT_NPROC, 0) else set()
    return sorted(in_force)


def _limit(kind, most):
    """Whether a limit could be set (macOS refuses some)."""
    try:
        hard = resource.getrlimit(kind)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))
    except (OSError, ValueError):
        return False
    return True


def _landlock(libc, readable, writable):
    """Whether from here on only these files and folders can be opened."""
    abi = libc.syscall(444, None, ctypes.c_size_t(0), 1)
    if abi < 3:
        return False
    handled = (1 << (16 if abi >= 5 else 15)) - 1
    attributes = struct.pack("=QQQ", handled, 0b11, 0b11)[: 24 if abi >= 6 else 16 if abi >= 4 else 8]
    rules = libc.syscall(444, attributes, ctypes.c_size_t(len(attributes)), 0)
    if rules < 0:
        return False
    for path in readable:
        _allow(libc, rules, path, _READ | _LIST)
    for path in writable:
        _allow(libc, rules, path, _READ | _LIST | _WRITE | _MAKE | _REMOVE | _TRUNCATE)
    done = libc.syscall(446, rules, 0) == 0
    os.close(rules)
    return done


def _allow(libc, rules, path, access):
    with contextlib.suppress(OSError):  # what is not there needs no permission
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not os.path.isdir(path):
            access &= _READ | _WRITE | _TRUNCATE
        libc.syscall(445, rules, 1, struct.pack("=Qi", access, place), 0)
        os.close(place)


# numbers of system calls: what makes processes, reaches others, or changes where one is
_CALLS = {
    "x86_64": (
        0xC000003E,
        56,
        435,
        234,
        302,
        (57, 58, 59, 322, 41, 53, 62, 200, 129, 297, 424, 434, 101, 310, 311, 112, 160, 165, 161, 155, 272, 308, 425),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        435,
        131,
        261,
        (221, 281, 198, 199, 129, 130, 138, 240, 424, 434, 117, 270, 271, 157, 164, 40, 51, 41, 97, 268, 425),
    ),
}
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_THREAD = 0x00010000  # the flag of clone that makes a thread and not a process


def _seccomp(libc):
    """Whether from here on there is no new process, socket, or signal to another process."""
    if platform.machine() not in _CALLS or sys.byteorder != "little":
        return False
    arch, clone, clone3, tgkill, prlimit, refused = _CALLS[platform.machine()]
    program = [
        (_LOAD, 0, 0, 4),
        (_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, 0),
        (_AT_LEAST, 0, 1, 0x40000000),
        (_RETURN, 0, 0, _KILL),
    ]
    for number in refused:
        program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _REFUSE)]
    program += [(_EQUAL, 0, 1, clone3), (_RETURN, 0, 0, _UNKNOWN)]  # the C library then uses clone
    only_if = ((clone, 16, _ANY_BIT, _THREAD), (tgkill, 16, _EQUAL, os.getpid()), (prlimit, 32, _EQUAL, 0))
    for number, argument, test, k in only_if:
        program += [
            (_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, argument),
            (test, 1, 0, k),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        ]
    program.append((_RETURN, 0, 0, _ALLOW))
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in program))
    whole = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    return libc.prctl(_SECCOMP, 2, whole, 0, 0) == 0
