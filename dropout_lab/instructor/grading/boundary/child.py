"""The process that runs a submission. It is started as a file, alone, and nothing that it says is believed.

It is sent the text of the six modules, runs them as the package `dropout_lab`, and answers one call after the other.
It knows neither inputs in advance nor what would be right. Caches stay here, under numbers that the judge gives out.
Until the first line of a submission runs, this file is itself and confines what comes after it.

    python -I -S -B child.py FOLDER-OF-NUMPY
"""

import builtins
import gc
import importlib.machinery
import importlib.util
import os
import socket
import sys
import warnings

_channel = os.dup(0)  # the judge; whoever reads standard input from here on meets nothing
os.dup2(os.open(os.devnull, os.O_RDWR), 0)
sys.path.extend((sys.argv[1], os.path.dirname(os.path.abspath(__file__))))

import confine
import numpy as np
import wire

sys.path.pop()
PACKAGE = "dropout_lab"
IDLE = ("matplotlib", "IPython")  # left over from looking at things; no function needs them, and they start slowly
texts, programs, unusable, kept = {}, {}, {}, {}  # by module: bytes, code, (kind, sentence); by number: caches


def main():
    """Greet, be told the limits, then answer until the judge hangs up."""
    judge = Judge(socket.socket(fileno=_channel))
    header, _ = judge.hear()
    judge.say({"ready": confine.confine(header["limits"], header["readable"], header["writable"])})
    sys.meta_path.insert(0, Submission())
    gc.freeze()  # what is here stays; only what the submission makes is ever looked through
    while True:
        judge.serve(*judge.hear())


class Judge:
    """The other side: requests in, answers out. In the middle of an answer its functions may be called."""

    def __init__(self, channel):
        self.channel, self.process = channel, os.getpid()

    def hear(self):
        try:
            return wire.receive(self.channel)
        except wire.Closed:
            os._exit(0)

    def say(self, header, arrays=()):
        if os.getpid() != self.process:
            os._exit(0)  # a copy of this process has no say
        try:
            wire.send(self.channel, header, arrays)
        except wire.Closed:
            os._exit(0)

    def serve(self, request, body):
        header, arrays = {"fine": True}, ()
        if request["do"] == "call":
            header, arrays = self.call(request, body)
        elif request["do"] == "load":
            header = load(request["module"])
        elif request["do"] == "forget":
            kept.clear()
        else:
            header = prepare(request, body)
        self.say({**header, "n": request["n"]}, arrays)

    def call(self, request, body):
        """Run a function of the submission; its result, or what it raised, and what it did to its arguments."""
        reader = wire.Reader(
            body,
            {
                "handle": lambda token: kept[token["id"]],
                "function": lambda token: self.function(token["id"], request["n"]),
            },
        )
        args, options = reader.value(request["args"]), reader.value(request["options"])
        named = {**dict(zip(map(str, range(len(args))), args, strict=True)), **options}
        before = {name: _state(thing) for name, thing in named.items()}
        writer = wire.Writer()
        try:
            function = _find(request["module"], request["function"])
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = function(*args, **options)
            header = {"value": self.result(result, request["keep"], writer)}
        except wire.TooLarge as large:
            writer = wire.Writer()
            header = {"raised": "ValueError", "message": f"it returned {large}, far more than any answer has"}
        except BaseException as error:  # noqa: BLE001 - a submission raises anything
            writer, header = wire.Writer(), raised(error)
        try:
            changed = {name: writer.token(thing) for name, thing in named.items() if _state(thing) != before[name]}
        except (wire.TooLarge, RecursionError):
            return {"raised": "ValueError", "message": "it made one of its arguments far larger"}, ()
        return {**header, "changed": changed}, writer.arrays

    def result(self, result, number, writer):
        """The token of a result; the second of two values stays here where the judge has given it a number."""
        if number is None or not isinstance(result, (tuple, list)) or len(result) != 2:
            return writer.token(result)
        kept[number] = result[1]
        return {"k": "tuple", "v": [writer.token(result[0]), {"k": "kept"}]}

    def function(self, number, asked):
        """A function of the judge, to be called from here."""

        def function(*args):
            writer = wire.Writer()
            try:
                token = writer.token(args)
            except wire.TooLarge as large:
                raise ValueError(f"f was called with {large}") from None
            self.say({"callback": number, "args": token, "n": asked}, writer.arrays)
            while True:
                request, body = self.hear()
                if request["do"] == "result":
                    break
                self.serve(request, body)
            if "raised" in request:
                kind = getattr(builtins, request["raised"], None)
                known = isinstance(kind, type) and issubclass(kind, Exception)
                raise (kind if known else RuntimeError)(request["message"])
            return wire.Reader(body).value(request["value"])

        return function


