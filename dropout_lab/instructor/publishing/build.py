"""Derive what is derived: stubs, lessons and executed solutions, all from solutions/.

solutions/dropout_lab/NAME.py -> dropout_lab/NAME.py       solution regions become stubs
solutions/NN_name.py          -> lessons/NN_name.ipynb     without solutions and outputs
                              -> solutions/NN_name.ipynb   with both, executed
solutions/NAME.md             -> lessons/NAME.md           as it is, where a lesson links to it
"""

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing import lesson_cards
from dropout_lab.instructor.publishing.execute import execute
from dropout_lab.lab.widgets import views
from dropout_lab.system.files import digest, write_atomically

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SETUP = """\
try:
    from dropout_lab.lab.notebook import start
except ModuleNotFoundError as missing:
    raise SystemExit(f"{{missing}}. In a terminal, in the course's folder, run: "
                     "python -m pip install -e .  Then restart the kernel.")
start("{number}")  # from here on, a saved edit in dropout_lab/ counts in the next cell
"""
MANIFEST = Path("solutions/manifest.json")  # what the last build wrote, so that no edit of a student's is lost


class BuildError(Exception):
    """A sentence on what keeps a file from being built."""


@dataclass(frozen=True)
class Derived:
    """A file to write: where it goes and what goes in."""

    path: Path
    text: str


def build(root, only=(), force=False, check=False, progress=lambda message: None, run=True):
    """Write every derived file that is not what its source asks for.

    Parameters
    ----------
    root : Path
        The repository.
    only : names or numbers of lessons and modules, such as "05" or "layers"; none means all
    force : bool
        Overwrite files that were edited since they were built.
    check : bool
        Write nothing.
    run : bool
        Whether to run notebooks; without, stubs and lessons are derived, and executed solutions stay as they are.

    Returns
    -------
    stale : list of Path
        What was written, or with `check` what would be.

    Raises
    ------
    BuildError
        If a file was edited since the last build (nothing is written then), or a source is not right.
    """
    root = Path(root)
    for name in only:
        if name not in MODULES and not _sources(root, [name]):
            known = ", ".join(MODULES)
            raise BuildError(f"there is no lesson or module {name!r}; give a number such as 05, or one of {known}")
    manifest = _read_manifest(root)
    files = derived(root, only)
    stale = [f for f in files if _content(root / f.path) != f.text]
    edited = [f.path for f in stale if (root / f.path).exists() and _edited(root, f.path, manifest)]
    if edited and not (force or check):
        raise BuildError(
            f"{', '.join(map(str, edited))}: edited since the last build. Nothing was written."
            " Save your work elsewhere, or give --force to overwrite it."
        )
    if not check:
        for file in stale:
            progress(f"writing {file.path}")
            write_atomically(root / file.path, file.text)
        _write_manifest(root, files)
    executed = [source for source in _sources(root, only) if run and not _is_current(root, source)]
    if not check:
        for source in executed:
            progress(f"running {source.name}")
            try:
                env = {**os.environ, views.SWITCH: "keep"}
                notebook = execute(_solution(source), root / "solutions", env=env)
            except RuntimeError as error:
                raise BuildError(f"{source.name}: {error}") from None
            notebook.metadata["dropout_lab"] = {"ran_on": ran_on(root, source)}
            write_atomically(source.with_suffix(".ipynb"), _as_text(notebook))
    return [f.path for f in stale] + [s.with_suffix(".ipynb").relative_to(root) for s in executed]


def derived(root, only=()):
    """The stubs and lessons as their sources ask for, whatever stands on disk."""
    return [*_stubs(root, only), *_lessons(root, only), *_pages(root, only)]


def ran_on(root, source):
    """A digest of all that an executed notebook depends on: its source, the completed modules, checks, lab, results."""
    folders = ("solutions/dropout_lab", "dropout_lab/checks", "dropout_lab/lab")
    files = sorted(p for folder in folders for p in (root / folder).rglob("*") if p.suffix in (".py", ".json"))
    return digest(source.read_bytes(), *(path.read_bytes() for path in files))


def _is_current(root, source):
    """Whether the executed notebook is that of this source, run on this package."""
    try:
        notebook = nbformat.read(source.with_suffix(".ipynb"), as_version=4)
    except (OSError, ValueError):
        return False
    same = [c.source for c in notebook.cells] == [c.source for c in _solution(source).cells]
    return same and notebook.metadata.get("dropout_lab", {}).get("ran_on") == ran_on(root, source)


def _sources(root, only):
    found = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
    return [s for s in found if not only or any(s.stem == o or s.stem.startswith(f"{o}_") for o in only)]


def _stubs(root, only):
    for name in MODULES:
        source = root / "solutions" / "dropout_lab" / f"{name}.py"
        if not only or name in only:
            yield Derived(Path("dropout_lab") / source.name, stub(source.read_text("utf-8"), name))


def stub(text, module):
    """The student's version of a module: each solution region raises the name of its exercise."""

    def message(start):
        function = re.findall(r"^def (\w+)", text[:start], re.M)[-1]
        exercise = next(e for e in EXERCISES.values() if e.function == function)
        return f'raise NotImplementedError("`{function}` is still blank. {exercise.place}")'

    return markers.blank(text, message)


def _lessons(root, only):
    for source in _sources(root, only):
        yield Derived(Path("lessons") / f"{source.stem}.ipynb", _as_text(_lesson(source)))


def _pages(root, only):
    sources = [source.read_text("utf-8") for source in _sources(root, only)]
    for page in sorted((root / "solutions").glob("*.md")):
        if any(f"]({page.name})" in source for source in sources):
            yield Derived(Path("lessons") / page.name, page.read_text("utf-8"))


def _lesson(source):
    """What a student opens: no solution cells, no solution regions, no outputs."""
    notebook = read_source(source)
    notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        cell.source = markers.blank(cell.source, lambda start, cell=cell: _answer(cell)).rstrip("\n")
    return notebook


def _answer(cell):
    return "# your turn" if cell.cell_type == "code" else "*Your answer:*"


def _solution(source):
    notebook = read_source(source)
    for cell in notebook.cells:
        cell.source = markers.complete(cell.source).rstrip("\n")
    return notebook


def read_source(source):
    """The source as a notebook, with cell ids that depend on the text alone."""
    notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    used = set()
    for cell in notebook.cells:
        name = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        while name in used:
            name = hashlib.sha256(name.encode()).hexdigest()[:8]
        used.add(name)
        cell.id = name
        if "setup" in cell.metadata.get("tags", []):
            cell.source = SETUP.format(number=source.name[:2]) + cell.source
            cell.metadata["jupyter"] = {"source_hidden": True}  # folded to a line
        if cell.cell_type == "markdown":
            cell.source = lesson_cards.dressed(cell.source)
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook


def _as_text(notebook):
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _content(path):
    return path.read_text("utf-8") if path.exists() else None


def _edited(root, path, manifest):
    return digest((root / path).read_bytes()) != manifest.get(path.as_posix())


def _read_manifest(root):
    return json.loads(_content(root / MANIFEST) or "{}")


def _write_manifest(root, files):
    manifest = _read_manifest(root) | {f.path.as_posix(): digest(f.text.encode()) for f in files}
    manifest = {name: manifest[name] for name in sorted(manifest) if (root / name).exists()}
    write_atomically(root / MANIFEST, json.dumps(manifest, indent=1) + "\n")
