"""What a submission finds in place of what grading has not: files to write, a terminal, figures, processes.

A file that is opened to be written is a piece of memory, bounded, gone with the process: nothing reaches a disk. What
is printed is counted and forgotten. Plotting does nothing. What starts a process, opens the network or changes a file
is refused in words. These are conveniences for honest code: the kernel refuses the same to everybody (`calls`).
"""

import builtins
import errno
import io
import os
import sys
import threading

FILES, BYTES = 100, 8 << 20  # that a submission may write, all files together
NOTED = 10 << 20  # characters after which it is said that much was printed
_PROCESS = "starting another process is not possible where submissions are graded"
_NETWORK = "opening the network is not possible where submissions are graded"
_CHANGE = "changing files or other processes is not possible where submissions are graded"
_STARTS = "os.fork os.forkpty os.posix_spawn os.exec os.spawn os.system subprocess.Popen pty.spawn"
_OPENS = "socket.__new__ socket.getaddrinfo socket.connect socket.bind urllib.Request"
_CHANGES = "os.remove os.rename os.rmdir os.chmod os.chown os.utime os.link os.symlink os.truncate os.setxattr os.kill"
_REFUSED = {
    event: why
    for events, why in ((_STARTS, _PROCESS), (_OPENS, _NETWORK), (f"{_CHANGES} os.killpg signal.pthread_kill", _CHANGE))
    for event in events.split()
}
_THROUGH = {
    "multiprocessing": _PROCESS,
    "concurrent": _PROCESS,
    "socket": _NETWORK,
    "urllib": _NETWORK,
    "http": _NETWORK,
}
_real_open, _real_stat = io.open, os.stat
_written = {}


def take_the_place_of_files():
    """A file that is opened to be written is memory from here on. Before NumPy is imported: it keeps what it finds."""
    builtins.open = io.open = _open
    os.stat = _stat
    os.mkdir = lambda path, mode=0o777, *, dir_fd=None: None


def take_the_place_of_the_terminal(tell):
    """From here on what is printed is counted; `tell` is called with the number of characters, now and then."""
    sys.stdout = sys.__stdout__ = Counted(tell)
    sys.stderr = sys.__stderr__ = Counted(tell)


def refuse_in_words():
    """From here on what the kernel will refuse is refused before, with a sentence."""
    refused = dict(_REFUSED)

    def hook(event, _):
        if event in refused:
            raise PermissionError(errno.EPERM, refused[event])

    sys.addaudithook(hook)


def in_words(error):
    """A sentence on what was refused without one, going by the modules that the error came through, or ""."""
    trace = error.__traceback__
    while trace is not None and isinstance(error, OSError):
        name = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if name in _THROUGH:
            return _THROUGH[name]
        trace = trace.tb_next
    return error.strerror if isinstance(error, OSError) and error.strerror in _REFUSED.values() else ""


def _open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    path = os.fspath(file) if isinstance(file, (str, bytes, os.PathLike)) else file
    writes = isinstance(mode, str) and set(mode) & set("wax+")
    if isinstance(path, int) or not (writes or path in _written):
        return _real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
    if "x" in mode and path in _written:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), path)
    if len(_written) >= FILES:
        raise OSError(errno.EDQUOT, f"it wrote more than {FILES} files")
    _written[path] = b"" if "w" in mode else _written.get(path, b"")
    raw = _InMemory(path, append="a" in mode)
    return raw if "b" in mode else io.TextIOWrapper(raw, encoding or "utf-8", errors, newline)


def _stat(path, **options):
    if isinstance(path, (str, os.PathLike)) and (data := _written.get(os.fspath(path))) is not None:
        return os.stat_result((0o100644, 1, 1, 1, 0, 0, len(data), 0, 0, 0))
    return _real_stat(path, **options)


class _InMemory(io.BytesIO):
    """A file that keeps what it holds when it is flushed or closed."""

    def __init__(self, path, append):
        super().__init__(_written[path])
        self.name = path
        self.seek(0, io.SEEK_END if append else io.SEEK_SET)

    def write(self, data):
        if sum(map(len, _written.values())) + self.tell() + len(data) > BYTES:
            raise OSError(errno.EDQUOT, f"it wrote more than {BYTES >> 20} MB into files")
        return super().write(data)

    def flush(self):
        _written[self.name] = self.getvalue()

    def close(self):
        if not self.closed:
            self.flush()
        super().close()


class Counted(io.TextIOBase):
    """Where prints go."""

    encoding, errors, mode, name = "utf-8", "strict", "w", "<stdout>"

    def __init__(self, tell):
        self._tell, self._count, self._told = tell, 0, 0

    def write(self, text):
        self._count += len(text)
        if self._count - self._told >= NOTED and threading.current_thread() is threading.main_thread():
            self._told = self._count
            self._tell(self._count)
        return len(text)

    def writable(self):
        return True

    @property
    def buffer(self):
        return _Bytes(self)


class _Bytes(io.RawIOBase):
    def __init__(self, counted):
        self._counted = counted

    def write(self, data):
        return self._counted.write(bytes(data))

    def writable(self):
        return True


class Idle:
    """Stands for a figure and all that belongs to it: whatever is done with it, nothing happens."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **options):
        return self

    def __iter__(self):
        return iter((self, self))  # fig, ax = plt.subplots()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False
