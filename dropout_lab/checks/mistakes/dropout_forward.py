"""Mistakes in dropout's forward pass, of both kinds: C for the inverted one, Z for the paper's."""

import numpy as np

from dropout_lab.checks.mistakes import mistake
from dropout_lab.checks.mistakes.dropout_masks import (
    IDLE,
    coins_of,
    guarded,
    in_both,
    in_training,
    inverse,
    kept,
    thinned,
)

# --- which entries are kept ------------------------------------------------------------------------------------------


@coins_of(
    "C02",
    "Z02",
    "it drops with probability 1 - p, and keeps with probability p",
    seen=(
        "https://github.com/qiangsiwei/bert_distill/issues/13",
        "https://community.deeplearning.ai/t/c2w1-dropout-regularization-lecture-issue/85191",
    ),
)
def flipped(x, p, rng):
    """A uniform number is below p with probability p, and `binomial(1, p)` is 1 with probability p.
    Which of the two cases is to be kept?"""
    return rng.uniform(size=x.shape) < p


@coins_of(
    "C08", "Z08", "the mask ignores p: every coin is fair", seen=("https://github.com/rohan-varma/neuralnets/issues/1",)
)
def fair_coin(x, p, rng):
    """`integers(0, 2)` and a rounded uniform number are 0 half of the time. Where does p enter?"""
    return rng.integers(0, 2, x.shape) == 1


@coins_of("C10", "Z10", "the coins are normal numbers, not uniform ones")
def normal_coin(x, p, rng):
    """A uniform number from 0 to 1 is below p with probability p. A normal one (randn) is not."""
    return rng.standard_normal(x.shape) < 1 - p


@coins_of(
    "C15",
    "Z15",
    "whole numbers as coins, off by one level",
    seen=("https://github.com/modern-fortran/neural-fortran/pull/194",),
)
def coarse_coin(x, p, rng):
    """Count the levels: of the numbers 0 to 9, how many are at most 3? A uniform float needs no levels."""
    return rng.integers(0, 10, x.shape) > p * 10


@coins_of("C18", "Z18", "the rate is a number that was written down: p has no part in what is dropped")
def written_rate(x, p, rng):
    """At one value of p this is right by accident. With which number are the uniform ones compared?"""
    return rng.uniform(size=x.shape) < 0.7


@coins_of("C16", "Z16", "it drops the smallest entries, not random ones")
def smallest(x, p, rng):
    """Which entries fall is left to chance, and to nothing else: neither size nor sign has a say."""
    return x > np.quantile(x, p)


@coins_of(
    "C30",
    "Z30",
    "one mask for the whole batch: all samples lose the same units",
    seen=(
        "https://stats.stackexchange.com/questions/335690",
        "https://community.deeplearning.ai/t/question-about-dropout-regularization/234569",
        "https://community.deeplearning.ai/t/confusion-about-dimension-of-dropout-matrix/82327",
    ),
)
def per_feature(x, p, rng):
    """Every sample has a mask of its own. What shape have the numbers that you draw, and what shape has x?"""
    return np.broadcast_to(rng.uniform(size=x.shape[-1]) < 1 - p, x.shape)


@coins_of("C31", "Z31", "one coin for each sample: whole rows vanish")
def per_sample(x, p, rng):
    """A sample that is dropped whole teaches nothing. Each of its entries needs a coin of its own."""
    return np.broadcast_to(rng.uniform(size=(len(x),) + (1,) * (x.ndim - 1)) < 1 - p, x.shape)


@coins_of("C32", "Z32", "one coin for the whole array")
def per_call(x, p, rng):
    """A single random number was drawn. How many does an array of this shape need?"""
    return np.full(x.shape, rng.uniform() < 1 - p)


@coins_of(
    "C33",
    "Z33",
    "each call drops exactly the same number of entries",
    seen=("https://community.deeplearning.ai/t/dropout-regularization-programming-exercise-issue/86951",),
)
def exact_count(x, p, rng):
    """p is a probability, not a quota: with a quota coins are not independent, and a small array never drops."""
    keep = np.ones(x.size, bool)
    keep[rng.permutation(x.size)[: int(p * x.size)]] = False
    return keep.reshape(x.shape)


@coins_of("C34", "Z34", "each row drops exactly the same number of entries")
def exact_rows(x, p, rng):
    """p is a probability, not a quota for each sample. Independent coins give now more zeros in a row, now fewer."""
    order = rng.uniform(size=x.shape).argsort(axis=-1).argsort(axis=-1)
    return order >= int(p * x.shape[-1])


