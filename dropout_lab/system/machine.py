"""The machine: on what a result was made, how many cores there are, and how to keep to one."""

import os
import platform
from contextlib import nullcontext
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def machine(*packages):
    """The processor, cores, system and Python in use, and the version of each package that is installed."""
    found = {
        "processor": _processor(),
        "cores": cores(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cores():
    """How many cores this process may use: so many processes can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_blas_thread():
    """A context in which a matrix product takes one core, where threadpoolctl (of scikit-learn) is installed."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(1)


def _processor():
    """The name of the processor; Python's own answer is often only its family."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
