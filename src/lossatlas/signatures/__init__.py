"""The kinds of input a loss can take: how each is checked, sampled, looked at and transformed."""

from .codes import codes
from .distributions import distributions
from .embeddings import embeddings
from .fields import ClassIndex, Field, Label, Mask, MultiHot, Positive, Row, Sign, Simplex
from .logits import logits
from .margin import margin
from .multilabel import multilabel
from .pairs import pairs
from .perturbed import perturbed
from .points import points
from .prototypes import prototypes
from .queries import queries
from .residual import residual
from .signature import Bad, Line, Plane, Signature, Transform
from .triplets import triplets
from .two_views import two_views
from .views import views

SIGNATURES = {
    s.name: s
    for s in (
        logits, margin, residual, distributions, multilabel, prototypes, perturbed,
        pairs, triplets, embeddings, queries, views, points, codes,
    )
}  # fmt: skip

__all__ = [
    "SIGNATURES", "Bad", "ClassIndex", "Field", "Label", "Line", "Mask", "MultiHot", "Plane", "Positive", "Row", "Sign",
    "Signature", "Simplex", "Transform", "codes", "distributions", "embeddings", "logits", "margin", "multilabel", "pairs",
    "perturbed", "points", "prototypes", "queries", "residual", "triplets", "two_views",
    "views",
]  # fmt: skip
