"""torchmetrics: its hinge losses, which squeeze scores into [0, 1] first."""

from torchmetrics.functional.classification import binary_hinge_loss, multiclass_hinge_loss

from .peer import Finding, Peer
from .shared import BITS, SAME


def hinge_loss(score, label):
    return binary_hinge_loss(score.flatten(), (label > 0).long().flatten(), validate_args=False)


def squared_hinge_loss(score, label):
    return binary_hinge_loss(score.flatten(), (label > 0).long().flatten(), squared=True, validate_args=False)


def crammer_singer_hinge(logits, target):
    return multiclass_hinge_loss(logits, target, num_classes=logits.shape[1], validate_args=False)


def l2_svm_loss(logits, target):
    one_vs_all = {"squared": True, "multiclass_mode": "one-vs-all"}
    return multiclass_hinge_loss(logits, target, num_classes=logits.shape[1], **one_vs_all, validate_args=False).mean()


BINARY_GUESSED = Finding(
    "Scores outside [0, 1] are taken for logits and go through a sigmoid first: the value is not the hinge of the"
    " scores.",
    at={"score": [2.0, -0.5], "label": [1, 1]},
)
GUESSED = Finding(
    "Scores outside [0, 1] are taken for logits and go through a softmax first: the value is not the hinge of the"
    " scores.",
    at={"logits": [[2.0, 1.5, -0.5]], "target": [0]},
)

PEERS = [
    Peer(
        "hinge_loss",
        "torchmetrics",
        "binary_hinge_loss",
        hinge_loss,
        BITS,
        reduction="mean",
        agrees=False,
        finding=BINARY_GUESSED,
    ),
    Peer(
        "squared_hinge_loss",
        "torchmetrics",
        "binary_hinge_loss(squared=True)",
        squared_hinge_loss,
        BITS,
        reduction="mean",
        agrees=False,
        finding=BINARY_GUESSED,
    ),
    Peer(
        "crammer_singer_hinge",
        "torchmetrics",
        "multiclass_hinge_loss",
        crammer_singer_hinge,
        SAME,
        reduction="mean",
        agrees=False,
        finding=GUESSED,
    ),
    Peer(
        "l2_svm_loss",
        "torchmetrics",
        "multiclass_hinge_loss(squared=True)",
        l2_svm_loss,
        "Their means of the classes are averaged.",
        reduction="mean",
        agrees=False,
        finding=GUESSED,
    ),
]
