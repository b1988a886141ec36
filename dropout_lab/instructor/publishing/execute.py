"""Run a notebook as its reader would, and keep what does not change from run to run."""

import json
import os

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

WIDGET = "application/vnd.jupyter.widget-view+json"


def execute(notebook, folder, timeout=300, allow_errors=False, env=None):
    """The notebook with its outputs, run by a kernel that starts in folder, in this environment or another.

    Raises
    ------
    RuntimeError
        If a cell raises (unless `allow_errors`) or takes longer than `timeout` seconds.
    """
    quiet = ["--IPKernelApp.log_level=40"]  # else every kernel warns that it speaks unencrypted, to this machine alone
    client = NotebookClient(
        notebook,
        timeout=timeout,
        allow_errors=allow_errors,
        record_timing=False,
        coalesce_streams=True,  # where a stream was cut depends on the moment
        extra_arguments=quiet,
        resources={"metadata": {"path": str(folder)}},
    )
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # a warning of the debugger on standard error
    try:
        client.execute(env={**(env or os.environ), "PYTHONHASHSEED": "0"})  # the order of sets
    except CellExecutionError as error:
        raise RuntimeError(str(error)) from None
    notebook.metadata.pop("widgets", None)
    return with_lasting_ids(notebook)


def with_lasting_ids(notebook):
    """The notebook with the random id of each widget replaced by its cell's id and a number."""
    lasting = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if view := output.get("data", {}).get(WIDGET):
                lasting.setdefault(view["model_id"], f"{cell.id}-{len(lasting)}")
    text = json.dumps(notebook)
    for random, name in lasting.items():
        text = text.replace(random, name)
    return nbformat.from_dict(json.loads(text))
