"""Numerically safe building blocks: right values *and* right gradients where the plain form breaks."""

import math

import torch
from torch.nn import functional

from .fused import fused

LOG_2 = math.log(2.0)


def log1mexp(x):
    r"""$\log(1 - e^{x})$ for $x \le 0$, accurate near both ends; $-\infty$ at 0.

    Near 0 the difference $1 - e^x$ cancels (use `expm1`); far from it the logarithm does (use `log1p`).
    """
    near = x > -LOG_2
    from_expm1 = (-torch.expm1(torch.where(near, x, -LOG_2))).log()
    from_log1p = torch.log1p(-torch.where(near, -LOG_2, x).exp())
    return torch.where(near, from_expm1, from_log1p)


def expm1_over(a, x):
    r"""$(e^{a x} - 1)/a$ with its limit $x$ at $a = 0$; `a` is a number or a tensor."""
    if not isinstance(a, torch.Tensor):
        return x if a == 0 else torch.expm1(a * x) / a
    nonzero = torch.where(a == 0, torch.ones_like(a), a)
    return torch.where(a == 0, x, torch.expm1(nonzero * x) / nonzero)


def safe_norm(x, dim=-1, keepdim=False):
    r"""Euclidean norm along one axis, whose gradient at the zero vector is zero and not NaN.

    The largest entry is divided out first, so that squares neither overflow nor underflow.
    """
    largest = x.detach().abs().amax(dim, keepdim=True)
    scale = torch.where((largest > 0) & largest.isfinite(), largest, torch.ones_like(largest))
    square = (x / scale).square().sum(dim, keepdim=True)
    zero = square == 0
    norm = torch.where(zero, torch.ones_like(square), square).sqrt() * scale
    norm = torch.where(zero, torch.zeros_like(norm), norm)
    return norm if keepdim else norm.squeeze(dim)


def unit_forward(x):
    largest = x.abs().amax(-1, keepdim=True)
    # 1 in place of what cannot be divided by.
    largest = largest.masked_fill_((largest == 0) | ~largest.isfinite(), 1)
    direction = x / largest
    norm = torch.linalg.vector_norm(direction, dim=-1, keepdim=True)
    zero = norm == 0
    direction /= norm.masked_fill_(zero, 1)
    return direction, direction, largest.mul_(norm).masked_fill_(zero, torch.inf)


def _unit_backward(gradient, direction, norm):
    along = torch.linalg.vecdot(gradient, direction).unsqueeze(-1)
    return (torch.addcmul(gradient, direction, along, value=-1).div_(norm),)


@fused(unit_forward, _unit_backward)
def unit(x):
    r"""Vectors along the last axis divided by their length; the zero vector stays zero, with zero gradient.

    The gradient of $u = x / \|x\|$ takes a direction $v$ to $(v - (u \cdot v)\,u) / \|x\|$.
    """
    norm = safe_norm(x, keepdim=True)
    zero = norm == 0
    return torch.where(zero, 0.0, x / torch.where(zero, 1.0, norm))


def square_distances(x, y):
    r"""All squared distances $\|x_n - y_m\|^2$ between rows, from differences and so without cancellation."""
    return (x.unsqueeze(-2) - y.unsqueeze(-3)).square().sum(-1)


def _log_square_distances_forward(x, y, eps):
    distances = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist")
    squares = distances.square().add_(eps)
    tiny = torch.finfo(squares.dtype).tiny
    logs = squares.clamp(min=tiny).log_()
    # Infinite where another number stands in: no gradient comes from there.
    return logs, x, y, distances, squares.masked_fill_(squares < tiny, torch.inf)


def _log_square_distances_backward(gradient, x, y, distances, squares):
    gradient = gradient / squares
    # The kernel divides the differences by the distances, and knows a distance of 0.
    pull, kernel = 2 * gradient * distances, torch.ops.aten._cdist_backward
    turned, turned_distances = pull.mT.contiguous(), distances.mT.contiguous()
    return kernel(pull, x, y, 2.0, distances), kernel(turned, y, x, 2.0, turned_distances), gradient.sum()


@fused(_log_square_distances_forward, _log_square_distances_backward)
def log_square_distances(x, y, eps):
    r"""$\log(\|x_n - y_m\|^2 + \varepsilon)$ for all pairs of rows: (N, D), (M, D) -> (N, M).

    A sum of 0 counts as the smallest normal number. It has no direction, and passes no gradient.
    """
    squares = square_distances(x, y) + eps
    return squares.clamp(min=torch.finfo(squares.dtype).tiny).log()


def softplus(x):
    r"""$\log(1 + e^x)$ to the last digit: torch's own leaves out $e^{-x}$ from 20 on, where float64 still sees it."""
    return functional.softplus(x, threshold=40.0)


def xlogy(x, y):
    r"""$x \log y$ with $0 \log 0 = 0$ and a finite gradient there."""
    zero = x == 0
    return torch.where(zero, torch.zeros_like(x * y), x * torch.where(zero, torch.ones_like(y), y).log())


def one_hot(target, like):
    r"""Rows with 1 at the target and 0 elsewhere, in dtype and number of classes of `like`: (N,), (N, C) -> (N, C).

    `torch.nn.functional.one_hot` gives integers, which turn a product with a Python number into float32,
    and it does not go through `vmap(grad(...))`.
    """
    return (target.unsqueeze(-1) == torch.arange(like.shape[-1], device=like.device)).to(like.dtype)
