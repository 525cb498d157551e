"""The search for the inputs nearby that move the margins of a model far, step by step."""

import pytest
import torch

from lossatlas.losses import cross_entropy as family


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


X = numbers(4, 3)


def shift(before, after, target):
    """How far the margins move, differentiable."""
    at = torch.arange(len(target)), target
    moved = (after[at] - before[at]).unsqueeze(-1) - (after - before)
    return moved.square().sum(-1).sqrt()


def model(x):
    return torch.tanh(x @ numbers(3, 4, seed=7)) + x @ numbers(3, 4, seed=8)


@pytest.mark.parametrize("steps", [1, 3, 10])
def test_worst_perturbation_step_by_step(steps):
    gamma, target = 0.7, torch.tensor([0, 1, 2, 3])
    start = torch.rand(X.shape, generator=torch.Generator().manual_seed(3), dtype=X.dtype)
    moved = (start - 0.5) * 2 * gamma
    for _ in range(steps):
        here = moved.clone().requires_grad_()
        (uphill,) = torch.autograd.grad(shift(model(X), model(X + here), target).sum(), here)
        stride = 2.5 * gamma / steps
        moved = torch.where(uphill > 0, moved + stride, moved - stride)
        moved = torch.minimum(torch.maximum(moved, torch.full_like(moved, -gamma)), torch.full_like(moved, gamma))
    got = family.worst_perturbation(
        model, X, target, gamma=gamma, steps=steps, generator=torch.Generator().manual_seed(3)
    )
    near(got, X + moved)


def test_worst_perturbation_looks_at_the_model_once_and_once_a_step():
    calls, weight = [], numbers(3, 4, seed=8).requires_grad_()

    def watched(x):
        calls.append(x.requires_grad)
        return x @ weight

    family.worst_perturbation(watched, X, torch.tensor([0, 1, 2, 3]), gamma=0.1)
    assert calls == [False, *[True] * 10]
    family.worst_perturbation(watched, X, torch.tensor([0, 1, 2, 3]), gamma=0.0, steps=1)
    assert len(calls) == 13 and weight.grad is None


def test_a_perturbation_has_no_history():
    weight, x = numbers(3, 4, seed=1).requires_grad_(), numbers(5, 3).requires_grad_()
    moved = family.worst_perturbation(lambda x: x @ weight, x, torch.zeros(5, dtype=torch.long), gamma=0.1, steps=2)
    assert not moved.requires_grad and (moved - x).abs().max() <= 0.1 + 1e-12
