"""Where a hyper-parameter may live, declared as data: checked on every call, shown on every slider."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch

from .checks import FLOATS, describe, is_number, values_readable, wrong


@dataclass(frozen=True)
class Domain:
    """A set of real numbers: an interval with open or closed ends, and the part of it that pictures show.

    One number may be missing from it, the `hole`. An `optional` hyper-parameter may also be None. One without a
    `slider` stays at its default in pictures, because it changes nothing of what they show. A `whole` one is a Python
    integer, such as a count. The `main` one of a loss determines how sharply, or how far, it acts: pictures with one
    slider move it.
    """

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    show: tuple | None = field(default=None, compare=False)
    optional: bool = False
    slider: bool = field(default=True, compare=False)
    whole: bool = False
    main: bool = field(default=False, compare=False)
    hole: float | None = None

    def __contains__(self, value):
        if value == self.hole:
            return False
        above = value > self.low if self.open_low else value >= self.low
        below = value < self.high if self.open_high else value <= self.high
        return above and below and -math.inf < value < math.inf

    def __str__(self):
        return f"{self._interval()} or None" if self.optional else self._interval()

    def _interval(self):
        return self._bounds().replace("number", "whole number") if self.whole else self._bounds()

    def _bounds(self):
        if math.isinf(self.low) and math.isinf(self.high):
            return "a finite number" if self.hole is None else f"a number other than {self.hole:g}"
        if math.isinf(self.high):
            return f"a number {'>' if self.open_low else '>='} {self.low:g}"
        if math.isinf(self.low):
            return f"a number {'<' if self.open_high else '<='} {self.high:g}"
        left, right = "(" if self.open_low else "[", ")" if self.open_high else "]"
        return f"a number in {left}{self.low:g}, {self.high:g}{right}"

    def check(self, name, value):
        """The value, as a Python number or a tensor; an error unless it lies in the domain.

        A tensor has one number, or one per model under vmap, where they cannot be read and are trusted.
        """
        if value is None and self.optional:
            return None
        if self.whole:
            return self._check_whole(name, value)
        if isinstance(value, torch.Tensor):
            return self._check_tensor(name, value)
        if not is_number(value):
            raise wrong(name, str(self), describe(value), TypeError)
        if value not in self:
            raise wrong(name, str(self), f"{float(value):g}")
        return value if type(value) in (int, float) else float(value)

    def _check_whole(self, name, value):
        if not isinstance(value, int) or isinstance(value, bool):
            raise wrong(name, str(self), describe(value), ValueError if is_number(value) else TypeError)
        if value not in self:
            raise wrong(name, str(self), str(value))
        return value

    def _check_tensor(self, name, value):
        if value.dtype == torch.bool or value.is_complex() or value.layout is not torch.strided:
            raise wrong(name, str(self), describe(value), TypeError)
        if values_readable(value):
            outside = [x for x in value.detach().flatten().tolist() if x not in self]
            if outside:
                raise wrong(name, str(self), f"{outside[0]:g}")
        return value

    def outside(self):
        """Some numbers that are not in the domain, for the tests of its error message."""
        found = [0.5, math.nan] if self.whole else [math.nan, math.inf, -math.inf]
        if not math.isinf(self.low):
            found.append(self.low if self.open_low else self.low - 1)
        if not math.isinf(self.high):
            found.append(self.high if self.open_high else self.high + 1)
        return found if self.hole is None else [*found, self.hole]


@dataclass(frozen=True)
class Kind:
    """What a hyper-parameter that is no number may be.

    Args:
        expected: in words.
        accepts: whether a value is of this kind.
        refused: values that are not, for the tests of the error.
        another: a value other than the default, for tests; None where they keep to the default.
        allows: whether a value of this kind is a right one.
        outside: values of this kind that are not right, for the tests of the error.
    """

    expected: str
    accepts: Callable
    refused: tuple = (object(),)
    another: object = None
    allows: Callable | None = None
    outside: tuple = ()

    def check(self, name, value):
        """The value; an error unless it is a right one of this kind."""
        if not self.accepts(value):
            raise wrong(name, self.expected, describe(value), TypeError)
        if self.allows is not None and not self.allows(value):
            raise wrong(name, self.expected, repr(value))
        return value


def _is_generator(value):
    return value is None or isinstance(value, torch.Generator)


#: A `torch.Generator`, or None for torch's own.
GENERATOR = Kind("a torch.Generator or None", _is_generator, (0, "cpu", torch.Generator))
#: A floating-point dtype.
FLOAT_TYPE = Kind(
    "a floating-point dtype",
    lambda value: isinstance(value, torch.dtype) and value in FLOATS,
    (torch.int64, torch.bool, torch.complex64, float),
)
#: A function.
FUNCTION = Kind("a function", callable, (3.5, "text"))


def real(*, show=None, optional=False, main=False):
    return Domain(show=show, optional=optional, main=main)


def other_than(hole, *, show=None, main=False):
    return Domain(hole=hole, show=show, main=main)


def at_least(low, *, show=None, optional=False, main=False):
    return Domain(low=low, show=show, optional=optional, main=main)


def whole(low=-math.inf, high=math.inf, *, show=None, optional=False, main=False):
    return Domain(low=low, high=high, show=show, optional=optional, whole=True, main=main)


def above(low, *, show=None, optional=False, main=False):
    return Domain(low=low, open_low=True, show=show, optional=optional, main=main)


def between(low, high, *, show=None, optional=False, main=False):
    return Domain(low=low, high=high, show=show, optional=optional, main=main)


def inside(low, high, *, open_low=True, open_high=True, show=None, optional=False, main=False):
    return Domain(low, high, open_low, open_high, show, optional, main=main)


def around(default):
    """The domain of a hyper-parameter that declares none: any finite number, shown around its default."""
    reach = max(1.0, abs(default))
    show = (default / 4, default * 4) if default > 0 else (default - reach, default + reach)
    return replace(real(), show=show)
