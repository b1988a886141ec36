"""Which files of the repository belong to a student's copy."""

import subprocess
from pathlib import Path, PurePosixPath

STUDENT = (
    "dropout_lab",
    "lessons",
    "README.md",
    "LICENSE",
    "pyproject.toml",
    "hatch_build.py",
    "environment.yml",
    "docs/dropout.png",
)
TEACHER = ("dropout_lab/instructor",)  # the command line does without it
CLASSROOM = (".github/workflows/classroom.yml", ".github/classroom/autograding.json")  # hidden, and meant: `classroom`
_SCRAP = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", "build", "dist"}


def student_files(root):
    """The student's files as sorted paths relative to root.

    In a git repository these are the files that git tracks or would offer to add, so that bytecode and checkpoints,
    which it ignores, are not part of the tree. Elsewhere they are all files that are there.
    """
    root = Path(root)
    files = _by_git(root) if (root / ".git").exists() else _by_hand(root)
    return sorted(PurePosixPath(f) for f in files if _is_students(PurePosixPath(f)))


def is_scrap(path):
    """Whether a path is bytecode, a cache, or hidden: nothing that anybody hands out."""
    path = PurePosixPath(path)
    if path.as_posix().endswith(CLASSROOM):
        return False
    return path.suffix in {".pyc", ".pyo"} or any(
        p in _SCRAP or p.startswith(".") or p.endswith(".egg-info") for p in path.parts
    )


def _is_students(path):
    inside = any(path.is_relative_to(top) for top in STUDENT)
    return inside and not any(path.is_relative_to(folder) for folder in TEACHER)


def _by_git(root):
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
    return [f for f in set(listed) if f and (root / f).is_file()]


def _by_hand(root):
    present = (root / name for name in STUDENT)
    files = (f for top in present for f in ([top] if top.is_file() else top.rglob("*")))
    return [f.relative_to(root).as_posix() for f in files if f.is_file()]
