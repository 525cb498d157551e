"""Contrastive attraction and repulsion: the farther positives pull harder, the nearer negatives push harder."""

from dataclasses import replace

import torch

from ...contract import above, at_least, loss, operation
from ...contract.pairwise import cosine, cosines, log_sum_exp, sum_over
from ...contract.safe import softplus, square_distances, unit
from ...signatures import Field, queries, takes

WEIGHT, SHARPNESS = at_least(0, show=(0.0, 2.0)), at_least(0, show=(0.0, 5.0))
TEMPERATURE = above(0, show=(0.05, 2.0))

VIEWS = takes(
    {"views": Field("V N D")},
    least={"V": 2, "D": 1},
    edges={
        "two views": lambda s: {"views": s["views"][:2]},
        "no items": lambda s: {"views": s["views"][:, :0]},
        "all vectors equal": lambda s: {"views": s["views"][:1, :1].expand_as(s["views"])},
        "a zero vector": lambda s: {"views": s["views"].index_fill(1, torch.tensor(0), 0.0)},
    },
)
MOMENTUM = takes(
    {"queries": Field("V N D"), "key": Field("N D")},
    least={"V": 1, "N": 1, "D": 1},
    edges={
        "one view": lambda s: {**s, "queries": s["queries"][:1]},
        "queries equal their keys": lambda s: {**s, "queries": s["key"].expand_as(s["queries"])},
    },
)
FIXED = "The weights are held fixed in the gradient, as in the code of the authors."


@loss(
    queries.cosine,
    paper="attractionrepulsion2021",
    # A query has one positive, among which there is nothing to weigh.
    domains={
        "alpha": WEIGHT,
        "beta": replace(WEIGHT, main=True),
        "t_positive": replace(SHARPNESS, slider=False),
        "t_negative": SHARPNESS,
    },
    invariances=("rotate", "scale"),
    bounds=lambda alpha, beta, **_: (-4.0 * beta, 4.0 * alpha),
)
def cacr_loss(s, positive, negative, *, alpha=1.0, beta=1.0, t_positive=1.0, t_negative=0.9):
    r"""CACR: weighted squared distances to positives, the far ones most, minus those to negatives, the near ones most.

    $$ \ell_i = \alpha \sum_{m \in P_i} \pi^+_m c_m - \beta \sum_{j \in N_i} \pi^-_j c_j, \qquad
       \pi^+ = \mathrm{softmax}_{P_i}(t^+ c),\ \pi^- = \mathrm{softmax}_{N_i}(-t^- c),\ c = 2 - 2 s $$

    $c$ is the squared distance of unit vectors. The weights have a gradient too. With one positive $t^+$ has no effect.

    Use: When negatives differ in how hard they are, as with unbalanced classes, for which it was proposed: near ones
    are pushed most, and no softmax fades as the positive wins. Not when `t_positive` should matter, which takes more
    than one positive; then `contrastive_attraction` and `contrastive_repulsion`.

    Args:
        query: vectors, shape (N, D); their length does not matter.
        key: the positive of each query, shape (N, D).
        gallery: negatives, shape (M, D); by default the keys of the others.
        own, gallery_mask: rows of the gallery that are left out.
        alpha, beta: weights of attraction and repulsion, >= 0.
        t_positive: $t^+ \ge 0$, per unit of squared distance; 0 weighs all positives alike.
        t_negative: $t^- \ge 0$, likewise; the paper has 0.9 for CIFAR-10 and 2 for CIFAR-100 and STL-10.

    Returns:
        One value per query, shape (N,); a side without pairs gives 0.

    Paper: This is the form for two views; for more views see `contrastive_attraction` and `contrastive_repulsion`.

    Differs: the code for ImageNet holds the weights fixed, and has other forms: `cacr_momentum_rbf`,
    `cacr_momentum_euclidean`.
    """
    cost = 2 - 2 * s
    return alpha * _mean_by_weight(cost, t_positive, positive) - beta * _mean_by_weight(cost, -t_negative, negative)


def softmax_over(x, where):
    """The softmax over the marked entries of each row; 0 elsewhere, and in a row where none is marked."""
    total = log_sum_exp(x, where).unsqueeze(-1)
    some = where.any(-1, keepdim=True)
    return torch.where(where, x - torch.where(some, total, 0.0), -torch.inf).exp()


def _mean_by_weight(cost, sharpness, where):
    return sum_over(softmax_over(sharpness * cost, where) * cost, where)


@operation(VIEWS, paper="attractionrepulsion2021", domains={"alpha": WEIGHT, "t_positive": SHARPNESS})
def contrastive_attraction(views, *, alpha=1.0, t_positive=1.0):
    r"""The pull among several views of the same items: each view is drawn most to the farthest of the others.

    $$ \frac{\alpha}{V N} \sum_x \sum_n \sum_{m \ne x} \pi^+_m \|z^x_n - z^m_n\|^2, \qquad
       \pi^+ = \mathrm{softmax}_{m \ne x}\big(t^+ \|z^x_n - z^m_n\|^2\big) $$

    Use: Together with `contrastive_repulsion`, when a batch holds more than two views of each item and the least
    similar ones should be drawn in first. Not alone, since one constant vector is a perfect solution, and not where
    some views are spoilt, which pull hardest; then `multi_positive_nce`.

    Args:
        views: V >= 2 views of N items, shape (V, N, D); their length does not matter.
        alpha: weight of the attraction, >= 0.
        t_positive: $t^+ \ge 0$, per unit of squared distance; 0 weighs all other views alike.

    Returns:
        A 0-d tensor in $[0, 4\alpha]$; 0 for no items.

    Paper: Zheng et al. 2021, *Contrastive Attraction and Contrastive Repulsion for Representation Learning*, who use
    V = 5. With two views it is the mean of the squared distance, whatever $t^+$ is.
    """
    directions = unit(views).transpose(0, 1)
    cost = square_distances(directions, directions)
    others = _others(len(views), views)
    return alpha * _mean(_mean_by_weight(cost, t_positive, others.expand_as(cost)))


