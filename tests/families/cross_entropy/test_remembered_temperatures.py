"""A temperature for each example: what the module remembers, what passes no gradient, and what it refuses."""

import math

import pytest
import torch

import lossatlas as la
from lossatlas.losses import cross_entropy as family


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def near(got, wanted, rtol=1e-12):
    torch.testing.assert_close(got, torch.as_tensor(wanted, dtype=got.dtype).reshape(got.shape), rtol=rtol, atol=1e-14)


LOGITS, TARGET = 2 * numbers(4, 3), torch.tensor([0, 2, 1, 1])


def temperature(row, lam, lam0=1.0, alpha=2.0):
    powers = [math.exp(f / lam) for f in row]
    p = [v / sum(powers) + 1e-5 for v in powers]
    p = [v / sum(p) for v in p]
    divergence = sum(v * math.log(len(p) * v) for v in p)
    return lam0 - lam0 * divergence / (alpha * math.log(len(p)))


def robust(row, y, before, margin=0.1, lam0=1.0, alpha=2.0):
    lam = temperature(row, before, lam0, alpha)
    d = [f - row[y] + (margin if k != y else 0.0) for k, f in enumerate(row)]
    mean = sum(math.exp(v / lam) for v in d) / len(d)
    return lam * math.log(mean) - alpha * math.log(len(d)) / (2 * lam0) * (lam - lam0) ** 2


@pytest.mark.parametrize("hyper", [{}, {"margin": 0.4, "lam0": 0.7, "alpha": 3.5}])
def test_remembered_temperatures(hyper):
    module = family.ALDRKLLoss(6, reduction="none", **hyper).double()
    index, weight = torch.tensor([5, 0, 2, 3]), torch.tensor([1.0, 0.0, 2.0, 0.5], dtype=torch.float64)
    lam0 = torch.tensor(hyper.get("lam0", 1.0)).item()  # the module was made in float32
    lam, slow = [lam0] * 4, {k: v for k, v in hyper.items() if k != "margin"}
    for _ in range(2):
        items = [robust(r, y, b, **hyper) for r, y, b in zip(LOGITS.tolist(), TARGET.tolist(), lam, strict=True)]
        near(module.eval()(LOGITS, TARGET, index), items)
        near(module.temperature[index], lam)
        near(
            module.train()(LOGITS, TARGET, index, sample_weight=weight),
            torch.tensor(items, dtype=torch.float64) * weight,
        )
        lam = [temperature(r, b, **slow) for r, b in zip(LOGITS.tolist(), lam, strict=True)]
        near(module.temperature[index], lam)
        near(module.temperature[[1, 4]], [lam0, lam0])


def test_remembered_temperatures_by_default():
    module = family.ALDRKLLoss(4)
    items = [robust(r, y, 1.0) for r, y in zip(LOGITS.tolist(), TARGET.tolist(), strict=True)]
    value = module(LOGITS, TARGET, torch.arange(4, dtype=torch.int32))
    near(value, sum(items) / 4, rtol=1e-6)
    assert module.temperature.dtype == torch.float32 and "temperature" in module.state_dict()
    assert family.ALDRKLLoss(1).temperature.tolist() == [1.0]


def test_the_temperature_is_a_constant_for_the_gradient():
    logits, target = numbers(5, 4).requires_grad_(), torch.tensor([0, 1, 2, 3, 0])
    (got,) = torch.autograd.grad(la.aldr_kl_loss(logits, target), logits)
    lam = family.aldr_kl_temperature(logits.detach(), torch.ones(5, dtype=torch.float64))
    parts = [la.ldr_kl_loss(logits[n : n + 1], target[n : n + 1], lam=lam[n].item()) for n in range(5)]
    (wanted,) = torch.autograd.grad(sum(parts) / 5, logits)
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("lam", [None, "given"])
def test_temperatures_from_before_pass_no_gradient(lam):
    logits = numbers(5, 4).requires_grad_()
    before = None if lam is None else (1 + numbers(5, seed=3).abs()).requires_grad_()
    value = la.aldr_kl_loss(logits, torch.tensor([0, 1, 2, 3, 0]), lam=before)
    if before is not None:
        assert torch.autograd.grad(value, before, allow_unused=True) == (None,)


def test_remembered_temperatures_have_no_history():
    module = family.ALDRKLLoss(5).double()
    for _ in range(2):
        module(numbers(5, 4).requires_grad_(), torch.tensor([0, 1, 2, 3, 0]), torch.arange(5)).backward()
        assert not module.temperature.requires_grad


MADE = family.ALDRKLLoss(4).double()
REFUSED = {
    "examples 0": (ValueError, "examples", lambda: family.ALDRKLLoss(0)),
    "examples 2.0": (ValueError, "examples", lambda: family.ALDRKLLoss(2.0)),
    "examples True": (TypeError, "examples", lambda: family.ALDRKLLoss(True)),
    "margin < 0": (ValueError, "margin", lambda: family.ALDRKLLoss(2, margin=-0.5)),
    "lam0 = 0": (ValueError, "lam0", lambda: family.ALDRKLLoss(2, lam0=0.0)),
    "alpha = 1": (ValueError, "alpha", lambda: family.ALDRKLLoss(2, alpha=1.0)),
    "reduction": (ValueError, "reduction", lambda: family.ALDRKLLoss(2, reduction="avg")),
    "a list of numbers": (TypeError, "index", lambda: MADE(LOGITS, TARGET, [0, 1, 2, 3])),
    "numbers of floats": (TypeError, "index", lambda: MADE(LOGITS, TARGET, torch.arange(4.0))),
    "two axes": (ValueError, "index", lambda: MADE(LOGITS, TARGET, torch.arange(4).reshape(2, 2))),
    "example 4 of 4": (ValueError, "index", lambda: MADE(LOGITS, TARGET, torch.arange(1, 5))),
    "example -1": (ValueError, "index", lambda: MADE(LOGITS, TARGET, torch.arange(-1, 3))),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    error, argument, call = REFUSED[name]
    with pytest.raises(error, match=f"^`{argument}`: expected .*, got "):
        call()
