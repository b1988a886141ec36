"""What README, CONTRIBUTING and the pages of docs/ name is there: a file that was moved takes its name along."""

import re

import pytest

from conftest import ROOT

PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
]
NAMED = re.compile(r"`([\w.-]+/[\w./*-]*|[\w./*-]+\.(?:py|md|toml|ipynb|yml))`|\]\(([^)#:\s]+)\)")
ROOMS = ("", "dropout_lab", "dropout_lab/instructor", "dropout_lab/instructor/grading/boundary")


def missing(page, text):
    """The paths in a text that are nowhere: from the root, the page's own folder, or a room that is spoken of."""
    places = [*(ROOT / room for room in ROOMS), (ROOT / page).parent]
    named = {code or link for code, link in NAMED.findall(text)}
    real = {name for name in named if not re.search(r"\b(NN|NAME)\b|NN_", name)}
    return sorted(name for name in real if not any(list(place.glob(name)) for place in places))


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page):
    assert missing(page, (ROOT / page).read_text("utf-8")) == []


def test_a_path_that_is_not_there_is_found():
    text = "`lab/gone.py`, `grading/batch.py`, [the voice](STYLE.md), [a page](docs/LOST.md), `lab/no_room/`"
    assert missing("docs/ARCHITECTURE.md", text) == ["docs/LOST.md", "lab/gone.py", "lab/no_room/"]
