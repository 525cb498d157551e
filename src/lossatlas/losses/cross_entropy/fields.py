"""Kinds of input that this family alone has: one class, the input of a model, the numbers of training examples."""

from dataclasses import dataclass

import torch

from ...contract import whole
from ...signatures import ClassIndex, Field


@dataclass(frozen=True)
class OneClass(Field):
    """The index of one class, as a Python integer."""

    dims: str = ""
    what: str = "the index of a class"
    floating = False

    def check_type(self, name, value):
        whole(0).check(name, value)

    def check_values(self, name, value, sizes):
        whole(0, sizes["C"] - 1).check(name, value)

    def prepared(self, value, dtype):
        return value

    def sample(self, shape, sizes, generator, dtype):
        return torch.randint(0, sizes["C"], (), generator=generator).item()

    def bad(self, value, sizes):
        return {
            "a tensor": (torch.tensor(value), TypeError),
            "a number that is not whole": (value + 0.5, ValueError),
            "an index too high": (sizes["C"], ValueError),
            "a negative index": (-1, ValueError),
        }


@dataclass(frozen=True)
class ModelInput(Field):
    """What a model is evaluated at: the model gets it in the dtype in which it came, that of the model's weights."""

    what: str = "inputs of a model"

    def prepared(self, value, dtype):
        return value


@dataclass(frozen=True)
class ExampleIndex(ClassIndex):
    """For each item the number of one training example, from 0 up to (not including) the size of the axis `below`."""

    below: str = "E"
    what: str = "numbers of examples"
    tensor = "an integer tensor of numbers of examples"


@dataclass(frozen=True)
class LayerInput(Field):
    """A floating-point tensor of the dtype of a layer's weight, in which the layer computes."""

    dtype: torch.dtype = torch.float32

    def __post_init__(self):
        super().__post_init__()
        object.__setattr__(self, "dtypes", frozenset({self.dtype}))
        object.__setattr__(self, "tensor", f"a {str(self.dtype).removeprefix('torch.')} tensor")
