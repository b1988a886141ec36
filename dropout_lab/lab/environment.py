"""Is everything here that the course needs? In words, for lesson 00."""

import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from os.path import relpath
from pathlib import Path

from dropout_lab.lab.progress import has_a_reader
from dropout_lab.system import places

OLDEST_PYTHON = "3.11"
REPAIR = "Something is missing. In a terminal: {python} -m pip install -U dropout-lab  Then restart the kernel."


def environment():
    """Print one line for each thing that the course needs, where it is found, and whether all is there."""
    rows = [("Python", platform.python_version(), OLDEST_PYTHON), *_packages()]
    fine = [_print_row(*row) for row in rows]
    print(f"Your functions are read from {exercises()}")
    if has_a_reader():  # a page made elsewhere says nothing of the machine that made it
        print(f"The course's package is {places.PACKAGE}, version {places.version()}; Python is {sys.executable}.")
    if told := places.disagreement(Path(find_spec("dropout_lab.layers").origin).parents[1]):
        print(told)
    print("Everything is there." if all(fine) else REPAIR.format(python=sys.executable if has_a_reader() else "python"))


def exercises():
    """The folder that the students' modules come from, as seen from the notebook, and whose they are."""
    folder = Path(find_spec("dropout_lab.layers").origin).parent
    whose = "the completed ones" if folder.parent.name == "solutions" else "yours to fill in"
    return f"{relpath(folder)} (seen from this notebook): {whose}."


def _packages():
    """(name, version found or "", oldest that works) of each package that the course's own metadata asks for."""
    try:
        asked = requires("dropout-lab") or ()
    except PackageNotFoundError:
        return [("dropout-lab", "", "1.0")]
    found = [re.match(r"([\w-]+)>=([\d.]+)$", line) for line in asked]  # extras carry a condition and do not match
    return [(m[1], _version(m[1]), m[2]) for m in found if m]


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _print_row(name, found, oldest):
    fine = bool(found) and _numbers(found) >= _numbers(oldest)
    verdict = "fine" if fine else f"{'too old' if found else 'missing'}, {oldest} or later is needed"
    print(f"{name:13} {found or '-':9} {verdict}")
    return fine


def _numbers(text):
    return [int(part) for part in re.findall(r"\d+", text)[:3]]
