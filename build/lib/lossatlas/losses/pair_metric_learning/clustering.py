"""Clustering with a graph: points that are alike are assigned alike, the labelled ones hold still."""

from typing import NamedTuple

import torch

from ...contract import at_least, describe, expect, values_readable, wrong
from ...contract.precision import in_one_precision, without_autocast
from ...contract.safe import square_distances, xlogy
from ...signatures import ClassIndex, Field, Inputs

_graph = Inputs({"unary": Field("N K"), "affinity": Field("N N")}, {"K": 1})
_start = Inputs({**_graph.fields, "assignments": Field("N K")}, {"K": 1})
_points = Inputs({"points": Field("N D")}, {"D": 1})
_episode = Inputs(
    {"support": Field("S D"), "labels": ClassIndex("S", below="K"), "query": Field("Q D")}, {"S": 1, "D": 1}
)
WEIGHT = at_least(0)


class Clustering(NamedTuple):
    """`assignments` (N, K), rows that sum to 1, and `energies` (steps + 1,), the first that of the start."""

    assignments: torch.Tensor
    energies: torch.Tensor


@without_autocast
def laplacian_energy(unary, affinity, assignments, *, lam=1.0):
    r"""The relaxed energy of soft assignments: entropy, cost of each point, and agreement along the graph.

    $$ E_\lambda(Z) = \sum_{pk} z_{pk} \log z_{pk} + \sum_{pk} z_{pk} a_{pk} - \lambda \sum_k z_k^\top W z_k $$

    Args:
        unary: $a$, cost of each point in each cluster, shape (N, K).
        affinity: $W$, shape (N, N), symmetric, >= 0.
        assignments: $z$, shape (N, K), rows of probabilities.
        lam: $\lambda \ge 0$.

    Returns:
        A 0-d tensor.
    """
    inputs, dtype = _checked(_start, lam, {"unary": unary, "affinity": affinity, "assignments": assignments})
    return _energy(*inputs, lam).to(dtype)


def _energy(unary, affinity, z, lam):
    return (xlogy(z, z) + z * unary.masked_fill(unary.isinf(), 0) - lam * z * (affinity @ z)).sum()


@without_autocast
def laplacian_bound_update(unary, affinity, assignments, *, lam=1.0):
    r"""One step of Laplacian-regularized clustering: every point listens to its cost and to its neighbours.

    $$ z_p \leftarrow \operatorname{softmax}_k \Big( -a_{pk} + \lambda \sum_q w_{pq} z_{qk} \Big) $$

    All points move at once. The step minimises a bound of $E_{\lambda/2}$ that touches it at the old assignments,
    wherever W is positive semidefinite; so $E_{\lambda/2}$ never rises. At a fixed point
    $\log z_{pk} + a_{pk} - \lambda (W z)_{pk}$ is the same for all k.

    Args:
        unary: $a$, shape (N, K).
        affinity: $W$, shape (N, N), symmetric, >= 0.
        assignments: $z$, shape (N, K), rows of probabilities.
        lam: $\lambda \ge 0$.

    Returns:
        The new assignments, shape (N, K).

    Paper: *Transductive Few-Shot Learning: Clustering is All You Need?*, 2021.
    """
    inputs, dtype = _checked(_start, lam, {"unary": unary, "affinity": affinity, "assignments": assignments})
    return _update(*inputs, lam).to(dtype)


def _update(unary, affinity, z, lam):
    return (lam * affinity @ z - unary).softmax(-1)


