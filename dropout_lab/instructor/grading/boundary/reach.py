"""What the process of a submission may read, found where it lies: the standard library, NumPy, and nothing else.

Folders that hold more than that (a prefix, site-packages, /usr) are never given as a whole, since the package, its
solutions and other submissions may lie below them.
"""

import json
import re
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path

import numpy as np

from dropout_lab.system.places import PACKAGE, ROOT

PYTHON = str(Path(sys.executable).resolve())  # outside any virtual environment: what it needs is all in its own library
NUMPY = Path(np.__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
PARTS = ("zygote.py", "child.py", "standins.py", "wire.py", "confine.py", "calls.py")
_OF_THE_LIBRARY = {"__pycache__", "lib-dynload"}


@cache
def folders():
    """The folders of the standard library, each with what is in them that is not of it: [(folder, others)]."""
    compiled = sysconfig.get_config_var("DESTSHARED")  # a folder in the library, for most systems in the same one
    places = {Path(sysconfig.get_paths()["stdlib"]).resolve(), *([Path(compiled).resolve().parent] if compiled else [])}
    return [(place, [path for path in sorted(place.iterdir()) if not _is_library(path)]) for place in sorted(places)]


@cache
def readable():
    """Every file and folder that the process may read, once all is loaded, as strings."""
    library = [str(path) for place, _ in folders() for path in sorted(place.iterdir()) if _is_library(path)]
    extensions = sysconfig.get_config_var("DESTSHARED")
    return [*library, *([extensions] if extensions else []), *map(str, numpy())]


def numpy():
    """NumPy's folders: its own and that of the libraries that came with it."""
    return [path for path in (NUMPY / "numpy", NUMPY / "numpy.libs") if path.is_dir()]


@cache
def libraries():
    """The shared libraries that all this has loaded, as (path, other names of it in its folder)."""
    said = subprocess.run(
        [PYTHON, "-I", "-S", "-B", str(HERE / PARTS[0]), str(NUMPY), "--libraries"],
        capture_output=True,
        check=True,
        timeout=120,
    )
    found = [Path(path) for path in json.loads(said.stdout)]
    own = [*numpy(), *(place for place, _ in folders())]
    found = [path for path in found if not any(path.is_relative_to(place) for place in own)]
    return [(path, [p.name for p in path.parent.iterdir() if p.is_symlink() and p.resolve() == path]) for path in found]


@cache
def loader():
    """The program that loads shared libraries, by the name that Python's own file has for it; None if it needs none."""
    with open(PYTHON, "rb") as file:
        found = re.search(rb"\0(/[^\0]{1,200}/ld[^\0/]*\.so[.\d]*)\0", file.read(1 << 16))
    return found[1].decode() if found else None


def house():
    """The names of what is in our package beside the students' modules: a submission's import of one costs nothing."""
    found = [path for path in PACKAGE.iterdir() if not path.name.startswith(("_", "."))]
    return sorted(path.stem for path in found if path.is_dir() or path.suffix == ".py")


def secrets():
    """Files that would give the answers or the judge away, where they are; no submission may be able to read one."""
    named = [
        PACKAGE / "checks" / "mistakes" / "__init__.py",
        PACKAGE / "checks" / "mistakes" / "layers.py",
        PACKAGE / "checks" / "verdicts.py",
        PACKAGE / "__init__.py",
        ROOT / "solutions" / "dropout_lab" / "layers.py",
        HERE / "proxies.py",
    ]
    return [str(path) for path in named if path.exists()]


def _is_library(path):
    name = path.name.partition(".")[0]
    return name in sys.stdlib_module_names or name in _OF_THE_LIBRARY or name.startswith("_sysconfigdata")
