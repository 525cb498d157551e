"""What is no registered loss keeps its published defaults, takes the least that it may, and refuses what lies just below."""

import inspect

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la
from lossatlas.losses import contrastive, pair_metric_learning

#: Those of the papers and their code, as the docstrings cite them. Arguments that are None or a function are not here.
DEFAULTS = {
    "GeneralizedSumPooling": {"prototypes": 64, "mass": 0.3, "gamma": 0.1},
    "GlobalContrastiveTemperatures": {
        "temperature": 0.1,
        "rho": 0.3,
        "gamma": 0.9,
        "step": 0.01,
        "momentum": 0.9,
        "low": 0.05,
        "high": 0.7,
    },
    "adaptive_margin_open_set_loss": {"margin": 1.0},
    "amcl_nt_xent": {"beta": 0.1},
    "cacr_momentum_euclidean": {"temperature": 1.0},
    "cacr_momentum_rbf": {"temperature": 1.0},
    "contrastive_attraction": {"alpha": 1.0, "t_positive": 1.0},
    "contrastive_relative_penalty": {"temperature": 0.07},
    "contrastive_repulsion": {"beta": 1.0, "t_negative": 0.9},
    "debias_distribution": {"alpha": 0.2},
    "differentiable_sort": {"steepness": 1.0},
    "distance_weighted_triplets": {"cutoff": 0.5, "farthest": 1.4},
    "draw_mixtures": {"dtype": torch.float32},
    "feature_extractor_loss": {"triplet_weight": 20.0, "variance_weight": 1.0, "covariance_weight": 5.0, "eps": 1e-6},
    "gated_contrastive_loss": {"temperature": 0.1},
    "gaussian_neighbor_distribution": {"sigma": 1.0},
    "generalized_bures_wasserstein_distance": {"theta": 1.0},
    "generalized_sum_pooling": {"mass": 0.3, "gamma": 0.1},
    "group_ordering_of_views": {"hardest": 10, "steepness": 1.0},
    "icnn_parts": {"neighbors": (4, 5)},
    "icnn_score": {"neighbors": (4, 5)},
    "imle_assignment_gradient": {"strength": 1.0},
    "isogclr_update": {"rho": 0.3, "gamma": 0.9, "step": 0.01, "momentum": 0.9, "low": 0.05, "high": 0.7},
    "laplacian_bound_update": {"lam": 1.0},
    "laplacian_energy": {"lam": 1.0},
    "laplacian_regularized_clustering": {"lam": 1.0, "steps": 20, "tolerance": 1e-6},
    "matched": {"strength": 1.0},
    "mochi_loss": {"temperature": 0.2},
    "multi_similarity_mining": {"epsilon": 0.1},
    "multi_similarity_pairs": {"epsilon": 0.1},
    "neighbor_affinity": {"neighbors": 3},
    "pamc_loss": {"scale": 1.0},
    "squared_generalized_bures_wasserstein_distance": {"theta": 1.0},
    "student_t_neighbor_distribution": {"gamma": 1.0},
    "symmetric_continual_contrastive_loss": {"temperature": 0.2},
    "transductive_clustering": {"lam": 1.0, "neighbors": 3, "rounds": 10},
    "vertex_edge_affinity": {"share": 1.0},
    "weighted_negative_info_nce": {"temperature": 0.5},
    "zero_shot_regression_loss": {"ridge": 0.05, "scale": 9.5},
}

RANDOM = torch.Generator().manual_seed(0)
X, Y, Z = torch.randn(3, 4, 3, generator=RANDOM)
LABELS = torch.tensor([0, 0, 1, 1])
EDGES = torch.tensor([[0, 1], [1, 2]])
EYE = torch.eye(4)


def of(name):
    return getattr(contrastive, name, None) or getattr(pair_metric_learning, name)


def test_defaults_are_the_published_ones():
    plain = {name for family in (contrastive, pair_metric_learning) for name in family.__all__} - {
        entry.name for entry in la.registry()
    }
    found = {}
    for name in plain:
        given = {p.name: p.default for p in inspect.signature(of(name)).parameters.values() if p.default is not p.empty}
        found[name] = {key: value for key, value in given.items() if value is not None and not callable(value)}
    assert {name: defaults for name, defaults in found.items() if defaults} == DEFAULTS