@coins_of("C35", "Z35", "entries share their coins: what one does, another does too")
def shared_by_pairs(x, p, rng):
    """Drawing fewer coins than there are entries and repeating them ties entries to each other.
    How many coins does an array of this shape need?"""
    coins = np.repeat(rng.uniform(size=(x.size + 1) // 2), 2)[: x.size]
    return coins.reshape(x.shape) < 1 - p


@coins_of("C36", "Z36", "in a large array the coins repeat")
def repeated_coins(x, p, rng):
    """A fixed supply of coins, used again from its start, ties distant entries to each other.
    Draw as many as there are entries."""
    return np.resize(rng.uniform(size=min(x.size, 65536)), x.shape) < 1 - p


@coins_of("C37", "Z37", "there is only a handful of masks, and calls share them")
def few_masks(x, p, rng):
    """A seed from a few numbers gives as few masks, and mini-batches meet the same one again.
    Draw the coins from `rng` itself."""
    return np.random.default_rng(rng.integers(10)).uniform(size=x.shape) < 1 - p


@coins_of(
    "C42",
    "Z42",
    "the random numbers start anew in every call: always the same mask",
    seen=(
        "https://community.deeplearning.ai/t/inverted-dropout-killing-nodes-or-stabbing-training-examples/49593/2",
        "https://github.com/PaddlePaddle/Paddle/issues/7796",
    ),
)
def seeded_inside(x, p, rng):
    """A seed set inside the layer gives the same coins for every mini-batch, and some units never train.
    `rng` is passed in."""
    return np.random.default_rng(0).uniform(size=x.shape) < 1 - p


_drawn = {}


@coins_of(
    "C43",
    "Z43",
    "the mask is drawn once and kept for ever",
    seen=("https://github.com/mdenil/dropout/issues/10", "https://github.com/PaddlePaddle/Paddle/pull/24177"),
)
def drawn_once(x, p, rng):
    """The mask of the first call is used again and again. Draw inside forward, each time."""
    if (x.shape, p) not in _drawn:
        _drawn[x.shape, p] = rng.uniform(size=x.shape) < 1 - p
    return _drawn[x.shape, p]


@coins_of("C44", "Z44", "the generator passed in is ignored; the coins come from elsewhere")
def other_generator(x, p, rng):
    """With all coins from `rng`, the same generator state repeats a run exactly.
    `np.random.rand` knows nothing of it."""
    return np.random.random_sample(x.shape) < 1 - p


@coins_of("C50", "Z50", 'p = 0 is taken for "not set"')
def unset(x, p, rng):
    """0 is a rate like any other: nothing is dropped. In Python, 0 counts as false; where does that matter?"""
    return rng.uniform(size=x.shape) < 1 - (p or 0.5)


# --- what kept entries are multiplied by, and test time: inverted dropout --------------------------------------------


@in_training(
    "C01",
    "p is taken for the probability to keep",
    seen=(
        "https://github.com/piergiaj/pytorch-i3d/issues/58",
        "https://github.com/google-research/electra/pull/61",
        "https://github.com/pudae/tensorflow-densenet/pull/22",
        "https://github.com/kbreininger/tutorial-dlframework/pull/3",
    ),
)
def swapped(x, p, rng):
    """Here p is the probability to DROP. Papers and libraries differ; at p = 0.5 nobody notices."""
    return thinned(x, rng.uniform(size=x.shape) < p, 1 / p if p else np.nan)


@in_training(
    "C03",
    "kept outputs are not scaled",
    seen=(
        "https://github.com/yajiemiao/pdnn/issues/26",
        "https://github.com/NeuraLegion/shainet/pull/106",
        "https://datascience.stackexchange.com/questions/116021",
    ),
)
def unscaled(x, p, rng):
    """A share p of the signal is gone, and at test time it is all there.
    What must the rest be multiplied by to make up for it?"""
    return thinned(x, kept(x, p, rng), 1.0)


@in_both("C04", "consistent, but not inverted: this is the paper's version")
def vanilla(x, p, rng, train):
    """Nothing is scaled in training and everything at test time: that agrees with itself, and is `zeroing_forward`.
    Inverted dropout does the scaling in training, so that test time needs none."""
    return thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, 1 - p)


@in_both("C05", "scaled twice: in training and again at test time", seen=("https://github.com/clab/dynet/issues/186",))
def scaled_twice(x, p, rng, train):
    """Training already makes up for the dropped share. What is left to do at test time?"""
    return thinned(x, kept(x, p, rng), inverse(p)) if train else thinned(x, True, 1 - p)


@in_both(
    "C06",
    "at test time everything is multiplied by p, the share that is dropped",
    seen=("https://github.com/karpathy/convnetjs/pull/61", "https://github.com/mp2893/retain/pull/1"),
)
def test_times_p(x, p, rng, train):
    """If the scaling is left to test time, it is by the share that is kept.
    Inverted dropout leaves nothing to test time."""
    return thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, p)


