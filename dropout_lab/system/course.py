"""A course folder: made from what the package carries, brought up to date, and given a blank back. Nothing is lost.

The folder's `dropout_lab/` holds only what a student writes; all else comes from the installed package. What was
written there is noted in STATE, so that an untouched file can be told from one that was worked on.
"""

import ast
import json
import re
import subprocess
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from dropout_lab.system import derived
from dropout_lab.system.files import digest, write_atomically
from dropout_lab.system.places import CHECKOUT, FIRST, PACKAGE, ROOT, version

STATE = Path(".dropout-lab.json")
CARRIED = PACKAGE / "course"  # in a wheel; a repository has the files themselves
EXTENDING = '''\
"""Your part of the course: the functions that you write. All else comes from the installed package."""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)
'''
README = """\
# dropout-lab

`dropout-lab` opens the lessons in JupyterLab, on the one where you stopped. You write functions in `dropout_lab/`; the
notebooks in `lessons/` show, ask, and check them.

| in a terminal, in this folder | |
|---|---|
| `dropout-lab` | open the course |
| `dropout-lab check` | all exercises, points, and what comes next |
| `dropout-lab check NAME` | one exercise, with its report |
| `dropout-lab hint NAME` | a hint, in three steps |
| `dropout-lab watch` | check on every save |
| `dropout-lab handin` | the points, and one zip to hand in |
| `dropout-lab reset NAME` | a blank again; your text is kept beside it |
| `dropout-lab init .` | bring the folder up to date after the package was; what you worked on is kept |
"""


class CourseError(Exception):
    """A sentence on why a folder was left as it was."""


@dataclass
class Made:
    """What `init` did, as paths in the folder."""

    new: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(
        default_factory=dict
    )  # worked on -> where the new text stands, "" if it has not changed
    same: list[str] = field(default_factory=list)


def contents():
    """{path in a course folder: bytes}: lessons, stubs, the cheat sheet, a README.

    Raises
    ------
    CourseError
        If this copy of the package carries none, or has been worked on.
    """
    files = _carried() if CARRIED.is_dir() else _own() if CHECKOUT else None
    if not files:
        raise CourseError(f"{PACKAGE} carries no lessons. Install the package, or work in the folder that it came in.")
    files["dropout_lab/__init__.py"] = EXTENDING.encode()
    files["README.md"] = README.encode()
    return files


def _carried():
    return {path.relative_to(CARRIED).as_posix(): path.read_bytes() for path in CARRIED.rglob("*") if path.is_file()}


def _own():
    """A repository's stubs and lessons, as `build` wrote them."""
    paths = derived.paths(ROOT)
    if worked := [path.as_posix() for path in paths if derived.edited(ROOT, path)]:
        raise CourseError(
            f"{', '.join(worked)} in {ROOT} was edited since the last build, and is no blank to hand out."
        )
    return {path.as_posix(): (ROOT / path).read_bytes() for path in paths}


