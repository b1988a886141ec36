"""Drive JupyterLab in Chromium as a person would: open, run all, edit, save, look."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},  # no question about news
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page, seen or not
    "docmanager-extension/plugin": {"autosave": False},
    "fileeditor-extension/plugin": {"editorConfig": {"autoClosingBrackets": False}},  # what is typed is what is there
}
# The page has not changed for some milliseconds and the kernel is idle.
SETTLED = """ms => new Promise(done => {
  let timer = setTimeout(finish, ms);
  const again = () => { clearTimeout(timer); timer = setTimeout(finish, ms); };
  const watch = new MutationObserver(again);
  watch.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  function finish() {
    const kernel = document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator');
    if (kernel && kernel.dataset.status !== 'idle') return again();
    watch.disconnect(); done(true);
  } })"""
# Run All has come to its end: no cell waits, and the last has its number, or an error kept it from getting one.
ENDED = """bad => {
  const prompts = [...document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell .jp-InputPrompt')]
    .map(node => node.textContent);
  const failed = document.querySelector(bad);
  return !prompts.some(text => text.includes('*')) && (/\\d/.test(prompts.at(-1)) || failed && /\\d/.test(prompts[0]));
}"""
# The notebook is read, its session is up, and the kernel has answered over this page's own connection.
ANSWERED = """async () => {
  const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
  await context.ready; await sessionContext.ready;
  await sessionContext.session.kernel.info;
  await sessionContext.session.kernel.requestKernelInfo();
}"""
IDLE = '.jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook-ExecutionIndicator[data-status="idle"]'
BAD = ", ".join(f'[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr"))


@contextlib.contextmanager
def jupyter(root, home, package):
    """The address of a JupyterLab that serves root. Its settings are in home; kernels find `dropout_lab` in package."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name, values in SETTINGS.items():
        plugin, _, part = name.partition("/")
        path = home / f"@jupyterlab/{plugin}/{part}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), "utf-8")
    env = {
        **os.environ,
        "PYTHONPATH": str(package),
        "IPYTHONDIR": str(home),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(home),
        "JUPYTERLAB_WORKSPACES_DIR": str(home),
    }
    command = [
        sys.executable,
        "-m",
        "jupyter",
        "lab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={root}",
    ]
    url = f"http://127.0.0.1:{port}"
    with open(home / "server.log", "w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_for(url, server, home / "server.log")
            yield url
        finally:
            server.terminate()  # and with it its kernels
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:  # seen once: a thread of its own kept it from ending
                server.kill()
                server.wait()


def _wait_for(url, server, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api/status", timeout=5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text('utf-8')[-2000:]}")


def open_notebook(page, url, path, timeout=60_000):
    """Open a notebook in an empty workspace and wait until its kernel listens."""
    page.goto(f"{url}/lab/tree/{path}?reset", timeout=timeout)
    page.locator(IDLE).wait_for(timeout=timeout)
    page.evaluate(ANSWERED)
    page.evaluate(SETTLED, 400)


def run_all(page, timeout=240_000):
    """Run > Run All Cells, and wait until the last cell is through."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click()
    page.wait_for_function(ENDED, arg=BAD, timeout=timeout)
    page.evaluate(SETTLED, 400)


def run_cell(page, source, timeout=60_000):
    """Select the cell that holds this text, press Control+Enter, and return the cell when it is through."""
    cell = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").filter(has_text=source).first
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".jp-InputPrompt").click()
    page.keyboard.press("Control+Enter")
    through = "([node, before]) => /\\d/.test(node.textContent) && node.textContent !== before"
    page.wait_for_function(through, arg=[cell.locator(".jp-InputPrompt").element_handle(), before], timeout=timeout)
    page.evaluate(SETTLED, 300)
    return cell


def command(page, name, **arguments):
    """Run one of JupyterLab's commands, as its menus do. What it returns stays in the page."""
    execute = "([name, given]) => window.jupyterapp.commands.execute(name, given).then(() => null)"
    page.evaluate(execute, [name, arguments])


def use_theme(page, name):
    """JupyterLab Light or JupyterLab Dark."""
    command(page, "apputils:change-theme", theme=name)
    light = str("Light" in name).lower()
    page.locator(f'body[data-jp-theme-light="{light}"]').wait_for(state="attached")
    page.evaluate(SETTLED, 300)


def photograph(page, name, step=900):
    """Screen after screen of the open notebook, into the folder DROPOUT_LAB_SCREENSHOTS, if that is set."""
    folder = os.environ.get("DROPOUT_LAB_SCREENSHOTS")
    if not folder:
        return
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer")
    height = notebook.evaluate("node => node.scrollHeight")
    for i, top in enumerate(range(0, height, step)):
        notebook.evaluate("(node, top) => { node.scrollTop = top; }", top)
        notebook.screenshot(path=Path(folder) / f"{name}-{i:02}.png")


def shut_kernels(url):
    """End the kernels that opened notebooks have left running."""
    with urllib.request.urlopen(f"{url}/api/sessions") as answer:
        sessions = json.load(answer)
    for session in sessions:
        request = urllib.request.Request(f"{url}/api/sessions/{session['id']}", method="DELETE")
        urllib.request.urlopen(request, timeout=30).close()


def output(cell):
    """What a cell shows, as one line of text."""
    return " ".join(" ".join(cell.locator(".jp-OutputArea-output").all_inner_texts()).split())


def barriers(page, axe):
    """What axe-core calls serious or critical in the outputs of the open notebook: a rule and an element each."""
    options = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    found = axe.run(page, {"include": [[".jp-OutputArea-output"]]}, options).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:300]}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
