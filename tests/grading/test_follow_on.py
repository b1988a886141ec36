"""One mistake costs once: a wrong function in every place, and who is blamed."""

import pytest

from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.ground import ground
from dropout_lab.instructor.grading.boundary.sandbox import Limits
from dropout_lab.instructor.grading.grade import Settings, grade_submission
from dropout_lab.instructor.grading.submissions import collect
from submissions import with_code, write

# The same function, or a pair that shares a cache which nobody else can read: here the later falls with the earlier.
BOUND = {
    "mlp_forward": {"mlp_dropout"},
    "mlp_backward": {"mlp_dropout"},
    "dropconnect_forward": {"dropconnect_backward"},
}
WRONG = """
_right_{name} = {name}
def {name}(*args, **options):
    got = _right_{name}(*args, **options)
    if isinstance(got, tuple):
        return (1.5 * got[0], *got[1:])
    if isinstance(got, dict):
        return {{k: 1.5 * v for k, v in got.items()}}
    return 1.5 * got
"""
RAISES = """
def {name}(*args, **options):
    return args[7]
"""
PLACES = [name for name in EXERCISES if any(name in ground(other) for other in EXERCISES)]


def graded(folder, name, code):
    e = EXERCISES[name]
    above = tuple(n for n in EXERCISES if n == name or name in ground(n))
    write(folder, with_code(**{e.module: code.format(name=e.function)}))
    rows = grade_submission(collect(folder), Settings(3, "plain", exercises=above))["exercises"]
    return {row["exercise"]: row for row in rows}


@pytest.mark.parametrize("name", PLACES)
def test_a_wrong_function_is_blamed_alone(tmp_path, name):
    rows = graded(tmp_path, name, WRONG)
    assert rows.pop(name)["status"] == "failed"
    assert {n for n, row in rows.items() if row["status"] != "passed"} == BOUND.get(name, set())
    for row in rows.values():
        assert row["suffers"] in ([], [name])
        assert row["mistake"] is None


def of_layers(folder, **code):
    write(folder, with_code(**code))
    some = ("affine_forward", "relu_backward", "mlp_forward", "loss_and_grads")
    rows = grade_submission(collect(folder), Settings(3, "plain", exercises=some))["exercises"]
    return {row["exercise"]: row for row in rows}


def test_a_module_that_does_not_load_costs_its_own_exercises(tmp_path):
    rows = of_layers(tmp_path, layers="def (")
    assert [row["status"] for row in rows.values()] == ["error", "error", "passed", "passed"]
    assert rows["mlp_forward"]["headline"].startswith("right by itself; suffers from 1.1, `affine_forward`")


def test_a_fault_of_its_own_is_named_beside_right_functions(tmp_path):
    scores = "_was = mlp_forward\ndef mlp_forward(*a, **k):\n    s, c = _was(*a, **k)\n    return relu_forward(s)[0], c"
    rows = of_layers(tmp_path, layers="def relu_forward(x):\n    return 2 * x, x", network=scores)
    assert (rows["mlp_forward"]["status"], rows["mlp_forward"]["suffers"]) == ("failed", [])
    assert rows["mlp_forward"]["mistake"] is not None
    assert rows["loss_and_grads"]["status"] == "passed"


def test_a_blank_below_costs_itself_alone(tmp_path):
    blank = 'def relu_forward(x):\n    raise NotImplementedError("`relu_forward` is still blank. Lesson 03")'
    rows = of_layers(tmp_path, layers=blank)
    assert [row["status"] for row in rows.values()] == ["passed"] * 4
    assert rows["relu_backward"]["suffers"] == rows["mlp_forward"]["suffers"] == ["relu_forward"]


def test_what_a_submission_calls_over_there_tells_it_nothing_but_what_is_returned(tmp_path):
    nosy = "def mlp_forward(params, x, p, rng, train=True):\n    import inspect\n    inspect.getsource(affine_forward)"
    asks = f"{nosy}\n    raise ValueError(inspect.getsource(affine_forward))"
    rows = of_layers(tmp_path, layers="def affine_forward(x, w, b):\n    return 2 * x, x", network=asks)
    assert rows["mlp_forward"]["status"] == "error"
    assert "x @ w" not in rows["mlp_forward"]["message"]


def test_a_forward_pass_that_loops_costs_itself_alone(tmp_path):
    write(tmp_path, with_code(layers="def relu_forward(x):\n    while True: pass"))
    some = ("relu_forward", "relu_backward", "mlp_backward")
    settings = Settings(1, "plain", some, limits=Limits(exercise=3.0))
    rows = grade_submission(collect(tmp_path), settings)["exercises"]
    assert [row["status"] for row in rows] == ["error", "passed", "passed"]
