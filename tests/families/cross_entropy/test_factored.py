"""The factored output layer: the same losses, gradients and weights as the plain computation, at a fixed cost."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

import lossatlas
from lossatlas.losses.cross_entropy.factored import (
    FactoredSphericalLayer,
    spherical_softmax_from_sums,
    squared_error_from_sums,
    taylor_softmax_from_sums,
    z_loss_from_sums,
)


def dense_z_loss(logits, target, a=1.0, b=0.0):
    z = (logits - logits.mean(1, keepdim=True)) / (logits.std(1, correction=0, keepdim=True) + 1e-12)
    return (1 + (a * (b - at(z, target))).exp()).log() / a


def dense_squared_error(logits, target):
    return (logits - torch.nn.functional.one_hot(target, logits.shape[1])).square().sum(1)


def dense_spherical_softmax(logits, target, eps=1e-4):
    weights = logits.square() + eps
    return -(at(weights, target) / weights.sum(1)).log()


def dense_taylor_softmax(logits, target):
    weights = 1 + logits + logits.square() / 2
    return -(at(weights, target) / weights.sum(1)).log()


def at(rows, target):
    return rows[torch.arange(len(rows)), target]


#: name -> (loss from sums, the same from all outputs, hyper-parameters, a step size at which training is lively)
FAMILY = {
    "z": (z_loss_from_sums, dense_z_loss, {}, 5.0),
    "sharp z": (z_loss_from_sums, dense_z_loss, {"a": 3.0, "b": 1.5}, 5.0),
    "squared error": (squared_error_from_sums, dense_squared_error, {}, 0.1),
    "spherical softmax": (spherical_softmax_from_sums, dense_spherical_softmax, {"eps": 0.5}, 0.5),
    "Taylor softmax": (taylor_softmax_from_sums, dense_taylor_softmax, {}, 1.0),
}
family = pytest.mark.parametrize("name", FAMILY)


def sums_of(logits, target):
    return {
        "total": logits.sum(1),
        "squares": logits.square().sum(1),
        "true": at(logits, target),
        "classes": logits.shape[1],
    }


def batch(n, d, classes, generator, dtype=torch.float64):
    hidden = torch.randn(n, d, generator=generator, dtype=dtype)
    target = torch.randint(0, classes, (n,), generator=generator)
    target[: n // 3] = target[:1]  # the same class several times in a batch
    return hidden, target


def plain_step(dense, hyper, weight, hidden, target, lr):
    """Loss, gradient in hidden, and the next weight, from all outputs by automatic differentiation."""
    weight, hidden = weight.clone().requires_grad_(), hidden.clone().requires_grad_()
    value = dense(hidden @ weight.T, target, **hyper).mean()
    by_weight, by_hidden = torch.autograd.grad(value, (weight, hidden))
    return value.detach(), by_hidden, (weight - lr * by_weight).detach()


def new_layer(name="z", d=7, classes=30, dtype=torch.float64, seed=0):
    torch.manual_seed(seed)
    return FactoredSphericalLayer(d, classes, FAMILY[name][0], dtype=dtype, **FAMILY[name][2])


def error(found, expected):
    return ((found - expected).abs().max() / expected.abs().max().clamp(min=1e-300)).item()


@family
def test_a_loss_from_sums_is_the_loss_of_all_outputs(name):
    from_sums, dense, hyper, _ = FAMILY[name]
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(20, 9, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.randint(0, 9, (20,), generator=generator)
    values = [from_sums(**sums_of(logits, target), **hyper), dense(logits, target, **hyper)]
    torch.testing.assert_close(*values, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad(v.sum(), logits)[0] for v in values]
    torch.testing.assert_close(*gradients, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    "from_sums, name, hyper",
    [
        (z_loss_from_sums, "spherical_z_loss", {"a": 2.0, "b": 1.0}),
        (spherical_softmax_from_sums, "spherical_softmax_loss", {}),
        (taylor_softmax_from_sums, "taylor_softmax_loss", {}),
    ],
)
def test_a_loss_from_sums_is_the_registered_loss(from_sums, name, hyper):
    inputs = lossatlas.get(name).signature.sample(3, N=20, C=9)
    found = from_sums(**sums_of(inputs["logits"], inputs["target"]), **hyper)
    torch.testing.assert_close(found, lossatlas.get(name)(**inputs, reduction="none", **hyper), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    "target, a, b, value", [(2, 1, 0, 0.2176217216), (0, 1, 0, 1.1079403077), (2, 2, 1, 0.1811868247)]
)
def test_z_loss_by_hand(target, a, b, value):
    logits = torch.tensor([[0.0, 0.0, 3.0]], dtype=torch.float64)
    found = z_loss_from_sums(**sums_of(logits, torch.tensor([target])), a=a, b=b)
    assert found.item() == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("level", [0.0, 0.1, -3e4])
def test_z_loss_of_level_outputs_is_finite_in_value_and_gradient(level):
    logits = torch.full((2, 7), level, dtype=torch.float64, requires_grad=True)
    value = z_loss_from_sums(**sums_of(logits, torch.tensor([0, 6])), b=1.0)
    torch.testing.assert_close(
        value, torch.full_like(value, 1 + torch.tensor(-1.0).exp().log1p().item()), rtol=1e-6, atol=0
    )
    assert torch.autograd.grad(value.sum(), logits)[0].isfinite().all()


@family
@pytest.mark.parametrize("n", [1, 5, 12])  # one example, fewer than features, more than features
def test_many_steps_are_the_plain_steps(name, n):
    _, dense, hyper, lr = FAMILY[name]
    layer, generator = new_layer(name), torch.Generator().manual_seed(n)
    start = weight = layer.weight()
    for _ in range(250):
        hidden, target = batch(n, 7, 30, generator)
        value, gradient = layer.step(hidden, target, lr)
        expected, by_hidden, weight = plain_step(dense, hyper, weight, hidden, target, lr)
        assert value.item() == pytest.approx(expected.item(), rel=1e-9)
        assert error(gradient, by_hidden) < 1e-8
    assert error(layer.weight(), weight) < 1e-9
    assert error(weight, start) > 0.1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.integers(1, 9),
    st.integers(1, 6),
    st.integers(4, 12),
    st.sampled_from(sorted(FAMILY)),
    st.floats(1e-3, 30),
    st.integers(0, 999),
)
def test_steps_of_any_shape_and_size_are_the_plain_steps(n, d, classes, name, lr, seed):
    _, dense, hyper, _ = FAMILY[name]
    layer, generator = new_layer(name, d, classes, seed=seed), torch.Generator().manual_seed(seed)
    weight = layer.weight()
    for _ in range(2):
        hidden, target = batch(n, d, classes, generator)
        layer.step(hidden, target, lr)
        weight = plain_step(dense, hyper, weight, hidden, target, lr)[2]
    assert error(layer.weight(), weight) < 1e-7


@pytest.mark.parametrize("name", ["z", "squared error", "Taylor softmax"])
def test_float32_is_as_good_as_the_plain_float32_step(name):
    _, dense, hyper, lr = FAMILY[name]
    layer, generator = new_layer(name, d=16, classes=80, dtype=torch.float32), torch.Generator().manual_seed(2)
    single, double = layer.weight(), layer.weight().double()
    for _ in range(300):
        hidden, target = batch(8, 16, 80, generator, torch.float32)
        layer.step(hidden, target, lr)
        single = plain_step(dense, hyper, single, hidden, target, lr)[2]
        double = plain_step(dense, hyper, double, hidden.double(), target, lr)[2]
    assert error(layer.weight(), double) < 30 * error(single, double) + 1e-5


def test_a_step_that_makes_the_shared_factor_singular_is_still_exact():
    layer = new_layer("squared error")
    hidden, target = batch(1, 7, 30, torch.Generator().manual_seed(4))
    lr = 1 / (2 * hidden.square().sum().item())  # W (I − 2η h hᵀ): the direction h is erased
    expected = plain_step(dense_squared_error, {}, layer.weight(), hidden, target, lr)[2]
    layer.step(hidden, target, lr)
    assert error(layer.weight(), expected) < 1e-13
    torch.testing.assert_close(layer.U @ layer.U_inverse, torch.eye(7, dtype=torch.float64))


def test_the_shared_factor_stays_well_conditioned_where_training_shrinks_it():
    layer, generator = new_layer("squared error"), torch.Generator().manual_seed(5)
    shrunk = torch.eye(7, dtype=torch.float64)
    for _ in range(300):
        hidden, target = batch(4, 7, 30, generator)
        hidden[:, 0] *= 2
        layer.step(hidden, target, 0.1)
        shrunk = shrunk - 0.1 * 2 / 4 * shrunk @ hidden.T @ hidden
        assert torch.linalg.cond(layer.U) < 4 * 7 + 32**2
    assert torch.linalg.matrix_norm(shrunk) < 1e-12  # what U would be, had nothing been moved into V


def test_rebalancing_and_refreshing_leave_the_weight():
    layer, generator = new_layer("squared error"), torch.Generator().manual_seed(6)
    for _ in range(14):
        layer.step(*batch(4, 7, 30, generator), 0.1)
    weight = layer.weight()
    assert torch.linalg.svdvals(layer.U).min() < 0.5
    layer.rebalance()
    assert torch.linalg.svdvals(layer.U).min() >= 0.5
    assert error(layer.weight(), weight) < 1e-13
    layer.refresh()
    assert error(layer.weight(), weight) < 1e-13


@family
def test_the_sums_are_those_of_the_weight(name):
    layer, generator = new_layer(name, classes=500), torch.Generator().manual_seed(7)
    for _ in range(90):  # fewer examples than classes: nothing is taken anew on the way
        layer.step(*batch(5, 7, 500, generator), FAMILY[name][3])
    assert layer.seen == 450
    weight = layer.weight()
    for _ in range(2):
        assert error(layer.Q, weight.T @ weight) < 1e-10
        assert error(layer.w_bar, weight.sum(0)) < 1e-10
        layer.refresh()


def test_the_sums_are_taken_anew_after_every_c_examples():
    layer = new_layer(classes=60)
    layer.Q.mul_(1.5)  # as if rounding had added up
    layer.step(*batch(59, 7, 60, torch.Generator().manual_seed(8)), 1e-3)
    weight = layer.weight()
    assert error(layer.Q, weight.T @ weight) > 0.1
    layer.step(*batch(1, 7, 60, torch.Generator().manual_seed(9)), 1e-3)
    weight = layer.weight()
    assert error(layer.Q, weight.T @ weight) < 1e-12


class Made(TorchDispatchMode):
    """Records the number of entries of the largest tensor made, views and updates in place aside."""

    largest = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        old = {a.untyped_storage()._cdata for a in args if isinstance(a, torch.Tensor)}
        for x in out if isinstance(out, (tuple, list)) else [out]:
            if isinstance(x, torch.Tensor) and x.untyped_storage()._cdata not in old:
                self.largest = max(self.largest, x.numel())
        return out


def cost(classes):
    layer = new_layer(classes=classes)
    hidden, target = batch(5, 7, classes, torch.Generator().manual_seed(10))
    with FlopCounterMode(display=False) as flops:
        layer.step(hidden, target, 0.1)
    with Made() as made:
        layer.step(hidden, target, 0.1)
    return flops.get_total_flops(), made.largest


def test_a_step_costs_the_same_for_any_number_of_classes():
    few, many = cost(100), cost(100_000)
    assert few == many
    assert many[1] <= 7 * 7


def test_a_network_below_trains_through_the_loss_as_above_a_plain_layer():
    torch.manual_seed(0)
    below = torch.nn.Sequential(torch.nn.Linear(5, 7), torch.nn.Tanh()).double()
    below_plain, layer = copy.deepcopy(below), new_layer(classes=12)
    plain = torch.nn.Linear(7, 12, bias=False, dtype=torch.float64)
    plain.weight.data.copy_(layer.weight())
    optimizer = torch.optim.Adam(below.parameters(), lr=0.01)
    optimizer_plain = torch.optim.Adam(below_plain.parameters(), lr=0.01)
    sgd = torch.optim.SGD(plain.parameters(), lr=2.0)
    x, target = batch(16, 5, 12, torch.Generator().manual_seed(11))
    losses = []
    for _ in range(60):
        optimizer.zero_grad(), optimizer_plain.zero_grad(), sgd.zero_grad()
        loss, _ = layer.step(below(x), target, 2.0)
        loss.backward()
        optimizer.step()
        expected = dense_z_loss(plain(below_plain(x)), target).mean()
        expected.backward()
        optimizer_plain.step(), sgd.step()
        losses.append(loss.item())
        assert losses[-1] == pytest.approx(expected.item(), rel=1e-8)
    assert losses[-1] < losses[0] / 2


@family
def test_loss_is_the_plain_loss_and_differentiable_in_hidden(name):
    layer = new_layer(name)
    hidden, target = batch(6, 7, 30, torch.Generator().manual_seed(12))
    hidden.requires_grad_()
    before = layer.weight()
    expected, by_hidden, _ = plain_step(FAMILY[name][1], FAMILY[name][2], before, hidden.detach(), target, 1.0)
    value = layer.loss(hidden, target)
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(torch.autograd.grad(value, hidden)[0], by_hidden)
    assert torch.autograd.gradcheck(lambda h: layer.loss(h, target), hidden)
    assert torch.equal(layer.weight(), before)


def test_any_loss_of_the_three_sums_will_do():
    def one_against_the_mean(total, squares, true, classes, *, margin):
        return (margin - true + (total - true) / (classes - 1)).relu()

    def dense(logits, target, margin):
        others = (logits.sum(1) - at(logits, target)) / (logits.shape[1] - 1)
        return (margin - at(logits, target) + others).relu()

    torch.manual_seed(0)
    layer, generator = (
        FactoredSphericalLayer(7, 30, one_against_the_mean, dtype=torch.float64, margin=2.0),
        torch.Generator(),
    )
    weight = layer.weight()
    for _ in range(40):
        hidden, target = batch(5, 7, 30, generator)
        layer.step(hidden, target, 0.2)
        weight = plain_step(dense, {"margin": 2.0}, weight, hidden, target, 0.2)[2]
    assert error(layer.weight(), weight) < 1e-11


def test_outputs_and_top_k_are_those_of_the_weight():
    layer, generator = new_layer(classes=30), torch.Generator().manual_seed(13)
    for _ in range(20):
        layer.step(*batch(5, 7, 30, generator), 5.0)
    hidden, _ = batch(6, 7, 30, generator)
    logits = hidden @ layer.weight().T
    torch.testing.assert_close(layer(hidden), logits)
    for k, block in [(1, 16384), (3, 8), (12, 5), (30, 7)]:
        values, classes = layer.top_k(hidden, k, block=block)
        expected = logits.topk(k)
        torch.testing.assert_close(values, expected.values)
        assert torch.equal(classes, expected.indices)


def test_a_saved_layer_goes_on_where_it_was():
    layer, generator = new_layer(), torch.Generator().manual_seed(14)
    for _ in range(9):
        layer.step(*batch(5, 7, 30, generator), 3.0)
    other = new_layer(seed=1)
    other.load_state_dict(layer.state_dict())
    for _ in range(12):  # over a refresh
        hidden, target = batch(5, 7, 30, generator)
        assert torch.equal(layer.step(hidden, target, 3.0)[0], other.step(hidden, target, 3.0)[0])
    assert torch.equal(layer.weight(), other.weight())
    assert list(layer.parameters()) == []


def test_starting_from_a_given_weight():
    layer, weight = new_layer(), torch.randn(30, 7, dtype=torch.float64)
    layer.step(*batch(5, 7, 30, torch.Generator()), 1.0)
    layer.set_weight(weight)
    assert torch.equal(layer.weight(), weight)
    torch.testing.assert_close(layer.Q, weight.T @ weight)


def test_a_batch_of_nothing_has_loss_zero_and_changes_nothing():
    layer = new_layer()
    before = layer.weight()
    hidden = torch.zeros(0, 7, dtype=torch.float64, requires_grad=True)
    loss, gradient = layer.step(hidden, torch.zeros(0, dtype=torch.long), 0.1)
    loss.backward()
    assert loss == 0 and gradient.shape == hidden.grad.shape == (0, 7)
    assert torch.equal(layer.weight(), before)


def test_a_loss_that_is_not_finite_leaves_the_layer_as_it_was():
    layer = new_layer()
    before = copy.deepcopy(layer.state_dict())
    hidden, target = batch(5, 7, 30, torch.Generator())
    hidden[2, 3] = torch.nan
    with pytest.raises(ValueError, match="`hidden`: expected outputs at which the loss is finite, got a loss of nan"):
        layer.step(hidden, target, 0.1)
    assert all(torch.equal(value, before[name]) for name, value in layer.state_dict().items())


HIDDEN, TARGET = torch.zeros(4, 7, dtype=torch.float64), torch.zeros(4, dtype=torch.long)


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (
            lambda x: x.step([0.0], TARGET, 0.1),
            TypeError,
            r"`hidden`: expected a float64 tensor of shape \(N, D\), got list",
        ),
        (lambda x: x.step(HIDDEN.float(), TARGET, 0.1), TypeError, r"`hidden`: .*got a float32 tensor"),
        (lambda x: x.step(HIDDEN[:, :5], TARGET, 0.1), ValueError, r"`hidden`: expected shape \(4, 7\), got \(4, 5\)"),
        (lambda x: x.step(HIDDEN, TARGET.double(), 0.1), TypeError, r"`target`: .*got a float64 tensor"),
        (lambda x: x.step(HIDDEN, TARGET[:3], 0.1), ValueError, r"`target`: expected shape \(4,\), got \(3,\)"),
        (
            lambda x: x.step(HIDDEN, TARGET + 30, 0.1),
            ValueError,
            r"`target`: expected class indices in \[0, 30\), got 30",
        ),
        (
            lambda x: x.step(HIDDEN, TARGET - 1, 0.1),
            ValueError,
            r"`target`: expected class indices in \[0, 30\), got -1",
        ),
        (lambda x: x.step(HIDDEN, TARGET, 0.0), ValueError, "`lr`: expected a number > 0, got 0"),
        (lambda x: x.step(HIDDEN, TARGET, "fast"), TypeError, "`lr`: expected a number > 0, got str"),
        (lambda x: x.loss(HIDDEN, TARGET + 30), ValueError, "`target`: "),
        (lambda x: x(HIDDEN.float()), TypeError, "`hidden`: "),
        (lambda x: x.top_k(HIDDEN, 31), ValueError, r"`k`: expected a whole number in \[1, 30\], got 31"),
        (lambda x: x.set_weight(torch.zeros(7, 30)), ValueError, r"`weight`: .*shape \(30, 7\), got .*\(7, 30\)"),
        (
            lambda x: FactoredSphericalLayer(0, 30, z_loss_from_sums),
            ValueError,
            "`features`: expected a whole number >= 1, got 0",
        ),
        (
            lambda x: FactoredSphericalLayer(7, 1, z_loss_from_sums),
            ValueError,
            "`classes`: expected a whole number >= 2, got 1",
        ),
        (lambda x: FactoredSphericalLayer(7.0, 30, z_loss_from_sums), ValueError, "`features`: "),
        (lambda x: FactoredSphericalLayer(7, 30, "z"), TypeError, "`loss`: expected a function of"),
        (
            lambda x: FactoredSphericalLayer(7, 30, lambda q, s, o, classes: o.sum()),
            ValueError,
            r"`loss`: .*shape \(2,\)",
        ),
        (
            lambda x: FactoredSphericalLayer(7, 30, z_loss_from_sums, a=0.0),
            ValueError,
            "`a`: expected a number > 0, got 0",
        ),
        (lambda x: FactoredSphericalLayer(7, 30, spherical_softmax_from_sums, eps=-1.0), ValueError, "`eps`: "),
        (lambda x: FactoredSphericalLayer(7, 30, z_loss_from_sums, dtype=torch.half), ValueError, "`dtype`: "),
    ],
)
def test_wrong_input_is_named(call, kind, message):
    with pytest.raises(kind, match=message):
        call(new_layer())
