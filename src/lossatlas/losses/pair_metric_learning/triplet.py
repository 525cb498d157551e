"""Triplets: an anchor nearer to what belongs with it than to what does not, by a margin."""

import math

import torch

from ...contract import at_least, inside, loss
from ...contract.pairwise import distance, max_over, mean_over, min_over
from ...contract.safe import softplus
from ...signatures import embeddings, triplets

DEGREES_40 = math.radians(40)


@loss(
    triplets,
    paper="schroff2015facenet",
    domains={"margin": at_least(0, show=(0.0, 1.0))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=lambda margin: 0.0 if margin <= 10 else None,
)
def triplet_margin_loss(anchor, positive, negative, *, margin=0.2):
    r"""Triplet loss: the negative should be farther from the anchor than the positive by a margin.

    $$ \ell = [\|a - p\| - \|a - n\| + m]_+ $$

    Use: When triplets are given and only the order of distances matters, as in search. Not with triplets drawn at
    random late in training, since most are in order and have no gradient; then choose them, as `semi_hard_triplet_loss`
    does.

    Args:
        anchor: vectors $a$, shape (N, D).
        positive: a vector $p$ that belongs with each, shape (N, D).
        negative: a vector $n$ that does not, shape (N, D).
        margin: $m \ge 0$, in units of distance.

    Returns:
        One value per triplet, shape (N,).

    Differs: the paper takes squared distances of vectors of length 1. torch's `triplet_margin_loss` has margin 1 and
    adds 1e-6 to each difference; pytorch-metric-learning normalises and averages over the non-zero terms.
    """
    return (distance(anchor, positive) - distance(anchor, negative) + margin).clamp(min=0)


def mean_over_triplets(d, positive, negative, margin):
    r"""The mean of $[d_p - d_n + m]_+$ over all positives and negatives of each anchor, zeros included: (N, K) -> (N,).

    In a sum over triplets a positive's $d_p + m$ counts once for every negative that is nearer, and a negative's $d_n$
    is taken off once for every positive beyond it. Sorting counts both, in O(K log K) and without a list of triplets.
    """
    reach, order = torch.where(positive, d + margin, d).sort(-1)
    positive, negative = positive.gather(-1, order), negative.gather(-1, order)
    negatives_before = negative.cumsum(-1)
    positives_behind = positive.sum(-1, keepdim=True) - positive.cumsum(-1)
    times = torch.where(positive, negatives_before, 0) - torch.where(negative, positives_behind, 0)
    return (times * reach).sum(-1) / (positive.sum(-1) * negative.sum(-1)).clamp(min=1)


@loss(
    embeddings.distance,
    paper="hermans2017defense",
    domains={"margin": at_least(0, show=(0.0, 1.0))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=lambda margin: 0.0 if margin <= 2 else None,
)
def batch_all_triplet_loss(d, positive, negative, *, margin=0.2):
    r"""Batch-all triplet loss: averaged over all triplets of an anchor.

    $$ \ell_i = \frac1{|P_i|\,|N_i|} \sum_{p \in P_i} \sum_{n \in N_i} [d_{ip} - d_{in} + m]_+ $$

    Use: When labels may be wrong, since the weight is shared by all triplets and not given to the hardest. Not late in
    training, when the zeros of the triplets already in order thin out the mean; then `semi_hard_triplet_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: $m \ge 0$, in units of distance.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Differs: many average over the triplets that are not 0 alone (the paper's second variant, and the default of
    pytorch-metric-learning). For a mean over the triplets of the batch, and not over anchors, weigh each anchor by its
    number of triplets.
    """
    return mean_over_triplets(d, positive, negative, margin)


@loss(
    embeddings.distance,
    paper="hermans2017defense",
    domains={"margin": at_least(0, show=(0.0, 1.0))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=lambda margin: 0.0 if margin <= 2 else None,
)
def batch_hard_triplet_loss(d, positive, negative, *, margin=0.2):
    r"""Batch-hard triplet loss: each anchor's farthest positive against its nearest negative.

    $$ \ell_i = \Big[\max_{p \in P_i} d_{ip} - \min_{n \in N_i} d_{in} + m\Big]_+ $$

    Where all vectors coincide, it is exactly the margin.

    Use: When labels are clean and most triplets of `batch_all_triplet_loss` are already in order. Not with wrong labels
    or very large batches, whose hardest pairs are outliers, nor when the value settles at the margin, the sign of a
    collapsed map; then `semi_hard_triplet_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: $m \ge 0$, in units of distance.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Paper: Xu et al. 2022, *Mathematical Justification of Hard Negative Mining via Isometric Approximation Theorem*,
    study this loss.

    Differs: pytorch-metric-learning normalises, and averages over the non-zero terms by default.
    """
    return (max_over(d, positive) - min_over(d, negative) + margin).clamp(min=0)


@loss(embeddings.distance, paper="hermans2017defense", invariances=("rotate", "shift"), bounds=(0.0, None))
def soft_margin_triplet_loss(d, positive, negative):
    r"""Soft-margin triplet loss: the hardest triplet without a margin, by a softplus whose gradient never ends.

    $$ \ell_i = \log\Big(1 + \exp\Big(\max_{p \in P_i} d_{ip} - \min_{n \in N_i} d_{in}\Big)\Big) $$

    Where all vectors coincide, it is $\log 2$.

    Use: When the hardest triplets should be used without choosing a margin, and be moved further apart even in order.
    Not with outliers or wrong labels, which are the hardest, nor when the value settles at log 2, the sign of a
    collapsed map; then `semi_hard_triplet_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.
    """
    return softplus(max_over(d, positive) - min_over(d, negative))


@loss(
    embeddings.distance,
    paper="schroff2015facenet",
    domains={"margin": at_least(0, show=(0.0, 1.0))},
    invariances=("rotate", "shift"),
    bounds=lambda margin: (0.0, margin),
    optimum=lambda margin: 0.0 if margin <= 2 else None,
)
def semi_hard_triplet_loss(d, positive, negative, *, margin=0.2):
    r"""Triplet loss with semi-hard negatives: each positive against the nearest negative that is farther away than it.

    $$ \ell_i = \frac1{|P_i|} \sum_{p \in P_i} \big[d_{ip} - d_{ip}^+ + m\big]_+,
       \qquad d_{ip}^+ = \min\{d_{in} : n \in N_i,\ d_{in} > d_{ip}\} $$

    A positive with no negative beyond it, or none within the margin, gives 0. So no value is above the margin, and
    the loss jumps where a negative comes nearer than the positive.

    Use: When `batch_hard_triplet_loss` collapses or follows outliers: each positive is paired with a negative beyond
    it. Not when negatives nearer than the positive must be corrected, since they are passed over; then
    `batch_all_triplet_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: $m \ge 0$, in units of distance.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive.

    Differs: the paper takes squared distances of vectors of length 1. Some code takes the farthest negative where none
    is farther than the positive; the miner of pytorch-metric-learning takes all semi-hard negatives, not the nearest
    alone.
    """
    negatives = torch.where(negative, d, torch.inf).sort(-1).values
    place = torch.searchsorted(negatives.detach(), d.detach(), right=True)
    beyond = torch.cat([negatives, torch.full_like(d[:, :1], torch.inf)], -1).gather(-1, place)
    return mean_over((d - beyond + margin).clamp(min=0), positive)


@loss(
    triplets,
    paper="wang2017deep",
    domains={"angle": inside(0, math.pi / 2, show=(0.3, 1.2))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=0.0,
)
def angular_loss(anchor, positive, negative, *, angle=DEGREES_40):
    r"""Angular loss: seen from the negative, anchor and positive should lie within a small angle.

    $$ \ell = \big[\|a - p\|^2 - 4 \tan^2\!\alpha\, \|n - c\|^2\big]_+, \qquad c = \tfrac12 (a + p) $$

    The angle is that at the negative, in a right triangle with the middle $c$ and a leg of half the distance of anchor
    and positive. It does not change when all three vectors grow together.

    Use: When classes differ in size, so that no one length suits as a margin: an angle stays as it is when a triplet
    grows. Not when distances are compared with a threshold afterwards, since their scale is left free; then
    `contrastive_loss`.

    Args:
        anchor: vectors $a$, shape (N, D).
        positive: a vector $p$ that belongs with each, shape (N, D).
        negative: a vector $n$ that does not, shape (N, D).
        angle: $\alpha$ in $(0, \pi/2)$, in radians.

    Returns:
        One value per triplet, shape (N,).

    Differs: this is the paper's loss of one triplet. For batches the paper, and pytorch-metric-learning (40 degrees,
    as here), take a soft form instead, with vectors of length 1:
    $\log(1 + \sum_n e^{4 \tan^2\alpha\,(a + p) \cdot n - 2 (1 + \tan^2\alpha)\, a \cdot p})$.
    """
    spread = anchor - positive
    # 2 (n - c), out of differences: those of near vectors are exact.
    away = (negative - anchor) + (negative - positive)
    tangent = angle.tan() if isinstance(angle, torch.Tensor) else math.tan(angle)
    return (spread.square().sum(-1) - tangent**2 * away.square().sum(-1)).clamp(min=0)
