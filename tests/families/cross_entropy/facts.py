"""What the questions of the quiz call right, computed again with the library; what tempts is computed to be wrong.

`NUMBERS` and `CHOICES` are by the name of a question: its value and those of its mistakes, and which options are right.
"""

import math
from functools import partial

import torch

import lossatlas
from lossatlas.evidence import AtLeast

ZERO = torch.tensor([0])
D = torch.float64


def row(*entries):
    return torch.tensor([entries], dtype=D)


def gradients(loss, logits, target=ZERO, **hyper):
    logits = logits.clone().requires_grad_()
    return torch.autograd.grad(loss(logits, target, reduction="sum", **hyper), logits)[0]


def pull(loss, p, **hyper):
    """-p times the derivative of the loss by the probability of the true class, of two."""
    p = torch.tensor(p, dtype=D, requires_grad=True)
    value = loss(torch.stack([p.log(), torch.log1p(-p)]).unsqueeze(0), ZERO, **hyper)
    return (-p * torch.autograd.grad(value, p)[0]).item()


def lowest_with_smoothing(alpha, classes):
    p = torch.linspace(0.5, 0.9999, 5000, dtype=D)
    logits = torch.stack([p.log(), *[((1 - p) / (classes - 1)).log()] * (classes - 1)], -1)
    values = lossatlas.cross_entropy(
        logits, torch.zeros(len(p), dtype=torch.long), label_smoothing=alpha, reduction="none"
    )
    return p[values.argmin()].item()


def derivative_in_true_logit():
    p = 0.04
    return -gradients(lossatlas.generalized_cross_entropy, row(math.log(p), math.log(1 - p)), q=0.5)[0, 0].item()


def value_at(p):
    return lossatlas.generalized_cross_entropy(row(math.log(p), math.log(1 - p)), ZERO, q=0.5).item()


def harder_than_cross_entropy():
    losses = [
        partial(lossatlas.focal_loss, gamma=2.0), lossatlas.encouraging_loss, lossatlas.generalized_cross_entropy,
        partial(lossatlas.poly1_cross_entropy, epsilon=2.0), partial(lossatlas.poly1_cross_entropy, epsilon=-1.0),
    ]  # fmt: skip
    return [pull(loss, 0.7) > pull(lossatlas.cross_entropy, 0.7) + 0.05 for loss in losses]


def same_direction():
    """Only lengths differ among gradients of losses of the true probability."""
    logits = torch.randn(1, 5, dtype=D, generator=torch.Generator().manual_seed(0))
    found = [
        gradients(loss, logits) for loss in (lossatlas.cross_entropy, lossatlas.focal_loss, lossatlas.encouraging_loss)
    ]
    directions = torch.cat([torch.nn.functional.normalize(g, dim=1) for g in found])
    lengths = torch.cat(found).norm(dim=1)
    same = bool((directions - directions[0]).abs().max() < 1e-9)
    differ = bool((lengths - lengths[0]).abs().max() > 1e-2)
    return [not same and not differ, same and differ, not same and differ, same and not differ]


def floor_of_double_softmax():
    best = lossatlas.cross_entropy((1e3 * torch.eye(10, dtype=D)).softmax(-1), torch.arange(10)).item()
    return [False, False, round(best, 2) == 1.46, False]


def shift_is_seen_by_z_loss_alone():
    logits = torch.randn(3, 5, dtype=D)
    target = torch.tensor([0, 1, 2])
    unseen = torch.allclose(lossatlas.cross_entropy(logits + 5, target), lossatlas.cross_entropy(logits, target))
    seen = not torch.isclose(lossatlas.logit_z_loss(logits + 5, target), lossatlas.logit_z_loss(logits, target))
    return [unseen and seen, not (unseen and seen)]


def small_lambda_is_a_hinge():
    lead = torch.linspace(-3, 3, 121, dtype=D)
    logits = torch.stack([lead, torch.zeros_like(lead), torch.full_like(lead, -0.8)], -1)
    y = lossatlas.ldr_kl_loss(logits, torch.zeros(121, dtype=torch.long), lam=0.05, margin=0.5, reduction="none")
    change = y.diff() / lead.diff()
    hinge = bool((change[:60] + 1).abs().max() < 0.02 and change[80:].abs().max() < 0.02)
    return [False, False, hinge, False]


def constant_apart():
    logits, target = torch.randn(6, 7, dtype=D), torch.arange(6)
    gap = lossatlas.cross_entropy(logits, target, reduction="none") - lossatlas.ldr_kl_loss(
        logits, target, lam=1.0, margin=0.0, reduction="none"
    )
    return [bool((gap - math.log(7)).abs().max() < 1e-12), False, bool(gap.abs().max() < 1e-6), False]


