"""The class on one page: marks, hard exercises, the mistakes that were made, what to teach again, what to look at."""

import os
from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.words import sentence
from dropout_lab.instructor.escaping import html
from dropout_lab.instructor.feedback.cards import remarks
from dropout_lab.instructor.feedback.causes import causes
from dropout_lab.instructor.feedback.page import page, table
from dropout_lab.instructor.grading.results import two_decimals
from dropout_lab.instructor.grading.similarity import rings, stubs
from dropout_lab.system.places import ROOT

BINS = 10
TEACH = 3  # causes to teach again
NAMED = 12  # students named beside one of them
RINGS = 40  # rows of the table of likeness
SHARED = 6  # functions named in one of them


@dataclass(frozen=True)
class Tally:
    """How one exercise went: `passed`, `failed` (by its own fault), `fallen` (with another) and `blank` count
    submissions.
    """

    name: str
    passed: int
    failed: int
    fallen: int
    blank: int

    @property
    def tried(self):
        return self.passed + self.failed

    @property
    def total(self):
        return self.tried + self.fallen + self.blank

    @property
    def missed(self):
        """The share of those who tried and did not get there."""
        return self.failed / self.tried if self.tried else 0.0


def as_html(results, problems=(), folder=None):
    """The page for a class.

    Parameters
    ----------
    results : list of Result, at least one
    problems : sentences on files that could not be read
    folder : Path, optional
        Where the page will stand; from there it links to the lessons.
    """
    tallies, made = tally(results), causes(results)
    return page(
        f"Class of {len(results)}",
        f"<h1>{_many(len(results), 'submission')}</h1>",
        _opening(results, problems),
        "<h2>Marks</h2>",
        _histogram(results),
        "<h2>What to teach again</h2>",
        _teach(made, folder),
        "<h2>Exercises, the hardest first</h2>",
        _exercises(tallies),
        "<h2>Causes</h2>",
        _causes(made, len(results)),
        "<h2>Alike enough to look at</h2>",
        _alike(results),
        "<h2>Submissions</h2>",
        _nothing(results),
        _submissions(results),
    )


def tally(results):
    """One Tally per exercise that was graded, the hardest first: most own failures of those who tried."""
    counts = {name: Counter(_outcome(r.row(name)) for r in results if r.row(name)) for name in EXERCISES}
    found = [Tally(name, c["passed"], c["failed"], c["fallen"], c["blank"]) for name, c in counts.items() if c]
    return sorted(found, key=lambda t: (-t.missed, t.passed / t.total))


def _outcome(row):
    if row.status == "passed":
        return "passed"
    if row.suffers:
        return "fallen"
    return "blank" if row.status == "blank" else "failed"


def _opening(results, problems):
    marks = [r.percent for r in results]
    text = (
        f"<p>Median {median(marks):.0f} %, mean {mean(marks):.0f} %, from {min(marks):.0f} to {max(marks):.0f} %"
        f" of {two_decimals(max(r.max_points for r in results))} points.</p>"
    )
    if problems:
        text += (
            "<p>Results that could not be read:</p><ul>" + "".join(f"<li>{html(p)}</li>" for p in problems) + "</ul>"
        )
    return text


def _histogram(results):
    """How many submissions in each tenth of the marks, as a picture that also reads as words."""
    counts = [0] * BINS
    for r in results:
        counts[min(BINS - 1, int(r.percent * BINS / 100))] += 1
    width, height, base, step = 640, 190, 150, 60
    parts = []
    for i, n in enumerate(counts):
        tall, x = 120 * n / max(counts), 20 + i * step
        parts.append(f'<rect x="{x + 3}" y="{base - tall:.1f}" width="{step - 6}" height="{tall:.1f}"/>')
        parts.append(f'<text x="{x + step / 2}" y="{base - tall - 6:.1f}" text-anchor="middle">{n or ""}</text>')
    ticks = "".join(
        f'<text class="soft" x="{20 + i * step}" y="{base + 17}" text-anchor="middle">{10 * i}</text>'
        for i in range(BINS + 1)
    )
    said = ", ".join(f"{10 * i} to {10 * (i + 1)} %: {n}" for i, n in enumerate(counts) if n)
    small = "mark in % of the points; a number on a bar counts submissions"
    return (
        f'<div class="figure"><svg role="img" aria-label="Submissions by mark. {said}."'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}">{"".join(parts)}'
        f'<line class="line" x1="20" x2="{width - 20}" y1="{base}" y2="{base}"/>{ticks}'
        f'<text class="soft" x="20" y="{height - 4}">{small}</text></svg></div>'
    )


def _teach(made, folder):
    """The causes that most of the class share, each with its students, the code of one, and where it is taught."""
    if not made:
        return "<p>Nobody tried an exercise and missed it.</p>"
    return "\n".join(_card(cause, folder) for cause in made[:TEACH])


