"""One divergence for many losses: between the neighbours that points should have and those that they have."""

import torch

from ...contract import above, between, loss, operation
from ...contract.safe import xlogy
from ...signatures import Field, Mask, NonNegative, Simplex, distributions, takes

#: Who may be a neighbour of whom; all where it is not given.
WHERE = Mask("N M")


@loss(distributions, paper="icon2025", bounds=(0.0, None), optimum=0.0)
def icon_loss(p, q):
    r"""I-Con: the divergence between the neighbours that each point should have and those that its embedding gives it.

    $$ \ell_i = \mathrm{KL}\big(p(\cdot \mid i) \,\|\, q(\cdot \mid i)\big)
       = \sum_j p(j \mid i) \log \frac{p(j \mid i)}{q(j \mid i)} $$

    Row i of either is a distribution over the possible neighbours j of point i. With $p$ on the other view it is
    NT-Xent, with $p$ on the points of the same label SupCon, with $p$ on the class cross-entropy, with Gaussian $p$
    and $q$ SNE, with a Student-t $q$ t-SNE.

    Use: When the neighbours that points should have can be written as a distribution, from views, labels, clusters or
    distances in the input. Not when `q` may be 0 where `p` is not, since the value is then infinite, nor when N
    times M numbers do not fit in memory; then `info_nce` or `nt_xent`, some rows at a time.

    Args:
        p: who should be the neighbours of i, shape (N, M); rows sum to 1.
        q: who are, shape (N, M); rows sum to 1.

    Returns:
        One value per row, shape (N,): infinite where q is 0 and p is not.

    Paper: It takes the sum over i; the mean is the default here.
    """
    return (xlogy(p, p) - xlogy(p, q)).sum(-1)


@operation(
    takes({"dissimilarity": Field("N M"), "where": WHERE}, least={"M": 1}, optional=("where",)),
    paper="icon2025",
    domains={"sigma": above(0)},
)
def gaussian_neighbor_distribution(dissimilarity, where, *, sigma=1.0):
    r"""Neighbours drawn with a probability that falls like a Gaussian with their dissimilarity.

    $$ q(j \mid i) = \frac{e^{-d_{ij} / 2 \sigma^2}}{\sum_k e^{-d_{ik} / 2 \sigma^2}} $$

    Use: For the neighbours of `icon_loss`: in the input, as SNE has them, or on the unit sphere, as InfoNCE does. Not
    for points that lie in a plane, where many middling distances find no room; then `student_t_neighbor_distribution`.

    Args:
        dissimilarity: $d$, shape (N, M): squared Euclidean distances, or 1 - cosine, or minus dot products; up to a
            constant per row, which cancels.
        sigma: width $\sigma > 0$. With cosines $2\sigma^2$ is the temperature of InfoNCE.
        where: boolean, shape (N, M), who may be a neighbour: all by default. To leave out the points themselves
            give `~torch.eye(N, dtype=torch.bool)`.

    Returns:
        Shape (N, M); rows sum to 1, and a row in which nobody may be a neighbour is 0.

    Paper: Alshammari et al. 2025, *I-Con: A Unifying Framework for Representation Learning*.
    """
    return _softmax(-dissimilarity / (2 * sigma**2), _allowed(where, dissimilarity))


@operation(
    takes({"square_distance": NonNegative("N M"), "where": WHERE}, least={"M": 1}, optional=("where",)),
    paper="icon2025",
    domains={"gamma": above(0)},
)
def student_t_neighbor_distribution(square_distance, where, *, gamma=1.0):
    r"""Neighbours drawn with a probability that falls like Student's t with their distance: heavy tails, as in t-SNE.

    $$ q(j \mid i) = \frac{(1 + d_{ij}^2 / \gamma^2)^{-1}}{\sum_k (1 + d_{ik}^2 / \gamma^2)^{-1}} $$

    Use: For the neighbours of `icon_loss` in two or three dimensions, where heavy tails let clusters move apart. Not on
    the unit sphere, whose distances are too much alike for tails to matter; then `gaussian_neighbor_distribution`.

    Args:
        square_distance: $d^2 \ge 0$, shape (N, M).
        gamma: scale $\gamma > 0$, in units of distance; 1 is that of t-SNE.
        where: who may be a neighbour, as in `gaussian_neighbor_distribution`.

    Returns:
        Shape (N, M); rows sum to 1, and a row in which nobody may be a neighbour is 0.

    Paper: Alshammari et al. 2025, *I-Con: A Unifying Framework for Representation Learning*. t-SNE itself divides by
    the sum over all pairs and not by that of a row.

    Differs: the code of the authors has $1 + d^2 / \gamma$, because it squares a distance that is squared already.
    """
    return _softmax(-torch.log1p(square_distance / gamma**2), _allowed(where, square_distance))


@operation(takes({"assignment": Simplex("N C")}, least={"N": 1, "C": 1}), paper="icon2025")
def cluster_neighbor_distribution(assignment):
    r"""Neighbours drawn by way of a cluster: first a cluster of point i, then a point of that cluster.

    $$ q(j \mid i) = \sum_c a_{ic} \frac{a_{jc}}{\sum_k a_{kc}} $$

    Use: For clustering by `icon_loss`: the shares are what is learned. Not when single pairs matter, since all points
    of a cluster are neighbours alike.

    Args:
        assignment: $a$, the share of each cluster in each point, shape (N, C); rows sum to 1, hard or soft.

    Returns:
        Shape (N, N); rows sum to 1. A point is its own neighbour too.

    Paper: Alshammari et al. 2025, *I-Con: A Unifying Framework for Representation Learning*.
    """
    size = assignment.sum(0)
    return assignment @ (assignment / torch.where(size > 0, size, 1.0)).mT


@operation(
    takes({"p": Field("N M"), "where": WHERE}, least={"M": 1}, optional=("where",)),
    paper="icon2025",
    domains={"alpha": between(0, 1)},
)
def debias_distribution(p, where, *, alpha=0.2):
    r"""A share of every neighbourhood spread evenly: no pair counts as surely unrelated.

    $$ \tilde p(j \mid i) = (1 - \alpha)\, p(j \mid i) + \frac{\alpha}{|A_i|} \quad (j \in A_i) $$

    Use: When pairs that count as unrelated may belong together, as in clustering without labels. Not when the given
    neighbours are known to be all there are, since every share of $\alpha$ then is an error.

    Args:
        p: distributions, shape (N, M); rows sum to 1.
        alpha: $\alpha \in [0, 1]$, the share; the paper gains with 0.2 to 0.8, depending on the task.
        where: $A_i$, who may be a neighbour, as in `gaussian_neighbor_distribution`.

    Returns:
        Shape (N, M); rows sum to 1 where $A_i$ holds all that p does.

    Paper: Alshammari et al. 2025, *I-Con: A Unifying Framework for Representation Learning*. For p, for q or for both.

    Differs: the code of the authors spreads over all columns, the point itself too: `where=None` does the same.
    """
    allowed = _allowed(where, p)
    return (1 - alpha) * p + alpha * allowed.to(p) / allowed.sum(-1, keepdim=True).clamp(min=1)


def _allowed(where, like):
    return torch.ones_like(like, dtype=torch.bool) if where is None else where


def _softmax(logits, allowed):
    """The softmax over the allowed entries of each row; 0 where none is."""
    some = allowed.any(-1, keepdim=True)
    return torch.where(some, torch.where(some, torch.where(allowed, logits, -torch.inf), 0.0).softmax(-1), 0.0)
