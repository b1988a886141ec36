"""Where the rate goes, what switches the mode, and what a generator may be: all that a layer's names and code allow.

A mode is (kind, name, (value in training, value at test time)); its kind says where it goes.
"""

import sys

import numpy as np

from dropout_lab.audit import calling, vocabulary
from dropout_lab.audit.calling import parameters
from dropout_lab.audit.facts import mode_values

SKIPPED = "the network skips the layer at test time"


def rates(cls, facts, namespace, init, params):
    """(where, name, extra): where the rate goes, the likeliest place first."""
    found = []
    if rate := calling.rate_of(init):
        found.append(("constructor", rate.name, None))
    explicit = [p for p in params[1:] if vocabulary.rate(p.name)]
    found += [("argument", p.name, None) for p in explicit]
    for where, among in (("constructor dictionary", init), ("argument dictionary", params[1:])):
        found += [(where, p.name, made) for p in among for made in bundles(p.name, facts, namespace)]
    if not found or (found[0][0] == "constructor" and not vocabulary.rate(found[0][1])):
        attributes = [n for n in facts.numbers if n in facts.stored + list(vars(cls)) and vocabulary.rate(n)]
        found = [("attribute", n, None) for n in attributes] + found
        found += [("attribute", n, None) for n in facts.inherited if vocabulary.rate(n)]
        numbers = [n for n in facts.globals if vocabulary.rate(n) and isinstance(namespace.get(n), (int, float))]
        found += [("global", n, namespace) for n in dict.fromkeys(numbers)]
    return found


def bundles(name, facts, namespace):
    """What a parameter takes that holds the rate among other things: a dictionary, or an object with attributes."""
    for keys, kind in ((facts.keys.get(name, []), dict), (facts.fields.get(name, []), Attributes)):
        if any(vocabulary.rate(k) for k in keys):
            yield _bundle(keys, kind, facts, namespace)


TRAINING_ON = "train training_mode set_train train_mode set_training_mode training_on".split()
TRAINING_OFF = "eval test evaluate eval_mode set_eval test_mode set_test inference_mode training_off".split()


class Attributes:
    """An object with the attributes that it is given."""

    def __init__(self, values):
        vars(self).update(values)


def _bundle(keys, kind, facts, namespace):
    """function (number, mode value, shape) -> the dictionary, or object, that a layer wants for arguments."""
    rate = next(k for k in keys if vocabulary.rate(k))
    mode = next((k for k in keys if k != rate and vocabulary.mode(k)), None)

    def build(number, value, shape=None):
        made = {rate: number} | ({mode: value} if mode else {})
        for k in keys:
            if k not in made and vocabulary.role(k) in ("size", "name"):
                made[k] = calling.filler(k, shape)
        return kind(made)

    build.rate, build.mode, build.values = rate, mode, mode_values(mode, facts, namespace) if mode else []
    return build


def modes(cls, facts, namespace, init, params, rate, forward, backward):
    """(kind, name, values): what may switch the mode, the likeliest first; at last, nothing does."""
    if rate[0].endswith("dictionary") and rate[2].mode:
        for values in rate[2].values:
            yield "dictionary", f"{rate[1]}[{rate[2].mode!r}]", values
        return
    found = 0
    for p in params[1:]:
        if p.name != rate[1] and vocabulary.mode(p.name) and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            for values in mode_values(p.name, facts, namespace, p.default):
                found += 1
                yield "argument", p.name, values
    keyword = next((p.name for p in params if p.kind is p.VAR_KEYWORD), None)
    for key in facts.keys.get(keyword, []):
        if vocabulary.mode(key):
            for values in mode_values(key, facts, namespace):
                found += 1
                yield "keyword", key, values
    for name, values in _switches(cls):
        found += 1
        yield "methods", name, values
    attributes = [
        n for n in (*facts.inherited, *facts.stored) if n != rate[1] and vocabulary.mode(n) and n in facts.tested
    ]
    for name in sorted(dict.fromkeys(attributes), key=lambda n: "trainable" in n):
        if callable(getattr(cls, name, None)) and not isinstance(getattr(cls, name), property):
            continue
        for values in mode_values(name, facts, namespace):
            found += 1
            yield "attribute", name, values
    for p in init:
        if p.name != rate[1] and vocabulary.mode(p.name):
            for values in mode_values(p.name, facts, namespace, p.default):
                found += 1
                yield "constructor", p.name, values
    for path in dict.fromkeys(facts.outside):
        owner, _, last = path.rpartition(".")
        if vocabulary.mode(last) and owner.split(".")[0] in namespace and not _is_enum(path, facts):
            yield "global", path, _global_switch(owner, last, namespace, facts)
    for name in vocabulary.AT_TEST:
        if name != forward and name != backward and _has(cls, name):
            yield "method", name, (None, None)
    yield "none", "", (None, None)


