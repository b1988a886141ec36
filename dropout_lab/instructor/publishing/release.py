"""The students' zip: stubs, lessons, what they need; no solutions, outputs, bytecode, history, tests, teachers' tools.

Stubs and lessons are derived anew from solutions/, so that what a teacher tried out in the working tree does not
travel. There are no tests in it: they judge the completed functions, which a student does not have;
`dropout-lab check` judges theirs.
The same sources give the same bytes: names are sorted, times fixed.
"""

import io
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing import classroom, leaks
from dropout_lab.instructor.publishing.derive import derived
from dropout_lab.instructor.publishing.tree import is_scrap, student_files
from dropout_lab.instructor.selection import in_words
from dropout_lab.system.files import pack, write_atomically

FOLDER = "dropout-lab"
FIRST = "00"  # how a lesson works: part of every release, because README and the command open it
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


class ReleaseError(Exception):
    """A sentence on why there is no release."""


@dataclass(frozen=True)
class Released:
    """What was written: the number of files, the bytes, and the numbers of the lessons."""

    files: int
    size: int
    lessons: tuple[str, ...]


def release(root, out, chosen=None):
    """Write the zip, unless anything in it would give an answer away or lead nowhere.

    Parameters
    ----------
    root : Path
        The repository.
    out : Path
        The zip.
    chosen : tuple of lessons' numbers, such as ("01", "02"), optional
        None means all. Lesson 00 is always part of it.

    Raises
    ------
    ReleaseError
        With the findings. Nothing is written then.
    """
    root, out = Path(root), Path(out)
    content = contents(root, chosen)
    packed = pack(content, f"{FOLDER}/")
    found = leaks.find_in_zip(io.BytesIO(packed), root / "solutions")
    if problems := [*map(str, found), *dead_ends(content)]:
        raise ReleaseError("nothing was written. " + "; ".join(problems[:10]) + (" ..." if len(problems) > 10 else ""))
    write_atomically(out, packed)
    return Released(len(content), len(packed), tuple(sorted({_number(name) for name in content if _number(name)})))


def contents(root, chosen=None):
    """{path: bytes} of a student's copy."""
    files = {str(f): (root / f).read_bytes() for f in student_files(root) if not _number(str(f)) and not is_scrap(f)}
    files |= {f.path.as_posix(): f.text.encode() for f in derived(root)}
    if chosen is not None:
        there = {_number(name) for name in files if _number(name)}
        if missing := set(chosen) - there:
            raise ReleaseError(f"there is no lesson {', '.join(sorted(missing))}")
        files = {name: data for name, data in files.items() if not _number(name) or _number(name) in {FIRST, *chosen}}
        files = {name: _unlinked(name, data, files) if _number(name) else data for name, data in files.items()}
        files = {name: data for name, data in files.items() if not _is_page(name) or _links_to(name, files)}
    files |= classroom.files(chosen)
    files["README.md"] = _readme(files["README.md"].decode("utf-8"), files, chosen).encode()
    return files


def dead_ends(content):
    """Sentences on links of README and lessons that lead to no file of it, and on talk of folders that it lacks."""
    found = []
    for name, text in _texts(content):
        found += [f"{name} links to {target}, which is not in it" for target in _missing(name, text, content)]
        found += [
            f"{name} speaks of {folder}, which is not in it" for folder in ("solutions/", "tests/") if folder in text
        ]
    return found


def _readme(text, files, chosen):
    """README for a student: without the teachers' parts, without lessons that are not there, and saying which are."""
    text = markers.without_teachers(text)
    if chosen is None:
        return text
    rows = [
        line
        for line in text.splitlines(keepends=True)
        if not (line.startswith("|") and any(_number(t) for t in _missing("README.md", line, files)))
    ]
    here = in_words(sorted({_number(name) for name in files if _number(name)}))
    return "".join(rows).replace("## The lessons\n", f"## The lessons\n\nThis copy holds lessons {here}.\n", 1)


def _unlinked(name, data, files):
    """A lesson in which links to lessons that are not there are words."""
    notebook = json.loads(data)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for target in _missing(name, cell["source"], files):
                cell["source"] = re.sub(rf"\[([^\]]*)\]\({re.escape(target)}\)", r"\1", cell["source"])
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _is_page(name):
    """Whether a path is a text beside the lessons, such as the cheat sheet."""
    return re.fullmatch(r"lessons/[^/]+\.md", name)


def _links_to(page, files):
    """Whether one of the lessons links to that page: it comes with them."""
    return any(f"]({PurePosixPath(page).name})".encode() in data for name, data in files.items() if _number(name))


def _missing(name, text, files):
    """The relative targets of links in a text that are no file (or folder with files) of the release."""
    for _, _, target in _LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:|#", target, re.IGNORECASE):
            continue
        place = _joined(PurePosixPath(name).parent, target.split("#")[0])
        if place not in files and not any(f.startswith(f"{place.rstrip('/')}/") for f in files):
            yield target


def _joined(folder, target):
    parts = list(folder.parts)
    for part in PurePosixPath(target).parts:
        if part == "..":
            parts = parts[:-1]
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _texts(content):
    """(name, text) of README and of every cell in words."""
    yield "README.md", content["README.md"].decode("utf-8")
    for name, data in content.items():
        if _number(name):
            yield from ((name, c["source"]) for c in json.loads(data)["cells"] if c["cell_type"] == "markdown")


def _number(name):
    """The number of the lesson that a path is, or None."""
    found = re.fullmatch(r"lessons/(\d\d)_[^/]*\.ipynb", name)
    return found and found[1]
