"""Somebody's layer, in whatever way it wants to be called, is driven as it is and judged rightly."""

import itertools
import json
import subprocess
import sys

import pytest

from dropout_lab.audit import assert_dropout, audit, cards
from dropout_lab.audit.examining import examine
from habits import HABITS, MISTAKES, PAPER, RIGHT, write

PAIRS = list(zip(MISTAKES, itertools.cycle(HABITS), strict=False))  # each mistake once, through all habits in turn
SKIPS = "no mode"  # a habit in which nothing can go wrong at test time
NO_TEST_TIME = {"C05", "C06", "C40"}


@pytest.mark.parametrize("habit", HABITS)
def test_a_right_layer_is_right_in_every_habit(tmp_path, habit):
    found = examine(write(tmp_path, RIGHT, habit))
    assert found.verdict == "right", str(found)
    assert not found.mistakes


@pytest.mark.parametrize("habit", [h for h in HABITS if h != SKIPS])
def test_the_papers_dropout_is_right_as_what_it_is(tmp_path, habit):
    found = examine(write(tmp_path, PAPER, habit))
    assert found.verdict == "right", str(found)
    assert "scaled at test time" in found.convention


def habit_for(mistake, habit):
    """The habit, unless the mistake cannot be made in it, or is none in it."""
    if mistake == "C01":  # right, if the number is the probability to keep: the name has to say drop
        return "an attribute that the network sets"
    return "a dictionary" if habit == SKIPS and mistake in NO_TEST_TIME else habit


@pytest.mark.parametrize(("mistake", "habit"), [(m, habit_for(m, h)) for m, h in PAIRS])
def test_a_mistake_is_named_in_whatever_habit_it_comes(tmp_path, mistake, habit):
    found = examine(write(tmp_path, MISTAKES[mistake], habit), p="keep" if habit == "a keep probability" else "drop")
    assert found.verdict == "wrong", str(found)
    assert found.mistakes[0]["id"] == mistake, str(found)
    assert found.mistakes[0]["title"] in " ".join(str(found).split())


def test_noise_without_zeros_is_wrong_and_shown_in_numbers(tmp_path):
    gaussian = RIGHT.replace("(np.random.rand(*x.shape) >= p) / (1 - p)", "np.random.normal(1, 0.5, x.shape)")
    found = examine(write(tmp_path, gaussian, "an argument training"))
    assert found.verdict == "wrong"
    assert found.observations["at"]["0.3"]["share of zeros"] == 0


def test_a_number_that_keeps_is_right_if_it_is_the_probability_to_keep(tmp_path):
    path = write(tmp_path, MISTAKES["C01"], "an argument training")
    assert examine(path).verdict == "right_if_keep"
    assert examine(path, p="keep").verdict == "right"
    told = examine(path, p="drop")
    assert (told.verdict, told.mistakes[0]["id"]) == ("wrong", "C01")


def test_a_name_that_says_drop_is_told_of_where_the_number_keeps(tmp_path):
    found = examine(write(tmp_path, MISTAKES["C01"], "train and eval"))
    assert found.verdict == "right_if_keep"
    assert any("`drop_prob` suggests the probability to drop" in remark for remark in found.remarks)


def test_a_keep_probability_that_drops_is_wrong(tmp_path):
    path = write(tmp_path, RIGHT, "a keep probability")
    path.write_text(path.read_text().replace("1 - keep_prob", "keep_prob"))
    found = examine(path)
    assert found.verdict == "wrong"
    assert "keep and drop are exchanged" in str(found)


def test_the_command_says_the_verdict_by_its_status(tmp_path):
    right, bad = write(tmp_path, RIGHT, "no mode"), write(tmp_path, MISTAKES["C21"], "two functions", "bad.py")
    for path, status in ((right, 0), (bad, 1), (tmp_path / "none.py", 2)):
        ran = subprocess.run(
            [sys.executable, "-m", "dropout_lab", "audit", str(path), "--json"], capture_output=True, check=False
        )
        assert ran.returncode == status
        record = json.loads(ran.stdout)
        assert {"target", "framework", "convention", "verdict", "mistakes", "observations", "message"} <= set(record)


def test_an_assertion_for_tests_of_others_shows_the_card():
    class Dropout:
        def __init__(self, p):
            self.p = p

        def forward(self, x, training=True):
            return x

    with pytest.raises(AssertionError, match="Dropout"):
        assert_dropout(Dropout)
    assert audit(Dropout).status == 1


IN_PLACE = """
import numpy as np
class Dropout:
    def __init__(self, p):
        self.p = p
    def forward(self, x, train=True):
        if not train:
            return x
        self.mask = np.random.rand(*x.shape) > self.p
        return x * self.mask / (1 - self.p)
    def backward(self, dy):
        dy[~self.mask] = 0
        return dy
"""


def test_a_row_of_the_card_says_what_is_so_of_its_own_number(tmp_path):
    path = tmp_path / "layer.py"
    path.write_text(IN_PLACE)
    rows = {what: (seen, met) for what, seen, _, met in cards.rows(examine(path))}
    assert rows["gradient where dropped"] == ("× 0.00", True)  # and not -0.00, which dout below 0 makes of it
    assert rows["gradient where kept"] == ("× 1.00", False)


@pytest.mark.parametrize("width", [60, 72, 100])
def test_a_card_is_as_wide_as_the_terminal(tmp_path, width):
    path = tmp_path / "layer.py"
    path.write_text(IN_PLACE)
    assert max(map(len, cards.as_text(examine(path), width).splitlines())) <= width


def test_a_layer_without_a_backward_pass_is_found_by_a_name_that_says_drop(tmp_path):
    path = tmp_path / "layer.py"
    path.write_text(IN_PLACE.partition("    def backward")[0].replace("Dropout", "DropUnits"))
    assert examine(path).verdict == "right"
