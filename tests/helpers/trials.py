"""Which mutants does the judge let pass? With PYTHONPATH=solutions,

    python tests/helpers/trials.py [FUNCTION ...]           changes of the completed answers that pass, unless listed
    python tests/helpers/trials.py --listed [FUNCTION ...]  with those that are listed, each with its reason
    python tests/helpers/trials.py --stale [FUNCTION ...]   and what is listed and rejected now, or no change any more

A mutant of a function is tried by the exercises of that function; one of a forward pass that they let through by the
exercise of its backward pass too, since what the cache holds shows only there.
"""

import argparse
import multiprocessing
import sys
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dropout_lab.checks import probes
from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.verdicts import witness
from dropout_lab.system.deadline import TimeUp, within
from mutants import functions_of, mutants

ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = ROOT / "tests" / "checks" / "survivors.toml"
SECONDS = 5  # a mutant may loop for ever


@dataclass(frozen=True)
class Form:
    """A way to write functions of the exercises: a module's source, and which of its functions is which."""

    module: str
    path: Path
    functions: tuple[tuple[str, str], ...]  # (name in the exercises, name in the file), the one that is mutated first

    @property
    def name(self):
        return self.functions[0][0]

    @property
    def own(self):
        return self.functions[0][1]


def answers():
    """The completed answers."""
    for module in MODULES:
        names = dict.fromkeys(e.function for e in EXERCISES.values() if e.module == module)
        for name in names:
            others = tuple((other, other) for other in names if other != name)
            yield Form(module, ROOT / "solutions" / "dropout_lab" / f"{module}.py", ((name, name), *others))


def exercises_for(name):
    """The exercises that try a function, its own first."""
    own = [e for e in EXERCISES.values() if e.function == name]
    return own + [e for e in EXERCISES.values() if name in e.needs and e.module == own[0].module and e not in own]


@cache
def _completed():
    probes.load_all()
    return load()


def trial(form):
    """[(change, how it was rejected or "survived")] for every mutant of a form."""
    source, found = form.path.read_text(), []
    for mutant in mutants(source, form.own):
        try:
            with within(SECONDS):
                found.append((mutant.change, fate(form, source, mutant)))
        except TimeUp:
            found.append((mutant.change, "does not end"))
    return found


def fate(form, source, mutant):
    functions = _with(form, functions_of(source, mutant))
    for exercise in exercises_for(form.name):
        for aspect in witness(exercise.name, functions, seed=0):
            if not aspect.ok:
                return "raises" if aspect.name == "runs" else "differs"
    return "survived"


def _with(form, namespace):
    return Functions({**_completed(), **{k: guard(k, namespace[own]) for k, own in form.functions}})


def try_all(forms, workers=2):
    """{form: [(change, fate)]}, in worker processes."""
    forms = sorted(forms, key=lambda form: form.module != "network")  # the long ones first
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return dict(zip(forms, pool.imap(trial, forms), strict=True))


@cache
def listed():
    """{(name of the function, change): why it is no mistake} of the committed list."""
    groups = tomllib.loads(SURVIVORS.read_text(encoding="utf-8"))
    return {(own, c): group["why"] for own, of_one in groups.items() for group in of_one for c in group["changes"]}


def survivors(tried):
    """[(name of the function, change)] of the mutants that passed."""
    return [(form.own, change) for form, found in tried.items() for change, fate in found if fate == "survived"]


def main(arguments):
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("functions", nargs="*")
    for option in ("--listed", "--stale"):
        parser.add_argument(option, action="store_true")
    asked = parser.parse_args(arguments)
    forms = [form for form in answers() if not asked.functions or form.name in asked.functions]
    tried = try_all(forms)
    passed = survivors(tried)
    for own, change in passed:
        why = listed().get((own, change))
        if asked.listed or not why:
            print(f"{own}\n    {change.replace('  ->  ', chr(10) + '    ')}\n" + (f"    ({why})\n" if why else ""))
    if asked.stale:
        for own, change in set(listed()) - set(passed):
            if own in {form.own for form in forms}:
                print(f"{own}: no survivor any more:\n    {change}\n")
    total, new = sum(map(len, tried.values())), sum(mutant not in listed() for mutant in passed)
    print(
        f"{total} mutants, {total - len(passed)} rejected, {len(passed) - new} listed with a reason, {new} not listed"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
