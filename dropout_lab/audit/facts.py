"""What a layer's code says of itself, read off its syntax tree: attributes, comparisons, keys, constants, words."""

import ast
import io
import re
import tokenize
from dataclasses import dataclass, field

from dropout_lab.audit import vocabulary
from dropout_lab.audit.calling import result_or_error


@dataclass
class Facts:
    """What was read.

    Attributes
    ----------
    read, stored : names of attributes of `self`, in the order in which they appear
    compared : {name: list of expressions that it is compared with}
    keys : {name of a dictionary: list of its keys}
    fields : {name of a parameter: attributes of it that are read}
    numbers : {attribute, or global name: the number that it is set to}
    outside : names of attributes of global names, such as "Config.train"
    globals : names that are defined elsewhere in the file
    tested : names that conditions look at
    text : docstrings, comments and messages
    calls : names of what is called
    """

    read: list = field(default_factory=list)
    stored: list = field(default_factory=list)
    compared: dict = field(default_factory=dict)
    keys: dict = field(default_factory=dict)
    fields: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)
    outside: list = field(default_factory=list)
    globals: list = field(default_factory=list)
    tested: set = field(default_factory=set)
    text: str = ""
    calls: set = field(default_factory=set)

    @property
    def inherited(self):
        """Attributes that are read and that no line of the class sets: its base class or the network does."""
        return [name for name in self.read if name not in self.stored]


def of(nodes, text):
    """The `Facts` of some definitions in a text."""
    facts = Facts()
    for node in nodes:
        facts.text += "\n" + _words(node, text)
        local = {a.arg for n in ast.walk(node) if isinstance(n, (ast.FunctionDef, ast.Lambda)) for a in _arguments(n)}
        local |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        methods = {n.name for n in ast.walk(node) if isinstance(n, ast.FunctionDef)}
        for n in ast.walk(node):
            _look(n, facts, local, methods)
    return facts


def merged(a, b):
    """The `Facts` of two definitions together."""
    return Facts(
        **{
            name: {**one, **other} if isinstance(one, dict) else one | other if isinstance(one, set) else one + other
            for (name, one), other in zip(vars(a).items(), vars(b).values(), strict=True)
        }
    )


def _look(n, facts, local, methods):
    if isinstance(n, (ast.If, ast.IfExp, ast.While, ast.Match, ast.Assert)):
        subject = getattr(n, "test", None) or n.subject
        facts.tested |= {_last(part) for part in ast.walk(subject) if _last(part)}
    if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name):
        if n.value.id == "self":
            names = facts.stored if isinstance(n.ctx, ast.Store) else facts.read
            if n.attr not in names and n.attr not in methods:
                names.append(n.attr)
        elif n.value.id in local:
            facts.fields.setdefault(n.value.id, []).append(n.attr)
        else:
            facts.outside.append(f"{n.value.id}.{n.attr}")
    elif isinstance(n, ast.Attribute) and (path := _path(n)) and path.split(".")[0] not in {*local, "self"}:
        facts.outside.append(path)
    elif isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id not in local:
        facts.globals.append(n.id)
    elif isinstance(n, (ast.Assign, ast.AnnAssign)):
        _assigned(n, facts)
    elif isinstance(n, ast.Compare):
        for one, other in ((n.left, n.comparators[0]), (n.comparators[0], n.left)):
            if (name := _last(one)) and not (isinstance(other, ast.Constant) and other.value is None):
                facts.compared.setdefault(name, []).append(other)
    elif isinstance(n, ast.match_case) and isinstance(n.pattern, ast.MatchValue):
        facts.compared.setdefault("*", []).append(n.pattern.value)
    elif isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant) and isinstance(n.slice.value, str):
        _key(n.value, n.slice.value, facts)
    elif isinstance(n, ast.Call):
        facts.calls.add(getattr(n.func, "attr", getattr(n.func, "id", "")))
        first = n.args[0] if n.args else None
        if (
            isinstance(n.func, ast.Attribute)
            and n.func.attr in ("get", "pop", "setdefault")
            and isinstance(first, ast.Constant)
        ):
            _key(n.func.value, first.value, facts)


def _assigned(n, facts):
    value = n.value
    if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool):
        for target in n.targets if isinstance(n, ast.Assign) else [n.target]:
            if name := _last(target):
                facts.numbers.setdefault(name, value.value)


def _key(node, key, facts):
    if (name := _last(node)) and isinstance(key, str):
        known = facts.keys.setdefault(name, [])
        if key not in known:
            known.append(key)


def _last(node):
    """x of x and of self.x."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else None


def _path(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _arguments(node):
    a = node.args
    return [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]


def _words(node, text):
    """Docstrings and comments of a definition."""
    said = [
        n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str) and " " in n.value
    ]
    lines = text.splitlines(keepends=True)[node.lineno - 1 : node.end_lineno]
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(re.sub(r"^\s+", "", "".join(lines))).readline))
        said += [t.string for t in tokens if t.type == tokenize.COMMENT]
    except (tokenize.TokenError, IndentationError, SyntaxError):
        said += re.findall(r"#.*", "".join(lines))
    return "\n".join(said)


def mode_values(name, facts, namespace, default=None):
    """[(value in training, value at test time)] that a mode of this name may take, the likeliest first.

    What the code compares it with decides; a comparison with `Phase.train` is asked of the file itself.
    """
    means, pairs = vocabulary.mode(name), []
    others = facts.compared.get(name, []) or facts.compared.get("*", [])
    strings = [o.value for o in others if isinstance(o, ast.Constant) and isinstance(o.value, str)]
    if not strings and isinstance(default, str):
        strings = [default]
    train = [s for s in strings if vocabulary.mode(s) == "training"]
    test = [s for s in strings if vocabulary.mode(s) == "testing"]
    if strings:
        pairs.append(((train or ["train"])[0], (test or ["test"])[0]))
        pairs += [(s, "something else") for s in strings if s not in train + test]
    for o in others:
        if isinstance(o, ast.Attribute):
            pairs += _members(o, namespace)
    truth = [(False, True)] if means == "testing" else [(True, False)]
    if means in ("either", None):
        truth.append((False, True))
    if any(isinstance(o, ast.Constant) and type(o.value) is int for o in others):
        truth = [(int(a), int(b)) for a, b in truth]
    return pairs + truth


def _members(node, namespace):
    """The values of `Phase.train` and of the member beside it."""
    owner, error = result_or_error(lambda: eval(compile(ast.Expression(node.value), "<mode>", "eval"), namespace))
    if error or not hasattr(owner, node.attr):
        return []
    value = getattr(owner, node.attr)
    siblings = [n for n in dir(owner) if not n.startswith("_") and n != node.attr]
    opposite = {"training": "testing", "testing": "training"}.get(vocabulary.mode(node.attr))
    other = next((getattr(owner, n) for n in siblings if opposite and vocabulary.mode(n) == opposite), object())
    return [(other, value)] if opposite == "training" else [(value, other)]
