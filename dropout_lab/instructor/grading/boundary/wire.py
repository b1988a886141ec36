"""Values between the judge and a process that it does not trust: frames of JSON and .npy bytes, never pickle.

    frame = length of the JSON (4 bytes), length of the arrays (4 bytes), JSON, arrays one after the other

Sizes are checked before anything is reserved for them. Both sides use this file; the child loads it by its path, so it
imports NumPy and the standard library only.
"""

import io
import json
import math
import struct
import time
from functools import lru_cache

import numpy as np

HEADER = 1 << 20  # bytes of JSON in one frame
ARRAYS = 16 << 20  # bytes of arrays in one frame; the largest that a probe needs is a hundredth of it
DEPTH = 12  # of lists in lists
ITEMS = 20_000  # of one value, all lists and dictionaries together
TEXT = 10_000  # characters of a string
_FRAME = struct.Struct(">II")
_REAL = "biufc"
_STATE = {"PCG64", "PCG64DXSM"}


class BadFrame(Exception):
    """Bytes that are no frame of ours. Its text says in which way."""


class TooLarge(Exception):
    """A value that is more than a frame may hold."""


class Closed(Exception):
    """The other end is gone."""


class Late(Exception):
    """Nothing, or not all of it, came in time."""


def send(channel, header, arrays=(), deadline=None):
    """Write one frame."""
    text = json.dumps(header).encode()
    body = b"".join(arrays)
    if len(text) > HEADER or len(body) > ARRAYS:
        raise TooLarge(f"{len(text) + len(body)} bytes")
    try:
        channel.settimeout(_left(deadline))
        channel.sendall(_FRAME.pack(len(text), len(body)) + text + body)
    except TimeoutError:
        raise Late from None
    except OSError:
        raise Closed from None


def receive(channel, deadline=None, while_waiting=None):
    """(header, bytes of its arrays) of the next frame. `while_waiting` is called four times a second."""
    lengths = _FRAME.unpack(_exactly(channel, _FRAME.size, deadline, while_waiting))
    if lengths[0] > HEADER or lengths[1] > ARRAYS:
        raise BadFrame(f"a reply that claims {sum(lengths)} bytes")
    text = _exactly(channel, lengths[0], deadline, while_waiting)
    body = _exactly(channel, lengths[1], deadline, while_waiting)
    try:
        header = json.loads(text)
    except (ValueError, RecursionError, MemoryError):
        raise BadFrame("a reply that is not JSON") from None
    if not isinstance(header, dict):
        raise BadFrame("a reply that is no object")
    return header, body


def _exactly(channel, size, deadline, while_waiting):
    """That many bytes; memory grows with what has come, not with what was announced."""
    got = bytearray()
    while len(got) < size:
        left = _left(deadline)
        channel.settimeout(left if while_waiting is None else min(left, 0.25))
        try:
            piece = channel.recv(min(size - len(got), 1 << 20))
        except TimeoutError:
            if while_waiting is None:
                raise Late from None
            while_waiting()
            continue
        except OSError:
            raise Closed from None
        if not piece:
            raise Closed
        got += piece
    return got


def _left(deadline):
    """Seconds to go; None waits for ever."""
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise Late
    return left


class Writer:
    """Values to JSON tokens; `arrays` collects the bytes of the arrays on the way.

    `special` is asked first about what is neither number, text, array nor container, and gives a token or None.
    Whatever nobody knows crosses as the name of its type.
    """

    def __init__(self, special=lambda thing: None):
        self.special, self.arrays, self._items, self._bytes = special, [], 0, 0

    def token(self, thing, depth=0):
        self._items += 1
        if self._items > ITEMS or depth > DEPTH:
            raise TooLarge("lists of lists without end" if depth > DEPTH else f"more than {ITEMS} things in one value")
        if thing is None or thing is True or thing is False:
            return thing
        if type(thing) is np.ndarray or isinstance(thing, np.generic):
            return self._array(thing)
        if isinstance(
            thing, np.ndarray
        ):  # a matrix, say: it multiplies by rules of its own, and does not cross as plain
            return _foreign(type(thing).__name__)
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
        if isinstance(thing, np.random.Generator) and type(thing.bit_generator).__name__ in _STATE:
            return {"k": "rng", "state": thing.bit_generator.state}
        return self.special(thing) or _foreign(type(thing).__name__)

    def _array(self, thing):
        scalar, writeable = isinstance(thing, np.generic), isinstance(thing, np.ndarray) and thing.flags.writeable
        array = np.asarray(thing)
        if array.dtype.kind not in _REAL or array.dtype.names:
            return _foreign(f"{'scalar' if scalar else 'array'} with dtype {array.dtype}")
        self._bytes += array.nbytes + 200
        if self._bytes > ARRAYS:
            raise TooLarge(f"an array of shape {array.shape}")
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        self.arrays.append(_head(array.shape, fortran, array.dtype) + array.tobytes("F" if fortran else "C"))
        return {"k": "array", "n": len(self.arrays[-1]), "scalar": scalar, "w": writeable}


