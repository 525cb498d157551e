"""Mixup for losses of pairs: a mixture of a positive and a negative counts as partly positive, partly negative."""

import operator
from dataclasses import replace

import torch

from ...contract import above, at_least, between, loss, operation, real
from ...contract.domains import FUNCTION
from ...contract.pairwise import cosine, cosines, distance, distances, log_sum_exp
from ...contract.safe import softplus, unit
from ...signatures import Field, embeddings, takes
from .fields import Belonging

#: Which of an anchor's positives comes first is a matter of the gallery's order.
in_order = replace(embeddings, always=("rename_labels",))


def _itself(x):
    return x


def _square(x):
    return x * x


@operation(
    takes({"s": Field("N K"), "positive": Belonging("N K"), "negative": Belonging("N K")}),
    paper="ittakestwo2021",
    domains=dict.fromkeys(("rho_positive", "rho_negative", "sigma_positive", "sigma_negative", "tau"), FUNCTION),
    example={
        "rho_positive": operator.neg,
        "rho_negative": _square,
        "sigma_positive": abs,
        "sigma_negative": _square,
        "tau": _square,
    },
)
def generic_pair_loss(
    s, positive, negative, *, rho_positive, rho_negative, sigma_positive=_itself, sigma_negative=_itself, tau=_itself
):
    r"""The form that most losses of pairs share, for pairs that belong together wholly, in part or not at all.

    $$ \ell_i = \tau\Big(\sigma^+\big(\textstyle\sum_v y_{iv}\, \rho^+(s_{iv})\big)
       + \sigma^-\big(\sum_v (1 - y_{iv})\, \rho^-(s_{iv})\big)\Big) $$

    Contrastive: $\rho^+(s) = -s$, $\rho^-(s) = [s - m]_+$, all else the identity. Multi-similarity:
    $\rho^+(s) = e^{-\beta(s - m)}$, $\rho^-(s) = e^{\gamma(s - m)}$, $\sigma^+(x) = \frac1\beta \log(1 + x)$,
    $\sigma^-(x) = \frac1\gamma \log(1 + x)$.

    Use: To try a loss of pairs by its parts, above all on mixtures, which belong together in part. Not where a loss of
    this form exists, which computes its exponentials without overflow; then `multi_similarity_loss` and its like.

    Args:
        s: similarities, or distances, of anchors to what they are compared with, shape (N, K).
        positive: how much each pair belongs together, $y$: booleans or numbers in [0, 1], shape (N, K).
        negative: how much it does not, $1 - y$; both 0 for what an anchor is not compared with.
        rho_positive, rho_negative: functions of each similarity, $\rho^+$ and $\rho^-$.
        sigma_positive, sigma_negative: functions of each side's sum; by default the sum itself.
        tau: function of the two together; by default their sum itself.

    Returns:
        One value per anchor, shape (N,).

    Paper: Venkataramanan et al., "It takes two to tango: mixup for deep metric learning", 2021.
    """
    sides = []
    for share, rho, sigma in (
        (positive, rho_positive, sigma_positive),
        (negative, rho_negative, sigma_negative),
    ):
        here = share != 0
        # A pair that does not count must not put an infinity into the sum.
        sides.append(sigma(torch.where(here, share * rho(torch.where(here, s, 0.0)), 0.0).sum(-1)))
    return tau(sides[0] + sides[1])


@operation(
    takes({"label": Belonging("..."), "other": Belonging("...")}),
    paper="ittakestwo2021",
    domains={"lam": between(0, 1, show=(0.0, 1.0))},
    example={"lam": 0.3},
)
def mixed_pair_labels(label, other, *, lam):
    r"""How much a mixed vector belongs with the anchor, of what the two that are mixed do.

    $$ y_v = \lambda y + (1 - \lambda) y' $$

    Use: As `positive` of a `generic_pair_loss` on mixtures, with 1 less it as `negative`. Not for labels of classes; it
    mixes how much a pair belongs together.

    Args:
        label, other: how much the two mixed vectors do, numbers in [0, 1] or booleans, tensors whose shapes broadcast.
        lam: share $\lambda \in [0, 1]$ of the first.

    Returns:
        Labels in [0, 1], floating-point.

    Paper: as `generic_pair_loss`.
    """
    return lam * label + (1 - lam) * other


