"""Lesson 00's prediction: written once, complete, and read again later."""

import json

from dropout_lab.lab.prediction import FILE, commit, recall

AGREE = {1: True, 2: False}


def test_nothing_is_written_while_a_statement_is_open(tmp_path, capsys):
    commit({1: True, 2: ...}, "yes, because", tmp_path)
    assert "statement 2" in capsys.readouterr().out
    assert not (tmp_path / FILE).exists()


def test_nothing_is_written_without_an_answer_in_words(tmp_path, capsys):
    commit(AGREE, " ... ", tmp_path)
    assert "in your own words" in capsys.readouterr().out
    assert not (tmp_path / FILE).exists()


def test_an_answer_that_is_not_true_or_false_is_named(tmp_path, capsys):
    commit({1: True, 2: "no"}, "yes, because", tmp_path)
    assert "Look again at statement 2" in capsys.readouterr().out
    assert not (tmp_path / FILE).exists()


def test_a_prediction_stays_as_it_was_first_written(tmp_path, capsys):
    commit(AGREE, "yes, because", tmp_path)
    commit({1: False, 2: False}, "no, after all", tmp_path)
    assert json.loads((tmp_path / FILE).read_text("utf-8"))["in_my_words"] == "yes, because"
    assert "that stays" in capsys.readouterr().out


def test_recall_shows_what_was_written(tmp_path, capsys):
    commit(AGREE, "yes, because", tmp_path)
    recall(tmp_path)
    assert "1 agree, 2 disagree.\nyes, because" in capsys.readouterr().out


def test_recall_without_a_prediction_says_where_it_is_asked_for(tmp_path, capsys):
    recall(tmp_path)
    assert "Lesson 00" in capsys.readouterr().out
