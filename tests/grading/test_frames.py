"""What travels between grader and submission arrives as it was; what is no message is refused, whatever it is."""

import contextlib
import json
import os
import threading
import time

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lossatlas.classroom.grading import frames
from lossatlas.classroom.grading.channel import MAGIC, PREFIX, Channel, Gone, TooLate, packed, unpacked
from lossatlas.classroom.grading.frames import FrameError, Opaque
from lossatlas.contract import describe

MOST = 1 << 20


def nothing(*reference):
    raise TypeError("no function is expected")


def there_and_back(value, function=nothing):
    data = packed(value, lambda f: ["name of", f.__name__], MOST)
    _, header, _body = PREFIX.unpack(data[: PREFIX.size])
    return unpacked(data[PREFIX.size :][:header], data[PREFIX.size + header :], function)


plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.just(...),
    st.text(st.characters(codec="utf-8"), max_size=20),
)  # fmt: skip
nested = st.recursive(
    plain,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    ),
    max_leaves=20,
)


@given(nested)
def test_plain_values_arrive_as_they_are(value):
    assert repr(there_and_back(value)) == repr(value)


@given(st.sampled_from(sorted(frames.DTYPES)), st.lists(st.integers(0, 3), max_size=4), st.booleans())
def test_tensors_arrive_to_the_bit(kind, shape, requires_grad):
    dtype = frames.DTYPES[kind]
    floating = dtype.is_floating_point or dtype.is_complex
    tensor = (torch.randn(shape) * 3).to(dtype).requires_grad_(requires_grad and floating)
    found = there_and_back({"a": [tensor]})["a"][0]
    assert (found.dtype, found.shape, found.requires_grad) == (dtype, tensor.shape, tensor.requires_grad)
    assert torch.equal(found, tensor)


def test_tensors_of_every_layout():
    strange = torch.arange(12.0).reshape(3, 4)
    for tensor in (
        strange.T,
        strange[:, ::2],
        strange[0].expand(5, 4),
        torch.randn(2, dtype=torch.complex64).conj(),
        torch.tensor([torch.nan, torch.inf]),
    ):
        assert torch.equal(
            torch.nan_to_num(there_and_back(tensor).resolve_conj()), torch.nan_to_num(tensor.resolve_conj())
        )


@given(st.sampled_from(sorted(frames.ARRAYS)), st.lists(st.integers(0, 3), max_size=3))
def test_arrays_and_their_numbers_arrive_as_they_are(kind, shape):
    array = (numpy.random.default_rng(0).normal(size=shape) * 3).astype(kind)
    found = there_and_back(array)
    assert found.dtype == array.dtype and numpy.array_equal(found, array)
    number = array.dtype.type(1)
    assert type(there_and_back(number)) is type(number) and there_and_back(number) == number


def test_what_does_not_travel_is_named():
    class Ugly:
        def __repr__(self):
            raise ValueError("look away")

    for value, words in [
        (object(), "object <object"),
        (Ugly(), "Ugly <Ugly>"),
        (torch.eye(2).to_sparse(), "sparse"),
        ({1, 2}, "set {1, 2}"),
    ]:
        found = there_and_back(value)
        assert isinstance(found, Opaque) and words in describe(found)


def test_functions_are_left_to_those_who_know_them():
    assert there_and_back([len], lambda *reference: reference) == [("name of", "len")]


def test_half_characters_are_mended():
    assert there_and_back("a\ud800b") == "a?b"


def framed(header, body=b""):
    return unpacked(header if isinstance(header, bytes) else json.dumps(header).encode(), body, nothing)


#: Headers that no message has.
BROKEN = [
    b"", b"{", b"\xff\xfe", b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"1" * 5000, 10**400, {"a": 1}, [], [[]],
    [3], ["list"], ["list", 3], ["list", [], 1], ["dict", [[1]]], ["dict", [[["list", []], 1]]], ["dict", {"a": 1}],
    ["tensor"], ["tensor", "float32", [2], False], ["tensor", "object", [], False], ["tensor", "float32", [-1], False],
    ["tensor", "float32", [2**31, 2**31, 0, 2**31], False], ["tensor", "float32", [True], False],
    ["tensor", "float32", [0] * 100, False], ["tensor", "float32", "a", False], ["tensor", ["float32"], [], False],
    ["array", "object", []], ["array", "U5", [1]], ["slot", -1], ["slot", 10**9], ["slot", True], ["complex", 1, 2],
    ["complex", "1", "2"], ["function"], ["function", 1, 2, 3, 4, 5], ["opaque", 1, 2], ["opaque"], ["value"],
    ["taken", [3], 8], ["__class__"], ["list.__class__", 1], ["read_list", []], "a" * 300_000, ["list", [0] * 300_000],
    ["list", [["list", [["tensor", "int8", [0], False]] * 3000]]],
]  # fmt: skip


