"""The measures as loops over plain numbers, for one set after another."""

import functools

from tests.families.pair_metric_learning.references.covariances import eigen
from tests.references.comparing import cosine, distance, dot
from tests.references.numbers import exp, fsum, hypot, log, log_sum_exp, sqrt

NAN = float("nan")


def each_set(measure):
    """A measure of one set as one of sets along the leading axis, which all inputs have."""

    @functools.wraps(measure)
    def of_sets(*, gallery=None, gallery_labels=None, **given):
        hyper = {name: value for name, value in given.items() if name not in SETS}
        sets = {name: value for name, value in given.items() if name in SETS}
        if gallery is not None:
            sets |= {"gallery": gallery, "gallery_labels": gallery_labels}
        rows = zip(*sets.values(), strict=True)
        found = [measure(**dict(zip(sets, row, strict=True)), **hyper) for row in rows]
        return tuple(map(list, zip(*found, strict=True))) if isinstance(found[0], tuple) else found

    return of_sets


SETS = {
    "view_a", "view_b", "x", "labels", "views", "test", "train", "queries", "train_x", "train_y", "test_x", "test_y",
    "scores", "target", "logits", "probabilities",
}  # fmt: skip


def mean(values):
    return fsum(values) / len(values) if values else NAN


def unit(x):
    length = hypot(*x)
    return [v / length if length > 0 else v for v in x]


def pairs(n):
    return [(i, j) for i in range(n) for j in range(n) if i != j]


@each_set
def alignment(view_a, view_b, alpha=2.0):
    apart = [distance(unit(a), unit(b)) for a, b in zip(view_a, view_b, strict=True)]
    return mean([exp(alpha * log(d)) if d > 0 else 0.0 * d for d in apart])


def uniformity_of(x, t=2.0):
    u = [unit(v) for v in x]
    found = [-t * distance(u[i], u[j]) ** 2 for i, j in pairs(len(x))]
    return log_sum_exp(found) - log(len(found))


def tolerance_of(x, labels):
    return mean([cosine(x[i], x[j]) for i, j in pairs(len(x)) if labels[i] == labels[j]])


@each_set
def uniformity_tolerance(x, labels, t=2.0):
    return uniformity_of(x, t), tolerance_of(x, labels)


def singular_values(x):
    d = len(x[0])
    gram = [[fsum(row[a] * row[b] for row in x) for b in range(d)] for a in range(d)]
    values, _ = eigen(gram)
    return [sqrt(max(v, 0.0)) for v in values]


@each_set
def wasserstein_to_uniform(x):
    u, d = [unit(v) for v in x], len(x[0])
    middle = [mean([v[k] for v in u]) for k in range(d)]
    spread = [s / sqrt(len(u)) for s in singular_values([[a - b for a, b in zip(v, middle, strict=True)] for v in u])]
    square = dot(middle, middle) + 1 + fsum(s**2 for s in spread) - 2 / sqrt(d) * fsum(spread)
    return sqrt(max(square, 0.0))


@each_set
def effective_rank(x):
    values = singular_values(x)
    total = fsum(values)
    shares = [s / total for s in values if total > 0 and s > 0]
    return exp(-fsum(p * log(p) for p in shares)) if shares else 0.0


@each_set
def class_center_divergence(x, labels):
    u = [unit(v) for v in x]
    centers = []
    for k in sorted(set(labels)):
        own = [v for v, y in zip(u, labels, strict=True) if y == k]
        centers.append([mean(list(column)) for column in zip(*own, strict=True)])
    return max(dot(centers[i], centers[j]) for i, j in pairs(len(centers)))


@each_set
def augmented_concentration(views, labels, delta):
    near = [
        min(distance(a, b) for a in views[i] for b in views[j]) <= delta
        for i, j in pairs(len(views))
        if labels[i] == labels[j]
    ]
    return mean([float(one) for one in near])


@each_set
def hausdorff_like_distance(x, labels, margin=0.2):
    gaps = [0.0]
    for i, j in pairs(len(x)):
        d = distance(x[i], x[j])
        gaps.append(d if labels[i] == labels[j] else margin - d)
    return max(gaps)


@each_set
def utilization(test, train):
    return mean([min(distance(q, v) for v in train) ** 2 for q in test])


@each_set
def accuracy(scores, target):
    return mean([float(row.index(max(row)) == y) for row, y in zip(scores, target, strict=True)])


@each_set
def top_k_accuracy(scores, target, k):
    return mean([float(sum(v > row[y] for v in row) < k) for row, y in zip(scores, target, strict=True)])


@each_set
def margins(scores, target):
    return [row[y] - max(v for k, v in enumerate(row) if k != y) for row, y in zip(scores, target, strict=True)]


