"""Write what is derived where it is out of date: stubs and lessons (`derive`), and the solutions, which are run.

A notebook is run again only if its code, or something that it imports, has changed (`inputs`), or if its outputs are
not those that it gave. Other words around the code cost no run. Run twice on one machine it comes out the same to the
byte: streams are joined, widgets have the ids of their cells, and cells tagged `timed`, whose outputs are readings of a
clock, keep those that they had until their source changes.
"""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor.publishing.derive import derived, solution, sources
from dropout_lab.instructor.publishing.execute import execute
from dropout_lab.instructor.publishing.inputs import ran_on
from dropout_lab.lab.widgets import views
from dropout_lab.system.derived import MANIFEST, as_text, edited, manifest
from dropout_lab.system.files import digest, write_atomically

AT_ONCE = 2  # notebooks; each has a kernel, and some start two processes of their own


class BuildError(Exception):
    """A sentence on what keeps a file from being built."""


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
    progress : function of a string
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
    root = Path(root).resolve()
    for name in only:
        if name not in MODULES and not sources(root, [name]):
            known = ", ".join(MODULES)
            raise BuildError(f"there is no lesson or module {name!r}; give a number such as 05, or one of {known}")
    files = derived(root, only)
    stale = [f for f in files if _content(root / f.path) != f.text]
    worked = [f.path for f in stale if (root / f.path).exists() and edited(root, f.path)]
    if worked and not (force or check):
        raise BuildError(
            f"{', '.join(map(str, worked))}: edited since the last build. Nothing was written."
            " Save your work elsewhere, or give --force to overwrite it."
        )
    if not check:
        for file in stale:
            progress(f"writing {file.path}")
            write_atomically(root / file.path, file.text)
        _write_manifest(root, files)
    outdated = [source for source in sources(root, only) if run and not _is_current(root, source)]
    to_run = [source for source in outdated if _reworded(root, source) is None]
    if not check:
        for source in set(outdated) - set(to_run):
            write_atomically(source.with_suffix(".ipynb"), as_text(_reworded(root, source)))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for number, source in enumerate(pool.map(lambda source: _run(root, source), to_run), start=1):
                progress(f"ran {source.name}, {number} of {len(to_run)}")
    return [f.path for f in stale] + [s.with_suffix(".ipynb").relative_to(root) for s in outdated]


def _run(root, source):
    before = _read(source.with_suffix(".ipynb"))
    try:
        notebook = execute(solution(source), root / "solutions", env=_environment(root))
    except RuntimeError as error:
        raise BuildError(f"{source.name}: {error}") from None
    _keep_readings(notebook, before)
    notebook.metadata["dropout_lab"] = {"ran_on": ran_on(root, source), "gave": _gave(notebook)}
    write_atomically(source.with_suffix(".ipynb"), as_text(notebook))
    return source


def _environment(root):
    """That of the build, with the completed modules first, whatever the path held before."""
    path = filter(None, (str(root / "solutions"), str(root), os.environ.get("PYTHONPATH")))
    return {**os.environ, views.SWITCH: "keep", "PYTHONPATH": os.pathsep.join(path)}


def _keep_readings(notebook, before):
    """Give cells tagged `timed` the outputs that they had, if their source is still the same."""
    known = {cell.source: cell.outputs for cell in (before.cells if before else ()) if cell.cell_type == "code"}
    for cell in notebook.cells:
        if "timed" in cell.metadata.get("tags", []) and known.get(cell.source):
            cell.outputs = known[cell.source]


def _is_current(root, source):
    """Whether the executed notebook is that of this source, run on this package."""
    as_it_should_be = _reworded(root, source)
    return as_it_should_be is not None and _content(source.with_suffix(".ipynb")) == as_text(as_it_should_be)


def _reworded(root, source):
    """The notebook in the words of its source with the outputs that it has; None if it must be run for them."""
    before, notebook = _read(source.with_suffix(".ipynb")), solution(source)
    record = before.metadata.get("dropout_lab") if before else None
    if record != {"ran_on": ran_on(root, source), "gave": before and _gave(before)}:
        return None
    notebook.metadata = before.metadata
    for cell, ran in zip(_code(notebook), _code(before), strict=True):
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    return notebook


def _gave(notebook):
    """A digest of the outputs, by which a number that was typed into one is known."""
    return digest(*(as_text([cell.source, cell.outputs]).encode() for cell in _code(notebook)))


def _code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _read(path):
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        return None


def _content(path):
    return path.read_text("utf-8") if path.exists() else None


def _write_manifest(root, files):
    known = manifest(root) | {f.path.as_posix(): digest(f.text.encode()) for f in files if f.path.suffix != ".ipynb"}
    kept = {name: known[name] for name in sorted(known) if (root / name).exists() and not name.endswith(".ipynb")}
    write_atomically(root / MANIFEST, json.dumps(kept, indent=1) + "\n")
