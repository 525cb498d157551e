"""`views`: two views of each item, compared with the views of all others.

Both views are anchors: the item's value is the mean of its two anchors' values. As `(s, positive, negative)` or
`(d, positive, negative)` a formula sees both views of the others as negatives; as `(across, positive, negative)`, where
`across` is the cosine similarity, only the other view, as with images and their captions.
"""

import torch

from .compared import absent, all_there, at, circle_probes, forms_of, others, partner_first, transforms_of, with_gallery
from .fields import Field, Mask, Row
from .forms import Forms
from .inputs import Inputs
from .samples import Samples
from .signature import Signature

PARTNER, NEGATIVES_A, NEGATIVES_B = 90, (35, 200, 300), (150, 240, 330)


def completed(inputs, sizes, mask):
    return with_gallery(inputs, sizes, mask, {"gallery_a": "view_a", "gallery_b": "view_b"})


def _relate(inputs, of_two, of_all):
    a, b = inputs["view_a"], inputs["view_b"]
    compared = others(inputs["own"], inputs["gallery_mask"]).repeat(2, 2)
    return partner_first(of_two(a, b).repeat(2), of_all(torch.cat([a, b]), inputs["galleries"]), compared)


def _one_gallery(inputs):
    rest = {name: value for name, value in inputs.items() if name not in ("gallery_a", "gallery_b")}
    return {**rest, "galleries": torch.cat([inputs["gallery_a"], inputs["gallery_b"]])}


def _across(inputs, of_two, of_all):
    a, b = inputs["view_a"], inputs["view_b"]
    of_others = torch.cat([of_all(a, inputs["gallery_b"]), of_all(b, inputs["gallery_a"])])
    compared = others(inputs["own"], inputs["gallery_mask"]).repeat(2, 1)
    return partner_first(of_two(a, b).repeat(2), of_others, compared)


def _mean_of_both(items):
    """The value of a whole batch is one already."""
    return items.unflatten(0, (2, -1)).mean(0) if items.numel() and items.ndim else items


def _views(vectors):
    """A first view that moves, its second view at 90 degrees, among fixed others on the unit circle."""
    count = len(vectors)
    return {
        "view_a": vectors,
        "view_b": at(PARTNER, like=vectors).expand(count, 2),
        "gallery_a": at(*NEGATIVES_A, like=vectors),
        "gallery_b": at(*NEGATIVES_B, like=vectors),
        "own": torch.full((count,), -1, device=vectors.device),
        "gallery_mask": torch.ones(len(NEGATIVES_A), dtype=torch.bool, device=vectors.device),
    }


VECTORS = ("view_a", "view_b", "gallery_a", "gallery_b")


def _all_equal(inputs):
    one = inputs["view_a"][:1]
    return {**inputs, **{name: one.expand_as(inputs[name]).clone() for name in VECTORS}}


views = Signature(
    name="views",
    inputs=Inputs(
        {
            "view_a": Field("N D", "one view of each item"),
            "view_b": Field("N D", "the other view"),
            "gallery_a": Field("M D", "views of others"),
            "gallery_b": Field("M D", "their other views"),
            "own": Row("N"),
            "gallery_mask": Mask("M"),
        },
        least={"D": 1, "M": 1},
        optional=("gallery_a", "gallery_b", "own", "gallery_mask"),
        completed=completed,
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "D": 3, "M": 4},
        edges={
            "all vectors equal": _all_equal,
            "both views equal": lambda s: {**s, "view_b": s["view_a"].clone()},
            "opposite views": lambda s: {**s, "view_b": -s["view_a"]},
            "nothing to compare with": absent,
            "vectors of size 1e4": lambda s: {**s, **{name: s[name].sign() * 1e4 for name in VECTORS}},
            "the whole gallery": all_there,
        },
    ),
    probes=circle_probes(
        "view",
        "first view",
        "the second view at 90°, views of others around the circle",
        _views,
        moves="the first view moves, the second is at the top, six views of others on the unit circle",
    ),
    forms=Forms(
        {**forms_of(_relate, VECTORS, ("cosine", "distance"), _one_gallery), **forms_of(_across, VECTORS, ("across",))},
        collected=_mean_of_both,
    ),
    transforms=transforms_of(VECTORS, ("gallery_a", "gallery_b", "gallery_mask")),
    always=("permute_gallery",),
)
