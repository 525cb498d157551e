"""Keras on its torch backend. Its losses of probabilities clip them at 1e-7, also when they come from logits."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")

from keras import losses

from .peer import Finding, Peer
from .shared import BITS, ONE_HOT, RULED_OUT_IS_NAN, SAME, SMOOTHED_OVER_RULED_OUT, bits, one_hot, signs


def cross_entropy(logits, target):
    return losses.sparse_categorical_crossentropy(target, logits, from_logits=True)


def smoothed_cross_entropy(logits, target, *, label_smoothing):
    return losses.categorical_crossentropy(
        one_hot(target, logits), logits, from_logits=True, label_smoothing=label_smoothing
    )


def generalized_cross_entropy(logits, target, *, q=0.7):
    return losses.categorical_generalized_cross_entropy(target, logits.softmax(-1), q)


def mean_absolute_error(logits, target):
    return logits.shape[-1] * losses.mean_absolute_error(one_hot(target, logits), logits.softmax(-1))


def softmax_regression_loss(logits, target):
    return logits.shape[-1] / 2 * losses.mean_squared_error(one_hot(target, logits), logits.softmax(-1))


def square_loss(logits, target, *, k, M):
    return losses.mean_squared_error(one_hot(target, logits), logits)


def focal_loss(logits, target, *, gamma=2.0):
    return losses.categorical_focal_crossentropy(
        one_hot(target, logits), logits, alpha=1.0, gamma=gamma, from_logits=True
    )


def one_against_rest(logits, target, *, epsilon, alpha=0.25, gamma=2.0):
    settings = {"apply_class_balancing": True, "alpha": alpha, "gamma": gamma, "from_logits": True}
    return losses.binary_focal_crossentropy(one_hot(target, logits).unsqueeze(-1), logits.unsqueeze(-1), **settings)


def categorical_hinge(logits, target):
    return losses.categorical_hinge(one_hot(target, logits), logits)


def l2_svm_loss(logits, target):
    return losses.squared_hinge(signs(target, logits).unsqueeze(-1), logits.unsqueeze(-1))


def hinge_loss(score, label):
    return losses.hinge(label.unsqueeze(-1), score.unsqueeze(-1))


def squared_hinge_loss(score, label):
    return losses.squared_hinge(label.unsqueeze(-1), score.unsqueeze(-1))


def logistic_loss(score, label):
    return losses.binary_crossentropy(bits(label, score).unsqueeze(-1), score.unsqueeze(-1), from_logits=True)


def null_bce_loss(logits, target):
    return class_relational_bce_loss(logits, one_hot(target, logits))


def class_relational_bce_loss(logits, target):
    return losses.binary_crossentropy(target.unsqueeze(-1), logits.unsqueeze(-1), from_logits=True)


SOFTMAX = "It is given the softmax of the logits"
#: Most of what they compute goes through a mean over an axis, and that rounds float64 to float32.
FLOAT32 = ("float32",)
GAMMAS = ({}, {"gamma": 0.5}, {"gamma": 5.0})

HOPELESS = Finding(
    "Where the probability of the true class underflows to 0, the gradient is NaN; it is 0 there.",
    at={"logits": [[0.0, 1000.0, 0.0]], "target": [0]},
    gradient="logits",
)
CLIPPED = Finding(
    "Probabilities are clipped at 1e-7, also when they come from logits: no item costs more than 16.2, and the hopeless"
    " ones get no gradient.",
    at={"logits": [[0.0, 40.0, 0.0]], "target": [0]},
)
SIGMOID_CLIPPED = Finding(CLIPPED.what, CLIPPED.at, {"epsilon": 0.0})
ZERO_AMONG_THE_WRONG = Finding(
    "The best wrong score is sought among the scores times 1 - one_hot, where the true class counts as 0: below 0 it"
    " hides the wrong ones.",
    at={"logits": [[-1.0, -2.0, -3.0]], "target": [0]},
)

PEERS = [
    Peer("cross_entropy", "keras", "sparse_categorical_crossentropy", cross_entropy, SAME),
    Peer(
        "cross_entropy",
        "keras",
        "categorical_crossentropy",
        smoothed_cross_entropy,
        ONE_HOT,
        ({"label_smoothing": 0.1}, {"label_smoothing": 0.5}),
        finding=SMOOTHED_OVER_RULED_OUT,
    ),
    Peer(
        "generalized_cross_entropy",
        "keras",
        "categorical_generalized_cross_entropy",
        generalized_cross_entropy,
        f"{SOFTMAX}.",
        ({}, {"q": 0.3}, {"q": 1.0}),
        dtypes=FLOAT32,
        finding=HOPELESS,
    ),
    Peer(
        "mean_absolute_error",
        "keras",
        "mean_absolute_error",
        mean_absolute_error,
        f"{SOFTMAX}; their mean over classes becomes a sum.",
        dtypes=FLOAT32,
    ),
    Peer(
        "softmax_regression_loss",
        "keras",
        "mean_squared_error",
        softmax_regression_loss,
        f"{SOFTMAX}; their mean over classes becomes half the sum.",
        dtypes=FLOAT32,
    ),
    Peer(
        "rescaled_square_loss",
        "keras",
        "mean_squared_error",
        square_loss,
        f"Only k = M = 1 is theirs. {ONE_HOT}",
        ({"k": 1.0, "M": 1.0},),
        dtypes=FLOAT32,
    ),
    Peer(
        "focal_loss",
        "keras",
        "categorical_focal_crossentropy",
        focal_loss,
        f"Their alpha is 1. {ONE_HOT}",
        GAMMAS,
        finding=CLIPPED,
    ),
    Peer(
        "poly1_focal_loss",
        "keras",
        "binary_focal_crossentropy",
        one_against_rest,
        f"Only epsilon = 0 is theirs. {ONE_HOT}",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        dtypes=FLOAT32,
        finding=SIGMOID_CLIPPED,
    ),
    Peer(
        "crammer_singer_hinge",
        "keras",
        "categorical_hinge",
        categorical_hinge,
        ONE_HOT,
        agrees=False,
        dtypes=FLOAT32,
        finding=ZERO_AMONG_THE_WRONG,
    ),
    Peer(
        "l2_svm_loss",
        "keras",
        "squared_hinge",
        l2_svm_loss,
        "The class index becomes +1 for the true class and -1 for the others.",
        dtypes=FLOAT32,
    ),
    Peer("hinge_loss", "keras", "hinge", hinge_loss, SAME, dtypes=FLOAT32),
    Peer("squared_hinge_loss", "keras", "squared_hinge", squared_hinge_loss, SAME, dtypes=FLOAT32),
    Peer("logistic_loss", "keras", "binary_crossentropy", logistic_loss, BITS, dtypes=FLOAT32),
    Peer(
        "null_bce_loss",
        "keras",
        "binary_crossentropy",
        null_bce_loss,
        ONE_HOT,
        dtypes=FLOAT32,
        finding=RULED_OUT_IS_NAN,
    ),
    Peer("class_relational_bce_loss", "keras", "binary_crossentropy", class_relational_bce_loss, SAME, dtypes=FLOAT32),
]
