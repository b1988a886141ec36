"""Which submissions are alike enough to look at: a place to look, not a verdict.

A function is read as tokens without comments, docstrings, layout and chosen names; every run of 8 tokens is hashed.
What the stub says is left out, and what many of a class write weighs little: a run that m of n submissions have weighs
log2(n / m) bits. Two submissions are alike by what they share,
    likeness = weight of (A and B) / weight of (A or B)
in all that they are, or in single functions that few have. Who is alike with somebody of a ring belongs to it.
"""

import io
import keyword
import re
import tokenize
from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from itertools import product

import numpy as np

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor import markers
from dropout_lab.system.places import PACKAGE

RUN = 8  # tokens
ALIKE = 0.5  # likeness from which two submissions are shown
SAME = 0.9  # and two functions
PARTS = 8  # of all possible hashes, which are looked at one after the other
ENOUGH = 80  # bits in common: a one-line answer alone is no evidence
ENOUGH_IN_ONE = 60  # bits in common in a single function
FEW = 12  # in a smaller class than this, runs weigh as if it were of this size
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
    """Two submissions, by position, how alike they are (0 to 1), how many runs of tokens they share, and where.

    `whole` tells whether they are alike in all, or in the functions `where` only.
    """

    first: int
    second: int
    likeness: float
    shared: int
    where: tuple[str, ...] = ()
    whole: bool = True


@dataclass(frozen=True)
class Ring:
    """Submissions that hang together by pairs: their positions, the likeness of the most alike two, and where."""

    members: tuple[int, ...]
    likeness: float
    shared: int
    where: tuple[str, ...]
    whole: bool


def fingerprints(name, text):
    """{"module.function": the hashes of all runs of its tokens, sorted}, and what is outside functions as "module".

    Text that is not Python gives as many as can be read.
    """
    found = {}
    for part, tokens in _functions(text).items():
        key = f"{name}.{part}" if part else name
        found[key] = sorted({*found.get(key, ()), *_hashes(tokens)})
    return found


def _hashes(tokens):
    runs = {" ".join(tokens[i : i + RUN]) for i in range(max(1, len(tokens) - RUN + 1))} if tokens else set()
    return [int.from_bytes(blake2b(run.encode("utf-8", "replace"), digest_size=6).digest(), "big") for run in runs]


def stubs(folder=PACKAGE):
    """The fingerprints of what every student was given."""
    sources = folder.parent / "solutions" / "dropout_lab"
    given = {}
    for name in MODULES:
        source = sources / f"{name}.py" if (sources / f"{name}.py").exists() else folder / f"{name}.py"
        text = source.read_text("utf-8")
        given |= fingerprints(name, markers.blank(text, lambda start: 'raise NotImplementedError("")'))
    return given


def rings(sources, given):
    """The groups of submissions that are worth a look, the most alike first.

    Parameters
    ----------
    sources : list of {function: hashes}
        One per submission.
    given : {function: hashes}
        The stubs, which all have in common.
    """
    of, pairs = {}, alike(sources, given)
    for pair in pairs:
        joined = of.get(pair.first, {pair.first}) | of.get(pair.second, {pair.second})
        of.update(dict.fromkeys(joined, joined))
    found = []
    for members in {tuple(sorted(ring)) for ring in of.values()}:
        best = max((p for p in pairs if p.first in members), key=lambda p: (p.whole, p.likeness, p.shared))
        found.append(Ring(members, best.likeness, best.shared, best.where, best.whole))
    return sorted(found, key=lambda ring: (not ring.whole, -ring.likeness, ring.members))


def alike(sources, given):
    """The pairs that are worth a look, the most alike first; parameters are those of `rings`."""
    runs = _Runs(sources, given)
    pairs = [pair for a, b, both in runs.sharing() if (pair := runs.pair(a, b, both))]
    return sorted(pairs, key=lambda p: (not p.whole, -p.likeness, p.first, p.second))


