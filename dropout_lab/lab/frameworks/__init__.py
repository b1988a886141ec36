"""The dropout layers of the frameworks, audited: PyTorch's live where it is installed, the others as recorded.

`python -m dropout_lab.lab.frameworks` audits all that are installed and writes recorded.json again.
"""

import importlib
import json
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from dropout_lab.audit import audit
from dropout_lab.system.files import write_atomically

RECORD = Path(__file__).with_name("recorded.json")
LAYERS = {  # name in the lesson: (package, module, attribute)
    "nn.Dropout": ("torch", "torch.nn", "Dropout"),
    "F.dropout": ("torch", "torch.nn.functional", "dropout"),
    "nn.Dropout2d": ("torch", "torch.nn", "Dropout2d"),
    "nn.AlphaDropout": ("torch", "torch.nn", "AlphaDropout"),
    "keras.layers.Dropout": ("keras", "keras.layers", "Dropout"),
    "keras.layers.GaussianDropout": ("keras", "keras.layers", "GaussianDropout"),
    "flax.linen.Dropout": ("flax", "flax.linen", "Dropout"),
    "equinox.nn.Dropout": ("equinox", "equinox.nn", "Dropout"),
}
COLUMNS = ("number", "default", "all dropped", "whole numbers", "float16", "mode", "coins")
LIVE = ("torch",)  # the others take longer than a lesson may


@cache
def found(name):
    """The record of one layer: its verdict, its message, and what `COLUMNS` names."""
    package, module, attribute = LAYERS[name]
    if package in LIVE and find_spec(package):
        return _asked(package, module, attribute)
    return json.loads(RECORD.read_text("utf-8"))[name]


def verdicts():
    """One line for each layer: what the audit says of it."""
    return {name: found(name)["message"] for name in LAYERS}


def conventions():
    """{layer: {column: what the audit found}} of the layers that are dropout."""
    rows = {name: found(name) for name in LAYERS}
    return {name: {c: row[c] for c in COLUMNS} for name, row in rows.items() if row["verdict"] == "right"}


def _asked(package, module, attribute):
    seen = audit(getattr(importlib.import_module(module), attribute))
    record = {"verdict": seen.verdict, "message": seen.message, "version": version(package)}
    number = f"{seen.observations.get('number')}, to {seen.observations.get('means')}"
    return record | {c: seen.observations.get(c) for c in COLUMNS} | {"number": number}


def record():
    """Audit every layer that is installed; what is not keeps its old record."""
    old = json.loads(RECORD.read_text("utf-8")) if RECORD.exists() else {}
    new = {name: _asked(*where) for name, where in LAYERS.items() if find_spec(where[0])}
    write_atomically(RECORD, json.dumps(old | new, indent=1, ensure_ascii=False) + "\n")
    return new
