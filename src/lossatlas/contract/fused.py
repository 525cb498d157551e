"""Formulas with a shorter way: few passes over the numbers forward, few backward, one node in autograd's graph."""

import functools
import inspect

import torch
from torch.autograd import forward_ad

from .checks import wrong


def fused(forward, backward):
    """Let a formula be computed by `forward` and `backward` where only autograd looks on.

    The decorated formula, made of differentiable operations, stays the definition: transforms of `torch.func`,
    compilers and forward-mode differentiation run it, and a second derivative differentiates it.

    Args:
        forward: function of the formula's arguments, tensors or numbers, that returns its value and then the tensors
            that `backward` needs.
        backward: function of the gradient of the value and of these tensors that returns one gradient for each
            argument, and may return anything for an argument that needs none.
    """

    def decorate(formula):
        class Fused(torch.autograd.Function):
            @staticmethod
            def forward(ctx, *arguments):
                value, *kept = forward(*arguments)
                tensors = [x if isinstance(x, torch.Tensor) else None for x in arguments]
                ctx.save_for_backward(*tensors, *kept)
                ctx.arguments = [None if isinstance(x, torch.Tensor) else x for x in arguments]
                return value

            @staticmethod
            def backward(ctx, gradient):
                saved, count = ctx.saved_tensors, len(ctx.arguments)
                if torch.is_grad_enabled():  # the gradients will be differentiated in their turn
                    # Views: where one argument was made from another, its gradient must not flow on into the other's.
                    arguments = [y if x is None else x.view_as(x) for x, y in zip(saved, ctx.arguments, strict=False)]
                    value = formula(**dict(zip(defaults, arguments, strict=True)))
                    gradients = _gradients(value, arguments, ctx.needs_input_grad, gradient)
                else:
                    gradients = backward(gradient, *saved[count:])
                return tuple(x if needed else None for x, needed in zip(gradients, ctx.needs_input_grad, strict=True))

        parameters = inspect.signature(formula).parameters
        defaults = {name: parameter.default for name, parameter in parameters.items()}

        @functools.wraps(formula)
        def function(*arguments, **keywords):
            if _watched():
                return formula(*arguments, **keywords)
            if len(arguments) < len(defaults):
                arguments = {**defaults, **dict(zip(defaults, arguments, strict=False)), **keywords}.values()
            return Fused.apply(*arguments)

        return function

    return decorate


def _gradients(value, arguments, needed, gradient):
    wanted = [x for x, wants in zip(arguments, needed, strict=True) if wants]
    found = iter(torch.autograd.grad(value, wanted, gradient, create_graph=True))
    return [next(found) if wants else None for wants in needed]


def _watched():
    """Whether more than autograd looks on: a compiler, a transform of `torch.func`, or forward-mode differentiation."""
    return torch.compiler.is_compiling() or transformed()


def differentiated_again():
    """Whether the gradients that are made now will be differentiated in their turn; to be called in a `backward`."""
    return torch.is_grad_enabled() and not torch.compiler.is_compiling()


def only_once(function):
    """Refuse, by name, all but a first derivative by autograd of what a hand-made `backward` belongs to.

    To be called in `backward`. Torch's own `once_differentiable` lets gradients without history pass for constants
    where the gradient that comes in is one.
    """
    if differentiated_again():
        raise wrong("create_graph", f"False: a gradient of {function} cannot be differentiated again", "True")


def only_autograd(function):
    """Refuse, by name, transforms that do not go through a hand-made `backward`. To be called before it is applied."""
    if not torch.compiler.is_compiling() and transformed():
        raise wrong("torch.func", f"no transform or forward-mode differentiation of {function}", "one of them")


def transformed():
    """Whether a transform of `torch.func` or forward-mode differentiation is at work."""
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0
