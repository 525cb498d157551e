"""What measures take: sets of vectors or scores with leading axes (seeds, variants), and a class for each item."""

from dataclasses import dataclass

import torch

from ..contract import Kind, inside, is_number, values_readable, wrong
from ..signatures import ClassIndex, Field, Label

VECTORS = Field("... N D", "vectors")
LABELS = Label("... N")
SCORES, TARGET = Field("... N C", "one score per class"), ClassIndex("... N")


@dataclass(frozen=True)
class FromZero(Label):
    """Whole numbers that name classes and count from zero."""

    what: str = "class indices >= 0"

    def check_values(self, name, value, sizes):
        if values_readable(value) and value.min() < 0:
            raise wrong(name, self.what, f"{value.min().item()}")

    def bad(self, value, sizes):
        return {**super().bad(value, sizes), "a negative index": (value - value.max() - 1, ValueError)}


def _two(value):
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(map(is_number, value))


def _ordered(value):
    share = inside(0, 1, open_high=False)
    return all(one in share for one in value) and value[0] <= value[1]


#: Two shares of falsely accepted pairs.
TWO_SHARES = Kind(
    "two shares in (0, 1], the smaller first",
    _two,
    refused=(0.5, (0.1,), "0.1"),
    another=(0.1, 0.6),
    allows=_ordered,
    outside=((0.5, 0.1), (0.0, 0.5), (0.5, 1.5)),
)


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


#: A number of neighbours, or several.
NEIGHBORS = Kind(
    "a whole number >= 1, or several",
    lambda value: is_number(value) or isinstance(value, (tuple, list)),
    refused=("1", None, object()),
    another=(1, 3),
    allows=lambda value: _whole(value) and value >= 1 if is_number(value) else _several(value),
    outside=(0, 1.5, [], [1, 0]),
)


def _several(values):
    return len(values) > 0 and all(_whole(value) and value >= 1 for value in values)


def two_classes(inputs):
    """Random inputs with labels of two classes in each set, one of them with two items."""
    labels = inputs["labels"]
    return {**inputs, "labels": (torch.arange(labels.shape[-1]) % 2).expand(labels.shape).clone()}


def aligned(x, labels):
    """Vectors and their labels with the same leading axes: (..., N, D), (..., N)."""
    lead = torch.broadcast_shapes(x.shape[:-2], labels.shape[:-1])
    return x.expand(*lead, *x.shape[-2:]), labels.expand(*lead, labels.shape[-1])


def few_classes(count):
    """The error where labels name too few classes."""
    return wrong("labels", "labels of at least two classes in each set of vectors", f"{count} sets with one class")
