r"""Cross-entropy as a polynomial in $1 - p_y$, and losses that change its coefficients or its weight.

$-\log p_y = \sum_{j \ge 1} (1 - p_y)^j / j$. PolyLoss changes the first coefficients; focal loss multiplies the whole
sum by a power of $1 - p_y$. With the log-odds $z$ of the true class, $p_y = \sigma(z)$ and $1 - p_y = \sigma(-z)$.
"""

import torch

from ...contract import Kind, SpecialCase, at_least, between, loss
from ...contract.log_odds import log_odds, negative_log_likelihood
from ...contract.safe import softplus
from ...signatures import logits
from .hinges import one_against_rest
from .softmax import lead_over_mean, possible_classes, signs, smooths

COEFFICIENTS = Kind(
    "a sequence of numbers",
    lambda value: hasattr(value, "__iter__") and getattr(value, "ndim", 1) == 1,
    refused=(1.0, torch.ones(2, 2)),
)


def focal_weight(z, gamma):
    r"""$(1 - p)^\gamma$ with $p = \sigma(z)$, as an exponential: a power of an underflowed $1 - p$ has no gradient."""
    return (-gamma * softplus(z)).exp()


@loss(
    logits,
    paper="polyloss2022",
    domains={"epsilon": at_least(-1, show=(-1.0, 6.0)), "label_smoothing": between(0, 1, show=(0.0, 0.5))},
    special_cases=[
        SpecialCase("cross_entropy", when={"epsilon": 0.0}),
        SpecialCase("cross_entropy", when={"epsilon": 0.0, "label_smoothing": 0.1}, then={"label_smoothing": 0.1}),
        SpecialCase("poly_n_cross_entropy", when={"epsilon": 2.0}, then={"epsilons": (2.0,)}),
    ],
    invariances=("shift",),
    bounds=(0.0, None),
    optimum=lambda epsilon, label_smoothing: 0.0 if label_smoothing == 0 else None,
)
def poly1_cross_entropy(logits, target, *, epsilon=1.0, label_smoothing=0.0):
    r"""Poly-1 cross-entropy: cross-entropy with the first coefficient of its polynomial changed by epsilon.

    $$ \ell = -\log p_y + \varepsilon (1 - p_y) $$

    Smoothing by $\alpha$ puts $-\sum_k t_k \log p_k + \varepsilon \sum_k t_k (1 - p_k)$ in its place, with
    $t = (1 - \alpha)\,\mathrm{onehot}(y) + \alpha / C$.

    Use: When one number can be tuned per task: `epsilon` above 0 raises the gradient of examples that are nearly right,
    -1 removes most of it. Not when the probabilities must be calibrated or nothing can be tuned, since no `epsilon`
    serves all tasks; then `cross_entropy`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        epsilon: $\varepsilon \ge -1$; -1 removes the first term of the polynomial.
        label_smoothing: $\alpha$ in [0, 1].

    Returns:
        One value per item, shape (N,).

    Paper: Leng et al. 2022, *PolyLoss*, which tunes epsilon per task (about 2 for ImageNet, -1 for detection).

    Differs: ports differ on smoothing. One adds a constant 38 in place of $\alpha / C$; another sums
    $1 - p_k^{t_k}$ over the classes. Here the target is smoothed, and nothing else changes.
    """
    cross_entropy = negative_log_likelihood(logits, target)
    miss = -torch.expm1(-cross_entropy)
    if smooths(label_smoothing):
        cross_entropy = cross_entropy + label_smoothing * lead_over_mean(logits, target)
        miss = (1 - label_smoothing) * miss + label_smoothing * (1 - 1 / possible_classes(logits))
    return cross_entropy + epsilon * miss


