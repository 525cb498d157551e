"""Distances of covariance matrices: by optimal transport of the Gaussians behind them, and by curved geometry."""

import torch

from ...contract import operation
from ...contract.domains import other_than
from ...contract.fused import only_autograd, only_once
from ...contract.safe import safe_norm
from ...signatures import takes
from .fields import Covariance

DISTANCE = "a Bures-Wasserstein distance"
#: Why a derivative that is made by hand goes through autograd alone.
BY_HAND = {
    "vmap": "The derivative of the nearest rotation is made by hand, for autograd alone.",
    "func": "The derivative of the nearest rotation is made by hand, for autograd alone.",
}
A, B = Covariance("... D D"), Covariance("... D D")
two_matrices = takes({"a": A, "b": B}, least={"D": 1})
two_matrices_and_metric = takes({"a": A, "b": B, "metric": Covariance("... D D")}, least={"D": 1})
THETA = other_than(0, show=(0.25, 2.0))


@operation(two_matrices, paper="spdmanifold2025", exempt=BY_HAND)
def squared_bures_wasserstein_distance(a, b):
    r"""Squared Bures-Wasserstein distance, the squared 2-Wasserstein distance of two centred Gaussians.

    $$ d^2(A, B) = \operatorname{tr} A + \operatorname{tr} B
       - 2 \operatorname{tr} \big( A^{1/2} B A^{1/2} \big)^{1/2} $$

    Use: When covariances, or Gaussians of one mean, should be compared smoothly, also where matrices are equal or
    nearly singular. Not when a change of units should change nothing; then `affine_invariant_distance`.

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.

    Returns:
        Shape (...), in the units of the matrices; smooth everywhere, with gradient 0 at equal matrices.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025. In its code the function
    of the distance gives this square.
    """
    return _factor_gap(*_roots(a, b)).square().sum((-2, -1))


@operation(two_matrices, paper="spdmanifold2025", exempt=BY_HAND)
def bures_wasserstein_distance(a, b):
    r"""Bures-Wasserstein distance, the 2-Wasserstein distance of two centred Gaussians.

    $$ d(A, B) = \Big[ \operatorname{tr} A + \operatorname{tr} B
       - 2 \operatorname{tr} \big( A^{1/2} B A^{1/2} \big)^{1/2} \Big]^{1/2} $$

    Use: When covariances should be compared in units of a standard deviation, also nearly singular ones. Not where
    equal matrices are met in training, at which a distance has a kink; then `squared_bures_wasserstein_distance`.

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.

    Returns:
        Shape (...), in units of a standard deviation; at equal matrices its gradient is 0.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025.
    """
    return safe_norm(_factor_gap(*_roots(a, b)).flatten(-2))


@operation(two_matrices_and_metric, paper="spdmanifold2025", domains={"theta": THETA}, exempt=BY_HAND)
def squared_generalized_bures_wasserstein_distance(a, b, metric, *, theta=1.0):
    r"""Squared generalized Bures-Wasserstein distance: lengths are measured by a metric, spectra raised to a power.

    $$ d^2_{M, \theta}(A, B) = \frac1{\theta^2} \Big[ \operatorname{tr} M^{-1} A^\theta
       + \operatorname{tr} M^{-1} B^\theta
       - 2 \operatorname{tr} \big( A^\theta M^{-1} B^\theta M^{-1} \big)^{1/2} \Big] $$

    With $\theta = 1$ it is the Bures-Wasserstein distance of $M^{-1/2} A M^{-1/2}$ and $M^{-1/2} B M^{-1/2}$.

    Use: When the squared distance should be measured by a metric $M$, or of powers of the matrices. Not where the
    gradient is differentiated again and theta is not 1; then `squared_bures_wasserstein_distance`.

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.
        metric: $M$, symmetric positive definite, shape (..., n, n).
        theta: power $\theta \ne 0$ of the matrices.

    Returns:
        Shape (...). With theta other than 1 the gradient cannot be differentiated again.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025.
    """
    return _generalized_gap(a, b, metric, theta).square().sum((-2, -1))


@operation(two_matrices_and_metric, paper="spdmanifold2025", domains={"theta": THETA}, exempt=BY_HAND)
def generalized_bures_wasserstein_distance(a, b, metric, *, theta=1.0):
    r"""Generalized Bures-Wasserstein distance: lengths are measured by a metric, spectra raised to a power.

    $$ d_{M, \theta}(A, B) = \frac1{|\theta|} \Big[ \operatorname{tr} M^{-1} A^\theta
       + \operatorname{tr} M^{-1} B^\theta
       - 2 \operatorname{tr} \big( A^\theta M^{-1} B^\theta M^{-1} \big)^{1/2} \Big]^{1/2} $$

    Use: When the metric $M$ says in which directions differences count, such as a mean covariance that whitens them.
    Not with a power that must be learned, since the gradient cannot be differentiated by $\theta$; without either
    `bures_wasserstein_distance`.

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.
        metric: $M$, symmetric positive definite, shape (..., n, n).
        theta: power $\theta \ne 0$ of the matrices.

    Returns:
        Shape (...); at equal matrices its gradient is 0. With theta other than 1 that cannot be differentiated again.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025.
    """
    return safe_norm(_generalized_gap(a, b, metric, theta).flatten(-2))


