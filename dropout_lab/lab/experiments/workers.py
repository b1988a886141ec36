"""The processes of a sweep: started once, ended with their parent, and only ever with the student's files as saved."""

import hashlib
import importlib.util
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import perf_counter
from uuid import uuid4

from dropout_lab.checks.exercises import MODULES
from dropout_lab.system.machine import one_blas_thread


def implementation():
    """A digest of the six modules on disk, as the import path of this process finds them."""
    files = (Path(importlib.util.find_spec(f"dropout_lab.{name}").origin) for name in MODULES)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


_PROCESS, _LOADED = uuid4().hex, implementation()  # this process, and what it imported when it started


def origin():
    """What goes along with every run: the process that asks for it, and the digest of its modules."""
    return _PROCESS, implementation()


def insist_on(wanted):
    """Refuse a run whose `origin` has other modules than this worker imported.

    Raises
    ------
    RuntimeError
        Says what to do.
    """
    process, digest = wanted
    if process != _PROCESS and digest != _LOADED:
        raise RuntimeError(
            "this worker's dropout_lab/ is not the one that started the sweep: save your files, start"
            " the sweep again, and see that remote workers have the same six files"
        )


_pools = {}  # at most one: {what its processes were started with: (pool, processes that are not its)}


def pool(workers):
    """The processes of the last sweep, or fresh ones (spawn, the same on every system) if a file was saved since."""
    asked = workers, implementation(), tuple(sys.path)
    if asked not in _pools:
        end_pool()
        others = set(multiprocessing.active_children())
        spawn = multiprocessing.get_context("spawn")
        _pools[asked] = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start_worker), others
    return _pools[asked][0]


def end_pool():
    """End the processes that `pool` started, those in the midst of a run as well."""
    while _pools:
        pool, others = _pools.popitem()[1]
        pool.shutdown(wait=False, cancel_futures=True)
        end = perf_counter() + 1
        for worker in set(multiprocessing.active_children()) - others:
            worker.join(max(0, end - perf_counter()))  # an idle one ends at once, one in the midst of a run does not
            worker.terminate()


def _start_worker():
    """Leave interrupts to the parent, which knows what to keep; end with it; no bars from many processes at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["DROPOUT_LAB_PROGRESS"] = "off"
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent():
    """A kernel that is killed says no goodbye, and a worker that waits for runs would wait for ever."""
    multiprocessing.parent_process().join()
    os._exit(1)


@contextmanager
def single_threaded():
    """One core for a matrix product, here and in processes started in here: the runs share the machine already.

    It also makes a sum come out the same in every worker: OpenBLAS splits it by the number of its threads.
    """
    names = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        with one_blas_thread():
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
