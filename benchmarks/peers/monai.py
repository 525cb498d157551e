"""MONAI: focal losses of its segmentation losses, which compute in float32 whatever comes in."""

from monai.losses import FocalLoss

from .peer import Peer
from .shared import FOCAL_GRADIENT_IS_NAN, SIGMOID_RULED_OUT_IS_NAN, made, one_hot


def multiclass(logits, target, *, gamma=2.0):
    return made(FocalLoss, to_onehot_y=True, use_softmax=True, gamma=gamma, reduction="none")(
        logits, target.unsqueeze(1)
    ).sum(1)


def one_against_rest(logits, target, *, epsilon, alpha=0.25, gamma=2.0):
    return made(FocalLoss, alpha=alpha, gamma=gamma, reduction="none")(logits, one_hot(target, logits))


PEERS = [
    Peer(
        "focal_loss",
        "monai",
        "FocalLoss(use_softmax=True)",
        multiclass,
        "Their unreduced loss has a column per class, zero but for the true one: its rows are summed. Their mean"
        " divides by the number of classes too.",
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
        finding=FOCAL_GRADIENT_IS_NAN,
        dtypes=("float32",),
    ),
    Peer(
        "poly1_focal_loss",
        "monai",
        "FocalLoss",
        one_against_rest,
        "Only epsilon = 0 is theirs; the class index becomes their one-hot target.",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        finding=SIGMOID_RULED_OUT_IS_NAN,
        dtypes=("float32",),
    ),
]
