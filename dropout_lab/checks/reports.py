"""Cards and tables for people: as text and as HTML, in notebooks, terminals, feedback and on pages."""

import re
from html import escape
from textwrap import indent, shorten, wrap

from dropout_lab.checks.exercises import find
from dropout_lab.system.screen import COLUMNS, PLAIN

LONGEST = 600  # characters of one sentence: what a student's code says of itself may be a page
SYMBOL = {"passed": "✓", "failed": "✗", "error": "✗", "blank": "○"}
COLOUR = {"passed": "#007a5a", "failed": "#b34700", "error": "#b34700", "blank": "#5f6b76"}
_PRINTED_LINES = 10  # of what was printed, in a terminal
_ADDRESS = re.compile(r"https?://[^\s<>`]+[^\s<>`.,;:)]")
# A card brings its ink and its paper: those of JupyterLab, VS Code, the site or the feedback page, light or dark.
_INK = "var(--jp-content-font-color1, var(--vscode-editor-foreground, var(--pst-color-text-base, var(--ink, #1f2933))))"
_PAPER = "var(--jp-layout-color1, var(--vscode-editor-background, var(--pst-color-background, var(--fill, #ffffff))))"
_EDGE = {"passed": "#1a936f", "failed": "#d55e00", "error": "#d55e00", "blank": "#7d8894"}  # 3 to 1 on either paper
_BOX = f"color:{_INK};background:{_PAPER};padding:.4em .8em;margin:.3em 0;overflow-wrap:anywhere;border-left:4px solid "
_PRE = "margin:.2em 0;white-space:pre-wrap;color:inherit;background:none"
_TITLE = "font-weight:600;font-size:1em;line-height:inherit;margin:0;color:inherit"
_CODE = "color:inherit;background:none;white-space:inherit"
_WHOLE = '<td style="white-space:nowrap">'  # of a table, a column that does not give way to the longest


class CheckFailed(Exception):
    """A check that was not passed. In a notebook it shows its card and nothing else."""

    def __init__(self, card):
        super().__init__(as_text(card))
        self.card = card

    def __reduce__(self):
        return type(self), (self.card,)

    def _render_traceback_(self):
        return str(self).splitlines()


class StillBlank(CheckFailed, NotImplementedError):
    """A check of a function that is still a stub."""


class Report:
    """A card that a notebook shows as HTML and everything else as text."""

    def __init__(self, card):
        self.card = card

    def __repr__(self):
        return as_text(self.card)

    def _repr_html_(self):
        return as_html(self.card)

    def on_screen(self, width, style):
        return as_text(self.card, width, style)


class Note:
    """Sentences that a notebook sets as wide as its column and everything else as text."""

    def __init__(self, *lines):
        self.lines = lines

    def __repr__(self):
        return self.on_screen()

    def _repr_html_(self):
        said = "".join(f"<div>{_marked(line)}</div>" for line in self.lines)
        return f'<div role="status" class="dl-card dl-hint" style="{_BOX}{_EDGE["blank"]}">{said}</div>'

    def on_screen(self, width=COLUMNS, style=PLAIN):
        return "\n".join(line for text in self.lines for line in _filled(text, width))


class Table:
    """Records of exercises that a notebook shows as an HTML table and everything else as text."""

    def __init__(self, records, after=""):
        self.records, self.after = records, after

    def __repr__(self):
        return as_table(self.records, self.after)

    def _repr_html_(self):
        return table_as_html(self.records, self.after)

    def on_screen(self, width, style):
        return as_table(self.records, self.after, width, style)


def as_text(card, width=COLUMNS, style=PLAIN):
    """A card as lines of text, no wider than `width` where no word or address is.

    `style` colours what a screen can colour; `screen.style()` knows.
    """
    first, *rest = _filled(f"{SYMBOL[card.status]} {card.title}", width)
    lines = [style.bold(style.status(first, card.status)), *(style.bold(line) for line in rest)]
    for text in (*card.lines, card.step):
        lines += _filled(text, width, "  ")
    lines += _printed(card.printed, width)
    for text in card.foot:
        lines += [style.soft(line) for line in _filled(text, width, "  ")]
    return "\n".join(lines)


def _filled(text, width, margin=""):
    """The text in lines; what is in a row without a blank, such as a web address, stays whole."""
    options = {"break_long_words": False, "break_on_hyphens": False}
    return wrap(_cut(text), width, initial_indent=margin, subsequent_indent=margin, **options) if text else []


