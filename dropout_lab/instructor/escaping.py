"""Strings that nobody has checked, made safe for where they go: one line of text, HTML, Markdown, a cell of a table.

Names of students and files, and messages of exceptions, may hold anything.
"""

import re
import unicodedata
from html import escape

LIMIT = 600  # characters of one message
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]|~$])")
_OPENING = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[#+=-]))(.)")  # at the beginning of a line: a heading, a list, a rule


def one_line(thing, limit=LIMIT):
    """One line: white space in a row is one blank, and what steers a terminal or a direction of writing is gone."""
    text = str(thing).encode("utf-8", "replace").decode("utf-8")
    text = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def html(thing, limit=LIMIT):
    """Escaped, with what stands between backticks set as code."""
    return "".join(
        f"<code>{escape(part)}</code>" if code else escape(part) for code, part in _parts(one_line(thing, limit))
    )


def markdown(thing, limit=LIMIT):
    """The same in Markdown: no character of the text can open a tag, a link, a mention or a list."""
    return "".join(
        f"`{part}`" if code and part.strip() else _unmarked(part) for code, part in _parts(one_line(thing, limit))
    )


def cell(thing, limit=LIMIT):
    """Text for a table that a spreadsheet opens: never the start of a formula."""
    text = one_line(thing, limit)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _parts(text):
    """[(is code, part)] of a text with backticks. An odd one out is a backtick."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return [(False, text)]
    return [(i % 2 == 1, part) for i, part in enumerate(parts)]


def _unmarked(text):
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _OPENING.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\1", text))
    return text.replace("@", "&#64;").replace("://", "&#58;//").replace("www.", "www&#46;")
