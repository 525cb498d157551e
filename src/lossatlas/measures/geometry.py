"""How vectors lie: near what they belong with, spread over the sphere, in many or few directions.

Leading axes (seeds, variants) pass through. No measure needs more than N x M numbers in memory, and most need fewer.
"""

import torch

from ..contract import above, at_least, operation
from ..contract.pairwise import cosines, distance, distances
from ..contract.safe import unit
from ..signatures import Field, takes
from .fields import LABELS, VECTORS, aligned, few_classes, two_classes
from .vectors import blocks, diagonal, same

ONE_SET = takes({"x": VECTORS}, least={"N": 1, "D": 1}, sizes={"N": 6, "D": 3})
PAIRS_OF_ONE_SET = takes({"x": VECTORS}, least={"N": 2, "D": 1}, sizes={"N": 6, "D": 3})
LABELLED = takes({"x": VECTORS, "labels": LABELS}, least={"N": 1, "D": 1}, sizes={"N": 6, "D": 3})


@operation(takes({"view_a": VECTORS, "view_b": VECTORS}, least={"N": 1, "D": 1}), domains={"alpha": above(0)})
def alignment(view_a, view_b, *, alpha=2.0):
    r"""How far two views of an item lie apart on the unit sphere, on average: $\frac1N \sum_n \|a_n - b_n\|^\alpha$.

    Args:
        view_a, view_b: vectors, (..., N, D); their length does not matter.
        alpha: power of the distance, > 0.

    Returns:
        (...), in $[0, 2^\alpha]$; 0 where the views coincide.

    Paper: Wang and Isola, "Understanding contrastive representation learning through alignment and uniformity on the
    hypersphere", ICML 2020.
    """
    return distance(unit(view_a), unit(view_b)).pow(alpha).mean(-1)


@operation(PAIRS_OF_ONE_SET, domains={"t": above(0)})
def uniformity(x, *, t=2.0):
    r"""Logarithm of the mean Gaussian potential of two vectors.

    $$ \log \frac{2}{N(N-1)} \sum_{i<j} e^{-t \|x_i - x_j\|^2} $$

    Args:
        x: at least two vectors, (..., N, D); their length does not matter.
        t: sharpness of the potential, > 0.

    Returns:
        (...), in $[-4t, 0]$; the lower, the more evenly the vectors cover the sphere; 0 where all coincide.

    Paper: Wang and Isola 2020, as `alignment`.
    """
    u, count = unit(x), x.shape[-2]
    found = []
    for rows in blocks(u, count):
        energy = -t * distances(u[..., rows, :], u).square()
        found.append(energy.masked_fill(diagonal(rows, count, u.device), -torch.inf).logsumexp((-2, -1)))
    return torch.stack(found, -1).logsumexp(-1) - torch.tensor(count * (count - 1.0), dtype=x.dtype).log().to(x.device)


@operation(LABELLED)
def tolerance(x, labels):
    r"""How similar the vectors of one class are: the mean cosine of two different vectors with the same label.

    Args:
        x: vectors, (..., N, D); their length does not matter.
        labels: class of each, (N,) or (..., N).

    Returns:
        (...), in [-1, 1]; NaN where no label occurs twice.

    Paper: Wang and Liu, "Understanding the behaviour of contrastive loss", CVPR 2021.

    Differs: the formula there multiplies by an indicator and takes the mean over all pairs, which divides by how
    often two labels agree; here the mean is over the pairs that share a label, as in its text.
    """
    x, labels = aligned(x, labels)
    count, total, pairs = x.shape[-2], 0.0, 0
    for rows in blocks(x, count):
        together = same(labels[..., rows], labels) & ~diagonal(rows, count, x.device)
        total = total + torch.where(together, cosines(x[..., rows, :], x), 0.0).sum((-2, -1))
        pairs = pairs + together.sum((-2, -1))
    return total / pairs


@operation(
    takes({"x": VECTORS, "labels": LABELS}, least={"N": 2, "D": 1}, sizes={"N": 6, "D": 3}, related=two_classes),
    domains={"t": above(0)},
)
def uniformity_tolerance(x, labels, *, t=2.0):
    """Uniformity and tolerance, the two ends of what a temperature trades.

    Args:
        x: at least two vectors, (..., N, D); their length does not matter.
        labels: class of each, (N,) or (..., N).
        t: sharpness of the potential, > 0.

    Returns:
        What `uniformity` and `tolerance` give, (...) each.
    """
    x, labels = aligned(x, labels)
    return uniformity(x, t=t), tolerance(x, labels)


