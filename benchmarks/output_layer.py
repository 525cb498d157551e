"""One training step of an output layer: factored, against plain layers that compute all outputs.

All three are given a hidden batch and must return the loss, the gradient in the hidden batch, and a changed weight.
"""

import torch
from torch.nn import functional as F

import lossatlas
from lossatlas.losses.cross_entropy.factored import FactoredSphericalLayer, z_loss_from_sums

from .timing import alternate, ratio, spread

CLASSES = (1_000, 3_000, 10_000, 30_000, 100_000, 200_000)
FEATURES = (128, 256)
BATCH = 128
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
    """One row: a number of classes and of features, for about `seconds`."""
    runs, layer = runs_of(classes, features, batch)
    samples = alternate(runs, rounds=51, most_seconds=seconds)
    # What is done once in many steps hides from a median: add its share to each step.
    every = max(classes, 8 * features)
    upkeep = spread(alternate({"refresh": layer.refresh}, rounds=5)["refresh"])["median"] * batch / every
    samples["factored"] = [step + upkeep for step in samples["factored"]]
    return {
        "family": FactoredSphericalLayer.__module__.split(".")[2],
        "classes": classes,
        "features": features,
        "batch": batch,
        "seconds": {name: spread(found) for name, found in samples.items()},
        "upkeep_seconds": upkeep,
        "softmax_ratio": ratio(samples["softmax"], samples["factored"]),
        "dense_ratio": ratio(samples["dense Z-loss"], samples["factored"]),
    }
