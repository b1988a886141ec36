"""The front page, which is the experiment: a network drawn live, ways to start, and the map of the lessons.

One file without a framework. README gives the question and the map; what happens at test time shows after a choice.
"""

import re
from html import escape
from pathlib import Path
from string import Template

from dropout_lab.instructor.escaping import html
from dropout_lab.instructor.publishing import addresses
from dropout_lab.instructor.publishing.site import lite, meta
from dropout_lab.instructor.publishing.site.pictograms import PICTURES

HERE = Path(__file__).parent
TERMINAL = "python -m pip install -e . && dropout-lab"
_QUESTION = re.compile(r"^> (.*(?:\n> .*)*)", re.M)
_ROW = re.compile(r"^\| (\d\d) \| \[([^\]]+)\]\(lessons/(\w+)\.ipynb\) \| (.+?) \|$", re.M)
_WAY = "<div><h3>{}</h3>{}</div>"


def write(root, lessons, with_lite, out):
    """Write index.html into the site.

    Parameters
    ----------
    root : Path
        The repository.
    lessons : names of the lessons that have a page
    with_lite : bool
        Whether they can be opened in JupyterLite.
    out : Path
        The site.
    """
    readme = (root / "README.md").read_text("utf-8")
    rows = [row for row in _ROW.findall(readme) if row[2] in lessons]
    text = Template((HERE / "front.html").read_text("utf-8")).substitute(
        question=escape(question(readme)),
        count=len(rows),
        head=meta.head("A network drawn live, a question, and a course that answers it in NumPy."),
        style=(HERE / "front.css").read_text("utf-8"),
        script=(HERE / "front.js").read_text("utf-8"),
        ways="\n".join(_ways(root, rows[0][2] if rows else None, with_lite)),
        map="\n".join(_lesson(*row) for row in rows),
    )
    (out / "index.html").write_text(text, "utf-8")


def question(readme):
    """The question that README opens with, in one line."""
    return " ".join(_QUESTION.search(readme)[1].replace("\n> ", " ").split())


def _lesson(number, title, name, line):
    picture = f'<svg viewBox="0 0 120 60" aria-hidden="true">{PICTURES.get(number, "")}</svg>'
    return f'<li>{picture}<h3><a href="{name}.html">{number} · {escape(title)}</a></h3><p>{html(line)}</p></li>'


def _ways(root, first, with_lite):
    """In the browser, in a terminal, at a service: what of it there is."""
    if with_lite and first:
        address = f"{lite.FOLDER}/lab/index.html?path=lessons/{first}.ipynb"
        link = f'<p><a class="dl-lite go" href="{address}">Open lesson 00</a></p>'
        yield _WAY.format("In this browser", f"<p>Nothing to install. What you save stays here.</p>{link}")
    copy = f'<button type="button" data-copy="{escape(TERMINAL)}">copy</button>'
    code = f"<p>Python 3.11 or newer, in a clone of the repository:</p><pre><code>{escape(TERMINAL)}</code></pre>"
    yield _WAY.format("One line in a terminal", f"{code}{copy}")
    links = " · ".join(f'<a href="{escape(to)}">{name}</a>' for name, to in addresses.services(root).items())
    said = "A lesson opened there fetches the package by its first cell."
    yield _WAY.format("Colab and other services", f"<p>{said}</p>{f'<p>{links}</p>' if links else ''}")
