"""The cheat sheet and the lessons as PDF, printed by Chromium from the site's own pages."""

import shutil
from pathlib import Path

from playwright.sync_api import Error, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class NoBrowser(Exception):
    """A sentence on why nothing can be printed."""


def print_pages(site, names, progress=print):
    """Print pages of a site that is built; the PDFs, in its folder pdf/.

    Parameters
    ----------
    site : Path
    names : list of str
        Such as "cheat_sheet". What is folded stays folded.
    """
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    folder = Path(site) / "pdf"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        except Error as error:
            raise NoBrowser(f"Chromium does not start: {str(error).splitlines()[0]}") from None
        for name in names:
            progress(f"printing {name}")
            page = browser.new_page(color_scheme="light")
            page.goto((Path(site).resolve() / f"{name}.html").as_uri())
            page.wait_for_function("!window.MathJax || MathJax.startup?.promise")
            page.evaluate("async () => { await window.MathJax?.startup.promise; await document.fonts.ready }")
            page.pdf(path=folder / f"{name}.pdf", prefer_css_page_size=True, print_background=True)
            page.close()
        browser.close()
    return sorted(folder.glob("*.pdf"))
