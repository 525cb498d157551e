"""Comparing rows with rows: similarities, distances, and sums over some of them."""

import torch

from .fused import fused
from .safe import safe_norm, unit


def cosines(x, y):
    r"""Cosine similarity of all pairs of rows, (N, D), (M, D) -> (N, M); a zero vector is at right angles to all."""
    return unit(x) @ unit(y).mT


def cosine(x, y):
    """Cosine similarity of two vectors, along the last axis."""
    return (unit(x) * unit(y)).sum(-1)


def distance(x, y):
    """Euclidean distance of two vectors, along the last axis; at distance 0 its gradient is 0."""
    return safe_norm(x - y)


def _distances_forward(x, y):
    distances = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    return distances, x, y, distances


def _distances_backward(gradient, x, y, distances):
    # The kernel knows a distance of 0, where it passes no gradient on.
    kernel = torch.ops.aten._cdist_backward
    turned, turned_distances = gradient.mT.contiguous(), distances.mT.contiguous()
    return kernel(gradient.contiguous(), x, y, 2.0, distances), kernel(turned, y, x, 2.0, turned_distances)


@fused(_distances_forward, _distances_backward)
def distances(x, y):
    r"""Euclidean distance of all pairs of rows, (N, D), (M, D) -> (N, M), from differences and so without cancellation.

    Between coincident points the gradient is 0.
    """
    return safe_norm(x.unsqueeze(-2) - y.unsqueeze(-3))


def _log_sum_exp_forward(x, where):
    columns = _columns(where)
    marked = torch.where(where, x, -torch.inf) if columns is None else x[..., columns]
    largest = (
        marked.amax(-1, keepdim=True) if marked.shape[-1] else marked.new_full((*marked.shape[:-1], 1), -torch.inf)
    )
    # 0 in place of what would make a difference of infinities.
    largest.masked_fill_(largest.isinf(), 0)
    shares = marked.sub_(largest).exp_()
    total = shares.sum(-1, keepdim=True)
    value = total.log().add_(largest).squeeze(-1)
    return value, x, where, columns, shares, total.masked_fill_(total == 0, torch.inf)


def _log_sum_exp_backward(gradient, x, where, columns, shares, total):
    gradients = shares * (gradient.unsqueeze(-1) / total)
    if columns is not None:
        gradients = torch.zeros_like(x).index_copy_(-1, columns, gradients)
    return gradients.sum_to_size(x.shape), None


def _columns(where):
    """The marked columns, where all rows of a mask are one; None elsewhere, and where looking would make a GPU wait."""
    repeated = where.ndim > 1 and where.shape[-2] > 1 and where.stride(-2) == 0
    return (
        where.select(-2, 0).nonzero().squeeze(-1)
        if repeated and where.ndim == 2 and where.device.type == "cpu"
        else None
    )


@fused(_log_sum_exp_forward, _log_sum_exp_backward)
def log_sum_exp(x, where):
    r"""$\log \sum e^{x}$ over the entries of each row that are marked; $-\infty$, with gradient 0, where none is."""
    if x.shape[-1] == 0:
        return _nothing(x, -torch.inf)
    some = where.any(-1, keepdim=True)
    marked = torch.where(where, x, -torch.inf)
    found = torch.where(some, marked, 0.0).logsumexp(-1)
    return torch.where(some.squeeze(-1), found, -torch.inf)


def sum_over(x, where):
    """The sum of the marked entries of each row."""
    return torch.where(where, x, 0.0).sum(-1)


def mean_over(x, where):
    """The mean of the marked entries of each row; 0 where none is."""
    return sum_over(x, where) / where.sum(-1).clamp(min=1)


def max_over(x, where):
    """The largest marked entry of each row; -inf where none is. Entries that tie share the gradient."""
    return torch.where(where, x, -torch.inf).amax(-1) if x.shape[-1] else _nothing(x, -torch.inf)


def min_over(x, where):
    """The smallest marked entry of each row; inf where none is. Entries that tie share the gradient."""
    return torch.where(where, x, torch.inf).amin(-1) if x.shape[-1] else _nothing(x, torch.inf)


def _nothing(x, value):
    """What rows without entries give, attached to the graph."""
    return x.sum(-1) + value
