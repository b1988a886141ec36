"""The gallery of mistakes: one page from the bank, each with what a check sees of it, and what helps.

What is seen is observed anew at each build, by the probes that judge students. The line that would mend a mistake is
not there: its sentence says where to look, and each exercise has its three hints.
"""

from html import escape

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from dropout_lab.checks.cards import Card
from dropout_lab.checks.exercises import EXERCISES
from dropout_lab.checks.functions import Broke
from dropout_lab.checks.hints import HINTS
from dropout_lab.checks.mistakes import load_all
from dropout_lab.checks.reports import as_html
from dropout_lab.checks.verdicts import observe
from dropout_lab.checks.words import sentence
from dropout_lab.instructor.escaping import html
from dropout_lab.lab.figures.gallery import SAMPLES, UNITS, draw_signature
from dropout_lab.lab.hunt.suspects import KINDS
from dropout_lab.lab.plots import STYLE

P, SEED = 0.3, 31  # a seed that shows a single coin on both of its sides
# What a picture of two passes cannot show: changes in place, what outlives a call, and a generator that is ignored.
INVISIBLE = {"C44", "C45", "C46", "C53", "C54"}
VISIBLE = {id for ids in KINDS.values() for id in ids} - INVISIBLE
VISIBLE |= {f"Z{id[1:]}" for id in VISIBLE}
VISIBLE |= {"C04", "C12", "C26b", "C29", "Z01", "Z12", "Z26b", "Z28", "Z29"}
OF_MASKS = {*KINDS["forward structure"], "C42", "C43"}
_TOP = """# Gallery of mistakes

{count} known ways to get an exercise wrong, collected from questions, bug reports and published code: what a check
sees of each, and what helps. A check in the lessons names them by the same words. Each has an address:
`gallery.html#C21` is mistake C21.

The small pictures show {samples} samples of {units} units at p = {p}. A pale entry is dropped, a blue one kept; a cross
marks what is not as it should be. To their right is what the entries are multiplied by; dashes mark what is right.

<link rel="stylesheet" href="_static/gallery.css">
"""


def write(folder):
    """Write gallery.md, and the pictures into _static/gallery."""
    pictures = folder / "_static" / "gallery"
    pictures.mkdir()
    bank, right = load_all()
    count = sum(len(bank[name]) for name in EXERCISES)
    parts = [_TOP.format(count=count, samples=SAMPLES, units=UNITS, p=P)]
    used = set()
    for exercise in EXERCISES.values():
        parts.append(f"## {exercise.number} {exercise.name}\n")
        parts += [_entry(m, right, used, pictures) for m in bank[exercise.name]]
        parts.append(_hints(exercise.name))
    (folder / "gallery.md").write_text("\n".join(parts), "utf-8")


def anchor(mistake, used):
    """Its id; where two exercises share one, the second is followed by the exercise."""
    name = mistake.id if mistake.id not in used else f"{mistake.id}-{mistake.of}"
    used.add(name)
    return name


def seen_by_the_check(mistake, right):
    """What a check observes of it, as in the report: the aspects that are not met, without those that only repeat."""
    failing = [a for a in observe(mistake.of, mistake.functions(right), 0) if not a.ok]
    names = {a.name for a in failing}
    speaking = [a for a in failing if not a.echoes(names)] or failing
    return " ".join(list(dict.fromkeys(sentence(a.say) for a in speaking))[:2])


def _entry(mistake, right, used, pictures):
    name = anchor(mistake, used)
    lines = [f'<article class="mistake" id="{name}"><p class="where"><a href="#{name}">{mistake.id}</a></p>']
    if alt := signature(mistake, right, pictures / f"{name}.png"):
        lines.append(
            f'<img src="_static/gallery/{name}.png" alt="{escape(alt)}" width="462" height="138" loading="lazy">'
        )
    seen = tuple(f"Seen in {place}." for place in mistake.seen)
    said = (seen_by_the_check(mistake, right), mistake.sentence)
    lines.append(as_html(Card("failed", f"`{mistake.of}` · {mistake.title}", said, foot=seen), "h3"))
    return "\n".join([*lines, "</article>", ""])  # no blank line inside: it would end the block of HTML


def _hints(name):
    steps = "".join(f"<li>{html(step)}</li>" for step in HINTS[name])
    return f'<details class="answer"><summary>Three hints for {name}</summary><ol>{steps}</ol></details>\n'


def signature(mistake, right, path):
    """Draw its picture; the picture in words, or None where none can show it."""
    family, _, way = EXERCISES[mistake.of].function.rpartition("_")
    if family not in ("dropout", "zeroing") or mistake.id not in VISIBLE:
        return None
    functions = mistake.functions(right)
    try:
        named, expected = (
            _forward(functions, family, f"C{mistake.id[1:]}" in OF_MASKS)
            if way == "forward"
            else _backward(functions, family)
        )
    except Broke:
        return None
    with mpl.rc_context(STYLE):
        figure = Figure()
        alt = draw_signature(figure, named, expected)
        figure.savefig(path, dpi=165, pil_kwargs={"optimize": True})
    return alt


def _input():
    rng = np.random.default_rng(0)
    return rng.uniform(0.5, 1.5, (SAMPLES, UNITS)) * rng.choice([-1, 1], (SAMPLES, UNITS))


def _forward(functions, family, of_masks):
    """A mini-batch in training, and test time, or the next mini-batch where the fault is in the masks."""
    forward, x, rng = functions[f"{family}_forward"], _input(), np.random.default_rng(SEED)
    first = forward(x.copy(), P, rng, True)[0] / x
    inverted = family == "dropout"
    kept, test = (1 / (1 - P), 1) if inverted else (1, 1 - P)
    if of_masks:
        then = forward(x.copy(), P, rng, True)[0] / x
        return {"training": first, "the next": then}, {"training": (0, kept), "the next": (0, kept)}
    then = forward(x.copy(), P, rng, False)[0] / x
    return {"training": first, "test time": then}, {"training": (0, kept), "test time": (test,)}


def _backward(functions, family):
    """A pass forward and back, at test time for the mistake that shows only there."""
    forward, backward = functions[f"{family}_forward"], functions[f"{family}_backward"]
    x, dout = _input(), np.random.default_rng(1).uniform(0.5, 1.5, (SAMPLES, UNITS))
    x[:, ::3] = 0  # as after a ReLU
    for train in (True, False):
        there, cache = forward(np.where(x == 0, 1e-9, x), P, np.random.default_rng(SEED), train)
        there = there / np.where(x == 0, 1e-9, x)
        _, cache = forward(x.copy(), P, np.random.default_rng(SEED), train)
        back = backward(dout.copy(), cache) / dout
        if not np.allclose(there, back):
            break
    when = "" if train else " (test)"
    kept = 1 if family == "zeroing" else 1 / (1 - P)
    fine = (0, kept) if train else (1 - P if family == "zeroing" else 1,)
    return {f"forward{when}": there, f"backward{when}": back}, {f"forward{when}": fine, f"backward{when}": there}
