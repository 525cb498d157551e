"""A loss and its peers on equal terms: the same inputs, hyper-parameters and reduction, the same gradients."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

import lossatlas

from .memory import peak_bytes
from .peers import peers
from .timing import ratio, spread

#: size -> length of the axes by letter; an axis that is not named keeps the signature's usual length
SIZES = {
    "small": {"N": 32, "C": 10, "D": 16},
    "medium": {"N": 256, "C": 100, "D": 32},
    "large": {"N": 512, "C": 1000, "D": 64},
}
SMALLEST = "small"
#: A peer that needs more than so many times the memory of the loss at the smallest size is not run at the others: what
#: grows with the square of the batch there would not fit into the machine.
MOST_MEMORY = 25


@dataclass(frozen=True)
class Terms:
    """What both sides compute.

    Attributes:
        hyper: hyper-parameters of the loss.
        reduction: what one number is made of the items with.
        own_gradient: the peer is no torch function and brings the gradient of the sum in the first input, and that
            only.
        without: names of inputs that are left out, and with them the gallery: the batch is its own.
        dtype: that of the inputs. A peer with a gradient of its own gets what it computes in, and need not convert.
    """

    hyper: Mapping = field(default_factory=dict)
    reduction: str = "mean"
    own_gradient: bool = False
    without: tuple = ()
    dtype: torch.dtype = torch.float32

    @classmethod
    def of(cls, peer):
        """The terms on which a peer is met: the defaults, where it has them."""
        hyper = {} if {} in peer.settings else peer.settings[0]
        if not peer.differentiable:
            return cls(hyper, "sum", True, dtype=getattr(torch, peer.dtypes[0]))
        without = lossatlas.get(peer.loss).signature.inputs.optional if peer.alone else ()
        return cls(hyper, "mean" if peer.reduction == "none" else peer.reduction, without=without)


def contests(entry, size):
    """Pairs of terms and the peers met on them: those that compute the same, have a gradient and fit into memory.

    Without any, the usual terms.
    """
    found = []
    for peer in peers(entry.name):
        if (
            peer.agrees
            and (peer.differentiable or peer.with_gradient)
            and not (size != SMALLEST and fills_memory(entry, peer))
        ):
            same = next((rivals for terms, rivals in found if terms == Terms.of(peer)), None)
            if same is None:
                found.append((Terms.of(peer), same := []))
            same.append(peer)
    return found or [(Terms(), [])]


def fills_memory(entry, peer):
    """How many times the memory of the loss a peer needs at the smallest size; None where it is up to `MOST_MEMORY`."""
    terms = Terms.of(peer)
    if terms.own_gradient:
        return None
    inputs = inputs_of(entry.signature, SIZES[SMALLEST])
    times = peak_bytes(run_of(peer, inputs, terms)) / peak_bytes(there_and_back(ours(entry, terms), inputs, terms))
    return times if times > MOST_MEMORY else None


def inputs_of(signature, sizes, dtype=torch.float32):
    """Random inputs, ready for gradients. Inputs of any shape get as many entries as N × C."""
    if all(field.axes == ("*",) for field in signature.inputs.fields.values()):
        sizes = {"N": sizes["N"] * sizes["C"]}
    inputs = signature.sample(0, dtype=dtype, **sizes)
    return {name: x.requires_grad_() if signature.inputs.fields[name].floating else x for name, x in inputs.items()}


def ours(entry, terms):
    """Function of the inputs that gives the reduced loss."""
    return lambda **inputs: entry.function(**inputs, **terms.hyper, reduction=terms.reduction)


def theirs(peer, terms):
    """The same of a peer. A package that has a mean of its own uses that."""
    hyper = dict(terms.hyper)
    if "reduction" in inspect.signature(peer.call).parameters:
        hyper["reduction"] = terms.reduction
    elif peer.reduction == "none":
        return lambda **inputs: peer.call(**inputs, **hyper).mean()
    return lambda **inputs: peer.call(**inputs, **hyper)


def there_and_back(function, inputs, terms):
    """Function without arguments: forward and backward once."""
    inputs = {name: x for name, x in inputs.items() if name not in terms.without}
    wanted = [x for x in inputs.values() if x.requires_grad][: 1 if terms.own_gradient else None]
    return lambda: torch.autograd.grad(function(**inputs), wanted, allow_unused=True)


def run_of(peer, inputs, terms):
    """A peer's forward and backward, by torch or by its own means."""
    if terms.own_gradient:
        return lambda: peer.with_gradient(**inputs, **terms.hyper)
    return there_and_back(theirs(peer, terms), inputs, terms)


def alone(entry, size, form, samples, memory):
    """The row of a loss by itself: `samples` in seconds, `memory` in bytes."""
    return {"loss": entry.name, "size": size, "form": form, "peer": None, "seconds": spread(samples), "bytes": memory}


def beside(row, peer, terms, samples, peer_samples, peer_memory):
    """The row of a loss beside a peer, from its row by itself. Terms are named where they are not the usual ones."""
    row = row | {
        "peer": {"package": peer.package, "symbol": peer.symbol},
        "seconds": {"median": row["seconds"]["median"]},
        "peer_seconds": spread(peer_samples)["median"],
        "ratio": ratio(samples, peer_samples),
    }
    if peer_memory:
        row["memory_ratio"] = row["bytes"] / peer_memory
    if terms.own_gradient:
        row["gradient"] = "own"
    if terms.without:
        row["gallery"] = "own"
    if terms.dtype != torch.float32:
        row["dtype"] = str(terms.dtype).removeprefix("torch.")
    if terms.hyper:
        row["hyper"] = dict(terms.hyper)
    return row


def mark_fastest(rows):
    """Of the rows of one loss at one size mark the one whose peer is fastest beside the loss."""
    rivals = [row for row in rows if row["peer"]]
    if rivals:
        max(rivals, key=lambda row: row["ratio"]["median"])["fastest"] = True
    return rows
