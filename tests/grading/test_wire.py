"""Values cross between the judge and a submission as they are, or not at all."""

import json
import os
import socket
import struct
import threading
import time

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dropout_lab.instructor.grading.boundary import wire
from dropout_lab.instructor.grading.boundary.wire import Channel


@pytest.mark.parametrize(
    "thing",
    [
        None,
        True,
        0,
        -1,
        2**63,
        1.5,
        -0.0,
        float("inf"),
        "text",
        (),
        [1, (2, [3.0])],
        {"W1": [1], 2: None},
        np.float32(1.5),
        np.float64(5e-324),
        np.bool_(True),
        np.int8(-3),
        np.arange(6.0).reshape(2, 3),
        np.arange(6.0).reshape(2, 3).T,
        np.zeros((0, 3)),
        np.array(2.0),
        np.array([-0.0, 5e-324, np.nan]),
        np.arange(5, dtype=np.uint8),
        np.ones(3, bool),
        np.ones(2, np.longdouble),
        np.ones(2, ">f4"),
    ],
    ids=repr,
)
def test_a_value_crosses_as_it_is(thing):
    writer = wire.Writer()
    token = json.loads(json.dumps(writer.token(thing)))
    reader = wire.Reader(b"".join(writer.arrays))
    back = reader.value(token)
    reader.done()
    assert type(back) is type(thing)
    if isinstance(thing, (np.ndarray, np.generic)):
        assert (back.shape, back.dtype, back.tobytes()) == (thing.shape, thing.dtype, thing.tobytes())
        assert isinstance(thing, np.generic) or back.flags.f_contiguous == thing.flags.f_contiguous
    else:
        assert repr(back) == repr(thing)


def test_a_generator_crosses_with_its_state():
    rng = np.random.default_rng(3)
    rng.normal(size=7)
    back = wire.Reader(b"").value(json.loads(json.dumps(wire.Writer().token(rng))))
    assert (back.random(5) == rng.random(5)).all()


QUICK = settings(max_examples=150, deadline=None)
REAL = arrays.boolean_dtypes() | arrays.integer_dtypes() | arrays.floating_dtypes() | arrays.complex_number_dtypes()
PLAIN = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    PLAIN | arrays.arrays(REAL, arrays.array_shapes(min_dims=0, min_side=0, max_side=4)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=8,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["k", "v", "d", "s", "at", "n", "w", "f", "state", "seeds"]), inner, max_size=5
        )
        | st.fixed_dictionaries(
            {"k": st.sampled_from(["array", "tuple", "dict", "rng", "seeds", "foreign"])},
            optional={
                "v": inner,
                "d": st.sampled_from(["<f8", "|O", ">i4"]),
                "s": inner,
                "seeds": inner,
                "state": inner,
            },
        )
    ),
    max_leaves=12,
)


def alike(a, b):
    """Equal to the bit, in type and in form."""
    if isinstance(a, (np.ndarray, np.generic)):
        return type(a) is type(b) and (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(alike, a, b))
    return type(a) is type(b) and (a == b or a != a)


@QUICK
@given(VALUES)
def test_whatever_is_made_of_numbers_texts_and_containers_crosses_as_it_is(thing):
    writer = wire.Writer()
    token = json.loads(json.dumps(writer.token(thing)))
    reader = wire.Reader(b"".join(writer.arrays))
    assert alike(thing, reader.value(token))
    reader.done()


@QUICK
@given(JSON, st.binary(max_size=200))
def test_a_token_of_anything_gives_a_value_or_is_refused(token, body):
    try:
        wire.Reader(body).value(token)
    except (wire.BadFrame, TypeError):  # what the judge takes for an answer that no function gives
        pass


