"""A triplet loss whose margin depends on the distances: with the gradient of the margin, and without it."""

from typing import NamedTuple

import torch

from ...contract import above, at_least, loss, operation
from ...contract.pairwise import distance
from ...signatures import takes, triplets

EPS = above(0, show=(1e-6, 0.5))


def linear_triplet(anchor, positive, negative):
    r"""$D_{ap} - (D_{an} + D_{pn})/2$: the two nearer, both farther from the third. (N, D) three times -> (N,)."""
    return distance(anchor, positive) - (distance(anchor, negative) + distance(positive, negative)) / 2


def adaptive_margin(anchor, positive, negative, eps):
    r"""$2 + 2 / (e^{4 D_{ap}} + \varepsilon) + 2 / (e^{4 - 4 D_{an}} + \varepsilon)$: (N, D) three times -> (N,)."""
    of_similar = 1 + 2 * _reciprocal_exp(4 * distance(anchor, positive), eps)
    of_dissimilar = 1 + 2 * _reciprocal_exp(4 - 4 * distance(anchor, negative), eps)
    return of_similar + of_dissimilar


def _reciprocal_exp(u, eps):
    """1 / (exp(u) + eps), from the exponential that does not overflow."""
    shrunk = (-u.clamp(min=0)).exp()
    return torch.where(u > 0, shrunk / (1 + eps * shrunk), 1 / (u.clamp(max=0).exp() + eps))


@loss(triplets, paper="m2fnet2022", domains={"eps": EPS}, invariances=("shift", "rotate"))
def adaptive_margin_triplet_loss(anchor, positive, negative, *, eps=1e-6):
    r"""Adaptive margin triplet loss: a linear triplet loss plus a margin that itself depends on the distances.

    $$ \ell = D_{ap} - \tfrac12 (D_{an} + D_{pn}) + m, \qquad
       m = 1 + \frac{2}{e^{4 D_{ap}} + \varepsilon} + 1 + \frac{2}{e^{4 - 4 D_{an}} + \varepsilon} $$

    Taken literally, the margin has a gradient too, and it pulls the wrong way: below $D_{ap} = \ln 8 / 4 \approx 0.52$
    positives are pushed apart, and beyond $D_{an} = 1 - \ln 16 / 4 \approx 0.31$ negatives are pulled in.
    `detached_margin_triplet_loss` holds the margin fixed. A hinge would change nothing: by the triangle inequality the
    value is positive as long as $D_{an} < 2 / \varepsilon$, with the default.

    Use: When the published formula is to be reproduced or its stationary points studied. Not to train an embedding,
    since the gradient of the margin draws far negatives in and pushes near positives away; then `triplet_margin_loss`
    or `detached_margin_triplet_loss`.

    Args:
        anchor, positive, negative: vectors, shape (N, D) each.
        eps: $\varepsilon > 0$; bounds the margin by $2 + 4 / \varepsilon$.

    Returns:
        One value per triplet, shape (N,); far from 0 where unnormalised vectors lie more than a few units apart.

    Paper: *M2FNet*, 2022. No official code is known; this is what re-implementations compute.
    """
    return linear_triplet(anchor, positive, negative) + adaptive_margin(anchor, positive, negative, eps)


@loss(
    triplets,
    paper="m2fnet2022",
    domains={"eps": EPS},
    invariances=("shift", "rotate"),
    exempt={
        "gradient": "The margin is held fixed in the gradient, which is that of the linear triplet term alone.",
    },
)
def detached_margin_triplet_loss(anchor, positive, negative, *, eps=1e-6):
    r"""Detached-margin triplet loss: the adaptive margin triplet loss, without a gradient through the margin.

    $$ \ell = D_{ap} - \tfrac12 (D_{an} + D_{pn}) + m, \qquad
       m = 1 + \frac{2}{e^{4 D_{ap}} + \varepsilon} + 1 + \frac{2}{e^{4 - 4 D_{an}} + \varepsilon} \text{ held fixed} $$

    Its derivatives are 1 in $D_{ap}$ and $-\frac12$ in $D_{an}$ and $D_{pn}$, everywhere: a margin that is held fixed
    and not cut off by a hinge has no influence on what is learned.

    Use: When the values of `adaptive_margin_triplet_loss` are wanted with a gradient that draws positives in and pushes
    negatives away. Not when triplets in good order should be left alone: without a hinge negatives are pushed however
    far they are; then `triplet_margin_loss`.

    Args:
        anchor, positive, negative: vectors, shape (N, D) each.
        eps: $\varepsilon > 0$; bounds the margin by $2 + 4 / \varepsilon$.

    Returns:
        One value per triplet, shape (N,).

    Paper: *M2FNet*, 2022, gives the formula; that the margin be held fixed is not said there.
    """
    return linear_triplet(anchor, positive, negative) + adaptive_margin(anchor, positive, negative, eps).detach()


class FeatureExtractorLoss(NamedTuple):
    """The loss of the feature extractor and its three parts, each a 0-d tensor."""

    total: torch.Tensor
    triplet: torch.Tensor
    variance: torch.Tensor
    covariance: torch.Tensor


@operation(
    takes(triplets.inputs.fields, least={"N": 2, "D": 1}, sizes=triplets.samples.sizes, edges=triplets.samples.edges),
    paper="m2fnet2022",
    domains={
        "triplet_weight": at_least(0),
        "variance_weight": at_least(0),
        "covariance_weight": at_least(0),
        "eps": EPS,
    },
)
def feature_extractor_loss(
    anchor, positive, negative, *, triplet_weight=20.0, variance_weight=1.0, covariance_weight=5.0, eps=1e-6
):
    r"""The loss of M2FNet's feature extractor: triplets, and coordinates that vary and do not vary together.

    $$ L = 20\, L_\text{triplet}
       + \sum_{Z \in \{A, P, N\}} \frac1d \sum_k \big[1 - \sqrt{\operatorname{Var} Z_{\cdot k} + \varepsilon}\big]_+
       + 5 \sum_{Z} \frac1d \sum_{k \ne l} \operatorname{Cov}(Z)_{kl}^2 $$

    Use: To reproduce M2FNet, or where a triplet loss draws all vectors into few directions. Not with small batches,
    whose covariances are noise, nor where the margin of `adaptive_margin_triplet_loss` pulls the wrong way; then
    `triplet_margin_loss`.

    Args:
        anchor, positive, negative: vectors, shape (N, D) each, N >= 2.
        triplet_weight, variance_weight, covariance_weight: weights >= 0 of the three parts.
        eps: $\varepsilon > 0$, that of `adaptive_margin_triplet_loss`, and added to the variances.

    Returns:
        `FeatureExtractorLoss(total, triplet, variance, covariance)` of 0-d tensors; variances and covariances are
        those of the batch with N - 1 in the denominator.

    Paper: *M2FNet*, 2022; variance and covariance terms as in VICReg.
    """
    views = (anchor, positive, negative)
    triplet = (linear_triplet(*views) + adaptive_margin(*views, eps)).mean()
    variance = sum(_narrowness(z, eps) for z in views)
    covariance = sum(_off_diagonal(z) for z in views)
    total = triplet_weight * triplet + variance_weight * variance + covariance_weight * covariance
    return FeatureExtractorLoss(total, triplet, variance, covariance)


def _narrowness(z, eps):
    return (1 - (z.var(0) + eps).sqrt()).clamp(min=0).mean()


def _off_diagonal(z):
    centred = z - z.mean(0)
    covariance = centred.mT @ centred / (len(z) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / z.shape[1]
