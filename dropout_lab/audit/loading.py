"""Running as little as possible of somebody's file: the layer that is meant, and what its code names.

Only imports, definitions and assignments that the layer needs are run, none of what a file does beside them: prints,
plots, training, `__main__`. Modules of its own project are read in the same way where they are found; where they are
not, stand-ins take their place.
"""

import __future__

import ast
import builtins
import importlib
import importlib.util
import sys
import types
from pathlib import Path

from dropout_lab.audit.calling import result_or_error
from dropout_lab.audit.sources import Undriven, read
from dropout_lab.audit.standins import KNOWN, StandIn

_STANDARD = {"np": "numpy", "numpy": "numpy", "random": "random", "math": "math", "copy": "copy", "torch": "torch",
             "nn": "torch.nn", "F": "torch.nn.functional", "jax": "jax", "jnp": "jax.numpy"}  # fmt: skip
_NEVER = {"matplotlib", "pylab", "seaborn", "IPython", "cv2", "tkinter", "nnfs"}  # of no use to a layer
_GUARDS = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
_COMPOUND = (ast.If, ast.Try, ast.With)


class Module(types.ModuleType):
    """A module that was read from a file of somebody's project."""


class File:
    """A file whose definitions are run when they are asked for, in the module `module`."""

    def __init__(self, source, finder):
        self.source, self.finder, self.done = source, finder, set()
        self.module = Module(f"audited {source.path.stem}")
        sys.modules[self.module.__name__] = self.module  # dataclasses look there
        space = self.module.__dict__
        space.update(
            __file__=str(source.path),
            __package__=source.path.parent.name,
            __builtins__={
                **vars(builtins), "__import__": self.imported, "print": _silent, "input": _no_input,
            },
            __getattr__=self.give,
        )  # fmt: skip
        self.statements = [s for s in source.tree.body if not _is_main(s)]
        self.binds = [_bound(s) for s in self.statements]
        self.stars = [i for i, names in enumerate(self.binds) if "*" in names]
        self.guarded = {line for t in ast.walk(source.tree) if isinstance(t, ast.Try) and _forgives(t)
                        for s in t.body for line in range(s.lineno, s.end_lineno + 1)}  # fmt: skip
        self.missing, self.failed = set(), {}

    def give(self, name):
        """A name of the file, with what it needs; AttributeError if the file does not bind it."""
        self.need({name})
        if name in self.module.__dict__:
            return self.module.__dict__[name]
        raise AttributeError(name)

    def need(self, names):
        """Run the statements that bind these names, and before them what those statements name."""
        space, wanted, chosen = self.module.__dict__, set(names), set()
        while True:
            more = {i for i, bound in enumerate(self.binds) if bound & wanted} - chosen - self.done
            if not more:
                break
            chosen |= more
            for i in more:
                wanted |= _named(self.statements[i])
        unknown = {n for n in wanted if n not in space and not hasattr(builtins, n)}
        unknown -= set().union(*(self.binds[i] for i in chosen), set())
        if unknown and self.stars:
            chosen |= set(self.stars) - self.done
        self._stand_in(unknown, chosen)
        for i in sorted(chosen):
            self.done.add(i)
            self._run(self.statements[i], self.binds[i])

    def _stand_in(self, unknown, chosen):
        """What no statement binds: modules that everybody means by a name; for bases and decorators stand-ins."""
        space = self.module.__dict__
        needed = set().union(*(_at_definition(self.statements[i]) for i in chosen), set())
        for name in unknown:
            if name in _STANDARD and importlib.util.find_spec(_STANDARD[name].split(".")[0]):
                space[name] = importlib.import_module(_STANDARD[name])
            elif name in KNOWN and name not in ("rand", "randn"):
                space[name] = KNOWN[name]
            elif name in needed or (self.stars and any(self._lost(i) for i in self.stars)):
                space[name] = StandIn(name)

    def _lost(self, i):
        statement = self.statements[i]
        return isinstance(statement, ast.ImportFrom) and isinstance(
            self._find(statement.module or "", statement.level), StandIn
        )

    def _run(self, statement, names):
        space = self.module.__dict__
        code = compile(
            ast.Module([statement], []), str(self.source.path), "exec", __future__.annotations.compiler_flag, True
        )
        try:
            exec(code, space)
        except Undriven:
            raise
        except (Exception, SystemExit) as error:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                raise
            self.failed |= dict.fromkeys(names, error)
            for name in names - {"*"}:
                space.setdefault(name, StandIn(name))

    def imported(self, name, globals=None, locals=None, fromlist=(), level=0):
        """`__import__` for this file."""
        caller = sys._getframe(1)
        module = self._find(name, level)
        if isinstance(module, StandIn):
            if caller.f_lineno in self.guarded and caller.f_code.co_filename == str(self.source.path):
                raise ImportError(f"No module named {name!r}")
            self.missing.add(name.split(".")[0] or str(self.source.path.parent.name))
        elif isinstance(module, Module):
            for wanted in fromlist or ():
                if wanted != "*" and not hasattr(module, wanted):
                    setattr(module, wanted, self._find(f"{name}.{wanted}" if name else wanted, level))
        return module if fromlist or "." not in name else self._top(name, module)

    def _top(self, name, module):
        """What `import a.b` binds: a."""
        first, *between, last = name.split(".")
        top = at = self._find(first, 0)
        for part in between:
            at = getattr(at, part)
        if not isinstance(module, StandIn):
            setattr(at, last, module)
        return top

    def _find(self, name, level):
        return self.finder.find(name, level, self.source.path)


