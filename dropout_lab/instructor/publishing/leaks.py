"""The leak gate: no solution, no output and no bytecode reaches a student.

It looks at a tree or at a zip, file by file, and knows the answers from the regions between BEGIN and END SOLUTION
in solutions/. A statement counts as a leak where it stands whole: in code, in a comment, or quoted (`answers`).
Statements that compute nothing (`x, w = cache`, `return grads`, the head of a plain loop or function) or only count
(`depth = len(params) // 2`) give nothing away and are not looked for.
"""

import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dropout_lab.instructor.publishing.answers import Answers, found_in
from dropout_lab.instructor.publishing.tree import is_scrap, student_files
from dropout_lab.system.places import ROOT

BANK = "dropout_lab/checks/mistakes/"  # right but for one line: an answer's own names are looked for
JUDGES = "dropout_lab/lab/practice/"  # of what is built in a notebook for no points; they compare with a right answer
_ELSEWHERE = ("solutions", "tests", ".git", "dropout_lab/instructor")  # not in a zip for students


@dataclass(frozen=True)
class Finding:
    """One leak: where it is and what it is. Line 0 means the file as a whole."""

    file: str
    line: int
    what: str

    def __str__(self):
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


def find(root, solutions=None):
    """Every leak in the student's files under root.

    Parameters
    ----------
    root : Path
        The repository, or a folder that a release was unpacked into.
    solutions : Path, optional
        The folder with the answers. Default: root/solutions, or this repository's if root has none.

    Returns
    -------
    findings : list of Finding
        Empty if nothing leaks.
    """
    root = Path(root)
    own = root / "solutions"
    answers = Answers(solutions or (own if own.is_dir() else ROOT / "solutions"))
    return [finding for f in student_files(root) for finding in inspect(str(f), (root / f).read_bytes(), answers)]


def find_in_zip(path, solutions=None):
    """Every leak in a zip for students, the folders that have no place in it included."""
    answers = Answers(solutions or ROOT / "solutions")
    findings = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(n for n in archive.namelist() if not n.endswith("/")):
            inner = (
                PurePosixPath(name).relative_to(PurePosixPath(name).parts[0]) if "/" in name else PurePosixPath(name)
            )
            if any(inner.is_relative_to(folder) for folder in _ELSEWHERE):
                findings.append(Finding(name, 0, "has no place in a student's copy"))
            findings += inspect(name, archive.read(name), answers)
    return findings


def inspect(name, content, answers):
    """The findings in one file, given its name and bytes."""
    if is_scrap(name):
        return [Finding(name, 0, "bytecode, a cache or a hidden file")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return []  # data or a picture
    if name.endswith(".ipynb"):
        return _in_notebook(name, text, answers)
    marked = [
        Finding(name, n, "a solution marker")
        for n, line in enumerate(text.splitlines(), 1)
        if re.match(r"\s*### (BEGIN|END) SOLUTION", line)
    ]
    return marked + _in_text(name, text, answers)


def _in_text(name, text, answers):
    if JUDGES in name:
        return []
    return [
        Finding(name, number, f"a solution line: {line}")
        for number, line in found_in(text, answers, renamed=BANK not in name)
    ]


def _in_notebook(name, text, answers):
    """Findings in a notebook. Lines are those of the file, so that an editor can go there."""
    try:
        cells = json.loads(text)["cells"]
    except (ValueError, KeyError, TypeError):
        return [Finding(name, 0, "not a notebook that can be read")]
    findings = []
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "")
        source = source if isinstance(source, str) else "".join(source)
        line = _line_of(text, cell)
        if cell.get("outputs") or cell.get("execution_count") is not None:
            findings.append(Finding(name, line, f"cell {number} has an output or was run"))
        if "solution" in cell.get("metadata", {}).get("tags", []):
            findings.append(Finding(name, line, f"cell {number} is tagged solution"))
        if "### BEGIN SOLUTION" in source or "### END SOLUTION" in source:
            findings.append(Finding(name, line, f"cell {number} has a solution marker"))
        findings += [Finding(name, line, f"cell {number} has {f.what}") for f in _in_text(name, source, answers)]
    return findings


def _line_of(text, cell):
    """The line of the file on which a cell's id stands, or 0."""
    at = text.find(f'"id": "{cell.get("id")}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else 0
