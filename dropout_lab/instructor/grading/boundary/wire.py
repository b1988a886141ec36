"""Values between the judge and a process that it does not trust: frames of JSON and of bytes of arrays, never pickle.

    frame = length of the JSON (4 bytes), length of the arrays (4 bytes), JSON, bytes of the arrays one after the other

Where both sides see a piece of memory, many bytes of arrays lie there, which the highest bit of their length says; in
their stead stands their position (4 bytes). They are copied before they are looked at.

Sizes are checked before anything is reserved for them. Both sides use this file; the child loads it by its path, so it
imports NumPy and the standard library only.
"""

import hashlib
import json
import math
import os
import select
import struct
import time

import numpy as np

HEADER = 1 << 20  # bytes of JSON in one frame
ARRAYS = 16 << 20  # bytes of arrays in one frame; the largest that a probe needs is a hundredth of it
DEPTH = 12  # of lists in lists
ITEMS = 20_000  # of one value, all lists and dictionaries together
TEXT = 10_000  # characters of a string
DIMENSIONS = 32
SPAWNED = 10_000  # generators that one generator may have given
_FRAME, _POSITION, _ELSEWHERE = struct.Struct(">II"), struct.Struct(">I"), 1 << 31
_MANY = 16 << 10  # bytes that had better not go through a stream
_PIECE = 1 << 18
_KINDS = [np.dtype(letter) for letter in "?bBhHiIqQefdgFDG"]
_DTYPES = {d.str: d for kind in _KINDS for d in (kind, kind.newbyteorder())}
_AS_THEY_ARE = {float, bool, type(None)}
_GENERATORS = {"PCG64", "PCG64DXSM"}


class BadFrame(Exception):
    """Bytes that are no frame of ours. Its text says in which way."""


class TooLarge(Exception):
    """A value that is more than a frame may hold."""


class Closed(Exception):
    """The other end is gone."""


class TimedOut(Exception):
    """Nothing, or not all of it, came in time."""


def packed(header, arrays=(), put=lambda body, size: None):
    """The bytes of a frame. `put` may put those of its arrays where the other side sees them; it gives the position."""
    text, size = json.dumps(header).encode(), sum(map(len, arrays))
    if len(text) > HEADER or size > ARRAYS:
        raise TooLarge(f"{len(text) + size} bytes")
    at = put(arrays, size) if size >= _MANY else None
    if at is None:
        return b"".join((_FRAME.pack(len(text), size), text, *arrays))
    return b"".join((_FRAME.pack(len(text), size | _ELSEWHERE), text, _POSITION.pack(at)))


def unpacked(text):
    """The header of a frame from its JSON."""
    try:
        header = json.loads(text)
    except (ValueError, RecursionError, MemoryError):
        raise BadFrame("a reply that is not JSON") from None
    if not isinstance(header, dict):
        raise BadFrame("a reply that is no object")
    return header


class Channel:
    """One end of a stream, by its file descriptor. Where deadlines are kept the descriptor does not block.

    `shared` is memory that both sides see. The judge writes its first half, the other side, after `share`, its second.
    """

    def __init__(self, number, shared=b""):
        self.number, self.shared, self._left_over, self._next, self._held = number, shared, bytearray(), None, []

    def share(self):
        """From here on put the arrays of what is sent into the second half, from its beginning."""
        self._next = len(self.shared) // 2

    def send(self, header, arrays=(), deadline=None):
        """Write one frame."""
        self.write(packed(header, arrays, self._put), deadline)

    def later(self, header, arrays=()):
        """Write one frame with the next, or before there is nothing more to read."""
        self._held.append(packed(header, arrays, self._put))
        if sum(map(len, self._held)) > _MANY:
            self.write(b"")

    def _put(self, arrays, size):
        if self._next is None or self._next + size > len(self.shared):
            return None
        at = self._next
        for raw in arrays:
            self.shared[self._next : self._next + len(raw)] = raw
            self._next += len(raw)
        return at

    def write(self, frame, deadline=None):
        """Write a frame that is packed."""
        rest = memoryview(b"".join((*self._held, frame)))
        self._held.clear()
        while rest:
            try:
                rest = rest[os.write(self.number, rest) :]
            except BlockingIOError:
                self._wait(select.POLLOUT, deadline)
            except OSError:
                raise Closed from None

    def receive(self, deadline=None, while_waiting=None):
        """(header, bytes of its arrays) of the next frame. `while_waiting` is called ten times a second."""
        text, body = self.frame(deadline, while_waiting)
        return unpacked(text), body

    def frame(self, deadline=None, while_waiting=None):
        """(JSON of the header, bytes of its arrays) of the next frame."""
        length, size = _FRAME.unpack(self._first(_FRAME.size, deadline, while_waiting))
        elsewhere, size = size & _ELSEWHERE, size & ~_ELSEWHERE
        if length > HEADER or size > ARRAYS:
            raise BadFrame(f"a reply that claims {length + size} bytes")
        whole = self._first(length + (_POSITION.size if elsewhere else size), deadline, while_waiting)
        text, body = whole[:length], whole[length:]
        if elsewhere:
            (at,) = _POSITION.unpack(body)
            body = self.shared[at : at + size]
            if len(body) != size:
                raise BadFrame("a reply with arrays that lie nowhere")
        return text, body

    def _first(self, size, deadline, while_waiting):
        """The next bytes, that many; memory grows with what has come, not with what was announced."""
        got = self._left_over
        while len(got) < size:
            if deadline is not None:
                self._wait(select.POLLIN, deadline, while_waiting)
            if self._held:
                self.write(b"", deadline)
            try:
                piece = os.read(self.number, _PIECE)
            except BlockingIOError:
                continue
            except OSError:
                raise Closed from None
            if not piece:
                raise Closed
            got += piece
        self._left_over = got[size:]
        return got[:size]

    def _wait(self, event, deadline, while_waiting=None):
        """Until there is something to read or room to write."""
        poll = select.poll()
        poll.register(self.number, event)
        while (left := deadline - time.monotonic()) > 0:
            if poll.poll(1000 * (left if while_waiting is None else min(left, 0.1))):
                return
            if while_waiting is not None:
                while_waiting()
        raise TimedOut


