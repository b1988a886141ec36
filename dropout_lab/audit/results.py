"""What an audit found, and how it settles what the layer's number means."""

from dataclasses import asdict, dataclass, field

from dropout_lab.audit import vocabulary
from dropout_lab.checks.words import sentence

VERDICTS = {"right": 0, "right_if_keep": 0, "wrong": 1, "undriven": 2, "not_dropout": 2}  # and the exit status
_COIN = "Throw one coin for each entry, that says drop with the probability that the number stands for."
_MANY = "Draw as many random numbers as x has entries, the batch included: each entry has its own."
_NEW = "Write the result into a new array."
CHANGE = {  # what to change, by the aspect that is not met
    "zero fraction": _COIN,
    "large arrays: zero fraction": _COIN,
    "kept scale": "In training, divide what is kept by the share that is kept, so that the mean stays what it was.",
    "kept scale, paper": "In training leave kept entries alone, and multiply by the share that is kept at test time.",
    "test time": "At test time hand the input on as it is: nothing is dropped, and nothing is left to scale.",
    "test time, paper": "At test time multiply by the share that is kept, and drop nothing.",
    "zeros per column": _MANY,
    "zeros per row": _MANY,
    "entries of their own": _MANY,
    "one coin for all": _MANY,
    "zeros against x": "Let chance alone decide which entries are dropped.",
    "fresh mask": "Draw new random numbers in every forward pass in training, and set no seed inside the layer.",
    "count over calls": "Throw independent coins instead of choosing a fixed number of entries.",
    "x untouched": _NEW,
    "x untouched at test time": _NEW,
    "dout untouched": _NEW,
    "gradient": (
        "Keep the mask of the forward pass, its scale included, and multiply the incoming gradient by it and by nothing"
        " else."
    ),
    "x = 0": "Remember the mask itself; it cannot be read off the input or the output.",
    "after another forward pass": "Hand the mask of a forward pass to its own backward pass.",
}


@dataclass
class Audit:
    """What was found.

    Attributes
    ----------
    target : str
    framework : str
    convention : str
        What kind of dropout it is, and what its number means.
    verdict : str
        "right", "right_if_keep", "wrong", "undriven", or "not_dropout" for a relative of dropout.
    mistakes : list of {"id", "title", "part"}
        Known mistakes, the gravest first; an id of None is a sighting without a name.
    observations : dict
        How it was called, and what it did, in numbers.
    remarks : list of str
        What is no fault and may surprise.
    message : str
    change : list of str
        What to change, in words.
    adapter : str
        Code that would let an undriven layer be audited.
    choices : tuple of str
        The layers of a file with several.
    """

    target: str
    framework: str = "numpy"
    convention: str = ""
    verdict: str = "undriven"
    mistakes: list = field(default_factory=list)
    observations: dict = field(default_factory=dict)
    remarks: list = field(default_factory=list)
    message: str = ""
    change: list = field(default_factory=list)
    adapter: str = ""
    choices: tuple = ()

    @property
    def status(self):
        """The exit status: 0 for right, 1 for wrong, 2 for no verdict."""
        return VERDICTS[self.verdict]

    def as_json(self):
        """A dictionary of plain values."""
        return asdict(self) | {"choices": list(self.choices)}

    def __str__(self):
        from dropout_lab.audit.cards import as_text

        return as_text(self)

    __repr__ = __str__

    def _repr_html_(self):
        from dropout_lab.audit.cards import as_html

        return as_html(self)


