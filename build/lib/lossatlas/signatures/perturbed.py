"""`perturbed`: logits, the true class, and the logits at a perturbed input."""

import torch

from .fields import Field
from .inputs import Inputs
from .logits import logits
from .logits import shift as shift_logits
from .probes import Line, Plane, Probes
from .samples import Samples
from .signature import Signature, Transform


def _pushed(t):
    """Three classes; the true one leads by 2, and the perturbation takes t of that lead."""
    lead = torch.full_like(t, 2.0)
    return _at(lead, lead - t)


def _at(before, after):
    return {
        "logits": _leading_by(before),
        "target": torch.zeros_like(before, dtype=torch.long),
        "perturbed_logits": _leading_by(after),
    }


def _leading_by(margin):
    return torch.stack([margin, torch.zeros_like(margin), torch.zeros_like(margin)], -1)


def _swapped(inputs):
    """The inputs with the two sets of logits exchanged."""
    return {**inputs, "logits": inputs["perturbed_logits"], "perturbed_logits": inputs["logits"]}


def shift(inputs, generator):
    return _swapped(shift_logits(_swapped(shift_logits(inputs, generator)), generator))


def permute_classes(inputs, generator):
    order = torch.randperm(inputs["logits"].shape[1], generator=generator)
    target = order.argsort()[inputs["target"]]
    return {
        "logits": inputs["logits"][:, order],
        "target": target,
        "perturbed_logits": inputs["perturbed_logits"][:, order],
    }


def _in_both(edge):
    """An edge of `logits`, made of the logits before and after."""

    def make(inputs):
        before, after = inputs["logits"], inputs["perturbed_logits"]
        changed = edge({"logits": before, "target": inputs["target"]})
        return {**changed, "perturbed_logits": edge({"logits": after, "target": inputs["target"]})["logits"]}

    return make


perturbed = Signature(
    name="perturbed",
    inputs=Inputs(
        {**logits.inputs.fields, "perturbed_logits": Field("N C", "scores at the perturbed input")},
        least=logits.inputs.least,
    ),
    items="N",
    samples=Samples(
        sizes=logits.samples.sizes,
        edges={
            **{name: _in_both(edge) for name, edge in logits.samples.edges.items()},
            "no perturbation": lambda s: {**s, "perturbed_logits": s["logits"].clone()},
        },
        perfect=_in_both(logits.samples.perfect),
    ),
    probes=Probes(
        lines=(
            Line(
                "push", "how much of the true class's lead of 2 the perturbation takes", -4.0, 4.0, _pushed, "3 classes"
            ),
        ),
        planes=(
            Plane(
                "leads",
                ("lead before", "lead after"),
                (-4.0, 4.0),
                (-4.0, 4.0),
                _at,
                "plane",
                "lead of the true of 3 classes",
            ),
        ),
    ),
    transforms={
        "shift": Transform("shift", shift, "a number added to all logits of an item, before and after each its own"),
        "permute_classes": Transform("permute_classes", permute_classes, "classes renamed"),
    },
    always=logits.always,
)
