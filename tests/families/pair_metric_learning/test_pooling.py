"""Generalized sum pooling solves its transport problem; the zero-shot loss predicts one half from the other."""

import math

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la

RANDOM = torch.Generator().manual_seed(0)
FEATURES = torch.randn(2, 6, 3, generator=RANDOM, dtype=torch.float64)
PROTOTYPES = torch.randn(4, 3, generator=RANDOM, dtype=torch.float64)


@pytest.mark.parametrize("mass", [0.01, 0.3, 0.999])
@pytest.mark.parametrize("gamma", [0.1, 5.0, 50.0])
def test_the_plan_is_feasible_and_optimal(mass, gamma):
    found = la.losses.pair_metric_learning.generalized_sum_pooling(FEATURES, PROTOTYPES, mass=mass, gamma=gamma)
    ones = torch.ones(2, 6, dtype=torch.float64)
    torch.testing.assert_close(found.residual + found.plan.sum(1), ones / 6)
    torch.testing.assert_close(found.plan.sum((1, 2)), mass * ones[:, 0])
    torch.testing.assert_close(found.weights.sum(1), ones[:, 0])
    torch.testing.assert_close(found.histogram.sum(1), ones[:, 0])
    level = found.plan.log() - found.residual.log().unsqueeze(1) + gamma * found.cost
    torch.testing.assert_close(level, level[:, :1, :1].expand_as(level))


def test_costs_are_distances_in_the_unit_ball():
    short = torch.tensor([[[0.3, 0.0], [3.0, 0.0]]], dtype=torch.float64)
    found = la.losses.pair_metric_learning.generalized_sum_pooling(
        short, torch.tensor([[0.0, 2.0]], dtype=torch.float64)
    )
    torch.testing.assert_close(found.cost[0, 0], torch.tensor([math.hypot(0.3, 1), math.sqrt(2)], dtype=torch.float64))


@pytest.mark.parametrize("limit", [{"mass": 1 - 1e-9, "gamma": 5.0}, {"mass": 0.3, "gamma": 1e-9}])
def test_its_limits_are_the_mean(limit):
    found = la.losses.pair_metric_learning.generalized_sum_pooling(FEATURES, PROTOTYPES, **limit)
    torch.testing.assert_close(found.pooled, FEATURES.mean(1), atol=1e-7, rtol=0)


def test_very_sharp_it_takes_the_nearest():
    found = la.losses.pair_metric_learning.generalized_sum_pooling(FEATURES, PROTOTYPES, mass=2 / 6, gamma=1e5)
    nearest = found.cost.amin(1).argsort(-1)[:, :2]
    wanted = torch.zeros(2, 6, dtype=torch.float64).scatter(-1, nearest, 0.5)
    torch.testing.assert_close(found.weights, wanted, atol=1e-12, rtol=0)


def test_it_can_be_differentiated_twice():
    inputs = [x.clone().requires_grad_() for x in (FEATURES[:, :3], PROTOTYPES[:2])]

    def all_of_it(*x):
        found = la.losses.pair_metric_learning.generalized_sum_pooling(*x, gamma=3.0)
        return found.pooled, found.histogram

    assert torch.autograd.gradcheck(all_of_it, inputs)
    assert torch.autograd.gradgradcheck(all_of_it, inputs)


def test_where_nothing_decides_the_gradient_is_finite():
    prototypes = PROTOTYPES.clone().requires_grad_()
    la.losses.pair_metric_learning.generalized_sum_pooling(
        FEATURES, prototypes, mass=2 / 6, gamma=1e5
    ).pooled.sum().backward()
    assert prototypes.grad.isfinite().all()
    same = FEATURES[:, :1].expand_as(FEATURES).clone().requires_grad_()
    la.losses.pair_metric_learning.generalized_sum_pooling(same, same[0, :2].detach()).pooled.sum().backward()
    assert same.grad.isfinite().all()


def test_the_module_is_the_function_of_its_prototypes():
    module = la.losses.pair_metric_learning.GeneralizedSumPooling(3, 4, mass=0.4, gamma=2.0).double()
    other = la.losses.pair_metric_learning.GeneralizedSumPooling(3, 4, mass=0.4, gamma=2.0).double()
    other.load_state_dict(module.state_dict())
    wanted = la.losses.pair_metric_learning.generalized_sum_pooling(FEATURES, module.prototypes, mass=0.4, gamma=2.0)
    torch.testing.assert_close(tuple(other(FEATURES)), tuple(wanted))
    assert (
        la.losses.pair_metric_learning.generalized_sum_pooling(FEATURES.float(), PROTOTYPES.float()).pooled.dtype
        == torch.float32
    )


def test_one_prototype_of_one_dimension_is_taken_and_less_refused():
    module = la.losses.pair_metric_learning.GeneralizedSumPooling
    assert module(1, 1).prototypes.shape == (1, 1)
    for given, hyper, name in (
        ((2, 0), {}, "prototypes"),
        ((0, 2), {}, "dimension"),
        ((2, 2.0), {}, "prototypes"),
        ((2, 2), {"mass": 1.0}, "mass"),
        ((2, 2), {"gamma": 0.0}, "gamma"),
    ):
        refused(ValueError, name, module, *given, **hyper)


def test_the_module_has_the_published_defaults():
    module = la.losses.pair_metric_learning.GeneralizedSumPooling(3)
    assert (len(module.prototypes), module.mass, module.gamma) == (64, 0.3, 0.1)


def test_prototypes_begin_with_the_variance_two_over_their_number():
    torch.manual_seed(0)
    prototypes = la.losses.pair_metric_learning.GeneralizedSumPooling(400, 50).prototypes
    assert prototypes.var().item() == pytest.approx(2 / 50, rel=0.05) and abs(prototypes.mean().item()) < 0.01


HISTOGRAMS = torch.rand(8, 3, generator=RANDOM, dtype=torch.float64)
LABELS = torch.arange(8) % 4
CLASSES = torch.randn(4, 5, generator=RANDOM, dtype=torch.float64)


def test_without_class_embeddings_every_class_is_as_likely():
    value = la.losses.pair_metric_learning.zero_shot_regression_loss(HISTOGRAMS, LABELS, torch.zeros_like(CLASSES))
    assert value.item() == pytest.approx(math.log(4))


def test_the_map_is_that_of_ridge_regression():
    first, second = HISTOGRAMS[:4], HISTOGRAMS[4:]

    def predicted(a, known, targets):
        gram = known.T @ known + 0.1 * torch.eye(3, dtype=torch.float64)
        return a @ torch.linalg.inv(gram) @ known.T @ targets

    targets = CLASSES[LABELS]
    u = torch.cat([predicted(first, second, targets[4:]), predicted(second, first, targets[:4])])
    wanted = torch.nn.functional.cross_entropy(2 * u @ CLASSES.T, LABELS)
    torch.testing.assert_close(
        la.losses.pair_metric_learning.zero_shot_regression_loss(HISTOGRAMS, LABELS, CLASSES, ridge=0.1, scale=2.0),
        wanted,
    )
