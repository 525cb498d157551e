"""`points`: a set of vectors, looked at as a whole or one by one."""

import torch

from .compared import move, stretch, turn
from .fields import Field
from .inputs import Inputs
from .probes import Plane, Probes
from .samples import Samples
from .signature import Signature, Transform

VECTORS = ("points",)

points = Signature(
    name="points",
    inputs=Inputs(
        {"points": Field("N D", "vectors")},
        least={"D": 1},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "D": 3},
        edges={
            "all points equal": lambda s: {"points": s["points"][:1].expand_as(s["points"]).clone()},
            "points of size 1e4": lambda s: {"points": s["points"].sign() * 1e4},
            "points in a hyperplane": lambda s: {
                "points": torch.cat([s["points"][:, :-1], torch.zeros_like(s["points"][:, -1:])], 1)
            },
        },
    ),
    probes=Probes(
        planes=(
            Plane(
                "point",
                ("x", "y"),
                (-1.6, 1.6),
                (-1.6, 1.6),
                lambda u, v: {"points": torch.stack([u, v], -1)},
                "plane",
                "one point",
            ),
        ),
    ),
    transforms={
        "rotate": Transform("rotate", lambda s, g: turn(s, g, VECTORS), "all points turned together"),
        "scale": Transform("scale", lambda s, g: stretch(s, g, VECTORS), "each point times its own positive number"),
        "shift": Transform("shift", lambda s, g: move(s, g, VECTORS), "the same vector added to all"),
    },
)
