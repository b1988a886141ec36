"""The site in a real browser: no request fails or leaves the folder, no formula stays raw, no link is dead."""

import dataclasses
import functools
import html.parser
import http.server
import io
import json
import re
import threading
import urllib.parse

import pytest
from PIL import Image

import contrast
from conftest import ROOT
from dropout_lab.checks.mistakes import load_all
from dropout_lab.instructor.publishing import addresses, leaks
from dropout_lab.lab.widgets.panel import moves, rate, seed, whole
from dropout_lab.lab.widgets.views import views
from dropout_lab.system.files import pack

pytest.importorskip("sphinx_book_theme", reason="Sphinx is not installed: the extra site")
pytest.importorskip("myst_nb", reason="myst-nb is not installed: the extra site")
from dropout_lab.instructor.publishing.site import SiteError, panels, site

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
    assert {f"{name}.html" for name in lessons} | {
        "index.html",
        "about.html",
        "404.html",
        "gallery.html",
        "cheat_sheet.html",
    } <= set(pages)


def test_it_is_small_enough_to_send(built):
    lite_size = sum(path.stat().st_size for path in (built[0] / "lite").rglob("*") if path.is_file())
    assert built[1].size - lite_size < 15e6
    assert lite_size < 30e6


def with_lite(built):
    if not built[1].lite:
        pytest.skip("JupyterLite is not installed: the extra site")
    return built[0]


def test_each_lesson_can_be_opened_in_the_browser(built, pages):
    out = with_lite(built)
    for name in built[1].lessons:
        (address,) = {t for _, t in pages[f"{name}.html"].targets if t.startswith("lite/")}
        assert address.endswith(f"?path=lessons/{name}.ipynb")
        notebook = json.loads((out / "lite" / "files" / "lessons" / f"{name}.ipynb").read_text("utf-8"))
        assert notebook["metadata"]["kernelspec"]["name"] == "python"
        first = next(c["source"] for c in notebook["cells"] if c["cell_type"] == "code")
        assert 'sys.path.insert(0, "..")' in first
        assert first.index("piplite") < first.index("dropout_lab.lab.notebook")


def test_what_runs_in_the_browser_is_a_students_copy(built):
    folder = with_lite(built) / "lite" / "files"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"dropout_lab/dropout.py", "dropout_lab/lab/recorded/digits.csv.gz", "README.md"} <= set(files)
    assert leaks.find_in_zip(io.BytesIO(pack(files, "lite/")), ROOT / "solutions") == []


