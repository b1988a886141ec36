"""The court of lesson 07: layers that are known to be wrong, rules that judge them, and the lesson's own rules.

A rule is `rule(layer, p) -> bool`, true where the layer does as it should. A layer is whatever has `forward` and
`backward` like those of `dropout.py`. A rule that raises convicts; one that returns None is not written yet.
"""

from collections import namedtuple
from dataclasses import dataclass
from functools import cache

import numpy as np

from dropout_lab.checks import mistakes
from dropout_lab.dropout import dropout_backward, dropout_forward
from dropout_lab.gradcheck import numerical_gradient, relative_error
from dropout_lab.lab.hunt import suspects
from dropout_lab.lab.hunt.wrong_rules import WRONG_RULES
from dropout_lab.lab.show import say

EDGES = "edges and dtype"
_BESIDE = {"C04": "forward values", "C29": "backward"} | dict.fromkeys(
    ("C47", "C48", "C49", "C50", "C51", "C52"), EDGES
)  # kinds of what the hunt does not draw; the court is these and those of `suspects`, and does not grow with the bank

Passes = namedtuple("Passes", "forward backward")

ASK = {  # where to look when a rule convicts right layers
    "gradient_agrees": "Call your loss twice with the same x. Does it give the same number?",
    "zero_share": "How far from p may chance take the share of n entries? The bound knows n.",
    "kept_scale": "A dropped output is 0, no multiple of its input. Which entries do you compare?",
    "rows_differ": "Two rows with masks of their own still agree in many entries. What makes them different rows?",
    "fresh_mask": "One pair has to differ, the other has to agree, as whole arrays.",
    "no_quota": "Independent coins give varying counts. Which of your two comparisons does a right layer fail?",
    "own_cache": "A test-time pass drops nothing. What then comes back of a gradient of ones?",
}


@dataclass(frozen=True)
class Known:
    """A wrong layer of the bank: `id`, `title`, `kind`, and its two functions."""

    id: str
    title: str
    kind: str
    forward: object
    backward: object


@cache
def wrong_layers():
    """Every wrong dropout layer of the bank once, kind by kind."""
    bank, right = mistakes.load_all()
    kinds = {id: kind for kind, ids in suspects.KINDS.items() for id in ids} | _BESIDE
    found = {}
    for of in ("dropout_forward", "dropout_backward"):
        for m in bank[of]:
            if m.id in kinds:
                functions = {**right, of: m.function, **m.beside}
                layer = suspects.Suspect(m.id, functions["dropout_forward"], functions["dropout_backward"], None)
                found.setdefault(m.id, Known(m.id, m.title, kinds[m.id], layer.forward, layer.backward))
    order = [*suspects.KINDS, EDGES]
    return tuple(sorted(found.values(), key=lambda layer: (order.index(layer.kind), layer.id)))


def right_layers():
    """Four right layers, each with another way to toss its coins, and the one in dropout.py."""
    return (*suspects.draw(0, wrong=0, right=4), Passes(dropout_forward, dropout_backward))


def convicts(rule, layers, p=0.3, **options):
    """Those of the layers that fail the rule, or raise under it. A blank stub stops it: that is nobody's guilt."""
    return [layer for layer in layers if _passes(rule, layer, p, options) is False]


def written(rule, p=0.3):
    """Whether a rule gives an answer at all. What it raises on a right layer is its author's, and comes through."""
    answer = rule(right_layers()[0], p)
    if answer is not None and not isinstance(answer, (bool, np.bool_)):
        raise TypeError(f"a rule answers True or False, and {rule.__name__} gave {type(answer).__name__}: {answer!r}")
    return answer is not None


def _passes(rule, layer, p, options):
    try:
        with np.errstate(all="ignore"):
            answer = rule(layer, p, **options)
    except NotImplementedError:
        raise
    except Exception:  # noqa: BLE001 - whatever a suspect does
        return False
    return None if answer is None else bool(answer)


def verdicts(rules, layers, p=0.3):
    """{name of the rule: ids that it convicts}; None for a rule that is not written yet."""
    return {
        rule.__name__: [layer.id for layer in convicts(rule, layers, p)] if written(rule, p) else None for rule in rules
    }


def trial(rule, p=0.3):
    """Put a rule to the test on the right layers and on the wrong ones, beside the lesson's own rule of that name.

    ✓ only where it acquits every right layer and convicts all that the lesson's rule convicts.
    """
    name, known = rule.__name__, wrong_layers()
    if not written(rule, p):
        print(f"○ `{name}` returns nothing yet: it is yours to write.")
        return
    wronged, caught = convicts(rule, right_layers(), p), convicts(rule, known, p)
    own = next((r for r in OURS if r.__name__ == name), None)
    missed = [layer for layer in convicts(own, known, p) if layer not in caught] if own else []
    if wronged == [right_layers()[-1]] and not missed:
        say(
            f"✗ `{name}` acquits the four right layers of ours and convicts your own. Is dropout.py complete?"
            ' check("dropout_forward") and check("dropout_backward") know more.'
        )
    elif wronged:
        say(f"✗ `{name}` convicts {len(wronged)} of {len(right_layers())} right layers. {_cause(rule, p)}")
    elif missed:
        count = f"{len(missed)} of the {len(missed) + len(caught)} wrong layers that it is for"
        first = f"{missed[0].id}, {missed[0].title}"
        say(f"✗ `{name}` acquits the right layers, and lets {count} go, the first: {first}. {_cause(rule, p)}")
    else:
        names = " ".join(layer.id for layer in caught) or "none"
        say(f"✓ `{name}` acquits all {len(right_layers())} right layers and convicts {len(caught)} of {len(known)}:")
        say(f"  {names}")


