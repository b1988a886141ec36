"""From what was seen to a verdict: is the specification met, and if not, which known mistake looks like this?"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from dropout_lab.checks import mistakes, probes
from dropout_lab.checks.aspects import Aspect
from dropout_lab.checks.exercises import Exercise, find
from dropout_lab.checks.functions import Blank, Broke
from dropout_lab.checks.ground import drops, ground, lowest
from dropout_lab.checks.stubs import OWN
from dropout_lab.checks.words import GUESS, ended, listed, sentence

MEASURED_AGAINST_FORWARD = (
    "zeroing_backward",
    "dropout_backward",
    "gaussian_dropout_backward",
    "spatial_dropout_backward",
)
_A_LINE = re.compile(r" In [\w/.]+, line \d+(: `[^`]*`)?\.")  # of code that may well be right


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    `status` is "passed", "failed" (it ran and is not right), "blank" (a stub is in the way) or "error" (it raised,
    could not be loaded, or gave no answer in time). `headline` says it in a few words, `details` in sentences.
    `mistake` is the id of the known mistake that it looks like, `others` the ids of further ones, `seen` the places
    where that mistake was met.
    """

    exercise: Exercise
    status: str
    headline: str
    details: tuple[str, ...] = ()
    mistake: str | None = None
    others: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    suffers: tuple[str, ...] = ()

    @property
    def points(self):
        return self.exercise.points if self.status == "passed" else 0

    def record(self):
        """The verdict as a plain dictionary, as `dropout-lab check --json` prints it."""
        e = self.exercise
        return {
            "exercise": e.name,
            "module": e.module,
            "lesson": e.lesson,
            "status": self.status,
            "points": self.points,
            "max_points": e.points,
            "mistake": self.mistake,
            "suffers": list(self.suffers),
            "message": " ".join((ended(self.headline) if self.details else self.headline, *self.details)),
        }


def witness(name, functions, seed):
    """The aspects that the probe of an exercise sees, one by one; raising, or an unreadable answer, is the last.

    Whatever a student's function returns, the judge goes on: what it cannot even look at is an aspect that is not met.
    """
    rng = np.random.default_rng((seed, 2014))  # a layer that seeds itself with 0 must not draw the inputs again
    try:
        with np.errstate(all="ignore"):
            yield from probes.load_all()[name](functions, rng)
    except probes.Unfit as unfit:
        yield Aspect("returns", unfit.message, False, unfit.say())
    except Broke as broke:
        yield Aspect("runs", f"{broke.kind}: {broke.message}", False, broke.say(find(name).function))
    except Blank:
        raise
    except Exception as error:  # noqa: BLE001 - what a student returns raises anything when read
        say = f"it returned something that cannot be read ({type(error).__name__}). Return plain arrays and numbers."
        yield Aspect("returns", type(error).__name__, False, say)


def observe(name, functions, seed):
    """Every aspect that the probe of an exercise sees, the gravest first. Raising is the gravest."""
    aspects = list(witness(name, functions, seed))
    return sorted(aspects, key=lambda a: a.name not in ("returns", "runs"))


def judge(name, functions, seed=0):
    """The verdict on one exercise.

    Parameters
    ----------
    name : str
    functions : Functions
        The functions to judge and the ones beside them; `functions.load()` gives a student's.
    seed : int
        For the inputs. The same seed gives the same verdict.
    """
    exercise = find(name)
    try:
        aspects = observe(name, functions, seed)
    except Blank as blank:
        waits = "" if str(blank).startswith(f"`{exercise.function}`") else f"`{name}` needs more than itself: "
        return Verdict(exercise, "blank", f"{waits}{blank}", suffers=_blank_below(exercise, str(blank)))
    failing = [a for a in aspects if not a.ok]
    if not failing:
        return Verdict(exercise, "passed", f"{len(aspects)} of {len(aspects)}")
    return _explain(exercise, failing, _shaky(exercise, functions, seed), seed)


def _blank_below(exercise, message):
    """The exercise under one whose stub was called instead, as the stub's message has it."""
    stub = OWN.match(message)
    return tuple(n for n in ground(exercise.name) if stub and n == stub[1] != exercise.function)


def _shaky(exercise, functions, seed):
    """What an exercise builds on, directly or through others, and does not pass its own check: the fault may lie there.

    Of those only the lowest: what stands on another that fails may fail for its sake. What the exercise extends is no
    ground under it.
    """
    extended = _extended(exercise)
    uses = "mlp_forward" in (exercise.name, *exercise.needs) and not extended and drops(functions)
    if uses is None:  # it fails, maybe for the sake of dropout
        uses = _fails("dropout_forward", functions, seed)
    below = [name for name in ground(exercise.name, uses) if _fails(name, functions, seed)]
    return [name for name in lowest(below) if name not in extended]


def _extended(exercise):
    """The exercises whose functions are written again for this one: the first version of its own, and its backward."""
    if exercise.function == exercise.name:
        return ()
    return exercise.function, exercise.function.replace("_forward", "_backward")


def _fails(name, functions, seed):
    try:
        return not all(a.ok for a in witness(name, functions, seed))
    except Blank:
        return False


