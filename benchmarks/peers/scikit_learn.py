"""scikit-learn: the losses of its boosted trees and linear models (private, with gradients), and its metrics."""

import torch
from sklearn import metrics
from sklearn._loss import loss as half
from sklearn.linear_model import _sgd_fast as sgd

from .peer import Finding, Peer
from .shared import BITS, SAME, made, signs


def array(x):
    """A contiguous array of float64, as their compiled code wants it."""
    return x.detach().double().contiguous().numpy()


def tensor(values, like):
    return torch.as_tensor(values, dtype=like.dtype)


def half_multinomial(logits, target):
    model = made(half.HalfMultinomialLoss, n_classes=logits.shape[-1])
    return tensor(model.loss(array(target), array(logits)), logits)


def half_multinomial_gradient(logits, target):
    model = made(half.HalfMultinomialLoss, n_classes=logits.shape[-1])
    value, gradient = model.loss_gradient(array(target), array(logits))
    return tensor(value, logits), tensor(gradient, logits)


def binary(loss):
    """(value, value and gradient) of one of their losses of a target 0 or 1."""

    def call(score, label):
        return tensor(made(loss).loss(array(label > 0), array(score)), score)

    def with_gradient(score, label):
        value, gradient = made(loss).loss_gradient(array(label > 0), array(score))
        return tensor(value, score), tensor(gradient, score)

    return {"call": call, "with_gradient": with_gradient}


def of_the_sgd(loss):
    """(value, value and gradient) of one of the losses of SGDClassifier, which take one number at a time."""

    def call(score, label):
        pairs = zip(score.flatten().tolist(), label.flatten().tolist(), strict=True)
        return tensor([loss.py_loss(label, score) for score, label in pairs], score).reshape(score.shape)

    def with_gradient(score, label):
        pairs = zip(score.flatten().tolist(), label.flatten().tolist(), strict=True)
        gradient = [loss.py_dloss(score, label) for score, label in pairs]
        return call(score, label), tensor(gradient, score).reshape(score.shape)

    return {"call": call, "with_gradient": with_gradient}


def one_against_rest(logits, target):
    return of_the_sgd(sgd.SquaredHinge())["call"](logits, signs(target, logits))


def one_against_rest_gradient(logits, target):
    return of_the_sgd(sgd.SquaredHinge())["with_gradient"](logits, signs(target, logits))


def hinge_metric(logits, target):
    return tensor(metrics.hinge_loss(target.numpy(), array(logits), labels=range(logits.shape[-1])), logits)


def log_loss(logits, target):
    return tensor(metrics.log_loss(target.numpy(), array(logits.softmax(-1)), labels=range(logits.shape[-1])), logits)


def brier_score(logits, target):
    score = metrics.brier_score_loss(
        target.numpy(), array(logits.softmax(-1)), labels=range(logits.shape[-1]), scale_by_half=True
    )
    return tensor(score, logits)


HALF = "the half in the name is of the deviance"

BOTH_EXPONENTIALS = Finding(
    "Both exponentials are computed and one is multiplied by 0: a score of 1000 on the right side costs NaN, not 0.",
    at={"score": [1000.0], "label": [1]},
)
CLIPPED = Finding(
    "Probabilities are clipped at the distance of 1 to the next float: no item costs more than 36.1, in float32 15.9.",
    at={"logits": [[0.0, 100.0, 0.0]], "target": [0]},
)

PEERS = [
    Peer(
        "cross_entropy",
        "scikit-learn",
        "HalfMultinomialLoss",
        half_multinomial,
        f"Nothing to change: {HALF}.",
        differentiable=False,
        with_gradient=half_multinomial_gradient,
    ),
    Peer(
        "cross_entropy",
        "scikit-learn",
        "metrics.log_loss",
        log_loss,
        "It is given the softmax of the logits.",
        differentiable=False,
        reduction="mean",
        finding=CLIPPED,
    ),
    Peer(
        "softmax_regression_loss",
        "scikit-learn",
        "brier_score_loss(scale_by_half=True)",
        brier_score,
        "It is given the softmax of the logits.",
        differentiable=False,
        reduction="mean",
    ),
    Peer(
        "crammer_singer_hinge",
        "scikit-learn",
        "metrics.hinge_loss",
        hinge_metric,
        "Only margin = 1 is theirs.",
        differentiable=False,
        reduction="mean",
    ),
    Peer(
        "l2_svm_loss",
        "scikit-learn",
        "SquaredHinge of SGDClassifier",
        one_against_rest,
        "The class index becomes +1 for the true class and -1 for the others.",
        differentiable=False,
        with_gradient=one_against_rest_gradient,
    ),
    Peer(
        "logistic_loss",
        "scikit-learn",
        "HalfBinomialLoss",
        transform=f"{BITS[:-1]}; {HALF}.",
        differentiable=False,
        **binary(half.HalfBinomialLoss),
    ),
    Peer(
        "hinge_loss",
        "scikit-learn",
        "Hinge of SGDClassifier",
        transform=SAME,
        differentiable=False,
        **of_the_sgd(sgd.Hinge(1.0)),
    ),
    Peer(
        "squared_hinge_loss",
        "scikit-learn",
        "SquaredHinge of SGDClassifier",
        transform=SAME,
        differentiable=False,
        **of_the_sgd(sgd.SquaredHinge()),
    ),
    Peer(
        "perceptron_loss",
        "scikit-learn",
        "Hinge(0) of SGDClassifier",
        transform="Their threshold is 0.",
        differentiable=False,
        **of_the_sgd(sgd.Hinge(0.0)),
    ),
    Peer(
        "exponential_loss",
        "scikit-learn",
        "ExponentialLoss",
        transform=BITS,
        differentiable=False,
        **binary(half.ExponentialLoss),
        finding=BOTH_EXPONENTIALS,
    ),
]
