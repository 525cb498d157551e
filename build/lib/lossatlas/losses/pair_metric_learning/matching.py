"""Two views of a batch as two graphs: which point is which, and a gradient through the answer.

The code of the paper, *LVM-Med: Learning Large-Scale Self-Supervised Vision Models for Medical Imaging via Second-order
Graph Matching*, 2023, was never published, and its constants are not known here. What follows is what the paper's
method is made of, with defaults that are choices of this library; the solver takes costs of vertices alone.
"""

from typing import NamedTuple

import torch

from ...contract import above, between, describe, expect, values_readable, wrong
from ...contract.checks import INDICES, is_dense
from ...contract.fused import only_autograd, only_once
from ...contract.pairwise import cosines
from ...contract.precision import in_one_precision
from ...signatures import Field, Inputs

_views = Inputs({"view_a": Field("N D"), "view_b": Field("M D")}, {"D": 1})
_local = Inputs({"view_a": Field("N D"), "view_b": Field("M D"), "local": Field("N M")})
_matching = Inputs({"matching": Field("N N")})
_matchings = Inputs({"matching": Field("N N"), "truth": Field("N N")})
_cost = Inputs({"cost": Field("N N")})
_slope = Inputs({"cost": Field("N N"), "slope": Field("N N")})
_quadratic = Inputs({"matching": Field("N N"), "vertex": Field("N N"), "edge": Field("E F")})


class Affinity(NamedTuple):
    """`vertex` (N, M), cost of taking point i for point a; `edge` (E, F), cost of taking edge e for edge f."""

    vertex: torch.Tensor
    edge: torch.Tensor


@in_one_precision
def vertex_edge_affinity(view_a, view_b, edges_a, edges_b, *, local=None, share=1.0):
    r"""Costs of matching two graphs: of a point with a point, and of an edge with an edge. Lower is more alike.

    $$ c^v_{ia} = -\big[ t \cos(z_i, z'_a) + (1 - t)\, s_{ia} \big], \qquad
       c^e_{(ij)(ab)} = -\cos(z_i - z_j, z'_a - z'_b) $$

    Args:
        view_a, view_b: a vector per point of either graph, shapes (N, D) and (M, D).
        edges_a, edges_b: pairs of points that are joined, integers of shapes (E, 2) and (F, 2).
        local: $s$, similarity of local features, shape (N, M); None for none.
        share: $t$ in [0, 1] of the vectors against the local features; 1 where there are none.

    Returns:
        `Affinity(vertex, edge)`.

    Paper: *LVM-Med*, 2023; from the text alone, see the top of the file.
    """
    given = {"view_a": view_a, "view_b": view_b}
    sizes = _views.check_shapes(given) if local is None else _local.check_shapes({**given, "local": local})
    between(0, 1).check("share", share)
    expect(local is not None or share == 1, "share", "1 where `local` is not given", f"{share}")
    for name, edges, count in (("edges_a", edges_a, sizes["N"]), ("edges_b", edges_b, sizes["M"])):
        _check_edges(name, edges, count)
    vertex = -share * cosines(view_a, view_b)
    if local is not None:
        vertex = vertex - (1 - share) * local
    return Affinity(vertex, -cosines(_along(view_a, edges_a), _along(view_b, edges_b)))


def _along(vectors, edges):
    return vectors[edges[:, 0]] - vectors[edges[:, 1]]


def _check_edges(name, edges, count):
    if not is_dense(edges, INDICES):
        raise wrong(name, "an integer tensor of shape (E, 2)", describe(edges), TypeError)
    if edges.ndim != 2 or edges.shape[1] != 2:
        raise wrong(name, "shape (E, 2)", str(tuple(edges.shape)))
    if values_readable(edges) and not 0 <= edges.min() <= edges.max() < count:
        raise wrong(name, f"points in [0, {count})", str([edges.min().item(), edges.max().item()]))


