"""Batches for contrast: no two items that are likely of one kind."""

import torch

from ...contract import operation
from ...contract.domains import GENERATOR
from ...signatures import takes
from .fields import Cluster


@operation(
    takes({"pseudo_labels": Cluster("N")}),
    paper="gsimclr2020",
    domains={"generator": GENERATOR},
    differentiable=False,
    exempt={
        "loop": "Its order is random; what every order must keep to is tested.",
        "vmap": "The number of batches depends on the labels.",
    },
)
def guided_batches(pseudo_labels, *, generator=None):
    r"""Split items into batches in which no pseudo-label occurs twice: no negative is of the anchor's own cluster.

    In random order within each cluster, the first items of all clusters make the first batch, the second items the
    second, and so on; so every item is in one batch, and the last batches are small where clusters differ in size.

    Use: When classes are unknown but a clustering at hand hints at them, so that no two items of a batch are likely of
    one class. Not with fewer clusters than a batch needs negatives, nor with one cluster that is much larger than the
    others, whose items end up alone.

    Args:
        pseudo_labels: whole numbers of any names, shape (N,): clusters, say, of k-means on codes of an autoencoder.
        generator: a `torch.Generator` on the CPU, or None for torch's own.

    Returns:
        A list of tensors of indices, each of at most as many as there are clusters, in random order.

    Paper: Chakraborty et al. 2020, *G-SimCLR: Self-Supervised Contrastive Learning with Guided Projection via Pseudo
    Labelling*: NT-Xent on such batches.
    """
    order = torch.randperm(len(pseudo_labels), generator=generator).to(pseudo_labels.device)
    labels, by_label = pseudo_labels[order].sort(stable=True)
    _, sizes = labels.unique_consecutive(return_counts=True)
    starts = (sizes.cumsum(0) - sizes).repeat_interleave(sizes)
    turn = torch.arange(len(labels), device=labels.device) - starts
    turns = turn.sort(stable=True)
    batches = order[by_label][turns.indices].split(turns.values.unique_consecutive(return_counts=True)[1].tolist())
    return [batch[torch.randperm(len(batch), generator=generator).to(batch.device)] for batch in batches]
