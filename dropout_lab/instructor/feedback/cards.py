"""What a student gets back: the words of the lessons, a card per exercise, as HTML and Markdown. Never an input."""

from collections import Counter

from dropout_lab.checks.cards import Card, places
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.hints import HINTS
from dropout_lab.checks.reports import SYMBOL
from dropout_lab.checks.reports import as_html as card_as_html
from dropout_lab.instructor.escaping import html, markdown, one_line
from dropout_lab.instructor.feedback.causes import mistake_of
from dropout_lab.instructor.feedback.page import page
from dropout_lab.instructor.grading.results import two_decimals

SAID = {"passed": "passed", "failed": "not right yet", "blank": "blank", "error": "did not run"}
MESSAGE = 2000  # characters that are looked at


def as_html(result):
    """A result as a page: what there is to mend, then, folded, what is blank and what passed."""
    parts = [f"<h1>{html(result.student)}</h1>", f"<p><strong>{html(count(result))}</strong> {html(marks(result))}</p>"]
    if said := remarks(result):
        parts.append("<h2>About the files</h2>\n<ul>" + "".join(f"<li>{html(line)}</li>" for line in said) + "</ul>")
    if mend := _cards(result, "failed", "error"):
        parts += ["<h2>To mend</h2>", *map(_html, mend)]
    for name, title in (("blank", "Blank"), ("passed", "Passed")):
        if cards := _cards(result, name):
            parts.append(f"<details><summary>{title}: {len(cards)}</summary>{''.join(map(_html, cards))}</details>")
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
        lines += [text for line in (*card.lines, card.step, *card.foot) if line for text in (markdown(line), "")]
    for name, title in (("blank", "Blank"), ("passed", "Passed")):
        if cards := _cards(result, name):
            lines += [
                f"{heading}# {title}",
                "",
                *(f"- {markdown(card.title)}" for card in cards),
                "",
            ]
    if result.ignored:
        lines += [f"{heading}# Not looked at", "", *(f"- {markdown(name, 300)}" for name in result.ignored), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _html(card):
    return card_as_html(card, "h3")


def _cards(result, *statuses):
    return [card_of(row) for row in result.rows if row.status in statuses]


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
    """The card of one exercise, with the parts that it has in a notebook; the hint itself stands for its command."""
    message = one_line(row.message, MESSAGE)
    if row.status == "blank":
        return Card("blank", message, foot=(_worth(row),))
    headline = one_line(row.headline, MESSAGE)
    known = None if row.status == "passed" else mistake_of(row)
    if not headline or not message.startswith(headline):
        headline = known.title if known and known.title not in message else ""
        said = message
    else:
        said = message.removeprefix(headline).removeprefix(".").strip()
    title = f"`{row.exercise}` · {headline or SAID[row.status]}"
    if row.status == "passed":
        return Card("passed", title, (said,) if row.suffers and said else (), foot=(_worth(row),))
    lines = [said] if said else []
    if known and known.sentence not in said:
        lines.append(known.sentence)
    foot = (_worth(row), *places(known.seen if known else ()))
    return Card(row.status, title, tuple(lines), f"Hint: {HINTS[row.exercise][0]}", foot=foot)


def _worth(row):
    e = EXERCISES[row.exercise]
    return f"{e.place}. {two_decimals(row.points)} of {two_decimals(row.max_points)} points."
