"""Measures against scikit-learn and against loops over items."""

import pytest
import torch
from sklearn.metrics import accuracy_score, top_k_accuracy_score

from lossatlas.measures import accuracy, calibration_error, margins, probability_of_true_class, top_k_accuracy


@pytest.fixture
def scores():
    return torch.randn(3, 40, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture
def target():
    return torch.randint(5, (40,), generator=torch.Generator().manual_seed(1))


def ece_by_loop(probabilities, target, bins):
    sums = {}
    for row, y in zip(probabilities.tolist(), target.tolist(), strict=True):
        confidence = max(row)
        for b in range(bins):
            if b / bins < confidence <= (b + 1) / bins:
                sums.setdefault(b, []).append((confidence, row.index(confidence) == y))
    gaps = [abs(sum(c for c, _ in items) - sum(right for _, right in items)) for items in sums.values()]
    return sum(gaps) / len(target)


def test_accuracy_and_top_k_equal_scikit_learn(scores, target):
    for s, seed in enumerate(scores):
        assert accuracy(scores, target)[s].item() == pytest.approx(accuracy_score(target, seed.argmax(-1)))
        for k in (1, 2, 4):
            expected = top_k_accuracy_score(target, seed, k=k, labels=range(5))
            assert top_k_accuracy(scores, target, k=k)[s].item() == pytest.approx(expected)
    assert torch.equal(top_k_accuracy(scores, target, k=5), torch.ones(3, dtype=torch.float64))


def test_margins_equal_a_loop(scores, target):
    for s in range(3):
        for n, y in enumerate(target.tolist()):
            row = scores[s, n].tolist()
            highest_other = max(v for k, v in enumerate(row) if k != y)
            assert margins(scores, target)[s, n].item() == pytest.approx(row[y] - highest_other)


def test_probability_of_true_class(scores, target):
    expected = scores.softmax(-1)[1, 7, target[7]]
    assert probability_of_true_class(scores, target)[1, 7] == expected


@pytest.mark.parametrize("bins", [1, 4, 15])
def test_calibration_error_equals_a_loop(scores, target, bins):
    probabilities = scores.softmax(-1)
    got = calibration_error(probabilities, target, bins=bins)
    assert got.tolist() == pytest.approx([ece_by_loop(p, target, bins) for p in probabilities])


def test_calibration_error_of_known_forecasts():
    certain = torch.eye(2).repeat(5, 1)
    assert calibration_error(certain, torch.tensor([0, 1] * 5)) == 0
    assert calibration_error(certain, torch.tensor([1, 0] * 5)) == 1
    three_in_four = torch.tensor([[0.75, 0.25]] * 4)
    assert calibration_error(three_in_four, torch.tensor([0, 0, 0, 1])) == 0


def test_targets_of_their_own_for_each_seed(scores, target):
    shifted = torch.stack([target, (target + 1) % 5, (target + 2) % 5])
    one_by_one = torch.stack([accuracy(s, t) for s, t in zip(scores, shifted, strict=True)])
    assert torch.equal(accuracy(scores, shifted), one_by_one)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s, t: accuracy(s.tolist(), t), TypeError, "`scores`: expected a floating-point tensor"),
        (lambda s, t: accuracy(s.long(), t), TypeError, "`scores`: expected a floating-point tensor"),
        (lambda s, t: accuracy(s[0, 0], t), ValueError, r"`scores`: expected shape \(\.\.\., N, C\)"),
        (lambda s, t: margins(s, t.double()), TypeError, "`target`: expected an integer tensor"),
        (lambda s, t: margins(s, t[:-1]), ValueError, r"`target`: expected shape \(\.\.\., 40\), .*got \(39,\)"),
        (lambda s, t: top_k_accuracy(s, t, k=6), ValueError, r"`k`: expected a whole number in \[1, 5\], got 6"),
        (lambda s, t: calibration_error(s.softmax(-1), t, bins=0), ValueError, "`bins`: expected a whole number >= 1"),
        (lambda s, t: calibration_error(s, t), ValueError, "`probabilities`: .* got a smallest entry of"),
        (lambda s, t: calibration_error(s.abs() + 1, t), ValueError, "`probabilities`: .* got a row that sums to"),
    ],
)
def test_errors_name_the_argument(scores, target, call, error, message):
    with pytest.raises(error, match=message):
        call(scores, target)
