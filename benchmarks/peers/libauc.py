"""libauc: the surrogates of its pairwise losses, and its sigmoid losses."""

from .peer import Finding, Peer
from .shared import made, one_hot, without_start

surrogate = without_start("libauc.losses.surrogate")
losses = without_start("libauc.losses.losses")

MARGIN = "The margin, label times score, is their argument t"


def logistic_loss(score, label):
    return surrogate.logistic_loss(1.0, label * score)


def hinge_loss(score, label):
    return surrogate.hinge_loss(1.0, label * score)


def squared_hinge_loss(score, label):
    return surrogate.squared_hinge_loss(1.0, label * score)


def one_against_rest(logits, target, *, epsilon, alpha, gamma=2.0):
    return made(losses.FocalLoss, alpha=alpha, gamma=gamma)(logits.flatten(), one_hot(target, logits).flatten())


OVERFLOWS = Finding(
    "The exponential is taken before the logarithm: infinite from a margin of about -709 on, -88 in float32.",
    at={"score": [-1000.0], "label": [1]},
)
WEIGHTS_OF_OTHERS = Finding(
    "Weights of shape (N,) meet losses of shape (N, 1): every item is multiplied by the weights of all items, and alpha"
    " goes to the negatives.",
    at={"logits": [[1.0, 0.5, -0.5]], "target": [0]},
    hyper={"epsilon": 0.0, "alpha": 0.25},
)

PEERS = [
    Peer(
        "logistic_loss",
        "libauc",
        "surrogate.logistic_loss",
        logistic_loss,
        f"{MARGIN}, their scale is 1.",
        finding=OVERFLOWS,
    ),
    Peer("hinge_loss", "libauc", "surrogate.hinge_loss", hinge_loss, f"{MARGIN}, their margin is 1."),
    Peer(
        "squared_hinge_loss",
        "libauc",
        "surrogate.squared_hinge_loss",
        squared_hinge_loss,
        f"{MARGIN}, their margin is 1.",
    ),
    Peer(
        "poly1_focal_loss",
        "libauc",
        "FocalLoss",
        one_against_rest,
        "Only epsilon = 0 and alpha = 1/2 are theirs; items and classes become one axis, the class index a one-hot"
        " target.",
        ({"epsilon": 0.0, "alpha": 0.5}, {"epsilon": 0.0, "alpha": 0.5, "gamma": 0.5}),
        reduction="mean",
        finding=WEIGHTS_OF_OTHERS,
    ),
]
