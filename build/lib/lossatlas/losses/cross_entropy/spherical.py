r"""The spherical family: losses of the sum of the logits, the sum of their squares, and the true logit.

They need no exponential, so the output layer can be trained in $O(d^2)$ for any number of classes (see `factored`).
"""

import math

import torch

from ...contract import above, loss, real
from ...contract.fused import fused
from ...contract.safe import softplus, unit, unit_forward
from ...signatures import logits

NEEDS_FINITE = {
    "minus_inf": "Every logit enters by its square, so that -inf is as large as can be and rules nothing out."
}


def true_logit(logits, target):
    return logits.gather(-1, target.unsqueeze(-1)).squeeze(-1)


def _standard_score_forward(logits, target):
    true = target.unsqueeze(-1)
    centred = logits - logits.gather(-1, true)
    centred -= centred.mean(-1, keepdim=True)
    direction, _, norm = unit_forward(centred)
    root = math.sqrt(direction.shape[-1])
    z = root * direction.gather(-1, true)
    return z.squeeze(-1), direction, z / root, norm / root, true


def _standard_score_backward(gradient, direction, cosine, deviation, true):
    gradient = gradient.unsqueeze(-1) / deviation
    gradients = torch.addcmul(-gradient / direction.shape[-1], direction, -gradient * cosine)
    return gradients.scatter_add_(-1, true, gradient), None


@fused(_standard_score_forward, _standard_score_backward)
def standard_score(logits, target):
    r"""$z = (f_y - \mu) / \sigma$, in standard deviations of an item's logits: (N, C), (N,) -> (N,).

    Its derivative in $f_k$ is $([k = y] - 1/C - z (f_k - \mu) / (C \sigma)) / \sigma$. For level logits z and its
    gradient are 0.
    """
    # Measured from the true logit, level logits are exactly 0, and rounding cannot pass for a spread.
    centred = logits - true_logit(logits, target).unsqueeze(-1)
    centred = centred - centred.mean(-1, keepdim=True)
    return math.sqrt(logits.shape[-1]) * true_logit(unit(centred), target)


@loss(
    logits,
    paper="zloss2016",
    domains={"a": above(0, show=(0.1, 5.0)), "b": real(show=(-2.0, 3.0))},
    invariances=("shift", "scale"),
    bounds=(0.0, None),
    exempt=NEEDS_FINITE,
)
def spherical_z_loss(logits, target, *, a=1.0, b=0.0):
    r"""The Z-loss: how many standard deviations the true logit stands above the mean of the logits.

    $$ \ell = \frac1a \log\bigl( 1 + e^{a (b - z)} \bigr), \qquad z = \frac{f_y - \mu}{\sigma} $$

    $\mu$ and $\sigma$ are mean and standard deviation (divided by C) of the logits of an item. Shifting or scaling
    them changes nothing, so larger logits do not lower the loss.

    Use: When classes are very many, so that the cost of a step of `FactoredSphericalLayer` matters, or when the scale
    of the logits should have no influence. Not when probabilities are needed, and not with logits of -inf, since every
    logit enters the standard deviation; then `cross_entropy`.

    Args:
        logits: scores, shape (N, C), finite.
        target: index of the true class, shape (N,).
        a: sharpness $a > 0$; for large a the loss is the hinge max(0, b - z).
        b: location, in standard deviations.

    Returns:
        One value per item, shape (N,). As $z \le \sqrt{C - 1}$, it stays above 0.

    Paper: de Brébisson & Vincent 2016, *The Z-loss*; a and b are tuned for the metric. Not the logit z-loss.

    Differs: the code of the authors adds 1e-12 to sigma. Here level logits, for which z is not defined, count as
    z = 0 with gradient 0, and the invariance is exact.
    """
    z = standard_score(logits, target)
    return softplus(a * (b - z)) / a


@loss(logits, paper="zloss2016", domains={"eps": above(0, show=(1e-4, 1.0))}, bounds=(0.0, None), exempt=NEEDS_FINITE)
def spherical_softmax_loss(logits, target, *, eps=1e-4):
    r"""Spherical softmax loss: a softmax with the square in place of the exponential.

    $$ \ell = -\log \frac{f_y^2 + \varepsilon}{\sum_k (f_k^2 + \varepsilon)} $$

    Use: When class probabilities are wanted from an output layer that is trained by `FactoredSphericalLayer`. Not when
    the sign of a score should count: a very negative score is as good as a positive one; `taylor_softmax_loss` tells
    them apart, at least near 0.

    Args:
        logits: scores $f$, shape (N, C), finite. Their signs do not matter.
        target: index of the true class, shape (N,).
        eps: $\varepsilon > 0$, keeps the loss finite at a true score of 0, in squared score units.

    Returns:
        One value per item, shape (N,). With eps -> 0 it depends on the ratios of the scores alone.

    Paper: de Brébisson & Vincent 2016, *The Z-loss*; Vincent, de Brébisson & Bouthillier 2015.

    Differs: some code divides the scores by their length first. That is this loss at unit length; on scores of
    length r it is this loss with eps times r squared.
    """
    p = logits.square() + eps
    return p.sum(-1).log() - true_logit(p, target).log()


@loss(logits, paper="zloss2016", bounds=(0.0, None), exempt=NEEDS_FINITE)
def taylor_softmax_loss(logits, target):
    r"""Taylor softmax loss: a softmax with the second-order Taylor polynomial in place of the exponential.

    $$ \ell = -\log \frac{1 + f_y + \tfrac12 f_y^2}{\sum_k (1 + f_k + \tfrac12 f_k^2)} $$

    The polynomial is never below ½, so the logarithm is always defined; it grows again for scores below -1.

    Use: When a softmax without exponentials is wanted, close to the usual one for scores near 0, for instance in
    `FactoredSphericalLayer`. Not when scores become very negative, since a hopeless class gains probability again below
    -1; then `spherical_z_loss` or `cross_entropy`.

    Args:
        logits: scores $f$, shape (N, C), finite.
        target: index of the true class, shape (N,).

    Returns:
        One value per item, shape (N,).

    Paper: de Brébisson & Vincent 2016, *The Z-loss*; Vincent, de Brébisson & Bouthillier 2015.
    """
    p = 1 + logits + 0.5 * logits.square()
    return p.sum(-1).log() - true_logit(p, target).log()
