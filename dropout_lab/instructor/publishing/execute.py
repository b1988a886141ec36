"""Run a notebook as its reader would, and keep what does not change from run to run."""

import os

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


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
        extra_arguments=quiet,
        resources={"metadata": {"path": str(folder)}},
    )
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")  # a warning of the debugger on standard error
    try:
        client.execute(env=env or dict(os.environ))
    except CellExecutionError as error:
        raise RuntimeError(str(error)) from None
    notebook.metadata.pop("widgets", None)
    return notebook
