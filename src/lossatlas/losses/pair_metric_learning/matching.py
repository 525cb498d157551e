"""Two views of a batch as two graphs: which point is which, and a gradient through the answer.

The code of the paper, *LVM-Med: Learning Large-Scale Self-Supervised Vision Models for Medical Imaging via Second-order
Graph Matching*, 2023, was never published, and its constants are not known here. What follows is what the paper's
method is made of, with defaults that are choices of this library; the solver takes costs of vertices alone.
"""

from typing import NamedTuple

import torch

from ...contract import above, between, operation, wrong
from ...contract.fused import only_autograd, only_once
from ...contract.pairwise import cosines
from ...signatures import Field, takes
from .fields import Edges, Finite

VIEWS = {"view_a": Field("N D"), "view_b": Field("M D"), "edges_a": Edges("E 2"), "edges_b": Edges("F 2", below="M")}
STRENGTH = above(0, show=(0.1, 5.0))
ONE_BY_ONE = {"vmap": "SciPy finds one matching after another, from numbers that it reads."}


def _of_points(inputs):
    """A graph without points has no edges."""
    views = {"edges_a": inputs["view_a"], "edges_b": inputs["view_b"]}
    return {**inputs, **{name: inputs[name] if len(view) else inputs[name][:0] for name, view in views.items()}}


def _of_matched_points(inputs):
    if len(inputs["matching"]):
        return inputs
    edges = {name: inputs[name][:0] for name in ("edges_a", "edges_b")}
    return {**inputs, **edges, "edge": inputs["edge"][:0, :0]}


class Affinity(NamedTuple):
    """`vertex` (N, M), cost of taking point i for point a; `edge` (E, F), cost of taking edge e for edge f."""

    vertex: torch.Tensor
    edge: torch.Tensor


@operation(
    takes({**VIEWS, "local": Field("N M")}, least={"D": 1}, optional=("local",), related=_of_points),
    paper="lvmmed2023",
    domains={"share": between(0, 1, show=(0.0, 1.0))},
    example={"share": 0.6},
    exempt={"optional": "Where there are no local features, no share can be theirs."},
)
def vertex_edge_affinity(view_a, view_b, edges_a, edges_b, local, *, share=1.0):
    r"""Costs of matching two graphs: of a point with a point, and of an edge with an edge. Lower is more alike.

    $$ c^v_{ia} = -\big[ t \cos(z_i, z'_a) + (1 - t)\, s_{ia} \big], \qquad
       c^e_{(ij)(ab)} = -\cos(z_i - z_j, z'_a - z'_b) $$

    Use: When two views of a batch, with a graph on each, are to be matched by `least_cost_matching` or weighed by
    `second_order_cost`. Not for graphs with many edges, since every edge is compared with every other.

    Args:
        view_a, view_b: a vector per point of either graph, shapes (N, D) and (M, D).
        edges_a, edges_b: pairs of points that are joined, integers of shapes (E, 2) and (F, 2).
        local: $s$, similarity of local features, shape (N, M); None for none.
        share: $t$ in [0, 1] of the vectors against the local features; 1 where there are none.

    Returns:
        `Affinity(vertex, edge)`.

    Paper: *LVM-Med*, 2023; from the text alone, see the top of the file.
    """
    if local is None and share != 1:
        raise wrong("share", "1 where `local` is not given", f"{share:g}")
    vertex = -share * cosines(view_a, view_b)
    if local is not None:
        vertex = vertex - (1 - share) * local
    return Affinity(vertex, -cosines(_along(view_a, edges_a), _along(view_b, edges_b)))


def _along(vectors, edges):
    return vectors[edges[:, 0]] - vectors[edges[:, 1]]


@operation(
    takes(
        {
            "matching": Field("N N"),
            "vertex": Field("N N"),
            "edge": Field("E F"),
            "edges_a": Edges("E 2"),
            "edges_b": Edges("F 2"),
        },
        related=_of_matched_points,
    ),
    paper="lvmmed2023",
)
def second_order_cost(matching, vertex, edge, edges_a, edges_b):
    r"""What a matching costs: its points, and each pair of edges whose ends are matched.

    $$ \sum_{ia} c^v_{ia} v_{ia} + \sum_{(ij)(ab)} c^e_{(ij)(ab)}\, v_{ia} v_{jb} $$

    Use: To compare matchings by their edges too, or as an objective that a soft matching descends. Not to find the best
    one, which is a hard problem; `least_cost_matching` minimises its first sum alone.

    Args:
        matching: $v$, a permutation matrix or a soft one, shape (N, N).
        vertex, edge: costs from `vertex_edge_affinity`, shapes (N, N) and (E, F).
        edges_a, edges_b: pairs of points, integers of shapes (E, 2) and (F, 2).

    Returns:
        A 0-d tensor.
    """
    of_ends = [matching[edges_a[:, end]][:, edges_b[:, end]] for end in (0, 1)]
    return (vertex * matching).sum() + (edge * of_ends[0] * of_ends[1]).sum()


