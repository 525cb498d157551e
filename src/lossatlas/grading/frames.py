"""Values on their way between the grader and a submission: a JSON header, then the bytes of tensors.

Neither side ever unpickles or evaluates what it gets. Whatever is too large, too deep, or not what it should be is a
`FrameError`, and every wait has an end.
"""

import json
import math
import os
import re
import select
import struct
import time

import numpy
import torch

from .trees import Slot

MAGIC = b"atl1"
PREFIX = struct.Struct(">4sIQ")
HEADER_BYTES = 4_000_000
DEPTH, NODES, TENSORS, DIMENSIONS, TEXT = 24, 200_000, 2_000, 24, 200_000
CHUNK = 1 << 16
LARGEST, ENTRIES = 10**300, 2**32

DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex128, torch.complex64,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
    )
}  # fmt: skip
ARRAYS = {
    name: numpy.dtype(name)
    for name in ("float64", "float32", "float16", "complex128", "complex64", "int64", "int32", "int16", "int8",
                 "uint64", "uint32", "uint16", "uint8", "bool")
}  # fmt: skip


class FrameError(Exception):
    """Bytes that are no message, or a message that is larger than allowed."""


class TooLate(Exception):
    """The other side took longer than it had."""


class Gone(Exception):
    """The other side has closed its end."""


class Opaque:
    """A value that does not travel: its type and a few words about it are all that is known."""

    text = ""

    def __repr__(self):
        return self.text


def opaque(kind, text):
    """An `Opaque` whose class has the name of the type, so that messages can name it."""
    name = re.sub(r"\W", "_", kind)[:40] or "object"
    found = type(name, (Opaque,), {})()
    found.text = readable(text)[:80]
    return found


def readable(text):
    """Text that can be written to any file: no half characters, and no control characters but line ends and tabs."""
    text = text.encode("utf-8", "replace").decode()
    return "".join(c for c in text if c.isprintable() or c in "\n\t")


