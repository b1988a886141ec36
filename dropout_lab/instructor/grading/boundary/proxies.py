"""A submission's functions, as the judge calls them: here a name, over there the student's code.

Values cross as bytes (`wire`). What the code does to arguments is done to the caller's too, so that a probe sees it;
what it raises is raised here; functions that a probe passes in are called here. Caches never cross: a probe holds a
`Handle`.
"""

import time

import numpy as np

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.functions import Blank, Broke, Functions
from dropout_lab.instructor.grading.boundary import wire
from dropout_lab.instructor.grading.boundary.sandbox import Overdone, Sandbox

CALLBACKS = 20_000  # that one call may make; the largest honest one makes a few hundred
NESTED = 3  # calls within callbacks within calls


class Lost(BaseException):
    """There is no answer. Not an Exception: a probe may accept that a function raises, never that it gives no answer.

    `again` tells whether another try could end otherwise.
    """

    def __init__(self, sentence, again=False):
        super().__init__(sentence)
        self.sentence, self.again = sentence, again


class Unavailable(Lost):
    """The module did not load. The process is as well as it can be."""


class TooLong(Lost):
    """The time of the exercise is over."""


class Handle:
    """A cache that stayed where it was made. There is nothing to see in it."""

    def __init__(self, number, life):
        self.number, self.life = number, life

    def __repr__(self):
        return "<a cache>"


