"""Wrong input to the functions of single papers on contrastive learning: what the error says."""

import pytest
import torch

import lossatlas as la


def normal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


X, Y, NAN = normal(4, 3), torch.tensor([0, 1, 0, 1]), float("nan")
ALL = torch.ones(4, 3, dtype=torch.bool)
BANK, DRAW = normal(6, 3), la.losses.contrastive.draw_mixtures(queries=4, hardest=2, of_negatives=3, with_query=1)
SQUARE, S, VIEWS = normal(4, 4).abs(), normal(4, 2), normal(2, 4, 3)


def mixed(**changed):
    return lambda: la.losses.contrastive.mix_hard_negatives(X, BANK, DRAW._replace(**changed), hardest=2)


WRONG = {
    "no matrix of distances": (
        lambda: la.losses.contrastive.student_t_neighbor_distribution(X[0]),
        ValueError,
        "square_distance",
    ),
    "more than the bank": (
        lambda: la.losses.contrastive.mix_hard_negatives(X, BANK, DRAW, hardest=7),
        ValueError,
        "count",
    ),
    "an index beyond": (mixed(first=DRAW.first + 2), ValueError, "mixtures.first"),
    "an index below": (mixed(partner=DRAW.partner - 2), ValueError, "mixtures.partner"),
    "indices as floats": (mixed(second=DRAW.share), TypeError, "mixtures.second"),
    "one index short": (mixed(second=DRAW.second[:, 1:]), ValueError, "mixtures.second"),
    "a share above 1": (mixed(share=DRAW.share + 1), ValueError, "mixtures.share"),
    "a share that is NaN": (mixed(query_share=DRAW.query_share * NAN), ValueError, "mixtures.query_share"),
    "sorting nothing": (lambda: la.losses.contrastive.differentiable_sort(X[:, :0]), ValueError, "x"),
    "sorting a number": (lambda: la.losses.contrastive.differentiable_sort(X[0, 0]), ValueError, "x"),
    "attraction of a matrix": (lambda: la.losses.contrastive.contrastive_attraction(X), ValueError, "views"),
    "weights of lists": (
        lambda: la.multi_view_contrastive_loss(S, S, positive_weights=[1, 2]),
        TypeError,
        "positive_weights",
    ),
    "weights too many": (
        lambda: la.multi_view_contrastive_loss(S, S, negative_weights=normal(3)),
        ValueError,
        "negative_weights",
    ),
    "weights of 0": (
        lambda: la.multi_view_contrastive_loss(S, S, positive_weights=torch.zeros(2)),
        ValueError,
        "positive_weights",
    ),
    "weights below 0": (
        lambda: la.multi_view_contrastive_loss(S, S, negative_weights=-S[0].abs()),
        ValueError,
        "negative_weights",
    ),
    "one clustering": (lambda: la.losses.contrastive.cluster_disagreement(Y), ValueError, "clusterings"),
    "weights of a row": (
        lambda: la.losses.contrastive.weighted_negative_info_nce(X, X, SQUARE[0]),
        ValueError,
        "weights",
    ),
    "a concentration in a list": (lambda: la.proto_nce(X, X, Y, concentration=[1.0] * 4), TypeError, "concentration"),
    "a concentration of items": (
        lambda: la.proto_nce(X, BANK, Y, concentration=torch.ones(4)),
        ValueError,
        "concentration",
    ),
    "a concentration of 0": (lambda: la.proto_nce(X, X, Y, concentration=torch.zeros(4)), ValueError, "concentration"),
    "a graph in rows": (lambda: la.losses.contrastive.pamc_loss(X, SQUARE.to_sparse_csr(), Y), TypeError, "adjacency"),
    "negative sparse edges": (
        lambda: la.losses.contrastive.pamc_loss(X, (-SQUARE).to_sparse(), Y),
        ValueError,
        "adjacency",
    ),
    "nobody else": (
        lambda: la.losses.contrastive.symmetric_continual_contrastive_loss(X, X, X, X, BANK[:0], BANK[:0]),
        ValueError,
        "negatives",
    ),
    "more hardest than the bank has": (
        lambda: la.losses.contrastive.hardest_negatives(X, BANK, count=7),
        ValueError,
        "count",
    ),
    "a sparse share": (mixed(share=DRAW.share.to_sparse()), TypeError, "mixtures.share"),
    "shares of several dtypes": (
        lambda: la.losses.contrastive.draw_mixtures(
            queries=4, hardest=2, of_negatives=3, with_query=1, dtype=[torch.float32]
        ),
        TypeError,
        "dtype",
    ),
    "similarities of 8 bits": (
        lambda: la.losses.contrastive.contrastive_relative_penalty(X.to(torch.float8_e5m2)),
        TypeError,
        "negative_similarities",
    ),
    "sparse weights": (
        lambda: la.multi_view_contrastive_loss(S, S, positive_weights=torch.ones(2).to_sparse()),
        TypeError,
        "positive_weights",
    ),
    "a sparse concentration": (
        lambda: la.proto_nce(X, X, Y, concentration=torch.ones(4).to_sparse()),
        TypeError,
        "concentration",
    ),
    "a sparse price": (
        lambda: la.robust_global_contrastive_loss(X, X, rho=torch.ones(1).to_sparse()),
        TypeError,
        "rho",
    ),
    "a prior just below 0": (
        lambda: la.debiased_contrastive_loss(X, X, positive_prior=-1e-3),
        ValueError,
        "positive_prior",
    ),
    "an edge just below 0": (
        lambda: la.losses.contrastive.pamc_loss(X, -0.01 * torch.eye(4), Y),
        ValueError,
        "adjacency",
    ),
    "a gate just below 0": (
        lambda: la.losses.contrastive.gated_contrastive_loss(X, Y, Y, torch.full((4, 3), -1e-3)),
        ValueError,
        "gate",
    ),
    "temperatures from 0.5 to 0.4": (
        lambda: la.losses.contrastive.isogclr_update(VIEWS, VIEWS > 0, Y * 1.0, Y + 1.0, Y * 1.0, low=0.5, high=0.4),
        ValueError,
        "high",
    ),
}


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_named(case):
    call, error, argument = WRONG[case]
    with pytest.raises(error, match=rf"^`{argument}`: expected .+, got .+") as found:
        call()
    assert type(found.value) is error
