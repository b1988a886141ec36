"""On what a result was made: written beside every recorded time and every trained network."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def machine(*packages):
    """{"processor": ..., "cores": ..., "system": ..., "python": ..., and the version of each package that is installed}."""
    found = {"processor": _processor(), "cores": cores(), "system": platform.system(), "python": platform.python_version()}
    for name in packages:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def cores():
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor():
    """The name of the processor; Python's own answer is often only its family."""
    info = Path("/proc/cpuinfo")
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0] if names else platform.processor() or platform.machine()
