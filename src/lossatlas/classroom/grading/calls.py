"""Calls of a submission's functions, and the gradients of their results. Runs in the child only."""

import contextlib
from collections import OrderedDict

import torch

from ...exercises.torch_calls import TorchCalls
from .trees import fill, split

GRAPHS, NAMES = 2000, 500


class Graphs:
    """What calls gave, kept until its gradient is no longer wanted: ticket -> (outputs, inputs)."""

    def __init__(self):
        self.kept, self.last = OrderedDict(), 0

    def keep(self, outputs, inputs):
        """A ticket for the outputs that depend on inputs."""
        self.last += 1
        self.kept[self.last] = [output if output.requires_grad else None for output in outputs], inputs
        if len(self.kept) > GRAPHS:
            self.kept.popitem(last=False)
        return self.last

    def drop(self, tickets):
        for ticket in tickets:
            self.kept.pop(ticket, None)

    def gradient(self, ticket, cotangents, wanted):
        """Gradients of the outputs in the inputs, weighed with cotangents; None where nothing flows.

        Args:
            cotangents: one tensor per output that depends on inputs.
            wanted: which of the inputs and then which of the cotangents the gradients will be differentiated in.

        Returns:
            (gradients, ticket for them or None).
        """
        outputs, inputs = self.kept[ticket]
        outputs = [output for output in outputs if output is not None]
        again = any(wanted)
        cotangents = [c.requires_grad_(again and w) for c, w in zip(cotangents, wanted[len(inputs) :], strict=True)]
        wanted_inputs = [x for x in inputs if x is not None]
        with torch.enable_grad():
            # Autograd takes cotangents too, but would import a computer algebra system to compare their shapes.
            total = sum((output * c).sum() for output, c in zip(outputs, cotangents, strict=True))
            found = torch.autograd.grad(total, wanted_inputs, retain_graph=True, create_graph=again, allow_unused=True)
        found = iter(found)
        gradients = [None if x is None else next(found) for x in inputs]
        if not again:
            return gradients, None
        there = [g for g in gradients if g is not None]
        leaves = [x if w else None for x, w in zip([*inputs, *cotangents], wanted, strict=True)]
        return gradients, self.keep(there, leaves)


def call(function, arguments, tensors, *, tracked, leaves, batches, grad, listen):
    """Call a submission's function as it was called outside.

    Args:
        arguments: (args, kwargs) with slots for tensors.
        tensors: what goes into the slots.
        tracked: which of them are to be differentiated in.
        leaves: which of those are leaves outside; changing one in place is an error then.
        batches: one (axes, randomness) for each `torch.vmap` around the call, innermost first; the outermost has the
            leading axis. `axes` has 0 or None for each tensor.
        grad: whether gradients are recorded at all.
        listen: whether to record which PyTorch functions run.

    Returns:
        (value with slots, outputs for the slots, numbers of the tensors that were changed, inputs for a gradient,
        names); the changed tensors are the last outputs.
    """
    before = [x.clone() for x in tensors]
    inputs = [x.requires_grad_() if grad and t else None for x, t in zip(tensors, tracked, strict=True)]
    seen = [
        x.clone() if t and not leaf else x
        for x, t, leaf in zip(tensors, [i is not None for i in inputs], leaves, strict=True)
    ]
    value, count, calls = None, 0, TorchCalls(most=NAMES)

    def run(*tensors):
        nonlocal value, count
        args, kwargs = fill(arguments, tensors)
        with calls if listen else contextlib.nullcontext():
            given = function(*args, **kwargs)
        value, outputs = split(given)
        count = len(outputs)
        return tuple(outputs) or (torch.zeros(()),)  # `vmap` wants an output

    for axes, randomness in batches:
        run = torch.vmap(run, in_dims=tuple(axes), randomness=randomness)
    with torch.set_grad_enabled(grad):
        outputs = list(run(*seen))[:count]
    changed = [i for i, (x, y) in enumerate(zip(before, seen, strict=True)) if not _same(x, y)]
    return value, outputs + [seen[i] for i in changed], changed, inputs, [name[:80] for name in calls.names]


def _same(x, y):
    """Equal to the bit, so that NaN is the same as NaN."""
    y = y.detach()
    return x.shape == y.shape and x.dtype == y.dtype and torch.equal(_bytes(x), _bytes(y))


def _bytes(x):
    return x.contiguous().reshape(-1).view(torch.uint8)
