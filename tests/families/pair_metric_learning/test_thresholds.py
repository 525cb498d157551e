"""One margin for all positives and one for all negatives; and classes that are drawn towards each other."""

import math

import pytest
import torch

import lossatlas as la


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_similarities(positive, negative):
    """One anchor and a gallery at these similarities to it."""
    s = torch.tensor([*positive, *negative], dtype=torch.float64)
    gallery = torch.stack([s, (1 - s * s).sqrt()], -1)
    names = torch.tensor([0] * len(positive) + [1] * len(negative))
    return torch.tensor([[1.0, 0.0]], dtype=torch.float64), torch.tensor([0]), gallery, names


def test_one_positive_and_one_negative():
    assert la.threshold_consistent_margin_loss(*with_similarities([0.5], [0.8])).item() == pytest.approx(0.7)


def test_only_violating_pairs_are_in_the_mean():
    inputs = with_similarities([0.5, 0.8, 0.95], [0.8, 0.6, 0.2, -0.7])
    assert la.threshold_consistent_margin_loss(*inputs).item() == pytest.approx((0.4 + 0.1) / 2 + (0.3 + 0.1) / 2)
    weighed = la.threshold_consistent_margin_loss(*inputs, positive_weight=2.0, negative_weight=0.5)
    assert weighed.item() == pytest.approx(2 * 0.25 + 0.5 * 0.2)


def test_pairs_beyond_the_margins_have_neither_value_nor_gradient():
    inputs = [v.requires_grad_() if v.is_floating_point() else v for v in with_similarities([0.92, 0.99], [0.4, -0.9])]
    value = la.threshold_consistent_margin_loss(*inputs)
    gradients = torch.autograd.grad(value, (inputs[0], inputs[2]))
    assert value == 0 and not any(gradient.any() for gradient in gradients)


def test_gradients_are_one_over_the_number_of_violating_pairs():
    loss = la.on(la.signatures.pairs, la.threshold_consistent_margin_loss)
    positive = torch.tensor([[0.5, 0.95], [0.2, 0.1]], dtype=torch.float64, requires_grad=True)
    negative = torch.tensor([[0.8, 0.1], [0.7, -0.3]], dtype=torch.float64, requires_grad=True)
    gradients = torch.autograd.grad(
        loss(positive, negative, positive_weight=3.0, negative_weight=5.0), (positive, negative)
    )
    torch.testing.assert_close(gradients[0], torch.tensor([[-1.0, 0.0], [-1.0, -1.0]], dtype=torch.float64))
    torch.testing.assert_close(gradients[1], torch.tensor([[2.5, 0.0], [2.5, 0.0]], dtype=torch.float64))


def test_a_batch_repeated_is_worth_the_same():
    """The copies make positives of similarity 1, which violate no margin."""
    x, y = normal(9, 3), torch.arange(9) % 3
    once, twice = (la.threshold_consistent_margin_loss(x.repeat(r, 1), y.repeat(r)) for r in (1, 2))
    torch.testing.assert_close(once, twice)


def test_confusion_is_the_gap_of_the_means_and_the_two_spreads():
    x, y = normal(12, 3), torch.tensor([0] * 3 + [1] * 4 + [2] * 5)
    parts = [x[y == k] for k in range(3)]
    means, spreads = [p.mean(0) for p in parts], [p.var(0, correction=0).sum() for p in parts]
    found = [(means[i] - means[j]).square().sum() + spreads[i] + spreads[j] for i in range(3) for j in range(i)]
    torch.testing.assert_close(la.energy_confusion_regularizer(x, y), torch.stack(found).mean())


def test_confusion_of_single_vectors_and_of_coinciding_classes():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0]], dtype=torch.float64)
    assert la.energy_confusion_regularizer(x, torch.tensor([0, 1])).item() == pytest.approx(25)
    assert la.energy_confusion_regularizer(torch.ones(6, 2), torch.arange(6) % 3) == 0
    assert la.energy_confusion_regularizer(normal(6, 2), torch.zeros(6, dtype=torch.long)) == 0
    y = torch.arange(6) % 2
    torch.testing.assert_close(
        la.energy_confusion_regularizer(3 * normal(6, 2), y), 9 * la.energy_confusion_regularizer(normal(6, 2), y)
    )


def test_confusion_draws_each_vector_to_the_mean_of_the_other_class():
    x, y = normal(7, 3).requires_grad_(), torch.tensor([0, 0, 0, 1, 1, 1, 1])
    (gradient,) = torch.autograd.grad(la.energy_confusion_regularizer(x, y), x)
    means = torch.stack([x[y == k].mean(0) for k in (0, 1)]).detach()
    counts = torch.tensor([3.0, 4.0], dtype=torch.float64)[y].unsqueeze(-1)
    torch.testing.assert_close(gradient, 2 * (x.detach() - means[1 - y]) / counts)


def test_confusion_with_a_gallery_equals_loops():
    x, y, gallery, names = normal(4, 2), torch.tensor([0, 0, 1, 3]), normal(5, 2, seed=1), torch.tensor([0, 1, 1, 2, 2])
    found = []
    for first in (0, 1, 3):
        for second in {0, 1, 2} - {first}:
            squares = [math.dist(a, b) ** 2 for a in x[y == first].tolist() for b in gallery[names == second].tolist()]
            found.append(sum(squares) / len(squares))
    got = la.energy_confusion_regularizer(x, y, gallery, names)
    assert got.item() == pytest.approx(sum(found) / len(found))
