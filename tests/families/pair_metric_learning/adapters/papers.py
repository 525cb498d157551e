"""How the files of single papers in golden/pair_metric_learning are computed here."""

from tests.references.adapting import of, partly

import lossatlas as la


@partly(la.adaptive_margin_triplet_loss)
def feature_extractor(params, anchor, positive, negative):
    weights = {
        "triplet_weight": params["w_triplet"],
        "covariance_weight": params["w_cov"],
        "variance_weight": params["w_var"],
    }
    return la.losses.pair_metric_learning.feature_extractor_loss(
        anchor, positive, negative, **weights, eps=params["eps"]
    )._asdict()


def generalized_bures_wasserstein(params, **matrices):
    assert params["squared"]
    return la.losses.pair_metric_learning.squared_generalized_bures_wasserstein_distance(
        *(matrices[name] for name in ("A[b,n,n]", "B[n,n]", "M[n,n]"))
    )


def pooled(params, **given):
    assert params["iterations"] == 100  # enough, at this mass, for the fixed point
    features, prototypes = given["features[b,n,d]"], given["prototypes[m,d]"]
    found = la.losses.pair_metric_learning.generalized_sum_pooling(
        features, prototypes, mass=params["mu"], gamma=params["gamma"]
    )
    names = {"weights": "pool_weights", "residual": "residual_mass"}
    return {names.get(name, name): value for name, value in found._asdict().items()}


def clustering(params, **given):
    unary, affinity = given["unary[n,k]"], given["affinity[n,n]"]
    found = la.losses.pair_metric_learning.laplacian_regularized_clustering(
        unary, affinity, lam=params["lam"], steps=params["iterations"], tolerance=0
    )
    return {"start_energy": found.energies[0], "assignments": found.assignments, "energies": found.energies[1:]}


def zero_shot(params, **given):
    assert params["margin"] == 0
    histograms, embeddings = given["histograms[b,m]"], given["class_embeddings[C,d]"]
    return la.losses.pair_metric_learning.zero_shot_regression_loss(
        histograms, given["labels"], embeddings, ridge=params["ridge"], scale=params["scale"]
    )


def as_prototypes(queries, query_labels, prototypes):
    return {"features": queries, "prototypes": prototypes, "target": query_labels}


ADAPTERS = {
    "adaptive_margin_triplet_loss": feature_extractor,
    "generalized_bures_wasserstein_distance": generalized_bures_wasserstein,
    "generalized_sum_pooling": pooled,
    "laplacian_regularized_clustering": clustering,
    "proto_triplet_loss": of(la.proto_triplet_loss, "mean", margin="margin", inputs=as_prototypes),
    "zero_shot_regression_loss": zero_shot,
}
