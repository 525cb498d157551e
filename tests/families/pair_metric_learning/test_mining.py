"""Miners against triple loops over plain numbers, and what they cost."""

import math
import subprocess
import sys
from collections import Counter

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given, settings
from tests.contract.test_errors import refused
from tests.references import loop
from tests.references.comparing import cosine

import lossatlas as la


@st.composite
def batches(draw):
    """Vectors on a coarse grid, so that distances tie, with labels; with a gallery or without one."""
    n, d = draw(st.integers(1, 7)), draw(st.integers(1, 3))

    def rows(count):
        return torch.tensor(
            draw(st.lists(st.lists(st.integers(-2, 2), min_size=d, max_size=d), min_size=count, max_size=count)),
            dtype=torch.float64,
        )

    def names(count):
        return torch.tensor(draw(st.lists(st.integers(0, 2), min_size=count, max_size=count)))

    if draw(st.booleans()):
        return rows(n), names(n)
    m = draw(st.integers(1, 7))
    return rows(n), names(n), rows(m), names(m)


def of_all(batch):
    """The inputs as the loops take them: where no gallery is given, the batch itself, each without its own row."""
    x, y, gallery, names = batch if len(batch) == 4 else (*batch, *batch)
    own = list(range(len(x))) if len(batch) == 2 else [-1] * len(x)
    names_of_inputs = ("embeddings", "labels", "gallery", "gallery_labels")
    inputs = dict(zip(names_of_inputs, (x.tolist(), y.tolist(), gallery.tolist(), names.tolist()), strict=True))
    return {**inputs, "own": own, "gallery_mask": [True] * len(names)}


def as_list(mined):
    return list(zip(*(index.tolist() for index in mined), strict=True))


def same(mined, wanted):
    assert [index.tolist() for index in mined] == [list(column) for column in wanted]


@settings(max_examples=60, deadline=None)
@given(batches())
def test_miners_of_triplets_equal_a_triple_loop_where_distances_tie(batch):
    for name in ("all_triplets", "hard_triplets", "easy_positive_triplets", "semi_hard_triplets"):
        same(getattr(la.losses.pair_metric_learning, name)(*batch), loop(name)(**of_all(batch)))
    same(
        la.losses.pair_metric_learning.semi_hard_triplets(*batch, margin=0.7),
        loop("semi_hard_triplets")(**of_all(batch), margin=0.7),
    )


@settings(max_examples=60, deadline=None)
@given(batches(), st.sampled_from([0.1, 0.013, 5.0]))
def test_multi_similarity_mining_equals_a_loop_where_similarities_tie(batch, epsilon):
    mined = la.losses.pair_metric_learning.multi_similarity_mining(*batch, epsilon=epsilon)
    same(mined, loop("multi_similarity_mining")(**of_all(batch), epsilon=epsilon))
    assert set(mined[0].tolist()) == set(mined[2].tolist())


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    "miner", [la.losses.pair_metric_learning.random_triplets, la.losses.pair_metric_learning.distance_weighted_triplets]
)
def test_drawn_triplets_take_each_positive_pair_once(miner):
    x, y = normal(12, 5), torch.arange(12) % 4
    y[0] = 9  # without a positive
    mined = miner(x, y, generator=seeded())
    assert as_list(mined) == as_list(miner(x, y, generator=seeded()))
    assert as_list(mined) != as_list(miner(x, y, generator=seeded(1)))
    allowed = set(zip(*loop("all_triplets")(**of_all((x, y))), strict=True))
    assert set(as_list(mined)) <= allowed
    assert as_list(mined[:2]) == sorted({t[:2] for t in allowed})
    assert as_list(miner(x, torch.zeros(12, dtype=torch.long))) == []


def test_random_negatives_come_up_equally_often():
    x, y = normal(3000, 2), torch.zeros(3000, dtype=torch.long)
    gallery, names = normal(5, 2, seed=1), torch.tensor([0, 1, 1, 2, 3])
    counts = Counter(
        la.losses.pair_metric_learning.random_triplets(x, y, gallery, names, generator=seeded())[2].tolist()
    )
    assert set(counts) == {1, 2, 3, 4}
    assert all(abs(c - 750) < 5 * math.sqrt(750 * 0.75) for c in counts.values())


