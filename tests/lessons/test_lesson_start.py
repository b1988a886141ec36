"""What the set-up cell does when a student's file cannot be read."""

import os
import shutil

import nbformat.v4 as v4

from conftest import ROOT
from dropout_lab.instructor.publishing.execute import execute

SETUP = "from dropout_lab.lab.notebook import start\nstart()\nfrom dropout_lab import layers"


def test_a_file_that_does_not_parse_is_named_in_a_line(tmp_path):
    """And no traceback of what tried to load it stands around it."""
    shutil.copytree(ROOT / "dropout_lab", tmp_path / "dropout_lab", ignore=shutil.ignore_patterns("__pycache__"))
    source = tmp_path / "dropout_lab" / "layers.py"
    spoil = f"from pathlib import Path\nPath({str(source)!r}).write_text('x = (1\\n')"
    cells = [v4.new_code_cell(text) for text in (SETUP, spoil, "print('on')")]
    ran = execute(v4.new_notebook(cells=cells), tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    (said,) = ran.cells[2].outputs
    assert said.name == "stdout"
    assert said.text == (
        "✗ dropout_lab/layers.py, line 1: '(' was never closed."
        " Until this is mended and saved, the version before it counts.\non\n"
    )
