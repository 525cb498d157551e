"""Fixed boundaries for distances: pairs that belong together nearer than one, the rest farther than another."""

import torch

from ...contract import above, at_least, between, loss
from ...contract.pairwise import mean_over, sum_over
from ...signatures import embeddings


@loss(
    embeddings.distance,
    paper="hadsell2006dimensionality",
    domains={"positive_margin": at_least(0, show=(0.0, 1.0)), "negative_margin": at_least(0, show=(0.2, 2.0))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=lambda positive_margin, negative_margin: 0.0 if negative_margin <= 2 else None,
)
def contrastive_loss(d, positive, negative, *, positive_margin=0.0, negative_margin=1.0):
    r"""Contrastive loss: draws positives together and pushes negatives away until they are a margin apart.

    $$ \ell_i = \frac1{|P_i|} \sum_{k \in P_i} [d_{ik} - m_p]_+^2 + \frac1{|N_i|} \sum_{j \in N_i} [m_n - d_{ij}]_+^2 $$

    Use: When a distance should have a meaning of its own: below one boundary the same, beyond another different. Not
    when classes differ in how much they vary, since all positives are drawn to distance 0 unless `positive_margin`
    leaves them room; then `margin_loss` or `triplet_margin_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        positive_margin: distance $m_p \ge 0$ below which a positive is left alone.
        negative_margin: distance $m_n \ge 0$ beyond which a negative is left alone.

    Returns:
        One value per anchor, shape (N,); a side without pairs gives 0.

    Differs: the paper has a factor 1/2, no positive margin, and a plain sum over pairs. pytorch-metric-learning does
    not square, normalises the vectors, and averages over the non-zero terms of all anchors together.
    """
    pull = (d - positive_margin).clamp(min=0).square()
    push = (negative_margin - d).clamp(min=0).square()
    return mean_over(pull, positive) + mean_over(push, negative)


@loss(
    embeddings.distance,
    paper="wu2017sampling",
    domains={"margin": at_least(0, show=(0.0, 0.6)), "boundary": at_least(0, show=(0.6, 1.4))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=lambda margin, boundary: 0.0 if margin <= boundary <= 2 - margin else None,
)
def margin_loss(d, positive, negative, *, margin=0.2, boundary=1.2):
    r"""Margin loss: keeps positives inside and negatives outside of one boundary for all distances, both by a margin.

    $$ \ell_i = \frac1{|P_i|} \sum_{k \in P_i} [d_{ik} - \beta + m]_+
       + \frac1{|N_i|} \sum_{j \in N_i} [\beta - d_{ij} + m]_+ $$

    Use: When one boundary, which may be learned, should separate near from far, and positives inside it should be left
    alone. Not when most negatives are far away, since they dilute the mean over all; then `ranked_list_loss`, or
    negatives drawn by `distance_weighted_triplets`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: $m \ge 0$ on either side of the boundary.
        boundary: distance $\beta \ge 0$ between near and far; a tensor with one number can be learned.

    Returns:
        One value per anchor, shape (N,); a side without pairs gives 0.

    Paper: The negatives are drawn such that all distances are equally likely; vectors have length 1. Here all negatives
    count alike.

    Differs: pytorch-metric-learning goes over triplets, so that a pair counts once for each pair of the other kind, and
    divides the sum by the number of non-zero terms.
    """
    pull = (d - boundary + margin).clamp(min=0)
    push = (boundary - d + margin).clamp(min=0)
    return mean_over(pull, positive) + mean_over(push, negative)


@loss(
    embeddings.distance,
    paper="wang2019ranked",
    domains={
        "margin": at_least(0, show=(0.0, 1.0)),
        "boundary": at_least(0, show=(0.6, 2.0)),
        "temperature": above(0, show=(0.1, 2.0), main=True),
        "balance": between(0, 1, show=(0.0, 1.0)),
    },
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    optimum=lambda margin, boundary, **_: 0.0 if margin <= boundary <= 2 else None,
)
def ranked_list_loss(d, positive, negative, *, margin=0.4, boundary=1.2, temperature=0.1, balance=0.5):
    r"""Ranked list loss: pushes negatives out of a ball, the nearest first, and draws positives into a smaller one.

    $$ \ell_i = \frac{1 - \lambda}{|P_i^*|} \sum_{k \in P_i^*} (d_{ik} - \alpha + m)
       + \lambda \sum_{j \in N_i^*} w_{ij} (\alpha - d_{ij}), \qquad
       w_{ij} = \frac{e^{(\alpha - d_{ij})/T}}{\sum_{l \in N_i^*} e^{(\alpha - d_{il})/T}} $$

    The starred sets hold the pairs that are out of place: positives with $d > \alpha - m$, negatives with $d < \alpha$.

    Use: When classes should keep a spread of their own inside a ball, and the nearest intruders be pushed out first.
    Not with wrong labels at a small `temperature`, since they are the nearest intruders and get nearly all of the
    gradient; then `contrastive_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: width $m \ge 0$ of the gap between the two balls.
        boundary: radius $\alpha \ge 0$ of the larger ball.
        temperature: $T > 0$, in units of distance; with small values the nearest negatives have all of the weight.
        balance: share $\lambda$ in [0, 1] of the negatives.

    Returns:
        One value per anchor, shape (N,); a side without pairs out of place gives 0.

    Paper: It multiplies by the inverse of our temperature: our 0.1 is its 10. Vectors have length 1. The weights
    depend on the distances, and are differentiated here.

    Differs: pytorch-metric-learning also weighs the positives (`Tp`, 0 by default), and adds 1e-5 for each row of the
    gallery to what it divides by.
    """
    outside = positive & (d > boundary - margin)
    inside = negative & (d < boundary)
    depth = boundary - d
    # A finite number, and not -inf: where nothing is inside, the shares are any, and sum_over leaves them out.
    share = torch.where(inside, depth / temperature, torch.finfo(d.dtype).min).softmax(-1)
    return (1 - balance) * mean_over(margin - depth, outside) + balance * sum_over(share * depth, inside)
