"""pytorch-metric-learning: the softmax of cosines."""

import functools

from pytorch_metric_learning.losses import NormalizedSoftmaxLoss

from .peer import Peer


@functools.cache
def model(classes, dimensions, temperature):
    loss = NormalizedSoftmaxLoss(classes, dimensions, temperature=temperature)
    del loss.W
    loss.cast_types = lambda dtype, device: None
    return loss


def normalized_softmax(features, prototypes, target, *, label_smoothing, temperature=0.07):
    loss = model(len(prototypes), features.shape[1], temperature)
    loss.W = prototypes.T  # a tensor, not their parameter, so that the gradient comes back to the prototypes
    return loss(features, target)


PEERS = [
    Peer(
        "equiangular_basis_loss",
        "pytorch-metric-learning",
        "NormalizedSoftmaxLoss",
        normalized_softmax,
        "Only label_smoothing = 0 is theirs; the prototypes are the columns of their weight W.",
        ({"label_smoothing": 0.0}, {"label_smoothing": 0.0, "temperature": 0.5}),
        reduction="mean",
    )
]
