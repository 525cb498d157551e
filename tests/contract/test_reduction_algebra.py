"""Weights, masks and means follow arithmetic, in the value and in the gradient."""

import pytest
import torch
from tests.contract.cases import (
    all_close,
    close,
    garbage,
    gradients,
    has_items,
    needs_items,
    promise,
    take,
    tracked,
    value_and_gradients,
)


def _weights(shape, seed=3):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.2


def _reduced(case, inputs, index=None, **keywords):
    """Mean and sum with their gradients with respect to `inputs`, of the items with these indices."""
    found = []
    for reduction in ("mean", "sum"):
        leaves = tracked(inputs, case.signature.inputs.floating)
        chosen = leaves if index is None else take(case.signature, leaves, index)
        value = case(chosen, reduction=reduction, **keywords)
        found.append((value.detach(), gradients(value, leaves, case)))
    return found


def _same(got, wanted):
    for (value, grads), (wanted_value, wanted_gradients) in zip(got, wanted, strict=True):
        close(value, wanted_value)
        all_close(grads, wanted_gradients)


@promise("items")
def test_mean_and_sum_come_from_the_items(case):
    inputs = case.sample()
    items = case(inputs, reduction="none")
    close(case(inputs, reduction="sum"), items.sum())
    close(case(inputs, reduction="mean"), items.mean())
    close(case(inputs), items.mean())


@promise("items")
def test_the_mean_is_divided_by_the_sum_of_the_weights(case):
    inputs = case.sample()
    items = case(inputs, reduction="none")
    for shape in {items.shape, items.shape[:1]}:
        weight = _weights(shape)
        spread = weight.reshape(*weight.shape, *(1,) * (items.ndim - weight.ndim)).expand(items.shape)
        close(case(inputs, reduction="none", sample_weight=weight), items * spread)
        close(case(inputs, reduction="sum", sample_weight=weight), (items * spread).sum())
        close(case(inputs, sample_weight=weight), (items * spread).sum() / spread.sum())


@promise("items")
def test_weight_two_is_the_item_twice(case):
    inputs = case.sample(N=4)
    weight = torch.tensor([1.0, 2.0, 1.0, 1.0], dtype=torch.float64)
    _same(_reduced(case, inputs, sample_weight=weight), _reduced(case, inputs, index=[0, 1, 1, 2, 3]))


@promise("items")
def test_weight_zero_and_mask_remove_the_item(case):
    inputs = case.sample(N=4)
    mask = torch.tensor([True, False, True, True])
    removed = _reduced(case, inputs, index=[0, 2, 3])
    _same(_reduced(case, inputs, mask=mask), removed)
    _same(_reduced(case, inputs, sample_weight=mask.double()), removed)
    weight = _weights(4)
    _same(
        _reduced(case, inputs, sample_weight=weight, mask=mask),
        _reduced(case, inputs, index=[0, 2, 3], sample_weight=weight[mask]),
    )


@promise("items")
def test_longer_padding_changes_nothing(case):
    inputs, padding = case.sample(N=4), case.sample(1, N=3)
    short = _reduced(case, inputs)
    for length in (1, 3):
        padded = {
            n: torch.cat([v, padding[n][:length]]) if has_items(case.signature.inputs.fields[n]) else v
            for n, v in inputs.items()
        }
        found = _reduced(case, padded, mask=torch.arange(4 + length) < 4)
        for (value, grads), (wanted, wanted_gradients) in zip(found, short, strict=True):
            close(value, wanted)
            for name, grad in grads.items():
                if has_items(case.signature.inputs.fields[name]):
                    assert not grad[4:].any(), f"padding has a gradient: {grad[4:]}"
                    grad = grad[:4]
                close(grad, wanted_gradients[name], note=f"gradient of {name}")


@promise("items")
def test_a_masked_item_may_hold_garbage(case):
    inputs = case.sample(N=4)
    mask = torch.tensor([True, False, True, True])
    removed = _reduced(case, inputs, index=[0, 2, 3])
    for which in (0, 1):
        spoilt = {name: value.clone() for name, value in inputs.items()}
        for name, kind in case.signature.inputs.fields.items():
            if has_items(kind):
                spoilt[name][1] = garbage(kind, which)
        _same(_reduced(case, spoilt, mask=mask), removed)
        _same(_reduced(case, spoilt, sample_weight=mask.double()), removed)
        items = case(spoilt, reduction="none", mask=mask)
        assert not items[1].any() and items.isfinite().all()


@promise("items")
def test_single_entries_can_be_masked(case):
    inputs = case.sample()
    items = case(inputs, reduction="none")
    if items.ndim == 1:
        pytest.skip("one value per item")
    mask = torch.rand(items.shape, generator=torch.Generator().manual_seed(5)) > 0.4
    close(case(inputs, mask=mask), items[mask].mean())
    close(case(inputs, reduction="sum", mask=mask), items[mask].sum())
    _, wanted = value_and_gradients(case, inputs, reduction="sum", sample_weight=mask.double())
    spoilt = dict(inputs)
    for name, kind in case.signature.inputs.fields.items():
        if inputs[name].shape == mask.shape and not kind.joint:
            spoilt[name] = torch.where(mask, inputs[name], garbage(kind, 0))
    value, grads = value_and_gradients(case, spoilt, reduction="sum", mask=mask)
    close(value, items[mask].sum())
    all_close(grads, wanted)


def test_the_normalizer_takes_the_place_of_the_count(case):
    inputs = case.sample()
    total, grads = value_and_gradients(case, inputs, reduction="sum")
    for normalizer in (7, 2.5, torch.tensor(2.5)):
        value, found = value_and_gradients(case, inputs, normalizer=normalizer)
        close(value, total / float(normalizer))
        all_close(found, {name: grad / float(normalizer) for name, grad in grads.items()})
    if case.by_item:
        weight, mask = _weights(5), torch.tensor([True, True, False, True, True])
        inputs = case.sample(N=5)
        total = case(inputs, reduction="sum", sample_weight=weight, mask=mask)
        close(case(inputs, sample_weight=weight, mask=mask, normalizer=3.0), total / 3)


def test_accumulated_parts_equal_the_whole(case):
    needs_items(case)
    inputs = case.sample(N=5)
    parts = [take(case.signature, inputs, part) for part in (slice(0, 2), slice(2, 5))]
    if case.entry.exempt.get("items"):
        pytest.skip(case.entry.exempt["items"])
    count = case(inputs, reduction="none").numel()
    close(sum(case(part, normalizer=count) for part in parts), case(inputs))
