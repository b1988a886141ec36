"""The figures of lesson 12 say what they were given; a wrong max_norm looks wrong, and missing runs are named."""

import numpy as np
import pytest

from drawing import drawn, no_window  # noqa: F401
from dropout_lab.lab.fast import timing
from dropout_lab.lab.figures import paper as figures
from dropout_lab.lab.figures import speed as times
from dropout_lab.lab.mnist import paper
from dropout_lab.lab.mnist.column_lengths import Watched, lengths
from dropout_lab.training import max_norm

W = np.random.default_rng(0).standard_normal((6, 9)) * np.linspace(0.1, 2, 9)


def record(config, seed, errors):
    curve = [{"errors": wrong, "held_loss": wrong / 1000} for wrong in errors]
    return {"config": config, "seed": seed, "images": [60_000, 10_000], "curve": curve}


def test_columns_that_are_limited_are_told_from_others():
    long = int((lengths(W) > 2).sum())
    assert 0 < long < 9
    title, caption = drawn(figures.draw_columns, W, 2.0)
    assert title == f"{long} of 9 columns are longer than 2"
    assert f"{long} of 9 over the limit 2" in caption
    assert drawn(figures.draw_columns, W, 2.0, max_norm)[0] == "Long columns come down to the limit, the others stay"
    for wrong in (lambda w, limit: w, lambda w, limit: max_norm(w.T, limit).T, lambda w, limit: w * limit / lengths(w)):
        assert drawn(figures.draw_columns, W, 2.0, wrong)[0] == "This is not max-norm yet"


def test_a_column_that_passes_the_limit_is_in_the_title():
    runs = {"none": [1.0, 1.5], "dropout": [1.0, 3.0], "limited": [1.0, 2.0]}
    title, caption = drawn(figures.draw_longest, runs, 2.0)
    assert title == "Columns grow in training, until 2 is the limit"
    assert "dropout 1.00 to 3.00" in caption
    assert drawn(figures.draw_longest, {**runs, "limited": [1.0, 2.1]}, 2.0)[0] == "A column passed 2"


def test_the_step_that_is_watched_is_the_one_inside():
    def step(params, velocity, loss):
        return {"W1": 2 * params["W1"]}, velocity, loss

    watched = Watched(step)
    params, velocity, loss = watched({"W1": W}, {}, 0.5)
    assert np.array_equal(params["W1"], 2 * W)
    assert (velocity, loss) == ({}, 0.5)
    assert watched.longest == [pytest.approx(2 * np.linalg.norm(W, axis=0).max())]


def test_the_search_names_the_best_of_each_kind():
    _, caption = drawn(figures.draw_search, paper.search())
    for name in paper.CONFIGS:
        best = min((run for run in paper.search() if paper.kind(run) == name), key=lambda run: run["error"])
        assert f"lr = {best['lr']:g}" in caption
        assert f"{best['error']:.2f}%" in caption
        assert best["lr"] == paper.CONFIGS[name].lr
        assert best["limit"] == paper.CONFIGS[name].limit


def test_runs_are_said_by_configuration_and_runs_that_are_not_there_are_missed(capsys):
    runs = [record("plain", 0, [300, 140]), record("plain", 1, [310, 160]), record("max-norm", 0, [400, 200, 104])]
    _, caption = drawn(figures.draw_runs, runs)
    assert "no dropout 1.50, dropout, max-norm 1.04" in caption
    assert "no dropout 0.150" in caption
    figures.plot_runs([record("plain", 0, [])])
    assert "No full run is here" in capsys.readouterr().out


def test_times_are_said_as_they_are():
    assert drawn(times.draw_times, {"a": 1.5, "b": 0.25}, "T") == ("T", "a 1.5 ms; b 0.25 ms. Together 1.75 ms.")


def test_growth_has_a_line_for_each_way_and_the_caches_that_were_there():
    kept = timing.recorded()
    _, caption = drawn(times.draw_growth, kept["growth"], kept["caches"], ("entries", "width"))
    assert caption.count("PyTorch") == 2
    assert caption.count("numba") == 1
