"""Safe primitives against 50 digits of mpmath: the value and the gradient, where the plain form breaks."""

import math

import mpmath
import pytest
import torch

from lossatlas.contract import safe

mpmath.mp.dps = 50
TINY = [-1e-300, -1e-20, -1e-8, -1e-3, -0.5, -math.log(2), -0.7, -3.0, -40.0, -700.0]


def with_gradient(function, x):
    x = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    value = function(x)
    return value.detach().tolist(), torch.autograd.grad(value.sum(), x)[0].tolist()


@pytest.mark.parametrize("x", TINY)
def test_log1mexp(x):
    value, gradient = with_gradient(safe.log1mexp, x)
    assert value == pytest.approx(float(mpmath.log(-mpmath.expm1(x))), rel=1e-14)
    assert gradient == pytest.approx(float(-mpmath.exp(x) / -mpmath.expm1(x)), rel=1e-12)


def test_log1mexp_at_its_end():
    assert safe.log1mexp(torch.tensor(0.0)) == -math.inf
    assert safe.log1mexp(torch.tensor(-math.inf)) == 0


@pytest.mark.parametrize("a", [0.0, 1e-200, 1e-12, -1e-9, 0.3, 1.0, -2.0])
@pytest.mark.parametrize("x", [0.0, 1e-20, -1e-6, 0.7, -5.0, 30.0])
def test_expm1_over(a, x):
    wanted = float(mpmath.expm1(mpmath.mpf(a) * x) / a) if a else x
    value, gradient = with_gradient(lambda t: safe.expm1_over(a, t), x)
    assert value == pytest.approx(wanted, rel=1e-13, abs=0)
    assert gradient == pytest.approx(float(mpmath.exp(mpmath.mpf(a) * x)), rel=1e-13)
    as_tensor, gradient_as_tensor = with_gradient(lambda t: safe.expm1_over(torch.tensor(a, dtype=torch.float64), t), x)
    assert as_tensor == pytest.approx(wanted, rel=1e-13, abs=0) and gradient_as_tensor == pytest.approx(
        gradient, rel=1e-13
    )


def test_expm1_over_many_exponents():
    a = torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64)
    got = torch.func.vmap(lambda each: safe.expm1_over(each, torch.tensor(2.0, dtype=torch.float64)))(a)
    assert got.tolist() == pytest.approx([2.0, math.expm1(2), 1 - math.exp(-2)])


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e200])
def test_safe_norm(size):
    x = [3 * size, -4 * size, 0.0]
    value, gradient = with_gradient(safe.safe_norm, x)
    length = mpmath.sqrt(sum(mpmath.mpf(t) ** 2 for t in x))
    assert value == pytest.approx(float(length), rel=1e-12, abs=0)
    assert gradient == pytest.approx([float(t / length) for t in x], rel=1e-9)


def test_the_norm_of_nothing_pulls_nowhere():
    assert with_gradient(safe.safe_norm, [0.0, 0.0]) == (0.0, [0.0, 0.0])
    assert with_gradient(lambda x: safe.unit(x), [0.0, 0.0])[0] == [0.0, 0.0]
    assert all(map(math.isfinite, with_gradient(safe.unit, [0.0, 0.0])[1]))
    assert safe.safe_norm(torch.zeros(2, 3), dim=0, keepdim=True).shape == (1, 3)


def test_unit():
    assert with_gradient(safe.unit, [3e-200, 4e-200])[0] == pytest.approx([0.6, 0.8], rel=1e-12)
    x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(safe.unit, x) and torch.autograd.gradgradcheck(safe.safe_norm, x)


def test_square_distances_do_not_cancel():
    x = torch.tensor([[1e8, 1.0]], dtype=torch.float64)
    y = torch.tensor([[1e8, 1.5], [1e8 + 2, 1.0]], dtype=torch.float64)
    assert safe.square_distances(x, y).tolist() == [[0.25, 4.0]]


def test_xlogy():
    zero = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([0.0, 0.5], dtype=torch.float64, requires_grad=True)
    safe.xlogy(zero, y).sum().backward()
    assert zero.grad.isfinite().all() and y.grad.tolist() == [0, 0]
    assert safe.xlogy(torch.tensor(0.25), torch.tensor(0.5)).item() == pytest.approx(0.25 * math.log(0.5))


def test_one_hot():
    target, like = torch.tensor([2, 0]), torch.zeros(2, 3, dtype=torch.float64)
    wanted = torch.nn.functional.one_hot(target, 3)
    got = safe.one_hot(target, like)
    assert got.dtype == torch.float64 and torch.equal(got, wanted.double())
    gradients = torch.func.vmap(torch.func.grad(lambda x, t: (safe.one_hot(t, x) * x).sum()))(
        like.unsqueeze(1), target.unsqueeze(1)
    )
    assert torch.equal(gradients.squeeze(1), got)
