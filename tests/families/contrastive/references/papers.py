"""Losses of single papers on contrastive learning as loops over plain numbers."""

from tests.references.comparing import cosine, of_embeddings, of_pairs, of_queries
from tests.references.numbers import atan2, exp, fsum, log, log_sum_exp, softplus


def icon_loss(p, q):
    def term(a, b):
        if a == 0:
            return 0.0 * b
        return a * (log(a) - log(b))

    return [fsum(term(a, b) for a, b in zip(mine, theirs, strict=True)) for mine, theirs in zip(p, q, strict=True)]


def stays(gap, steepness):
    """The probability that neighbours which differ by this gap are left in their places."""
    return atan2(1, -steepness * gap) / (4 * atan2(1, 1))


def mix(line, low, keep, swap):
    """Neighbours stay or change places, each with its probability."""
    a, b = line[low], line[low + 1]
    line[low], line[low + 1] = keep * a + swap * b, swap * a + keep * b


def soft_swaps(values, steepness):
    """The swaps of the network, first to last: the lower place, and the probabilities to stay and to change."""
    values, n, found = list(values), len(values), []
    for layer in range(n):
        for low in range(layer % 2, n - 1, 2):
            gap = values[low + 1] - values[low]
            found.append((low, stays(gap, steepness), stays(-gap, steepness)))
            mix(values, *found[-1])
    return found


def ends_among(ranks, swaps, n):
    """The probability of each entry to end on one of these ranks: from the last swap back to the first."""
    marks = [1 if r in ranks else 0 for r in range(n)]
    for swap in reversed(swaps):
        mix(marks, *swap)
    return marks


def group_ordering_loss(positive, negative, steepness=1.0):
    count, n = len(negative), len(negative) + len(positive)
    swaps = soft_swaps([*sorted(negative), *sorted(positive)], steepness)
    own = ends_among(range(count), swaps, n)[:count] + ends_among(range(count, n), swaps, n)[count:]
    return -fsum(log(share) for share in own) / len(own)


def mean_by_weight(costs, sharpness):
    if not costs:
        return 0.0
    total = log_sum_exp([sharpness * c for c in costs])
    return fsum(exp(sharpness * c - total) * c for c in costs)


def cacr_loss(positive, negative, alpha=1.0, beta=1.0, t_positive=1.0, t_negative=0.9):
    near, far = [2 - 2 * s for s in positive], [2 - 2 * s for s in negative]
    return alpha * mean_by_weight(near, t_positive) - beta * mean_by_weight(far, -t_negative)


def multi_view_contrastive_loss(positive, negative, temperature=2.0, positive_weights=None, negative_weights=None):
    a, b = positive_weights or [1.0] * len(positive), negative_weights or [1.0] * len(negative)
    pull = log_sum_exp([log(w) + s / temperature for w, s in zip(a, positive, strict=True)])
    push = log_sum_exp([log(w) + s / temperature for w, s in zip(b, negative, strict=True)])
    return softplus(push - pull)


def multi_positive_nce(positive, negative, temperature=0.1):
    if not positive or not negative:
        return 0.0
    push = log_sum_exp([s / temperature for s in negative])
    return fsum(softplus(push - s / temperature) for s in positive) / len(positive)


def proto_nce(features, prototypes, target, temperature=0.5, concentration=None):
    phi = concentration or [temperature] * len(prototypes)
    found = []
    for x, y in zip(features, target, strict=True):
        logits = [cosine(x, c) / width for c, width in zip(prototypes, phi, strict=True)]
        others = [logit for k, logit in enumerate(logits) if k != y]
        found.append(softplus(log_sum_exp(others) - logits[y]))
    return found


def shares(weights, where):
    """The weights of those who may be neighbours, as shares of their sum; 0 where there is nobody."""
    rows = []
    for row, allowed in zip(weights, where or [[True] * len(row) for row in weights], strict=True):
        kept = [w if there else 0.0 * w for w, there in zip(row, allowed, strict=True)]
        total = fsum(kept)
        rows.append([w / total if total > 0 else w for w in kept])
    return rows


def gaussian_neighbor_distribution(dissimilarity, where=None, sigma=1.0):
    return shares([[exp(-(d - min(row)) / (2 * sigma**2)) for d in row] for row in dissimilarity], where)


def student_t_neighbor_distribution(square_distance, where=None, gamma=1.0):
    return shares([[1 / (1 + d / gamma**2) for d in row] for row in square_distance], where)


def cluster_neighbor_distribution(assignment):
    sizes = [fsum(row[c] for row in assignment) for c in range(len(assignment[0]))]
    return [
        [
            fsum(a * b / size for a, b, size in zip(mine, theirs, sizes, strict=True) if size > 0)
            for theirs in assignment
        ]
        for mine in assignment
    ]


def debias_distribution(p, where=None, alpha=0.2):
    rows = []
    for row, allowed in zip(p, where or [[True] * len(row) for row in p], strict=True):
        many = max(1, sum(allowed))
        rows.append([(1 - alpha) * v + (alpha / many if there else 0.0) for v, there in zip(row, allowed, strict=True)])
    return rows


REFERENCES = {
    "gaussian_neighbor_distribution": gaussian_neighbor_distribution,
    "student_t_neighbor_distribution": student_t_neighbor_distribution,
    "cluster_neighbor_distribution": cluster_neighbor_distribution,
    "debias_distribution": debias_distribution,
    "cacr_loss": of_queries(cosine, cacr_loss),
    "group_ordering_loss": of_pairs(group_ordering_loss),
    "icon_loss": icon_loss,
    "multi_positive_nce": of_embeddings(cosine, multi_positive_nce),
    "multi_view_contrastive_loss": of_pairs(multi_view_contrastive_loss),
    "proto_nce": proto_nce,
}
