"""Miners as triple loops over plain numbers."""

from tests.references.comparing import cosine, distance, others
from tests.references.numbers import INF


def triplets(embeddings, labels, gallery, gallery_labels, own, gallery_mask):
    """(a, p, n, distance to p, distance to n) of every triplet."""
    for a, (x, y) in enumerate(zip(embeddings, labels, strict=True)):
        there = others(a, own, gallery_mask)
        for p in (m for m in there if gallery_labels[m] == y):
            for n in (m for m in there if gallery_labels[m] != y):
                yield a, p, n, distance(x, gallery[p]), distance(x, gallery[n])


def columns(rows, count=3):
    return tuple([row[k] for row in rows] for k in range(count))


def first_best(found, key, order):
    """For each key the first of the triplets that are best in this order."""
    best = {}
    for t in found:
        if key(t) not in best or order(t) < order(best[key(t)]):
            best[key(t)] = t
    return columns(best.values())


def all_triplets(**inputs):
    return columns(list(triplets(**inputs)))


def hard_triplets(**inputs):
    return first_best(triplets(**inputs), lambda t: t[0], lambda t: (-t[3], t[4]))


def easy_positive_triplets(**inputs):
    return first_best(triplets(**inputs), lambda t: t[0], lambda t: (t[3], t[4]))


def semi_hard_triplets(margin=None, **inputs):
    limit = INF if margin is None else margin
    found = [t for t in triplets(**inputs) if t[3] < t[4] < t[3] + limit]
    return first_best(found, lambda t: t[:2], lambda t: t[4])


def kept(s, positive, negative, epsilon):
    """Of one anchor the columns of the positives and of the negatives that are worth a look."""
    of_positive = [v for v, marked in zip(s, positive, strict=True) if marked]
    of_negative = [v for v, marked in zip(s, negative, strict=True) if marked]
    easiest, hardest = min(of_positive, default=INF), max(of_negative, default=-INF)
    return (
        [k for k, marked in enumerate(positive) if marked and s[k] < hardest + epsilon],
        [k for k, marked in enumerate(negative) if marked and s[k] > easiest - epsilon],
    )


def multi_similarity_pairs(s, positive, negative, epsilon=0.1):
    masks = [], []
    for row, marked_p, marked_n in zip(s, positive, negative, strict=True):
        for mask, there in zip(masks, kept(row, marked_p, marked_n, epsilon), strict=True):
            mask.append([k in there for k in range(len(row))])
    return masks


def multi_similarity_mining(embeddings, labels, gallery, gallery_labels, own, gallery_mask, epsilon=0.1):
    pairs = [], []
    for a, (x, y) in enumerate(zip(embeddings, labels, strict=True)):
        there = others(a, own, gallery_mask)
        s = [cosine(x, row) for row in gallery]
        positive = [m in there and k == y for m, k in enumerate(gallery_labels)]
        negative = [m in there and k != y for m, k in enumerate(gallery_labels)]
        for found, columns_of in zip(pairs, kept(s, positive, negative, epsilon), strict=True):
            found += [(a, m) for m in columns_of]
    return (*columns(pairs[0], 2), *columns(pairs[1], 2))


REFERENCES = {
    loop.__name__: loop
    for loop in (
        all_triplets, hard_triplets, easy_positive_triplets, semi_hard_triplets, multi_similarity_mining,
        multi_similarity_pairs,
    )
}  # fmt: skip
