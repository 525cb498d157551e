"""`multilabel`: one score per class, and for each class whether it is present."""

import torch

from .fields import Field, MultiHot
from .inputs import Inputs
from .probes import Line, Probes
from .samples import Samples
from .signature import Signature, Transform


def _one_score(t):
    """A single class, present, at score t."""
    return {"logits": t.unsqueeze(-1), "target": torch.ones_like(t).unsqueeze(-1)}


def _absent_score(t):
    return {"logits": t.unsqueeze(-1), "target": torch.zeros_like(t).unsqueeze(-1)}


def permute_classes(inputs, generator):
    order = torch.randperm(inputs["logits"].shape[1], generator=generator)
    return {"logits": inputs["logits"][:, order], "target": inputs["target"][:, order]}


def _right(inputs):
    return {**inputs, "logits": 60.0 * (2 * inputs["target"] - 1).to(inputs["logits"])}


multilabel = Signature(
    name="multilabel",
    inputs=Inputs(
        {"logits": Field("N C", "scores before sigmoid"), "target": MultiHot("N C")},
        least={"C": 1},
    ),
    items="N C",
    samples=Samples(
        sizes={"N": 5, "C": 4},
        edges={
            "scores 0": lambda s: {**s, "logits": torch.zeros_like(s["logits"])},
            "nothing present": lambda s: {**s, "target": torch.zeros_like(s["target"])},
            "all present": lambda s: {**s, "target": torch.ones_like(s["target"])},
            "certain and right": _right,
            "certain and wrong": lambda s: {**s, "logits": -_right(s)["logits"]},
            "logits of ±1e4": lambda s: {**s, "logits": s["logits"].sign() * 1e4},
        },
        perfect=_right,
    ),
    probes=Probes(
        lines=(
            Line("present", "score of a class that is present", -6.0, 6.0, _one_score),
            Line("absent", "score of a class that is absent", -6.0, 6.0, _absent_score),
        ),
    ),
    transforms={"permute_classes": Transform("permute_classes", permute_classes, "classes renamed")},
)