#: Calls with the least that an argument may be; each has an answer.
LEAST = {
    "two rows": lambda: la.losses.pair_metric_learning.feature_extractor_loss(X[:2], Y[:2], Z[:2]).total,
    "one round": lambda: la.losses.pair_metric_learning.transductive_clustering(X, LABELS, Y, rounds=1),
    "no step": lambda: la.losses.pair_metric_learning.laplacian_regularized_clustering(X, EYE, steps=0).assignments,
    "one neighbour": lambda: la.losses.pair_metric_learning.neighbor_affinity(X, neighbors=1),
    "one of a bank": lambda: la.losses.contrastive.hardest_negatives(X, Y, 1),
    "no query": lambda: la.losses.contrastive.draw_mixtures(0, 1, 0, 0).share.sum(),
    "a graph without edges": lambda: la.losses.contrastive.pamc_loss(X, torch.zeros(4, 4), LABELS),
    "no share": lambda: la.debiased_contrastive_loss(X, Y, positive_prior=0.0),
    "one example": lambda: la.losses.contrastive.GlobalContrastiveTemperatures(1).temperature,
    "one prototype": lambda: la.losses.pair_metric_learning.GeneralizedSumPooling(1, 1).prototypes,
    "one hardest": lambda: la.losses.contrastive.group_ordering_of_views(torch.stack([X, Y]), hardest=1),
    "one word": lambda: la.losses.pair_metric_learning.code_mutual_information(
        torch.randn(1, 2, 3, generator=RANDOM), LABELS[:1]
    ),
    "nearest of one": lambda: la.losses.pair_metric_learning.icnn_score(X, LABELS, neighbors=(1, 1)),
}

#: (argument, call): just below that.
BELOW = {
    "one row": ("anchor", lambda: la.losses.pair_metric_learning.feature_extractor_loss(X[:1], Y[:1], Z[:1])),
    "no round": ("rounds", lambda: la.losses.pair_metric_learning.transductive_clustering(X, LABELS, Y, rounds=0)),
    "a step less than none": (
        "steps",
        lambda: la.losses.pair_metric_learning.laplacian_regularized_clustering(X, EYE, steps=-1),
    ),
    "no neighbour": ("neighbors", lambda: la.losses.pair_metric_learning.neighbor_affinity(X, neighbors=0)),
    "none of a bank": ("count", lambda: la.losses.contrastive.hardest_negatives(X, Y, 0)),
    "more than the bank": ("count", lambda: la.losses.contrastive.hardest_negatives(X, Y, 5)),
    "a query less than none": ("queries", lambda: la.losses.contrastive.draw_mixtures(-1, 1, 0, 0)),
    "none to draw from": ("hardest", lambda: la.losses.contrastive.draw_mixtures(1, 0, 0, 0)),
    "mixtures less than none": ("of_negatives", lambda: la.losses.contrastive.draw_mixtures(1, 1, -1, 0)),
    "mixtures with the query less than none": ("with_query", lambda: la.losses.contrastive.draw_mixtures(1, 1, 0, -1)),
    "a weight just below 0": ("adjacency", lambda: la.losses.contrastive.pamc_loss(X, -0.01 * EYE, LABELS)),
    "a share just below 0": ("positive_prior", lambda: la.debiased_contrastive_loss(X, Y, positive_prior=-1e-3)),
    "no example": ("examples", lambda: la.losses.contrastive.GlobalContrastiveTemperatures(0)),
    "no prototype": ("prototypes", lambda: la.losses.pair_metric_learning.GeneralizedSumPooling(2, 0)),
    "no dimension": ("dimension", lambda: la.losses.pair_metric_learning.GeneralizedSumPooling(0, 2)),
    "no hardest": ("hardest", lambda: la.losses.contrastive.group_ordering_of_views(torch.stack([X, Y]), hardest=0)),
    "no nudge": ("strength", lambda: la.losses.pair_metric_learning.imle_assignment_gradient(EYE, EYE, strength=0.0)),
    "a share of local features without any": (
        "share",
        lambda: la.losses.pair_metric_learning.vertex_edge_affinity(X, Y, EDGES, EDGES, share=0.9),
    ),
    "nearest of none": ("neighbors", lambda: la.losses.pair_metric_learning.icnn_score(X, LABELS, neighbors=(0, 1))),
    "a point too far": (
        "edges_a",
        lambda: la.losses.pair_metric_learning.second_order_cost(EYE, EYE, torch.ones(2, 2), EDGES + 2, EDGES),
    ),
    "a point below 0": (
        "edges_b",
        lambda: la.losses.pair_metric_learning.second_order_cost(EYE, EYE, torch.ones(2, 2), EDGES, EDGES - 1),
    ),
    "a gate just below 0": (
        "gate",
        lambda: la.losses.contrastive.gated_contrastive_loss(X, LABELS, LABELS, torch.full((4, 3), -1e-3)),
    ),
}


