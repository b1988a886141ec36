"""Which submissions are alike enough to look at: a place to look, not a verdict.

A module is read as tokens without comments, docstrings, layout and chosen names; every run of 8 tokens is hashed. What
the stub already says, and what a good part of the class says too, is left out before two submissions are compared:
    likeness = |A and B| / |A or B|
"""

import io
import keyword
import tokenize
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product

import numpy as np

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor import markers
from dropout_lab.system.places import PACKAGE

RUN = 8  # tokens
ALIKE = 0.5  # likeness from which a pair is shown
PARTS = 8  # of all possible hashes, which are looked at one after the other
ENOUGH = 30  # runs in common: about as many tokens, so that a one-line answer alone is no evidence
_LAYOUT = {
    tokenize.NEWLINE,
    tokenize.NL,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.COMMENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Pair:
    """Two submissions, by position, how alike they are (0 to 1), how many runs of tokens they share, and where."""

    first: int
    second: int
    likeness: float
    shared: int
    modules: tuple[str, ...] = ()


def fingerprint(text):
    """The hashes of all runs of tokens of a module, sorted. Text that is not Python gives as many as can be read."""
    tokens = _tokens(text)
    runs = {" ".join(tokens[i : i + RUN]) for i in range(max(1, len(tokens) - RUN + 1))} if tokens else set()
    return sorted(
        int.from_bytes(blake2b(run.encode("utf-8", "replace"), digest_size=6).digest(), "big") for run in runs
    )


def stubs(folder=PACKAGE):
    """{module: fingerprint} of what every student was given."""
    sources = folder.parent / "solutions" / "dropout_lab"
    given = {}
    for name in MODULES:
        source = sources / f"{name}.py" if (sources / f"{name}.py").exists() else folder / f"{name}.py"
        text = source.read_text("utf-8")
        given[name] = fingerprint(markers.blank(text, lambda start: 'raise NotImplementedError("")'))
    return given


def alike(sources, given, threshold=ALIKE, enough=ENOUGH):
    """The pairs that are worth a look, the most alike first.

    Parameters
    ----------
    sources : list of {module: fingerprint}
        One per submission.
    given : {module: fingerprint}
        The stubs, which all have in common.
    threshold, enough : float, int
        Least likeness and least number of shared runs of a pair.
    """
    common = max(4, min(40, len(sources) // 5))  # what more submissions share is what the exercise asks for
    sizes, shared, module = _rare(sources, given, common)
    pairs = []
    for a, b, n in _sharing(shared, enough):
        likeness = n / (sizes[a] + sizes[b] - n)
        if likeness >= threshold:
            pairs.append(Pair(a, b, likeness, n, _modules(np.intersect1d(shared[a], shared[b]), module)))
    return sorted(pairs, key=lambda p: (-p.likeness, p.first, p.second))


def _rare(sources, given, common):
    """The runs that are not in the stub and in at most so many submissions. Part by part: it saves memory.

    Returns
    -------
    sizes : list of int
        How many such runs each submission has.
    shared : list of arrays
        Those of them that another submission has too, by numbers from 0 up.
    module : list of str
        The module of each number.
    """
    sizes, shared, module = np.zeros(len(sources), int), [[np.zeros(0, np.int32)] for _ in sources], []
    for name, part in product(sorted(set().union(*sources)), range(PARTS)):
        stub = np.array(given.get(name, ()), np.uint64)
        own = [_own(source.get(name, ()), stub, part) for source in sources]
        who = np.repeat(np.arange(len(own), dtype=np.int32), list(map(len, own)))
        _, run, spread = np.unique(np.concatenate(own), return_inverse=True, return_counts=True)
        spread = spread[run]
        sizes += np.bincount(who[spread <= common], minlength=len(own))
        several = (1 < spread) & (spread <= common)
        names, run = np.unique(run[several], return_inverse=True)
        ends = np.cumsum(np.bincount(who[several], minlength=len(own)))
        for mine, more in zip(shared, np.split((run + len(module)).astype(np.int32), ends[:-1]), strict=True):
            mine.append(more)
        module += [name] * len(names)
    return sizes.tolist(), list(map(np.concatenate, shared)), module


def _own(hashes, stub, part):
    hashes = np.array(hashes, np.uint64)
    return np.setdiff1d(hashes[hashes % PARTS == part], stub)


def _sharing(shared, enough):
    """(a, b, how many runs both have) of the pairs with enough of them, a < b.

    One submission at a time is compared with all others: a table of all pairs would grow with the square of the class.
    """
    run = np.concatenate(shared)
    who = np.repeat(np.arange(len(shared), dtype=np.int32), list(map(len, shared)))
    holders, spread = who[np.argsort(run, kind="stable")], np.bincount(run)
    ends = np.cumsum(spread)
    for a, runs in enumerate(shared):
        many = spread[runs]
        theirs = np.repeat(ends[runs] - np.cumsum(many), many) + np.arange(many.sum())  # where the holders of runs are
        counts = np.bincount(holders[theirs], minlength=len(shared))
        for b in np.flatnonzero(counts[a + 1 :] >= enough) + a + 1:
            yield a, int(b), int(counts[b])


def _modules(runs, module):
    """The modules of shared runs, the one with most of them first."""
    counts = Counter(module[run] for run in runs)
    return tuple(name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _tokens(text):
    """Tokens as words: names chosen by the writer are one word, strings another; attributes and keywords stay."""
    words, statement_starts = [], True
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type in _LAYOUT:
                statement_starts = statement_starts or token.type == tokenize.NEWLINE
                continue
            if token.type == tokenize.STRING and statement_starts:
                continue  # a docstring
            statement_starts = False
            words.append(_word(token, words[-1] if words else ""))
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # what was read so far is what there is
    return words


def _word(token, before):
    if token.type == tokenize.STRING:
        return "s"
    if token.type == tokenize.NAME and not keyword.iskeyword(token.string) and before != ".":
        return "n"
    return token.string
