"""Every solution in JupyterLab in Chromium: it runs, its panels move, and all can read it. Then a student's first hour.

One file, so that xdist gives all of it to one worker: one browser, one server, one notebook at a time.
"""

import shutil

import nbformat
import pytest

import in_browser as lab
from conftest import ALL, ROOT

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: the extra browser")
pytestmark = pytest.mark.timeout(600)  # a busy machine is slow, not wrong
LESSONS = "[0-9]*" if ALL else "0[67]*"  # two panels in one, and the hunt; all run in kernels without a browser too
NAMES = sorted(path.stem for path in (ROOT / "solutions").glob(f"{LESSONS}.ipynb"))


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """A server of solutions that have never been run: what is shown later comes from this run."""
    home = tmp_path_factory.mktemp("solutions")
    for name in NAMES:
        notebook = nbformat.read(ROOT / f"solutions/{name}.ipynb", 4)
        for cell in code_cells(notebook):
            cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, home / f"{name}.ipynb")
    with lab.jupyter(home, tmp_path_factory.mktemp("settings"), ROOT / "solutions") as address:
        yield address


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(60_000)
    yield page
    page.close()


@pytest.fixture(scope="module", params=NAMES)
def solution(request, page, url):
    """A solution's name; it is open in the page, and all of it has been run."""
    lab.open_notebook(page, url, f"{request.param}.ipynb")
    lab.run_all(page)
    yield request.param
    lab.shut_kernels(url)


def test_a_solution_runs_without_errors_and_shows_what_it_should(page, solution):
    lab.photograph(page, solution)
    assert page.locator(lab.BAD).all_inner_texts() == []
    notebook = nbformat.read(ROOT / f"solutions/{solution}.ipynb", 4)
    speaking = [bool(cell.outputs) for cell in code_cells(notebook)]
    shown = [cell.locator(".jp-OutputArea-output").count() > 0 for cell in page.locator(".jp-CodeCell").all()]
    assert shown == speaking


def test_panels_answer_to_keyboard_and_mouse(page, solution):
    """Each slider is moved both ways, each button pressed; each time the picture and the caption below it change."""
    for panel in page.locator(".dl-panel").all():
        for slider in panel.locator("input[type=range]").all():
            moves_by(page, panel, press_an_arrow, slider)
            moves_by(page, panel, click_at_a_quarter, page, slider)
        for button in panel.locator("button").all():
            moves_by(page, panel, button.press, "Enter")


def test_choices_answer_to_the_keyboard_and_a_closed_case_to_nothing(page, solution):
    """Each list of words is moved by an arrow. In the hunt, a name closes the case, and a new suspect opens one."""
    for panel in page.locator(".dl-panel").all():
        for choice in panel.locator(".dl-control > select").all():
            last = choice.evaluate("node => node.selectedIndex === node.options.length - 1")
            moves_by(page, panel, choice.press, "ArrowUp" if last else "ArrowDown")
        tests = panel.get_by_role("group", name="tests", exact=True).get_by_role("button").all()
        if not tests:
            continue
        new_suspect, caption = panel.get_by_role("button", name="next suspect"), panel.locator(".dl-caption")
        moves_by(page, panel, new_suspect.click)
        moves_by(page, panel, tests[0].click)
        assert "1 of 5 tests used" in caption.inner_text()
        panel.get_by_label("What is wrong with it:").press("ArrowDown")
        moves_by(page, panel, panel.get_by_role("button", name="name it").click)
        said = caption.inner_text()
        assert "You say: C" in said
        tests[1].press("Enter")
        page.evaluate(lab.SETTLED, 300)
        assert caption.inner_text() == said
        moves_by(page, panel, new_suspect.press, "Enter")
        assert "0 of 5 tests used" in caption.inner_text()


def moves_by(page, panel, act, *arguments):
    """What a reader sees and hears of a panel is different after act(*arguments)."""
    picture, caption = panel.locator("img"), panel.locator(".dl-caption")
    before = [picture.get_attribute("src"), caption.inner_text()]
    act(*arguments)
    changed = "([picture, caption, before]) => picture.src !== before[0] && caption.innerText !== before[1]"
    page.wait_for_function(changed, arg=[picture.element_handle(), caption.element_handle(), before], timeout=60_000)
    page.evaluate(lab.SETTLED, 200)
    assert "Error" not in caption.inner_text()
    assert picture.get_attribute("alt")


def press_an_arrow(slider):
    full = slider.evaluate("node => node.value === node.max")
    slider.press("ArrowLeft" if full else "ArrowRight")


def click_at_a_quarter(page, slider):
    """Click the slider's track at a quarter of its length, or at three quarters if it stands in the left half."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    left = slider.evaluate("node => node.valueAsNumber < (Number(node.min) + Number(node.max)) / 2")
    page.mouse.click(box["x"] + box["width"] * (0.75 if left else 0.25), box["y"] + box["height"] / 2)


def test_outputs_can_be_read_by_all(page, solution):
    """axe-core finds nothing serious or critical in what the lesson shows: names, alt texts, contrast."""
    assert barriers_in_both_themes(page, solution) == []


def barriers_in_both_themes(page, name="journey"):
    light = lab.barriers(page, axe.Axe())
    lab.use_theme(page, "JupyterLab Dark")
    lab.photograph(page, f"dark-{name}")
    dark = lab.barriers(page, axe.Axe())
    lab.use_theme(page, "JupyterLab Light")
    return light + dark


# A student's first hour


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    """What a student has: the lessons and the package with its blanks."""
    home = tmp_path_factory.mktemp("student")
    derived = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
    for folder in ("dropout_lab", "lessons"):
        shutil.copytree(ROOT / folder, home / folder, ignore=derived)
    return home


@pytest.fixture(scope="module")
def student_url(student, tmp_path_factory):
    with lab.jupyter(student, tmp_path_factory.mktemp("settings"), student) as address:
        yield address


def test_a_student_writes_a_function_wrong_then_right(page, student_url):
    """Blank, named mistake, passed: in one kernel, with the file edited and saved beside the lesson."""
    lab.open_notebook(page, student_url, "lessons/01_backprop_by_hand.ipynb")
    lab.command(page, "notebook:show-all-cell-code")  # the set-up is folded
    lab.run_cell(page, "from dropout_lab.lab.notebook import start")
    check = 'check("affine_forward")'
    blank = lab.output(lab.run_cell(page, check))
    assert "affine_forward" in blank
    assert "○" in blank

    write_in_editor(page, "`affine_forward` is still blank", "return x @ w, (x, w)")
    wrong = lab.output(lab.run_cell(page, check))
    assert "✗" in wrong
    assert "b is not added" in wrong
    assert "Traceback" not in wrong
    assert barriers_in_both_themes(page) == []  # a failed report is a card

    write_in_editor(page, "return x @ w, (x, w)", "return x @ w + b, (x, w)")
    right = lab.output(lab.run_cell(page, check))
    assert "✓" in right
    assert "affine_forward" in right
    lab.shut_kernels(student_url)


def write_in_editor(page, old, new):
    """Open layers.py in a tab, type new in the place of the line that holds old, save, and come back to the lesson."""
    lab.command(page, "docmanager:open", path="dropout_lab/layers.py")
    line = page.locator(".jp-FileEditor .cm-line").filter(has_text=old).first
    line.wait_for()
    line.click(click_count=3)  # all of the line, even where it is wrapped
    page.keyboard.type(f"    {new}")
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate(lab.SETTLED, 300)
    page.get_by_role("tab", name="01_backprop").click()