@pytest.mark.parametrize("call", LEAST)
def test_the_least_is_taken(call):
    assert LEAST[call]().isfinite().all()


@pytest.mark.parametrize("call", BELOW)
def test_less_is_refused(call):
    refused(ValueError, *BELOW[call])


@pytest.mark.parametrize("setting", ["rho", "gamma", "step", "momentum", "low", "high"])
def test_settings_of_temperatures_are_not_negative(setting):
    state = torch.ones(3)
    refused(
        ValueError,
        setting,
        la.losses.contrastive.isogclr_update,
        torch.zeros(2, 3, 2),
        torch.ones(2, 3, 2).bool(),
        state,
        state,
        state,
        **{setting: -0.1},
    )


def test_a_table_for_each_view_and_no_more():
    state = torch.ones(3)
    table = torch.zeros(2, 4, 3, 2)
    refused(ValueError, "where", la.losses.contrastive.isogclr_update, table, table.bool(), state, state, state)


def test_the_parts_of_the_feature_extractor_add_up():
    parts = la.losses.pair_metric_learning.feature_extractor_loss(
        X, Y, Z, triplet_weight=2.0, variance_weight=3.0, covariance_weight=0.5, eps=0.3
    )
    triplet = la.adaptive_margin_triplet_loss(X, Y, Z, eps=0.3)
    variance = sum((1 - (v.var(0) + 0.3).sqrt()).clamp(min=0).mean() for v in (X, Y, Z))
    covariance = sum((v.T.cov().square().sum() - v.var(0).square().sum()) / 3 for v in (X, Y, Z))
    for found, wanted in zip(
        parts, (2 * triplet + 3 * variance + 0.5 * covariance, triplet, variance, covariance), strict=True
    ):
        torch.testing.assert_close(found, wanted)


def test_a_vector_behind_a_closed_gate_has_no_direction():
    """Its cosine to all others is 0: the positive is one of three that look alike."""
    gate = torch.ones(4, 3)
    gate[0] = 0
    found = la.losses.contrastive.gated_contrastive_loss(
        X, torch.tensor([0, 1, 2, 3]), torch.tensor([1, 9, 9, 9]), gate
    )
    torch.testing.assert_close(found, torch.tensor(3.0).log())
    with_zero = X.clone()
    with_zero[2] = 0
    s = torch.nn.functional.cosine_similarity(X[0], with_zero[1:], dim=-1) / 0.1
    assert s[1] == 0
    found = la.losses.contrastive.gated_contrastive_loss(
        with_zero, torch.tensor([0, 1, 2, 3]), torch.tensor([1, 9, 9, 9]), torch.ones(4, 3)
    )
    torch.testing.assert_close(found, torch.logsumexp(s, 0) - s[0])


def test_rows_that_are_left_out_are_no_neighbours():
    """`own` counts: a gallery with the anchors themselves in it gives what the batch gives alone."""
    own = torch.arange(4)
    for of_batch, of_gallery in zip(
        la.losses.pair_metric_learning.icnn_parts(X, LABELS, neighbors=(1, 2)),
        la.losses.pair_metric_learning.icnn_parts(X, LABELS, X, LABELS, own, neighbors=(1, 2)),
        strict=True,
    ):
        torch.testing.assert_close(of_batch, of_gallery)
    apart = la.losses.pair_metric_learning.icnn_parts(X, LABELS, X, LABELS, torch.full((4,), -1), neighbors=(1, 2))
    assert not all(
        torch.equal(a, b)
        for a, b in zip(apart, la.losses.pair_metric_learning.icnn_parts(X, LABELS, neighbors=(1, 2)), strict=True)
    )


