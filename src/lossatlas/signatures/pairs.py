"""`pairs`: for each anchor, cosine similarities to what belongs with it and to what does not."""

import torch

from .fields import Field
from .forms import Form, Forms
from .inputs import Inputs
from .probes import Line, Plane, Probes
from .samples import Samples
from .signature import Signature, Transform


def _of_cosine(inputs):
    positive, negative = inputs["positive"], inputs["negative"]
    values = torch.cat([positive, negative], -1)
    belongs = torch.arange(values.shape[-1], device=values.device) < positive.shape[-1]
    return values, belongs.expand_as(values), (~belongs).expand_as(values)


def _of_distance(inputs):
    """Unit vectors of cosine similarity s are at distance sqrt(2 - 2 s); at 0 its derivative is taken as 0."""
    s, positive, negative = _of_cosine(inputs)
    square = 2 - 2 * s
    apart = square > 0
    return torch.where(apart, torch.where(apart, square, 1.0).sqrt(), 0.0), positive, negative


def _one_of_each(s_p, s_n):
    return {"positive": s_p.unsqueeze(-1), "negative": s_n.unsqueeze(-1)}


def _permute(name):
    def apply(inputs, generator):
        return {**inputs, name: inputs[name][:, torch.randperm(inputs[name].shape[1], generator=generator)]}

    return Transform(f"permute_{name}", apply, f"the {name} pairs in another order")


def _level(value):
    return lambda s: {name: torch.full_like(v, value) for name, v in s.items()}


class Similarity(Field):
    """Cosine similarities. What lies beyond -1 and 1 by rounding is no error, so nothing is refused."""

    def sample(self, shape, sizes, generator, dtype):
        return super().sample(shape, sizes, generator, dtype).tanh()

    def in_code(self, shape, sizes):
        return f"{super().in_code(shape, sizes)}.tanh()"


pairs = Signature(
    name="pairs",
    inputs=Inputs(
        {
            "positive": Similarity("N P", "similarities to positives"),
            "negative": Similarity("N K", "similarities to negatives"),
        },
        least={"P": 1, "K": 1},
    ),
    items="N",
    samples=Samples(
        sizes={"N": 5, "P": 2, "K": 4},
        edges={
            "all similarities 0": _level(0.0),
            "all similarities 1": _level(1.0),
            "all similarities -1": _level(-1.0),
            "perfect": lambda s: {
                "positive": torch.ones_like(s["positive"]),
                "negative": -torch.ones_like(s["negative"]),
            },
            "inverted": lambda s: {
                "positive": -torch.ones_like(s["positive"]),
                "negative": torch.ones_like(s["negative"]),
            },
            "one of each": lambda s: {name: v[:, :1] for name, v in s.items()},
        },
        perfect=lambda s: {"positive": torch.ones_like(s["positive"]), "negative": -torch.ones_like(s["negative"])},
    ),
    probes=Probes(
        lines=(
            Line(
                "s_p",
                "similarity of the positive pair; the negative's is 0.5",
                -1.0,
                1.0,
                lambda t: _one_of_each(t, torch.full_like(t, 0.5)),
            ),
            Line(
                "s_n",
                "similarity of the negative pair; the positive's is 0.5",
                -1.0,
                1.0,
                lambda t: _one_of_each(torch.full_like(t, 0.5), t),
            ),
        ),
        planes=(
            Plane(
                "similarities",
                ("similarity of the negative pair", "similarity of the positive pair"),
                (-1.0, 1.0),
                (-1.0, 1.0),
                lambda u, v: _one_of_each(v, u),
                "plane",
                "one positive and one negative pair",
            ),
        ),
    ),
    forms=Forms(
        {
            "cosine": Form(("s", "positive", "negative"), _of_cosine),
            "distance": Form(("d", "positive", "negative"), _of_distance),
        }
    ),
    transforms={"permute_positive": _permute("positive"), "permute_negative": _permute("negative")},
    always=("permute_positive", "permute_negative"),
)
