"""`distributions`: two probability vectors per item, p and q."""

import torch

from .fields import Simplex
from .inputs import Inputs
from .probes import Line, Plane, Probes
from .samples import Samples
from .signature import Signature, Transform


def _against_half(t):
    q = torch.stack([t, 1 - t], -1)
    return {"p": torch.full_like(q, 0.5), "q": q}


def _simplex(u, v):
    """p moves over the triangle, q stays at (0.6, 0.3, 0.1)."""
    p = torch.stack([u, v, 1 - u - v], -1)
    return {"p": p, "q": torch.tensor([0.6, 0.3, 0.1], dtype=p.dtype, device=p.device).expand_as(p)}


def permute_classes(inputs, generator):
    order = torch.randperm(inputs["p"].shape[1], generator=generator)
    return {"p": inputs["p"][:, order], "q": inputs["q"][:, order]}


def _corners(inputs):
    p = torch.nn.functional.one_hot(inputs["p"].argmax(1), inputs["p"].shape[1])
    return {**inputs, "p": p.to(inputs["p"])}


distributions = Signature(
    name="distributions",
    inputs=Inputs(
        {"p": Simplex("N C"), "q": Simplex("N C")},
        least={"C": 2},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "C": 4},
        edges={
            "p = q": lambda s: {**s, "q": s["p"].clone()},
            "p in a corner": _corners,
            "uniform": lambda s: {k: torch.full_like(v, 1 / v.shape[1]) for k, v in s.items()},
        },
        perfect=lambda s: {**s, "q": s["p"].clone()},
        borders=("p in a corner",),
    ),
    probes=Probes(
        lines=(Line("q", "q₁, the first entry of q = (q₁, 1 − q₁); p = (½, ½)", 0.02, 0.98, _against_half),),
        planes=(
            Plane("simplex", ("p₁", "p₂", "p₃"), (0.0, 1.0), (0.0, 1.0), _simplex, "simplex", "q = (0.6, 0.3, 0.1)"),
        ),
    ),
    transforms={
        "permute_classes": Transform("permute_classes", permute_classes, "classes renamed in both"),
        "swap": Transform("swap", lambda s, g: {"p": s["q"], "q": s["p"]}, "p and q exchanged"),
    },
    always=("permute_classes",),
)
