"""Every known mistake of dropout is rejected under its own name, alone and in pairs; what is right passes."""

from itertools import pairwise

import numpy as np
import pytest

from conftest import SEED_STEP
from dropout_lab import dropout as completed
from dropout_lab.checks import mistakes
from dropout_lab.checks.chance import coin_bound, least_spread, likeliest, narrowest, tie_bound
from dropout_lab.checks.functions import Functions, guard, load
from dropout_lab.checks.mistakes.dropout_masks import inverse, kept, thinned
from dropout_lab.checks.mistakes.dropout_network import Network
from dropout_lab.checks.probes import dropout_network
from dropout_lab.checks.verdicts import judge, observe
from dropout_lab.layers import softmax_cross_entropy
from variants import dropout as variants
from variants import network as networks
from variants import wrong_dropout

EXERCISES = ("zeroing_forward", "zeroing_backward", "dropout_forward", "dropout_backward", "mlp_dropout")
BANK, RIGHT = mistakes.load_all()
ENTRIES = [(m.of, m.id) for name in EXERCISES for m in BANK[name]]
NOT_FUNCTIONS = {
    "C12": "a rounded uniform number is C08's fair coin: only the bits differ, and none are compared",
    "C55": "before or after a ReLU is the same to the bit, and the course's network has no sigmoid",
    "C62": "a belief about momentum and weight decay: no function of the course computes anything else because of it",
    "C63": "the course's network has no batch normalisation; lesson 10 shows the variance shift",
    "C64": "a comparison of two losses in a training loop; lesson 04 and 08 evaluate both sets at test time",
    "C65": "pure functions have no mode to switch back: `train` is an argument of each call",
    "C67": "a wrong assertion about a right layer; C33 is the layer that would meet it",
    "C68": "not an error of code but of width and epochs; lesson 08",
}


def entry(of, id):
    return next(m for m in BANK[of] if m.id == id)


@pytest.mark.parametrize(("of", "id"), ENTRIES)
def test_a_mistake_is_rejected_under_its_own_id(of, id):
    """Seed 0 is what a student's check uses; another seed gives other inputs."""
    for seed in (0, 91):
        verdict = judge(of, entry(of, id).functions(RIGHT), seed)
        assert verdict.status in ("failed", "error")
        assert verdict.mistake == id
        assert not verdict.others
        assert verdict.points == 0


def test_group_c_is_written_or_said_why_not():
    group = {f"C{n:02d}" for n in (*range(1, 18), *range(20, 35), *range(40, 69))}
    written = {id for _, id in ENTRIES} & group
    assert written | set(NOT_FUNCTIONS) == group
    assert not written & set(NOT_FUNCTIONS)
    assert len(written) >= 45


@pytest.mark.parametrize("of", EXERCISES)
def test_ids_are_unique_and_titles_are_not_shared(of):
    ids, titles = [m.id for m in BANK[of]], [m.title for m in BANK[of]]
    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)
    assert all(m.sentence.strip().endswith((".", "?")) for m in BANK[of])


def test_the_papers_version_is_called_consistent_but_not_inverted():
    assert (
        "consistent, but not inverted"
        in judge("dropout_forward", entry("dropout_forward", "C04").functions(RIGHT)).headline
    )


@pytest.mark.parametrize("of", EXERCISES)
def test_the_completed_modules_pass(of):
    for seed in range(5):
        assert judge(of, load(), seed).status == "passed"


@pytest.mark.parametrize("variant", variants.RIGHT)
def test_a_right_variant_passes(variant):
    functions = Functions({name: guard(name, f) for name, f in variants.functions(variant).items()})
    for of in EXERCISES[:4]:
        verdict = judge(of, functions)
        assert verdict.status == "passed", verdict


def network_of(layers):
    """A network with other dropout layers than the bank's."""

    class Other(Network):
        def drop(self, h, p, rng, train, layer):
            return layers["dropout_forward"](h, p, rng, train)

        def undrop(self, dh, mask, layer):
            return layers["dropout_backward"](dh, mask)

    return Other().functions()


