"""`check` and `hint`, as a student calls them in a notebook or at a prompt."""

import contextlib
import sys

import numpy as np

from dropout_lab.checks import lesson
from dropout_lab.checks.cards import NOTEBOOK, Card, card_of, next_step
from dropout_lab.checks.exercises import EXERCISES, UnknownExercise, find, in_lesson, is_lesson
from dropout_lab.checks.functions import load, student_line
from dropout_lab.checks.hints import hint_line
from dropout_lab.checks.loading import in_force
from dropout_lab.checks.printed import Printed
from dropout_lab.checks.reloading import refresh
from dropout_lab.checks.reports import CheckFailed, Note, Report, StillBlank, Table
from dropout_lab.checks.verdicts import Verdict, judge
from dropout_lab.checks.words import sentence
from dropout_lab.system import screen
from dropout_lab.system.deadline import TimeUp, within

TIME_LIMIT = 10  # seconds for one exercise; the slowest takes well under one
SEEDS = 1_000_000  # the inputs are drawn anew at every call, from one of so many

_revealed = {}  # exercise -> how many hints were shown
_not_passed = {}  # exercise -> the texts of the students' modules when it last did not pass


def check(name=None, seed=None):
    """Check one exercise as it is now on disk, and show its card; without a name, a table of the lesson.

    Parameters
    ----------
    name : str or None
        Such as "affine_forward", or the number of a lesson, "06".
    seed : int or None
        For the inputs of the check. None draws them anew; a card that did not pass says from which seed.

    Raises
    ------
    CheckFailed
        If the function is not right; a notebook shows the card alone.
    StillBlank
        If it is still a stub; also a NotImplementedError.
    """
    seed = drawn(seed)
    if name is None or is_lesson(name):
        try:
            _show(_table(_names(name), seed))
        except UnknownExercise as none:  # a lesson whose builds are in its notebook: nothing is wrong
            _show(Note(sentence(str(none))))
        return
    find(name)
    try:
        remarks = refresh()
        verdict, printed = judge_in_time(name, load(), seed)
    except KeyboardInterrupt:
        raise CheckFailed(Card("error", f"`{name}` · stopped by hand: no verdict, and nothing is lost.")) from None
    if verdict.status == "passed":
        _not_passed.pop(name, None)
        _show(Report(card_of(verdict, NOTEBOOK, seed, printed, remarks)))
        return
    remarks += _unchanged(verdict.exercise)
    card = card_of(verdict, NOTEBOOK, seed, printed, remarks)
    raise StillBlank(card) if verdict.status == "blank" else CheckFailed(card)


def drawn(seed=None):
    """The seed that was asked for, or a new one."""
    return int(np.random.SeedSequence().entropy % SEEDS) if seed is None else seed


def judge_in_time(name, functions, seed, time_limit=TIME_LIMIT):
    """(verdict, what was printed) of one exercise, within a time limit."""
    printed = Printed()
    try:
        with within(time_limit), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            verdict = judge(name, functions, seed)
    except TimeUp as late:
        where, code = student_line(late)
        place = f" It was in {where}: `{code}`" if code else ""
        verdict = Verdict(find(name), "error", f"no result within {time_limit:g} s. A loop that never ends?{place}")
    return verdict, str(printed)


def hint(name):
    """Show the next of an exercise's three hints; after the third it starts again."""
    find(name)
    _revealed[name] = _revealed.get(name, 0) % 3 + 1
    more = [f'`hint("{name}")` again for the next.'] if _revealed[name] < 3 else []
    _show(Note(hint_line(name, _revealed[name]), *more))


def _names(number):
    """The exercises of a lesson: of the one that was asked for, else of this notebook's."""
    return list(in_lesson(number or lesson.current)) if number or lesson.current else []


def _table(names, seed):
    """A table of these exercises, or of the first lesson that has something open."""
    remarks, functions = refresh(), load()
    lessons = [names] if names else [list(in_lesson(n)) for n in dict.fromkeys(e.lesson for e in EXERCISES.values())]
    for names in lessons:
        records = []
        try:
            for name in names:
                records.append(judge_in_time(name, functions, seed)[0].record())
        except KeyboardInterrupt:
            stopped = f"Stopped by hand; checked: {len(records)} of {len(names)}."
            return Table(records, stopped) if records else Note(stopped)
        if not all(r["status"] == "passed" for r in records):
            break
    return Table(records, " ".join((*remarks, _where_to_go(records))))


def _where_to_go(records):
    """What to do about the first exercise that is open."""
    for r in records:
        if r["status"] != "passed":
            e = find(r["exercise"])
            return f'Next: exercise {e.number}, `{e.name}`, in {e.file}. `check("{e.name}")` says more.'
    return next_step(find(records[-1]["exercise"]))


def _unchanged(exercise):
    """A sentence if no file was saved since the exercise last did not pass."""
    texts = {name: version.source for name, version in in_force.items()}
    same = _not_passed.get(exercise.name) == texts
    _not_passed[exercise.name] = texts
    return [f"{exercise.file} is unchanged since the last check. Is it saved?"] if same else []


def _show(thing):
    """A card or a table, where it can be seen best."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
        sys.modules["IPython"].display.display(thing)
    else:
        print(thing.on_screen(screen.columns(), screen.style()))
