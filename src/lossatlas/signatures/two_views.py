"""`two_views`: two views of each item, compared with one another and with nothing else."""

from .compared import at, circle_probes, places, transforms_of_vectors
from .fields import Field
from .inputs import Inputs
from .samples import Samples
from .signature import Signature, Transform

VECTORS = ("view_a", "view_b")


def _partners(vectors):
    """First views that move, with their second views at 90 degrees on the unit circle."""
    return {"view_a": vectors, "view_b": at(90, like=vectors).expand_as(vectors)}


two_views = Signature(
    name="two_views",
    inputs=Inputs(
        {"view_a": Field("N D", "one view of each item"), "view_b": Field("N D", "the other view")},
        least={"D": 1},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "D": 3},
        edges={
            "all vectors equal": lambda s: {name: s["view_a"][:1].expand_as(s[name]).clone() for name in VECTORS},
            "both views equal": lambda s: {**s, "view_b": s["view_a"].clone()},
            "opposite views": lambda s: {**s, "view_b": -s["view_a"]},
            "vectors of size 1e4": lambda s: {name: s[name].sign() * 1e4 for name in VECTORS},
        },
        perfect=lambda s: {**s, "view_b": s["view_a"].clone()},
    ),
    probes=circle_probes(
        "view",
        "first view",
        "the second view at 90°",
        _partners,
        moves="the first view moves, the second stays at the top of the unit circle",
        marks={"second view": places(90)},
    ),
    transforms={
        **transforms_of_vectors(VECTORS),
        "swap": Transform(
            "swap", lambda s, g: {"view_a": s["view_b"], "view_b": s["view_a"]}, "the two views exchanged"
        ),
    },
)
