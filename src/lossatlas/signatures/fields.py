"""The kinds of tensor a loss can take. A field knows how its tensor is checked, sampled and made harmless.

`dims` names the axes by letters ("N C"); a letter has one size in all inputs of a call, and a number ("E 2") is that
size. A leading "*" is any number of axes, the same for all fields with one; a leading "..." is any number of axes that
broadcast with those of the others. A last "..." ("N ...") is any number of further axes, of this field alone.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..contract import describe, values_readable, wrong
from ..contract.checks import FLOATS, INDICES, INTEGERS


@dataclass(frozen=True)
class Field:
    """A floating-point tensor of real numbers."""

    dims: str
    what: str = "real numbers"
    dtypes = FLOATS
    tensor = "a floating-point tensor"
    #: dense, unless it says otherwise
    layouts = (torch.strided,)
    #: whether its dtype is the dtype of the loss
    floating = True
    #: whether the last axis is masked only as a whole
    joint = False

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(self.dims.split()))
        object.__setattr__(self, "reads_values", type(self).check_values is not Field.check_values)

    def check_type(self, name, value):
        if not (isinstance(value, torch.Tensor) and value.dtype in self.dtypes and value.layout in self.layouts):
            raise wrong(name, f"{self.tensor} of {shape_text(self.axes)}", describe(value), TypeError)

    def check_values(self, name, value, sizes):
        """Values of a plain field are free; NaN in, NaN out."""

    def prepared(self, value, dtype):
        """The tensor as the formula meets it; `dtype` is that of the arithmetic."""
        return value if value.dtype == dtype else value.to(dtype)

    def neutral(self, value):
        """A number that no loss stumbles over, put where an item is masked."""
        return 0.0

    def sample(self, shape, sizes, generator, dtype):
        return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

    def in_code(self, shape, sizes):
        """A valid tensor as an expression of Python, for code that a reader pastes."""
        return f"torch.randn({sizes_text(shape)})"

    def bad(self, value, sizes):
        """name -> (a value that must be refused, the exception it must raise)."""
        return {
            "a list": (value.tolist(), TypeError),
            "integers": (torch.zeros_like(value, dtype=torch.long), TypeError),
            "one axis too many": (value.unsqueeze(0), ValueError),
        }


@dataclass(frozen=True)
class Positive(Field):
    """A floating-point tensor of numbers above zero."""

    what: str = "positive numbers"

    def check_values(self, name, value, sizes):
        if values_readable(value):
            low = value.detach().min().item()
            if not low > 0:
                raise wrong(name, "numbers > 0", f"a smallest value of {low:g}")

    def neutral(self, value):
        return 1.0

    def sample(self, shape, sizes, generator, dtype):
        return super().sample(shape, sizes, generator, dtype).exp()

    def in_code(self, shape, sizes):
        return f"torch.rand({sizes_text(shape)}) + 0.1"

    def bad(self, value, sizes):
        return {**super().bad(value, sizes), "a negative number": (value - value.max() - 1, ValueError)}


@dataclass(frozen=True)
class NonNegative(Field):
    """A floating-point tensor of numbers from zero on."""

    what: str = "numbers >= 0"

    def check_values(self, name, value, sizes):
        if values_readable(value):
            low = value.detach().min().item()
            if not low >= 0:
                raise wrong(name, "numbers >= 0", f"a smallest value of {low:g}")

    def sample(self, shape, sizes, generator, dtype):
        return super().sample(shape, sizes, generator, dtype).abs()

    def in_code(self, shape, sizes):
        return f"torch.rand({sizes_text(shape)})"

    def bad(self, value, sizes):
        return {**super().bad(value, sizes), "a negative number": (value - value.max() - 1, ValueError)}


@dataclass(frozen=True)
class Share(Field):
    """A floating-point tensor of numbers in [0, 1]."""

    what: str = "numbers in [0, 1]"

    def check_values(self, name, value, sizes):
        if values_readable(value):
            low, high = (x.item() for x in value.detach().aminmax())
            if not (low >= 0 and high <= 1):
                raise wrong(name, "numbers in [0, 1]", f"numbers from {low:g} to {high:g}")

    def sample(self, shape, sizes, generator, dtype):
        return torch.rand(shape, generator=generator, dtype=torch.float64).to(dtype)

    def in_code(self, shape, sizes):
        return f"torch.rand({sizes_text(shape)})"

    def bad(self, value, sizes):
        return {
            **super().bad(value, sizes),
            "a negative number": (value - value.max() - 1, ValueError),
            "a number above 1": (value + 1.5, ValueError),
        }


@dataclass(frozen=True)
class ClassIndex(Field):
    """An integer tensor of class indices, from 0 up to (not including) the size of the axis `below`."""

    below: str = "C"
    what: str = "class indices"
    dtypes = INDICES
    tensor = "an integer tensor of class indices"
    floating = False

    def check_values(self, name, value, sizes):
        if values_readable(value):
            low, high = value.aminmax()
            low, high, classes = low.item(), high.item(), sizes[self.below]
            if low < 0 or high >= classes:
                raise wrong(name, f"{self.what} in [0, {classes})", str(low if low < 0 else high))

    def prepared(self, value, dtype):
        return value.long()

    def neutral(self, value):
        return 0

    def sample(self, shape, sizes, generator, dtype):
        return torch.randint(0, sizes[self.below], shape, generator=generator)

    def in_code(self, shape, sizes):
        return f"torch.randint({sizes[self.below]}, {shape})"

    def bad(self, value, sizes):
        return {
            **_bad_if_no_float(value),
            "an index too high": (torch.full_like(value, sizes[self.below]), ValueError),
            "a negative index": (torch.full_like(value, -1), ValueError),
        }


@dataclass(frozen=True)
class Label(Field):
    """Whole numbers that name classes: equal or not is all that counts."""

    what: str = "class labels"
    dtypes = INDICES
    tensor = "an integer tensor of class labels"
    floating = False

    def prepared(self, value, dtype):
        return value.long()

    def neutral(self, value):
        return 0

    def sample(self, shape, sizes, generator, dtype):
        return torch.randint(0, 3, shape, generator=generator)

    def in_code(self, shape, sizes):
        return f"torch.randint(3, {shape})"

    def bad(self, value, sizes):
        return _bad_if_no_float(value)


@dataclass(frozen=True)
class Row(Field):
    """For each item the index of one row along the axis `below`, or -1 for none."""

    below: str = "M"
    what: str = "indices of rows, or -1"
    dtypes = INDICES
    tensor = "an integer tensor of row indices, or -1 for none,"
    floating = False

    def check_values(self, name, value, sizes):
        if values_readable(value):
            low, high = (x.item() for x in value.aminmax())
            if low < -1 or high >= sizes[self.below]:
                raise wrong(name, f"indices in [-1, {sizes[self.below]})", str(low if low < -1 else high))

    def prepared(self, value, dtype):
        return value.long()

    def neutral(self, value):
        return -1

    def sample(self, shape, sizes, generator, dtype):
        return torch.randint(-1, sizes[self.below], shape, generator=generator)

    def in_code(self, shape, sizes):
        return f"torch.randint(-1, {sizes[self.below]}, {shape})"

    def bad(self, value, sizes):
        return {
            **_bad_if_no_float(value),
            "an index too high": (torch.full_like(value, sizes[self.below]), ValueError),
            "an index of -2": (torch.full_like(value, -2), ValueError),
        }


@dataclass(frozen=True)
class Mask(Field):
    """Which rows are there: True and False."""

    what: str = "True or False"
    dtypes = frozenset({torch.bool})
    tensor = "a boolean tensor"
    floating = False

    def prepared(self, value, dtype):
        return value

    def neutral(self, value):
        return False

    def sample(self, shape, sizes, generator, dtype):
        return torch.rand(shape, generator=generator) > 0.2

    def in_code(self, shape, sizes):
        return f"torch.rand({sizes_text(shape)}) > 0.2"

    def bad(self, value, sizes):
        return _bad_if_no_float(value)


@dataclass(frozen=True)
class Sign(Field):
    """Labels -1 and +1, as floating-point or integer numbers."""

    what: str = "labels -1 or +1"
    dtypes = FLOATS | INTEGERS
    tensor = "a tensor of labels -1 or +1"
    floating = False

    def check_values(self, name, value, sizes):
        if values_readable(value):
            size = value.detach().abs().aminmax()
            if not (size.min.item() == 1 and size.max.item() == 1):
                raise wrong(name, self.what, f"{value[value.abs() != 1][0].item():g}")

    def neutral(self, value):
        return 1

    def sample(self, shape, sizes, generator, dtype):
        return torch.randint(0, 2, shape, generator=generator).to(dtype) * 2 - 1

    def in_code(self, shape, sizes):
        return f"torch.randint(2, {shape}) * 2 - 1"

    def bad(self, value, sizes):
        return {
            "a list": (value.tolist(), TypeError),
            "booleans": (value > 0, TypeError),
            "labels 0 and 1": ((value > 0).to(value.dtype) * 0, ValueError),
            "one axis too many": (value.unsqueeze(0), ValueError),
        }


@dataclass(frozen=True)
class MultiHot(Field):
    """Zeros and ones, as floating-point or integer numbers: which classes are present."""

    what: str = "labels 0 or 1"
    dtypes = FLOATS | INTEGERS | {torch.uint8, torch.bool}
    tensor = "a tensor of labels 0 or 1"
    floating = False

    def check_values(self, name, value, sizes):
        if values_readable(value):
            other = (value != 0) & (value != 1)
            if other.any().item():
                raise wrong(name, self.what, f"{value[other][0].item():g}")

    def neutral(self, value):
        return 0

    def sample(self, shape, sizes, generator, dtype):
        return torch.randint(0, 2, shape, generator=generator).to(dtype)

    def in_code(self, shape, sizes):
        return f"torch.randint(2, {shape})"

    def bad(self, value, sizes):
        return {
            "a list": (value.tolist(), TypeError),
            "a label 2": (value * 0 + 2, ValueError),
            "one axis too many": (value.unsqueeze(0), ValueError),
        }


@dataclass(frozen=True)
class Simplex(Field):
    """Probabilities: non-negative, summing to one along the last axis."""

    what: str = "probabilities that sum to 1"
    joint = True

    def check_values(self, name, value, sizes):
        if values_readable(value):
            value = value.detach()
            low, sums = value.min().item(), value.sum(-1)
            if not low >= 0:
                raise wrong(name, self.what, f"a smallest entry of {low:g}")
            # Rounding of a sum grows with the number of terms; a wrong axis or forgotten softmax is far larger.
            slack = 1e-3 + 4 * value.shape[-1] * torch.finfo(value.dtype).eps
            off = (sums - 1).abs()
            if not off.max().item() <= slack:
                raise wrong(name, self.what, f"a row that sums to {sums.flatten()[off.argmax()].item():g}")

    def neutral(self, value):
        return 1.0 / value.shape[-1]

    def sample(self, shape, sizes, generator, dtype):
        return torch.randn(shape, generator=generator, dtype=torch.float64).mul(1.5).softmax(-1).to(dtype)

    def in_code(self, shape, sizes):
        return f"torch.randn({sizes_text(shape)}).softmax(-1)"

    def bad(self, value, sizes):
        return {
            **super().bad(value, sizes),
            "rows that sum to 2": (value * 2, ValueError),
            "a negative entry": (value - 2 * value.max(), ValueError),
        }


@dataclass(frozen=True)
class Given(Field):
    """What is no tensor: a function, a loss by name, a tuple of tensors.

    Args:
        what: what is expected, in words.
        accepts: whether a value is one.
        example: function of (sizes, generator, dtype) that gives a valid one, for samples.
        refused: values that are none, for the tests of the error.
    """

    dims: str = ""
    what: str = "a function"
    accepts: Callable = callable
    example: Callable | None = None
    refused: tuple = (3.5, "text")
    floating = False

    def check_type(self, name, value):
        if not self.accepts(value):
            raise wrong(name, self.what, describe(value), TypeError)

    def prepared(self, value, dtype):
        return value

    def sample(self, shape, sizes, generator, dtype):
        return self.example(sizes, generator, dtype)

    def bad(self, value, sizes):
        return {describe(other): (other, TypeError) for other in self.refused}


def _bad_if_no_float(value):
    """What every field of integers or booleans refuses."""
    return {
        "a list": (value.tolist(), TypeError),
        "floats": (value.double(), TypeError),
        "one axis too many": (value.unsqueeze(0), ValueError),
    }


def shape_text(axes):
    """("N", "C") as "shape (N, C)", ("N",) as "shape (N,)", ("*",) as "any shape"."""
    if axes == ("*",):
        return "any shape"
    return f"shape ({', '.join(map(str, axes))}{',' if len(axes) == 1 else ''})"


def sizes_text(shape):
    """(5, 4) as "5, 4", the arguments of `torch.randn`."""
    return ", ".join(map(str, shape))
