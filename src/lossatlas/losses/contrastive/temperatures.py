"""Temperatures that adapt to the batch, or to each anchor by a robust objective."""

import torch

from ...contract import SpecialCase, above, at_least, between, loss, operation
from ...contract.pairwise import log_sum_exp, mean_over
from ...contract.safe import softplus
from ...signatures import Field, pairs, takes, views
from .fields import Temperature

FIXED = "Temperature and weights are held fixed in the gradient"


@loss(
    pairs.cosine,
    paper="modelaware2022",
    items="batch",
    domains={
        "temperature": above(0, show=(0.05, 2.0)),
        "alpha": between(0, 1, show=(0.0, 0.8)),
        "base": between(0, 1, show=(0.0, 0.5)),
    },
    bounds=(1.0, None),
    exempt={
        "items": "The temperature follows the alignment of the whole batch.",
        "gradient": f"{FIXED}, as the paper defines it.",
        "double_backward": f"{FIXED}, so it is not a derivative of the value.",
    },
)
def macl_loss(s, positive, negative, *, temperature=0.1, alpha=0.5, base=0.0):
    r"""Model-aware contrastive loss: InfoNCE whose temperature rises as views align, and whose gradient does not fade.

    $$ \mathcal{L} = \operatorname*{mean}_i \frac{-\log P_i}{1 - P_i}, \qquad
       P_i = \frac{e^{s_i/\tau_a}}{e^{s_i/\tau_a} + \sum_{j \in N_i} e^{s_{ij}/\tau_a}}, \qquad
       \tau_a = \tau_0 \big(1 + \alpha (A - A_0)\big), \quad A = \operatorname*{mean}_i s_i $$

    $\tau_a$ and $1/(1 - P_i)$ are held fixed in the gradient.

    Use: When batches are small and positives win early: the gradient of an anchor does not fade as it does in
    `info_nce`. Not when the value should be a negative log-likelihood, or its gradient the derivative of the value,
    since temperature and weights are constants in it; then `decoupled_contrastive_loss`.

    Args:
        positive: cosine similarities to positives, shape (N, P).
        negative: cosine similarities to negatives, shape (N, K).
        temperature: $\tau_0 > 0$.
        alpha: how strongly the temperature follows the alignment, in [0, 1].
        base: $A_0 \in [0, 1]$, the alignment at which the temperature is $\tau_0$. As $A \ge -1$, the temperature
            stays positive where $\alpha (1 + A_0) < 1$; where it does not, the loss is NaN.

    Returns:
        One value for the batch, at least 1.

    Paper: For two views in one batch use `on(views, macl_loss)`; then both views of all items are anchors.

    Differs: lightly adds 1e-8 to $1 - P_i$. Official code divides by 0 where $P_i$ rounds to 1; here the value is 1.
    """
    alignment = torch.where(positive, s, 0.0).sum() / positive.sum().clamp(min=1)
    adapted = temperature * (1 + alpha * (alignment - base)).detach()
    adapted = torch.where(adapted > 0, adapted, torch.nan)
    some = positive.any(-1) & negative.any(-1)
    odds = log_sum_exp(s / adapted, negative) - log_sum_exp(s / adapted, positive)
    odds = torch.where(some, odds, 0.0)
    # The fixed weight 1 / (1 - P) times the derivative 1 - P of -log P in the log-odds: their gradient is 1 everywhere.
    each = torch.where(some, _softplus_over_sigmoid(odds.detach()) + odds - odds.detach(), 0.0)
    return each.sum() / max(len(each), 1)


def _softplus_over_sigmoid(odds):
    r"""$\log(1 + e^x) / \sigma(x)$, which tends to 1 on the left."""
    small = torch.exp(-odds.abs())
    # Below this the quotient log(1 + small) / small is 1 to the last digit.
    left = torch.where(small > 1e-20, torch.log1p(small) / small.clamp(min=1e-20), 1.0)
    return (1 + small) * torch.where(odds > 0, softplus(odds), left)


@loss(
    views.cosine,
    paper="automatictemperature2023",
    domains={"temperature": above(0, show=(0.05, 2.0))},
    invariances=("rotate", "scale"),
    bounds=(-2.0, 2.0),
)
def global_contrastive_loss(s, positive, negative, *, temperature=0.1):
    r"""Global contrastive loss: a soft maximum of how much nearer the negatives are than the positive.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}} \tau \log \operatorname*{mean}_{j \in N_i} e^{(s_{ij} - s_i)/\tau} $$

    Use: When the loss should stay on the scale of similarities whatever the temperature, and the pull on the positive
    should not fade. Not when small batches stand for a whole data set, since the logarithm of a batch mean is biased;
    then `GlobalContrastiveTemperatures`, which keeps running means.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$; towards 0 the loss becomes the largest gap, with large values the mean gap.

    Returns:
        One value per item, the mean of its two views', shape (N,), between -2 and 2; 0 without negatives.

    Paper: This is the objective of SogCLR, with the batch in place of the data set.
    """
    return soft_worst_gap(s, positive, negative, temperature)


def soft_worst_gap(s, positive, negative, temperature):
    r"""$\tau \log \operatorname{mean} e^{h/\tau}$ of the gaps h from the positive to the negatives; 0 without any."""
    count = negative.sum(-1, keepdim=True).clamp(min=1).to(s.dtype)
    gap = s - mean_over(s, positive).unsqueeze(-1)
    worst = temperature * log_sum_exp(gap / temperature - count.log(), negative)
    return torch.where(negative.any(-1), worst, 0.0)


