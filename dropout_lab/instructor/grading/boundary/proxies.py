"""A submission's functions, as the judge calls them: here a name, over there the student's code.

Values cross as bytes (`wire`). What the code does to arguments is done to the caller's too, so that a probe sees it;
what it raises is raised here; functions that a probe passes in are called here. Caches never cross: a probe holds a
`Handle`. Arrays among the arguments lie in memory that both sides see, and this side looks what became of them.
"""

import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import decode_source

import numpy as np

from dropout_lab.checks.exercises import EXERCISES, MODULES
from dropout_lab.checks.functions import MODULE_OF, Blank, Broke, Functions, guard, of_stub
from dropout_lab.instructor.grading.boundary import wire
from dropout_lab.instructor.grading.boundary.precedents import Question
from dropout_lab.instructor.grading.boundary.sandbox import Overdone, Sandbox

CALLBACKS = 20_000  # that one call may make; the largest honest one makes a few hundred
AHEAD = 32 << 10  # bytes of calls that may be under way at once, far less than a socket takes
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


@dataclass
class Life:
    """One process: from its start until it ends or is lost. `taken` bytes of its shared memory hold arguments."""

    number: int
    sandbox: Sandbox
    asked: int = 0
    taken: int = 0

    def place(self, array, placed):
        """Put an array where both sides see it; its position, or None where there is no room left."""
        at, size = self.taken, array.nbytes
        if at + size > len(self.sandbox.shared) // 2:
            return None
        raw = array.tobytes("F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C")
        self.sandbox.shared[at : at + size] = raw
        self.taken = at + -(-size // 64) * 64
        placed.append((array, at, raw))
        return at


@dataclass
class Turn:
    """One exercise: the seconds of waiting that it was given and has left, and what was seen until now.

    `fresh` tells whether caches of the exercise before are still to be forgotten, `printed` how many characters its
    functions printed, `pending` what a function of the judge raised in a callback, `depth` calls within calls. `story`
    is [(frame, placed, answer)] of all calls, or None where more happened than questions and answers.
    """

    allowed: float
    left: float
    mirror: bool = True
    fresh: bool = True
    meddled: bool = False
    printed: int = 0
    depth: int = 0
    pending: Exception | None = None
    story: list | None = field(default_factory=list)


class Boundary:
    """The submission on the other side, started again whenever it is lost.

    Parameters
    ----------
    submission : Submission
    limits : Limits
    until : float
        When its time is over, by `time.monotonic()`.
    start : function of nothing that gives a Sandbox
    neighbours : {name: function}, optional
        Right functions that stand in place of the submission's, for the judge and for its code over there, which calls
        them here and sees only what they return.

    Attributes
    ----------
    functions : Functions
        For the judge.
    unusable : {module: Missing or Unloadable}
        Why a module cannot be used; what its functions raise.
    patient : bool
        Whether a time-out may be the machine's fault.
    """

    def __init__(self, submission, limits, until, start, neighbours=None):
        self.submission, self.limits, self.until, self._start = submission, limits, until, start
        self.unusable = {name: Missing(name, sentence) for name, sentence in submission.missing.items()}
        self.neighbours = {name: guard(name, function) for name, function in (neighbours or {}).items()}
        proxies = {e.function: self._proxy(e.function, e.module) for e in EXERCISES.values()}
        self.functions = Functions({**proxies, **self.neighbours})
        self.patient, self.confined = True, ()
        self.life, self.turn = None, Turn(0.0, 0.0)
        self._suspects, self._loading, self._to_load, self._lives, self._handles = set(), None, [], 0, 0
        self._lent = {}  # functions that the other side may call, by the number of the request that lends them

    def begin(self, seconds, mirror=True):
        """Start an exercise: fresh caches, and so many seconds of waiting. With `mirror`, what is done to arguments is
        done to the caller's.

        Raises
        ------
        Lost
            If the submission has used up its time.
        """
        if time.monotonic() >= self.until:
            raise Lost(f"not judged: the submission had used up its {self.limits.submission:g} s before")
        if self.life is None:
            self.start()
        self.turn = Turn(seconds, min(seconds, max(1.0, self.until - time.monotonic())), mirror)
        self.life.taken = self.life.asked = self._handles = 0

    def start(self):
        """Start the process and load the modules, leaving out one after the other those that it does not survive."""
        for _ in range(2 * len(MODULES) + 1):
            self._lives += 1
            self.life = Life(self._lives, self._start())
            self.confined = self.life.sandbox.confined
            if self._load():
                return
            self.close()
        raise Lost("its modules could not be loaded")

    def close(self):
        """End the process."""
        if self.life is not None:
            self.life.sandbox.close()
            self.life = None

    @property
    def meddled(self):
        """Whether an argument was changed since `begin`."""
        return self.turn.meddled

    @property
    def story(self):
        """[(frame, placed, answer)] of all calls since `begin`; None if more happened than questions and answers."""
        return None if self.meddled else self.turn.story

    def follow(self, question, digest):
        """Send questions that were asked before (`precedents.Question`), some ahead, for as long as answers are known.

        Returns what stands at the end, or None: an answer was new, or an argument was changed.
        """
        sent, under_way, placed, channel = deque(), 0, [], self.life.sandbox.channel
        with self._losses():
            while isinstance(question, Question) or sent:
                frames = []
                while isinstance(question, Question) and (under_way < AHEAD // 2 or (frames and under_way < AHEAD)):
                    for at, raw in question.placed:
                        self.life.sandbox.shared[at : at + len(raw)] = raw
                    frames.append(question.frame)
                    sent.append(question)
                    under_way += len(question.frame)
                    placed += question.placed
                    question = question.follows()
                if frames:
                    self._timed(channel.write, b"".join(frames))
                answered = sent.popleft()
                under_way -= len(answered.frame)
                after = answered.answers.get(digest(*self._timed(channel.frame, while_waiting=self._watch)))
                if after is None:
                    return None
                question = question if sent else after
        with memoryview(self.life.sandbox.shared) as now:
            same = all(now[at : at + len(raw)] == raw for at, raw in placed)
        return question if same else None

    def _load(self):
        """Whether the process lived through loading what is usable."""
        helpers = self.submission.helpers
        texts = {**self.submission.sources, **helpers}
        texts = {**dict.fromkeys(MODULES, b""), **texts}
        modules = [
            {
                "name": name,
                "size": len(text),
                "helps": name in helpers,
                "unusable": self.unusable[name].placeholder if name in self.unusable else None,
                "neighbours": [function for function in self.neighbours if MODULE_OF[function] == name],
            }
            for name, text in texts.items()
        ]
        self._loading, self._to_load = None, [name for name in MODULES if name not in self.unusable]
        self.turn = Turn(self.limits.exercise, self.limits.exercise)
        try:
            answer, _ = self._ask({"do": "load", "modules": modules}, list(texts.values()))
            failed = {name: Unloadable.from_answer(name, answer["failed"][name]) for name in answer["failed"]}
        except Lost as lost:
            name = self._loading
            if name is None:
                raise
            if name in self._suspects or not lost.again:
                self.unusable[name] = Unloadable(name, lost.sentence)
            self._suspects.add(name)
            return False
        except (TypeError, AttributeError):
            raise Lost(_ODD) from None
        finally:
            self._to_load = []
        self.unusable |= {name: why for name, why in failed.items() if name in MODULES and name not in self.unusable}
        return True

    def _proxy(self, name, module):
        def call(*args, **options):
            if module in self.unusable:
                self.turn.story = None
                raise self.unusable[module].error(name)
            return self._call(name, module, args, options)

        return call

    def _call(self, name, module, args, options):
        turn, life = self.turn, self.life
        if turn.depth >= NESTED:
            raise Lost("its functions called each other through f without end")
        functions, placed = {}, []
        writer = wire.Writer(lambda thing: self._special(thing, functions), lambda array: life.place(array, placed))
        number = None
        if name.endswith("_forward"):
            self._handles += 1
            number = self._handles
        request = {
            "do": "call",
            "module": module,
            "function": name,
            "keep": number,
            "fresh": turn.fresh,
            "args": writer.token(args),
            "options": writer.token(options),
        }
        turn.fresh = False
        pending, turn.pending = turn.pending, None
        turn.depth += 1
        try:
            answer, body = self._ask(request, writer.arrays, functions, [(at, raw) for _, at, raw in placed])
            return self._settle(name, answer, body, (args, options), placed, number)
        finally:
            turn.depth, turn.pending = turn.depth - 1, pending

    def _special(self, thing, functions):
        """Tokens for what only this side sends."""
        if isinstance(thing, Handle):
            if thing.life != self.life.number:
                raise Lost("its process ended between forward and backward", again=True)
            return {"k": "handle", "id": thing.number}
        if callable(thing):
            functions[len(functions)] = thing
            return {"k": "function", "id": len(functions) - 1}
        raise TypeError(f"a probe cannot pass a {type(thing).__name__} to a submission")

    def _ask(self, request, arrays=(), functions=None, placed=()):
        """Send a request; serve callbacks until the answer is here. Waiting is counted, judging is not."""
        calls, channel = 0, self.life.sandbox.channel
        self.life.asked += 1
        number = self.life.asked
        self._lent[number] = functions or {}
        try:
            with self._losses():
                frame = wire.packed({**request, "n": number}, arrays)
                self._timed(channel.write, frame)
                while True:
                    text, body = self._timed(channel.frame, while_waiting=self._watch)
                    answer = wire.unpacked(text)
                    if "note" in answer:
                        self.turn.story = None
                        self._heed(answer)
                        continue
                    if not {"callback", "neighbour"} & answer.keys():
                        if answer.get("n") != number:
                            raise Lost(_ODD)  # an answer that was not asked for
                        self._tell(frame, placed, answer, (text, body))
                        return answer, body
                    calls += 1
                    self.turn.story = None
                    if calls > CALLBACKS:
                        raise Lost(f"it called f more than {CALLBACKS} times")
                    self._timed(channel.send, *self._callback(answer, body))
        finally:
            del self._lent[number]

    def _tell(self, frame, placed, answer, raw):
        """Add a question and its answer to the story; a line of the submission's own is no part of any."""
        if answer.get("unwritten"):
            self.turn.story = None
        if self.turn.story is not None:
            self.turn.story.append((frame, placed, raw))

    def _watch(self):
        self.life.sandbox.watch()

    @contextmanager
    def _losses(self):
        """In words, why there is no answer."""
        try:
            yield
        except wire.TimedOut:
            raise TooLong(self._too_long(), self.patient) from None
        except wire.Closed:
            raise Lost(_ENDED, again=True) from None
        except (wire.BadFrame, TypeError, KeyError, AttributeError, RecursionError):
            raise Lost(_ODD) from None
        except Overdone as overdone:
            raise Lost(f"{overdone}") from None

    def _heed(self, note):
        """What the other side says on the way: it tells more in a sentence, and decides nothing."""
        if note["note"] == "loading" and note["module"] in self._to_load:
            self._to_load.remove(note["module"])
            self._loading, self.turn.left = note["module"], self.turn.allowed
        elif note["note"] == "printed" and type(note["count"]) is int:
            self.turn.printed = note["count"]
        else:
            raise Lost(_ODD)

    def _too_long(self):
        said = f"no result within {self.turn.allowed:g} s."
        if self.turn.printed:
            return (
                f"{said} It printed {self.turn.printed / 1e6:.0f} MB until then, and printing takes time: take it out."
            )
        return f"{said} A loop that never ends?"

    def _timed(self, step, *args, **options):
        """Send or receive, on the time that is left."""
        start = time.monotonic()
        try:
            if self.turn.left <= 0:
                raise wire.TimedOut
            return step(*args, deadline=start + self.turn.left, **options)
        finally:
            self.turn.left -= time.monotonic() - start

    def _callback(self, answer, body):
        """(header, arrays) of what a function of the judge's says to the arguments that came."""
        neighbour = "neighbour" in answer
        function = self.neighbours[answer["neighbour"]] if neighbour else self._lent[answer["n"]][answer["callback"]]
        reader = wire.Reader(body, {"lent": lambda token: self._applied(token["id"])} if neighbour else {})
        args, options = reader.value(answer["args"]), reader.value(answer["options"])
        reader.done()
        if not isinstance(args, tuple) or not isinstance(options, dict) or (options and not neighbour):
            raise wire.BadFrame("a call without arguments")
        try:
            writer = wire.Writer()
            header = {"do": "result", "value": writer.token(function(*args, **options))}
            if neighbour:
                header["states"] = [_state(thing) for thing in (*args, *options.values())]
            return header, writer.arrays
        except Exception as error:  # noqa: BLE001 - called with what a submission sent
            self.turn.pending = error if isinstance(error, (Blank, Broke)) and not neighbour else None
            kind = error.kind if isinstance(error, Broke) else type(error).__name__
            message = error.message if isinstance(error, Broke) else str(error)
            return {"do": "result", "raised": kind, "message": message[:400]}, ()

    def _applied(self, number):
        """A function that the submission passed to a neighbour, to be called from here."""

        def function(*args):
            turn = self.turn
            if turn.depth >= NESTED:
                raise Lost("its functions called each other through f without end")
            writer = wire.Writer()
            turn.depth += 1
            try:
                request = {"do": "apply", "id": number, "args": writer.token(args)}
                answer, body = self._ask(request, writer.arrays)
            finally:
                turn.depth -= 1
            if "raised" in answer:
                raise RuntimeError(_text(answer.get("message", "")))
            return wire.Reader(body).value(answer["value"])

        return function

    def _settle(self, name, answer, body, given, placed, number):
        """The value, or the exception, of an answer; before that, what was done to the arguments."""
        try:
            self._look(placed)
            reader = wire.Reader(body, {"kept": lambda token: Handle(number, self.life.number)} if number else {})
            raised = "raised" in answer
            value = None if raised else reader.value(answer["value"])
            changed = {key: _now(reader, token) for key, token in answer.get("changed", {}).items()}
            reader.done()
            self._change(given, changed)
            if raised:
                texts = {key: _text(answer.get(key, "")) for key in ("raised", "message", "where", "code")}
                place = _place(answer.get("unwritten"))
        except (wire.BadFrame, TypeError, KeyError, AttributeError, ValueError, RecursionError, IndexError):
            raise Lost(_ODD) from None
        if not raised:
            return value
        if self.turn.pending is not None:
            raise self.turn.pending
        raise (self._unwritten(name, texts["message"], *place) if place else None) or Broke(name, *texts.values())

    def _unwritten(self, name, message, module, line):
        """The `Blank` or `LeftRaise` of a NotImplementedError, by the text that was handed in, or None."""
        if message in [why.placeholder[1] for why in self.unusable.values() if isinstance(why, Missing)]:
            return Blank(message)
        text = {**self.submission.sources, **self.submission.helpers}.get(module, b"")
        source = decode_source(text) if text else ""
        return of_stub(name, source, line, message, f"dropout_lab/{module}.py, line {line}")

    def _look(self, placed):
        """Do to the caller's arrays what was done to those in the shared memory. Nothing that is told can hide it."""
        for array, at, raw in placed:
            now = self.life.sandbox.shared[at : at + len(raw)]
            if now != raw:
                self.turn.meddled = True
                if not array.flags.writeable:
                    raise Lost("it changed an array that it was given to read only")
                if self.turn.mirror:
                    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
                    array[...] = np.ndarray(array.shape, array.dtype, now, order=order)

    def _change(self, given, changed):
        """Do to the caller's arguments what is told of them: the state of a generator, entries of a dictionary."""
        args, options = given
        for key, now in changed.items():
            was = options[key] if key in options else args[int(key)]
            if isinstance(was, np.random.Generator):
                _set(was, now)
            else:
                self.turn.meddled = True
                if self.turn.mirror:
                    _mirror(was, now)


def _state(thing):
    """The token of a generator; None for anything else."""
    return wire.Writer().token(thing) if isinstance(thing, np.random.Generator) else None


def _now(reader, token):
    """What an argument is now: of a generator its token, for no new one need be made."""
    return token if isinstance(token, dict) and token.get("k") == "rng" else reader.value(token)


def _set(rng, token):
    """Put a generator where its copy went on to: its state, and the children that it gave."""
    if not isinstance(token, dict):
        raise wire.BadFrame("a generator that is none")
    rng.bit_generator.state = wire.checked_state(token.get("state"))
    seeds = rng.bit_generator.seed_seq
    spawned = wire.sequence_spawned(token.get("seeds")) if isinstance(seeds, np.random.SeedSequence) else 0
    if spawned > seeds.n_children_spawned:
        seeds.spawn(spawned - seeds.n_children_spawned)


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


def _place(told):
    """(module, line) of a raise, as the other side tells it, or None."""
    if told is None:
        return None
    module, line = told
    if type(module) is not str or type(line) is not int:
        raise wire.BadFrame("a place that is none")
    return module, line


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
