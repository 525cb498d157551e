"""Remote calls as functions of autograd and `torch.func`.

The child keeps the graph of a call, and hands out its gradient when autograd asks for it. That gradient has a graph of
its own, so it can be differentiated again. Under `torch.vmap` a call goes to the child once, with all items, and runs
under `torch.vmap` there.
"""

import dataclasses

import torch
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor

from .requests import Answer, Step


class RemoteCall(torch.autograd.Function):
    """A remote call, for autograd and `torch.func`."""

    @staticmethod
    def forward(call, *tensors):
        return call.run(tensors) or _nothing()

    @staticmethod
    def setup_context(ctx, inputs, output):
        call, *tensors = inputs
        ctx.call = call
        # What the call changes is written back in a moment, and autograd would take the new values for a mistake.
        ctx.save_for_backward(*(x.clone() if i in call.answer.changed else x for i, x in enumerate(tensors)))
        ctx.mark_non_differentiable(*_not_flowing(output, call.answer))

    @staticmethod
    def backward(ctx, *cotangents):
        call = ctx.call
        return None, *_gradients(call.answer, call.function, ctx.saved_tensors, cotangents)

    @staticmethod
    def vmap(info, axes, call, *tensors):
        moved, dims = _to_front(tensors, axes[1:], info.batch_size, call.tracked)
        outputs = RemoteCall.apply(call.batched(dims, info.randomness), *moved)
        changed = call.answer.changed
        plain = [0] * (len(call.answer.flows) - len(changed))
        return outputs, tuple([*plain, *(dims[i] for i in changed)]) or (None,)


class RemoteGradient(torch.autograd.Function):
    """The gradient of a remote call, which has a gradient itself."""

    @staticmethod
    def forward(step, *tensors):
        count = len(step.graph.tracked)
        return step.run(tensors[:count], tensors[count:]) or _nothing()

    @staticmethod
    def setup_context(ctx, inputs, output):
        step, *tensors = inputs
        ctx.step = step
        ctx.save_for_backward(*tensors)
        ctx.mark_non_differentiable(*_not_flowing(output, step.answer))

    @staticmethod
    def backward(ctx, *cotangents):
        step = ctx.step
        return None, *_gradients(step.answer, step.function, ctx.saved_tensors, cotangents)

    @staticmethod
    def vmap(info, axes, step, *tensors):
        count, axes = len(step.graph.tracked), axes[1:]
        if all(axis is None for axis in axes[:count]):
            return _one_by_one(info.batch_size, axes, step, tensors)
        # The call itself ran in this `vmap`, so each item has a graph of its own within the graph.
        moved, _ = _to_front(tensors, axes, info.batch_size, (*step.graph.tracked, *[True] * (len(tensors) - count)))
        outputs = RemoteGradient.apply(step, *moved)
        return outputs, tuple(0 for _ in step.answer.flows) or (None,)


def _gradients(answer, function, saved, cotangents):
    """Gradients in the saved inputs, None where there is none."""
    if answer.graph is None:
        return [None] * len(saved)
    cotangents = [c for c, flows in zip(cotangents, answer.flows, strict=True) if flows]
    grad = torch.is_grad_enabled()
    step = Step(answer.graph, function, tuple(grad and is_tracked(x) for x in (*saved, *cotangents)))
    outputs = iter(RemoteGradient.apply(step, *saved, *cotangents))
    return [next(outputs) if there else None for there in step.answer.there]


def _one_by_one(size, axes, step, tensors):
    """Many weights of the outputs of one graph: one gradient for each."""
    rows = []
    for i in range(size):
        row = dataclasses.replace(step, answer=Answer())
        rows.append(
            RemoteGradient.apply(
                row, *(x if axis is None else x.select(axis, i) for x, axis in zip(tensors, axes, strict=True))
            )
        )
    step.answer.there, step.answer.flows = row.answer.there, row.answer.flows
    if not any(row.answer.there):
        return _nothing(), (None,)
    return tuple(torch.stack(column) for column in zip(*rows, strict=True)), (0,) * len(rows[0])


def _to_front(tensors, axes, size, tracked):
    """Batched axes in front; tracked tensors get one in any case, so that each item has a gradient of its own."""
    moved, dims = [], []
    for x, axis, wanted in zip(tensors, axes, tracked, strict=True):
        if axis is not None:
            x, axis = x.movedim(axis, 0), 0
        elif wanted:
            x, axis = x.expand(size, *x.shape), 0
        moved.append(x)
        dims.append(axis)
    return moved, dims


def is_tracked(x):
    """Whether autograd, or a gradient of `torch.func` at any level, follows the tensor."""
    while not x.requires_grad:
        if not is_functorch_wrapped_tensor(x):
            return False
        x = get_unwrapped(x)
    return True


def _not_flowing(output, answer):
    return [x for x, flows in zip(output, answer.flows or [False], strict=True) if not flows]


def _nothing():
    """Stands for no output at all, which a function of autograd cannot have."""
    return (torch.zeros(()),)
