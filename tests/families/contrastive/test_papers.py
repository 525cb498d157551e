"""What the papers say of I-Con, of hard negative mixing and of ordering by groups."""

import math

import pytest
import torch

import lossatlas as la
from lossatlas.contract.safe import square_distances, unit
from lossatlas.signatures import embeddings, pairs


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same(got, wanted):
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


def off_diagonal(n):
    return ~torch.eye(n, dtype=torch.bool)


def positives(labels):
    return (labels.unsqueeze(-1) == labels) & off_diagonal(len(labels))


LABELS = torch.tensor([0, 1, 0, 1, 2, 2, 0])


# I-Con


def test_icon_of_views_is_nt_xent():
    a, b = normal(5, 3), normal(5, 3, seed=1)
    z, n, sigma = unit(torch.cat([a, b])), 5, 0.4
    p = torch.eye(2 * n, dtype=z.dtype).roll(n, 0)
    q = la.losses.contrastive.gaussian_neighbor_distribution(1 - z @ z.mT, sigma=sigma, where=off_diagonal(2 * n))
    same(la.icon_loss(p, q), la.nt_xent(a, b, temperature=2 * sigma**2))


def test_icon_across_two_modalities_is_clip():
    a, b, sigma = unit(normal(5, 3)), unit(normal(5, 3, seed=1)), 0.3
    p, s = torch.eye(5, dtype=a.dtype), a @ b.mT
    both = [la.icon_loss(p, la.losses.contrastive.gaussian_neighbor_distribution(-x, sigma=sigma)) for x in (s, s.mT)]
    target, scores = torch.arange(5), s / (2 * sigma**2)
    cross_entropy = torch.nn.functional.cross_entropy
    same(sum(both) / 2, (cross_entropy(scores, target) + cross_entropy(scores.mT, target)) / 2)


def test_icon_of_labels_is_supcon_less_the_entropy_of_the_labels():
    z, sigma = unit(normal(7, 3)), 0.5
    share = positives(LABELS).double()
    count = share.sum(-1)
    q = la.losses.contrastive.gaussian_neighbor_distribution(1 - z @ z.mT, sigma=sigma, where=off_diagonal(7))
    logits = (z @ z.mT / (2 * sigma**2)).masked_fill(~off_diagonal(7), -torch.inf)
    supcon = -(share * logits.log_softmax(-1).masked_fill(~off_diagonal(7), 0)).sum(-1) / count
    got = la.icon_loss(share / count.unsqueeze(-1), q, reduction="none")
    same(got, supcon - count.log())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_icon_of_classes_is_cross_entropy(smoothing):
    logits, target = normal(6, 4), torch.tensor([0, 3, 1, 2, 2, 0])
    p = la.losses.contrastive.debias_distribution(torch.nn.functional.one_hot(target, 4).double(), alpha=smoothing)
    entropy = -torch.special.xlogy(p, p).sum(-1).mean()
    wanted = la.cross_entropy(logits, target, label_smoothing=smoothing)
    same(la.icon_loss(p, logits.softmax(-1)) + entropy, wanted)


@pytest.mark.parametrize("tails", ["Gaussian", "Student"])
def test_icon_of_distances_is_sne_and_t_sne_by_rows(tails):
    x, z, others = normal(6, 5), normal(6, 2, seed=1), off_diagonal(6)
    p = la.losses.contrastive.gaussian_neighbor_distribution(square_distances(x, x), sigma=1.5, where=others)
    d2 = square_distances(z, z)
    if tails == "Gaussian":
        q, kernel = la.losses.contrastive.gaussian_neighbor_distribution(d2, where=others), (-d2 / 2).exp()
    else:
        q, kernel = la.losses.contrastive.student_t_neighbor_distribution(d2, where=others), 1 / (1 + d2)
    kernel = kernel * others
    wanted = kernel / kernel.sum(-1, keepdim=True)
    same(q, wanted)
    kl = sum(p[i, j] * (p[i, j] / wanted[i, j]).log() for i in range(6) for j in range(6) if i != j)
    same(la.icon_loss(p, q), kl / 6)


