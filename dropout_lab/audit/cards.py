"""An audit for people: as text and as HTML, readable without the course."""

from html import escape
from textwrap import fill

from dropout_lab.checks.probes.dropout_masks import between, percent, times
from dropout_lab.checks.words import sentence
from dropout_lab.system.screen import COLUMNS

SYMBOL = {"right": "✓", "right_if_keep": "✓", "wrong": "✗", "undriven": "○", "not_dropout": "○"}
COLOUR = {"✓": "#007a5a", "✗": "#b34700", "○": "#5f6b76"}
BESIDE = 86  # columns that two pictures take
_TITLE = {
    "undriven": "no verdict",
    "not_dropout": "another thing than dropout",
}


def opening(found):
    """The first line: symbol, layer, what it comes to."""
    layer = found.observations.get("layer")
    name = f"`{layer}` in {found.target}" if layer and layer not in found.target else f"`{found.target}`"
    title = found.mistakes[0]["title"] if found.mistakes else _TITLE.get(found.verdict, found.message)
    return f"{SYMBOL[found.verdict]} {name} · {title[:1].lower()}{title[1:]}"


def _beyond(found):
    """The message without what the first line says already."""
    title = found.mistakes[0]["title"] if found.mistakes else ""
    return "" if found.status == 0 else found.message.removeprefix(f"{sentence(title)}.").strip()


def rows(found):
    """[(what was looked at, what was seen, what is right, whether that is met or None)], the table of the card."""
    seen = found.observations
    if not seen:
        return []
    at, met, inverted = seen["at"]["0.3"], seen["aspects"], seen["kind"] == "inverted"
    drop = 0.7 if seen["means"] == "keep" else 0.3
    kept, test = (1 / (1 - drop), 1.0) if inverted else (1.0, 1 - drop)
    table = [
        ("zeros in training", percent(round(at["share of zeros"], 3)), f"about {percent(drop)}", met["zeros"]),
        ("kept entries", _factor(at["kept"]), f"× {times(kept)}", met["kept"]),
    ]
    if "test time" in met:
        table.append(("test time", _factor(at["test time"]), f"× {times(test)}", met["test time"]))
    if "gradient" in met:
        forward = between(*at["kept"]) if at["kept"] else "1.00"
        table.append(("gradient where kept", _factor(at["gradient where kept"]), f"× {forward}", met["gradient"]))
        table.append(("gradient where dropped", _factor(at["gradient where dropped"]), "× 0.00", met["gradient"]))
    table += [
        ("a coin for each entry", "yes" if met["per entry"] else "no", "yes", met["per entry"]),
        ("new coins in each call", "yes" if met["fresh"] else "no", "yes", met["fresh"]),
        (
            "your arrays",
            "as they were" if met["arrays"] else "changed in place",
            "as they were",
            met["arrays"],
        ),
    ]
    both = [name for name in ("gradient where kept", "gradient where dropped") if "gradient" in met]
    return [(*row[:3], row[3] or (row[0] in both and _same(row[1], row[2]))) for row in table]


def _same(a, b):
    return a == b


def _factor(span):
    return f"× {between(*span)}" if span else "-"


def as_text(found, width=COLUMNS):
    """The card as lines of text."""
    lines = [fill(opening(found), width)]

    def say(words, first="  "):
        if words:
            lines.append(fill(words, width, initial_indent=first, subsequent_indent="  " + " " * (len(first) - 2)))

    say(_beyond(found))
    if table := rows(found):
        lines += ["", *_facts(found, width), "", *_columns(table, found.observations["number"])]
        lines += ["", *_pictures(found.observations.get("picture", {}), width)]
    named = [m for m in found.mistakes if m["id"]]
    if named:
        say("In the gallery of mistakes: " + "; ".join(f"{m['id']}, {m['title']}" for m in named) + ".")
    for words in found.change:
        say(words, "  to change: ")
    for words in found.remarks:
        say(words, "  also: ")
    if found.adapter:
        say("An adapter such as this one, in a file of its own beside it, can be audited:")
        lines += ["", *(f"    {line}".rstrip() for line in found.adapter.splitlines())]
    return "\n".join(lines)


def _facts(found, width):
    seen = found.observations
    meaning = f"the probability to {seen['means']}"
    for name, words in (("called", seen["called"]), (f"`{seen['number']}`", meaning), ("mode", seen["mode"])):
        yield fill(words, width, initial_indent=f"  {name:24}", subsequent_indent=" " * 26)


