"""The factored output layer at its limits: its start, when it tidies up, what it refuses, what has no history."""

import pytest
import torch

from lossatlas.losses.cross_entropy import FactoredSphericalLayer, squared_error_from_sums, z_loss_from_sums


def numbers(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layer(d=3, classes=5, loss=squared_error_from_sums, **hyper):
    made = FactoredSphericalLayer(d, classes, loss, dtype=torch.float64, **hyper)
    made.set_weight(numbers(classes, d, seed=9))
    return made


HIDDEN, TARGET = numbers(4, 3), torch.tensor([0, 4, 2, 2])


def test_outputs_are_level_up_to_a_variance_of_four_roundings():
    eps = torch.finfo(torch.float64).eps
    for roundings in range(1, 9):
        one = torch.ones(1, dtype=torch.float64)
        value = z_loss_from_sums(2 * one, 2 * (one + roundings * eps), 1.5 * one, classes=2)
        assert (value == torch.nn.functional.softplus(torch.zeros(()).double())) == (roundings <= 4), roundings


def test_it_starts_from_uniform_weights_within_one_over_the_root_of_d():
    torch.manual_seed(0)
    weight = FactoredSphericalLayer(16, 2000, squared_error_from_sums).weight()
    assert weight.dtype == torch.float32
    assert 0.249 < weight.max() <= 0.25 and -0.25 <= weight.min() < -0.249 and abs(weight.mean()) < 0.01


def test_a_weight_with_a_history_is_taken_without_it():
    made = layer()
    made.set_weight(numbers(5, 3).requires_grad_())
    assert not any(buffer.requires_grad for buffer in made.buffers())
    assert torch.equal(made.weight(), numbers(5, 3))


def test_the_best_outputs_have_no_history_and_name_classes():
    hidden = HIDDEN.clone().requires_grad_()
    made = layer()
    for options in ({}, {"k": 5}, {"k": 2, "block": 1}):
        best, names = made.top_k(hidden, **options)
        wanted = (hidden @ made.weight().T).topk(options.get("k", 1))
        torch.testing.assert_close(best, wanted.values.detach())
        assert torch.equal(names, wanted.indices) and names.dtype == torch.int64 and not best.requires_grad


@pytest.mark.parametrize("n", [0, 1, 2])
def test_the_mean_of_few(n):
    made = layer()
    outputs = HIDDEN[:n] @ made.weight().T
    wanted = sum((row - torch.eye(5).double()[y]).square().sum() for row, y in zip(outputs, TARGET[:n], strict=True))
    for value in (made.loss(HIDDEN[:n], TARGET[:n]), made.step(HIDDEN[:n], TARGET[:n], lr=1e-3)[0]):
        torch.testing.assert_close(value, torch.as_tensor(wanted, dtype=torch.float64) / max(n, 1))


def test_labels_of_32_bits():
    one, other = layer(), layer()
    assert torch.equal(one.loss(HIDDEN, TARGET.int()), one.loss(HIDDEN, TARGET))
    one.step(HIDDEN, TARGET.int(), lr=0.1)
    other.step(HIDDEN, TARGET, lr=0.1)
    assert torch.equal(one.weight(), other.weight())


@pytest.mark.parametrize(("classes", "every"), [(5, 24), (30, 30)])
def test_it_refreshes_after_as_many_examples_as_classes_or_eight_times_the_length(classes, every):
    made = layer(classes=classes)
    assert made.seen.dtype == torch.int64 and made.seen == 0
    for n in range(1, every + 1):
        made.step(HIDDEN[:1], TARGET[:1], lr=1e-6)
        assert made.seen == (n if n < every else 0)


@pytest.mark.parametrize(("size", "moved"), [(32.1, False), (32.2, True)])
@pytest.mark.parametrize("upside_down", [False, True])
def test_it_rebalances_when_the_factor_stretches_more_than_32_times(size, moved, upside_down):
    made = layer(d=2)
    size = 1 / size if upside_down else size
    with torch.no_grad():
        made.U.copy_(torch.diag(torch.tensor([size, 1.0])))
        made.U_inverse.copy_(torch.diag(torch.tensor([1 / size, 1.0], dtype=torch.float64)))
    made.refresh()
    before = made.weight()
    made.step(HIDDEN[:1, :2] * 0, TARGET[:1], lr=1e-6)
    assert torch.allclose(torch.linalg.svdvals(made.U), torch.ones(2).double()) == moved
    torch.testing.assert_close(made.weight(), before)


def test_rebalancing_leaves_what_stretches_at_most_twice():
    for size, stays in [(1.9, True), (2.0, True), (2.1, False), (1 / 1.9, True), (0.5, True), (1 / 2.1, False)]:
        made = layer(d=2)
        made.U.copy_(torch.diag(torch.tensor([size, 1.0])))
        made.refresh()
        before = made.weight()
        made.rebalance()
        sizes = torch.linalg.svdvals(made.U)
        assert torch.allclose(
            sizes.sort().values, torch.tensor(sorted([size, 1.0])).double() if stays else torch.ones(2).double()
        )
        torch.testing.assert_close(made.weight(), before)
        torch.testing.assert_close(made.U @ made.U_inverse, torch.eye(2).double())


def test_a_factor_that_stretches_as_far_as_it_may_is_left():
    made = layer(d=33)
    sizes = torch.tensor([33.0, 6.0, *[1.0] * 31], dtype=torch.float64)  # their squares sum to 4 * 33 + 32 * 32
    made.U.copy_(torch.diag(sizes))
    made.refresh()
    made.step(torch.zeros(1, 33, dtype=torch.float64), TARGET[:1], lr=1e-6)
    assert torch.equal(made.U, torch.diag(sizes))


def test_refreshing_takes_the_inverse_anew():
    made = layer()
    made.step(HIDDEN, TARGET, lr=0.1)
    for buffer in (made.U_inverse, made.Q, made.w_bar):
        buffer.mul_(1.5)
    made.refresh()
    weight = made.weight()
    torch.testing.assert_close(made.U @ made.U_inverse, torch.eye(3).double())
    torch.testing.assert_close(made.Q, weight.T @ weight)
    torch.testing.assert_close(made.w_bar, weight.sum(0))


@pytest.mark.parametrize(
    ("target", "named"), [([0, 1, 5, 2], "5"), ([0, -1, 1, 2], "-1"), ([0, -2, 7, 2], "-2"), ([1, 6, 2, 2], "6")]
)
def test_the_label_that_is_outside_is_named(target, named):
    with pytest.raises(ValueError, match=rf"^`target`: expected class indices in \[0, 5\), got {named}$"):
        layer().loss(HIDDEN, torch.tensor(target))


def test_what_a_step_returns():
    made, hidden = layer(), HIDDEN.clone().requires_grad_()
    before = made.loss(HIDDEN, TARGET)
    value, gradient = made.step(hidden, TARGET, lr=0.01)
    torch.testing.assert_close(value.detach(), before)
    (found,) = torch.autograd.grad(value, hidden)
    torch.testing.assert_close(found, gradient)
    assert not gradient.requires_grad
    assert not made.step(HIDDEN, TARGET, lr=0.01)[0].requires_grad
    with torch.no_grad():
        assert not made.step(hidden, TARGET, lr=0.01)[0].requires_grad


REFUSED = {
    "no features": (ValueError, "features", lambda: layer(d=0)),
    "one class": (ValueError, "classes", lambda: layer(classes=1)),
    "features True": (TypeError, "features", lambda: layer(d=True)),
    "classes 5.0": (ValueError, "classes", lambda: FactoredSphericalLayer(3, 5.0, squared_error_from_sums)),
    "no dtype": (TypeError, "dtype", lambda: FactoredSphericalLayer(3, 5, squared_error_from_sums, dtype="float32")),
    "half precision": (
        ValueError,
        "dtype",
        lambda: FactoredSphericalLayer(3, 5, squared_error_from_sums, dtype=torch.float16),
    ),
    "no loss": (TypeError, "loss", lambda: FactoredSphericalLayer(3, 5, "z")),
    "a loss that is a mean": (
        ValueError,
        "loss",
        lambda: FactoredSphericalLayer(3, 5, lambda *sums, classes: sums[0].mean()),
    ),
    "a loss of too many values": (
        ValueError,
        "loss",
        lambda: FactoredSphericalLayer(3, 5, lambda *sums, classes: torch.ones(3)),
    ),
    "weight: a list": (TypeError, "weight", lambda: layer().set_weight([[0.0] * 3] * 5)),
    "weight: integers": (TypeError, "weight", lambda: layer().set_weight(torch.ones(5, 3, dtype=torch.long))),
    "weight: a class more": (ValueError, "weight", lambda: layer().set_weight(numbers(6, 3))),
    "weight: a class less": (ValueError, "weight", lambda: layer().set_weight(numbers(4, 3))),
    "outputs: another length": (ValueError, "hidden", lambda: layer()(numbers(4, 2))),
    "outputs: a longer length": (ValueError, "hidden", lambda: layer()(numbers(4, 4))),
    "outputs: one axis": (ValueError, "hidden", lambda: layer()(numbers(3))),
    "outputs: three axes": (ValueError, "hidden", lambda: layer()(numbers(2, 3, 3))),
    "outputs: a list": (TypeError, "hidden", lambda: layer()(HIDDEN.tolist())),
    "outputs: float32": (TypeError, "hidden", lambda: layer()(HIDDEN.float())),
    "outputs: elsewhere": (ValueError, "hidden", lambda: layer()(HIDDEN.to("meta"))),
    "best: another length": (ValueError, "hidden", lambda: layer().top_k(numbers(4, 2))),
    "best: k = 0": (ValueError, "k", lambda: layer().top_k(HIDDEN, 0)),
    "best: k = 6 of 5": (ValueError, "k", lambda: layer().top_k(HIDDEN, 6)),
    "best: k = 2.0": (ValueError, "k", lambda: layer().top_k(HIDDEN, 2.0)),
    "best: k = True": (TypeError, "k", lambda: layer().top_k(HIDDEN, True)),
    "best: none at a time": (ValueError, "block", lambda: layer().top_k(HIDDEN, 1, block=0)),
    "loss: another length": (ValueError, "hidden", lambda: layer().loss(numbers(4, 2), TARGET)),
    "loss: class 5 of 5": (ValueError, "target", lambda: layer().loss(HIDDEN, TARGET + 1)),
    "loss: class -1": (ValueError, "target", lambda: layer().loss(HIDDEN, TARGET - 1)),
    "step: labels of floats": (TypeError, "target", lambda: layer().step(HIDDEN, TARGET.double(), 0.1)),
    "step: a list": (TypeError, "target", lambda: layer().step(HIDDEN, TARGET.tolist(), 0.1)),
    "step: no labels": (TypeError, "target", lambda: layer().step(HIDDEN, None, 0.1)),
    "step: too few labels": (ValueError, "target", lambda: layer().step(HIDDEN, TARGET[:3], 0.1)),
    "step: too many labels": (ValueError, "target", lambda: layer().step(HIDDEN, torch.tensor([0, 4, 2, 2, 1]), 0.1)),
    "step: labels elsewhere": (ValueError, "target", lambda: layer().step(HIDDEN, TARGET.to("meta"), 0.1)),
    "step: rate 0": (ValueError, "lr", lambda: layer().step(HIDDEN, TARGET, 0.0)),
    "step: endless loss": (ValueError, "hidden", lambda: layer().step(HIDDEN * 1e200, TARGET, 0.1)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    error, argument, call = REFUSED[name]
    with pytest.raises(error, match=f"^`{argument}`: expected .*, got "):
        call()