def test_the_spread_of_the_score_is_that_of_measured_distances():
    """Zeros stand where a neighbour is of the other kind; distances to the own class count in units of the nearest other."""
    k, reach, scaled, among, own = 2, 3, [], [], []
    for i, row in enumerate(torch.cdist(X, X)):
        near = sorted((d.item(), bool(LABELS[j] == LABELS[i])) for j, d in enumerate(row) if j != i)[:reach]
        to_other = min(d for d, same in near if not same)
        units = [d / to_other for d, _ in near[:k]]
        scaled += [u / max(1, *units) for u in units]
        among += [d for d, _ in near[:k]]
        own += [same for _, same in near[:k]]
    scaled, among, own = torch.tensor(scaled), torch.tensor(among), torch.tensor(own)
    wanted = 1 - (scaled * own).var() - (among / among[~own].max() * ~own).var()
    torch.testing.assert_close(
        la.losses.pair_metric_learning.icnn_parts(X, LABELS, neighbors=(k, reach)).spread, wanted, atol=1e-5, rtol=0
    )


def test_neighbours_in_half_precision_are_told_apart_in_full():
    """256 and 256.25, the squared distances of the first point to the second and the third, are one number in bfloat16."""
    points = torch.tensor([[0.0, 0.0], [16.0, 0.5], [-16.0, 0.0], [16.0, 1.0], [-16.0, -0.25]], dtype=torch.bfloat16)
    assert la.losses.pair_metric_learning.neighbor_affinity(points, neighbors=1)[0].tolist() == [0, 0, 1, 0, 0]


def test_the_surprise_of_a_positive_that_is_sure_has_a_slope():
    """However far ahead: at a similarity of 1 and a temperature of 0.001 the odds of a miss underflow."""
    s = torch.tensor([[1.0]], dtype=torch.float64, requires_grad=True)
    loss = la.on(la.signatures.pairs, "macl_loss")(
        s, -torch.ones(1, 1, dtype=torch.float64), temperature=1e-3, alpha=0.0
    )
    (slope,) = torch.autograd.grad(loss, s)
    assert loss.item() == 1.0 and slope.item() == pytest.approx(-1e3)


def test_clustering_passes_the_weight_of_the_graph_on():
    graph = la.losses.pair_metric_learning.neighbor_affinity(torch.cat([X, Y]), neighbors=3)
    found = la.losses.pair_metric_learning.transductive_clustering(X, LABELS, Y, affinity=graph, lam=0.3, rounds=1)
    prototypes = torch.stack([X[:2].mean(0), X[2:].mean(0)])
    held = torch.where(torch.nn.functional.one_hot(LABELS).bool(), 0.0, torch.inf)
    unary = torch.cat([held, torch.cdist(Y, prototypes).square()])
    torch.testing.assert_close(
        found, la.losses.pair_metric_learning.laplacian_regularized_clustering(unary, graph, lam=0.3).assignments[4:]
    )
    assert not torch.allclose(
        found, la.losses.pair_metric_learning.transductive_clustering(X, LABELS, Y, affinity=graph, rounds=1)
    )


def test_clustering_stops_by_the_change_beside_what_was_before():
    unary, graph = 10 * X, la.losses.pair_metric_learning.neighbor_affinity(X, neighbors=1)
    whole = la.losses.pair_metric_learning.laplacian_regularized_clustering(
        unary, graph, steps=12, tolerance=0.0
    ).energies
    change = (whole.diff() / whole[:-1]).abs()
    for tolerance in (0.03, 1e-3):
        stop = int((change <= tolerance).nonzero()[0]) + 2
        assert (
            len(
                la.losses.pair_metric_learning.laplacian_regularized_clustering(
                    unary, graph, steps=12, tolerance=tolerance
                ).energies
            )
            == stop
        )