def _is_enum(path, facts):
    return any(
        getattr(o, "attr", None) == path.rpartition(".")[2] for values in facts.compared.values() for o in values
    )


def _has(cls, name):
    method = getattr(cls, name, None)
    return callable(method) and any(p.default is p.empty for p in parameters(method))


def _global_switch(owner, last, namespace, facts):
    def switch(value):
        def turn():
            at = namespace[owner.split(".")[0]]
            for part in owner.split(".")[1:]:
                at = getattr(at, part)
            setattr(at, last, value)

        return turn

    a, b = mode_values(last, facts, namespace)[0]
    return switch(a), switch(b)


def _switches(cls):
    """("train() and eval()", (function to training, function to test time)) of the methods that set a mode."""
    names = {n: getattr(cls, n) for n in dir(cls) if callable(getattr(cls, n, None)) and not n.startswith("__")}
    on = next((n for n in TRAINING_ON if n in names), None)
    off = next((n for n in TRAINING_OFF if n in names), None)
    if on and off and not _needs(names[on]) and not _needs(names[off]):
        yield f"{on}() and {off}()", (lambda layer: getattr(layer, on)(), lambda layer: getattr(layer, off)())
    for name, method in names.items():
        params = [p for p in parameters(method) if p.kind is p.POSITIONAL_OR_KEYWORD]
        sets = name.startswith("set") or (name.startswith("is_") and params and params[0].default is None)
        if len(params) == 1 and sets and (means := vocabulary.mode(name.removeprefix("set_"))):
            a, b = (False, True) if means == "testing" else ("train", "test") if means == "either" else (True, False)
            yield f"{name}({a!r}) and {name}({b!r})", (_caller(name, a), _caller(name, b))


def _caller(name, value):
    return lambda layer: getattr(layer, name)(value)


def _needs(method):
    return any(
        p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters(method)
    )


def function_modes(params, facts, namespace, number, dictionary):
    if dictionary and dictionary[1].mode:
        for values in dictionary[1].values:
            yield "dictionary", f"{dictionary[0]}[{dictionary[1].mode!r}]", values
        return
    for p in params:
        if p.name != number and vocabulary.mode(p.name) and p.kind is not p.VAR_KEYWORD:
            for values in mode_values(p.name, facts, namespace, p.default):
                yield "argument", p.name, values
    for path in dict.fromkeys(facts.outside):
        owner, _, last = path.rpartition(".")
        if vocabulary.mode(last) and owner.split(".")[0] in namespace and not _is_enum(path, facts):
            yield "global", path, _global_switch(owner, last, namespace, facts)
    yield "none", "", (None, None)


def generators(init, params):
    """What to give to a parameter for a generator: nothing if it has a default, else NumPy's new or old kind."""
    wanted = [p for p in (*init, *params) if vocabulary.role(p.name) in ("generator", "key")]
    if not wanted:
        return [None]
    kinds = [np.random.default_rng, np.random.RandomState, keys]
    if "jax" in sys.modules:
        kinds = kinds[::-1]
    return kinds + [None] * all(p.default is not p.empty for p in wanted)


def keys(seed):
    """A key of JAX's, or without JAX nothing that a layer could use."""
    if "jax" not in sys.modules:
        raise TypeError("a key is JAX's")
    return sys.modules["jax"].random.PRNGKey(seed % 2**32)


def in_words(mode, forward):
    kind, name, values = mode
    if kind == "dictionary":
        return f"`{name}`: {_plain(values[0])} in training, {_plain(values[1])} at test time"
    if kind in ("argument", "keyword"):
        return f"`{forward}(..., {name}={values[0]!r})` in training, `{name}={values[1]!r}` at test time"
    if kind == "attribute":
        return f"its attribute `{name}`: {_plain(values[0])} in training, {_plain(values[1])} at test time"
    if kind == "methods":
        return f"`{name}`"
    if kind == "constructor":
        return f"`{name}={values[0]!r}` where it is made, `{name}={values[1]!r}` for test time"
    if kind == "method":
        return f"`{forward}` in training, `{name}` at test time"
    if kind == "global":
        return f"`{name}`"
    return SKIPPED


def _plain(value):
    return repr(value) if isinstance(value, (str, int, bool, float)) else str(value).strip("<>").split(",")[0]
