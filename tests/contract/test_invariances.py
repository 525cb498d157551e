"""Declared invariances, bounds and optima."""

import hypothesis
import hypothesis.strategies as st
import pytest
import torch
from tests.contract.cases import PLAIN, close, inputs_of, take


@hypothesis.given(data=st.data())
def test_invariances(case, data):
    names = case.entry.invariances_at(**case.hyper)
    if not names:
        pytest.skip("no invariance is declared")
    inputs = data.draw(inputs_of(case.signature, PLAIN))  # ties and mixed sizes may not survive rounding
    before = case.each(inputs)
    for name in names:
        transform = case.signature.transforms[name]
        after = case.each(transform.apply(dict(inputs), torch.Generator().manual_seed(11)))
        if case.entry.items == "N C":  # renaming the classes renames the values too
            before, after = before.sort(-1).values, after.sort(-1).values
        close(after, before, rtol=1e-7, atol=1e-7, note=f"{name}: {transform.note}")


def test_an_item_does_not_see_its_place_in_the_batch(case):
    inputs = case.sample()
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = case.each(take(case.signature, inputs, order))
    close(moved, case.each(inputs)[order] if case.by_item else case.each(inputs))


@hypothesis.given(data=st.data())
def test_bounds(case, data):
    low, high = case.entry.bounds_at(**case.hyper)
    _assert_within(case, data.draw(inputs_of(case.signature)), low, high, "random inputs")


def test_bounds_at_the_edges(case):
    low, high = case.entry.bounds_at(**case.hyper)
    for name, inputs in case.signature.edge_samples().items():
        if all(v.isfinite().all() and v.double().abs().max() < 1e3 for v in inputs.values()):
            _assert_within(case, inputs, low, high, name)


def _assert_within(case, inputs, low, high, note):
    items = case.each(inputs)
    assert not items.isnan().any(), f"{note}: NaN"
    if low is not None:
        assert items.min() >= low - 1e-9 * (1 + abs(low)), f"{note}: {items.min()} is below the bound {low}"
    if high is not None:
        assert items.max() <= high + 1e-9 * (1 + abs(high)), f"{note}: {items.max()} is above the bound {high}"


def test_a_perfect_prediction_reaches_the_optimum(case):
    optimum = case.entry.optimum_at(**case.hyper)
    if optimum is None:
        pytest.skip("no optimum is declared")
    items = case.each(case.signature.samples.perfect(case.sample()))
    close(items, torch.full_like(items, optimum), rtol=1e-9, atol=1e-9)


@hypothesis.given(data=st.data())
def test_nothing_is_below_the_optimum(case, data):
    optimum = case.entry.optimum_at(**case.hyper)
    if optimum is None:
        pytest.skip("no optimum is declared")
    items = case.each(data.draw(inputs_of(case.signature)))
    assert items.min() >= optimum - 1e-9 * (1 + abs(optimum)), f"{items.min()} is below the optimum {optimum}"
