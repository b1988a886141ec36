"""What a student gets back: the words of the lessons, a card per exercise, as HTML and Markdown. Never an input."""

from collections import Counter
from dataclasses import dataclass

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.hints import HINTS
from dropout_lab.checks.reports import SYMBOL
from dropout_lab.checks.words import sentence
from dropout_lab.instructor.escaping import html, markdown
from dropout_lab.instructor.feedback.causes import mistake_of
from dropout_lab.instructor.feedback.page import page
from dropout_lab.instructor.grading.results import two_decimals

SAID = {"passed": "passed", "failed": "not right yet", "blank": "blank", "error": "did not run"}


@dataclass(frozen=True)
class ResultCard:
    """What is said on one exercise, as text that has yet to be escaped. `headline` is what it is about, or ""."""

    status: str
    title: str
    points: str
    headline: str
    lines: tuple[str, ...]


def as_html(result):
    """A result as a page: what there is to mend, then, folded, what is blank and what passed."""
    parts = [f"<h1>{html(result.student)}</h1>", f"<p><strong>{html(count(result))}</strong> {html(marks(result))}</p>"]
    if said := remarks(result):
        parts.append("<h2>About the files</h2>\n<ul>" + "".join(f"<li>{html(line)}</li>" for line in said) + "</ul>")
    if mend := _cards(result, "failed", "error"):
        parts += ["<h2>To mend</h2>", *map(_section, mend)]
    for name, title in (("blank", "Blank"), ("passed", "Passed")):
        if cards := _cards(result, name):
            parts.append(f"<details><summary>{title}: {len(cards)}</summary>{''.join(map(_section, cards))}</details>")
    if result.ignored:
        names = "".join(f"<li>{html(name, 300)}</li>" for name in result.ignored)
        summary = f"Files that were not looked at: {len(result.ignored)}"
        parts.append(f"<details><summary>{summary}</summary><ul>{names}</ul></details>")
    return page(f"Feedback for {result.student}", *parts)


def as_markdown(result, heading="#"):
    """A result as Markdown, in the same words and the same order."""
    lines = [f"{heading} {markdown(result.student)}", "", markdown(summary(result)), ""]
    if said := remarks(result):
        lines += [f"{heading}# About the files", "", *(f"- {markdown(line)}" for line in said), ""]
    if mend := _cards(result, "failed", "error"):
        lines += [f"{heading}# To mend", ""]
    for card in mend:
        lines += [f"{heading}## {SYMBOL[card.status]} {markdown(card.title)}", ""]
        lines += [f"{markdown(card.points)} · {SAID[card.status]}", ""]
        lines += [text for line in (card.headline, *card.lines) if line for text in (markdown(line), "")]
    for name, title in (("blank", "Blank"), ("passed", "Passed")):
        if cards := _cards(result, name):
            lines += [
                f"{heading}# {title}",
                "",
                *(f"- {markdown(card.title)}, {markdown(card.points)}" for card in cards),
                "",
            ]
    if result.ignored:
        lines += [f"{heading}# Not looked at", "", *(f"- {markdown(name, 300)}" for name in result.ignored), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _cards(result, *statuses):
    return [card_of(row) for row in result.rows if row.status in statuses]


def _section(card):
    lines = "".join(f"<p>{html(line)}</p>" for line in card.lines)
    headline = f"<p><strong>{html(card.headline)}</strong></p>" if card.headline else ""
    return (
        f'<section class="card {card.status}"><h3>{SYMBOL[card.status]} {html(card.title)}</h3>'
        f'<p class="soft">{html(card.points)} · {SAID[card.status]}</p>{headline}{lines}</section>'
    )


def summary(result):
    """The sentences on top."""
    return f"{count(result)} {marks(result)}"


def count(result):
    """How many exercises passed, and how many are left: "22 of 26; four to mend, one blank."."""
    counts = Counter("mend" if row.status in ("failed", "error") else row.status for row in result.rows)
    left = [f"{_word(counts[kind])} {said}" for kind, said in (("mend", "to mend"), ("blank", "blank")) if counts[kind]]
    return f"{counts['passed']} of {len(result.rows)}{'; ' if left else ''}{', '.join(left)}."


def marks(result):
    """The points, in a sentence."""
    return f"{two_decimals(result.points)} of {two_decimals(result.max_points)} points."


def _word(number):
    words = "no one two three four five six seven eight nine ten eleven twelve".split()
    return words[number] if number < len(words) else str(number)


def remarks(result):
    """What there is to say on the files: the ones that were not fine, then the notes."""
    wrong = [f"`{name}.py` {said}" for name, said in sorted(result.files.items()) if said != "ok"]
    return [*wrong, *result.notes]


def card_of(row):
    """The card of one exercise."""
    exercise = EXERCISES[row.exercise]
    title = f"{exercise.number} · `{exercise.name}`"
    points = f"{two_decimals(row.points)} of {two_decimals(row.max_points)} points"
    known = None if row.status == "passed" else mistake_of(row)
    told = row.status != "passed" or row.suffers
    headline = row.headline if told and row.message.startswith(row.headline) else ""
    said = row.message[len(headline) :].removeprefix(".").strip()
    if not headline and known and known.title not in said:
        headline = known.title
    lines = _lines(row, exercise, known, said) if row.status != "passed" else [said] * bool(row.suffers)
    return ResultCard(row.status, title, points, sentence(headline) if headline else "", tuple(lines))


def _lines(row, exercise, known, said):
    if said:
        yield said
    if known and known.sentence not in said:
        yield known.sentence
    if row.status != "blank" and (first := HINTS[row.exercise][0]):
        yield f"Hint: {first}"
    if f"exercise {exercise.number}" not in row.message:
        yield f"Lesson {exercise.lesson}, exercise {exercise.number}, in {exercise.file}."
