"""The two controls of an explorer: a slider over numbers and a choice among a few things."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...contract import describe, expect


@dataclass(frozen=True)
class Slider:
    """A number between `start` and `stop`.

    In a kernel it takes any value in between. On a page it takes `steps` of them, evenly spaced (evenly in the
    logarithm with `log=True`), and `value`, where the slider stands at first, is always one of them.
    Integer ends with integer steps give integers.
    """

    start: float
    stop: float
    steps: int = 11
    value: float | None = None
    label: str | None = None
    log: bool = False

    def __post_init__(self):
        for name in ("start", "stop"):
            end = getattr(self, name)
            expect(_is_number(end) and math.isfinite(end), name, "a finite number", describe(end), TypeError)
        expect(self.start < self.stop, "stop", f"a number above start = {self.start:g}", f"{self.stop:g}")
        expect(isinstance(self.steps, int) and self.steps >= 2, "steps", "an integer >= 2", describe(self.steps))
        expect(not self.log or self.start > 0, "start", "a number > 0 on a logarithmic slider", f"{self.start:g}")
        if self.value is not None:
            expect(_is_number(self.value), "value", "a number", describe(self.value), TypeError)
            inside = self.start <= self.value <= self.stop
            expect(inside, "value", f"a number in [{self.start:g}, {self.stop:g}]", f"{self.value:g}")

    @cached_property
    def values(self):
        """The numbers on the page, in ascending order."""
        spaced = np.geomspace if self.log else np.linspace
        values = [float(f"{v:.10g}") for v in spaced(self.start, self.stop, self.steps)]
        if self.value is not None and not any(math.isclose(self.value, v, rel_tol=1e-9, abs_tol=1e-12) for v in values):
            values = sorted([*values, float(self.value)])
        return [int(v) for v in values] if self.counts else values

    @property
    def counts(self):
        """Whether the slider steps through integers."""
        ends = isinstance(self.start, int) and isinstance(self.stop, int) and not self.log
        return ends and (self.stop - self.start) % (self.steps - 1) == 0 and float(self.value or 0).is_integer()

    @cached_property
    def texts(self):
        """The values as they are read: as few digits as keep them apart, at least three."""
        for digits in range(3, 12):
            texts = [f"{v:.{digits}g}" for v in self.values]
            if len(set(texts)) == len(texts):
                break
        return texts

    @property
    def index(self):
        """Where the slider stands at first."""
        if self.value is None:
            return len(self.values) // 2
        return min(range(len(self.values)), key=lambda i: abs(self.values[i] - self.value))

    def text(self, value):
        return self.texts[self.values.index(value)] if value in self.values else f"{value:.3g}"


@dataclass(frozen=True)
class Choice:
    """One of `options`: a list, or a mapping from what is read to what the picture gets."""

    options: list | Mapping
    value: object = None
    label: str | None = None

    def __post_init__(self):
        listed = isinstance(self.options, (list, tuple, Mapping)) and len(self.options) > 0
        expect(listed, "options", "a list or mapping with at least one entry", describe(self.options))
        expect(len(set(self.texts)) == len(self.texts), "options", "options that read differently", repr(self.texts))
        known = self.value is None or any(self.value is v or self.value == v for v in self.values)
        expect(known, "value", f"one of {self.texts}", describe(self.value))

    @cached_property
    def values(self):
        return list(self.options.values() if isinstance(self.options, Mapping) else self.options)

    @cached_property
    def texts(self):
        if isinstance(self.options, Mapping):
            return [str(text) for text in self.options]
        return [_read(option) for option in self.options]

    @property
    def index(self):
        return 0 if self.value is None else self.values.index(self.value)

    def text(self, value):
        return self.texts[self.values.index(value)]


def _read(option):
    if isinstance(option, float):
        return f"{option:g}"
    return str(getattr(option, "name", None) or getattr(option, "__name__", None) or option)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)
