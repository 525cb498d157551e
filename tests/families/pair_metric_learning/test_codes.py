"""The information that codes carry, against counts and against scikit-learn."""

import math

import pytest
import torch
from sklearn.metrics import mutual_info_score

import lossatlas as la


def certain(*positions, symbols):
    """Logits of words whose symbols are given position by position."""
    chosen = torch.tensor(positions).T
    return 1e4 * torch.nn.functional.one_hot(chosen, symbols).double()


def free(seed=0, words=12, positions=3, symbols=4):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(words, positions, symbols, generator=generator, dtype=torch.float64), torch.arange(words) % 3


def test_a_symbol_for_each_class_tells_all():
    labels = torch.arange(30) % 10
    known = la.losses.pair_metric_learning.code_mutual_information(
        certain((labels * 3 % 10).tolist(), labels.tolist(), symbols=12), labels
    )
    torch.testing.assert_close(known, torch.full((2,), 2.302585092994046, dtype=torch.float64))


def test_words_that_are_all_alike_tell_nothing():
    logits, labels = free()
    logits = logits[:1].expand_as(logits)
    assert la.losses.pair_metric_learning.code_mutual_information(logits, labels).abs().max() == 0
    assert la.losses.pair_metric_learning.shared_code_information(logits).abs().max() == 0
    assert la.discrete_infomax_loss(logits, labels) == 0


def test_certain_codes_tell_what_scikit_learn_counts():
    generator = torch.Generator().manual_seed(3)
    first, second, labels = (torch.randint(0, 4, (50,), generator=generator) for _ in range(3))
    logits = certain(first.tolist(), second.tolist(), symbols=4)
    known = la.losses.pair_metric_learning.code_mutual_information(logits, labels)
    assert known.tolist() == pytest.approx([mutual_info_score(x, labels) for x in (first, second)], rel=1e-12)
    shared = la.losses.pair_metric_learning.shared_code_information(logits)
    assert shared[0, 1].item() == pytest.approx(mutual_info_score(first, second), rel=1e-12)
    assert shared[0, 0].item() == pytest.approx(mutual_info_score(first, first), rel=1e-12)


def test_information_lies_in_its_bounds():
    logits, labels = free()
    known = la.losses.pair_metric_learning.code_mutual_information(8 * logits, labels)
    assert (known >= 0).all() and (known <= math.log(3)).all()
    shared = la.losses.pair_metric_learning.shared_code_information(8 * logits)
    assert (shared >= 0).all() and (shared <= math.log(4)).all()
    torch.testing.assert_close(shared, shared.T)


def test_equal_positions_share_their_entropy_and_independent_bits_nothing():
    shared = la.losses.pair_metric_learning.shared_code_information(
        certain([0, 0, 1, 1], [0, 0, 1, 1], [0, 1, 0, 1], symbols=2)
    )
    wanted = math.log(2) * torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=torch.float64)
    torch.testing.assert_close(shared, wanted)


def test_the_loss_weighs_both():
    logits, labels = free()
    shared = la.losses.pair_metric_learning.shared_code_information(logits)
    between = shared.sum() - shared.trace()
    known = la.losses.pair_metric_learning.code_mutual_information(logits, labels).sum()
    torch.testing.assert_close(la.discrete_infomax_loss(logits, labels, redundancy=0.3), 0.3 * between - known)


def test_hardly_different_words_keep_their_digits():
    """Small, the information grows with the square of the logits, however little is left of it."""
    logits, labels = free()
    small = la.losses.pair_metric_learning.code_mutual_information(1e-7 * logits, labels) / 1e-14
    larger = la.losses.pair_metric_learning.code_mutual_information(1e-4 * logits, labels) / 1e-8
    torch.testing.assert_close(small, larger, rtol=1e-3, atol=0)


def test_an_empty_batch_gives_0_in_the_graph():
    logits = free()[0][:0].requires_grad_()
    value = la.discrete_infomax_loss(logits, torch.zeros(0, dtype=torch.long))
    value.backward()
    assert value == 0
