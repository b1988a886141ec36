"""The first minute in JupyterLab: lesson left, functions right, nothing unsaved, nothing that pops up."""

import os
import re
import subprocess
import sys

import pytest

from dropout_lab.system import course

UP = "import sys, urllib.request as web; web.urlopen(sys.argv[1])"


@pytest.fixture
def opened(tmp_path):
    """The address that `dropout-lab` says in a new course."""
    course.init(tmp_path / "course")
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-m", "dropout_lab", "--no-browser"]
    env = {**os.environ, "PYTHONUNBUFFERED": "1", "HOME": str(home)}
    server = subprocess.Popen(command, cwd=tmp_path / "course", env=env, stdout=subprocess.PIPE, text=True)
    yield re.search(r"http://\S+", server.stdout.readline())[0], home
    server.terminate()
    server.wait(60)  # it ends after JupyterLab, of which nothing is left then
    server.stdout.close()


def test_a_course_opens_with_its_lesson_left_and_its_functions_right(browser, opened):
    address, home = opened
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    while subprocess.run([sys.executable, "-c", UP, address], stderr=subprocess.DEVNULL).returncode:
        page.wait_for_timeout(300)
    page.goto(address)
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', timeout=60_000)
    lesson = page.locator(".jp-NotebookPanel").bounding_box()
    functions = page.locator(".jp-FileEditor").bounding_box()
    assert lesson["x"] + lesson["width"] <= functions["x"] + 5
    assert functions["width"] > 400
    page.locator(".jp-FileEditor").filter(has_text="def affine_forward").wait_for(timeout=60_000)
    assert {"dropout_lab", "lessons"} <= set(page.locator(".jp-DirListing-itemText").all_inner_texts())
    page.wait_for_timeout(1000)
    assert page.locator(".jp-mod-dirty").count() == 0
    assert page.locator(".Toastify__toast").count() == 0
    page.close()
    written = {path.relative_to(home).parts[0] for path in home.rglob("*") if path.is_file()}
    assert not written & {".jupyter", ".local", ".ipython"}, "a user's own JupyterLab"
