"""The bank of mistakes: known-wrong functions, each with the sentence that a student who made it needs.

An entry changes one thing. The functions beside it, which a probe also calls, are right; each file of the bank
ends with its `RIGHT` functions for that. The same entries name a student's mistake, test the checks, and stock the
bug hunt.
"""

import importlib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions, guard

BANK = defaultdict(list)


@dataclass(frozen=True)
class Mistake:
    """A known way to get an exercise wrong.

    `id` is stable and is what `check --json` reports, `title` what is wrong, in a few words; `sentence` helps
    without giving the line away; `seen` says where it was met.
    """

    id: str
    of: str
    title: str
    sentence: str
    seen: tuple[str, ...]
    function: object
    beside: dict = field(repr=False)

    def functions(self, right):
        """The functions a probe will call: this one, and right ones beside it."""
        wrong = {EXERCISES[self.of].function: self.function}
        return Functions({name: guard(name, f) for name, f in {**right, **wrong, **self.beside}.items()})


def mistake(id, of, title, seen=(), beside=None):
    """Register a function as a known mistake of an exercise; its docstring is the sentence for the student."""

    def register(function):
        BANK[of].append(Mistake(id, of, title, " ".join(function.__doc__.split()), tuple(seen), function, beside or {}))
        return function

    return register


@cache
def load_all():
    """(bank by exercise, right functions by name) of all files."""
    right = {}
    for name in ("layers", "gradcheck", "network", "training", "dropout", "noise"):
        right.update(importlib.import_module(f"{__name__}.{name}").RIGHT)
    return BANK, right
