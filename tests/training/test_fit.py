"""Batched fitting: the same numbers as models trained alone, paired across losses, the same twice."""

import functools
import time

import pytest
import torch

from lossatlas import comp_sum_loss, cross_entropy
from lossatlas.training import PrototypeHead, blobs, fit, flip_labels, mlp, separable, subsample

SMALL = functools.partial(mlp, 2, 8, 3)


@pytest.fixture(scope="module")
def data():
    return blobs(60, 50).to("cpu", torch.float64)


def trained_alone(model, loss, data, seed, epochs, batch_size, optimizer):
    """The plain loop that `fit` must agree with."""
    torch.manual_seed(seed)
    module = model().double()
    step = optimizer(module.parameters())
    generator = torch.Generator().manual_seed(seed)
    for _ in range(epochs):
        for index in torch.randperm(len(data.y_train), generator=generator).split(batch_size):
            step.zero_grad()
            loss(module(data.x_train[index]), data.y_train[index]).backward()
            step.step()
    return module(data.x_test).detach()


@pytest.mark.parametrize(
    "optimizer",
    [
        functools.partial(torch.optim.Adam, lr=0.01),
        functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=1e-3),
    ],
    ids=["Adam", "SGD"],
)
def test_a_batched_model_equals_the_same_model_trained_alone(data, optimizer):
    seeds = [3, 0, 11]
    together = fit(SMALL, cross_entropy, data, seeds=seeds, epochs=4, batch_size=16, optimizer=optimizer)
    scores = together.scores(data.x_test)
    assert scores.shape == (3, 50, 3)
    for s, seed in enumerate(seeds):
        alone = trained_alone(SMALL, cross_entropy, data, seed, 4, 16, optimizer)
        torch.testing.assert_close(scores[s], alone, rtol=1e-9, atol=1e-9)


