"""Matching two graphs: costs, the Hamming loss, and the gradient through the solver."""

import sys
from unittest import mock

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la

RANDOM = torch.Generator().manual_seed(0)
COST = torch.randn(5, 5, generator=RANDOM, dtype=torch.float64)
VIEW_A, VIEW_B = torch.randn(2, 5, 3, generator=RANDOM, dtype=torch.float64)
EDGES = torch.tensor([[0, 1], [1, 2], [3, 4]])


def permutation(*order):
    return torch.eye(len(order), dtype=torch.float64)[list(order)]


def test_every_moved_point_loses_2():
    assert la.losses.pair_metric_learning.graph_matching_hamming_loss(permutation(0, 1, 2, 3)) == 0
    assert la.losses.pair_metric_learning.graph_matching_hamming_loss(permutation(1, 0, 2, 3)) == 4
    assert la.losses.pair_metric_learning.graph_matching_hamming_loss(permutation(1, 2, 3, 0)) == 8
    assert la.losses.pair_metric_learning.graph_matching_hamming_loss(permutation(1, 2, 0), permutation(1, 2, 0)) == 0


def test_its_gradient():
    matching = torch.rand(4, 4, generator=RANDOM, dtype=torch.float64).requires_grad_()
    (gradient,) = torch.autograd.grad(la.losses.pair_metric_learning.graph_matching_hamming_loss(matching), matching)
    torch.testing.assert_close(gradient, 1 - 2 * torch.eye(4, dtype=torch.float64))


def test_the_least_cost_is_found_whatever_is_added_to_rows_and_columns():
    found = la.losses.pair_metric_learning.least_cost_matching(COST)
    assert (found.sum(0) == 1).all() and (found.sum(1) == 1).all()
    others = [permutation(*torch.randperm(5, generator=RANDOM).tolist()) for _ in range(100)]
    assert all((COST * found).sum() <= (COST * other).sum() for other in others)
    assert torch.equal(la.losses.pair_metric_learning.least_cost_matching(COST + COST[:1] + 3 * COST[:, :1]), found)


def test_the_gradient_is_the_answer_to_a_nudge():
    cost = torch.tensor([[1.0, 0.5], [0.5, 1.0]], dtype=torch.float64, requires_grad=True)
    assert torch.equal(la.losses.pair_metric_learning.matched(cost), permutation(1, 0))
    (gradient,) = torch.autograd.grad(
        la.losses.pair_metric_learning.graph_matching_hamming_loss(
            la.losses.pair_metric_learning.matched(cost, strength=2.0)
        ),
        cost,
    )
    # The nudge makes the true pairs win: their cost is to fall, that of the wrong ones to rise.
    torch.testing.assert_close(gradient, torch.tensor([[1.0, -1], [-1, 1]], dtype=torch.float64) / 2)
    assert not la.losses.pair_metric_learning.imle_assignment_gradient(cost.detach(), 1e-3 * gradient).any()


def test_second_derivatives_are_refused():
    cost = COST.clone().requires_grad_()
    with pytest.raises(ValueError, match=r"`create_graph`: expected False: a gradient of a matching cannot"):
        torch.autograd.grad(
            la.losses.pair_metric_learning.graph_matching_hamming_loss(la.losses.pair_metric_learning.matched(cost)),
            cost,
            create_graph=True,
        )
    with pytest.raises(ValueError, match=r"`torch\.func`: expected no transform .* of a matching"):
        torch.func.grad(
            lambda cost: la.losses.pair_metric_learning.graph_matching_hamming_loss(
                la.losses.pair_metric_learning.matched(cost)
            )
        )(COST)


def test_descent_along_it_finds_the_truth():
    cost = COST.clone().requires_grad_()
    assert (
        la.losses.pair_metric_learning.graph_matching_hamming_loss(
            la.losses.pair_metric_learning.least_cost_matching(cost)
        )
        > 0
    )
    for _ in range(60):
        (gradient,) = torch.autograd.grad(
            la.losses.pair_metric_learning.graph_matching_hamming_loss(la.losses.pair_metric_learning.matched(cost)),
            cost,
        )
        cost = (cost - 0.2 * gradient).detach().requires_grad_()
    assert (
        la.losses.pair_metric_learning.graph_matching_hamming_loss(
            la.losses.pair_metric_learning.least_cost_matching(cost)
        )
        == 0
    )


def test_costs_of_vertices_and_edges():
    vertex, edge = la.losses.pair_metric_learning.vertex_edge_affinity(VIEW_A, VIEW_B, EDGES, EDGES[:2])
    cosine = torch.nn.functional.cosine_similarity
    torch.testing.assert_close(vertex[1, 3], -cosine(VIEW_A[1], VIEW_B[3], dim=0))
    torch.testing.assert_close(edge[2, 0], -cosine(VIEW_A[3] - VIEW_A[4], VIEW_B[0] - VIEW_B[1], dim=0))
    mixed = la.losses.pair_metric_learning.vertex_edge_affinity(
        VIEW_A, VIEW_B, EDGES, EDGES, local=COST, share=0.25
    ).vertex
    torch.testing.assert_close(mixed, 0.25 * vertex - 0.75 * COST)


def test_the_true_matching_of_equal_graphs_costs_least():
    vertex, edge = la.losses.pair_metric_learning.vertex_edge_affinity(VIEW_A, VIEW_A, EDGES, EDGES)
    least = la.losses.pair_metric_learning.second_order_cost(permutation(0, 1, 2, 3, 4), vertex, edge, EDGES, EDGES)
    torch.testing.assert_close(least.item(), -8.0)
    assert (
        la.losses.pair_metric_learning.second_order_cost(permutation(1, 0, 2, 4, 3), vertex, edge, EDGES, EDGES) > least
    )


def test_without_scipy_it_says_so():
    with mock.patch.dict(sys.modules, {"scipy.optimize": None}), pytest.raises(ImportError, match="needs SciPy"):
        la.losses.pair_metric_learning.least_cost_matching(COST)


def test_a_share_of_local_features_needs_some():
    for share in (0.9, 0.0):
        affinity = la.losses.pair_metric_learning.vertex_edge_affinity
        refused(ValueError, "share", affinity, VIEW_A, VIEW_B, EDGES, EDGES, share=share)
