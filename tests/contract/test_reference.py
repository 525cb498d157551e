"""A loss equals the naive loop written from its formula, and a batch equals its items one by one."""

import hypothesis
import hypothesis.strategies as st
import pytest
import torch
from tests.contract.cases import (
    Case,
    all_close,
    close,
    ends_of,
    gradients,
    inputs_of,
    needs_items,
    promise,
    take,
    tracked,
)
from tests.contract.right import assert_right, items_and_gradients
from tests.contract.test_edges import kind_of, small_edges
from tests.references import reference
from tests.references.exact import exact_of

EXEMPT = {"extreme": "extremes", "ruled out": "minus_inf"}


@hypothesis.given(data=st.data())
def test_it_equals_the_naive_loop(case, data):
    naive = reference(case.entry.name)
    if naive is None:
        pytest.skip("no naive loop is written for it")
    inputs = data.draw(inputs_of(case.signature))
    items = case.each(inputs)
    try:
        wanted = torch.as_tensor(naive(**inputs, **case.hyper), dtype=torch.float64).reshape(items.shape)
        close(items, wanted, rtol=1e-12, atol=1e-13)
    except (AssertionError, ArithmeticError, ValueError):  # a loop of floats loses digits to sizes that differ
        close(items, exact_of(case, inputs, gradients=False).items.reshape(items.shape), rtol=1e-9, atol=1e-11)


@hypothesis.settings(max_examples=6)
@hypothesis.given(data=st.data())
def test_its_gradient_is_that_of_the_naive_loop(case, data):
    inputs = data.draw(inputs_of(case.signature, most=3))
    exact = exact_of(case, inputs)
    if exact is None:
        pytest.skip("no naive loop is written for it")
    if exact.items.isfinite().all():  # else the value is larger than any float
        assert_right(case, inputs, dtypes=[torch.float64])


LARGE = {"N": 37, "C": 29, "D": 33, "L": 7}


def test_a_large_batch(case):
    """Code may take another way for large inputs: values of the naive loop, gradients of the parts."""
    naive = reference(case.entry.name)
    inputs = case.sample(3, **{axis: LARGE.get(axis, 31) for axis in case.signature.samples.sizes})
    items, grads = items_and_gradients(case, inputs)
    if naive is not None:
        close(
            items, torch.as_tensor(naive(**inputs, **case.hyper), dtype=torch.float64).reshape(items.shape), rtol=1e-10
        )
    if case.by_item:
        leaves = tracked(inputs, case.signature.inputs.floating)
        parts = [case(take(case.signature, leaves, torch.arange(n, LARGE["N"], 8)), reduction="sum") for n in range(8)]
        all_close(grads, gradients(sum(parts), leaves, case))


def test_it_is_right_at_the_ends_of_its_hyper_parameters(entry):
    """There, formulas take their limits."""
    if not entry.domains:
        pytest.skip("it has no numbers to vary")
    for name, domain in entry.domains.items():
        for value in ends_of(domain, entry.defaults[name]):
            case = Case(entry, {name: value})
            assert_right(case, case.sample(N=3, dtype=torch.float32))
            for edge, inputs in small_edges(case.signature).items():
                if EXEMPT.get(kind_of(inputs)) not in entry.exempt:
                    assert_right(case, inputs, edge, gradients_too=edge not in case.signature.samples.borders)


@promise("items")
@hypothesis.given(data=st.data())
def test_a_batch_equals_its_items_one_by_one(case, data):
    inputs = data.draw(inputs_of(case.signature))
    together = case(inputs, reduction="none")
    for n in range(len(together)):
        alone = case(take(case.signature, inputs, slice(n, n + 1)), reduction="none")
        close(together[n : n + 1], alone, rtol=1e-9, atol=1e-10, note=f"item {n}")


@promise("items")
def test_it_returns_the_declared_shape(case):
    inputs = case.sample()
    sizes = case.signature.inputs.check_shapes(inputs)
    assert case(inputs, reduction="none").shape == case.signature.inputs.shape_of(case.entry.items, sizes)
    for reduction in ("mean", "sum"):
        assert case(inputs, reduction=reduction).shape == ()


@promise("items")
def test_an_item_of_a_class_sees_only_the_entries_of_that_class(case):
    needs_items(case)
    if case.entry.items != "N C":
        pytest.skip("one value per item, not per item and class")
    inputs = case.sample()
    name = next(n for n, kind in case.signature.inputs.fields.items() if kind.axes == ("N", "C") and kind.floating)
    jacobian = torch.autograd.functional.jacobian(lambda x: case({**inputs, name: x}, reduction="none"), inputs[name])
    n, c = inputs[name].shape
    elsewhere = ~torch.eye(n * c, dtype=torch.bool)
    assert not jacobian.reshape(n * c, n * c)[elsewhere].any(), (
        "a value per class depends on another class: declare items='N'"
    )