class Boundary:
    """The submission on the other side, started again whenever it is lost.

    Parameters
    ----------
    sources : {module: bytes}
    isolation : "bwrap" or "plain"
    limits : Limits
    missing : {module: sentence}
        Modules that cannot be taken as they were handed in.

    Attributes
    ----------
    functions : Functions
        For the judge.
    unusable : {module: Broke or Blank}
        Why a module cannot be used; what its functions raise.
    meddled : bool
        Whether an argument was changed since `begin`.
    mirror : bool
        Whether changes of arguments are done to the caller's.
    patient : bool
        Whether a time-out may be the machine's fault.
    """

    def __init__(self, sources, isolation, limits, missing=()):
        self.sources, self.isolation, self.limits = sources, isolation, limits
        self.unusable = {name: Missing(name, sentence) for name, sentence in dict(missing).items()}
        self.functions = Functions({e.function: self._proxy(e.function, e.module) for e in EXERCISES.values()})
        self.sandbox, self.life, self.used, self.confined = None, 0, 0.0, ()
        self.meddled, self.mirror, self.patient, self._asked = False, True, True, 0
        self._suspects, self._depth, self._pending, self._handles, self._left = set(), 0, None, 0, 0.0

    def begin(self, seconds, mirror=True):
        """Start an exercise: fresh caches, and so many seconds of waiting.

        Raises
        ------
        Lost
            If the submission has used up its time.
        """
        self._left = min(seconds, self.limits.submission - self.used)
        if self._left <= 0:
            raise Lost(f"not judged: the submission had used up its {self.limits.submission:g} s before")
        self.meddled, self.mirror, self._depth = False, mirror, 0
        if self.sandbox is None:
            self.start()
            self._left = min(seconds, max(1.0, self.limits.submission - self.used))
        self._allowed = seconds
        self._ask({"do": "forget"})

    def start(self):
        """Start the process and load the modules, leaving out one after the other those that it does not survive."""
        for _ in range(2 * len(MODULES) + 1):
            self.sandbox = Sandbox(self.isolation, self.limits)
            self.life, self.confined = self.life + 1, self.sandbox.confined
            if self._load():
                return
            self.close()
        raise Lost("its modules could not be loaded")

    def close(self):
        """End the process."""
        if self.sandbox is not None:
            self.sandbox.close()
            self.sandbox = None

    def _load(self):
        """Whether the process lived through loading what is usable."""
        tried = dict(self.unusable)
        for do in ("prepare", "load"):
            for name in MODULES:
                if do == "load" and name in self.unusable:
                    continue
                request = {"do": do, "module": name}
                if do == "prepare" and name in tried:
                    request["unusable"] = tried[name].placeholder
                self._left = self._allowed = min(self.limits.exercise, max(1.0, self.limits.submission - self.used))
                try:
                    answer, _ = self._ask(request, [self.sources.get(name, b"")] if do == "prepare" else ())
                except Lost as lost:
                    if name in self._suspects or not lost.again:
                        self.unusable[name] = Unloadable(name, lost.sentence)
                    self._suspects.add(name)
                    return False
                if "raised" in answer:
                    self.unusable[name] = Unloadable.from_answer(name, answer)
        return True

    def _proxy(self, name, module):
        def call(*args, **options):
            if module in self.unusable:
                raise self.unusable[module].error(name)
            return self._call(name, module, args, options)

        return call

    def _call(self, name, module, args, options):
        if self._depth >= NESTED:
            raise Lost("its functions called each other through f without end")
        functions = {}
        writer = wire.Writer(lambda thing: self._special(thing, functions))
        number = None
        if name.endswith("_forward"):
            self._handles += 1
            number = self._handles
        request = {
            "do": "call",
            "module": module,
            "function": name,
            "keep": number,
            "args": writer.token(args),
            "options": writer.token(options),
        }
        pending, self._pending = self._pending, None
        self._depth += 1
        try:
            answer, body = self._ask(request, writer.arrays, functions)
            return self._settle(name, answer, body, (args, options), number)
        finally:
            self._depth, self._pending = self._depth - 1, pending

    def _special(self, thing, functions):
        """Tokens for what only this side sends."""
        if isinstance(thing, Handle):
            if thing.life != self.life:
                raise Lost("its process ended between forward and backward", again=True)
            return {"k": "handle", "id": thing.number}
        if callable(thing):
            functions[len(functions)] = thing
            return {"k": "function", "id": len(functions) - 1}
        raise TypeError(f"a probe cannot pass a {type(thing).__name__} to a submission")

    def _ask(self, request, arrays=(), functions=None):
        """Send a request; serve callbacks until the answer is here. Waiting is counted, judging is not."""
        calls, self._asked = 0, self._asked + 1
        number = self._asked
        try:
            self._timed(wire.send, {**request, "n": number}, arrays)
            while True:
                answer, body = self._timed(wire.receive, while_waiting=self.sandbox.watch)
                if answer.get("n") != number:
                    raise Lost(_ODD)  # an answer that was not asked for
                if "callback" not in answer:
                    return answer, body
                calls += 1
                if functions is None or answer["callback"] not in functions or calls > CALLBACKS:
                    raise Lost(f"it called f more than {CALLBACKS} times" if calls > CALLBACKS else _ODD)
                self._timed(wire.send, *self._callback(functions[answer["callback"]], answer, body))
        except wire.Late:
            raise TooLong(f"no result within {self._allowed:g} s. A loop that never ends?", self.patient) from None
        except wire.Closed:
            raise Lost(_ENDED, again=True) from None
        except (wire.BadFrame, TypeError, KeyError, AttributeError, RecursionError):
            raise Lost(_ODD) from None
        except Overdone as overdone:
            raise Lost(f"{overdone}") from None

    def _timed(self, step, *args, **options):
        """Send or receive, on the time that is left."""
        start = time.monotonic()
        try:
            if self._left <= 0:
                raise wire.Late
            return step(self.sandbox.channel, *args, deadline=start + self._left, **options)
        finally:
            spent = time.monotonic() - start
            self._left, self.used = self._left - spent, self.used + spent

    def _callback(self, function, answer, body):
        """(header, arrays) of what a judge's function says to the arguments that came."""
        reader = wire.Reader(body)
        args = reader.value(answer["args"])
        reader.done()
        if not isinstance(args, tuple):
            raise wire.BadFrame("a call without arguments")
        try:
            writer = wire.Writer()
            return {"do": "result", "value": writer.token(function(*args))}, writer.arrays
        except Exception as error:  # noqa: BLE001 - called with what a submission sent
            self._pending = error if isinstance(error, (Blank, Broke)) else None
            return {"do": "result", "raised": type(error).__name__, "message": str(error)[:400]}, ()

    def _settle(self, name, answer, body, given, number):
        """The value, or the exception, of an answer; before that, what was done to the arguments."""
        try:
            reader = wire.Reader(body, {"kept": lambda token: Handle(number, self.life)} if number else {})
            raised = "raised" in answer
            value = None if raised else reader.value(answer["value"])
            changed = {key: reader.value(token) for key, token in answer.get("changed", {}).items()}
            reader.done()
            self._change(given, changed)
            if raised:
                texts = {key: _text(answer.get(key, "")) for key in ("raised", "message", "where", "code")}
                blank = answer.get("blank") is True
        except (wire.BadFrame, TypeError, KeyError, AttributeError, ValueError, RecursionError, IndexError):
            raise Lost(_ODD) from None
        if not raised:
            return value
        if self._pending is not None:
            raise self._pending
        raise _blank(texts) if blank else Broke(name, *texts.values())

    def _change(self, given, changed):
        args, options = given
        for key, now in changed.items():
            was = options[key] if key in options else args[int(key)]
            if isinstance(was, np.random.Generator):
                was.bit_generator.state = now.bit_generator.state
            else:
                self.meddled = True
                if self.mirror:
                    _mirror(was, now)


