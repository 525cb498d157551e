"""`embeddings`: vectors with class labels, compared with one another or with a gallery."""

import torch

from .compared import absent, all_there, at, circle_probes, forms_of, others, places, transforms_of, with_gallery
from .fields import Field, Label, Mask, Row
from .forms import Form, Forms
from .inputs import Inputs
from .samples import Samples
from .signature import Signature, Transform

POSITIVES, NEGATIVES = (60, 115), (-10, 165, 215, 290)


def completed(inputs, sizes, mask):
    return with_gallery(inputs, sizes, mask, {"gallery": "embeddings", "gallery_labels": "labels"})


def relations(labels, gallery_labels, own, gallery_mask):
    """(positive, negative): which rows of the gallery share an anchor's label, and which do not; (N, M) each."""
    same, compared = labels.unsqueeze(-1) == gallery_labels, others(own, gallery_mask)
    return compared & same, compared & ~same


def _related(inputs):
    return relations(inputs["labels"], inputs["gallery_labels"], inputs["own"], inputs["gallery_mask"])


def _relate(inputs, of_two, of_all):
    return of_all(inputs["embeddings"], inputs["gallery"]), *_related(inputs)


def _vectors(inputs):
    return inputs["embeddings"], inputs["gallery"], *_related(inputs)


def _anchors(vectors):
    """Anchors of class 0 among fixed positives and negatives on the unit circle."""
    labels = torch.zeros(len(vectors), dtype=torch.long, device=vectors.device)
    gallery_labels = [0] * len(POSITIVES) + [1] * len(NEGATIVES)
    return {
        "embeddings": vectors,
        "labels": labels,
        "gallery": at(*POSITIVES, *NEGATIVES, like=vectors),
        "gallery_labels": torch.tensor(gallery_labels, device=vectors.device),
        "own": labels - 1,
        "gallery_mask": torch.ones(len(gallery_labels), dtype=torch.bool, device=vectors.device),
    }


def rename_labels(inputs, generator):
    return {**inputs, "labels": 7 - 2 * inputs["labels"], "gallery_labels": 7 - 2 * inputs["gallery_labels"]}


def _all_equal(inputs):
    one = inputs["embeddings"][:1]
    return {
        **inputs,
        "embeddings": one.expand_as(inputs["embeddings"]).clone(),
        "gallery": one.expand_as(inputs["gallery"]).clone(),
    }


def _all_of(same):
    """Gallery labels all the anchors' one label, or none of it."""

    def make(inputs):
        labels = torch.zeros_like(inputs["labels"])
        return {
            **inputs,
            "labels": labels,
            "gallery_labels": torch.full_like(inputs["gallery_labels"], 0 if same else 1),
        }

    return make


def _anchors_in_the_gallery(inputs):
    """Each anchor coincides with a row of the gallery, some with their own."""
    m = len(inputs["gallery"])
    rows = torch.arange(len(inputs["embeddings"])) % m
    return {**inputs, "embeddings": inputs["gallery"][rows].clone(), "labels": inputs["gallery_labels"][rows]}


def _huge(inputs):
    return {**inputs, "embeddings": inputs["embeddings"].sign() * 1e4, "gallery": inputs["gallery"].sign() * 1e4}


def _clustered(inputs):
    """Each class in a point of its own: at right angles to the others, at distance 2 from them."""
    d = inputs["embeddings"].shape[1]

    def corners(labels):
        axis = torch.nn.functional.one_hot(labels % d, d).to(inputs["embeddings"])
        return axis * 2**0.5

    gallery_labels = inputs["gallery_labels"] % d
    labels = inputs["labels"] % d
    return {
        **inputs,
        "labels": labels,
        "gallery_labels": gallery_labels,
        "embeddings": corners(labels),
        "gallery": corners(gallery_labels),
    }


VECTORS, GALLERY = ("embeddings", "gallery"), ("gallery", "gallery_labels", "gallery_mask")

embeddings = Signature(
    name="embeddings",
    inputs=Inputs(
        {
            "embeddings": Field("N D", "anchors"),
            "labels": Label("N"),
            "gallery": Field("M D", "vectors to compare with"),
            "gallery_labels": Label("M"),
            "own": Row("N"),
            "gallery_mask": Mask("M"),
        },
        least={"D": 1, "M": 1},
        optional=("gallery", "gallery_labels", "own", "gallery_mask"),
        completed=completed,
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "D": 3, "M": 6},
        edges={
            "all vectors equal": _all_equal,
            "anchors in the gallery": _anchors_in_the_gallery,
            "only positives": _all_of(same=True),
            "only negatives": _all_of(same=False),
            "nothing to compare with": absent,
            "vectors of size 1e4": _huge,
            "the whole gallery": all_there,
        },
        perfect=_clustered,
    ),
    probes=circle_probes(
        "anchor",
        "anchor",
        "positives at 60° and 115°, negatives at 165°, 215°, 290° and 350°",
        _anchors,
        moves="the anchor moves, positives and negatives stay on the unit circle",
        marks={"positives": places(*POSITIVES), "negatives": places(*NEGATIVES)},
    ),
    forms=Forms({**forms_of(_relate, VECTORS), "vectors": Form(("x", "y", "positive", "negative"), _vectors)}),
    transforms={
        **transforms_of(VECTORS, GALLERY),
        "rename_labels": Transform("rename_labels", rename_labels, "classes renamed"),
    },
    always=("rename_labels", "permute_gallery"),
)
