"""The checks of noise.py: every known mistake is named, every right variant is accepted."""

import pytest

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.verdicts import judge, observe
from variants.noise import VARIANTS

BANK, RIGHT = mistakes.load_all()
NAMES = [name for name, exercise in EXERCISES.items() if exercise.module == "noise"]


@pytest.mark.parametrize("mistake", [m for name in NAMES for m in BANK[name]], ids=lambda m: m.id)
def test_a_known_mistake_is_rejected_by_its_name(mistake):
    for seed in range(3):
        verdict = judge(mistake.of, mistake.functions(RIGHT), seed)
        assert (verdict.status, verdict.mistake) == ("failed", mistake.id)
        assert verdict.headline == mistake.title


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_knows_four_mistakes(name):
    assert len(BANK[name]) >= 4


@pytest.mark.parametrize("number", range(len(VARIANTS)))
def test_a_right_variant_is_never_rejected(number):
    """False alarms: below 1e-9 for each of the runs."""
    variant = VARIANTS[number]
    functions = Functions({**load(), **{name: guard(name, f) for name, f in variant.items()}})
    seeds = range(15) if "mc_predict" in variant else range(50)
    for name in variant:
        for seed in seeds:
            failing = [a.say for a in observe(name, functions, 1000 * number + seed) if not a.ok]
            assert not failing, (name, seed, failing)
