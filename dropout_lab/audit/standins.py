"""Things that stand where a file's own project would: for modules that are not here, and for base classes in them."""

import inspect
import re

import numpy as np

GPU = {"cupy": "CuPy", "pycuda": "PyCUDA", "triton": "Triton"}
_CONVERTS = re.compile(r"(^|[._])(as|to|ensure)?_?(nd)?(array|tensor|variable|value)$", re.IGNORECASE)
KNOWN = {"np": np, "numpy": np, "xp": np, "cp": np, "cupy": np, "rand": np.random.rand, "randn": np.random.randn}


class Anything:
    """A base class that takes whatever it is given, and calls a layer's forward method when the layer is called."""

    def __init__(self, *args, **kwargs):
        for name, value in kwargs.items():
            if name.isidentifier() and not hasattr(type(self), name):
                setattr(self, name, value)

    def __call__(self, *args, **kwargs):
        method = getattr(self, "forward", None) or getattr(self, "call", None)
        if method is None:
            raise TypeError(f"{type(self).__name__} has no forward method")
        return method(*args, **kwargs)


class StandIn:
    """Whatever a module that is not here would give: a base class, a decorator, a constant.

    Its attributes are stand-ins too, always the same ones, so that `Phase.train` differs from `Phase.test`. As a
    decorator it leaves what it decorates as it is; a conversion by its name, such as `as_variable`, hands an array on.
    Nothing can be computed with it: that raises, and is said.
    """

    def __new__(cls, path):
        made = super().__new__(cls)
        made.__dict__["path"] = path
        return made

    def __init__(self, layer, *args, **kwargs):
        if isinstance(layer, Anything):  # `Base.__init__(self, ...)`, where this stands for Base
            Anything.__init__(layer, *args, **kwargs)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        known = None if self.path.split(".")[0] in GPU else KNOWN.get(name)
        made = known or StandIn(f"{self.path}.{name}")
        self.__dict__[name] = made
        return made

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and (inspect.isclass(args[0]) or inspect.isroutine(args[0])):
            return args[0]
        if args and isinstance(args[0], (np.ndarray, float)) and _CONVERTS.search(self.path):
            return np.asarray(args[0])
        return StandIn(f"{self.path}()")

    __iter__ = None  # or `*standin.shape` would ask __getitem__ for ever

    def __mro_entries__(self, bases):
        first = next(base for base in bases if isinstance(base, StandIn))
        return (Anything,) if first is self else ()

    def __getitem__(self, item):
        return self

    def __instancecheck__(self, thing):
        return True

    def __or__(self, other):
        return self

    __ror__ = __or__

    def __repr__(self):
        return f"<{self.path}, which is not here>"
