"""Squares of logits, alone and beside cross-entropy."""

import torch

from ...contract import at_least, loss, real
from ...contract.fused import fused
from ...contract.log_odds import negative_log_likelihood
from ...signatures import logits


def _wrong_squares_forward(logits, target):
    wrong = logits.scatter(-1, target.unsqueeze(-1), 0.0)
    return torch.linalg.vecdot(wrong, wrong), wrong


def _wrong_squares_backward(gradient, wrong):
    return wrong * (2 * gradient.unsqueeze(-1)), None


@fused(_wrong_squares_forward, _wrong_squares_backward)
def wrong_squares(logits, target):
    r"""$\sum_{k \ne y} f_k^2$, with gradient $2 f_k$ in the wrong logits: (N, C), (N,) -> (N,)."""
    return logits.scatter(-1, target.unsqueeze(-1), 0.0).square().sum(-1)


def _mean_wrong_square_forward(logits, target):
    wrong = logits.scatter(-1, target.unsqueeze(-1), 0.0)
    out = wrong.isneginf()
    count = (wrong.shape[-1] - 1 - out.sum(-1)).clamp_(min=1)
    wrong.masked_fill_(out, 0)
    return torch.linalg.vecdot(wrong, wrong) / count, wrong, count


def _mean_wrong_square_backward(gradient, wrong, count):
    return wrong * (2 * gradient / count).unsqueeze(-1), None


@fused(_mean_wrong_square_forward, _mean_wrong_square_backward)
def mean_wrong_square(logits, target):
    r"""The mean of $f_k^2$ over the wrong classes that are not ruled out: (N, C), (N,) -> (N,)."""
    wrong = logits.scatter(-1, target.unsqueeze(-1), 0.0)
    out = wrong.isneginf()
    count = (wrong.shape[-1] - 1 - out.sum(-1)).clamp(min=1)
    return torch.where(out, 0.0, wrong).square().sum(-1) / count


@loss(logits, paper="squentropy2023", bounds=(0.0, None), optimum=0.0)
def squentropy_loss(logits, target):
    r"""Squentropy: cross-entropy plus the mean square of the wrong logits, without a parameter to tune.

    $$ \ell = -\log p_y + \frac{1}{C - 1} \sum_{k \ne y} f_k^2 $$

    The square draws wrong logits to 0 and leaves the true one alone, so a shift of all logits changes the loss.

    Use: When training examples are few and nothing can be tuned. Not when confidences must be right after a short
    training, since the square keeps the wrong logits near 0, nor when a shift of all logits should cost nothing; then
    `cross_entropy`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out and not counted in C.
        target: index of the true class, shape (N,).

    Returns:
        One value per item, shape (N,). 0 is approached, not reached, as the true logit grows.

    Paper: Hui, Belkin & Wright 2023, *Cut your Losses with Squentropy*.
    """
    return negative_log_likelihood(logits, target) + mean_wrong_square(logits, target)


@loss(
    logits,
    paper="hui2021evaluation",
    domains={"k": at_least(0, show=(0.0, 15.0)), "M": real(show=(0.0, 30.0))},
    bounds=(0.0, None),
    exempt={
        "minus_inf": "A logit of -inf is infinitely far from its target 0, and there is no softmax to rule a class out."
    },
)
def rescaled_square_loss(logits, target, *, k=1.0, M=1.0):
    r"""Rescaled square loss: regression of the scores on a rescaled one-hot target, with a weight for the true class.

    $$ \ell = \frac1C \Bigl( k\,(f_y - M)^2 + \sum_{j \ne y} f_j^2 \Bigr) $$

    Use: When scores should regress on their targets, so that the minimum lies at finite scores. Not with many classes
    at the default `k` and `M`, where the one true score counts for little among the others, nor when a softmax of the
    scores is to give probabilities; then `squentropy_loss`.

    Args:
        logits: scores, shape (N, C), finite; no softmax is applied.
        target: index of the true class, shape (N,).
        k: weight $k \ge 0$ of the true class.
        M: where the true score should be, in score units.

    Returns:
        One value per item, shape (N,). k = M = 1 is the mean squared error to the one-hot vector.

    Paper: Hui & Belkin 2021, *Evaluation of Neural Architectures Trained with Square Loss vs Cross-Entropy*. It takes
    k = M = 1 for few classes and larger values for many. Only an excerpt of the paper was compared: that the mean is
    over C, and which values it takes on which data, is not confirmed.
    """
    true = logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    return (k * (true - M).square() + wrong_squares(logits, target)) / logits.shape[-1]
