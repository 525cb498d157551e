"""What is no registered loss refuses sparse tensors and wrong kinds in the one style too, before torch stumbles over them."""

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la

X, LABELS = torch.randn(4, 3), torch.tensor([0, 0, 1, 1])
EYE, STATE = torch.eye(4), torch.ones(4)
EDGES = torch.tensor([[0, 1], [1, 2]])

SPARSE = {
    "s": lambda: la.losses.pair_metric_learning.multi_similarity_pairs(EYE.to_sparse(), EYE.bool(), EYE.bool()),
    "other": lambda: la.losses.pair_metric_learning.mixed_pair_labels(STATE, STATE.to_sparse(), 0.5),
    "edges_a": lambda: la.losses.pair_metric_learning.vertex_edge_affinity(X, X, EDGES.to_sparse(), EDGES),
    "target": lambda: la.losses.pair_metric_learning.adaptive_margin_open_set_loss(
        X, LABELS.to_sparse(), torch.ones(3)
    ),
    "a": lambda: la.losses.pair_metric_learning.bures_wasserstein_distance(EYE.to_sparse(), EYE),
}


@pytest.mark.parametrize("argument", SPARSE)
def test_sparse_tensors(argument):
    refused(TypeError, argument, SPARSE[argument])


def test_wrong_kinds():
    refused(TypeError, "label", la.losses.pair_metric_learning.mixed_pair_labels, X.to(torch.complex64), X, 0.5)


@pytest.mark.parametrize("generator", [0, "cpu", torch.Generator])
def test_a_generator_that_is_none(generator):
    refused(TypeError, "generator", la.losses.pair_metric_learning.random_triplets, X, LABELS, generator=generator)
    refused(
        TypeError,
        "generator",
        la.losses.pair_metric_learning.distance_weighted_triplets,
        X,
        LABELS,
        generator=generator,
    )


def test_weights_of_a_graph_are_not_negative():
    graph = torch.tensor([[0.0, -1.0], [-1.0, 0.0]])
    shares = torch.full((2, 2), 0.5)
    refused(ValueError, "affinity", la.losses.pair_metric_learning.laplacian_regularized_clustering, shares, graph)
    refused(ValueError, "affinity", la.losses.pair_metric_learning.laplacian_bound_update, shares, graph, shares)
    refused(ValueError, "affinity", la.losses.pair_metric_learning.laplacian_energy, shares, graph, shares)
    refused(
        ValueError,
        "affinity",
        la.losses.pair_metric_learning.transductive_clustering,
        shares[:1],
        torch.tensor([0]),
        shares[:1],
        affinity=graph,
    )
