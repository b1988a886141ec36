"""How a layer may want to be called: every reading that its names, defaults and code allow, the likeliest first.

A reading is asked `forward(x, number, train, seed)` and `backward(dout, token)`; it says in `how` what it does.
"""

import copy
import random
import sys

import numpy as np

from dropout_lab.audit import vocabulary
from dropout_lab.audit.arrays import Columns, Lists, NumpyArrays
from dropout_lab.audit.calling import array_in, as_array, fill, parameters, result_or_error
from dropout_lab.audit.conventions import generators, in_words, keys, modes, rates

SETUP = ("build", "initialize", "setup", "init", "set_input_shape", "init_params")  # called once with the input's shape


def seed_all(seed):
    """Seed every generator that code may draw from without being given one."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


class Reading:
    """One way to call a layer. `number` is the parameter that holds the rate, `switch` what switches the mode."""

    number = switch = ""
    has_mode = has_backward = True
    arrays = NumpyArrays()

    def coins(self):
        """Where its random numbers come from, in words."""
        kind = getattr(self, "kind", None)
        if kind is keys:
            return "a key in each call"
        held = [vars(made).values() for made, _ in getattr(self, "objects", {}).values() if hasattr(made, "__dict__")]
        if kind or any(_is_generator(value) for values in held for value in values):
            return "a generator that it is given" if kind else "a generator of its own"
        return "the global generator"

    def _flat(self, x):
        return np.asarray(self.arrays.give(x)) if isinstance(self.arrays, (Lists, Columns)) else x

    def _shaped(self, made, x):
        """A result in the shape of what went in."""
        if made is None or not isinstance(self.arrays, (Lists, Columns)):
            return made
        return made.T if isinstance(self.arrays, Columns) else made.reshape(x.shape)


# --- classes ---------------------------------------------------------------------------------------------------------


class ClassReading(Reading):
    """An object with methods. One object for each rate, as a network would have it, kept from call to call.

    Parameters
    ----------
    make : function (number, shape, generator, mode value) -> object
    put : function (object, number), for a rate that is an attribute; None if `make` takes it
    forward, backward : names of methods; backward may be None
    mode : (kind, name, (training value, test value))
    """

    def __init__(
        self, make, forward, backward, mode, number, rate=None, put=None, sized=False, kind=None, dictionary=None
    ):
        self.make, self.put, self.sized, self.kind, self.dictionary = make, put, sized, kind, dictionary
        self.method, self.back, self.mode, self.number, self.rate = forward, backward, mode, number, rate
        self.has_mode, self.switch, self.objects = mode[0] != "none", in_words(mode, forward), {}

    @property
    def has_backward(self):
        return self.back is not None or self.arrays.gradient

    def forward(self, x, number, train, seed):
        if not train and not self.has_mode:
            return x, None
        layer, generator = self._object(number, x, train)
        seed_all(seed)
        _reseed(layer, generator, seed)
        if self.kind is keys:
            generator = keys(seed)
        result, pull = self.arrays.run(lambda given: self._call(layer, given, x, number, train, generator), x)
        out = self._shaped(array_in(result, self._flat(x)), x)
        if out is None:
            out = self._shaped(_left_in(layer, vocabulary.OUTPUT, self._flat(x).shape), x)
        return out, (layer, _state(layer), result, x, pull)

    def _object(self, number, x, train):
        value = self.mode[2][not train]
        key = number, x.shape if self.sized else None, train if self.mode[0] == "constructor" else None
        if key not in self.objects:
            generator = self.kind and self.kind(0)
            made = self.make(number, np.shape(self.arrays.give(x)), generator, value)
            if self.put:
                self.put(made, number)
            for setup in SETUP if self.arrays.framework == "numpy" else ():
                if callable(method := getattr(made, setup, None)):
                    result_or_error(method, x.shape)
            self.objects[key] = made, generator
        return self.objects[key]

    def _call(self, layer, given, x, number, train, generator):
        kind, name, values = self.mode
        value, method = values[not train], self.method
        if kind == "method" and not train:
            method = name
        params = parameters(getattr(layer, method))
        chosen = {self.rate: number} if self.rate else {}
        if self.dictionary:
            chosen[self.dictionary[0]] = self.dictionary[1](number, value)
        if kind in ("argument", "keyword"):
            chosen[name] = value
        elif kind == "attribute":
            setattr(layer, name, value)
        elif kind == "methods":
            value(layer)
        elif kind == "global":
            value()
        known, open_ended = {p.name for p in params}, any(p.kind is p.VAR_KEYWORD for p in params)
        chosen = {n: v for n, v in chosen.items() if n in known or open_ended}
        args, kwargs = fill(params, chosen, [given], x.shape, generator)
        return getattr(layer, method)(*args, **kwargs)

    def backward(self, dout, token):
        if token is None:
            return dout
        layer, state, result, x, pull = token
        if self.back is None:
            return pull(dout)
        if hasattr(layer, "__dict__"):
            vars(layer).update(state)
        method, given = getattr(layer, self.back), self.arrays.give(dout)
        params = parameters(method)
        cache = result[1:] if isinstance(result, tuple) and len(result) > 1 else ()
        cache = cache[0] if len(cache) == 1 else cache or None
        chosen = {p.name: cache for p in params if cache is not None and vocabulary.role(p.name) == "cache"}
        args, kwargs = backward_arguments(params, chosen, given, self.arrays.give(x))
        made = method(*args, **kwargs)
        wanted = np.shape(given)
        dx = first_of_shape(made, wanted)
        if dx is None:
            dx = _left_in(layer, vocabulary.INPUT_GRADIENT, wanted)
        changed = as_array(given)
        if changed is not None and changed.shape == dout.shape and not np.array_equal(changed, dout):
            dout[...] = changed
        return self._shaped(dx, dout)


def backward_arguments(params, chosen, dout, x):
    """dout where a name says gradient, x, of one shape, where one says input; if none does, dout comes first."""
    taken = {p.name for p in params if p.name in chosen}
    free = [p for p in params if p.name not in taken and vocabulary.role(p.name) in (None, "gradient", "size")]
    gradients = [p for p in free if vocabulary.role(p.name) == "gradient"] or [
        p for p in free if "error" in p.name.lower()
    ]
    target = (gradients or free or [p for p in params if p.name not in taken] or [None])[0]
    chosen = dict(chosen)
    if target is not None and target.kind not in (target.VAR_POSITIONAL, target.VAR_KEYWORD):
        chosen[target.name] = dout
        rest = [p for p in free if p is not target and p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        chosen |= {p.name: x for p in rest}
        return fill(params, chosen, [], np.shape(dout))
    return fill(params, chosen, [dout], np.shape(dout))


def first_of_shape(result, shape):
    candidates = result if isinstance(result, tuple) else [result]
    arrays = [a for a in map(as_array, candidates) if a is not None]
    return next((a for a in arrays if a.shape == shape), arrays[0] if arrays and result is not None else None)


def _left_in(layer, names, shape):
    """What a method left in an attribute: the first of these names that holds an array of this shape."""
    held = vars(layer) if hasattr(layer, "__dict__") else {}
    arrays = (as_array(held.get(name)) for name in names)
    return next((a for a in arrays if a is not None and a.shape == shape), None)


def _state(layer):
    """What an object holds after a forward pass, with copies of its arrays: its backward pass starts from that."""
    held = vars(layer) if hasattr(layer, "__dict__") else {}
    return {name: _copied(value) for name, value in held.items()}


def _copied(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple, dict) and len(value) < 100:
        return copy.copy(value)
    return value


def _reseed(layer, generator, seed):
    """Put every generator that the object holds, and the one that it was given, into a state that follows from seed."""
    for held in (generator, *(vars(layer).values() if hasattr(layer, "__dict__") else ())):
        if isinstance(held, np.random.Generator):
            held.bit_generator.state = type(held.bit_generator)(seed).state
        elif isinstance(held, np.random.RandomState) and held is not np.random.mtrand._rand:
            held.seed(seed % 2**32)
        elif isinstance(held, random.Random):
            held.seed(seed)


def _is_generator(value):
    named = type(value).__name__ in ("SeedGenerator", "Generator", "RandomState", "Rngs")
    return named or isinstance(value, random.Random)


def of_class(cls, facts, namespace, autograd=False, keras=False):
    """Every `ClassReading` of a class; with `autograd` its framework gives the gradient."""
    init = parameters(cls.__init__) if "__init__" in dir(cls) and cls.__init__ is not object.__init__ else []
    init = init or parameters(cls)
    pairs = [("call", None)] if keras else _methods(cls)
    for forward, backward in pairs:
        if autograd and backward:
            continue
        yield from _of_methods(cls, facts, namespace, init, forward, backward)


def _methods(cls):
    """(forward, backward) pairs: by their names, and if no name is known, by taking any two that might be."""
    own = [n for n in dir(cls) if callable(getattr(cls, n, None)) and (not n.startswith("_") or n == "__call__")]
    forward = [n for n in vocabulary.FORWARD if n in own and _mine(cls, n)]
    backward = [n for n in vocabulary.BACKWARD if n in own and n not in forward and _mine(cls, n)]
    other = [n for n in own if n not in forward and _mine(cls, n)]
    forward = forward or [n for n in other if "forward" in n.lower() or "fwd" in n.lower()]
    backward = backward or [n for n in other if "back" in n.lower() or "grad" in n.lower()]
    for f in forward[:3]:
        for b in [*backward[:2], None]:
            yield f, b


def _mine(cls, name):
    """Whether a method is the class's own, or of a base that is not a stand-in."""
    owner = next((c for c in cls.__mro__ if name in vars(c)), None)
    return owner is not None and owner.__name__ not in ("Anything", "object", "type")


