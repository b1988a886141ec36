"""Functions: rate and mode are arguments or stand in a dictionary, and another function gives the gradient."""

import numpy as np

from dropout_lab.audit import calling, vocabulary
from dropout_lab.audit.calling import array_in, as_array, fill, parameters
from dropout_lab.audit.conventions import bundles, function_modes, generators, in_words
from dropout_lab.audit.readings import Reading, backward_arguments, first_of_shape, seed_all


class FunctionReading(Reading):
    """A function, and the one for its gradient or None; rate and mode are arguments or stand in a dictionary."""

    def __init__(self, forward, backward, rate, mode, number, namespace, dictionary=None, kind=None):
        self.f, self.b, self.rate, self.mode, self.number = forward, backward, rate, mode, number
        self.dictionary, self.namespace, self.kind = dictionary, namespace, kind
        self.has_mode = mode[0] != "none"
        self.switch = in_words(mode, getattr(forward, "__name__", "it"))

    @property
    def has_backward(self):
        return self.b is not None or self.arrays.gradient

    def _choices(self, number, train, params):
        kind, name, values = self.mode
        value = values[not train]
        chosen = {self.rate: number} if self.rate else {}
        if self.dictionary:
            chosen = {self.dictionary[0]: self.dictionary[1](number, value)}
        elif not self.rate:
            self.namespace[self.number] = number
        if kind == "argument":
            chosen[name] = value
        elif kind == "global":
            value()
        return {n: v for n, v in chosen.items() if n in {p.name for p in params}}

    def forward(self, x, number, train, seed):
        if not train and not self.has_mode:
            return x, None
        params = parameters(self.f)

        def call(given):
            seed_all(seed)
            args, kwargs = fill(
                params, self._choices(number, train, params), [given], x.shape, self.kind and self.kind(seed)
            )
            return self.f(*args, **kwargs)

        result, pull = self.arrays.run(call, x)
        out = array_in(result, self._flat(x))
        return self._shaped(out, x), (result, out, x, number, train, pull)

    def backward(self, dout, token):
        if token is None:
            return dout
        result, out, x, number, train, pull = token
        if self.b is None:
            return pull(dout)
        params, rest = parameters(self.b), []
        if isinstance(result, (tuple, list)):
            at = next((i for i, r in enumerate(result) if np.shape(r) == np.shape(out) and as_array(r) is not None
                       and np.array_equal(as_array(r), out, equal_nan=True)), 0)  # fmt: skip
            rest = [r for i, r in enumerate(result) if i != at]
        whole = rest[0] if len(rest) == 1 else tuple(rest)
        chosen = self._choices(number, train, params)
        caches = [p for p in params if p.name not in chosen and vocabulary.role(p.name) in ("cache", "dictionary")]
        if not caches and rest:  # the parameter that is neither the gradient nor anything else that is known
            caches = [p for p in params if p.name not in chosen and p.default is p.empty and not _known(p.name)][-1:]
        for i, p in enumerate(caches):
            chosen[p.name] = rest[i] if len(caches) > 1 and i < len(rest) else whole
        for p in params:
            if p.name not in chosen and (means := vocabulary.rate(p.name)):
                same = "rate" in (means, vocabulary.rate(self.number)) or means == vocabulary.rate(self.number)
                chosen[p.name] = number if same else 1 - number
        args, kwargs = backward_arguments(params, chosen, self.arrays.give(dout), self.arrays.give(x))
        return self._shaped(first_of_shape(self.b(*args, **kwargs), np.shape(self.arrays.give(dout))), dout)


def _known(name):
    return vocabulary.rate(name) or vocabulary.mode(name) or vocabulary.role(name)


def of_function(forward, backward, facts, namespace):
    """Every `FunctionReading` of a function, and of its backward function or None."""
    params = parameters(forward)
    rates, rest = [], params[:1] if len(params) == 1 else params
    for p in params:
        rates += [(None, p.name, (p.name, made)) for made in bundles(p.name, facts, namespace)]
    named = [p for p in params if vocabulary.rate(p.name)]
    rates += [(p.name, p.name, None) for p in named]
    if not rates and (rate := calling.rate_of(params[1:])):
        rates.append((rate.name, rate.name, None))
    numbers = [n for n in facts.globals if vocabulary.rate(n) and isinstance(namespace.get(n), (int, float))]
    rates += [(None, n, None) for n in dict.fromkeys(numbers)] if not rates else []
    for rate, number, dictionary in rates:
        for mode in function_modes(params, facts, namespace, number, dictionary):
            for kind in generators([], rest):
                yield FunctionReading(forward, backward, rate, mode, number, namespace, dictionary, kind)
