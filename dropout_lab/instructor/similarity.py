"""Which submissions are alike enough to look at: a place to look, not a verdict.

A module is read as tokens without comments, docstrings, layout and chosen names; every run of 8 tokens is hashed. What
the stub already says, and what a good part of the class says too, is left out before two submissions are compared:
    likeness = |A and B| / |A or B|
"""

import io
import keyword
import tokenize
from collections import Counter, defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from dropout_lab.checks.exercises import MODULES
from dropout_lab.instructor import markers

RUN = 8  # tokens
ALIKE = 0.5  # likeness from which a pair is shown
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


def stubs(folder=Path(__file__).parents[1]):
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
    own = [_own(source, given) for source in sources]
    spread = Counter(run for runs in own for run in runs)
    common = max(4, min(40, len(own) // 5))  # what more submissions share is what the exercise asks for
    own = [{run for run in runs if spread[run] <= common} for runs in own]
    holders = defaultdict(list)
    for position, runs in enumerate(own):
        for run in runs:
            holders[run].append(position)
    shared = Counter((a, b) for who in holders.values() for i, a in enumerate(who) for b in who[i + 1 :])
    likeness = {(a, b): n / (len(own[a]) + len(own[b]) - n) for (a, b), n in shared.items() if n >= enough}
    pairs = [Pair(a, b, x, shared[a, b], _modules(own[a] & own[b])) for (a, b), x in likeness.items() if x >= threshold]
    return sorted(pairs, key=lambda p: (-p.likeness, p.first, p.second))


def _modules(runs):
    """The modules of shared runs, the one with most of them first."""
    return tuple(name for name, _ in sorted(Counter(m for m, _ in runs).items(), key=lambda item: (-item[1], item[0])))


def _own(source, given):
    """(module, run) of everything that is not in the stub."""
    return {(module, run) for module, runs in source.items() for run in set(runs).difference(given.get(module, ()))}


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
