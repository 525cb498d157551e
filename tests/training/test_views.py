"""Augmentations, samplers and imbalanced sets: seeded row by row, and as described."""

import pytest
import torch

from lossatlas.training import (
    by_frequency,
    chain,
    digits,
    digits_by_class,
    erase,
    gaussian,
    long_tailed,
    noise,
    per_class,
    rotate,
    shift,
    shuffled,
    thinned,
)


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.fixture(scope="module")
def block():
    return digits(100).x_train[:40].expand(2, 40, 64)


@pytest.mark.parametrize(
    "augment", [noise(0.3), shift(1), rotate(20), erase(3), chain(rotate(5), shift(2), noise(0.1))]
)
def test_a_row_depends_on_its_own_generator_alone(block, augment):
    both, alone = augment(block, generators(5, 9)), augment(block[1:], generators(9))
    torch.testing.assert_close(both[1], alone[0])
    assert not torch.allclose(both[0], both[1])
    assert both.shape == block.shape
    assert both.dtype == block.dtype


def test_noise_has_its_scale(block):
    added = noise(0.3)(block, generators(0, 1)) - block
    assert added.std().item() == pytest.approx(0.3, rel=0.05)


def test_noise_on_the_last_coordinates_alone():
    x = torch.zeros(2, 50, 6)
    added = noise(2.0, last=4)(x, generators(0, 1))
    assert (added[..., :2] == 0).all()
    assert added[..., 2:].std().item() == pytest.approx(2, rel=0.15)


def test_a_shift_moves_whole_pixels(block):
    images = torch.zeros(1, 200, 8, 8)
    images[:, :, 3, 4] = 1.0
    moved = shift(1)(images.flatten(2), generators(0)).unflatten(2, (8, 8))
    rows, columns = (moved[0] > 0.99).nonzero()[:, 1], (moved[0] > 0.99).nonzero()[:, 2]
    assert set(rows.tolist()) == {2, 3, 4}
    assert set(columns.tolist()) == {3, 4, 5}
    torch.testing.assert_close(moved.sum((-1, -2)), torch.ones(1, 200))
    torch.testing.assert_close(shift(0)(block, generators(0, 1)), block)


def test_a_quarter_turn_turns_the_image(block, monkeypatch):
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: torch.ones(*shape))
    turned = rotate(90)(block[:1], generators(0)).unflatten(2, (8, 8))
    image = block[:1].unflatten(2, (8, 8))
    assert any(torch.allclose(turned, torch.rot90(image, k, (2, 3)), atol=1e-5) for k in (1, -1))


def test_a_square_is_erased(block):
    images = block - block.min() + 1.0
    images = torch.cat([images, torch.zeros_like(images[:, :1])], 1)
    wiped = erase(3)(images, generators(0, 1))
    gone = (wiped != images)[:, :40].unflatten(2, (8, 8))
    assert (gone.sum((-1, -2)) == 9).all()
    assert (gone.any(-1).sum(-1) == 3).all()
    assert (wiped[:, :40][gone.flatten(2)] == 0).all()
    ever = gone.flatten(0, 1).any(0)
    assert ever.any(0).all()  # in any column
    assert ever.any(1).all()  # and in any row


def test_images_must_be_square():
    with pytest.raises(ValueError, match="`x`: expected flat square images"):
        shift(1)(torch.zeros(1, 2, 10), generators(0))


def test_shuffled_uses_each_item_once():
    labels = torch.arange(23)
    order = shuffled(5)(labels, *generators(0))
    assert order.shape == (4, 5)
    assert len(order.unique()) == 20
    assert shuffled(64)(labels, *generators(0)).shape == (1, 23)


def test_batches_with_some_of_each_class():
    labels = torch.tensor([0] * 40 + [1] * 30 + [2] * 2 + [7] * 9)
    order = per_class(3, 4)(labels, *generators(0))
    assert order.shape == (81 // 12, 12)
    for batch in order:
        counts = labels[batch].bincount()
        assert counts[counts > 0].tolist() == [4, 4, 4]
    with pytest.raises(ValueError, match="`classes`: expected at most the 4 classes"):
        per_class(5, 4)(labels, *generators(0))


def test_classes_come_with_their_shares():
    labels = torch.tensor([0] * 500 + [1] * 400 + [2] * 300)
    order = by_frequency(40, [1.0, 1.0, 2.0])(labels, *generators(0))
    assert order.shape == (30, 40)
    share = labels[order].flatten().bincount() / order.numel()
    torch.testing.assert_close(share, torch.tensor([0.25, 0.25, 0.5]), atol=0.05, rtol=0)


def test_classes_never_seen():
    data = digits_by_class([0, 1], [8, 9])
    assert set(data.y_train.tolist()) == {0, 1}
    assert set(data.y_test.tolist()) == {8, 9}
    assert data.x_train.mean().item() == pytest.approx(0, abs=1e-5)
    with pytest.raises(ValueError, match=r"`test_classes`: expected no digit of train_classes \[0, 1\]"):
        digits_by_class([0, 1], [1])


def test_points_alike_in_all_directions():
    data = gaussian(2000, 10, features=3)
    torch.testing.assert_close(data.x_train.T.cov(), torch.eye(3), atol=0.1, rtol=0)
    assert data.y_train.max() == data.y_test.max() == 0
    assert data.features == 3


def test_imbalanced_sets():
    data = long_tailed((50, 20, 4), test=30, features=6, spread=0.5, seed=3)
    assert data.y_train.bincount().tolist() == [50, 20, 4]
    assert data.y_test.bincount().tolist() == [30] * 3
    centre = data.x_test[data.y_test == 0].mean(0)
    assert centre.norm().item() == pytest.approx(1, abs=0.2)
    few = thinned(digits(1000), range(10, 60, 5))
    assert few.y_train.bincount().tolist() == list(range(10, 60, 5))
    assert torch.equal(thinned(digits(1000), range(10, 60, 5)).x_train, few.x_train)
