"""A saved edit counts wherever an old version hides, and a save that cannot be loaded costs nothing."""

import importlib
import os
import sys

import pytest

import dropout_lab
from dropout_lab.checks import rebinding, reloading

MENDED = "Until this is mended and saved, the version before it counts."


class Desk:
    """Modules that a student writes beside those of the course, and a notebook that uses them."""

    def __init__(self, folder):
        self.folder, self.names = folder, {"__name__": "notebook"}

    def save(self, name, text):
        (self.folder / f"{name}.py").write_text(text, "utf-8")

    def cell(self, source):
        """What a cell does: what changed is loaded again, then it runs."""
        self.remarks = reloading.refresh()
        exec(source, self.names)

    def __getitem__(self, expression):
        return eval(expression, self.names)


@pytest.fixture
def desk(tmp_path, monkeypatch):
    folder = tmp_path / "dropout_lab"
    folder.mkdir()
    desk = Desk(folder)
    monkeypatch.setattr(dropout_lab, "__path__", [*dropout_lab.__path__, str(folder)])
    monkeypatch.setattr(rebinding, "_notebook", lambda: desk.names)
    reloading.refresh()
    yield desk
    for name in [n for n, m in sys.modules.items() if getattr(m, "__file__", None) and str(tmp_path) in m.__file__]:
        del sys.modules[name]
        delattr(dropout_lab, name.partition(".")[2])
    reloading.refresh()


HOLDERS = """
import functools
from types import SimpleNamespace
import dropout_lab.mine, dropout_lab.mine as module
from dropout_lab import mine
from dropout_lab.mine import f
from dropout_lab.mine import f as g
from dropout_lab.mine import *
table, rows, pair = {"f": f}, [f, [f]], (f, 1)
part, deep = functools.partial(f), functools.partial(map, lambda _, g=f: g())
def asked(x=f): return x()
def lesson(): return f()
def enclosing(inner=None):
    inner = f
    return lambda: inner()
closed, away = enclosing(), SimpleNamespace(f=f)
"""
HELD = """
f() g() module.f() mine.f() dropout_lab.mine.f() table['f']() rows[0]() rows[1][0]() pair[0]() part()
next(deep([None])) asked() lesson() closed() away.f()
""".split()


def shown(desk):
    return {desk[expression] for expression in HELD}


def test_every_save_counts_wherever_a_function_is_held(desk):
    desk.save("mine", "def f(): return 0\n")
    desk.cell(HOLDERS)
    for version in range(1, 5):
        desk.save("mine", f"def f(): return {version}\n")
        desk.cell("")
        assert shown(desk) == {version}


def test_a_function_that_is_decorated_and_then_is_not_counts_too(desk):
    plain = "def f(): return 0\n"
    decorated = "from functools import cache\n@cache\ndef f(): return 1\n"
    wrapped = "from functools import wraps\ndef twice(g):\n    @wraps(g)\n    def h(): return 2 * g()\n    return h\n"
    desk.save("mine", plain)
    desk.cell(HOLDERS.replace(", away = enclosing(), SimpleNamespace(f=f)", " = enclosing()"))
    for text, value in ((decorated, 1), (wrapped + "@twice\ndef f(): return 1\n", 2), (plain, 0), (decorated, 1)):
        desk.save("mine", text)
        desk.cell("")
        assert {desk[e] for e in HELD if e != "away.f()"} == {value}


def test_a_function_that_moves_to_another_file_is_followed_there(desk):
    desk.save("mine", "def f(): return 0\n")
    desk.cell(HOLDERS)
    desk.save("other", "def f(): return 1\n")
    desk.save("mine", "from dropout_lab.other import f\n")
    desk.cell("")
    assert desk["f() + g() + lesson() + table['f']()"] == 4
    desk.save("other", "def f(): return 2\n")
    desk.cell("")
    assert desk["f() + g() + lesson() + table['f']()"] == 8


