"""The course as static pages: lessons with their outputs, the gallery of mistakes, the cheat sheet.

Sphinx, myst-nb and sphinx-book-theme write them from the executed notebooks in solutions/; nothing is run. Answers are
folded. A page asks no other host for anything: MathJax comes from a package, pictures and fonts stand in the folder.
Beside them stand the lessons in JupyterLite, where it is installed; lite.py says what these fetch.
"""

import io
import logging
import shutil
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from dropout_lab.instructor.publishing.site import front, gallery, lite, meta, one_layer, pages, panels, pyodide

MATHJAX = "sphinx-mathjax-offline"  # MathJax 3.2.2 as files; the extension of that name would copy all 24 MB of it
HERE = Path(__file__).parent
SETTINGS = {
    "project": "dropout-lab",
    "author": "the authors of dropout-lab",
    "root_doc": "about",  # index.html is no page of Sphinx: front.py writes it
    "extensions": ["myst_nb", "sphinx.ext.mathjax", "sphinx.ext.githubpages"],
    "html_theme": "sphinx_book_theme",
    "html_title": "dropout-lab",
    "html_theme_options": {
        "logo": {"text": "dropout-lab", "link": "index.html"},
        "show_toc_level": 2,
        "use_download_button": False,
        "navbar_persistent": [],
    },
    "html_context": {"default_mode": "auto"},  # light or dark, as the reader's system is
    "html_static_path": ["_static"],
    "html_css_files": ["course.css"],
    "html_js_files": [(name, {"defer": "defer"}) for name in (panels.SCRIPT, "lite.js")],
    "html_copy_source": False,
    "html_use_index": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_ipywidgets_js": {},  # panels come with a script of their own
    "nb_code_prompt_show": "Show the answer",
    "nb_code_prompt_hide": "Hide the answer",
    "myst_enable_extensions": ["dollarmath"],
    "mathjax_path": "mathjax/tex-chtml.js",
    "mathjax3_config": {"options": {"enableMenu": False}},  # the menu would load more files
    "suppress_warnings": ["myst.header"],  # lessons go from # to ### for their cards
}


class SiteError(Exception):
    """A sentence on why there is no site."""


@dataclass(frozen=True)
class Built:
    """What was written: {lesson: whether it is that of its source}, how many files and bytes, and how long it took.

    `lite` says whether JupyterLite is part of it.
    """

    lessons: dict[str, bool]
    lite: bool
    files: int
    size: int
    seconds: float


def site(root, out, progress=print, pyodide_archive=None):
    """Write the course as static pages into the folder `out`, which must be new, empty or a site.

    With an archive of Pyodide, Python in the browser comes from the site and not from a CDN.

    Raises
    ------
    SiteError
        If the folder holds something else, or Sphinx warns: of a link that leads nowhere, say.
    """
    root, out, start = Path(root), Path(out).resolve(), time.perf_counter()
    if out.exists() and not out.is_dir():
        raise SiteError(f"{out} is a file; give a folder")
    if out.exists() and any(out.iterdir()) and not (out / "_static" / "course.css").exists():
        raise SiteError(f"{out} holds other files; give a new folder")
    if pyodide_archive and not lite.available():
        raise SiteError('Pyodide runs in JupyterLite, which is not installed: python -m pip install -e ".[site]"')
    with tempfile.TemporaryDirectory(prefix="dropout-lab-site-") as scratch:
        source, fresh = Path(scratch) / "source", Path(scratch) / "site"
        (source / "_static").mkdir(parents=True)
        lessons = pages.write(root, source, lite.available())
        progress(f"{len(lessons)} lessons; the gallery of mistakes")
        gallery.write(source)
        one_layer.write(source)
        _assets(source / "_static")
        progress("Sphinx")
        _sphinx(source, fresh, Path(scratch) / "doctrees")
        front.write(root, lessons, lite.available(), fresh)
        (fresh / "404.html").write_text(meta.LOST.format(head=meta.head(meta.COURSE)), "utf-8")
        if lite.available():
            progress("JupyterLite")
            _lite(root, Path(scratch) / "lite", fresh / lite.FOLDER, pyodide_archive)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(fresh, out)
    written = [path for path in out.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in written)
    return Built(lessons, lite.available(), len(written), size, time.perf_counter() - start)


def _lite(root, scratch, out, pyodide_archive):
    try:
        lite.build(lite.students_files(root), scratch, out, pyodide_archive)
    except (RuntimeError, pyodide.NoPyodide) as error:
        raise SiteError(f"nothing was written. {error}") from None


def _assets(static):
    """Our style sheets and script, and of MathJax the one script and its fonts."""
    panels.write_script(static)
    for name in ("course.css", "gallery.css", "cheat_sheet.css", "lite.js"):
        shutil.copy(HERE / name, static)
    (static / "favicon.svg").write_text(meta.ICON, "utf-8")
    try:
        there = files(MATHJAX)
    except PackageNotFoundError:
        raise SiteError(f'{MATHJAX} is not installed: python -m pip install -e ".[site]"') from None
    for path in there:
        name = path.as_posix().partition("/static/mathjax/")[2]
        if name == "tex-chtml.js" or (name.startswith("output/chtml/fonts/") and name.endswith(".woff")):
            (static / "mathjax" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path.locate(), static / "mathjax" / name)


def _sphinx(source, out, doctrees):
    """Build the pages; a warning is an error, with its text."""
    warnings = io.StringIO()
    with patch_docutils(), docutils_namespace():
        app = Sphinx(source, None, out, doctrees, "html", confoverrides=SETTINGS, status=None, warning=warnings)
        app.connect("html-page-context", meta.add)
        app.build()
    for handler in list(logging.getLogger("sphinx").handlers):  # they hold on to the stream
        logging.getLogger("sphinx").removeHandler(handler)
    said = [line.replace(f"{source}/", "") for line in warnings.getvalue().splitlines() if line.strip()]
    if said:
        raise SiteError("nothing was written. Sphinx says: " + "; ".join(said[:10]) + (" ..." if said[10:] else ""))
    for scrap in (out / ".buildinfo", out / "objects.inv", *out.rglob("*.map")):  # maps: for authors of the theme
        scrap.unlink(missing_ok=True)
