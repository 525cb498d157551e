"""Gaussian prototypes and the hinges of an open set."""

import math

import pytest
import torch

import lossatlas as la

RANDOM = torch.Generator().manual_seed(0)
X, MEANS = torch.randn(6, 3, generator=RANDOM, dtype=torch.float64), 4 * torch.eye(3, dtype=torch.float64)
VARIANCES = torch.rand(3, 3, generator=RANDOM, dtype=torch.float64) + 0.2


def test_unit_variances_give_squared_distances():
    torch.testing.assert_close(
        la.losses.pair_metric_learning.gaussian_prototype_distance(X, MEANS, torch.ones_like(MEANS)),
        torch.cdist(X, MEANS).square(),
    )


def test_the_deviance_is_that_of_the_normal_distribution():
    normal = torch.distributions.Normal(MEANS, VARIANCES.sqrt())
    wanted = -2 * normal.log_prob(X.unsqueeze(1)).sum(-1) - 3 * math.log(2 * math.pi)
    torch.testing.assert_close(la.losses.pair_metric_learning.gaussian_prototype_deviance(X, MEANS, VARIANCES), wanted)


def test_known_queries_at_their_mean_and_unknown_ones_outside_lose_nothing():
    features = torch.cat([MEANS, torch.full((1, 3), 50.0, dtype=torch.float64)])
    d = la.losses.pair_metric_learning.gaussian_prototype_distance(features, MEANS, torch.ones_like(MEANS))
    radii, target = torch.full((3,), 2.0, dtype=torch.float64), torch.tensor([0, 1, 2, -1])
    assert not la.losses.pair_metric_learning.adaptive_margin_open_set_loss(d, target, radii).any()
    assert (
        la.losses.pair_metric_learning.adaptive_margin_open_set_loss(d, torch.tensor([1, -1, -1, 0]), radii) > 0
    ).all()


def test_the_hinges_one_by_one():
    d = torch.tensor([[1.0, 2.0, 9.0]], dtype=torch.float64)
    radii = torch.tensor([0.5, 3.0, 2.0], dtype=torch.float64)
    # In its radius: 1 - 0.5 + 2; nearer than the others: 2 + 1 - 2, none. In no radius: none, 3 + 2 - 2, none.
    assert la.losses.pair_metric_learning.adaptive_margin_open_set_loss(
        d, torch.tensor([0]), radii, margin=2.0
    ).item() == pytest.approx(3.5)
    assert la.losses.pair_metric_learning.adaptive_margin_open_set_loss(
        d, torch.tensor([-1]), radii, margin=2.0
    ).item() == pytest.approx(1.5 + 3)


def test_radii_can_be_learned():
    radii = torch.ones(3, dtype=torch.float64, requires_grad=True)
    d = la.losses.pair_metric_learning.gaussian_prototype_distance(X, MEANS, VARIANCES)
    target = torch.tensor([0, 1, 2, -1, 0, 1])
    assert torch.autograd.gradcheck(
        lambda r: la.losses.pair_metric_learning.adaptive_margin_open_set_loss(d, target, r, margin=3.0), (radii,)
    )
