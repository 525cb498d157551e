"""Formulas with a shorter way: few passes over the numbers forward, few backward, one node in autograd's graph."""

import functools
import inspect

import torch
from torch.autograd import forward_ad


def fused(forward, backward):
    """Let a formula be computed by `forward` and `backward` where only autograd looks on.

    The decorated formula, made of differentiable operations on tensors, stays the definition: transforms of
    `torch.func`, compilers and forward-mode differentiation run it, and a second derivative differentiates it.

    Args:
        forward: function of the same tensors that returns the same value, and then the tensors that `backward` needs.
        backward: function of the slope of the value and of these tensors that returns one slope for each input,
            None for inputs without slope.
    """

    def decorate(formula):
        class Fused(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *inputs):
                value, *kept = forward(*inputs)
                ctx.save_for_backward(*inputs, *kept)
                return value

            @staticmethod
            def backward(ctx, slope):
                saved = ctx.saved_tensors
                inputs, kept = saved[:arity], saved[arity:]
                if torch.is_grad_enabled():  # the slopes will be differentiated in their turn
                    return _slopes(formula, inputs, slope)
                return backward(slope, *kept)

        arity = len(inspect.signature(formula).parameters)

        @functools.wraps(formula)
        def function(*inputs):
            return formula(*inputs) if _watched() else Fused.apply(*inputs)

        return function

    return decorate


def _slopes(formula, inputs, slope):
    wanted = [x for x in inputs if x.requires_grad]
    found = iter(torch.autograd.grad(formula(*inputs), wanted, slope, create_graph=True))
    return tuple(next(found) if x.requires_grad else None for x in inputs)


def _watched():
    """Whether more than autograd looks on: a compiler, a transform of `torch.func`, or forward-mode differentiation."""
    return (
        torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or forward_ad._current_level >= 0
    )