def _explain(exercise, failing, shaky, seed):
    """A failed verdict: the mistake behind the gravest aspect, else the aspect itself; then what else there is.

    On shaky ground a cause is named only where a backward pass is measured against what its own forward did, or where
    what is shaky stands on the function that is judged.
    """
    speaking = [a for a in failing if not a.echoes({b.name for b in failing})] or failing
    failing = [*speaking, *(a for a in failing if a not in speaking)]
    gravest = failing[0]
    status = "error" if gravest.name == "runs" else "failed"
    found = diagnose(exercise.name, failing, seed)
    first = next((m for m, covered in found if gravest.name in covered), None)
    if first and all(exercise.function in find(name).needs for name in shaky):
        shaky = []
    if shaky and (gravest.contract or status == "error" or exercise.name not in MEASURED_AGAINST_FORWARD):
        seen = sentence(_A_LINE.sub("", gravest.say))
        return Verdict(exercise, status, _stands_on(shaky), (seen,), suffers=tuple(shaky))
    if first:
        covered = {m.id: names for m, names in found}[first.id]
        said = [sentence(_told(a)) for a in speaking if a.name in covered and a.contract == gravest.contract]
        details = [" ".join(list(dict.fromkeys(said))[:2]), first.sentence]
        headline = first.title
    else:
        covered = {gravest.name}
        right_values = gravest.contract and not any(not a.contract for a in failing)
        headline = ("right values, but " if right_values else "") + gravest.say
        details = []
    new = {a.name for a in speaking} - covered
    others = [(m, names) for m, names in found if m is not first and names & new]
    left = [a for a in failing if a.name not in covered.union(*(names for _, names in others))]
    if not first:  # what only repeats the gravest says nothing new
        left = [a for a in left if a in speaking]
    further = [m.title for m, _ in others] + [_told(a).rstrip(".") for a in left[:1]]
    if shaky:
        details.insert(0, sentence(_stands_on(shaky)))
    if further:
        details.append(ended(f"There is more, for later: {'; '.join(further)}"))
    named = first.id if first else None
    return Verdict(
        exercise, status, headline, tuple(details), named, tuple(m.id for m, _ in others), first.seen if first else ()
    )


def _told(aspect):
    """What an aspect says beside a cause that is known: without the guess at one."""
    return aspect.say.replace(f" {GUESS}", "")


def _stands_on(shaky):
    passes = "does not pass its own check" if len(shaky) == 1 else "do not pass their own checks"
    return f"it uses {listed(shaky)}, which {passes}. Mend that first."


def diagnose(name, failing, seed):
    """[(mistake, names of the failing aspects that it explains)], the best explanation of the gravest first.

    A mistake matters only where it itself fails; it explains a function that fails in all of those aspects and
    was seen to do the same in each. With two faults at once, an aspect that only repeats another may show a mixture of
    both; it then is enough to fail there, where something else is left for the other to explain. It is enough too where
    what it repeats was told in words: a function that remembers its calls never shows the same numbers. What one
    mistake explains is taken off before the next is looked for.
    """
    seen, left, found = {a.name: a for a in failing}, [a.name for a in failing], []
    candidates = []
    for signature in _signatures(name, seed):
        if names := signature.within(seen):
            differing = [a for n, a in names.items() if not seen[n].alike(a)]
            if all(a.echoes(names) for a in differing):
                candidates.append((signature.mistake, names, not differing))
    while left:
        useful = [c for c in candidates if set(c[1]) & set(left)]
        if not useful:
            break
        best, names, exact = max(useful, key=lambda c: (left[0] in c[1], c[2], len(set(c[1]) & set(left))))
        in_words = {n for n in names if isinstance(seen[n].seen, str)}
        mixed = [a for n, a in names.items() if not seen[n].alike(a) and not a.echoes(in_words)]
        if mixed and not set(seen) - set(names):
            candidates.remove((best, names, exact))
            continue
        found.append((best, set(names)))
        left = [n for n in left if n not in names]
    return found


@lru_cache(maxsize=128)
def _signatures(name, seed):
    """The signature of every known mistake of an exercise, on the inputs of this seed."""
    bank, right = mistakes.load_all()
    return [_Signature(m, m.functions(right), seed) for m in bank[name]]


class _Signature:
    """The aspects that a known mistake fails: looked at no further than until it can be ruled out."""

    def __init__(self, mistake, functions, seed):
        self.mistake, self._functions, self._seed = mistake, functions, seed
        self._failing, self._whole = [], False

    def within(self, seen):
        """{name: aspect} of all that it fails, if it can explain some of what was seen; else None."""
        if any(_is_ruled_out(a, seen) for a in self._failing):
            return None
        if not self._whole:
            self._failing = []
            for aspect in witness(self.mistake.of, self._functions, self._seed):
                if not aspect.ok:
                    self._failing.append(aspect)
                    if _is_ruled_out(aspect, seen):
                        return None
            self._whole = True
        return {a.name: a for a in self._failing}


def _is_ruled_out(aspect, seen):
    """Whether a mistake that fails so was not made: what was seen there was right, or it was another fault."""
    return aspect.name not in seen or not (aspect.repeats or seen[aspect.name].alike(aspect))
