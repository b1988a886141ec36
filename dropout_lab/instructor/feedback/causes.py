"""Why the class lost points: each cause once for each student, however many exercises it shows in.

What fails for the sake of another exercise is no cause of its own. A cause is a mistake of the bank, a kind of error, a
function that gives no result in time, a module that does not load, or, unnamed, an exercise that was missed.
"""

from dataclasses import dataclass

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.instructor.grading.results import NO_RESULT


@dataclass(frozen=True)
class Cause:
    """What went wrong, in whose submissions, in which exercises, and the code of one of them."""

    title: str
    sentence: str
    exercises: tuple[str, ...]
    results: tuple
    code: str


def own_failures(result):
    """The rows that were tried, are not right, and suffer from no other exercise."""
    return [row for row in result.rows if row.status in ("failed", "error") and not row.suffers]


def causes(results):
    """All causes of a class, the most frequent first, then in the order of the course."""
    found = {}
    for result in results:
        for row in own_failures(result):
            found.setdefault(_key(result, row), []).append((result, row))
    made = [_cause(key, rows) for key, rows in found.items()]
    return sorted(made, key=lambda c: (-len(c.results), [*EXERCISES].index(c.exercises[0]), c.title))


def _key(result, row):
    known = mistake_of(row)
    if known:
        return "mistake", known.id
    if row.raised and result.files.get(row.module, "ok") != "ok":
        return "module", row.raised
    if row.raised == NO_RESULT:
        return "loop", row.exercise
    return ("raised", row.raised) if row.raised else ("missed", row.exercise)


def mistake_of(row):
    """The entry of the bank that a row names, or None if there is no such entry of its exercise."""
    bank, _ = mistakes.load_all()
    return next((m for m in bank.get(row.exercise, ()) if m.id == row.mistake), None)


def _cause(key, rows):
    exercises = tuple(name for name in EXERCISES if any(row.exercise == name for _, row in rows))
    results = tuple({result.stem: result for result, _ in rows}.values())
    title, sentence = _words(*key, next(row for _, row in rows if row.exercise == exercises[0]))
    code = min((row.code for _, row in rows if row.code), key=len, default="")
    return Cause(title, sentence, exercises, results, code)


def _words(kind, which, row):
    if kind == "mistake":
        return mistake_of(row).title, mistake_of(row).sentence
    if kind == "module":
        return f"a module does not load: {which}", "Not one function of the file can be called until it does."
    if kind == "loop":
        return f"`{which}` gives no result in time", "A loop that never ends, or one over entries instead of arrays."
    if kind == "raised":
        return f"{which} is raised", "The feedback of each student has the message and the line."
    return f"`{which}` is not right, in no way that is known", "The feedback says what was seen."
