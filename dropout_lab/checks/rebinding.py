"""Old versions follow: whoever holds a function, class or constant of a module that ran again gets the new one.

A function is held in places that nobody can list: names, tables, defaults, callbacks of a widget. So every old version
is also made to do what the new one does. What cannot be changed in place is exchanged where names and tables hold it.
"""

import contextlib
import functools
import gc
import sys
from types import FunctionType, ModuleType
from weakref import WeakSet

import numpy as np

EMPTY = ()  # of which there is one
LARGEST = 10_000  # entries of a table; a larger one holds data

_made = {}  # module -> {name: what it stood for when the module last made it}
_versions = {}  # (module, name or Class.name) -> every function that it was


def follow(module, imported):
    """Make every old version of what a module made follow the version that has just run.

    Parameters
    ----------
    module : module
    imported : set of str
        Names that its import statements bind. They follow the modules that they come from.
    """
    known, names = _made.setdefault(module.__name__, {}), vars(module)
    made = {n: v for n, v in names.items() if not n.startswith("__") and _makes(module, n, v, imported)}
    exchanged = {n: (old, names[n]) for n, old in known.items() if n in names and names[n] is not old}
    known.update(made)
    _teach_old_versions(module.__name__, made)
    if not exchanged:
        return
    _move_instances([pair for pair in exchanged.values() if all(isinstance(thing, type) for thing in pair)])
    renew = _Renewer({id(old): (old, new) for old, new in exchanged.values() if _is_unmistakable(module, old)})
    for namespace in _namespaces(module):
        for name, value in list(namespace.items()):
            old, new = exchanged.get(name, (None, None))
            fresh = new if name in exchanged and value is old else renew(value)
            if fresh is not value:
                namespace[name] = fresh


def lost(module):
    """Names of functions that a module once made and has no more, while the notebook still holds them."""
    gone = {id(v): n for n, v in _made.get(module.__name__, {}).items() if n not in vars(module) and callable(v)}
    held = {id(value) for value in _notebook().values()}
    return sorted(name for key, name in gone.items() if key in held)


def _makes(module, name, value, imported):
    """Whether a module made what one of its names stands for, rather than to import it."""
    if isinstance(value, (FunctionType, type)) and value.__module__ == module.__name__:
        return True
    return name not in imported and not isinstance(value, ModuleType)


def _is_unmistakable(module, value):
    """Whether a value, met under another name, can only be the one that the module made. The number 1 can be any."""
    tables = (list, dict, set, tuple, functools.partial, np.ndarray)
    return getattr(value, "__module__", "") == module.__name__ or (type(value) in tables and value is not EMPTY)


def _teach_old_versions(module, made):
    for name, new in _functions(module, made):
        versions = _versions.setdefault((module, name), WeakSet())
        for old in versions:
            if old is not new and old.__globals__ is new.__globals__:
                _teach(old, new)
        versions.add(new)


def _functions(module, made):
    """(name, function) of every function among what a module made, methods as Class.name."""
    for name, value in made.items():
        if isinstance(value, FunctionType):
            yield name, value
        elif isinstance(value, type) and value.__module__ == module:
            for inner, thing in vars(value).items():
                method = thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)
                if isinstance(method, FunctionType):
                    yield f"{name}.{inner}", method


def _teach(old, new):
    """From now on the old function does what the new one does, unless the two are built differently."""
    cells, fresh = old.__closure__ or (), new.__closure__ or ()
    if len(cells) != len(fresh):
        return
    for cell, other in zip(cells, fresh, strict=True):
        with contextlib.suppress(ValueError):  # an empty cell
            cell.cell_contents = other.cell_contents
    for attribute in ("__code__", "__defaults__", "__kwdefaults__", "__doc__", "__annotations__"):
        setattr(old, attribute, getattr(new, attribute))
    vars(old).clear()
    vars(old).update(vars(new))


def _move_instances(classes):
    """Objects of an old class become objects of the new one, and what was derived from it derives anew."""
    if not classes:
        return
    newer = {id(old): new for old, new in classes}
    for thing in gc.get_objects():
        if (new := newer.get(id(type(thing)))) is not None:
            with contextlib.suppress(TypeError):  # it lies in memory in another way
                thing.__class__ = new
    for old, _ in classes:
        for derived in old.__subclasses__():
            with contextlib.suppress(TypeError):
                derived.__bases__ = tuple(newer.get(id(base), base) for base in derived.__bases__)


def _namespaces(module):
    """The names of the notebook, and of every other module of dropout_lab that is in use."""
    others = [m for n, m in list(sys.modules.items()) if n.startswith("dropout_lab.") and m is not module]
    return [_notebook(), *(vars(other) for other in others if isinstance(other, ModuleType))]


def _notebook():
    return vars(sys.modules["__main__"])


class _Renewer:
    """Exchanges old for new in a value: in tables in place, else by giving the value that takes its place."""

    def __init__(self, exchanged):
        self.exchanged, self.seen = exchanged, {}

    def __call__(self, value):
        if id(value) in self.exchanged:
            return self.exchanged[id(value)][1]
        inside = _INSIDE.get(type(value))
        if inside is None or id(value) in self.seen:
            return value
        self.seen[id(value)] = value
        return inside(self, value)

    def dictionary(self, table):
        if len(table) <= LARGEST:
            items = [(self(key), self(value)) for key, value in table.items()]
            if any(a is not key or b is not table[key] for (a, b), key in zip(items, list(table), strict=True)):
                table.clear()
                table.update(items)
        return table

    def sequence(self, items):
        if len(items) <= LARGEST:
            items[:] = map(self, items)
        return items

    def fixed(self, items):
        fresh = tuple(map(self, items)) if len(items) <= LARGEST else items
        return items if all(a is b for a, b in zip(items, fresh, strict=True)) else fresh

    def collection(self, items):
        for item in list(items) if len(items) <= LARGEST else ():
            if (fresh := self(item)) is not item:
                items.remove(item)
                items.add(fresh)
        return items

    def partial(self, call):
        call.__setstate__((self(call.func), self(call.args), self(call.keywords), vars(call)))
        return call

    def function(self, function):
        """A default or an enclosed name may hold what could not be taught, such as a class."""
        if (fresh := self(function.__defaults__)) is not function.__defaults__:
            function.__defaults__ = fresh
        self(function.__kwdefaults__)
        for cell in function.__closure__ or ():
            with contextlib.suppress(ValueError):  # an empty cell
                if (fresh := self(cell.cell_contents)) is not cell.cell_contents:
                    cell.cell_contents = fresh
        return function


_INSIDE = {
    dict: _Renewer.dictionary,
    list: _Renewer.sequence,
    tuple: _Renewer.fixed,
    set: _Renewer.collection,
    functools.partial: _Renewer.partial,
    FunctionType: _Renewer.function,
}