@operation(ONE_SET)
def wasserstein_to_uniform(x):
    r"""Distance of the vectors, taken as one Gaussian, from the Gaussian that is even in all directions.

    $$ W_2 = \sqrt{\|\mu\|^2 + 1 + \operatorname{tr} \Sigma - \tfrac{2}{\sqrt D} \operatorname{tr} \Sigma^{1/2}} $$

    with the mean $\mu$ and the covariance $\Sigma$ (divided by N) of the vectors at unit length.

    Args:
        x: vectors, (..., N, D); their length does not matter.

    Returns:
        (...), in $[0, \sqrt2]$; 0 is even, $\sqrt2$ a single point. Unlike `uniformity` it notices directions that
        are not used, and not how many copies there are.

    Paper: Fang et al., "Rethinking the uniformity metric in self-supervised learning", 2024; the metric there is minus
        this.
    """
    u = unit(x)
    count, dim = u.shape[-2:]
    mean = u.mean(-2, keepdim=True)
    spread = torch.linalg.svdvals(u - mean) / count**0.5
    square = mean.square().sum((-2, -1)) + 1 + spread.square().sum(-1) - 2 / dim**0.5 * spread.sum(-1)
    return square.clamp(min=0).sqrt()


@operation(ONE_SET)
def effective_rank(x):
    r"""In how many directions the vectors lie: $\exp$ of the entropy of the singular values.

    $$ \exp\Bigl(-\sum_k p_k \log p_k\Bigr), \qquad p_k = \sigma_k / \sum_j \sigma_j $$

    Args:
        x: vectors, (..., N, D), as they are: neither centred nor brought to unit length.

    Returns:
        (...), from 1 to min(N, D); 0 where all vectors are zero.

    Paper: Garrido et al., "RankMe", ICML 2023, after Roy and Vetterli, "The effective rank", EUSIPCO 2007.

    Differs: RankMe adds 1e-7 to each p.
    """
    values = torch.linalg.svdvals(x)
    total = values.sum(-1, keepdim=True)
    some = total > 0
    share = values / torch.where(some, total, 1.0)
    rank = torch.special.entr(share).sum(-1).exp()
    return torch.where(some.squeeze(-1), rank, 0.0)


@operation(
    takes({"x": VECTORS, "labels": LABELS}, least={"N": 2, "D": 1}, sizes={"N": 6, "D": 3}, related=two_classes),
    exempt={"vmap": "How many classes there are depends on the labels."},
)
def class_center_divergence(x, labels):
    r"""How much the centres of the two nearest classes point the same way: $\max_{k \ne l} \mu_k \cdot \mu_l$.

    Args:
        x: vectors, (..., N, D); their length does not matter.
        labels: class of each, (N,) or (..., N), of at least two classes.

    Returns:
        (...), in [-1, 1]; the lower, the better a nearest-centre classifier separates the classes.

    Paper: Huang et al., "Towards the generalization of contrastive self-supervised learning", 2021.
    """
    x, labels = aligned(x, labels)
    u, classes = unit(x), labels.unique()
    members = same(classes, labels).to(u.dtype)
    counts = members.sum(-1, keepdim=True)
    centers = members @ u / counts.clamp(min=1)
    there = counts > 0
    few = there.sum(-2) < 2
    if few.any():
        raise few_classes(int(few.sum()))
    apart = there & there.mT & ~torch.eye(len(classes), dtype=torch.bool, device=u.device)
    return torch.where(apart, centers @ centers.mT, -torch.inf).amax((-2, -1))


