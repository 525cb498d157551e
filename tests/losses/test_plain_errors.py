"""What is no registered loss refuses sparse tensors and wrong kinds in the one style too, before torch stumbles over them."""

import pytest
import torch
from tests.contract.test_errors import refused

import lossatlas as la

X, TABLE, LABELS = torch.randn(4, 3), torch.randn(4, 3, 2), torch.tensor([0, 0, 1, 1])
EYE, STATE = torch.eye(4), torch.ones(4)
THERE = torch.ones(4, 3, 2, dtype=torch.bool)
EDGES = torch.tensor([[0, 1], [1, 2]])

SPARSE = {
    "pseudo_labels": lambda: la.losses.contrastive.guided_batches(LABELS.to_sparse()),
    "negative_similarities": lambda: la.losses.contrastive.contrastive_relative_penalty(X.to_sparse()),
    "x": lambda: la.losses.contrastive.differentiable_sort(X.to_sparse()),
    "positive": lambda: la.losses.contrastive.amcl_nt_xent(X.to_sparse(), TABLE, X.exp(), TABLE.exp(), width=4.0),
    "negative_temperature": lambda: la.losses.contrastive.amcl_nt_xent(
        X, TABLE, X.exp(), TABLE.exp().to_sparse(), width=4.0
    ),
    "temperature": lambda: la.losses.contrastive.adaptive_temperature_regularizer(STATE.to_sparse(), width=4.0),
    "scores": lambda: la.losses.contrastive.isogclr_update(TABLE.to_sparse(), THERE, *[torch.ones(3)] * 3),
    "slope": lambda: la.losses.contrastive.isogclr_update(
        TABLE, THERE, torch.ones(3), torch.ones(3), torch.ones(3).to_sparse()
    ),
    "index": lambda: la.losses.contrastive.GlobalContrastiveTemperatures(4)(X, X, LABELS.to_sparse()),
    "positive_weights": lambda: la.multi_view_contrastive_loss(X, X, positive_weights=torch.ones(3).to_sparse()),
    "concentration": lambda: la.proto_nce(X, X, LABELS, concentration=STATE.to_sparse()),
    "where": lambda: la.losses.contrastive.gaussian_neighbor_distribution(EYE, where=EYE.bool().to_sparse()),
    "mixtures.share": lambda: la.losses.contrastive.mix_hard_negatives(
        X, X, mixtures(share=torch.ones(4, 1).to_sparse()), hardest=2
    ),
    "rho": lambda: la.robust_global_contrastive_loss(X, X, rho=torch.ones(1).to_sparse()),
}


def mixtures(**changes):
    return la.losses.contrastive.draw_mixtures(4, 2, 1, 1)._replace(**changes)


@pytest.mark.parametrize("argument", SPARSE)
def test_sparse_tensors(argument):
    refused(TypeError, argument, SPARSE[argument])


def test_wrong_kinds():
    refused(
        TypeError, "negative_similarities", la.losses.contrastive.contrastive_relative_penalty, X.to(torch.float8_e5m2)
    )
    refused(TypeError, "x", la.losses.contrastive.differentiable_sort, X.to(torch.complex64))
    refused(TypeError, "temperature", la.losses.contrastive.adaptive_temperature_regularizer, 0.5, width=4.0)
    refused(
        TypeError, "log_u", la.losses.contrastive.isogclr_update, TABLE, THERE, LABELS[:3], torch.ones(3), torch.ones(3)
    )


@pytest.mark.parametrize("generator", [0, "cpu", torch.Generator])
def test_a_generator_that_is_none(generator):
    refused(TypeError, "generator", la.losses.contrastive.guided_batches, LABELS, generator)
    refused(TypeError, "generator", la.losses.contrastive.draw_mixtures, 4, 2, 1, 1, generator=generator)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64, float, [torch.float32]])
def test_shares_are_real_numbers(dtype):
    refused(TypeError, "dtype", la.losses.contrastive.draw_mixtures, 4, 2, 1, 1, dtype=dtype)
