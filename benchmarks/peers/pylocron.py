"""pylocron (import name holocron): focal loss and PolyLoss."""

from .peer import Finding, Peer
from .shared import FOCAL_GRADIENT_IS_NAN, SAME, one_hot, without_start

F = without_start("holocron.nn.functional")


def focal_loss(logits, target, *, gamma=2.0):
    return F.focal_loss(logits, target, gamma=gamma, reduction="none")


def poly_loss(logits, target, *, epsilon=1.0, label_smoothing=0.0):
    if label_smoothing == 0:
        return F.poly_loss(logits, target, eps=epsilon, reduction="none")
    soft = (1 - label_smoothing) * one_hot(target, logits) + label_smoothing / logits.shape[-1]
    return F.poly_loss(logits, soft, eps=epsilon, reduction="none")


SOFT_POWERS = Finding(
    "For soft targets the term of epsilon is the sum of 1 - p**t over the classes, not 1 minus the sum of t * p:"
    " smoothed labels get another loss.",
    at={"logits": [[1.0, 0.5, -0.5]], "target": [0]},
    hyper={"label_smoothing": 0.1},
)


PEERS = [
    Peer(
        "focal_loss",
        "pylocron",
        "holocron.nn.functional.focal_loss",
        focal_loss,
        SAME,
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
        finding=FOCAL_GRADIENT_IS_NAN,
    ),
    Peer(
        "poly1_cross_entropy",
        "pylocron",
        "holocron.nn.functional.poly_loss",
        poly_loss,
        SAME,
        ({}, {"epsilon": -0.5}, {"epsilon": 4.0}),
        finding=SOFT_POWERS,
    ),
]
