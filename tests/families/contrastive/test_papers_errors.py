"""Wrong input to the functions of single papers on contrastive learning: what the error says."""

import pytest
import torch

import lossatlas as la


def normal(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


X, Y, NAN = normal(4, 3), torch.tensor([0, 1, 0, 1]), float("nan")
ALL = torch.ones(4, 3, dtype=torch.bool)
BANK, DRAW = normal(6, 3), la.losses.contrastive.draw_mixtures(4, 2, 3, 1)
SQUARE, S, VIEWS = normal(4, 4).abs(), normal(4, 2), normal(2, 4, 3)


def mixed(**changed):
    return lambda: la.losses.contrastive.mix_hard_negatives(X, BANK, DRAW._replace(**changed), hardest=2)


WRONG = {
    "a Gaussian of lists": (
        lambda: la.losses.contrastive.gaussian_neighbor_distribution([[0.0]]),
        TypeError,
        "dissimilarity",
    ),
    "a Gaussian without width": (
        lambda: la.losses.contrastive.gaussian_neighbor_distribution(X, sigma=0.0),
        ValueError,
        "sigma",
    ),
    "a mask of numbers": (lambda: la.losses.contrastive.gaussian_neighbor_distribution(X, where=X), TypeError, "where"),
    "a mask of another shape": (
        lambda: la.losses.contrastive.student_t_neighbor_distribution(X, where=ALL[1:]),
        ValueError,
        "where",
    ),
    "Student's without scale": (
        lambda: la.losses.contrastive.student_t_neighbor_distribution(X, gamma=-1.0),
        ValueError,
        "gamma",
    ),
    "no matrix of distances": (
        lambda: la.losses.contrastive.student_t_neighbor_distribution(X[0]),
        ValueError,
        "square_distance",
    ),
    "a share beyond 1": (lambda: la.losses.contrastive.debias_distribution(X, alpha=1.1), ValueError, "alpha"),
    "distributions of integers": (lambda: la.losses.contrastive.debias_distribution(Y), TypeError, "p"),
    "an assignment of indices": (
        lambda: la.losses.contrastive.cluster_neighbor_distribution(Y),
        TypeError,
        "assignment",
    ),
    "a half hardest": (lambda: la.losses.contrastive.draw_mixtures(4, 2.5, 3, 1), ValueError, "hardest"),
    "none hardest": (lambda: la.losses.contrastive.draw_mixtures(4, 0, 3, 1), ValueError, "hardest"),
    "fewer than no mixtures": (lambda: la.losses.contrastive.draw_mixtures(4, 2, 3, -1), ValueError, "with_query"),
    "a list of mixtures": (
        lambda: la.losses.contrastive.mix_hard_negatives(X, BANK, [Y], hardest=2),
        TypeError,
        "mixtures",
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
    "synthetic for others": (
        lambda: la.losses.contrastive.mochi_loss(X, X, BANK, normal(3, 2, 3)),
        ValueError,
        "synthetic",
    ),
    "mochi at 0": (
        lambda: la.losses.contrastive.mochi_loss(X, X, BANK, normal(4, 2, 3), temperature=0),
        ValueError,
        "temperature",
    ),
    "sorting a list": (lambda: la.losses.contrastive.differentiable_sort([1.0]), TypeError, "x"),
    "sorting integers": (lambda: la.losses.contrastive.differentiable_sort(Y), TypeError, "x"),
    "sorting nothing": (lambda: la.losses.contrastive.differentiable_sort(X[:, :0]), ValueError, "x"),
    "sorting a number": (lambda: la.losses.contrastive.differentiable_sort(X[0, 0]), ValueError, "x"),
    "sorting flat": (lambda: la.losses.contrastive.differentiable_sort(X, steepness=0.0), ValueError, "steepness"),
    "squares below 0": (
        lambda: la.losses.contrastive.student_t_neighbor_distribution(torch.tensor([[0.5, -0.5]])),
        ValueError,
        "square_distance",
    ),
    "shares that sum to 2": (
        lambda: la.losses.contrastive.cluster_neighbor_distribution(torch.ones(3, 2)),
        ValueError,
        "assignment",
    ),
    "ordering one view": (lambda: la.losses.contrastive.group_ordering_of_views(VIEWS[:1]), ValueError, "views"),
    "ordering one item": (lambda: la.losses.contrastive.group_ordering_of_views(VIEWS[:, :1]), ValueError, "views"),
    "ordering by 2.0": (
        lambda: la.losses.contrastive.group_ordering_of_views(VIEWS, hardest=2.0),
        TypeError,
        "hardest",
    ),
    "ordering by none": (
        lambda: la.losses.contrastive.group_ordering_of_views(VIEWS, hardest=0),
        ValueError,
        "hardest",
    ),
    "attraction of one view": (lambda: la.losses.contrastive.contrastive_attraction(VIEWS[:1]), ValueError, "views"),
    "attraction of a matrix": (lambda: la.losses.contrastive.contrastive_attraction(X), ValueError, "views"),
    "attraction below 0": (lambda: la.losses.contrastive.contrastive_attraction(VIEWS, alpha=-1), ValueError, "alpha"),
    "attraction to the near": (
        lambda: la.losses.contrastive.contrastive_attraction(VIEWS, t_positive=-1),
        ValueError,
        "t_positive",
    ),
    "repulsion below 0": (lambda: la.losses.contrastive.contrastive_repulsion(VIEWS, beta=-1), ValueError, "beta"),
    "repulsion from the far": (
        lambda: la.losses.contrastive.contrastive_repulsion(VIEWS, t_negative=-1),
        ValueError,
        "t_negative",
    ),
    "keys of others": (lambda: la.losses.contrastive.cacr_momentum_rbf(VIEWS, X[1:]), ValueError, "key"),
    "a temperature of 0": (
        lambda: la.losses.contrastive.cacr_momentum_euclidean(VIEWS, X, temperature=0),
        ValueError,
        "temperature",
    ),
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
    "a gate for classes": (
        lambda: la.losses.contrastive.gated_contrastive_loss(X, Y, Y, X[:2].abs()),
        ValueError,
        "gate",
    ),
    "a gate below 0": (lambda: la.losses.contrastive.gated_contrastive_loss(X, Y, Y, -X.abs()), ValueError, "gate"),
    "partners as floats": (
        lambda: la.losses.contrastive.gated_contrastive_loss(X, Y, Y.float(), X.abs()),
        TypeError,
        "partner_labels",
    ),
    "gated at 0": (
        lambda: la.losses.contrastive.gated_contrastive_loss(X, Y, Y, X.abs(), temperature=0),
        ValueError,
        "temperature",
    ),
    "one clustering": (lambda: la.losses.contrastive.cluster_disagreement(Y), ValueError, "clusterings"),
    "weights of a row": (
        lambda: la.losses.contrastive.weighted_negative_info_nce(X, X, SQUARE[0]),
        ValueError,
        "weights",
    ),
    "negative weights": (
        lambda: la.losses.contrastive.weighted_negative_info_nce(X, X, -SQUARE),
        ValueError,
        "weights",
    ),
    "a row of zeros": (
        lambda: la.losses.contrastive.weighted_negative_info_nce(X, X, SQUARE * torch.tensor([[0], [1], [1], [1]])),
        ValueError,
        "weights",
    ),
    "info at 0": (
        lambda: la.losses.contrastive.weighted_negative_info_nce(X, X, SQUARE, temperature=0),
        ValueError,
        "temperature",
    ),
    "a concentration in a list": (lambda: la.proto_nce(X, X, Y, concentration=[1.0] * 4), TypeError, "concentration"),
    "a concentration of items": (
        lambda: la.proto_nce(X, BANK, Y, concentration=torch.ones(4)),
        ValueError,
        "concentration",
    ),
    "a concentration of 0": (lambda: la.proto_nce(X, X, Y, concentration=torch.zeros(4)), ValueError, "concentration"),
    "a graph of lists": (lambda: la.losses.contrastive.pamc_loss(X, [[1.0]], Y), TypeError, "adjacency"),
    "a graph in rows": (lambda: la.losses.contrastive.pamc_loss(X, SQUARE.to_sparse_csr(), Y), TypeError, "adjacency"),
    "a graph of others": (lambda: la.losses.contrastive.pamc_loss(X, SQUARE[1:], Y), ValueError, "adjacency"),
    "negative edges": (lambda: la.losses.contrastive.pamc_loss(X, -SQUARE, Y), ValueError, "adjacency"),
    "negative sparse edges": (
        lambda: la.losses.contrastive.pamc_loss(X, (-SQUARE).to_sparse(), Y),
        ValueError,
        "adjacency",
    ),
    "clusters of floats": (lambda: la.losses.contrastive.pamc_loss(X, SQUARE, X[:, 0]), TypeError, "clusters"),
    "pamc without scale": (lambda: la.losses.contrastive.pamc_loss(X, SQUARE, Y, scale=0.0), ValueError, "scale"),
    "another old model": (
        lambda: la.losses.contrastive.symmetric_continual_contrastive_loss(X, X, X, X[1:], BANK, BANK),
        ValueError,
        "previous",
    ),
    "another space": (
        lambda: la.losses.contrastive.symmetric_continual_contrastive_loss(X, X, X, X, BANK, BANK[:, 1:]),
        ValueError,
        "previous_negatives",
    ),
    "nobody else": (
        lambda: la.losses.contrastive.symmetric_continual_contrastive_loss(X, X, X, X, BANK[:0], BANK[:0]),
        ValueError,
        "negatives",
    ),
    "going on at 0": (
        lambda: la.losses.contrastive.symmetric_continual_contrastive_loss(X, X, X, X, BANK, BANK, temperature=0),
        ValueError,
        "temperature",
    ),
    "pseudo-labels of floats": (lambda: la.losses.contrastive.guided_batches(X[:, 0]), TypeError, "pseudo_labels"),
    "pseudo-labels in a matrix": (
        lambda: la.losses.contrastive.guided_batches(Y.reshape(2, 2)),
        ValueError,
        "pseudo_labels",
    ),
}


@pytest.mark.filterwarnings("ignore:Sparse CSR")
@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_told(case):
    call, error, argument = WRONG[case]
    with pytest.raises(error, match=rf"^`{argument}`: expected .+, got .+") as found:
        call()
    assert type(found.value) is error
