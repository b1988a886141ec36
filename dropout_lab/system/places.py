"""Where things are, worked out once: the package, the folder around it, and the folder that one works in."""

import os
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent  # the repository, where the package is used from one
CHECKOUT = (ROOT / "solutions" / "manifest.json").is_file()  # then lessons can be built, released, put on a site
FIRST = Path("lessons/00_start_here.ipynb")
STUBS = Path("dropout_lab/layers.py")
PREDICTIONS = "my_predictions.json"  # beside the lessons, where notebooks run


def version():
    """The installed version, or that of the copy: "(a copy, not installed)"."""
    try:
        return installed("dropout-lab")
    except PackageNotFoundError:
        return "(a copy, not installed)"


def at_or_above(start, holds):
    """The nearest folder, start or one above it, that holds a file of that name; None if there is none."""
    start = Path(start)
    return next((folder for folder in (start, *start.parents) if (folder / holds).is_file()), None)


def course_folder(start=None):
    """The course that one works in: the folder with lessons at or above the current one, else ROOT, else None."""
    here = Path.cwd() if start is None else start
    return at_or_above(here, FIRST) or (ROOT if (ROOT / FIRST).is_file() else None)


def functions_folder(start=None):
    """The folder whose `dropout_lab/` holds the functions that count for a command or kernel started in a folder.

    One that PYTHONPATH names was meant. Else it is the nearest at or above the folder: the one that is worked in wins,
    however the package is installed. Else it is the repository that the package is used from. None: there is none, and
    what lies in site-packages is nobody's work.
    """
    named = [Path(name) for name in os.environ.get("PYTHONPATH", "").split(os.pathsep) if name]
    if meant := next((folder for folder in named if (folder / STUBS).is_file()), None):
        return meant
    here = Path.cwd() if start is None else start
    return at_or_above(here, STUBS) or (ROOT if (ROOT / FIRST).is_file() else None)


def disagreement(folder):
    """A sentence with both places if a folder holds a whole package of its own that is not this one, else ""."""
    own = folder / "dropout_lab"
    if not (own / "checks").is_dir() or own.resolve() in (PACKAGE, ROOT / "solutions" / "dropout_lab"):
        return ""
    return f"The functions of {folder} count; what judges them belongs to another copy, {PACKAGE}."


def child_environment(folder):
    """The environment of a child that imports the functions of that folder."""
    others = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *([others] if others else [])])}


def work_in(folder, modules):
    """From here on, this process imports the students' modules from that folder, and all else as before.

    Parameters
    ----------
    folder : Path
    modules : names of the students' modules; those that were imported from elsewhere are forgotten
    """
    own, package = folder / "dropout_lab", sys.modules["dropout_lab"]
    if Path(package.__path__[0]).resolve() != own.resolve():
        package.__path__.insert(0, str(own))
    for name in modules:
        loaded = sys.modules.get(f"dropout_lab.{name}")
        if loaded and Path(loaded.__file__).resolve().parent != own.resolve():
            del sys.modules[f"dropout_lab.{name}"]
            vars(package).pop(name, None)
