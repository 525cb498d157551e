"""Metric learning by pairs: vectors of one class near each other, vectors of two classes apart.

| file | idea |
|---|---|
| `adaptive` | a margin that follows the distances |
| `clustering` | assignments smoothed along a graph |
| `codes` | words of discrete symbols |
| `confusion` | classes drawn towards each other: energy confusion |
| `covariances` | distances of covariance matrices |
| `edges` | edges that stay when an image changes |
| `fewshot` | few-shot episodes: prototypes and neighbours |
| `gaussians` | classes as Gaussians, and queries of no class |
| `margins` | pairs kept at fixed distances: contrastive, margin, ranked list |
| `matching` | two views as two graphs |
| `mining` | which pairs and triplets are looked at |
| `mixup` | mixtures of a positive and a negative: Metrix |
| `noise` | distance by signal-to-noise ratio |
| `pair_weights` | the weight that a loss gives to each pair |
| `pooling` | pooling by transport to prototypes |
| `proxies` | a vector for each class: Proxy-NCA, Proxy-Anchor |
| `softmax` | the share of the right neighbours: N-pairs, lifted structure, NCA |
| `thresholds` | the same margins for all classes |
| `triplet` | anchor, positive, negative: all triplets, the hardest, semi-hard, angular |
| `weighted` | soft weights: multi-similarity, circle |
"""

from .adaptive import (
    FeatureExtractorLoss,
    adaptive_margin_triplet_loss,
    detached_margin_triplet_loss,
    feature_extractor_loss,
)
from .clustering import (
    Clustering,
    laplacian_bound_update,
    laplacian_energy,
    laplacian_regularized_clustering,
    neighbor_affinity,
    transductive_clustering,
)
from .codes import code_mutual_information, discrete_infomax_loss, shared_code_information
from .confusion import energy_confusion_regularizer
from .covariances import (
    affine_invariant_distance,
    bures_wasserstein_distance,
    generalized_bures_wasserstein_distance,
    squared_bures_wasserstein_distance,
    squared_generalized_bures_wasserstein_distance,
)
from .edges import edge_consistency_l1
from .fewshot import IcnnParts, icnn_loss, icnn_parts, icnn_score, proto_triplet_loss
from .gaussians import (
    adaptive_margin_open_set_loss,
    gaussian_prototype_deviance,
    gaussian_prototype_distance,
)
from .margins import contrastive_loss, margin_loss, ranked_list_loss
from .matching import (
    Affinity,
    graph_matching_hamming_loss,
    imle_assignment_gradient,
    least_cost_matching,
    matched,
    second_order_cost,
    vertex_edge_affinity,
)
from .mining import (
    all_triplets,
    distance_weighted_triplets,
    easy_positive_triplets,
    hard_triplets,
    mined,
    multi_similarity_mining,
    multi_similarity_pairs,
    random_triplets,
    semi_hard_triplets,
)
from .mixup import (
    generic_pair_loss,
    metrix_contrastive_loss,
    metrix_multi_similarity_loss,
    mixed_pair_labels,
)
from .noise import snr_contrastive_loss, snr_distance, snr_triplet_loss, zero_mean_regularizer
from .pair_weights import general_pair_weights
from .pooling import (
    GeneralizedSumPooling,
    Pooled,
    generalized_sum_pooling,
    zero_shot_regression_loss,
)
from .proxies import proxy_anchor_loss, proxy_nca_loss
from .softmax import lifted_structure_loss, n_pairs_loss, nca_loss
from .thresholds import threshold_consistent_margin_loss
from .triplet import (
    angular_loss,
    batch_all_triplet_loss,
    batch_hard_triplet_loss,
    semi_hard_triplet_loss,
    soft_margin_triplet_loss,
    triplet_margin_loss,
)
from .weighted import circle_loss, multi_similarity_loss

__all__ = [
    "Affinity", "Clustering", "FeatureExtractorLoss", "GeneralizedSumPooling", "IcnnParts", "Pooled",
    "adaptive_margin_open_set_loss", "adaptive_margin_triplet_loss", "affine_invariant_distance", "all_triplets",
    "angular_loss", "batch_all_triplet_loss", "batch_hard_triplet_loss", "bures_wasserstein_distance", "circle_loss",
    "code_mutual_information", "contrastive_loss", "detached_margin_triplet_loss", "discrete_infomax_loss",
    "distance_weighted_triplets", "easy_positive_triplets", "edge_consistency_l1", "energy_confusion_regularizer",
    "feature_extractor_loss", "gaussian_prototype_deviance", "gaussian_prototype_distance", "general_pair_weights",
    "generalized_bures_wasserstein_distance", "generalized_sum_pooling", "generic_pair_loss",
    "graph_matching_hamming_loss", "hard_triplets", "icnn_loss", "icnn_parts", "icnn_score",
    "imle_assignment_gradient", "laplacian_bound_update", "laplacian_energy", "laplacian_regularized_clustering",
    "least_cost_matching", "lifted_structure_loss", "margin_loss", "matched", "metrix_contrastive_loss",
    "metrix_multi_similarity_loss", "mined", "mixed_pair_labels", "multi_similarity_loss", "multi_similarity_mining",
    "multi_similarity_pairs", "n_pairs_loss", "nca_loss", "neighbor_affinity", "proto_triplet_loss",
    "proxy_anchor_loss", "proxy_nca_loss", "random_triplets", "ranked_list_loss", "second_order_cost",
    "semi_hard_triplet_loss", "semi_hard_triplets", "shared_code_information", "snr_contrastive_loss", "snr_distance",
    "snr_triplet_loss", "soft_margin_triplet_loss", "squared_bures_wasserstein_distance",
    "squared_generalized_bures_wasserstein_distance", "threshold_consistent_margin_loss", "transductive_clustering",
    "triplet_margin_loss", "vertex_edge_affinity", "zero_mean_regularizer", "zero_shot_regression_loss",
]  # fmt: skip
