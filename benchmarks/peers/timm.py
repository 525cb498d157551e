"""timm: label smoothing and PolyLoss; the latter computes in float32 whatever comes in."""

from .peer import Finding, Peer
from .shared import RULED_OUT_IS_NAN, SAME, SMOOTHED_OVER_RULED_OUT, made, one_hot, without_start

loss = without_start("timm.loss")


def label_smoothing(logits, target, *, label_smoothing=0.0):
    return made(loss.LabelSmoothingCrossEntropy, smoothing=label_smoothing)(logits, target)


def binary_cross_entropy(logits, target):
    return made(loss.BinaryCrossEntropy, smoothing=0.0)(logits, target)


def poly(logits, target, *, epsilon=1.0, label_smoothing=0.0):
    return made(loss.PolyCrossEntropy, epsilon=epsilon, smoothing=label_smoothing, reduction="none")(logits, target)


def poly_n(logits, target, *, epsilons=(1.0,)):
    return made(loss.PolyCrossEntropy, epsilon=epsilons[0], reduction="none")(logits, target)


def poly_focal(logits, target, *, epsilon=1.0, alpha=0.25, gamma=2.0):
    return made(loss.PolyBinaryCrossEntropy, epsilon=epsilon, gamma=gamma, alpha=alpha, reduction="none")(
        logits, one_hot(target, logits)
    )


def poly_focal_balanced(logits, target, *, epsilon, alpha, gamma):
    return poly_focal(logits, target, epsilon=2 * epsilon, alpha=alpha, gamma=gamma)


ALPHA_WEIGHS_BOTH = Finding(
    "alpha weighs the term of epsilon too, in the paper the focal term alone; for alpha other than 1/2 the two cannot"
    " be brought together.",
    at={"logits": [[1.0, 0.5, -0.5]], "target": [0]},
    hyper={"epsilon": 1.0, "alpha": 0.25, "gamma": 2.0},
)

PEERS = [
    Peer(
        "cross_entropy",
        "timm",
        "LabelSmoothingCrossEntropy",
        label_smoothing,
        SAME,
        ({"label_smoothing": 0.1}, {"label_smoothing": 0.5}),
        reduction="mean",
        finding=SMOOTHED_OVER_RULED_OUT,
    ),
    Peer(
        "poly1_cross_entropy",
        "timm",
        "PolyCrossEntropy",
        poly,
        SAME,
        ({}, {"epsilon": -0.5}, {"epsilon": 2.0, "label_smoothing": 0.1}),
        dtypes=("float32",),
        finding=RULED_OUT_IS_NAN,
    ),
    Peer(
        "poly_n_cross_entropy",
        "timm",
        "PolyCrossEntropy",
        poly_n,
        "Only one coefficient is theirs.",
        ({}, {"epsilons": (2.5,)}),
        dtypes=("float32",),
        finding=RULED_OUT_IS_NAN,
    ),
    Peer(
        "null_bce_loss",
        "timm",
        "BinaryCrossEntropy",
        binary_cross_entropy,
        "Their smoothing is 0.",
        reduction="mean",
        finding=RULED_OUT_IS_NAN,
    ),
    Peer(
        "poly1_focal_loss",
        "timm",
        "PolyBinaryCrossEntropy",
        poly_focal_balanced,
        "Theirs weighs the term of epsilon by alpha too: with alpha = 1/2 their epsilon is twice ours.",
        ({"epsilon": 1.0, "alpha": 0.5, "gamma": 2.0}, {"epsilon": -0.5, "alpha": 0.5, "gamma": 1.0}),
        dtypes=("float32",),
        finding=ALPHA_WEIGHS_BOTH,
    ),
]
