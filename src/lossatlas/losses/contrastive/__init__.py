"""Contrastive learning: two views of one thing together, all others away.

| file | idea |
|---|---|
| `info_nce` | the softmax over one positive and many negatives |
| `attraction` | the farther positives pull harder, the nearer negatives push harder |
| `batches` | batches in which no two items are likely of one kind |
| `continual` | new and old model as negatives of one another |
| `graphs` | clusterings that weigh negatives or stand for many nodes |
| `icon` | one divergence for many losses: neighbours chosen against neighbours given |
| `individual` | a temperature for every training example |
| `mixing` | harder negatives than there are, by mixing |
| `multiview` | several positives to an anchor: weighted, one by one, or through a gate |
| `negatives` | which negatives count, and how much |
| `ranks` | the positive nearer than the negative, softly |
| `sigmoid` | a sigmoid per pair in place of a softmax |
| `similarity` | similarities themselves, without a softmax |
| `sorting` | order as a goal, by a soft sorting network |
| `spectral` | a factorisation of the matrix of pairs |
| `temperatures` | temperatures that adapt |
| `uniformity` | views together, and points spread over the sphere |
"""

from .attraction import (
    cacr_loss,
    cacr_momentum_euclidean,
    cacr_momentum_rbf,
    contrastive_attraction,
    contrastive_repulsion,
)
from .batches import guided_batches
from .continual import symmetric_continual_contrastive_loss
from .graphs import cluster_disagreement, pamc_loss, proto_nce, weighted_negative_info_nce
from .icon import (
    cluster_neighbor_distribution,
    debias_distribution,
    gaussian_neighbor_distribution,
    icon_loss,
    student_t_neighbor_distribution,
)
from .individual import GlobalContrastiveTemperatures, isogclr_step, isogclr_update
from .info_nce import clip_loss, info_nce, nt_xent
from .mixing import Mixtures, draw_mixtures, hardest_negatives, mix_hard_negatives, mochi_loss
from .multiview import gated_contrastive_loss, multi_positive_nce, multi_view_contrastive_loss
from .negatives import (
    contrastive_relative_penalty,
    debiased_contrastive_loss,
    decoupled_contrastive_loss,
    hard_contrastive_loss,
    hard_negative_contrastive_loss,
    simple_contrastive_loss,
)
from .ranks import soft_triplet_loss
from .sigmoid import siglip_loss
from .similarity import byol_loss, cosine_contrastive_loss
from .sorting import differentiable_sort, group_ordering_loss, group_ordering_of_views
from .spectral import spectral_contrastive_loss
from .temperatures import (
    adaptive_temperature_regularizer,
    amcl_nt_xent,
    global_contrastive_loss,
    macl_loss,
    robust_global_contrastive_loss,
)
from .uniformity import alignment_loss, cross_correlation_loss, uniformity_loss, wasserstein_uniformity

__all__ = [
    "GlobalContrastiveTemperatures", "Mixtures", "adaptive_temperature_regularizer", "alignment_loss", "amcl_nt_xent",
    "byol_loss", "cacr_loss", "cacr_momentum_euclidean", "cacr_momentum_rbf", "clip_loss", "cluster_disagreement",
    "cluster_neighbor_distribution", "contrastive_attraction", "contrastive_relative_penalty",
    "contrastive_repulsion", "cosine_contrastive_loss", "cross_correlation_loss", "debias_distribution",
    "debiased_contrastive_loss", "decoupled_contrastive_loss", "differentiable_sort", "draw_mixtures",
    "gated_contrastive_loss", "gaussian_neighbor_distribution", "global_contrastive_loss", "group_ordering_loss",
    "group_ordering_of_views", "guided_batches", "hard_contrastive_loss", "hard_negative_contrastive_loss",
    "hardest_negatives", "icon_loss", "info_nce", "isogclr_step", "isogclr_update", "macl_loss", "mix_hard_negatives",
    "mochi_loss", "multi_positive_nce", "multi_view_contrastive_loss", "nt_xent", "pamc_loss", "proto_nce",
    "robust_global_contrastive_loss", "siglip_loss", "simple_contrastive_loss", "soft_triplet_loss",
    "spectral_contrastive_loss", "student_t_neighbor_distribution", "symmetric_continual_contrastive_loss",
    "uniformity_loss", "wasserstein_uniformity", "weighted_negative_info_nce",
]  # fmt: skip
