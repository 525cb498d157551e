"""balanced-loss: class-balanced losses; here its focal loss without the balance."""

from balanced_loss import Loss

from .peer import Finding, Peer
from .shared import made


def one_against_rest(logits, target, *, epsilon, alpha, gamma=2.0):
    return len(target) / 2 * made(Loss, "focal_loss", fl_gamma=gamma)(logits, target)


OVERFLOWS = Finding(
    "The weight of an item is computed with exp(-score), which overflows: a positive at a score of -1000 costs nothing,"
    " it should cost most.",
    at={"logits": [[-1000.0, 0.5, -0.5]], "target": [0]},
    hyper={"epsilon": 0.0, "alpha": 0.5},
)

PEERS = [
    Peer(
        "poly1_focal_loss",
        "balanced-loss",
        'Loss("focal_loss")',
        one_against_rest,
        "Only epsilon = 0 and alpha = 1/2 are theirs; their sum over the batch is divided by its size and not by 2.",
        ({"epsilon": 0.0, "alpha": 0.5}, {"epsilon": 0.0, "alpha": 0.5, "gamma": 0.5}),
        reduction="sum",
        finding=OVERFLOWS,
        dtypes=("float32",),
    )
]
