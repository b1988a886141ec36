"""The class page and feedback in a real browser: nothing asked for, nothing run, nothing cut off on a narrow screen."""

import pytest

import classroom
from classroom import HOSTILE, document, row
from dropout_lab.instructor.gradebooks.exports import export


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pages of a class of 41, one of whom has put something into every text."""
    wrong = [row("affine_forward", "error", message=HOSTILE), row("affine_backward", "failed", "A01", HOSTILE)]
    hostile = document(HOSTILE, wrong, notes=[HOSTILE], files={HOSTILE: HOSTILE})
    home = classroom.write(tmp_path_factory.mktemp("class") / "results", [*classroom.a_class(40), hostile]).parent
    export(home)
    return home


@pytest.mark.parametrize("name", ["class.html", "feedback/s040.html", "feedback/s001.html"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_asks_for_nothing_and_fits(browser, folder, name, scheme):
    page = browser.new_page(viewport={"width": 420, "height": 800}, color_scheme=scheme)
    asked, said, url = [], [], (folder / name).as_uri()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(url)
    assert asked == [url]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.close()


def test_a_name_on_the_class_page_leads_to_the_feedback(browser, folder):
    page = browser.new_page()
    page.goto((folder / "class.html").as_uri())
    page.get_by_role("link", name="Student 07").first.click()
    assert page.get_by_role("heading", level=1).inner_text() == "Student 07"
    page.close()
