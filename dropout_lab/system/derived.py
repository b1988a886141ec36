"""Derived files as `build` wrote them, and how to tell that one was edited since. Only the standard library is needed.

A lesson says in its metadata what it was built as, of stubs and pages the manifest in solutions/ knows.
"""

import json
from pathlib import Path

from dropout_lab.system.files import digest

MANIFEST = Path("solutions/manifest.json")


def digest_of(notebook):
    """A digest of the cells."""
    return digest(as_text(notebook["cells"]).encode())


def as_text(notebook):
    """A notebook, or a part of one, as the text of its file."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def manifest(root):
    """{path: digest} of the stubs and pages."""
    path = Path(root) / MANIFEST
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def edited(root, path):
    """Whether a derived file, a path in root, is not as it was built."""
    data = (Path(root) / path).read_bytes()
    if Path(path).suffix != ".ipynb":
        return digest(data) != manifest(root).get(Path(path).as_posix())
    try:
        notebook = json.loads(data)
        return notebook["metadata"]["dropout_lab"]["built"] != digest_of(notebook)
    except (ValueError, KeyError, TypeError):
        return True


def paths(root):
    """Every derived file of a student's copy: stubs and pages, and the lessons that have a source."""
    lessons = sorted((Path(root) / "solutions").glob("[0-9][0-9]_*.py"))
    return [Path(name) for name in manifest(root)] + [Path("lessons") / f"{source.stem}.ipynb" for source in lessons]
