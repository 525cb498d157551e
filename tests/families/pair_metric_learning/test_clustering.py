"""Laplacian-regularized clustering: what its update lowers, where it rests, and what it is good for."""

import pytest
import torch
from sklearn.datasets import load_digits
from tests.contract.test_errors import refused

import lossatlas as la

RANDOM = torch.Generator().manual_seed(0)
UNARY = torch.rand(8, 3, generator=RANDOM, dtype=torch.float64) * 3
ROOT = torch.randn(8, 8, generator=RANDOM, dtype=torch.float64).abs()
SEMIDEFINITE = ROOT @ ROOT.T / 8


def test_without_a_graph_it_is_a_softmax():
    found = la.losses.pair_metric_learning.laplacian_regularized_clustering(UNARY, SEMIDEFINITE, lam=0.0)
    torch.testing.assert_close(found.assignments, (-UNARY).softmax(-1))
    assert (
        la.losses.pair_metric_learning.laplacian_regularized_clustering(1e4 * UNARY, SEMIDEFINITE, lam=0.0)
        .assignments.argmax(-1)
        .equal(UNARY.argmin(-1))
    )


def test_the_energy_with_half_the_weight_never_rises():
    z, energies = (-UNARY).softmax(-1), []
    for _ in range(30):
        energies.append(la.losses.pair_metric_learning.laplacian_energy(UNARY, SEMIDEFINITE, z, lam=0.4))
        z = la.losses.pair_metric_learning.laplacian_bound_update(UNARY, SEMIDEFINITE, z, lam=0.8)
    assert (torch.stack(energies).diff() <= 1e-12).all() and energies[-1] < energies[0] - 0.1


def test_it_rests_where_the_conditions_of_a_minimum_hold():
    found = la.losses.pair_metric_learning.laplacian_regularized_clustering(
        UNARY, SEMIDEFINITE, lam=0.8, steps=2000, tolerance=0.0
    )
    z = found.assignments
    level = z.log() + UNARY - 0.8 * SEMIDEFINITE @ z
    torch.testing.assert_close(level, level[:, :1].expand_as(level))
    assert len(found.energies) == 2001


@pytest.mark.parametrize("tolerance", [0.03, 1e-3])
def test_it_stops_where_the_energy_hardly_changes(tolerance):
    """Beside what it was before the step."""
    whole = la.losses.pair_metric_learning.laplacian_regularized_clustering(
        UNARY, SEMIDEFINITE, lam=0.8, steps=200, tolerance=0.0
    )
    found = la.losses.pair_metric_learning.laplacian_regularized_clustering(
        UNARY, SEMIDEFINITE, lam=0.8, steps=200, tolerance=tolerance
    )
    change = (whole.energies.diff() / whole.energies[:-1]).abs()
    assert len(found.energies) == int((change <= tolerance).nonzero()[0]) + 2 < 201


def test_points_that_are_alike_and_tied_are_assigned_alike():
    unary = UNARY.clone()
    unary[1] = unary[0]
    affinity = torch.zeros(8, 8, dtype=torch.float64)
    affinity[0, 1] = affinity[1, 0] = 5.0
    z = la.losses.pair_metric_learning.laplacian_regularized_clustering(unary, affinity).assignments
    assert torch.equal(z[0], z[1])


def test_an_infinite_cost_holds_a_point():
    unary = UNARY.clone()
    unary[0, 1:] = torch.inf
    found = la.losses.pair_metric_learning.laplacian_regularized_clustering(unary, SEMIDEFINITE)
    assert found.assignments[0].tolist() == [1, 0, 0] and found.energies.isfinite().all()


def test_the_graph_of_nearest_neighbors():
    points = torch.tensor([[0.0], [1.0], [3.0], [10.0]])
    assert la.losses.pair_metric_learning.neighbor_affinity(points, neighbors=1).tolist() == [
        [0, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 1, 0, 1],
        [0, 0, 1, 0],
    ]
    assert la.losses.pair_metric_learning.neighbor_affinity(points, neighbors=9).tolist() == (1 - torch.eye(4)).tolist()


