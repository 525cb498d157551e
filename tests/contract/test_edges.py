"""At the edges of the inputs value and gradient are not only finite but right."""

import pytest
import torch
from tests.contract.cases import promise
from tests.contract.right import assert_right

HUGE = 1e3


def kind_of(inputs):
    values = [v for v in inputs.values() if v.is_floating_point()]
    if any(v.isneginf().any() for v in values):
        return "ruled out"
    return "extreme" if any(v.abs().max() >= HUGE for v in values) else "ordinary"


def edges(signature, kind):
    """Edge samples of a kind, of numbers that float32 represents exactly: name -> inputs."""
    samples = signature.edge_samples(1, dtype=torch.float32)
    return {name: inputs for name, inputs in samples.items() if kind_of(inputs) == kind}


def small_edges(signature):
    """The edges once more, of few numbers, where many settings have to be gone through."""
    base = signature.sample(
        1,
        dtype=torch.float32,
        **{axis: max(2, signature.inputs.least.get(axis, 1)) for axis in signature.samples.sizes},
    )
    return {name: make(dict(base)) for name, make in signature.samples.edges.items()}


def _assert_right_at_edges(case, kind):
    found = edges(case.signature, kind)
    if not found:
        pytest.skip(f"the signature has no {kind} edge")
    for name, inputs in found.items():
        border = name in case.signature.samples.borders  # where the gradient of a right loss may be infinite
        assert_right(case, inputs, name, gradients_too=not border)


def test_ordinary_edges(case):
    _assert_right_at_edges(case, "ordinary")


@promise("extremes")
def test_inputs_of_size_1e4(case):
    _assert_right_at_edges(case, "extreme")


@promise("minus_inf")
def test_a_class_ruled_out(case):
    _assert_right_at_edges(case, "ruled out")
