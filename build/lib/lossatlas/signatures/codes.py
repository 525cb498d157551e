"""`codes`: the logits of a code's symbols, position by position, and class labels."""

import torch

from .fields import Field, Label
from .inputs import Inputs
from .probes import Line, Probes
from .samples import Samples
from .signature import Signature, Transform


def permute_symbols(inputs, generator):
    """The symbols of each position in an order of its own."""
    logits = inputs["logits"]
    order = torch.rand(logits.shape[1:], generator=generator).argsort(-1)
    return {**inputs, "logits": logits.gather(-1, order.expand_as(logits))}


def permute_positions(inputs, generator):
    return {**inputs, "logits": inputs["logits"][:, torch.randperm(inputs["logits"].shape[1], generator=generator)]}


def rename_labels(inputs, generator):
    return {**inputs, "labels": 7 - 2 * inputs["labels"]}


def shift(inputs, generator):
    """The same number added to all symbols of a position."""
    logits = inputs["logits"]
    return {
        **inputs,
        "logits": logits + torch.randn(*logits.shape[:2], 1, generator=generator, dtype=torch.float64).to(logits),
    }


def _one_word(inputs):
    return {**inputs, "logits": inputs["logits"][:1].expand_as(inputs["logits"]).clone()}


def _one_position_repeated(inputs):
    return {**inputs, "logits": inputs["logits"][:, :1].expand_as(inputs["logits"]).clone()}


def _two_certain_words(t):
    """Two words of two classes; at each position another certainty, one number of `t`."""
    logits = torch.stack([t, torch.zeros_like(t)], -1)
    return {"logits": torch.stack([logits, logits.flip(-1)]), "labels": torch.arange(2, device=t.device)}


codes = Signature(
    name="codes",
    inputs=Inputs(
        {"logits": Field("W L K", "logits of the K symbols at L positions of W words"), "labels": Label("W")},
        least={"L": 1, "K": 1},
    ),
    items="W",
    samples=Samples(
        sizes={"W": 4, "L": 2, "K": 3},
        edges={
            "the same word for all": _one_word,
            "all positions equal": _one_position_repeated,
            "only one class": lambda s: {**s, "labels": torch.zeros_like(s["labels"])},
            "all logits equal": lambda s: {**s, "logits": torch.zeros_like(s["logits"])},
            "logits of size 1e4": lambda s: {**s, "logits": s["logits"].sign() * 1e4},
        },
    ),
    probes=Probes(
        lines=(
            Line(
                "certainty",
                "logit of the right symbol",
                -6.0,
                6.0,
                _two_certain_words,
                "two words, each with its own symbol of two",
            ),
        ),
    ),
    transforms={
        "permute_symbols": Transform("permute_symbols", permute_symbols, "symbols renamed, position by position"),
        "permute_positions": Transform("permute_positions", permute_positions, "positions in another order"),
        "rename_labels": Transform("rename_labels", rename_labels, "classes renamed"),
        "shift": Transform("shift", shift, "the same number added to all logits of a position"),
    },
    always=("permute_symbols", "rename_labels", "shift"),
)
