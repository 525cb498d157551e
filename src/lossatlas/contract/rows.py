"""A formula over many rows, some at a time: the memory of those, the value and the gradient of all."""

import torch
from torch.autograd.function import once_differentiable

from .checks import describe, is_number, wrong


def check_rows(rows):
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
        kind = ValueError if is_number(rows) else TypeError
        raise wrong("rows_at_once", "a whole number > 0, or None for all", describe(rows), kind)


def in_rows(formula, inputs, by_row, rows):
    """`formula(inputs)`, one value per row, computed `rows` rows at a time forward and again backward.

    Args:
        formula: function of a dictionary of inputs that gives one value per row, each from its own row of what is
            named in `by_row` and from all of the rest.
        inputs: name -> tensor, number or None.
        by_row: names of the inputs whose first axis runs over the rows.
        rows: how many rows are computed together.

    Only first derivatives by autograd go through it.
    """
    names = [name for name, value in inputs.items() if isinstance(value, torch.Tensor)]
    rest = {name: value for name, value in inputs.items() if name not in names}
    count = len(inputs[by_row[0]])
    parts = [slice(start, start + rows) for start in range(0, count, rows)] or [slice(0, 0)]

    def of(part, tensors):
        taken = {name: value[part] if name in by_row else value for name, value in zip(names, tensors, strict=True)}
        return formula({**taken, **rest})

    class InRows(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *tensors):
            ctx.save_for_backward(*tensors)
            return torch.cat([of(part, tensors) for part in parts])

        @staticmethod
        @once_differentiable
        def backward(ctx, slope):
            tensors, needed = ctx.saved_tensors, ctx.needs_input_grad
            slopes = [torch.zeros_like(x) if wants else None for x, wants in zip(tensors, needed, strict=True)]
            wanted = [n for n, wants in enumerate(needed) if wants]
            for part in parts:
                with torch.enable_grad():
                    leaves = [x.detach().requires_grad_(wants) for x, wants in zip(tensors, needed, strict=True)]
                    value = of(part, leaves)
                found = torch.autograd.grad(value, [leaves[n] for n in wanted], slope[part], materialize_grads=True, allow_unused=True)
                for n, slope_of_part in zip(wanted, found, strict=True):
                    slopes[n] += slope_of_part
            return tuple(slopes)

    return InRows.apply(*(inputs[name] for name in names))
