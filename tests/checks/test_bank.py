"""The bank of mistakes of the first lessons: each is rejected and named, alone and beside another."""

import numpy as np
import pytest

from dropout_lab.checks import mistakes
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.hints import HINTS
from dropout_lab.checks.mistakes.gradcheck import _central
from dropout_lab.checks.mistakes.layers import _cross_entropy, _gradients
from dropout_lab.checks.mistakes.network import _drawn, _loss_and_gradients
from dropout_lab.checks.mistakes.training import _lengths, _momentum, _shrunk
from dropout_lab.checks.verdicts import _signatures, judge, observe

BANK, RIGHT = mistakes.load_all()
EARLY = [
    name
    for name, e in EXERCISES.items()
    if e.module in ("layers", "gradcheck", "training")
    or name in ("init_params", "mlp_forward", "mlp_backward", "loss_and_grads")
]
EXCUSED = {  # entries of the collected evidence that are no function of these exercises
    "A11": "a sigmoid's slope; the course's hidden layers are ReLU",
    "A12": "a sigmoid's slope; the course's hidden layers are ReLU",
    "A13": "a squared error through a sigmoid; with ReLU it is A15",
    "A23": "an automatic differentiator's node used twice; here every parameter enters once",
    "A25": "as A23: no gradient of these functions is added to from two sides",
    "B05": "a fault of the f that is passed in: it draws a new mask at each call. Lesson 07 shows it",
    "B06": "a belief about when to check, not a function",
    "B11": "a property of the point, not of the function. Lesson 02 shows kinks",
    "B16": "a choice of p in a test of dropout; the probes use several",
    "B17": "a choice of N in a test; the probes use several samples and one",
    "B18": "a choice of mode in a test of dropout. Lesson 07 shows it",
    "B19": "a belief about what a passing check proves. Lesson 07 shows it",
    "B20": "a way to test, which these checks do not take",
}


def functions_with(**wrong):
    return Functions({name: guard(name, f) for name, f in {**RIGHT, **wrong}.items()})


@pytest.mark.parametrize("mistake", [m for name in EARLY for m in BANK[name]], ids=lambda m: m.id)
def test_a_known_mistake_is_rejected_and_named(mistake):
    for seed in range(3):
        verdict = judge(mistake.of, mistake.functions(RIGHT), seed)
        assert (verdict.status in ("failed", "error"), verdict.mistake, verdict.others) == (True, mistake.id, ())
        assert verdict.headline == mistake.title
        assert verdict.points == 0


@pytest.mark.parametrize("name", EARLY)
def test_an_exercise_has_three_mistakes_and_three_hints(name):
    assert len(BANK[name]) >= 3
    assert len(HINTS[name]) == 3
    assert all(20 < len(hint) < 400 for hint in HINTS[name])


def test_every_entry_of_the_evidence_is_in_the_bank_or_excused():
    collected = {f"A{i:02}" for i in range(1, 34)} | {f"B{i:02}" for i in range(1, 21)}
    banked = {m.id for name in EARLY for m in BANK[name]}
    assert collected - banked == set(EXCUSED)


def test_ids_are_unique_and_sentences_are_for_students():
    early = [m for name in EARLY for m in BANK[name]]
    assert len({m.id for m in early}) == len(early)
    for m in early:
        assert len(m.title) <= 75, m.id
        assert not m.title.endswith("."), m.id
        assert m.sentence.endswith((".", "?")), m.id
        assert 20 < len(m.sentence) < 220, m.id
        assert "!" not in m.sentence, m.id
        assert not {"simply", "obviously", "wrong answer"} & set(m.sentence.lower().split()), m.id


@pytest.mark.parametrize("name", EARLY)
def test_what_the_mistakes_stand_on_passes(name):
    for seed in range(5):
        assert judge(name, functions_with(), seed).status == "passed"
        assert judge(name, load(), seed).status == "passed"


def _unsummed_and_divided(dout, cache):
    dx, dw, _ = _gradients(dout, cache)
    return dx, dw / len(dout), dout


def _unscaled_in_place(dout, positive):
    dout[...] = np.where(dout > 0, dout, 0)
    return dout


