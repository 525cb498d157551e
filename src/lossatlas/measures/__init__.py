"""What is read off a model once it is trained.

| file | idea |
|---|---|
| `classification`, `calibration` | scores of classes, and whether their probabilities are calibrated |
| `geometry` | how embeddings lie: alignment, spread, directions in use |
| `retrieval` | whether the nearest embeddings are of the right class |
| `thresholds` | whether one threshold of distance serves all classes |
| `vectors` | checks and blocks of rows that the last three share |
"""

from .calibration import calibration_error
from .classification import accuracy, margins, probability_of_true_class, top_k_accuracy
from .geometry import (
    alignment,
    augmented_concentration,
    class_center_divergence,
    effective_rank,
    hausdorff_like_distance,
    tolerance,
    uniformity,
    uniformity_tolerance,
    utilization,
    wasserstein_to_uniform,
)
from .retrieval import knn_accuracy, recall_at_k
from .thresholds import class_utilities, epsilon_opis, opis

__all__ = [
    "accuracy", "alignment", "augmented_concentration", "calibration_error", "class_center_divergence",
    "class_utilities", "effective_rank", "epsilon_opis", "hausdorff_like_distance", "knn_accuracy", "margins", "opis",
    "probability_of_true_class", "recall_at_k", "tolerance", "top_k_accuracy", "uniformity", "uniformity_tolerance",
    "utilization", "wasserstein_to_uniform",
]  # fmt: skip