def unseen_by_z_loss():
    logits = torch.randn(1, 6, dtype=D, generator=torch.Generator().manual_seed(1))
    true = torch.nn.functional.one_hot(ZERO, 6)
    changed = [logits + 3, -logits, logits + 3 * true, 2 * logits]
    here = lossatlas.spherical_z_loss(logits, ZERO)
    return [bool(torch.isclose(lossatlas.spherical_z_loss(new, ZERO), here)) for new in changed]


def saturated():
    logits = row(0.0, 8.0)
    one, two = (
        gradients(loss, logits)[0, 1].abs().item()
        for loss in (lossatlas.cross_entropy, lossatlas.softmax_regression_loss)
    )
    assert one > 0.999 and two < 0.001
    return [one < 0.1 and two < 0.1, one > 0.99 and two < 0.01, two > one, 0.3 < two / one < 3]


def functions_of_three_sums():
    """Two rows with the same sum, sum of squares and true logit: does the loss tell them apart?"""
    wrong = torch.tensor([1.0, -2.0, 0.5], dtype=D)
    centre, axis = wrong.mean(), torch.ones(3, dtype=D) / 3**0.5
    a = wrong - centre
    turned = a * math.cos(1.0) + torch.linalg.cross(axis, a) * math.sin(1.0) + centre  # about the line of equal entries
    rows = torch.stack([torch.cat([row(0.7)[0], w]) for w in (wrong, turned)])
    assert torch.allclose(rows.sum(1), rows.sum(1)[:1]) and torch.allclose(
        rows.square().sum(1), rows.square().sum(1)[:1]
    )
    losses = [
        lossatlas.spherical_z_loss, lossatlas.cross_entropy, lossatlas.taylor_softmax_loss,
        lossatlas.crammer_singer_hinge, lossatlas.rescaled_square_loss,
    ]  # fmt: skip
    values = [loss(rows, torch.tensor([0, 0]), reduction="none") for loss in losses]
    return [bool((v[0] - v[1]).abs() < 1e-9) for v in values]


def far_away():
    p = lossatlas.losses.cross_entropy.harmax(
        torch.tensor([[1e7, 3e6]], dtype=D), torch.tensor([[0.0, 1.0], [-1.0, -0.6], [1.0, -0.6]], dtype=D), n=4.0
    )[0, 0].item()
    return [p > 0.9, p < 0.1, abs(p - 1 / 3) < 1e-4, False]


def single_precision():
    logits = torch.tensor([[0.0, 110.0]])
    naive, stable = -logits.softmax(-1)[0, 0].log(), lossatlas.cross_entropy(logits, ZERO)
    finite = bool(torch.tensor([[1e30, 0.0]]).softmax(-1).isfinite().all())
    return [not finite, bool(naive.isinf() and stable == 110), False, False]


def below_zero():
    logits = 6 * torch.randn(400, 5, dtype=D, generator=torch.Generator().manual_seed(2))
    target = logits.argmax(-1)
    losses = [
        lossatlas.cross_entropy,
        lossatlas.encouraging_loss,
        lossatlas.crammer_singer_hinge,
        lossatlas.ldr_kl_loss,
        lossatlas.spherical_z_loss,
    ]
    return [bool(loss(logits, target, reduction="none").min() < -0.8) for loss in losses]


#: The value of the question, and those of its mistakes where they are results of a wrong way.
NUMBERS = {
    "pull-of-a-lost-example": lambda: [
        pull(lossatlas.generalized_cross_entropy, 0.04, q=0.5),
        pull(lossatlas.cross_entropy, 0.04),
        pull(lossatlas.generalized_cross_entropy, 0.04, q=1.0),
        derivative_in_true_logit(),
        value_at(0.04),
    ],
    "smoothed-minimum": lambda: [lowest_with_smoothing(0.1, 5)],
    "adversary-spread-out": lambda: [
        (row(1.5, 0.5, 0.0) / 1e6).softmax(-1).max().item(),
        (row(1.5, 0.5, 0.0) / 1e-6).softmax(-1).max().item(),
    ],
}

#: Which options are right, in the order of the file, found by computing.
CHOICES = {
    "what-the-bracket-says": same_direction,
    "who-still-pulls": harder_than_cross_entropy,
    "softmax-twice": floor_of_double_softmax,
    "shift-of-the-logits": shift_is_seen_by_z_loss_alone,
    "small-lambda": small_lambda_is_a_hinge,
    "cross-entropy-in-disguise": constant_apart,
    "what-the-z-loss-ignores": unseen_by_z_loss,
    "wrong-and-saturated": saturated,
    "cheap-with-many-classes": functions_of_three_sums,
    "far-from-all-prototypes": far_away,
    "log-of-softmax": single_precision,
    "negative-loss": below_zero,
    "inconclusive": lambda: [
        False,
        AtLeast(0).judge(-1.0, 1.0) == "inconclusive",
        False,
        AtLeast(0).judge(-2.0, -1.0) == "inconclusive",
    ],
}
