"""A student's function that lives in another process, called as if it were here: values, gradients, `vmap` and all.

A call sends its tensors to the child and gets tensors back. The child keeps the graph of the call, and hands out its
gradient when autograd asks for it; the gradient has a graph of its own, so it can be differentiated again.
"""

import builtins
import dataclasses

import numpy
import torch
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor
from torch.overrides import _get_current_function_mode_stack, handle_torch_function

from .frames import FrameError, readable
from .trees import Slot, fill, split


class RemoteFunction:
    """A function in the child.

    Gradients of any order, `torch.vmap`, and `grad`, `vjp` and `jacrev` of `torch.func` work, in any mixture. Forward
    derivatives (`jvp`, `jacfwd`, `hessian` of `torch.func`) and `is_grads_batched` do not; checks must do without.

    Attributes:
        is_stub: whether it does nothing yet, as it was handed out.
        origin: (name of the answer, which of the functions in it), by which it is found again in a new child.
    """

    def __init__(self, session, number, name, is_stub, origin, generation):
        self.__name__ = self.__qualname__ = name
        self.session, self.number, self.is_stub, self.origin, self.generation = session, number, is_stub, origin, generation

    def __repr__(self):
        return f"<function {self.__name__}>"

    def __call__(self, *args, **kwargs):
        listeners = _get_current_function_mode_stack()
        with torch._C.DisableTorchFunction():  # what is done here on the way is none of the student's calls
            value, names = self._called(args, kwargs, bool(listeners))
        for name in names:
            _tell_listeners(name)
        return value

    def _called(self, args, kwargs, listen):
        arguments, tensors = split((list(args), kwargs))
        _check(arguments)
        grad = torch.is_grad_enabled()
        call = Call(
            function=self,
            arguments=arguments,
            tracked=tuple(grad and _is_tracked(x) for x in tensors),
            leaves=tuple(x.is_leaf and not is_functorch_wrapped_tensor(x) for x in tensors),
            grad=grad,
            listen=listen,
        )
        plain = not any(call.tracked) and not any(map(is_functorch_wrapped_tensor, tensors))
        outputs = call.run(tensors) if plain else _Call.apply(call, *tensors)
        answer = call.answer
        if plain:
            outputs = [x.requires_grad_() if flows else x for x, flows in zip(outputs, answer.flows, strict=True)]
        results = len(answer.flows) - len(answer.changed)
        for i, new in zip(answer.changed, outputs[results : len(answer.flows)], strict=True):
            _write(tensors[i], new)
        return fill(answer.value, outputs[:results]), answer.names


class RemoteError(Exception):
    """What a student's function raised.

    Attributes:
        told: what happened, with the student's line, in words.
    """

    def __str__(self):
        return str(self.args[0]) if self.args else ""


#: Exceptions that checks may look for; all others arrive as a `RemoteError` with the name of their class.
_KNOWN = (
    "ArithmeticError", "AssertionError", "AttributeError", "IndexError", "KeyError", "LookupError", "MemoryError", "NameError",
    "NotImplementedError", "OverflowError", "RecursionError", "RuntimeError", "TypeError", "ValueError", "ZeroDivisionError",
)  # fmt: skip


def error_of(raised, name, message, told):
    """The exception that a child's reply tells of."""
    if not all(isinstance(part, str) for part in (raised, name, message, told)):
        raise FrameError("an exception without words")
    bases = (RemoteError, getattr(builtins, raised)) if raised in _KNOWN else (RemoteError,)
    error = type("".join(c for c in name if c.isidentifier() or c.isdigit()) or "Error", bases, {})(readable(message))
    error.told = readable(told) or f"Your code raised {readable(name)}"
    return error


@dataclasses.dataclass
class Answer:
    """What came back from the child, of one call or one gradient.

    Attributes:
        flows: whether each output depends on tracked inputs.
        there: of a gradient, whether each input has one.
        changed: of a call, the numbers of inputs that were changed; their new values are the last outputs.
        graph: for the gradient of the outputs, or None.
    """

    value: object = None
    flows: tuple = ()
    there: tuple = ()
    changed: tuple = ()
    names: tuple = ()
    graph: object = None


@dataclasses.dataclass(frozen=True)
class Call:
    """A call on its way through the levels of `torch.func` down to the child. See `calls.call` for the fields."""

    function: RemoteFunction
    arguments: object
    tracked: tuple
    leaves: tuple
    grad: bool
    listen: bool
    batches: tuple = ()
    answer: Answer = dataclasses.field(default_factory=Answer)

    def batched(self, axes, randomness):
        return dataclasses.replace(self, batches=(*self.batches, (axes, randomness)))

    def run(self, tensors):
        """Ask the child; its outputs as plain tensors."""
        session = self.function.session
        reply = session.ask(
            "call",
            self.function,
            function=self.function,
            arguments=self.arguments,
            tensors=[x.detach() for x in tensors],
            tracked=list(self.tracked),
            leaves=list(self.leaves),
            batches=[[list(axes), randomness] for axes, randomness in self.batches],
            grad=self.grad,
            listen=self.listen,
        )
        with session.held_to_form():
            outputs, changed, names = reply["outputs"], reply["changed"], reply["names"]
            _need(isinstance(outputs, list) and all(isinstance(x, torch.Tensor) for x in outputs))
            _need(isinstance(changed, list) and all(type(i) is int and 0 <= i < len(tensors) for i in changed))
            results = len(outputs) - len(changed)
            _need(results >= 0 and _slots_below(reply["value"], results))
            _need(all(_alike(tensors[i], new) for i, new in zip(changed, outputs[results:], strict=True)))
            _need(isinstance(names, list) and all(isinstance(name, str) and len(name) < 200 for name in names) and len(names) <= 1000)
            _need(all(x.ndim >= len(self.batches) for x in outputs))
            answer = self.answer
            answer.value, answer.changed, answer.names = reply["value"], tuple(changed), tuple(names)
            answer.flows = tuple(x.requires_grad for x in outputs)
            answer.graph = Graph.of(session, reply["ticket"], self.tracked)
            return tuple(x.detach() for x in outputs)


