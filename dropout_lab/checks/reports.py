"""Verdicts for people: as text, as HTML, and as a table of all exercises."""

from html import escape
from textwrap import fill, shorten

from dropout_lab.checks.exercises import find
from dropout_lab.system.columns import COLUMNS

SYMBOL = {"passed": "✓", "failed": "✗", "error": "✗", "blank": "○"}
COLOUR = {"passed": "#007a5a", "failed": "#b34700", "error": "#b34700", "blank": "#5f6b76"}


class CheckFailed(Exception):
    """A check that was not passed. In a notebook it shows the report and nothing else."""

    def __init__(self, verdict, remarks=()):
        super().__init__(as_text(verdict, remarks))
        self.verdict, self.remarks = verdict, remarks

    def _render_traceback_(self):
        return as_text(self.verdict, self.remarks, bold=True).splitlines()


class Report:
    """A verdict that a notebook shows as HTML and everything else as text."""

    def __init__(self, verdict, remarks=()):
        self.verdict, self.remarks = verdict, remarks

    def __repr__(self):
        return as_text(self.verdict, self.remarks)

    def _repr_html_(self):
        return as_html(self.verdict, self.remarks)


def opening(verdict):
    """The first line: symbol, exercise, what it is about."""
    name = f"{SYMBOL[verdict.status]} "
    if verdict.status == "blank":
        return name + verdict.headline
    points = f" · {verdict.points} points. {verdict.details[0]}" if verdict.status == "passed" else ""
    return f"{name}`{verdict.exercise.name}` · {verdict.headline}{points}"


def as_text(verdict, remarks=(), bold=False, width=COLUMNS):
    """The report as lines of text, remarks on files last; bold where a terminal's red cannot be read."""
    first, *rest = [opening(verdict), *(() if verdict.status == "passed" else verdict.details), *remarks]
    lines = [fill(first, width), *(fill(line, width, initial_indent="  ", subsequent_indent="  ") for line in rest)]
    if bold:
        lines[0] = f"\x1b[1m{lines[0]}\x1b[0m"
    return "\n".join(lines)


def as_html(verdict, remarks=()):
    """The report as a card; colour repeats what the symbol says."""
    first, *rest = [opening(verdict), *(() if verdict.status == "passed" else verdict.details), *remarks]
    paragraphs = "".join(f'<div style="margin-top:.3em">{_marked(line)}</div>' for line in rest)
    style = f"border-left:4px solid {COLOUR[verdict.status]};padding:.4em .8em;margin:.3em 0"
    return f'<div role="status" style="{style}"><div><strong>{_marked(first)}</strong></div>{paragraphs}</div>'


def _marked(text):
    """Escaped, with `code` in backticks set as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def as_table(records):
    """All exercises by lesson, the points, and what to do next.

    Parameters
    ----------
    records : list of `Verdict.record()`
    """
    width = max(len(r["exercise"]) for r in records)
    lines = []
    for i, r in enumerate(records):
        if i == 0 or r["lesson"] != records[i - 1]["lesson"]:
            lines.append(f"Lesson {r['lesson']}")
        remark = "" if r["status"] in ("passed", "blank") else shorten(r["message"], 100 - width, placeholder=" ...")
        marks = f"{r['points']:3d} / {r['max_points']:<3d}"
        lines.append(f"  {SYMBOL[r['status']]} {r['exercise']:{width}} {marks} {remark}".rstrip())
    points, best = (sum(r[key] for r in records) for key in ("points", "max_points"))
    lines.append(f"\n{points} of {best} points.{_next_step(records)}")
    return "\n".join(lines)


def _next_step(records):
    open_ones = [r for r in records if r["status"] != "passed"]
    if not open_ones:
        return " Every exercise passed."
    e = find(open_ones[0]["exercise"])
    return (
        f" Next: `{e.name}`. {e.place}.\nThe whole report: dropout-lab check {e.name}. Stuck: dropout-lab hint {e.name}"
    )
