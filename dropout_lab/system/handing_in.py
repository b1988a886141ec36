"""What a student hands in, as one zip: modules, helpers beside them, predictions, and notebooks that were worked in.

Outputs are taken out of the notebooks: what they show comes from the modules. The same work gives the same bytes.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dropout_lab.system.files import pack, write_atomically
from dropout_lab.system.places import PREDICTIONS

NAME = "handin.zip"
OURS = {"__init__", "__main__", "cli"}


@dataclass(frozen=True)
class HandedOver:
    """What went into the zip: names of modules and helpers, numbers of lessons, whether predictions are in it."""

    modules: tuple[str, ...]
    lessons: tuple[str, ...]
    predictions: bool


def hand_in(folder, out):
    """Write the zip.

    Parameters
    ----------
    folder : Path
        The course folder.
    out : Path

    Returns
    -------
    what : HandedOver
    """
    folder = Path(folder)
    content = {f"dropout_lab/{path.name}": path.read_bytes() for path in _modules(folder / "dropout_lab")}
    modules = tuple(Path(name).stem for name in content)
    worked_in = {path.name: text for path in sorted(folder.glob("lessons/*.ipynb")) if (text := _worked_in(path))}
    content |= {f"lessons/{name}": text for name, text in worked_in.items()}
    predictions = folder / "lessons" / PREDICTIONS
    if predictions.is_file():
        content[f"lessons/{PREDICTIONS}"] = predictions.read_bytes()
    write_atomically(out, pack(content))
    return HandedOver(modules, tuple(name[:2] for name in worked_in), predictions.is_file())


def lessons_in(folder):
    """The numbers of the lessons that a course folder has."""
    return {path.name[:2] for path in Path(folder).glob("lessons/[0-9][0-9]_*.ipynb")}


def _modules(package):
    """The Python files that a student wrote: not ours, and no copy that `reset` or `init` put beside."""
    return sorted(path for path in package.glob("*.py") if path.stem not in OURS and path.stem.isidentifier())


def _worked_in(path):
    """A notebook without outputs, if a cell of it was run; else None."""
    try:
        notebook = json.loads(path.read_text("utf-8"))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        if not any(cell.get("execution_count") for cell in cells):
            return None
        for cell in cells:
            cell["outputs"], cell["execution_count"] = [], None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "replace")
