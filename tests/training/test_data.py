"""Data sets: sizes, standardisation, fixed splits, label noise."""

import functools
import random
import socket

import numpy
import pytest
import torch

from lossatlas import training
from lossatlas.training import digits, flip_labels, mnist1d, separable, subsample

MAKERS = ["digits", "mnist1d", "breast_cancer", "wine", "two_moons", "blobs", "separable"]


@functools.cache
def made(name):
    return getattr(training, name)()


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_):
        raise AssertionError("a data set used the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.mark.parametrize("name", MAKERS)
def test_every_data_set_is_well_formed_and_the_same_each_time(name):
    data, again = made(name), getattr(training, name)()
    for part in ("x_train", "y_train", "x_test", "y_test"):
        assert torch.equal(getattr(data, part), getattr(again, part))
    assert data.x_train.dtype == data.x_test.dtype == torch.float32
    assert data.x_train.shape == (len(data.y_train), data.features)
    assert data.x_test.shape == (len(data.y_test), data.features)
    assert set(data.y_train.tolist()) == set(data.y_test.tolist()) == set(range(data.classes))
    assert data.x_train.isfinite().all()
    assert f"{len(data.y_train)} training" in repr(data)


@pytest.mark.parametrize("name", ["breast_cancer", "wine", "two_moons", "blobs"])
def test_features_have_mean_0_and_deviation_1_on_the_training_set(name):
    x = made(name).x_train.double()
    assert torch.allclose(x.mean(0), torch.zeros_like(x[0]), atol=1e-5)
    assert torch.allclose(x.std(0, correction=0), torch.ones_like(x[0]), atol=1e-5)


@pytest.mark.parametrize("name", ["digits", "mnist1d"])
def test_images_share_one_mean_and_scale(name):
    x = made(name).x_train.double()
    assert x.mean().item() == pytest.approx(0, abs=1e-5)
    assert x.std(correction=0).item() == pytest.approx(1, abs=1e-5)


def test_training_and_test_items_of_digits_differ():
    data = digits()
    assert len(data.y_train) + len(data.y_test) == 1797
    assert torch.cdist(data.x_train, data.x_test).min() > 0


def test_separable_points_keep_the_gap():
    data = separable(200, gap=0.3, features=5, seed=1)
    # A hard-margin separator exists: the perceptron on these points ends without errors.
    sign = 2 * data.y_train.float() - 1
    w = torch.zeros(5)
    for _ in range(1000):
        wrong = sign * (data.x_train @ w) <= 0
        if not wrong.any():
            break
        w = w + (sign * wrong) @ data.x_train
    assert not wrong.any()


def test_mnist1d_leaves_the_global_random_state_alone():
    random.seed(5), numpy.random.seed(5)
    expected = random.random(), numpy.random.rand()
    random.seed(5), numpy.random.seed(5)
    mnist1d()
    assert (random.random(), numpy.random.rand()) == expected


def test_label_noise_hits_the_fraction_and_all_other_classes():
    clean = torch.arange(10).repeat(2000)
    noisy = flip_labels(clean, 0.4, classes=10, seeds=range(3))
    assert noisy.shape == (3, 20000)
    changed = noisy != clean
    # Four standard deviations of a share of 20000 items are below 0.014.
    assert changed.float().mean(1).tolist() == pytest.approx([0.4] * 3, abs=0.014)
    shift = (noisy - clean)[changed] % 10
    assert shift.bincount(minlength=10)[0] == 0
    assert (shift.bincount(minlength=10)[1:] / len(shift)).tolist() == pytest.approx([1 / 9] * 9, abs=0.012)
    assert not torch.equal(noisy[0], noisy[1])
    assert torch.equal(noisy, flip_labels(clean, 0.4, classes=10, seeds=range(3)))


def test_label_noise_of_a_seed_does_not_depend_on_its_neighbours():
    clean = digits().y_train
    together = flip_labels(clean, 0.3, classes=10, seeds=[4, 7])
    assert torch.equal(together[1:], flip_labels(clean, 0.3, classes=10, seeds=[7]))
    assert torch.equal(flip_labels(clean, 0.0, classes=10, seeds=[7])[0], clean)


def test_subsample_draws_distinct_items_with_their_labels():
    data = digits()
    small = subsample(data, 50, seeds=[0, 1])
    assert small.x_train.shape == (2, 50, 64)
    for x, y in zip(small.x_train, small.y_train, strict=True):
        nearest = torch.cdist(x, data.x_train).argmin(1)
        assert len(set(nearest.tolist())) == 50
        assert torch.equal(data.y_train[nearest], y)


def test_moving_data_changes_dtype_of_inputs_only():
    data = digits().to("cpu", torch.float64)
    assert data.x_train.dtype == data.x_test.dtype == torch.float64
    assert data.y_train.dtype == torch.int64


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: digits(1797), r"`train`: expected a whole number in \[1, 1796\], got 1797"),
        (lambda: subsample(digits(), 2000, seeds=[0]), r"`items`: expected a whole number in \[1, 1000\]"),
        (
            lambda: flip_labels(torch.zeros(3).long(), 1.5, classes=3, seeds=[0]),
            r"`fraction`: expected a number in \[0, 1\]",
        ),
        (
            lambda: flip_labels(torch.zeros(3).long(), 0.5, classes=1, seeds=[0]),
            "`classes`: expected a whole number >= 2, got 1",
        ),
    ],
)
def test_errors_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
