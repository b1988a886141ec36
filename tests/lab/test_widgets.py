"""A panel draws at the start and at each change, says in words what it shows, and survives a function that raises."""

import base64
import inspect
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dropout_lab.dropout import dropout_backward, dropout_forward, zeroing_forward
from dropout_lab.lab.experiments.rows import Rows
from dropout_lab.lab.hunt import casebook
from dropout_lab.lab.hunt import court as hunting
from dropout_lab.lab.widgets.dropout import explore_flow, explore_masks, explore_means
from dropout_lab.lab.widgets.ensemble import explore_convergence
from dropout_lab.lab.widgets.hunt import play_hunt
from dropout_lab.lab.widgets.panel import Panel, choice, moves, panel, rate, seed, whole
from dropout_lab.lab.widgets.rates import explore_rates
from dropout_lab.network import init_params


def draw(figure, p, n, how, seed):
    axes = figure.subplots()
    axes.bar(range(n), np.full(n, p))
    axes.set_title("Bars as high as p")
    return f"{n} bars of height {p:.2f}, {how}, seed {seed}."


def example():
    order = choice("in a row", "order", ["in a row", "heaped"])
    return panel(draw, "Bars", p=rate(0.3), n=whole(3, "bars", 1, 9), how=order, seed=seed("new bars", 4))


def png(p):
    kind, _, data = p.picture.partition(",")
    assert kind == "data:image/png;base64"
    return base64.b64decode(data)


def test_the_default_state_has_a_picture_and_a_caption():
    p = example()
    assert png(p).startswith(b"\x89PNG")
    assert p.caption == "3 bars of height 0.30, in a row, seed 4."


def test_the_title_of_the_figure_is_the_alt_text():
    assert example().alt == "Bars as high as p"


def test_a_turn_redraws_the_picture_and_the_caption():
    p = example()
    before = png(p)
    p.turn(p=0.5, n=5)
    assert png(p) != before
    assert p.caption == "5 bars of height 0.50, in a row, seed 4."


def test_a_control_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="no control named rate; there are p, n, how, seed"):
        example().turn(rate=0.5)


def test_values_come_back_from_the_browser_in_their_own_type():
    """JSON has one kind of number: a slider over fractions sends 0 where it means 0.0."""
    seen = []
    p = panel(lambda figure, p, n: str(seen.append((p, n))), "Types", p=rate(0.5), n=whole(1, "n", 0, 9))
    p.set_state({"values": {"p": 0, "n": 2.0}})
    assert [type(value) for value in seen[-1]] == [float, int]
    assert seen[-1] == (0.0, 2)


def test_a_function_that_raises_says_so_in_the_caption_and_recovers():
    def fragile(figure, p):
        if p > 0.5:
            raise ValueError("p is too large for me")
        return "fine"

    p = panel(fragile, "Fragile", p=rate(0.3))
    p.turn(p=0.6)
    assert p.caption == "ValueError: p is too large for me"
    assert (p.picture, p.alt) == ("", "")
    p.turn(p=0.4)
    assert p.caption == "fine"
    assert png(p)


def test_a_function_that_raises_at_the_start_raises():
    """So a blank speaks in the cell that shows the panel."""

    def blank(x, p, rng, train=True):
        raise NotImplementedError("still blank")

    with pytest.raises(NotImplementedError, match="still blank"):
        explore_masks(blank)


def test_where_no_kernel_runs_a_panel_is_its_caption():
    p = example()
    data, _ = p._repr_mimebundle_()
    assert data["text/plain"] == p.caption == repr(p)


def test_every_control_has_a_label_and_a_value():
    p = example()
    assert [c["name"] for c in p.controls] == ["p", "n", "how", "seed"]
    assert all(c["label"] and c["value"] == p.values[c["name"]] for c in p.controls)


def test_every_kind_of_control_has_a_face():
    """Each kind that Python makes is one that panel.js knows."""
    script = Path(inspect.getfile(Panel)).with_name("panel.js").read_text("utf-8")
    known = set(re.findall(r"^  (\w+)\(control, id, change\)", script, re.M))
    kinds = {c["kind"] for c in example().controls} | {moves("tests", ["a"], "it is", ["b"], "name it")["kind"]}
    assert kinds == known


def test_nothing_is_left_open_in_pyplot():
    before = plt.get_fignums()
    example().turn(p=0.8)
    assert plt.get_fignums() == before


@pytest.mark.parametrize("p", [0.0, 0.05, 0.9])
def test_the_panels_of_dropout_can_be_turned_from_end_to_end(p):
    x = np.maximum(np.random.default_rng(1).standard_normal((16, 20)), 0)
    schemes = {"standard": zeroing_forward, "inverted": dropout_forward}
    flow = explore_flow(dropout_forward, dropout_backward)
    for shown in (explore_masks(dropout_forward), explore_means(schemes, x), flow):
        first = shown.caption
        shown.turn(p=p, seed=7)
        assert shown.caption != first
        assert "Error" not in shown.caption
        assert png(shown)


def test_everything_can_be_dropped():
    shown = explore_masks(dropout_forward)
    shown.turn(p=1.0)
    assert shown.caption.startswith("384 of 384 outputs are zero, 100%")


def test_a_new_mini_batch_has_other_masks_and_the_same_seed_the_same_ones():
    shown = explore_masks(dropout_forward)
    first, first_picture = shown.caption, shown.picture
    shown.turn(seed=1)
    assert shown.picture != first_picture
    shown.turn(seed=0)
    assert (shown.caption, shown.picture) == (first, first_picture)


