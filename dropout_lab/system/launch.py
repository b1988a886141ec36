"""Open the course in JupyterLab."""

import importlib.util
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

from dropout_lab.system import desk, places
from dropout_lab.system.course import stopped_at

GRACE = 8  # seconds in which a server can end its kernels, which it gives five


class LaunchError(Exception):
    """A sentence on why the course cannot be opened, and what to do."""


def launch(port=None, browser=True, say=print, anywhere=False):
    """Run JupyterLab on the lesson where one stopped, until it is ended.

    Parameters
    ----------
    port : int or None
        None takes the first free one from 8888 on.
    browser : bool
        Whether to open a browser; the address is said in any case.
    say : function of a string
    anywhere : bool
        Whether other machines may connect, as from outside a container; the token is asked of them too.

    Returns
    -------
    status : int, JupyterLab's exit status

    Raises
    ------
    LaunchError
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise LaunchError(
            f"JupyterLab is not installed for {sys.executable}. Install the course's package for that Python:"
            " python -m pip install dropout-lab, or in a clone python -m pip install -e ."
        )
    root, port, token = course_folder(), free_port(port), secrets.token_hex(24)
    lesson = stopped_at(root).as_posix()
    own = desk.lay(root, lesson)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={root}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--LabApp.default_url={desk.ADDRESS}",
        "--LabApp.custom_css=True",
        "--ServerApp.contents_manager_class=dropout_lab.system.opening.Lessons",
        "--Application.log_level=ERROR",
        *([] if browser else ["--no-browser"]),
        *(["--ServerApp.ip=0.0.0.0"] if anywhere else []),
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    say(f"{lesson} is at http://localhost:{port}{desk.ADDRESS}?token={token}\nCtrl+C ends it.")
    server = subprocess.Popen(command, cwd=root, env={**os.environ, **own, "JUPYTER_TOKEN": token})
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # who ends the command ends the server too
    try:
        return server.wait()
    except KeyboardInterrupt:
        return _ended(server)


def _ended(server):
    """End a server that may have shut down and still be there: threads that it began wait for work for ever."""
    server.terminate()
    try:
        return server.wait(GRACE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
        return 0


def course_folder():
    """The folder that holds lessons/, as `places` finds it."""
    if folder := places.course_folder():
        return folder
    raise LaunchError(
        f"there is no course at or above {Path.cwd()}. Change to yours, or make one: dropout-lab init FOLDER"
    )


def free_port(wanted):
    """The port that was asked for if it is free, else the first free one from 8888 on."""
    for port in [wanted] if wanted else range(8888, 8938):
        with socket.socket() as probe:
            if sys.platform != "win32":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    if wanted:
        raise LaunchError(f"port {wanted} is in use. Stop what uses it, or leave out --port to take the next free one.")
    raise LaunchError("the ports 8888 to 8937 are all in use. Give a free one with --port.")
