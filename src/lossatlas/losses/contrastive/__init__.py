"""Contrastive learning: two views of one thing together, all others away.

| file | idea |
|---|---|
| `info_nce` | the softmax over one positive and many negatives |
| `attraction` | the farther positives pull harder, the nearer negatives push harder |
| `batches` | batches in which no two items are likely of one kind |
| `continual` | new and old model as negatives of one another |
| `graphs` | clusterings that weigh negatives or stand for many nodes |
| `icon` | one divergence for many losses: neighbours chosen against neighbours given |
| `mixing` | harder negatives than there are, by mixing |
| `multiview` | several positives to an anchor: weighted, one by one, or through a gate |
| `sorting` | order as a goal, by a soft sorting network |
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
from .info_nce import info_nce, nt_xent
from .mixing import Mixtures, draw_mixtures, hardest_negatives, mix_hard_negatives, mochi_loss
from .multiview import gated_contrastive_loss, multi_positive_nce, multi_view_contrastive_loss
from .sorting import differentiable_sort, group_ordering_loss, group_ordering_of_views

__all__ = [
    "Mixtures", "cacr_loss", "cacr_momentum_euclidean", "cacr_momentum_rbf", "cluster_disagreement",
    "cluster_neighbor_distribution", "contrastive_attraction", "contrastive_repulsion", "debias_distribution",
    "differentiable_sort", "draw_mixtures", "gated_contrastive_loss", "gaussian_neighbor_distribution",
    "group_ordering_loss", "group_ordering_of_views", "guided_batches", "hardest_negatives", "icon_loss", "info_nce",
    "mix_hard_negatives", "mochi_loss", "multi_positive_nce", "multi_view_contrastive_loss", "nt_xent", "pamc_loss",
    "proto_nce", "student_t_neighbor_distribution", "symmetric_continual_contrastive_loss",
    "weighted_negative_info_nce",
]  # fmt: skip
