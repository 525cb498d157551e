"""How far a peer and a loss agree: at random inputs, and at the inputs of a finding."""

import math

import torch
from tests.contract.cases import Case
from tests.references.exact import exact_of

import lossatlas

#: lengths of the axes of the samples that are compared; a signature takes those that it knows
SIZES = ({}, {"N": 1}, {"N": 17, "C": 12, "D": 7})
#: as many digits as numbers of a dtype have
CAP = {"float64": 16.0, "float32": 7.5}


def case_of(peer, hyper):
    return Case(lossatlas.get(peer.loss), dict(hyper))


def samples(peer):
    """Random inputs in float64 that float32 represents exactly, so that a package that rounds to it loses nothing."""
    signature = lossatlas.get(peer.loss).signature
    for seed, sizes in enumerate(SIZES):
        known = {axis: size for axis, size in sizes.items() if axis in signature.samples.sizes}
        if known.get("N", peer.least) < peer.least:
            continue
        yield given(peer, rounded(signature.sample(seed + 1, dtype=torch.float64, **known)))


def given(peer, inputs):
    """What a peer is given of the inputs: one that compares a batch with itself gets no gallery."""
    signature = lossatlas.get(peer.loss).signature
    return {name: inputs[name] for name in signature.inputs.required} if peer.alone else inputs


def rounded(inputs):
    return {name: x.float().double() if x.is_floating_point() else x for name, x in inputs.items()}


def ready(peer, inputs):
    """The inputs, those that have gradients asking for them; and the names of these."""
    wanted = [name for name in lossatlas.get(peer.loss).signature.inputs.floating if name in inputs]
    return {name: x.clone().requires_grad_() if name in wanted else x for name, x in inputs.items()}, wanted


def theirs(peer, inputs, hyper):
    """Value, and gradient of its sum by input name; empty where the package has none."""
    if not peer.differentiable:
        if peer.with_gradient is None:
            return peer.call(**inputs, **hyper), {}
        value, gradient = peer.with_gradient(**inputs, **hyper)
        return value, {next(iter(inputs)): gradient}
    inputs, wanted = ready(peer, inputs)
    return _with_gradients(peer.call(**inputs, **hyper), inputs, wanted)


def ours(peer, inputs, hyper):
    """The same of the loss here, under the peer's reduction."""
    inputs, wanted = ready(peer, inputs)
    return _with_gradients(lossatlas.get(peer.loss)(**inputs, **hyper, reduction=peer.reduction), inputs, wanted)


def exact(peer, inputs, hyper):
    """The same from the naive loop with 75 digits: value, and (lowest, highest) gradient by input name."""
    signature = lossatlas.get(peer.loss).signature
    # A batch that is its own gallery stands in two places, and its gradient is the sum of both.
    whole = (
        signature.inputs.completed(inputs, signature.inputs.check_shapes(inputs), None)[0]
        if signature.inputs.completed
        else inputs
    )
    found = exact_of(case_of(peer, hyper), whole)
    items = found.items.reshape(ours(peer, inputs, hyper)[0].shape) if peer.reduction == "none" else found.items
    values = {"none": items, "mean": items.mean(), "sum": items.sum()}
    share = items.numel() if peer.reduction == "mean" else 1
    places = {
        name: [place for place in found.low if whole[place] is inputs[name]] for name in found.low if name in inputs
    }
    return values[peer.reduction], {
        name: tuple(sum(end[place] for place in of) / share for end in (found.low, found.high))
        for name, of in places.items()
    }


def _with_gradients(value, inputs, wanted):
    gradients = torch.autograd.grad(value.sum(), [inputs[name] for name in wanted])
    return value.detach(), dict(zip(wanted, gradients, strict=True))


def digits(found, expected):
    """Decimal digits to which two tensors agree, relative to the largest, at most 16; -1 where one is not finite."""
    found, expected = found.double(), expected.double()
    error, size = (found - expected).abs().max().item(), expected.abs().max().item()
    if error == 0:
        return CAP["float64"]
    return min(math.log10(size / error), CAP["float64"]) if size > 0 and math.isfinite(error) else -1.0
