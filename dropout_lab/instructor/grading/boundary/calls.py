"""Which system calls a submission may make, by name: a list of what is allowed. Everything else is refused.

Allowed is what computes, reads files that are open to it, keeps time and makes threads. There is no new process,
socket, signal to others, shared memory, change of a file or of an owner, clock, priority or limit in the list, and
what a kernel learns tomorrow is not in it either. A few calls are allowed with some arguments only.
"""

import ctypes
import os
import platform
import struct
import sys

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
FREE = {  # numbers on x86_64 and aarch64
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "stat": (4, None),
    "lstat": (6, None),
    "statx": (332, 291),
    "lseek": (8, 62),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "access": (21, None),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "select": (23, None),
    "pselect6": (270, 72),
    "poll": (7, None),
    "ppoll": (271, 73),
    "sched_yield": (24, 124),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "nanosleep": (35, 101),
    "clock_nanosleep": (230, 115),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "getpgrp": (111, None),
    "uname": (63, 160),
    "getcwd": (79, 17),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "getrlimit": (97, 163),
    "getrusage": (98, 165),
    "futex": (202, 98),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "sched_getaffinity": (204, 123),
    "getrandom": (318, 278),
    "getcpu": (309, 168),
    "getdents64": (217, 61),
    "setitimer": (38, 103),
    "getitimer": (36, 102),
    "alarm": (37, None),
    "pause": (34, None),
    "restart_syscall": (219, 128),
}
CLONE, TGKILL, PRLIMIT = (56, 220), (234, 131), (302, 261)
FCNTL, IOCTL, OPEN, OPENAT = (72, 25), (16, 29), (2, None), (257, 56)
YOUNG = 424  # from here on calls that a C library may try first: it is told that they are not there, and takes others
THREAD = (0x3D0F00, 0x7D0F00)  # the flags by which glibc and musl make a thread
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND | 0x400000  # the last makes a nameless file
_DESCRIPTORS = (0, 1, 2, 3, 1030)  # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC: never an owner or a signal
_TERMINALS = (0x5401, 0x5413, 0x5450, 0x5451)  # is it one, how large, closed on exec: never a character typed into it
_ALLOW, _REFUSE, _UNKNOWN, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
_LOAD, _EQUAL, _MORE, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS, _X32 = 0, 4, 16, 0x40000000


def known():
    """Whether this machine's numbers are in the list."""
    return sys.platform == "linux" and platform.machine() in _ARCHITECTURES and sys.byteorder == "little"


def of(name):
    """The numbers of a pair that this machine has, such as `of(CLONE)`; or the numbers of all free ones."""
    column = _ARCHITECTURES[platform.machine()][0]
    pairs = FREE.values() if name is FREE else (name,)
    return sorted(pair[column] for pair in pairs if pair[column] is not None)


def allow_only_these():
    """Refuse this process all other system calls, for ever; whether it could be done."""
    if not known():
        return False
    lines = _program(os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    whole = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(code)))
    return ctypes.CDLL(None).prctl(22, 2, whole, 0, 0) == 0  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


def _program(pid):
    """The filter, as (operation, jump if true, jump if false, number) a line."""
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[platform.machine()][1]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, _X32),
        (_RETURN, 0, 0, _KILL),
    ]
    for first, last in _runs(of(FREE)):
        program += [(_AT_LEAST, 0, 2, first), (_MORE, 1, 0, last), (_RETURN, 0, 0, _ALLOW)]
    for call, tests in (
        (FCNTL, [(1, _EQUAL, _DESCRIPTORS)]),
        (IOCTL, [(1, _EQUAL, _TERMINALS)]),
        (OPEN, [(1, _ANY_BIT, (_TO_WRITE,))]),
        (OPENAT, [(2, _ANY_BIT, (_TO_WRITE,))]),
        (CLONE, [(0, _EQUAL, THREAD)]),
        (TGKILL, [(0, _EQUAL, (pid,))]),
        (PRLIMIT, [(0, _EQUAL, (0,)), (2, _EQUAL, (0,)), (2.5, _EQUAL, (0,))]),  # ask, of itself: no new limit
    ):
        for number in of(call):
            block = [line for test in tests for line in _test(*test)] + [(_RETURN, 0, 0, _ALLOW)]
            program += [(_EQUAL, 0, len(block), number), *block]
    return [*program, (_AT_LEAST, 0, 1, YOUNG), (_RETURN, 0, 0, _UNKNOWN), (_RETURN, 0, 0, _REFUSE)]


def _test(argument, operation, values):
    """Lines that refuse the call unless the argument (a half: its upper 32 bits) is one of these, or lacks a bit."""
    load = (_LOAD, 0, 0, int(_ARGUMENTS + 8 * argument))
    if operation == _ANY_BIT:
        return [load, (_ANY_BIT, 0, 1, values[0]), (_RETURN, 0, 0, _REFUSE)]
    return [
        load,
        *((_EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)),
        (_RETURN, 0, 0, _REFUSE),
    ]


def _runs(numbers):
    """[(first, last)] of numbers that follow each other."""
    runs = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
