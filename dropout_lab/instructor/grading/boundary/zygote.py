"""A process that has NumPy loaded, and makes a confined copy of itself for each submission.

Loading takes a fifth of a second and a copy a few thousandths. This process runs nothing of a submission: it confines
itself, then does what the judge says on its standard input. A copy hears from it no more than two descriptors: the
channel to the judge, and memory in which the judge puts arguments.

    python -I -S -B zygote.py FOLDER-OF-NUMPY
"""

import ctypes
import gc
import importlib.machinery
import json
import mmap
import os
import signal
import socket
import sys
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
_LEFT_OUT = ("_tkinter", "_test", "_ctypes_test", "xx", "readline", "_curses", "nis", "_dbm", "_gdbm")


def load(numpy):
    """Load NumPy, the parts beside this file, and the libraries that modules of the standard library need."""
    sys.path.extend((numpy, HERE))
    import child  # noqa: F401
    import confine  # noqa: F401

    del sys.path[-2:]
    for cached in sys.path:  # what lies in the folders of the path is known from now on: none of them need be listed
        finder = sys.path_importer_cache.get(cached)
        if isinstance(finder, importlib.machinery.FileFinder):
            finder.find_spec("nothing_of_this_name")
    load_libraries()


def load_libraries():
    """Load what modules of the standard library need that a submission might import, while it can still be found."""
    for name in ("libgcc_s.so.1", *_extensions()):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue


def compiled():
    """The folder of the library's compiled modules, or None: as this Python finds it, wherever built."""
    return next(
        (place for place in sys.path if os.path.basename(place) == "lib-dynload" and os.path.isdir(place)), None
    )


def _extensions():
    found = sorted(Path(compiled()).glob("*.so")) if compiled() else []
    return [str(path) for path in found if not path.name.startswith(_LEFT_OUT)]


def libraries():
    """The shared libraries of this process."""
    words = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    return sorted({word[5] for word in words if len(word) == 6 and ".so" in word[5]})


def main(numpy):
    """Load, be told the limits, confine, then make and end copies until the judge hangs up."""
    control = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    load(numpy)
    import confine

    asked = json.loads(control.recv(1 << 20))
    in_force = confine.confine(asked["limits"], asked["readable"])
    confine.die_with_parent()
    gc.collect()
    gc.freeze()  # what is here stays; only what a submission makes is ever looked through
    control.send(json.dumps({"ready": sorted(in_force)}).encode())
    while True:
        said, descriptors, *_ = socket.recv_fds(control, 1 << 16, 2)
        if not said:
            os._exit(0)
        request = json.loads(said)
        if request["do"] == "end":
            os.kill(request["pid"], signal.SIGKILL)
            os.waitpid(request["pid"], 0)
            answer = {"ended": request["pid"]}
        else:
            pid = os.fork()
            if pid == 0:
                control.close()
                _become(descriptors, asked["limits"], in_force, request)
            for number in descriptors:
                os.close(number)
            answer = {"pid": pid}
        control.send(json.dumps(answer).encode())


def _become(descriptors, limits, in_force, request):
    """From here on this copy is the process of one submission."""
    import child
    import confine

    try:
        channel, memory = descriptors
        shared = mmap.mmap(memory, request["shared"])
        os.close(memory)
        child.run(channel, shared, in_force | confine.confine_copy(limits), request["house"])
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
