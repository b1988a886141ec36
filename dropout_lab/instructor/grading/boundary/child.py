"""What a copy of the zygote does for one submission. Nothing that it says is believed.

It is sent the text of the modules, runs them as the package `dropout_lab`, and answers call after call. It
knows neither inputs in advance nor what would be right. Caches stay here, under numbers that the judge gives out.
Arrays among the arguments lie in memory that the judge sees too: what becomes of them it sees for itself.
"""

import standins

standins.take_the_place_of_files()

import builtins
import importlib.machinery
import importlib.util
import os
import sys
import warnings

import numpy as np
import wire

PACKAGE = "dropout_lab"
IDLE = ("matplotlib", "IPython")  # left over from looking at things; no function needs them, and they start slowly
_PARTS = ("calls", "child", "confine", "standins", "wire")


def run(channel, shared, in_force, house):
    """Say what is in force, then answer until the judge hangs up.

    Parameters
    ----------
    channel : descriptor
    shared : memory that the judge writes arguments into
    in_force : set of names
    house : names of what is in our package beside the six modules
    """
    server = Server(wire.Channel(channel, shared), shared, Package(house))
    server.say({"ready": sorted(in_force)})
    for name in (*_PARTS, "__main__"):
        sys.modules.pop(name, None)
    standins.take_the_place_of_the_terminal(lambda count: server.say({"note": "printed", "count": count}))
    if "processes" in in_force:
        standins.refuse_in_words()
    while True:
        server.serve(*server.hear())


class Server:
    """What answers the judge: requests in, results out. In the middle of one the judge's functions may be called."""

    def __init__(self, channel, shared, package):
        self.channel, self.shared, self.package, self.kept = channel, shared, package, {}
        self.lent, self.asked = {}, None  # functions of the submission that the judge may call; what is being answered

    def hear(self):
        try:
            return self.channel.receive()
        except wire.Closed:
            os._exit(0)

    def say(self, header, arrays=()):
        try:
            self.channel.send(header, arrays)
        except wire.Closed:
            os._exit(0)

    def serve(self, request, body):
        before, self.asked = self.asked, request["n"]
        if request["do"] == "call":
            header, arrays = self.call(request, body)
        elif request["do"] == "apply":
            header, arrays = self.apply(request, body)
        else:
            failed = self.package.load(request["modules"], body, self.say, self.neighbour)
            header, arrays = {"failed": failed}, ()
        self.asked = before
        self.channel.later({**header, "n": request["n"]}, arrays)

    def call(self, request, body):
        """Run a function of the submission; its result, or what it raised, and what it did to its arguments."""
        if request["fresh"]:
            self.kept.clear()
            self.channel.share()
            self.lent.clear()
        special = {
            "handle": lambda token: self.kept[token["id"]],
            "function": lambda token: self.function(token["id"], request["n"]),
        }
        reader = wire.Reader(body, special, self.shared)
        args, options = reader.value(request["args"]), reader.value(request["options"])
        named = {**dict(zip(map(str, range(len(args))), args, strict=True)), **options}
        before = {name: _shape(thing) for name, thing in named.items()}
        writer = wire.Writer()
        try:
            function = self.package.find(request["module"], request["function"])
            np.seterr(all="ignore")  # at each call, as in a lesson, whatever the modules have set
            warnings.simplefilter("ignore")
            result = function(*args, **options)
            header = {"value": self.result(result, request["keep"], writer)}
        except wire.TooLarge as large:
            writer = wire.Writer()
            header = {"raised": "ValueError", "message": f"it returned {large}, far more than any answer has"}
        except BaseException as error:  # noqa: BLE001 - a submission raises anything
            writer, header = wire.Writer(), self.package.raised(error, request["module"])
        try:
            changed = {name: writer.token(thing) for name, thing in named.items() if _shape(thing) != before[name]}
        except (wire.TooLarge, RecursionError):
            return {"raised": "ValueError", "message": "it made one of its arguments far larger"}, ()
        return {**header, "changed": changed}, writer.arrays

    def result(self, result, number, writer):
        """The token of a result; the second of two values stays here where the judge has given it a number."""
        if number is None or not isinstance(result, (tuple, list)) or len(result) != 2:
            return writer.token(result)
        self.kept[number] = result[1]
        return {"k": "tuple", "v": [writer.token(result[0]), {"k": "kept"}]}

    def apply(self, request, body):
        """Run a function that the submission passed to one of the judge's."""
        writer = wire.Writer()
        try:
            return {"value": writer.token(self.lent[request["id"]](*wire.Reader(body).value(request["args"])))}, (
                writer.arrays
            )
        except BaseException as error:  # noqa: BLE001 - a submission raises anything
            return self.package.raised(error), ()

    def function(self, number, asked):
        """A function of the judge, to be called from here."""

        def function(*args):
            return self.ask({"callback": number, "n": asked}, wire.Writer(), args)

        return function

    def neighbour(self, name):
        """A right function of the judge's in place of one of the submission: it is run over there."""

        def function(*args, **options):
            return self.ask({"neighbour": name, "n": self.asked}, wire.Writer(self.lend), args, options)

        function.__name__ = name
        return function

    def lend(self, thing):
        """The token of a function of the submission."""
        if not callable(thing):
            return None
        self.lent[len(self.lent)] = thing
        return {"k": "lent", "id": len(self.lent) - 1}

    def ask(self, header, writer, args, options={}):
        """What a function of the judge gives; meanwhile the judge may ask in its turn."""
        try:
            header = {**header, "args": writer.token(args), "options": writer.token(options)}
        except wire.TooLarge as large:
            raise ValueError(f"{header.get('neighbour', 'f')} was called with {large}") from None
        self.say(header, writer.arrays)
        while True:
            request, body = self.hear()
            if request["do"] == "result":
                break
            self.serve(request, body)
        if "raised" in request:
            kind = getattr(builtins, request["raised"], None)
            known = isinstance(kind, type) and issubclass(kind, Exception)
            raise (kind if known else RuntimeError)(request["message"])
        for thing, token in zip((*args, *options.values()), request.get("states", ()), strict=False):
            if token is not None:
                thing.bit_generator.state = token["state"]
        return wire.Reader(body).value(request["value"])


