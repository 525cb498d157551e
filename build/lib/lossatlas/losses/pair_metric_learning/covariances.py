"""Distances of covariance matrices: by optimal transport of the Gaussians behind them, and by curved geometry."""

import torch

from ...contract import describe, real, values_readable, wrong
from ...contract.checks import is_dense
from ...contract.fused import only_autograd, only_once
from ...contract.precision import without_autocast
from ...contract.safe import safe_norm

DISTANCE = "a Bures-Wasserstein distance"


@without_autocast
def squared_bures_wasserstein_distance(a, b):
    r"""Squared Bures-Wasserstein distance, the squared 2-Wasserstein distance of two centred Gaussians.

    $$ d^2(A, B) = \operatorname{tr} A + \operatorname{tr} B - 2 \operatorname{tr} \big( A^{1/2} B A^{1/2} \big)^{1/2} $$

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.

    Returns:
        Shape (...), in the units of the matrices; smooth everywhere, with gradient 0 at equal matrices.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025. In its code the function
    of the distance gives this square.
    """
    return _factor_gap(*_roots(a, b)).square().sum((-2, -1))


@without_autocast
def bures_wasserstein_distance(a, b):
    r"""Bures-Wasserstein distance, the 2-Wasserstein distance of two centred Gaussians.

    $$ d(A, B) = \Big[ \operatorname{tr} A + \operatorname{tr} B - 2 \operatorname{tr} \big( A^{1/2} B A^{1/2} \big)^{1/2} \Big]^{1/2} $$

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.

    Returns:
        Shape (...), in units of a standard deviation; at equal matrices its gradient is 0.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025.
    """
    return safe_norm(_factor_gap(*_roots(a, b)).flatten(-2))


@without_autocast
def squared_generalized_bures_wasserstein_distance(a, b, metric, *, theta=1.0):
    r"""Squared generalized Bures-Wasserstein distance: lengths are measured by a metric, spectra raised to a power.

    $$ d^2_{M, \theta}(A, B) = \frac1{\theta^2} \Big[ \operatorname{tr} M^{-1} A^\theta + \operatorname{tr} M^{-1} B^\theta
       - 2 \operatorname{tr} \big( A^\theta M^{-1} B^\theta M^{-1} \big)^{1/2} \Big] $$

    With $\theta = 1$ it is the Bures-Wasserstein distance of $M^{-1/2} A M^{-1/2}$ and $M^{-1/2} B M^{-1/2}$.

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.
        metric: $M$, symmetric positive definite, shape (..., n, n).
        theta: power $\theta \ne 0$ of the matrices.

    Returns:
        Shape (...). With theta other than 1 the gradient cannot be differentiated again.

    Paper: *Learning to Normalize on the SPD Manifold under Bures-Wasserstein Geometry*, 2025.
    """
    return _generalized_gap(a, b, metric, theta).square().sum((-2, -1))


@without_autocast
def generalized_bures_wasserstein_distance(a, b, metric, *, theta=1.0):
    r"""Generalized Bures-Wasserstein distance: lengths are measured by a metric, spectra raised to a power.

    $$ d_{M, \theta}(A, B) = \frac1{|\theta|} \Big[ \operatorname{tr} M^{-1} A^\theta + \operatorname{tr} M^{-1} B^\theta
       - 2 \operatorname{tr} \big( A^\theta M^{-1} B^\theta M^{-1} \big)^{1/2} \Big]^{1/2} $$

    Args, errors and paper are those of `squared_generalized_bures_wasserstein_distance`.

    Returns:
        Shape (...); at equal matrices its gradient is 0. With theta other than 1 that cannot be differentiated again.
    """
    return safe_norm(_generalized_gap(a, b, metric, theta).flatten(-2))


@without_autocast
def affine_invariant_distance(a, b):
    r"""Affine-invariant distance: how far the ratios of two covariance matrices are from 1.

    $$ d(A, B) = \big\| \log \big( A^{-1/2} B A^{-1/2} \big) \big\|_F = \Big[ \sum_i \log^2 \lambda_i(A^{-1} B) \Big]^{1/2} $$

    Args:
        a, b: symmetric positive definite matrices, shape (..., n, n); leading axes are broadcast.

    Returns:
        Shape (...), without units; unchanged under A, B -> T A T^T, T B T^T. At equal matrices its gradient is 0.
    """
    root = torch.linalg.solve_triangular(*_roots(a, b), upper=False)
    return safe_norm(torch.linalg.eigvalsh(root @ root.mT).log())


