"""focal-loss-torch: focal loss of probabilities."""

from focal_loss.focal_loss import FocalLoss

from .peer import Finding, Peer
from .shared import made


def focal_loss(logits, target, *, gamma=2.0):
    return made(FocalLoss, gamma=gamma, reduction="none")(logits.softmax(-1), target)


FLOORED = Finding(
    "1e-16 is added to the probability before the logarithm: no item costs more than 36.8, however wrong.",
    at={"logits": [[0.0, 100.0, 0.0]], "target": [0]},
)

PEERS = [
    Peer(
        "focal_loss",
        "focal-loss-torch",
        "FocalLoss",
        focal_loss,
        "It is given the softmax of the logits.",
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
        finding=FLOORED,
    ),
]
