"""Declared special cases: the loss is another loss, item by item, in value and gradient."""

import pytest
import torch
from tests.contract.cases import Case, close, tracked

import lossatlas


def test_special_cases(entry):
    if not entry.special_cases:
        pytest.skip("no special case is declared")
    for special in entry.special_cases:
        this, other = Case(entry, special.when), Case(lossatlas.get(special.of), special.then)
        for seed in range(3):
            inputs = this.sample(seed)
            got, got_gradients = _value_and_gradients(this, inputs, this.each)
            wanted, wanted_gradients = _value_and_gradients(
                this, inputs, lambda leaves, s=special, o=other: _other_side(s, o, leaves)
            )
            note = f"{entry.name}({special.when}) against {special.of}({special.then})"
            close(got, wanted, rtol=special.tolerance, atol=special.tolerance, note=note)
            for name in got_gradients:
                loose = max(10 * special.tolerance, 1e-9)
                close(
                    got_gradients[name],
                    wanted_gradients[name],
                    rtol=loose,
                    atol=loose,
                    note=f"{note}, gradient of {name}",
                )


def _other_side(special, other, inputs):
    through = special.via(inputs) if special.via else {name: inputs[name] for name in other.signature.names}
    value = special.scale * other.each(through)
    return value if special.offset is None else value + special.offset(inputs)


def _value_and_gradients(case, inputs, function):
    names = case.signature.inputs.floating
    leaves = tracked(inputs, names)
    value = function(leaves)
    gradients = torch.autograd.grad(value.sum(), [leaves[n] for n in names], allow_unused=True, materialize_grads=True)
    return value.detach(), dict(zip(names, gradients, strict=True))
