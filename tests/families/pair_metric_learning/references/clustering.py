"""Clustering with a graph, point by point, over plain numbers."""

from tests.references.comparing import distance
from tests.references.numbers import INF, exp, fsum, log, log_sum_exp


def softmax(scores):
    level = log_sum_exp(scores)
    return [exp(v - level) if v > -INF else 0.0 * level for v in scores]


def laplacian_energy(unary, affinity, assignments, lam=1.0):
    energy = []
    for costs, weights, z in zip(unary, affinity, assignments, strict=True):
        for k, (cost, share) in enumerate(zip(costs, z, strict=True)):
            if share > 0:
                agreement = fsum(w * other[k] for w, other in zip(weights, assignments, strict=True))
                energy.append(share * log(share) + share * cost - lam * share * agreement)
    return fsum(energy)


def laplacian_bound_update(unary, affinity, assignments, lam=1.0):
    found = []
    for costs, weights in zip(unary, affinity, strict=True):
        agreements = [
            fsum(w * v for w, v in zip(weights, column, strict=True)) for column in zip(*assignments, strict=True)
        ]
        found.append(softmax([lam * a - c for a, c in zip(agreements, costs, strict=True)]))
    return found


def laplacian_regularized_clustering(unary, affinity, lam=1.0, steps=20, tolerance=1e-6):
    z = [softmax([-c for c in costs]) for costs in unary]
    energies = [laplacian_energy(unary, affinity, z, lam)]
    for _ in range(steps):
        z = laplacian_bound_update(unary, affinity, z, lam)
        energies.append(laplacian_energy(unary, affinity, z, lam))
        if tolerance > 0 and abs(energies[-1] - energies[-2]) <= tolerance * abs(energies[-2]):
            break
    return {"assignments": z, "energies": energies}


def neighbor_affinity(points, neighbors=3):
    n = len(points)
    near = []
    for p in range(n):
        order = sorted((q for q in range(n) if q != p), key=lambda q: distance(points[p], points[q]))
        near.append(order[:neighbors])
    return [[1.0 if q in near[p] or p in near[q] else 0.0 for q in range(n)] for p in range(n)]


def transductive_clustering(support, labels, query, affinity=None, lam=1.0, neighbors=3, rounds=10):
    points, classes = support + query, max(labels) + 1
    graph = neighbor_affinity(points, neighbors) if affinity is None else affinity
    own = [[x for x, y in zip(support, labels, strict=True) if y == k] for k in range(classes)]
    prototypes = [[fsum(column) / len(rows) for column in zip(*rows, strict=True)] for rows in own]
    costs_of_support = [[0.0 if y == k else INF for k in range(classes)] for y in labels]
    for _ in range(rounds):
        unary = costs_of_support + [[distance(x, m) ** 2 for m in prototypes] for x in query]
        z = laplacian_regularized_clustering(unary, graph, lam)["assignments"]
        sizes = [fsum(column) for column in zip(*z, strict=True)]
        prototypes = [
            [fsum(row[k] * x[d] for row, x in zip(z, points, strict=True)) / sizes[k] for d in range(len(points[0]))]
            for k in range(classes)
        ]
    return z[len(support) :]


REFERENCES = {
    loop.__name__: loop
    for loop in (
        laplacian_energy, laplacian_bound_update, laplacian_regularized_clustering, neighbor_affinity,
        transductive_clustering,
    )
}  # fmt: skip