def _printed(text, width):
    if not text:
        return []
    lines = text.rstrip("\n").splitlines()
    more = [f"... and {len(lines) - _PRINTED_LINES} more lines"] if len(lines) > _PRINTED_LINES else []
    kept = [line if len(line) <= width - 4 else f"{line[: width - 7]}..." for line in lines[:_PRINTED_LINES]]
    return ["  It printed:", *(indent(line, "    ", lambda _: True) for line in kept + more)]


def as_html(card, heading=""):
    """A card as HTML. It brings its colours, and colour repeats what the symbol says.

    `heading` is the tag of its title on a page of many cards, such as "h3"; else the card announces itself.
    """
    tag, announced = heading or "div", "" if heading else 'role="status" '
    parts = [f'<{tag} style="{_TITLE}">{SYMBOL[card.status]} {_marked(card.title)}</{tag}>']
    parts += [f'<div style="margin-top:.3em">{_marked(text)}</div>' for text in (*card.lines, card.step) if text]
    if card.printed:
        parts.append(
            f"<details><summary>It printed</summary><pre style='{_PRE}'>{escape(card.printed)}</pre></details>"
        )
    parts += [f'<div style="margin-top:.3em;font-size:.9em">{_linked(_marked(text))}</div>' for text in card.foot]
    look = f"dl-card dl-check dl-{card.status}"
    return f'<div {announced}class="{look}" style="{_BOX}{_EDGE[card.status]}">{"".join(parts)}</div>'


def _marked(text):
    """Escaped, `code` in backticks set as code."""
    parts = escape(_cut(text)).split("`")
    code = f'<code style="{_CODE}">'
    return "".join(f"{code}{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def _linked(text):
    """Web addresses as links: in the foot of a card, which is ours; other parts may hold what a student's code says."""
    return _ADDRESS.sub(lambda found: f'<a href="{found[0]}" rel="noopener" style="color:inherit">{found[0]}</a>', text)


def _cut(text):
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rstrip()} ..."


def as_table(records, after="", width=COLUMNS, style=PLAIN):
    """Exercises by lesson with their points, the sum, and what comes after it.

    Parameters
    ----------
    records : list of `Verdict.record()`
    after : str
        Sentences for the end.
    width : int
    style : screen.Style
    """
    names = max(len(r["exercise"]) for r in records)
    lessons = {}
    for record in records:
        lessons.setdefault(record["lesson"], []).append(record)
    lines = []
    for number, rows in lessons.items():
        done = all(r["status"] == "passed" for r in rows)
        if done and len(lessons) > 1:  # what is open is what one came for
            mark, worth = style.status(SYMBOL["passed"], "passed"), sum(r["points"] for r in rows)
            lines.append(f"Lesson {number} {mark} {len(rows)} of {len(rows)} passed, {worth} points")
            continue
        lines.append(f"Lesson {number}")
        for r in rows:
            mark = style.status(SYMBOL[r["status"]], r["status"])
            points = f"{r['points']:3d} / {r['max_points']:<3d}"
            remark = shorten(_remark(r), max(20, width - names - 15), placeholder=" ...")
            lines.append(f"  {mark} {r['exercise']:{names}} {points} {remark}".rstrip())
    lines += ["", *_filled(f"{_sum(records)} {after}", width)]
    return "\n".join(lines)


def table_as_html(records, after=""):
    """The same as an HTML table."""
    rows = "".join(
        f"<tr>{_WHOLE}{SYMBOL[r['status']]}</td>{_WHOLE}{find(r['exercise']).number}</td>"
        f"{_WHOLE}{_marked('`' + r['exercise'] + '`')}</td>{_WHOLE}{r['points']} / {r['max_points']}</td>"
        f'<td style="text-align:left">{_marked(shorten(_remark(r), 90, placeholder=" ..."))}</td></tr>'
        for r in records
    )
    head = "".join(
        f'<th scope="col" style="white-space:nowrap">{name}</th>' for name in ("", "", "exercise", "points", "")
    )
    table = f'<table style="color:inherit;background:none"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
    edge = _EDGE["passed" if all(r["status"] == "passed" for r in records) else "blank"]
    said = f"<div>{_marked(f'{_sum(records)} {after}')}</div>"
    return f'<div role="status" class="dl-card dl-check" style="{_BOX}{edge}">{table}{said}</div>'


def _remark(record):
    return record["message"] if record["status"] in ("failed", "error") else ""


def _sum(records):
    points, best = (sum(r[key] for r in records) for key in ("points", "max_points"))
    return f"{points} of {best} points."
