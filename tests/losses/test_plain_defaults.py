"""What is no registered loss keeps its published defaults, takes the least that it may, and refuses what lies just below."""

import inspect

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la
from lossatlas.losses import contrastive

#: Those of the papers and their code, as the docstrings cite them. Arguments that are None or a function are not here.
DEFAULTS = {
    "GlobalContrastiveTemperatures": {
        "temperature": 0.1,
        "rho": 0.3,
        "gamma": 0.9,
        "step": 0.01,
        "momentum": 0.9,
        "low": 0.05,
        "high": 0.7,
    },
    "amcl_nt_xent": {"beta": 0.1},
    "cacr_momentum_euclidean": {"temperature": 1.0},
    "cacr_momentum_rbf": {"temperature": 1.0},
    "contrastive_attraction": {"alpha": 1.0, "t_positive": 1.0},
    "contrastive_relative_penalty": {"temperature": 0.07},
    "contrastive_repulsion": {"beta": 1.0, "t_negative": 0.9},
    "debias_distribution": {"alpha": 0.2},
    "differentiable_sort": {"steepness": 1.0},
    "draw_mixtures": {"dtype": torch.float32},
    "gated_contrastive_loss": {"temperature": 0.1},
    "gaussian_neighbor_distribution": {"sigma": 1.0},
    "group_ordering_of_views": {"hardest": 10, "steepness": 1.0},
    "isogclr_update": {"rho": 0.3, "gamma": 0.9, "step": 0.01, "momentum": 0.9, "low": 0.05, "high": 0.7},
    "mochi_loss": {"temperature": 0.2},
    "pamc_loss": {"scale": 1.0},
    "student_t_neighbor_distribution": {"gamma": 1.0},
    "symmetric_continual_contrastive_loss": {"temperature": 0.2},
    "weighted_negative_info_nce": {"temperature": 0.5},
}

RANDOM = torch.Generator().manual_seed(0)
X, Y, Z = torch.randn(3, 4, 3, generator=RANDOM)
LABELS = torch.tensor([0, 0, 1, 1])
EDGES = torch.tensor([[0, 1], [1, 2]])
EYE = torch.eye(4)


def of(name):
    return getattr(contrastive, name)


def test_defaults_are_the_published_ones():
    plain = set(contrastive.__all__) - {entry.name for entry in la.registry()}
    found = {}
    for name in plain:
        given = {p.name: p.default for p in inspect.signature(of(name)).parameters.values() if p.default is not p.empty}
        found[name] = {key: value for key, value in given.items() if value is not None and not callable(value)}
    assert {name: defaults for name, defaults in found.items() if defaults} == DEFAULTS


#: Calls with the least that an argument may be; each has an answer.
LEAST = {
    "one of a bank": lambda: la.losses.contrastive.hardest_negatives(X, Y, 1),
    "no query": lambda: la.losses.contrastive.draw_mixtures(0, 1, 0, 0).share.sum(),
    "a graph without edges": lambda: la.losses.contrastive.pamc_loss(X, torch.zeros(4, 4), LABELS),
    "no share": lambda: la.debiased_contrastive_loss(X, Y, positive_prior=0.0),
    "one example": lambda: la.losses.contrastive.GlobalContrastiveTemperatures(1).temperature,
    "one hardest": lambda: la.losses.contrastive.group_ordering_of_views(torch.stack([X, Y]), hardest=1),
}

#: (argument, call): just below that.
BELOW = {
    "none of a bank": ("count", lambda: la.losses.contrastive.hardest_negatives(X, Y, 0)),
    "more than the bank": ("count", lambda: la.losses.contrastive.hardest_negatives(X, Y, 5)),
    "a query less than none": ("queries", lambda: la.losses.contrastive.draw_mixtures(-1, 1, 0, 0)),
    "none to draw from": ("hardest", lambda: la.losses.contrastive.draw_mixtures(1, 0, 0, 0)),
    "mixtures less than none": ("of_negatives", lambda: la.losses.contrastive.draw_mixtures(1, 1, -1, 0)),
    "mixtures with the query less than none": ("with_query", lambda: la.losses.contrastive.draw_mixtures(1, 1, 0, -1)),
    "a weight just below 0": ("adjacency", lambda: la.losses.contrastive.pamc_loss(X, -0.01 * EYE, LABELS)),
    "a share just below 0": ("positive_prior", lambda: la.debiased_contrastive_loss(X, Y, positive_prior=-1e-3)),
    "no example": ("examples", lambda: la.losses.contrastive.GlobalContrastiveTemperatures(0)),
    "no hardest": ("hardest", lambda: la.losses.contrastive.group_ordering_of_views(torch.stack([X, Y]), hardest=0)),
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


def test_the_surprise_of_a_positive_that_is_sure_has_a_slope():
    """However far ahead: at a similarity of 1 and a temperature of 0.001 the odds of a miss underflow."""
    s = torch.tensor([[1.0]], dtype=torch.float64, requires_grad=True)
    loss = la.on(la.signatures.pairs, "macl_loss")(
        s, -torch.ones(1, 1, dtype=torch.float64), temperature=1e-3, alpha=0.0
    )
    (slope,) = torch.autograd.grad(loss, s)
    assert loss.item() == 1.0 and slope.item() == pytest.approx(-1e3)


def test_shares_of_the_query_go_up_to_one_half():
    drawn = la.losses.contrastive.draw_mixtures(100, 5, 100, 100, generator=torch.Generator().manual_seed(0))
    for shares, most in ((drawn.share, 1.0), (drawn.query_share, 0.5)):
        assert 0 < shares.min() < 0.01 * most and 0.99 * most < shares.max() < most


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
