"""What students hand in, in the shapes in which they do: the six modules are found and read, nothing is unpacked.

A submission is a folder or a zip file: the repository, the package folder, only the files, or one of these some folders
down, or zipped once more. What is missing, doubled or oddly named is said.
"""

import io
import os
import re
import stat
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path, PurePosixPath

from dropout_lab.checks.exercises import MODULES

LARGEST = 256 << 10  # bytes of one module; ours have five thousand
ENTRIES = 20_000  # files in one submission
ARCHIVE = 200 << 20  # bytes of one zip file
DEEP = 12  # folders in folders
_COPY = re.compile(r"[ _-]*\(\d+\)$|[ _-]+\d$|[ _-]*(?:copy|kopie|copie)(?:[ _-]*\(?\d+\)?)?$", re.IGNORECASE)
_ELSEWHERE = {"__macosx", "__pycache__", ".git", ".ipynb_checkpoints", "site-packages", "node_modules", ".venv", "venv"}
_OURS = {("checks", "probes"), ("checks", "mistakes"), ("lab", "figures"), ("lab", "widgets")}  # of the same names


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `sources` is {module: bytes}, `missing` {module: a sentence on why it is not among them}, `notes` sentences.
    """

    student: str
    name: str
    sources: dict = field(default_factory=dict)
    missing: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A file of a submission: where it lies, why it cannot be taken (or ""), and how to read it."""

    path: PurePosixPath
    fault: str
    read: object

    @property
    def module(self):
        """Which of the six it is, going by its name, or None."""
        stem = self.path.name[:-3].strip()
        names = (stem.lower(), _COPY.sub("", stem).lower()) if self.is_python else ()
        return next((name for name in names if name in MODULES), None)

    @property
    def elsewhere(self):
        """Whether it lies where no student's work is: other people's code, bytecode, or our own."""
        folders = [part.lower() for part in self.path.parts[:-1]]
        return bool(_ELSEWHERE.intersection(folders) or _OURS.intersection(pairwise(folders)))

    @property
    def is_python(self):
        return self.path.name.lower().endswith(".py")

    @property
    def exact(self):
        return self.path.name == f"{self.module}.py"


def find(folder):
    """The submissions in a folder, in the order of their names: every folder and zip file in it.

    Returns
    -------
    paths : list of Path
    ignored : list of str
        Names of what is neither.
    """
    paths, ignored = [], []
    for path in sorted(Path(folder).iterdir(), key=lambda p: p.name.encode("utf-8", "surrogateescape")):
        if path.name.startswith(".") or path.name in ("__MACOSX", "__pycache__"):
            continue
        if path.is_symlink() or not (path.is_dir() or path.suffix.lower() == ".zip"):
            ignored.append(path.name)
        else:
            paths.append(path)
    return paths, ignored


def names(paths):
    """{path: student}; two submissions of one name keep the names of their files."""
    wanted, given, used = defaultdict(list), {}, set()
    for path in paths:
        wanted[_student(path).casefold()].append(path)
    for path in paths:
        name = first = _student(path) if len(wanted[_student(path).casefold()]) == 1 else _text(path.name)
        while name in used:  # two names that differ only in what is no text
            name = f"{first} ({len(used)})"
        used.add(name)
        given[path] = name
    return given


def _student(path):
    return _text(path.stem if path.suffix.lower() == ".zip" and not path.is_dir() else path.name)


