"""The kinds of input that operations of this family alone take."""

from dataclasses import dataclass

import torch

from ...contract import values_readable, wrong
from ...contract.checks import INTEGERS
from ...signatures import ClassIndex, Field, Inputs, Label, NonNegative, Positive


def check_all(fields, values, **sizes):
    """Check by fields what no signature holds: hyper-parameters that are tensors, or what a module is called with.

    Args:
        fields: name -> field.
        values: name -> value.
        **sizes: letter -> size, of axes that none of the values has.
    """
    taken = Inputs(fields)
    taken.check_values(values, {**taken.check_shapes(values), **sizes})


@dataclass(frozen=True)
class Temperature(Positive):
    """A floating-point tensor of temperatures: finite numbers above zero."""

    what: str = "temperatures"

    def check_values(self, name, value, sizes):
        super().check_values(name, value, sizes)
        if values_readable(value) and not value.detach().isfinite().all():
            raise wrong(name, "finite numbers", "some that are not")

    def bad(self, value, sizes):
        return {**super().bad(value, sizes), "infinite": (value / 0, ValueError)}


@dataclass(frozen=True)
class PairWeight(NonNegative):
    """A floating-point tensor of weights along the last axis, numbers from zero on and not all of them zero."""

    what: str = "weights of pairs"

    def check_values(self, name, value, sizes):
        super().check_values(name, value, sizes)
        if values_readable(value) and not (value.detach() > 0).any(-1).all():
            raise wrong(name, "numbers >= 0, not all 0 in any row", "a row of zeros")

    def bad(self, value, sizes):
        return {**super().bad(value, sizes), "a row of zeros": (torch.cat([0 * value[:1], value[1:]]), ValueError)}


@dataclass(frozen=True)
class Neighbors(NonNegative):
    """The weights of the edges of a graph, numbers from zero on: a dense matrix, or a sparse one in coordinates."""

    what: str = "weights of edges"
    tensor = "a floating-point tensor, dense or sparse (COO),"
    layouts = (torch.strided, torch.sparse_coo)

    def check_values(self, name, value, sizes):
        entries = value.detach().coalesce().values() if value.layout is torch.sparse_coo else value
        super().check_values(name, entries, sizes)


@dataclass(frozen=True)
class Cluster(Label):
    """Whole numbers of any width that name clusters: equal or not is all that counts."""

    what: str = "clusters"
    dtypes = INTEGERS


@dataclass(frozen=True)
class OneOrMore(Field):
    """Rows of which there may be none, where there are some along the axis `beside`."""

    beside: str = "L"

    def check_values(self, name, value, sizes):
        if sizes[self.axes[0]] + sizes[self.beside] == 0:
            raise wrong(name, f"one row or more along {self.axes[0]} or along {self.beside}", "none along either")


@dataclass(frozen=True)
class Examples(ClassIndex):
    """For each item the number of a training example, each another, from 0 up to (not including) the size `below`."""

    below: str = "E"
    what: str = "numbers of examples"
    tensor = "an integer tensor of numbers of examples"

    def check_values(self, name, value, sizes):
        super().check_values(name, value, sizes)
        if values_readable(value) and len(value.unique()) < len(value):
            raise wrong(name, "each example once", "one of them twice")
