"""Losses that keep rewarding examples which are already classified well."""

import math

import torch

from ...contract import SpecialCase, at_least, between, loss
from ...contract.log_odds import log_odds
from ...contract.safe import softplus
from ...signatures import logits, margin
from .polynomial import focal_weight

LOG_2 = math.log(2.0)


@loss(
    logits,
    paper="wellclassified2021",
    domains={"log_end": between(0, 1, show=(0.0, 0.95))},
    invariances=("shift",),
    bounds=lambda log_end: (math.log(1 - log_end) - 1 if log_end < 1 else None, None),
    optimum=lambda log_end: math.log(1 - log_end) - 1 if log_end < 1 else None,
)
def encouraging_loss(logits, target, *, log_end=0.75):
    r"""Encouraging loss: cross-entropy with a bonus that preserves the gradient of well-classified examples.

    $$ \ell = -\log p_y + \begin{cases} \log(1 - p_y) & p_y \le e \\
       \log(1 - e) - \dfrac{p_y - e}{1 - e} & p_y > e \end{cases} $$

    Up to $p_y = e$ the loss is minus the log-odds of the true class, so its derivative in them is -1; beyond, the bonus
    follows its tangent.

    Use: When labels are clean and wide margins matter: well-classified examples keep their gradient. Not with noisy
    labels, since a wrong label that has been fitted keeps its gradient too, and not when the value should be a
    negative log-likelihood, as it falls below 0; then `cross_entropy`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        log_end: $e$ in [0, 1], the probability where the logarithm ends. 1 is the full bonus.

    Returns:
        One value per item, shape (N,). Negative for well-classified items: the lowest value is log(1 - e) - 1, and
        for e = 1 there is none.

    Paper: Zhao et al. 2022, *Well-classified Examples are Underestimated*.

    Differs: the code of the authors clamps $1 - p_y$ at 1e-5 before the logarithm, which stops the bonus of e = 1 at
    $p_y = 0.99999$. Nothing is clamped here: $\log(1 - p_y)$ comes from the log-odds and is exact.
    """
    z = log_odds(logits, target)
    miss = torch.sigmoid(-z)
    # The end of the logarithm; the lowest normal number for e = 1, where no item is beyond it.
    end = torch.as_tensor(1 - log_end, dtype=z.dtype, device=z.device).clamp(min=torch.finfo(z.dtype).tiny)
    beyond = softplus(-z) + (end.log() - 1) + miss / end
    return torch.where(torch.sigmoid(z) > log_end, beyond, -z)


@loss(
    margin,
    paper="wellclassified2021",
    domains={
        "alpha": between(0, 1, show=(0.05, 0.95), optional=True),
        "gamma": at_least(0, show=(0.0, 5.0), main=True),
    },
    special_cases=SpecialCase("logistic_loss", when={"alpha": None, "gamma": 0.0}),
    bounds=lambda alpha, gamma: (-(1 if alpha is None else alpha) * LOG_2 * (1 - 0.5**gamma), None),
)
def halted_focal_loss(score, label, *, alpha=0.25, gamma=2.0):
    r"""Halted focal loss: focal loss that continues as plain cross-entropy for positives with a score above 0.

    $$ \ell = \begin{cases} -\alpha \log p - \alpha \log 2 \, (1 - 2^{-\gamma}) & \text{label} = 1,\ \text{score} > 0 \\
       -\alpha_t (1 - p_t)^\gamma \log p_t & \text{otherwise} \end{cases} $$

    $p = \sigma(\text{score})$; $p_t = p$ and $\alpha_t = \alpha$ for the label +1, $1 - p$ and $1 - \alpha$ for -1.
    The constant joins the two pieces at score 0. A comparison with focal loss shows what its weight takes from
    well-classified positives.

    Use: When the question is what the focal weight takes from well-classified positives: it was proposed as a
    counter-experiment for detection. Not as a general replacement of `logistic_loss`, since it treats positives and
    negatives differently; for many classes see `encouraging_loss`.

    Args:
        score: logit of the label +1, any shape.
        label: -1 or +1, same shape. A target of 0 or 1 is the label 2 target - 1.
        alpha: weight of the label +1 in [0, 1], or None for no weights.
        gamma: focusing exponent, >= 0.

    Returns:
        One value per score, same shape. Negative for positives with a score above 0.

    Paper: Zhao et al. 2022, *Well-classified Examples are Underestimated*.

    Differs: the code of the authors writes alpha < 0 for no weights; here that is None. Its other variants, which
    halt the focal weight on negatives, are not here.
    """
    z = label * score
    cross_entropy = softplus(-z)
    weight = 1 if alpha is None else 0.5 + (alpha - 0.5) * label
    halted = cross_entropy - LOG_2 * (1 - 0.5**gamma)
    return weight * torch.where((label > 0) & (score > 0), halted, focal_weight(z, gamma) * cross_entropy)