def _card(cause, folder):
    names = ", ".join(map(_student, cause.results[:NAMED]))
    more = f" and {len(cause.results) - NAMED} more" if len(cause.results) > NAMED else ""
    where = ", ".join(f"{EXERCISES[name].number} <code>{name}</code>" for name in cause.exercises)
    code = f"<pre>{escape(cause.code)}</pre>" if cause.code else ""
    return (
        f'<section class="card failed"><h3>{html(sentence(cause.title))}</h3><p>{html(cause.sentence)}</p>'
        f"<p>{_many(len(cause.results), 'student')}: {names}{more}.</p>{code}"
        f'<p class="soft">{where}. {_lesson(EXERCISES[cause.exercises[0]].lesson, folder)}</p></section>'
    )


def _lesson(number, folder):
    """The lesson by name, as a link where it can be reached from the page."""
    found = sorted((ROOT / "lessons").glob(f"{number}_*.ipynb"))
    if not found:
        return f"Lesson {number}."
    name = f"Lesson {number}, {html(found[0].stem[3:].replace('_', ' '))}"
    if folder is None:
        return f"{name}."
    try:
        way = quote(Path(os.path.relpath(found[0], Path(folder).resolve())).as_posix())
    except ValueError:  # another drive
        return f"{name}."
    return f'<a href="{way}">{name}</a>.'


def _exercises(tallies):
    rows = []
    for t in tallies:
        e = EXERCISES[t.name]
        rows.append(
            [
                f"{e.number} <code>{t.name}</code>",
                _stack(t),
                f"{100 * t.passed / t.total:.0f}",
                t.passed,
                t.failed,
                t.fallen,
                t.blank,
            ]
        )
    legend = "Bars: filled, passed; striped, not right by a fault of its own; empty, blank or fallen with another"
    return table(
        legend,
        ["exercise", "share of the class", "passed, %", "passed", "not right", "falls with another", "blank"],
        rows,
        numbers=(2, 3, 4, 5, 6),
    )


def _stack(t):
    return _bar(*((kind, n / t.total) for kind, n in (("passed", t.passed), ("failed", t.failed), ("blank", t.blank))))


def _bar(*parts):
    """A bar of (kind, share). The numbers beside it say the same, so it is silent for a screen reader."""
    spans = "".join(f'<span class="is-{kind}" style="width:{100 * share:.2f}%"></span>' for kind, share in parts)
    return f'<div class="bar" aria-hidden="true">{spans}</div>'


def _causes(made, total):
    if not made:
        return "<p>None.</p>"
    most = len(made[0].results)
    rows = [
        [
            f"<strong>{html(cause.title)}</strong><br>{html(cause.sentence)}",
            ", ".join(f"{EXERCISES[name].number} <code>{name}</code>" for name in cause.exercises),
            _bar(("failed", len(cause.results) / most)),
            len(cause.results),
        ]
        for cause in made
    ]
    caption = f"Submissions, of {total}, with this cause; each counts once, in however many exercises it shows"
    return table(caption, ["cause", "exercise", "how often", "count"], rows, numbers=(3,))


def _nothing(results):
    """Who handed in nothing that was written."""
    empty = [r for r in results if all(row.status == "blank" and not row.suffers for row in r.rows)]
    return f"<p>Nothing written: {', '.join(map(_student, empty))}.</p>" if empty else ""


def _alike(results):
    """Groups whose code is alike once comments, names, layout, the stub and what many share are taken off."""
    found = rings([r.sources for r in results], stubs())
    note = (
        "<p>Compared function by function without comments, names and layout; what the stub says does not count,"
        " and what many of the class write counts little. Short exercises leave few ways to be right: this is a place"
        " to look, not a verdict.</p>"
    )
    if not found:
        return note + "<p>No two submissions stand out.</p>"
    rows = []
    for ring in found[:RINGS]:
        students = [_student(results[i]) for i in ring.members]
        where, further = ", ".join(ring.where[:SHARED]), len(ring.where) - SHARED
        rows.append(
            [
                f"{', '.join(students[:-1])} and {students[-1]}",
                f"{ring.likeness:.0%}" if ring.whole else f"{ring.likeness:.0%} in one function",
                ring.shared,
                html(f"{where} and {further} more" if further > 0 else where),
            ]
        )
    more = f"<p>{len(found) - RINGS} further groups are not shown.</p>" if len(found) > RINGS else ""
    head = ["submissions", "alike", "runs of tokens in common", "where"]
    return note + table("Groups, the most alike first", head, rows, (2,)) + more


def _submissions(results):
    rows = [
        [
            _student(r),
            two_decimals(r.points),
            f"{r.percent:.0f} %",
            sum(row.status == "passed" for row in r.rows),
            _said(r),
        ]
        for r in results
    ]
    return table(
        "In alphabetical order; each name leads to the feedback",
        ["student", "points", "mark", "passed", "remarks"],
        rows,
        (1, 2, 3),
    )


def _said(result):
    """The remarks on a submission, and folded the names of what was not looked at."""
    lines = "<br>".join(html(line, 300) for line in remarks(result))
    if not result.ignored:
        return lines
    names = "<br>".join(html(name, 300) for name in result.ignored)
    return f"{lines}<details><summary>not looked at: {len(result.ignored)} files</summary>{names}</details>"


def _student(result):
    name, way = html(result.student, 80) or "(no name)", escape(quote(result.stem))
    return f'<a class="name" href="feedback/{way}.html">{name}</a>'


def _many(n, thing):
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