class Graph:
    """The graph of a call that the child keeps as long as this object lives."""

    def __init__(self, session, ticket, tracked):
        self.session, self.ticket, self.tracked, self.generation = session, ticket, tracked, session.generation

    @classmethod
    def of(cls, session, ticket, tracked):
        _need(ticket is None or type(ticket) is int)
        return None if ticket is None else cls(session, ticket, tracked)

    def __del__(self):
        if self.generation == self.session.generation:
            self.session.dropped.append(self.ticket)


@dataclasses.dataclass(frozen=True)
class Step:
    """A gradient on its way to the child: of a graph's outputs in its inputs, differentiable in what `tracked` says."""

    graph: Graph
    function: RemoteFunction
    tracked: tuple
    answer: Answer = dataclasses.field(default_factory=Answer)

    def run(self, inputs, cotangents):
        graph, session = self.graph, self.graph.session
        session.still(graph.generation, self.function)
        reply = session.ask("gradient", self.function, ticket=graph.ticket, cotangents=[c.detach() for c in cotangents], wanted=list(self.tracked))
        with session.held_to_form():
            gradients = reply["gradients"]
            _need(isinstance(gradients, list) and len(gradients) == len(inputs))
            _need(all(g is None or (isinstance(g, torch.Tensor) and _alike(x, g)) for x, g in zip(inputs, gradients, strict=True)))
            there = [g for g in gradients if g is not None]
            answer = self.answer
            answer.there = tuple(g is not None for g in gradients)
            answer.flows = tuple(g.requires_grad for g in there)
            answer.graph = Graph.of(session, reply["ticket"], self.tracked)
            return tuple(g.detach() for g in there)


class _Call(torch.autograd.Function):
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
        outputs = _Call.apply(call.batched(dims, info.randomness), *moved)
        changed = call.answer.changed
        plain = [0] * (len(call.answer.flows) - len(changed))
        return outputs, tuple([*plain, *(dims[i] for i in changed)]) or (None,)


class _Gradient(torch.autograd.Function):
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
        outputs = _Gradient.apply(step, *moved)
        return outputs, tuple(0 for _ in step.answer.flows) or (None,)


def _gradients(answer, function, saved, cotangents):
    """Gradients in the saved inputs, None where there is none."""
    if answer.graph is None:
        return [None] * len(saved)
    cotangents = [c for c, flows in zip(cotangents, answer.flows, strict=True) if flows]
    grad = torch.is_grad_enabled()
    step = Step(answer.graph, function, tuple(grad and _is_tracked(x) for x in (*saved, *cotangents)))
    outputs = iter(_Gradient.apply(step, *saved, *cotangents))
    return [next(outputs) if there else None for there in step.answer.there]


def _one_by_one(size, axes, step, tensors):
    """Many weights of the outputs of one graph: one gradient for each."""
    rows = []
    for i in range(size):
        row = dataclasses.replace(step, answer=Answer())
        rows.append(_Gradient.apply(row, *(x if axis is None else x.select(axis, i) for x, axis in zip(tensors, axes, strict=True))))
    step.answer.there, step.answer.flows = row.answer.there, row.answer.flows
    if not any(row.answer.there):
        return _nothing(), (None,)
    return tuple(torch.stack(column) for column in zip(*rows, strict=True)), (0,) * len(rows[0])


def _to_front(tensors, axes, size, tracked):
    """Batched axes in front; what is differentiated in gets one in any case, so that each item has a gradient of its own."""
    moved, dims = [], []
    for x, axis, wanted in zip(tensors, axes, tracked, strict=True):
        if axis is not None:
            x, axis = x.movedim(axis, 0), 0
        elif wanted:
            x, axis = x.expand(size, *x.shape), 0
        moved.append(x)
        dims.append(axis)
    return moved, dims


def _is_tracked(x):
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


def _write(tensor, new):
    """Carry a change that was made in place."""
    try:
        with torch.set_grad_enabled(new.requires_grad and not (tensor.is_leaf and tensor.requires_grad)):
            tensor.copy_(new)
    except RuntimeError as error:
        raise error_of("RuntimeError", "RuntimeError", str(error), f"Your code changes its input in place, which cannot be done here: {error}") from None


def _tell_listeners(name):
    """As if the PyTorch function of this name ran here, for checks that note which ones do."""

    def called(*args, **kwargs):
        return None

    called.__name__ = name
    handle_torch_function(called, ())


PLAIN = (bool, int, float, complex, str, numpy.ndarray, numpy.generic, Slot, RemoteFunction)


def _check(arguments):
    """Refuse what cannot be sent: an error of the check, not of the answer."""
    if isinstance(arguments, (list, tuple)):
        for entry in arguments:
            _check(entry)
    elif isinstance(arguments, dict):
        for entry in arguments.values():
            _check(entry)
    elif arguments is not None and arguments is not ... and not isinstance(arguments, PLAIN):
        raise TypeError(f"a function in the sandbox can be given tensors, numbers, text, lists and dictionaries, not {type(arguments).__name__}")


def _slots_below(value, count):
    if isinstance(value, Slot):
        return value.number < count
    if isinstance(value, dict):
        value = list(value.values())
    return all(_slots_below(entry, count) for entry in value) if isinstance(value, (list, tuple)) else True


def _alike(x, y):
    return x.shape == y.shape and x.dtype == y.dtype


def _need(condition):
    if not condition:
        raise FrameError("a reply without its parts")
