"""ai2-olmo-core: the cross-entropy and z-loss of a language model's training, in float32 whatever comes in."""

from .peer import Peer
from .shared import SAME, without_start

functional = without_start("olmo_core.nn.functional.cross_entropy_loss")


def cross_entropy(logits, target):
    return functional.cross_entropy_loss(logits, target, reduction="none")[0]


def logit_z_loss(logits, target):
    return functional.cross_entropy_loss(logits, target, reduction="none", compute_z_loss=True, z_loss_multiplier=1.0)[
        1
    ]


PEERS = [
    Peer("cross_entropy", "ai2-olmo-core", "cross_entropy_loss", cross_entropy, SAME, dtypes=("float32",)),
    Peer(
        "logit_z_loss",
        "ai2-olmo-core",
        "cross_entropy_loss(compute_z_loss=True)",
        logit_z_loss,
        "Its second result, with multiplier 1.",
        dtypes=("float32",),
    ),
]
