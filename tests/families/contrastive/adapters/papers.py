"""How the files of single papers in golden/contrastive are computed here."""

import torch
from tests.references.adapting import partly

import lossatlas as la
from lossatlas.contract.safe import square_distances, unit
from lossatlas.losses.contrastive.attraction import softmax_over


@partly(la.icon_loss)
def icon(params, z, labels):
    """Labels against cosines, Gaussian input space against a Gaussian embedding, and a share spread evenly."""
    others = ~torch.eye(len(z), dtype=torch.bool)
    same = (labels.unsqueeze(-1) == labels) & others
    p, sigma = same / same.sum(-1, keepdim=True, dtype=z.dtype), params["sigma"]
    q = la.losses.contrastive.gaussian_neighbor_distribution(1 - unit(z) @ unit(z).mT, sigma=sigma, where=others)
    near = la.losses.contrastive.gaussian_neighbor_distribution(square_distances(z, z), sigma=sigma, where=others)
    spread = la.losses.contrastive.debias_distribution(p, alpha=params["alpha"], where=others)
    nll = -(same * torch.where(others, q, 1.0).log()).sum(-1) / same.sum(-1)
    return {
        "supcon_view": la.icon_loss(p, q),
        "supcon_out_tau_2sigma2": nll.mean(),
        "mean_log_num_positives": same.sum(-1).double().log().mean(),
        "sne_euclidean": la.icon_loss(p, near),
        "debiased_leak_offdiag": la.icon_loss(spread, q),
    }


def mochi(params, q, k, queue, idx_first, idx_second, alpha, idx_query_mix, beta):
    mixtures = la.losses.contrastive.Mixtures(idx_first, idx_second, alpha, idx_query_mix, beta)
    synthetic = la.losses.contrastive.mix_hard_negatives(q, queue, mixtures, hardest=params["n_hard"])
    count = alpha.shape[-1]
    settings = {"temperature": params["tau"]}
    return {
        "moco": la.info_nce(q, k, queue, **settings),
        "mochi_type1": la.losses.contrastive.mochi_loss(q, k, queue, synthetic[:, :count], **settings),
        "mochi_both": la.losses.contrastive.mochi_loss(q, k, queue, synthetic, **settings),
    }


@partly(la.group_ordering_loss)
def groco(params, view1, view2):
    assert params["stop_grad"] and params["n_augs"] == 2
    view1.requires_grad_()
    views, settings = torch.stack([view1, view2]), {"hardest": params["topk_neg"], "steepness": params["steepness"]}
    value = la.losses.contrastive.group_ordering_of_views(views, **settings)
    return {"loss": value.detach(), "grad_view1": torch.autograd.grad(value, view1)[0]}


@partly(la.cacr_loss)
def cacr(params, view0, view1, view2):
    """The last weights recorded are those of view 2 as anchor, and of view 1 against view 2."""
    views = torch.stack([view0, view1, view2])
    t_positive, t_negative, z = params["tau_pos"], params["tau_neg"], unit(views)
    to_others = (z[2] - z[:2]).square().sum(-1).mT
    across, others = square_distances(z[1], z[2]), ~torch.eye(len(view0), dtype=torch.bool)
    given = {
        "last_positive_weights": softmax_over(t_positive * to_others, torch.ones_like(to_others, dtype=torch.bool)),
        "last_negative_weights": softmax_over(-t_negative * across, others)[others].reshape(len(view0), -1),
    }
    if params["choice"] == "none":
        t_positive = t_negative = 0.0
    attraction = la.losses.contrastive.contrastive_attraction(views, alpha=params["alpha"], t_positive=t_positive)
    repulsion = la.losses.contrastive.contrastive_repulsion(views, beta=params["beta"], t_negative=t_negative)
    return {"attraction": attraction, "repulsion": repulsion, "total": attraction + repulsion, **given}


def cacr_momentum(params, q1, q2, k):
    queries, settings = torch.stack([q1, q2]), {"temperature": params["T"]}
    return {
        "rbf": la.losses.contrastive.cacr_momentum_rbf(queries, k, **settings),
        "euclidean": la.losses.contrastive.cacr_momentum_euclidean(queries, k, **settings),
    }


@partly(la.multi_view_contrastive_loss)
def collossl(params, anchor, positives, negatives, positive_weights, negative_weights):
    """The published code's similarity is minus the cosine."""

    def similarities(sign):
        return [sign * torch.cosine_similarity(anchor, x, dim=-1).mT for x in (positives, negatives)]

    settings = {**params, "positive_weights": positive_weights, "negative_weights": negative_weights}
    return {
        "paper_plus_cosine": la.multi_view_contrastive_loss(*similarities(1), **settings),
        "official_code_minus_cosine": la.multi_view_contrastive_loss(*similarities(-1), **settings),
    }


@partly(la.proto_nce)
def meow(params, z_anchor_normalised_raw, z_raw, cluster_a, cluster_b, density_a, density_b):
    """The recorded code adds log(N / C) to the loss of the prototypes."""
    anchors, z = unit(z_anchor_normalised_raw), unit(z_raw)
    weights = la.losses.contrastive.cluster_disagreement(torch.stack([cluster_a, cluster_b])).double()
    of_prototypes = []
    for clusters, density in ((cluster_a, density_a), (cluster_b, density_b)):
        members = torch.nn.functional.one_hot(clusters).double()
        prototypes = members.mT @ z / members.sum(0).unsqueeze(-1)
        of_prototypes.append(la.proto_nce(anchors, prototypes, clusters, concentration=density))
    extra = torch.tensor(len(z) / params["num_clusters"][0], dtype=z.dtype).log()
    return {
        "info": la.losses.contrastive.weighted_negative_info_nce(anchors, z, weights, temperature=params["tau"]),
        "proto": sum(of_prototypes) / len(of_prototypes) + extra,
    }


def pamc(params, z, adjacency, hard_cluster):
    return {
        "dense": la.losses.contrastive.pamc_loss(z, adjacency, hard_cluster, scale=params["tau"]),
        "sparse": la.losses.contrastive.pamc_loss(z, adjacency.to_sparse(), hard_cluster, scale=params["tau"]),
    }


def simlap(params, z, y, y_pair, gate):
    return {
        "gated": la.losses.contrastive.gated_contrastive_loss(z, y, y_pair, gate, **params),
        "open_gate": la.losses.contrastive.gated_contrastive_loss(z, y, y_pair, torch.ones_like(gate), **params),
    }


ADAPTERS = {
    "cacr__tp1_0_tn0_9_full": cacr,
    "cacr__tp1_0_tn2_0_full": cacr,
    "cacr__tp1_0_tn2_0_none": cacr,
    "cacr_momentum__t0_2": cacr_momentum,
    "cacr_momentum__t1_0": cacr_momentum,
    "groco__s10_v2_k3": groco,
    "groco__s1_v2_k3": groco,
    "icon_kl": icon,
    "meow_weighted_infonce": meow,
    "mochi": mochi,
    "multi_view_contrastive": collossl,
    "pamc__tau0_5": pamc,
    "pamc__tau1_5": pamc,
    "simlap_gated_contrastive": simlap,
}
