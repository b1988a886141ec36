"""The court of lesson 07: its rules convict the bank and acquit the right, its figures say what they measured."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from dropout_lab.dropout import dropout_forward
from dropout_lab.gradcheck import numerical_gradient
from dropout_lab.lab.figures import hunt as figures
from dropout_lab.lab.hunt import court as hunting
from dropout_lab.lab.hunt.wrong_rules import WRONG_RULES
from dropout_lab.lab.practice.lesson_07 import try_out
from dropout_lab.system.screen import COLUMNS

BEYOND = {"C48", "C49", "C50", "C51"}  # another dtype, whole numbers, p = 0, p = 1


@pytest.fixture(autouse=True)
def no_window():
    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


def ids(layers):
    return {layer.id for layer in layers}


def guilty(p):
    return set().union(*hunting.verdicts(hunting.OURS, hunting.wrong_layers(), p).values())


def everything_passes(layer, p):
    return True


def nothing_yet(layer, p):
    return None


def test_every_wrong_layer_stands_once_and_the_kinds_are_together():
    layers = hunting.wrong_layers()
    kinds = [layer.kind for layer in layers]
    assert len(ids(layers)) == len(layers) == 46
    assert [k for i, k in enumerate(kinds) if i == 0 or k != kinds[i - 1]] == list(dict.fromkeys(kinds))


def test_the_gradient_check_is_blind_to_most_and_the_specification_sees_all_but_the_edges():
    layers = hunting.wrong_layers()
    assert len(hunting.convicts(hunting.gradient_agrees, layers)) == 13
    assert ids(layers) - guilty(0.3) == BEYOND


def test_zeros_in_the_input_show_a_mask_that_was_read_off_the_output():
    seen = [
        ids(hunting.convicts(rule, hunting.wrong_layers()))
        for rule in (hunting.gradient_agrees, hunting.gradient_with_zeros)
    ]
    assert "C26" in seen[1] - seen[0]


def test_at_one_half_the_mistakes_that_exchange_p_and_its_complement_are_free():
    assert guilty(0.3) - guilty(0.5) == {"C01", "C02", "C07", "C08"}


@pytest.mark.parametrize("rule", hunting.OURS)
@pytest.mark.parametrize("p", [0.1, 0.3, 0.5, 0.8])
def test_right_layers_are_acquitted(rule, p):
    """By chance convicted with probability 2e-9 for the share of zeros, less for the rest; the seeds are fixed."""
    assert hunting.convicts(rule, hunting.right_layers(), p) == []


def test_a_blank_rule_convicts_nobody_and_a_blank_stub_is_heard():
    assert not hunting.written(nothing_yet)
    assert hunting.convicts(nothing_yet, hunting.wrong_layers()) == []

    def stub(layer, p):
        raise NotImplementedError("still blank")

    with pytest.raises(NotImplementedError, match="still blank"):
        hunting.convicts(stub, hunting.wrong_layers())


def test_a_rule_that_breaks_on_right_layers_or_gives_a_number_is_told_so():
    with pytest.raises(TypeError, match="answers True or False"):
        hunting.trial(lambda layer, p: 1e-10)
    with pytest.raises(ZeroDivisionError):
        hunting.trial(lambda layer, p: 1 / 0 == 1)


def test_a_trial_is_passed_only_by_a_rule_that_convicts_all_that_ours_does(capsys):
    def kept_scale(layer, p):
        out, _ = layer.forward(np.ones((60, 100)), p, np.random.default_rng(0))
        return bool(out.max() <= 1 / (1 - p) + 1e-9)

    def zero_share(layer, p):
        return False

    hunting.trial(kept_scale)
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("✗ `kept_scale` acquits the right layers, and lets")
    assert "A dropped output is 0, no multiple of its input." in said
    hunting.trial(zero_share)
    assert "✗ `zero_share` convicts 5 of 5 right layers" in capsys.readouterr().out
    hunting.trial(nothing_yet)
    assert capsys.readouterr().out == "○ `nothing_yet` returns nothing yet: it is yours to write.\n"


@pytest.mark.parametrize("rule", hunting.OURS)
def test_our_own_rules_pass_their_trial(rule, capsys):
    hunting.trial(rule)
    assert capsys.readouterr().out.startswith(f"✓ `{rule.__name__}` acquits all 5 right layers")


@pytest.mark.parametrize(
    ("name", "sentence"), [(name, sentence) for name, rules in WRONG_RULES.items() for sentence in rules]
)
def test_a_trial_names_the_cause(name, sentence, capsys):
    def rule(layer, p):
        return WRONG_RULES[name][sentence](layer, p)

    rule.__name__ = name
    hunting.trial(rule)
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("✗")
    assert said.endswith(sentence)


@pytest.mark.parametrize("sentence", try_out.practices["crossed"].wrong)
def test_the_judge_of_kinks_names_the_cause(sentence, capsys):
    def crossed(up, down):
        return try_out.practices["crossed"].wrong[sentence](up, down)

    try_out(crossed, seed=1)
    assert " ".join(capsys.readouterr().out.split()) == f"✗ `crossed` · {sentence}"


def test_no_line_of_a_trial_is_longer_than_a_notebook_is_wide(capsys):
    for rule in (*hunting.OURS, lambda layer, p: False):
        hunting.trial(rule)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= COLUMNS


def test_a_trial_tells_a_wrong_layer_of_the_student_from_a_wrong_rule(capsys, monkeypatch):
    monkeypatch.setattr(hunting, "dropout_forward", lambda x, p, rng, train=True: (x, None))
    monkeypatch.setattr(hunting, "dropout_backward", lambda dout, cache: dout)
    hunting.trial(hunting.zero_share)
    assert "acquits the four right layers of ours and convicts your own" in capsys.readouterr().out


def test_the_numeric_gradient_grows_with_loose_masks_only():
    x, rng = np.random.default_rng(1).uniform(0.5, 1.5, 12), np.random.default_rng(3)
    losses = {
        "loose": lambda x: dropout_forward(x, 0.3, rng)[0].sum(),
        "one mask": lambda x: dropout_forward(x, 0.3, np.random.default_rng(4))[0].sum(),
    }
    figure = Figure()
    said = figures.draw_sizes(figure, losses, numerical_gradient, x)
    assert "power -1.0; one mask" in said
    assert said.endswith("power 0.0.")
    title = figure.axes[0].get_title(loc="left") + figure.axes[0].get_title()
    assert title == "With loose, the numeric gradient grows as 1/h"
    del losses["loose"]
    figures.draw_sizes(figure := Figure(), losses, numerical_gradient, x)
    assert "same at each h" in figure.axes[0].get_title() + figure.axes[0].get_title(loc="left")


def test_the_court_says_who_is_free():
    figure = Figure()
    said = figures.draw_court(figure, [hunting.gradient_agrees, nothing_yet], hunting.wrong_layers())
    assert said.startswith("Convicted: 13 of 46. Free: C01")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["gradient_agrees (13)", "nothing_yet (blank)", "free (33)"]
    assert len(said.split("Free: ")[1].split(", ")) == 33
    figures.draw_court(figure := Figure(), [everything_passes], hunting.wrong_layers())
    assert "convicts 0 of 46" in figure.axes[0].get_title() + figure.axes[0].get_title(loc="left")
