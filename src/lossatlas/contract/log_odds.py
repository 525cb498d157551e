r"""The log-odds of the true class, which many losses on logits share, and its negative log-likelihood.

The log-odds of the true class are $z = f_y - \log \sum_{k \ne y} e^{f_k}$. With the logistic function
$\sigma$, $p_y = \sigma(z)$ and $1 - p_y = \sigma(-z)$: both keep all their digits however near 0 or 1 they are,
where $1 - p_y$ computed by subtraction would keep none.
"""

import torch

from .fused import fused
from .safe import softplus


def _behind_forward(logits, target):
    """Minus the log-odds, which spares signs; and powers of e that are in proportion to the shares of the others."""
    true = target.unsqueeze(-1)
    others = logits.scatter(-1, true, torch.finfo(logits.dtype).min)
    highest = others.amax(-1, keepdim=True)
    powers = others.sub_(highest).exp_()
    total = powers.sum(-1, keepdim=True)
    behind = total.log() - (logits.gather(-1, true) - highest)
    return behind.squeeze(-1), powers, total, true


def _behind_backward(gradient, powers, total, true):
    gradient = gradient.unsqueeze(-1)
    return (powers * (gradient / total)).scatter_(-1, true, -gradient), None


def _log_odds_forward(logits, target):
    behind, *kept = _behind_forward(logits, target)
    return -behind, *kept


def _log_odds_backward(gradient, *kept):
    return _behind_backward(-gradient, *kept)


@fused(_log_odds_forward, _log_odds_backward)
def log_odds(logits, target):
    r"""$\log \frac{p_y}{1 - p_y}$, the true logit's lead over the log-sum-exp of the others: (N, C), (N,) -> (N,).

    Its gradient is 1 in the true logit, and in the others minus their shares $e^{f_k} / \sum_{j \ne y} e^{f_j}$.
    """
    true = target.unsqueeze(-1)
    # Counted from the highest logit, large logits lose no digits.
    logits = logits - logits.detach().amax(-1, keepdim=True)
    # The lowest finite number, not -inf, takes the place of the true logit: the sum may have no other term.
    others = logits.scatter(-1, true, torch.finfo(logits.dtype).min)
    return logits.gather(-1, true).squeeze(-1) - others.logsumexp(-1)


def _negative_log_likelihood_forward(logits, target):
    behind, *kept = _behind_forward(logits, target)
    return softplus(behind), behind, *kept


def _negative_log_likelihood_backward(gradient, behind, *kept):
    return _behind_backward(gradient * torch.sigmoid(behind), *kept)


@fused(_negative_log_likelihood_forward, _negative_log_likelihood_backward)
def negative_log_likelihood(logits, target):
    r"""$-\log p_y = \log(1 + e^{-z})$ under the softmax: (N, C), (N,) -> (N,).

    Its derivative is $-(1 - p_y) = -\sigma(-z)$ in the log-odds z.
    """
    return softplus(-log_odds(logits, target))
