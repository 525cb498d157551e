"""What the ICNN score and the proto-triplet loss are said to do, beyond what is tested of every loss."""

import pytest
import torch
from tests.contract.cases import Case
from tests.contract.operations import as_lists
from tests.contract.right import assert_right
from tests.contract.test_errors import refused
from tests.references import loop

import lossatlas as la

NEIGHBORS = [(1, 1), (2, 3), (3, 3), (9, 12)]


def points(n=12, d=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64), torch.arange(n) % 3


def clusters(size=7, apart=100.0):
    """Three tight classes of so many points, far from one another."""
    labels = torch.arange(3).repeat_interleave(size)
    x, _ = points(len(labels))
    return apart * torch.eye(3, dtype=torch.float64)[labels] + 1e-9 * x, labels


def test_with_two_prototypes_it_is_the_triplet_loss():
    x, target = points(9)[0], torch.arange(9) % 2
    prototypes = points(2, seed=1)[0]
    d = ((x.unsqueeze(1) - prototypes).square().sum(-1) + 1e-6).sqrt()
    own, other = d[range(9), target], d[range(9), 1 - target]
    torch.testing.assert_close(
        la.proto_triplet_loss(x, prototypes, target, margin=0.7), (own - other + 0.7).relu().mean()
    )


def test_queries_nearer_to_their_prototype_by_the_margin_lose_nothing():
    prototypes = 5 * torch.eye(3, dtype=torch.float64)
    target = torch.tensor([0, 1, 2, 1])
    features = prototypes[target] + 0.1
    assert la.proto_triplet_loss(features, prototypes, target) == 0
    assert la.proto_triplet_loss(features, prototypes, (target + 1) % 3) > 5


@pytest.mark.parametrize("neighbors", NEIGHBORS)
def test_the_loss_is_right_at_other_numbers_of_neighbors(neighbors):
    case = Case(la.get("icnn_loss"), {"neighbors": neighbors})
    for seed in range(2):
        assert_right(case, case.sample(seed, N=4, M=7, dtype=torch.float32), f"seed {seed}")


@pytest.mark.parametrize("neighbors", [(4, 5), *NEIGHBORS])
def test_the_score_is_that_of_a_loop_and_lies_between_0_and_1(neighbors):
    x, labels = points()
    own = torch.arange(len(x))
    inputs = {
        "embeddings": x,
        "labels": labels,
        "gallery": x,
        "gallery_labels": labels,
        "own": own,
        "gallery_mask": own >= 0,
    }
    got = la.losses.pair_metric_learning.icnn_score(x, labels, neighbors=neighbors)
    wanted = loop("icnn_score")(**as_lists(inputs), neighbors=neighbors)
    torch.testing.assert_close(got.item(), wanted, rtol=1e-12, atol=0)
    assert 0 < got <= 1
    torch.testing.assert_close(la.icnn_loss(x, labels, neighbors=neighbors), -got.log())


def test_tight_classes_far_apart_have_the_score_1():
    x, labels = clusters()
    torch.testing.assert_close(la.losses.pair_metric_learning.icnn_score(x, labels).item(), 1.0, atol=1e-6, rtol=0)
    torch.testing.assert_close(la.icnn_loss(x, labels).item(), 0.0, atol=1e-6, rtol=0)


def test_the_score_falls_where_classes_overlap():
    x, labels = clusters()
    mixed = la.losses.pair_metric_learning.icnn_score(
        x, labels[torch.randperm(len(x), generator=torch.Generator().manual_seed(0))]
    )
    assert mixed < 0.7 < la.losses.pair_metric_learning.icnn_score(x, labels)


def test_without_a_neighbor_of_the_same_class_only_the_others_count():
    x, _ = points()
    same, other, share, _ = la.losses.pair_metric_learning.icnn_parts(x, torch.arange(len(x)))
    assert (same, share) == (1, 0)
    torch.testing.assert_close(la.losses.pair_metric_learning.icnn_score(x, torch.arange(len(x))), (1 + other) / 4)