def _cause(rule, p):
    """The sentence for the known wrong rule that convicts the same layers; else where to look.

    Layers that draw coins of their own are not asked: two rules that are one would see two masks.
    """
    layers = [layer for layer in (*right_layers()[:4], *wrong_layers()) if _passes(_repeats, layer, p, {})]
    acts = convicts(rule, layers, p)
    known = WRONG_RULES.get(rule.__name__, {})
    return next(
        (said for said, wrong in known.items() if convicts(wrong, layers, p) == acts), ASK.get(rule.__name__, "")
    )


# --- the lesson's own rules ---------------------------------------------------------------------------------------

_PROBE = np.random.default_rng(70).uniform(0.5, 1.5, (60, 100))


def _train(layer, p, seed=71):
    return layer.forward(_PROBE.copy(), p, np.random.default_rng(seed))[0]


def _repeats(layer, p):
    return np.array_equal(_train(layer, p), _train(layer, p), equal_nan=True)


def gradient_agrees(layer, p, x=_PROBE[:4, :6], train=True):
    """Backward against a nudge of the input x (N, D), mask frozen."""
    return gradient_error(layer, p, x, train) < 1e-7


def gradient_error(layer, p, x=_PROBE[:4, :6], train=True):
    """How far backward is from the slope that a nudge of the input x (N, D) measures, mask frozen."""
    weights = np.random.default_rng(73).uniform(0.5, 1.5, x.shape)

    def run(v):
        return layer.forward(v.copy(), p, np.random.default_rng(74), train)

    numeric = numerical_gradient(lambda v: float((weights * run(v)[0]).sum()), x)
    return relative_error(layer.backward(weights.copy(), run(x)[1]), numeric)


def gradient_with_zeros(layer, p):
    """The same on an input of which some entries are 0, as after a ReLU."""
    return gradient_agrees(layer, p, np.maximum(_PROBE[:4, :6] - 1, 0))


def zero_share(layer, p):
    """The share of zeros within 6 standard deviations of p."""
    z = (np.count_nonzero(_train(layer, p) == 0) - p * _PROBE.size) / np.sqrt(_PROBE.size * p * (1 - p))
    return -6 < z < 6


def kept_scale(layer, p):
    """Every output that is not 0 is its input divided by 1 - p."""
    out = _train(layer, p)
    return np.abs(np.where(out == 0, 0, out * (1 - p) - _PROBE)).max() < 1e-9


def rows_differ(layer, p):
    """No two neighbouring rows have the same zeros."""
    zero = _train(layer, p) == 0
    return (zero[1:] ^ zero[:-1]).any(axis=1).all()


def fresh_mask(layer, p):
    """The next call has another mask, and the same seed the same one."""
    rng = np.random.default_rng(75)
    first, second = (layer.forward(_PROBE.copy(), p, rng)[0] == 0 for _ in range(2))
    return (first != second).any() and (_train(layer, p, 75) == 0)[first].all()


def test_is_identity(layer, p):
    """At test time out is x."""
    return np.array_equal(layer.forward(_PROBE.copy(), p, np.random.default_rng(76), train=False)[0], _PROBE)


def inputs_untouched(layer, p):
    """Neither x nor dout is changed in place."""
    x, dout = _PROBE.copy(), np.full(_PROBE.shape, 1.0)
    layer.backward(dout, layer.forward(x, p, np.random.default_rng(77))[1])
    return (x == _PROBE).all() and (dout == 1).all()


def no_quota(layer, p):
    """The number of zeros varies from row to row, and from call to call."""
    counts = np.array([(_train(layer, p, seed) == 0).sum(axis=1) for seed in range(80, 86)])
    return np.ptp(counts[0]) > 0 and np.ptp(counts.sum(axis=1)) > 0


def own_cache(layer, p):
    """What backward does follows from the cache alone, whatever forward did in between."""
    ones = np.ones_like(_PROBE)
    train, test = (layer.forward(_PROBE.copy(), p, np.random.default_rng(78), t)[1] for t in (True, False))
    first = np.array(layer.backward(ones.copy(), train))
    layer.forward(_PROBE.copy(), p, np.random.default_rng(79))
    return np.array_equal(layer.backward(ones.copy(), train), first) and (layer.backward(ones.copy(), test) == 1).all()


OURS = (
    gradient_agrees,
    gradient_with_zeros,
    zero_share,
    kept_scale,
    rows_differ,
    fresh_mask,
    test_is_identity,
    inputs_untouched,
    no_quota,
    own_cache,
)
