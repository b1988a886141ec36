"""From a target to an `Audit`: load it, find out how it wants to be called, drive it, judge it. In this process."""

import ast
import inspect
import re
import sys
import textwrap
import warnings

import numpy as np

from dropout_lab.audit import driving, facts, finding, functional, judging, readings, sources, vocabulary
from dropout_lab.audit.adapters import adapter
from dropout_lab.audit.arrays import Columns, Jax, Lists, NumpyArrays, Torch
from dropout_lab.audit.calling import parameters, rate_of
from dropout_lab.audit.loading import ModuleFinder
from dropout_lab.audit.relatives import relative
from dropout_lab.audit.results import Audit, settle
from dropout_lab.audit.sources import Undriven
from dropout_lab.audit.standins import GPU
from dropout_lab.checks.functions import Blank, Broke
from dropout_lab.checks.probes.dropout_masks import away_from_zero

_FRAMEWORKS = {
    name.lower(): name for name in "TensorFlow JAX Keras Flax MXNet Equinox Paddle Theano Chainer MLX".split()
} | {"torch": "PyTorch"}
_REMOVED = re.compile(
    r"\b(np|numpy)\.(float|int|bool|object|complex|str|long|unicode)\b(?!\w)|module 'numpy' has no attribute '(\w+)'"
)


def examine(target, p=None, seed=0):
    """The `Audit` of a target in words, a class, a function or an object.

    Parameters
    ----------
    target : str, path, class, function or instance
    p : "drop", "keep" or None
        What the layer's number is meant to be; None finds out.
    """
    label = _label(target)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _examined(target, label, p, seed)
    except Undriven as undriven:
        return Audit(label, verdict="undriven", message=str(undriven), choices=undriven.choices)


def _label(target):
    if isinstance(target, str) or hasattr(target, "__fspath__"):
        return str(target)
    return getattr(target, "__qualname__", type(target).__qualname__)


def _examined(target, label, p, seed):
    named = isinstance(target, str) or hasattr(target, "__fspath__")
    layer = _of_source(sources.read(target)) if named else _of_object(target)
    reading, trials = driving.choose(layer.readings(), layer.arrays())
    if reading is None:
        if kin := relative(layer.name):
            return _another(layer, label, kin)
        sentence = _why_not(layer, trials)
        code = adapter(layer)
        return Audit(label, layer.framework, verdict="undriven", message=sentence, adapter=code)
    if kin := relative(layer.name, reading):
        return _another(layer, label, kin)
    if asked := _unreached_mode(layer, reading, trials):
        raise Undriven(
            f"`{layer.name}` dropped nothing in any way that it could be called. Its code asks for `{asked}`, and no"
            " way to set that was found."
        )
    if driving.mixes(reading):
        raise Undriven(
            f"`{layer.name}` does more than drop: an entry of its output hangs on other entries of the input, as where"
            " weights are part of the layer. Put what drops into a class or function of its own, and audit that."
        )
    tables = driving.two_axes_only(reading)
    try:
        seen = judging.observed(reading, tables)
        kind = judging.kind_of(seen)
        found = judging.under_both(reading, kind, tables, seen, seed)
    except (Broke, Blank) as broke:
        said = broke.say().replace(" of the cell", " of its code") if isinstance(broke, Broke) else str(broke)
        return Audit(
            label, layer.framework, verdict="undriven", message=f"`{layer.name}`: {said}", adapter=adapter(layer)
        )
    record = settle(label, layer, reading, tables, seen, kind, found, p)
    with np.errstate(all="ignore"):
        record.observations |= judging.edges(reading, record.observations["means"])
    record.observations |= {"default": _default(layer, reading), "coins": reading.coins()}
    record.observations["picture"] = _picture(reading, tables)
    return record


def _unreached_mode(layer, reading, trials):
    """The name of a mode that the code looks at, where nothing was dropped and nothing known sets a mode; else None."""
    if reading.has_mode or any(t.error is None and t.noisy for t in trials):
        return None
    return next((name for name in sorted(layer.facts.tested) if vocabulary.mode(name)), None)


def _default(layer, reading):
    """The value of the rate where none is given, or None."""
    params = parameters(layer.thing.__init__ if layer.is_class else layer.thing)
    default = next((q.default for q in params if q.name == reading.number), None)
    return default if isinstance(default, (int, float)) else None


def _another(layer, label, kin):
    kind, words = kin
    message = f"`{layer.name}` is {kind}, not dropout of single entries: {words}."
    return Audit(
        label, layer.framework, f"{kind}, another thing than dropout", "not_dropout",
        message=f"{message} It may well be right as what it is; this audit judges dropout of single entries.",
    )  # fmt: skip