@QUICK
@given(st.binary(max_size=100))
def test_bytes_of_anything_are_a_frame_or_refused_or_the_end(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.sendall(data)
        theirs.close()
        try:
            while True:
                assert isinstance(Channel(ours.fileno()).receive(time.monotonic() + 5)[0], dict)
        except (wire.BadFrame, wire.Closed):
            pass


def test_a_generator_spawns_over_there_as_it_goes_on_spawning_here():
    rng, again = np.random.default_rng(3), np.random.default_rng(3)
    rng.spawn(2)
    first, second = (wire.Reader(b"").value(json.loads(json.dumps(wire.Writer().token(r)))) for r in (rng, again))
    assert first.bit_generator.seed_seq.n_children_spawned == 2
    assert (first.spawn(1)[0].random(3) == second.spawn(3)[2].random(3)).all()


def test_the_seed_of_a_generator_does_not_cross():
    rng = np.random.default_rng(987654321)
    assert "987654321" not in json.dumps(wire.Writer().token(rng))
    seeds = wire.Reader(b"").value(json.loads(json.dumps(wire.Writer().token(rng.bit_generator.seed_seq))))
    assert isinstance(seeds, np.random.SeedSequence)


def array(d="<f8", s=(2,), **more):
    """The token of an array of two numbers, or of one that only says that it is."""
    return {"k": "array", "d": d, "s": list(s), "f": False, "scalar": False, "w": True, **more}


def test_an_honest_array_is_read():
    assert (wire.Reader(bytes(16)).value(array()) == np.zeros(2)).all()


@pytest.mark.parametrize(
    "token",
    [
        array(s=(3,)),
        array(s=(10**9,)),
        array(s=(-2,)),
        array(s=(2**62, 4)),
        array(s=(0, 10**20)),
        array(s=(True, 2)),
        array(s=[1] * 40),
        array(s=("2",)),
        array(d="|O"),
        array(d="O8"),
        array(d="<M8[s]"),
        array(d="<U2"),
        array(d="|V8"),
        array(d="(2,)<f8"),
        array(d="f8,f8"),
        array(d=["<f8"]),
        array(d="__import__('os')"),
        array(d=None),
        {"k": "array", "d": "<f8", "s": 2},
    ],
    ids=lambda token: repr((token["d"], token["s"]))[:50],
)
def test_what_is_no_plain_array_of_numbers_is_refused(token):
    with pytest.raises(wire.BadFrame):
        wire.Reader(bytes(16)).value(token)


def test_a_position_in_shared_memory_means_nothing_to_who_has_none():
    assert (wire.Reader(bytes(16)).value(array(at=5)) == 0).all()
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value(array(at=0))


@pytest.mark.parametrize(
    "token",
    [
        {},
        {"k": "handle", "id": 1},
        {"k": "kept"},
        {"k": "function", "id": 0},
        {"k": ["array"]},
        {"k": "seeds", "seeds": 5},
        {"k": "seeds", "seeds": {"entropy": -1, "spawned": 0}},
        {"k": "seeds", "seeds": {"entropy": 1, "spawned": 10**9}},
        {"k": "tuple", "v": 5},
        {"k": "dict", "v": [[1]]},
        {"k": "dict", "v": [[[], 1]]},
        {"k": "rng", "state": None},
        {
            "k": "rng",
            "state": {"bit_generator": "PCG64", "state": {"state": -1, "inc": 1}, "has_uint32": 0, "uinteger": 0},
        },
        {
            "k": "rng",
            "state": {"bit_generator": "Generator", "state": {"state": 1, "inc": 1}, "has_uint32": 0, "uinteger": 0},
        },
        2**70,
        "x" * 20_000,
        [1],
    ],
    ids=lambda t: repr(t)[:50],
)
def test_tokens_that_the_child_may_not_send_are_refused(token):
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value(token)


def test_values_in_values_without_end_are_refused_on_both_sides():
    token, deep = 0, []
    for _ in range(50):
        token, deep = {"k": "list", "v": [token]}, [deep]
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value(token)
    with pytest.raises(wire.BadFrame):
        wire.Reader(b"").value({"k": "list", "v": [0] * 30_000})
    with pytest.raises(wire.TooLarge):
        wire.Writer().token(deep)


@pytest.mark.parametrize(
    "frame",
    [
        struct.pack(">II", 2**32 - 1, 0),
        struct.pack(">II", 2, 2**31 - 1) + b"{}",
        struct.pack(">II", 2, 2**31 | 100_000) + b"{}" + struct.pack(">I", 0),
        struct.pack(">II", 2, 2**32 - 1) + b"{}" + struct.pack(">I", 0),
        struct.pack(">II", 2, 0) + b"[]",
        struct.pack(">II", 3, 0) + b"{]}",
        struct.pack(">II", 900_000, 0) + b"[" * 900_000,
    ],
    ids=["claims much JSON", "claims much data", "arrays nowhere", "much nowhere", "no object", "no JSON", "deep JSON"],
)
def test_frames_that_are_none_are_refused(frame):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        writer = threading.Thread(target=theirs.sendall, args=(frame,))
        writer.start()
        with pytest.raises(wire.BadFrame):
            _ours(ours).receive(time.monotonic() + 20)
        writer.join()


def _ours(end):
    end.setblocking(False)
    return Channel(end.fileno())


def test_what_does_not_come_is_not_waited_for():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(b"\0\0")
        with pytest.raises(wire.TimedOut):
            _ours(ours).receive(time.monotonic() + 0.2)
        with pytest.raises(wire.TimedOut):  # nor is somebody who does not read
            _ours(ours).send({}, [bytes(8 << 20)], time.monotonic() + 0.2)
    with pytest.raises(wire.Closed):
        Channel(os.open(os.devnull, os.O_RDONLY)).receive()
