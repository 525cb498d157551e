"""Binary losses of the margin, label times score, from which the family descends."""

import torch

from ...contract import SpecialCase, loss
from ...contract.safe import softplus
from ...signatures import margin


def as_two_logits(inputs):
    """A score and a label as two logits, the one of -1 at 0, and a class index."""
    score = inputs["score"]
    return {"logits": torch.stack([torch.zeros_like(score), score], -1), "target": (inputs["label"] > 0).long()}


@loss(
    margin,
    paper="cox1958regression",
    aliases=("binary_cross_entropy",),
    special_cases=SpecialCase("cross_entropy", via=as_two_logits),
    invariances=("flip",),
    bounds=(0.0, None),
    optimum=0.0,
)
def logistic_loss(score, label):
    r"""Logistic loss: cross-entropy for two classes, written with one score.

    $$ \ell = \log(1 + e^{-m}), \qquad m = \text{label} \cdot \text{score} $$

    Use: When there are two classes, or several independent yes-or-no questions, and probabilities are wanted. Not when
    many labels are wrong, since the gradient of a badly misclassified example stays near 1, nor when examples should be
    finished at a margin; then `hinge_loss`.

    Args:
        score: log-odds of the label +1, any shape.
        label: -1 or +1, same shape.

    Returns:
        One value per score, same shape, in nats.

    Paper: Cox 1958.
    """
    return softplus(-label * score)


@loss(margin, paper="cortes1995support", invariances=("flip",), bounds=(0.0, None), optimum=0.0)
def hinge_loss(score, label):
    r"""Hinge loss: zero once the score is on the right side by a margin of 1, and linear below that.

    $$ \ell = \max(0, 1 - m), \qquad m = \text{label} \cdot \text{score} $$

    Use: When only the sign of the score matters and examples beyond the margin should have no gradient, so that support
    vectors alone remain. Not when a probability is to be read off the score, nor with an optimizer that needs a smooth
    loss; then `logistic_loss` or `squared_hinge_loss`.

    Args:
        score: any shape, positive for the label +1, in margin units.
        label: -1 or +1, same shape.

    Returns:
        One value per score, same shape. At m = 1 exactly, where the derivative jumps, the gradient is 0.

    Paper: Cortes & Vapnik 1995.
    """
    return torch.relu(1 - label * score)


@loss(margin, paper="tang2013deep", invariances=("flip",), bounds=(0.0, None), optimum=0.0)
def squared_hinge_loss(score, label):
    r"""Squared hinge loss: the square of the hinge, whose gradient has no jump at the margin.

    $$ \ell = \max(0, 1 - m)^2, \qquad m = \text{label} \cdot \text{score} $$

    Use: When a hinge is wanted whose gradient falls continuously to 0 at the margin. Not with outliers or wrong labels,
    whose gradient grows in proportion to the violation; then `hinge_loss` or `logistic_loss`, which bound it.

    Args:
        score: any shape, positive for the label +1, in margin units.
        label: -1 or +1, same shape.

    Returns:
        One value per score, same shape. Where m < 1 it is the squared error to the label.

    Paper: Tang 2013; with it a support vector machine can stand on top of a network.
    """
    return torch.relu(1 - label * score).square()


@loss(margin, paper="rosenblatt1958perceptron", invariances=("flip",), bounds=(0.0, None), optimum=0.0)
def perceptron_loss(score, label):
    r"""Perceptron loss: how far the score lies on the wrong side of 0.

    $$ \ell = \max(0, -m), \qquad m = \text{label} \cdot \text{score} $$

    It is what $\frac1g \log(1 + e^{-g m})$ becomes for large $g$: gradient descent on the logistic loss with a huge
    step is the perceptron algorithm.

    Use: When separable data only have to end up on the right side, or to study what huge steps on `logistic_loss`
    become. Not when a margin or a probability is wanted: scores of 0 already cost nothing, so a zero weight is a
    minimum; then `hinge_loss`.

    Args:
        score: any shape, positive for the label +1.
        label: -1 or +1, same shape.

    Returns:
        One value per score, same shape. At m = 0 the gradient is 0.

    Paper: Rosenblatt 1958; Tyurin 2024, *From Logistic Regression to the Perceptron Algorithm*, for the limit.
    """
    return torch.relu(-label * score)


@loss(
    margin,
    paper="freund1997decision",
    special_cases=SpecialCase("comp_sum_loss", then={"tau": 0.0}, via=as_two_logits),
    invariances=("flip",),
    bounds=(0.0, None),
    optimum=0.0,
    exempt={"extremes": "The exponential of 1e4 is larger than any floating-point number."},
)
def exponential_loss(score, label):
    r"""Exponential loss: the loss that AdaBoost minimises, in which outliers dominate.

    $$ \ell = e^{-m}, \qquad m = \text{label} \cdot \text{score} $$

    Use: When boosting is derived or reproduced and the labels are clean. Not to train networks on data with outliers,
    whose gradient grows exponentially until it overflows; `logistic_loss` is nearly equal at large margins and has a
    bounded gradient.

    Args:
        score: any shape, positive for the label +1.
        label: -1 or +1, same shape.

    Returns:
        One value per score, same shape. It overflows for margins below about -709 in float64, -88 in float32.

    Paper: Freund & Schapire 1997.
    """
    return (-label * score).exp()
