"""What a check says, in parts: the same parts in the same order for every reader, whatever it is shown on."""

from dataclasses import dataclass

from dropout_lab.checks import stubs
from dropout_lab.checks.exercises import EXERCISES, Exercise, following
from dropout_lab.checks.functions import Blank


@dataclass(frozen=True)
class Card:
    """One exercise in one of three states. Text between backticks is code.

    Attributes
    ----------
    status : "passed", "failed", "error" or "blank"
        "failed" and "error" are one state to the reader: not yet.
    title : str
        The exercise and what there is to say of it, in a few words.
    lines : tuple of str
        What was seen, and where to look.
    step : str
        What to do next, as a command of the surface that the card is on.
    printed : str
        What the function printed meanwhile.
    foot : tuple of str
        Where else it was seen, and how to see it again.
    """

    status: str
    title: str
    lines: tuple[str, ...] = ()
    step: str = ""
    printed: str = ""
    foot: tuple[str, ...] = ()


@dataclass(frozen=True)
class Surface:
    """The commands of where a reader is: for a hint, and for the same check again."""

    hint: str
    again: str


NOTEBOOK = Surface('hint("{}")', 'check("{}", seed={})')
TERMINAL = Surface("dropout-lab hint {}", "dropout-lab check {} --seed {}")


def card_of(verdict, surface, seed=None, printed="", remarks=()):
    """A verdict as a card.

    Parameters
    ----------
    verdict : Verdict
    surface : Surface
    seed : int or None
        What the inputs were drawn from, where the check can be repeated.
    printed : str
    remarks : sequence of str
        What there is to say of the files, before anything else.
    """
    name = verdict.exercise.name
    if verdict.status == "blank":
        return blank(verdict.headline, surface, remarks)
    title = f"`{name}` · {verdict.headline}"
    if verdict.status == "passed":
        return Card(
            "passed", f"{title} · {verdict.points} points.", tuple(remarks), next_step(verdict.exercise), printed
        )
    again = () if seed is None else (f"Seed {seed}: `{surface.again.format(name, seed)}` checks the same again.",)
    foot = (*places(verdict.seen), *again)
    step = f"`{surface.hint.format(name)}` for the next step."
    return Card(verdict.status, title, (*remarks, *verdict.details), step, printed, foot)


def blank(message, surface, remarks=()):
    """The card of a stub that was called, from what it says."""
    stub = stubs.OWN.search(message)
    return Card("blank", message, tuple(remarks), _hint(stub[1], surface, "for a first step") if stub else "")


def of_raise(told, surface):
    """The card of a stub's `raise` that was reached outside of a check: told as `Blank` or `LeftRaise`."""
    if isinstance(told, Blank):
        return blank(str(told), surface)
    return Card("failed", told.say(), (), _hint(told.message, surface, "for the next step"))


def next_step(exercise: Exercise):
    """Where a reader who passed goes on: in the lesson, as long as it has anything left."""
    after = following(exercise)
    if after and after.lesson == exercise.lesson:
        return f"Next: exercise {after.number}, `{after.name}`."
    return f"Next: the rest of lesson {exercise.lesson}."


def _hint(function, surface, what_for):
    """The command for a hint on the first exercise that asks for a function, or nothing if none does."""
    names = [e.name for e in EXERCISES.values() if e.function == function]
    return f"`{surface.hint.format(names[0])}` {what_for}." if names else ""


def places(seen):
    """Where a mistake was met, one address of several."""
    if not seen:
        return ()
    more = len(seen) - 1
    return (f"Seen in {seen[0]}" + (f" and in {more} more place{'s' if more > 1 else ''}." if more else ""),)
