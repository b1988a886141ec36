"""The house keeps its law: imports run one way and in no circle, and the linter has nothing to say."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter

import pytest

from conftest import ROOT
from dropout_lab.checks.exercises import MODULES
from submissions import write

FIRST = ("layers", "gradcheck", "dropout", "training", "network")

# From the top down: what stands in a line may import what stands in the lines below it, and nothing else of the house.
LAW = (
    ("dropout_lab.__main__",),
    ("dropout_lab.cli",),
    ("dropout_lab.instructor.commands",),
    ("dropout_lab.instructor.autograder",),
    ("dropout_lab.instructor.gradebooks",),
    ("dropout_lab.instructor.feedback",),
    ("dropout_lab.instructor.grading", "dropout_lab.instructor.publishing"),
    tuple(f"dropout_lab.instructor.{shared}" for shared in ("markers", "selection", "escaping")),
    ("dropout_lab.instructor",),
    ("dropout_lab.lab",),
    ("dropout_lab.audit",),
    ("dropout_lab.checks",),
    tuple(f"dropout_lab.{name}" for name in MODULES if name not in FIRST),
    ("dropout_lab.network",),
    tuple(f"dropout_lab.{name}" for name in FIRST if name != "network"),
    ("dropout_lab.system",),
    ("dropout_lab",),
)
ALONE = {"numpy", "itertools"}  # all that a student's module may import besides the others


def imports(root):
    """{module: what it imports}, with the imports inside functions."""
    paths = {_name(path.relative_to(root)): path for path in (root / "dropout_lab").rglob("*.py")}
    return {name: named(path.read_text("utf-8"), paths) for name, path in paths.items()}


def named(source, modules):
    """What a module's text imports; `from package import module` means the module."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {full if full in modules else node.module for full in whole}
    return found


def _name(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _line(name):
    """Which line of the law a module stands in: the one that names it, or the nearest folder around it."""
    around = [
        (len(room), line, room) for line, rooms in enumerate(LAW) for room in rooms if f"{name}.".startswith(f"{room}.")
    ]
    return max(around)[1:]


def breaches(found):
    """The imports that run up, or across in one line, as `importer -> imported`."""
    pairs = [(name, other) for name, named in found.items() for other in named if other.split(".")[0] == "dropout_lab"]
    return [
        f"{name} -> {other}"
        for name, other in pairs
        if _line(name)[1] != _line(other)[1] and _line(name)[0] >= _line(other)[0]
    ]


def circle(found):
    """Modules that import each other in a ring, if there are any."""
    try:
        TopologicalSorter(found).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def shared_names(root):
    """{name of a class: the modules that define it}, where there are several. There may be many a `Dropout`."""
    found = defaultdict(set)
    for path in (root / "dropout_lab").rglob("*.py"):
        if "mistakes" not in path.parts:  # each is somebody's own layer, as they wrote it
            for name in re.findall(r"^ *class (\w+)", path.read_text("utf-8"), flags=re.M):
                found[name].add(_name(path.relative_to(root)))
    found.pop("Dropout", None)
    return {name: sorted(modules) for name, modules in found.items() if len(modules) > 1}


def reached_too_far(found):
    """What students' modules import that is neither NumPy nor another one of them."""
    own = {f"dropout_lab.{name}" for name in MODULES}
    return {(name, other) for name in own for other in found[name] - own - ALONE}


@pytest.fixture(scope="module")
def found():
    return imports(ROOT)


def test_imports_run_one_way(found):
    assert breaches(found) == []


def test_no_modules_import_each_other_in_a_ring(found):
    assert circle(found) == []


def test_students_modules_import_numpy_and_each_other_alone(found):
    assert reached_too_far(found) == set()


def test_no_two_classes_share_a_name(tmp_path):
    assert shared_names(ROOT) == {}
    write(tmp_path / "dropout_lab", {"a.py": "class Card: pass", "b.py": "def f():\n    class Card: pass"})
    assert shared_names(tmp_path) == {"Card": ["dropout_lab.a", "dropout_lab.b"]}


@pytest.mark.parametrize(
    ("where", "line"),
    [
        ("checks/chance.py", "from dropout_lab.lab import plots"),
        ("lab/plots.py", "def late():\n    from dropout_lab.cli import app"),
        ("instructor/grading/grade.py", "import dropout_lab.instructor.publishing.release"),
        ("instructor/grading/grade.py", "from dropout_lab.instructor.feedback.cards import as_html"),
        ("instructor/escaping.py", "from dropout_lab.instructor.grading import batch"),
        ("system/files.py", "from dropout_lab import layers"),
        ("layers.py", "from dropout_lab import network"),
        ("dropout.py", "from dropout_lab import layers"),
    ],
)
def test_an_import_against_the_law_is_found(found, where, line):
    name = f"dropout_lab.{where.removesuffix('.py').replace('/', '.')}"
    planted = {**found, name: found[name] | named(line, found)}
    (breach,) = breaches(planted)
    assert breach.startswith(f"{name} -> ")


def test_the_completed_modules_keep_the_law_too(found):
    completed = {**found, **imports(ROOT / "solutions")}
    assert breaches(completed) == circle(completed) == []
    assert reached_too_far(completed) == set()


def test_a_ring_and_a_student_who_reaches_too_far_are_found(found):
    ring = {"dropout_lab.a": {"dropout_lab.b"}, "dropout_lab.b": {"dropout_lab.a"}}
    assert set(circle(ring)) == set(ring)
    layers = "dropout_lab.layers"
    assert reached_too_far({**found, layers: found[layers] | {"scipy"}}) == {("dropout_lab.layers", "scipy")}


@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=" ".join)
def test_ruff_has_nothing_to_say(arguments):
    run = subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "."], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert run.returncode == 0, run.stdout + run.stderr


ARRAYS = {"x", "dout", "scores", "dscores"}
SHAPE = re.compile(r"\(([A-Z]|\.\.\.|pixels|points|size)\w*,[^()]*\)|\bshape\b|\bfloats?\b|\blike x\b")


def without_a_shape(source):
    """The public functions and methods of a text whose docstring takes an array and says nothing of its shape."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith(("_", "draw_")):  # draw_x is as plot_x
            said = ast.get_docstring(node)
            if said and ARRAYS & {a.arg for a in (*node.args.args, *node.args.kwonlyargs)} and not SHAPE.search(said):
                yield node.name


def test_who_takes_an_array_says_its_shape():
    """Known mistakes are exempt: they have the signature of their exercise."""
    found = {
        f"{path.relative_to(ROOT / 'dropout_lab')}: {name}"
        for wing in ("lab", "checks", "audit", ".")
        for path in (ROOT / "dropout_lab" / wing).glob("*.py" if wing == "." else "**/*.py")
        if "mistakes" not in path.parts
        for name in without_a_shape(path.read_text("utf-8"))
    }
    one_number = {"checks/words.py: number", "checks/probes/dropout_masks.py: times", "lab/plots.py: label_end"}
    any_kind = {"lab/show.py: rounded", "lab/figures/training.py: plot_sweep"}  # x is what to print, or a column's name
    assert found == one_number | any_kind


@pytest.mark.parametrize(
    ("said", "found"), [("The norm of x.", ["norm"]), ("The norm of x (N, D).", []), ("The norm, any shape.", [])]
)
def test_a_shape_that_is_missing_is_found(said, found):
    assert list(without_a_shape(f'def norm(x):\n    """{said}"""\n')) == found