def _no_log_and_uphill(scores, y):
    logs = _cross_entropy(scores, y)[1] * len(y)
    return -(logs + np.eye(scores.shape[1])[y])[range(len(y)), y].mean(), -_cross_entropy(scores, y)[1]


def _one_sided_and_anything(f, x, h=1e-5):
    grad = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        up = x.astype(float)
        up[i] += h
        grad[i] = (f(up) - f(x)) / h
    return grad


def _half_and_integers(f, x, h=1e-5):
    if x.dtype == np.float32:
        raise TypeError("float32")
    return _central(f, x, h) * 2 if x.dtype == float else _central(f, x, h)


def _narrow_with_biases(sizes, rng):
    params = _drawn(sizes, rng, lambda fan_in, fan_out: fan_in**-0.5)
    return {k: v if v.ndim == 2 else v + 0.1 for k, v in params.items()}


def _penalised_twice(params, x, y, p, rng, train=True):
    loss, grads = _loss_and_gradients(params, x, y, p, rng, train)
    grads = {k: g + params[k].dtype.type(0.02) * params[k] if k[0] == "b" else g for k, g in grads.items()}
    return loss + 0.003 * sum((v**2).sum() for k, v in params.items() if k[0] == "W"), grads


def _plain_in_place(params, grads, velocity, lr, momentum):
    new, speed = _momentum(params, grads, {}, lr, momentum)
    for k in params:
        params[k][...] = new[k]
    return params, speed


def _rows_in_place(w, limit):
    w[...] = _shrunk(w, _lengths(w, axis=1), limit)
    return w


PAIRS = [
    ("affine_backward", _unsummed_and_divided, "A06", "A01"),
    ("relu_backward", _unscaled_in_place, "A15", "A17"),
    ("softmax_cross_entropy", _no_log_and_uphill, "A62", "A66"),
    ("numerical_gradient", _one_sided_and_anything, "B04", "B01"),
    ("numerical_gradient", _half_and_integers, "B40", "B08"),
    ("init_params", _narrow_with_biases, "A101", "A110"),
    ("loss_and_grads", _penalised_twice, "A26", "A27"),
    ("sgd_momentum", _plain_in_place, "A73", "A77"),
    ("max_norm", _rows_in_place, "A81", "A87"),
]


@pytest.mark.parametrize(("name", "function", "gravest", "other"), PAIRS, ids=lambda v: v if isinstance(v, str) else "")
def test_of_two_faults_the_gravest_is_named_and_the_other_said(name, function, gravest, other):
    verdict = judge(name, functions_with(**{name: function}), seed=2)
    assert verdict.mistake == gravest
    assert other in verdict.others
    titles = {m.id: m.title for m in BANK[name]}
    assert verdict.details[-1].startswith("There is more, for later: ")
    assert titles[other] in verdict.details[-1]


def test_a_fault_below_is_said_first():
    verdict = judge(
        "mlp_backward", Functions({**load(), "relu_backward": guard("relu_backward", lambda dout, cache: dout)})
    )
    assert verdict.status == "passed"  # mlp_backward of the completed module does not read this dictionary
    bent = Functions(
        {
            **functions_with(),
            "affine_forward": guard("affine_forward", lambda x, w, b: (x @ w, None)),
            "mlp_forward": guard("mlp_forward", lambda params, x, *_: (x @ params["W1"], None)),
        }
    )
    verdict = judge("mlp_forward", bent)
    assert verdict.headline == "it uses `affine_forward`, which does not pass its own check. Mend that first."


def test_a_mistake_is_looked_at_no_further_than_until_it_is_ruled_out():
    signature = next(s for s in _signatures("dropout_forward", 5) if len(s.within(_all_of(s, 5))) > 2)
    whole = signature.within(_all_of(signature, 5))
    fresh = next(s for s in _signatures.__wrapped__("dropout_forward", 5) if s.mistake == signature.mistake)
    last = {list(whole)[-1]: list(whole.values())[-1]}
    assert fresh.within(last) is None
    assert len(fresh._failing) == 1
    assert fresh.within(whole).keys() == whole.keys()


def _all_of(signature, seed):
    mistake = signature.mistake
    return {a.name: a for a in observe(mistake.of, mistake.functions(RIGHT), seed) if not a.ok}