NETWORKS = {name: network_of(variants.functions(name)) for name in variants.RIGHT} | {
    "the bank's": Network().functions(),
    **{
        forward.__name__: {
            "mlp_forward": forward,
            "mlp_backward": backward,
            "loss_and_grads": networks._joined(forward, backward, softmax_cross_entropy),
        }
        for forward, backward in networks.PAIRS
        if forward.__name__ in ("dropping_forward", "einsum_forward")
    },
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_written_otherwise_passes(name):
    functions = Functions({k: guard(k, f) for k, f in {**RIGHT, **NETWORKS[name]}.items()})
    for seed in range(0, 100, SEED_STEP):
        assert judge("mlp_dropout", functions, seed).status == "passed"


# --- two faults at once: the gravest is named, the other mentioned ----------------------------------------------------


def forward_of(keep=kept, scale=inverse, test=lambda x, p: (x, (True, 1.0)), float64=False):
    def forward(x, p, rng, train=True):
        if isinstance(p, str) or not 0 <= p <= 1 or (train and rng is None):
            raise ValueError("p")
        if not train:
            return test(x, p)
        out, cache = thinned(x, keep(x, p, rng), scale(p))
        return out.astype(float) if float64 else out, cache

    return forward


def flipped(x, p, rng):
    return rng.random(x.shape) < p


def shared(x, p, rng):
    return np.broadcast_to(rng.random(x.shape[-1]) >= p, x.shape)


def one(p):
    return 1.0


def times_rest(x, p):
    return x * (1 - p), (True, 1 - p)


def in_place(dout, cache):
    dout *= cache[0]
    return dout


PAIRS_FORWARD = {
    "C02 + C03": forward_of(flipped, one),
    "C03 + C30": forward_of(shared, one),
    "C05 + C30": forward_of(shared, test=times_rest),
    "C05 + C02": forward_of(flipped, test=times_rest),
    "C03 + C48": forward_of(scale=one, float64=True),
    "C30 + C48": forward_of(shared, float64=True),
    "C07 + C48": forward_of(scale=lambda p: 1 / p if p else np.inf, float64=True),
    "C04 + C48": forward_of(scale=one, test=times_rest, float64=True),
    "C05 + C44": forward_of(lambda x, p, rng: np.random.random_sample(x.shape) >= p, test=times_rest),
}
PAIRS_BACKWARD = {
    "C21 + C48": lambda dout, cache: (np.asarray(cache[0]) * dout).astype(float),
    "C21 + C46": in_place,
    "C20 + C48": lambda dout, cache: (dout if cache[0] is not True else dout * cache[1]).astype(float),
    "C27 + C48": lambda dout, cache: (cache[0] * dout).astype(float) * cache[1] ** 2,
}


PAIRS = {
    **{("dropout_forward", k): v for k, v in PAIRS_FORWARD.items()},
    **{("dropout_backward", k): v for k, v in PAIRS_BACKWARD.items()},
}


@pytest.mark.parametrize(("of", "pair"), PAIRS)
def test_of_two_faults_the_graver_is_named_and_the_other_mentioned(of, pair):
    graver, other = pair.split(" + ")
    function = PAIRS[of, pair]
    verdict = judge(of, Functions({name: guard(name, f) for name, f in {**RIGHT, of: function}.items()}))
    assert verdict.mistake == graver
    assert other in verdict.others
    assert entry(of, other).title in " ".join(verdict.details)


def test_a_backward_pass_is_judged_against_its_own_forward_pass():
    """The paper's forward with the paper's backward is no inverted dropout, but its backward pass belongs to it."""
    paper = {**RIGHT, "dropout_forward": RIGHT["zeroing_forward"]}
    functions = Functions({name: guard(name, f) for name, f in paper.items()})
    assert judge("dropout_forward", functions).mistake == "C04"
    assert judge("dropout_backward", functions).status == "passed"


# --- unknown mistakes are described -----------------------------------------------------------------------------------


def described(forward):
    return judge("dropout_forward", Functions({"dropout_forward": guard("dropout_forward", forward)}))


def test_an_unknown_factor_is_said_in_numbers():
    verdict = described(forward_of(scale=lambda p: 1.21 * inverse(p)))
    assert verdict.status == "failed"
    assert verdict.mistake is None
    assert "2.42 times their input; every one should be 2.00 times" in verdict.headline


@pytest.mark.parametrize(("result", "said"), [(None, "None"), ("x", "out"), ("shape", "shape"), ("list", "list")])
def test_what_cannot_be_read_is_said_in_words(result, said):
    answers = {"x": lambda x: x, "shape": lambda x: (x[:1], None), "list": lambda x: (x.tolist(), None)}
    verdict = described(lambda x, p, rng, train=True: answers.get(result, lambda x: None)(x))
    assert verdict.status in ("failed", "error")
    assert said in " ".join((verdict.headline, *verdict.details))


@pytest.mark.parametrize("name", wrong_dropout.FORWARD)
def test_what_is_hard_to_see_is_seen(name):
    functions = Functions(dropout_forward=guard("dropout_forward", wrong_dropout.FORWARD[name]))
    for seed in range(2):
        assert not all(a.ok for a in observe("dropout_forward", functions, seed)), seed


def test_stubs_that_return_what_they_are_given_earn_nothing_backward():
    for kind in ("dropout", "zeroing"):
        functions = {
            f"{kind}_forward": lambda x, p, rng, train=True: (x, None),
            f"{kind}_backward": lambda dout, _: dout,
        }
        verdict = judge(f"{kind}_backward", Functions({k: guard(k, f) for k, f in functions.items()}))
        assert verdict.status == "failed"
        assert verdict.mistake == f"{'C' if kind == 'dropout' else 'Z'}20b"


ASPECTS = {
    "forward": (
        "test time",
        "test time at p = 0 and 1",
        "x untouched at test time",
        "zero fraction",
        "kept scale",
        "zeros per column",
        "zeros per row",
        "entries of their own",
        "zeros against x",
        "fresh mask",
        "mask from rng",
        "count over calls",
        "calls of their own",
        "large arrays: zero fraction",
        "large arrays",
        "counts vary",
        "any shape",
        "x untouched",
        "any array, any number",
        "p = 0",
        "p = 1",
        "integers in training",
        "integers at test time",
        "float32 in training",
        "values of float32 in training",
        "float64 in training",
        "float32 at test time",
        "values of float32 at test time",
        "float64 at test time",
        "refusals",
        "no generator at test time",
        "generator left alone at test time",
    ),
    "backward": (
        "gradient",
        "x = 0",
        "after another forward pass",
        "second call",
        "test time",
        "dout untouched",
        "p = 0",
        "p = 1",
        "shapes",
        "any dout",
        "float32",
        "values of float32",
        "float64",
    ),
}


def test_the_probe_of_a_network_looks_at_all_of_its_aspects():
    names = (
        "scores at test time",
        "scores at p = 0",
        "no generator at test time",
        "one rate",
        "a pair of rates",
        "two hidden layers",
        "fresh masks",
        "masks from rng",
        "handed on",
        "gradients",
        "x untouched",
        "params untouched",
    )
    for seed in range(3):
        assert tuple(a.name for a in observe("mlp_dropout", load(), seed)) == names


@pytest.mark.parametrize("kind", ["zeroing", "dropout"])
@pytest.mark.parametrize("way", ASPECTS)
def test_a_probe_looks_at_all_of_its_aspects(kind, way):
    for seed in range(5):
        assert tuple(a.name for a in observe(f"{kind}_{way}", load(), seed)) == ASPECTS[way]


def test_rates_and_shapes_are_drawn_anew_for_every_seed():
    seen = []

    def spy(x, p, rng, train=True):
        if 0 < p < 1 and train:
            seen.append((float(p), x.shape))
        return completed.dropout_forward(x, p, rng, train)

    for seed in range(30):
        observe("dropout_forward", Functions(dropout_forward=guard("dropout_forward", spy)), seed)
    rates, shapes = {p for p, _ in seen}, {shape for _, shape in seen}
    assert len(rates) > 200
    assert 0.5 in rates
    assert sum(round(p * 10, 9).is_integer() for p in rates) < 10
    assert min(rates) < 0.005
    assert max(rates) > 0.995
    assert {len(s) for s in shapes} == {1, 2, 3, 4}
    assert max(np.prod(s) for s in shapes) > 2**17
    assert {10, 32, 64, 1024} <= {s[-1] for s in shapes}


# --- the bounds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "p"), [(6039, 0.3), (3003, 0.2), (3024, 0.8), (99, 0.3), (61, 0.3)])
def test_the_bound_for_a_share_is_a_bound(n, p):
    """Against the exact tail of the binomial distribution."""
    log_pmf = _log_pmf(n, p)
    outside = np.abs(np.arange(n + 1) / n - p) >= coin_bound(n, p)
    assert np.exp(log_pmf[outside]).sum() <= 1e-11


@pytest.mark.parametrize(("n", "p"), [(6039, 0.3), (40_000, 0.003), (131_072, 0.5)])
def test_the_bound_for_a_share_is_no_wider_than_it_has_to_be(n, p):
    """Against the exact quantile of the same false alarm: Bernstein's bound is at most half as wide again."""
    log_pmf = _log_pmf(n, p)
    order = np.argsort(np.abs(np.arange(n + 1) / n - p))[::-1]
    tail = np.cumsum(np.exp(log_pmf[order]))
    exact = np.abs(order[np.searchsorted(tail, 1e-11)] / n - p)
    assert coin_bound(n, p) < 1.5 * exact


@pytest.mark.parametrize("p", [0.25, 0.5, 0.7])
def test_the_bound_for_entries_that_hang_together_holds_and_sees_a_tenth(p):
    rng, n = np.random.default_rng(3), 6000
    limit, v = tie_bound(n, p, 3 * n), p * (1 - p)
    assert 6 * v * np.sqrt(n) < limit < 0.15 * v * n
    for _ in range(200):
        c = (rng.random(n) < p) - p
        sums = np.fft.irfft(np.abs(np.fft.rfft(c, 2**14)) ** 2, 2**14)[1 : n // 2]
        assert np.abs(sums).max() < limit


@pytest.mark.parametrize(("lines", "n"), [(400, 350), (8192, 16), (2048, 64)])
def test_the_least_spread_holds_and_sees_a_quota(lines, n):
    rng, p = np.random.default_rng(4), 0.4
    least = least_spread(lines, n, p)
    assert 0.2 < least < 1
    for _ in range(50):
        counts = rng.binomial(n, p, lines)
        assert ((counts - n * p) ** 2).mean() / (n * p * (1 - p)) > least


@pytest.mark.parametrize(("n", "p"), [(201, 0.3), (201, 0.8), (99, 0.3), (61, 0.3)])
def test_the_likeliest_count_is_the_largest_probability(n, p):
    assert np.isclose(likeliest(n, p), np.exp(_log_pmf(n, p)).max())


def test_a_count_that_never_varies_is_caught_and_chance_is_not():
    assert narrowest(12, 201, 0.3) >= 0
    assert narrowest(12, 201, 0.8) >= 0
    assert narrowest(61, 99, 0.3) < 21  # the usual spread of 61 counts
    assert narrowest(2, 201, 0.3) == -1  # two calls prove nothing


def _log_pmf(n, p):
    steps = np.log(np.arange(n, 0, -1)) - np.log(np.arange(1, n + 1))
    return (
        np.concatenate([[0.0], np.cumsum(steps)]) + np.arange(n + 1) * np.log(p) + np.arange(n, -1, -1) * np.log(1 - p)
    )


# --- the completed module ---------------------------------------------------------------------------------------------

FORWARDS = [completed.zeroing_forward, completed.dropout_forward]


@pytest.mark.parametrize("forward", FORWARDS)
@pytest.mark.parametrize("p", [-0.1, 1.5, np.nan, "0.3", None, [0.3]])
def test_a_rate_that_is_none_is_refused_by_name(forward, p):
    with pytest.raises((ValueError, TypeError), match=r"^p must be"):
        forward(np.ones(3), p, np.random.default_rng(0))


@pytest.mark.parametrize("forward", FORWARDS)
def test_training_without_a_generator_is_refused_by_name(forward):
    with pytest.raises(TypeError, match=r"^rng must be"):
        forward(np.ones(3), 0.3, None)
    forward(np.ones(3), 0.3, None, train=False)


@pytest.mark.parametrize("forward", FORWARDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("p", [0, 0.3, np.float64(0.3), 1])
def test_floats_keep_their_dtype(forward, dtype, p):
    for train in (True, False):
        out, cache = forward(np.ones((3, 4), dtype), p, np.random.default_rng(0), train)
        assert out.dtype == dtype
        assert completed.dropout_backward(np.ones((3, 4), dtype), cache).dtype == dtype


def test_integers_keep_their_scale():
    x = np.arange(1, 41)
    out, _ = completed.dropout_forward(x, 0.3, np.random.default_rng(0))
    assert np.allclose(out[out != 0] / x[out != 0], 1 / 0.7)
    assert np.allclose(completed.zeroing_forward(x, 0.3, None, train=False)[0], 0.7 * x)


@pytest.mark.parametrize("forward", FORWARDS)
def test_everything_is_dropped_at_one_and_nothing_at_zero(forward):
    x = np.array([1.5, -2.0, np.inf])[:2]
    assert np.array_equal(forward(x, 1.0, np.random.default_rng(0))[0], [0, 0])
    assert np.array_equal(forward(x, 0.0, np.random.default_rng(0))[0], x)


def test_masks_of_two_calls_differ():
    rng = np.random.default_rng(3)
    masks = [completed.dropout_forward(np.ones(200), 0.5, rng)[0] for _ in range(3)]
    assert all(not np.array_equal(a, b) for a, b in pairwise(masks))  # false alarm: 2 * 0.5^200


def test_rounding_leaves_the_frozen_gradients_ten_times_the_digits_that_are_asked_for(monkeypatch):
    errors = []
    measure = dropout_network._error
    monkeypatch.setattr(dropout_network, "_error", lambda *given: errors.append(measure(*given)) or errors[-1])
    for seed in range(150):
        assert all(aspect.ok for aspect in observe("mlp_dropout", load(), seed))
    assert len(errors) == 150 * 6 * 2
    assert max(errors) < 1e-8
