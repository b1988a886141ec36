"""Views of a panel that are drawn beforehand: what is kept, in which order, and that each is what the panel shows."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from dropout_lab.lab.widgets import views
from dropout_lab.lab.widgets.gradcheck import explore_steps
from dropout_lab.lab.widgets.panel import choice, moves, panel, rate, seed, whole


def keep(**controls):
    """What is kept of a panel with these controls whose picture is one grey square; its captions are its values."""
    square = io.BytesIO()
    Image.new("RGB", (3, 3), "grey").save(square, "png")
    named = [{"name": name, **control} for name, control in controls.items()]
    return views.views("Squares", named, lambda values, before: (square.getvalue(), "a square", f"{values}, {before}"))


def test_only_a_notebook_that_is_run_for_pages_keeps_views(monkeypatch):
    shown = panel(lambda figure, how: how, "Words", how=choice("a", "how", "ab"))
    assert views.MIME not in shown._repr_mimebundle_()[0]
    monkeypatch.setenv(views.SWITCH, "keep")
    kept = shown._repr_mimebundle_()[0][views.MIME]
    assert [v["caption"] for v in kept["views"]] == ["a", "b"]
    picture = base64.b64decode(kept["views"][0]["picture"])
    whole_one = base64.b64decode(shown.picture.partition(",")[2])
    assert len(picture) < len(whole_one)
    assert Image.open(io.BytesIO(picture)).size == Image.open(io.BytesIO(whole_one)).size


def test_every_combination_of_the_first_controls_is_kept_and_the_last_changes_fastest():
    kept = keep(p=rate(0.3), seed=seed("again"), n=whole(5, "bars", 0, 9))
    said = [v["caption"].partition("}")[0] for v in kept["views"]]
    assert said[0] == "{'p': 0.0, 'seed': 0, 'n': 5"
    assert said[4] == "{'p': 0.1, 'seed': 1, 'n': 5"
    p, again = kept["controls"]
    assert (p["low"], p["high"], p["step"], again["low"], again["high"]) == (0.0, 0.9, 0.1, 0, 2)
    assert kept["missing"] == ["bars"]
    assert len(set(said)) == len(said) == 30 <= views.MOST


@pytest.mark.parametrize("value", np.arange(1, 201, 13))
def test_where_a_panel_starts_is_among_its_views(value):
    kept = keep(n=whole(value, "bars", 1, 200))
    (n,) = kept["controls"]
    assert value in range(n["low"], n["high"] + 1, n["step"])
    assert 1 <= n["low"]
    assert n["high"] <= 200
    assert len(kept["views"]) <= views.MOST_OF_ONE


def test_a_panel_whose_first_control_cannot_be_kept_has_one_view():
    kept = keep(tests=moves("tests", ["a", "b"], "it is", ["x", "y"], "say"), seed=seed("next"))
    assert (len(kept["views"]), kept["controls"], kept["missing"]) == (1, [], ["tests", "seed"])


def test_a_choice_that_has_no_room_is_left_as_it_is():
    kept = keep(k=whole(0, "k", 0, 16), order=choice("a", "order", "abcd"))
    assert [c["name"] for c in kept["controls"]] == ["k"]
    assert kept["missing"] == ["order"]


def test_a_view_knows_the_steps_that_lead_to_it():
    kept = keep(k=whole(1, "k", 0, 3), how=choice("a", "how", "ab"))
    before = {view["caption"].partition("}, ")[0]: view["caption"].partition("}, ")[2] for view in kept["views"]}
    assert before["{'k': 1, 'how': 'b'"] == "[]"
    assert before["{'k': 3, 'how': 'b'"] == "[{'k': 1, 'how': 'b'}, {'k': 2, 'how': 'b'}]"
    assert before["{'k': 0, 'how': 'a'"] == "[{'k': 1, 'how': 'a'}]"


def test_a_panel_that_remembers_shows_what_it_was_turned_to():
    shown = explore_steps()
    assert shown.caption.endswith("Steps tried: 1.")
    for exponent in (-5, -9, -5):
        shown.turn(exponent=exponent)
    assert shown.caption.endswith("Steps tried: 3.")
