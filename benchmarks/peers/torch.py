"""torch itself: its own losses, and the compositions of its functions that papers and practitioners write."""

import torch
from torch.nn import functional as F

from .peer import Finding, Peer
from .shared import BITS, FOCAL_GRADIENT_IS_NAN, ONE_HOT, RULED_OUT_IS_NAN, SAME, SMOOTHED_OVER_RULED_OUT, bits, one_hot


def cross_entropy(logits, target, *, label_smoothing=0.0, reduction="none"):
    return F.cross_entropy(logits, target, label_smoothing=label_smoothing, reduction=reduction)


def comp_sum_loss(logits, target, *, tau, reduction="none"):
    return cross_entropy(logits, target, reduction=reduction)


def generalized_cross_entropy(logits, target, *, q=0.7):
    p = logits.softmax(-1).gather(-1, target.unsqueeze(-1)).squeeze(-1)
    return (1 - p**q) / q


def mean_absolute_error(logits, target):
    return F.l1_loss(logits.softmax(-1), one_hot(target, logits), reduction="none").sum(-1)


def logit_z_loss(logits, target):
    return logits.logsumexp(-1) ** 2


def softmax_regression_loss(logits, target):
    return 0.5 * F.mse_loss(logits.softmax(-1), one_hot(target, logits), reduction="none").sum(-1)


def focal_loss(logits, target, *, gamma=2.0):
    nll = F.cross_entropy(logits, target, reduction="none")
    return (1 - torch.exp(-nll)) ** gamma * nll


def poly1_cross_entropy(logits, target, *, epsilon=1.0):
    p = (one_hot(target, logits) * logits.softmax(-1)).sum(-1)
    return F.cross_entropy(logits, target, reduction="none") + epsilon * (1 - p)


def square_loss(logits, target, *, k, M, reduction="none"):
    squares = F.mse_loss(logits, one_hot(target, logits), reduction=reduction)
    return squares.mean(-1) if reduction == "none" else squares


def harmonic_loss(features, prototypes, target, *, n=2.0, reduction="none"):
    return F.cross_entropy(-n * torch.log(torch.cdist(features, prototypes)), target, reduction=reduction)


def equiangular_basis_loss(features, prototypes, target, *, temperature=0.07, label_smoothing=0.1, reduction="none"):
    cosines = F.normalize(features) @ F.normalize(prototypes).T
    return F.cross_entropy(cosines / temperature, target, label_smoothing=label_smoothing, reduction=reduction)


def weston_watkins_hinge(logits, target, *, margin=1.0, reduction="none"):
    return F.multi_margin_loss(logits, target, margin=margin, reduction=reduction)


def soft_margin(score, label, *, reduction="none"):
    return F.soft_margin_loss(score, label, reduction=reduction)


def logistic_loss(score, label, *, reduction="none"):
    return F.binary_cross_entropy_with_logits(score, bits(label, score), reduction=reduction)


def binary_cross_entropy(score, label, *, reduction="none"):
    return F.binary_cross_entropy(score.sigmoid(), bits(label, score), reduction=reduction)


def taylor_softmax_loss(logits, target, *, reduction="none"):
    p = 1 + logits + logits**2 / 2
    return F.nll_loss((p / p.sum(-1, keepdim=True)).log(), target, reduction=reduction)


def hinge_loss(score, label, *, reduction="none"):
    return F.margin_ranking_loss(score, torch.zeros_like(score), label, margin=1.0, reduction=reduction)


def hinge_embedding(score, label, *, reduction="none"):
    return F.hinge_embedding_loss(label * score, label.new_tensor(-1.0), margin=1.0, reduction=reduction)


def squared_hinge_loss(score, label):
    return F.margin_ranking_loss(score, torch.zeros_like(score), label, margin=1.0, reduction="none").square()


def perceptron_loss(score, label, *, reduction="none"):
    return F.margin_ranking_loss(score, torch.zeros_like(score), label, margin=0.0, reduction=reduction)


def null_bce_loss(logits, target, *, reduction="none"):
    return F.binary_cross_entropy_with_logits(logits, one_hot(target, logits), reduction=reduction)


def class_relational_bce_loss(logits, target, *, reduction="none"):
    return F.binary_cross_entropy_with_logits(logits, target.to(logits.dtype), reduction=reduction)


def multilabel_soft_margin(logits, target):
    return F.multilabel_soft_margin_loss(logits, target.to(logits.dtype))


def null_multilabel_soft_margin(logits, target):
    return F.multilabel_soft_margin_loss(logits, one_hot(target, logits))


HOPELESS = Finding(
    "Where the probability of the true class underflows to 0, the gradient is NaN; it is 0 there.",
    at={"logits": [[0.0, 1000.0, 0.0]], "target": [0]},
    gradient="logits",
)
ON_THE_PROTOTYPE = Finding(
    "On a prototype the logarithm of the distance 0 makes the loss NaN; on the true prototype it is 0. The code of the"
    " authors adds 1e-4 to the square.",
    at={"features": [[1.0, 0.0]], "prototypes": [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.5]], "target": [0]},
)
OVERFLOWS = Finding(
    "The exponential is taken before the logarithm: infinite from a margin of about -709 on, -88 in float32.",
    at={"score": [-1000.0], "label": [1]},
)
CLAMPED = Finding(
    "The logarithm is clamped at -100: no item costs more, and the gradient is 0 there.",
    at={"score": [-1000.0], "label": [1]},
)