@in_one_precision
def second_order_cost(matching, vertex, edge, edges_a, edges_b):
    r"""What a matching costs: its points, and each pair of edges whose ends are matched.

    $$ \sum_{ia} c^v_{ia} v_{ia} + \sum_{(ij)(ab)} c^e_{(ij)(ab)}\, v_{ia} v_{jb} $$

    Args:
        matching: $v$, a permutation matrix or a soft one, shape (N, N).
        vertex, edge: costs from `vertex_edge_affinity`, shapes (N, N) and (E, F).
        edges_a, edges_b: pairs of points, integers of shapes (E, 2) and (F, 2).

    Returns:
        A 0-d tensor.
    """
    _quadratic.check_shapes({"matching": matching, "vertex": vertex, "edge": edge})
    for name, edges, count in (("edges_a", edges_a, len(edge)), ("edges_b", edges_b, edge.shape[1])):
        _check_edges(name, edges, len(matching))
        expect(len(edges) == count, name, f"{count} edges, as in `edge`", str(len(edges)))
    of_ends = [matching[edges_a[:, end]][:, edges_b[:, end]] for end in (0, 1)]
    return (vertex * matching).sum() + (edge * of_ends[0] * of_ends[1]).sum()


@in_one_precision
def graph_matching_hamming_loss(matching, truth=None):
    r"""How many entries of a matching are wrong.

    $$ L = \sum_{ia} v_{ia} (1 - v^*_{ia}) + v^*_{ia} (1 - v_{ia}) $$

    A permutation loses 2 for each point that it moves. The slope is $1 - 2 v^*$ in each entry.

    Args:
        matching: $v$, entries in [0, 1], shape (N, N); `matched` gives one with a gradient.
        truth: $v^*$, shape (N, N); None for the identity: row i of one view belongs to row i of the other.

    Returns:
        A 0-d tensor.

    Paper: *LVM-Med*, 2023.
    """
    if truth is None:
        _matching.check_shapes({"matching": matching})
        truth = torch.eye(len(matching), dtype=matching.dtype, device=matching.device)
    _matchings.check_shapes({"matching": matching, "truth": truth})
    return (matching * (1 - truth) + truth * (1 - matching)).sum()


def least_cost_matching(cost):
    """The permutation matrix of least total cost, (N, N) -> (N, N). It needs SciPy."""
    _cost.check_shapes({"cost": cost})
    if not cost.isfinite().all():
        raise wrong("cost", "finite numbers", "some that are not")
    try:
        from scipy.optimize import linear_sum_assignment
    except ImportError as error:
        raise ImportError("a matching needs SciPy, which is not installed: pip install scipy") from error
    rows, columns = linear_sum_assignment(cost.detach().double().cpu().numpy())
    return torch.zeros_like(cost).index_put_((torch.as_tensor(rows), torch.as_tensor(columns)), cost.new_ones(()))


def imle_assignment_gradient(cost, slope, *, strength=1.0):
    r"""A gradient for costs from the slope at the matching: how the best matching answers to a nudge against it.

    $$ \frac{\partial L}{\partial c} \approx -\frac1\lambda \Big[ \hat v(c) - \hat v\big( c + \lambda \tfrac{\partial L}{\partial \hat v} \big) \Big] $$

    It is 0 where the nudge does not change the matching. Noise that is added to the cost beforehand makes it the
    implicit maximum-likelihood estimate.

    Args:
        cost: shape (N, N).
        slope: $\partial L / \partial \hat v$, shape (N, N).
        strength: $\lambda > 0$ of the nudge.

    Returns:
        Shape (N, N).

    Paper: *LVM-Med*, 2023; the constant is not known, see the top of the file.
    """
    _slope.check_shapes({"cost": cost, "slope": slope})
    above(0).check("strength", strength)
    return (least_cost_matching(cost + strength * slope) - least_cost_matching(cost)) / strength


def matched(cost, *, strength=1.0):
    """The matching of least cost, whose gradient is `imle_assignment_gradient`.

    Args:
        cost: shape (N, N); add noise to it beforehand for a smoother gradient.
        strength: > 0, of the nudge.

    Returns:
        A permutation matrix, shape (N, N). Its gradient cannot be differentiated again.
    """
    _cost.check_shapes({"cost": cost})
    above(0).check("strength", strength)
    only_autograd("a matching")
    return _Matched.apply(cost, strength)


class _Matched(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cost, strength):
        ctx.save_for_backward(cost)
        ctx.strength = strength
        return least_cost_matching(cost)

    @staticmethod
    def backward(ctx, slope):
        only_once("a matching")
        (cost,) = ctx.saved_tensors
        return imle_assignment_gradient(cost, slope, strength=ctx.strength), None
