"""polyloss: the package that is named after the loss."""

from polyloss import PolyLoss

from .peer import Peer
from .shared import SAME, made


def poly_loss(logits, target, *, epsilon=1.0):
    return made(PolyLoss, epsilon=epsilon)(logits, target)


PEERS = [
    Peer(
        "poly1_cross_entropy",
        "polyloss",
        "PolyLoss",
        poly_loss,
        SAME,
        ({}, {"epsilon": -0.5}, {"epsilon": 4.0}),
        reduction="mean",
    )
]