def test_distance_weighted_negatives_come_up_by_the_inverse_density():
    """With so few steps apart that a mistake in a power shows at once."""
    angles = torch.tensor([0.0, 0.3, 0.8, 1.1, 1.4, 2.9], dtype=torch.float64)
    dim, cutoff, farthest = 4, 0.5, 1.3
    gallery = torch.stack([angles.cos(), angles.sin(), 0 * angles, 0 * angles], -1) * 3
    names, count = torch.tensor([0, 1, 1, 1, 1, 1]), 4000
    x, y = gallery[:1].repeat(count, 1), torch.zeros(count, dtype=torch.long)
    drawn = la.losses.pair_metric_learning.distance_weighted_triplets(
        x, y, gallery, names, cutoff=cutoff, farthest=farthest, generator=seeded()
    )[2]
    distance = [2 * math.sin(a / 2) for a in angles.tolist()]
    density = [max(d, cutoff) ** (dim - 2) * (1 - max(d, cutoff) ** 2 / 4) ** ((dim - 3) / 2) for d in distance]
    weight = [0.0] + [(d < farthest) / q for d, q in zip(distance[1:], density[1:], strict=True)]
    for n, w in enumerate(weight):
        share = w / sum(weight)
        assert abs((drawn == n).sum().item() - count * share) <= 5 * math.sqrt(count * share * (1 - share))
    beyond = la.losses.pair_metric_learning.distance_weighted_triplets(
        x, y, gallery, names, farthest=0.1, generator=seeded()
    )[2]
    assert set(beyond.tolist()) == {1, 2, 3, 4, 5}


def test_a_drawn_negative_exists_in_few_dimensions_and_at_the_antipode():
    x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0]])
    mined = la.losses.pair_metric_learning.distance_weighted_triplets(
        x, torch.tensor([0, 0, 1]), farthest=2.0, generator=seeded()
    )
    assert as_list(mined) == [(0, 1, 2), (1, 0, 2)]


def multi_similarity_of_mined(x, y, alpha, beta, base, epsilon):
    """The mean over all anchors, as a loop."""
    found = []
    for a in range(len(x)):
        s = [cosine(x[a].tolist(), v.tolist()) for v in x]
        positive, negative = (
            [m for m in range(len(x)) if m != a and y[m] == y[a]],
            [m for m in range(len(x)) if y[m] != y[a]],
        )
        top, bottom = max((s[j] for j in negative), default=-math.inf), min((s[k] for k in positive), default=math.inf)
        kept = [s[k] for k in positive if s[k] < top + epsilon]
        hard = [s[j] for j in negative if s[j] > bottom - epsilon]
        pull = math.log1p(sum(math.exp(-alpha * (v - base)) for v in kept)) / alpha
        found.append(pull + math.log1p(sum(math.exp(beta * (v - base)) for v in hard)) / beta)
    return sum(found) / len(found)


OFFICIAL = {"alpha": 2.0, "beta": 40.0, "base": 0.5}


def test_multi_similarity_on_mined_pairs():
    x, y = normal(10, 4), torch.arange(10) % 3
    hard = la.losses.pair_metric_learning.mined(
        la.multi_similarity_loss, la.losses.pair_metric_learning.multi_similarity_pairs
    )
    assert hard(x, y, **OFFICIAL).item() == pytest.approx(
        multi_similarity_of_mined(x, y, **OFFICIAL, epsilon=0.1), rel=1e-12
    )
    # The loss knows only the indices: put together from them, it is the same.
    anchor_p, positive, anchor_n, negative = la.losses.pair_metric_learning.multi_similarity_mining(x, y)
    masks = torch.zeros(2, 10, 10, dtype=torch.bool)
    masks[0, anchor_p, positive], masks[1, anchor_n, negative] = True, True
    given = la.losses.pair_metric_learning.mined("multi_similarity_loss", lambda s, p, n: tuple(masks))
    assert torch.equal(given(x, y, **OFFICIAL, reduction="none"), hard(x, y, **OFFICIAL, reduction="none"))


def test_much_tolerance_mines_nothing_away():
    x, y = normal(10, 4), torch.arange(10) % 3
    easy = la.losses.pair_metric_learning.mined(
        la.multi_similarity_loss,
        lambda s, p, n: la.losses.pair_metric_learning.multi_similarity_pairs(s, p, n, epsilon=2.1),
    )
    torch.testing.assert_close(easy(x, y), la.multi_similarity_loss(x, y))


