"""Tensors taken out of nested lists, tuples and dictionaries, and put back."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Slot:
    """The place of the tensor with this number."""

    number: int


def split(value):
    """The tensors of a nested value in order, and the value with a `Slot` in place of each."""
    tensors = []

    def emptied(part):
        if isinstance(part, torch.Tensor) and part.layout is torch.strided:
            tensors.append(part)
            return Slot(len(tensors) - 1)
        return _mapped(emptied, part)

    return emptied(value), tensors


def fill(value, tensors):
    """What `split` took apart, with other tensors in its place."""
    if isinstance(value, Slot):
        return tensors[value.number]
    return _mapped(lambda part: fill(part, tensors), value)


def _mapped(change, value):
    """The entries of a list, tuple or dictionary changed; anything else as it is."""
    if isinstance(value, (list, tuple)):
        entries = [change(entry) for entry in value]
        return entries if isinstance(value, list) else tuple(entries)
    if isinstance(value, dict):
        return {name: change(entry) for name, entry in value.items()}
    return value
