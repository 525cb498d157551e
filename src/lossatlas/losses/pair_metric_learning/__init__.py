"""Metric learning by pairs: vectors of one class near each other, vectors of two classes apart.

| file | idea |
|---|---|
| `adaptive` | a margin that follows the distances |
| `codes` | words of discrete symbols |
| `edges` | edges that stay when an image changes |
| `fewshot` | few-shot episodes: prototypes and neighbours |
| `margins` | pairs held to fixed distances: contrastive, margin, ranked list |
| `noise` | distance by signal-to-noise ratio |
| `proxies` | a vector for each class: Proxy-NCA, Proxy-Anchor |
| `softmax` | the share of the right neighbours: N-pairs, lifted structure, NCA |
| `triplet` | anchor, positive, negative: all triplets, the hardest, semi-hard, angular |
| `weighted` | soft weights: multi-similarity, circle |
"""

from .adaptive import (
    FeatureExtractorLoss,
    adaptive_margin_triplet_loss,
    detached_margin_triplet_loss,
    feature_extractor_loss,
)
from .codes import code_mutual_information, discrete_infomax_loss, shared_code_information
from .edges import edge_consistency_l1
from .fewshot import IcnnParts, icnn_loss, icnn_parts, icnn_score, proto_triplet_loss
from .margins import contrastive_loss, margin_loss, ranked_list_loss
from .noise import snr_contrastive_loss, snr_distance, snr_triplet_loss, zero_mean_regularizer
from .proxies import proxy_anchor_loss, proxy_nca_loss
from .softmax import lifted_structure_loss, n_pairs_loss, nca_loss
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
    "FeatureExtractorLoss",
    "IcnnParts",
    "adaptive_margin_triplet_loss",
    "angular_loss",
    "batch_all_triplet_loss",
    "batch_hard_triplet_loss",
    "circle_loss",
    "code_mutual_information",
    "contrastive_loss",
    "detached_margin_triplet_loss",
    "discrete_infomax_loss",
    "edge_consistency_l1",
    "feature_extractor_loss",
    "icnn_loss",
    "icnn_parts",
    "icnn_score",
    "lifted_structure_loss",
    "margin_loss",
    "multi_similarity_loss",
    "n_pairs_loss",
    "nca_loss",
    "proto_triplet_loss",
    "proxy_anchor_loss",
    "proxy_nca_loss",
    "ranked_list_loss",
    "semi_hard_triplet_loss",
    "shared_code_information",
    "snr_contrastive_loss",
    "snr_distance",
    "snr_triplet_loss",
    "soft_margin_triplet_loss",
    "triplet_margin_loss",
    "zero_mean_regularizer",
]