def _foreign(name):
    return {"k": "foreign", "type": name[:60]}


class Foreign:
    """Stands for something that does not cross; its type has the name that it had over there."""


class Reader:
    """JSON tokens to values; `special` is asked about kinds of token that only one side may send."""

    def __init__(self, body, special=None):
        self.body, self.special, self._at, self._items = memoryview(body), special or {}, 0, 0

    def value(self, token, depth=0):
        self._items += 1
        if self._items > ITEMS or depth > DEPTH:
            raise BadFrame("a reply with too many things in it")
        if token is None or isinstance(token, (bool, float)):
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
            return generator(token.get("state"))
        if isinstance(kind, str) and kind in self.special:
            return self.special[kind](token)
        raise BadFrame("a reply with a token that is not known")

    def _pair(self, pair, depth):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], (str, int)):
            raise BadFrame("a reply with a dictionary that is none")
        return self.value(pair[0], depth + 1), self.value(pair[1], depth + 1)

    def _array(self, token):
        size = token.get("n")
        if not isinstance(size, int) or not 0 <= size <= len(self.body) - self._at:
            raise BadFrame("a reply with an array that is not all there")
        raw = bytes(self.body[self._at : self._at + size])
        self._at += size
        array = read_array(raw)
        if token.get("scalar") is True and array.ndim == 0:
            return array[()]
        array.flags.writeable = token.get("w") is not False
        return array


def read_array(raw):
    """The array of .npy bytes: version 1, a plain numeric dtype, and exactly as many bytes as its shape asks for."""
    try:
        start = 10 + int.from_bytes(raw[8:10], "little")
        shape, fortran, dtype = _read_head(raw[:start])
        data = bytearray(raw[start:])
        plain = dtype.kind in _REAL and not dtype.hasobject and dtype.names is None and dtype.subdtype is None
        if not plain or any(n < 0 for n in shape) or math.prod(shape) * dtype.itemsize != len(data):
            raise BadFrame("an array whose header does not fit")
        return np.ndarray(shape, dtype, data, order="F" if fortran else "C")
    except BadFrame:
        raise
    except Exception:  # noqa: BLE001 - NumPy's reader on a submission's bytes
        raise BadFrame("an array whose header is not one") from None


@lru_cache(maxsize=1024)
def _head(shape, fortran, dtype):
    """What stands before the bytes of an array in a .npy file."""
    buffer = io.BytesIO()
    header = {"shape": shape, "fortran_order": fortran, "descr": np.lib.format.dtype_to_descr(dtype)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


@lru_cache(maxsize=1024)
def _read_head(raw):
    """(shape, fortran order, dtype) of the beginning of a .npy file of version 1."""
    stream = io.BytesIO(raw)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise BadFrame("an array in another format")
    return np.lib.format.read_array_header_1_0(stream, max_header_size=512)


def generator(state):
    """A Generator in that state."""
    try:
        name, inner = state["bit_generator"], state["state"]
        numbers = (inner["state"], inner["inc"], state["has_uint32"], state["uinteger"])
        limits = (1 << 128, 1 << 128, 2, 1 << 32)
        if name not in _STATE or not all(
            type(n) is int and 0 <= n < top for n, top in zip(numbers, limits, strict=True)
        ):
            raise BadFrame("a random state that is none")
        bits = getattr(np.random, name)(0)
        bits.state = {
            "bit_generator": name,
            "state": {"state": numbers[0], "inc": numbers[1]},
            "has_uint32": numbers[2],
            "uinteger": numbers[3],
        }
        return np.random.Generator(bits)
    except (TypeError, KeyError, ValueError, OverflowError):
        raise BadFrame("a random state that is none") from None
