"""The benchmarks measure what they say: their arithmetic, and that each way of doing the work runs."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from conftest import ROOT
from dropout_lab.lab.mnist import paper

BENCHMARKS = ROOT / "tests" / "benchmarks"


@pytest.fixture
def modules(monkeypatch):
    """The modules of tests/benchmarks, which its command imports by their plain names."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import dropout
    import rounds
    import step

    return rounds, dropout, step


def test_ratios_are_taken_within_a_round(modules):
    rounds, _, _ = modules
    slow, fast = rounds.Candidate("slow", None, times=[2, 20, 2]), rounds.Candidate("fast", None, times=[1, 5, 2])
    row = rounds.rows([slow, fast], "slow")[1]
    assert row["ratio"] == 0.5
    assert row["ratio_min"] == 0.25
    assert row["best_ms"] == 1000
    assert (row["ratio_low"], row["ratio_high"]) == (0.375, 0.75)


def test_every_candidate_is_timed_once_in_every_round(modules):
    rounds, _, _ = modules
    calls = []
    ways = [rounds.Candidate(name, lambda name=name: calls.append(name)) for name in "ab"]
    rounds.interleave(ways, 4, seconds=1e-9)
    assert [len(way.times) for way in ways] == [4, 4]
    assert sorted(calls) == sorted("ab" * 10)  # two calls to begin with; an untimed and a timed one in each round


def test_every_way_of_dropout_and_of_a_step_runs(modules):
    _, dropout, step = modules
    ways = dropout.candidates((8, 12), 0.2) + step.candidates((12, 16, 16, 10), 8)
    assert {"NumPy, as in the lessons", "lab/fast", "lab/fast, 1 thread"} <= {way.name for way in ways}
    for way in ways:
        way.call()


def test_the_parts_of_a_step_add_up_to_it(modules):
    _, _, step = modules
    whole, *rest = step.parts(3)
    assert whole["share"] == 1
    assert all(0 < part["share"] < 1 for part in rest)


def test_a_wrong_gradient_is_convicted_along_one_direction(monkeypatch):
    """One weight of 8,192 off by 1%: a hundred times the threshold, and a right gradient is 10^4 times below it."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from gradients import directional

    rng = np.random.default_rng(0)
    w = rng.standard_normal((64, 128))
    right, wrong = 3 * w**2, 3 * w**2
    wrong[5, 7] *= 1.01

    def loss(params):
        return (params["w"] ** 3).sum()

    assert directional(loss, {"w": w}, {"w": right}, rng)["w"] < 1e-14
    assert directional(loss, {"w": w}, {"w": wrong}, rng)["w"] > 1e-8


def test_what_the_lesson_shows_is_what_was_measured(modules):
    from summary import compact

    from dropout_lab.lab.fast import timing

    kept = compact(BENCHMARKS / "results")
    assert timing.recorded() == kept
    ratio = next(row["ratio"] for row in kept["dropout"] if (row["shape"], row["p"]) == ([128, 1024], 0.8))
    assert f"{ratio:.3f}" in timing.table(kept)


def test_growth_is_drawn_from_its_results(modules, tmp_path):
    import growth

    growth.plot(json.loads((BENCHMARKS / "results" / "growth.json").read_text("utf-8")), tmp_path / "growth.png")
    assert (tmp_path / "growth.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_explains_itself_and_knows_its_tables():
    def command(*arguments):
        return subprocess.run(
            [sys.executable, str(BENCHMARKS), *arguments],
            check=False,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
        )

    assert "--rounds" in command("--help").stdout
    assert "no such table: dropuot" in command("dropuot").stderr


def test_readme_says_what_the_results_say():
    readme = (ROOT / "README.md").read_text("utf-8")
    rows = [
        row
        for name in ("dropout", "step")
        for row in json.loads((BENCHMARKS / "results" / f"{name}.json").read_text("utf-8"))["rows"]
    ]
    shown = [
        row
        for row in rows
        if "ratio" in row
        and (
            (row["what"] in ("NumPy, as in the lessons, 2 threads", "lab/fast, 2 threads") and "shape" not in row)
            or (
                row["what"] in ("NumPy, as in the lessons", "lab/fast", "lab/fast (numba)")
                and (row["shape"], row["p"]) in (([256, 4096], 0.5), ([4096, 4096], 0.5), ([4096, 4096], 0.2))
            )
        )
    ]
    assert len(shown) == 11
    for row in shown:
        assert f"| {row['ratio']:.3f} ({row['ratio_low']:.3f} to {row['ratio_high']:.3f}) |" in readme, row["what"]
    for line in paper.table(paper.load()).splitlines()[1:]:
        name, _, epochs, percent, spread, *_ = re.split(r" {2,}", line.strip())
        assert f"| {name} | {epochs} | {percent} ± {spread} |" in readme
