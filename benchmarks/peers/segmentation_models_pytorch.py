"""segmentation-models-pytorch: focal losses and label smoothing."""

from .peer import Peer
from .shared import (
    FOCAL_GRADIENT_IS_NAN,
    SAME,
    SIGMOID_FOCAL_GRADIENT_IS_NAN,
    SMOOTHED_OVER_RULED_OUT,
    made,
    without_start,
)

losses = without_start("segmentation_models_pytorch.losses")
functional = without_start("segmentation_models_pytorch.losses._functional")


def soft_cross_entropy(logits, target, *, label_smoothing=0.0):
    return made(losses.SoftCrossEntropyLoss, smooth_factor=label_smoothing)(logits, target)


def soft_bce(logits, target):
    return made(losses.SoftBCEWithLogitsLoss)(logits, target.to(logits.dtype))


def one_against_rest(logits, target, *, epsilon, alpha=0.25, gamma=2.0):
    return made(losses.FocalLoss, "multiclass", alpha=alpha, gamma=gamma)(logits, target)


def softmax_focal(logits, target, *, gamma=2.0):
    return functional.softmax_focal_loss_with_logits(logits, target, gamma=gamma, reduction="none")


PEERS = [
    Peer(
        "cross_entropy",
        "segmentation-models-pytorch",
        "SoftCrossEntropyLoss",
        soft_cross_entropy,
        SAME,
        ({"label_smoothing": 0.1}, {"label_smoothing": 0.5}),
        reduction="mean",
        finding=SMOOTHED_OVER_RULED_OUT,
    ),
    Peer(
        "focal_loss",
        "segmentation-models-pytorch",
        "softmax_focal_loss_with_logits",
        softmax_focal,
        SAME,
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
        finding=FOCAL_GRADIENT_IS_NAN,
    ),
    Peer(
        "class_relational_bce_loss",
        "segmentation-models-pytorch",
        "SoftBCEWithLogitsLoss",
        soft_bce,
        SAME,
        reduction="mean",
    ),
    Peer(
        "poly1_focal_loss",
        "segmentation-models-pytorch",
        'FocalLoss("multiclass")',
        one_against_rest,
        "Only epsilon = 0 is theirs: each class against the rest, though the mode is called multiclass.",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        reduction="mean",
        finding=SIGMOID_FOCAL_GRADIENT_IS_NAN,
    ),
]
