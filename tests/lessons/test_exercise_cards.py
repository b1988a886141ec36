"""What a lesson's card says of an exercise is what the table of exercises says."""

import re

from conftest import ROOT
from dropout_lab.checks.exercises import EXERCISES

CARD = re.compile(r"\*\*Build (\d+\.\d+) · `(\w+)`[^·]*?\*\* · ([●○]{3}) · (\d+) minutes · (?:about )?(\w+) lines?")
WORDS = dict(enumerate(["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]))


def test_a_card_shows_the_level_the_minutes_and_the_lines_of_the_table():
    shown = {}
    for path in sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py")):
        for number, *rest in CARD.findall(path.read_text("utf-8")):
            shown[number] = tuple(rest)
    table = {
        e.number: (e.name, "●" * e.level + "○" * (3 - e.level), str(e.minutes), WORDS[e.lines])
        for e in EXERCISES.values()
    }
    assert {number: shown.get(number) for number in table} == table