def test_the_scale_of_student_t_is_a_distance():
    d2 = square_distances(normal(5, 2), normal(4, 2, seed=1))
    same(
        la.losses.contrastive.student_t_neighbor_distribution(9 * d2, gamma=3.0),
        la.losses.contrastive.student_t_neighbor_distribution(d2),
    )


def test_neighbours_by_way_of_hard_clusters_are_the_members_of_ones_own():
    assignment = torch.nn.functional.one_hot(LABELS, 4).double()  # a fourth cluster is empty
    alike = (LABELS.unsqueeze(-1) == LABELS).double()
    same(la.losses.contrastive.cluster_neighbor_distribution(assignment), alike / alike.sum(-1, keepdim=True))
    soft = normal(7, 3).softmax(-1)
    same(la.losses.contrastive.cluster_neighbor_distribution(soft).sum(-1), torch.ones(7, dtype=soft.dtype))


def test_icon_does_not_see_who_is_not_allowed():
    d = normal(5, 5).square().fill_diagonal_(math.nan)
    q = la.losses.contrastive.gaussian_neighbor_distribution(d, where=off_diagonal(5))
    assert (q.diagonal() == 0).all()
    same(q.sum(-1), torch.ones(5, dtype=q.dtype))
    nobody = la.losses.contrastive.gaussian_neighbor_distribution(d, where=torch.zeros(5, 5, dtype=torch.bool))
    assert (nobody == 0).all()


def test_all_debiased_pushes_to_the_uniform_distribution():
    p, logits = normal(4, 5).softmax(-1), normal(4, 5, seed=1).requires_grad_()
    spread = la.losses.contrastive.debias_distribution(p, alpha=1.0)
    same(spread, torch.full_like(p, 1 / 5))
    (gradient,) = torch.autograd.grad(la.icon_loss(spread, logits.softmax(-1), reduction="sum"), logits)
    same(gradient, (logits.softmax(-1) - 1 / 5).detach())


def test_debiasing_mixes_and_keeps_what_is_not_allowed_out():
    p = normal(5, 5).masked_fill(~off_diagonal(5), -torch.inf).softmax(-1)
    spread = la.losses.contrastive.debias_distribution(p, alpha=0.3, where=off_diagonal(5))
    same(spread, (0.7 * p + 0.3 / 4) * off_diagonal(5))
    same(la.losses.contrastive.debias_distribution(p, alpha=0.3), 0.7 * p + 0.3 / 5)
    same(la.losses.contrastive.debias_distribution(p, alpha=0.0), p)


def test_a_row_that_may_choose_nobody_has_no_distribution():
    where = torch.tensor([[False, True, True], [False, False, False], [True, False, False]])
    found = la.losses.contrastive.gaussian_neighbor_distribution(normal(3, 3), where=where)
    torch.testing.assert_close(found.sum(-1), torch.tensor([1.0, 0.0, 1.0], dtype=found.dtype))
    assert not found[~where].any()


# Hard negative mixing


def queue(hardest=3, of_negatives=4, with_query=2):
    q, k, bank = normal(5, 3), normal(5, 3, seed=1), normal(8, 3, seed=2)
    generator = torch.Generator().manual_seed(3)
    return (
        q,
        k,
        bank,
        la.losses.contrastive.draw_mixtures(
            queries=5,
            hardest=hardest,
            of_negatives=of_negatives,
            with_query=with_query,
            generator=generator,
            dtype=q.dtype,
        ),
    )


def test_without_synthetic_negatives_mochi_is_info_nce():
    q, k, bank, _ = queue()
    none = la.losses.contrastive.mix_hard_negatives(
        q, bank, la.losses.contrastive.draw_mixtures(queries=5, hardest=3, of_negatives=0, with_query=0), hardest=3
    )
    assert none.shape == (5, 0, 3)
    same(la.losses.contrastive.mochi_loss(q, k, bank, none), la.info_nce(q, k, bank, temperature=0.2))