def _text(name):
    """A name as text; bytes that are none are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def collect(path, student=None):
    """Read one submission. Never raises for what is in it: what cannot be read is missing, with the reason."""
    path = Path(path)
    name = _text(path.name)
    notes, entries = [], []
    try:
        entries = _folder(path) if path.is_dir() else _archive(_file(path, ARCHIVE))
        entries = _opened(entries, notes)
    except _Unreadable as problem:
        notes.append(f"{name} {problem}")
    sources, missing = _modules(entries, notes)
    return Submission(student or _student(path), name, sources, missing, tuple(notes))


class _Unreadable(Exception):
    """Why a file or an archive cannot be read."""


def _modules(entries, notes):
    """({module: bytes}, {module: why not}) of the entries; the folder that holds most of the six is the package."""
    found = defaultdict(list)
    entries = [entry for entry in entries if entry.module and not entry.elsewhere]
    own = [entry for entry in entries if "solutions" not in entry.path.parts[:-1]]
    for entry in own or entries:
        found[entry.module].append(entry)
    home = _home([entry for same in found.values() for entry in same])
    sources, missing = {}, {}
    for module in MODULES:
        if not found[module]:
            missing[module] = "is missing"
            continue
        chosen, *others = sorted(
            found[module],
            key=lambda e: (e.path.parent != home, not e.exact, len(e.path.parts), str(e.path)),
        )
        if others:
            rest = ", ".join(str(e.path) for e in others[:3])
            notes.append(f"{module}.py is there more than once: {chosen.path} was graded, not {rest}")
        elif not chosen.exact:
            notes.append(f"{chosen.path} was taken as {module}.py")
        if chosen.path.parent != home:
            notes.append(f"{chosen.path} lies apart from the other modules")
        try:
            sources[module] = _readable(chosen)
        except _Unreadable as problem:
            missing[module] = str(problem)
    return sources, missing


def _home(entries):
    """The folder with most of the modules; of several the one named dropout_lab, then the highest up."""
    holds = defaultdict(set)
    for entry in entries:
        holds[entry.path.parent].add(entry.module)
    ranked = sorted(holds, key=lambda p: (-len(holds[p]), p.name.lower() != "dropout_lab", len(p.parts), str(p)))
    return ranked[0] if ranked else None


def _readable(entry):
    if entry.fault:
        raise _Unreadable(entry.fault)
    text = entry.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise _Unreadable(f"is larger than {LARGEST >> 10} kB")
    if text[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _Unreadable("is in UTF-16; Python reads UTF-8. Save it as UTF-8 in the editor")
    return text


def _opened(entries, notes):
    """The entries, and where there is no module among them those of zip files among them."""
    entries = list(entries)
    if any(entry.module for entry in entries):
        return entries
    for entry in entries:
        if entry.path.suffix.lower() == ".zip" and "__MACOSX" not in entry.path.parts and not entry.fault:
            try:
                inner = _archive(entry.read(ARCHIVE))
                entries = entries + [Entry(entry.path / e.path, e.fault, e.read) for e in inner]
            except _Unreadable as problem:
                notes.append(f"{entry.path} {problem}")
    return entries


def _folder(folder):
    """The files under a folder; links are seen, never followed."""
    count = 0
    for place, folders, files in os.walk(folder, followlinks=False):
        here = PurePosixPath(Path(place).relative_to(folder).as_posix())
        folders[:] = sorted(f for f in folders if f.lower() not in _ELSEWHERE) if len(here.parts) < DEEP else []
        for name in sorted(files):
            count += 1
            if count > ENTRIES:
                raise _Unreadable(f"holds more than {ENTRIES} files")
            path = Path(place, name)
            yield Entry(_shown(here / name), "", lambda most, path=path: _file(path, most))


def _file(path, most):
    """The first bytes of a regular file. It is opened once, not through a link, and what was opened is looked at."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        link = path.is_symlink()
        raise _Unreadable("is a link, not a file" if link else f"cannot be read: {error.strerror}") from None
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise _Unreadable("is not a plain file")
        try:
            return file.read(most)
        except OSError as error:
            raise _Unreadable(f"cannot be read: {error.strerror}") from None


def _archive(data):
    """The files of a zip. It is read in memory; a path in it is only a name, and leads nowhere."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError) as error:
        raise _Unreadable(f"is not a zip file that can be read: {error}") from None
    if len(infos) > ENTRIES:
        raise _Unreadable(f"holds more than {ENTRIES} files")
    return [entry for info in infos if not info.is_dir() for entry in _member(archive, info)]


def _member(archive, info):
    name = info.filename.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name):
        fault = "has a path that leads out of the zip file"
    elif stat.S_ISLNK(info.external_attr >> 16):
        fault = "is a link, not a file"
    else:
        fault = "is encrypted" if info.flag_bits & 1 else ""
    yield Entry(_shown(path), fault, lambda most: _unpacked(archive, info, most))


def _unpacked(archive, info, most):
    """The first bytes of a member, whatever its header says of its size."""
    try:
        with archive.open(info) as file:
            return file.read(most)
    except Exception as error:  # noqa: BLE001 - a submission's archive fails in any of a dozen ways
        raise _Unreadable(f"cannot be unpacked: {type(error).__name__}") from None


def _shown(path):
    return PurePosixPath(_text(str(path)))