def _generalized_gap(a, b, metric, theta):
    if real().check("theta", theta) == 0:
        raise wrong("theta", "a number other than 0", "0")
    left, right, by = _roots(a, b, metric=metric)
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
    def backward(ctx, slope):
        x, rotation = ctx.saved_tensors
        turned = rotation.mT @ slope
        return rotation @ _Lyapunov.apply(rotation.mT @ x, turned - turned.mT)


class _Lyapunov(torch.autograd.Function):
    """The X with H X + X H = C for a symmetric positive definite H. Its slopes solve the same equation."""

    @staticmethod
    def forward(ctx, h, c):
        values, vectors = torch.linalg.eigh((h + h.mT) / 2)
        x = vectors @ (vectors.mT @ c @ vectors / (values.unsqueeze(-1) + values.unsqueeze(-2))) @ vectors.mT
        ctx.save_for_backward(h, x)
        return x

    @staticmethod
    def backward(ctx, slope):
        h, x = ctx.saved_tensors
        of_c = _Lyapunov.apply(h, slope)
        return -(of_c @ x.mT + x.mT @ of_c), of_c


class _Power(torch.autograd.Function):
    """A symmetric positive definite matrix to a power; also where eigenvalues coincide it has a slope."""

    @staticmethod
    def forward(ctx, x, power):
        values, vectors = torch.linalg.eigh(x)
        ctx.save_for_backward(values, vectors)
        ctx.power = power
        return (vectors * values.pow(power).unsqueeze(-2)) @ vectors.mT

    @staticmethod
    def backward(ctx, slope):
        only_once("a matrix to a power")
        values, vectors = ctx.saved_tensors
        ratio = _divided_differences(values, ctx.power)
        return vectors @ (ratio * (vectors.mT @ slope @ vectors)) @ vectors.mT, None


def _divided_differences(values, power):
    """(x^p - y^p) / (x - y) for all pairs of positive numbers, p x^(p-1) where they are equal."""
    x, y = values.unsqueeze(-1), values.unsqueeze(-2)
    t = (x / y).log()
    near = t == 0
    step = torch.where(near, 1.0, t)
    ratio = torch.where(near, power, torch.expm1(power * step) / torch.expm1(step))
    return ratio * y.expand_as(ratio).pow(power - 1)


def _root(name, x):
    """The lower triangular L with L L^T = x, a matrix that is checked for having one."""
    if not is_dense(x, {torch.float32, torch.float64}):
        raise wrong(name, "a float32 or float64 tensor of shape (..., n, n)", describe(x), TypeError)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2] or x.shape[-1] == 0:
        raise wrong(name, "shape (..., n, n), n at least 1", str(tuple(x.shape)))
    if values_readable(x) and not x.isfinite().all():
        raise wrong(name, "finite numbers", "some that are not")
    root, failed = torch.linalg.cholesky_ex((x + x.mT) / 2)
    if values_readable(x):
        if not torch.allclose(x, x.mT, atol=1e-6 * x.detach().abs().max().item()):
            raise wrong(name, "symmetric matrices", f"entries that differ by {(x - x.mT).abs().max():.3g}")
        if failed.any():
            raise wrong(
                name, "positive definite matrices", f"a smallest eigenvalue of {torch.linalg.eigvalsh(x).min():.3g}"
            )
    return root


def _roots(a, b, **more):
    """The roots of matrices of one size."""
    roots = [_root(name, x) for name, x in {"a": a, "b": b, **more}.items()]
    for name, x in {"b": b, **more}.items():
        if x.shape[-1] != a.shape[-1]:
            raise wrong(name, f"shape (..., {a.shape[-1]}, {a.shape[-1]})", str(tuple(x.shape)))
        if x.dtype != a.dtype:
            raise wrong(name, f"a {str(a.dtype).removeprefix('torch.')} tensor, as `a` is", describe(x), TypeError)
        if any(m != n and 1 not in (m, n) for m, n in zip(x.shape[::-1], a.shape[::-1], strict=False)):
            raise wrong(name, f"a shape that broadcasts with that of `a`, {tuple(a.shape)}", str(tuple(x.shape)))
    return roots
