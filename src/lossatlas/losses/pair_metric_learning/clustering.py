"""Clustering with a graph: points that are alike are assigned alike, the labelled ones hold still."""

from typing import NamedTuple

import torch

from ...contract import at_least, operation, whole
from ...contract.safe import square_distances, xlogy
from ...signatures import Field, Simplex, takes
from .fields import Cost, EveryClass, Graph

UNARY, AFFINITY = Cost("N K"), Graph("N N")
WEIGHT = at_least(0, show=(0.0, 2.0))
_start = takes({"unary": UNARY, "affinity": AFFINITY, "assignments": Simplex("N K")}, least={"K": 1})


def _of_all_points(inputs):
    count = len(inputs["support"]) + len(inputs["query"])
    return {**inputs, "affinity": inputs["affinity"][:count, :count]}


class Clustering(NamedTuple):
    """`assignments` (N, K), rows that sum to 1, and `energies` (steps + 1,), the first that of the start."""

    assignments: torch.Tensor
    energies: torch.Tensor


@operation(_start, paper="transductiveclustering2021", domains={"lam": WEIGHT})
def laplacian_energy(unary, affinity, assignments, *, lam=1.0):
    r"""The relaxed energy of soft assignments: entropy, cost of each point, and agreement along the graph.

    $$ E_\lambda(Z) = \sum_{pk} z_{pk} \log z_{pk} + \sum_{pk} z_{pk} a_{pk} - \lambda \sum_k z_k^\top W z_k $$

    Use: To watch `laplacian_bound_update` at work, which never raises it with half of its weight. Not as a loss of a
    network that makes the costs, whose trivial minimum is a network without any; then
    `laplacian_regularized_clustering`.

    Args:
        unary: $a$, cost of each point in each cluster, shape (N, K).
        affinity: $W$, shape (N, N), symmetric, >= 0.
        assignments: $z$, shape (N, K), rows of probabilities.
        lam: $\lambda \ge 0$.

    Returns:
        A 0-d tensor.
    """
    return _energy(unary, affinity, assignments, lam)


def _energy(unary, affinity, z, lam):
    return (xlogy(z, z) + z * unary.masked_fill(unary.isinf(), 0) - lam * z * (affinity @ z)).sum()


@operation(_start, paper="transductiveclustering2021", domains={"lam": WEIGHT})
def laplacian_bound_update(unary, affinity, assignments, *, lam=1.0):
    r"""One step of Laplacian-regularized clustering: every point listens to its cost and to its neighbours.

    $$ z_p \leftarrow \operatorname{softmax}_k \Big( -a_{pk} + \lambda \sum_q w_{pq} z_{qk} \Big) $$

    All points move at once. The step minimises a bound of $E_{\lambda/2}$ that touches it at the old assignments,
    wherever W is positive semidefinite; so $E_{\lambda/2}$ never rises. At a fixed point
    $\log z_{pk} + a_{pk} - \lambda (W z)_{pk}$ is the same for all k.

    Use: When the steps are to be taken one by one, or learned through. Not for a whole clustering; then
    `laplacian_regularized_clustering`.

    Args:
        unary: $a$, shape (N, K).
        affinity: $W$, shape (N, N), symmetric, >= 0.
        assignments: $z$, shape (N, K), rows of probabilities.
        lam: $\lambda \ge 0$.

    Returns:
        The new assignments, shape (N, K).

    Paper: *Transductive Few-Shot Learning: Clustering is All You Need?*, 2021.
    """
    return _update(unary, affinity, assignments, lam)


def _update(unary, affinity, z, lam):
    return (lam * affinity @ z - unary).softmax(-1)


@operation(
    takes({"unary": UNARY, "affinity": AFFINITY}, least={"K": 1}),
    paper="transductiveclustering2021",
    domains={"lam": WEIGHT, "steps": whole(0, show=(0, 40)), "tolerance": at_least(0)},
    example={"tolerance": 1e-3},
    exempt={"vmap": "When to stop is read from the energy, which is another number for each."},
)
def laplacian_regularized_clustering(unary, affinity, *, lam=1.0, steps=20, tolerance=1e-6):
    r"""Soft assignments to clusters of given cost, smoothed along a graph: the update, repeated.

    $$ z_p = \operatorname{softmax}(-a_p), \quad \text{then} \quad
       z_p \leftarrow \operatorname{softmax}_k \Big( -a_{pk} + \lambda \sum_q w_{pq} z_{qk} \Big)
       \ \text{until} \ |\Delta E_\lambda| \le \epsilon\, |E_\lambda| $$

    Use: When points have costs of their own and a graph says which should be assigned alike. Not with a graph that
    joins classes, which then melt together, nor without costs, since all points are then assigned alike.

    Args:
        unary: $a$, cost of each point in each cluster, shape (N, K). An infinite cost rules a cluster out: a point with
            one finite cost keeps it.
        affinity: $W$, shape (N, N), symmetric, >= 0, as from `neighbor_affinity`.
        lam: $\lambda \ge 0$; at 0 the start is the result.
        steps: most steps, a whole number >= 0.
        tolerance: $\epsilon \ge 0$, change of the energy, as a share of it, at which to stop; 0 takes all steps.

    Returns:
        `Clustering(assignments, energies)`; the energies are $E_\lambda$ after each step, the start's first.

    Paper: *Transductive Few-Shot Learning: Clustering is All You Need?*, 2021.

    Differs: the energy that is watched, here as in the code of the authors, has $\lambda$, while the update is the
    one that lowers $E_{\lambda/2}$ (`laplacian_energy(..., lam=lam / 2)`).
    """
    z = (-unary).softmax(-1)
    energies = [_energy(unary, affinity, z, lam)]
    for _ in range(steps):
        z = _update(unary, affinity, z, lam)
        energies.append(_energy(unary, affinity, z, lam))
        if tolerance > 0 and (energies[-1] - energies[-2]).abs() <= tolerance * energies[-2].abs():
            break
    return Clustering(z, torch.stack(energies))


