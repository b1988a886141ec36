"""With a wrong function anywhere in the table, every report on what stands on it names that one, and no other line."""

import importlib

import numpy as np
import pytest

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES, MODULES, find
from dropout_lab.checks.functions import load
from dropout_lab.checks.verdicts import MEASURED_AGAINST_FORWARD, judge

BANK, _ = mistakes.load_all()


def ground(name):
    """The exercises under one, directly or through others."""
    under, left = set(), [name]
    while left:
        left += [other for other in find(left.pop()).needs if other not in under]
        under.update(left)
    return under


def standing_on(root):
    """The exercises above one; not those that have its function written again."""
    function = EXERCISES[root].function
    return [name for name in EXERCISES if root in ground(name) and EXERCISES[name].function != function]


def raises(*args, **kwargs):
    return np.ones(3) @ np.ones(4)


def forgets_to_return(*args, **kwargs):
    return None


ROOTS = [name for name in EXERCISES if standing_on(name) and name != "mlp_dropout"]


@pytest.mark.parametrize("root", ROOTS)
def test_a_report_names_the_function_at_the_root_and_no_line_of_what_stands_on_it(root, monkeypatch):
    entries = [m.function for m in BANK[root] if not m.beside][::6]
    for wrong in (*entries, raises, forgets_to_return):
        for module in (importlib.import_module(f"dropout_lab.{name}") for name in MODULES):
            if hasattr(module, root):
                monkeypatch.setattr(module, root, wrong)
        functions = load()
        if judge(root, functions, 3).status == "passed":
            continue  # what is wrong beside it alone
        for name in standing_on(root):
            if name == "mlp_dropout" and root in ("mlp_backward", "mlp_forward"):
                continue  # it is written again there
            verdict = judge(name, functions, 3)
            if verdict.status == "passed":
                continue
            text = " ".join((verdict.headline, *verdict.details))
            assert f"`{root}`" in text
            assert "dropout_lab/" not in text
            own = name in MEASURED_AGAINST_FORWARD or (name, root) == ("mlp_dropout", "loss_and_grads")
            assert verdict.mistake is None or own


def test_where_the_network_uses_dropout_a_fault_of_dropout_is_no_fault_of_the_network(monkeypatch):
    for module in ("dropout", "network"):
        monkeypatch.setattr(importlib.import_module(f"dropout_lab.{module}"), "dropout_forward", raises)
    for name in ("mlp_forward", "mlp_backward", "loss_and_grads", "mlp_dropout", "mc_predict"):
        assert judge(name, load(), 3).headline.startswith("it uses `dropout_forward`, which does not pass"), name
