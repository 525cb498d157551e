"""A formula over many rows, some at a time: the memory of those, the value and the gradient of all."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from .checks import describe, wrong
from .domains import whole
from .fused import differentiated_again, transformed


def check_rows(rows):
    """A whole number, and nothing at work that the formula in parts does not go through."""
    whole(1, optional=True).check("rows_at_once", rows)
    if not torch.compiler.is_compiling() and transformed():
        raise wrong("rows_at_once", "None under torch.func and in forward-mode differentiation", describe(rows))


def _check_first_derivative():
    """Gradients that were made part by part have no history: differentiated again they would pass for constants."""
    if differentiated_again():
        raise wrong(
            "rows_at_once", "None where a gradient is differentiated again (create_graph=True)", "some rows at a time"
        )


def in_rows(formula, inputs, by_row, rows):
    """`formula(inputs)`, one value per row, computed `rows` rows at a time forward and again backward.

    Args:
        formula: function of a dictionary of inputs that gives one value per row, each from its own row of what is
            named in `by_row` and from all of the rest.
        inputs: name -> tensor, number or None.
        by_row: names of the inputs whose first axis runs over the rows.
        rows: how many rows are computed together.

    Only first derivatives by autograd go through it; others are refused.
    """
    parted, tensors = parted_from(formula, inputs, by_row, rows)
    return InRows.apply(parted, *tensors)


def sum_in_rows(formula, inputs, by_row, rows):
    """The sum of `formula` over all rows, computed `rows` rows at a time, the gradient together with the value.

    Args:
        formula: function of a dictionary of inputs that gives the sum over the rows that it gets.
        inputs, by_row, rows: as for `in_rows`.

    Only first derivatives by autograd go through it; others are refused.
    """
    parted, tensors = parted_from(formula, inputs, by_row, rows)
    return SumInRows.apply(parted, torch.is_grad_enabled(), *tensors)


class InRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, parted, *tensors):
        ctx.parted = parted
        ctx.save_for_backward(*tensors)
        return torch.cat([parted.value(part, tensors) for part in parted.parts])

    @staticmethod
    def backward(ctx, gradient):
        _check_first_derivative()
        tensors = ctx.saved_tensors
        gradients = _no_gradients(tensors, ctx.needs_input_grad[1:])
        for part in ctx.parted.parts:
            ctx.parted.value_and_gradients(part, tensors, gradients, gradient[part])
        return None, *gradients


class SumInRows(torch.autograd.Function):
    @staticmethod
    def forward(ctx, parted, attached, *tensors):
        needed = ctx.needs_input_grad[2:]
        if not (attached and any(needed)):
            return sum(parted.value(part, tensors) for part in parted.parts)
        gradients = _no_gradients(tensors, needed)
        total = sum(parted.value_and_gradients(part, tensors, gradients) for part in parted.parts)
        ctx.save_for_backward(*gradients)
        return total

    @staticmethod
    def backward(ctx, gradient):
        _check_first_derivative()
        return None, None, *(x if x is None else gradient * x for x in ctx.saved_tensors)


def _no_gradients(tensors, needed):
    """Zeros for each tensor that needs a gradient, None for the others."""
    return [torch.zeros_like(x) if wants else None for x, wants in zip(tensors, needed, strict=True)]


def parted_from(formula, inputs, by_row, rows):
    """The formula cut into parts of so many rows, and the tensors among its inputs."""
    tensors = {name: value for name, value in inputs.items() if isinstance(value, torch.Tensor)}
    rest = {name: value for name, value in inputs.items() if name not in tensors}
    count = len(inputs[by_row[0]])
    parts = [slice(start, start + rows) for start in range(0, count, rows)] or [slice(0, 0)]
    return Parted(formula, list(tensors), [name in by_row for name in tensors], rest, parts), tensors.values()


@dataclass(frozen=True)
class Parted:
    """A formula that is computed part by part.

    Args:
        formula: function of a dictionary of inputs.
        names: names of those inputs that are tensors.
        cut: whether a part takes its own rows of the tensor, or all of it.
        rest: the other inputs by name.
        parts: the slices of rows.
    """

    formula: Callable
    names: list
    cut: list
    rest: dict
    parts: list

    def value(self, part, tensors):
        return self._of(self._taken(part, tensors))

    def value_and_gradients(self, part, tensors, gradients, gradient=None):
        """The value of a part; its gradients are added to those so far, which are None where none is needed."""
        wanted = [n for n, found in enumerate(gradients) if found is not None]
        leaves = [
            x.detach().requires_grad_(found is not None)
            for x, found in zip(self._taken(part, tensors), gradients, strict=True)
        ]
        with torch.enable_grad():
            value = self._of(leaves)
        found = torch.autograd.grad(
            value, [leaves[n] for n in wanted], gradient, materialize_grads=True, allow_unused=True
        )
        for n, more in zip(wanted, found, strict=True):
            so_far = gradients[n][part] if self.cut[n] else gradients[n]
            so_far += more
        return value.detach()

    def _taken(self, part, tensors):
        return [x[part] if cut else x for x, cut in zip(tensors, self.cut, strict=True)]

    def _of(self, tensors):
        return self.formula({**dict(zip(self.names, tensors, strict=True)), **self.rest})
