"""Filling in the arguments of somebody's function: each parameter by what its name, default or place says."""

import inspect

import numpy as np

from dropout_lab.audit import vocabulary


class Identity:
    """A layer that does nothing, for one that wraps another."""

    trainable = training = True

    def forward(self, x, *args, **kwargs):
        return x

    __call__ = call = forward

    def backward(self, dout, *args, **kwargs):
        return dout


def result_or_error(call, *args):
    """(result, None), or (None, the exception): whatever somebody's code does, an audit goes on."""
    try:
        return call(*args), None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of anybody raises anything
        return None, error


def parameters(function):
    """The parameters that a call fills, without self; none if nothing can be known."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (ValueError, TypeError):
        return []
    return [p for p in found if p.name not in ("self", "cls")]


def rate_of(params, numbers=True):
    """The parameter that holds the rate: by its name; else a default in (0, 1), or the only one required."""
    named = [p for p in params if vocabulary.rate(p.name) and _open(p)]
    if named:
        return min(named, key=lambda p: isinstance(p.default, (str, bool)))
    fractions = [p for p in params if isinstance(p.default, float) and 0 < p.default < 1]
    if fractions:
        return fractions[0]
    required = [p for p in params if p.default is p.empty and _open(p) and not _spoken_for(p.name)]
    return required[0] if numbers and len(required) == 1 else None


def _open(p):
    return p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)


def _spoken_for(name):
    return vocabulary.mode(name) or vocabulary.role(name) not in (None, "gradient")


def mode_of(params, rate=None):
    """The parameter that switches between training and test time, or None."""
    return next((p for p in params if p is not rate and _open(p) and vocabulary.mode(p.name)), None)


def fill(params, chosen, subject=(), shape=None, generator=None):
    """(args, kwargs) for a call.

    Parameters
    ----------
    params : list of inspect.Parameter
    chosen : dict from names of parameters to values
    subject : values for the first parameters that nothing else claims, in order: x, say, or dout and then x
    shape : of x, for parameters that want a size
    generator : what a parameter for one gets; None leaves a default
    """
    subject, args, kwargs = list(subject), [], {}
    for p in params:
        if p.kind is p.VAR_POSITIONAL:
            args += subject
            subject = []
            continue
        if p.kind is p.VAR_KEYWORD:
            kwargs |= {k: v for k, v in chosen.items() if k not in {q.name for q in params}}
            continue
        if p.name in chosen:
            value = chosen[p.name]
        elif subject and not (p.default is not p.empty and _spoken_for(p.name)) and vocabulary.role(p.name) not in (
            "generator", "key", "seed", "learning rate", "name",
        ):  # fmt: skip
            value = subject.pop(0)
        elif vocabulary.role(p.name) in ("generator", "key") and generator is not None:
            value = generator
        elif p.default is not p.empty:
            if p.kind is p.POSITIONAL_ONLY:
                args.append(p.default)
            continue
        else:
            value = filler(p.name, shape)
        if p.kind is p.POSITIONAL_ONLY or (
            p.kind is p.POSITIONAL_OR_KEYWORD and not kwargs and len(args) == params.index(p)
        ):
            args.append(value)
        else:
            kwargs[p.name] = value
    return args, kwargs


def filler(name, shape):
    """Something for a parameter that has to be given and has no part in dropout."""
    kind = vocabulary.role(name)
    if kind == "size":
        whole = "shape" in name.lower() and shape is not None
        return tuple(shape) if whole else int(shape[-1]) if shape else None
    return {"learning rate": 0.1, "seed": 0, "name": "dropout", "inner": Identity(), "dictionary": {}}.get(
        kind, 0 if len(name) == 1 and name in "ijkt" else "dropout" if kind == "name" else None
    )


def array_in(result, x):
    """The output in what a call returned: an array in the shape of x that is x times something and no mask, or None."""
    candidates = result if isinstance(result, (tuple, list)) and not _is_list_of_numbers(result) else [result]
    arrays = [a for a in map(as_array, candidates) if a is not None and a.shape == x.shape and a.dtype.kind in "biuf"]
    with np.errstate(all="ignore"):
        for a in arrays:
            if ((a == 0) | (np.sign(a) == np.sign(x)) | ~np.isfinite(a)).all() and not (
                len(arrays) > 1 and set(np.unique(a)) <= {0, 1}
            ):
                return a
    return arrays[0] if arrays else None


def _is_list_of_numbers(thing):
    return isinstance(thing, list) and bool(thing) and all(isinstance(v, (int, float, np.generic, list)) or (
        isinstance(v, np.ndarray) and v.ndim < 2) for v in thing)  # fmt: skip


def as_array(thing):
    """The thing as a NumPy array, or None: tensors are taken off their graph, lists become arrays."""
    if thing is None or isinstance(thing, (str, bytes, dict)):
        return None
    for attribute in ("detach", "data"):
        if type(thing).__module__.startswith("torch") and attribute == "detach":
            thing = thing.detach().cpu().numpy()
    if not isinstance(thing, (np.ndarray, list, tuple, float, int, np.generic)) and hasattr(thing, "data"):
        thing = thing.data
    made, _ = result_or_error(np.asarray, thing)
    return made if made is not None and made.dtype != object else None
