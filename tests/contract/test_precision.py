"""Half precision and autocast: the dtype is kept, and the result is the precise one, rounded."""

import torch
from tests.contract.cases import cast, close, gradients, promise, tracked
from tests.contract.right import items_and_gradients

from lossatlas import value_checks

HALF = (torch.float16, torch.bfloat16)


@promise("half")
def test_half_precision_is_the_precise_result_rounded(case):
    for dtype in HALF:
        rounded = case.sample(dtype=dtype)
        items, grads = items_and_gradients(case, rounded)
        assert items.dtype == dtype and case(rounded).dtype == dtype
        with value_checks(False):  # probabilities rounded to half precision do not sum to 1 in float64
            precise, precise_gradients = items_and_gradients(case, cast(case.signature, rounded, torch.float64))
        info = torch.finfo(dtype)
        close(items.double(), precise, rtol=info.eps, atol=2e-6 + info.smallest_normal * info.eps, note=str(dtype))
        for name, grad in grads.items():
            assert grad.dtype == dtype
            _assert_same_direction_and_length(grad.double(), precise_gradients[name], f"{dtype}: gradient of {name}")


def _assert_same_direction_and_length(got, wanted, note):
    length = wanted.norm()
    if length == 0:
        assert not got.any(), note
        return
    assert (got * wanted).sum() >= 0.99 * got.norm() * length, f"{note}: {got} against {wanted}"
    assert 0.98 * length <= got.norm() <= 1.02 * length, f"{note}: length {got.norm():g} against {length:g}"


def test_the_dtype_is_kept(case):
    for dtype in (torch.float32, torch.float64):
        inputs = case.sample(dtype=dtype)
        assert case(inputs).dtype == case.each(inputs).dtype == dtype
        if case.by_item:
            wide = torch.ones(5, dtype=torch.float64)
            inputs = case.sample(dtype=dtype, N=5)
            assert case(inputs, sample_weight=wide, mask=wide > 0).dtype == dtype


def test_autocast_changes_nothing(case):
    inputs = case.sample(dtype=torch.float32)
    leaves = tracked(inputs, case.signature.inputs.floating)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast_items = case.each(leaves)
        half = case.each(case.sample(dtype=torch.bfloat16))
    assert half.dtype == torch.bfloat16
    items, grads = items_and_gradients(case, inputs)
    assert cast_items.dtype == torch.float32 and torch.equal(cast_items, items)
    for name, grad in gradients(cast_items.sum(), leaves, case).items():
        assert torch.equal(grad, grads[name])