@loss(
    logits,
    paper="polyloss2022",
    domains={"epsilons": COEFFICIENTS},
    special_cases=[
        SpecialCase("cross_entropy", when={"epsilons": ()}),
        SpecialCase("poly1_cross_entropy", when={"epsilons": (2.0, 0.0)}, then={"epsilon": 2.0}),
    ],
    invariances=("shift",),
    optimum=0.0,
)
def poly_n_cross_entropy(logits, target, *, epsilons=(1.0,)):
    r"""Poly-N cross-entropy: cross-entropy with the first N coefficients of its polynomial changed.

    $$ \ell = -\log p_y + \sum_{j=1}^{N} \varepsilon_j (1 - p_y)^j $$

    Use: When several coefficients of the expansion are to be studied at once, for instance to cancel the first few. Not
    for everyday training, where each coefficient is one more number to tune and `poly1_cross_entropy` has one, and not
    with $\varepsilon_j < -1/j$, where the loss may rise with $p_y$.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        epsilons: $\varepsilon_1, \varepsilon_2, \dots$, a sequence of numbers or a tensor with one axis. The loss
            stays decreasing in $p_y$ where $\varepsilon_j \ge -1/j$.

    Returns:
        One value per item, shape (N,).

    Paper: Leng et al. 2022, *PolyLoss*.
    """
    cross_entropy = negative_log_likelihood(logits, target)
    miss = -torch.expm1(-cross_entropy)
    return cross_entropy + sum(epsilon * miss**j for j, epsilon in enumerate(epsilons, start=1))


@loss(
    logits,
    paper="lin2017focal",
    domains={"gamma": at_least(0, show=(0.0, 5.0))},
    special_cases=SpecialCase("cross_entropy", when={"gamma": 0.0}),
    invariances=("shift",),
    bounds=(0.0, None),
    optimum=0.0,
)
def focal_loss(logits, target, *, gamma=2.0):
    r"""Focal loss on the softmax: cross-entropy that gives little weight to examples which are already classified well.

    $$ \ell = -(1 - p_y)^\gamma \log p_y $$

    Use: When easy examples far outnumber the hard ones, as background does in detection. Not when probabilities must be
    calibrated, since it flattens them, and not with wrong labels, which count as the hardest examples of all; then
    `cross_entropy` or `generalized_cross_entropy`.

    Args:
        logits: scores before softmax, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        gamma: focusing exponent $\gamma \ge 0$; 0 is cross-entropy.

    Returns:
        One value per item, shape (N,).

    Paper: Lin et al. 2017, *Focal Loss for Dense Object Detection*.

    Differs: the paper is one-vs-rest on sigmoids with class weights alpha, which `poly1_focal_loss` with epsilon 0
    computes. This is the usual form for one true class among C.
    """
    z = log_odds(logits, target)
    return focal_weight(z, gamma) * softplus(-z)


@loss(
    logits,
    items="N C",
    paper="polyloss2022",
    domains={
        "epsilon": at_least(-1, show=(-1.0, 6.0)),
        "alpha": between(0, 1, show=(0.05, 0.95), optional=True),
        "gamma": at_least(0, show=(0.0, 5.0), main=True),
    },
    special_cases=SpecialCase(
        "logistic_loss", when={"epsilon": 0.0, "alpha": None, "gamma": 0.0}, via=one_against_rest
    ),
    bounds=lambda epsilon, alpha, gamma: (0.0 if epsilon >= 0 else None, None),
)
def poly1_focal_loss(logits, target, *, epsilon=1.0, alpha=0.25, gamma=2.0):
    r"""Poly-1 focal loss: sigmoid focal loss, one class against the rest, with one more polynomial term.

    $$ \ell_k = -\alpha_k (1 - p_k)^\gamma \log p_k + \varepsilon (1 - p_k)^{\gamma + 1} $$

    $p_k = \sigma(f_k)$ for the true class and $1 - \sigma(f_k)$ for the others; $\alpha_k$ is $\alpha$ for the true
    class and $1 - \alpha$ for the others.

    Use: When every class is a yes-or-no question of its own and absent classes far outnumber present ones, as in dense
    detection. Not when exactly one class is right and the classes should compete; then `focal_loss` or
    `poly1_cross_entropy`.

    Args:
        logits: scores before sigmoid, one per class, shape (N, C). A class with logit -inf is ruled out.
        target: index of the true class, shape (N,).
        epsilon: $\varepsilon \ge -1$, the change of the first coefficient.
        alpha: weight of the true class in [0, 1], or None for no weights.
        gamma: focusing exponent $\gamma \ge 0$.

    Returns:
        One value per item and class, shape (N, C); "mean" is over both.

    Paper: Leng et al. 2022, *PolyLoss*; Lin et al. 2017 for epsilon 0.

    Differs: the usual code writes alpha < 0 for no weights; here that is None. The term with epsilon carries no alpha.
    """
    t = signs(target, logits)
    z = (t * logits).clamp(max=torch.finfo(logits.dtype).max)
    weight = 1 if alpha is None else 0.5 + (alpha - 0.5) * t
    return focal_weight(z, gamma) * (weight * softplus(-z) + epsilon * torch.sigmoid(-z))
