"""Pooling by transport, its level found by halving, and regression by elimination, over plain numbers."""

from tests.references.comparing import distance, dot
from tests.references.numbers import exp, fsum, hypot, log_sum_exp


def into_unit_ball(x):
    length = hypot(*x)
    return [v / length for v in x] if length > 1 else x


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x >= 0 else exp(x) / (1 + exp(x))


def level(scores, mass):
    """The number that, added to all scores, makes the mean of their sigmoids the mass."""
    low, high = -max(scores) - 100, -min(scores) + 100
    for _ in range(300):
        middle = (low + high) / 2
        if fsum(sigmoid(v + middle) for v in scores) / len(scores) > mass:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def pooled(features, prototypes, mass, gamma):
    """Of one set: what each feature sends to each prototype is its share of what it sends at all."""
    n = len(features)
    cost = [[distance(into_unit_ball(w), into_unit_ball(f)) for f in features] for w in prototypes]
    scores = [log_sum_exp([-gamma * costs[j] for costs in cost]) for j in range(n)]
    lift = level(scores, mass)
    sent = [sigmoid(v + lift) / n for v in scores]
    plan = [[exp(-gamma * costs[j] - scores[j]) * sent[j] for j in range(n)] for costs in cost]
    weights = [v / mass for v in sent]
    return {
        "pooled": [fsum(p * f[d] for p, f in zip(weights, features, strict=True)) for d in range(len(features[0]))],
        "weights": weights,
        "histogram": [fsum(row) / mass for row in plan],
        "plan": plan,
        "residual": [sigmoid(-v - lift) / n for v in scores],
        "cost": cost,
    }


def generalized_sum_pooling(features, prototypes, mass=0.3, gamma=0.1):
    found = [pooled(of_one, prototypes, mass, gamma) for of_one in features]
    return {name: [one[name] for one in found] for name in found[0]}


def solved(matrix, right):
    """The x of matrix x = right, a column for each of right, by elimination with the largest pivot."""
    rows = [[*row, *more] for row, more in zip(matrix, right, strict=True)]
    n = len(rows)
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k:
                rows[i] = [v - rows[i][k] * w for v, w in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def predicted(a, known, targets, ridge):
    """Ridge regression from the known rows to their targets, applied to a."""
    columns = list(zip(*known, strict=True))
    gram = [[dot(x, y) + (ridge if i == j else 0.0) for j, y in enumerate(columns)] for i, x in enumerate(columns)]
    right = [[dot(x, t) for t in zip(*targets, strict=True)] for x in columns]
    weights = list(zip(*solved(gram, right), strict=True))
    return [[dot(row, w) for w in weights] for row in a]


def zero_shot_regression_loss(histograms, labels, class_embeddings, ridge=0.05, scale=9.5):
    half, targets = len(histograms) // 2, [class_embeddings[y] for y in labels]
    first, second = histograms[:half], histograms[half:]
    found = [*predicted(first, second, targets[half:], ridge), *predicted(second, first, targets[:half], ridge)]
    losses = []
    for u, y in zip(found, labels, strict=True):
        scores = [scale * dot(row, u) for row in class_embeddings]
        losses.append(log_sum_exp(scores) - scores[y])
    return fsum(losses) / len(losses)


REFERENCES = {
    "generalized_sum_pooling": generalized_sum_pooling,
    "zero_shot_regression_loss": zero_shot_regression_loss,
}
