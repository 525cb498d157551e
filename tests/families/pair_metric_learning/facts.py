"""What the questions of the quiz call right, computed again with the library; what tempts is computed to be wrong.

`NUMBERS` and `CHOICES` are by the name of a question: its value and those of its mistakes, and which options are right.
"""

import math

import pytest
import torch

import lossatlas
from lossatlas import on, signatures
from lossatlas.evidence import Within

ZERO = torch.tensor([0])
D = torch.float64


def at(angle):
    return torch.tensor([math.cos(angle), math.sin(angle)], dtype=D)


def on_pairs(loss, s_p, s_n, **hyper):
    """Pulls on positives and pushes on negatives of one anchor with these similarities."""
    s_p, s_n = (torch.tensor([s], dtype=D, requires_grad=True) for s in (s_p, s_n))
    by_p, by_n = torch.autograd.grad(on(signatures.pairs, loss)(s_p, s_n, **hyper), (s_p, s_n))
    return -by_p[0], by_n[0]


def last_push():
    """The similarity at which the contrastive loss of a positive on the anchor and a negative starts to be above 0."""
    s = torch.linspace(0.4, 0.6, 101, dtype=D)
    values = [
        lossatlas.contrastive_loss(
            at(0.0)[None], ZERO, torch.stack([at(0.0), at(math.acos(x))]), torch.tensor([0, 1])
        ).item()
        for x in s
    ]
    return s[next(n for n, value in enumerate(values) if value > 1e-9)].item()


def triplets_of(items, classes):
    labels = torch.arange(items) % classes
    return len(lossatlas.losses.pair_metric_learning.all_triplets(torch.randn(items, 2), labels)[0])


def triplet(d_ap, d_an, margin):
    x = [torch.tensor([[d, 0.0]], dtype=D) for d in (0.0, d_ap, -d_an)]
    return lossatlas.triplet_margin_loss(*x, margin=margin).item()


def circle_pace():
    pull_p, push_n = on_pairs("circle_loss", [0.9], [0.8], margin=0.25, gamma=16.0)
    return (push_n / pull_p).item()


def fading():
    """Gradient of both losses just inside the end of the push, against deep inside."""

    def gradient(loss, d, **hyper):
        x = torch.tensor([[d, 0.0]], dtype=D, requires_grad=True)
        gallery = torch.tensor([[0.0, 0.0]], dtype=D)
        return torch.autograd.grad(loss(x, ZERO, gallery, torch.tensor([1]), **hyper), x)[0][0, 0].item()

    springs = gradient(lossatlas.contrastive_loss, 0.98) / gradient(lossatlas.contrastive_loss, 0.5)
    hinges = gradient(lossatlas.margin_loss, 0.98) / gradient(lossatlas.margin_loss, 0.5)
    said = springs < 0.1 and abs(hinges - 1) < 1e-9
    return [said, not said]


def signal_to_noise():
    anchor, noise = (torch.randn(1, 6, dtype=D, generator=torch.Generator().manual_seed(n)) for n in (3, 4))
    other = anchor + noise
    cases = [(anchor, other + 2), (other, anchor), (2 * anchor, 2 * other), (2 * anchor, 2 * anchor + noise)]
    here = lossatlas.losses.pair_metric_learning.snr_distance(anchor, other)
    return [bool(torch.isclose(lossatlas.losses.pair_metric_learning.snr_distance(a, b), here).all()) for a, b in cases]


def crushed():
    """The positive part of contrastive loss is lowest, at zero, for a class at one point, and above it for a ball."""
    labels = torch.zeros(5, dtype=torch.long)
    ball = torch.randn(5, 3, dtype=D, generator=torch.Generator().manual_seed(5))
    point = lossatlas.contrastive_loss(torch.zeros(5, 3, dtype=D), labels).item()
    return [lossatlas.contrastive_loss(0.1 * ball, labels).item() == 0, point == 0, False, False]


def hardest_by_batch():
    """The points of the figure *Which triplets a miner takes*."""

    def mean_loss(items):
        labels = torch.arange(items) % 3
        centre = torch.tensor([[0.0, 1.0], [-0.9, -0.6], [0.9, -0.6]], dtype=D)[labels]
        x = centre + 0.55 * torch.randn(items, 2, dtype=D, generator=torch.Generator().manual_seed(3))
        a, p, n = lossatlas.losses.pair_metric_learning.hard_triplets(x, labels)
        return lossatlas.triplet_margin_loss(x[a], x[p], x[n], margin=0.5).item()

    change = mean_loss(48) - mean_loss(12)
    return [change < -0.05, abs(change) <= 0.05, change > 0.05]


