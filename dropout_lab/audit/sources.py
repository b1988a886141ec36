"""From what somebody names to code that can be read: a file, a notebook, a module, each perhaps with a name in it."""

import ast
import importlib.util
import io
import json
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path


class Undriven(Exception):
    """A sentence on why there is no verdict; `choices` are names to choose from, `needs` what is missing."""

    def __init__(self, sentence, choices=()):
        super().__init__(sentence)
        self.choices = tuple(choices)


@dataclass(frozen=True)
class Source:
    """Code that was read and not run: `path` is where it came from, `name` which thing in it is meant, or None."""

    path: Path
    text: str
    tree: ast.Module
    name: str | None = None


_PYTHON_2 = re.compile(
    r"^\s*print\s+[^\s(=]|^\s*except\s+\w+\s*,\s*\w+\s*:|^\s*raise\s+\w+\s*,|\bexec\s+[\"']", re.MULTILINE
)


def read(target):
    """The `Source` of a target in words: `file.py`, `file.py:Name`, `notebook.ipynb`, `package.module:Name`.

    Raises
    ------
    Undriven
        If there is no such file, or it is no Python that can be parsed.
    """
    place, name = _split(str(target))
    path = Path(place)
    if not path.exists():
        path = _of_module(place)
    if path.is_dir():
        raise Undriven(f"{place} is a folder. Name a file in it, such as {place.rstrip('/')}/dropout.py.")
    text = _code_cells(path) if path.suffix == ".ipynb" else _decoded(path)
    return Source(path.resolve(), text, parse(text, path.name), name)


def parse(text, called):
    """The syntax tree; `Undriven` says what stands in the way."""
    try:
        return ast.parse(text, called)
    except SyntaxError as error:
        if _PYTHON_2.search(text) or "Missing parentheses in call to 'print'" in str(error.msg):
            raise Undriven(
                f"{called} is Python 2 (line {error.lineno}: {(error.text or '').strip()!r})."
                " Python 3 cannot run it; `2to3` or a few brackets after `print` bring it over."
            ) from None
        raise Undriven(f"{called} does not parse: {error.msg}, line {error.lineno}.") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Undriven(f"{called} does not parse: {error}.") from None


def _split(target):
    """("file.py", "Name") of "file.py:Name"; a drive letter is no name."""
    place, colon, name = target.rpartition(":")
    return (
        (place, name)
        if colon and re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", name) and len(place) > 1
        else (target, None)
    )


def _of_module(name):
    if not re.fullmatch(r"[A-Za-z_][\w.]*", name) or name.endswith((".py", ".ipynb")):
        raise Undriven(f"there is no file {name}.")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        spec = None
    if spec is None:
        raise Undriven(f"there is no file and no module {name}.")
    if not spec.origin or not spec.origin.endswith(".py"):
        raise Undriven(f"{name} is not written in Python, so it cannot be read; give its class to audit(...) instead.")
    return Path(spec.origin)


def _decoded(path):
    try:
        raw = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        return raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError):
        raise Undriven(f"{path.name} is not text in any encoding that Python knows.") from None
    except OSError as error:
        raise Undriven(f"{path.name} cannot be read: {error.strerror}.") from None


def _code_cells(path):
    """The code of a notebook: its cells one after the other, without the ones that do not parse, and without magics."""
    try:
        cells = json.loads(_decoded(path))["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        raise Undriven(f"{path.name} is no notebook of format 4.") from None
    kept = []
    for cell in code:
        if cell.lstrip().startswith("%%"):
            continue
        plain = re.sub(r"^(\s*)[%!?].*$|^.*\?\s*$", r"\1pass", cell, flags=re.MULTILINE)
        try:
            ast.parse(plain)
        except SyntaxError:
            if _PYTHON_2.search(plain):
                parse(plain, path.name)
            continue
        kept.append(plain)
    if not kept:
        raise Undriven(f"{path.name} has no cell of Python code.")
    return "\n\n".join(kept)
