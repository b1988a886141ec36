"""The leak gate: no solution, no output and no bytecode reaches a student.

It looks at a tree or at a zip, file by file, and knows the answers from the regions between BEGIN and END SOLUTION
in solutions/. A line counts as a leak where it stands whole: as a line, after indentation, before a comment, or quoted.
Lines that compute nothing (`x, w = cache`, `return grads`, the head of a plain loop or function) or only count
(`depth = len(params) // 2`) give nothing away and are not looked for.
"""

import ast
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import jupytext

from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing.tree import is_scrap, student_files
from dropout_lab.system.places import ROOT

SHORTEST = 12  # characters; a shorter line says too little to give anything away
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


class Answers:
    """The solution lines of a folder of sources, ready to be looked for."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.lines = sorted({line for source in sorted(self.folder.rglob("*.py")) for line in _solution_lines(source)})
        if not self.lines:
            raise ValueError(f"{folder} holds no solution regions: nothing to compare with")
        whole = "|".join(re.escape(line) for line in sorted(self.lines, key=len, reverse=True))
        self._pattern = re.compile(rf"(?<![\w.])(?:{whole})(?=\s*(?:$|[#;\"'`]))")

    def within(self, text):
        """The solution line that stands in a line of text, or None."""
        found = self._pattern.search(text)
        return found and found[0]


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
    return marked + _in_lines(name, text.splitlines(), answers)


def _in_lines(name, lines, answers, first=1):
    return [
        Finding(name, n, f"a solution line: {line}")
        for n, text in enumerate(lines, first)
        if (line := answers.within(text))
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
        findings += [
            Finding(name, line, f"cell {number} has {f.what}") for f in _in_lines(name, source.splitlines(), answers)
        ]
    return findings


def _line_of(text, cell):
    """The line of the file on which a cell's id stands, or 0."""
    at = text.find(f'"id": "{cell.get("id")}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else 0


def _solution_lines(source):
    """The lines of a source that would give an answer away, without indentation and trailing comments."""
    text = source.read_text("utf-8")
    cells = [text]
    if re.match(r"\d\d_", source.name):
        cells = [cell.source for cell in jupytext.reads(text, fmt="py:percent").cells]
    for line in (line for cell in cells for line in markers.solutions(cell)):
        line = re.split(r"\s{2,}#", line)[0].strip()
        if len(line) >= SHORTEST and not line.startswith(("#", '"""', "'''")) and _tells(line):
            yield line


def _tells(line):
    """Whether a line computes something. What is not a whole statement of Python counts as if it did."""
    head = re.match(r"(for|if|while|with|def|class)\b.*:$", line)
    if re.fullmatch(r"\w+ = len\(\w+\)( (//|\+|-) \d)?", line):
        return False
    try:
        nodes = list(ast.walk(ast.parse(line + " pass" if head else line)))
    except SyntaxError:
        return True
    return any(isinstance(node, ast.BinOp if head else (ast.BinOp, ast.Call, ast.Compare)) for node in nodes)