PEERS = [
    Peer(
        "cross_entropy",
        "torch",
        "F.cross_entropy",
        cross_entropy,
        SAME,
        ({}, {"label_smoothing": 0.1}, {"label_smoothing": 0.5}),
        finding=SMOOTHED_OVER_RULED_OUT,
    ),
    Peer("comp_sum_loss", "torch", "F.cross_entropy", comp_sum_loss, "Only tau = 1 is theirs.", ({"tau": 1.0},)),
    Peer(
        "generalized_cross_entropy",
        "torch",
        "(1 - softmax**q) / q",
        generalized_cross_entropy,
        "The paper's formula, written down.",
        ({}, {"q": 0.3}, {"q": 1.0}),
        finding=HOPELESS,
    ),
    Peer(
        "mean_absolute_error",
        "torch",
        "F.l1_loss(softmax, one_hot)",
        mean_absolute_error,
        "Their mean over classes becomes a sum.",
    ),
    Peer(
        "softmax_regression_loss",
        "torch",
        "F.mse_loss(softmax, one_hot)",
        softmax_regression_loss,
        "Half their sum over classes.",
    ),
    Peer("logit_z_loss", "torch", "torch.logsumexp(logits, -1)**2", logit_z_loss, SAME),
    Peer(
        "focal_loss",
        "torch",
        "(1 - exp(-ce))**gamma * ce",
        focal_loss,
        "The usual lines around F.cross_entropy.",
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
        finding=FOCAL_GRADIENT_IS_NAN,
    ),
    Peer(
        "poly1_cross_entropy",
        "torch",
        "F.cross_entropy + epsilon * (1 - p)",
        poly1_cross_entropy,
        "The paper's lines, in torch.",
        ({}, {"epsilon": 4.0}, {"epsilon": -0.5}),
    ),
    Peer(
        "taylor_softmax_loss",
        "torch",
        "F.nll_loss(log(taylor_softmax))",
        taylor_softmax_loss,
        "The lines that circulate for it, with the polynomial of order 2.",
    ),
    Peer(
        "rescaled_square_loss",
        "torch",
        "F.mse_loss(logits, one_hot)",
        square_loss,
        "Only k = M = 1 is theirs.",
        ({"k": 1.0, "M": 1.0},),
    ),
    Peer(
        "harmonic_loss",
        "torch",
        "F.cross_entropy(-n * log(cdist))",
        harmonic_loss,
        "As in the code of the authors, without their eps.",
        ({}, {"n": 1.0}, {"n": 8.0}),
        finding=ON_THE_PROTOTYPE,
    ),
    Peer(
        "equiangular_basis_loss",
        "torch",
        "F.cross_entropy(cosines / T)",
        equiangular_basis_loss,
        "As in the code of the authors.",
        ({}, {"temperature": 0.5, "label_smoothing": 0.0}),
    ),
    Peer("weston_watkins_hinge", "torch", "F.multi_margin_loss", weston_watkins_hinge, SAME, ({}, {"margin": 0.3})),
    Peer("logistic_loss", "torch", "F.soft_margin_loss", soft_margin, SAME, finding=OVERFLOWS),
    Peer("logistic_loss", "torch", "F.binary_cross_entropy_with_logits", logistic_loss, BITS),
    Peer(
        "logistic_loss",
        "torch",
        "F.binary_cross_entropy",
        binary_cross_entropy,
        f"{BITS[:-1]}; it is given the sigmoid of the score.",
        finding=CLAMPED,
    ),
    Peer("hinge_loss", "torch", "F.margin_ranking_loss", hinge_loss, "Their second score is 0, their margin 1."),
    Peer(
        "hinge_loss",
        "torch",
        "F.hinge_embedding_loss",
        hinge_embedding,
        "Label times score is their input, their label is -1, their margin 1.",
    ),
    Peer(
        "squared_hinge_loss",
        "torch",
        "F.margin_ranking_loss**2",
        squared_hinge_loss,
        "Their second score is 0, their margin 1, the result is squared.",
    ),
    Peer(
        "perceptron_loss", "torch", "F.margin_ranking_loss", perceptron_loss, "Their second score is 0, their margin 0."
    ),
    Peer(
        "null_bce_loss", "torch", "F.binary_cross_entropy_with_logits", null_bce_loss, ONE_HOT, finding=RULED_OUT_IS_NAN
    ),
    Peer(
        "null_bce_loss",
        "torch",
        "F.multilabel_soft_margin_loss",
        null_multilabel_soft_margin,
        ONE_HOT,
        reduction="mean",
        finding=RULED_OUT_IS_NAN,
    ),
    Peer("class_relational_bce_loss", "torch", "F.binary_cross_entropy_with_logits", class_relational_bce_loss, SAME),
    Peer(
        "class_relational_bce_loss",
        "torch",
        "F.multilabel_soft_margin_loss",
        multilabel_soft_margin,
        SAME,
        reduction="mean",
    ),
]
