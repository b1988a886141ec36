"""How a student's module is loaded: from its source, as a whole or not at all.

Bytecode is neither read nor written: it knows whole seconds and sizes only, while edits come faster, and its folder may
belong to somebody else. A module that does not load when it is loaded again stays as it was, down to its last name.
"""

import ast
import linecache
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import decode_source, resolve_name
from types import ModuleType

from dropout_lab.checks.rebinding import follow

OURS = ("__main__", "audit", "checks", "cli", "instructor", "lab", "system")  # the rest of dropout_lab is a student's


@dataclass(frozen=True)
class Version:
    """What is in force of a module: its text, the students' modules that it imports, the names that imports bind."""

    source: bytes
    needs: frozenset[str]
    imported: frozenset[str]


in_force = {}  # name of a module -> its Version


def is_students(name):
    """Whether a module, by its full name, is one that a student writes: of the course, or beside it."""
    package, _, rest = name.partition(".")
    return package == "dropout_lab" and bool(rest) and rest.split(".")[0] not in OURS


class Loader(SourceFileLoader):
    """Loads one student's module; `source` is the text that it last ran, or tried to."""

    source = None

    def get_code(self, name):
        self.source = self.get_data(self.path)
        return self.source_to_code(self.source, self.path)

    def exec_module(self, module):
        names = vars(module)
        before = dict(names)
        try:
            code = self.get_code(module.__name__)
            for name in [n for n in names if not n.startswith("__") and not _is_inside(module, n)]:
                del names[name]
            remember_lines(self.path, self.source)
            exec(code, names)
        except BaseException:
            names.clear()
            names.update(before)
            raise
        version = in_force[module.__name__] = _version(self.source, module.__package__)
        follow(module, version.imported)


class Finder:
    """Finds what Python's own finder finds, and has students' modules loaded by `Loader`."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        spec = PathFinder.find_spec(name, path, target) if is_students(name) else None
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = Loader(spec.loader.name, spec.loader.path)
            spec.cached = None
        return spec


def remember_lines(path, source):
    """Let tracebacks show the lines that run, which need not be those on disk."""
    lines = decode_source(source).splitlines(keepends=True)
    linecache.cache[path] = (len(source), None, lines, path)  # None: not to be compared with the file


def _is_inside(package, name):
    """Whether a name of a package stands for one of its own modules."""
    value = vars(package)[name]
    return isinstance(value, ModuleType) and value.__name__ == f"{package.__name__}.{name}"


def _version(source, package):
    needs, imported = set(), set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            needs.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module
            needs.update((origin, *(f"{origin}.{alias.name}" for alias in node.names)))
        else:
            continue
        imported.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
    return Version(source, frozenset(filter(is_students, needs)), frozenset(imported))


def _adopt(module):
    """Take a module as it stands that was loaded before anybody asked for it to be loaded so."""
    loader = Loader(module.__name__, module.__file__)
    try:
        loader.source = loader.get_data(loader.path)
        in_force[module.__name__] = _version(loader.source, module.__package__)
    except (OSError, SyntaxError, ValueError):  # saved anew since it was loaded; the first `refresh` will say so
        in_force[module.__name__] = Version(b"", frozenset(), frozenset())
    module.__loader__ = module.__spec__.loader = loader
    follow(module, in_force[module.__name__].imported)


def _install():
    sys.meta_path.insert(0, Finder)
    for name, module in list(sys.modules.items()):
        if is_students(name) and isinstance(getattr(module, "__loader__", None), SourceFileLoader):
            _adopt(module)


_install()
