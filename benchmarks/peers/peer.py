"""A peer: another package's function for a loss, called so that it computes the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Finding:
    """Where a peer is wrong, or differs from the loss.

    Attributes:
        what: one or two sentences for the page of the loss.
        at: inputs on which they differ, by name, as nested lists.
        hyper: the loss's hyper-parameters there.
        gradient: name of the input whose gradient differs; None: the values differ.
    """

    what: str
    at: Mapping
    hyper: Mapping = field(default_factory=dict)
    gradient: str | None = None

    def inputs(self):
        """Whole numbers as integers, the others in float64."""
        tensors = {name: torch.tensor(values) for name, values in self.at.items()}
        return {name: x.double() if x.is_floating_point() else x for name, x in tensors.items()}


@dataclass(frozen=True)
class Peer:
    """Another package's function for one of the losses.

    Attributes:
        loss: name of the loss.
        package: name of the package on the package index.
        symbol: the package's function, as its users write it.
        call: `call(**inputs, **hyper)` is their function with `transform` applied: equal to
            `lossatlas.get(loss)(**inputs, **hyper, reduction=reduction)`, and as cheap as it can be.
            Where it takes a keyword `reduction`, the package has a mean of its own, which is what is timed.
        transform: one sentence: from their convention to ours.
        settings: hyper-parameters at which both are compared.
        reduction: which of our reductions `call` returns.
        differentiable: whether torch's autograd runs through `call`.
        with_gradient: where it does not, and the package has a gradient of its own: function like `call` that gives
            the value and the gradient of its sum in the first input.
        dtypes: what the arithmetic is in: "float64" where they keep it, else "float32".
        agrees: whether `call` computes the loss on ordinary inputs; where not, no transform brings theirs to ours, and
            `finding` explains what is different.
        alone: whether it compares a batch with itself only: then no gallery is given.
        least: smallest batch that the package has a value for.
        finding: where they are wrong, or differ.
    """

    loss: str
    package: str
    symbol: str
    call: Callable
    transform: str
    settings: tuple = ({},)
    reduction: str = "none"
    differentiable: bool = True
    with_gradient: Callable | None = None
    dtypes: tuple = ("float64",)
    agrees: bool = True
    alone: bool = False
    least: int = 1
    finding: Finding | None = None

    @property
    def id(self):
        return f"{self.loss}: {self.package} {self.symbol}"
