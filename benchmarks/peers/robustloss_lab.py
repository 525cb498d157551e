"""robustloss-lab: losses for wrong labels."""

from .peer import Finding, Peer
from .shared import SAME, without_start

losses = without_start("robustloss.loss_functions")


def focal(logits, target, *, gamma=2.0):
    return losses.focal_loss(logits, target, gamma=gamma, reduction="none")


def generalized_cross_entropy(logits, target, *, q=0.7):
    return losses.gce_loss(logits, target, q=q, reduction="none")


FLOORED = Finding(
    "Probabilities are clamped at 1e-12: an item below gets no gradient.",
    at={"logits": [[0.0, 30.0, 0.0]], "target": [0]},
    hyper={"q": 0.3},
    gradient="logits",
)

PEERS = [
    Peer("focal_loss", "robustloss-lab", "focal_loss", focal, SAME, ({}, {"gamma": 0.5}, {"gamma": 5.0})),
    Peer(
        "generalized_cross_entropy",
        "robustloss-lab",
        "gce_loss",
        generalized_cross_entropy,
        SAME,
        ({}, {"q": 0.3}, {"q": 1.0}),
        finding=FLOORED,
    ),
]
