"""Losses at the edges: classes that are ruled out, level logits, and where two pieces join."""

import math

import pytest
import torch

import lossatlas as la
from lossatlas.losses.cross_entropy.softmax import lead_over_mean


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


def test_the_lead_of_a_true_class_that_is_ruled_out():
    """It counts as 0, and gets no gradient; the mean is that of the others."""
    logits = numbers(2, 4)
    logits[0, 1], logits[1, :3] = -math.inf, -math.inf
    logits.requires_grad_()
    value = lead_over_mean(logits, torch.tensor([1, 3]))
    wanted = [-(logits[0, 0] + logits[0, 2] + logits[0, 3]).item() / 3, 0.0]
    near(value.detach(), wanted)
    (gradient,) = torch.autograd.grad(value.sum(), logits)
    near(gradient, [[-1 / 3, 0, -1 / 3, -1 / 3], [0, 0, 0, 0]])


@pytest.mark.parametrize(
    ("loss", "hyper"),
    [
        (la.cross_entropy, {"label_smoothing": 0.2}),
        (la.poly1_cross_entropy, {"label_smoothing": 0.2}),
        (la.squentropy_loss, {}),
    ],
)
@pytest.mark.parametrize("out", [1, 2])
def test_the_only_possible_class_costs_nothing_whoever_looks_on(loss, hyper, out):
    only, target = torch.tensor([[1.5, *[-math.inf] * out]], dtype=torch.float64), torch.tensor([0])
    leaf = only.clone().requires_grad_()
    short = loss(leaf, target, **hyper)
    gradients, value = torch.func.grad_and_value(lambda x: loss(x, target, **hyper))(only)
    for found in (short.detach(), value, *torch.autograd.grad(short, leaf), gradients):
        near(found, torch.zeros_like(found))


@pytest.mark.parametrize("classes", range(2, 12))
def test_level_logits_have_no_spread_whoever_looks_on(classes):
    for level in (0.1, 1 / 3, 12345.678):
        logits = torch.full((1, classes), level, dtype=torch.float64)
        value = torch.func.vmap(lambda row: la.spherical_z_loss(row, torch.tensor([0])))(logits[None])
        assert value.item() == la.spherical_z_loss(logits, torch.tensor([0])).item() == pytest.approx(math.log(2))


def test_at_score_zero_the_halted_loss_still_has_the_gradient_of_the_focal_loss():
    score = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(
        la.halted_focal_loss(score, torch.ones(1, dtype=torch.float64), alpha=None, gamma=1.0), score
    )
    near(gradient, [-(0.5 * 0.5 + 0.25 * math.log(2))])