def test_variants_of_a_hyper_parameter_equal_separate_fits(data):
    settings = dict(seeds=range(3), epochs=3, batch_size=25)
    together = fit(SMALL, comp_sum_loss, data, hyper={"tau": [0.5, 1.0, 2.0]}, **settings)
    assert together.test_accuracy.shape == (3, 3)
    for v, tau in enumerate([0.5, 1.0, 2.0]):
        alone = fit(SMALL, functools.partial(comp_sum_loss, tau=tau), data, **settings)
        torch.testing.assert_close(together.scores(data.x_test)[v], alone.scores(data.x_test), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(together.history["loss"][:, v], alone.history["loss"], rtol=1e-9, atol=1e-9)


def test_two_fits_give_identical_numbers(data):
    first, second = (
        fit(SMALL, cross_entropy, data.to("cpu", torch.float32), seeds=range(4), epochs=3) for _ in range(2)
    )
    for name, parameter in first.parameters.items():
        assert torch.equal(parameter, second.parameters[name])
    assert torch.equal(first.history["loss"], second.history["loss"])


def test_the_default_dtype_changes_nothing():
    def numbers():
        data = separable(40, 10)
        noisy = type(data)(**{**vars(data), "y_train": flip_labels(data.y_train, 0.2, classes=2, seeds=[0, 1])})
        return fit(functools.partial(mlp, 2, 4, 2), cross_entropy, noisy, seeds=[0, 1], epochs=2).parameters["2.weight"]

    expected = numbers()
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(numbers(), expected)
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_the_global_random_state_is_left_alone(data):
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    fit(SMALL, cross_entropy, data, seeds=range(2), epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_seeds_differ_and_losses_are_paired(data):
    still = functools.partial(torch.optim.SGD, lr=0.0)
    one = fit(SMALL, cross_entropy, data, seeds=range(2), epochs=1, optimizer=still)
    other = fit(SMALL, functools.partial(comp_sum_loss, tau=2.0), data, seeds=range(2), epochs=1, optimizer=still)
    weight = one.parameters["0.weight"]
    assert torch.equal(weight, other.parameters["0.weight"])
    assert not torch.equal(weight[0], weight[1])


def test_inputs_and_labels_of_their_own_for_each_seed(data):
    seeds = [2, 5]
    small = subsample(data, 30, seeds=seeds)
    noisy = type(small)(**{**vars(small), "y_train": flip_labels(small.y_train, 0.3, classes=3, seeds=seeds)})
    together = fit(SMALL, cross_entropy, noisy, seeds=seeds, epochs=3, batch_size=8)
    for s, seed in enumerate(seeds):
        own = type(data)(**{**vars(noisy), "x_train": noisy.x_train[s], "y_train": noisy.y_train[s]})
        alone = fit(SMALL, cross_entropy, own, seeds=[seed], epochs=3, batch_size=8)
        torch.testing.assert_close(together.scores(data.x_test)[s], alone.scores(data.x_test)[0], rtol=1e-9, atol=1e-9)
        by_seed = together.scores(noisy.x_train)[s]
        torch.testing.assert_close(by_seed, alone.scores(own.x_train)[0], rtol=1e-9, atol=1e-9)


def test_history_is_the_mean_over_the_epoch(data):
    still = functools.partial(torch.optim.SGD, lr=0.0)
    fitted = fit(SMALL, cross_entropy, data, seeds=range(2), epochs=2, batch_size=16, optimizer=still)
    scores = fitted.scores(data.x_train)
    for s in range(2):
        assert fitted.history["loss"][1, s].item() == pytest.approx(cross_entropy(scores[s], data.y_train).item())
        right = (scores[s].argmax(-1) == data.y_train).double().mean().item()
        assert fitted.history["accuracy"][1, s].item() == pytest.approx(right)


def test_looks_at_the_test_set_on_the_way(data):
    settings = dict(seeds=range(2), hyper={"tau": [1.0, 2.0]})
    course = fit(SMALL, comp_sum_loss, data, epochs=5, test_every=2, **settings)
    assert course.history["test_accuracy"].shape == (2, 2, 2)
    assert course.history["loss"].shape == course.history["accuracy"].shape == (5, 2, 2)
    for look, epochs in enumerate([2, 4]):
        stopped = fit(SMALL, comp_sum_loss, data, epochs=epochs, **settings)
        assert torch.equal(course.history["test_accuracy"][look], stopped.test_accuracy)
        assert torch.equal(stopped.history["test_accuracy"][-1], stopped.test_accuracy)


def test_training_learns(data):
    fitted = fit(
        SMALL, cross_entropy, data, seeds=range(5), epochs=60, optimizer=functools.partial(torch.optim.Adam, lr=0.02)
    )
    assert (fitted.history["loss"][-1] < 0.5 * fitted.history["loss"][0]).all()
    assert fitted.test_accuracy.min() > 0.8
    assert repr(fitted) == "<5 seeds fitted to blobs>"


@pytest.mark.parametrize("learned", [True, False])
def test_a_head_of_prototypes_is_trained_or_kept(data, learned):
    basis = torch.eye(3)

    def model():
        return PrototypeHead(mlp(2, 8, 3), basis.clone(), learned=learned)

    def loss(output, target):
        features, prototypes = output
        return cross_entropy(features @ prototypes.mT, target)

    fitted = fit(model, loss, data, seeds=range(2), epochs=2, scores=lambda o: o[0] @ o[1].mT)
    kept = (fitted.parameters if learned else fitted.buffers)["prototypes"]
    assert kept.shape == (2, 3, 3)
    assert torch.equal(kept, basis.double().expand(2, 3, 3)) is not learned
    assert fitted.scores(data.x_test).shape == (2, 50, 3)


def test_a_batch_of_seeds_is_faster_than_a_loop(data):
    single = data.to("cpu", torch.float32)
    fit(SMALL, cross_entropy, single, seeds=[0], epochs=1)

    def seconds(groups):
        start = time.perf_counter()
        for seeds in groups:
            fit(SMALL, cross_entropy, single, seeds=seeds, epochs=5, batch_size=10)
        return time.perf_counter() - start

    # On one core the batch is about ten times as fast; a third leaves room for a busy machine.
    assert seconds([range(20)]) < seconds([[s] for s in range(20)]) / 3


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"seeds": []}, ValueError, "`seeds`: expected one or more whole numbers"),
        ({"seeds": [0.5]}, ValueError, "`seeds`: expected a whole number >= 0, got float 0.5"),
        ({"seeds": [1, 1]}, ValueError, "`seeds`: expected different numbers"),
        ({"epochs": 0}, ValueError, "`epochs`: expected a whole number >= 1, got 0"),
        ({"test_every": 0}, ValueError, "`test_every`: expected a whole number >= 1, got 0"),
        ({"test_every": 2}, ValueError, r"`test_every`: expected a whole number in \[1, 1\], got 2"),
        ({"batch_size": 2.5}, ValueError, "`batch_size`: expected a whole number >= 1, got float 2.5"),
        ({"hyper": {"tau": [1.0], "q": [1.0, 2.0]}}, ValueError, "`hyper`: expected names with equally many values"),
        ({"data": (1, 2)}, TypeError, "`data`: expected a Data"),
        ({"optimizer": torch.optim.LBFGS}, ValueError, "`optimizer`: expected an elementwise optimiser .*, got LBFGS"),
    ],
)
def test_errors_name_the_argument(data, change, error, message):
    arguments = {"data": data, "seeds": [0], "epochs": 1} | change
    with pytest.raises(error, match=message):
        fit(SMALL, cross_entropy, arguments.pop("data"), **arguments)


def test_labels_for_another_number_of_seeds_are_refused(data):
    noisy = type(data)(**{**vars(data), "y_train": flip_labels(data.y_train, 0.3, classes=3, seeds=range(3))})
    with pytest.raises(ValueError, match=r"`data.y_train`: expected no axis of seeds, or one of 2"):
        fit(SMALL, cross_entropy, noisy, seeds=range(2), epochs=1)


def test_sizes_of_a_network_are_checked():
    with pytest.raises(ValueError, match=r"`sizes`: expected two or more whole numbers >= 1, got tuple \(3,\)"):
        mlp(3)
