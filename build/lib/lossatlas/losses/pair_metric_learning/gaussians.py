"""Classes as Gaussians, and queries that may belong to none of them.

Of the paper, *Few-shot Open Relation Extraction with Gaussian Prototype and Adaptive Margin*, 2024, only the abstract
is known here, and no code. The rule of its margin and its mixtures are not reproduced: the loss below is an
illustration of the idea, hinges around a radius for each class.
"""

import torch

from ...contract import describe, real, values_readable, wrong
from ...contract.checks import INDICES, is_dense
from ...contract.precision import without_autocast
from ...signatures import Field, Inputs, Positive

_gaussians = Inputs({"features": Field("N D"), "means": Field("C D"), "variances": Positive("C D")}, {"D": 1})
_open_set = Inputs({"distances": Field("N C"), "radii": Field("C")}, {"C": 1})


@without_autocast
def gaussian_prototype_distance(features, means, variances):
    r"""Squared distances to Gaussian prototypes, each coordinate measured by the spread of the class in it.

    $$ d_k(x) = \sum_j \frac{(x_j - \mu_{kj})^2}{v_{kj}} $$

    With unit variances these are the squared distances of prototypical networks.

    Args:
        features: shape (N, D).
        means: $\mu$, shape (C, D).
        variances: $v > 0$, shape (C, D).

    Returns:
        Shape (N, C), without units.
    """
    x, means, variances, dtype = _prepared(features, means, variances)
    return ((x.unsqueeze(1) - means).square() / variances).sum(-1).to(dtype)


@without_autocast
def gaussian_prototype_deviance(features, means, variances):
    r"""The same with the size of each class counted: twice the negative log-likelihood, up to a constant.

    $$ d_k(x) = \sum_j \frac{(x_j - \mu_{kj})^2}{v_{kj}} + \log v_{kj} $$

    Args and errors are those of `gaussian_prototype_distance`.

    Returns:
        Shape (N, C).
    """
    x, means, variances, dtype = _prepared(features, means, variances)
    return (((x.unsqueeze(1) - means).square() / variances) + variances.log()).sum(-1).to(dtype)


def _prepared(features, means, variances):
    inputs = {"features": features, "means": means, "variances": variances}
    _gaussians.check_values(inputs, _gaussians.check_shapes(inputs))
    inputs, dtype = _gaussians.prepared(inputs)
    return *inputs.values(), dtype


@without_autocast
def adaptive_margin_open_set_loss(distances, target, radii, *, margin=1.0):
    r"""Hinges for an open set: a known query lies in its class's radius and nearest to it, an unknown one in none.

    $$ \ell = [d_y - r_y + m]_+ + \sum_{k \ne y} [m + d_y - d_k]_+ \ \text{(known)}, \qquad
       \ell = \sum_k [r_k + m - d_k]_+ \ \text{(unknown)} $$

    Args:
        distances: $d$, of each query to each class, shape (N, C), as from `gaussian_prototype_distance`.
        target: class of each query, -1 for none, shape (N,).
        radii: $r$ of each class, in units of the distances, shape (C,); it is what adapts, to an episode or by learning.
        margin: $m$, in units of the distances.

    Returns:
        One value per query, shape (N,).

    Paper: *Few-shot Open Relation Extraction with Gaussian Prototype and Adaptive Margin*, 2024. An illustrative form,
    see the top of the file.
    """
    inputs = {"distances": distances, "radii": radii}
    classes = _open_set.check_shapes(inputs)["C"]
    _check_target(target, distances)
    real().check("margin", margin)
    inputs, dtype = _open_set.prepared(inputs)
    d, radii = inputs.values()
    true = target.unsqueeze(-1) == torch.arange(classes, device=d.device)
    own = torch.where(true, d, 0.0).sum(-1, keepdim=True)
    of_known = torch.where(true, d - radii + margin, margin + own - d).clamp(min=0).sum(-1)
    of_unknown = (radii + margin - d).clamp(min=0).sum(-1)
    return torch.where(target >= 0, of_known, of_unknown).to(dtype)


def _check_target(target, distances):
    n, classes = distances.shape
    if not is_dense(target, INDICES):
        raise wrong("target", f"an integer tensor of shape ({n},)", describe(target), TypeError)
    if target.shape != (n,):
        raise wrong("target", f"shape ({n},)", str(tuple(target.shape)))
    if values_readable(target) and not -1 <= target.min() <= target.max() < classes:
        raise wrong(
            "target", f"classes in [0, {classes}), or -1 for none", str([target.min().item(), target.max().item()])
        )