def test_without_a_neighbor_of_another_class_that_part_is_1():
    x, _ = points()
    assert la.losses.pair_metric_learning.icnn_parts(x, torch.zeros(len(x), dtype=torch.long)).other == 1


def test_the_parts_are_those_of_two_pairs_on_a_line():
    x = torch.tensor([[0.0], [1.0], [3.0], [5.0]], dtype=torch.float64)
    same, other, share, spread = la.losses.pair_metric_learning.icnn_parts(
        x, torch.tensor([0, 0, 1, 1]), neighbors=(1, 3)
    )
    # Nearest: 1 at 1, 0 at 1, 1 (of the other class) at 2, 3 at 2; nearest of another class at 3, 2, 2, 4.
    torch.testing.assert_close(
        same, 1 - torch.tensor([1 / 3, 1 / 2, 2 / 4], dtype=torch.float64).mean(), atol=1e-5, rtol=0
    )
    torch.testing.assert_close((other.item(), share.item()), (1.0, 3 / 4), atol=1e-5, rtol=0)
    measured = torch.tensor([1 / 3, 1 / 2, 0, 1 / 2]).var() + torch.tensor([0.0, 0, 1, 0]).var()
    torch.testing.assert_close(spread.item(), 1 - measured.item(), atol=1e-5, rtol=0)


def test_a_common_scale_matters_only_through_the_stabilisers():
    x, labels = points()
    torch.testing.assert_close(la.icnn_loss(1e3 * x, labels), la.icnn_loss(1e4 * x, labels), rtol=1e-6, atol=0)


def test_queries_are_compared_with_a_support_set():
    x, labels = points()
    found = la.losses.pair_metric_learning.icnn_parts(x[:4], labels[:4], x[4:], labels[4:], neighbors=(2, 3))
    d = torch.cdist(x[:4], x[4:])
    near = labels[4:][d.argsort(-1)[:, :2]] == labels[:4, None]
    torch.testing.assert_close(found.share, near.double().mean())


def test_few_or_no_rows_lose_nothing_and_stay_in_the_graph():
    for n in (0, 1, 2):
        x = points()[0][:n].requires_grad_()
        value = la.icnn_loss(
            x, torch.zeros(n, dtype=torch.long), *(() if n else (points()[0], torch.zeros(12, dtype=torch.long)))
        )
        assert value.abs() < 1e-6 or n
        value.backward()
        assert x.grad.isfinite().all()


@pytest.mark.parametrize(
    ("neighbors", "error"),
    [(4, TypeError), ((4,), TypeError), ((4.0, 5), TypeError), ((0, 1), ValueError), ((3, 2), ValueError)],
)
def test_wrong_neighbors_are_refused(neighbors, error):
    refused(error, "neighbors", la.icnn_loss, *points(), neighbors=neighbors)


def test_rows_that_are_left_out_are_no_neighbours():
    """`own` counts: a gallery with the anchors themselves in it gives what the batch gives alone."""
    x, labels = points()
    own = torch.arange(len(x))
    of_batch = la.losses.pair_metric_learning.icnn_parts(x, labels, neighbors=(1, 2))
    of_gallery = la.losses.pair_metric_learning.icnn_parts(x, labels, x, labels, own, neighbors=(1, 2))
    torch.testing.assert_close(tuple(of_batch), tuple(of_gallery))
    with_themselves = la.losses.pair_metric_learning.icnn_parts(x, labels, x, labels, neighbors=(1, 2))
    assert not all(torch.equal(a, b) for a, b in zip(with_themselves, of_batch, strict=True))


def test_the_score_comes_in_the_dtype_of_the_vectors():
    x, labels = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)).half(), torch.arange(8) % 2
    wanted = la.losses.pair_metric_learning.icnn_score(x.float(), labels).half()
    torch.testing.assert_close(la.losses.pair_metric_learning.icnn_score(x, labels), wanted, rtol=1e-3, atol=0)