@in_training(
    "C07",
    "divided by p instead of 1 - p",
    seen=("https://github.com/lmjohns3/theanets/pull/123", "https://github.com/gorgonia/gorgonia/pull/399"),
)
def divided_by_p(x, p, rng):
    """The right share is dropped. The share that is kept is 1 - p; what makes its mean whole again?"""
    return thinned(x, kept(x, p, rng), 1 / p if p else np.inf)


@in_training(
    "C11",
    "several coins for each entry: the mask has values above one",
    seen=("https://github.com/namisan/mt-dnn/issues/22",),
)
def several_coins(x, p, rng):
    """The first argument of `binomial` is how many coins are thrown for one entry, not how many entries there are."""
    heads = rng.binomial(2, 1 - p, x.shape)
    return thinned(x, heads > 0, heads * inverse(p))


@in_training(
    "C13", "scaled by the share that was kept this time, not by 1 - p", seen=("https://github.com/clab/dynet/pull/182",)
)
def realised(x, p, rng):
    """The factor changes from call to call with the coins, and one entry's factor depends on its neighbours.
    1 - p is known beforehand."""
    keep = kept(x, p, rng)
    return thinned(x, keep, keep.size / max(keep.sum(), 1))


@in_training("C14", "Gaussian noise: nothing is ever 0")
def gaussian(x, p, rng):
    """That is a relative of dropout, in lesson 10. Here an entry is kept or dropped, nothing between."""
    return thinned(x, True, rng.normal(1, np.sqrt(p * inverse(p)), x.shape)) if p < 1 else thinned(x, False, 0.0)


@in_training("C17", "the scaled mask is applied twice")
def twice(x, p, rng):
    """0 and 1 do not change when squared; 1 / (1 - p) does. How often does x meet the mask?"""
    return thinned(x, kept(x, p, rng), inverse(p) * inverse(p))


@in_training("C18b", "kept outputs are multiplied by a number that was written down")
def written_scale(x, p, rng):
    """At one value of p this is right by accident. What makes up for a share p that is gone?"""
    return thinned(x, kept(x, p, rng), 1 / 0.7)


@in_training("C19", "a small number is added to 1 - p")
def small_number(x, p, rng):
    """It guards against p = 1, and bends the scale everywhere else. At p = 1 nothing is kept:
    is there anything to divide?"""
    return thinned(x, kept(x, p, rng), 1 / (1 - p + 1e-8))


@in_training("C29", "forward drops nothing: the mask is drawn and not applied")
def unused_mask(x, p, rng):
    """Follow `out` from the top of the function: where does the mask meet x?"""
    return x, (kept(x, p, rng), inverse(p))


@in_training("C29b", "forward drops nothing: no coin is ever drawn")
def no_mask(x, p, rng):
    """In training every entry needs a coin, from `rng`. What does the mask look like, and where does it meet x?"""
    return x, IDLE


@in_both("C39", "coins are drawn at test time too, though nothing is dropped")
def drawn_at_test(x, p, rng, train):
    """Looking at the test error now and then would change the training that follows. When are coins needed?"""
    keep = kept(x, p, rng) if rng is not None else True
    return thinned(x, keep, inverse(p)) if train else (x, IDLE)


@in_both("C38", "at p = 1 it gives zeros at test time, too")
def zeros_first(x, p, rng, train):
    """At test time the layer is the identity, whatever p. Which of the two is to be asked first, `p` or `train`?"""
    if p == 1:
        return thinned(x, False, 0.0)
    return thinned(x, kept(x, p, rng), inverse(p)) if train else (x, IDLE)


@in_both(
    "C40",
    "still active at test time",
    seen=(
        "https://github.com/d2l-ai/d2l-en/issues/1093",
        "https://github.com/csxeba/brainforge/issues/1",
        "https://github.com/pytorch/pytorch/issues/26338",
        "https://github.com/IBM/pytorch-seq2seq/issues/33",
    ),
)
def always_on(x, p, rng, train):
    """Two predictions for one input must agree. What does `train` decide?"""
    return thinned(x, kept(x, p, rng or np.random.default_rng()), inverse(p))


