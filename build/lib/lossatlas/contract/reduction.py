"""From one value per item to what is returned: the only place where weights, masks and means are handled."""

import math

import torch

from .checks import describe, is_number, values_readable, wrong

REDUCTIONS = ("mean", "sum", "none")
A_NORMALIZER = "a positive number or a 0-d tensor of one"


def check_reduction(reduction, normalizer):
    if reduction not in REDUCTIONS:
        raise wrong("reduction", "'mean', 'sum' or 'none'", repr(reduction))
    if normalizer is None:
        return
    if reduction != "mean":
        raise wrong(
            "normalizer", "None unless reduction='mean'", f"{describe(normalizer)} with reduction={reduction!r}"
        )
    if isinstance(normalizer, torch.Tensor):
        real = normalizer.dtype is not torch.bool and not normalizer.is_complex()
        if normalizer.ndim != 0 or not real:
            raise wrong("normalizer", A_NORMALIZER, describe(normalizer), ValueError if real else TypeError)
        if not values_readable(normalizer):
            return
        normalizer = normalizer.item()
    if not is_number(normalizer):
        raise wrong("normalizer", A_NORMALIZER, describe(normalizer), TypeError)
    if not 0 < normalizer < math.inf:
        raise wrong("normalizer", A_NORMALIZER, f"{normalizer:g}")


def check_weight(weight, shape, device):
    """Weights are finite, non-negative and shaped like the items, or like their leading axes.

    Returns whether all of them are known to be above 0.
    """
    _check_layer("sample_weight", "a floating-point tensor", weight, shape, device)
    if not values_readable(weight):
        return False
    low, high = (x.item() for x in weight.detach().aminmax())
    if not (low >= 0 and high < math.inf):
        outside = high if low >= 0 else low
        raise wrong("sample_weight", "finite weights >= 0", f"a weight of {outside:g}")
    return low > 0


def check_mask(mask, shape, device):
    """A mask is boolean (True counts) and shaped like the items, or like their leading axes."""
    _check_layer("mask", "a boolean tensor", mask, shape, device)


def _check_layer(name, kind, value, shape, device):
    """A tensor laid over the items must be of the right kind, have their leading axes and lie where they lie."""
    wanted = f"{kind} of shape {_leading(shape)}"
    if not isinstance(value, torch.Tensor) or value.layout is not torch.strided:
        raise wrong(name, wanted, describe(value), TypeError)
    fits = value.is_floating_point() if name == "sample_weight" else value.dtype == torch.bool
    if not fits:
        raise wrong(name, wanted, describe(value), TypeError)
    least = min(1, len(shape))
    if not (value.ndim >= least and tuple(value.shape) == tuple(shape[: value.ndim])):
        raise wrong(name, wanted, describe(value))
    if value.device != device:
        raise wrong(name, f"a tensor on {device}", f"one on {value.device}")


def over(small, shape):
    """A tensor over the leading axes of `shape`, laid over all of it."""
    return small.reshape(small.shape + (1,) * (len(shape) - small.ndim)).expand(shape)


def reduce(items, reduction, weight=None, keep=None, normalizer=None):
    r"""mean = $\sum w\,m\,\ell / \sum w\,m$; an empty sum gives 0, attached to the graph, never NaN."""
    if weight is None and keep is None:
        if reduction == "none":
            return items
        if reduction == "mean" and normalizer is None and items.numel() > 0:
            return items.mean()
        total, count = items.sum(), max(items.numel(), 1)
    else:
        count = torch.ones_like(items) if weight is None else over(weight.to(items.dtype), items.shape)
        if keep is not None:
            keep = over(keep, items.shape)
            items, count = torch.where(keep, items, 0), torch.where(keep, count, 0)
        items = items * count
        if reduction == "none":
            return items
        total, count = items.sum(), count.sum()
        count = torch.where(count == 0, 1, count)
    if reduction == "sum":
        return total
    return total / (count if normalizer is None else normalizer)


def divisor(like, count, weight=None, keep=None, normalizer=None):
    """What the sum over `count` items is divided by in the mean that `reduce` gives."""
    if normalizer is not None:
        return normalizer
    if weight is None and keep is None:
        return max(count, 1)
    counts = torch.ones((count,), dtype=like.dtype, device=like.device) if weight is None else weight.to(like.dtype)
    total = (counts if keep is None else torch.where(keep, counts, 0)).sum()
    return torch.where(total == 0, 1, total)


def _leading(shape):
    return " or ".join(str(tuple(shape[: n + 1])) for n in range(max(1, len(shape))))