def test_shares_of_the_query_go_up_to_one_half():
    drawn = la.losses.contrastive.draw_mixtures(100, 5, 100, 100, generator=torch.Generator().manual_seed(0))
    for shares, most in ((drawn.share, 1.0), (drawn.query_share, 0.5)):
        assert 0 < shares.min() < 0.01 * most and 0.99 * most < shares.max() < most


def test_prototypes_begin_with_the_variance_two_over_their_number():
    torch.manual_seed(0)
    assert la.losses.pair_metric_learning.GeneralizedSumPooling(400, 50).prototypes.var().item() == pytest.approx(
        2 / 50, rel=0.05
    )
    assert abs(la.losses.pair_metric_learning.GeneralizedSumPooling(400, 50).prototypes.mean().item()) < 0.01


@pytest.mark.parametrize("dimension", [3, 5])
def test_negatives_are_drawn_by_the_inverse_density_of_their_distance(dimension):
    angles = torch.tensor([0.0, 0.1, 0.4, 0.8, 1.2])
    points = torch.zeros(5, dimension)
    points[:, 0], points[:, 1] = angles.cos(), angles.sin()
    anchors, labels = points[:1].expand(40_000, dimension), torch.zeros(40_000, dtype=torch.long)
    _, _, negative = la.losses.pair_metric_learning.distance_weighted_triplets(
        anchors, labels, points, torch.arange(5), cutoff=0.3, generator=torch.Generator().manual_seed(0)
    )
    d = (points[1:] - points[0]).norm(dim=-1).clamp(min=0.3)
    weight = d ** (2 - dimension) * (1 - d.square() / 4) ** ((3 - dimension) / 2)
    torch.testing.assert_close(
        torch.bincount(negative, minlength=5)[1:] / len(negative), weight / weight.sum(), atol=0.01, rtol=0
    )


def test_one_positive_pair_is_a_mean_of_one():
    labels, partners = torch.tensor([0, 1, 2, 3]), torch.tensor([1, 9, 9, 9])
    gate = torch.ones(4, 3)
    s = torch.nn.functional.cosine_similarity(X[0], X[1:], dim=-1) / 0.1
    wanted = torch.logsumexp(s, 0) - s[0]
    torch.testing.assert_close(la.losses.contrastive.gated_contrastive_loss(X, labels, partners, gate), wanted)


def test_a_row_that_may_choose_nobody_has_no_distribution():
    where = torch.tensor([[False, True, True], [False, False, False], [True, False, False]])
    found = la.losses.contrastive.gaussian_neighbor_distribution(torch.rand(3, 3, generator=RANDOM), where=where)
    torch.testing.assert_close(found.sum(-1), torch.tensor([1.0, 0.0, 1.0]))
    assert not found[~where].any()


def test_an_anchor_with_nothing_to_tell_apart_adds_nothing():
    """The first has no negative, the second no positive."""
    loss = la.on(la.signatures.embeddings, "macl_loss")
    only, pair = torch.zeros(4, dtype=torch.long), torch.tensor([0, 1])
    assert loss(Y[:2], pair, X, only).item() == 0
    three = loss(Y[:3], torch.tensor([0, 1, 2]), X, LABELS.clamp(max=1) * 2, alpha=0.0)
    two = loss(Y[[0, 2]], torch.tensor([0, 2]), X, LABELS * 2, alpha=0.0)
    torch.testing.assert_close(3 * three, 2 * two)


def test_matrices_are_symmetric_beside_their_size():
    crooked = torch.tensor([[0.0, 1.0], [0.0, 0.0]], dtype=torch.float64)
    for size in (1e-8, 1.0, 1e8):
        square = size * torch.eye(2, dtype=torch.float64)
        assert la.losses.pair_metric_learning.bures_wasserstein_distance(
            square + 0.3e-6 * size * crooked, square
        ).isfinite()
        refused(
            ValueError,
            "a",
            la.losses.pair_metric_learning.bures_wasserstein_distance,
            square + 3e-5 * size * crooked,
            square,
        )
