"""`margin`: a binary score and a label, -1 or +1."""

import torch

from .fields import Field, Sign
from .inputs import Inputs
from .probes import Line, Probes
from .samples import Samples
from .signature import Signature, Transform


def flip(inputs, generator):
    return {"score": -inputs["score"], "label": -inputs["label"]}


margin = Signature(
    name="margin",
    inputs=Inputs(
        {"score": Field("*", "scores, positive for +1"), "label": Sign("*")},
    ),
    items="*",
    samples=Samples(
        sizes={"N": 6},
        edges={
            "score 0": lambda s: {**s, "score": torch.zeros_like(s["score"])},
            "on the margin": lambda s: {**s, "score": s["label"].clone()},
            "certain and right": lambda s: {**s, "score": 60.0 * s["label"]},
            "certain and wrong": lambda s: {**s, "score": -60.0 * s["label"]},
            "scores of ±1e4": lambda s: {**s, "score": s["score"].sign() * 1e4},
            "only one class": lambda s: {**s, "label": torch.ones_like(s["label"])},
        },
        perfect=lambda s: {**s, "score": 60.0 * s["label"]},
    ),
    probes=Probes(
        lines=(
            Line("margin", "margin: label × score", -4.0, 4.0, lambda t: {"score": t, "label": torch.ones_like(t)}),
        ),
    ),
    transforms={"flip": Transform("flip", flip, "score and label change sign together")},
)
