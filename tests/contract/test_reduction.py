"""`reduce` and the checks of what it is given, on numbers small enough to do by hand."""

import pytest
import torch
from tests.contract.test_errors import refused

from lossatlas.contract.reduction import check_mask, check_reduction, check_weight, over, reduce

ITEMS = torch.tensor([1.0, 2.0, 6.0])
CPU = torch.device("cpu")


def test_plain_means():
    assert reduce(ITEMS, "mean") == 3 and reduce(ITEMS, "sum") == 9 and reduce(ITEMS, "none") is ITEMS


def test_weights_and_masks():
    weight, keep = torch.tensor([1.0, 3.0, 0.0]), torch.tensor([True, False, True])
    assert reduce(ITEMS, "mean", weight, weight != 0) == 7 / 4
    assert reduce(ITEMS, "mean", None, keep) == 3.5
    assert reduce(ITEMS, "mean", weight, keep) == 1
    assert reduce(ITEMS, "none", weight, keep).tolist() == [1, 0, 0]
    assert reduce(ITEMS, "mean", weight, None, 2) == 3.5


def test_an_infinite_item_that_does_not_count_leaves_no_trace():
    items = torch.tensor([1.0, float("inf"), float("nan")], requires_grad=True)
    value = reduce(items, "mean", None, torch.tensor([True, False, False]))
    value.backward()
    assert value == 1 and items.grad.tolist() == [1, 0, 0]


def test_an_infinite_item_that_counts_is_not_hidden():
    assert reduce(torch.tensor([1.0, float("inf")]), "mean", torch.ones(2)) == float("inf")
    assert reduce(torch.tensor([1.0, float("nan")]), "mean").isnan()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("keep", [None, torch.zeros(0, dtype=torch.bool)])
def test_no_items(reduction, keep):
    items = torch.zeros(0, requires_grad=True)
    value = reduce(items, reduction, None, keep)
    value.backward()
    assert value == 0 and items.grad.shape == (0,)


def test_weights_too_small_for_the_dtype_of_the_items_count_as_none():
    weight = torch.full((3,), 1e-60, dtype=torch.float64)
    value = reduce(ITEMS, "mean", weight, weight != 0)
    assert value == 0 and value.dtype == torch.float32


def test_weights_per_row_are_laid_over_the_entries():
    items = torch.arange(6.0).reshape(3, 2)
    weight = torch.tensor([1.0, 0.0, 1.0])
    assert reduce(items, "mean", weight, weight != 0) == (0 + 1 + 4 + 5) / 4
    assert over(weight, (3, 2)).tolist() == [[1, 1], [0, 0], [1, 1]]


def test_the_gradient_of_the_weights():
    weight = torch.tensor([1.0, 1.0, 2.0], requires_grad=True)
    reduce(ITEMS, "mean", weight).backward()
    mean = (1 + 2 + 12) / 4
    assert torch.allclose(weight.grad, (ITEMS - mean) / 4)


def test_messages_tell_the_shapes_that_fit():
    for check, value in ((check_weight, torch.ones(3)), (check_mask, torch.ones(3, dtype=torch.bool))):
        with pytest.raises(ValueError, match=r"shape \(2,\) or \(2, 4\), got .*\(3,\)"):
            check(value, (2, 4), CPU)
    check_weight(torch.ones(2), (2, 4), CPU)
    check_weight(torch.ones(2, 4), (2, 4), CPU)
    check_weight(torch.tensor(1.0), (), CPU)
    check_weight(torch.ones(0), (0,), CPU)


def test_refused_weights():
    refused(ValueError, "sample_weight", check_weight, torch.tensor([1.0, -0.5]), (2,), CPU)
    refused(ValueError, "sample_weight", check_weight, torch.tensor([1.0, float("inf")]), (2,), CPU)
    refused(ValueError, "sample_weight", check_weight, torch.ones(2, device="meta"), (2,), CPU)
    with pytest.raises(ValueError, match=r"got a weight of -0\.5"):
        check_weight(torch.tensor([1.0, -0.5]), (2,), CPU)


def test_normalizers():
    for fine in (None, 1, 0.5, torch.tensor(3), torch.tensor(0.5)):
        check_reduction("mean", fine)
    refused(ValueError, "normalizer", check_reduction, "none", 2)
    refused(ValueError, "normalizer", check_reduction, "mean", torch.tensor(-1.0))
    refused(TypeError, "normalizer", check_reduction, "mean", 1j)
    torch.func.vmap(lambda n: check_reduction("mean", n) or n)(torch.tensor([1.0, 2.0]))