@each_set
def probability_of_true_class(logits, target):
    return [exp(row[y] - log_sum_exp(row)) for row, y in zip(logits, target, strict=True)]


@each_set
def calibration_error(probabilities, target, bins=15):
    gaps = [[] for _ in range(bins)]
    for row, y in zip(probabilities, target, strict=True):
        confidence = max(row)
        of_bin = next(b for b in range(bins) if confidence * bins <= b + 1 or b == bins - 1)
        gaps[of_bin].append(float(row.index(confidence) == y) - confidence)
    return fsum(abs(fsum(found)) for found in gaps) / len(target)


@each_set
def recall_at_k(queries, labels, gallery=None, gallery_labels=None, k=1):
    itself = gallery is None
    there, names = (queries, labels) if itself else (gallery, gallery_labels)
    before = []
    for i, query in enumerate(queries):
        near = {j: cosine(query, v) for j, v in enumerate(there) if not (itself and i == j)}
        best = max((s for j, s in near.items() if names[j] == labels[i]), default=None)
        behind = [s for j, s in near.items() if names[j] != labels[i] and best is not None and s >= best]
        before.append(None if best is None else len(behind))
    shares = [
        mean([float(count is not None and count < one) for count in before])
        for one in (k if isinstance(k, (tuple, list)) else [k])
    ]
    return shares if isinstance(k, (tuple, list)) else shares[0]


@each_set
def knn_accuracy(train_x, train_y, test_x, test_y, k=20, temperature=None):
    right = []
    for query, y in zip(test_x, test_y, strict=True):
        near = sorted(
            ((cosine(query, v), own) for v, own in zip(train_x, train_y, strict=True)), key=lambda pair: -pair[0]
        )
        votes = [0.0] * (max(train_y) + 1)
        for s, own in near[:k]:
            votes[own] += 1.0 if temperature is None else exp((s - near[0][0]) / temperature)
        right.append(float(votes.index(max(votes)) == y))
    return mean(right)


def utilities(x, labels, false_acceptance, thresholds):
    u = [unit(v) for v in x]
    apart = {(i, j): distance(u[i], u[j]) for i, j in pairs(len(u))}
    strangers = sorted(d for (i, j), d in apart.items() if i < j and labels[i] != labels[j])
    ends = []
    for share in false_acceptance:
        count = 1
        while count < share * len(strangers) * (1 - 1e-12):
            count += 1
        ends.append(strangers[count - 1])
    steps = [ends[0] + (ends[1] - ends[0]) * n / (thresholds - 1) for n in range(thresholds - 1)]
    at, found = [*steps, ends[1]], []
    for k in sorted({y for y in labels if labels.count(y) > 1}):
        own = [d for (i, j), d in apart.items() if labels[i] == labels[j] == k]
        other = [d for (i, j), d in apart.items() if labels[i] == k != labels[j]]
        row = []
        for t in at:
            phi, psi = mean([float(d <= t) for d in own]), mean([float(d > t) for d in other])
            row.append(2 * phi * psi / (phi + psi) if phi + psi > 0 else 0.0)
        found.append(row)
    return at, found


def over_range(values):
    return (fsum(values) - (values[0] + values[-1]) / 2) / (len(values) - 1)


def class_utilities(x, labels, false_acceptance=(1e-2, 1e-1), thresholds=101):
    return utilities(x, labels, false_acceptance, thresholds)


@each_set
def opis(x, labels, false_acceptance=(1e-2, 1e-1), thresholds=101):
    _, rows = utilities(x, labels, false_acceptance, thresholds)
    middle = [mean(list(column)) for column in zip(*rows, strict=True)]
    return mean([over_range([(a - b) ** 2 for a, b in zip(row, middle, strict=True)]) for row in rows])


@each_set
def epsilon_opis(x, labels, epsilon=0.1, false_acceptance=(1e-2, 1e-1), thresholds=101):
    _, rows = utilities(x, labels, false_acceptance, thresholds)
    rows = sorted(rows, key=over_range)
    few = max(1, int(epsilon * len(rows)))
    best, worst = ([mean(list(c)) for c in zip(*group, strict=True)] for group in (rows[-few:], rows[:few]))
    return over_range([(a - b) ** 2 for a, b in zip(best, worst, strict=True)])


REFERENCES = {
    "uniformity": each_set(uniformity_of),
    "tolerance": each_set(tolerance_of),
    **{
        loop.__name__: loop
        for loop in (
            accuracy, alignment, augmented_concentration, calibration_error, class_center_divergence, class_utilities,
            effective_rank, epsilon_opis, hausdorff_like_distance, knn_accuracy, margins, opis,
            probability_of_true_class, recall_at_k, top_k_accuracy, uniformity_tolerance, utilization,
            wasserstein_to_uniform,
        )
    },
}  # fmt: skip