@operation(two_matrices)
def affine_invariant_distance(a, b):
    r"""Affine-invariant distance: how far the ratios of two covariance matrices are from 1.

    $$ d(A, B) = \big\| \log \big( A^{-1/2} B A^{-1/2} \big) \big\|_F
       = \Big[ \sum_i \log^2 \lambda_i(A^{-1} B) \Big]^{1/2} $$

    Use: When a change of units, or any invertible mixture of the variables, should change nothing. Not with nearly
    singular matrices, whose logarithms and gradients are huge; then `bures_wasserstein_distance`.

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.

    Returns:
        Shape (...), without units; unchanged under A, B -> T A T^T, T B T^T. At equal matrices its gradient is 0.
    """
    root = torch.linalg.solve_triangular(*_roots(a, b), upper=False)
    return safe_norm(torch.linalg.eigvalsh(root @ root.mT).log())


def _generalized_gap(a, b, metric, theta):
    left, right, by = _roots(a, b, metric)
    if theta != 1:
        only_autograd(DISTANCE)
        left, right = (_Power.apply((x + x.mT) / 2, theta / 2) for x in (a, b))
    left, right = (torch.linalg.solve_triangular(by, root, upper=False) for root in (left, right))
    return _factor_gap(left, right) / theta


def _factor_gap(left, right):
    r"""$L - R\,Q$ with the rotation Q that brings it nearest to 0; its squared length is $d^2(L L^\top, R R^\top)$.

    As a difference it loses no digits where the matrices are nearly equal, unlike the traces of the formula.
    """
    only_autograd(DISTANCE)
    return left - right @ _Polar.apply(right.mT @ left)


class _Polar(torch.autograd.Function):
    """The rotation nearest to a matrix with singular values above 0: U V^T of its U S V^T."""

    @staticmethod
    def forward(ctx, x):
        u, _, vh = torch.linalg.svd(x)
        rotation = u @ vh
        ctx.save_for_backward(x, rotation)
        return rotation

    @staticmethod
    def backward(ctx, gradient):
        x, rotation = ctx.saved_tensors
        turned = rotation.mT @ gradient
        return rotation @ _Lyapunov.apply(rotation.mT @ x, turned - turned.mT)


class _Lyapunov(torch.autograd.Function):
    """The X with H X + X H = C for a symmetric positive definite H. Its gradients solve the same equation."""

    @staticmethod
    def forward(ctx, h, c):
        values, vectors = torch.linalg.eigh((h + h.mT) / 2)
        x = vectors @ (vectors.mT @ c @ vectors / (values.unsqueeze(-1) + values.unsqueeze(-2))) @ vectors.mT
        ctx.save_for_backward(h, x)
        return x

    @staticmethod
    def backward(ctx, gradient):
        h, x = ctx.saved_tensors
        of_c = _Lyapunov.apply(h, gradient)
        return -(of_c @ x.mT + x.mT @ of_c), of_c


class _Power(torch.autograd.Function):
    """A symmetric positive definite matrix to a power; also where eigenvalues coincide it has a gradient."""

    @staticmethod
    def forward(ctx, x, power):
        values, vectors = torch.linalg.eigh(x)
        ctx.save_for_backward(values, vectors)
        ctx.power = power
        return (vectors * values.pow(power).unsqueeze(-2)) @ vectors.mT

    @staticmethod
    def backward(ctx, gradient):
        only_once("a matrix to a power")
        values, vectors = ctx.saved_tensors
        ratio = _divided_differences(values, ctx.power)
        return vectors @ (ratio * (vectors.mT @ gradient @ vectors)) @ vectors.mT, None


def _divided_differences(values, power):
    """(x^p - y^p) / (x - y) for all pairs of positive numbers, p x^(p-1) where they are equal."""
    x, y = values.unsqueeze(-1), values.unsqueeze(-2)
    t = (x / y).log()
    near = t == 0
    step = torch.where(near, 1.0, t)
    ratio = torch.where(near, power, torch.expm1(power * step) / torch.expm1(step))
    return ratio * y.expand_as(ratio).pow(power - 1)


def _roots(*matrices):
    """Of each the lower triangular L with L L^T = x."""
    return (torch.linalg.cholesky((x + x.mT) / 2) for x in matrices)
