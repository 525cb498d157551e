"""Losses of single papers on metric learning, as loops over plain numbers."""

from tests.references.comparing import distance, others
from tests.references.holding import holding
from tests.references.numbers import INF, exp, fsum, log, log_sum_exp, sqrt


def smooth_distance(x, y, square=1e-6):
    return sqrt(fsum((a - b) ** 2 for a, b in zip(x, y, strict=True)) + square)


def proto_triplet_loss(features, prototypes, target, margin=0.5, eps=1e-6):
    found = []
    for x, y in zip(features, target, strict=True):
        d = [smooth_distance(x, c, eps) for c in prototypes]
        nearest = min(v for k, v in enumerate(d) if k != y)
        found.append(max(0.0, d[y] - nearest + margin))
    return found


def icnn_loss(embeddings, labels, gallery, gallery_labels, own, gallery_mask, neighbors=(4, 5)):
    score = icnn_score(embeddings, labels, gallery, gallery_labels, own, gallery_mask, neighbors=neighbors)
    return -log(score)


def icnn_score(*inputs, neighbors=(4, 5), **named):
    parts = icnn_parts(*inputs, neighbors=neighbors, **named)
    return ((parts["same"] + parts["other"]) / 2 + parts["share"]) / 2


def icnn_parts(embeddings, labels, gallery, gallery_labels, own, gallery_mask, neighbors=(4, 5)):
    k, reach = neighbors
    few = k + 2 >= len(gallery) or not embeddings
    k = max(0, min(k, len(gallery) - 2))
    to_same, to_other, largest, agreeing = [], [], 0.0, 0
    measured_same, measured_other = [], []
    for n, (x, y) in enumerate(zip(embeddings, labels, strict=True)):
        found = [(smooth_distance(x, gallery[m]), gallery_labels[m] == y) for m in others(n, own, gallery_mask)]
        found = sorted(found, key=lambda pair: pair[0])[:reach]
        r = min((d for d, same in found if not same), default=INF)
        u = [d / (r + 1e-7) if r < INF else 0.0 * d for d, _ in found[:k]]
        top = max([1, *u])
        same_here = [v / top for v, (_, same) in zip(u, found[:k], strict=True) if same]
        other_here = [d for d, same in found[:k] if not same]
        agreeing += len(same_here)
        largest = max([largest, *other_here])
        measured_same += same_here
        measured_other += other_here
        if same_here:
            to_same.append(fsum(same_here) / (len(same_here) + 1e-7))
        if other_here:
            to_other.append(fsum(other_here) / (len(other_here) + 1e-7))
    same = 1 - fsum(to_same) / (len(to_same) + 1e-7)
    other = fsum(v / (largest + 1e-7) for v in to_other) / (len(to_other) + 1e-7) if to_other else 1
    share = 1 if few else fsum([agreeing]) / (k * len(embeddings))
    count, measured_other = k * len(embeddings), [d / (largest + 1e-7) for d in measured_other]
    spread = 1 - variance_with_zeros(measured_same, count) - variance_with_zeros(measured_other, count)
    return {"same": same, "other": other, "share": share, "spread": spread}


def variance_with_zeros(values, count):
    """The variance of so many numbers, of which those that are not given are 0."""
    values = [*values, *[0.0] * (count - len(values))]
    middle = fsum(values) / max(1, count)
    return fsum((v - middle) ** 2 for v in values) / max(1, count - 1)


def adaptive_margins(anchor, positive, negative, eps=1e-6):
    return [
        2 + 2 / (exp(4 * distance(a, p)) + eps) + 2 / (exp(4 - 4 * distance(a, n)) + eps)
        for a, p, n in zip(anchor, positive, negative, strict=True)
    ]


def linear_triplets(anchor, positive, negative):
    return [
        distance(a, p) - (distance(a, n) + distance(p, n)) / 2
        for a, p, n in zip(anchor, positive, negative, strict=True)
    ]


def adaptive_margin_triplet_loss(anchor, positive, negative, eps=1e-6):
    pulls, margins = linear_triplets(anchor, positive, negative), adaptive_margins(anchor, positive, negative, eps)
    return [pull + margin for pull, margin in zip(pulls, margins, strict=True)]


@holding(margins=adaptive_margins)
def detached_margin_triplet_loss(anchor, positive, negative, margins, eps=1e-6):
    return [pull + margin for pull, margin in zip(linear_triplets(anchor, positive, negative), margins, strict=True)]