@operation(
    takes({"points": Field("N D")}, least={"D": 1}), domains={"neighbors": whole(1, show=(1, 10))}, differentiable=False
)
def neighbor_affinity(points, *, neighbors=3):
    r"""The graph of nearest neighbours: $w_{pq} = 1$ where one of two points is among the nearest of the other.

    Use: As the graph of `laplacian_regularized_clustering` where none is given. Not for large N, since all N N
    distances are stored, nor where a gradient should reach the points.

    Args:
        points: shape (N, D).
        neighbors: how many, a whole number >= 1; at most N - 1 count.

    Returns:
        Shape (N, N), symmetric, of 0 and 1, without loops.
    """
    itself = torch.eye(len(points), dtype=torch.bool, device=points.device)
    d = torch.where(itself, torch.inf, square_distances(points, points))
    nearest = d.argsort(dim=-1, stable=True)[:, : min(neighbors, max(0, len(points) - 1))]
    one_way = torch.zeros_like(d).scatter(-1, nearest, 1.0)
    return torch.maximum(one_way, one_way.mT)


@operation(
    takes(
        {"support": Field("S D"), "labels": EveryClass("S"), "query": Field("Q D"), "affinity": Graph("P P")},
        least={"S": 1, "D": 1},
        optional=("affinity",),
        sizes={"S": 4, "D": 3, "Q": 5, "P": 9},
        related=_of_all_points,
    ),
    paper="transductiveclustering2021",
    domains={"lam": WEIGHT, "neighbors": whole(1, show=(1, 10)), "rounds": whole(1, show=(1, 20))},
    example={"rounds": 2},
    exempt={"vmap": "How many classes there are is read from the labels."},
)
def transductive_clustering(support, labels, query, affinity, *, lam=1.0, neighbors=3, rounds=10):
    r"""Labels for all queries of a few-shot episode together: K-means that starts at the labelled examples, on a graph.

    $$ a_{pk} = \|x_p - m_k\|^2, \qquad m_k = \frac{\sum_p z_{pk} x_p}{\sum_p z_{pk}} $$

    Prototypes and assignments (`laplacian_regularized_clustering`) are found in turn. The support stays with its
    labels.

    Use: When all queries of a few-shot episode are known together and classes are of similar size. Not when queries
    arrive one by one, or most belong to one class, which draws the other prototypes in; then the nearest prototype.

    Args:
        support: labelled examples, shape (S, D).
        labels: classes 0, 1, ..., each with an example, shape (S,).
        query: shape (Q, D).
        affinity: graph of support and query together, support first, shape (S + Q, S + Q); by default
            `neighbor_affinity` with `neighbors`.
        lam: $\lambda \ge 0$, weight of the graph; at 0 this is soft K-means.
        neighbors: of the default graph.
        rounds: how often prototypes are found anew, a whole number >= 1.

    Returns:
        Assignments of the queries, shape (Q, K).

    Paper: *Transductive Few-Shot Learning: Clustering is All You Need?*, 2021; this is its K-means form.
    """
    points = torch.cat([support, query])
    if affinity is None:
        affinity = neighbor_affinity(points, neighbors=neighbors)
    given = labels.unsqueeze(-1) == torch.arange(int(labels.max()) + 1, device=labels.device)
    fixed = torch.where(given, 0.0, torch.inf).to(points)
    prototypes = given.to(points).mT @ support / given.sum(0).unsqueeze(-1)
    for _ in range(rounds):
        unary = torch.cat([fixed, square_distances(query, prototypes)])
        z = laplacian_regularized_clustering(unary, affinity, lam=lam).assignments
        prototypes = z.mT @ points / z.sum(0).unsqueeze(-1)
    return z[len(support) :]