@pytest.mark.parametrize("header", BROKEN)
def test_what_is_no_message_is_refused(header):
    with pytest.raises(FrameError):
        framed(header)


def test_too_deep():
    header = 1
    for _ in range(50):
        header = ["list", [header]]
    with pytest.raises(FrameError, match="nested"):
        framed(header)


def test_bytes_left_over():
    with pytest.raises(FrameError, match="left over"):
        framed(1, b"x")


def test_truth_values_are_true_or_false():
    found = framed(["tensor", "bool", [3], False], b"\x00\x07\xff")
    assert found.tolist() == [False, True, True] and found.sum() == 2
    assert framed(["array", "bool", [2]], b"\x02\x00").view(numpy.uint8).tolist() == [1, 0]


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_any_bytes_are_refused_or_a_value(header, body):
    with contextlib.suppress(FrameError):
        unpacked(header, body, nothing)


#: The kinds of value that a message may contain.
KINDS = [name.removeprefix("read_") for name in dir(frames._Decoder) if name.startswith("read_")]

json_values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
        st.sampled_from([*KINDS, *frames.DTYPES]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=30,
)  # fmt: skip


@given(json_values, st.binary(max_size=40))
def test_any_json_is_refused_or_a_value(code, body):
    with contextlib.suppress(FrameError):
        unpacked(json.dumps(code).encode(), body, nothing)


@given(st.data())
def test_a_damaged_message_is_refused_or_a_value(data):
    whole = bytearray(packed({"a": torch.arange(3.0), "b": [1, (2.5, None)]}, nothing, MOST))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    end, other = pipe()
    os.write(other, whole)
    os.close(other)
    channel = Channel(end, os.open(os.devnull, os.O_WRONLY), MOST)
    try:
        channel.receive(nothing, time.monotonic() + 1)
    except (FrameError, Gone):
        pass
    finally:
        channel.close()


def test_too_large_a_message_is_not_sent():
    with pytest.raises(FrameError, match="large"):
        packed(torch.zeros(MOST), nothing, MOST)
    with pytest.raises(FrameError, match="large"):
        packed(["a" * 190_000] * 30, nothing, MOST)


def pipe():
    reads, writes = os.pipe()
    return reads, writes


@pytest.fixture
def line():
    """Two channels, the ends of one line."""
    (a, b), (c, d) = pipe(), pipe()
    ends = Channel(a, d, MOST), Channel(c, b, MOST)
    yield ends
    for end in ends:
        end.close()


def test_messages_larger_than_a_pipe(line):
    here, there = line
    message = {"a": torch.randn(100_000), "b": "words"}
    sender = threading.Thread(target=here.send, args=(message, nothing, time.monotonic() + 20))
    sender.start()
    found = there.receive(nothing, time.monotonic() + 20)
    sender.join()
    assert torch.equal(found["a"], message["a"]) and found["b"] == "words"


def test_every_wait_ends(line):
    here, there = line
    began = time.monotonic()
    with pytest.raises(TooLate):
        there.receive(nothing, began + 0.1)
    with pytest.raises(TooLate):  # nobody reads
        here.send(torch.zeros(100_000), nothing, time.monotonic() + 0.1)
    assert time.monotonic() - began < 5


def test_drops_do_not_reset_the_clock(line):
    here, there = line
    began = time.monotonic()

    def drip():
        for byte in PREFIX.pack(MAGIC, 100, 0):
            os.write(here.writes, bytes([byte]))
            time.sleep(0.05)

    threading.Thread(target=drip, daemon=True).start()
    with pytest.raises(TooLate):
        there.receive(nothing, began + 0.3)
    time.sleep(1.0)


@pytest.mark.parametrize(
    "prefix",
    [
        b"x" * PREFIX.size,
        PREFIX.pack(MAGIC, 2**32 - 1, 0),
        PREFIX.pack(MAGIC, 10, 2**63),
        PREFIX.pack(MAGIC, 10, MOST + 1),
    ],
)
def test_a_promise_of_too_much_is_refused_at_once(line, prefix):
    here, there = line
    os.write(here.writes, prefix)
    with pytest.raises(FrameError):
        there.receive(nothing, time.monotonic() + 5)


def test_an_end_that_is_closed(line):
    here, there = line
    os.write(here.writes, PREFIX.pack(MAGIC, 10, 0) + b"12")
    os.close(here.writes)
    here.writes = os.open(os.devnull, os.O_WRONLY)
    with pytest.raises(Gone):
        there.receive(nothing, time.monotonic() + 5)
