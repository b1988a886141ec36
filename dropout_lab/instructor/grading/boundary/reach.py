"""What the process of a submission may read, found where it lies: the standard library, NumPy, and nothing else.

Folders that hold more than that (a prefix, site-packages, /usr) are never given as a whole, since the package, its
solutions and other submissions may lie below them.
"""

import re
import sys
import sysconfig
from functools import cache
from pathlib import Path

import numpy as np

from dropout_lab.instructor.grading.boundary import zygote
from dropout_lab.system.places import PACKAGE, ROOT

PYTHON = str(Path(sys.executable).resolve())  # outside any virtual environment: what it needs is all in its own library
NUMPY = Path(np.__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
PARTS = ("zygote.py", "child.py", "standins.py", "wire.py", "confine.py", "calls.py")
_OF_THE_LIBRARY = {"__pycache__", "lib-dynload"}


@cache
def folders():
    """The folders of the standard library, each with what is in them that is not of it: [(folder, others)]."""
    compiled = zygote.compiled()  # a folder in the library, for most systems in the same one
    places = {Path(sysconfig.get_paths()["stdlib"]).resolve(), *([Path(compiled).resolve().parent] if compiled else [])}
    return [(place, [path for path in sorted(place.iterdir()) if not _is_library(path)]) for place in sorted(places)]


@cache
def readable():
    """Every file and folder that the process may read, once all is loaded, as strings."""
    library = [str(path) for place, _ in folders() for path in sorted(place.iterdir()) if _is_library(path)]
    return [*library, *map(str, numpy())]


def numpy():
    """NumPy's folders: its own and that of the libraries that came with it."""
    return [path for path in (NUMPY / "numpy", NUMPY / "numpy.libs") if path.is_dir()]


@cache
def libraries():
    """The shared libraries that all this needs, as [(path, other names of it in its folder)]: of the system's own.

    What this process has loaded is what another Python with NumPy loads; libraries of other packages are left out.
    """
    zygote.load_libraries()
    found = [Path(path) for path in zygote.libraries()]
    others = [NUMPY, *(place for place, _ in folders()), *map(Path, filter(None, sys.path))]
    found = [path for path in found if not any(path.is_relative_to(place) for place in others)]
    return [(path, [p.name for p in path.parent.iterdir() if p.is_symlink() and p.resolve() == path]) for path in found]


def open_to_all(*paths):
    """Whether a user without any rights of its own can read these files and folders, going by their modes."""
    return all(_is_open(Path(path), 0o4) and all(_is_open(p, 0o1) for p in Path(path).parents) for path in paths)


def _is_open(path, right):
    right |= 0o1 if path.is_dir() else 0
    return path.stat().st_mode & right == right


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