@operation(VIEWS, paper="attractionrepulsion2021", domains={"beta": WEIGHT, "t_negative": SHARPNESS})
def contrastive_repulsion(views, *, beta=1.0, t_negative=0.9):
    r"""The push between different items in every two views: each item is driven most from the nearest of the others.

    $$ -\frac{2 \beta}{V (V - 1) N} \sum_{x < y} \sum_n \sum_{j \ne n} \pi^-_j \|z^x_n - z^y_j\|^2, \qquad
       \pi^- = \mathrm{softmax}_{j \ne n}\big({-t^-} \|z^x_n - z^y_j\|^2\big) $$

    Use: Together with `contrastive_attraction`, when the nearest items should be driven away most. Not when the nearest
    items are likely of one class, as with few classes and no labels, since these are driven apart hardest; then a
    smaller `t_negative`, or `debiased_contrastive_loss`.

    Args:
        views: V >= 2 views of N items, shape (V, N, D); their length does not matter.
        beta: weight of the repulsion, >= 0.
        t_negative: $t^- \ge 0$, per unit of squared distance; 0 weighs all other items alike.

    Returns:
        A 0-d tensor in $[-4\beta, 0]$; 0 for a single item, or none.

    Paper: Zheng et al. 2021, *Contrastive Attraction and Contrastive Repulsion for Representation Learning*. The
    anchor is always in the earlier of two views.
    """
    first, second = torch.triu_indices(len(views), len(views), 1, device=views.device)
    cost = 2 - 2 * cosines(views[first], views[second])
    others = _others(views.shape[1], views)
    return -beta * _mean(_mean_by_weight(cost, -t_negative, others.expand_as(cost)))


def _others(count, like):
    """Who is somebody else: True off the diagonal."""
    return ~torch.eye(count, dtype=torch.bool, device=like.device)


def _mean(values):
    """The mean, attached to the graph and 0 where there is nothing."""
    return values.sum() / max(values.numel(), 1)


@operation(MOMENTUM, paper="attractionrepulsion2021", domains={"temperature": TEMPERATURE}, exempt={"gradient": FIXED})
def cacr_momentum_rbf(queries, key, *, temperature=1.0):
    r"""CACR with a momentum encoder, by a radial kernel: InfoNCE of each query view, the farther ones weighed more.

    $$ \frac{2 T}{N} \sum_n \sum_v p_{vn}
       \Big[ -\log \frac{e^{q_{vn} \cdot k_n / T}}{\sum_j e^{q_{vn} \cdot k_j / T}} \Big], \qquad
       p = \mathrm{softmax}_v\big(\|q_{vn} - k_n\|^2 / T\big) \text{ held fixed} $$

    Use: When keys come from a momentum encoder, as in MoCo, and each item has several query views. Not with a single
    query view, where it is `info_nce` times $2T$, nor when the gradient must be the derivative of the value.

    Args:
        queries: V >= 1 views of N >= 1 items, shape (V, N, D); their length does not matter.
        key: the view of the momentum encoder, shape (N, D).
        temperature: $T > 0$; the recipe for ImageNet has 0.2.

    Returns:
        A 0-d tensor.

    Paper: Zheng et al. 2021, *Contrastive Attraction and Contrastive Repulsion for Representation Learning*, in the
    form of the code for ImageNet.
    """
    weight, s, own = _momentum_parts(queries, key, temperature)
    others = _others(len(key), key).expand_as(s)
    each = softplus(log_sum_exp(s / temperature, others) - own / temperature)
    return 2 * temperature * (weight * each).sum(0).mean()


@operation(MOMENTUM, paper="attractionrepulsion2021", domains={"temperature": TEMPERATURE}, exempt={"gradient": FIXED})
def cacr_momentum_euclidean(queries, key, *, temperature=1.0):
    r"""CACR with a momentum encoder, by distances: all weights are held fixed.

    $$ \sum_n \sum_v p_{vn} \Big[ (1 - q_{vn} \cdot k_n) - \sum_{j \ne n} \pi_{vnj} (1 - q_{vn} \cdot k_j) \Big], \qquad
       \pi = \mathrm{softmax}_{j \ne n}\big({-(1 - q_{vn} \cdot k_j) / T}\big) $$

    Use: When keys come from a momentum encoder and the forces should stay linear in the similarities, with weights that
    no gradient can lower. Not in batches of changing size, since it is a sum over the items; then divide it by N, or
    take `cacr_momentum_rbf`.

    Args:
        queries: V >= 1 views of N >= 1 items, shape (V, N, D); their length does not matter.
        key: the view of the momentum encoder, shape (N, D).
        temperature: $T > 0$; $p$ is that of `cacr_momentum_rbf`.

    Returns:
        A 0-d tensor, the sum over the items, as in the code of the authors.

    Paper: Zheng et al. 2021, *Contrastive Attraction and Contrastive Repulsion for Representation Learning*, in the
    form of the code for ImageNet.
    """
    weight, s, own = _momentum_parts(queries, key, temperature)
    others = _others(len(key), key).expand_as(s)
    share = softmax_over(s / temperature, others).detach()
    return (weight * ((1 - own) - sum_over(share * (1 - s), others))).sum()


def _momentum_parts(queries, key, temperature):
    """(weights of the views (V, N), held fixed; similarities to all keys (V, N, N); those to the own key (V, N))."""
    own = cosine(queries, key)
    return ((2 - 2 * own) / temperature).softmax(0).detach(), cosines(queries, key), own
