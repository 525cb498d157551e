"""Light and shade: smooth, the same for all classes, different for each image, and drawn alike each time."""

import pytest
import torch

from lossatlas.training import digits_by_class, mnist1d, shadowed
from lossatlas.training.shadows import cosine_waves


@pytest.fixture(scope="module")
def data():
    return digits_by_class(range(2), range(2, 4))


def test_waves_are_smooth_and_at_right_angles():
    waves = cosine_waves(8, 3).double()
    gram = waves @ waves.mT
    assert waves.shape == (8, 64)
    assert waves.abs().max() <= 1
    assert torch.allclose(gram, gram.diagonal().diag(), atol=1e-5)
    assert waves.mean(1).abs().max() < 1e-6, "the even light is left out"


def test_each_image_has_its_own_light_within_the_waves(data):
    added = shadowed(data).x_train - data.x_train
    waves = torch.linalg.qr(cosine_waves(8, 3).mT).Q
    assert torch.allclose(added, added @ waves @ waves.mT, atol=1e-4)
    assert torch.linalg.matrix_rank(added) == 8
    assert len(added.unique(dim=0)) == len(added)


def test_strength_is_the_deviation_of_an_amplitude(data):
    waves = cosine_waves(8, 3)
    added = shadowed(data, 0.5).x_train - data.x_train
    amplitudes = added @ torch.linalg.pinv(waves)
    assert amplitudes.std() == pytest.approx(0.5, rel=0.05)
    assert torch.equal(shadowed(data, 0.0).x_train, data.x_train)


def test_is_the_same_each_time_and_keeps_labels(data):
    once, again, other = shadowed(data), shadowed(data), shadowed(data, seed=1)
    assert torch.equal(once.x_test, again.x_test)
    assert not torch.equal(once.x_test, other.x_test)
    assert torch.equal(once.y_test, data.y_test)
    assert once.name == "shadowed digits by class"


@pytest.mark.parametrize(
    ("change", "words"),
    [({"strength": -1.0}, "`strength`: expected a number >= 0"), ({"waves": 9}, "`waves`: expected a whole number")],
)
def test_wrong_input_is_named(data, change, words):
    with pytest.raises(ValueError, match=words):
        shadowed(data, **change)


def test_needs_square_images():
    with pytest.raises(ValueError, match="`data`: expected flat square images, got 40 features"):
        shadowed(mnist1d())
