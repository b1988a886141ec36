"""Every small change of a function: operators, comparisons, constants, signs, names, arguments, orders, statements.

`mutants(source, name)` gives one after the other, always the same ones in the same order. A change is known by the line
it changes, before and after, which stays what it is when other lines move.
"""

import ast
import warnings
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from types import CodeType

ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
LOGICAL = (ast.BitAnd, ast.BitOr, ast.BitXor)
ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
OPPOSITES = {
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
SIBLINGS = (
    ("sum", "mean", "max", "min", "prod"),
    ("std", "var", "mean"),
    ("maximum", "minimum", "add"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like", "empty_like"),
    ("exp", "log", "sqrt", "abs"),
    ("random", "standard_normal", "standard_exponential"),
    ("normal", "uniform", "laplace"),
    ("float32", "float64", "float16"),
    ("hstack", "vstack"),
    ("any", "all"),
    ("stack", "concatenate"),
    ("affine_forward", "relu_forward", "dropout_forward"),
    ("affine_backward", "relu_backward", "dropout_backward"),
)
MEASURES = ("shape", "dtype", "size", "ndim")  # the same for an array and its negative
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass(frozen=True)
class Mutant:
    """One change of a function: its line before and after, and the function as code."""

    function: str
    change: str
    code: CodeType


def mutants(source, name):
    """Every mutant of the function of that name, each once: what compiles to the same is the same.

    Where the function has a marked solution only that is changed, else all of its body.
    """
    function = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name)
    names, seen, often = _bound(function), {_essence(_compiled(function))}, {}
    for index in range(_first(function, source), len(function.body)):
        for place in _places(function, "body", index, function.body[index]):
            for replacement in _replacements(place, names):
                before = _line(place.statement)
                place.put(replacement)
                code = _compiled(function)
                if code and (essence := _essence(code)) not in seen:
                    seen.add(essence)
                    after = _line(replacement if place.node is place.statement else place.statement)
                    change = f"{before}  ->  {after if after != before else 'once'}"
                    often[change] = often.get(change, 0) + 1
                    again = f"  ({often[change]})" if often[change] > 1 else ""
                    yield Mutant(name, change + again, code)
                place.put(place.node)


@lru_cache(maxsize=64)
def _module(source):
    return compile(source, "<mutant>", "exec")


def functions_of(source, *changed):
    """What a module defines, by name, with some of its functions replaced by mutants."""
    namespace = {"__name__": "mutant"}
    for code in (_module(source), *(mutant.code for mutant in changed)):
        exec(code, namespace)
    return namespace


@dataclass(frozen=True)
class _Place:
    """Where a node stands: in which field of which node, and in which statement."""

    holder: ast.AST
    field: str
    index: int | None
    node: ast.AST
    statement: ast.stmt

    def put(self, node):
        """Put another node there."""
        if self.index is None:
            setattr(self.holder, self.field, node)
        else:
            getattr(self.holder, self.field)[self.index] = node

    @property
    def has_no_sign(self):
        """A function, an array whose shape alone is asked for, a condition: the negative is the same, or nothing."""
        return (
            (isinstance(self.holder, ast.Call) and self.field == "func")
            or (isinstance(self.holder, ast.Attribute) and self.holder.attr in MEASURES)
            or isinstance(self.holder, ast.BoolOp)
            or (isinstance(self.holder, ast.UnaryOp) and isinstance(self.holder.op, ast.Not))
            or self.field == "test"
        )


def _places(holder, field, index, node, statement=None):
    statement = node if isinstance(node, ast.stmt) else statement
    yield _Place(holder, field, index, node, statement)
    for name, value in list(ast.iter_fields(node)):
        for at, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST):
                yield from _places(node, name, at, child, statement)


def _first(function, source):
    """The first statement that is a student's to write: after the docstring, and after the mark."""
    lines = source.splitlines()
    marks = [n for n in range(function.lineno, function.end_lineno) if lines[n - 1].strip() == BEGIN]
    written = [i for i, s in enumerate(function.body) if not marks or s.lineno > marks[0]]
    return max(written[0], 1 if ast.get_docstring(function) else 0)


def _bound(function):
    """The names that a function binds: its arguments, and whatever it assigns."""
    arguments = [a.arg for a in ast.walk(function.args) if isinstance(a, ast.arg)]
    assigned = [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(arguments + assigned))


def _line(node):
    """A statement as text; of a compound one, the line that opens it."""
    return "(left out)" if isinstance(node, ast.Pass) else ast.unparse(node).splitlines()[0]


def _compiled(function):
    """The function as code; None if it does not compile."""
    module = ast.fix_missing_locations(ast.Module([function], []))
    with warnings.catch_warnings(action="ignore"):
        try:
            return compile(module, "<mutant>", "exec")
        except (SyntaxError, ValueError, TypeError):
            return None


