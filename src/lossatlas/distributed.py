"""Losses that compare, across processes: each process compares its own anchors with a gallery gathered from all.

    nt_xent(a, b, gallery_a=gathered(a), gallery_b=gathered(b), own=own_rows(a), normalizer=even_share(a))

The mean of this over the processes is the loss of one process that has the whole batch. The gradients follow, averaged
over the processes as `torch.nn.parallel.DistributedDataParallel` averages them, because what one process's loss pulls
at the rows of another comes back to these. A gather without gradients loses that part and shows no sign of it.
"""

import torch
from torch import distributed as dist
from torch.autograd.function import once_differentiable

from .contract import describe, wrong


def gathered(x):
    """The rows of all processes, in the order of their ranks, with gradients that find their way back.

    Every process must call it, and take backward what it returns, in the same order as the others: the gradients of all
    of them at the rows of one are added up there. Only first derivatives go through it.

    Args:
        x: this process's rows, shape (N, ...): vectors, labels or a mask. N may differ between processes.

    Returns:
        All rows, shape (sum of all N, ...); `x` itself where no process group is initialised.

    Raises:
        TypeError: if x is not a tensor. ValueError: if it has no axis of rows.
    """
    _check_rows(x)
    return Gathered.apply(x, _counts(x)) if _together() else x


def own_rows(x):
    """Where the rows of `x`, shape (N, ...), stand among the gathered ones: indices for `own=`, shape (N,).

    Every process must call it. Where no process group is initialised it counts from 0 to N - 1.

    Raises:
        TypeError: if x is not a tensor. ValueError: if it has no axis of rows.
    """
    _check_rows(x)
    start = sum(_counts(x)[: dist.get_rank()]) if _together() else 0
    return torch.arange(start, start + len(x), device=x.device)


def even_share(x):
    """How many rows a process would have if all had the same number: the `normalizer=` of a sum over anchors.

    A mean over each process's own anchors would count an anchor of a small batch for more than one of a large batch.
    Where all batches have the same size it is that size, and may be left out. Every process must call it.

    Raises:
        TypeError: if x is not a tensor. ValueError: if it has no axis of rows.
    """
    _check_rows(x)
    return max(sum(_counts(x)) / dist.get_world_size() if _together() else len(x), 1)


def _check_rows(x):
    wanted = "a tensor of rows, shape (N, ...)"
    if not isinstance(x, torch.Tensor):
        raise wrong("x", wanted, describe(x), TypeError)
    if x.ndim == 0:
        raise wrong("x", wanted, describe(x))


def _together():
    return dist.is_available() and dist.is_initialized()


def _counts(x):
    """How many rows each process has, by rank."""
    own = torch.tensor([len(x)], device=x.device)
    counts = torch.empty(dist.get_world_size(), dtype=torch.long, device=x.device)
    dist.all_gather_into_tensor(counts, own)
    return counts.tolist()


class Gathered(torch.autograd.Function):
    """All rows; backward, the sum over the processes of the gradients at one's own.

    A collective takes parts of one size: shorter ones are filled up with zeros, which are cut off again.
    """

    @staticmethod
    def forward(ctx, x, counts):
        ctx.counts = counts
        whole = x.new_empty((len(counts), max(counts), *x.shape[1:]))
        part = torch.zeros_like(whole[0])
        part[: len(x)] = x
        dist.all_gather_into_tensor(_bytes(whole).flatten(0, 1), _bytes(part))
        return torch.cat([rows[:n] for rows, n in zip(whole, counts, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        total = gradient.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total.split(ctx.counts)[dist.get_rank()], None


def _bytes(x):
    """What is True or False as bytes, the same memory: not every backend moves booleans."""
    return x.view(torch.uint8) if x.dtype == torch.bool else x