def _of_methods(cls, facts, namespace, init, forward, backward):
    params = parameters(getattr(cls, forward))
    for rate in rates(cls, facts, namespace, init, params):
        for mode in modes(cls, facts, namespace, init, params, rate, forward, backward):
            for kind in generators(init, params):
                yield _reading(cls, facts, init, forward, backward, rate, mode, kind)


def _reading(cls, facts, init, forward, backward, rate, mode, kind):
    where, name, extra = rate
    sized = any(p.default is p.empty and vocabulary.role(p.name) == "size" for p in init)

    def make(number, shape, generator, value):
        chosen = {name: number} if where == "constructor" else {}
        if where == "constructor dictionary":
            chosen = {name: extra(number, value, shape)}
        if mode[0] == "constructor":
            chosen[mode[1]] = value
        args, kwargs = fill(init, chosen, [], shape, generator)
        made = cls(*args, **kwargs)
        for attribute in facts.inherited:
            _inherit(made, attribute, attribute in facts.keys)
        return made

    put = None
    if where == "attribute":

        def put(made, number):
            setattr(made, name, number)
    elif where == "global":

        def put(made, number):
            extra[name] = number

    argument, dictionary = (
        name if where == "argument" else None,
        (name, extra) if where == "argument dictionary" else None,
    )
    return ClassReading(make, forward, backward, mode, name, argument, put, sized, kind, dictionary)


def _inherit(made, attribute, has_keys):
    """What a base class that is not here would have set: a flag is on, what is asked for keys is a dictionary."""
    if not hasattr(made, attribute) and has_keys:
        setattr(made, attribute, {})
    elif not hasattr(made, attribute) and vocabulary.mode(attribute) == "training":
        setattr(made, attribute, True)
    elif not hasattr(made, attribute) and vocabulary.mode(attribute) == "testing":
        setattr(made, attribute, False)
