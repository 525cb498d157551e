"""Naive references of losses that compare: a loop over anchors that sees two short lists of numbers.

`by_cosine(one)` and its like make a loop over the inputs of a signature out of `one(positive, negative, **hyper)`,
which gives the value of a single anchor from its similarities (or distances) to the positives and to the negatives.
"""

import functools

from .numbers import fsum, hypot


def dot(x, y):
    return fsum(a * b for a, b in zip(x, y, strict=True))


def cosine(x, y):
    """0 for a zero vector."""
    length = hypot(*x) * hypot(*y)
    return dot(x, y) / length if length > 0 else 0.0 * dot(x, y)


def distance(x, y):
    return hypot(*(a - b for a, b in zip(x, y, strict=True)))


def others(n, own, gallery_mask):
    return [m for m, there in enumerate(gallery_mask) if there and m != own[n]]


def of_embeddings(measure, one):
    """A loop over the inputs of `embeddings`."""

    @functools.wraps(one)
    def batch(embeddings, labels, gallery, gallery_labels, own, gallery_mask, **hyper):
        found = []
        for n, (x, y) in enumerate(zip(embeddings, labels, strict=True)):
            there = others(n, own, gallery_mask)
            positive = [measure(x, gallery[m]) for m in there if gallery_labels[m] == y]
            negative = [measure(x, gallery[m]) for m in there if gallery_labels[m] != y]
            found.append(one(positive, negative, **hyper))
        return found

    return batch


def of_queries(measure, one):
    """A loop over the inputs of `queries`."""

    @functools.wraps(one)
    def batch(query, key, gallery, own, gallery_mask, **hyper):
        found = []
        for n, (q, k) in enumerate(zip(query, key, strict=True)):
            negative = [measure(q, gallery[m]) for m in others(n, own, gallery_mask)]
            found.append(one([measure(q, k)], negative, **hyper))
        return found

    return batch


def of_views(measure, one, across=False):
    """A loop over the inputs of `views`: the mean over both views. `across`: each is compared with other views only."""

    @functools.wraps(one)
    def batch(view_a, view_b, gallery_a, gallery_b, own, gallery_mask, **hyper):
        found = []
        for n, (a, b) in enumerate(zip(view_a, view_b, strict=True)):
            there = others(n, own, gallery_mask)
            total = 0.0
            for x, partner, mine, other in ((a, b, gallery_a, gallery_b), (b, a, gallery_b, gallery_a)):
                rows = [other[m] for m in there] + ([] if across else [mine[m] for m in there])
                total += one([measure(x, partner)], [measure(x, row) for row in rows], **hyper)
            found.append(total / 2)
        return found

    return batch


def of_pairs(one):
    """A loop over the inputs of `pairs`."""

    @functools.wraps(one)
    def batch(positive, negative, **hyper):
        return [one(p, n, **hyper) for p, n in zip(positive, negative, strict=True)]

    return batch
