"""The sources of the pages, as Sphinx reads them: README as the page about the course, the lessons, the cheat sheet.

Answers fold: a cell of code goes behind a button, text behind a line to click. No Python runs in a page: a panel shows
the views that its notebook keeps.
"""

import re
import shutil
from pathlib import Path

import nbformat

from dropout_lab.instructor import markers
from dropout_lab.instructor.publishing.derive import read_source
from dropout_lab.instructor.publishing.site import lite, panels
from dropout_lab.lab.widgets.views import MIME

WIDGET = "application/vnd.jupyter.widget-view+json"
PANEL = "A panel stands here in Jupyter, with controls to turn. As it opens, it says:"  # one that kept no views
_LINK = re.compile(r"\[([^\]]+)\]\((?:lessons/)?(\d\d_\w+)\.ipynb\)")
_HEADING = re.compile(r"\A#+ [^\n]*\n+")
_BESIDE = """
Beside the lessons: the [gallery of mistakes](gallery.md), the [cheat sheet](cheat_sheet.md), and
[Is my dropout right?](is_my_dropout_right.md)
"""
_ID = re.compile(r"\| ([A-Z]\d\d) \|$", re.M)  # the last column of the cheat sheet: ids of mistakes
_TREE = """
```{{toctree}}
:hidden:
:caption: {caption}

{names}
```
"""


def write(root, folder, with_lite):
    """Write about.md, the lessons, the cheat sheet, the guide; {name of a lesson: whether it is that of its source}.

    `with_lite` says whether each lesson links to itself in JupyterLite.
    """
    sources = [s for s in sorted((root / "solutions").glob("[0-9][0-9]_*.py")) if s.with_suffix(".ipynb").exists()]
    lessons = {}
    for source in sources:
        notebook, lessons[source.stem] = lesson(source, {s.stem for s in sources}, folder / "_static")
        if with_lite:
            notebook.cells[0].source = _HEADING.sub(rf"\g<0>{lite.link(source.stem)}\n\n", notebook.cells[0].source)
        nbformat.write(notebook, folder / f"{source.stem}.ipynb")
    (folder / "about.md").write_text(_about(root / "README.md", lessons), "utf-8")
    sheet = _ID.sub(r'| <a href="gallery.html#\1">\1</a> |', (root / "solutions" / "cheat_sheet.md").read_text("utf-8"))
    (folder / "cheat_sheet.md").write_text(f"{sheet}\n{_style('cheat_sheet.css')}", "utf-8")
    guide = (root / "docs" / "INSTRUCTORS.md").read_text("utf-8").replace("[README](../README.md)", "README")
    (folder / "instructors.md").write_text(guide, "utf-8")
    for name in ("LICENSE", "docs/dropout.png"):
        shutil.copy(root / name, folder / "_static")
    return lessons


def lesson(source, lessons, static):
    """An executed notebook as a page: answers folded, panels with their views, pictures described.

    Parameters
    ----------
    source : Path
        The lesson's source, which knows what is an answer. The notebook stands beside it.
    lessons : set of names
        The pages that links may lead to.
    static : Path
        The folder for the pictures of panels.

    Returns
    -------
    notebook : NotebookNode
    current : bool
        Whether its cells are those of the source. A cell that is not stands as it was run.
    """
    notebook = nbformat.read(Path(source).with_suffix(".ipynb"), 4)
    complete = [(markers.complete(cell.source).rstrip("\n"), cell) for cell in read_source(source).cells]
    current, written = [cell.source for cell in notebook.cells] == [text for text, _ in complete], dict(complete)
    for cell in notebook.cells:
        original = written.get(cell.source, cell)
        if cell.cell_type == "code":
            _code(cell, original)
            _panels(cell, static, source.stem)
        else:
            cell.source = linked(_text(original), lessons)
    return notebook, current


def linked(text, lessons):
    """The text with links between pages; a link to a lesson that is not there becomes its words."""
    return _LINK.sub(lambda link: f"[{link[1]}]({link[2]}.ipynb)" if link[2] in lessons else link[1], text)


def _is_answer(cell):
    return "solution" in cell.metadata.get("tags", [])


def _code(cell, original):
    answer = _is_answer(original) or bool(markers.solutions(original.source))
    setup = "setup" in original.metadata.get("tags", [])
    prompts = {"code_prompt_show": "Show the imports", "code_prompt_hide": "Hide the imports"}
    tags = ["hide-cell"] if answer else ["hide-input"] if setup else []
    cell.metadata = nbformat.from_dict({"tags": tags, "mystnb": prompts if setup else {}})
    said = " ".join("".join(o.get("text", "") for o in cell.outputs).split())
    for output in cell.outputs:
        data = output.get("data", {})
        if "image/png" in data:
            data.pop("text/plain", None)  # <Figure size ...>
            cell.metadata["mystnb"] |= {"image": {"alt": said or "A figure; the text below says what it shows."}}


def _panels(cell, static, name):
    for output in cell.outputs:
        data = output.get("data", {})
        if not data.pop(WIDGET, None):
            continue
        output.update(output_type="display_data", metadata={})
        output.pop("execution_count", None)
        if kept := data.pop(MIME, None):
            output.data = {"text/html": panels.html(kept, static, f"{name}-{cell.id}")}
        else:
            data["text/plain"] = f"{PANEL}\n{data['text/plain']}"


def _text(original):
    """The source of a cell of text, its answers behind a line to click."""
    if not _is_answer(original):
        return markers.replaced(original.source, _folded)
    text = markers.complete(original.source)
    heading = _HEADING.match(text)
    start = heading.end() if heading else 0
    return text[:start] + _folded(text[start:])


def _folded(text):
    text = re.sub(r"^#+ (.*)$", r"**\1**", text, flags=re.M)  # a section cannot begin inside of a fold
    return f'\n<details class="answer"><summary>Show the answer</summary>\n\n{text.strip()}\n\n</details>\n'


def _about(readme, lessons):
    """README up to what is for teachers, and the tree of the pages."""
    text = markers.without_teachers(readme.read_text("utf-8")).replace("# dropout-lab\n", "# About the course\n", 1)
    text = linked(text, lessons).replace("](LICENSE)", "](_static/LICENSE)").replace("](docs/drop", "](_static/drop")
    beside = ["gallery", "cheat_sheet", "is_my_dropout_right"]
    return (
        text.replace("\n## For students", f"{_BESIDE}\n## For students", 1)
        + _TREE.format(caption="Lessons", names="\n".join(lessons))
        + _TREE.format(caption="To look things up", names="\n".join(beside))
        + _TREE.format(caption="To teach it", names="instructors")
    )


def _style(name):
    return f'<link rel="stylesheet" href="_static/{name}">\n'