@pytest.mark.parametrize("seed", range(5))
def test_synthetic_negatives_only_add(seed):
    q, k, bank, _ = queue()
    draw = la.losses.contrastive.draw_mixtures(
        queries=5, hardest=3, of_negatives=4, with_query=2, generator=torch.Generator().manual_seed(seed)
    )
    synthetic = la.losses.contrastive.mix_hard_negatives(q, bank, draw, hardest=3)
    assert la.losses.contrastive.mochi_loss(q, k, bank, synthetic) > la.info_nce(q, k, bank, temperature=0.2)
    assert ((draw.share >= 0) & (draw.share < 1)).all()
    assert ((draw.query_share >= 0) & (draw.query_share < 0.5)).all()


def test_synthetic_negatives_are_unit_vectors_and_whole_shares_repeat_what_is_there():
    q, _, bank, draw = queue()
    same(
        la.losses.contrastive.mix_hard_negatives(q, bank, draw, hardest=3).norm(dim=-1), torch.ones(5, 6, dtype=q.dtype)
    )
    hard = la.losses.contrastive.hardest_negatives(q, bank, count=3)
    for share, index in ((0.0, draw.second), (1.0, draw.first)):
        whole = draw._replace(share=torch.full_like(draw.share, share), query_share=0 * draw.query_share)
        found = la.losses.contrastive.mix_hard_negatives(q, bank, whole, hardest=3)
        wanted = [hard[n, [*index[n].tolist(), *draw.partner[n].tolist()]] for n in range(5)]
        same(found, torch.stack(wanted))


def test_the_hardest_come_first():
    q, _, bank, _ = queue()
    s = (unit(q).unsqueeze(1) * la.losses.contrastive.hardest_negatives(q, bank, count=8)).sum(-1)
    assert (s.diff(dim=-1) <= 0).all()
    same(s, (unit(q) @ unit(bank).mT).sort(-1, descending=True).values)


def test_a_mixture_with_the_query_is_harder_than_its_source():
    q, _, bank, draw = queue()
    draw = draw._replace(query_share=torch.full_like(draw.query_share, 0.9))
    found = la.losses.contrastive.mix_hard_negatives(q, bank, draw, hardest=3)[:, 4:]
    source = la.losses.contrastive.hardest_negatives(q, bank, count=3)
    source = torch.stack([source[n, draw.partner[n]] for n in range(5)])
    to_query = unit(q).unsqueeze(1)
    assert ((found * to_query).sum(-1) > (source * to_query).sum(-1)).all()


def test_queue_and_synthetic_negatives_pass_no_gradient():
    q, k, bank, draw = queue()
    leaves = [x.requires_grad_() for x in (q, k, bank)]
    synthetic = la.losses.contrastive.mix_hard_negatives(q, bank, draw, hardest=3)
    assert not synthetic.requires_grad
    synthetic.requires_grad_()
    value = la.losses.contrastive.mochi_loss(q, k, bank, synthetic)
    gradients = torch.autograd.grad(value, [*leaves, synthetic], allow_unused=True)
    assert gradients[2:] == (None, None) and gradients[0].abs().min() > 0


def test_shares_of_the_query_go_up_to_one_half():
    drawn = la.losses.contrastive.draw_mixtures(
        queries=100, hardest=5, of_negatives=100, with_query=100, generator=torch.Generator().manual_seed(0)
    )
    for shares, most in ((drawn.share, 1.0), (drawn.query_share, 0.5)):
        assert 0 < shares.min() < 0.01 * most and 0.99 * most < shares.max() < most


def test_all_of_the_hardest_are_drawn_evenly():
    drawn = la.losses.contrastive.draw_mixtures(
        queries=100, hardest=5, of_negatives=100, with_query=100, generator=torch.Generator().manual_seed(0)
    )
    for index in (drawn.first, drawn.second, drawn.partner):
        counts = torch.bincount(index.flatten())
        assert len(counts) == 5 and ((counts / 2000 - 1).abs() < 0.1).all()
    assert not torch.equal(drawn.first, drawn.second)


def test_a_generator_draws_the_same_again():
    counts = {"queries": 3, "hardest": 5, "of_negatives": 4, "with_query": 2}
    one, again, other = (
        la.losses.contrastive.draw_mixtures(**counts, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
        for n in (0, 0, 1)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True)) and not torch.equal(one.share, other.share)
    assert one.share.dtype == one.query_share.dtype == torch.float64
    assert [tuple(x.shape) for x in one] == [(3, 4), (3, 4), (3, 4), (3, 2), (3, 2)]


