"""Requests to the child and its replies: a call of a student's function, or the gradient of one.

A reply that has not the form it must have is a `FrameError`; the session then ends the child.
"""

import dataclasses

import torch

from .frames import need
from .trees import Slot


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

    function: object
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
        """Send the call to the child; its outputs as plain tensors."""
        session = self.function.session
        reply = session.request(
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
        with session.well_formed_reply():
            outputs, changed, names = reply["outputs"], reply["changed"], reply["names"]
            _need(isinstance(outputs, list) and all(isinstance(x, torch.Tensor) for x in outputs))
            _need(isinstance(changed, list) and all(type(i) is int and 0 <= i < len(tensors) for i in changed))
            results = len(outputs) - len(changed)
            _need(results >= 0 and _slots_below(reply["value"], results))
            _need(all(_alike(tensors[i], new) for i, new in zip(changed, outputs[results:], strict=True)))
            _need(
                isinstance(names, list)
                and all(isinstance(name, str) and len(name) < 200 for name in names)
                and len(names) <= 1000
            )
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
    """A gradient on its way to the child: of a graph's outputs in its inputs, differentiable in the `tracked` ones."""

    graph: Graph
    function: object
    tracked: tuple
    answer: Answer = dataclasses.field(default_factory=Answer)

    def run(self, inputs, cotangents):
        graph, session = self.graph, self.graph.session
        session.still(graph.generation, self.function)
        reply = session.request(
            "gradient",
            self.function,
            ticket=graph.ticket,
            cotangents=[c.detach() for c in cotangents],
            wanted=list(self.tracked),
        )
        with session.well_formed_reply():
            gradients = reply["gradients"]
            _need(isinstance(gradients, list) and len(gradients) == len(inputs))
            _need(
                all(
                    g is None or (isinstance(g, torch.Tensor) and _alike(x, g))
                    for x, g in zip(inputs, gradients, strict=True)
                )
            )
            there = [g for g in gradients if g is not None]
            answer = self.answer
            answer.there = tuple(g is not None for g in gradients)
            answer.flows = tuple(g.requires_grad for g in there)
            answer.graph = Graph.of(session, reply["ticket"], self.tracked)
            return tuple(g.detach() for g in there)


def _slots_below(value, count):
    if isinstance(value, Slot):
        return value.number < count
    if isinstance(value, dict):
        value = list(value.values())
    return all(_slots_below(entry, count) for entry in value) if isinstance(value, (list, tuple)) else True


def _alike(x, y):
    return x.shape == y.shape and x.dtype == y.dtype


def _need(condition):
    need(condition, "a reply without its parts")