def test_averages_over_masks_can_be_turned_to_each_network_and_from_end_to_end():
    x, sizes = np.random.default_rng(1).standard_normal((20, 5)), {"a": [5, 8, 3], "b": [5, 4, 4, 3]}
    networks = {name: (init_params(widths, np.random.default_rng(2)), x, 0.4) for name, widths in sizes.items()}
    shown = explore_convergence(networks)
    assert shown.caption.startswith("Seed 0, k = 64, averages of scores. Distance from the network without masks: b ")
    said = {shown.caption}
    for turn in ({"network": "a"}, {"exponent": 0}, {"exponent": 10}, {"of": "probabilities"}, {"seed": 1}):
        shown.turn(**turn)
        assert png(shown)
        said.add(shown.caption)
    assert len(said) == 6
    assert not any("Error" in caption for caption in said)


def sweep_over_p():
    """Six seeds whose own errors are 4, 6, ... 14%; p saves each of them 10 p points, give or take 0.1."""
    return Rows(
        {
            "p": p,
            "seed": s,
            "test_accuracy": 1 - (4 + 2 * s - 10 * p + 0.1 * (-1) ** s * (p > 0)) / 100,
            "train_accuracy": 0.8 - p / 10,
        }
        for p in (0.0, 0.1, 0.3)
        for s in range(6)
    )


def test_bands_are_narrow_where_runs_are_paired_and_seeds_can_be_taken_away():
    shown = explore_rates(sweep_over_p())
    # Differences: sd 0.11, times t = 2.571 / sqrt(6): 0.1. Errors: sd 3.74, times t = 2.228 sqrt(2 / 6): 4.8.
    assert "Held-out error, error saved, paired by seed, 6 seeds; dotted: seed 0." in shown.caption
    assert "p = 0.3 saves 3.0 ± 0.1 paired (± 4.8 not)" in shown.caption
    assert shown.alt.startswith("Error saved, paired by seed: 2 of 2 bands leave out 0.")
    shown.turn(band="error saved, not paired")
    assert shown.alt.startswith("Error saved, not paired: 0 of 2 bands leave out 0.")
    shown.turn(seeds=3, seed=4)
    assert "3 seeds; dotted: seed 1." in shown.caption
    shown.turn(band="the error itself", measure="training error")
    assert shown.alt.startswith("The training error is lowest at p = 0.")
    assert png(shown)


def test_a_sweep_that_was_interrupted_shows_the_rates_that_are_complete():
    shown = explore_rates(Rows(sweep_over_p()[:-2]))
    assert "p = 0.1 saves" in shown.caption
    assert "p = 0.3" not in shown.caption


def game():
    return play_hunt(hunting.OURS)


def test_a_suspect_is_questioned_test_by_test():
    shown = game()
    assert "0 of 5 tests used" in shown.caption
    assert "gradient_agrees acquits" in shown.caption
    assert "kept_scale" not in shown.caption
    shown.turn(seed=1)
    shown.turn(moves=["kept_scale"])
    assert "1 of 5 tests used" in shown.caption
    assert "kept_scale convicts: kept outputs: 1.00 times the input" in shown.caption


def test_a_name_ends_the_case_and_says_what_it_was():
    shown, truth = game(), casebook.suspect(1)[1]
    shown.turn(seed=1)
    shown.turn(moves=["kept_scale", truth])
    assert shown.caption.endswith(
        f"You say: {truth}. That is so. 5 points. Tally: 1 of 12 suspects, 1 named right, 5 points."
    )
    assert shown.alt.startswith("Suspect 1: you named it right, with 1 of 5 tests used")
    shown.turn(moves=[casebook.RIGHT])
    assert f"You say: {casebook.RIGHT}. What is wrong with it: {truth}." in shown.caption
    assert shown.alt.startswith("Suspect 1: you named it wrong")


def test_a_guess_earns_nothing_and_the_first_verdict_counts():
    shown, truth = game(), casebook.suspect(1)[1]
    shown.turn(seed=1)
    shown.turn(moves=[truth])
    assert "That is so, and it was a guess" in shown.caption
    assert shown.caption.endswith("Tally: 1 of 12 suspects, 1 named right, 0 points.")
    shown.turn(seed=1)
    shown.turn(moves=["kept_scale", truth])
    assert "The first verdict on it counts." in shown.caption
    assert shown.caption.endswith("1 named right, 0 points.")


def test_the_tally_grows_from_suspect_to_suspect():
    shown = game()
    for number in (1, 2):
        shown.turn(seed=number)
        shown.turn(moves=[*casebook.TESTS[1:], casebook.suspect(number)[1]])
    assert shown.caption.endswith("Tally: 2 of 12 suspects, 2 named right, 2 points.")


def test_a_new_suspect_starts_the_game_anew():
    shown = game()
    shown.turn(moves=["zero_share"])
    shown.turn(seed=4)
    assert shown.values == {"seed": 4, "moves": []}


def test_the_picture_of_a_case_follows_from_the_controls_alone():
    shown, again = game(), game()
    shown.turn(seed=3)
    shown.turn(moves=["fresh_mask", "zero_share"])
    again.turn(seed=3, moves=["zero_share", "fresh_mask"])
    assert (shown.caption, shown.picture) == (again.caption, again.picture)


def test_a_rule_that_is_blank_gives_no_verdict_and_the_measurement_stands():
    def zero_share(layer, p):
        return None

    shown = play_hunt([zero_share])
    shown.turn(moves=["zero_share"])
    assert "zero_share is blank: 30% of the outputs are 0" in shown.caption
    assert "1 of 1 tests used" in shown.caption
