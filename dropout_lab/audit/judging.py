"""The verdict on a driven layer: the probes and the bank of `checks`, and which meaning of the number fits."""

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from dropout_lab.audit import driving
from dropout_lab.audit.calling import result_or_error
from dropout_lab.checks import mistakes
from dropout_lab.checks.probes.dropout_masks import away_from_zero
from dropout_lab.checks.verdicts import observe

DECIDES = {  # the rest of what a probe sees are duties of the course's own functions: remarks
    "forward": {
        *("runs", "returns", "shape", "shapes", "any shape", "test time", "x untouched at test time", "x untouched"),
        *("one coin for all", "zero fraction", "large arrays: zero fraction", "kept scale", "zeros against x"),
        *("zeros per column", "zeros per row", "entries of their own", "large arrays"),
        *("fresh mask", "count over calls", "calls of their own", "counts vary"),
    },
    "backward": {
        *("runs", "returns", "shape", "shapes", "gradient", "x = 0", "after another forward pass", "dout untouched"),
    },
}
FINE = ("the digits of float32", "a small number beside 1 - p")  # right for all that networks do
TEST_TIME = ("test time", "x untouched at test time", "test time at p = 0 and 1")


@dataclass
class Findings:
    """What the probes say of a layer under one meaning of its number."""

    meaning: str
    kind: str
    failing: dict = field(default_factory=dict)
    remarks: list = field(default_factory=list)
    named: list = field(default_factory=list)
    unnamed: list = field(default_factory=list)

    @property
    def right(self):
        return not any(self.failing.values())

    @property
    def weight(self):
        """How much would be wrong: mistakes with and without a name, and in how many aspects they show."""
        return len(self.named) + 2 * len(self.unnamed), sum(map(len, self.failing.values()))


def observed(reading, tables, seed=5):
    """What the layer does, in numbers, at two rates that it is given: a dictionary for the report."""
    rng = np.random.default_rng(seed)
    call = driving.functions(reading, "drop", tables)
    seen = {}
    for number in (0.3, 0.8):
        x, dout = away_from_zero(rng, (157, 128)), away_from_zero(rng, (157, 128))
        with np.errstate(all="ignore"):
            out, cache = call.dropout_forward(x.copy(), number, rng)
            m = np.asarray(out, float) / x
            row = {"share of zeros": float((m == 0).mean()), "kept": _span(m[m != 0])}
            if reading.has_mode:
                row["test time"] = _span(
                    np.asarray(call.dropout_forward(x.copy(), number, rng, train=False)[0], float) / x
                )
            if reading.has_backward:
                g = np.asarray(call.dropout_backward(dout.copy(), cache), float) / dout
                row |= {"gradient where kept": _span(g[m != 0]), "gradient where dropped": _span(g[m == 0])}
        seen[f"{number:g}"] = row
    return seen


def edges(reading, meaning):
    """What it does where everything is dropped, with whole numbers and with half precision: a word or two each."""
    x = away_from_zero(np.random.default_rng(6), (24, 18))
    all_dropped, _ = result_or_error(_called, reading, x, 0.0 if meaning == "keep" else 1.0)
    whole, refused = result_or_error(_called, reading, np.arange(1, 433).reshape(24, 18), 0.3)
    half, broke = result_or_error(_called, reading, x.astype(np.float16), 0.3)
    cut = whole is not None and whole.dtype.kind in "iu"
    return {
        "all dropped": _in_a_word(all_dropped),
        "whole numbers": f"raise {type(refused).__name__}"
        if refused
        else "are cut"
        if cut
        else f"become {whole.dtype}",
        "float16": f"raises {type(broke).__name__}"
        if broke
        else f"becomes {half.dtype}".replace("becomes float16", "stays"),
    }


def _called(reading, x, number):
    out, _ = reading.forward(x, number, True, 19)
    return np.asarray(out)