def mean_of(rows):
    return [fsum(column) / len(rows) for column in zip(*rows, strict=True)]


def entropy(p):
    return -fsum(v * log(v) if v > 0 else 0.0 * v for v in p)


def given_labels(rows, labels):
    """H(X | Y) of one position: `rows` has the probabilities of its symbols, word by word."""
    of_classes = fsum(
        labels.count(c) * entropy(mean_of([p for p, y in zip(rows, labels, strict=True) if y == c]))
        for c in set(labels)
    )
    return of_classes / len(rows)


def of_both(rows, others):
    """H(X, X') of two positions."""
    return entropy(mean_of([[a * b for a in p for b in q] for p, q in zip(rows, others, strict=True)]))


def softmax(scores):
    level = log_sum_exp(scores)
    return [exp(v - level) for v in scores]


def discrete_infomax_loss(logits, labels, redundancy=1.0):
    if not logits:
        return 0.0
    words = [[softmax(scores) for scores in word] for word in logits]
    positions = list(zip(*words, strict=True))
    h = [entropy(mean_of(rows)) for rows in positions]
    known = fsum(h[i] - given_labels(rows, labels) for i, rows in enumerate(positions))
    pairs = [(i, l) for i in range(len(positions)) for l in range(i)]
    shared = fsum(h[i] + h[l] - of_both(positions[i], positions[l]) for i, l in pairs)
    return 2 * redundancy * shared - known


def feature_extractor_loss(
    anchor, positive, negative, triplet_weight=20.0, variance_weight=1.0, covariance_weight=5.0, eps=1e-6
):
    triplets = adaptive_margin_triplet_loss(anchor, positive, negative, eps)
    triplet, variance, covariance = fsum(triplets) / len(triplets), 0.0, 0.0
    for view in (anchor, positive, negative):
        columns = [centred(column) for column in zip(*view, strict=True)]
        cov = [[fsum(a * b for a, b in zip(x, y, strict=True)) / (len(view) - 1) for y in columns] for x in columns]
        d = len(columns)
        variance += fsum(max(0.0, 1 - sqrt(cov[k][k] + eps)) for k in range(d)) / d
        covariance += fsum(cov[k][l] ** 2 for k in range(d) for l in range(d) if k != l) / d
    total = triplet_weight * triplet + variance_weight * variance + covariance_weight * covariance
    return {"total": total, "triplet": triplet, "variance": variance, "covariance": covariance}


def centred(values):
    middle = fsum(values) / len(values)
    return [v - middle for v in values]


def divergence(p, q):
    return fsum(a * log(a / b) if a > 0 else 0.0 * a for a, b in zip(p, q, strict=True))


def mean_from_first(rows):
    """The mean, measured from the first row, so that equal rows give exactly that row."""
    return [rows[0][k] + fsum(row[k] - rows[0][k] for row in rows) / len(rows) for k in range(len(rows[0]))]


def positions_of(logits):
    """Position by position the probabilities of the symbols, word by word."""
    return list(zip(*([softmax(scores) for scores in word] for word in logits), strict=True))


def code_mutual_information(logits, labels):
    """How far the symbols of each class lie from those of all, which is H(X) - H(X | Y)."""
    found = []
    for rows in positions_of(logits):
        p = mean_from_first(rows)
        classes = [[row for row, y in zip(rows, labels, strict=True) if y == c] for c in sorted(set(labels))]
        found.append(fsum(len(own) / fsum([len(rows)]) * divergence(mean_from_first(own), p) for own in classes))
    return found


def shared_code_information(logits):
    """How far two positions lie from independent ones, which is H(X) + H(X') - H(X, X')."""

    def shared(rows, others):
        together = mean_from_first([[a * b for a in p for b in q] for p, q in zip(rows, others, strict=True)])
        apart = [a * b for a in mean_from_first(rows) for b in mean_from_first(others)]
        return divergence(together, apart)

    positions = positions_of(logits)
    return [[shared(rows, others) for others in positions] for rows in positions]


REFERENCES = {
    loop.__name__: loop
    for loop in (
        proto_triplet_loss, icnn_loss, adaptive_margin_triplet_loss, detached_margin_triplet_loss,
        discrete_infomax_loss, feature_extractor_loss, code_mutual_information, shared_code_information, icnn_parts,
        icnn_score,
    )
}  # fmt: skip
