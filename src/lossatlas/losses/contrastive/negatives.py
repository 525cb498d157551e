"""Which negatives count, and how much: decoupled, debiased, hard, or all alike."""

import torch

from ...contract import SpecialCase, above, at_least, inside, loss, operation
from ...contract.pairwise import log_sum_exp, mean_over, sum_over
from ...contract.safe import log1mexp, softplus
from ...signatures import Field, takes, views
from .info_nce import negative_log_share


@loss(
    views.cosine,
    paper="yeh2022decoupled",
    domains={"temperature": above(0, show=(0.05, 2.0))},
    invariances=("rotate", "scale"),
)
def decoupled_contrastive_loss(s, positive, negative, *, temperature=0.1):
    r"""Decoupled contrastive loss: InfoNCE with the positive left out of the denominator.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}}
       \Big[ -\frac{s_i}{\tau} + \log \sum_{j \in N_i} e^{s_{ij}/\tau} \Big] $$

    Use: When batches are small: the pull on the positive does not fade as it wins, as it does in `nt_xent`. Not when
    the value should be a negative log-likelihood with 0 as its floor, since without the positive in the denominator it
    may be negative.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.

    Returns:
        One value per item, the mean of its two views', shape (N,). It may be negative. Without negatives the
        second term is 0.

    Paper: The derivative of InfoNCE in the similarity of the positive fades where the positive already wins; here it is
    always $-1/\tau$.
    """
    apart = torch.where(negative.any(-1), log_sum_exp(s / temperature, negative), 0.0)
    return apart - mean_over(s, positive) / temperature


def debiased(s, positive, negative, temperature, positive_prior, concentration):
    r"""$\log(1 + \hat g / e^{s_+/\tau})$, with $\hat g$ an estimate of the true negatives' sum: (N, K) -> (N,)."""
    pull = log_sum_exp(s / temperature, positive)
    gap = s / temperature - pull.unsqueeze(-1)
    hardness = concentration * gap
    share = hardness - log_sum_exp(hardness, negative).unsqueeze(-1)
    mean = log_sum_exp(gap + share, negative)
    count = negative.sum(-1).to(s.dtype)
    # The share of false negatives, each as near as the positive, is taken off; all stays in logarithms.
    log_prior = (positive_prior * torch.ones_like(count)).log()
    left = mean > log_prior
    remaining = (
        mean
        + log1mexp(torch.where(left, log_prior - mean, -1.0))
        - torch.log1p(-positive_prior * torch.ones_like(count))
    )
    least = -1 / temperature - pull
    return softplus(count.log() + torch.maximum(torch.where(left, remaining, -torch.inf), least))


PRIOR = inside(0, 1, open_low=False, show=(0.0, 0.5))


@loss(
    views.cosine,
    paper="chuang2020debiased",
    domains={"temperature": above(0, show=(0.05, 2.0)), "positive_prior": PRIOR},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
    special_cases=SpecialCase(of="nt_xent", when={"positive_prior": 0.0}),
)
def debiased_contrastive_loss(s, positive, negative, *, temperature=0.5, positive_prior=0.1):
    r"""Debiased contrastive loss: NT-Xent less the expected part of negatives that are of the anchor's own class.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}} -\log \frac{e^{s_i/\tau}}{e^{s_i/\tau} + |N_i|\, g_i}, \qquad
       g_i = \max\Big\{ \frac{\frac{1}{|N_i|} \sum_{j \in N_i} e^{s_{ij}/\tau} - \tau^+ e^{s_i/\tau}}{1 - \tau^+},
       \ e^{-1/\tau} \Big\} $$

    Use: When classes are few, so that many negatives are of the anchor's own class, and their share can be estimated.
    Not when that share is unknown: too large a `positive_prior` drives the estimate to its floor, where the negatives
    get no gradient; then `nt_xent`.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.
        positive_prior: $\tau^+ \in [0, 1)$, the probability that a negative is of the anchor's class.

    Returns:
        One value per item, the mean of its two views', shape (N,); 0 without negatives.

    Paper: $e^{-1/\tau}$ is the least that $e^{s/\tau}$ can be. The one positive at hand stands for all of its class.
    """
    return debiased(s, positive, negative, temperature, positive_prior, 0.0)


@loss(
    views.cosine,
    paper="robinson2021contrastive",
    domains={
        "temperature": above(0, show=(0.05, 2.0)),
        "concentration": at_least(0, show=(0.0, 3.0)),
        "positive_prior": PRIOR,
    },
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
    special_cases=SpecialCase(of="debiased_contrastive_loss", when={"concentration": 0.0}),
)
def hard_negative_contrastive_loss(s, positive, negative, *, temperature=0.5, concentration=1.0, positive_prior=0.1):
    r"""Contrastive loss with hard negatives: the debiased loss with more weight on the nearer negatives.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}} -\log \frac{e^{s_i/\tau}}{e^{s_i/\tau} + |N_i|\, g_i}, \qquad
       g_i = \max\Big\{ \frac{\sum_j w_{ij}\, e^{s_{ij}/\tau} - \tau^+ e^{s_i/\tau}}{1 - \tau^+},
       \ e^{-1/\tau} \Big\}, \quad
       w_{ij} = \frac{e^{\beta s_{ij}/\tau}}{\sum_{k \in N_i} e^{\beta s_{ik}/\tau}} $$

    Use: When most negatives are easy and the near ones should count more than in `debiased_contrastive_loss`. Not when
    near negatives are often of the anchor's own class and `positive_prior` underestimates them, since they are the ones
    that are pushed hardest.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.
        concentration: $\beta \ge 0$, how much more weight near negatives get; 0 weighs all alike.
        positive_prior: $\tau^+ \in [0, 1)$, the probability that a negative is of the anchor's class.

    Returns:
        One value per item, the mean of its two views', shape (N,); 0 without negatives.

    Paper: The weights are part of the gradient, as in the official code, which also divides the similarity in them
    by the temperature.
    """
    return debiased(s, positive, negative, temperature, positive_prior, concentration)


