"""fvcore: the focal loss of Detectron2, which computes in float32 whatever comes in."""

from fvcore.nn import sigmoid_focal_loss

from .peer import Peer
from .shared import SIGMOID_FOCAL_GRADIENT_IS_NAN, one_hot


def one_against_rest(logits, target, *, epsilon, alpha=0.25, gamma=2.0):
    return sigmoid_focal_loss(logits, one_hot(target, logits), alpha=alpha, gamma=gamma)


PEERS = [
    Peer(
        "poly1_focal_loss",
        "fvcore",
        "sigmoid_focal_loss",
        one_against_rest,
        "Only epsilon = 0 is theirs; the class index becomes their one-hot target.",
        ({"epsilon": 0.0}, {"epsilon": 0.0, "alpha": 0.6, "gamma": 0.5}),
        finding=SIGMOID_FOCAL_GRADIENT_IS_NAN,
        dtypes=("float32",),
    )
]
