"""Values on their way between the grader and a submission: plain JSON, and the bytes of tensors beside it.

Neither side ever unpickles or evaluates what it gets. Whatever is too large, too deep, or not what it should be is a
`FrameError`.
"""

import math
import re

import numpy
import torch

from .trees import Slot

DEPTH, NODES, TENSORS, DIMENSIONS, TEXT = 24, 200_000, 2_000, 24, 200_000
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
        function: gives what stands for a callable value, a list of plain values, or None if it does not travel.
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
        need(self.at == len(self.body), "bytes are left over")
        return value

    def value(self, code, depth):
        self.nodes += 1
        need(depth < DEPTH and self.nodes < NODES, "too many nested values")
        if code is None or isinstance(code, (bool, float)):
            return code
        if isinstance(code, int):
            need(abs(code) < LARGEST, "too large a number")
            return code
        if isinstance(code, str):
            need(len(code) <= TEXT, "too long a text")
            return code.encode("utf-8", "replace").decode()
        need(isinstance(code, list) and code and isinstance(code[0], str), "no value")
        read = self.read_dots if code[0] == "..." else getattr(self, f"read_{code[0]}", None)
        need(read is not None, "an unknown kind of value")
        try:
            return read(depth + 1, *code[1:])
        except TypeError:
            raise FrameError("a value without its parts") from None

    def read_dots(self, depth):
        return ...

    def read_slot(self, depth, number):
        need(type(number) is int and 0 <= number < TENSORS, "no tensor of this number")
        return Slot(number)

    def read_list(self, depth, entries):
        need(isinstance(entries, list), "no list")
        return [self.value(entry, depth) for entry in entries]

    def read_tuple(self, depth, entries):
        return tuple(self.read_list(depth, entries))

    def read_dict(self, depth, pairs):
        need(isinstance(pairs, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in pairs), "no pairs")
        found = {}
        for name, entry in pairs:
            name = self.value(name, depth)
            need(name is None or isinstance(name, (bool, int, float, str)), "no name of an entry")
            found[name] = self.value(entry, depth)
        return found

    def read_complex(self, depth, real, imag):
        need(isinstance(real, float) and isinstance(imag, float), "no complex number")
        return complex(real, imag)

    def read_tensor(self, depth, kind, shape, requires_grad):
        need(isinstance(kind, str) and kind in DTYPES, "no dtype")
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
        need(isinstance(kind, str) and kind in ARRAYS, "no dtype")
        data = self.taken(shape, ARRAYS[kind].itemsize)
        if kind == "bool":
            return (numpy.frombuffer(data, numpy.uint8) != 0).reshape(shape)
        return numpy.frombuffer(data, ARRAYS[kind]).reshape(shape)

    def read_scalar(self, depth, kind):
        return self.read_array(depth, kind, [])[()]

    def read_function(self, depth, *reference):
        return self.function(*(self.value(part, depth) for part in reference))

    def read_opaque(self, depth, kind, text):
        need(isinstance(kind, str) and isinstance(text, str), "no description")
        return opaque(kind, text)

    def taken(self, shape, itemsize):
        """The next bytes of the body, as many as the shape needs, in memory of their own."""
        self.tensors += 1
        need(self.tensors <= TENSORS, "too many tensors")
        sound = isinstance(shape, list) and len(shape) <= DIMENSIONS and all(type(n) is int and n >= 0 for n in shape)
        # Without its zeros, a shape without numbers could still be endless along an axis.
        need(sound and math.prod(max(n, 1) for n in shape) < ENTRIES, "no shape")
        size = itemsize * math.prod(shape)
        need(size <= len(self.body) - self.at, "more numbers than bytes")
        self.at += size
        return bytearray(self.body[self.at - size : self.at])


def _encode_tensor(value, body):
    plain = value.detach()
    if plain.layout is not torch.strided or plain.is_meta or plain.is_quantized:
        return [
            "opaque",
            "Tensor",
            f"a {str(plain.layout).removeprefix('torch.')} tensor of shape {tuple(plain.shape)}",
        ]
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


def need(condition, words):
    if not condition:
        raise FrameError(words)