class Submission:
    """Finds the modules of the package: those that were sent, and placeholders for all others and for plotting."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in (PACKAGE, *IDLE):
            folder = name.rpartition(".")[2] not in texts
            return importlib.machinery.ModuleSpec(name, self, origin=name, is_package=folder)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        name = module.__name__.removeprefix(f"{PACKAGE}.")
        if name in programs:
            module.__file__ = _file(name)
            exec(programs[name], module.__dict__)
            lacking = _placeholder("NameError", f"{_file(name)} has no function `{{}}`")
            module.__dict__.setdefault("__getattr__", lacking)
        elif module.__name__.partition(".")[0] in IDLE:
            module.__getattr__ = lambda name: Idle()
        elif module.__name__ != PACKAGE:
            module.__getattr__ = _placeholder(*unusable.get(name, ("", "")))


class Idle:
    """Stands for a figure and all that belongs to it: whatever is done with it, nothing happens."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args, **options):
        return self

    def __iter__(self):
        return iter((self, self))  # fig, ax = plt.subplots()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


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


def prepare(request, body):
    """Take the text of one module, or the reason why there is none, and see whether Python can read it."""
    name, reason = request["module"], request.get("unusable")
    texts[name] = bytes(body)
    if reason:
        unusable[name] = reason
        return {"fine": True}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            programs[name] = compile(_decoded(name), _file(name), "exec", dont_inherit=True)
    except BaseException as error:  # noqa: BLE001 - a submission raises anything
        return _gone(name, error)
    return {"fine": True}


def _decoded(name):
    """The text of a module as `import` reads it; a byte that is no text is an error with a line."""
    try:
        return importlib.util.decode_source(texts[name])
    except (UnicodeDecodeError, SyntaxError):
        good = texts[name].decode("utf-8", "ignore").encode()
        at = next((i for i, (a, b) in enumerate(zip(texts[name], good, strict=False)) if a != b), len(good))
        line = texts[name][:at].count(b"\n") + 1
        raise SyntaxError("a character that is not UTF-8", (_file(name), line, 0, "")) from None


def load(name):
    """Run one module."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            importlib.import_module(f"{PACKAGE}.{name}")
    except BaseException as error:  # noqa: BLE001 - a submission raises anything
        return _gone(name, error)
    return {"fine": True}


def _gone(name, error):
    """A module that cannot be used, for the judge and for those that import it."""
    programs.pop(name, None)
    what = raised(error)
    unusable[name] = ("RuntimeError", f"{_file(name)} cannot be used: {what['raised']}: {what['message']}")
    return what


def _find(module, name):
    function = getattr(sys.modules.get(f"{PACKAGE}.{module}"), name, None)
    if callable(function):
        return function
    raise NameError(f"{_file(module)} has no function `{name}`")


def raised(error):
    """What was raised, and the last line of the submission that ran before."""
    try:
        message = str(error.msg if isinstance(error, SyntaxError) else error)[:400]
    except BaseException:  # noqa: BLE001 - `__str__` of a submission's own exception
        message = "an exception without words"
    where, code = _place(error)
    return {
        "raised": type(error).__name__,
        "blank": isinstance(error, NotImplementedError),
        "message": message,
        "where": where,
        "code": code,
    }


def _place(error):
    files = {_file(name): name for name in texts}
    if isinstance(error, SyntaxError):
        file, line = error.filename, error.lineno
    else:
        file, line, trace = None, None, error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename in files:
                file, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
            trace = trace.tb_next
    if file not in files:
        return "", ""
    lines = texts[files[file]].decode("utf-8", "replace").splitlines()
    there = isinstance(line, int) and 0 < line <= len(lines)
    return f"{file}, line {line}", lines[line - 1].strip()[:200] if there else ""


def _state(thing):
    """What a thing holds, to see later whether it was changed; None for what has no content of its own."""
    if isinstance(thing, np.ndarray):
        return thing.shape, thing.dtype.str, thing.tobytes()
    if isinstance(thing, np.random.Generator):
        return thing.bit_generator.state
    if isinstance(thing, dict):
        return {name: _state(value) for name, value in thing.items()}
    return [_state(value) for value in thing] if isinstance(thing, list) else None


def _file(module):
    return f"{PACKAGE}/{module}.py"


if __name__ == "__main__":
    main()
