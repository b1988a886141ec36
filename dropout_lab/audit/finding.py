"""Which of the things in a file is the dropout layer."""

import ast
import re

from dropout_lab.audit.sources import Undriven
from dropout_lab.audit.vocabulary import BACKWARD, FORWARD

_DROP = re.compile(r"drop_?out", re.IGNORECASE)
_RELATIVE = re.compile(  # names of what is a relative of dropout, or is made of it
    r"spatial|alpha|gauss|channel|variation|concrete|connect|path|block|[123]d|word|locked|shared|embed|lstm|rnn|feature"
    r"|attention|sched|monte|mc|stochastic_?depth|sparse|weight|model|net(work)?|mlp|test|plot|bench|train|add_|mask|config"
    r"|wrapper",
    re.IGNORECASE,
)
_DRAWS = re.compile(r"rand|binomial|bernoulli|uniform|choice|sample|permutation|shuffle")
_BACKWARD = re.compile(r"backward|backprop|_back|bprop|grad|bwd|deriv", re.IGNORECASE)


def find(source):
    """The syntax tree of the layer: a class, or a function (a backward function is found from it).

    Raises
    ------
    Undriven
        If there is none, or there are several to choose from.
    """
    defined = {n.name: n for n in ast.walk(source.tree) if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    top = {n.name: n for n in source.tree.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}
    top |= {n.name: n for block in source.tree.body if isinstance(block, (ast.If, ast.Try))
            for n in block.body if isinstance(n, (ast.ClassDef, ast.FunctionDef))}  # fmt: skip
    if source.name:
        name = source.name.split(".")[0]
        if name in top:
            return top[name]
        raise Undriven(f"{source.path.name} has no {source.name}.", _likely(top))
    likely = [top[name] for name in _likely(top)]
    if not likely:
        inside = [n for n in defined if _DROP.search(n) and n not in top]
        hint = f" (`{inside[0]}` is part of something larger)" if inside else ""
        raise Undriven(
            f"{source.path.name} has no dropout layer that can be recognised{hint}: no class or function whose name"
            " says dropout, and none with a forward and a backward pass that draws random numbers. Name it:"
            f" {source.path.name}:Name."
        )
    best = _best(likely)
    if len(best) == 1:
        return best[0]
    names = [n.name for n in best]
    raise Undriven(
        f"{source.path.name} has {len(best)} layers. Name one: {', '.join(f'{source.path.name}:{n}' for n in names)}.",
        names,
    )


def beside(source, function):
    """The backward function of a forward function of the same file, or None."""
    others = [n for n in source.tree.body if isinstance(n, ast.FunctionDef) and n.name != function.name]
    backward = [n for n in others if _BACKWARD.search(n.name)]
    stem = re.sub(r"_?(forward|fwd|fprop|inverted|layer)_?", "", function.name, flags=re.IGNORECASE).lower()
    alike = [n for n in backward if stem and stem in n.name.lower()]
    if not alike and _DROP.search(function.name):
        alike = [n for n in backward if _DROP.search(n.name)]
    return min(alike, key=lambda n: len(n.name)) if alike else None


def _likely(top):
    named = [n for n, node in top.items() if _DROP.search(n) and not _BACKWARD.search(n) and _is_layer(node)]
    if named:
        return named
    return [n for n, node in top.items() if _acts_like(node)]


def _is_layer(node):
    if isinstance(node, ast.ClassDef):
        return True
    called = {getattr(n.func, "attr", getattr(n.func, "id", "")) for n in ast.walk(node) if isinstance(n, ast.Call)}
    returns = any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(node))
    works = node.name.lower().startswith(("dropout", "inverted")) and "forward" in node.name
    return returns and (works or any(_DRAWS.search(c) or _DROP.search(c) for c in called))


def _acts_like(node):
    """What draws random numbers for a mask: a function; a class with a forward pass and a backward one, or named so."""
    draws = any(
        isinstance(n, (ast.Attribute, ast.Name)) and _DRAWS.search(getattr(n, "attr", getattr(n, "id", "")))
        for n in ast.walk(node)
    )
    if not draws:
        return False
    if isinstance(node, ast.ClassDef):
        methods = {n.name for n in node.body if isinstance(n, ast.FunctionDef)}
        held = {n.attr.strip("_").lower() for n in ast.walk(node) if isinstance(n, ast.Attribute)}
        weights = held & {"w", "weights", "weight", "bias", "b"}
        pair = bool(methods & set(BACKWARD)) or "call" in methods or "drop" in node.name.lower()
        return bool(methods & set(FORWARD)) and pair and not weights
    words = {n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)} | {a.arg for a in node.args.args}
    return len(node.args.args) >= 2 and any(re.search(r"mask|keep|drop", w) for w in words | _names(node))


def _names(node):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _best(likely):
    """Classes before the functions that they use, plain dropout before its relatives, short names before long ones."""
    classes = [n for n in likely if isinstance(n, ast.ClassDef)]
    for c in classes:
        likely = [n for n in likely if n is c or isinstance(n, ast.ClassDef) or n.name not in _names(c)]
    plain = [n for n in likely if not _RELATIVE.search(_DROP.sub("", n.name))] or likely
    layers = [n for n in plain if _defines_forward(n)] or plain
    exact = [
        n for n in layers if re.sub(r"_|layer|forward|my|custom|numpy|np", "", n.name.lower()) == "dropout"
    ] or layers
    outer = [n for n in exact if not any(n.name in _names(other) for other in exact if other is not n)]
    return outer or exact


def _defines_forward(node):
    if isinstance(node, ast.FunctionDef):
        return True
    return bool({n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef)} & set(FORWARD))
