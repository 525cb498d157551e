"""Messages over two pipes: a JSON header and a body of bytes each, of bounded size. Every wait has an end."""

import json
import os
import select
import struct
import time

from .frames import FrameError, decode, encode, need

MAGIC = b"atl1"
PREFIX = struct.Struct(">4sIQ")
HEADER_BYTES = 4_000_000
CHUNK = 1 << 16


class TooLate(Exception):
    """The other side took longer than it had."""


class Gone(Exception):
    """The other side has closed its end."""


def packed(message, function, body_bytes):
    """A message as bytes; `FrameError` where it is larger than the other side would take."""
    body = []
    header = json.dumps(encode(message, body, function)).encode()
    size = sum(map(len, body))
    need(len(header) <= HEADER_BYTES and size <= body_bytes, "too large")
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
        need(magic == MAGIC, "no frame")
        need(header <= HEADER_BYTES and body <= self.body_bytes, "too large")
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