def settle(label, layer, reading, tables, seen, kind, found, p=None):
    """The `Audit` of a driven layer: which meaning of its number holds, and what is wrong under it."""
    number = reading.dictionary[1].rate if reading.dictionary else reading.number
    by_name, by_text = vocabulary.rate(number), vocabulary.text_says(layer.facts.text)
    by_name = None if by_name == "rate" else by_name
    fits = next((m for m, findings in found.items() if findings.right), None)
    meant = p or (by_name if by_name == "keep" or not fits else None)
    swapped = bool(fits and meant and fits != meant)
    meaning = fits or meant or _fewest(found, by_text)
    findings = found[fits or meaning]
    mistakes = [{"id": m.id, "title": m.title, "part": _part(m)} for m, _ in findings.named]
    mistakes += [{"id": None, "title": a.say.rstrip("."), "part": _part_of(a, findings)} for a in findings.unnamed]
    mistakes.sort(key=lambda m: m["part"] == "backward")
    if swapped:
        mistakes = [{"id": "C01" if fits == "keep" else None, "title": _swapped(number, meant), "part": "forward"}]
    if swapped or not fits:
        verdict = "wrong"
    else:
        says_keep = p == "keep" or by_name == "keep" or (by_text == "keep" and by_name is None)
        verdict = "right" if fits == "drop" or says_keep else "right_if_keep"
    meaning = meant if swapped else meaning
    result = Audit(label, layer.framework, _convention(kind, number, fits or meaning, reading), verdict, mistakes)
    result.observations = {
        "layer": layer.name,
        "called": _called(layer, reading),
        "number": number,
        "means": meaning,
        "kind": kind,
        "mode": reading.switch,
        "at": seen,
        "aspects": _aspects(findings, reading, swapped),
    }
    result.remarks = _remarks(findings, reading, tables, layer, by_name, by_text, fits, p)
    result.change = _changes(findings, kind, swapped, number, meant)
    result.message = _message(result, layer, number, findings, swapped, fits)
    return result


def _fewest(found, by_text):
    """The meaning under which less is wrong; of equals what the text says, else the probability to drop."""
    if found["drop"].weight != found["keep"].weight:
        return min(found, key=lambda m: found[m].weight)
    return by_text or "drop"


def _part(mistake):
    return mistake.of.rpartition("_")[2]


def _part_of(aspect, findings):
    return next(part for part, failing in findings.failing.items() if aspect in failing)


def _swapped(number, meant):
    return f"keep and drop are exchanged: with `{number}` as the probability to {meant}, it does the opposite"


def _convention(kind, number, meaning, reading):
    return f"{kind}; `{number}` is the probability to {meaning}" + ("" if reading.has_mode else "; no mode of its own")


def _called(layer, reading):
    """The calls, as one would write them."""
    made = (
        f"{layer.name}({reading.number})"
        if layer.is_class and not reading.rate
        else f"{layer.name}()"
        if layer.is_class
        else ""
    )
    method = getattr(reading, "method", None)
    forward = f".{method}(x{', ' + reading.rate if reading.rate else ''})" if method and method != "__call__" else "(x)"
    if not made:
        forward = f"{layer.name}(x, {reading.number})"
    back = getattr(reading, "back", None)
    if back:
        return f"{made}{forward}, .{back}(dout)"
    if not layer.is_class and layer.backward_function:
        return f"{forward}, {layer.backward_function.__name__}(dout, ...)"
    return f"{made}{forward}" + (", gradient by autograd" if reading.has_backward else ", no backward pass")


_INDEPENDENT = {
    *("zeros per column", "zeros per row", "entries of their own", "one coin for all", "zeros against x"),
    *("count over calls", "counts vary", "large arrays"),
}


def _aspects(findings, reading, swapped):
    """{aspect: met} of what the table of the card shows."""
    failing = {a.name for part in findings.failing.values() for a in part}
    rows = {
        "zeros": not failing & {"zero fraction", "large arrays: zero fraction", "one coin for all"} and not swapped,
        "kept": not failing & {"kept scale", "any shape"} and not swapped,
        "per entry": not failing & _INDEPENDENT,
        "fresh": not failing & {"fresh mask", "calls of their own"},
        "arrays": not failing & {"x untouched", "x untouched at test time", "dout untouched"},
    }
    if reading.has_mode:
        rows["test time"] = "test time" not in failing
    if reading.has_backward:
        rows["gradient"] = not failing & {"gradient", "x = 0", "after another forward pass", "shapes"}
    return rows


