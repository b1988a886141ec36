"""What a student gets back: the words of the lessons, a card per exercise, as HTML and Markdown. Never an input."""

from dataclasses import dataclass

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.hints import HINTS
from dropout_lab.checks.reports import SYMBOL
from dropout_lab.instructor.feedback.page import page
from dropout_lab.instructor.texts import html, markdown, two

SAID = {"passed": "passed", "failed": "not right yet", "blank": "blank", "error": "did not run"}


@dataclass(frozen=True)
class Card:
    """What is said on one exercise, as text that has yet to be escaped."""

    status: str
    title: str
    points: str
    lines: tuple[str, ...]


def as_html(result):
    """A result as a page."""
    parts = [f"<h1>{html(result.student)}</h1>", f"<p>{html(summary(result))}</p>"]
    if said := remarks(result):
        parts.append("<h2>About the files</h2>\n<ul>" + "".join(f"<li>{html(line)}</li>" for line in said) + "</ul>")
    parts.append("<h2>Exercises</h2>")
    for card in map(card_of, result.rows):
        lines = "".join(f"<p>{html(line)}</p>" for line in card.lines)
        parts.append(
            f'<section class="card {card.status}"><h3>{SYMBOL[card.status]} {html(card.title)}</h3>'
            f'<p class="soft">{html(card.points)} · {SAID[card.status]}</p>{lines}</section>'
        )
    return page(f"Feedback for {result.student}", *parts)


def as_markdown(result, heading="#"):
    """A result as Markdown, in the same words."""
    lines = [f"{heading} {markdown(result.student)}", "", markdown(summary(result)), ""]
    if said := remarks(result):
        lines += [f"{heading}# About the files", "", *(f"- {markdown(line)}" for line in said), ""]
    lines += [f"{heading}# Exercises", ""]
    for card in map(card_of, result.rows):
        lines += [
            f"{heading}## {SYMBOL[card.status]} {markdown(card.title)}",
            "",
            f"{markdown(card.points)} · {SAID[card.status]}",
            "",
        ]
        lines += [text for line in card.lines for text in (markdown(line), "")]
    return "\n".join(lines).rstrip("\n") + "\n"


def summary(result):
    """The sentence on top."""
    done = sum(row.status == "passed" for row in result.rows)
    return f"{two(result.points)} of {two(result.max_points)} points. {done} of {len(result.rows)} exercises passed."


def remarks(result):
    """What there is to say on the files: the ones that were not fine, then the notes."""
    wrong = [f"`{name}.py` {said}" for name, said in sorted(result.files.items()) if said != "ok"]
    return [*wrong, *result.notes]


def card_of(row):
    """The card of one exercise."""
    exercise = EXERCISES[row.exercise]
    title = f"{exercise.number} · `{exercise.name}`"
    points = f"{two(row.points)} of {two(row.max_points)} points"
    return Card(row.status, title, points, tuple(_lines(row, exercise)))


def _lines(row, exercise):
    if row.status == "passed":
        return
    known = mistake_of(row)
    if known and known.title not in row.message:
        yield f"{known.title}."
    if row.message:
        yield row.message
    if known and known.sentence not in row.message:
        yield known.sentence
    if row.status != "blank" and (first := HINTS[row.exercise][0]):
        yield f"Hint: {first}"
    if f"exercise {exercise.number}" not in row.message:
        yield f"Lesson {exercise.lesson}, exercise {exercise.number}, in {exercise.file}."


def mistake_of(row):
    """The entry of the bank that a row names, or None if there is no such entry of its exercise."""
    bank, _ = mistakes.load_all()
    return next((m for m in bank.get(row.exercise, ()) if m.id == row.mistake), None)
