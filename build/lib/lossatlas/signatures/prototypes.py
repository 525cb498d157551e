"""`prototypes`: a feature per item, a vector per class, and the index of the true class."""

import math

import torch

from .fields import ClassIndex, Field
from .inputs import Inputs
from .probes import Line, Plane, Probes
from .samples import Samples
from .signature import Signature, Transform

# Three prototypes on the unit circle; the first, at the top, belongs to the true class.
_ANGLES = torch.tensor([math.pi / 2, -math.pi / 6, -5 * math.pi / 6], dtype=torch.float64)
_TRIANGLE = torch.stack([_ANGLES.cos(), _ANGLES.sin()], -1)


def _at(x, y):
    features = torch.stack([x, y], -1)
    target = torch.zeros(features.shape[:-1], dtype=torch.long, device=features.device)
    return {"features": features, "prototypes": _TRIANGLE.to(features), "target": target}


def _like(number, inputs):
    return number.to(inputs["features"])


def shift(inputs, generator):
    by = _like(torch.randn(inputs["features"].shape[1], generator=generator, dtype=torch.float64), inputs)
    return {**inputs, "features": inputs["features"] + by, "prototypes": inputs["prototypes"] + by}


def scale_features(inputs, generator):
    by = _like(torch.randn(len(inputs["features"]), 1, generator=generator, dtype=torch.float64).exp(), inputs)
    return {**inputs, "features": inputs["features"] * by}


def scale_both(inputs, generator):
    by = _like(torch.randn((), generator=generator, dtype=torch.float64).exp(), inputs)
    return {**inputs, "features": inputs["features"] * by, "prototypes": inputs["prototypes"] * by}


def rotate(inputs, generator):
    d = inputs["features"].shape[1]
    q = _like(torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))[0], inputs)
    return {**inputs, "features": inputs["features"] @ q, "prototypes": inputs["prototypes"] @ q}


def permute_classes(inputs, generator):
    order = torch.randperm(len(inputs["prototypes"]), generator=generator)
    return {**inputs, "prototypes": inputs["prototypes"][order], "target": order.argsort()[inputs["target"]]}


def _on_its_prototype(inputs):
    return {**inputs, "features": inputs["prototypes"][inputs["target"]].clone()}


prototypes = Signature(
    name="prototypes",
    inputs=Inputs(
        {
            "features": Field("N D", "features"),
            "prototypes": Field("C D", "one vector per class"),
            "target": ClassIndex("N"),
        },
        least={"C": 2, "D": 1},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "C": 4, "D": 3},
        edges={
            "features on their prototypes": _on_its_prototype,
            "all features equal": lambda s: {**s, "features": s["features"][:1].expand_as(s["features"]).clone()},
            "features of size 1e4": lambda s: {**s, "features": s["features"].sign() * 1e4},
            "only one class": lambda s: {**s, "target": torch.zeros_like(s["target"])},
        },
        perfect=_on_its_prototype,
    ),
    probes=Probes(
        lines=(
            Line(
                "height",
                "height of the feature on the way to its prototype at 1",
                -2.0,
                3.0,
                lambda t: _at(torch.full_like(t, 0.1), t),
                "prototypes on a triangle",
            ),
        ),
        planes=(
            Plane(
                "feature",
                ("x", "y"),
                (-2.0, 2.0),
                (-2.0, 2.0),
                _at,
                "plane",
                "the feature moves, the prototypes stay",
                {"the true prototype": _TRIANGLE[:1].tolist(), "other prototypes": _TRIANGLE[1:].tolist()},
            ),
        ),
    ),
    transforms={
        "shift": Transform("shift", shift, "features and prototypes moved together"),
        "scale_features": Transform("scale_features", scale_features, "each feature times its own positive number"),
        "scale_both": Transform("scale_both", scale_both, "features and prototypes times one positive number"),
        "rotate": Transform("rotate", rotate, "features and prototypes turned together"),
        "permute_classes": Transform("permute_classes", permute_classes, "classes renamed"),
    },
    always=("permute_classes",),
)