# Ordering by groups


def test_one_of_each_has_a_closed_form():
    s_p, s_n = normal(6, 1).tanh(), normal(6, 1, seed=1).tanh()
    for steepness in (1.0, 7.0):
        wanted = -(0.5 + torch.arctan(steepness * (s_p - s_n)) / math.pi).log().squeeze(-1)
        same(la.group_ordering_loss(s_p, s_n, steepness=steepness, reduction="none"), wanted)
    same(la.group_ordering_loss(s_p, s_p), torch.tensor(math.log(2), dtype=s_p.dtype))


def test_a_steep_network_sorts():
    x = normal(4, 6)
    found, permutation = la.losses.contrastive.differentiable_sort(x, steepness=1e9)
    torch.testing.assert_close(found, x.sort(-1).values, rtol=0, atol=1e-6)
    torch.testing.assert_close(permutation.argmax(-1), x.argsort(-1).argsort(-1))


def test_the_soft_permutation_is_doubly_stochastic_and_gives_the_order():
    x = normal(3, 2, 5)
    for steepness in (0.3, 5.0):
        found, permutation = la.losses.contrastive.differentiable_sort(x, steepness=steepness)
        assert permutation.shape == (3, 2, 5, 5) and (permutation >= 0).all()
        ones = torch.ones(3, 2, 5, dtype=x.dtype)
        same(permutation.sum(-1), ones)
        same(permutation.sum(-2), ones)
        same((x.unsqueeze(-2) @ permutation).squeeze(-2), found)
        same(found.sum(-1), x.sum(-1))


def test_one_number_is_sorted():
    found, permutation = la.losses.contrastive.differentiable_sort(torch.tensor([[2.0]]))
    assert found.item() == 2 and permutation.item() == 1


def test_a_steep_loss_vanishes_where_positives_lead():
    s_p, s_n = torch.tensor([[0.8, 0.6]], dtype=torch.float64), torch.tensor([[0.1, -0.4, 0.3]], dtype=torch.float64)
    values = [la.group_ordering_loss(s_p, s_n, steepness=b).item() for b in (1.0, 10.0, 1e3, 1e6)]
    assert values == sorted(values, reverse=True) and values[-1] < 1e-5


def group_ordering_by_hand(views, fixed, hardest):
    values = []
    for n, anchor in enumerate(views):
        others = [(unit(anchor) * unit(x)).sum(-1) for m, x in enumerate(fixed) if m != n]
        s = (unit(anchor) @ unit(fixed[n]).mT).masked_fill(~off_diagonal(len(anchor)), -torch.inf)
        values.append(la.group_ordering_loss(torch.stack(others, -1), s.topk(hardest).values))
    return sum(values) / len(values)


@pytest.mark.parametrize("count", [2, 3])
def test_views_hold_what_is_compared_with(count):
    """The other side passes no gradient: the gradient is that of anchors among rows that stay where they are."""
    views = normal(count, 6, 3).requires_grad_()
    found, wanted = (
        la.losses.contrastive.group_ordering_of_views(views, hardest=4),
        group_ordering_by_hand(views, views.detach(), 4),
    )
    same(found, wanted)
    same(torch.autograd.grad(found, views)[0], torch.autograd.grad(wanted, views)[0])


def test_where_there_are_fewer_than_the_hardest_all_count():
    views = normal(2, 6, 3)
    same(
        la.losses.contrastive.group_ordering_of_views(views, hardest=99),
        la.losses.contrastive.group_ordering_of_views(views, hardest=5),
    )


def test_the_loss_reads_other_signatures():
    """`on` gives these formulas where their form fits."""
    found = la.on(pairs, la.cacr_loss)(normal(4, 2).tanh(), normal(4, 3, seed=1).tanh())
    assert found.isfinite()
    assert la.on(embeddings, la.cacr_loss)(normal(7, 3), LABELS).isfinite()
