"""`queries`: a query and the key that belongs to it, compared with the other keys or with a bank."""

import torch

from .compared import (
    absent,
    all_there,
    at,
    circle_probes,
    forms_of,
    others,
    partner_first,
    places,
    transforms_of,
    with_gallery,
)
from .fields import Field, Mask, Row
from .forms import Forms
from .inputs import Inputs
from .samples import Samples
from .signature import Signature

KEY, NEGATIVES = 90, (35, 150, 200, 270, 330)


def completed(inputs, sizes, mask):
    return with_gallery(inputs, sizes, mask, {"gallery": "key"})


def _relate(inputs, of_two, of_all):
    query = inputs["query"]
    compared = others(inputs["own"], inputs["gallery_mask"])
    return partner_first(of_two(query, inputs["key"]), of_all(query, inputs["gallery"]), compared)


def _queries(vectors):
    """Queries whose key is at 90 degrees, among fixed negatives on the unit circle."""
    count = len(vectors)
    return {
        "query": vectors,
        "key": at(KEY, like=vectors).expand(count, 2),
        "gallery": at(*NEGATIVES, like=vectors),
        "own": torch.full((count,), -1, device=vectors.device),
        "gallery_mask": torch.ones(len(NEGATIVES), dtype=torch.bool, device=vectors.device),
    }


VECTORS = ("query", "key", "gallery")


def _all_equal(inputs):
    one = inputs["query"][:1]
    return {**inputs, **{name: one.expand_as(inputs[name]).clone() for name in VECTORS}}


queries = Signature(
    name="queries",
    inputs=Inputs(
        {
            "query": Field("N D", "queries"),
            "key": Field("N D", "the key of each query"),
            "gallery": Field("M D", "keys of others, or a bank of them"),
            "own": Row("N"),
            "gallery_mask": Mask("M"),
        },
        least={"D": 1, "M": 1},
        optional=("gallery", "own", "gallery_mask"),
        completed=completed,
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "D": 3, "M": 6},
        edges={
            "all vectors equal": _all_equal,
            "query equals key": lambda s: {**s, "key": s["query"].clone()},
            "query opposite to key": lambda s: {**s, "key": -s["query"]},
            "nothing to compare with": absent,
            "vectors of size 1e4": lambda s: {**s, **{name: s[name].sign() * 1e4 for name in VECTORS}},
            "the whole gallery": all_there,
        },
    ),
    probes=circle_probes(
        "query",
        "query",
        "its key at 90°, negatives at 35°, 150°, 200°, 270° and 330°",
        _queries,
        moves="the query moves, its key and five negatives stay on the unit circle",
        marks={"key": places(KEY), "negatives": places(*NEGATIVES)},
    ),
    forms=Forms(forms_of(_relate, VECTORS)),
    transforms=transforms_of(VECTORS, ("gallery", "gallery_mask")),
    always=("permute_gallery",),
)
