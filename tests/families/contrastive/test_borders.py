"""The least that an argument may be has an answer, and of two dtypes the wider one counts."""

import pytest
import torch

import lossatlas as la
from lossatlas.losses import contrastive

RANDOM = torch.Generator().manual_seed(0)
X, Y, Z = torch.randn(3, 4, 3, generator=RANDOM)
LABELS = torch.tensor([0, 0, 1, 1])

#: Calls with the least that an argument may be.
LEAST = {
    "one of a bank": lambda: contrastive.hardest_negatives(X, Y, count=1),
    "no query": lambda: contrastive.draw_mixtures(queries=0, hardest=1, of_negatives=0, with_query=0).share.sum(),
    "a graph without edges": lambda: contrastive.pamc_loss(X, torch.zeros(4, 4), LABELS),
    "no share": lambda: la.debiased_contrastive_loss(X, Y, positive_prior=0.0),
    "one example": lambda: contrastive.GlobalContrastiveTemperatures(1).temperature,
    "one hardest": lambda: contrastive.group_ordering_of_views(torch.stack([X, Y]), hardest=1),
}


@pytest.mark.parametrize("call", LEAST)
def test_the_least_is_taken(call):
    assert LEAST[call]().isfinite().all()


def test_of_two_dtypes_the_wider_one_is_given_back():
    views, graph = torch.stack([X, Y, Z]), torch.ones(4, 4)
    assert contrastive.contrastive_repulsion(views.half()).dtype == torch.float16
    made = torch.randn(4, 2, 3, generator=RANDOM)
    assert contrastive.mochi_loss(X.half(), Y, Z.bfloat16(), made).dtype == torch.float32
    assert contrastive.pamc_loss(X.double(), graph.half().to_sparse(), LABELS).dtype == torch.float64


def test_clusters_are_whole_numbers_of_any_width():
    for dtype in (torch.int8, torch.int16, torch.int32, torch.int64):
        batches = contrastive.guided_batches(LABELS.to(dtype))
        assert sorted(torch.cat(batches).tolist()) == [0, 1, 2, 3]


def test_what_is_mixed_may_be_indexed_by_32_bits():
    drawn = contrastive.draw_mixtures(queries=4, hardest=2, of_negatives=3, with_query=1)
    short = drawn._replace(first=drawn.first.int(), second=drawn.second.int(), partner=drawn.partner.int())
    same = [contrastive.mix_hard_negatives(X, Y, mixtures, hardest=2) for mixtures in (drawn, short)]
    assert torch.equal(*same)
