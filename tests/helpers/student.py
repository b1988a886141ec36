"""A student at work: a copy of the stubs, functions written one by one, and a kernel that runs cells meanwhile."""

import ast
import contextlib
import os
import shutil

import nbformat.v4 as v4
from nbclient import NotebookClient

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor import markers

# Lesson 03's network, before lesson 06 puts dropout into it.
PLAIN = {
    "mlp_forward": """
def mlp_forward(params, x, p, rng, train=True):
    depth, caches, h = len(params) // 2, [], x
    for i in range(1, depth):
        z, affine = affine_forward(h, params[f"W{i}"], params[f"b{i}"])
        h, relu = relu_forward(z)
        caches.append((affine, relu))
    scores, last = affine_forward(h, params[f"W{depth}"], params[f"b{depth}"])
    return scores, (caches, last)
""",
    "mlp_backward": """
def mlp_backward(dscores, cache):
    caches, last = cache
    depth, grads = len(caches) + 1, {}
    dh, grads[f"W{depth}"], grads[f"b{depth}"] = affine_backward(dscores, last)
    for i in range(depth - 1, 0, -1):
        affine, relu = caches[i - 1]
        dh, grads[f"W{i}"], grads[f"b{i}"] = affine_backward(relu_backward(dh, relu), affine)
    return grads
""",
}
WRITTEN = {
    "mlp_dropout": ("mlp_forward", "mlp_backward")
}  # what an exercise has its student write, if not its own name


class Student:
    """The package as a student has it, in a folder of its own."""

    def __init__(self, home):
        self.home = home
        skip = shutil.ignore_patterns("__pycache__", "instructor")
        shutil.copytree(ROOT / "dropout_lab", home / "dropout_lab", ignore=skip)

    def file(self, module):
        return self.home / "dropout_lab" / f"{module}.py"

    def save(self, module, function, code):
        """Put code in the place of a function, and save the file."""
        text = self.file(module).read_text("utf-8")
        self.file(module).write_text(text.replace(segment(text, function), code.strip()), "utf-8")

    def write(self, exercise):
        """Answer an exercise rightly."""
        module = EXERCISES[exercise].module
        for function in WRITTEN.get(exercise, (EXERCISES[exercise].function,)):
            plain = PLAIN.get(function) if exercise == function else None
            self.save(module, function, plain or answer(module, function))


def answer(module, function):
    """The completed function, as text."""
    source = (ROOT / "solutions" / "dropout_lab" / f"{module}.py").read_text("utf-8")
    return segment(markers.complete(source), function)


def segment(text, function):
    """The definition of a function in a text."""
    found = next(node for node in ast.parse(text).body if getattr(node, "name", None) == function)
    return ast.get_source_segment(text, found)


@contextlib.contextmanager
def kernel(student):
    """run(source) in one kernel of this Python that finds the student's modules; it gives the cell with its outputs."""
    notebook = v4.new_notebook()
    quiet = ["--IPKernelApp.log_level=40"]
    client = NotebookClient(notebook, timeout=120, allow_errors=True, record_timing=False, extra_arguments=quiet)
    paths = {"PYTHONPATH": str(student.home), "IPYTHONDIR": str(student.home / "ipython")}
    with client.setup_kernel(cwd=str(student.home), env={**os.environ, **paths}):

        def run(source):
            notebook.cells.append(v4.new_code_cell(source))
            return client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)

        yield run


def text_of(cell):
    """What a cell shows, as text."""
    return "\n".join(
        output.get("text") or output.get("evalue") or output.get("data", {}).get("text/plain", "")
        for output in cell.outputs
    )
