"""The suite judges the completed modules: solutions/ comes first on the path, here and in every child process.

`pytest lessons`, which names nothing but lessons, is a student's question, and runs a student's own functions.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
if sys.platform == "win32":  # grading limits processes by means that Windows does not have
    collect_ignore_glob = ["tests/grading/*", "tests/gradebooks/test_gradescope.py"]
ALL = os.environ.get("DROPOUT_LAB_TESTS") == "all"  # once a week: what takes long and finds little
LONGEST = [  # a file is one worker's: those that take a minute begin, so that no worker ends with one
    "tests/publishing/test_site.py",
    "tests/browser/test_in_jupyterlab.py",
    "tests/system/test_course.py",
    "tests/grading/test_grading_batch.py",
    "tests/grading/test_follow_on.py",
    "solutions/08_does_it_help.ipynb",
    "tests/publishing/test_gates.py",
    "tests/checks/test_anything_returned.py",
    "tests/grading/test_grading_hostile.py",
    "tests/lessons/test_saved_edits.py",
    "tests/checks/test_mutants.py",
]
SEED_STEP = 1 if ALL else 50  # all of the many seeds, or every fiftieth
BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # the first on the path is driven
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # two workers on two cores
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"


def pytest_configure(config):
    """Put the completed modules first, unless a student asks."""
    if not are_lessons(config.args, config.invocation_params.dir):
        os.environ["PYTHONPATH"] = str(ROOT / "solutions")
        sys.path.insert(0, str(ROOT / "solutions"))


def pytest_collection_modifyitems(items):
    """Put the longest files first, and leave the order as it is otherwise."""
    rank = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))


def are_lessons(arguments, folder):
    """Whether the arguments of pytest, as seen from a folder, name lessons and nothing else."""
    named = [Path(folder, argument.split("::")[0]).resolve() for argument in arguments]
    return all(path.is_relative_to(ROOT / "lessons") for path in named)


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="module")
def browser():
    """A Chromium that Playwright drives."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: the extra browser")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path:
        pytest.skip(f"none of {', '.join(BROWSERS)} is installed")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def student_env():
    """An environment in which the import path gives the stubs."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}