def collapsed():
    labels = torch.arange(12) % 3
    point = lossatlas.batch_hard_triplet_loss(torch.zeros(12, 4, dtype=D), labels, margin=0.2).item()
    apart = lossatlas.batch_hard_triplet_loss(10 * torch.eye(3, 4, dtype=D)[labels], labels, margin=0.2).item()
    return [apart == pytest.approx(0.2), point == pytest.approx(0.2), False, False]


def noticed_by_positives():
    before, after = [0.7, 0.3, 0.0], [0.8, 0.3, 0.0]
    losses = [
        ("contrastive_loss", {}), ("multi_similarity_loss", {"base": 0.5}), ("lifted_structure_loss", {}),
        ("nca_loss", {}),
    ]  # fmt: skip
    found = []
    for name, hyper in losses:
        s_p = torch.tensor([[0.8, 0.5]], dtype=D)
        weights = [
            lossatlas.losses.pair_metric_learning.general_pair_weights(
                name, s_p, torch.tensor([s_n], dtype=D), **hyper
            )[0]
            for s_n in (before, after)
        ]
        found.append(bool((weights[0] - weights[1]).abs().max() > 1e-4))
    return found


def wrong_way_round():
    """The colleague's loss of fresh embeddings, and the same with the difference turned round."""
    labels = torch.arange(30) % 3
    z = torch.nn.functional.normalize(torch.randn(30, 8, dtype=D, generator=torch.Generator().manual_seed(6)), dim=1)
    same, itself = labels.unsqueeze(1) == labels, torch.eye(30, dtype=torch.bool)
    hardest_positive = (z @ z.T).masked_fill(~(same & ~itself), 2.0).min(1).values
    hardest_negative = (z @ z.T).masked_fill(same, -2.0).max(1).values
    theirs, turned = ((sign * (hardest_positive - hardest_negative) + 0.2).clamp(min=0) for sign in (1, -1))
    assert bool((hardest_positive <= 1).all() and (hardest_negative >= -1).all())  # no filled entry has won
    return [False, False, bool(theirs.max() == 0 and turned.min() > 0), False]


def confusion():
    x = torch.randn(12, 2, dtype=D, generator=torch.Generator().manual_seed(7)).requires_grad_()
    labels = torch.arange(12) % 2
    step = -torch.autograd.grad(lossatlas.energy_confusion_regularizer(x, labels), x)[0]
    x = x.detach()
    other = x[labels == 1].mean(0) - x[labels == 0]
    along = torch.cosine_similarity(step[labels == 0], other).min().item()
    return [False, along > 1 - 1e-9, False, False]


def needles():
    def apart(distance, thin):
        turn = torch.tensor([[math.cos(0.17), -math.sin(0.17)], [math.sin(0.17), math.cos(0.17)]], dtype=D)
        a = torch.diag(torch.tensor([1.0, thin], dtype=D))
        return float(distance(a, turn @ a @ turn.T))

    kinds = [
        lossatlas.losses.pair_metric_learning.bures_wasserstein_distance,
        lambda a, b: (a - b).norm(),
        lossatlas.losses.pair_metric_learning.affine_invariant_distance,
    ]
    return [apart(d, 1e-8) > 1.5 * apart(d, 1e-4) for d in kinds]


#: The value of the question, and those of its mistakes where they are results of a wrong way.
NUMBERS = {
    "where-the-push-ends": lambda: [last_push()],
    "number-of-triplets": lambda: [triplets_of(24, 3)],
    "semi-hard-price": lambda: [triplet(0.5, 0.6, 0.2)],
    "soft-margin-settled": lambda: [
        lossatlas.soft_margin_triplet_loss(torch.zeros(6, 2, dtype=D), torch.arange(6) % 2).item()
    ],
    "pace-of-the-circle": lambda: [circle_pace()],
}

#: Which options are right, in the order of the file, found by computing.
CHOICES = {
    "fading-force": fading,
    "signal-to-noise": signal_to_noise,
    "a-class-with-variety": crushed,
    "hardest-in-a-large-batch": hardest_by_batch,
    "settled-at-the-margin": collapsed,
    "who-notices": noticed_by_positives,
    "similarity-for-distance": wrong_way_round,
    "where-confusion-pulls": confusion,
    "flat-ellipses": needles,
    "within-one-point": lambda: [
        Within(1).judge(2.1, 3.4) == word for word in ("supported", "not supported", "inconclusive")
    ],
}
