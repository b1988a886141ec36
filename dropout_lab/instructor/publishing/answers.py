"""What gives an answer away, and how it is recognised: however it is spaced, commented, or its variables are named.

Code is compared as Python reads it, statement by statement, once with its names and once with its variables numbered in
the order in which they appear. What calls, computes or compares too little to be anybody's answer is left out: without
names, more is asked than with them, and what the course shows elsewhere is no secret. Words are compared apart from
spaces.
"""

import ast
import builtins
import re
import warnings
from functools import lru_cache
from pathlib import Path

import jupytext
import nbformat

from dropout_lab.instructor import markers

SHORTEST = 12  # characters; a shorter line says too little to give anything away
TELLING = 2  # calls, operations and comparisons in a statement that is known without its names
_COMPUTES = (ast.BinOp, ast.Call, ast.Compare)
_OPERATES = (*_COMPUTES, ast.UnaryOp, ast.Subscript)
_QUOTED = re.compile(r"`([^`]+)`|\"([^\"]+)\"|'([^']+)'")
_GIVEN = {"np", "dropout_lab", *dir(builtins)}
_HOLDERS = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef)
_HELD = ("body", "orelse", "finalbody", "handlers")


class Answers:
    """The answers of a folder of sources, ready to be looked for."""

    def __init__(self, folder):
        self.folder, self.named, self.numbered, self._sizes = Path(folder), {}, {}, set()
        words, shown = set(), []
        for source in sorted(self.folder.rglob("*.py")):
            for cell in _cells(source):
                if cell.cell_type == "markdown":
                    words |= {_spaced(line) for line in markers.solutions(cell.source) if len(line) >= SHORTEST}
                for line, statement, inside in _regions(cell.source):
                    if inside:
                        self._learn(statement, line)
                    else:
                        shown.append(_head(statement))
        if not self.named and not words:
            raise ValueError(f"{folder} holds no solution regions: nothing to compare with")
        for head in shown:  # what the course shows elsewhere, under other names, is no answer
            if _size(head) in self._sizes:
                self.numbered.pop(_numbered(head), None)
        whole = "|".join(re.escape(line) for line in sorted(words, key=len, reverse=True))
        self._words = re.compile(whole) if words else None

    def _learn(self, statement, line):
        head = _head(statement)
        if len(line) < SHORTEST or not _tells(head):
            return
        self._sizes.add(_size(head))
        self.named.setdefault(ast.dump(head), line)
        if _operations(head) >= TELLING:
            self.numbered.setdefault(_numbered(head), line)

    def of(self, statement, renamed=True):
        """The solution line that a statement says, or None; `renamed`: under other names as well."""
        head = _head(statement)
        if _size(head) not in self._sizes:  # most are told apart by this, which is quick
            return None
        found = self.named.get(ast.dump(head))
        return found or (self.numbered.get(_numbered(head)) if renamed and _operations(head) >= TELLING else None)

    def in_words(self, line):
        """The solution line in words that a line of text holds, or None."""
        found = self._words and self._words.search(_spaced(line))
        return found and found[0]


def found_in(text, answers, renamed=True):
    """(number of the line, solution line) of each answer in a text, be it a module, a cell or prose."""
    found = {}
    for number, statement in statements_in(text):
        if line := answers.of(statement, renamed):
            found.setdefault(number, line)
    for number, line in enumerate(text.splitlines(), 1):
        if said := answers.in_words(line):
            found.setdefault(number, said)
    return sorted(found.items())


def statements_in(text):
    """(number of the line, statement) of what is Python in a text: the whole, if it parses, lines, quotes."""
    tree = _parsed(text)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.stmt):
            yield node.lineno, node
    for number, line in enumerate(text.splitlines(), 1):
        quoted = [next(filter(None, found)) for found in _QUOTED.findall(line)]
        for piece in (*(() if tree else (line,)), line.partition("#")[2], *quoted):
            if any(sign in piece for sign in "(=+-*/@<>"):
                yield from ((number, node) for node in _statements(piece.strip(" \t\\n,;")))


def _statements(line):
    head = re.match(r"(for|if|while|with|def|class)\b.*:$", line)
    tree = _parsed(f"{line} pass" if head else line)
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)] if tree else []


@lru_cache(maxsize=4096)
def _parsed(text):
    try:
        with warnings.catch_warnings(action="ignore"):  # of prose that is nearly Python
            return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _numbered(head):
    """Variables numbered in the order in which they appear; functions and modules keep their names."""
    keep = {node.func.id for node in ast.walk(head) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    numbers = {}

    def number(name):
        if name[1] in keep or name[1] in _GIVEN:
            return name[0]
        return f"Name(id=v{numbers.setdefault(name[1], len(numbers))}"

    return re.sub(r"Name\(id='(\w+)'", number, ast.dump(head))


def _operations(head):
    return sum(isinstance(node, _OPERATES) for node in ast.walk(head))


def _tells(head):
    """Whether a statement computes something. A plain count (`depth = len(params) // 2`) gives nothing away."""
    if isinstance(head, ast.Assign) and re.fullmatch(r"len\(\w+\)( (//|\+|-) \d)?", ast.unparse(head.value)):
        return False
    wanted = ast.BinOp if isinstance(head, _HOLDERS) else _COMPUTES
    return any(isinstance(node, wanted) for node in ast.walk(head))


def _head(statement):
    """The statement; of one that holds others, only its head."""
    if not isinstance(statement, _HOLDERS):
        return statement
    return type(statement)(**{name: [] if name in _HELD else value for name, value in ast.iter_fields(statement)})


def _size(head):
    return type(head), sum(1 for _ in ast.walk(head))


def _cells(source):
    text = source.read_text("utf-8")
    if re.match(r"\d\d_", source.name):
        return jupytext.reads(text, fmt="py:percent").cells
    return [nbformat.v4.new_code_cell(text)]


def _regions(text):
    """(its first line, statement, whether it is in a solution region) of each statement."""
    lines, inside, regions = text.splitlines(), False, set()
    for number, line in enumerate(lines, 1):
        if "### BEGIN SOLUTION" in line or "### END SOLUTION" in line:
            inside = "BEGIN" in line
        elif inside:
            regions.add(number)
    tree = _parsed(text)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.stmt):
            yield lines[node.lineno - 1].strip(), node, node.lineno in regions


def _spaced(line):
    return " ".join(line.split())
