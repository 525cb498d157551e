"""Batches with nothing in them, or nothing that counts: 0 attached to the graph, never NaN."""

import pytest
import torch
from tests.contract.cases import close, gradients, needs_items, promise, take, tracked, value_and_gradients


def _assert_attached_zero(case, inputs, **keywords):
    for reduction in ("mean", "sum"):
        leaves = tracked(inputs, case.signature.inputs.floating)
        value = case(leaves, reduction=reduction, **keywords)
        assert value.shape == () and value == 0, f"{reduction}: {value}"
        assert value.requires_grad, f"{reduction}: not attached to the graph"
        value.backward()
        for name, grad in gradients(case(leaves, reduction=reduction, **keywords), leaves, case).items():
            assert not grad.any(), f"{reduction}: gradient of {name} is {grad}"


@promise("items")
def test_an_empty_batch(case):
    empty = case.sample(N=0)
    _assert_attached_zero(case, empty)
    _assert_attached_zero(case, empty, sample_weight=torch.ones(0), mask=torch.ones(0, dtype=torch.bool))
    assert case(empty, reduction="none").numel() == 0
    assert case(empty, normalizer=3.0) == 0


def test_an_empty_batch_as_a_whole(case):
    if case.by_item:
        pytest.skip("it has items")
    axis = case.signature.items.split()[0]
    _assert_attached_zero(case, case.sample(**{axis: 0}))


@promise("items")
def test_nothing_counts(case):
    inputs = case.sample(N=3)
    nothing = torch.zeros(3, dtype=torch.bool)
    _assert_attached_zero(case, inputs, mask=nothing)
    _assert_attached_zero(case, inputs, sample_weight=nothing.double())
    _assert_attached_zero(case, inputs, mask=nothing, sample_weight=torch.ones(3))
    _assert_attached_zero(
        case, inputs, mask=torch.tensor([True, False, False]), sample_weight=torch.tensor([0.0, 1.0, 1.0])
    )
    assert not case(inputs, reduction="none", mask=nothing).any()


def test_one_item(case):
    value, grads = value_and_gradients(case, case.sample(N=1))
    assert value.isfinite() and all(grad.isfinite().all() for grad in grads.values())
    if case.by_item:
        items = case(case.sample(N=1), reduction="none")
        close(value, items.mean())


def test_the_same_item_many_times(case):
    needs_items(case)
    one = case.sample(N=1)
    many = take(case.signature, one, torch.zeros(4, dtype=torch.long))
    close(case(many), case(one))


def test_edges_have_finite_means(case):
    for name, inputs in case.signature.edge_samples(2).items():
        if all(v.isfinite().all() and v.double().abs().max() < 1e3 for v in inputs.values()):
            value, grads = value_and_gradients(case, inputs)
            assert value.isfinite(), f"{name}: {value}"
            for key, grad in grads.items():
                right = ~grad.isnan() if name in case.signature.samples.borders else grad.isfinite()
                assert right.all(), f"{name}: gradient of {key}: {grad}"


def test_it_is_deterministic(case):
    inputs = case.sample()
    assert torch.equal(case.each(inputs), case.each(inputs))
