"""What students hand in, in the shapes in which they do: the six modules are found and read, nothing is unpacked.

A submission is the repository, the package folder, only the files, one file or notebook with everything in it, or one
of these some folders down, or packed. What is missing, doubled or oddly named is said, and what was not looked at is
listed.
"""

import ast
import base64
import json
import re
from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.instructor.grading.archives import NESTED, Unreadable, entries, kind_of, text, within, without_kind
from dropout_lab.instructor.grading.downloads import HandedIn
from dropout_lab.system.places import PACKAGE

LARGEST = 256 << 10  # bytes of one module; ours have five thousand
NOTEBOOK = 8 << 20  # bytes of a notebook, most of which are pictures
HELPERS = 20  # further modules
SHOWN = 500  # names of what was not looked at
_COPY = re.compile(
    r"[ _-]{0,3}\(\d{1,4}\)$|[ _-]{1,3}\d$|[ _-]{0,3}(?:copy|kopie|copie)(?:[ _-]{0,3}\(?\d{1,4}\)?)?$", re.I
)
_WORD = re.compile(rf"(?:^|[ _.-])({'|'.join(MODULES)})(?=$|[ _.(-])", re.I)
_OURS = {("checks", "probes"), ("checks", "mistakes"), ("lab", "figures"), ("lab", "widgets")}  # of the same names
_COURSE = {"checks", "audit", "lab", "instructor", "system", "lessons", "solutions", "tests", "docs"}
_FUNCTIONS = {module: sorted({e.function for e in EXERCISES.values() if e.module == module}) for module in MODULES}
_DEFINES = {
    module: re.compile(rf"^[ \t]*def[ \t]+(?:{'|'.join(names)})[ \t]*\(", re.M) for module, names in _FUNCTIONS.items()
}


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    `sources` is {module: bytes}, `missing` {module: a sentence on why it is not among them}, `helpers` {module:
    bytes} of further modules, `notes` sentences, `ignored` names of files that were not looked at, `also` other names
    by which a table may know the student.
    """

    student: str
    name: str
    sources: dict = field(default_factory=dict)
    missing: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    helpers: dict = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def record(self):
        """The same as JSON can carry it."""
        packed = {key: _packed(getattr(self, key)) for key in ("sources", "helpers")}
        return {**asdict(self), **packed}

    @classmethod
    def from_record(cls, record):
        """From what `record` gave and JSON carried."""
        tuples = {key: tuple(record[key]) for key in ("notes", "ignored", "also")}
        texts = {key: {k: base64.b64decode(v) for k, v in record[key].items()} for key in ("sources", "helpers")}
        return cls(**{**record, **tuples, **texts})


def _packed(texts):
    return {name: base64.b64encode(data).decode() for name, data in texts.items()}


def nothing(handed, why):
    """A submission of which nothing could be taken, with the reason."""
    missing = dict.fromkeys(MODULES, "is missing")
    name = text(handed.paths[0].name) if handed.paths else handed.student
    return Submission(handed.student, name, {}, missing, (*handed.notes, why), also=tuple(handed.also))


def collect(handed):
    """Read one submission (`downloads.HandedIn`, or a path). What cannot be taken is missing, with the reason.

    Raises
    ------
    Unreadable
        If there is nothing to read: it is gone, or may not be read. Then there is no result, since it may be read
        later.
    """
    if not isinstance(handed, HandedIn):
        path = Path(handed)
        handed = HandedIn(text(path.name if path.is_dir() else without_kind(path.name)), [path])
    notes, found = list(handed.notes), []
    for path, prefix in zip(handed.paths, handed.prefixes or [""] * len(handed.paths), strict=True):
        try:
            path.lstat()
            found += [_bare(entry, prefix) for entry in entries(path)]
        except Unreadable as problem:
            if str(problem).startswith("cannot be read"):
                raise Unreadable(f"{text(path.name)} {problem}") from None
            notes.append(f"{text(path.name)} {problem}")
        except OSError as error:
            raise Unreadable(f"{text(path.name)} is no longer there: {error.strerror}") from None
    found = _opened(found, notes)
    taken = _Taken(found, notes)
    one = nothing(handed, "")
    ignored = tuple([*handed.ignored, *taken.ignored()][:SHOWN])
    return replace(
        one, sources=taken.sources, missing=taken.missing, notes=tuple(notes), helpers=taken.helpers, ignored=ignored
    )


def _bare(entry, prefix):
    """The entry without what a course system put before its name."""
    if not prefix or not entry.name.startswith(prefix):
        return entry
    return replace(entry, path=entry.path.with_name(entry.name[len(prefix) :]))


def _opened(found, notes, depth=NESTED):
    """The entries, and where there is no code among them those of archives among them, some deep."""
    if depth == 0 or any(_is_code(entry) for entry in found if not entry.elsewhere):
        return found
    inner, closed = [], []
    for entry in found:
        if not kind_of(entry.name) or entry.elsewhere or entry.fault:
            continue
        try:
            inner += within(entry)
            closed.append(entry)
        except Unreadable as problem:
            notes.append(f"{entry.path} {problem}")
    return [e for e in found if e not in closed] + _opened(inner, notes, depth - 1) if inner else found


def _is_code(entry):
    return _stem(entry) is not None or entry.name.lower().endswith(".ipynb")


def _stem(entry):
    """The name of a Python file without its ending, also where a browser or an editor added .txt; else None."""
    found = re.fullmatch(r"(.{1,200})\.py(?:\.txt)?", entry.name, re.I | re.S)
    return found[1].strip() if found else None


def _named(entry):
    """(which of the six a file is going by its name, how far the name is from it); (None, 0) if it is none."""
    stem = _stem(entry)
    if stem is None:
        return None, 0
    for distance, name in ((0, stem), (1, stem.lower()), (2, _COPY.sub("", stem).lower())):
        if name in MODULES:
            return name, distance
    words = {word.lower() for word in _WORD.findall(stem)}
    return (words.pop(), 3) if len(words) == 1 and not stem.lower().startswith("test") else (None, 0)


class _Taken:
    """What was taken of some entries: `sources`, `missing`, `helpers`; and `notes` has what is to be said."""

    def __init__(self, found, notes):
        self.notes, self.used, self.sources, self.missing, self.helpers = notes, set(), {}, {}, {}
        self.entries = [entry for entry in found if not entry.elsewhere and not _is_ours(entry)]
        own = [entry for entry in self.entries if "solutions" not in entry.path.parts[:-1]]
        self._modules(own or self.entries)
        self._whole(own or self.entries)

    def ignored(self):
        """The names of what was not looked at: neither taken nor part of what the course hands out."""
        left = (entry for entry in self.entries if entry.path not in self.used and not _is_course(entry))
        return sorted({str(entry.path) for entry in left})

    def _modules(self, found):
        """The six by their names; the folder that holds most of them is the package."""
        by_module = defaultdict(list)
        for entry in found:
            module, distance = _named(entry)
            if module:
                by_module[module].append((distance, entry))
        home = _home(by_module)
        for module in MODULES:
            if by_module[module]:
                self._choose(module, by_module[module], home)
            else:
                self.missing[module] = "is missing"
        if by_module:
            self._help([entry for entry in found if entry.path.parent == home])

    def _choose(self, module, candidates, home):
        (distance, chosen), *others = sorted(
            candidates, key=lambda c: (c[1].path.parent != home, c[0], len(c[1].path.parts), str(c[1].path))
        )
        self.used |= {entry.path for _, entry in candidates}
        if others:
            rest = ", ".join(str(entry.path) for _, entry in others)
            self.notes.append(f"{module}.py is there more than once: {chosen.path} was graded, not {rest}")
        elif distance or chosen.name != f"{module}.py":
            self.notes.append(f"{chosen.path} was taken as {module}.py")
        if chosen.path.parent != home:
            self.notes.append(f"{chosen.path} lies apart from the other modules")
        try:
            self.sources[module] = _readable(chosen)
        except Unreadable as problem:
            self.missing[module] = str(problem)

    def _help(self, beside):
        """Further modules beside the six, which they may import."""
        house = {path.stem for path in PACKAGE.iterdir()}
        for entry in beside:
            stem = _stem(entry)
            if stem and stem.isidentifier() and entry.name == f"{stem}.py" and stem not in house:
                if entry.path in self.used or len(self.helpers) >= HELPERS:
                    continue
                try:
                    self.helpers[stem] = _readable(entry)
                    self.used.add(entry.path)
                except Unreadable as problem:
                    self.notes.append(f"{entry.path} {problem}")

    def _whole(self, found):
        """For modules that are in no file of their own: one file, or a notebook, in which their functions are."""
        gone = [name for name in MODULES if self.missing.get(name) == "is missing"]
        if not gone:
            return
        for entry in sorted(found, key=lambda e: (e.name.lower().endswith(".ipynb"), len(e.path.parts), str(e.path))):
            if entry.path in self.used - {e.path for e in found if _stem(e) in self.helpers} or not _is_code(entry):
                continue
            try:
                code = _notebook(entry) if entry.name.lower().endswith(".ipynb") else _readable(entry)
            except Unreadable as problem:
                self.notes.append(f"{entry.path} {problem}")
                continue
            words = code.decode("utf-8", "replace")
            has = [name for name in gone if name not in self.sources and _DEFINES[name].search(words)]
            for name in has:
                self.sources[name] = code
                del self.missing[name]
            if has:
                self.used.add(entry.path)
                self.notes.append(f"{entry.path} was taken as {', '.join(f'{name}.py' for name in has)}")


def _home(by_module):
    """The folder with most of the modules; of several the one named dropout_lab, then the highest up."""
    holds = defaultdict(set)
    for module, candidates in by_module.items():
        for _, entry in candidates:
            holds[entry.path.parent].add(module)
    ranked = sorted(holds, key=lambda p: (-len(holds[p]), p.name.lower() != "dropout_lab", len(p.parts), str(p)))
    return ranked[0] if ranked else None


def _is_ours(entry):
    folders = [part.lower() for part in entry.path.parts[:-1]]
    return any(pair in _OURS for pair in pairwise(folders))


def _is_course(entry):
    """Whether a file is part of what the course hands out, as far as its place tells."""
    parts = entry.path.parts
    return (
        bool(_COURSE.intersection(parts[:-1])) or (len(parts) > 1 and parts[-2] == "dropout_lab") or _is_top(parts[-1])
    )


def _is_top(name):
    return name in {"README.md", "LICENSE", "pyproject.toml", "environment.yml", ".gitignore", ".gitattributes"}


def _readable(entry, largest=LARGEST):
    if entry.fault:
        raise Unreadable(entry.fault)
    data = entry.read(largest + 1)
    if len(data) > largest:
        raise Unreadable(f"is larger than {largest >> 10} kB")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Unreadable("is in UTF-16; Python reads UTF-8. Save it as UTF-8 in the editor")
    return data


def _notebook(entry):
    """What the code cells of a notebook import and define, as one module; what they try out is left."""
    try:
        cells = json.loads(_readable(entry, NOTEBOOK))["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable("is not a notebook that can be read") from None
    kept = [part for source in sources for part in _definitions(source)]
    code = "\n\n".join(kept).encode("utf-8", "replace")
    if len(code) > LARGEST:
        raise Unreadable(f"holds more than {LARGEST >> 10} kB of code")
    return code


def _definitions(source):
    """The imports, functions, classes and constants of a cell, as they stand there."""
    lines = ["" if re.match(r"\s*[%!?]", line) else line for line in source.split("\n")]
    try:
        statements = ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [source] if "def " in source else []  # its exercises then say what is wrong with it
    for node in statements:
        constant = isinstance(node, ast.Assign) and isinstance(node.value, (ast.Constant, ast.Lambda))
        if constant or isinstance(node, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            yield "\n".join(lines[first - 1 : node.end_lineno])
