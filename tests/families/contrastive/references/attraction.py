"""Attraction, repulsion, several positives and order by groups, for several views, as loops over plain numbers."""

from tests.references.comparing import cosine
from tests.references.numbers import exp, fsum, log_sum_exp, softplus, sqrt

from .papers import ends_among, group_ordering_loss, mean_by_weight, soft_swaps


def mean(values):
    return fsum(values) / len(values) if values else 0.0


def square_distance(x, y):
    """Of the unit vectors; a vector of length 0 stays where it is."""
    lengths = [sqrt(fsum(v**2 for v in z)) for z in (x, y)]
    a, b = ([v / length if length > 0 else 0.0 * v for v in z] for z, length in zip((x, y), lengths, strict=True))
    return fsum((p - q) ** 2 for p, q in zip(a, b, strict=True))


def contrastive_attraction(views, alpha=1.0, t_positive=1.0):
    pulls = []
    for x, view in enumerate(views):
        for n, z in enumerate(view):
            costs = [square_distance(z, other[n]) for m, other in enumerate(views) if m != x]
            pulls.append(mean_by_weight(costs, t_positive))
    return alpha * mean(pulls)


def contrastive_repulsion(views, beta=1.0, t_negative=0.9):
    pushes = []
    for y, later in enumerate(views):
        for view in views[:y]:
            for n, z in enumerate(view):
                costs = [2 - 2 * cosine(z, other) for j, other in enumerate(later) if j != n]
                pushes.append(mean_by_weight(costs, -t_negative))
    return -beta * mean(pushes)


def weights_of_views(queries, key, n, temperature):
    """The farther a view is from the key, the heavier."""
    far = [(2 - 2 * cosine(view[n], key[n])) / temperature for view in queries]
    return [exp(f - log_sum_exp(far)) for f in far]


def cacr_momentum_rbf(queries, key, temperature=1.0):
    total = []
    for n, k in enumerate(key):
        for weight, view in zip(weights_of_views(queries, key, n, temperature), queries, strict=True):
            others = [cosine(view[n], other) / temperature for j, other in enumerate(key) if j != n]
            total.append(weight * softplus(log_sum_exp(others) - cosine(view[n], k) / temperature))
    return 2 * temperature * fsum(total) / len(key)


def cacr_momentum_euclidean(queries, key, temperature=1.0):
    total = []
    for n, k in enumerate(key):
        for weight, view in zip(weights_of_views(queries, key, n, temperature), queries, strict=True):
            costs = [1 - cosine(view[n], other) for j, other in enumerate(key) if j != n]
            total.append(weight * (1 - cosine(view[n], k) - mean_by_weight(costs, -1 / temperature)))
    return fsum(total)


def differentiable_sort(x, steepness=1.0):
    """Row by row: each entry's probabilities, a column of ranks at a time, and the sorted numbers that they give."""
    if isinstance(x[0], list):
        rows = [differentiable_sort(row, steepness) for row in x]
        return [row[0] for row in rows], [row[1] for row in rows]
    n, swaps = len(x), soft_swaps(x, steepness)
    ranks = [ends_among([rank], swaps, n) for rank in range(n)]
    order = [fsum(v * share for v, share in zip(x, column, strict=True)) for column in ranks]
    return order, [[column[i] for column in ranks] for i in range(n)]


def group_ordering_of_views(views, hardest=10, steepness=1.0):
    values = []
    for x, view in enumerate(views):
        for n, z in enumerate(view):
            positive = [cosine(z, other[n]) for m, other in enumerate(views) if m != x]
            negative = sorted((cosine(z, other) for j, other in enumerate(view) if j != n), reverse=True)
            values.append(group_ordering_loss(positive, negative[:hardest], steepness))
    return mean(values)


def gated_contrastive_loss(embeddings, labels, partner_labels, gate, temperature=0.1):
    values = []
    for z, label, partner, g in zip(embeddings, labels, partner_labels, gate, strict=True):

        def seen(x, g=g):
            return [a * b for a, b in zip(g, x, strict=True)]

        s = [cosine(seen(z), seen(other)) / temperature for other in embeddings]
        negative = [v for v, other in zip(s, labels, strict=True) if other not in (label, partner)]
        push = log_sum_exp(negative)
        values += [
            softplus(push - v) if negative else 0.0 for v, other in zip(s, labels, strict=True) if other == partner
        ]
    return mean(values)


REFERENCES = {
    "contrastive_attraction": contrastive_attraction,
    "contrastive_repulsion": contrastive_repulsion,
    "cacr_momentum_rbf": cacr_momentum_rbf,
    "cacr_momentum_euclidean": cacr_momentum_euclidean,
    "differentiable_sort": differentiable_sort,
    "group_ordering_of_views": group_ordering_of_views,
    "gated_contrastive_loss": gated_contrastive_loss,
}
