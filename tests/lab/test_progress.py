"""Progress bars: shown to those who watch, and to nobody else."""

import io
import sys

import nbformat

from dropout_lab.instructor.publishing.execute import execute
from dropout_lab.lab import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_a_bar_and_a_pipe_nothing(monkeypatch):
    for stream, seen in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert list(progress.track(range(3), "counting")) == [0, 1, 2]
        assert ("counting" in stream.getvalue()) == seen


def test_a_bar_is_off_where_it_is_told_so_and_where_tqdm_is_missing(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("DROPOUT_LAB_PROGRESS", "off")
    assert list(progress.track(iter("ab"), "counting")) == ["a", "b"]
    monkeypatch.delenv("DROPOUT_LAB_PROGRESS")
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert list(progress.track(iter("ab"), "counting")) == ["a", "b"]
    assert sys.stderr.getvalue() == ""


def test_a_notebook_that_runs_by_itself_shows_no_bar(tmp_path):
    cell = "from dropout_lab.lab import progress\nprint(len(list(progress.track(range(3), 'x'))), progress.watched())"
    notebook = execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)]), tmp_path)
    assert [output["text"] for output in notebook.cells[0].outputs] == ["3 False\n"]


def test_a_notebook_with_a_reader_shows_a_bar(tmp_path):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        outputs = []
        cell = "from dropout_lab.lab.progress import track\nfor _ in track(range(3), 'x'):\n    pass"
        client.execute_interactive(cell, allow_stdin=True, output_hook=outputs.append, timeout=120)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert any("application/vnd.jupyter.widget-view+json" in m["content"].get("data", {}) for m in outputs)
    assert not any(m["content"].get("name") == "stderr" for m in outputs)
