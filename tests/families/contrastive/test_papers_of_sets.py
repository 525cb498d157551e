"""What the papers say of attraction and repulsion, and of several positives."""

import pytest
import torch

import lossatlas as la
from lossatlas.contract.safe import unit
from lossatlas.signatures import pairs


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def same(got, wanted):
    torch.testing.assert_close(got, wanted, rtol=1e-10, atol=1e-12)


def off_diagonal(n):
    return ~torch.eye(n, dtype=torch.bool)


def costs(x, y):
    return 2 - 2 * unit(x) @ unit(y).mT


# Attraction and repulsion


@pytest.mark.parametrize("t_positive", [0.0, 1.0, 4.0])
def test_two_views_attract_by_their_squared_distance(t_positive):
    views = normal(2, 5, 3)
    wanted = (unit(views[0]) - unit(views[1])).square().sum(-1).mean()
    same(la.losses.contrastive.contrastive_attraction(views, t_positive=t_positive), wanted)


def test_sharpness_0_weighs_all_alike():
    views = normal(3, 5, 4)
    apart = [(unit(views[x]) - unit(views[y])).square().sum(-1).mean() for x in range(3) for y in range(3) if x != y]
    same(la.losses.contrastive.contrastive_attraction(views, t_positive=0.0), sum(apart) / 6)
    across = [costs(views[x], views[y])[off_diagonal(5)].mean() for x in range(3) for y in range(x + 1, 3)]
    same(la.losses.contrastive.contrastive_repulsion(views, t_negative=0.0), -sum(across) / 3)


def test_sharper_weights_move_to_far_positives_and_near_negatives():
    views, sharpness = normal(4, 6, 3), (0.0, 0.5, 1.0, 3.0, 10.0)
    attraction = [la.losses.contrastive.contrastive_attraction(views, t_positive=t).item() for t in sharpness]
    repulsion = [-la.losses.contrastive.contrastive_repulsion(views, t_negative=t).item() for t in sharpness]
    assert attraction == sorted(attraction) and repulsion == sorted(repulsion, reverse=True)


def test_attraction_and_repulsion_are_bounded_and_do_not_see_a_turn():
    views, turn = normal(3, 6, 4), torch.linalg.qr(normal(4, 4, seed=5))[0]
    for loss, low, high in (
        (la.losses.contrastive.contrastive_attraction, 0, 4),
        (la.losses.contrastive.contrastive_repulsion, -4, 0),
    ):
        assert low <= loss(views) <= high
        same(loss(views @ turn), loss(views))
    opposite = torch.stack([normal(1, 3), -normal(1, 3)])
    same(la.losses.contrastive.contrastive_attraction(opposite), torch.tensor(4.0, dtype=opposite.dtype))
    assert la.losses.contrastive.contrastive_repulsion(opposite) == 0  # nobody else is there


def test_cacr_of_queries_is_that_of_two_views():
    views, settings = normal(2, 5, 3), {"t_positive": 2.0, "t_negative": 1.5}
    wanted = la.losses.contrastive.contrastive_attraction(views, alpha=0.7, t_positive=2.0)
    wanted = wanted + la.losses.contrastive.contrastive_repulsion(views, beta=0.4, t_negative=1.5)
    same(la.cacr_loss(views[0], views[1], alpha=0.7, beta=0.4, **settings), wanted)


def test_the_weights_of_cacr_have_a_gradient():
    views = normal(3, 5, 3).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda v: la.losses.contrastive.contrastive_attraction(v) + la.losses.contrastive.contrastive_repulsion(v),
        views,
    )


def test_one_query_view_by_a_radial_kernel_is_info_nce():
    q, k, tau = normal(5, 3), normal(5, 3, seed=1), 0.3
    same(
        la.losses.contrastive.cacr_momentum_rbf(q.unsqueeze(0), k, temperature=tau),
        2 * tau * la.info_nce(q, k, temperature=tau),
    )