class ModuleFinder:
    """Finds modules for files: their own project's, installed ones, or stand-ins."""

    def __init__(self):
        self.files, self.standins = {}, {}

    def file(self, source):
        if source.path not in self.files:
            self.files[source.path] = File(source, self)
        return self.files[source.path]

    def find(self, name, level, of):
        """The module of a name as a file imports it."""
        parts = [p for p in name.split(".") if p]
        roots = [of.parents[level - 1]] if level else _roots(of)
        if level or parts[0] not in sys.stdlib_module_names | {"numpy", "torch", "jax", "keras", "tensorflow"}:
            for root in roots:
                if (sibling := _sibling(root, parts)) and sibling != of:
                    try:
                        return self.file(read(sibling)).module
                    except Undriven:
                        break
        if not level and parts[0] not in _NEVER:
            module, error = result_or_error(importlib.import_module, name)
            if not error:
                return module
        return self.standins.setdefault((name, level), StandIn(name or "."))


def _roots(path):
    """The folders in which a file's imports may be meant: its own, those above, and a src/ in each."""
    above = list(path.parents)[:4]
    return [folder for root in above for folder in (root, root / "src") if root != Path(root.anchor)]


def _sibling(root, parts):
    at = root.joinpath(*parts)
    for candidate in (at.with_suffix(".py") if parts else None, at / "__init__.py"):
        if candidate and candidate.is_file() and candidate.stat().st_size < 10**6:
            return candidate
    return None


def _silent(*args, **kwargs):
    """`print`, for code whose output is no part of the answer."""


def _no_input(*args):
    raise Undriven("it asks for input() where it should be loaded; there is nobody to answer.")


def _is_main(statement):
    return isinstance(statement, ast.If) and any(
        isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(statement.test)
    )


def _forgives(node):
    return any(
        h.type is None or any(isinstance(n, ast.Name) and n.id in _GUARDS for n in ast.walk(h.type))
        for h in node.handlers
    )


def _bound(statement):
    """The names that a statement at the top of a file binds; none for one that only does something."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        if getattr(statement, "module", None) == "__future__":
            return set()
        return {(a.asname or a.name.split(".")[0]) for a in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    if isinstance(statement, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        return names if getattr(statement, "value", None) is not None else set()
    if isinstance(statement, _COMPOUND):
        inner = [s for block in _blocks(statement) for s in block]
        return set().union(*(_bound(s) for s in inner), set())
    return set()


def _blocks(statement):
    yield getattr(statement, "body", [])
    yield getattr(statement, "orelse", [])
    yield getattr(statement, "finalbody", [])
    for handler in getattr(statement, "handlers", []):
        yield handler.body


def _named(node):
    """Every name that a piece of code reads."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _at_definition(node):
    """The names that defining a class or function needs at once: its bases, decorators and defaults."""
    names = set()
    for n in ast.walk(node):
        if isinstance(n, ast.ClassDef):
            for part in (*n.bases, *n.decorator_list, *(k.value for k in n.keywords)):
                names |= _named(part)
        elif isinstance(n, ast.FunctionDef):
            for part in n.decorator_list:
                names |= _named(part)
    return names
