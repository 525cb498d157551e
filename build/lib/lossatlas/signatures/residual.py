"""`residual`: a prediction and the number it should be."""

import torch

from .fields import Field
from .inputs import Inputs
from .probes import Line, Probes
from .samples import Samples
from .signature import Signature, Transform


def shift(inputs, generator):
    by = 3 * torch.randn((), generator=generator, dtype=torch.float64).to(inputs["prediction"])
    return {"prediction": inputs["prediction"] + by, "target": inputs["target"] + by}


residual = Signature(
    name="residual",
    inputs=Inputs(
        {"prediction": Field("*", "predictions"), "target": Field("*", "targets")},
    ),
    items="*",
    samples=Samples(
        sizes={"N": 6},
        edges={
            "exact": lambda s: {**s, "prediction": s["target"].clone()},
            "predictions of ±1e4": lambda s: {**s, "prediction": s["prediction"].sign() * 1e4},
            "targets level": lambda s: {**s, "target": torch.zeros_like(s["target"])},
        },
        perfect=lambda s: {**s, "prediction": s["target"].clone()},
    ),
    probes=Probes(
        lines=(
            Line(
                "residual",
                "prediction minus target",
                -4.0,
                4.0,
                lambda t: {"prediction": t, "target": torch.zeros_like(t)},
            ),
        ),
    ),
    transforms={
        "shift": Transform("shift", shift, "the same number added to prediction and target"),
        "swap": Transform(
            "swap",
            lambda s, g: {"prediction": s["target"], "target": s["prediction"]},
            "prediction and target exchanged",
        ),
    },
)