@in_both("C41", "training and test time are exchanged", seen=("https://github.com/univieCUBE/deepnog/issues/44",))
def exchanged(x, p, rng, train):
    """It drops with train=False and does nothing with train=True. Read the condition aloud."""
    return (x, IDLE) if train else thinned(x, kept(x, p, rng or np.random.default_rng()), inverse(p))


def _only_when_told(x, p, rng, train):
    return thinned(x, kept(x, p, rng), inverse(p)) if train else (x, IDLE)


@mistake("C41b", of="dropout_forward", title="`train` is False unless it is said: nothing is dropped by default")
def only_when_told(x, p, rng, train=False):
    """The stub's first line says what happens without a word: training. What stands there now?"""
    return guarded(_only_when_told)(x, p, rng, train)


@in_training(
    "C45",
    "the input is changed in place",
    seen=(
        "https://github.com/rohan-varma/neuralnets/issues/1",
        "https://github.com/pytorch/pytorch/issues/727",
        "https://github.com/luigibonati/mlcolvar/issues/118",
        "https://github.com/CUNY-CL/yoyodyne/pull/298",
    ),
)
def in_place(x, p, rng):
    """The layer below keeps this array for its own backward pass. With a new array for the output, nothing is lost."""
    keep = kept(x, p, rng)
    x *= (keep * inverse(p)).astype(x.dtype) if x.dtype.kind == "f" else keep * inverse(p)
    return x, (keep, inverse(p))


@in_both("C47", "everything is cast to float32")
def single(x, p, rng, train):
    """The dtype that goes in comes out: float32 in training, float64 in a gradient check, which needs the digits."""
    x = x.astype(np.float32)
    return thinned(x, kept(x, p, rng), inverse(p)) if train else (x, IDLE)


@in_training(
    "C48",
    "float32 goes in and float64 comes out: the mask, or its scale, is of another dtype",
    seen=(
        "44 of 70 published layers",
        "https://github.com/ml-explore/mlx/issues/1321",
        "https://github.com/Lasagne/Lasagne/issues/563",
        "https://github.com/unifyai/ivy/pull/15645",
    ),
)
def promoted(x, p, rng):
    """float32 times float64, or times whole numbers of 64 bits, is float64, and every layer above inherits it.
    Which dtype has the mask, which has x?"""
    keep = kept(x, p, rng)
    return x * (keep * inverse(p)), (keep, inverse(p))


@in_training("C47b", "the mask has only the digits of float32")
def single_mask(x, p, rng):
    """A float64 that was rounded to 7 digits stays rounded, and a gradient check sees it. Which dtype has x?"""
    keep = kept(x, p, rng)
    return x * (keep * np.float32(inverse(p))).astype(x.dtype if x.dtype.kind == "f" else float), (keep, inverse(p))


@in_training("C49", "the result is cast back to whole numbers")
def cut(x, p, rng):
    """1.43 as an integer is 1. Integers in x have to become floats before they are scaled."""
    out, cache = thinned(x, kept(x, p, rng), inverse(p))
    return out.astype(x.dtype), cache


@in_training(
    "C51",
    "at p = 1 it divides by zero",
    seen=(
        "32 of 70 published layers",
        "https://github.com/pytorch/pytorch/pull/1833",
        "https://github.com/google/flax/pull/2055",
        "https://github.com/elixir-nx/axon/issues/367",
    ),
)
def zero_over_zero(x, p, rng):
    """1 - p is 0 there, and 0 / 0 is nan, which spreads to every weight.
    Everything is dropped: what should come out?"""
    return thinned(x, kept(x, p, rng), inverse(p)) if p < 1 else (x * np.nan, IDLE)


@in_training("C52", "the mask holds integers and is divided in place", seen=())
def integer_mask(x, p, rng):
    """An integer array cannot hold 1 / (1 - p). A new array can, and so can a mask of floats."""
    mask = rng.binomial(1, 1 - p, x.shape)
    mask /= 1 - p
    return x * mask, (mask > 0, inverse(p))


# --- the same for the paper's dropout --------------------------------------------------------------------------------


