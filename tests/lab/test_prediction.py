"""Predictions are written once, before their answer is shown, and stand beside it."""

import json

import pytest

from dropout_lab.checks import lesson
from dropout_lab.lab import prediction
from dropout_lab.lab.prediction import all_predictions, commit, distance, predict, recall, reveal
from dropout_lab.system.places import PREDICTIONS

AGREE = dict.fromkeys(prediction.STATEMENTS, True)


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """A folder of its own, with a reader in front of it, in lesson 05."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(prediction, "has_a_reader", lambda: True)
    monkeypatch.setattr(lesson, "current", "05")
    return tmp_path


def kept():
    return json.loads(prediction.Path(PREDICTIONS).read_text("utf-8"))


@pytest.mark.parametrize("blank", [..., None, "...", " ", (..., 3), {"a": 1, "b": ...}])
def test_a_blank_is_refused_in_a_sentence(desk, capsys, blank):
    predict("the ratio", blank)
    assert capsys.readouterr().out.startswith("○ the ratio: put your answer in place of the dots")
    assert not (desk / PREDICTIONS).exists()


def test_a_word_that_is_no_choice_is_refused(desk, capsys):
    predict("which", "D", choices=("A", "B"))
    assert "choose one of 'A', 'B'" in capsys.readouterr().out
    assert not (desk / PREDICTIONS).exists()


def test_the_result_stands_beside_the_prediction(capsys):
    predict("the ratio", 0.5)
    reveal("the ratio", 0.6999)
    assert capsys.readouterr().out.splitlines()[-1] == "the ratio: 0.700 · you said 0.500"


def test_each_part_of_a_result_stands_beside_its_own_prediction(capsys):
    predict("who moves", {"w": 5, "b": 3})
    reveal("who moves", {"w": 5, "b": 5})
    assert capsys.readouterr().out.splitlines()[-2:] == ["who moves, w: 5 · you said 5", "who moves, b: 5 · you said 3"]


def test_a_result_without_a_prediction_says_so(capsys):
    reveal("the ratio", 0.7)
    assert capsys.readouterr().out == "the ratio: 0.700 · no prediction was made\n"


def test_a_prediction_may_change_until_its_answer_is_shown_and_not_after_it(capsys):
    predict("the ratio", 0.5)
    predict("the ratio", 0.6)
    reveal("the ratio", 0.7)
    predict("the ratio", 0.7)
    assert "You said 0.600, and that stays" in capsys.readouterr().out
    assert kept()["the ratio"]["value"] == 0.6


def test_what_is_written_after_the_answer_is_not_kept(capsys):
    reveal("the ratio", 0.7)
    predict("the ratio", 0.7)
    assert "Nothing was written before it" in capsys.readouterr().out
    assert "value" not in kept()["the ratio"]


def test_a_notebook_that_runs_by_itself_keeps_nothing(desk, monkeypatch, capsys):
    predict("the ratio", 0.5)
    monkeypatch.setattr(prediction, "has_a_reader", lambda: False)
    reveal("the ratio", 0.7)
    assert "no prediction was made" in capsys.readouterr().out
    assert "seen" not in kept()["the ratio"]


def test_a_file_that_cannot_be_read_is_kept_aside(desk, capsys):
    (desk / PREDICTIONS).write_text("{", "utf-8")
    predict("the ratio", 0.5)
    assert (desk / "my_predictions.unreadable.json").read_text("utf-8") == "{"
    assert kept()["the ratio"]["value"] == 0.5


@pytest.mark.parametrize(
    ("value", "truth", "off"),
    [
        (0.6, 0.5, pytest.approx(0.2)),
        (0, 0, 0),
        (True, False, 1),
        ("A", "A", 0),
        ([600, 800], 690, 0),
        ([600, 800], 1000, 0.2),
        ({"a": 1, "b": "x"}, {"a": 1, "b": "y"}, 0.5),
        ("A", 3, None),
        (3, {"a": 3}, None),
    ],
)
def test_how_far_off_a_prediction_was(value, truth, off):
    assert distance(value, truth) == off


def test_the_last_page_shows_every_prediction_and_how_ones_aim_changed(monkeypatch, capsys):
    for number, name, value, truth in (("01", "a", 1, 2), ("01", "b", 1, 1), ("05", "c", "x", "x")):
        monkeypatch.setattr(lesson, "current", number)
        predict(name, value)
        reveal(name, truth)
    capsys.readouterr()
    all_predictions()
    out = capsys.readouterr().out
    assert "01 · a: you said 1, it was 2: 50% off." in out
    assert out.endswith("lesson 01: ●○ 1 of 2\nlesson 05: ● 1 of 1\n")


def test_nothing_is_committed_while_a_statement_is_open(desk, capsys):
    commit(AGREE | {2: ...}, "yes, because")
    assert "statement 2" in capsys.readouterr().out
    assert not (desk / PREDICTIONS).exists()


def test_nothing_is_committed_without_an_answer_in_words(desk, capsys):
    commit(AGREE, " ... ")
    assert "in your own words" in capsys.readouterr().out
    assert not (desk / PREDICTIONS).exists()


def test_an_answer_that_is_not_true_or_false_is_named(desk, capsys):
    commit(AGREE | {2: "no"}, "yes, because")
    assert "Look again at statement 2" in capsys.readouterr().out
    assert not (desk / PREDICTIONS).exists()


def test_a_commitment_stays_as_it_was_first_written(capsys):
    commit(AGREE, "yes, because")
    commit(AGREE | {1: False}, "no, after all")
    assert kept()[prediction.QUESTION]["words"] == "yes, because"
    assert "that stays" in capsys.readouterr().out


def test_recall_shows_each_statement_with_the_vote_and_what_was_decided(capsys):
    commit(AGREE, "yes, because")
    recall()
    out = capsys.readouterr().out
    for statement, _, _ in prediction.STATEMENTS.values():
        assert statement in " ".join(out.split())
    assert "You agreed; lesson 05: it is not so." in " ".join(out.split())
    assert "You agreed; lesson 07 decides." in " ".join(out.split())
    assert out.endswith("yes, because\n")


def test_recall_without_a_commitment_says_where_it_is_asked_for(capsys):
    recall()
    assert "Lesson 00" in capsys.readouterr().out


def test_the_statements_are_those_of_lesson_00(root):
    text = next((root / "solutions").glob("00_*.py")).read_text("utf-8")
    for number, (statement, _, decided) in prediction.STATEMENTS.items():
        assert f"| {number} | {statement} | lesson {decided} |" in text
