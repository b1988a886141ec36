"""Where things are, worked out once: the package, the folder around it, and the course that one works in."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent  # the repository, where the package is installed from one
FIRST = Path("lessons/00_start_here.ipynb")


def course_folder(start=None):
    """The folder that holds lessons/ and dropout_lab/: the current one, one above it, ROOT, or None."""
    here = Path.cwd() if start is None else Path(start)
    for folder in (here, *here.parents, ROOT):
        if (folder / FIRST).exists() and (folder / "dropout_lab").is_dir():
            return folder
    return None
