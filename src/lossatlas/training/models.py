"""Small models. Each is built anew from the random state it finds, so that a seed decides its initial weights."""

import itertools

from torch import nn

from ..contract import describe, expect, whole


def mlp(*sizes):
    """A multi-layer perceptron with ReLU between its layers: `mlp(64, 128, 10)`; `mlp(64, 10)` is a linear model."""
    expect(len(sizes) >= 2, "sizes", "two or more whole numbers >= 1", describe(sizes))
    for size in sizes:
        whole(1).check("sizes", size)
    layers = [nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))[:-1]


class PrototypeHead(nn.Module):
    """A body and one vector per class. The output is the pair (features, prototypes), as prototype losses take it.

    Args:
        body: module (N, ...) -> (N, D).
        prototypes: (C, D), the vectors to start from.
        learned: whether training moves them; fixed ones are a buffer.
    """

    def __init__(self, body, prototypes, *, learned=True):
        super().__init__()
        self.body = body
        if learned:
            self.prototypes = nn.Parameter(prototypes)
        else:
            self.register_buffer("prototypes", prototypes)

    def forward(self, x):
        return self.body(x), self.prototypes