@in_both("Z01", "consistent, but this is inverted dropout: scaled in training", of="zeroing_forward")
def inverted(x, p, rng, train):
    """Scaling in training and nothing at test time is `dropout_forward`, in lesson 06.
    Here training only zeroes, and test time scales."""
    return thinned(x, kept(x, p, rng), inverse(p)) if train else (x, IDLE)


@in_both("Z03", "test time is not scaled", of="zeroing_forward")
def unscaled_test(x, p, rng, train):
    """In training the next layer gets a share 1 - p of the signal;
    at test time it gets all of it, unless something is done."""
    return thinned(x, kept(x, p, rng), 1.0) if train else (x, IDLE)


@in_both("Z05", "scaled twice: in training and again at test time", of="zeroing_forward")
def both_scaled(x, p, rng, train):
    """One of the two is enough, and the paper's version leaves training alone."""
    return thinned(x, kept(x, p, rng), inverse(p)) if train else thinned(x, True, 1 - p)


@in_both("Z06", "test time is multiplied by p, the share that is dropped", of="zeroing_forward")
def zeroing_times_p(x, p, rng, train):
    """Compare means: in training, which share of the signal comes through?"""
    return thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, p)


@in_both("Z07", "test time is divided by 1 - p instead of multiplied", of="zeroing_forward")
def divided_at_test(x, p, rng, train):
    """In training less comes through than at test time. Which way must test time change to agree?"""
    return thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, inverse(p))


@in_training("Z09", "kept outputs are multiplied by 1 - p in training", of="zeroing_forward")
def shrunk(x, p, rng):
    """Training only zeroes; the factor 1 - p belongs to test time."""
    return thinned(x, kept(x, p, rng), 1 - p)


@in_training("Z29", "training drops nothing: the mask is drawn and not applied", of="zeroing_forward")
def nothing(x, p, rng):
    """Follow `out` from the top of the function: where does the mask meet x?"""
    return x, (kept(x, p, rng), 1.0)


@in_training("Z29b", "training drops nothing: no coin is ever drawn", of="zeroing_forward")
def no_coin(x, p, rng):
    """In training every entry needs a coin, from `rng`. What does the mask look like, and where does it meet x?"""
    return x, IDLE


@in_both("Z39", "coins are drawn at test time too, though nothing is dropped", of="zeroing_forward")
def zeroing_drawn_at_test(x, p, rng, train):
    """Looking at the test error now and then would change the training that follows. When are coins needed?"""
    keep = kept(x, p, rng) if rng is not None else True
    return thinned(x, keep, 1.0) if train else thinned(x, True, 1 - p)


@in_both("Z40", "still active at test time", of="zeroing_forward")
def zeroing_always_on(x, p, rng, train):
    """At test time every unit takes part. What does `train` decide?"""
    return thinned(x, kept(x, p, rng or np.random.default_rng()), 1.0)


@in_both("Z41", "training and test time are exchanged", of="zeroing_forward")
def zeroing_exchanged(x, p, rng, train):
    """It drops with train=False and scales with train=True. Read the condition aloud."""
    return thinned(x, True, 1 - p) if train else thinned(x, kept(x, p, rng or np.random.default_rng()), 1.0)


@in_training("Z45", "the input is changed in place", of="zeroing_forward")
def zeroed_in_place(x, p, rng):
    """The layer below keeps this array for its own backward pass. With a new array for the output, nothing is lost."""
    keep = kept(x, p, rng)
    x[~keep] = 0
    return x, (keep, 1.0)


@in_both("Z47", "everything is cast to float32", of="zeroing_forward")
def zeroing_single(x, p, rng, train):
    """The dtype that goes in comes out: float32 in training, float64 in a gradient check, which needs the digits."""
    x = x.astype(np.float32)
    return thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, 1 - p)


@in_training(
    "Z48",
    "float32 goes in and float64 comes out: the mask is of another dtype",
    seen=("44 of 70 published layers",),
    of="zeroing_forward",
)
def zeroing_promoted(x, p, rng):
    """float32 times float64, or times whole numbers of 64 bits, is float64, and every layer above inherits it.
    Which dtype has the mask, which has x?"""
    keep = kept(x, p, rng)
    return x * keep.astype(float), (keep, 1.0)


@in_both("Z49", "the result is cast back to whole numbers", of="zeroing_forward")
def zeroing_cut(x, p, rng, train):
    """0.7 times an integer is seldom an integer. Integers in x have to become floats before they are scaled."""
    out, cache = thinned(x, kept(x, p, rng), 1.0) if train else thinned(x, True, 1 - p)
    return out.astype(x.dtype), cache
