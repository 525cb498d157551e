"""Classes as Gaussians, and queries that may belong to none of them.

Of the paper, *Few-shot Open Relation Extraction with Gaussian Prototype and Adaptive Margin*, 2024, only the abstract
is known here, and no code. The rule of its margin and its mixtures are not reproduced: the loss below is an
illustration of the idea, hinges around a radius for each class.
"""

import torch

from ...contract import operation, real
from ...signatures import Field, Positive, Row, takes

_gaussians = takes({"features": Field("N D"), "means": Field("C D"), "variances": Positive("C D")}, least={"D": 1})


@operation(_gaussians, paper="gaussianprototype2024")
def gaussian_prototype_distance(features, means, variances):
    r"""Squared distances to Gaussian prototypes, each coordinate measured by the spread of the class in it.

    $$ d_k(x) = \sum_j \frac{(x_j - \mu_{kj})^2}{v_{kj}} $$

    With unit variances these are the squared distances of prototypical networks.

    Use: When an embedding of few examples is compared with classes whose coordinates spread differently. Not when a
    wide class should not win by its width alone; then `gaussian_prototype_deviance`.

    Args:
        features: shape (N, D).
        means: $\mu$, shape (C, D).
        variances: $v > 0$, shape (C, D).

    Returns:
        Shape (N, C), without units.
    """
    return ((features.unsqueeze(1) - means).square() / variances).sum(-1)


@operation(_gaussians, paper="gaussianprototype2024")
def gaussian_prototype_deviance(features, means, variances):
    r"""Deviance of Gaussian prototypes: twice the negative log-likelihood, up to a constant.

    It is `gaussian_prototype_distance` with the size of each class counted.

    $$ d_k(x) = \sum_j \frac{(x_j - \mu_{kj})^2}{v_{kj}} + \log v_{kj} $$

    Use: When classes differ in how far they spread, and scores should be those of a Gaussian classifier. Not with
    variances that come from single examples, whose logarithms rule the score; then `gaussian_prototype_distance`.

    Args:
        features: shape (N, D).
        means: $\mu$, shape (C, D).
        variances: $v > 0$, shape (C, D).

    Returns:
        Shape (N, C).
    """
    return (((features.unsqueeze(1) - means).square() / variances) + variances.log()).sum(-1)


@operation(
    takes(
        {"distances": Field("N C"), "target": Row("N", below="C", what="classes, or -1 for none"), "radii": Field("C")},
        least={"C": 1},
    ),
    paper="gaussianprototype2024",
    domains={"margin": real(show=(0.0, 3.0))},
)
def adaptive_margin_open_set_loss(distances, target, radii, *, margin=1.0):
    r"""Hinges for an open set: a known query lies in its class's radius and nearest to it, an unknown one in none.

    $$ \ell = [d_y - r_y + m]_+ + \sum_{k \ne y} [m + d_y - d_k]_+ \ \text{(known)}, \qquad
       \ell = \sum_k [r_k + m - d_k]_+ \ \text{(unknown)} $$

    Use: When queries may belong to none of the known classes, and each class has a radius of its own. Not to reproduce
    the paper, whose rule of the margin is not known here, nor for closed sets; then `proto_triplet_loss`.

    Args:
        distances: $d$, of each query to each class, shape (N, C), as from `gaussian_prototype_distance`.
        target: class of each query, -1 for none, shape (N,).
        radii: $r$ of each class, in units of the distances, shape (C,); they adapt to an episode or by learning.
        margin: $m$, in units of the distances.

    Returns:
        One value per query, shape (N,).

    Paper: *Few-shot Open Relation Extraction with Gaussian Prototype and Adaptive Margin*, 2024. An illustrative form,
    see the top of the file.
    """
    true = target.unsqueeze(-1) == torch.arange(len(radii), device=distances.device)
    own = torch.where(true, distances, 0.0).sum(-1, keepdim=True)
    of_known = torch.where(true, distances - radii + margin, margin + own - distances).clamp(min=0).sum(-1)
    of_unknown = (radii + margin - distances).clamp(min=0).sum(-1)
    return torch.where(target >= 0, of_known, of_unknown)