@pytest.fixture
def served(built):
    """The address of the site on a web server."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=with_lite(built))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_file_of_the_package_can_be_edited_and_saved_in_the_browser(browser, served):
    """All but the kernel, which is fetched from elsewhere when somebody runs a cell."""
    context = browser.new_context(viewport={"width": 1300, "height": 900})
    context.route(lambda url: not url.startswith(served), lambda route: route.abort())
    page = context.new_page()
    page.goto(f"{served}/05_zeroing_neurons.html")
    page.get_by_role("link", name="Open in the browser").click()
    page.locator(".jp-NotebookPanel .jp-MarkdownCell", has_text="Zeroing neurons").first.wait_for(timeout=120_000)
    page.locator(".jp-KernelName", has_text="Python (Pyodide)").wait_for(timeout=120_000)
    assert page.locator(".jp-Dialog").count() == 0
    listed = page.locator(".jp-DirListing-itemText", has_text=".ipynb")
    assert listed.count() == len(list((ROOT / "lessons").glob("*.ipynb")))
    file = f"{served}/lite/lab/index.html?path=dropout_lab/dropout.py"
    page.goto(file)
    editor = page.locator(".jp-FileEditor .cm-content")
    editor.wait_for(timeout=120_000)
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.insert_text("# mine\n")
    page.keyboard.press("Control+s")
    page.locator(".jp-mod-dirty").first.wait_for(state="detached")
    page.goto(file)
    page.locator(".cm-line", has_text="# mine").first.wait_for(timeout=120_000)
    context.close()


def test_on_pages_from_a_disk_the_link_is_a_sentence(browser, built):
    page = browser.new_page()
    page.goto((with_lite(built) / "05_zeroing_neurons.html").as_uri())
    assert page.get_by_text("open these pages from a web server").count() == 1
    assert page.locator("a[href^=lite]").count() == 0
    page.close()


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
    outside = [
        (name, t)
        for name, page in pages.items()
        for tag, t in page.targets
        if tag != "a" and urllib.parse.urlsplit(t).scheme not in ("", "data")
    ]
    assert outside == []


def test_no_panel_pretends_to_be_live(built):
    for path in built[0].glob("*.html"):
        text = path.read_text("utf-8")
        assert "widget-view+json" not in text, path.name
        assert "require.min.js" not in text, path.name
    page = (built[0] / "06_inverted_dropout.html").read_text("utf-8")
    assert page.count('class="dl-views"') + page.count("A panel stands here in Jupyter") == 2


def test_every_view_of_a_panel_has_its_picture(built):
    for path in built[0].glob("*.html"):
        for kept in re.findall(r'<script type="application/json">(.*?)</script>', path.read_text("utf-8")):
            views = json.loads(kept)["views"]
            assert views, path.name
            assert all((built[0] / view["picture"]).is_file() for view in views), path.name


@pytest.fixture
def panel_page(tmp_path):
    """A page with two panels: one with controls, whose captions are its values, and one with nothing to keep."""
    static = tmp_path / "_static"
    static.mkdir()
    both = (
        {"p": rate(0.3), "seed": seed("again"), "n": whole(5, "bars", 0, 9)},
        {"play": moves("tests", "ab", "it is", "cd", "name it")},
    )
    square = io.BytesIO()
    Image.new("RGB", (3, 3), "grey").save(square, "png")
    bodies = []
    for i, controls in enumerate(both):
        named = [{"name": name, **control} for name, control in controls.items()]
        kept = views("Squares", named, lambda values, before: (square.getvalue(), "<", f"{values}"))
        bodies.append(panels.html(kept, static, str(i)))
    panels.write_script(static)
    page = tmp_path / "page.html"
    script = f'<script src="_static/{panels.SCRIPT}" defer></script>'
    page.write_text(f"<!doctype html><meta charset=utf-8>{script}{''.join(bodies)}", "utf-8")
    return page


def test_a_panel_moves_by_keyboard_through_the_views_that_are_there(browser, panel_page):
    page = browser.new_page()
    page.goto(panel_page.as_uri())
    panel = page.locator(".dl-panel").first
    caption, picture = panel.locator(".dl-caption"), panel.locator("img")
    assert caption.inner_text() == "{'p': 0.3, 'seed': 0, 'n': 5}"
    assert picture.get_attribute("src") == "_static/panels/0/9.webp"
    page.get_by_label("drop probability p").press("ArrowRight")
    assert caption.inner_text() == "{'p': 0.4, 'seed': 0, 'n': 5}"
    for seen in (1, 2, 0):  # three seeds are kept; after the last comes the first
        page.get_by_role("button", name="again").click()
        assert caption.inner_text() == f"{{'p': 0.4, 'seed': {seen}, 'n': 5}}"
    assert picture.get_attribute("src") == "_static/panels/0/12.webp"
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 3
    assert page.get_by_label("bars").count() == 0  # what does not move is not shown, and the note says so
    assert page.get_by_text("“bars” can be turned too").count() == 1
    page.close()


def test_a_panel_without_views_to_choose_from_has_no_controls(browser, panel_page):
    page = browser.new_page()
    page.goto(panel_page.as_uri())
    alone = page.locator(".dl-views").last
    assert alone.locator("input, button, select").count() == 0
    assert alone.locator("img").get_attribute("alt") == "<"
    assert "moves in Jupyter" in alone.inner_text()
    page.close()


def test_every_picture_is_described(pages):
    bare = [
        (name, picture["src"])
        for name, page in pages.items()
        for picture in page.pictures
        if not picture.get("alt", "").strip()
    ]
    assert bare == []


def test_every_mistake_has_its_place_in_the_gallery(pages):
    bank, _ = load_all()
    ids = [m.id for mistakes in bank.values() for m in mistakes]
    anchors = [i for i in pages["gallery.html"].ids if re.match(r"[A-Z]\d", i)]
    assert set(ids) <= set(anchors)
    assert len(anchors) == len(ids) == len(set(anchors))


def test_the_page_for_a_layer_of_ones_own_shows_a_card_that_leads_to_the_gallery(built, pages):
    text = (built[0] / "is_my_dropout_right.html").read_text("utf-8")
    assert "the mask is there, the scale is missing" in text
    assert ("a", "gallery.html#C21") in pages["is_my_dropout_right.html"].targets


def test_answers_are_folded(built):
    text = (built[0] / "06_inverted_dropout.html").read_text("utf-8")
    before, _, answer = text.partition("No: behind the layer the inverted version")
    assert answer
    assert before.rfind("<details") > before.rfind("</details>")


def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(SiteError, match="holds other files"):
        site(ROOT, tmp_path)
    with pytest.raises(SiteError, match="is a file"):
        site(ROOT, tmp_path / "thesis.txt")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


STILL = "* { transition: none !important; animation: none !important }"  # what fades in is looked at when it is there
AXE = {
    "preload": False,  # it would fetch style sheets
    "resultTypes": ["violations"],  # what passes is not told, which takes most of the time
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "rules": {"color-contrast": {"enabled": False}},  # measured by `contrast`, in both schemes
}


@dataclasses.dataclass
class Visit:
    """What was met on one visit to every page."""

    wrong: list = dataclasses.field(default_factory=list)
    raw: list = dataclasses.field(default_factory=list)
    barriers: list = dataclasses.field(default_factory=list)
    faint: list = dataclasses.field(default_factory=list)
    formulas: int = 0


@pytest.fixture(scope="module")
def visit(browser, built):
    """Each page opened once and looked at in light and dark; what frames all lessons, on one of them."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: the extra browser")
    page, seen = browser.new_page(color_scheme="light"), Visit()
    page.on("requestfailed", lambda r: None if "ABORTED" in r.failure else seen.wrong.append(f"{r.url} {r.failure}"))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:")) else seen.wrong.append(f"asked: {r.url}"))
    page.on("pageerror", lambda error: seen.wrong.append(f"error: {error}"))
    page.on("console", lambda m: seen.wrong.append(f"console: {m.text}") if m.type == "error" else None)
    for path in sorted(built[0].glob("*.html")):
        page.goto(path.as_uri())
        page.add_style_tag(content=STILL)
        page.evaluate("async () => { await window.MathJax?.startup.promise }")
        seen.formulas += page.locator("mjx-container").count()
        seen.raw += [(path.name, "an error of MathJax")] * page.locator("mjx-merror, [data-mjx-error]").count()
        seen.raw += [(path.name, text) for text in RAW.findall(page.evaluate(WORDS))]
        part = {"include": [["article"]]} if path.stem in built[1].lessons and path.stem[:2] != "00" else None
        seen.barriers += [
            (path.name, v["id"], v["nodes"][0]["target"])
            for v in axe.Axe().run(page, part, AXE).response["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate("scheme => { document.documentElement.dataset.theme = scheme }", scheme)
            seen.faint += [(path.name, scheme, fault) for fault in contrast.faults(page)]
    page.close()
    return seen


WORDS = """() => { const main = document.querySelector('article, main').cloneNode(true);
    main.querySelectorAll('pre, code, mjx-container, script').forEach(e => e.remove());
    return main.textContent }"""


def test_in_a_browser_nothing_fails_and_no_formula_stays_raw(visit):
    assert visit.wrong == []
    assert visit.raw == []
    assert visit.formulas > 100


def test_no_page_has_a_serious_fault_of_access(visit):
    assert visit.barriers == []


def test_every_word_and_mark_can_be_read_in_light_and_dark(visit):
    assert visit.faint == []


def test_pages_are_dark_where_the_readers_system_is(browser, built):
    page = browser.new_page(color_scheme="dark")
    page.goto((built[0] / "cheat_sheet.html").as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.close()


def test_every_page_says_what_it_is(built):
    for path in built[0].glob("*.html"):
        text = path.read_text("utf-8")
        assert re.search(r'<meta name="description" content="[^"]{40,}"', text), path.name
        assert 'href="_static/favicon.svg"' in text, path.name
        title = re.search(r"<title>(.*?)</title>", text, re.S)[1]
        assert not re.fullmatch(r"\s*(\S+) \S+ \1\s*", title), title
        assert "name not set" not in text, path.name


def test_the_front_page_is_one_small_file_that_starts_every_lesson(built, pages):
    front = built[0] / "index.html"
    asked = [t for tag, t in pages["index.html"].targets if tag != "a"]
    assert front.stat().st_size + sum((built[0] / t).stat().st_size for t in asked) < 100_000
    linked = {t.removesuffix(".html") for tag, t in pages["index.html"].targets if tag == "a"}
    assert set(built[1].lessons) <= linked
    assert (
        "Is applying dropout equivalent to zeroing" in re.search(r"<h1>(.*?)</h1>", front.read_text("utf-8"), re.S)[1]
    )


@pytest.fixture
def front(browser, built):
    page = browser.new_page(viewport={"width": 390, "height": 800}, reduced_motion="reduce")
    page.goto((built[0] / "index.html").as_uri())
    yield page
    page.close()


def bar(page, name):
    return page.locator(f"#{name}-value").inner_text()


def test_what_happens_at_test_time_shows_only_after_a_choice(front):
    assert bar(front, "test") == ""
    assert front.get_by_label("inverted").is_disabled()
    for word in ("0.25", "1/(1", "enlarged"):
        assert word not in front.locator("main").inner_text()
    front.get_by_role("button", name="as large as").press("Enter")
    assert "It is the third." in front.locator("#answer").inner_text()
    zeroed, test = float(bar(front, "training")), float(bar(front, "test"))
    assert abs(zeroed - 0.25 * test) < 0.01, "two layers of p = 0.5, each of which lets half of the mean through"
    front.get_by_label("inverted").check()
    assert bar(front, "training") == bar(front, "test")


def test_the_network_of_the_front_page_is_played_by_keyboard_on_a_phone(front):
    assert front.evaluate("document.documentElement.scrollWidth") <= 390
    assert front.evaluate("getComputedStyle(document.querySelector('.fill')).transitionDuration") == "0s"
    before = float(bar(front, "training"))
    front.get_by_label("probability to drop").press("ArrowRight")
    assert front.locator("#p-value").inner_text() == "0.55"
    assert float(bar(front, "training")) < before
    said = front.locator("#said")
    front.get_by_role("button", name="new mini-batch").press("Enter")
    assert "Mini-batch 2" in said.inner_text()
    kept = int(re.search(r"(\d+) of 12", said.inner_text())[1])
    assert front.locator(".dropped").count() == 12 - kept


def test_badges_come_from_one_address(tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nname = "x"\n')
    assert addresses.services(tmp_path) == {}
    project.write_text('[project]\nname = "x"\n[project.urls]\nSource = "https://github.com/some/course.git"\n')
    links = addresses.services(tmp_path)
    assert list(links) == ["Colab", "Binder", "Codespaces", "Kaggle"]
    assert all("some/course" in address and ".git/" not in address for address in links.values())
    monkeypatch.setenv("GITHUB_REPOSITORY", "a/fork")
    assert addresses.slug(tmp_path) == "some/course"
    project.write_text('[project]\nname = "x"\n')
    assert addresses.slug(tmp_path) == "a/fork"


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
