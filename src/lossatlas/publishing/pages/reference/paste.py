"""Code to paste: a short program that makes inputs of the right shapes, calls a loss and differentiates it."""

import re

#: So many hyper-parameters are written out; the others keep their defaults in silence.
WRITTEN_OUT = 3


def paste(entry):
    """A program that runs as it stands: imports, inputs, the call, the gradient.

    The inputs are those that the signature requires, at the sizes of its samples, each written as its field writes it.

    Args:
        entry: a registered loss.
    """
    taken = entry.signature.inputs
    lines = [
        f"{name} = {_differentiable(expression) if taken.fields[name].floating else expression}"
        for name, expression in entry.signature.samples.in_code(taken).items()
    ]
    numbers = [name for name in entry.domains if isinstance(entry.defaults[name], (int, float))]
    hyper = [f"{name}={entry.defaults[name]!r}" for name in numbers[:WRITTEN_OUT]]
    call = f"lossatlas.{entry.name}({', '.join([*taken.required, *hyper])})"
    return "\n".join(["import torch", "import lossatlas", "", *lines, f"loss = {call}", "loss.backward()"])


def _differentiable(expression):
    """The expression of a tensor that asks for its gradient."""
    if re.fullmatch(r"torch\.\w+\([^()]*\)", expression):
        return f"{expression[:-1]}, requires_grad=True)"
    return f"({expression}).requires_grad_()"