def _in_a_word(out):
    if out is None:
        return "raises"
    return "nan" if not np.isfinite(out).all() else "zeros" if not out.any() else "not all zeros"


def _span(values):
    return [float(np.min(values)), float(np.max(values))] if values.size else None


def kind_of(seen):
    """ "scaled at test time" if training leaves kept entries alone and test time makes up for it, else "inverted"."""
    rows = [(r["kept"], r.get("test time"), 1 - r["share of zeros"]) for r in seen.values()]
    made_up_for = all(kept and test and _near(kept, 1) and _near(test, left, 0.03) for kept, test, left in rows)
    return "scaled at test time" if made_up_for and not _near(rows[0][1], 1, 0.01) else "inverted"


def _near(span, value, tolerance=1e-4):
    return all(abs(end - value) <= tolerance for end in span)


def judge(reading, meaning, kind, tables, seed=0):
    """The `Findings` for one meaning, "drop" or "keep", and one kind of dropout."""
    prefix = "dropout" if kind == "inverted" else "zeroing"
    names = f"{prefix}_forward", f"{prefix}_backward"
    call, found = driving.functions(reading, meaning, tables, names), Findings(meaning, kind)
    for name in names:
        part = name.partition("_")[2]
        if part == "backward" and not reading.has_backward:
            continue
        aspects = [a for a in observe(name, call, seed) if not a.ok]
        if not reading.has_mode:
            aspects = [a for a in aspects if a.name not in TEST_TIME]
        failing = [a for a in aspects if a.name in DECIDES[part] and not (isinstance(a.seen, str) and a.seen in FINE)]
        if any(a.name == "forward pass" for a in aspects):  # nothing was dropped, so no mask can be missing
            failing = [a for a in failing if a.name != "x = 0"]
        found.failing[part] = failing
        found.remarks += [(part, a) for a in aspects if a not in failing and a.name != "forward pass"]
        for mistake, names_of in explain(name, failing, seed, reading.has_mode):
            found.named.append((mistake, [a for a in failing if a.name in names_of]))
        covered = {n for _, seen in found.named for n in (a.name for a in seen)}
        found.unnamed += [a for a in failing if a.name not in covered and not a.echoes({b.name for b in failing})]
    return found


def under_both(reading, kind, tables, seen, seed=0):
    """{meaning: `Findings`}, the likelier meaning first; the other only if the layer is not right under the first."""
    likelier = (
        "drop" if abs(seen["0.3"]["share of zeros"] - 0.3) <= abs(seen["0.3"]["share of zeros"] - 0.7) else "keep"
    )
    found = {}
    for meaning in (likelier, "keep" if likelier == "drop" else "drop"):
        found[meaning] = judge(reading, meaning, kind, tables, seed)
        if found[meaning].right:
            break
    return found


def explain(name, failing, seed, has_mode=True):
    """[(known mistake, names of the failing aspects that it explains)], as a check would name it, by what decides."""
    part, seen, left, found = name.partition("_")[2], {a.name: a for a in failing}, [a.name for a in failing], []
    candidates = []
    for mistake, signature in _signatures(name, seed) if failing else ():
        names = {n: a for n, a in signature.items() if n in DECIDES[part] and (has_mode or n not in TEST_TIME)}
        if names and all(n in seen and (seen[n].alike(a) or a.echoes(names)) for n, a in names.items()):
            candidates.append((mistake, names))
    while left:
        useful = [c for c in candidates if set(c[1]) & set(left)]
        if not useful:
            break
        best, names = max(useful, key=lambda c: (left[0] in c[1], len(set(c[1]) & set(left))))
        found.append((best, set(names)))
        left = [n for n in left if n not in names]
    return found


@lru_cache(maxsize=8)
def _signatures(name, seed):
    bank, right = mistakes.load_all()
    return [(m, {a.name: a for a in observe(name, m.functions(right), seed) if not a.ok}) for m in bank[name]]
