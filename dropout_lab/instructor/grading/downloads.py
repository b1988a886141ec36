"""Whose is what in a folder that a course system wrote: the files and folders of one student, under one name.

Canvas         doejane_LATE_4711_99001_layers-1.py      one file for each that was handed in, the last attempt counts
Moodle         Jane Doe_4711_assignsubmission_file      a folder, or a file with that before its own name;
               Jane Doe_4711_assignsubmission_onlinetext    what was typed beside it
Blackboard     work_jdoe_attempt_2026-11-02-10-00-00_layers.py   and the same with .txt: about the attempt
Gradescope     submission_4711 and submission_metadata.yml       which says whose it is
by hand        jdoe_layers.py, layers_jdoe.py
all others     a folder or an archive for each
"""

import os
import re
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor.grading.archives import Unreadable, entries, kind_of, text, without_kind

METADATA = "submission_metadata.yml"
LARGEST = 20 << 20  # bytes of such a file
CODE = (".py", ".ipynb", ".py.txt")
_CANVAS = re.compile(r"(?P<who>[^_]{1,200})_(?P<late>LATE_|late_)?(?P<id>\d{1,20})_(?P<attempt>\d{1,20})_(?P<rest>.+)")
_MOODLE = re.compile(r"(?P<who>[^_]{1,200})_(?P<id>\d{1,20})_assignsubmission_(?P<kind>file|onlinetext)_?(?P<rest>.*)")
_BOARD = re.compile(
    r"(?P<work>.{1,200}?)_(?P<who>[^_]{1,100})_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?:_(?P<rest>.+)|\.txt)"
)
_BY_HAND = re.compile(
    rf"(?P<a>.{{1,100}}?)[ _-]+(?:{'|'.join(MODULES)})|(?:{'|'.join(MODULES)})[ _-]+(?P<b>(?!lab)\D.{{0,100}})", re.I
)


@dataclass
class HandedIn:
    """What one student handed in: the name, where it lies, by which numbers or names a table may know the student.

    `prefixes` are what a system put before names of files, `notes` sentences, `ignored` names of what is not looked at.
    """

    student: str
    paths: list
    also: list = field(default_factory=list)
    prefixes: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    ignored: list = field(default_factory=list)

    def record(self):
        """The same as JSON can carry it: a path by its bytes, which need not be text."""
        return {**asdict(self), "paths": [os.fsencode(path.absolute()).hex() for path in self.paths]}

    @classmethod
    def from_record(cls, record):
        """From what `record` gave and JSON carried."""
        return cls(**{**record, "paths": [Path(os.fsdecode(bytes.fromhex(path))) for path in record["paths"]]})


def find(folder):
    """What every student handed in, in the order of their names, and the names of what is nobody's.

    Returns
    -------
    found : list of HandedIn
        No two of one name.
    ignored : list of str
    """
    folder, groups, ignored = Path(folder), {}, []
    listed = sorted(folder.iterdir(), key=lambda p: p.name.encode("utf-8", "surrogateescape"))
    whose = _gradescope(folder / METADATA)
    for path in listed:
        if path.name.startswith(".") or path.name in ("__MACOSX", "__pycache__", METADATA):
            continue
        taken = not path.is_symlink() and _sort(path, groups, whose)
        if not taken:
            ignored.append(text(path.name))
    found = [_last_attempt(group) for group in groups.values()]
    _shorten(found)
    return _apart(found), ignored


def _sort(path, groups, whose):
    """Put a path to the rest of its student's; whether it is anybody's."""
    name, folder = text(path.name), path.is_dir()
    code = name.lower().endswith(CODE)
    if found := _MOODLE.fullmatch(name):
        group = groups.setdefault(("moodle", found["who"], found["id"]), HandedIn(found["who"], []))
        group.also = [f"Participant {found['id']}", found["id"]]
        typed = found["kind"] == "onlinetext"
        (group.ignored if typed else group.paths).append(name if typed else (path, 0, found["rest"]))
        return True
    if not folder and (found := _CANVAS.fullmatch(name)):
        group = groups.setdefault(("canvas", found["who"], found["id"]), HandedIn(found["who"], []))
        group.also = [found["id"]]
        if found["late"]:
            group.notes = ["Canvas has it as late"]
        group.paths.append((path, int(found["attempt"]), found["rest"]))
        return True
    if not folder and (found := _BOARD.fullmatch(name)):
        group = groups.setdefault(("blackboard", found["work"], found["who"]), HandedIn(found["who"], []))
        if found["rest"]:
            group.paths.append((path, int(found["attempt"].replace("-", "")), found["rest"]))
        return True
    if folder or kind_of(name):
        names = whose.get(name, [])
        student = names[0] if names else (name if folder else without_kind(name))
        groups["path", path.name] = HandedIn(student, [(path, 0, "")], also=[*names[1:], name] if names else [])
        return True
    if code and not name.lower().startswith("test_") and (found := _BY_HAND.fullmatch(name.partition(".")[0])):
        who = found["a"] or found["b"]
        groups.setdefault(("hand", who), HandedIn(who, [])).paths.append((path, 0, ""))
        return True
    if code:
        groups["file", path.name] = HandedIn(name.partition(".")[0], [(path, 0, "")])
    return code


def _last_attempt(group):
    """The group with the paths of its last attempt; those of earlier ones are ignored, by name."""
    last = max((attempt for _, attempt, _ in group.paths), default=0)
    earlier = [text(path.name) for path, attempt, _ in group.paths if attempt != last]
    kept = [(path, rest) for path, attempt, rest in group.paths if attempt == last]
    if earlier:
        group.notes.append(f"the last of several attempts was graded, not {', '.join(earlier)}")
    group.paths, group.ignored = [path for path, _ in kept], group.ignored + earlier
    group.prefixes = [text(path.name)[: len(text(path.name)) - len(rest)] if rest else "" for path, rest in kept]
    return group


def _shorten(found):
    """What a class's names all begin with, up to a dash, is the assignment's: each is known by the rest too."""
    names = [one.student for one in found]
    if len(names) < 3 or len(found[0].also) > 1:
        return
    first, last = min(names), max(names)
    same = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    cut = first[:same].rfind("-") + 1
    if cut > 1:
        for one in found:
            one.also.append(one.student[cut:])


def _apart(found):
    """The same with names that differ: two of one name keep the names of their files."""
    wanted, used = defaultdict(list), set()
    for one in found:
        wanted[one.student.casefold()].append(one)
    for one in found:
        same = len(wanted[one.student.casefold()]) > 1 and one.paths
        name = first = text(one.paths[0].name) if same else one.student
        while name in used:  # two names that differ only in what is no text
            name = f"{first} ({len(used)})"
        used.add(name)
        one.student = name
    return sorted(found, key=lambda one: one.student.encode())


def _gradescope(path):
    """{name of a folder: [name, email, number] of who handed it in} of the file in Gradescope's export, if there."""
    try:
        (entry,) = entries(path)
        lines = entry.read(LARGEST).decode("utf-8", "replace").splitlines()
    except Unreadable:
        return {}
    whose, folder = {}, None
    for line in lines:
        if found := re.fullmatch(r"(\S{1,200}):\s*", line):
            folder = whose.setdefault(found[1], {})
        elif folder is not None and (found := re.fullmatch(r"\s+(?:- )?:(name|sid|email): (.*)", line)):
            folder.setdefault(found[1], found[2].strip().strip("'\""))
    known = {name: [said.get(key, "") for key in ("name", "email", "sid")] for name, said in whose.items()}
    return {name: [word for word in words if word and word != "null"] for name, words in known.items() if words[0]}
