"""Losses of order: all positives above all negatives, by a sorting network that can be differentiated."""

import math

import torch

from ...contract import above, loss, operation, whole
from ...contract.pairwise import cosine, cosines
from ...signatures import Field, pairs, takes

STEEPNESS = above(0, show=(0.5, 20.0))


@operation(
    takes(
        {"x": Field("* n")},
        least={"n": 1},
        sizes={"n": 5},
        edges={
            "one number": lambda s: {"x": s["x"][..., :1]},
            "ties": lambda s: {"x": torch.zeros_like(s["x"])},
            "numbers of size 1e8": lambda s: {"x": 1e8 * s["x"]},
        },
    ),
    paper="learningbysorting2023",
    domains={"steepness": STEEPNESS},
)
def differentiable_sort(x, *, steepness=1.0):
    r"""Sort along the last axis by a network of soft swaps, and say where each entry went.

    Neighbours $a, b$ are put in order with probability $\alpha$, in layers of odd and even places by turns:

    $$ \alpha = \tfrac12 + \tfrac1\pi \arctan\big(\beta (b - a)\big), \qquad
       \min = \alpha a + (1 - \alpha) b, \quad \max = (1 - \alpha) a + \alpha b $$

    Use: When an order, or a rank, is part of a loss and needs a gradient. Not for long lists, since there are as many
    layers as entries, nor where the order itself is wanted, which `torch.sort` gives.

    Args:
        x: numbers, shape (..., n) with n >= 1.
        steepness: $\beta > 0$, per unit of x; the network sorts like a sort as it grows.

    Returns:
        (sorted, permutation): the soft order, ascending, shape (..., n); and, shape (..., n, n), the probability
        that entry i ends on rank r. Its rows and columns sum to 1, and `sorted` is `x` times it.

    Paper: Petersen et al. 2022, *Monotonic Differentiable Sorting Networks*; the odd-even network with the Cauchy
    distribution, as in Shvetsova et al. 2023, *Learning by Sorting*.
    """
    return _network(x, steepness)


def _network(x, steepness):
    n = x.shape[-1]
    permutation = torch.eye(n, dtype=x.dtype, device=x.device).expand(*x.shape, n)
    for layer in range(n):
        low = torch.arange(layer % 2, n - 1, 2, device=x.device)
        gap = x[..., low + 1] - x[..., low]
        # arctan has no digits left where a probability is small; the angle of (gap, 1) has.
        in_order = torch.atan2(torch.ones_like(gap), -steepness * gap) / math.pi
        swapped = torch.atan2(torch.ones_like(gap), steepness * gap) / math.pi
        x = _swap(x.unsqueeze(-2), in_order.unsqueeze(-2), swapped.unsqueeze(-2), low).squeeze(-2)
        permutation = _swap(permutation, in_order.unsqueeze(-2), swapped.unsqueeze(-2), low)
    return x, permutation


def _swap(values, in_order, swapped, low):
    """Neighbours at `low` and after it, along the last axis, mixed by the probabilities to stay or to change places."""
    a, b = values[..., low], values[..., low + 1]
    values = values.index_copy(-1, low, in_order * a + swapped * b)
    return values.index_copy(-1, low + 1, swapped * a + in_order * b)


@loss(pairs, paper="learningbysorting2023", domains={"steepness": STEEPNESS}, bounds=(0.0, None))
def group_ordering_loss(positive, negative, *, steepness=1.0):
    r"""Group ordering: the negative log-likelihood that positives rank above negatives after a soft sort.

    $$ \ell = -\frac1{P + K} \sum_i \log \sum_{r \in G_i} M_{ir}, \qquad
       M = \text{soft permutation of } (s^-_{(1)} \le \dots \le s^-_{(K)},\ s^+_{(1)} \le \dots \le s^+_{(P)}) $$

    $G_i$ are the ranks of i's own group: the first K for a negative, the last P for a positive. Order inside a group
    does not matter. With one of each the loss is $-\log(\frac12 + \frac1\pi \arctan \beta (s^+ - s^-))$.

    Use: When it matters only that positives rank above the hardest negatives, not by how much. Not for long lists,
    since the sorting network has as many layers as there are entries, nor with a large `steepness`, which leaves a
    gradient only where two entries are nearly equal; then `info_nce`.

    Args:
        positive: similarities to positives, shape (N, P).
        negative: similarities to negatives, shape (N, K); the paper takes the 10 largest of a batch.
        steepness: $\beta > 0$ of `differentiable_sort`.

    Returns:
        One value per anchor, shape (N,).

    Paper: Shvetsova et al. 2023. Only the anchor gets a gradient there: `group_ordering_of_views` does so.

    Differs: the code of the authors has the mean of two binary cross-entropies, which are equal, in float32, with the
    logarithm cut off at -100, which is out of reach at a finite steepness in use.
    """
    groups = torch.cat([negative.sort(-1).values, positive.sort(-1).values], -1)
    _, permutation = _network(groups, steepness)
    count = negative.shape[-1]
    negative_stays, positive_stays = permutation[..., :count, :count], permutation[..., count:, count:]
    return -torch.cat([negative_stays.sum(-1), positive_stays.sum(-1)], -1).log().mean(-1)


@operation(
    takes(
        {"views": Field("V N D")},
        least={"V": 2, "N": 2, "D": 1},
        sizes={"V": 3, "N": 5},
        edges={
            "two views": lambda s: {"views": s["views"][:2]},
            "all vectors equal": lambda s: {"views": s["views"][:1, :1].expand_as(s["views"])},
        },
    ),
    paper="learningbysorting2023",
    domains={"hardest": whole(1), "steepness": STEEPNESS},
    example={"hardest": 2},
    exempt={"gradient": "What an anchor is compared with is held fixed, as the paper defines it."},
)
def group_ordering_of_views(views, *, hardest=10, steepness=1.0):
    r"""`group_ordering_loss` for several views: an item's other views above the hardest other items of the same view.

    What an anchor is compared with is held fixed; each view of each item is anchor once.

    Use: When a batch holds several views of each item and only the order of their similarities should be trained. Not
    with one view, nor where positives are given otherwise; then `group_ordering_loss` on their similarities.

    Args:
        views: V >= 2 views of N >= 2 items, shape (V, N, D); their length does not matter.
        hardest: how many of the most similar others are negatives, a whole number >= 1; all where there are fewer.
        steepness: $\beta > 0$ of `differentiable_sort`.

    Returns:
        A 0-d tensor, the mean over all anchors.

    Paper: Shvetsova et al. 2023, *Learning by Sorting: Self-supervised Learning with Group Ordering Constraints*, with
    two to four views.
    """
    count, items, _ = views.shape
    fixed = views.detach()
    across, within = cosine(views.unsqueeze(1), fixed).mT, cosines(views, fixed)
    positive = across[_others(count, views).unsqueeze(1).expand_as(across)].reshape(count * items, -1)
    oneself = ~_others(items, views)
    negative = within.masked_fill(oneself, -torch.inf).topk(min(hardest, items - 1), -1).values
    return group_ordering_loss(positive, negative.flatten(0, 1), steepness=steepness)


def _others(count, like):
    return ~torch.eye(count, dtype=torch.bool, device=like.device)