@without_autocast
def laplacian_regularized_clustering(unary, affinity, *, lam=1.0, steps=20, tolerance=1e-6):
    r"""Soft assignments to clusters of given cost, smoothed along a graph: the update, repeated.

    $$ z_p = \operatorname{softmax}(-a_p), \quad \text{then} \quad
       z_p \leftarrow \operatorname{softmax}_k \Big( -a_{pk} + \lambda \sum_q w_{pq} z_{qk} \Big)
       \ \text{until} \ |\Delta E_\lambda| \le \epsilon\, |E_\lambda| $$

    Args:
        unary: $a$, cost of each point in each cluster, shape (N, K). An infinite cost rules a cluster out: a point with
            one finite cost is held where it is.
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
    (unary, affinity), dtype = _checked(_graph, lam, {"unary": unary, "affinity": affinity})
    WEIGHT.check("tolerance", tolerance)
    expect(type(steps) is int and steps >= 0, "steps", "a whole number >= 0", describe(steps))
    z = (-unary).softmax(-1)
    energies = [_energy(unary, affinity, z, lam)]
    for _ in range(steps):
        z = _update(unary, affinity, z, lam)
        energies.append(_energy(unary, affinity, z, lam))
        if tolerance > 0 and (energies[-1] - energies[-2]).abs() <= tolerance * energies[-2].abs():
            break
    return Clustering(z.to(dtype), torch.stack(energies).to(dtype))


@in_one_precision
def neighbor_affinity(points, *, neighbors=3):
    r"""The graph of nearest neighbours: $w_{pq} = 1$ where one of two points is among the nearest of the other.

    Args:
        points: shape (N, D).
        neighbors: how many, a whole number >= 1; at most N - 1 count.

    Returns:
        Shape (N, N), symmetric, of 0 and 1, without loops.
    """
    _points.check_shapes({"points": points})
    expect(type(neighbors) is int and neighbors >= 1, "neighbors", "a whole number >= 1", describe(neighbors))
    d = square_distances(points, points).detach().fill_diagonal_(torch.inf)
    nearest = d.argsort(dim=-1, stable=True)[:, : min(neighbors, max(0, len(points) - 1))]
    one_way = torch.zeros_like(d).scatter_(-1, nearest, 1.0)
    return torch.maximum(one_way, one_way.mT)


@without_autocast
def transductive_clustering(support, labels, query, *, affinity=None, lam=1.0, neighbors=3, rounds=10):
    r"""Labels for all queries of a few-shot episode together: K-means that starts at the labelled examples, on a graph.

    $$ a_{pk} = \|x_p - m_k\|^2, \qquad m_k = \frac{\sum_p z_{pk} x_p}{\sum_p z_{pk}} $$

    Prototypes and assignments (`laplacian_regularized_clustering`) are found in turn. The support stays with its
    labels.

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
    inputs = {"support": support, "labels": labels, "query": query}
    _episode.check_shapes(inputs)
    _episode.check_values(inputs, {"K": torch.inf})
    inputs, dtype = _episode.prepared(inputs)
    support, labels, query = inputs.values()
    expect(type(rounds) is int and rounds >= 1, "rounds", "a whole number >= 1", describe(rounds))
    points = torch.cat([support, query])
    if affinity is None:
        affinity = neighbor_affinity(points, neighbors=neighbors)
    given = labels.unsqueeze(-1) == torch.arange(int(labels.max()) + 1, device=labels.device)
    if not given.any(0).all():
        raise wrong("labels", "classes 0, 1, ... with an example each", f"none of class {given.any(0).int().argmin()}")
    held = torch.where(given, 0.0, torch.inf).to(points)
    prototypes = given.to(points).mT @ support / given.sum(0).unsqueeze(-1)
    for _ in range(rounds):
        unary = torch.cat([held, square_distances(query, prototypes)])
        z = laplacian_regularized_clustering(unary, affinity, lam=lam).assignments
        prototypes = z.mT @ points / z.sum(0).unsqueeze(-1)
    return z[len(support) :].to(dtype)


def _checked(signature, lam, inputs):
    """The inputs as the formulas meet them, in order, and the dtype to return."""
    signature.inputs.check_shapes(inputs)
    unary, affinity = inputs["unary"], inputs["affinity"]
    if values_readable(unary) and not (unary > -torch.inf).all():
        raise wrong("unary", "costs above -inf", "some that are not")
    if values_readable(unary) and (unary == torch.inf).all(-1).any():
        raise wrong(
            "unary", "a finite cost for each point", f"none for point {(unary == torch.inf).all(-1).int().argmax()}"
        )
    if values_readable(affinity) and not torch.allclose(affinity, affinity.mT):
        raise wrong(
            "affinity", "a symmetric matrix", f"entries that differ by {(affinity - affinity.mT).abs().max():.3g}"
        )
    if values_readable(affinity) and not affinity.detach().min().item() >= 0:
        raise wrong("affinity", "weights >= 0", f"a smallest value of {affinity.detach().min().item():g}")
    WEIGHT.check("lam", lam)
    inputs, dtype = signature.inputs.prepared(inputs)
    return inputs.values(), dtype
