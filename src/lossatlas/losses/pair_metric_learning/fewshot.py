"""Few-shot episodes: queries near the prototype of their class, neighbours of one class near each other."""

from typing import NamedTuple

import torch

from ...contract import Kind, above, loss, operation, real
from ...contract.pairwise import distances, max_over, min_over, sum_over
from ...contract.safe import one_hot
from ...signatures import embeddings as embeddings_signature
from ...signatures import prototypes as prototypes_signature

SQUARE, TINY = 1e-6, 1e-7
#: How many of the nearest are averaged, and among how many the nearest of another class is searched.
NEIGHBORS = Kind(
    "two whole numbers (k, reach) with 1 <= k <= reach",
    lambda value: isinstance(value, (tuple, list)) and len(value) == 2 and all(type(n) is int for n in value),
    refused=(4, (4,), (4.0, 5), None),
    another=(2, 3),
    allows=lambda value: 1 <= value[0] <= value[1],
    outside=((0, 1), (3, 2)),
)


def smooth_distances(x, y, square=SQUARE):
    r"""$\sqrt{\|x_n - y_m\|^2 + \varepsilon}$ for all pairs of rows: (N, D), (M, D) -> (N, M)."""
    return (distances(x, y).square() + square).sqrt()


@loss(
    prototypes_signature,
    paper="susana2023",
    domains={"margin": real(show=(0.0, 2.0)), "eps": above(0, show=(1e-6, 0.1))},
    invariances=("shift", "rotate"),
    bounds=(0.0, None),
)
def proto_triplet_loss(features, prototypes, target, *, margin=0.5, eps=SQUARE):
    r"""Proto-triplet loss: a query should be nearer to the prototype of its class than to any other, by a margin.

    $$ \ell_i = \Big[ D(q_i, c_{y_i}) - \min_{k \ne y_i} D(q_i, c_k) + m \Big]_+,
       \qquad D(a, b) = \sqrt{\|a - b\|^2 + \varepsilon} $$

    Use: When a few-shot learner is trained on episodes, beside the `cross_entropy` of the distances to the prototypes.
    Not where several wrong prototypes crowd a query, since the nearest of them alone gets a gradient, nor to go on
    separating what already keeps the margin; then `harmonic_loss`.

    Args:
        features: queries $q$, shape (N, D).
        prototypes: $c$, the mean support embedding of each class, shape (C, D), C >= 2.
        target: index of each query's class, shape (N,).
        margin: $m$, in units of distance.
        eps: $\varepsilon > 0$, in squared distance units; keeps the distance smooth at 0.

    Returns:
        One value per query, shape (N,).

    Paper: *SuSana Distancia is all you need*, 2023. Defaults are those of its code.
    """
    d = smooth_distances(features, prototypes, eps)
    true = one_hot(target, d).bool()
    return (sum_over(d, true) - min_over(d, ~true) + margin).clamp(min=0)


class IcnnParts(NamedTuple):
    """What the ICNN score is made of, each a 0-d tensor; all but `spread` enter it."""

    same: torch.Tensor
    other: torch.Tensor
    share: torch.Tensor
    spread: torch.Tensor


@loss(
    embeddings_signature.vectors,
    paper="susana2023",
    items="batch",
    domains={"neighbors": NEIGHBORS},
    invariances=("rotate", "shift"),
    bounds=(0.0, None),
    exempt={"items": "The score weighs distances by the largest of the whole batch and averages over its rows."},
)
def icnn_loss(x, y, positive, negative, *, neighbors=(4, 5)):
    r"""ICNN loss: rewards neighbours that are of one class and near, and neighbours of other classes that are far.

    $$ \ell = -\log \tfrac12 \Big( \tfrac12 (\lambda_\text{same} + \lambda_\text{other}) + \gamma \Big) $$

    Of each row's k nearest, with distances D as in `proto_triplet_loss`: $\gamma$ is the share of those of its own
    class; $\lambda_\text{same}$ is 1 less the mean distance to these, divided by the distance to the nearest of
    another class; $\lambda_\text{other}$ is the mean distance to those of other classes, divided by the largest, and 1
    where there are none at all. Only the two $\lambda$ have a gradient.

    Use: When whole neighbourhoods, and not only pairs or triplets, should be of one class. Not in small batches, where
    the set of neighbours jumps from step to step, nor as the only term, since the share of right neighbours has no
    gradient; then `nca_loss`.

    Args:
        embeddings: vectors, shape (N, D).
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: where the neighbours are searched; by default among one another.
        neighbors: (k, reach): how many of the nearest are averaged, and among how many the nearest of another class is
            searched; whole numbers with 1 <= k <= reach. Of a gallery of M rows k is at most M - 2, and then
            $\gamma = 1$.

    Returns:
        A 0-d tensor, at least 0 up to rounding; 0 where there are no rows.

    Paper: *SuSana Distancia is all you need*, 2023.

    Differs: the published score has a third term, `icnn_parts(...).spread`, and exponents on all three; the code for
    training leaves them out, and so does this. The code searches reach = k + 1, or as many as an episode has
    examples of a class; and where queries are compared with another set it drops the nearest row of that set, as if
    it were the query itself. Here nothing but `own` is dropped.
    """
    same, other, share, _ = _parts(x, y, positive, negative, neighbors)
    return -((same + other) / 2 + share).mul(0.5).log()


