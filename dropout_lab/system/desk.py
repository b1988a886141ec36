"""How JupyterLab looks when the course opens it: lesson left, functions right, nothing that pops up.

All of it lies in a folder of the course. A user's own JupyterLab is neither read nor changed; what is changed here, a
theme or a layout, is found again at the next start.
"""

import json
import os
import tempfile
from pathlib import Path

from dropout_lab.system.files import write_atomically

FOLDER = Path(".dropout-lab")
NAME = "course"
ADDRESS = f"/lab/workspaces/{NAME}"
FUNCTIONS = "dropout_lab/layers.py"
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/lsp-extension/plugin": {"activate": "off"},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "defer"},
}
QUIET = {"IPKernelApp": {"log_level": 40}}  # else every kernel warns that it speaks unencrypted, to this machine alone
PROSE = """\
.jp-RenderedMarkdown { max-width: 46em; }
.jp-RenderedMarkdown table, .jp-RenderedMarkdown pre { max-width: 100%; }
.jp-OutputArea-output pre { word-break: normal; overflow-wrap: anywhere; }   /* a line too long ends with a word */
.jp-RenderedMarkdown .alert.dl-card { color: var(--jp-content-font-color1); background: var(--jp-layout-color2);
  border: 0; border-left: 4px solid var(--edge); border-radius: 0; }   /* read in light and in dark */
.dl-predict { --edge: #0072b2; } .dl-build { --edge: #d55e00; } .dl-say, .dl-try { --edge: #1a936f; }
[data-jp-theme-light=false] .dl-predict { --edge: #56b4e9; }
"""


def lay(root, lesson):
    """Write what is not there yet, and return the variables that lead JupyterLab to it.

    Parameters
    ----------
    root : Path
        The course.
    lesson : str
        The notebook to open, as a path in the course.

    Returns
    -------
    environment : dict of str
    """
    own = _own_folder(root)
    for name, values in SETTINGS.items():
        _unless_there(own / "settings" / f"{name}.jupyterlab-settings", json.dumps(values, indent=1))
    _unless_there(own / "config" / "custom" / "custom.css", PROSE)
    _unless_there(own / "ipython" / "profile_default" / "ipython_kernel_config.json", json.dumps(QUIET))
    _arrange(own / "workspaces", lesson)
    return {
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "IPYTHONDIR": str(own / "ipython"),
        **({} if os.access(os.path.expanduser("~"), os.W_OK) else {"MPLCONFIGDIR": str(own / "matplotlib")}),
    }


def layout(lesson, file=FUNCTIONS):
    """JupyterLab's own description of a window: the lesson left, a file right, the course in the file browser."""
    left, right = f"notebook:{lesson}", f"editor:{file}"

    def tabs(widget):
        return {"type": "tab-area", "currentIndex": 0, "widgets": [widget]}

    dock = {
        "type": "split-area",
        "orientation": "horizontal",
        "sizes": [0.58, 0.42],
        "children": [tabs(left), tabs(right)],
    }
    return {
        "data": {
            "layout-restorer:data": {
                "main": {"dock": dock, "current": left},
                "left": {"collapsed": False, "visible": True, "current": "filebrowser", "widgets": ["filebrowser"]},
                "right": {"collapsed": True, "visible": True, "widgets": []},
                "relativeSizes": [0.14, 0.86, 0],
            },
            left: {"data": {"path": lesson, "factory": "Notebook"}},
            right: {"data": {"path": file, "factory": "Editor"}},
            "file-browser-filebrowser:cwd": {"path": ""},
        },
        "metadata": {"id": NAME},
    }


def _own_folder(root):
    """A folder that can be written: in the course, or a temporary one where the course is read-only."""
    own = Path(root) / FOLDER
    try:
        own.mkdir(exist_ok=True)
        _unless_there(own / ".gitignore", "*\n")
    except OSError:
        own = Path(tempfile.mkdtemp(prefix="dropout-lab-"))
    return own


def _arrange(folder, lesson):
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    folder.mkdir(parents=True, exist_ok=True)
    if not any(folder.glob("*.jupyterlab-workspace")):
        WorkspacesManager(str(folder)).save(NAME, json.dumps(layout(lesson)))


def _unless_there(path, text):
    if not path.exists():
        write_atomically(path, text)
