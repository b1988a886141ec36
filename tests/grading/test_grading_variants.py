"""What is right in the notebook is right in grading: every right variant of the bank, handed in as files."""

from pathlib import Path

import pytest

from conftest import SEED_STEP
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.verdicts import judge
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.submissions import collect
from submissions import MODULES, right, write
from variants import dropout, gradcheck, layers, network, noise, training

BANK = {
    "layers": layers.VARIANTS,
    "gradcheck": gradcheck.VARIANTS,
    "dropout": [dropout.functions(name) for name in dropout.RIGHT],
    "network": network.VARIANTS,
    "training": training.VARIANTS,
    "noise": noise.VARIANTS,
}
BANK_FOLDER = Path(dropout.__file__).parent
HELPER = "from dropout_lab import {0}ways\nfor _i in {1}: globals().update({0}ways.{2})\n"
SEED = 11


def at_once(module):
    """[[numbers of variants that share no function], ...]: as many of a module as can be handed in together."""
    rounds = []
    for number, variant in enumerate(BANK[module]):
        taken = next((r for r in rounds if not any(set(variant) & set(BANK[module][other]) for other in r)), None)
        rounds.append([number]) if taken is None else taken.append(number)
    return rounds


ROUNDS = {module: at_once(module) for module in MODULES}
ROUNDS["network"][:0] = [[] for v in BANK["noise"] if "mc_predict" in v]  # which is judged beside dropout in a network
CHOSEN = range(0, max(map(len, ROUNDS.values())), 1 if SEED_STEP == 1 else 6)


def handed_in(chosen):
    """The files of a submission with these variants: {module: numbers}."""
    files = right()
    for module, numbers in chosen.items():
        source = (BANK_FOLDER / f"{module}.py").read_text("utf-8")
        source = source.replace("from variants import dropout", "from dropout_lab import dropoutways as dropout")
        files[f"{module}ways.py"] = source
        way = "functions(list(dropoutways.RIGHT)[_i])" if module == "dropout" else "VARIANTS[_i]"
        files[f"{module}.py"] += "\n" + HELPER.format(module, numbers, way)
    return {"dropoutways.py": (BANK_FOLDER / "dropout.py").read_text("utf-8"), **files}


@pytest.mark.parametrize("number", CHOSEN)
def test_a_right_variant_has_the_verdict_that_the_notebook_gives(tmp_path, number):
    """All of them if all are asked for, else every sixth."""
    chosen = {module: rounds[number] for module, rounds in ROUNDS.items() if number < len(rounds)}
    ours = {k: f for module, numbers in chosen.items() for n in numbers for k, f in BANK[module][n].items()}
    names = tuple(e.name for e in EXERCISES.values() if e.function in ours and e.name != "mlp_dropout")
    result = grade_submission(collect(write(tmp_path, handed_in(chosen))), Settings(SEED, "plain", names))
    graded = {row["exercise"]: (row["status"], row["headline"]) for row in result["exercises"]}
    local = Functions({**load(), **{name: guard(name, f) for name, f in ours.items()}})
    assert graded == {n: (v.status, v.headline) for n in names for v in [judge(n, local, SEED)]}
    assert {status for status, _ in graded.values()} == {"passed"}


def test_every_variant_of_the_bank_is_in_some_round():
    assert {m: sorted(n for r in ROUNDS[m] for n in r) for m in MODULES} == {m: [*range(len(BANK[m]))] for m in MODULES}