@operation(
    takes({"matching": Field("N N"), "truth": Field("N N")}, optional=("truth",)),
    paper="lvmmed2023",
)
def graph_matching_hamming_loss(matching, truth):
    r"""How many entries of a matching are wrong.

    $$ L = \sum_{ia} v_{ia} (1 - v^*_{ia}) + v^*_{ia} (1 - v_{ia}) $$

    A permutation loses 2 for each point that it moves. The gradient is $1 - 2 v^*$ in each entry.

    Use: When the right matching is known, as for two views of a batch, with `matched`. Not with a matching that has no
    gradient, such as that of `least_cost_matching`.

    Args:
        matching: $v$, entries in [0, 1], shape (N, N); `matched` gives one with a gradient.
        truth: $v^*$, shape (N, N); None for the identity: row i of one view belongs to row i of the other.

    Returns:
        A 0-d tensor.

    Paper: *LVM-Med*, 2023.
    """
    if truth is None:
        truth = torch.eye(len(matching), dtype=matching.dtype, device=matching.device)
    return (matching * (1 - truth) + truth * (1 - matching)).sum()


@operation(takes({"cost": Finite("N N")}), differentiable=False, exempt=ONE_BY_ONE)
def least_cost_matching(cost):
    r"""The permutation matrix of least total cost.

    $$ \hat v(c) = \arg\min_v \sum_{ia} c_{ia} v_{ia} $$

    Use: To match two sets of points of one size. Not where a gradient should reach the costs; then `matched`.

    Args:
        cost: $c$, finite numbers, shape (N, N).

    Returns:
        Shape (N, N), of 0 and 1.

    Raises:
        ImportError: without SciPy, which solves the problem.
    """
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise ImportError("a matching needs SciPy, which is not installed: pip install scipy") from error
    rows, columns = linear_sum_assignment(cost.detach().double().cpu().numpy())
    return torch.zeros_like(cost).index_put_((torch.as_tensor(rows), torch.as_tensor(columns)), cost.new_ones(()))


@operation(
    takes({"cost": Finite("N N"), "gradient": Finite("N N")}),
    paper="lvmmed2023",
    domains={"strength": STRENGTH},
    differentiable=False,
    exempt=ONE_BY_ONE,
)
def imle_assignment_gradient(cost, gradient, *, strength=1.0):
    r"""A gradient for costs from the gradient at the matching: how the best matching answers to a nudge against it.

    $$ \frac{\partial L}{\partial c} \approx -\frac1\lambda
       \Big[ \hat v(c) - \hat v\big( c + \lambda \tfrac{\partial L}{\partial \hat v} \big) \Big] $$

    It is 0 where the nudge does not change the matching. Noise that is added to the cost beforehand makes it the
    implicit maximum-likelihood estimate.

    Use: In a training step of one's own, or to look at the gradient that `matched` has. Not for a nudge so small that
    it changes no matching, since the gradient is then 0.

    Args:
        cost: shape (N, N).
        gradient: $\partial L / \partial \hat v$, shape (N, N).
        strength: $\lambda > 0$ of the nudge.

    Returns:
        Shape (N, N).

    Paper: *LVM-Med*, 2023; the constant is not known, see the top of the file.
    """
    return (least_cost_matching(cost + strength * gradient) - least_cost_matching(cost)) / strength


@operation(
    takes({"cost": Finite("N N")}),
    paper="lvmmed2023",
    domains={"strength": STRENGTH},
    exempt={
        **ONE_BY_ONE,
        "gradient": "A matching changes in jumps; its gradient is that of `imle_assignment_gradient`.",
        "func": "Its gradient is made by hand, for autograd alone.",
    },
)
def matched(cost, *, strength=1.0):
    r"""The matching of least cost, whose gradient is `imle_assignment_gradient`.

    $$ \hat v(c) = \arg\min_v \sum_{ia} c_{ia} v_{ia} $$

    Use: When features should be learned by whether their best matching is right, as by `graph_matching_hamming_loss`.
    Not where the gradient is differentiated again; a Sinkhorn iteration is smooth.

    Args:
        cost: $c$, finite numbers, shape (N, N); add noise to it beforehand for a smoother gradient.
        strength: > 0, of the nudge.

    Returns:
        A permutation matrix, shape (N, N). Its gradient cannot be differentiated again.

    Paper: *LVM-Med*, 2023; from the text alone, see the top of the file.
    """
    only_autograd("a matching")
    return _Matched.apply(cost, strength)


class _Matched(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cost, strength):
        ctx.save_for_backward(cost)
        ctx.strength = strength
        return least_cost_matching(cost)

    @staticmethod
    def backward(ctx, gradient):
        only_once("a matching")
        (cost,) = ctx.saved_tensors
        return imle_assignment_gradient(cost, gradient, strength=ctx.strength), None
