"""What the papers say of contrast on graphs, of learning on without forgetting, and of batches."""

import math

import torch

import lossatlas as la
from lossatlas.contract.safe import unit


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same(got, wanted):
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


def off_diagonal(n):
    return ~torch.eye(n, dtype=torch.bool)


# Graphs


def test_nodes_all_apart_give_decoupled_info_nce():
    a, z, tau = normal(5, 3), normal(5, 3, seed=1), 0.4
    weights = la.losses.contrastive.cluster_disagreement(torch.arange(5).unsqueeze(0)).double()
    same(weights, off_diagonal(5).double())
    s = unit(a) @ unit(z).mT / tau
    wanted = (s.masked_fill(~off_diagonal(5), -torch.inf).logsumexp(-1) - s.diagonal()).mean()
    same(la.losses.contrastive.weighted_negative_info_nce(a, z, weights, temperature=tau), wanted)


def test_weights_of_1_give_info_nce_and_a_factor_adds_its_logarithm():
    a, z = normal(5, 3), normal(5, 3, seed=1)
    ones = torch.ones(5, 5, dtype=a.dtype)
    same(la.losses.contrastive.weighted_negative_info_nce(a, z, ones), la.info_nce(a, z, temperature=0.5))
    weights = normal(5, 5, seed=2).exp()
    found = la.losses.contrastive.weighted_negative_info_nce(
        a, z, 3 * weights
    ) - la.losses.contrastive.weighted_negative_info_nce(a, z, weights)
    same(found, torch.tensor(math.log(3), dtype=a.dtype))


def test_learned_weights_have_a_gradient():
    a, z, weights = normal(4, 3), normal(4, 3, seed=1), normal(4, 4, seed=2).sigmoid()
    inputs = [x.requires_grad_() for x in (a, z, weights)]
    assert torch.autograd.gradcheck(la.losses.contrastive.weighted_negative_info_nce, inputs)


def test_one_concentration_for_all_is_a_temperature():
    a, c, y = normal(5, 3), normal(4, 3, seed=1), torch.tensor([0, 3, 1, 2, 2])
    everywhere = torch.full((4,), 0.3, dtype=a.dtype)
    same(la.proto_nce(a, c, y, concentration=everywhere), la.proto_nce(a, c, y, temperature=0.3))
    wanted = torch.nn.functional.cross_entropy(unit(a) @ unit(c).mT / torch.arange(1, 5), y)
    same(la.proto_nce(a, c, y, concentration=torch.arange(1.0, 5.0)), wanted)


def test_pamc_of_equal_nodes():
    n, clusters, beta = 6, torch.tensor([0, 0, 1, 1, 2, 2]), 0.7
    gamma = normal(n, n).softmax(-1)
    z = normal(1, 3).expand(n, 3)
    own = gamma.diagonal()
    wanted = math.log(1 + 2 * math.exp(beta)) - (own + (1 - own) * math.exp(beta)).log().mean()
    torch.testing.assert_close(
        la.losses.contrastive.pamc_loss(z, gamma, clusters, scale=beta), wanted, rtol=1e-9, atol=1e-9
    )
    assert la.losses.contrastive.pamc_loss(z, 100 * gamma, clusters) < 0


def test_pamc_of_a_sparse_graph_is_that_of_the_dense_one():
    z, clusters = normal(8, 3).requires_grad_(), torch.tensor([4, 4, -1, -1, 9, 9, 9, 4])
    gamma = normal(8, 8, seed=1).clamp(min=0)
    gamma[3] = 0
    dense, sparse = (
        la.losses.contrastive.pamc_loss(z, graph, clusters, scale=1.5) for graph in (gamma, gamma.to_sparse())
    )
    same(dense, sparse)
    same(*(torch.autograd.grad(value, z)[0] for value in (dense, sparse)))


def test_sparse_pamc_makes_no_matrix_of_all_nodes():
    n = 200_000
    i = torch.arange(n)
    graph = torch.sparse_coo_tensor(torch.stack([i, (i + 1) % n]), torch.ones(n), (n, n), check_invariants=True)
    assert la.losses.contrastive.pamc_loss(
        torch.randn(n, 4, generator=torch.Generator().manual_seed(0)), graph, i % 5
    ).isfinite()


# Going on


def going_on():
    query, key, predicted, previous = (normal(4, 3, seed=n) for n in range(4))
    return query, key, predicted, previous, normal(6, 3, seed=4), normal(5, 3, seed=5)


def test_sy_con_is_two_info_nces_with_pseudo_negatives():
    query, key, predicted, previous, new, old = going_on()
    found = la.losses.contrastive.symmetric_continual_contrastive_loss(
        query, key, predicted, previous, new, old, temperature=0.5
    )
    both = torch.cat([old, new])
    terms = [la.info_nce(a, b, both, temperature=0.5) for a, b in ((query, key), (predicted, previous))]
    same(found, sum(terms))
    plain = la.info_nce(query, key, new, temperature=0.5), la.info_nce(predicted, previous, old, temperature=0.5)
    assert terms[0] > plain[0] and terms[1] > plain[1]


def test_without_the_old_models_negatives_learning_is_info_nce():
    query, key, predicted, previous, new, old = going_on()
    none = old[:0]
    found = la.losses.contrastive.symmetric_continual_contrastive_loss(query, key, predicted, previous, new, none)
    same(found, la.info_nce(query, key, new, temperature=0.2) + la.info_nce(predicted, previous, new, temperature=0.2))
    found = la.losses.contrastive.symmetric_continual_contrastive_loss(query, key, predicted, previous, none, old)
    same(found, la.info_nce(query, key, old, temperature=0.2) + la.info_nce(predicted, previous, old, temperature=0.2))


def test_the_old_model_gets_no_gradient():
    leaves = [x.requires_grad_() for x in going_on()]
    gradients = torch.autograd.grad(
        la.losses.contrastive.symmetric_continual_contrastive_loss(*leaves), leaves, allow_unused=True
    )
    assert gradients[3] is None and gradients[5] is None
    assert all(gradients[n] is not None for n in (0, 1, 2, 4))


# Batches


def test_no_pseudo_label_occurs_twice_in_a_batch():
    labels = torch.tensor([3, 3, 3, -1, -1, 8, 3, 8, 5])
    batches = la.losses.contrastive.guided_batches(labels, generator=torch.Generator().manual_seed(0))
    for batch in batches:
        found = labels[batch].tolist()
        assert len(found) == len(set(found)) <= 4
    assert sorted(torch.cat(batches).tolist()) == list(range(9))
    assert [len(batch) for batch in batches] == [4, 3, 1, 1]


def test_batches_are_drawn_by_the_generator():
    labels = torch.arange(40) % 8
    first, again, other = (
        la.losses.contrastive.guided_batches(labels, generator=torch.Generator().manual_seed(n)) for n in (0, 0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(first, other, strict=True))
    assert la.losses.contrastive.guided_batches(labels[:0]) == []
