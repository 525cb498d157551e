"""What a loss or a step holds fixed passes no gradient on, and what a step returns has no history."""

import pytest
import torch

import lossatlas as la


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def leaf(*shape, seed=0):
    return normal(*shape, seed=seed).requires_grad_()


def test_the_surrogate_holds_its_anchor_and_its_gradient_fixed():
    outputs, anchor, gradient = leaf(4, 3), leaf(4, 3, seed=1), leaf(4, 3, seed=2)
    value = la.losses.cross_entropy.target_surrogate_loss(outputs, anchor, gradient, eta=0.5)
    slopes = torch.autograd.grad(value, (outputs, anchor, gradient), allow_unused=True)
    torch.testing.assert_close(slopes[0], (gradient + (outputs - anchor) / 0.5).detach())
    assert slopes[1:] == (None, None)


def test_the_surrogate_step_returns_what_has_no_history():
    x, weight = leaf(6, 3), leaf(3, 2, seed=1)
    for steps in (1, 3):
        moved = la.losses.cross_entropy.sso_step(
            {"w": weight}, lambda p: x @ p["w"], lambda z: z.square().sum(), inner_steps=steps
        )
        assert not moved["w"].requires_grad


def test_a_perturbation_has_no_history():
    weight, x = leaf(3, 4, seed=1), leaf(5, 3)
    moved = la.losses.cross_entropy.worst_perturbation(
        lambda x: x @ weight, x, torch.zeros(5, dtype=torch.long), gamma=0.1, steps=2
    )
    assert not moved.requires_grad and (moved - x).abs().max() <= 0.1 + 1e-12


def test_the_temperature_is_a_constant_for_the_gradient():
    logits, target = leaf(5, 4), torch.tensor([0, 1, 2, 3, 0])
    (got,) = torch.autograd.grad(la.aldr_kl_loss(logits, target), logits)
    lam = la.losses.cross_entropy.aldr_kl_temperature(logits.detach(), torch.ones(5, dtype=torch.float64))
    parts = [la.ldr_kl_loss(logits[n : n + 1], target[n : n + 1], lam=lam[n].item()) for n in range(5)]
    (wanted,) = torch.autograd.grad(sum(parts) / 5, logits)
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("lam", [None, "given"])
def test_temperatures_from_before_pass_no_gradient(lam):
    logits = leaf(5, 4)
    before = None if lam is None else (1 + normal(5, seed=3).abs()).requires_grad_()
    value = la.aldr_kl_loss(logits, torch.tensor([0, 1, 2, 3, 0]), lam=before)
    if before is not None:
        assert torch.autograd.grad(value, before, allow_unused=True) == (None,)


def test_remembered_temperatures_have_no_history():
    module = la.losses.cross_entropy.ALDRKLLoss(5).double()
    for _ in range(2):
        module(leaf(5, 4), torch.tensor([0, 1, 2, 3, 0]), torch.arange(5)).backward()
        assert not module.temperature.requires_grad
