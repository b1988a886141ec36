"""Numbers in the text of a lesson, and the predictions that it asks for: read from its executed notebook."""

import ast
import re
from dataclasses import dataclass

NUMBER = re.compile(r"(?<![\w.,/^{-])[−-]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w/])\s?%?")
# what is no statement about results: code, formulas, addresses, names of lessons and exercises, years, papers
ASIDE = re.compile(
    r"`[^`]*`|\$\$.*?\$\$|\$[^$\n]*\$|\]\([^)]*\)|<[^>]*>|arXiv \S+"
    r"|\b(?:lessons?|exercise|Build|statements?|section|table|seeds?|Python|NumPy|PyTorch|version)"
    r" [\d.]+(?:(?: to | and |, |–)\d+)*"
    r"|\b(?:19|20)\d\d\b|^\*\*(?:Minutes|Build).*$|^#+ .*$",
    re.S | re.M | re.I,
)


@dataclass(frozen=True)
class Prediction:
    """A `predict` of a lesson: where it stands, what it asks, and where its answer is shown."""

    cell: int
    name: str
    blank: bool
    choices: tuple
    shown: int | None  # the cell of its `reveal`
    literal: bool  # whether the answer stands in that cell as it is


def numbers(text):
    """[(as written, value, half a unit of its last digit)] of the numbers in a text that are statements."""
    found = []
    for match in NUMBER.finditer(ASIDE.sub(" ", text)):
        written = match[0].strip().rstrip(",")
        bare = written.rstrip("% ").replace(",", "").replace("−", "-")
        decimals = len(bare.partition(".")[2].partition("e")[0])
        if "." not in bare and "%" not in written and abs(float(bare)) < 20:
            continue  # small whole numbers count things that the reader sees
        scale = 0.01 if "%" in written else 1
        found.append((written, float(bare) * scale, 0.5001 * 10**-decimals * scale))
    return found


def everything_shown(notebook):
    """Every number that the code of a notebook holds or prints, as a set of floats."""
    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                texts += [output.get("text", ""), output.get("evalue", ""), str(output.get("metadata", ""))]
                data = output.get("data", {})
                texts += ["".join(data.get(kind, "")) for kind in ("text/plain", "text/html")]
    found = set()
    for text in texts:
        for match in re.finditer(r"-?\d[\d,_]*\.?\d*(?:e[+-]?\d+)?%?", text):
            bare = match[0].rstrip("%").replace(",", "").replace("_", "")
            found |= {float(bare), float(bare) / 100} if match[0].endswith("%") else {float(bare)}
    return found


def unsupported(text, shown, quoted=()):
    """The numbers of a text that nothing shows within their digits, and that are no quotations."""
    return [
        written
        for written, value, half in numbers(text)
        if written not in quoted and not any(abs(abs(s) - abs(value)) <= half for s in shown)
    ]


def predictions(notebook):
    """Every `predict` of a notebook, with its `reveal` if that is in the same notebook."""
    asked, shown = [], {}
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            continue
        for call in _calls(cell.source):
            if call.func.id == "predict":
                choices = next((ast.literal_eval(k.value) for k in call.keywords if k.arg == "choices"), ())
                asked.append((i, call.args[0].value, _is_blank(call.args[1]), choices))
            else:
                shown[call.args[0].value] = i, isinstance(call.args[1], ast.Constant)
    return [Prediction(*rest, *shown.get(rest[1], (None, False))) for rest in asked]


def answer(notebook, prediction):
    """The answer as the executed notebook prints it, or None where it is shown elsewhere."""
    if prediction.shown is None:
        return None
    said = "".join(o.get("text", "") for o in notebook.cells[prediction.shown].outputs)
    parts = re.findall(rf"^{re.escape(prediction.name)}(?:, [^:]+)?: (.*) · ", said, re.M)
    return parts or None


def before(notebook, prediction):
    """What a student has on the screen of this section before the answer: text, code and outputs up to the prediction,
    and what stands unfolded between it and its answer.
    """
    start = max((i for i in range(prediction.cell) if re.search(r"^## ", notebook.cells[i].source, re.M)), default=0)
    pieces = []
    for i in range(start, prediction.shown + 1):
        cell = notebook.cells[i]
        text = cell.source.partition("<details")[0]
        if i == start:
            text = re.split(r"^## ", text, flags=re.M)[-1]
        pieces.append(text)
        if cell.cell_type == "code" and i < prediction.cell:
            pieces += [o.get("text", "") for o in cell.outputs]
    return "\n".join(pieces)


def _calls(source):
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("predict", "reveal")
    ]


def _is_blank(node):
    if isinstance(node, ast.Dict):
        return all(_is_blank(value) for value in node.values)
    if isinstance(node, ast.Tuple):
        return all(map(_is_blank, node.elts))
    return isinstance(node, ast.Constant) and node.value is ...