@pytest.mark.parametrize("lam", [0.0, 1.0])
def test_seen_together_digits_are_labelled_better_than_by_the_nearest_prototype(lam):
    x, y = (torch.tensor(values) for values in load_digits(return_X_y=True))
    x, target = 4 * x / x.norm(dim=1, keepdim=True), torch.arange(5).repeat_interleave(15)
    nearest, clustered = [], []
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        classes = torch.randperm(10, generator=generator)[:5]
        rows = torch.stack([(y == k).nonzero()[:, 0][torch.randperm(170, generator=generator)[:16]] for k in classes])
        support, query = x[rows[:, 0]], x[rows[:, 1:].flatten()]
        found = la.losses.pair_metric_learning.transductive_clustering(support, torch.arange(5), query, lam=lam)
        torch.testing.assert_close(found.sum(-1), torch.ones(75, dtype=torch.float64))
        clustered.append((found.argmax(-1) == target).double().mean())
        nearest.append((torch.cdist(query, support).argmin(-1) == target).double().mean())
    assert torch.stack(clustered).mean() > torch.stack(nearest).mean() + 0.05


def test_a_graph_of_other_points_is_refused():
    labels = torch.arange(8) % 2
    refused(
        ValueError,
        "affinity",
        la.losses.pair_metric_learning.transductive_clustering,
        UNARY,
        labels,
        UNARY,
        affinity=SEMIDEFINITE,
    )


def test_the_least_is_taken():
    nothing = la.losses.pair_metric_learning.laplacian_regularized_clustering(UNARY, SEMIDEFINITE, steps=0)
    torch.testing.assert_close(nothing.assignments, (-UNARY).softmax(-1))
    assert len(nothing.energies) == 1
    once = la.losses.pair_metric_learning.transductive_clustering(UNARY, torch.arange(8) % 2, UNARY, rounds=1)
    assert once.isfinite().all()


def test_neighbours_in_half_precision_are_told_apart_in_full():
    """The squared distances of the first point to the second and third, 256.25 and 256, are one number in bfloat16."""
    points = torch.tensor([[0.0, 0.0], [16.0, 0.5], [-16.0, 0.0], [16.0, 1.0], [-16.0, -0.25]], dtype=torch.bfloat16)
    assert la.losses.pair_metric_learning.neighbor_affinity(points, neighbors=1)[0].tolist() == [0, 0, 1, 0, 0]


def test_the_weight_of_the_graph_is_passed_on():
    x, y, labels = UNARY[:4], UNARY[4:], torch.tensor([0, 0, 1, 1])
    graph = la.losses.pair_metric_learning.neighbor_affinity(UNARY, neighbors=3)
    found = la.losses.pair_metric_learning.transductive_clustering(x, labels, y, affinity=graph, lam=0.3, rounds=1)
    prototypes = torch.stack([x[:2].mean(0), x[2:].mean(0)])
    given = torch.where(torch.nn.functional.one_hot(labels).bool(), 0.0, torch.inf)
    unary = torch.cat([given, torch.cdist(y, prototypes).square()])
    clustered = la.losses.pair_metric_learning.laplacian_regularized_clustering(unary, graph, lam=0.3)
    torch.testing.assert_close(found, clustered.assignments[4:])
    heavier = la.losses.pair_metric_learning.transductive_clustering(x, labels, y, affinity=graph, rounds=1)
    assert not torch.allclose(found, heavier)


def test_half_precision_is_computed_in_single():
    half, graph = UNARY.half(), SEMIDEFINITE.half()
    z, energies = la.losses.pair_metric_learning.laplacian_regularized_clustering(half, graph)
    assert z.dtype == energies.dtype == torch.float16
    wanted = la.losses.pair_metric_learning.laplacian_regularized_clustering(half.float(), graph.float()).assignments
    torch.testing.assert_close(z, wanted.half(), rtol=0, atol=0)