class Writer:
    """Values to JSON tokens; `arrays` collects the bytes of the arrays on the way.

    `special` is asked first about what is neither number, text, array nor container, and gives a token or None.
    `place` may put an array where the other side sees it, and gives the position, or None. Whatever nobody knows
    crosses as the name of its type.
    """

    def __init__(self, special=lambda thing: None, place=lambda array: None):
        self.special, self.place, self.arrays, self._items, self._bytes = special, place, [], 0, 0

    def token(self, thing, depth=0):
        self._items += 1
        if self._items > ITEMS or depth > DEPTH:
            raise TooLarge("lists of lists without end" if depth > DEPTH else f"more than {ITEMS} things in one value")
        kind = type(thing)
        if kind in _AS_THEY_ARE:
            return thing
        if kind is np.ndarray or isinstance(thing, np.generic):
            return self._array(thing)
        if isinstance(thing, np.ndarray):  # a matrix, say: it multiplies by rules of its own
            return _foreign(kind.__name__)
        if isinstance(thing, str):
            return str(thing[:TEXT])
        if isinstance(thing, int):
            return int(thing) if -(1 << 63) <= thing < 1 << 64 else _foreign("very large int")
        if isinstance(thing, float):
            return float(thing)
        if isinstance(thing, (tuple, list)):
            kind = "tuple" if isinstance(thing, tuple) else "list"
            return {"k": kind, "v": [self.token(v, depth + 1) for v in thing]}
        if isinstance(thing, dict):
            return {"k": "dict", "v": [[self.token(k, depth + 1), self.token(v, depth + 1)] for k, v in thing.items()]}
        if isinstance(thing, np.random.Generator) and type(thing.bit_generator).__name__ in _GENERATORS:
            bits = thing.bit_generator
            return {"k": "rng", "state": bits.state, "seeds": sequence_token(bits.seed_seq)}
        if isinstance(thing, np.random.SeedSequence):
            return {"k": "seeds", "seeds": sequence_token(thing)}
        return self.special(thing) or _foreign(type(thing).__name__)

    def _array(self, thing):
        scalar, writeable = isinstance(thing, np.generic), isinstance(thing, np.ndarray) and thing.flags.writeable
        array = np.asarray(thing)
        if array.dtype.str not in _DTYPES:
            return _foreign(f"{'scalar' if scalar else 'array'} with dtype {array.dtype}")
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        token = {"k": "array", "d": array.dtype.str, "s": array.shape, "f": fortran, "scalar": scalar, "w": writeable}
        at = None if scalar else self.place(array)
        if at is not None:
            return {**token, "at": at}
        self._bytes += array.nbytes + 200
        if self._bytes > ARRAYS:
            raise TooLarge(f"an array of shape {array.shape}")
        self.arrays.append(array.tobytes("F" if fortran else "C"))
        return token


def _foreign(name):
    return {"k": "foreign", "type": name[:60]}


class Foreign:
    """Stands for something that does not cross; its type has the name that it had over there."""


