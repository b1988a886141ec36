"""What the outputs of a lesson depend on: its code, and every module that it imports, directly and through others.

Docstrings and comments are left out, since no output shows them, but for the bank's, which are sentences for students.
Data beside a module belong to it. Of the judge only the bank counts, where a lesson shows it: reports of checks stand
in no output that is compared.
"""

import ast
import io
import tokenize
from functools import lru_cache

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor.publishing.derive import SETUP, solution
from dropout_lab.system.files import digest

PACKAGE, JUDGE = "dropout_lab", "dropout_lab.checks"
BANK = f"{JUDGE}.mistakes"
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def ran_on(root, source):
    """A digest of all that an executed notebook depends on.

    Parameters
    ----------
    root : Path
        The repository.
    source : Path
        The lesson in solutions/.
    """
    parts = [cell.source.encode() for cell in solution(source).cells if cell.cell_type == "code"]
    for module in sorted(imported_by(root, source)):
        file = _file(root, module)
        parts += [module.encode(), _told(file, module), *(path.read_bytes() for path in data_of(root, module))]
    return digest(*parts)


def imported_by(root, source):
    """Names of the package's modules that a lesson imports, directly and through others."""
    waiting, found = _imports(ast.parse(SETUP.format(number="00") + source.read_text("utf-8"))), set()
    while waiting:
        name = waiting.pop()
        file = _file(root, name)
        judges = name == JUDGE or (name.startswith(f"{JUDGE}.") and not name.startswith(BANK))
        if name in found or file is None or judges:
            continue
        found.add(name)
        waiting |= _imports(_parsed(file, file.stat().st_mtime_ns))
        if name == BANK:  # its files are found by their names
            waiting |= {f"{BANK}.{path.stem}" for path in file.parent.glob("[a-z]*.py")}
    return found


def _imports(tree):
    """Every name of the package that may be a module, and the packages around it."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    names = {name for name in names if name.split(".")[0] == PACKAGE}
    return names | {name.rpartition(".")[0] for name in names if name.count(".") > 1}


def _file(root, name):
    """The file of a module as a kernel in solutions/ finds it, or None."""
    path = root.joinpath(*name.split("."))
    if name.removeprefix(f"{PACKAGE}.") in MODULES:
        return root / "solutions" / f"{PACKAGE}/{name.rpartition('.')[2]}.py"
    if (path / "__init__.py").is_file():
        return path / "__init__.py"
    return path.with_suffix(".py") if path.with_suffix(".py").is_file() else None


def _told(file, module):
    return file.read_bytes() if module.startswith(BANK) else _without_words(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=512)
def _parsed(file, changed):
    return ast.parse(file.read_text("utf-8"))


@lru_cache(maxsize=512)
def _without_words(file, changed):
    """The text of a module without comments, docstrings and empty lines: the same for every version of Python."""
    text = file.read_text("utf-8")
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(_parsed(file, changed)):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            first, last = node.body[0].lineno, node.body[0].end_lineno
            lines[first - 1 : last] = [""] * (last - first + 1)
    return "\n".join(line.rstrip() for line in lines if line.strip()).encode()


def data_of(root, module):
    """What lies beside a module and is no module: arrays, tables, scripts, whole folders of results."""
    file = _file(root, module)
    beside = [
        path for path in file.parent.iterdir() if path.suffix not in (".py", ".pyc") and path.name != "__pycache__"
    ]
    folders = [path for path in beside if path.is_dir() and not any(path.rglob("*.py"))]
    files = [path for path in beside if path.is_file()] + [p for folder in folders for p in folder.rglob("*")]
    return sorted(path for path in files if path.is_file() and not path.name.startswith("."))
