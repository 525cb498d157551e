"""One training step of an output layer: factored, against plain layers that compute all outputs.

All three are given a hidden batch and must return the loss, the gradient in the hidden batch, and a changed weight.
"""

import torch
from torch.nn import functional as F

import lossatlas
from lossatlas.losses.cross_entropy.factored import FactoredSphericalLayer, z_loss_from_sums

from .timing import alternate, milliseconds, ratio, spread, times, write

CLASSES = (1_000, 3_000, 10_000, 30_000, 100_000, 200_000)
FEATURES = (128, 256)
LEARNING_RATE = 0.1


def plain_step(loss, weight, hidden, target):
    """A step of a plain layer: all outputs, the loss, backward, SGD."""
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    layer.weight.data.copy_(weight)
    optimizer = torch.optim.SGD(layer.parameters(), lr=LEARNING_RATE)

    def step():
        optimizer.zero_grad()
        value = loss(layer(hidden), target)
        value.backward()
        optimizer.step()
        below = hidden.grad
        hidden.grad = None
        return value.detach(), below

    return step


def runs_of(classes, features, batch):
    """name -> a function that makes one training step; and the factored layer."""
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(batch, features, generator=generator)
    target = torch.randint(0, classes, (batch,), generator=generator)
    layer = FactoredSphericalLayer(features, classes, z_loss_from_sums)
    weight = layer.weight()
    runs = {
        "factored": lambda: layer.step(hidden, target, LEARNING_RATE),
        "softmax": plain_step(F.cross_entropy, weight, hidden.clone().requires_grad_(), target),
        "dense Z-loss": plain_step(lossatlas.spherical_z_loss, weight, hidden.clone().requires_grad_(), target),
    }
    return runs, layer


def measure(classes, features, *, batch, seconds):
    """One row: a number of classes and of features, for about `seconds` and 5 to 51 rounds."""
    runs, layer = runs_of(classes, features, batch)
    first = alternate(runs, rounds=1)
    rounds = min(max(int(seconds / sum(sum(samples) for samples in first.values())), 5), 51)
    samples = alternate(runs, rounds=rounds)
    # What is done once in many steps hides from a median: add its share to each step.
    every = max(classes, 8 * features)
    upkeep = spread(alternate({"refresh": layer.refresh}, rounds=5)["refresh"])["median"] * batch / every
    samples["factored"] = [step + upkeep for step in samples["factored"]]
    return {
        "classes": classes,
        "features": features,
        "batch": batch,
        "seconds": samples,
        "upkeep_seconds": upkeep,
        "softmax_ratio": ratio(samples["softmax"], samples["factored"]),
        "dense_ratio": ratio(samples["dense Z-loss"], samples["factored"]),
    }


COLUMNS = {
    "classes": lambda row: f"{row['classes']:,}",
    "features": lambda row: str(row["features"]),
    "factored, ms": lambda row: milliseconds(row["seconds"]["factored"]),
    "softmax, ms": lambda row: milliseconds(row["seconds"]["softmax"]),
    "dense Z-loss, ms": lambda row: milliseconds(row["seconds"]["dense Z-loss"]),
    "softmax / factored": lambda row: times(row["softmax_ratio"]),
    "dense Z-loss / factored": lambda row: times(row["dense_ratio"]),
}

NOTES = """One training step of the output layer (loss, gradient in the hidden batch, update by plain SGD), float32, one thread,
batches of {batch}; median (quartiles) over rounds in which the three take turns. *Factored* is the Z-loss by
`FactoredSphericalLayer.step`, with its share of the periodic refresh added; *softmax* is `Linear` + `F.cross_entropy` + `SGD`;
*dense Z-loss* is the same with `spherical_z_loss`. A ratio is how many times as long as the factored step the plain one takes."""


def run(out, *, quick):
    """Measure the grid of sizes and write `output_layer.json` and `output_layer.md`."""
    classes, features, batch, seconds = ((200, 2_000), (16,), 8, 0.05) if quick else (CLASSES, FEATURES, 128, 4.0)
    rows = [measure(c, d, batch=batch, seconds=seconds) for d in features for c in classes]
    write(out, "output_layer", "A training step of the output layer", NOTES.format(batch=batch), rows, COLUMNS)
    return rows