CLASS = """
class Layer:
    def __init__(self): super().__init__(); self.made_by = {0}
    def forward(self): return {0}
    @property
    def p(self): return {0}
    @classmethod
    def kind(cls): return {0}
DEFAULT = Layer()
"""


def test_objects_and_subclasses_of_a_class_follow_it(desk):
    desk.save("mine", CLASS.replace("{0}", "0"))
    desk.cell("from dropout_lab.mine import DEFAULT, Layer\nlayer, forward = Layer(), Layer().forward")
    desk.cell(
        "class Deeper(Layer):\n    def forward(self): return super().forward()\ndeeper, kinds = Deeper(), [Layer]"
    )
    for version in (1, 2):
        desk.save("mine", CLASS.replace("{0}", str(version)))
        desk.cell("")
        seen = "layer.forward(), layer.p, forward(), deeper.forward(), deeper.p, Layer.kind(), Layer().made_by"
        assert set(desk[seen]) == {version}
        assert desk["isinstance(layer, Layer) and isinstance(deeper, Layer) and isinstance(DEFAULT, Layer)"]
        assert desk["kinds[0] is Layer and DEFAULT.made_by"] == version


def test_constants_follow_and_what_only_looks_like_them_stays(desk):
    desk.save("mine", "import numpy as np\nLIMIT = 3\nEPS, ACT, TABLE = 1e-3, np.tanh, [1]\n")
    desk.cell("from dropout_lab.mine import ACT, EPS, LIMIT, TABLE\nfrom numpy import tanh\nthree, names = 3, TABLE")
    desk.save("mine", "import numpy as np\nLIMIT = 4\nEPS, ACT, TABLE = 1e-4, np.sign, [2]\n")
    desk.cell("")
    assert desk["LIMIT, EPS, ACT.__name__, TABLE, names"] == (4, 1e-4, "sign", [2], [2])
    assert desk["three, tanh.__name__"] == (3, "tanh")


def test_a_name_that_a_cell_has_used_for_something_else_stays(desk):
    desk.save("mine", "LIMIT = 3\ndef f(): return 0\n")
    desk.cell("from dropout_lab.mine import LIMIT, f\nLIMIT, f = 2.5, len")
    desk.save("mine", "LIMIT = 4\ndef f(): return 1\n")
    desk.cell("")
    assert desk["LIMIT, f"] == (2.5, len)


def test_what_imports_from_a_changed_file_runs_again_after_it(desk):
    desk.save("zero", "UNIT = 1\n")
    desk.save("middle", "from .zero import UNIT\nDOUBLE = 2 * UNIT\n")
    desk.save(
        "alpha", "from dropout_lab import middle\nfrom dropout_lab.zero import UNIT as u\ntotal = u + middle.DOUBLE\n"
    )
    desk.cell("from dropout_lab.alpha import total")
    desk.save("zero", "UNIT = 10\n")
    desk.cell("")
    assert desk["total"] == 30


def test_files_that_import_each_other_do_no_harm(desk):
    desk.save("one", "def f(): return 1\nfrom dropout_lab.two import g\n")
    desk.save("two", "import dropout_lab.one\ndef g(): return dropout_lab.one.f()\n")
    desk.cell("from dropout_lab.one import f, g")
    desk.save("one", "def f(): return 2\nfrom dropout_lab.two import g\n")
    desk.cell("")
    assert desk["f(), g()"] == (2, 2)


