"""What is read off a model once it is trained."""

from .calibration import calibration_error
from .classification import accuracy, margins, probability_of_true_class, top_k_accuracy

__all__ = ["accuracy", "calibration_error", "margins", "probability_of_true_class", "top_k_accuracy"]
