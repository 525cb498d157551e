"""From one value per item to what is returned: the only place where weights, masks and means are handled."""

import torch

from .checks import describe, expect, values_readable

REDUCTIONS = ("mean", "sum", "none")


def check_reduction(reduction, normalizer):
    expect(reduction in REDUCTIONS, "reduction", "'mean', 'sum' or 'none'", repr(reduction))
    if normalizer is None:
        return
    expect(reduction == "mean", "normalizer", "None unless reduction='mean'", f"{describe(normalizer)} with {reduction!r}")
    if isinstance(normalizer, torch.Tensor):
        expect(normalizer.ndim == 0, "normalizer", "a positive number or a 0-d tensor", describe(normalizer))
        positive = not values_readable(normalizer) or bool(normalizer > 0)
    else:
        number = isinstance(normalizer, (int, float)) and not isinstance(normalizer, bool)
        expect(number, "normalizer", "a positive number or a 0-d tensor", describe(normalizer), TypeError)
        positive = normalizer > 0
    expect(positive, "normalizer", "a positive number or a 0-d tensor", describe(normalizer))


def check_weight(weight, shape):
    """Weights are non-negative and shaped like the items, or like their leading axes."""
    wanted = f"a floating-point tensor of shape {_leading(shape)}"
    expect(isinstance(weight, torch.Tensor), "sample_weight", wanted, describe(weight), TypeError)
    expect(weight.is_floating_point(), "sample_weight", wanted, describe(weight), TypeError)
    expect(_leads(weight, shape), "sample_weight", wanted, describe(weight))
    if values_readable(weight):
        low = weight.detach().min()
        expect(bool(low >= 0), "sample_weight", "weights >= 0", f"a smallest weight of {low.item():g}")


def check_mask(mask, shape):
    """A mask is boolean (True counts) and shaped like the items, or like their leading axes."""
    wanted = f"a boolean tensor of shape {_leading(shape)}"
    expect(isinstance(mask, torch.Tensor), "mask", wanted, describe(mask), TypeError)
    expect(mask.dtype == torch.bool, "mask", wanted, describe(mask), TypeError)
    expect(_leads(mask, shape), "mask", wanted, describe(mask))


def over(small, shape):
    """A tensor over the leading axes of `shape`, laid over all of it."""
    return small.reshape(*small.shape, *(1,) * (len(shape) - small.ndim)).expand(shape)


def reduce(items, reduction, weight=None, keep=None, normalizer=None):
    r"""mean = $\sum w\,m\,\ell / \sum w\,m$; an empty sum gives 0, attached to the graph, never NaN."""
    if weight is None and keep is None:
        if reduction == "none":
            return items
        if reduction == "mean" and normalizer is None and items.numel() > 0:
            return items.mean()
        total, count = items.sum(), max(items.numel(), 1)
    else:
        count = torch.ones_like(items)
        if weight is not None:
            count = over(weight.to(items.dtype), items.shape)
        if keep is not None:
            keep = over(keep, items.shape)
            items, count = torch.where(keep, items, 0), torch.where(keep, count, 0)
        items = items * count
        if reduction == "none":
            return items
        total, count = items.sum(), count.sum()
        count = torch.where(count == 0, torch.ones_like(count), count)
    if reduction == "sum":
        return total
    return total / (count if normalizer is None else normalizer)


def _leads(tensor, shape):
    return tensor.ndim > 0 and tuple(tensor.shape) == tuple(shape[: tensor.ndim])


def _leading(shape):
    return " or ".join(str(tuple(shape[: n + 1])) for n in range(len(shape)))