class Layer:
    """What is to be audited: the thing itself, its name and text, and what is known of its code."""

    def __init__(self, thing, name, known, namespace, backward=None, file=None):
        self.thing, self.name, self.facts, self.namespace, self.backward_function = (
            thing,
            name,
            known,
            namespace,
            backward,
        )
        self.file, self.is_class = file, inspect.isclass(thing)
        enclosed = inspect.getclosurevars(thing).nonlocals if inspect.isfunction(thing) else {}
        seen = [*namespace.values(), *enclosed.values()]
        modules = {getattr(v, "__name__", "").split(".")[0] for v in seen if inspect.ismodule(v)}
        bases = (
            {c.__module__.split(".")[0] for c in thing.__mro__}
            if self.is_class
            else {getattr(thing, "__module__", "") or ""}
        )
        self.uses = {m.split(".")[0] for m in modules | bases}
        for library in ("torch", "flax", "equinox", "keras", "jax"):
            if library in bases or (library in self.uses and library in ("torch", "jax")):
                self.framework = library
                break
        else:
            self.framework = "numpy"
        self.own = library in bases if self.framework != "numpy" else False

    def readings(self):
        if self.framework == "torch" and self.is_class and _is_autograd_function(self.thing):
            function = _applied(self.thing)
            return functional.of_function(function, None, self.facts, self.namespace)
        if self.framework == "flax" and self.is_class and hasattr(self.thing, "apply") and hasattr(self.thing, "bind"):
            return functional.of_function(_flax(self.thing), None, self.facts, self.namespace)
        if self.is_class:
            return readings.of_class(
                self.thing, self.facts, self.namespace, autograd=self.own, keras=self.framework == "keras"
            )
        return functional.of_function(self.thing, self.backward_function, self.facts, self.namespace)

    def arrays(self):
        if self.framework == "torch":
            own_backward = self.backward_function or (self.is_class and not self.own)
            return (
                [Torch(gradient=False), NumpyArrays(), Torch(gradient=True)]
                if own_backward
                else [Torch(gradient=True), NumpyArrays()]
            )
        if self.framework == "keras":
            return [Torch(gradient=True)] if "torch" in sys.modules else [Jax(), NumpyArrays()]
        if self.framework in ("jax", "flax", "equinox"):
            return [Jax()]
        return [NumpyArrays(), Lists(), Columns()]


def _is_autograd_function(cls):
    return any(c.__module__.startswith("torch.autograd") for c in cls.__mro__)


def _applied(cls):
    """`apply` of an autograd.Function, with the parameters of its forward method."""

    def apply(*args):
        return cls.apply(*args)

    found = list(inspect.signature(cls.forward).parameters.values())
    found = [q for q in found if q.name not in ("self", "cls")][1:]  # without ctx
    if any(q.kind is q.VAR_POSITIONAL for q in found):
        found = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_ONLY) for n in ("x", "p")]
    apply.__signature__ = inspect.Signature([q.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for q in found])
    apply.__name__ = f"{cls.__name__}.apply"
    return apply


def _flax(cls):
    """A Flax module as a function with a key."""

    def apply(x, rate, key, deterministic=False):
        return cls(rate).apply({}, x, deterministic=deterministic, rngs={"dropout": key})

    return apply


def _of_source(source):
    node = finding.find(source)
    file = ModuleFinder().file(source)
    backward = finding.beside(source, node) if isinstance(node, ast.FunctionDef) else None
    try:
        thing = file.give(node.name)
        other = file.give(backward.name) if backward else None
    except Undriven:
        raise
    except NotImplementedError as error:
        raise Undriven(f"{source.path.name} is not written yet: {error}.") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - code of anybody raises anything
        raise Undriven(_cannot_load(source, node, file, error)) from None
    if source.name and "." in source.name:
        for part in source.name.split(".")[1:]:
            thing = getattr(thing, part, None)
    nodes = [n for n in (*_bases(source, node), node, backward) if n]
    return Layer(thing, node.name, facts.of(nodes, source.text), file.module.__dict__, other, file)


def _bases(source, node):
    """The classes of the same file from which a class inherits."""
    top = {n.name: n for n in source.tree.body if isinstance(n, ast.ClassDef)}
    found = []
    for base in getattr(node, "bases", []):
        if (name := getattr(base, "id", None)) in top and top[name] is not node:
            found += [*_bases(source, top[name]), top[name]]
    return found


def _of_object(target):
    thing = target if inspect.isclass(target) or inspect.isroutine(target) else type(target)
    if inspect.isroutine(target) and not inspect.isfunction(target):
        raise Undriven(
            f"{_label(target)} is not written in Python, so its arguments cannot be read. Wrap it in a function."
        )
    classes = (
        [c for c in thing.__mro__ if c.__module__ not in ("builtins", "torch.nn.modules.module", "abc")][::-1]
        if inspect.isclass(thing)
        else [thing]
    )
    nodes, text, known = [], "", facts.Facts()
    for each in classes:
        try:
            text = textwrap.dedent(inspect.getsource(each))
            nodes = [ast.parse(text).body[0]]
        except (OSError, TypeError, SyntaxError, IndexError):
            continue
        known = facts.merged(known, facts.of(nodes, text))
    module = sys.modules.get(thing.__module__)
    return Layer(thing, thing.__name__, known, vars(module) if module else {})


