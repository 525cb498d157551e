"""Hinges for many classes: the true score must lead the others by a margin, or every class has a hinge of its own."""

import torch

from ...contract import SpecialCase, at_least, loss, operation
from ...contract.fused import fused
from ...signatures import ClassIndex, Field, logits, takes
from .robust import differences
from .softmax import signs


def one_against_rest(inputs):
    """The scores with a label -1 or +1 for each: as `margin` losses take them."""
    return {"score": inputs["logits"], "label": signs(inputs["target"], inputs["logits"])}


@loss(
    logits,
    paper="crammer2001algorithmic",
    domains={"margin": at_least(0, show=(0.0, 3.0))},
    invariances=("shift",),
    bounds=(0.0, None),
    optimum=0.0,
)
def crammer_singer_hinge(logits, target, *, margin=1.0):
    r"""Crammer-Singer hinge: the true score must lead the best of the others by a margin.

    $$ \ell = \max_k \bigl( f_k - f_y + m\,[k \ne y] \bigr) $$

    The term $k = y$ is 0, so the loss is never negative. It is the limit of `ldr_kl_loss` for lam -> 0.

    Use: When only the ranking of the classes matters and an example should be finished once its true class leads by the
    margin. Not when probabilities are needed, nor when many rivals violate at once: the best of them alone gets a
    gradient, whereas `weston_watkins_hinge` moves them all.

    Args:
        logits: scores, shape (N, C). A class with score -inf is ruled out.
        target: index of the true class, shape (N,).
        margin: $m \ge 0$, in score units.

    Returns:
        One value per item, shape (N,). Where classes tie, they share the gradient.

    Paper: Crammer & Singer 2001.
    """
    return differences(logits, target, margin).amax(-1)


def _weston_watkins_forward(logits, target, margin):
    true = target.unsqueeze(-1)
    excess = (logits - logits.gather(-1, true)).add_(margin).scatter_(-1, true, 0).relu_()
    return excess.mean(-1), excess.sign(), true


def _weston_watkins_backward(gradient, beyond, true):
    gradient = gradient.unsqueeze(-1) / beyond.shape[-1]
    count = beyond.sum(-1, keepdim=True)
    return (beyond * gradient).scatter_(-1, true, -gradient * count), None, (gradient * count).sum()


@loss(
    logits,
    paper="weston1999support",
    domains={"margin": at_least(0, show=(0.0, 3.0))},
    invariances=("shift",),
    bounds=(0.0, None),
    optimum=0.0,
)
@fused(_weston_watkins_forward, _weston_watkins_backward)
def weston_watkins_hinge(logits, target, *, margin=1.0):
    r"""Weston-Watkins hinge: the true score must lead every other by a margin.

    $$ \ell = \frac1C \sum_k \max\bigl(0,\ f_k - f_y + m\,[k \ne y]\bigr) $$

    Use: When only the ranking of the classes matters and every rival within the margin should be lowered at once. Not
    when probabilities are needed, nor with very many classes: dividing by C leaves little gradient for the few rivals
    that still violate; then `crammer_singer_hinge`.

    Args:
        logits: scores, shape (N, C). A class with score -inf is ruled out.
        target: index of the true class, shape (N,).
        margin: $m \ge 0$, in score units.

    Returns:
        One value per item, shape (N,).

    Paper: Weston & Watkins 1999.

    Differs: the paper sums over the wrong classes; code, `torch.nn.MultiMarginLoss` among it, divides the sum by all C
    classes, and so does this.
    """
    return torch.relu(differences(logits, target, margin)).mean(-1)


def _l2_svm_forward(logits, target):
    t = signs(target, logits)
    excess = (1 - t * logits).relu_()
    return excess.square(), t, excess


def _l2_svm_backward(gradient, t, excess):
    return (-2 * gradient * t).mul_(excess), None


@loss(
    logits,
    items="N C",
    paper="cnnsvm2017",
    special_cases=SpecialCase("squared_hinge_loss", via=one_against_rest),
    bounds=(0.0, None),
)
@fused(_l2_svm_forward, _l2_svm_backward)
def l2_svm_loss(logits, target):
    r"""L2-SVM loss: the squared hinge of every class against the rest.

    $$ \ell_k = \max(0, 1 - t_k f_k)^2, \qquad t_k = 1 \text{ for } k = y,\ -1 \text{ for the others} $$

    Use: When a support vector machine is to stand on top of a network, which scores every class on its own against the
    rest. Not with very many classes, whose negative terms outnumber the single positive one, nor with outliers, whose
    gradient grows with the violation; then `weston_watkins_hinge`.

    Args:
        logits: scores, shape (N, C), in margin units. A class with score -inf is ruled out.
        target: index of the true class, shape (N,).

    Returns:
        One value per item and class, shape (N, C); "mean" is over both, "sum" is the data term of the paper.

    Paper: Agarap 2017, *An Architecture Combining CNN and SVM*, after Tang 2013.

    Differs: predict with the largest score. The authors' code takes the first positive one.
    """
    return torch.relu(1 - signs(target, logits) * logits).square()


@operation(
    takes({"logits": Field("N C"), "target": ClassIndex("N"), "weight": Field("K ...")}, least={"C": 2}),
    paper="cnnsvm2017",
    domains={"penalty": at_least(0)},
)
def l2_svm_objective(logits, target, weight, *, penalty=1.0):
    r"""The objective of a support vector machine with squared hinge, one class against the rest.

    $$ \tfrac12 \|W\|_F^2 + P \sum_{n,k} \max(0, 1 - t_{nk} f_{nk})^2 $$

    Use: When a linear machine is trained on all data at once, as the penalty on the weight is then counted once. Not
    with mini-batches and an optimizer that decays weights itself: there `l2_svm_loss` is the data term alone.

    Args:
        logits: scores $f = W h + b$, shape (N, C), C at least 2.
        target: index of the true class, shape (N,).
        weight: $W$, any shape with at least one axis; the bias is not penalised.
        penalty: $P \ge 0$, the weight of the errors.

    Returns:
        A 0-d tensor.

    Paper: Agarap 2017 and 2018, after Tang 2013.

    Differs: the two repositories of the author reduce differently. This is the sum, as in the paper and in gru-svm
    (penalty 0.5); cnn-svm takes means over W and over the errors (penalty 1).
    """
    errors = torch.relu(1 - signs(target, logits) * logits).square()
    return 0.5 * weight.square().sum() + penalty * errors.sum()
