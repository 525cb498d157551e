"""The kinds of input a loss can take: how each is checked, sampled, looked at and transformed."""

from .distributions import distributions
from .fields import ClassIndex, Field, MultiHot, Positive, Sign, Simplex
from .logits import logits
from .margin import margin
from .multilabel import multilabel
from .perturbed import perturbed
from .prototypes import prototypes
from .residual import residual
from .signature import Bad, Line, Plane, Signature, Transform

SIGNATURES = {s.name: s for s in (logits, margin, residual, distributions, multilabel, prototypes, perturbed)}

__all__ = [
    "SIGNATURES", "Bad", "ClassIndex", "Field", "Line", "MultiHot", "Plane", "Positive", "Sign", "Signature",
    "Simplex", "Transform", "distributions", "logits", "margin", "multilabel", "perturbed",
    "prototypes", "residual",
]  # fmt: skip
