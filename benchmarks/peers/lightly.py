"""lightly: losses of self-supervised learning, of a batch's two views.

The package's own start loads models, and with them torchvision. Its losses need none of that: they are loaded without
it. NT-Xent looks up the memory bank, which is not used here, beside those models; what they take from torchvision is
one class, and an empty one stands in for it while they are loaded.
"""

import sys
import types
from unittest.mock import patch

import torch

from .peer import Finding, Peer
from .shared import SAME, made, without_start

STAND_IN = types.ModuleType("torchvision.ops")
STAND_IN.StochasticDepth = torch.nn.Module
with patch.dict(sys.modules, {name: sys.modules.get(name, STAND_IN) for name in ("torchvision", "torchvision.ops")}):
    bank = without_start("lightly.models.modules.memory_bank")
    without_start("lightly.utils.dist")
    NTXentLoss = without_start("lightly.loss.ntx_ent_loss").NTXentLoss
DCLLoss = without_start("lightly.loss.dcl_loss").DCLLoss
BarlowTwinsLoss = without_start("lightly.loss.barlow_twins_loss").BarlowTwinsLoss
NegativeCosineSimilarity = without_start("lightly.loss.negative_cosine_similarity").NegativeCosineSimilarity
HypersphereLoss = without_start("lightly.loss.hypersphere_loss").HypersphereLoss


def nt_xent(view_a, view_b, *, temperature=0.5):
    return made(NTXentLoss, temperature)(view_a, view_b)


def decoupled(view_a, view_b, *, temperature=0.1):
    return made(DCLLoss, temperature)(view_a, view_b)


def barlow_twins(view_a, view_b, *, lam=0.005):
    return made(BarlowTwinsLoss, lam)(view_a, view_b)


def byol(view_a, view_b):
    return 2 + 2 * made(NegativeCosineSimilarity)(view_a, view_b)


def alignment(view_a, view_b, *, alpha=2.0):
    return made(HypersphereLoss, lam=0.0, alpha=alpha)(view_a, view_b)


ONE = {"view_a": [[1.0, 0.0]], "view_b": [[0.6, 0.8]]}
LONELY = Finding(
    "A batch of one item has no negatives: the loss is minus infinity. Here what repels is then 0.", at=ONE
)
LONELY_TOO = Finding("A batch of one item is NaN even where its uniformity does not count.", at=ONE)

PEERS = [
    Peer("nt_xent", "lightly", "NTXentLoss", nt_xent, SAME, ({}, {"temperature": 0.07}), reduction="mean", alone=True),
    Peer(
        "decoupled_contrastive_loss",
        "lightly",
        "DCLLoss",
        decoupled,
        SAME,
        ({}, {"temperature": 0.5}),
        reduction="mean",
        alone=True,
        least=2,
        finding=LONELY,
    ),
    Peer(
        "cross_correlation_loss",
        "lightly",
        "BarlowTwinsLoss",
        barlow_twins,
        SAME,
        ({}, {"lam": 0.1}),
        reduction="mean",
        least=2,
    ),
    Peer(
        "byol_loss",
        "lightly",
        "NegativeCosineSimilarity",
        byol,
        "Theirs is minus the mean cosine similarity: twice that, and 2 more.",
        reduction="mean",
    ),
    Peer(
        "alignment_loss",
        "lightly",
        "HypersphereLoss",
        alignment,
        "Theirs adds lam times the uniformity of both views: here lam = 0.",
        ({}, {"alpha": 1.5}),
        reduction="mean",
        least=2,
        finding=LONELY_TOO,
    ),
]