def _cannot_load(source, node, file, error):
    missing = sorted(file.missing)
    if (removed := _removed(str(error), source.text)) and isinstance(error, AttributeError):
        return removed
    if isinstance(error, SystemExit):
        return f"{source.path.name} ends Python while it is loaded ({type(error).__name__})."
    because = f" It needs {' and '.join(missing)}, which is not here." if missing else ""
    return f"`{node.name}` cannot be loaded: {type(error).__name__}: {error}.{because}"


def _removed(said, text):
    """A sentence on a name that NumPy no longer has, if an error is about one."""
    match = re.search(r"module 'numpy' has no attribute '(\w+)'", said)
    if not match:
        return None
    name = match[1]
    instead = {"float": "float or np.float64", "int": "int or np.int64", "bool": "bool or np.bool_", "object": "object"}
    line = next((i for i, t in enumerate(text.splitlines(), 1) if re.search(rf"\b(np|numpy)\.{name}\b", t)), None)
    where = f" (line {line})" if line else ""
    better = instead.get(name, "what NumPy names in its place")
    return f"it uses np.{name}{where}, which NumPy has no longer. Write {better} instead."


def _why_not(layer, trials):
    """A sentence on why no reading drove the layer: the error that it met most often, and what that means."""
    missing = set(layer.file.missing) if layer.file else set()
    errors = [t.error for t in trials]
    said = " ".join(f"{type(e).__name__}: {e}" for e in errors[:5])
    text = layer.facts.text
    gpu = next((full for module, full in GPU.items() if module in missing or module in said), None)
    if gpu or "CUDA" in said or "cuda" in said.lower():
        return f"`{layer.name}` needs a GPU{f' ({gpu})' if gpu else ''}, and here it has none."
    for module, full in _FRAMEWORKS.items():
        if module in missing or f"No module named '{module}'" in said:
            return f"`{layer.name}` needs {full}, which is not installed here."
    if removed := _removed(said, text if not layer.file else layer.file.source.text):
        return f"`{layer.name}`: {removed}"
    if "xrange" in said or "unicode" in said or "has_key" in said:
        return f"`{layer.name}` is Python 2: it uses a name that Python 3 does not have ({errors[0]})."
    if any(isinstance(e, NotImplementedError) for e in errors):
        return f"`{layer.name}` is not written yet: it raises NotImplementedError."
    if not errors:
        return _no_reading(layer)
    error = errors[0]
    if type(error).__name__ == "Refused":
        return f"`{layer.name}` was stopped: {error}."
    if isinstance(error, SystemExit):
        return f"`{layer.name}` ends Python when it is called."
    if isinstance(error, MemoryError):
        return f"`{layer.name}` takes more memory than an audit gives it."
    if unknown := _unknown(layer):
        return f"`{layer.name}` needs what cannot be guessed: {', '.join(f'`{n}`' for n in unknown)}."
    if isinstance(error, FileNotFoundError):
        return f"`{layer.name}` needs data that is not here: {error.filename or error}."
    if "no array of the shape" in str(error):
        return f"`{layer.name}` returned nothing that is an array of the shape of x, and left none in an attribute."
    project = f" It may need {' and '.join(sorted(missing))}, which is not here." if missing else ""
    raised = f"{type(error).__name__}: {error}".rstrip(".")
    ways = f"any of {len(trials)} ways" if len(trials) > 1 else "the one way that its names allow"
    return f"`{layer.name}` could not be called in {ways}. The likeliest raised {raised}.{project}"


def _unknown(layer):
    """The arguments of a constructor that have to be given and whose names say nothing."""
    init = parameters(layer.thing.__init__) if layer.is_class else []
    rate = rate_of(init)
    return [
        q.name
        for q in init
        if q is not rate and q.default is q.empty and q.kind is q.POSITIONAL_OR_KEYWORD
        and not vocabulary.role(q.name) and not vocabulary.mode(q.name)
    ]  # fmt: skip


def _no_reading(layer):
    if layer.is_class:
        own = vars(layer.thing).keys() | {n for c in layer.thing.__mro__ if c.__name__ != "Anything" for n in vars(c)}
        if not own & set(vocabulary.FORWARD):
            return f"`{layer.name}` has no forward method whose name says so (forward, __call__, call ...)."
    return (
        f"`{layer.name}` has no parameter or attribute that can be recognised as the rate. A number that is written"
        " into the code cannot be varied, and at a single rate several mistakes look like the right layer."
    )


def _picture(reading, tables):
    """out / x and dx / dout of a few entries, in numbers."""
    rng = np.random.default_rng(9)
    call = driving.functions(reading, "drop", tables)
    x, dout = away_from_zero(rng, (5, 8)), away_from_zero(rng, (5, 8))
    with np.errstate(all="ignore"):
        try:
            out, cache = call.dropout_forward(x.copy(), 0.3, rng)
            shown = {"out / x": (np.asarray(out, float) / x).round(3).tolist()}
            if reading.has_backward:
                shown["dx / dout"] = (
                    (np.asarray(call.dropout_backward(dout.copy(), cache), float) / dout).round(3).tolist()
                )
        except (Broke, Blank):
            return {}
    return shown