@operation(embeddings_signature.vectors, paper="susana2023", domains={"neighbors": NEIGHBORS})
def icnn_score(x, y, positive, negative, *, neighbors=(4, 5)):
    r"""The ICNN score of labelled vectors: 1 where every row's neighbours are of its class and on top of it.

    $$ \tfrac12 \Big( \tfrac12 (\lambda_\text{same} + \lambda_\text{other}) + \gamma \Big) $$

    It is what `icnn_loss` takes $-\log$ of.

    Use: To measure how well an embedding separates classes, in one number without training a classifier. Not to compare
    embeddings of different numbers of neighbours; for what is behind the number see `icnn_parts`.

    Args:
        embeddings: vectors, shape (N, D).
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: where the neighbours are searched; by default among one another.
        neighbors: (k, reach), as in `icnn_loss`.

    Returns:
        A 0-d tensor in (0, 1], up to rounding.

    Paper: *SuSana Distancia is all you need*, 2023.
    """
    same, other, share, _ = _parts(x, y, positive, negative, neighbors)
    return ((same + other) / 2 + share) / 2


@operation(embeddings_signature.vectors, paper="susana2023", domains={"neighbors": NEIGHBORS})
def icnn_parts(x, y, positive, negative, *, neighbors=(4, 5)):
    r"""The parts of the ICNN score: $\lambda_\text{same}$, $\lambda_\text{other}$, $\gamma$ and the unused $\omega$.

    Use: To see which part of an `icnn_score` is low: how near neighbours of the same class are, how far those of
    others, or how many there are of either. Not to train with; then `icnn_loss`.

    Args:
        embeddings: vectors, shape (N, D).
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: where the neighbours are searched; by default among one another.
        neighbors: (k, reach), as in `icnn_loss`.

    Returns:
        `IcnnParts(same, other, share, spread)` of 0-d tensors. `spread` is $\omega$ = 1 - Var(same) - Var(other), with
        the variances of the measured distances, zeros standing where a neighbour is of the other kind. A published
        score is (($\lambda_\text{same} + \lambda_\text{other}$)/2 + $\gamma$ + $\omega$)/3.

    Paper: *SuSana Distancia is all you need*, 2023.
    """
    return _parts(x, y, positive, negative, neighbors)


def _parts(x, y, positive, negative, neighbors):
    k, reach = neighbors
    few = len(x) == 0 or k + 2 >= len(y)
    k = max(0, min(k, len(y) - 2))
    near, same, other = _nearest(smooth_distances(x, y), positive, negative, reach)
    to_other = min_over(near, other).unsqueeze(-1)
    near, same, other = near[:, :k], same[:, :k], other[:, :k]
    scaled = near / (to_other + TINY)
    scaled = scaled / max_over(scaled, same | other).clamp(min=1).unsqueeze(-1)
    largest = max_over(near.flatten(), other.flatten()).clamp(min=0)
    shares = near / (largest + TINY)
    lam_other = torch.where(other.any(), _mean_of_means(shares, other), 1.0)
    gamma = torch.ones_like(lam_other) if few else same.sum().to(near) / (k * len(x))
    spread = 1 - _variance(scaled * same) - _variance(shares * other)
    return IcnnParts(1 - _mean_of_means(scaled, same), lam_other, gamma, spread)


def _nearest(d, positive, negative, reach):
    """The nearest rows first: their distances, whether of the same class, whether of another; (N, reach) each."""
    order = torch.where(positive | negative, d.detach(), torch.inf).sort(dim=-1, stable=True).indices[:, :reach]
    return (x.gather(-1, order) for x in (d, positive, negative))


def _mean_of_means(x, where):
    """The mean over rows that have marked entries of the mean of these."""
    of_rows = sum_over(x, where) / (where.sum(-1).to(x) + TINY)
    return of_rows.sum() / (where.any(-1).sum().to(x) + TINY)


def _variance(x):
    return (x - x.sum() / max(1, x.numel())).square().sum() / max(1, x.numel() - 1)
