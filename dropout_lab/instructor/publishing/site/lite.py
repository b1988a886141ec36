"""The lessons in JupyterLite: a student's copy that runs in the browser, with nothing to install.

JupyterLite and the copy are files of the site. Python itself (Pyodide) and NumPy come from its CDN when a page is
opened, or from the site where it was given an archive of them; the widgets come from PyPI. What a student saves stays
in the browser.
"""

import io
import json
import subprocess
import sys
import tomllib
from importlib.metadata import distribution, version
from importlib.util import find_spec
from pathlib import Path

from dropout_lab.instructor.publishing import leaks
from dropout_lab.instructor.publishing.release import contents
from dropout_lab.instructor.publishing.site import pyodide
from dropout_lab.lab.data import OWN_DIGITS, digits_file
from dropout_lab.system.files import pack

FOLDER = "lite"
KERNEL = {"display_name": "Python (Pyodide)", "language": "python", "name": "python"}
BESIDE = ("anywidget", "ipywidgets")  # from PyPI, in the versions whose other half is built into the page
NEEDED = ("matplotlib", "numpy", *BESIDE)  # scikit-learn is left out: the digits come as a file
EXTENSIONS = {  # of JupyterLab, and the distributions that bring them
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab_widgets",
    "@jupyterlite/pyodide-kernel-extension": "jupyterlite-pyodide-kernel",
    "anywidget": "anywidget",
}
FIRST = """\
# In the browser: fetch what the course needs, and find dropout_lab/ in the folder above. This takes a minute.
import logging
import sys

import matplotlib
import numpy
import piplite

await piplite.install({packages})
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # that it looks for fonts is no news
sys.dont_write_bytecode = True
sys.path.insert(0, "..")

"""
README = """\
# dropout-lab in the browser

Open `lessons/00_start_here.ipynb`, run its first cell, and wait while Python is fetched. The functions that you write
are in `dropout_lab/`: open such a file beside the lesson, edit, save.

What you save stays in this browser on this computer. Download what you want to keep or hand in. There is no terminal,
and no second process: training takes longer than in an installation, and MNIST and PyTorch are not to be had.
"""


def available():
    """Whether JupyterLite can be built here."""
    return all(map(find_spec, ("jupyterlite_core", "jupyterlite_pyodide_kernel", "anywidget", "ipywidgets")))


def link(name):
    """The link from the page of a lesson, as HTML."""
    address = f"{FOLDER}/lab/index.html?path=lessons/{name}.ipynb"
    return f'<a class="dl-lite" href="{address}">Open in the browser, nothing to install</a>'


def build(files, scratch, out, pyodide_archive=None):
    """JupyterLite with these files, {path: bytes}, in the folder out; what is not said to it comes from scratch.

    An archive of Pyodide is unpacked into it, and its kernel starts from there.
    """
    if pyodide_archive:
        pyodide.unpack(pyodide_archive, scratch / "static" / "pyodide")  # where JupyterLite looks for one
    for name, data in files.items():
        (scratch / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / "files" / name).write_bytes(data)
    options = {
        "contents": ["files"],
        "output_dir": str(out),
        "apps": ["lab"],
        "cache_dir": str(scratch / "cache"),
        "ignore_sys_prefix": ["federated_extensions"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "federated_extensions": [str(_extension(name, brought_by)) for name, brought_by in EXTENSIONS.items()],
    }
    (scratch / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": options}))
    page = {"jupyter-lite-schema-version": 0, "jupyter-config-data": {"appName": "dropout-lab"}}
    (scratch / "jupyter-lite.json").write_text(json.dumps(page))
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    done = subprocess.run(command, cwd=scratch, capture_output=True, text=True)
    if done.returncode or not (out / "lab" / "index.html").exists():
        raise RuntimeError(f"JupyterLite: {(done.stderr or done.stdout).strip()[-400:]}")


def _extension(name, brought_by):
    """The folder of an extension, wherever its distribution was installed."""
    found = (
        f
        for f in distribution(brought_by).files
        if f.as_posix().endswith(f"share/jupyter/labextensions/{name}/package.json")
    )
    return Path(next(found).locate()).resolve().parent


def students_files(root):
    """{path: bytes} of the copy: the release's package and lessons, made ready for the browser.

    Raises
    ------
    RuntimeError
        If anything in it would give an answer away.
    """
    files = {
        name: _lesson(data) if name.endswith(".ipynb") else data
        for name, data in contents(root).items()
        if name.startswith(("dropout_lab/", "lessons/", "LICENSE"))
    }
    files["README.md"] = README.encode()
    files[f"dropout_lab/lab/recorded/{OWN_DIGITS.name}"] = digits_file().read_bytes()
    name, data = _metadata(root)
    files[name] = data
    if found := leaks.find_in_zip(io.BytesIO(pack(files, f"{FOLDER}/")), root / "solutions"):
        raise RuntimeError("; ".join(map(str, found[:10])))
    return files


def _lesson(data):
    """A lesson whose kernel is the browser's, and whose set-up cell prepares it."""
    notebook = json.loads(data)
    notebook["metadata"]["kernelspec"] = KERNEL
    first = FIRST.format(packages=json.dumps([f"{name}=={version(name)}" for name in BESIDE]))
    for cell in notebook["cells"]:
        if "setup" in cell["metadata"].get("tags", []):
            cell["source"] = first + "".join(cell["source"])
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False).encode()


def _metadata(root):
    """What an installation would say of the package: lesson 00 asks which packages it needs."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    needs = [line for line in project["dependencies"] if line.startswith(tuple(f"{name}>" for name in NEEDED))]
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {project['name']}",
        f"Version: {project['version']}",
        *(f"Requires-Dist: {line}" for line in needs),
    ]
    return f"dropout_lab-{project['version']}.dist-info/METADATA", ("\n".join(lines) + "\n").encode()
