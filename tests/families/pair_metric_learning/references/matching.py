"""Matchings of two graphs, by trying all permutations, over plain numbers."""

from itertools import permutations

from tests.references.comparing import cosine
from tests.references.numbers import fsum


def along(points, edges):
    return [[a - b for a, b in zip(points[i], points[j], strict=True)] for i, j in edges]


def vertex_edge_affinity(view_a, view_b, edges_a, edges_b, local=None, share=1.0):
    vertex = [[-share * cosine(z, w) for w in view_b] for z in view_a]
    if local is not None:
        vertex = [
            [v - (1 - share) * s for v, s in zip(row, similar, strict=True)]
            for row, similar in zip(vertex, local, strict=True)
        ]
    edge = [[-cosine(e, f) for f in along(view_b, edges_b)] for e in along(view_a, edges_a)]
    return {"vertex": vertex, "edge": edge}


def second_order_cost(matching, vertex, edge, edges_a, edges_b):
    points = fsum(c * v for row, costs in zip(matching, vertex, strict=True) for v, c in zip(row, costs, strict=True))
    ends = fsum(
        edge[e][f] * matching[i][a] * matching[j][b]
        for e, (i, j) in enumerate(edges_a)
        for f, (a, b) in enumerate(edges_b)
    )
    return points + ends


def identity(n):
    return [[1.0 if i == a else 0.0 for a in range(n)] for i in range(n)]


def graph_matching_hamming_loss(matching, truth=None):
    truth = identity(len(matching)) if truth is None else truth
    return fsum(
        v * (1 - t) + t * (1 - v)
        for row, true in zip(matching, truth, strict=True)
        for v, t in zip(row, true, strict=True)
    )


def least_cost_matching(cost):
    n = len(cost)
    best = min(permutations(range(n)), key=lambda order: fsum(cost[i][a] for i, a in enumerate(order)))
    return [[1.0 if a == best[i] else 0.0 for a in range(n)] for i in range(n)]


def matched(cost, strength=1.0):
    return least_cost_matching(cost)


def imle_assignment_gradient(cost, gradient, strength=1.0):
    nudged = [
        [c + strength * g for c, g in zip(costs, row, strict=True)] for costs, row in zip(cost, gradient, strict=True)
    ]
    pairs = zip(least_cost_matching(nudged), least_cost_matching(cost), strict=True)
    return [[(v - w) / strength for v, w in zip(row, other, strict=True)] for row, other in pairs]


REFERENCES = {
    loop.__name__: loop
    for loop in (
        vertex_edge_affinity, second_order_cost, graph_matching_hamming_loss, least_cost_matching, matched,
        imle_assignment_gradient,
    )
}  # fmt: skip
