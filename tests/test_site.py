"""The site in a real browser: no request fails or leaves the folder, no formula stays raw, no link is dead."""

import html.parser
import re
import urllib.parse

import pytest

from conftest import ROOT
from dropout_lab.checks.mistakes import load_all

pytest.importorskip("sphinx_book_theme", reason="Sphinx is not installed: the extra site")
pytest.importorskip("myst_nb", reason="myst-nb is not installed: the extra site")
from dropout_lab.instructor.site import SiteError, site  # noqa: E402

pytestmark = pytest.mark.timeout(900)  # a build takes about 40 s of processor time
RAW = re.compile(r"\\[a-zA-Z]{2,}|\\\(|\\\[|\$\$|(?<![\w$])\$[^$\n]+\$")  # LaTeX that nobody has set


class Page(html.parser.HTMLParser):
    """The ids of a page, and where its links, pictures, scripts and styles point."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.targets, self.pictures = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if attributes.get("id"):
            self.ids.append(attributes["id"])
        target = attributes.get("href" if tag in ("a", "link") else "src")
        if target:
            self.targets.append((tag, target))
        if tag == "img":
            self.pictures.append(attributes)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    done = site(ROOT, out, progress=lambda text: None)
    print(f"\nthe site: {done.files} files, {done.size / 1e6:.1f} MB, {done.seconds:.0f} s")
    return out, done


@pytest.fixture(scope="module")
def pages(built):
    return {path.name: Page(path.read_text("utf-8")) for path in sorted(built[0].glob("*.html"))}


def test_every_executed_lesson_has_a_page(built, pages):
    lessons = {path.stem for path in (ROOT / "solutions").glob("[0-9][0-9]_*.ipynb")}
    assert lessons == set(built[1].lessons)
    assert {f"{name}.html" for name in lessons} | {"index.html", "gallery.html", "cheat_sheet.html"} <= set(pages)


def test_it_is_small_enough_to_send(built):
    assert built[1].size < 15e6


def test_every_link_leads_somewhere(built, pages):
    dead = []
    for name, page in pages.items():
        for _, target in page.targets:
            address = urllib.parse.urlsplit(target)
            if address.scheme:
                continue
            file = urllib.parse.unquote(address.path) or name
            if not (built[0] / file).exists():
                dead.append(f"{name}: {target}")
            elif address.fragment and file in pages and address.fragment not in pages[file].ids:
                dead.append(f"{name}: {target}")
    assert dead == []


def test_only_links_to_click_leave_the_site(pages):
    outside = [(name, t) for name, page in pages.items() for tag, t in page.targets
               if tag != "a" and urllib.parse.urlsplit(t).scheme not in ("", "data")]  # fmt: skip
    assert outside == []


def test_no_panel_pretends_to_be_live(built):
    for path in built[0].glob("*.html"):
        text = path.read_text("utf-8")
        assert "widget-view+json" not in text and "require.min.js" not in text, path.name
    assert "A panel stands here in JupyterLab" in (built[0] / "06_inverted_dropout.html").read_text("utf-8")


def test_every_picture_is_described(pages):
    bare = [(name, picture["src"]) for name, page in pages.items() for picture in page.pictures
            if not picture.get("alt", "").strip()]  # fmt: skip
    assert bare == []


def test_every_mistake_has_its_place_in_the_gallery(pages):
    bank, _ = load_all()
    ids = [m.id for mistakes in bank.values() for m in mistakes]
    anchors = [i for i in pages["gallery.html"].ids if re.match(r"[A-Z]\d", i)]
    assert set(ids) <= set(anchors) and len(anchors) == len(ids) == len(set(anchors))


def test_answers_are_folded(built):
    text = (built[0] / "06_inverted_dropout.html").read_text("utf-8")
    before, _, answer = text.partition("No: behind the layer the inverted version")
    assert answer and before.rfind("<details") > before.rfind("</details>")


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SiteError, match="holds other files"):
        site(ROOT, tmp_path)
    with pytest.raises(SiteError, match="is a file"):
        site(ROOT, tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_in_a_browser_nothing_fails_and_no_formula_stays_raw(browser, built):
    page, wrong, formulas = browser.new_page(), [], 0
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else wrong.append(f"asked for {r.url}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("console", lambda m: wrong.append(f"console: {m.text}") if m.type == "error" else None)
    for path in sorted(built[0].glob("*.html")):
        page.goto(path.as_uri())
        page.evaluate("async () => { await window.MathJax?.startup.promise }")
        formulas += page.locator("mjx-container").count()
        assert page.locator("mjx-merror, [data-mjx-error]").count() == 0, path.name
        text = page.evaluate("""() => { const main = document.querySelector('article, main').cloneNode(true);
            main.querySelectorAll('pre, code, mjx-container, script').forEach(e => e.remove());
            return main.textContent }""")
        assert RAW.findall(text) == [], path.name
    page.close()
    assert wrong == []
    assert formulas > 100


def test_the_cheat_sheet_is_one_page_of_a4(browser, built):
    page = browser.new_page()
    page.goto((built[0] / "cheat_sheet.html").as_uri())
    page.evaluate("async () => { await window.MathJax?.startup.promise; await document.fonts.ready }")
    printed = page.pdf(prefer_css_page_size=True)
    page.close()
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    width, height = (float(n) for n in re.search(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)", printed).groups())
    assert (round(width), round(height)) == (595, 842)


@pytest.mark.parametrize("width", [420, 1300])
def test_the_gallery_opens_fast_and_fits(browser, built, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((built[0] / "gallery.html").as_uri() + "#C21")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#C21 h3").is_visible()
    loaded = page.evaluate("performance.getEntriesByType('resource').filter(e => e.name.includes('/gallery/')).length")
    assert loaded < len(list((built[0] / "_static" / "gallery").iterdir())) / 2  # the rest waits until it is in sight
    page.close()
