"""pylocron (import name holocron): focal loss and PolyLoss."""

from .peer import Peer
from .shared import FOCAL_SLOPE_IS_NAN, SAME, without_start

F = without_start("holocron.nn.functional")


def focal_loss(logits, target, *, gamma=2.0):
    return F.focal_loss(logits, target, gamma=gamma, reduction="none")


def poly_loss(logits, target, *, epsilon=1.0):
    return F.poly_loss(logits, target, eps=epsilon, reduction="none")


PEERS = [
    Peer("focal_loss", "pylocron", "holocron.nn.functional.focal_loss", focal_loss, SAME, ({}, {"gamma": 0.5}, {"gamma": 5.0}), finding=FOCAL_SLOPE_IS_NAN),
    Peer("poly1_cross_entropy", "pylocron", "holocron.nn.functional.poly_loss", poly_loss, SAME, ({}, {"epsilon": -0.5}, {"epsilon": 4.0})),
]  # fmt: skip
