"""Two properties of good representations: views that lie together, and points that spread over the sphere."""

import math
from dataclasses import replace

import torch

from ...contract import above, at_least, loss
from ...contract.pairwise import cosines, distance, log_sum_exp
from ...contract.safe import safe_norm, unit
from ...signatures import points, two_views

WHOLE = {"items": "It measures how the points of a batch lie to one another."}


@loss(
    two_views,
    paper="wang2020understanding",
    domains={"alpha": at_least(1, show=(1.0, 4.0))},
    invariances=("rotate", "scale", "swap"),
    bounds=lambda alpha: (0.0, 2.0**alpha),
    optimum=0.0,
)
def alignment_loss(view_a, view_b, *, alpha=2.0):
    r"""Alignment: how far the two views of an item are from one another on the unit sphere.

    $$ \ell_n = \Big\| \frac{a_n}{\|a_n\|} - \frac{b_n}{\|b_n\|} \Big\|^\alpha $$

    Use: When the distance between two views is to be measured, or lowered beside a term that spreads the points, such
    as `uniformity_loss`. Not alone: one constant vector for all inputs is a perfect solution, the collapse of the
    representation.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        alpha: power, $\alpha \ge 1$.

    Returns:
        One value per item, shape (N,).

    Differs: the official code leaves it to the caller to normalise the vectors.
    """
    return distance(unit(view_a), unit(view_b)) ** alpha


@loss(
    points,
    paper="wang2020understanding",
    items="batch",
    domains={"t": replace(above(0, show=(0.5, 5.0)), slider=False)},  # pictures move one point, which has no pairs
    invariances=("rotate", "scale"),
    bounds=lambda t: (-4.0 * t, 0.0),
    exempt=WHOLE,
)
def uniformity_loss(points, *, t=2.0):
    r"""Uniformity: the logarithm of the mean Gaussian potential of all pairs of points on the unit sphere.

    $$ \mathcal{L} = \log \operatorname*{mean}_{n < m} e^{-t \|z_n - z_m\|^2}, \qquad z_n = x_n / \|x_n\| $$

    Use: When the spread of points over the sphere is to be measured, or trained beside `alignment_loss`. Not alone,
    since it knows no positives, and not to detect empty directions, which distances of pairs hardly show; then
    `wasserstein_uniformity`.

    Args:
        points: vectors, shape (N, D); their length does not matter.
        t: sharpness of the potential, $t > 0$.

    Returns:
        One value for the batch, at most 0; 0 for fewer than two points.

    Differs: the official code leaves it to the caller to normalise the vectors.
    """
    count = len(points)
    if count < 2:
        return points.sum() * 0
    pairs = ~torch.eye(count, dtype=torch.bool, device=points.device)
    potential = t * (2 * cosines(points, points) - 2)
    of_each = log_sum_exp(potential, pairs)
    return of_each.logsumexp(0) - math.log(count * (count - 1))


@loss(
    points,
    paper="uniformitymetric2024",
    items="batch",
    invariances=("rotate", "scale"),
    bounds=(0.0, 2**0.5),
    exempt=WHOLE,
)
def wasserstein_uniformity(points):
    r"""Wasserstein uniformity: how far the points are from a Gaussian that spreads evenly over the sphere.

    $$ W_2 = \sqrt{\|\mu\|^2 + 1 + \operatorname{tr} \Sigma - \tfrac{2}{\sqrt D} \operatorname{tr} \Sigma^{1/2}}
           = \sqrt{\|\mu\|^2 + \sum_{k=1}^{D} \big(\sigma_k - \tfrac{1}{\sqrt D}\big)^2} $$

    Here $\mu$ and $\Sigma$ are mean and covariance (divided by N) of the points on the unit sphere, and $\sigma_k^2$
    the eigenvalues of $\Sigma$. It is the 2-Wasserstein distance of $N(\mu, \Sigma)$ from $N(0, I/D)$.

    Use: When empty directions of the embedding should show, since it compares the covariance and not only pairs. Not
    with fewer points than dimensions, where some directions are empty in any batch; then `uniformity_loss`.

    Args:
        points: vectors, shape (N, D); their length does not matter.

    Returns:
        One value for the batch, from 0 (even) to $\sqrt 2$ (all points equal); 0 for no points.

    Paper: It adds this loss, over both views together, to another with weight 0.2. Its metric is $-W_2$.

    Differs: the official code takes roots of the eigenvalues plus 1e-8. Here the $\sigma_k$ are singular values, whose
    gradients stay finite; one that is 0 up to rounding passes none.
    """
    count, width = points.shape
    if count == 0:
        return points.sum()
    z = unit(points)
    mean = z.mean(0)
    spread = torch.linalg.svdvals((z - mean) / count**0.5)
    still = spread.detach() <= max(count, width) * torch.finfo(z.dtype).eps
    missing = z.new_zeros(width - len(spread)) if width > len(spread) else spread[:0]
    spread = torch.cat([torch.where(still, 0.0, spread), missing])
    return safe_norm(torch.cat([mean, spread - width**-0.5]))


@loss(
    two_views,
    paper="zbontar2021barlow",
    items="batch",
    # Pictures move one item, whose coordinates do not vary.
    domains={
        "lam": replace(at_least(0, show=(0.0, 0.1)), slider=False),
        "eps": replace(above(0, show=(1e-6, 1e-2)), slider=False),
    },
    invariances=("swap",),
    bounds=(0.0, None),
    exempt={"items": "Its correlations are those of the coordinates over a batch."},
)
def cross_correlation_loss(view_a, view_b, *, lam=0.005, eps=1e-5):
    r"""Cross-correlation loss of Barlow Twins: makes coordinates agree between views and decorrelates them otherwise.

    $$ \mathcal{L} = \sum_i (1 - C_{ii})^2 + \lambda \sum_{i \ne j} C_{ij}^2, \qquad
       C_{ij} = \frac1N \sum_n \frac{(a_{ni} - \bar a_i)(b_{nj} - \bar b_j)}
       {\sqrt{\operatorname{var} a_i + \varepsilon}\sqrt{\operatorname{var} b_j + \varepsilon}} $$

    Use: When no negatives are wanted and the batch is large against the dimension, so that correlations can be
    estimated. Not in small batches, and not with the default `lam` for few coordinates, whose correlations then hardly
    count; then `nt_xent`.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each.
        lam: $\lambda \ge 0$, the weight of the correlations between different coordinates.
        eps: $\varepsilon > 0$, added to the variances, which are divided by N.

    Returns:
        One value for the batch, 0 for no items. A coordinate that is the same for all items has correlation 0 with all.

    Paper: The defaults, and the standardisation by batch normalisation, are those of the official code.

    Differs: some code divides the variances by N - 1 and adds no eps.
    """
    if len(view_a) == 0:
        return (view_a + view_b).sum()
    correlation = _standard(view_a, eps).mT @ _standard(view_b, eps)
    same = torch.eye(view_a.shape[1], dtype=torch.bool, device=view_a.device)
    return torch.where(same, (1 - correlation).square(), lam * correlation.square()).sum()


def _standard(x, eps):
    r"""Columns of mean 0 and, but for eps, of length 1."""
    centred = x - x.mean(0)
    return centred / (centred.square().sum(0) + len(x) * eps).sqrt()