def _columns(table, number):
    seen, right = (max(len(row[i]) for row in table) + 2 for i in (1, 2))
    yield f"  {f'at {number} = 0.3':24}{'seen':{seen}}right"
    for what, is_, should, met in table:
        yield f"  {what:24}{is_:{seen}}{should:{right}}{'✓' if met else '✗'}"


def _pictures(pictures, width):
    """Side by side, or where there is no room one below the other."""
    if not pictures:
        return
    if width < BESIDE:
        for one in pictures.items():
            yield from _pictures(dict([one]), BESIDE)
        return
    blocks = [
        [f"{name} of a few entries", *("".join(_entry(v) for v in row) for row in rows_)]
        for name, rows_ in pictures.items()
    ]
    for i in range(len(blocks[0])):
        yield "  " + "    ".join(f"{block[i]:40}" for block in blocks).rstrip()
    yield ""


def _entry(value):
    if value != value:
        return "  nan"
    return "   · " if value == 0 else f"{value:5.2f}" if abs(value) < 10 else f"{value:5.0f}"


def as_html(found):
    """The card as HTML; colour repeats what the symbols say."""
    colour = COLOUR[SYMBOL[found.verdict]]
    parts = [f"<div><strong>{_marked(opening(found))}</strong></div>", _paragraph(_beyond(found))]
    if table := rows(found):
        seen = found.observations
        facts = (
            (f"`{seen['number']}`", f"the probability to {seen['means']}"),
            ("called", f"`{seen['called']}`"),
            ("mode", seen["mode"]),
        )
        parts.append("".join(f"<div>{_marked(name)}: {_marked(words)}</div>" for name, words in facts))
        parts.append(_table(table, seen["number"]) + _drawn(seen.get("picture", {})))
    named = [f'<a href="gallery.html#{m["id"]}">{m["id"]}</a> {_marked(m["title"])}' for m in found.mistakes if m["id"]]
    if named:
        parts.append(f"<div>In the gallery of mistakes: {'; '.join(named)}</div>")
    parts += [_paragraph(f"To change: {words}") for words in found.change]
    parts += [_paragraph(f"Also: {words}") for words in found.remarks]
    if found.adapter:
        parts.append(_paragraph("An adapter such as this one can be audited:") + f"<pre>{escape(found.adapter)}</pre>")
    style = f"border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0"
    return f'<div role="status" style="{style}">{"".join(parts)}</div>'


def _table(table, number):
    columns = (f"at <code>{escape(number)}</code> = 0.3", "seen", "right", "")
    head = "<tr>" + "".join(f"<th scope='col'>{name}</th>" for name in columns) + "</tr>"
    body = "".join(
        f"<tr><th scope='row'>{escape(what)}</th><td>{escape(seen)}</td><td>{escape(right)}</td>"
        f"<td>{'✓' if met else '✗'}</td></tr>"
        for what, seen, right, met in table
    )
    return f'<table cellpadding="4" style="margin:.4em 0">{head}{body}</table>'


def _drawn(pictures):
    """Each picture as squares: white for 0, the darker the larger the factor."""
    drawn = []
    for name, values in pictures.items():
        most = max((abs(v) for row in values for v in row if v == v), default=1) or 1
        squares = "".join(
            f'<rect x="{12 * j}" y="{12 * i}" width="11" height="11" fill="#0b5fa5"'
            f' fill-opacity="{abs(v) / most if v == v else 0:.2f}"'
            f' stroke="#5f6b76" stroke-width=".5"><title>{v:.2f}</title></rect>'
            for i, row in enumerate(values)
            for j, v in enumerate(row)
        )
        wide, high = 12 * len(values[0]), 12 * len(values)
        label = f"{name} of a few entries; white is 0, the darkest {most:.2f}"
        drawn.append(
            '<figure style="display:inline-block;margin:.4em 1.5em .4em 0">'
            f'<svg role="img" aria-label="{escape(label)}"'
            f' width="{wide}" height="{high}">{squares}</svg><figcaption>{escape(label)}</figcaption></figure>'
        )
    return "".join(drawn)


def _paragraph(words):
    return f'<div style="margin-top:.3em">{_marked(words)}</div>'


def _marked(text):
    """Escaped, with `code` in backticks set as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