def _shape(thing):
    """What of an argument is not seen in the shared memory: its form, and what hangs on it. None if it has none."""
    if isinstance(thing, np.ndarray):
        seen = thing.base is not None or not thing.flags.owndata
        return _Same(thing), thing.shape, thing.dtype.str, None if seen else thing.tobytes()
    if isinstance(thing, np.random.Generator):
        seeds = thing.bit_generator.seed_seq
        return thing.bit_generator.state, getattr(seeds, "n_children_spawned", None)
    if isinstance(thing, dict):
        return [(name, _shape(value)) for name, value in thing.items()]
    return [_shape(value) for value in thing] if isinstance(thing, (list, tuple)) else None


class _Same:
    """Equal for one and the same object only, which it keeps alive: a number of an object would be given again."""

    def __init__(self, thing):
        self.thing = thing

    def __eq__(self, other):
        return self.thing is other.thing


class Package:
    """The modules of a submission, found as `dropout_lab.NAME`: its own, and placeholders for ours and for plotting."""

    def __init__(self, house):
        self.house = {*house, ""}
        self.texts, self.programs, self.unusable = {}, {}, {}  # by module: bytes, code, (kind, sentence)

    def load(self, modules, body, say, neighbour):
        """Take the texts, run the six modules in their order, and say of each before it runs.

        modules : [{"name", "size", "helps", "unusable": (kind, sentence) or None, "neighbours"}, ...], the last the
            names of functions in whose place those stand that neighbour(name) gives
        Returns {name: what was raised} of those that cannot be used.
        """
        at, failed = 0, {}
        for module in modules:
            name, at = module["name"], at + module["size"]
            self.texts[name] = bytes(body[at - module["size"] : at])
            if module["unusable"]:
                self.unusable[name] = module["unusable"]
            elif error := self._compiled(name):
                failed[name] = error
        sys.meta_path.insert(0, self)
        sys.meta_path.append(Beside(self))
        for module in modules:
            name = module["name"]
            if name in self.programs and not module["helps"]:
                say({"note": "loading", "module": name})
                if error := self._run(name):
                    failed[name] = error
            for function in module["neighbours"]:
                setattr(importlib.import_module(f"{PACKAGE}.{name}"), function, neighbour(function))
        return failed

    def find_spec(self, name, path=None, target=None):
        first, _, rest = name.partition(".")
        if first in IDLE or (first == PACKAGE and (rest in self.texts or rest.partition(".")[0] in self.house)):
            return importlib.machinery.ModuleSpec(name, self, origin=name, is_package=rest not in self.texts)
        return None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        first, _, name = module.__name__.partition(".")
        if first in IDLE:
            module.__getattr__ = lambda name: standins.Idle()
        elif name in self.programs:
            module.__file__ = _file(name)
            exec(self.programs[name], module.__dict__)
            lacking = _placeholder("NameError", f"{_file(name)} has no function `{{}}`")
            module.__dict__.setdefault("__getattr__", lacking)
        elif name:
            module.__getattr__ = _placeholder(*self.unusable.get(name, ("", "")))

    def find(self, module, name):
        function = getattr(sys.modules.get(f"{PACKAGE}.{module}"), name, None)
        if callable(function):
            return function
        raise NameError(f"{_file(module)} has no function `{name}`")

    def raised(self, error, module=None):
        """What was raised, and the last line of the submission that ran before: of that module, if some of it ran.

        Of a NotImplementedError also the module and the line that raised it, where they are the submission's.
        """
        try:
            words = standins.in_words(error)
            message = words or str(error.msg if isinstance(error, SyntaxError) else error)[:400]
        except BaseException:  # noqa: BLE001 - `__str__` of a submission's own exception
            message = "an exception without words"
        where, code = self._place(error, module)
        return {
            "raised": type(error).__name__,
            "unwritten": self._end(error) if isinstance(error, NotImplementedError) else None,
            "message": message,
            "where": where,
            "code": code,
        }

    def _compiled(self, name):
        """None, or why Python cannot read the text of a module."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.programs[name] = compile(self._decoded(name), _file(name), "exec", dont_inherit=True)
        except BaseException as error:  # noqa: BLE001 - a submission raises anything
            return self._gone(name, error)
        return None

    def _decoded(self, name):
        """The text of a module as `import` reads it; a byte that is no text is an error with a line."""
        text = self.texts[name]
        try:
            return importlib.util.decode_source(text)
        except (UnicodeDecodeError, SyntaxError):
            good = text.decode("utf-8", "ignore").encode()
            at = next((i for i, (a, b) in enumerate(zip(text, good, strict=False)) if a != b), len(good))
            line = text[:at].count(b"\n") + 1
            raise SyntaxError("a character that is not UTF-8", (_file(name), line, 0, "")) from None

    def _run(self, name):
        """None, or why a module does not run."""
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                importlib.import_module(f"{PACKAGE}.{name}")
        except BaseException as error:  # noqa: BLE001 - a submission raises anything
            return self._gone(name, error)
        return None

    def _gone(self, name, error):
        """A module that cannot be used, for the judge and for those that import it."""
        self.programs.pop(name, None)
        what = self.raised(error)
        self.unusable[name] = ("RuntimeError", f"{_file(name)} cannot be used: {what['raised']}: {what['message']}")
        return what

    def _end(self, error):
        last = error.__traceback__
        while last.tb_next:
            last = last.tb_next
        files = {_file(name): name for name in self.texts}
        return [files.get(last.tb_frame.f_code.co_filename, ""), last.tb_lineno]

    def _place(self, error, module):
        files = {_file(name): name for name in self.texts}
        if isinstance(error, SyntaxError):
            file, line = error.filename, error.lineno
        else:
            ran, trace = [], error.__traceback__
            while trace is not None:
                ran.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
                trace = trace.tb_next
            theirs = [place for place in ran if place[0] in files]
            own = [place for place in theirs if files[place[0]] == module]
            file, line = (own or theirs or [(None, None)])[-1]
        if file not in files:
            return "", ""
        lines = self.texts[files[file]].decode("utf-8", "replace").splitlines()
        there = isinstance(line, int) and 0 < line <= len(lines)
        return f"{file}, line {line}", lines[line - 1].strip()[:200] if there else ""


class Beside:
    """Finds a helper by its bare name, after the standard library: `import twice` where twice.py was handed in."""

    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name in self.package.programs:
            sys.modules[name] = importlib.import_module(f"{PACKAGE}.{name}")
            return importlib.machinery.ModuleSpec(name, self, origin=name)
        return None

    def create_module(self, spec):
        return sys.modules[f"{PACKAGE}.{spec.name}"]

    def exec_module(self, module):
        pass


def _placeholder(kind, sentence):
    """What a module has for names that are not in it: importing one costs nothing, calling one says why.

    Without a sentence it does nothing: `from dropout_lab.checks import check`, left over from a lesson, is no fault.
    """

    def attribute(name):
        if name.startswith("__"):
            raise AttributeError(name)

        def function(*args, **options):
            if sentence:
                raise getattr(builtins, kind)(sentence.replace("{}", name))

        return function

    return attribute


def _file(module):
    return f"{PACKAGE}/{module}.py"