@loss(
    views.cosine,
    paper="automatictemperature2023",
    domains={"temperature": above(0, show=(0.05, 2.0)), "rho": at_least(0, show=(0.0, 6.0))},
    invariances=("rotate", "scale"),
    bounds=lambda temperature, rho: (-2.0 + temperature * rho, 2.0 + temperature * rho),
    special_cases=SpecialCase(of="global_contrastive_loss", when={"rho": 0.0}),
)
def robust_global_contrastive_loss(s, positive, negative, *, temperature=0.1, rho=0.3):
    r"""Robust global contrastive loss: the global loss plus a penalty on the temperature, which can then be learned.

    $$ \ell_n = \tfrac12 \sum_{i \in \{a_n, b_n\}}
       \tau \log \operatorname*{mean}_{j \in N_i} e^{(s_{ij} - s_i)/\tau} + \tau \rho $$

    Its minimum over $\tau$ is the largest mean gap $\sum_j p_j (s_{ij} - s_i)$ under weights p with
    $\operatorname{KL}(p \,\|\, \text{uniform}) \le \rho$.

    Use: When the temperature should be learned with the network instead of being set. Not with a fixed temperature,
    where `rho` adds only a constant to `global_contrastive_loss`, nor for one temperature per training example, which
    `GlobalContrastiveTemperatures` keeps.

    Args:
        view_a, view_b: two views of each item, shape (N, D) each; their length does not matter.
        gallery_a, gallery_b: views of others, (M, D) each; by default the batch itself.
        own, gallery_mask: rows of the gallery that are left out.
        temperature: $\tau > 0$; a tensor gets a gradient.
        rho: $\rho \ge 0$, how far the worst case may be from uniform weights.

    Returns:
        One value per item, the mean of its two views', shape (N,).

    Paper: Each anchor of the data set has a temperature of its own: see `GlobalContrastiveTemperatures`.

    Differs: libauc's GCLoss returns the number whose gradient it needs, not this objective. At the first call its
    gradient is twice this one's.
    """
    return soft_worst_gap(s, positive, negative, temperature) + temperature * rho


WIDTH = above(0, show=(2.0, 64.0))


@operation(
    takes({"temperature": Temperature("*")}, sizes={"N": 4}),
    paper="multiheadcontrastive2023",
    domains={"width": WIDTH},
    example={"width": 4.0},
)
def adaptive_temperature_regularizer(temperature, *, width):
    r"""Price of a temperature in adaptive multi-head contrastive learning, with its minimum at $2/d$.

    $$ \Omega(\tau) = \tfrac{d}{2} \log \tau + \tfrac1\tau $$

    Use: To keep a learned temperature from running away, beside a loss such as `amcl_nt_xent`. Not for a temperature
    that is set by hand, to which it adds a constant.

    Args:
        temperature: finite numbers $\tau > 0$, of any shape.
        width: $d > 0$, the number of coordinates of a projection.

    Returns:
        One value per temperature.

    Paper: "Adaptive Multi-head Contrastive Learning" (arXiv 2310.05615). Read from its code.
    """
    return width / 2 * temperature.log() + 1 / temperature


@operation(
    takes(
        {
            "positive": Field("N C"),
            "negative": Field("N C K"),
            "positive_temperature": Temperature("N C"),
            "negative_temperature": Temperature("N C K"),
        },
        least={"K": 1},
        edges={
            "one negative": lambda s: {
                **s,
                **{name: s[name][..., :1] for name in ("negative", "negative_temperature")},
            },
        },
    ),
    paper="multiheadcontrastive2023",
    domains={"width": WIDTH, "beta": at_least(0, show=(0.0, 1.0))},
    example={"width": 4.0},
)
def amcl_nt_xent(positive, negative, positive_temperature, negative_temperature, *, width, beta=0.1):
    r"""NT-Xent of adaptive multi-head contrastive learning: a temperature per pair and head, the hardest negative only.

    $$ \ell_i = \sum_{c=1}^{C} \Big[ -\frac{s_i^c}{\tau_i^c} + \frac{s_{in^*}^c}{\tau_{in^*}^c}
       + \beta\, \Omega(\tau_i^c) - \beta\, \Omega(\tau_{in^*}^c) \Big], \qquad n^* = \arg\max_n s_{in}^c $$

    Use: With several projection heads, and a small network that finds a temperature for each pair. Not with negatives'
    temperatures that no upper limit keeps, since the loss then has no lower bound, nor with one temperature for all;
    then `nt_xent`.

    Args:
        positive: similarity of each anchor to its positive, by head, shape (N, C).
        negative: similarities to negatives, shape (N, C, K).
        positive_temperature, negative_temperature: temperatures $\tau$ of these pairs, finite and > 0, of the same
            shapes.
        width: $d > 0$, the number of coordinates of a projection.
        beta: weight of the price of temperatures, >= 0.

    Returns:
        One value per anchor, shape (N,). Without an upper limit on the negatives' temperatures it has no lower bound.

    Paper: "Adaptive Multi-head Contrastive Learning" (arXiv 2310.05615). Uncertain: the published code does not run;
    the formula is that of the table in its repository.
    """
    hardest = negative.argmax(-1, keepdim=True)
    similarity = negative.gather(-1, hardest).squeeze(-1)
    apart = negative_temperature.gather(-1, hardest).squeeze(-1)
    at_positive, at_negative = (adaptive_temperature_regularizer(t, width=width) for t in (positive_temperature, apart))
    price = at_positive - at_negative
    return (similarity / apart - positive / positive_temperature + beta * price).sum(-1)
