"""The stationary points of the adaptive margin triplet loss, and what holding the margin fixed changes."""

import math

import pytest
import torch

import lossatlas as la

ORIGIN = torch.zeros(1, 2, dtype=torch.float64)


def points(n=6, scale=1.0):
    generator = torch.Generator().manual_seed(0)
    return [scale * torch.randn(n, 2, generator=generator, dtype=torch.float64) for _ in range(3)]


def at_distances(of_positive, of_negative):
    """An anchor with the positive on its left and the negative on its right."""
    direction = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    return ORIGIN, -of_positive * direction, of_negative * direction


def derivatives(loss, of_positive, of_negative):
    """Derivatives in the distances to positive and negative, the distance between these held fixed."""
    d = torch.tensor([of_positive, of_negative], dtype=torch.float64, requires_grad=True)
    between = (d[0] + d[1]).detach()
    value = loss(*at_distances(d[0], d[1])) + (d[0] + d[1] - between) / 2
    return torch.autograd.grad(value, d)[0].tolist()


def test_coincident_points():
    assert la.adaptive_margin_triplet_loss(ORIGIN, ORIGIN, ORIGIN).item() == pytest.approx(4.036629277108543, rel=1e-14)


def test_the_margin_pulls_the_wrong_way_on_either_side_of_its_stationary_points():
    of_positive, of_negative = math.log(8) / 4, 1 - math.log(16) / 4
    loss = la.adaptive_margin_triplet_loss
    assert derivatives(loss, of_positive, of_negative) == pytest.approx([0, 0], abs=1e-5)
    assert (
        derivatives(loss, of_positive - 0.1, of_negative - 0.1)[0]
        < 0
        > derivatives(loss, of_positive - 0.1, of_negative - 0.1)[1]
    )
    assert (
        derivatives(loss, of_positive + 0.1, of_negative + 0.1)[0]
        > 0
        < derivatives(loss, of_positive + 0.1, of_negative + 0.1)[1]
    )


def test_held_fixed_the_margin_has_no_gradient():
    assert derivatives(la.detached_margin_triplet_loss, 0.3, 0.9) == pytest.approx([1, -0.5], abs=1e-14)
    triplet = [x.requires_grad_() for x in points()]
    got = torch.autograd.grad(la.detached_margin_triplet_loss(*triplet, reduction="sum"), triplet)
    a, p, n = triplet
    linear = (a - p).norm(dim=1) - ((a - n).norm(dim=1) + (p - n).norm(dim=1)) / 2
    for gradient, wanted in zip(got, torch.autograd.grad(linear.sum(), triplet), strict=True):
        torch.testing.assert_close(gradient, wanted)


def test_both_have_the_same_value():
    triplet = points()
    assert torch.equal(la.adaptive_margin_triplet_loss(*triplet), la.detached_margin_triplet_loss(*triplet))


def test_a_hinge_would_change_nothing():
    generator = torch.Generator().manual_seed(1)
    for scale in (1e-3, 0.3, 1.0, 10.0, 1e3, 1e5):
        triplet = [scale * torch.randn(500, 2, generator=generator, dtype=torch.float64) for _ in range(3)]
        assert la.adaptive_margin_triplet_loss(*triplet, reduction="none").min() > 0
    line = torch.linspace(0, 3, 301, dtype=torch.float64).unsqueeze(-1)
    assert la.adaptive_margin_triplet_loss(0 * line, 0 * line, line, reduction="none").min() > 0.7


def test_anchor_and_positive_are_not_exchangeable():
    a, p, n = points()
    assert la.adaptive_margin_triplet_loss(a, p, n) != la.adaptive_margin_triplet_loss(p, a, n)


@pytest.mark.parametrize(
    ("loss", "sign"), [(la.adaptive_margin_triplet_loss, -1), (la.detached_margin_triplet_loss, 1)]
)
def test_where_free_triplets_end(loss, sign):
    triplet = [x.requires_grad_() for x in points(64, 0.3)]
    optimizer = torch.optim.Adam(triplet, lr=0.02)
    for _ in range(400):
        optimizer.zero_grad()
        loss(*triplet, reduction="sum").backward()
        optimizer.step()
    a, p, n = (x.detach() for x in triplet)
    to_positive, to_negative = (a - p).norm(dim=1).mean().item(), (a - n).norm(dim=1).mean().item()
    assert math.copysign(1, to_negative - to_positive) == sign
    if sign < 0:
        assert to_positive == pytest.approx(math.log(2), abs=0.02)
        assert to_negative == pytest.approx(1 - math.log(8) / 4, abs=0.02)


def test_the_feature_extractor_adds_its_parts():
    found = la.losses.pair_metric_learning.feature_extractor_loss(
        *points(), triplet_weight=2.0, variance_weight=3.0, covariance_weight=0.5
    )
    torch.testing.assert_close(found.total, 2 * found.triplet + 3 * found.variance + 0.5 * found.covariance)
    spread = [x * 100 for x in points()]
    assert la.losses.pair_metric_learning.feature_extractor_loss(*spread).variance == 0
    axes = torch.tensor([[1.0, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
    assert la.losses.pair_metric_learning.feature_extractor_loss(axes, axes, axes).covariance == 0


def test_the_feature_extractor_in_half_precision():
    """Sums of squares of half-precision vectors leave its range long before the loss does."""
    views = [(20 * view).half() for view in points(n=32)]
    wanted = la.losses.pair_metric_learning.feature_extractor_loss(
        *(view.float() for view in views), triplet_weight=0.0, covariance_weight=0.01
    )
    found = la.losses.pair_metric_learning.feature_extractor_loss(*views, triplet_weight=0.0, covariance_weight=0.01)
    assert found.total.dtype == torch.float16
    torch.testing.assert_close(found.total, wanted.total.half(), rtol=0, atol=0)


def test_edge_consistency_in_half_precision():
    bright = torch.full((8, 8), 6e4, dtype=torch.float16)
    assert la.losses.pair_metric_learning.edge_consistency_l1(bright, torch.zeros_like(bright)) == bright[0, 0]


def test_edge_consistency():
    edges = torch.rand(2, 4, 4)
    assert la.losses.pair_metric_learning.edge_consistency_l1(edges, edges.clone()) == 0
    torch.testing.assert_close(la.losses.pair_metric_learning.edge_consistency_l1(edges, edges + 0.25).item(), 0.25)
    assert la.losses.pair_metric_learning.edge_consistency_l1(edges[:0], edges[:0]) == 0
