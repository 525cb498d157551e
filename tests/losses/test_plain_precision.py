"""What is no registered loss is computed in float32 or more too: half precision is the precise result, rounded."""

import inspect

import pytest
import torch

import lossatlas as la
from lossatlas.losses import contrastive

RANDOM = torch.Generator().manual_seed(0)
LABELS = torch.tensor([0, 0, 1, 1, 2, 2])
EDGES = torch.tensor([[0, 1], [1, 2], [3, 4]])


def normal(*shape):
    return torch.randn(*shape, generator=RANDOM)


def inside(*shape):
    return torch.rand(*shape, generator=RANDOM) * 0.8 + 0.1


X, Y, Z = normal(6, 4), normal(6, 4), normal(5, 4)
SQUARE, TABLE, VIEWS = normal(6, 6), normal(6, 3), normal(3, 6, 4)
SHARES, GRAPH = TABLE.softmax(-1), la.losses.pair_metric_learning.neighbor_affinity(X, neighbors=2)
NEAR = torch.eye(6, dtype=torch.bool).roll(1, 0)
MIXTURES = la.losses.contrastive.draw_mixtures(6, 3, 2, 2, generator=RANDOM)
STATE = (normal(6), inside(6), normal(6))

#: name -> (floating-point inputs, the rest by keyword)
CASES = {
    "adaptive_temperature_regularizer": ([inside(6)], {"width": 4.0}),
    "amcl_nt_xent": ([normal(6, 2), normal(6, 2, 3), inside(6, 2), inside(6, 2, 3)], {"width": 4.0}),
    "cacr_momentum_euclidean": ([VIEWS, X], {}),
    "cacr_momentum_rbf": ([VIEWS, X], {}),
    "cluster_neighbor_distribution": ([SHARES], {}),
    "contrastive_attraction": ([VIEWS], {}),
    "contrastive_relative_penalty": ([SQUARE], {"temperature": 0.3}),
    "contrastive_repulsion": ([VIEWS], {}),
    "debias_distribution": ([SHARES], {}),
    "differentiable_sort": ([TABLE], {}),
    "gated_contrastive_loss": ([X, inside(6, 4)], {"labels": LABELS, "partner_labels": LABELS.flip(0)}),
    "gaussian_neighbor_distribution": ([SQUARE], {}),
    "group_ordering_of_views": ([VIEWS], {}),
    "hardest_negatives": ([X, Z], {"count": 2}),
    "isogclr_update": ([normal(2, 6, 3), *STATE], {"where": torch.ones(2, 6, 3, dtype=torch.bool)}),
    "mix_hard_negatives": ([X, Z], {"mixtures": MIXTURES, "hardest": 3}),
    "mochi_loss": ([X, Y, Z, normal(6, 2, 4)], {}),
    "pamc_loss": ([X, GRAPH], {"clusters": LABELS}),
    "student_t_neighbor_distribution": ([SQUARE.square()], {}),
    "symmetric_continual_contrastive_loss": ([X, Y, Y, X + Y, Z, Z], {}),
    "weighted_negative_info_nce": ([X, Y, inside(6, 6)], {}),
}
#: These draw, sort or look up, or leave the arithmetic to a registered loss.
OTHERS = {"cluster_disagreement", "draw_mixtures", "guided_batches"}
TAKEN = {name: case for name, case in CASES.items() if case}


def of(name):
    return getattr(contrastive, name)


def called(name, inputs, rest):
    """The results as a list: the inputs fill what the rest leaves free, in the order of the arguments."""
    free = [argument for argument in inspect.signature(of(name)).parameters if argument not in rest]
    found = of(name)(**dict(zip(free, inputs, strict=False)), **rest)
    return list(found) if isinstance(found, tuple) else [found]


def test_every_plain_function_is_held_to_it():
    registered = {entry.name for entry in la.registry()}
    named = set(contrastive.__all__)
    assert {name for name in named - registered if not inspect.isclass(of(name))} == CASES.keys() | OTHERS


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_the_precise_result_rounded(name, dtype):
    inputs, rest = TAKEN[name]
    inputs = [x.to(dtype) for x in inputs]
    with la.value_checks(False):  # shares in half precision do not sum to 1 in float64
        precise = called(name, [x.double() for x in inputs], rest)
    for found, wanted in zip(called(name, inputs, rest), precise, strict=True):
        assert found.dtype == dtype
        eps = torch.finfo(dtype).eps
        torch.testing.assert_close(found.double(), wanted, rtol=eps, atol=1e-2 * eps)


@pytest.mark.parametrize("name", TAKEN)
def test_autocast_changes_nothing(name):
    inputs, rest = TAKEN[name]
    leaves = [x.clone().requires_grad_() for x in inputs]
    results = []
    for enabled in (False, True):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            found = called(name, leaves, rest)
        slopes = (
            torch.autograd.grad(sum(x.sum() for x in found), leaves, allow_unused=True)
            if found[0].requires_grad
            else []
        )
        results.append([*found, *(x for x in slopes if x is not None)])
    for plain, cast in zip(*results, strict=True):
        assert cast.dtype == torch.float32 and torch.equal(plain, cast)


def test_of_two_dtypes_the_wider_one_is_given_back():
    assert la.losses.contrastive.contrastive_repulsion(VIEWS.half()).dtype == torch.float16
    assert la.losses.contrastive.mochi_loss(X.half(), Y, Z.bfloat16(), normal(6, 2, 4)).dtype == torch.float32
    assert la.losses.contrastive.pamc_loss(X.double(), GRAPH.half().to_sparse(), LABELS).dtype == torch.float64


def test_the_module_of_temperatures_takes_no_part_in_autocast():
    values = []
    for enabled in (False, True):
        module = la.losses.contrastive.GlobalContrastiveTemperatures(6)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            values.append(module(X, Y, torch.arange(6)))
    assert torch.equal(*values)