def test_separated_classes_leave_nothing_to_mine():
    x, y = torch.eye(4).repeat(3, 1), torch.arange(4).repeat(3)
    assert (
        la.losses.pair_metric_learning.mined(
            la.multi_similarity_loss, la.losses.pair_metric_learning.multi_similarity_pairs
        )(x, y)
        == 0
    )


def test_mined_losses_take_what_the_loss_takes():
    """Also one on distances; some rows at a time; with a gradient through the pairs that are kept."""
    x, y = normal(10, 4).requires_grad_(), torch.arange(10) % 3
    nearest = la.losses.pair_metric_learning.mined(
        la.contrastive_loss, lambda d, p, n: (p, n & (d == d.masked_fill(~n, math.inf).amin(-1, keepdim=True)))
    )
    whole = nearest(x, y, reduction="none")
    torch.testing.assert_close(nearest(x, y, reduction="none", rows_at_once=3), whole)
    (gradient,) = torch.autograd.grad(whole.sum(), x)
    assert gradient.isfinite().all() and gradient.abs().sum() > 0
    with pytest.raises(TypeError, match="`keep`: expected a function"):
        la.losses.pair_metric_learning.mined(la.contrastive_loss, 0.1)


def test_semi_hard_mining_of_two_thousand_takes_room_for_few_tables():
    """One table of all pairs takes 32 MB; a table of all triplets, even of bits, would take a gigabyte."""
    code = """
import resource, torch, lossatlas
x, y = torch.randn(2048, 16, dtype=torch.float64), torch.arange(2048) % 64
lossatlas.losses.pair_metric_learning.semi_hard_triplets(x[:64], y[:64])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
anchor, positive, negative = lossatlas.losses.pair_metric_learning.semi_hard_triplets(x, y)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, len(anchor))
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    room, count = map(int, out.split())
    assert room < 8 * 32 and count > 60_000


def test_all_triplets_takes_room_for_what_it_returns():
    """Few triplets among many vectors: a mask of all would take 8 GB."""
    code = """
import resource, torch, lossatlas
x, y = torch.randn(2048, 4), torch.arange(2048)
y[:2] = -1
lossatlas.losses.pair_metric_learning.all_triplets(x[:64], y[:64])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
anchor, _, _ = lossatlas.losses.pair_metric_learning.all_triplets(x, y)
print(len(anchor), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    count, room = map(int, out.split())
    assert count == 2 * 2046 and room < 200


MINERS = [
    la.losses.pair_metric_learning.all_triplets,
    la.losses.pair_metric_learning.hard_triplets,
    la.losses.pair_metric_learning.easy_positive_triplets,
    la.losses.pair_metric_learning.semi_hard_triplets,
    la.losses.pair_metric_learning.random_triplets,
    la.losses.pair_metric_learning.distance_weighted_triplets,
    la.losses.pair_metric_learning.multi_similarity_mining,
]


@pytest.mark.parametrize("miner", MINERS, ids=lambda miner: miner.__name__)
def test_of_an_empty_batch_nothing_is_mined(miner):
    for index in miner(normal(0, 3), torch.zeros(0, dtype=torch.long)):
        assert index.shape == (0,) and index.dtype == torch.long


def test_a_gallery_needs_labels():
    x, y = normal(4, 3), torch.arange(4) // 2
    refused(TypeError, "gallery_labels", la.losses.pair_metric_learning.all_triplets, x, y, x)


@pytest.mark.parametrize("dimension", [3, 5])
def test_negatives_are_drawn_by_the_inverse_density_of_their_distance(dimension):
    angles = torch.tensor([0.0, 0.1, 0.4, 0.8, 1.2])
    points = torch.zeros(5, dimension)
    points[:, 0], points[:, 1] = angles.cos(), angles.sin()
    anchors, labels = points[:1].expand(40_000, dimension), torch.zeros(40_000, dtype=torch.long)
    _, _, negative = la.losses.pair_metric_learning.distance_weighted_triplets(
        anchors, labels, points, torch.arange(5), cutoff=0.3, generator=torch.Generator().manual_seed(0)
    )
    d = (points[1:] - points[0]).norm(dim=-1).clamp(min=0.3)
    weight = d ** (2 - dimension) * (1 - d.square() / 4) ** ((3 - dimension) / 2)
    torch.testing.assert_close(
        torch.bincount(negative, minlength=5)[1:] / len(negative), weight / weight.sum(), atol=0.01, rtol=0
    )
