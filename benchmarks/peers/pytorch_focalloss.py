"""pytorch-focalloss: focal losses built on torch's cross-entropies."""

from torch_focalloss.losses import BinaryFocalLoss, MultiClassFocalLoss

from .peer import Peer
from .shared import FOCAL_GRADIENT_IS_NAN, SAME, SIGMOID_FOCAL_GRADIENT_IS_NAN, made, one_hot


def multiclass(logits, target, *, gamma=2.0):
    return made(MultiClassFocalLoss, gamma=gamma, reduction="none")(logits, target)


def one_against_rest(logits, target, *, epsilon, alpha=0.25, gamma=2.0):
    odds = logits.new_tensor(alpha / (1 - alpha))
    return (1 - alpha) * BinaryFocalLoss(gamma=gamma, alpha=odds, reduction="none")(logits, one_hot(target, logits))


PEERS = [
    Peer(
        "focal_loss",
        "pytorch-focalloss",
        "MultiClassFocalLoss",
        multiclass,
        SAME,
        ({}, {"gamma": 0.5}, {"gamma": 5.0}),
        finding=FOCAL_GRADIENT_IS_NAN,
    ),
    Peer(
        "poly1_focal_loss",
        "pytorch-focalloss",
        "BinaryFocalLoss",
        one_against_rest,
        "Only epsilon = 0 is theirs; their alpha weighs positives alone and is alpha / (1 - alpha), the loss is times 1"
        " - alpha.",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        finding=SIGMOID_FOCAL_GRADIENT_IS_NAN,
    ),
]
