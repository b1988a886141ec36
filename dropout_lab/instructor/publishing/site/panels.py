"""Panels on a page: the views that a notebook keeps of them, behind the controls of lab/widgets/panel.js.

A control is on a page only if it moves there. Without a script, and on paper, a panel is its first view.
"""

import base64
import json
from html import escape
from pathlib import Path

from dropout_lab.lab import widgets

HERE = Path(__file__).parent
SCRIPT = "panels.js"
_EXPORT = "export default { render };"  # a module; pages opened from a disk may load none, so theirs is a plain script
_KEPT = "These views were drawn beforehand. In Jupyter the panel draws with the functions in dropout_lab/"
_ALONE = "This panel moves in Jupyter, where it draws with the functions in dropout_lab/."


def write_script(static):
    """Write the one script of all panels into the folder of static files."""
    text = (Path(widgets.__path__[0]) / "panel.js").read_text("utf-8")
    if _EXPORT not in text:
        raise ValueError(f"panel.js does not end with {_EXPORT!r}")
    driver = (HERE / SCRIPT).read_text("utf-8")
    (static / SCRIPT).write_text(f"(() => {{\n{text.replace(_EXPORT, '')}\n{driver}}})();\n", "utf-8")


def html(kept, static, name):
    """The panel for a page; its pictures go into the folder panels/NAME of the static files.

    Parameters
    ----------
    kept : what `lab.widgets.views.views` gave
    static : Path
    name : str
    """
    folder = static / "panels" / name
    folder.mkdir(parents=True)
    views = [{**view, "picture": f"_static/panels/{name}/{i}.webp"} for i, view in enumerate(kept["views"])]
    for i, view in enumerate(kept["views"]):
        (folder / f"{i}.webp").write_bytes(base64.b64decode(view["picture"]))
    first = views[kept["start"]]
    picture = f'<img src="{first["picture"]}" alt="{escape(first["alt"])}">'
    data = json.dumps({"title": kept["title"], "controls": kept["controls"], "views": views}).replace("<", "\\u003c")
    script = f'<script type="application/json">{data}</script>' if kept["controls"] else ""
    return (
        f'<div class="dl-views"><div class="dl-panel">{picture}<p class="dl-caption">{escape(first["caption"])}</p>'
        f'</div>{script}<p class="dl-note">{escape(_note(kept))}</p></div>'
    )


def _note(kept):
    if not kept["controls"]:
        return _ALONE
    more = ", ".join(f"“{label}”" for label in kept["missing"])
    return f"{_KEPT}{f', and {more} can be turned too' if more else ''}."
