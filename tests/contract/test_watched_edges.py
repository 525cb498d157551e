"""At the edges too, a loss gives the same gradient whether autograd, or a transform of `torch.func`, looks on."""

import pytest
import torch
from tests.contract.cases import cast, close, gradients, promise, tracked
from tests.contract.right import by_direction, steepness


def _gradients_both_ways(case, inputs):
    leaves = tracked(inputs, case.signature.inputs.floating)
    plain = gradients(case(leaves, reduction="sum"), leaves, case)
    places = tuple(case.signature.names.index(name) for name in case.signature.inputs.floating)

    def total(*values):
        return case(dict(zip(case.signature.names, values, strict=True)), reduction="sum")

    watched = torch.func.grad(total, argnums=places)(*(inputs[name] for name in case.signature.names))
    return plain, dict(zip(case.signature.inputs.floating, watched, strict=True))


def _assert_the_same(case, ruled_out):
    edges = {
        name: inputs
        for name, inputs in case.signature.edge_samples(3, dtype=torch.float32).items()
        if ruled_out == any(v.is_floating_point() and v.isneginf().any() for v in inputs.values())
    }
    if not edges:
        pytest.skip("the signature has no such edge")
    for name, inputs in edges.items():
        for dtype, rtol in ((torch.float32, 1e-4), (torch.float64, 1e-9)):
            plain, watched = _gradients_both_ways(case, cast(case.signature, inputs, dtype))
            for key, grad in plain.items():
                if name not in case.signature.samples.borders:
                    atol = 0.1 * rtol * (steepness(case) if by_direction(case) else 1)
                    close(watched[key], grad, rtol=rtol, atol=atol, note=f"{name}, {dtype}: gradient of {key}")


@promise("extremes")
def test_transforms_at_the_edges(case):
    _assert_the_same(case, ruled_out=False)


@promise("minus_inf")
def test_transforms_where_a_class_is_ruled_out(case):
    _assert_the_same(case, ruled_out=True)
