"""Whose submission is it? Results on one side, rows of a class list on the other.

A submission is known by the name of its folder or zip. Downloads from Canvas and Moodle put their own number before
what the student chose: `doejane_LATE_4711_123456_work.zip`, `Jane Doe_4711_assignsubmission_file`.
"""

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath

_CANVAS = re.compile(r"[^_]*_(?:LATE_|late_)?(\d+)_\d+_")
_MOODLE = re.compile(r"([^_]+)_(\d+)_assignsubmission")


@dataclass(frozen=True)
class Matched:
    """`pairs`: {row: result}; `left`: [(result, why no row is its own)]."""

    pairs: dict
    left: list


def match(results, rows):
    """Give every result its row, or say why not.

    Parameters
    ----------
    results : list of Result
    rows : {row number: [identifiers, the most reliable first]}
        Every row has the same kinds of identifiers; an empty string is none.
    """
    wanted, left = defaultdict(list), []
    kinds = max((len(ids) for ids in rows.values()), default=0)
    holders = [_holders(rows, kind) for kind in range(kinds)]
    for result in results:
        row, why = _row_of(result, holders)
        wanted[row].append(result) if why is None else left.append((result, why))
    pairs = {}
    for row, claimants in wanted.items():
        if len(claimants) == 1:
            pairs[row] = claimants[0]
        else:
            left += [(r, f"{len(claimants)} submissions belong to the same person") for r in claimants]
    return Matched(pairs, left)


def names(result):
    """What a result may be known by, the most reliable first."""
    yield from result.also
    for text in (result.student, PurePosixPath(result.submission.replace("\\", "/")).name):
        yield text
        if found := _MOODLE.match(text):
            yield from (f"Participant {found[2]}", found[1])
        elif found := _CANVAS.match(text):
            yield found[1]
        yield re.sub(r"\.zip$", "", text, flags=re.IGNORECASE)


def _row_of(result, holders):
    for name in map(_key, names(result)):
        for known in holders:
            rows = known.get(name, []) if name else []
            if len(rows) > 1:
                return None, "more than one row has this name"
            if rows:
                return rows[0], None
    return None, "no row has this name or number"


def _holders(rows, kind):
    known = defaultdict(list)
    for row, ids in rows.items():
        if kind < len(ids) and (key := _key(ids[kind])):
            known[key].append(row)
    return known


def _key(text):
    """A name without what writers differ in: case, forms of one letter, blanks, and "Jones, Kate" for "Kate Jones"."""
    last, comma, first = unicodedata.normalize("NFC", text).partition(",")
    turned = f"{first} {last}" if comma and "," not in first else f"{last}{comma}{first}"
    return " ".join(turned.casefold().split())