def test_all_weights_of_the_momentum_forms_are_held():
    """With the weights found at the start, and fixed, the gradient is that of a plain weighted sum."""
    queries, k, tau = normal(2, 4, 3).requires_grad_(), normal(4, 3, seed=1), 0.5
    with torch.no_grad():
        s = unit(queries) @ unit(k).mT
        far = 2 - 2 * s.diagonal(dim1=-2, dim2=-1)
        views = (far / tau).softmax(0)
        near = (s / tau).masked_fill(~off_diagonal(4), -torch.inf).softmax(-1)

    s = unit(queries) @ unit(k).mT
    own = s.diagonal(dim1=-2, dim2=-1)
    nll = (s / tau).logsumexp(-1) - own / tau
    wanted = {
        la.losses.contrastive.cacr_momentum_rbf: 2 * tau * (views * nll).sum(0).mean(),
        la.losses.contrastive.cacr_momentum_euclidean: (views * ((1 - own) - (near * (1 - s)).sum(-1))).sum(),
    }
    for loss, right in wanted.items():
        found = loss(queries, k, temperature=tau)
        same(found, right)
        same(torch.autograd.grad(found, queries)[0], torch.autograd.grad(right, queries, retain_graph=True)[0])


def test_one_item_has_nobody_to_be_pushed_from():
    queries, k = normal(2, 1, 3).requires_grad_(), normal(1, 3, seed=1)
    assert la.losses.contrastive.cacr_momentum_rbf(queries, k) == 0
    value = la.losses.contrastive.cacr_momentum_euclidean(queries, k)
    assert value.isfinite() and torch.autograd.grad(value, queries)[0].isfinite().all()


# Several positives


def test_one_positive_without_weights_is_info_nce():
    s_p, s_n = normal(4, 1).tanh(), normal(4, 5, seed=1).tanh()
    wanted = la.on(pairs, la.info_nce)(s_p, s_n, temperature=0.5)
    same(la.multi_view_contrastive_loss(s_p, s_n, temperature=0.5), wanted)


def test_only_the_proportions_of_weights_count():
    s_p, s_n = normal(4, 2).tanh(), normal(4, 3, seed=1).tanh()
    a, b = torch.tensor([0.7, 0.3]), torch.tensor([0.5, 0.0, 0.25])
    found = la.multi_view_contrastive_loss(s_p, s_n, positive_weights=a, negative_weights=b)
    scaled = la.multi_view_contrastive_loss(s_p, s_n, positive_weights=8 * a, negative_weights=8 * b)
    same(found, scaled)
    without = la.multi_view_contrastive_loss(s_p, s_n[:, [0, 2]], positive_weights=a, negative_weights=b[[0, 2]])
    same(found, without)


def test_a_weight_of_0_leaves_a_finite_gradient():
    s_p, s_n = normal(4, 2).tanh().requires_grad_(), normal(4, 3, seed=1).tanh().requires_grad_()
    weights = torch.tensor([0.5, 0.0, 0.25])
    value = la.multi_view_contrastive_loss(s_p, s_n, negative_weights=weights)
    gradients = torch.autograd.grad(value, (s_p, s_n))
    assert all(gradient.isfinite().all() for gradient in gradients) and (gradients[1][:, 1] == 0).all()


def test_faint_negatives_leave_nothing():
    s_p, s_n = normal(4, 2).tanh(), normal(4, 3, seed=1).tanh()
    faint = torch.full((3,), 1e-300, dtype=s_p.dtype)
    assert la.multi_view_contrastive_loss(s_p, s_n, negative_weights=faint) < 1e-290


def test_each_positive_meets_the_negatives_alone():
    z, y, tau = normal(7, 3), torch.tensor([0, 1, 0, 1, 2, 2, 0]), 0.3
    same_class = (y.unsqueeze(-1) == y) & off_diagonal(7)
    s = unit(z) @ unit(z).mT / tau

    def of_pair(i, j):
        return torch.logsumexp(torch.cat([s[i, [j]], s[i, y != y[i]]]), 0) - s[i, j]

    items = torch.stack([torch.stack([of_pair(i, j) for j in range(7) if same_class[i, j]]).mean() for i in range(7)])
    same(la.multi_positive_nce(z, y, temperature=tau, reduction="none"), items)


def test_a_number_added_to_all_similarities_of_an_anchor_changes_nothing():
    s_p, s_n, extra = normal(4, 3).tanh(), normal(4, 5, seed=1).tanh(), normal(4, 1, seed=2)
    loss = la.on(pairs, la.multi_positive_nce)
    same(loss(s_p + extra, s_n + extra, reduction="none"), loss(s_p, s_n, reduction="none"))


def gated(n=6, d=4):
    y = torch.tensor([0, 1, 2, 0, 1, 2])
    return normal(n, d), y, y[[1, 2, 0, 3, 5, 4]], normal(n, d, seed=1).sigmoid()