def _essence(code):
    """What code does, without where it stands."""
    constants = tuple(_essence(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts)
    return code.co_code, constants, code.co_names, code.co_varnames, code.co_freevars


def _replacements(place, names):
    """What may stand in a node's place."""
    node = place.node
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, (ast.operator, ast.unaryop, ast.cmpop, ast.boolop)):
        yield from _operators(node)
    elif isinstance(node, ast.Constant):
        yield from map(ast.Constant, _constants(node.value, place))
    elif isinstance(node, ast.expr) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        yield from _parts(node)
        yield from _names(node, place, names)
        if isinstance(node, (ast.BinOp, ast.Name, ast.Call, ast.Subscript, ast.Attribute)):
            if not place.has_no_sign and not (isinstance(node, ast.Name) and node.id not in names):
                yield ast.UnaryOp(ast.USub(), node)


def _statements(node):
    """Left out; a loop that ends after its first round; a condition that is always or never met."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.Expr, ast.Return, ast.If, ast.For, ast.While, ast.Raise)):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value)
    if isinstance(node, ast.For):
        yield ast.For(node.target, node.iter, [*node.body, ast.Break()], node.orelse)
    if isinstance(node, ast.If):
        yield from (ast.If(test, node.body, node.orelse) for test in _tests(node.test))


def _tests(test):
    return ast.Constant(True), ast.Constant(False), ast.UnaryOp(ast.Not(), test)


def _operators(node):
    for family in (ARITHMETIC, LOGICAL, ORDERS):
        if isinstance(node, family):
            yield from (other() for other in family if not isinstance(node, other))
    if type(node) in OPPOSITES:
        yield OPPOSITES[type(node)]()
    if isinstance(node, ast.USub):
        yield ast.UAdd()


def _constants(value, place):
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        axis = isinstance(place.holder, ast.keyword) and place.holder.arg == "axis"
        others = (value + 1, value - 1, -value, 2 * value, 0, 1, 0.5 * value, None if axis else 0)
        yield from (v for i, v in enumerate(others) if v != value and v not in others[:i])
    elif value is None:
        yield 0
    elif isinstance(value, str):
        yield {"W": "b", "b": "W"}.get(value, "")


def _names(node, place, names):
    """Another name in scope; another function of the kind."""
    if isinstance(node, ast.Name) and node.id in names:
        yield from (ast.Name(other, ast.Load()) for other in names if other != node.id)
    called = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
    for family in SIBLINGS:
        if called in family and called not in names:
            for other in family:
                if other != called:
                    same = isinstance(node, ast.Name)
                    yield ast.Name(other, ast.Load()) if same else ast.Attribute(node.value, other, ast.Load())


def _parts(node):
    """A node without some of its parts, or with two of them changed over."""
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
        if not isinstance(node.op, (ast.Add, ast.Mult)):  # of arrays these two are the same either way
            yield ast.BinOp(node.right, node.op, node.left)
        if isinstance(node.op, ast.MatMult):
            for turned in (node.left, node.right):
                flipped = ast.Attribute(turned, "T", ast.Load())
                yield ast.BinOp(
                    *((flipped, node.op, node.right) if turned is node.left else (node.left, node.op, flipped))
                )
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.BoolOp):
        yield from node.values
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse, ast.IfExp(node.test, node.orelse, node.body))
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    elif isinstance(node, ast.Subscript):
        yield node.value
    elif isinstance(node, (ast.Tuple, ast.List)):
        yield from (type(node)(elements, ast.Load()) for elements in _shorter_or_swapped(node.elts))
    elif isinstance(node, ast.Dict):
        pairs = list(zip(node.keys, node.values, strict=True))
        yield from (ast.Dict(*map(list, zip(*kept, strict=True))) for kept in _shorter_or_swapped(pairs) if kept)
    elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
        loop = node.generators[0]
        turned = ast.Call(
            ast.Name("reversed", ast.Load()), [ast.Call(ast.Name("list", ast.Load()), [loop.iter], [])], []
        )
        for iterated, tests in ((turned, loop.ifs), *((loop.iter, []) for _ in loop.ifs)):
            other = ast.comprehension(loop.target, iterated, tests, 0)
            whole = {**dict(ast.iter_fields(node)), "generators": [other, *node.generators[1:]]}
            yield type(node)(**whole)
    elif isinstance(node, ast.Slice):
        yield from (ast.Slice(None, node.upper, node.step), ast.Slice(node.lower, None, node.step))
        yield ast.Slice(node.lower, node.upper, None)
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _calls(node):
    """A call's receiver or argument alone; an argument or a keyword left out; two arguments changed over."""
    if isinstance(node.func, ast.Attribute) and not isinstance(node.func.value, ast.Name | ast.Attribute):
        yield node.func.value
    elif (isinstance(node.func, ast.Attribute) and not node.args) or (
        isinstance(node.func, ast.Attribute) and node.func.attr == "astype"
    ):
        yield node.func.value
    yield from (a for a in node.args if not isinstance(a, ast.Starred))
    for arguments in _shorter_or_swapped(node.args):
        yield ast.Call(node.func, arguments, node.keywords)
    for i in range(len(node.keywords)):
        yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])


def _shorter_or_swapped(things):
    for i in range(len(things)):
        yield [*things[:i], *things[i + 1 :]]
    for i, j in combinations(range(len(things)), 2):
        swapped = list(things)
        swapped[i], swapped[j] = things[j], things[i]
        yield swapped
