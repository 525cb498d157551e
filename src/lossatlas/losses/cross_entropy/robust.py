r"""Label-distributionally robust losses: an adversary weighs the classes, limited by a divergence.

$$ \max_{p} \ \sum_k p_k d_k - \lambda\, \mathrm{KL}(p \,\|\, \text{uniform}), \qquad d_k = f_k - f_y + m\,[k \ne y] $$

The temperature $\lambda$ runs from the worst class alone (0, the Crammer-Singer hinge) to all classes alike (infinity).
"""

import math

import torch
from torch.nn.functional import logsigmoid

from ...contract import SpecialCase, above, at_least, loss, operation, whole
from ...contract.fused import fused
from ...contract.operation import check_limits
from ...contract.reduction import check_reduction
from ...signatures import Field, Positive, logits, takes
from .fields import ExampleIndex

TEMPERATURE, ALPHA = above(0, show=(0.1, 10.0)), above(1, show=(1.1, 5.0))
ADAPTIVE = {"margin": at_least(0, show=(0.0, 2.0)), "lam0": TEMPERATURE, "alpha": ALPHA}


def _differences_forward(logits, target, margin):
    true = target.unsqueeze(-1)
    return (logits - logits.gather(-1, true)).add_(margin).scatter_(-1, true, 0.0), true


def _differences_backward(gradient, true):
    gradient = gradient.scatter(-1, true, 0.0)
    total = gradient.sum(-1, keepdim=True)
    return gradient.scatter_(-1, true, -total), None, total.sum()


@fused(_differences_forward, _differences_backward)
def differences(logits, target, margin):
    r"""$d_k = f_k - f_y + m\,[k \ne y]$, which is 0 for the true class: (N, C), (N,) -> (N, C)."""
    true = target.unsqueeze(-1)
    return (logits - logits.gather(-1, true) + margin).scatter(-1, true, 0.0)


def _log_mean_exp_forward(x):
    highest = x.amax(-1, keepdim=True)
    powers = (x - highest).expm1_()
    mean = powers.mean(-1, keepdim=True)
    return (highest + mean.log1p()).squeeze(-1), powers, mean


def _log_mean_exp_backward(gradient, powers, mean):
    weight = gradient.unsqueeze(-1) / (1 + mean) / powers.shape[-1]
    return (torch.addcmul(weight, powers, weight),)


@fused(_log_mean_exp_forward, _log_mean_exp_backward)
def log_mean_exp(x):
    """Log of the mean of the exponentials over the last axis; exact also where all of them are near 1.

    Its gradient is the vector of softmax probabilities.
    """
    highest = x.detach().amax(-1, keepdim=True)
    return highest.squeeze(-1) + (x - highest).expm1().mean(-1).log1p()


@loss(
    logits,
    paper="labeldistributionallyrobust2021",
    domains={"lam": TEMPERATURE, "margin": at_least(0, show=(0.0, 2.0), main=True)},
    special_cases=SpecialCase(
        "cross_entropy",
        when={"lam": 1.0, "margin": 0.0},
        offset=lambda inputs: -math.log(inputs["logits"].shape[-1]),
    ),
    invariances=("shift",),
)
def ldr_kl_loss(logits, target, *, lam=1.0, margin=0.1):
    r"""LDR-KL loss: the worst case over soft labels, with a Kullback-Leibler penalty on their distance from uniform.

    $$ \ell_\lambda = \lambda \log \Bigl( \frac1C \sum_k e^{d_k / \lambda} \Bigr), \qquad
       d_k = f_k - f_y + m\,[k \ne y] $$

    A large $\lambda$ spreads the adversary's weights over all classes, which makes the loss tolerant of wrong labels.

    Use: When a share of the labels is wrong: a large `lam` spreads the gradient over all classes, so that a wrong label
    weighs hardly more than a right one. Not when the softmax of the scores has to be a probability: only `lam` 1 with
    `margin` 0 trains it as `cross_entropy` does.

    Args:
        logits: scores $f$, shape (N, C). A class with score -inf is ruled out (and still counted in C).
        target: index of the true class, shape (N,).
        lam: temperature $\lambda > 0$, in score units. 1 with margin 0 is cross-entropy minus log C.
        margin: $m \ge 0$, in score units.

    Returns:
        One value per item, shape (N,), between the mean and the maximum of d. It falls below 0, down to
        -lam log C.

    Paper: Zhu, Ying & Yang 2023, *Label Distributionally Robust Losses*.

    Differs: the code of the authors first replaces the logits by `softplus_mean_normalize(logits)`.
    """
    return lam * log_mean_exp(differences(logits, target, margin) / lam)


