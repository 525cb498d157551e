"""Small data sets, small models, and fitting many of them at once."""

from .augment import chain, erase, noise, rotate, shift
from .batches import by_frequency, per_class, shuffled
from .data import (
    Data,
    blobs,
    breast_cancer,
    digits,
    digits_by_class,
    flip_labels,
    gaussian,
    long_tailed,
    mnist1d,
    separable,
    subsample,
    thinned,
    two_moons,
    wine,
)
from .embedding import Embedded, fit_embeddings, fit_views
from .fit import Fitted, fit
from .models import PrototypeHead, mlp
from .shadows import shadowed

__all__ = [
    "Data", "Embedded", "Fitted", "PrototypeHead", "blobs", "breast_cancer", "by_frequency", "chain", "digits",
    "digits_by_class", "erase", "fit", "fit_embeddings", "fit_views", "flip_labels", "gaussian", "long_tailed", "mlp",
    "mnist1d", "noise", "per_class", "rotate", "separable", "shadowed", "shift", "shuffled", "subsample", "thinned",
    "two_moons", "wine",
]  # fmt: skip
