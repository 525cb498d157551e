"""Small data sets, small models, and fitting many of them at once."""

from .data import Data, blobs, breast_cancer, digits, flip_labels, mnist1d, separable, subsample, two_moons, wine
from .fit import Fitted, fit
from .models import PrototypeHead, mlp

__all__ = [
    "Data", "Fitted", "PrototypeHead", "blobs", "breast_cancer", "digits", "fit", "flip_labels", "mlp", "mnist1d",
    "separable", "subsample", "two_moons", "wine",
]  # fmt: skip
