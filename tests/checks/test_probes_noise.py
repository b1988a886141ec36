"""The checks of noise.py: every known mistake is named, every right variant is accepted."""

import pytest

from conftest import SEED_STEP
from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.verdicts import judge, observe
from variants.noise import VARIANTS
from variants.wrong_noise import WRONG

BANK, RIGHT = mistakes.load_all()
NAMES = [name for name, exercise in EXERCISES.items() if exercise.module == "noise"]


@pytest.mark.parametrize("mistake", [m for name in NAMES for m in BANK[name]], ids=lambda m: m.id)
def test_a_known_mistake_is_rejected_by_its_name(mistake):
    for seed in (0, 91):
        verdict = judge(mistake.of, mistake.functions(RIGHT), seed)
        assert (verdict.status, verdict.mistake, verdict.others) == ("failed", mistake.id, ())
        assert verdict.headline == mistake.title


@pytest.mark.parametrize("name", NAMES)
def test_every_exercise_knows_four_mistakes(name):
    assert len(BANK[name]) >= 4


@pytest.mark.parametrize("number", range(len(VARIANTS)))
def test_a_right_variant_is_never_rejected(number):
    """False alarms: below 1e-9 for each of the runs. One seed, or fifty if all are asked for."""
    variant = VARIANTS[number]
    functions = Functions({**load(), **{name: guard(name, f) for name, f in variant.items()}})
    for name in variant:
        for seed in range(0, 50, SEED_STEP):
            failing = [a.say for a in observe(name, functions, 1000 * number + seed) if not a.ok]
            assert not failing, (name, seed, failing)


@pytest.mark.parametrize(("name", "way"), WRONG)
def test_what_is_hard_to_see_is_seen(name, way):
    functions = Functions({**load(), name: guard(name, WRONG[name, way])})
    assert not all(a.ok for a in observe(name, functions, 0))


FORWARD = (
    "test time",
    "test time at p = 0 and 1",
    "{} untouched at test time",
    "zero fraction",
    "kept scale",
    "zeros per column",
    "zeros per row",
    "entries of their own",
    "zeros against x",
    "fresh mask",
    "mask from rng",
    "count over calls",
    "calls of their own",
    "large arrays: zero fraction",
    "large arrays",
    "counts vary",
    "any shape",
    "{} untouched",
    "any array, any number",
    "p = 0",
    "p = 1",
    "float32 in training",
    "values of float32 in training",
    "float64 in training",
    "float32 at test time",
    "values of float32 at test time",
    "float64 at test time",
    "refusals",
    "no generator at test time",
    "generator left alone at test time",
)
BACKWARD = (
    "gradient",
    "x = 0",
    "after another forward pass",
    "second call",
    "test time",
    "dout untouched",
    "p = 0",
    "p = 1",
    "shapes",
    "any dout",
    "float32",
    "values of float32",
    "float64",
)
ASPECTS = {
    "gaussian_dropout_forward": (
        "test time",
        "test time at p = 0",
        "p = 0",
        "own noise",
        "mean",
        "variance",
        "fresh noise",
        "noise from rng",
        "calls of their own",
        "shape",
        "entries of their own",
        "large arrays",
        "counts vary",
        "any array",
        "x untouched",
        *FORWARD[21:],
    ),
    "gaussian_dropout_backward": tuple(name for name in BACKWARD if name != "p = 1"),
    "spatial_dropout_forward": ("whole maps", *(name.format("x") for name in FORWARD)),
    "spatial_dropout_backward": BACKWARD,
    "dropconnect_forward": (
        "whose coins",
        "b is kept",
        "at test time `out`",
        "at test time, p = 1, `out`",
        "at p = 0 `out`",
        "x untouched",
        "b untouched",
        "one sample, one unit",
        "out dtype",
        *(name.format("w") for name in FORWARD),
    ),
    "dropconnect_backward": (
        "dx",
        "dw",
        "db",
        "dout untouched",
        "after another forward pass",
        "second call",
        "at test time `dx`",
        "at test time `dw`",
        "at test time `db`",
        "for one sample `dx`",
        "for one sample `dw`",
        "for one sample `db`",
        "for one unit `dx`",
        "for one unit `dw`",
        "for one unit `db`",
        "dx dtype",
        "dw dtype",
        "db dtype",
    ),
    "mc_predict": (
        "mean",
        "std",
        "fresh masks",
        "masks from rng",
        "one pass",
        "`std` of one pass",
        "two passes",
        "std of two passes",
        "p as a pair",
        "nothing changed",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_probe_looks_at_all_of_its_aspects(name):
    for seed in range(3):
        assert tuple(a.name for a in observe(name, load(), seed)) == ASPECTS[name]
