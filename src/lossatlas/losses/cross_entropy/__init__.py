"""Cross-entropy and its relatives: losses for one true class, computed from scores.

| file | idea |
|---|---|
| `softmax` | cross-entropy, generalized cross-entropy, absolute and squared error of the probabilities |
| `comp_sum` | one family from exponential to absolute error, and its adversarial version |
| `polynomial` | cross-entropy as a polynomial in 1 - p: PolyLoss and focal loss |
| `encouraging` | rewarding what is already right |
| `square` | squares of the scores, alone or beside cross-entropy |
| `spherical` | losses of sum, squares and true score; `factored` is the output layer that profits |
| `robust` | worst cases over soft labels, with a temperature |
| `hinges` | margins between many classes |
| `margins` | margins of one binary score |
| `distance` | classification by distance or angle to one vector per class |
| `relational` | binary questions per class, for data sets with different label sets |
| `steps` | training steps that come from these losses |
| `fields` | kinds of input that only this family has |
"""

from .comp_sum import comp_sum_loss, margin_shift, smooth_adversarial_comp_sum_loss, worst_perturbation
from .distance import (
    augmented_memory,
    equiangular_basis_generation_loss,
    equiangular_basis_loss,
    harmax,
    harmonic_loss,
    inverse_distance_weighting_attention,
    inverse_distance_weights,
)
from .encouraging import encouraging_loss, halted_focal_loss
from .factored import (
    FactoredSphericalLayer,
    spherical_softmax_from_sums,
    squared_error_from_sums,
    taylor_softmax_from_sums,
    z_loss_from_sums,
)
from .hinges import crammer_singer_hinge, l2_svm_loss, l2_svm_objective, weston_watkins_hinge
from .margins import exponential_loss, hinge_loss, logistic_loss, perceptron_loss, squared_hinge_loss
from .polynomial import focal_loss, poly1_cross_entropy, poly1_focal_loss, poly_n_cross_entropy
from .relational import class_relational_bce_loss, class_similarity, null_bce_loss, relational_target
from .robust import (
    ALDRKLLoss,
    aldr_kl_loss,
    aldr_kl_temperature,
    ldr_kl_loss,
    mean_abs_normalize,
    softplus_mean_normalize,
)
from .softmax import (
    cross_entropy,
    generalized_cross_entropy,
    logit_z_loss,
    mean_absolute_error,
    softmax_regression_loss,
)
from .spherical import spherical_softmax_loss, spherical_z_loss, taylor_softmax_loss
from .square import rescaled_square_loss, squentropy_loss
from .steps import batch_perceptron_step, normalized_logistic_gd_step, sso_step, target_surrogate_loss

__all__ = [
    "ALDRKLLoss", "FactoredSphericalLayer", "aldr_kl_loss", "aldr_kl_temperature", "augmented_memory",
    "batch_perceptron_step", "class_relational_bce_loss", "class_similarity", "comp_sum_loss",
    "crammer_singer_hinge", "cross_entropy", "encouraging_loss", "equiangular_basis_generation_loss",
    "equiangular_basis_loss", "exponential_loss", "focal_loss", "generalized_cross_entropy",
    "halted_focal_loss", "harmax", "harmonic_loss", "hinge_loss", "inverse_distance_weighting_attention",
    "inverse_distance_weights", "l2_svm_loss", "l2_svm_objective", "ldr_kl_loss", "logistic_loss",
    "logit_z_loss", "margin_shift", "mean_abs_normalize", "mean_absolute_error", "normalized_logistic_gd_step",
    "null_bce_loss", "perceptron_loss", "poly1_cross_entropy", "poly1_focal_loss", "poly_n_cross_entropy",
    "relational_target", "rescaled_square_loss", "smooth_adversarial_comp_sum_loss", "softmax_regression_loss",
    "softplus_mean_normalize", "spherical_softmax_from_sums", "spherical_softmax_loss", "spherical_z_loss",
    "squared_error_from_sums", "squared_hinge_loss", "squentropy_loss", "sso_step", "target_surrogate_loss",
    "taylor_softmax_from_sums", "taylor_softmax_loss", "weston_watkins_hinge", "worst_perturbation",
    "z_loss_from_sums",
]  # fmt: skip