@loss(
    logits,
    paper="labeldistributionallyrobust2021",
    domains=ADAPTIVE,
    invariances=("shift",),
    exempt={
        "gradient": "The temperature is found from the logits and then held fixed in the gradient, as the method says.",
        "double_backward": "The temperature is held fixed in the gradient, as the method says.",
    },
)
def aldr_kl_loss(logits, target, *, margin=0.1, lam0=1.0, alpha=2.0, lam=None):
    r"""ALDR-KL loss: the LDR-KL loss with a temperature of its own for every example.

    $$ \ell = \lambda \log \Bigl( \frac1C \sum_k e^{d_k / \lambda} \Bigr)
       - \frac{\alpha \log C}{2 \lambda_0} (\lambda - \lambda_0)^2, \qquad
       \lambda = \lambda_0 - \frac{\lambda_0 \mathrm{KL}(p \,\|\, \text{uniform})}{\alpha \log C} $$

    One fixed-point step leads from `lam` to $\lambda$, with $p = \mathrm{softmax}(f / \text{lam})$: an example
    with a confident prediction gets a low temperature. $\lambda$ is a constant for the gradient.

    Use: When a share of the labels is wrong and no single `lam` of `ldr_kl_loss` suits easy and ambiguous examples
    alike. Not when examples have no index by which `ALDRKLLoss` can remember their temperatures, and not when confident
    predictions are often wrong: they get the lowest temperature, which puts the gradient on the hardest rivals.

    Args:
        logits: scores $f$, shape (N, C). A class with score -inf is ruled out (and still counted in C).
        target: index of the true class, shape (N,).
        margin: $m \ge 0$ in $d_k = f_k - f_y + m\,[k \ne y]$, in score units.
        lam0: $\lambda_0 > 0$, the temperature of an undecided prediction, in score units.
        alpha: $\alpha > 1$, how strongly the temperature is drawn to lam0; it stays in [(1 - 1/alpha) lam0, lam0].
        lam: the temperatures of the examples so far, shape (N,), positive; None starts all at lam0.

    Returns:
        One value per item, shape (N,).

    Paper: Zhu, Ying & Yang 2023, *Label Distributionally Robust Losses*.

    Differs: the code of the authors first replaces the logits by `mean_abs_normalize(logits)` and keeps the
    temperatures in a table: `ALDRKLLoss` does the second.
    """
    start = torch.zeros_like(logits[:, 0]) + lam0 if lam is None else lam
    with torch.no_grad():
        lam = aldr_kl_temperature(logits, start, lam0=lam0, alpha=alpha)
    robust = lam * log_mean_exp(differences(logits, target, margin) / lam.unsqueeze(-1))
    return robust - alpha * math.log(logits.shape[-1]) / (2 * lam0) * (lam - lam0).square()


def _certain(inputs):
    """Scores so far apart that one class has all the probability, and a class that is ruled out."""
    logits = 1e4 * inputs["logits"]
    logits[:, -1] = -torch.inf
    return {**inputs, "logits": logits}


@operation(
    takes(
        {"logits": Field("N C"), "lam": Positive("N")},
        least={"C": 2},
        edges={"undecided": lambda inputs: {**inputs, "logits": 0 * inputs["logits"]}, "certain": _certain},
    ),
    paper="labeldistributionallyrobust2021",
    domains={"lam0": TEMPERATURE, "alpha": ALPHA},
)
def aldr_kl_temperature(logits, lam, *, lam0=1.0, alpha=2.0):
    r"""One step of the fixed-point iteration for the temperature of each example.

    $$ \lambda = \lambda_0 - \lambda_0 \frac{\mathrm{KL}(p \,\|\, \text{uniform})}{\alpha \log C},
       \qquad p = \mathrm{softmax}(f / \text{lam}) $$

    Use: To carry the temperatures of `aldr_kl_loss` from one visit of an example to the next, as `ALDRKLLoss` does. Not
    for calibration: a low temperature says that the prediction is confident, not that it is right.

    Args:
        logits: scores $f$, shape (N, C), C at least 2. A class with score -inf is ruled out (and still counted in C).
        lam: temperatures before the step, shape (N,), positive.
        lam0: $\lambda_0 > 0$.
        alpha: $\alpha > 1$.

    Returns:
        Temperatures after the step, shape (N,), in [(1 - 1/alpha) lam0, lam0]: lam0 where p is uniform, the lowest
        where p is certain.

    Paper: Zhu, Ying & Yang 2023, *Label Distributionally Robust Losses*.

    Differs: like the code of the authors, and unlike the formula, 1e-5 is added to every probability and p is
    normalised again; p is taken without the margin.
    """
    p = (logits / lam.unsqueeze(-1)).softmax(-1) + 1e-5
    p = p / p.sum(-1, keepdim=True)
    classes = logits.shape[-1]
    divergence = (p * (classes * p).log()).sum(-1)
    return lam0 - lam0 * divergence / (alpha * math.log(classes))


