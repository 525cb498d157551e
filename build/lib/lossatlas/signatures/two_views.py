"""`two_views`: two views of each item, compared with one another and with nothing else."""

import torch

from .compared import at, move, on_circle, places, stretch, turn
from .fields import Field
from .inputs import Inputs
from .probes import Line, Plane, Probes
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
    probes=Probes(
        lines=(
            Line(
                "angle",
                "angle of the first view on the circle (radians)",
                0.0,
                6.28,
                lambda t: _partners(on_circle(t)),
                "the second view at 90°",
            ),
        ),
        planes=(
            Plane(
                "view",
                ("x", "y"),
                (-1.6, 1.6),
                (-1.6, 1.6),
                lambda u, v: _partners(torch.stack([u, v], -1)),
                "plane",
                "the first view moves, the second stays at the top of the unit circle",
                {"second view": places(90)},
            ),
        ),
    ),
    transforms={
        "rotate": Transform("rotate", lambda s, g: turn(s, g, VECTORS), "all vectors turned together"),
        "scale": Transform("scale", lambda s, g: stretch(s, g, VECTORS), "each vector times its own positive number"),
        "shift": Transform("shift", lambda s, g: move(s, g, VECTORS), "the same vector added to all"),
        "swap": Transform(
            "swap", lambda s, g: {"view_a": s["view_b"], "view_b": s["view_a"]}, "the two views exchanged"
        ),
    },
)