@operation(
    takes(
        {"views": Field("... N V D", "augmentations of each item"), "labels": LABELS}, least={"N": 1, "V": 1, "D": 1}
    ),
    domains={"delta": at_least(0)},
    differentiable=False,
    example={"delta": 1.5},
)
def augmented_concentration(views, labels, *, delta):
    r"""Share of the pairs of one class that some pair of augmentations brings within a distance of delta.

    Two items are as far apart as their nearest augmentations, $d_A(x, x') = \min_{v, w} \|x_v - x'_w\|$.

    Args:
        views: augmentations of each item, (..., N, V, D), compared as they are.
        labels: class of each item, (N,) or (..., N).
        delta: the distance, >= 0.

    Returns:
        (...), in [0, 1]; NaN where no label occurs twice.

    Paper: Huang et al. 2021, as `class_center_divergence`.

    Differs: the paper takes the largest part of a class in which *all* pairs are within delta, which is a search
    over subsets; the share of pairs is at least the square of that part's share, up to 1/N.
    """
    lead = torch.broadcast_shapes(views.shape[:-3], labels.shape[:-1])
    views, labels = views.expand(*lead, *views.shape[-3:]), labels.expand(*lead, labels.shape[-1])
    *lead, count, versions, dim = views.shape
    flat, near, pairs = views.reshape(*lead, count * versions, dim), 0, 0
    for rows in blocks(views[..., 0, :], count * versions**2):
        some = views[..., rows, :, :].reshape(*lead, -1, dim)
        nearest = distances(some, flat).reshape(*lead, rows.stop - rows.start, versions, count, versions).amin((-3, -1))
        together = same(labels[..., rows], labels) & ~diagonal(rows, count, views.device)
        near = near + (together & (nearest <= delta)).sum((-2, -1))
        pairs = pairs + together.sum((-2, -1))
    return near.to(views.dtype) / pairs


@operation(LABELLED, domains={"margin": above(0)})
def hausdorff_like_distance(x, labels, *, margin=0.2):
    r"""How far distances are from ideal ones, where a class is a point and two classes are at least a margin apart.

    $$ \varepsilon = \min_{D^*} \max_{i, j} \big| \|x_i - x_j\| - D^*_{ij} \big|
       = \max\Big( \max_{y_i = y_j} \|x_i - x_j\|,\ \max_{y_i \ne y_j} [m - \|x_i - x_j\|]_+ \Big) $$

    over all tables $D^*$ of ideal distances, zero in a class, and for two classes one number of at least $m$. So it is
    decided by the hardest positive pair or by the hardest negative pair, which is what hardest mining looks at.

    Args:
        x: vectors, (..., N, D), as they are.
        labels: class of each, (N,) or (..., N).
        margin: $m > 0$.

    Returns:
        (...), >= 0; 0 where the vectors are ideal.

    Paper: Xu et al., "Mathematical justification of hard negative mining via isometric approximation theorem", 2022.

    Differs: the paper's distance is between the map and ideal *maps*, $\min_{f^*} \max_i \|x_i - f^*_i\|$, which no
    closed formula gives. It is at least $\varepsilon / 2$, and by the paper's theorem at most a constant times
    $\varepsilon$; that constant, and the paper's own form of the ideal set, were not checked here.
    """
    x, labels = aligned(x, labels)
    worst = x.new_zeros(x.shape[:-2])
    for rows in blocks(x, x.shape[-2]):
        apart = distances(x[..., rows, :], x)
        off = torch.where(same(labels[..., rows], labels), apart, margin - apart)
        worst = torch.maximum(worst, off.amax((-2, -1)))
    return worst


@operation(takes({"test": VECTORS, "train": Field("... M D", "seen vectors")}, least={"N": 1, "M": 1, "D": 1}))
def utilization(test, train):
    r"""How far unseen vectors lie from the seen ones: $\frac{1}{|Q|} \sum_{q \in Q} \min_{x \in X} \|q - x\|^2$.

    Args:
        test: unseen vectors $Q$, (..., N, D), compared as they are.
        train: seen vectors $X$, clean and mixed, (..., M, D).

    Returns:
        (...), >= 0; the lower, the more of the space of unseen classes is in use while training. More vectors in
        `train` can only lower it.

    Paper: Venkataramanan et al., "It takes two to tango: mixup for deep metric learning", 2021.
    """
    lead = torch.broadcast_shapes(test.shape[:-2], train.shape[:-2])
    test, train = (x.expand(*lead, *x.shape[-2:]) for x in (test, train))
    nearest = [distances(test[..., rows, :], train).amin(-1) for rows in blocks(test, train.shape[-2])]
    return torch.cat(nearest, -1).square().mean(-1)