class _Runs:
    """The runs of a class that are not in the stub, by numbers from 0 up.

    `held` are the numbers of those runs of each submission that another has too; `weight` (bits) and `name` (of the
    function) belong to a number; `rare` tells whether few have it; `size` is {name: weight of each submission's runs}.
    """

    def __init__(self, sources, given):
        self.n = len(sources)
        few = max(4, self.n // 10)
        self.size = defaultdict(lambda: np.zeros(self.n))
        held, weight, rare, self.name = (
            [[np.zeros(0, np.int32)] for _ in sources],
            [np.zeros(0)],
            [np.zeros(0, bool)],
            [],
        )
        for name, part in product(sorted(set().union(*sources)), range(PARTS)):
            stub = np.array(given.get(name, ()), np.uint64)
            own = [_own(source.get(name, ()), stub, part) for source in sources]
            who = np.repeat(np.arange(self.n, dtype=np.int32), list(map(len, own)))
            _, run, spread = np.unique(np.concatenate(own), return_inverse=True, return_counts=True)
            bits = np.log2(max(self.n, FEW) / spread)
            self.size[name] += np.bincount(who, bits[run], minlength=self.n)
            several = (1 < spread[run]) & (bits[run] > 0)
            names, run = np.unique(run[several], return_inverse=True)
            ends = np.cumsum(np.bincount(who[several], minlength=self.n))
            numbers = np.split((run + len(self.name)).astype(np.int32), ends[:-1])
            for mine, more in zip(held, numbers, strict=True):
                mine.append(more)
            weight.append(bits[names])
            rare.append(spread[names] <= few)
            self.name += [name] * len(names)
        self.held = list(map(np.concatenate, held))
        self.weight, self.rare = np.concatenate(weight), np.concatenate(rare)
        self.total = sum(self.size.values()) if self.size else np.zeros(self.n)

    def sharing(self):
        """(a, b, bits that both have) of the pairs with enough of them, a < b.

        One submission at a time is compared with all others: a table of all pairs would grow with the class's square.
        """
        run = np.concatenate(self.held) if self.n else np.zeros(0, np.int32)
        who = np.repeat(np.arange(self.n, dtype=np.int32), list(map(len, self.held)))
        holders, spread = who[np.argsort(run, kind="stable")], np.bincount(run, minlength=len(self.name))
        ends = np.cumsum(spread)
        for a, runs in enumerate(self.held):
            many = spread[runs]
            where = np.repeat(ends[runs] - np.cumsum(many), many) + np.arange(many.sum())  # the holders of the runs
            bits = np.repeat(self.weight[runs], many)
            both = np.bincount(holders[where], bits, minlength=self.n)
            few = np.bincount(holders[where], bits * np.repeat(self.rare[runs], many), minlength=self.n)
            whole = (both >= ENOUGH) & (both >= ALIKE * (self.total + self.total[a] - both))
            for b in np.flatnonzero((whole | (few >= ENOUGH_IN_ONE))[a + 1 :]) + a + 1:
                yield a, int(b), float(both[b])

    def pair(self, a, b, both):
        """The Pair, or None if they are alike neither in all nor in a function."""
        runs = np.intersect1d(self.held[a], self.held[b])
        bits, few = defaultdict(float), defaultdict(float)
        for run in runs:
            bits[self.name[run]] += self.weight[run]
            few[self.name[run]] += self.weight[run] * self.rare[run]
        where = tuple(sorted(bits, key=lambda name: (-bits[name], name)))
        likeness = _share(both, self.total[a], self.total[b])
        if both >= ENOUGH and likeness >= ALIKE:
            return Pair(a, b, likeness, len(runs), where)
        same = {name: _share(bits[name], self.size[name][a], self.size[name][b]) for name in bits}
        same = {name: part for name, part in same.items() if part >= SAME and few[name] >= ENOUGH_IN_ONE}
        shown = tuple(name for name in where if name in same)
        return Pair(a, b, max(same.values()), len(runs), shown, whole=False) if same else None


def _share(both, first, second):
    return round(float(both / (first + second - both)), 6)


def _own(hashes, stub, part):
    hashes = np.array(hashes, np.uint64)
    return np.setdiff1d(hashes[hashes % PARTS == part], stub)


def _functions(text):
    """{name of a function or class, or "": its tokens}, by the lines that begin with def or class."""
    starts = [(0, "")]
    for found in re.finditer(r"^(?:def|class)[ \t]{1,20}(\w{1,100})", text, re.M):
        starts.append((found.start(), found[1]))
    ends = [start for start, _ in starts[1:]] + [len(text)]
    parts = defaultdict(list)
    for (start, name), end in zip(starts, ends, strict=True):
        parts[name] += _tokens(text[start:end])
    return parts


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
