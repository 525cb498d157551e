"""A softmax over the neighbours of an anchor, and the share of it that belongs to the right ones."""

import torch

from ...contract import at_least, loss
from ...contract.pairwise import log_sum_exp, mean_over, min_over
from ...contract.safe import softplus
from ...signatures import embeddings


def least(x, where):
    """The smallest marked entry of each row, held fixed, (N, K) -> (N, 1); 0 where none is.

    Sums of exponentials are measured from it: large numbers then keep the digits of their differences.
    """
    found = min_over(x.detach(), where).unsqueeze(-1)
    return torch.where(found < torch.inf, found, 0.0)


@loss(embeddings.vectors, softplus=True, paper="sohn2016improved", invariances=("rotate",), bounds=(0.0, None))
def n_pairs_loss(x, y, positive, negative):
    r"""N-pairs loss: cross-entropy of picking a positive among the negatives by inner product.

    $$ \ell_i = \frac1{|P_i|} \sum_{p \in P_i} \log\Big(1 + \sum_{n \in N_i} e^{x_i \cdot y_n - x_i \cdot y_p}\Big) $$

    Use: When a batch has several items per class and all negatives should be compared at once. Not with vectors of free
    length, since longer vectors lower the loss without better angles; then `multi_positive_nce`, the same form with
    cosines and a temperature.

    Args:
        embeddings: vectors $x$, shape (N, D); their length counts.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with, $y$; by default one another.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Paper: A batch has two examples of each class; one is the anchor, and the partners of the others are the negatives:
    pass these as `gallery`. The paper adds a penalty on the vectors' length.

    Differs: pytorch-metric-learning takes one pair of each class of the batch, and normalises.
    """
    s = x @ y.mT
    top = -least(-s, negative)
    excess = log_sum_exp(s - top, negative).unsqueeze(-1) + (top - s)
    return mean_over(softplus(excess), positive)


@loss(
    embeddings.distance,
    paper="oh2016lifted",
    domains={"margin": at_least(0, show=(0.0, 2.0))},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
)
def lifted_structure_loss(d, positive, negative, *, margin=1.0):
    r"""Lifted structure loss: a soft maximum over all positives against a soft minimum over all negatives.

    $$ \ell_i = \Big[\log \sum_{p \in P_i} e^{d_{ip}} + \log \sum_{n \in N_i} e^{m - d_{in}}\Big]_+ $$

    Use: When all positives of an anchor should end nearer than its negatives, and soft maxima should share out the
    gradient. Not when a class may lie in several places, since the farthest positive is drawn in most; then `nca_loss`.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        margin: $m \ge 0$, in units of distance.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Differs: this is the generalised form of Hermans, Beyer & Leibe 2017 (`GeneralizedLiftedStructureLoss` in
    pytorch-metric-learning, which leaves a side without pairs out of the sum). The original takes each positive pair
    alone, with the negatives of both its ends, squares, and halves.
    """
    farthest, nearest = -least(-d, positive), least(d, negative)
    hardest = (farthest - nearest).squeeze(-1) + margin
    return (hardest + log_sum_exp(d - farthest, positive) + log_sum_exp(nearest - d, negative)).clamp(min=0)


@loss(embeddings.distance, paper="goldberger2004neighbourhood", invariances=("rotate", "shift"), bounds=(0.0, None))
def nca_loss(d, positive, negative):
    r"""Neighbourhood components analysis: the negative log-likelihood that a random neighbour is of the same class.

    $$ \ell_i = -\log \frac{\sum_{k \in P_i} e^{-d_{ik}^2}}
       {\sum_{k \in P_i} e^{-d_{ik}^2} + \sum_{j \in N_i} e^{-d_{ij}^2}} $$

    Use: When a class may lie in several places, since one near positive is enough. Not when all members of a class
    should come together, as `lifted_structure_loss` asks, nor for vectors at large distances, whose squares leave all
    of the weight to one neighbour.

    Args:
        embeddings: vectors, shape (N, D); $d$ is their Euclidean distance, so their scale counts.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.

    Returns:
        One value per anchor, shape (N,); 0 for an anchor without a positive or without a negative.

    Paper: It maximises the sum of the shares, and names the sum of their logarithms as the other choice.

    Differs: pytorch-metric-learning normalises, scales $d^2$ by `softmax_scale`, and leaves out anchors whose share
    underflows to 0.
    """
    nearest = least(d, positive | negative)
    s = (nearest - d) * (nearest + d)
    lead = log_sum_exp(s, negative) - log_sum_exp(s, positive)
    return softplus(torch.where(positive.any(-1), lead, -torch.inf))
