"""Installations of the course, made in a second: a virtual environment that borrows this one's libraries."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from conftest import ROOT

BARE = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}  # IPython looks into the latter
MAIN = "from dropout_lab.cli import main; main()"  # what the console script does, with its import path


def wheel(folder):
    """The wheel of this repository, built by hatchling."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=BARE)
    return next(Path(folder).glob("*.whl"))


def python(folder, *paths, unpacked=None):
    """A Python with the libraries but without the course, and with further folders on its path."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    program = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    site = next(folder.rglob("site-packages"))
    if unpacked:
        zipfile.ZipFile(unpacked).extractall(site)
    borrowed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (site / "borrowed.pth").write_text("\n".join(map(str, [*paths, *borrowed])))  # not what their own .pth files name
    return program


def command(program, folder, *arguments, env=BARE):
    """`dropout-lab`, as its console script runs it: the current folder is not on the path."""
    return _run([program, "-P", "-c", MAIN, *arguments], folder, env)


def cell(program, folder, source, env=BARE):
    """A cell in a kernel that started in a folder, which comes first on its path."""
    return _run([program, "-m", "IPython", "--colors=NoColor", "-c", source], folder, env)


def whole_copy(folder):
    """A copy of the package and one lesson, as a release or a clone has them."""
    shutil.copytree(ROOT / "dropout_lab", folder / "dropout_lab", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "lessons").mkdir()
    shutil.copy(ROOT / "lessons/00_start_here.ipynb", folder / "lessons")
    return folder


def _run(line, folder, env):
    env = {**env, "PYTHONUTF8": "1"} if "PYTHONIOENCODING" not in env else env
    return subprocess.run(
        list(map(str, line)), cwd=folder, env=env, capture_output=True, encoding="utf-8", errors="replace", timeout=120
    )