def test_an_open_gate_to_ones_own_class_is_multi_positive_nce():
    z, y, _, gate = gated()
    gallery = {"gallery": z, "gallery_labels": y}
    found = la.losses.contrastive.gated_contrastive_loss(z, y, y, torch.ones_like(gate), temperature=0.3)
    same(found, la.multi_positive_nce(z, y, **gallery, temperature=0.3))


def test_all_pairs_count_alike():
    y = torch.tensor([0, 0, 0, 1, 2, 2])
    z = normal(6, 4)
    number = (y.unsqueeze(-1) == y).sum(-1).double()
    found = la.losses.contrastive.gated_contrastive_loss(z, y, y, torch.ones_like(z))
    same(found, la.multi_positive_nce(z, y, gallery=z, gallery_labels=y, sample_weight=number))


def test_where_all_classes_differ_ones_only_positive_is_oneself():
    z, y, tau = normal(5, 3), torch.arange(5), 0.3
    s = (unit(z) @ unit(z).mT - 1) / tau
    wanted = (1 + s.exp().masked_fill(~off_diagonal(5), 0).sum(-1)).log().mean()
    same(la.losses.contrastive.gated_contrastive_loss(z, y, y, torch.ones_like(z), temperature=tau), wanted)


def test_the_length_of_a_gate_does_not_matter_and_its_direction_does():
    z, y, partner, gate = gated()
    value = la.losses.contrastive.gated_contrastive_loss(z, y, partner, gate)
    same(
        la.losses.contrastive.gated_contrastive_loss(
            z, y, partner, gate * torch.tensor([[0.1], [1], [7], [100], [3], [2]])
        ),
        value,
    )
    same(la.losses.contrastive.gated_contrastive_loss(3 * z, y, partner, gate), value)
    assert (la.losses.contrastive.gated_contrastive_loss(z, y, partner, gate.flip(-1)) - value).abs() > 1e-3


def test_a_closed_gate_and_a_missing_side_are_no_harm():
    z, y, partner, gate = gated()
    z.requires_grad_()
    gate[0] = 0
    gate.requires_grad_()
    value = la.losses.contrastive.gated_contrastive_loss(z, y, partner, gate)
    assert value.isfinite() and all(x.isfinite().all() for x in torch.autograd.grad(value, (z, gate)))
    zeros = torch.zeros_like(y)
    assert la.losses.contrastive.gated_contrastive_loss(z, zeros, zeros, gate) == 0  # no negatives
    assert la.losses.contrastive.gated_contrastive_loss(z, zeros, zeros + 7, gate) == 0  # no positives


def test_what_is_not_a_number_stays_visible_behind_a_gate():
    z, y, partner, gate = gated()
    assert la.losses.contrastive.gated_contrastive_loss(z * torch.nan, y, partner, gate).isnan()


def test_gated_gradients():
    z, y, partner, gate = gated()
    inputs = (z.requires_grad_(), gate.requires_grad_())
    assert torch.autograd.gradcheck(
        lambda z, gate: la.losses.contrastive.gated_contrastive_loss(z, y, partner, gate, temperature=0.5), inputs
    )


def test_a_vector_behind_a_closed_gate_has_no_direction():
    """Its cosine to all others is 0: the positive is one of three that look alike."""
    x, gate = normal(4, 3), torch.ones(4, 3)
    gate[0] = 0
    found = la.losses.contrastive.gated_contrastive_loss(
        x, torch.tensor([0, 1, 2, 3]), torch.tensor([1, 9, 9, 9]), gate
    )
    torch.testing.assert_close(found, torch.tensor(3.0, dtype=x.dtype).log())
    with_zero = x.clone()
    with_zero[2] = 0
    s = torch.nn.functional.cosine_similarity(x[0], with_zero[1:], dim=-1) / 0.1
    assert s[1] == 0
    found = la.losses.contrastive.gated_contrastive_loss(
        with_zero, torch.tensor([0, 1, 2, 3]), torch.tensor([1, 9, 9, 9]), torch.ones(4, 3)
    )
    torch.testing.assert_close(found, torch.logsumexp(s, 0) - s[0])


def test_one_positive_pair_is_a_mean_of_one():
    labels, partners = torch.tensor([0, 1, 2, 3]), torch.tensor([1, 9, 9, 9])
    x, gate = normal(4, 3), torch.ones(4, 3)
    s = torch.nn.functional.cosine_similarity(x[0], x[1:], dim=-1) / 0.1
    wanted = torch.logsumexp(s, 0) - s[0]
    torch.testing.assert_close(la.losses.contrastive.gated_contrastive_loss(x, labels, partners, gate), wanted)
