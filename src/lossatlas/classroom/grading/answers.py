"""The answers of a notebook by name, read from the child process that has them."""

import math
from collections.abc import Mapping

import numpy
import torch

from .errors import RemoteError
from .frames import opaque

ENTRIES = 100_000


class Answers(Mapping):
    """What the notebook defines, read from the child when it is first used."""

    def __init__(self, session):
        self.session, self.known, self._reading, self._functions = session, {}, None, []

    def __getitem__(self, name):
        if name not in self.known:
            self.known[name] = self.read(name)[0]
        return self.known[name]

    def __iter__(self):
        self.session._revived()
        return iter(self.session._names)

    def __len__(self):
        return len(list(iter(self)))

    def read(self, name):
        """(value, the functions in it) as the child has it now."""
        self._reading, self._functions = name, []
        try:
            reply = self.session.request("get", name, name=name)
        except RemoteError as error:
            return opaque("object", str(error)), []
        finally:
            functions, self._reading = self._functions, None
        if "value" not in reply:
            raise KeyError(name)
        return _modest(reply["value"]), functions

    def met(self, function):
        """Remember which answer a function came in; one that a call returned came in none."""
        if self._reading is not None:
            function.origin = (self._reading, len(self._functions))
            self._functions.append(function)
        return function


def _modest(value):
    """The value, large tensors left out: a check that makes a list of an answer must not make one without end."""
    if isinstance(value, (list, tuple)):
        entries = [_modest(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    if isinstance(value, dict):
        return {name: _modest(entry) for name, entry in value.items()}
    if isinstance(value, (torch.Tensor, numpy.ndarray)) and max([*value.shape, math.prod(value.shape)]) > ENTRIES:
        return opaque(type(value).__name__, f"of shape {tuple(value.shape)}, too large for an answer")
    return value
