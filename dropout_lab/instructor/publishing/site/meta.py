"""What a page says of itself to browsers, searchers, and to whoever shows a card for its link."""

import re
from html import escape

COURSE = "A course in notebooks, from backpropagation by hand to inverted dropout, every gradient checked."
ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" fill="#0072b2"/>'
    '<circle cx="10" cy="16" r="5" fill="#fff"/><path d="M18 11l9 10m0-10l-9 10" stroke="#ffb46b" stroke-width="4"/>'
    "</svg>"
)
LOST = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>No such page · dropout-lab</title>{head}
<style>:root {{ color-scheme: light dark }} body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem;
margin: 15vh auto; padding: 0 1.2rem }} @media (prefers-color-scheme: dark) {{ a {{ color: #56b4e9 }} }}</style></head>
<body><main><h1>This page was dropped.</h1><p>There is nothing at this address. <a href="index.html">The front page</a>,
<a href="about.html">all about the course</a>, or the <a href="gallery.html">gallery of mistakes</a>.</p></main></body>
</html>
"""


def head(description, title="dropout-lab"):
    """The tags of a page with that description."""
    said, named = escape(description), escape(title)
    return (
        f'<meta name="description" content="{said}">'
        f'<meta property="og:title" content="{named}"><meta property="og:description" content="{said}">'
        '<meta property="og:type" content="website"><meta property="og:site_name" content="dropout-lab">'
        '<meta name="twitter:card" content="summary">'
        '<link rel="icon" type="image/svg+xml" href="_static/favicon.svg">'
    )


def add(app, name, template, context, doctree):
    """Give a page of Sphinx its description: the first paragraph that is long enough to be one."""
    paragraphs = (node for node in (doctree.findall() if doctree else ()) if node.tagname == "paragraph")
    texts = (" ".join(node.astext().split()) for node in paragraphs)
    said = next((text for text in texts if len(text) > 60 and "$" not in text), COURSE)
    context["metatags"] = context.get("metatags", "") + head(_cut(said), context.get("title", ""))


def _cut(text, most=180):
    return text if len(text) <= most else re.sub(r"\s+\S*$", "", text[: most - 3]) + "..."