@loss(
    views.cosine,
    paper="contrastivebehaviour2020",
    domains={"lam": at_least(0, show=(0.0, 2.0))},
    invariances=("rotate", "scale"),
)
def simple_contrastive_loss(s, positive, negative, *, lam=1.0):
    r"""Simple contrastive loss: similarities themselves, without a softmax, so that all negatives weigh the same.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}} \Big[ -s_i + \lambda \sum_{j \in N_i} s_{ij} \Big] $$

    Use: When the forces of contrast are to be studied without a softmax, as the limit of `nt_xent` at high temperature.
    Not when near negatives should be pushed harder than far ones, since all of them get the same gradient; then
    `hard_contrastive_loss` or `nt_xent`.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        lam: $\lambda \ge 0$, the weight of the negatives.

    Returns:
        One value per item, the mean of its two views', shape (N,). It may be negative.

    Paper: InfoNCE at high temperature is this loss with $\lambda = 1/|N_i|$, up to scale and constant.
    """
    return lam * sum_over(s, negative) - mean_over(s, positive)


def hardest(s, negative, alpha):
    r"""The negatives of each row, nearest first, and which are among its $\lceil \alpha |N_i| \rceil$ nearest."""
    count = negative.sum(-1, keepdim=True)
    # A product such as 0.29 * 100 may come out a rounding above the whole number that it is.
    most = (alpha * count.double() - 1e-6).ceil()
    ordered = torch.where(negative, s, -torch.inf).sort(-1, descending=True).values
    kept = (torch.arange(s.shape[-1], device=s.device) < most) & ordered.isfinite()
    return torch.where(kept, ordered, 0.0), kept


@loss(
    views.cosine,
    paper="contrastivebehaviour2020",
    domains={"temperature": above(0, show=(0.05, 2.0)), "alpha": inside(0, 1, open_high=False, show=(0.05, 1.0))},
    invariances=("rotate", "scale"),
    bounds=(0.0, None),
    special_cases=SpecialCase(of="nt_xent", when={"alpha": 1.0}),
)
def hard_contrastive_loss(s, positive, negative, *, temperature=0.5, alpha=0.1):
    r"""Hard contrastive loss: InfoNCE against each anchor's nearest negatives only.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}}
       -\log \frac{e^{s_i/\tau}}{e^{s_i/\tau} + \sum_{j \in H_i} e^{s_{ij}/\tau}},
       \qquad H_i \text{ the } \lceil \alpha\, |N_i| \rceil \text{ nearest of } N_i $$

    Use: When easy negatives should be left out altogether, instead of being weighed down by a small temperature. Not
    when classes are few and labels unknown, since the nearest negatives are then often of the anchor's own class; then
    `debiased_contrastive_loss`.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$.
        alpha: share of the negatives that is kept, in (0, 1].

    Returns:
        One value per item, the mean of its two views', shape (N,); 0 without negatives.

    Paper: It keeps the negatives from the upper $\alpha$ quantile on. Here their number is fixed, so that among
    equally near ones it does not matter which are kept, and the loss has no jumps.
    """
    near, kept = hardest(s, negative, alpha)
    scores = torch.cat([s, near], -1) / temperature
    beside, no_pull = torch.zeros_like(negative), torch.zeros_like(kept)
    return negative_log_share(scores, torch.cat([positive, no_pull], -1), torch.cat([beside, kept], -1))


@operation(
    takes(
        {"negative_similarities": Field("* K")},
        edges={
            "level": lambda s: {"negative_similarities": torch.zeros_like(s["negative_similarities"])},
            "similarities of size 1e4": lambda s: {"negative_similarities": 1e4 * s["negative_similarities"]},
        },
    ),
    paper="contrastivebehaviour2020",
    domains={"temperature": above(0, show=(0.05, 2.0))},
)
def contrastive_relative_penalty(negative_similarities, *, temperature=0.07):
    r"""Relative penalty of each negative: its share of the push that InfoNCE exerts.

    $$ r_j = \frac{|\partial \ell / \partial s_j|}{|\partial \ell / \partial s_+|}
       = \frac{e^{s_j/\tau}}{\sum_k e^{s_k/\tau}} $$

    Use: To see which negatives InfoNCE would push at a temperature, and how evenly. Not as a loss: it says how the push
    is shared out, not how large it is.

    Args:
        negative_similarities: similarities of anchors to their negatives, shape (..., K).
        temperature: $\tau > 0$.

    Returns:
        Shares that sum to 1 along the last axis, shape (..., K).

    Paper: "Understanding the Behaviour of Contrastive Loss" (arXiv 2012.09740).
    """
    return (negative_similarities / temperature).softmax(-1)
