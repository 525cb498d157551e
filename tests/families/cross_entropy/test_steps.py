"""Training steps: what they hold fixed, and the surrogate step against one derived by hand."""

import pytest
import torch

from lossatlas.losses import cross_entropy as family


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


def leaf(*shape, seed=0):
    return numbers(*shape, seed=seed).requires_grad_()


def test_the_surrogate_holds_its_anchor_and_its_gradient_fixed():
    outputs, anchor, gradient = leaf(4, 3), leaf(4, 3, seed=1), leaf(4, 3, seed=2)
    value = family.target_surrogate_loss(outputs, anchor, gradient, eta=0.5)
    gradients = torch.autograd.grad(value, (outputs, anchor, gradient), allow_unused=True)
    torch.testing.assert_close(gradients[0], (gradient + (outputs - anchor) / 0.5).detach())
    assert gradients[1:] == (None, None)


def test_the_surrogate_step_returns_what_has_no_history():
    x, weight = leaf(6, 3), leaf(3, 2, seed=1)
    for steps in (1, 3):
        moved = family.sso_step({"w": weight}, lambda p: x @ p["w"], lambda z: z.square().sum(), inner_steps=steps)
        assert not moved["w"].requires_grad


@pytest.mark.parametrize("hyper", [{}, {"inner_steps": 2}, {"eta": 0.3, "inner_steps": 3, "learning_rate": 0.05}])
def test_sso_step(hyper):
    x, weight, bias = numbers(4, 2), numbers(2, seed=1), numbers(1, seed=2)
    eta, rate = hyper.get("eta", 1.0), hyper.get("learning_rate", 1.0)
    forward = lambda p: torch.tanh(x @ p["weight"] + p["bias"])  # noqa: E731
    objective = lambda z: (z - 1).pow(4).sum()  # noqa: E731
    w, b = weight.clone(), bias.clone()
    anchor = torch.tanh(x @ w + b)
    gradient = 4 * (anchor - 1) ** 3
    for _ in range(hyper.get("inner_steps", 1)):
        z = torch.tanh(x @ w + b)
        pull = (gradient + (z - anchor) / eta) * (1 - z**2)
        w, b = w - rate * x.T @ pull, b - rate * pull.sum()
    got = family.sso_step({"weight": weight, "bias": bias}, forward, objective, **hyper)
    assert got.keys() == {"weight", "bias"}
    near(got["weight"], w)
    near(got["bias"], b)


def test_labels_of_another_precision_do_not_change_that_of_the_step():
    for step in (family.batch_perceptron_step, family.normalized_logistic_gd_step):
        assert step(torch.zeros(3), numbers(4, 3).float(), torch.ones(4, dtype=torch.float64)).dtype == torch.float32
