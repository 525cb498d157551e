"""kornia: focal losses of its segmentation losses."""

from kornia.losses import binary_focal_loss_with_logits, focal_loss

from .peer import Peer
from .shared import SIGMOID_RULED_OUT_IS_NAN, one_hot


def multiclass(logits, target, *, gamma=2.0):
    return focal_loss(logits, target, alpha=None, gamma=gamma, reduction="none").sum(1)


def one_against_rest(logits, target, *, epsilon, alpha=0.25, gamma=2.0):
    return binary_focal_loss_with_logits(logits, one_hot(target, logits), alpha=alpha, gamma=gamma, reduction="none")


PEERS = [
    Peer(
        "focal_loss",
        "kornia",
        "kornia.losses.focal_loss",
        multiclass,
        "alpha=None; their unreduced loss has a column per class, zero but for the true one: its rows are summed. Their"
        " mean divides by the number of classes too.",
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
    ),
    Peer(
        "poly1_focal_loss",
        "kornia",
        "kornia.losses.binary_focal_loss_with_logits",
        one_against_rest,
        "Only epsilon = 0 is theirs; the class index becomes their one-hot target.",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        finding=SIGMOID_RULED_OUT_IS_NAN,
    ),
]
