"""Scores as the authors of the robust losses feed them: any number of axes before the classes, and extreme scores."""

import math

import pytest
import torch

from lossatlas.losses import cross_entropy as family


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 3)])
def test_normalised_scores(shape):
    x = 3 * numbers(*shape)
    soft, plain = family.softplus_mean_normalize(x), family.mean_abs_normalize(x)
    for row, got, other in zip(x.reshape(-1, 3).tolist(), soft.reshape(-1, 3), plain.reshape(-1, 3), strict=True):
        softplus = [math.log1p(math.exp(f)) for f in row]
        near(got, [s / (sum(softplus) / 3) for s in softplus])
        near(other, [f / (sum(abs(v) for v in row) / 3) for f in row])


def test_scores_of_nothing_and_scores_of_size_one_stay():
    x = torch.tensor([[0.0, 0.0], [1.0, -1.0], [0.5, 1.5]], dtype=torch.float64, requires_grad=True)
    got = family.mean_abs_normalize(x)
    near(got.detach(), x.detach())
    (gradient,) = torch.autograd.grad(got, x, torch.tensor([1.0, 2.0], dtype=torch.float64).expand(3, 2))
    assert gradient[0].tolist() == [0, 0] and gradient.isfinite().all()


@pytest.mark.parametrize("low", [-36.0, -39.9, -40.1, -45.0, -800.0])
def test_softplus_keeps_the_ratios_of_very_negative_scores(low):
    got = family.softplus_mean_normalize(torch.tensor([low, low + math.log(3)], dtype=torch.float64))
    near(got, [0.5, 1.5], rtol=2 * math.exp(max(low, -36.0)) + 1e-12)