def test_an_edit_of_the_same_size_at_the_same_time_counts(desk):
    desk.save("mine", "def f(): return 1\n")
    desk.cell("from dropout_lab.mine import f")
    before = (desk.folder / "mine.py").stat()
    desk.save("mine", "def f(): return 2\n")
    os.utime(desk.folder / "mine.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    desk.cell("")
    assert desk["f()"] == 2


def test_bytecode_is_neither_written_nor_believed(desk):
    desk.save("mine", "def f(): return 1\n")
    stale = importlib.util.cache_from_source(str(desk.folder / "mine.py"))
    os.mkdir(os.path.dirname(stale))
    with open(stale, "wb") as stream:  # of the same second and size, as Python would judge it
        info = (desk.folder / "mine.py").stat()
        stamp = int(info.st_mtime).to_bytes(4, "little") + info.st_size.to_bytes(4, "little")
        stream.write(importlib.util.MAGIC_NUMBER + bytes(4) + stamp + b"not to be read")
    desk.cell("from dropout_lab.mine import f")
    assert desk["f()"] == 1
    assert open(stale, "rb").read().endswith(b"not to be read")


BROKEN = {
    "def f(): return (2\n": "line 1: '(' was never closed.",
    "def f(): return 2\nEPS = 2\n1 / 0\n": "line 3: it raised ZeroDivisionError: division by zero. `1 / 0`",
    "EPS = 2\nraise SystemExit('no')\n": "line 2: it raised SystemExit: no. `raise SystemExit('no')`",
    "def f(): return 2\nimport hm\n": "line 2: it raised ModuleNotFoundError: No module named 'hm'. `import hm`",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_does_not_load_is_said_and_the_version_before_stays_whole(desk, text):
    good = "EPS = 1\ndef f(): return EPS\n"
    desk.save("mine", good)
    desk.cell("from dropout_lab.mine import EPS, f\nfrom dropout_lab import mine")
    names = dict(vars(desk["mine"]))
    for _ in range(2):  # as long as it is so
        desk.save("mine", text)
        desk.cell("")
        assert desk.remarks == [f"dropout_lab/mine.py, {BROKEN[text]} {MENDED}"]
        assert desk["f(), EPS, mine.f()"] == (1, 1, 1)
        assert vars(desk["mine"]).keys() == names.keys()
    desk.save("mine", good.replace("1", "3"))
    desk.cell("")
    assert (desk.remarks, desk["f(), EPS, mine.f()"]) == ([], (3, 3, 3))


def test_a_file_that_is_gone_is_said_until_it_is_back(desk):
    desk.save("mine", "def f(): return 1\n")
    desk.cell("from dropout_lab.mine import f")
    (desk.folder / "mine.py").rename(desk.folder / "elsewhere.py")
    desk.cell("")
    assert desk.remarks == [f"dropout_lab/mine.py is gone. {MENDED}"]
    assert desk["f()"] == 1
    (desk.folder / "elsewhere.py").rename(desk.folder / "mine.py")
    desk.cell("")
    assert desk.remarks == []
    desk.save("mine", "def f(): return 2\n")
    desk.cell("")
    assert desk["f()"] == 2


def test_a_function_that_is_renamed_is_said_once_and_followed_when_it_is_back(desk):
    desk.save("mine", "def f(): return 1\n")
    desk.save("user", "from dropout_lab.mine import f\ndef g(): return f()\n")
    desk.cell("from dropout_lab.mine import f\nfrom dropout_lab.user import g")
    desk.save("mine", "def h(): return 2\n")
    desk.cell("")
    importer, lost = desk.remarks
    assert importer == (
        "dropout_lab/user.py, line 1: it raised ImportError: cannot import name 'f' from 'dropout_lab.mine'."
        f" `from dropout_lab.mine import f` {MENDED}"
    )
    assert lost == "`f` is no longer in dropout_lab/mine.py. Where this notebook uses it, the version before it counts."
    assert desk["f(), g()"] == (1, 1)
    desk.cell("")
    assert desk.remarks == [importer]
    desk.save("mine", "def f(): return 3\n")
    desk.cell("")
    assert (desk.remarks, desk["f(), g()"]) == ([], (3, 3))


def test_a_module_that_is_reloaded_by_hand_is_followed_as_well(desk):
    desk.save("mine", "def f(): return 1\n")
    desk.cell("import dropout_lab.mine\nfrom dropout_lab.mine import f")
    desk.save("mine", "def f(): return 2\n")
    importlib.reload(desk["dropout_lab.mine"])
    assert desk["f()"] == 2