class Reader:
    """JSON tokens to values; `special` is asked about kinds of token that only one side may send.

    `shared` is memory that both sides see; only who has it reads arrays that are placed there.
    """

    def __init__(self, body, special=None, shared=None):
        self.body, self.special, self.shared, self._at, self._items = memoryview(body), special or {}, shared, 0, 0

    def value(self, token, depth=0):
        self._items += 1
        if self._items > ITEMS or depth > DEPTH:
            raise BadFrame("a reply with too many things in it")
        if type(token) in _AS_THEY_ARE:
            return token
        if isinstance(token, int) and -(1 << 63) <= token < 1 << 64:
            return token
        if isinstance(token, str) and len(token) <= TEXT:
            return token
        if not isinstance(token, dict):
            raise BadFrame("a reply with something in it that is no value")
        return self._kind(token, depth)

    def done(self):
        """Raise if there are arrays that nobody asked for."""
        if self._at != len(self.body):
            raise BadFrame("a reply with bytes left over")

    def _kind(self, token, depth):
        kind = token.get("k")
        if kind == "array":
            return self._array(token)
        if kind in ("tuple", "list", "dict") and isinstance(token.get("v"), list):
            if kind != "dict":
                values = [self.value(v, depth + 1) for v in token["v"]]
                return tuple(values) if kind == "tuple" else values
            return dict(self._pair(pair, depth) for pair in token["v"])
        if kind == "foreign" and isinstance(token.get("type"), str):
            return type("".join(c for c in token["type"][:60] if c.isprintable()).replace("`", "'"), (Foreign,), {})()
        if kind == "rng":
            return generator(token.get("state"), token.get("seeds"))
        if kind == "seeds":
            return sequence(token.get("seeds"))
        if isinstance(kind, str) and kind in self.special:
            return self.special[kind](token)
        raise BadFrame("a reply with a token that is not known")

    def _pair(self, pair, depth):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], (str, int)):
            raise BadFrame("a reply with a dictionary that is none")
        return self.value(pair[0], depth + 1), self.value(pair[1], depth + 1)

    def _array(self, token):
        dtype, shape = _DTYPES.get(token["d"]) if isinstance(token.get("d"), str) else None, token.get("s")
        if dtype is None or not _is_shape(shape):
            raise BadFrame("an array of no shape or dtype that crosses")
        size, order = math.prod(shape) * dtype.itemsize, "F" if token.get("f") is True else "C"
        if self.shared is not None and "at" in token:
            array = np.ndarray(shape, dtype, self.shared, token["at"], order=order)
        else:
            if size > len(self.body) - self._at:
                raise BadFrame("a reply with an array that is not all there")
            array = np.ndarray(shape, dtype, bytearray(self.body[self._at : self._at + size]), order=order)
            self._at += size
            if self.shared is not None:  # so that who has the array can tell that nobody else sees it
                array = array.copy(order="K")
        if token.get("scalar") is True and array.ndim == 0:
            return array[()]
        array.flags.writeable = token.get("w") is not False
        return array


def _is_shape(shape):
    return (
        isinstance(shape, (list, tuple))
        and len(shape) <= DIMENSIONS
        and all(type(n) is int and 0 <= n < 1 << 40 for n in shape)
    )


def sequence_token(seeds):
    """A seed sequence as JSON. The entropy is what the real one gives, put through a hash: no seed of the judge
    crosses.

    Equal sequences give equal ones, and each goes on giving children where it was.
    """
    if not isinstance(seeds, np.random.SeedSequence):
        return None
    whole = hashlib.blake2b(repr((seeds.entropy, seeds.spawn_key, seeds.pool_size)).encode(), digest_size=16)
    return {"entropy": int.from_bytes(whole.digest(), "big"), "spawned": seeds.n_children_spawned}


def sequence(token):
    """A SeedSequence of that entropy, after so many children."""
    spawned = sequence_spawned(token)
    entropy = token.get("entropy")
    if type(entropy) is not int or not 0 <= entropy < 1 << 128:
        raise BadFrame("a seed sequence that is none")
    return np.random.SeedSequence(entropy, n_children_spawned=spawned)


def sequence_spawned(token):
    """How many children a seed sequence has given."""
    spawned = token.get("spawned") if isinstance(token, dict) else None
    if type(spawned) is not int or not 0 <= spawned <= SPAWNED:
        raise BadFrame("a seed sequence that is none")
    return spawned


def generator(state, seeds=None):
    """A Generator in that state, which spawns from that seed sequence."""
    state = checked_state(state)
    bits = getattr(np.random, state["bit_generator"])(0 if seeds is None else sequence(seeds))
    bits.state = state
    return np.random.Generator(bits)


def checked_state(state):
    """The state of a generator, or BadFrame if it is none."""
    try:
        name, inner = state["bit_generator"], state["state"]
        numbers = (inner["state"], inner["inc"], state["has_uint32"], state["uinteger"])
    except (TypeError, KeyError):
        raise BadFrame("a random state that is none") from None
    limits = (1 << 128, 1 << 128, 2, 1 << 32)
    whole = all(type(n) is int and 0 <= n < top for n, top in zip(numbers, limits, strict=True))
    if not isinstance(name, str) or name not in _GENERATORS or not whole:
        raise BadFrame("a random state that is none")
    return {
        "bit_generator": name,
        "state": {"state": numbers[0], "inc": numbers[1]},
        "has_uint32": numbers[2],
        "uinteger": numbers[3],
    }
