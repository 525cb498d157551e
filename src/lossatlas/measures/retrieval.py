"""Whether the nearest vectors are of the right class. Leading axes (seeds, variants) pass through."""

import torch

from ..contract import above, describe, whole, wrong
from ..contract.pairwise import cosines
from .vectors import beside, blocks, diagonal, labels_of, same, vectors


def recall_at_k(queries, labels, k, *, gallery=None, gallery_labels=None, similarity=cosines):
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
    queries = vectors("queries", queries)
    labels = labels_of("labels", labels, queries.shape[:-1])
    ks = [whole(1).check("k", one) for one in (k if isinstance(k, (tuple, list)) else [k])]
    if not ks:
        raise wrong("k", "a whole number >= 1, or several", describe(k))
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
    else:
        gallery = beside("gallery", gallery, "queries", queries)
        gallery_labels = labels_of("gallery_labels", gallery_labels, gallery.shape[:-1])
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
    test_x = vectors("test_x", test_x)
    train_x = beside("train_x", train_x, "test_x", test_x)
    test_y = labels_of("test_y", test_y, test_x.shape[:-1])
    train_y = labels_of("train_y", train_y, train_x.shape[:-1])
    if train_y.min() < 0:
        raise wrong("train_y", "class indices >= 0", f"{train_y.min().item()}")
    whole(1, train_x.shape[-2]).check("k", k)
    above(0, optional=True).check("temperature", temperature)
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
