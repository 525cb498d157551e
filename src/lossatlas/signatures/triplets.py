"""`triplets`: an anchor, a vector that belongs with it, and one that does not."""

from .compared import at, circle_probes, places, transforms_of_vectors
from .fields import Field
from .inputs import Inputs
from .samples import Samples
from .signature import Signature

VECTORS = ("anchor", "positive", "negative")


def _anchors(vectors):
    """Anchors that move, a positive at 60 degrees and a negative at 170 degrees on the unit circle."""
    return {
        "anchor": vectors,
        "positive": at(60, like=vectors).expand_as(vectors),
        "negative": at(170, like=vectors).expand_as(vectors),
    }


triplets = Signature(
    name="triplets",
    inputs=Inputs(
        {
            "anchor": Field("N D", "anchors"),
            "positive": Field("N D", "a vector that belongs with each anchor"),
            "negative": Field("N D", "a vector that does not"),
        },
        least={"D": 1},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "D": 3},
        edges={
            "all three equal": lambda s: {name: s["anchor"].clone() for name in VECTORS},
            "anchor on the positive": lambda s: {**s, "positive": s["anchor"].clone()},
            "anchor on the negative": lambda s: {**s, "negative": s["anchor"].clone()},
            "vectors of size 1e4": lambda s: {name: s[name].sign() * 1e4 for name in VECTORS},
        },
        perfect=lambda s: {**s, "positive": s["anchor"].clone(), "negative": s["anchor"] + 10},
    ),
    probes=circle_probes(
        "anchor",
        "anchor",
        "the positive at 60°, the negative at 170°",
        _anchors,
        moves="the anchor moves, a positive and a negative stay on the unit circle",
        marks={"positive": places(60), "negative": places(170)},
    ),
    transforms=transforms_of_vectors(VECTORS),
)