_ENDED = "the process ended before there was a result: does it call exit, or run out of memory?"
_ODD = "its process answered in a way that no function does"


def _mirror(was, now):
    """Do to the caller's thing what was done to the copy of it over there."""
    if isinstance(was, np.ndarray) and isinstance(now, np.ndarray):
        if was.shape != now.shape or was.dtype != now.dtype:
            raise Lost("it changed the shape of an array that was passed to it")
        if not was.flags.writeable:
            raise Lost("it changed an array that it was given to read only")
        was[...] = now
    elif isinstance(was, dict) and isinstance(now, dict):
        for key in [key for key in was if key not in now]:
            del was[key]
        for key, value in now.items():
            if not (
                key in was
                and isinstance(was[key], np.ndarray)
                and isinstance(value, np.ndarray)
                and was[key].shape == value.shape
                and was[key].dtype == value.dtype
            ):
                was[key] = value
            else:
                _mirror(was[key], value)
    elif isinstance(was, list) and isinstance(now, list):
        was[:] = now


def _text(thing, most=400):
    """Text from there, on one line and not longer than a sentence needs; a message of Python's own stays as it is."""
    return "".join(c if c.isprintable() else " " for c in thing[:most])


def _blank(texts):
    message, line = texts["message"], texts["where"].rpartition(", ")[2]
    return Blank(message if message.endswith(".") or not line else f"{message}, {line}.")


class Missing:
    """A module that was not handed in, or not as a file that can be taken: its exercises are blank."""

    def __init__(self, module, sentence):
        self.sentence = sentence
        self.placeholder = ("NotImplementedError", f"dropout_lab/{module}.py {sentence}.")

    def error(self, name):
        return Blank(f"`{name}` is not there: {self.placeholder[1]}")


class Unloadable:
    """A module that Python could not read or run."""

    def __init__(self, module, sentence, parts=None):
        self.module, self.sentence, self.parts = module, sentence, parts
        self.placeholder = ("RuntimeError", f"dropout_lab/{module}.py cannot be used: {sentence}")

    @classmethod
    def from_answer(cls, module, answer):
        """From what was raised when it was read or run."""
        kind, message, where, code = (_text(str(answer.get(key, ""))) for key in ("raised", "message", "where", "code"))
        place = f" In {where}: `{code}`" if code else f" In {where}." if where else ""
        return cls(module, f"it raised {kind}: {message}.{place}", (kind, message, where, code))

    def error(self, name):
        if self.parts:
            return Broke(name, *self.parts)
        return Unavailable(f"dropout_lab/{self.module}.py could not be loaded: {self.sentence}")