def init(folder):
    """Make a course folder, or bring one up to date.

    What is not there is written, what was not touched is replaced, and what was worked on stays, with the new text
    beside it where that is another. Other files are left alone. It may be stopped at any time, and run again.

    Returns
    -------
    made : Made

    Raises
    ------
    CourseError
        Nothing was written then, or the sentence says what was.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise CourseError(f"{folder} is a file. Give the name of a folder, a new one or that of a course.")
    if (folder / "dropout_lab" / "checks").is_dir():
        raise CourseError(f"{folder} holds the whole package, a clone or a copy handed out. Give another folder.")
    files, state = contents(), _state(folder)
    if _newer(state.get("version", ""), version()):
        raise CourseError(
            f"{folder} was made by version {state['version']}, and this is {version()}. Nothing was changed."
            " Bring the package up to date first: python -m pip install -U dropout-lab"
        )
    made, known = Made(), dict(state.get("files", {}))
    try:
        for name, data in files.items():
            _bring(folder, name, data, known, made)
    except OSError as error:
        raise CourseError(f"{error.filename or folder} cannot be written: {error.strerror}.") from None
    finally:
        if made.new or made.replaced or made.kept or made.same:
            _remember(folder, known)
    return made


def _bring(folder, name, data, known, made):
    path, ours = folder / name, digest(data)
    there = digest(path.read_bytes()) if path.is_file() else None
    if there == ours:
        made.same.append(name)
    elif there is None or there == known.get(name):
        write_atomically(path, data)
        (made.new if there is None else made.replaced).append(name)
    elif known.get(name) == ours:
        made.kept[name] = ""
    else:
        beside = _beside(name, f"new-{version()}")
        write_atomically(folder / beside, data)
        made.kept[name] = beside
    known[name] = ours


def reset(folder, name, exercises):
    """Give one function, or a whole module, back as it was handed out; the file as it stood is kept beside it.

    Parameters
    ----------
    folder : Path
        Where the functions are.
    name : str
        An exercise, or a module such as "layers".
    exercises : {exercise: (module, function)}

    Returns
    -------
    file, kept : str
        The file that was written, and where its old text stands.

    Raises
    ------
    CourseError
        Nothing was written then.
    """
    modules = {module for module, _ in exercises.values()}
    if name not in exercises and name not in modules:
        near = get_close_matches(name, [*exercises, *modules], n=1, cutoff=0.4)
        raise CourseError(f"there is no exercise or module {name!r}." + (f" Did you mean {near[0]!r}?" if near else ""))
    module, function = exercises.get(name, (name, None))
    file = f"dropout_lab/{module}.py"
    blank = _blank(folder, file)
    path = Path(folder) / file
    try:
        old = path.read_bytes() if path.exists() else b""
        new = (_with_blank(old, blank, function) if function and old else blank).encode()
        if new == old:
            raise CourseError(f"{name} in {path} is blank as it is.")
        kept = next(k for k in _names(file) if not (Path(folder) / k).exists())
        if old:
            write_atomically(Path(folder) / kept, old)
        write_atomically(path, new)
    except OSError as error:
        raise CourseError(f"{error.filename or path} cannot be written: {error.strerror}.") from None
    return file, kept


def _blank(folder, file):
    """A module as it was handed out: from the package, or from the history of a clone."""
    if not (Path(folder) / "dropout_lab" / "checks").is_dir():
        return contents()[file].decode("utf-8")
    shown = subprocess.run(["git", "-C", folder, "show", f"HEAD:./{file}"], capture_output=True, check=False)
    if shown.returncode:
        raise CourseError(f"{folder} has no history to take the blank from; it is in the copy that you were given.")
    return shown.stdout.decode("utf-8")


def _with_blank(text, blank, function):
    """The bytes as text with one function of the blank in place of its own; the blank, where they do not parse."""
    try:
        text = text.decode("utf-8")
        start, end = _span(text, function)
    except (ValueError, SyntaxError, LookupError, RecursionError):
        return blank
    first, last = _span(blank, function)
    lines, blanks = text.splitlines(keepends=True), blank.splitlines(keepends=True)
    return "".join(lines[:start] + blanks[first:last] + lines[end:])


def _span(text, function):
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == function:
            return min(n.lineno for n in (node, *node.decorator_list)) - 1, node.end_lineno
    raise LookupError(function)


def _names(file):
    yield _beside(file, "old")
    yield from (_beside(file, f"old-{n}") for n in range(2, 1000))


def _beside(name, word):
    path = Path(name)
    return path.with_name(f"{path.stem}.{word}{path.suffix}").as_posix()


def stopped_at(folder):
    """The lesson that was saved last after a cell of it ran, as a path in the folder; the first lesson if none was."""
    try:
        for path in sorted(Path(folder, "lessons").glob("*.ipynb"), key=lambda p: p.stat().st_mtime, reverse=True):
            cells = json.loads(path.read_text("utf-8"))["cells"]
            if any(cell.get("execution_count") for cell in cells):
                return path.relative_to(folder)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # no notebook, or none that can be read
        pass
    return FIRST


def _state(folder):
    """What was noted of a folder; nothing, where what stands there is not of this shape."""
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    shaped = isinstance(state, dict) and isinstance(state.get("version"), str) and isinstance(state.get("files"), dict)
    return state if shaped else {}


def _remember(folder, known):
    write_atomically(folder / STATE, json.dumps({"version": version(), "files": known}, indent=1) + "\n")


def _newer(one, other):
    return _numbers(one) > _numbers(other) if _numbers(one) and _numbers(other) else False


def _numbers(text):
    return [int(part) for part in re.findall(r"\d+", text)]
