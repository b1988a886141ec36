"""The bug hunt: ten anonymous dropout layers, eight of them wrong, for a student's own tools to convict or acquit."""

from dataclasses import dataclass
from math import log
from string import ascii_uppercase

import numpy as np

from dropout_lab.checks import mistakes
from dropout_lab.checks.mistakes.dropout_masks import guarded, inverse

# What kind of fault an entry of the bank is. Left out: what only shows at an edge (C50, C51), in a dtype (C47-C49) or
# by raising (C52), what is consistent in itself (C04), and the second of two that are alike (C12, C26b, C54b).
KINDS = {
    "forward values": ("C01", "C02", "C03", "C07", "C08", "C10", "C11", "C13", "C14", "C15", "C17"),
    "forward structure": ("C16", "C30", "C31", "C32", "C33", "C34"),
    "backward": ("C09", "C20", "C21", "C22", "C23", "C24", "C25", "C26", "C27", "C28"),
    "test time": ("C05", "C06", "C40", "C41"),
    "state": ("C42", "C43", "C44", "C45", "C46", "C53", "C54"),
}


class Suspect:
    """A letter, `forward(x, p, rng, train=True)` and `backward(dout, cache)`. It tells nothing else."""

    __slots__ = ("_case", "backward", "forward", "letter")

    def __init__(self, letter, forward, backward, case):
        self.letter = letter
        self.forward, self.backward = _plain("forward", forward), _plain("backward", backward)
        self._case = case

    def __repr__(self):
        return f"Layer {self.letter}"


def _plain(name, function):
    """The function behind a name that does not give it away, and without its warnings."""
    if name == "forward":

        def plain(x, p, rng, train=True):
            with np.errstate(all="ignore"):
                return function(x, p, rng, train)

    else:

        def plain(dout, cache):
            with np.errstate(all="ignore"):
                return function(dout, cache)

    plain.__name__ = plain.__qualname__ = name
    return plain


@dataclass(frozen=True)
class Case:
    """What a layer is: the id of its mistake, or None for a right one."""

    id: str | None
    title: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """How a hunt ended. Letters in `hits`, `missed`, `acquitted` and `wronged`; `cases` reveals every layer."""

    hits: tuple[str, ...]
    missed: tuple[str, ...]
    acquitted: tuple[str, ...]
    wronged: tuple[str, ...]
    cases: dict[str, Case]


# --- right layers, each with another sampler --------------------------------------------------------------------------


def _from_integers(x, p, rng):
    return rng.integers(0, 2**53, x.shape) >= int(p * 2**53)


def _from_waiting_times(x, p, rng):
    return rng.standard_exponential(x.shape) <= (-log(p) if p else np.inf)


def _from_choices(x, p, rng):
    return rng.choice(np.array([False, True]), x.shape, p=(p, 1 - p))


def _from_coins(x, p, rng):
    return rng.binomial(1, 1 - p, x.shape) == 1


def _factors(x, p, draw):
    return (draw * inverse(p)).astype(np.result_type(x.dtype, np.float32))


def _layer_of(draw, late):
    """A right layer: the scaled mask in the cache, or (late) the mask and the scale apart."""

    def forward(x, p, rng, train=True):
        if not train:
            return x.copy(), ()
        if late:
            keep, scale = draw(x, p, rng), float(inverse(p))
            return np.where(keep, x, 0).astype(np.result_type(x.dtype, np.float32)) * scale, (keep, scale)
        factors = _factors(x, p, draw(x, p, rng))
        return np.multiply(factors, x), (factors,)

    def backward(dout, cache):
        dx = dout.copy()
        for factor in cache:
            dx = np.multiply(factor, dx)
        return dx

    return guarded(forward), backward


_RIGHT = {
    "right: whole numbers against a threshold": _layer_of(_from_integers, late=False),
    "right: waiting times": _layer_of(_from_waiting_times, late=True),
    "right: a choice between two": _layer_of(_from_choices, late=False),
    "right: binomial coins": _layer_of(_from_coins, late=True),
}


# --- the hunt ---------------------------------------------------------------------------------------------------------


def draw(seed, wrong=8, right=2):
    """Ten suspects, the same for the same seed.

    Parameters
    ----------
    seed : int
    wrong : int
        How many have a fault. Faults are spread over the kinds: values and structure of the forward pass, the backward
        pass, test time, state.
    right : int, at most 4

    Returns
    -------
    layers : list of Suspect, with letters from A on
    """
    every = sum(map(len, KINDS.values()))
    if not (0 <= wrong <= every and 0 <= right <= len(_RIGHT)):
        raise ValueError(
            f"there are {every} wrong layers and {len(_RIGHT)} right ones to draw from, not {wrong} and {right}"
        )
    rng = np.random.default_rng(seed)
    suspects = [_suspect(id) for id in _spread(wrong, rng)]
    suspects += [(*_RIGHT[title], Case(None, title)) for title in rng.permutation(list(_RIGHT))[:right]]
    order = rng.permutation(len(suspects))
    return [
        Suspect(ascii_uppercase[i] if i < 26 else f"A{ascii_uppercase[i - 26]}", *suspects[j])
        for i, j in enumerate(order)
    ]


def _spread(count, rng):
    """Ids, a kind at a time in turn, so that every kind has its share."""
    decks = [list(rng.permutation(ids)) for ids in KINDS.values()]
    decks = [decks[i] for i in rng.permutation(len(decks))]
    dealt = [deck[turn] for turn in range(max(map(len, decks))) for deck in decks if turn < len(deck)]
    return [str(id) for id in dealt[:count]]


def _suspect(id):
    bank, right = mistakes.load_all()
    of = "dropout_backward" if id in KINDS["backward"] + ("C46", "C53", "C54") else "dropout_forward"
    mistake = next(m for m in bank[of] if m.id == id)
    functions = {**right, of: mistake.function, **mistake.beside}
    return functions["dropout_forward"], functions["dropout_backward"], Case(id, mistake.title, mistake.seen)


def score(layers, convicted):
    """What a list of convictions is worth, and what every layer was.

    Parameters
    ----------
    layers : list of Suspect
        From `draw`.
    convicted : letters, or layers

    Returns
    -------
    score : Score
    """
    letters = {getattr(c, "letter", c) for c in convicted}
    if strangers := letters - {layer.letter for layer in layers}:
        raise ValueError(f"there is no layer {', '.join(sorted(map(str, strangers)))} in this hunt")
    groups = {"hits": [], "missed": [], "acquitted": [], "wronged": []}
    for layer in layers:
        guilty, accused = layer._case.id is not None, layer.letter in letters
        verdict = ("hits" if accused else "missed") if guilty else ("wronged" if accused else "acquitted")
        groups[verdict].append(layer.letter)
    return Score(**{k: tuple(v) for k, v in groups.items()}, cases={layer.letter: layer._case for layer in layers})
