"""`logits`: one score per class and the index of the true class."""

import torch

from .fields import ClassIndex, Field
from .inputs import Inputs
from .probes import Line, Plane, Probes
from .samples import Samples
from .signature import Signature, Transform


def _margin_line(t):
    """Three classes; the true one leads the two others, which are level, by t."""
    others = torch.zeros_like(t)
    return {"logits": torch.stack([t, others, others], -1), "target": torch.zeros_like(t, dtype=torch.long)}


def _simplex(u, v):
    """Three classes; logits are log-probabilities, the first class is the true one."""
    p = torch.stack([u, v, 1 - u - v], -1)
    return {"logits": p.log(), "target": torch.zeros(p.shape[:-1], dtype=torch.long, device=p.device)}


def shift(inputs, generator):
    by = torch.randn(len(inputs["logits"]), 1, generator=generator, dtype=torch.float64)
    return {**inputs, "logits": inputs["logits"] + 3 * by.to(inputs["logits"])}


def scale(inputs, generator):
    by = torch.randn(len(inputs["logits"]), 1, generator=generator, dtype=torch.float64).exp()
    return {**inputs, "logits": inputs["logits"] * by.to(inputs["logits"])}


def permute_classes(inputs, generator):
    order = torch.randperm(inputs["logits"].shape[1], generator=generator)
    return {**inputs, "logits": inputs["logits"][:, order], "target": order.argsort()[inputs["target"]]}


def _ruled_out(inputs):
    """A class that cannot be: logit -inf, never the target."""
    logits = torch.cat([inputs["logits"], torch.full_like(inputs["logits"][:, :1], -torch.inf)], 1)
    return {**inputs, "logits": logits}


def _level(inputs):
    return {**inputs, "logits": torch.zeros_like(inputs["logits"])}


def _huge(inputs):
    return {**inputs, "logits": inputs["logits"].sign() * 1e4}


def _tied_at_the_top(inputs):
    top = inputs["logits"].amax(1, keepdim=True)
    return {**inputs, "logits": torch.where(inputs["logits"] > 0, top, inputs["logits"])}


def _confident(inputs):
    chosen = torch.nn.functional.one_hot(inputs["target"], inputs["logits"].shape[1])
    return {**inputs, "logits": 60.0 * chosen.to(inputs["logits"])}


def _wrong(inputs):
    return {**inputs, "logits": -_confident(inputs)["logits"]}


def _one_class(inputs):
    return {**inputs, "target": torch.zeros_like(inputs["target"])}


logits = Signature(
    name="logits",
    inputs=Inputs(
        {"logits": Field("N C", "scores before softmax"), "target": ClassIndex("N")},
        least={"C": 2},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "C": 4},
        edges={
            "two classes": lambda s: {"logits": s["logits"][:, :2], "target": s["target"] % 2},
            "all logits equal": _level,
            "ties at the top": _tied_at_the_top,
            "certain and right": _confident,
            "certain and wrong": _wrong,
            "logits of ±1e4": _huge,
            "a class ruled out": _ruled_out,
            "only one class": _one_class,
        },
        perfect=_confident,
    ),
    probes=Probes(
        lines=(
            Line(
                "margin",
                "logit of the true class minus the others",
                -6.0,
                6.0,
                _margin_line,
                "3 classes, the two wrong ones level",
            ),
        ),
        planes=(
            Plane("simplex", ("p₁ (true)", "p₂", "p₃"), (0.0, 1.0), (0.0, 1.0), _simplex, "simplex", "true class 1"),
        ),
    ),
    transforms={
        "shift": Transform("shift", shift, "the same number added to all logits of an item"),
        "scale": Transform("scale", scale, "all logits of an item times a positive number"),
        "permute_classes": Transform("permute_classes", permute_classes, "classes renamed"),
    },
    always=("permute_classes",),
)