def encode(value, body, function):
    """The value as JSON takes it. Bytes of tensors are appended to the list `body`.

    Args:
        function: says of a callable value what stands for it, a list of plain values, or None if it does not travel.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, torch.Tensor):
        return _encode_tensor(value, body)
    if isinstance(value, (numpy.ndarray, numpy.generic)):
        return _encode_array(value, body)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int) and abs(value) < LARGEST:
        return int(value)
    if isinstance(value, str):
        return str(value)[:TEXT]
    if isinstance(value, complex):
        return ["complex", value.real, value.imag]
    if value is ...:
        return ["..."]
    if isinstance(value, Slot):
        return ["slot", value.number]
    if isinstance(value, (list, tuple)):
        return ["list" if isinstance(value, list) else "tuple", [encode(entry, body, function) for entry in value]]
    if isinstance(value, dict):
        return ["dict", [[encode(k, body, function), encode(v, body, function)] for k, v in value.items()]]
    reference = function(value) if callable(value) else None
    if reference is not None:
        return ["function", *reference]
    return ["opaque", type(value).__name__, _words(value)]


def decode(code, body, function):
    """The value that `encode` was given.

    Args:
        code: as `json.loads` gives it.
        body: a memoryview of all bytes after the header.
        function: turns what stood for a callable back into one.
    """
    return _Decoder(body, function).whole(code)


class _Decoder:
    def __init__(self, body, function):
        self.body, self.function, self.at, self.nodes, self.tensors = body, function, 0, 0, 0

    def whole(self, code):
        value = self.value(code, 0)
        _need(self.at == len(self.body), "bytes are left over")
        return value

    def value(self, code, depth):
        self.nodes += 1
        _need(depth < DEPTH and self.nodes < NODES, "too many nested values")
        if code is None or isinstance(code, (bool, float)):
            return code
        if isinstance(code, int):
            _need(abs(code) < LARGEST, "too large a number")
            return code
        if isinstance(code, str):
            _need(len(code) <= TEXT, "too long a text")
            return code.encode("utf-8", "replace").decode()
        _need(isinstance(code, list) and code and isinstance(code[0], str), "no value")
        read = self.read_dots if code[0] == "..." else getattr(self, f"read_{code[0]}", None)
        _need(read is not None, "an unknown kind of value")
        try:
            return read(depth + 1, *code[1:])
        except TypeError:
            raise FrameError("a value without its parts") from None

    def read_dots(self, depth):
        return ...

    def read_slot(self, depth, number):
        _need(type(number) is int and 0 <= number < TENSORS, "no tensor of this number")
        return Slot(number)

    def read_list(self, depth, entries):
        _need(isinstance(entries, list), "no list")
        return [self.value(entry, depth) for entry in entries]

    def read_tuple(self, depth, entries):
        return tuple(self.read_list(depth, entries))

    def read_dict(self, depth, pairs):
        _need(isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs), "no pairs")
        found = {}
        for name, entry in pairs:
            name = self.value(name, depth)
            _need(name is None or isinstance(name, (bool, int, float, str)), "no name of an entry")
            found[name] = self.value(entry, depth)
        return found

    def read_complex(self, depth, real, imag):
        _need(isinstance(real, float) and isinstance(imag, float), "no complex number")
        return complex(real, imag)

    def read_tensor(self, depth, kind, shape, requires_grad):
        _need(isinstance(kind, str) and kind in DTYPES, "no dtype")
        dtype = DTYPES[kind]
        data = self.taken(shape, dtype.itemsize)
        if dtype is torch.bool:  # a byte that is neither 0 nor 1 would be no truth value
            tensor = torch.frombuffer(data, dtype=torch.uint8).ne(0) if data else torch.empty(0, dtype=dtype)
        else:
            tensor = torch.frombuffer(data, dtype=dtype) if data else torch.empty(0, dtype=dtype)
        tensor = tensor.reshape(shape)
        wanted = requires_grad is True and (dtype.is_floating_point or dtype.is_complex)
        return tensor.requires_grad_() if wanted else tensor

    def read_array(self, depth, kind, shape):
        _need(isinstance(kind, str) and kind in ARRAYS, "no dtype")
        data = self.taken(shape, ARRAYS[kind].itemsize)
        if kind == "bool":
            return (numpy.frombuffer(data, numpy.uint8) != 0).reshape(shape)
        return numpy.frombuffer(data, ARRAYS[kind]).reshape(shape)

    def read_scalar(self, depth, kind):
        return self.read_array(depth, kind, [])[()]

    def read_function(self, depth, *reference):
        return self.function(*(self.value(part, depth) for part in reference))

    def read_opaque(self, depth, kind, text):
        _need(isinstance(kind, str) and isinstance(text, str), "no description")
        return opaque(kind, text)

    def taken(self, shape, itemsize):
        """The next bytes of the body, as many as the shape needs, in memory of their own."""
        self.tensors += 1
        _need(self.tensors <= TENSORS, "too many tensors")
        sound = isinstance(shape, list) and len(shape) <= DIMENSIONS and all(type(n) is int and n >= 0 for n in shape)
        # Without its zeros, a shape without numbers could still be endless along an axis.
        _need(sound and math.prod(max(n, 1) for n in shape) < ENTRIES, "no shape")
        size = itemsize * math.prod(shape)
        _need(size <= len(self.body) - self.at, "more numbers than bytes")
        self.at += size
        return bytearray(self.body[self.at - size : self.at])


def _encode_tensor(value, body):
    plain = value.detach()
    if plain.layout is not torch.strided or plain.is_meta or plain.is_quantized:
        return ["opaque", "Tensor", f"a {str(plain.layout).removeprefix('torch.')} tensor of shape {tuple(plain.shape)}"]
    kind = str(plain.dtype).removeprefix("torch.")
    if kind not in DTYPES:
        return ["opaque", "Tensor", f"a {kind} tensor of shape {tuple(plain.shape)}"]
    plain = plain.cpu().resolve_conj().resolve_neg().contiguous()
    body.append(plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b"")
    return ["tensor", kind, list(value.shape), value.requires_grad]


def _encode_array(value, body):
    kind = value.dtype.name
    if kind not in ARRAYS:
        return ["opaque", type(value).__name__, _words(value)]
    body.append(numpy.ascontiguousarray(value).astype(ARRAYS[kind]).tobytes())
    return ["array", kind, list(value.shape)] if isinstance(value, numpy.ndarray) else ["scalar", kind]


def _words(value):
    try:
        return repr(value)[:80]
    except Exception:  # a value may forbid to be looked at
        return f"<{type(value).__name__}>"


def _need(condition, words):
    if not condition:
        raise FrameError(words)


def packed(message, function, body_bytes):
    """A message as bytes; `FrameError` where it is larger than the other side would take."""
    body = []
    header = json.dumps(encode(message, body, function)).encode()
    size = sum(map(len, body))
    _need(len(header) <= HEADER_BYTES and size <= body_bytes, "too large")
    return b"".join([PREFIX.pack(MAGIC, len(header), size), header, *body])


def unpacked(header, body, function):
    """The message of a header and a body."""
    try:
        code = json.loads(header)
    except (ValueError, RecursionError):
        raise FrameError("no JSON") from None
    try:
        return decode(code, memoryview(body), function)
    except (RecursionError, OverflowError, ValueError, RuntimeError) as error:
        raise FrameError(str(error)[:80]) from None


class Channel:
    """Messages over two pipes, one to read from and one to write to."""

    def __init__(self, reads, writes, body_bytes):
        self.reads, self.writes, self.body_bytes = reads, writes, body_bytes
        os.set_blocking(reads, False)
        os.set_blocking(writes, False)

    def send(self, message, function, deadline=None):
        """Send a message until `deadline`, a time of `time.monotonic`."""
        left = memoryview(packed(message, function, self.body_bytes))
        while left:
            _wait(self.writes, select.POLLOUT, deadline)
            try:
                left = left[os.write(self.writes, left[:CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None

    def receive(self, function, deadline=None):
        """The next message, if it is there, whole, before `deadline`."""
        magic, header, body = PREFIX.unpack(self._read(PREFIX.size, deadline))
        _need(magic == MAGIC, "no frame")
        _need(header <= HEADER_BYTES and body <= self.body_bytes, "too large")
        return unpacked(self._read(header, deadline), self._read(body, deadline), function)

    def _read(self, size, deadline):
        found = bytearray()
        while len(found) < size:
            _wait(self.reads, select.POLLIN, deadline)
            try:
                piece = os.read(self.reads, min(CHUNK, size - len(found)))
            except BlockingIOError:
                continue
            except OSError:
                raise Gone from None
            if not piece:
                raise Gone
            found += piece
        return found

    def close(self):
        for end in {self.reads, self.writes}:
            os.close(end)


def _wait(end, event, deadline):
    poll = select.poll()
    poll.register(end, event)
    left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise TooLate