NUMBERED = takes({"index": ExampleIndex("N")}).inputs


class ALDRKLLoss(torch.nn.Module):
    """ALDR-KL loss with a remembered temperature for every training example.

    Args:
        examples: number of training examples, >= 1.
        margin, lam0, alpha: as in `aldr_kl_loss`.
        reduction: "mean", "sum" or "none".

    The buffer `temperature`, shape (examples,), starts at lam0, is moved on at every call in training mode, and is
    saved with `state_dict`. In evaluation mode it is read and left alone.
    """

    def __init__(self, examples, *, margin=0.1, lam0=1.0, alpha=2.0, reduction="mean"):
        super().__init__()
        settings = {"examples": examples, "margin": margin, "lam0": lam0, "alpha": alpha}
        check_limits({"examples": whole(1), **ADAPTIVE}, settings)
        check_reduction(reduction, None)
        self.margin, self.lam0, self.alpha, self.reduction = margin, lam0, alpha, reduction
        self.register_buffer("temperature", torch.full((examples,), float(lam0)))

    def forward(self, logits, target, index, **keywords):
        """The loss of a batch.

        Args:
            logits: scores, shape (N, C).
            target: index of the true class, shape (N,).
            index: which training example each item is, integers of shape (N,) in [0, examples).
            **keywords: `sample_weight`, `mask`, `normalizer`.
        """
        sizes = {**NUMBERED.check_shapes({"index": index}), "E": len(self.temperature)}
        NUMBERED.check_values({"index": index}, sizes)
        lam = self.temperature[index]
        settings = {"lam0": self.lam0, "alpha": self.alpha}
        value = aldr_kl_loss(
            logits, target, margin=self.margin, lam=lam, reduction=self.reduction, **settings, **keywords
        )
        if self.training:
            moved = aldr_kl_temperature(logits.detach().to(lam.dtype), lam, **settings)
            self.temperature[index] = moved
        return value

    def extra_repr(self):
        settings = f"margin={self.margin}, lam0={self.lam0}, alpha={self.alpha}, reduction={self.reduction!r}"
        return f"{len(self.temperature)}, {settings}"


def _very_negative(inputs):
    """Scores whose softplus is below every float, and one that is -inf."""
    logits = inputs["logits"] - 800
    logits[..., -1] = -torch.inf
    return {"logits": logits}


@operation(
    takes({"logits": Field("* C")}, sizes={"C": 4}, edges={"very negative": _very_negative}),
    paper="labeldistributionallyrobust2021",
)
def softplus_mean_normalize(logits):
    r"""Scores made positive and of mean 1 over the classes, as the authors of the LDR losses feed them.

    $$ \tilde f_k = \frac{\mathrm{softplus}(f_k)}{\frac1C \sum_j \mathrm{softplus}(f_j)} $$

    Use: Before `ldr_kl_loss`, to repeat the experiments of its authors. Not when scores should be able to rule a class
    out by a large lead: their mean is fixed, so no score leads by more than C.

    Args:
        logits: scores, shape (..., C). -inf gives 0.

    Returns:
        Positive numbers of the same shape that sum to C. Very negative scores keep their ratios: the quotient is
        taken between logarithms.

    Paper: Zhu, Ying & Yang 2023, *Label Distributionally Robust Losses*; it stands in the code of the authors.
    """
    low = logits < -40
    # log softplus(f) is f itself to the last digit where f < -40.
    log_softplus = torch.where(low, logits, (-logsigmoid(-torch.where(low, 0.0, logits))).log())
    return logits.shape[-1] * log_softplus.softmax(-1)


def _all_zero(inputs):
    """One item whose scores are all 0."""
    logits = inputs["logits"].clone()
    logits[0] = 0
    return {"logits": logits}


@operation(
    takes({"logits": Field("* C")}, sizes={"C": 4}, edges={"all zero": _all_zero}),
    paper="labeldistributionallyrobust2021",
)
def mean_abs_normalize(logits):
    r"""Scores divided by the mean of their absolute values, as the authors of the ALDR-KL loss feed them.

    $$ \tilde f_k = \frac{f_k}{\frac1C \sum_j |f_j|} $$

    Use: Before `aldr_kl_loss`, to repeat the experiments of its authors. Not with scores of -inf, whose mean is
    infinite, nor when the size of the scores should tell how sure the model is.

    Args:
        logits: finite scores, shape (..., C).

    Returns:
        Scores of the same shape whose absolute values have mean 1; where all are 0, they stay 0.

    Paper: Zhu, Ying & Yang 2023, *Label Distributionally Robust Losses*; it stands in the code of the authors.
    """
    size = logits.abs().mean(-1, keepdim=True)
    return torch.where(size == 0, 0.0, logits / torch.where(size == 0, 1.0, size))
