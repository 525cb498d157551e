"""What an exercise is: a task, and the properties that every right answer has."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..signatures import logits as logits_signature


class Wrong(Exception):
    """The answer lacks a property. The message describes what was seen, in words a reader can act on."""


class NotAttempted(Exception):
    """The answer, or a part of it, is still the stub. The message names what is missing."""


def need(condition, words):
    """Raise `Wrong(words)` unless the condition holds."""
    if not condition:
        raise Wrong(words)


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Args:
        key: "chapter/number", as `check` takes it.
        title: as its statement calls it.
        minutes: how long it takes, about.
        form: what the answer must be (`Function`, `Number`, `Numbers`, `Parts`).
        properties: functions `(answer, draw)`, tried in this order until one raises `Wrong`. The first line of the
            docstring is the property's name. What one returns is a note for the reader, a `Score`, or None.
        given: function of a `Draw` that gives the numbers of the exercise, different from student to student.
        seconds: time limit of one property.
    """

    key: str
    title: str
    minutes: int
    form: object
    properties: tuple
    given: Callable | None = None
    seconds: float = 10.0


class Draw:
    """The random inputs of one property: the same at every run, different from student to student.

    Attributes:
        numbers: the student's own numbers of this exercise, or None.
        generator: a seeded `torch.Generator`.
    """

    def __init__(self, exercise, student, purpose, numbers=None):
        name = " ".join(student.split()).casefold()
        self.generator = torch.Generator().manual_seed(zlib.crc32(f"{exercise.key}/{name}/{purpose}".encode()))
        self.numbers = numbers

    def batch(self, items, classes, *, scale=2.0):
        """Logits (N, C) in float64, of one decimal so that messages can show them, and labels (N,)."""
        sample = logits_signature.sample(self.generator, N=items, C=classes)
        return (sample["logits"] * scale * 10).round() / 10, sample["target"]

    def uniform(self, low, high):
        return low + (high - low) * torch.rand((), generator=self.generator, dtype=torch.float64).item()

    def integer(self, low, high):
        """A whole number from `low` to `high`, both included."""
        return int(torch.randint(low, high + 1, (), generator=self.generator))

    def weights(self, items, classes):
        """Points of the probability simplex, (N, C), the corners about as likely as the middle."""
        exponential = -torch.rand(items, classes, generator=self.generator, dtype=torch.float64).log()
        return (exponential**2) / (exponential**2).sum(-1, keepdim=True)


def numbers_of(exercise, student):
    """The student's own numbers, or None where all have the same task."""
    return None if exercise.given is None else exercise.given(Draw(exercise, student, "numbers"))