_QUIET = {  # of no interest outside the course, or a repetition
    *("refusals", "no generator at test time", "generator left alone at test time", "second call", "float64"),
    *("training by default", "any array, any number", "any dout", "values of float32", "forward pass"),
    *("values of float32 in training", "values of float32 at test time"),
}


def _remarks(findings, reading, tables, layer, by_name, by_text, fits, p):
    said = []
    suggested = by_name or by_text
    if fits and suggested and suggested != fits and not (p and p == fits):
        source = f"name `{reading.number}`" if by_name else "text"
        said.append(
            f"Its {source} suggests the probability to {suggested}; what it does is right for the one to {fits}."
        )
    if not reading.has_mode:
        said.append("It has no mode of its own: at test time the network has to skip it.")
    if not reading.has_backward:
        said.append("It has no backward pass here; the forward pass was judged.")
    if tables:
        said.append("It takes arrays of two axes only.")
    for part, aspect in findings.remarks:
        if aspect.name in _QUIET:
            continue
        if aspect.name == "mask from rng":
            said.append("Its coins come from a generator of its own, or cannot be repeated from outside.")
        elif aspect.seen in ("the digits of float32", "a small number beside 1 - p"):
            said.append(_fine(aspect))
        elif part == "backward" and aspect.name == "test time":
            said.append("A backward pass after a test-time forward pass fails or still uses an older mask.")
        else:
            said.append(_plainly(aspect, reading, findings.meaning))
    return list(dict.fromkeys(said))


def _fine(aspect):
    if aspect.seen == "the digits of float32":
        return "Values are right to the digits of float32; a gradient check in float64 needs all."
    return "A small number is added to the divisor, so that values are right to as many digits."


def _plainly(aspect, reading, meaning):
    """A check's sentence, where p is the probability to drop, for somebody whose number may be another."""
    words = sentence(aspect.say.removeprefix("with train=False "))
    if aspect.name in ("p = 0", "p = 1") and meaning == "keep":
        drop = aspect.name[-1]
        words = words.replace(f"at p = {drop}", f"at {reading.number} = {1 - int(drop)}").replace(
            f"At p = {drop}", f"At {reading.number} = {1 - int(drop)}"
        )
    return words.split(" In line ")[0].split(" In dropout_lab")[0].rstrip(".") + "."


def _changes(findings, kind, swapped, number, meant):
    if swapped:
        return [
            f"Either rename `{number}`, or let it be the probability to {meant} throughout: where coins are compared"
            " and where is divided."
        ]
    changes = []
    for failing in findings.failing.values():
        for a in failing:
            paper = f"{a.name}, paper"
            words = CHANGE.get(paper if kind != "inverted" and paper in CHANGE else a.name)
            if words and not a.echoes({b.name for b in failing}):
                changes.append(words)
    return list(dict.fromkeys(changes))[:4]


def _message(result, layer, number, findings, swapped, fits):
    if result.verdict == "right":
        kinds = {"inverted": "inverted dropout", "scaled at test time": "the paper's dropout, scaled at test time"}
        return f"Right: {kinds[result.observations['kind']]}, and `{number}` is the probability to {fits}."
    if result.verdict == "right_if_keep":
        return f"Right if `{number}` is the probability to keep an entry; as the one to drop it would be wrong."
    titles = [m["title"] for m in result.mistakes]
    said = [a.say for part in findings.failing.values() for a in part if not a.echoes({b.name for b in part})]
    if swapped:
        return f"{sentence(titles[0])}."
    words = f"{sentence(titles[0])}." if titles else ""
    evidence = sentence(said[0]) if said and titles and said[0].rstrip(".") != titles[0] else ""
    more = f" There is more: {'; '.join(titles[1:])}." if len(titles) > 1 else ""
    other = (
        ""
        if number != "p" and vocabulary.rate(number) != "rate"
        else f" (`{number}` taken as the probability to {findings.meaning}.)"
    )
    return f"{words} {evidence}{more}{other}".strip()
