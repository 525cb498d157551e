"""How often, and by how much, the true class is ahead. Leading axes (seeds, variants) pass through."""

import torch

from ..contract import operation, whole
from ..signatures import takes
from .fields import SCORES, TARGET, aligned

ON_SCORES = takes({"scores": SCORES, "target": TARGET}, least={"N": 1, "C": 2})


@operation(ON_SCORES, differentiable=False)
def accuracy(scores, target):
    """Share of items whose highest score is that of the true class.

    Args:
        scores: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).

    Returns:
        (...), in [0, 1]. A tie counts for the class with the lower index.
    """
    scores, target = aligned(scores, target)
    return (scores.argmax(-1) == target).to(scores.dtype).mean(-1)


@operation(ON_SCORES, domains={"k": whole(1)}, differentiable=False, example={"k": 2})
def top_k_accuracy(scores, target, *, k):
    """Share of items with the true class among the `k` highest scores.

    Args:
        scores: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).
        k: a whole number from 1 to C.

    Returns:
        (...), in [0, 1].
    """
    scores, target = aligned(scores, target)
    whole(1, scores.shape[-1]).check("k", k)
    return (scores.topk(k, -1).indices == target.unsqueeze(-1)).any(-1).to(scores.dtype).mean(-1)


@operation(ON_SCORES)
def margins(scores, target):
    r"""Score of the true class minus the highest other score, $f_y - \max_{k \ne y} f_k$.

    Args:
        scores: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).

    Returns:
        (..., N), positive where the item is classified correctly.
    """
    scores, target = aligned(scores, target)
    index = target.unsqueeze(-1)
    others = scores.scatter(-1, index, -torch.inf).amax(-1)
    return scores.gather(-1, index).squeeze(-1) - others


@operation(takes({"logits": SCORES, "target": TARGET}, least={"N": 1, "C": 1}))
def probability_of_true_class(logits, target):
    r"""Softmax probability of the true class, $e^{f_y} / \sum_k e^{f_k}$.

    Args:
        logits: (..., N, C), one score per class.
        target: class indices (N,) or (..., N).

    Returns:
        (..., N), in [0, 1].
    """
    logits, target = aligned(logits, target)
    return logits.softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
