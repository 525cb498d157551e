"""How often, and by how much, the true class is ahead. Leading axes (seeds, variants) pass through."""

import torch

from ..contract import describe, expect, whole


def accuracy(scores, target):
    """Share of items whose highest score is that of the true class.

    Args:
        scores: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).

    Returns:
        (...), in [0, 1]. A tie counts for the class with the lower index.
    """
    target = aligned(scores, target)
    return (scores.argmax(-1) == target).to(scores.dtype).mean(-1)


def top_k_accuracy(scores, target, *, k):
    """Share of items with the true class among the `k` highest scores.

    Args:
        scores: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).
        k: from 1 to C.

    Returns:
        (...), in [0, 1].
    """
    target = aligned(scores, target)
    whole(1, scores.shape[-1]).check("k", k)
    return (scores.topk(k, -1).indices == target.unsqueeze(-1)).any(-1).to(scores.dtype).mean(-1)


def margins(scores, target):
    r"""Score of the true class minus the highest other score, $f_y - \max_{k \ne y} f_k$.

    Args:
        scores: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).

    Returns:
        (..., N), positive where the item is classified correctly.
    """
    index = aligned(scores, target).unsqueeze(-1)
    others = scores.scatter(-1, index, -torch.inf).amax(-1)
    return scores.gather(-1, index).squeeze(-1) - others


def probability_of_true_class(logits, target):
    """Softmax probability of the true class: (..., N, C), (N,) or (..., N) -> (..., N)."""
    return logits.softmax(-1).gather(-1, aligned(logits, target).unsqueeze(-1)).squeeze(-1)


def aligned(scores, target):
    """The class indices, spread over the leading axes of the scores."""
    wanted = "a floating-point tensor of shape (..., N, C)"
    expect(isinstance(scores, torch.Tensor), "scores", wanted, describe(scores), TypeError)
    expect(scores.is_floating_point(), "scores", wanted, describe(scores), TypeError)
    expect(scores.ndim >= 2, "scores", wanted, describe(scores))
    lead = tuple(scores.shape[:-1])
    wanted = f"an integer tensor of class indices of shape {lead[-1:]}" + (f" or {lead}" if len(lead) > 1 else "")
    expect(isinstance(target, torch.Tensor), "target", wanted, describe(target), TypeError)
    expect(target.dtype in (torch.int32, torch.int64), "target", wanted, describe(target), TypeError)
    fits = 1 <= target.ndim <= len(lead) and tuple(target.shape) == lead[len(lead) - target.ndim :]
    expect(fits, "target", wanted, describe(target))
    return target.long().expand(lead)
