"""Whether the nearest vectors are of the right class. Leading axes (seeds, variants) pass through."""

import torch

from ..contract import above, describe, operation, whole, wrong
from ..contract.domains import FUNCTION
from ..contract.pairwise import cosines
from ..signatures import Field, Label, takes
from .fields import LABELS, NEIGHBORS, VECTORS, FromZero
from .vectors import blocks, diagonal, same


@operation(
    takes(
        {
            "queries": VECTORS,
            "labels": LABELS,
            "gallery": Field("... M D", "vectors to look among"),
            "gallery_labels": Label("... M"),
        },
        least={"N": 1, "M": 1, "D": 1},
        optional=("gallery", "gallery_labels"),
    ),
    domains={"k": NEIGHBORS, "similarity": FUNCTION},
    differentiable=False,
    example={"k": 2},
)
def recall_at_k(queries, labels, gallery, gallery_labels, *, k, similarity=cosines):
    r"""Share of the queries that have one of their class among the `k` most similar vectors.

    Args:
        queries: vectors, (..., N, D).
        labels: class of each, (N,) or (..., N).
        k: a whole number from 1 on, or several.
        gallery: vectors to look among, (..., M, D); by default the queries themselves, each without itself.
        gallery_labels: class of each, (M,) or (..., M).
        similarity: function of (..., n, D), (..., M, D) that gives (..., n, M), the larger, the nearer. Default:
            cosine similarity; `lambda x, y: -torch.cdist(x, y)` for the distance of the vectors as they are.

    Returns:
        (...), in [0, 1], or (..., len(k)) for several. A query whose class is not in the gallery counts as missed.
        A negative that is as similar as the best positive counts as nearer, so that vectors which have all become
        one score 0 and not 1.
    """
    ks = k if isinstance(k, (tuple, list)) else [k]
    if (gallery is None) != (gallery_labels is None):
        raise wrong(
            "gallery_labels",
            f"{'None' if gallery is None else 'labels'} where `gallery` is {'not ' if gallery is None else ''}given",
            describe(gallery_labels),
            TypeError,
        )
    itself = gallery is None
    if itself:
        gallery, gallery_labels = queries, labels
    given = (queries.shape[:-2], labels.shape[:-1], gallery.shape[:-2], gallery_labels.shape[:-1])
    lead = torch.broadcast_shapes(*given)
    queries, gallery = (x.expand(*lead, *x.shape[-2:]) for x in (queries, gallery))
    labels, gallery_labels = (y.expand(*lead, y.shape[-1]) for y in (labels, gallery_labels))
    found, count = [], gallery.shape[-2]
    for rows in blocks(queries, count):
        near = similarity(queries[..., rows, :], gallery)
        if itself:
            near = near.masked_fill(diagonal(rows, count, near.device), -torch.inf)
        right = same(labels[..., rows], gallery_labels)
        best = near.masked_fill(~right, -torch.inf).amax(-1, keepdim=True)
        # What is no number counts as nearer: vectors that have become NaN find nothing.
        before = (~right & ~(near < best)).sum(-1)
        found.append(before.masked_fill(best.squeeze(-1) == -torch.inf, max(ks)))
    before = torch.cat(found, -1)
    recall = torch.stack([(before < one).to(queries.dtype).mean(-1) for one in ks], -1)
    return recall if isinstance(k, (tuple, list)) else recall.squeeze(-1)


@operation(
    takes(
        {
            "train_x": Field("... M D", "training vectors"),
            "train_y": FromZero("... M"),
            "test_x": VECTORS,
            "test_y": LABELS,
        },
        least={"N": 1, "M": 1, "D": 1},
    ),
    domains={"k": whole(1), "temperature": above(0)},
    differentiable=False,
    example={"k": 3},
    exempt={"vmap": "How many classes there are depends on the labels."},
)
def knn_accuracy(train_x, train_y, test_x, test_y, *, k=20, temperature=None):
    r"""Accuracy of the vote of the `k` most similar training vectors, by cosine similarity $s$.

    Args:
        train_x: vectors, (..., M, D); their length does not matter.
        train_y: class of each, (M,) or (..., M), from 0 on.
        test_x, test_y: vectors (..., N, D), and the class of each.
        k: number of neighbours, from 1 to M.
        temperature: $T > 0$ for votes of weight $e^{s/T}$; by default each vote counts the same.

    Returns:
        (...), in [0, 1]. A tie goes to the class with the lower index.

    Paper: weighted votes as in Wu et al., "Unsupervised feature learning via non-parametric instance discrimination",
        2018.
    """
    whole(1, train_x.shape[-2]).check("k", k)
    given = (train_x.shape[:-2], train_y.shape[:-1], test_x.shape[:-2], test_y.shape[:-1])
    lead = torch.broadcast_shapes(*given)
    train_x, test_x = (x.expand(*lead, *x.shape[-2:]) for x in (train_x, test_x))
    train_y, test_y = (y.expand(*lead, y.shape[-1]) for y in (train_y, test_y))
    right, classes = [], int(train_y.max()) + 1
    for rows in blocks(test_x, train_x.shape[-2]):
        near, where = cosines(test_x[..., rows, :], train_x).topk(k, -1)
        # The nearest vote has weight 1: a common factor of the weights changes no vote, and none overflows.
        votes = torch.ones_like(near) if temperature is None else ((near - near[..., :1]) / temperature).exp()
        voters = train_y.unsqueeze(-2).expand(*where.shape[:-1], -1).gather(-1, where)
        tally = near.new_zeros(*near.shape[:-1], classes).scatter_add_(-1, voters, votes)
        # A vector that is no number is nobody's neighbour, and has none.
        right.append((tally.argmax(-1) == test_y[..., rows]) & ~near.isnan().any(-1))
    return torch.cat(right, -1).to(test_x.dtype).mean(-1)
