"""From the one source to what is derived without running anything: stubs, lessons, pages.

solutions/dropout_lab/NAME.py -> dropout_lab/NAME.py       solution regions become stubs
solutions/NN_name.py          -> lessons/NN_name.ipynb     without solutions and outputs
solutions/NAME.md             -> lessons/NAME.md           as it is, where a lesson links to it
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import nbformat

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing import lesson_cards
from dropout_lab.system.derived import as_text, digest_of

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
SETUP = """\
try:
    from dropout_lab.lab.notebook import start
except ModuleNotFoundError:  # not installed: a whole copy above this notebook will do, else it is fetched
    import subprocess
    import sys
    from pathlib import Path

    above = [str(f) for f in (Path.cwd(), *Path.cwd().parents) if (f / "dropout_lab/lab").is_dir()][:1]
    if not above:
        print("dropout-lab is not installed here. Fetching it, which takes a minute.")
        wheel = sorted(map(str, Path.cwd().glob("dropout_lab-*.whl")))[-1:] or ["dropout-lab"]
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *wheel], stderr=subprocess.DEVNULL)
    sys.path[:0] = above
    for name in [name for name in sys.modules if name.split(".")[0] == "dropout_lab"]:
        del sys.modules[name]
    try:
        from dropout_lab.lab.notebook import start
    except ModuleNotFoundError as missing:
        raise SystemExit(f"{{missing}}. In a terminal: python -m pip install dropout-lab  Then restart the kernel.")
start("{number}")  # from here on, a saved edit in dropout_lab/ counts in the next cell
"""


@dataclass(frozen=True)
class Derived:
    """A file to write: where it goes and what goes in."""

    path: Path
    text: str


def derived(root, only=()):
    """The stubs and lessons as their sources ask for, whatever stands on disk."""
    return [*_stubs(root, only), *_lessons(root, only), *_pages(root, only)]


def sources(root, only=()):
    """The sources of the lessons of these numbers or names; none means all."""
    found = sorted((root / "solutions").glob("[0-9][0-9]_*.py"))
    return [s for s in found if not only or any(s.stem == o or s.stem.startswith(f"{o}_") for o in only)]


def _stubs(root, only):
    for name in MODULES:
        source = root / "solutions" / "dropout_lab" / f"{name}.py"
        if not only or name in only:
            yield Derived(Path("dropout_lab") / source.name, stub(source.read_text("utf-8"), name))


def stub(text, module):
    """The student's version of a module: each solution region raises the name of its exercise."""

    def message(start):
        function = re.findall(r"^def (\w+)", text[:start], re.M)[-1]
        exercise = next(e for e in EXERCISES.values() if e.function == function)
        return f'raise NotImplementedError("`{function}` is still blank. {exercise.place}")'

    return markers.blank(text, message)


def _lessons(root, only):
    for source in sources(root, only):
        yield Derived(Path("lessons") / f"{source.stem}.ipynb", stamped(lesson(source)))


def stamped(notebook):
    """The notebook as text, with a digest of itself in its metadata, by which an edit is known."""
    return as_text(notebook | {"metadata": notebook.metadata | {"dropout_lab": {"built": digest_of(notebook)}}})


def _pages(root, only):
    texts = [source.read_text("utf-8") for source in sources(root, only)]
    for page in sorted((root / "solutions").glob("*.md")):
        if any(f"]({page.name})" in text for text in texts):
            yield Derived(Path("lessons") / page.name, page.read_text("utf-8"))


def lesson(source):
    """What a student opens: no solution cells, no solution regions, no outputs."""
    notebook = read_source(source)
    notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        cell.source = markers.blank(cell.source, lambda start, cell=cell: _answer(cell)).rstrip("\n")
    return notebook


def _answer(cell):
    return "# your turn" if cell.cell_type == "code" else "*Your answer:*"


def solution(source):
    """What a teacher opens, before it is run: everything, without the markers."""
    notebook = read_source(source)
    for cell in notebook.cells:
        cell.source = markers.complete(cell.source).rstrip("\n")
    return notebook


def read_source(source):
    """The source as a notebook, with cell ids that depend on the text alone."""
    notebook = jupytext.reads(source.read_text("utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    used = set()
    for cell in notebook.cells:
        name = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        while name in used:
            name = hashlib.sha256(name.encode()).hexdigest()[:8]
        used.add(name)
        cell.id = name
        if "setup" in cell.metadata.get("tags", []):
            cell.source = SETUP.format(number=source.name[:2]) + cell.source
            cell.metadata["jupyter"] = {"source_hidden": True}  # folded to a line
        if cell.cell_type == "markdown":
            cell.source = lesson_cards.dressed(cell.source)
        cell.metadata.pop("lines_to_next_cell", None)
    return notebook
