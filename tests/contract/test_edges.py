"""At the edges of the inputs the value and the gradient are finite, and equal to those of more precise arithmetic."""

import pytest
import torch
from tests.contract.cases import cast, close, gradients, promise, tracked
from tests.references import reference

HUGE = 1e3


def _kind_of(inputs):
    values = [v for v in inputs.values() if v.is_floating_point()]
    if any(v.isneginf().any() for v in values):
        return "ruled out"
    return "extreme" if any(v.abs().max() >= HUGE for v in values) else "ordinary"


def _edges(case, kind):
    """Edge samples of a kind whose numbers float32 holds exactly."""
    found = {}
    for seed in range(2):
        for name, inputs in case.signature.edge_samples(seed + 1, dtype=torch.float32).items():
            if _kind_of(inputs) == kind:
                found[f"{name}, seed {seed}"] = inputs
    if not found:
        pytest.skip(f"the signature has no {kind} edge")
    return found


def _value_and_slopes(case, inputs):
    leaves = tracked(inputs, case.signature.floating)
    items = case.each(leaves)
    return items.detach(), gradients(items.sum(), leaves, case)


def _assert_right(case, edges, slope_rtol=1e-4):
    for name, inputs in edges.items():
        value, slopes = _value_and_slopes(case, inputs)
        precise, precise_slopes = _value_and_slopes(case, cast(case.signature, inputs, torch.float64))
        border = name.rpartition(", seed")[0] in case.signature.borders
        assert precise.isfinite().all(), f"{name}: value is not finite in float64: {precise}"
        for key, slope in precise_slopes.items():
            wanted = "a number or infinite" if border else "finite"
            assert not slope.isnan().any() and (border or slope.isfinite().all()), f"{name}: gradient of {key} is not {wanted} in float64: {slope}"
        close(value, precise, rtol=2e-5, atol=2e-5, note=f"{name}: value in float32 against float64")
        for key, slope in slopes.items():
            close(slope, precise_slopes[key], rtol=slope_rtol, atol=2e-5, note=f"{name}: gradient of {key} in float32 against float64")


def _assert_equals_reference(case, edges):
    naive = reference(case.entry.name)
    if naive is None:
        pytest.skip("no naive loop is written for it")
    for name, inputs in edges.items():
        inputs = cast(case.signature, inputs, torch.float64)
        got = case.each(inputs)
        wanted = torch.as_tensor(naive(**inputs, **case.hyper), dtype=torch.float64).reshape(got.shape)
        close(got, wanted, rtol=1e-8, atol=1e-10, note=f"{name}: value against the naive loop")


def test_ordinary_edges(case):
    _assert_right(case, _edges(case, "ordinary"))


def test_ordinary_edges_equal_the_naive_loop(case):
    _assert_equals_reference(case, _edges(case, "ordinary"))


@promise("extremes")
def test_inputs_of_size_1e4(case):
    # A number of size 1e4 is rounded by 5e-4 in float32, and so is the logarithm of a gradient taken from it.
    _assert_right(case, _edges(case, "extreme"), slope_rtol=1e-3)


@promise("extremes")
def test_inputs_of_size_1e4_equal_the_naive_loop(case):
    _assert_equals_reference(case, _edges(case, "extreme"))


@promise("minus_inf")
def test_a_class_ruled_out(case):
    _assert_right(case, _edges(case, "ruled out"))


@promise("minus_inf")
def test_a_class_ruled_out_equals_the_naive_loop(case):
    _assert_equals_reference(case, _edges(case, "ruled out"))
