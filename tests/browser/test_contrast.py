"""The measure of contrast finds what it is for, and lets pass what can be read."""

import pytest

import contrast

PALE_BOX = "<div style='background: #fff'><p>text of a dark theme in a pale box</p></div>"
FOLDED = "<details><summary>more</summary><p style='color: #aaa'>folded</p></details>"
FADED = "<div style='opacity: .4'><p>faded by what is around it</p></div>"
BAR = "<svg width=40 height=40><rect width=20 height=20 fill='{}'/></svg>"


@pytest.fixture(scope="module")
def show(browser):
    page = browser.new_page()

    def faults(body, style="color: #222; background: #fff"):
        page.set_content(f"<!doctype html><body style='{style}'>{body}")
        return contrast.faults(page)

    yield faults
    page.close()


@pytest.mark.parametrize(
    ("body", "style", "said"),
    [
        ("<p style='color: #777'>grey</p>", "background: #fff", "4.48 of 4.5"),
        (PALE_BOX, "color: #fdfdfd; background: #121212", "1.02 of 4.5"),
        (FOLDED, "background: #fff", "folded"),
        (FADED, "color: #222; background: #fff", "faded"),
        (BAR.format("#ccc"), "background: #fff", "a mark"),
        ("<div class=dl-card style='border-left: 4px solid #eee'>card</div>", "background: #fff", "its border"),
        ("<input value=3 style='color: #999; background: #fff'>", "background: #fff", "its value"),
        ("<p style='background: #0004'>seen through</p>", "color: #666; background: #fff", "seen through"),
    ],
)
def test_what_is_too_faint_is_found(show, body, style, said):
    found = show(body, style)
    assert len(found) == 1
    assert said in found[0]


def test_what_can_be_read_is_let_pass(show):
    fine = [
        "<p style='color: #767676'>grey</p>",
        "<p style='color: #949494; font-size: 24px'>large</p>",
        BAR.format("#767676"),
        "<button disabled style='color: #ccc'>off</button>",
        "<p hidden style='color: #fff'>not there</p>",
        "<div style='background: #111'><p style='color: #ddd'>dark on a light page</p></div>",
        "<div class=dl-card style='border-left: 4px solid #0072b2'>card</div>",
    ]
    assert show("".join(fine)) == []