@loss(
    in_order.vectors,
    paper="ittakestwo2021",
    items="batch",
    domains={
        "lam": between(0, 1, show=(0.0, 1.0)),
        "margin": above(0, show=(0.1, 1.5), main=True),
        "weight": at_least(0, show=(0.0, 1.0)),
    },
    invariances=("rotate",),
    bounds=(0.0, None),
    exempt={"items": "Each mean is over the pairs of the whole batch that are not yet at 0."},
)
def metrix_contrastive_loss(x, y, positive, negative, *, lam=0.5, margin=0.5, weight=0.4):
    r"""Metrix, contrastive: a contrastive loss plus a second one on mixtures of a positive and a negative.

    $$ L = \overline{d_{ip}} + \overline{[m - d_{in}]_+}
       + w \Big(\overline{\lambda\, d_{iv}} + \overline{(1 - \lambda)\, [m - d_{iv}]_+}\Big),
       \qquad v = \lambda f_p + (1 - \lambda) f_n $$

    with distances $d$ between vectors at unit length; a bar is the mean over all entries of the batch that are not 0.
    An anchor's first positive is mixed with each of its negatives, and each mixture counts as often as the anchor has
    positives.

    Use: When each class has few examples, and mixtures should fill the space between the classes. Not when memory is
    short, since there is a mixture for every anchor and row of the gallery, nor when items need values of their own, as
    the means are over the whole batch; then `contrastive_loss`.

    Args:
        embeddings: vectors, shape (N, D); mixed as they are, compared at unit length.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        lam: share $\lambda$ of the positive in the mixtures, in [0, 1]; to be drawn for each batch from Beta(2, 2).
        margin: distance $m$ beyond which a negative counts no more, > 0.
        weight: $w \ge 0$ of the mixed part.

    Returns:
        One value for the batch; a mean of nothing is 0. It stores the N M mixtures, N M D numbers.

    Paper: Defaults are those of the authors' code, which gave the recipe of what is mixed with what; where an anchor
    is mixed with a negative they take w = 0.3.
    """
    v = _mixtures(y, positive, lam)
    d, mixed = distances(unit(x), unit(y)), distance(unit(x).unsqueeze(-2), unit(v))
    times = torch.where(negative, positive.sum(-1, keepdim=True), 0)
    clean = _mean_of_nonzero(d, positive) + _mean_of_nonzero((margin - d).clamp(min=0), negative)
    between_them = _mean_of_nonzero(lam * mixed, times) + _mean_of_nonzero(
        (1 - lam) * (margin - mixed).clamp(min=0), times
    )
    return clean + weight * between_them


@loss(
    in_order.vectors,
    paper="ittakestwo2021",
    domains={
        "lam": between(0, 1, show=(0.0, 1.0)),
        "alpha": above(0, show=(0.5, 10.0)),
        "beta": above(0, show=(1.0, 80.0), main=True),
        "base": real(show=(0.0, 1.0)),
        "weight": at_least(0, show=(0.0, 1.0)),
    },
    invariances=("rotate",),
    bounds=(0.0, None),
)
def metrix_multi_similarity_loss(x, y, positive, negative, *, lam=0.5, alpha=2.0, beta=50.0, base=1.0, weight=0.4):
    r"""Metrix, multi-similarity: the multi-similarity loss plus a second one on mixtures of a positive and a negative.

    $$ \ell_i = \mathrm{MS}(P_i, N_i) + w \Big(\frac1\alpha \log\big[1 + \lambda \sum_v e^{-\alpha (s_{iv} - b)}\big]
       + \frac1\beta \log\big[1 + (1 - \lambda) \sum_v e^{\beta (s_{iv} - b)}\big]\Big),
       \qquad v = \lambda f_p + (1 - \lambda) f_n $$

    An anchor's first positive p is mixed with each of its negatives n. The first term is `multi_similarity_loss`.

    Use: When `multi_similarity_loss` overfits because each class has few examples. Not with large batches, as the
    mixtures take memory for every anchor and row of the gallery, nor with wrong labels, which spoil the mixtures as
    well as the pairs.

    Args:
        embeddings: vectors, shape (N, D); mixed as they are, compared by cosine similarity.
        labels: class of each, shape (N,).
        gallery, gallery_labels, own, gallery_mask: what they are compared with; by default one another.
        lam: share $\lambda$ of the positive in the mixtures, in [0, 1]; to be drawn for each batch from Beta(2, 2).
        alpha, beta: sharpness among the positives, and among the negatives, > 0.
        base: the similarity $b$ that both sides are measured from.
        weight: $w \ge 0$ of the mixed part.

    Returns:
        One value per anchor, shape (N,); a side without pairs gives 0. It stores the N M mixtures, N M D numbers.

    Paper: the formula is the paper's, with its weight w.

    Differs: no code of the authors for this case is known. What is mixed with what is taken from their contrastive
    case, and the defaults of alpha, beta and base from `multi_similarity_loss`.
    """
    s, mixed = cosines(x, y), cosine(x.unsqueeze(-2), _mixtures(y, positive, lam))
    there = negative & positive.any(-1, keepdim=True)
    one = s.new_ones(len(s))
    clean = _soft_hinges(s, positive, negative, one, one, alpha, beta, base)
    return clean + weight * _soft_hinges(mixed, there, there, lam * one, (1 - lam) * one, alpha, beta, base)


def _soft_hinges(s, positive, negative, positive_share, negative_share, alpha, beta, base):
    pull = log_sum_exp(-alpha * (s - base), positive) + positive_share.log()
    push = log_sum_exp(beta * (s - base), negative) + negative_share.log()
    return softplus(pull) / alpha + softplus(push) / beta


def _mixtures(gallery, positive, lam):
    """Each anchor's first positive, or else the first row, mixed with each row of the gallery: (N, M, D)."""
    first = gallery[positive.to(torch.uint8).argmax(-1)] if len(gallery) else gallery
    return lam * first.unsqueeze(-2) + (1 - lam) * gallery


def _mean_of_nonzero(values, times):
    """The mean of the values that are not 0, each counted so many times; 0 where there are none."""
    count = torch.where(values != 0, times, 0)
    return torch.where(count > 0, count * values, 0.0).sum() / count.sum().clamp(min=1)
